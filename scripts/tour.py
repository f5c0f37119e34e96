#!/usr/bin/env python3
"""Load the sample database into both engines on disk, close, reopen, and tour it: result, EXPLAIN and the work done, side by side.

    scripts/tour.py [DIRECTORY] [--picture FILE.svg]

DIRECTORY (default demo-data) gets two databases, one for each engine; what a former run left there is replaced.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from minidb.cli.client import Client  # noqa: E402
from minidb.cli.script import run_file  # noqa: E402
from minidb.database import Database  # noqa: E402
from minidb.session import Session  # noqa: E402

DUMP = ROOT / "sql" / "schema" / "geography.sql"
MARKER = "minidb.dictionary"
ENGINES = ("InnoDB", "MyISAM")

STOPS = [
    ("Primary key: one row", "SELECT name, population FROM country WHERE code = 'ISL'",
     "InnoDB finds the row in the leaf of the clustered tree; MyISAM finds an address there and reads the row from the heap."),
    ("Secondary index: three columns of a city", "SELECT country, latitude, longitude FROM city WHERE name = 'Reykjavík'",
     "InnoDB's secondary leaf holds the primary key: a second tree is descended. MyISAM's holds the row's address."),
    ("Covering index", "SELECT id FROM city WHERE name = 'Reykjavík'",
     "InnoDB's secondary index holds the primary key, so it covers this query: one descent, no row is fetched. MyISAM's does not."),
    ("Range of a secondary index", "SELECT name, height FROM mountain WHERE height BETWEEN 4800 AND 5200 ORDER BY height DESC",
     "Read backwards along the leaves; no sorting. Each entry costs InnoDB another descent."),
    ("Leftmost prefix of a composite key", "SELECT name, population FROM country WHERE continent = 'SA' AND population > 30000",
     "key (continent, population): equality on the first column, range on the second (see key_len)."),
    ("Join", "SELECT c.name, COUNT(*) AS neighbours FROM country c JOIN border b ON b.country = c.code WHERE c.continent = 'EU' "
     "GROUP BY c.code, c.name ORDER BY neighbours DESC, c.name LIMIT 5",
     "For each country a look-up by the first column of border's primary key."),
    ("Counting", "SELECT COUNT(*) FROM daylight",
     "MyISAM stores the number of rows; InnoDB has to count an index, because every transaction may see another number."),
    ("No index", "SELECT COUNT(*) FROM daylight WHERE month = 6 AND hours > 18",
     "Nothing to descend by: the whole table is read."),
    ("Grouping and ordering",
     "SELECT t.name AS continent, COUNT(*) AS countries, SUM(c.population) DIV 1000 AS millions FROM country c "
     "JOIN continent t ON t.code = c.continent GROUP BY t.name ORDER BY millions DESC", ""),
]


def load(directory: Path, engine: str) -> None:
    """A fresh database in `directory` with every table of the sample in `engine`."""
    if directory.exists():
        if not (directory / MARKER).exists():
            sys.exit(f"{directory} is not a minidb database; it is left alone")
        shutil.rmtree(directory)
    script = directory.parent / f"geography-{engine}.sql"
    script.write_text(DUMP.read_text(encoding="utf-8").replace("ENGINE=InnoDB", f"ENGINE={engine}"), encoding="utf-8")
    try:
        with Database(str(directory)) as database:
            done = run_file(Client(database, database.session("load")), script)
            print(f"{engine}: {done} statements of {DUMP.name} executed into {directory}")
    finally:
        script.unlink()


Cells = tuple[object, ...]


def boxed(title: str, names: list[str], rows: list[Cells]) -> Table:
    """A rich table; numbers to the right."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="cyan")
    for place, name in enumerate(names):
        numeric = any(isinstance(r[place], (int, float, Decimal)) for r in rows)
        table.add_column(name.replace("_", " "), justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*("NULL" if v is None else str(v) for v in row))
    return table


def show_stop(console: Console, sessions: dict[str, Session], stop: tuple[str, str, str]) -> None:
    """The query's result (the same on both engines), then EXPLAIN and the counted work with a line for each engine and table."""
    title, query, remark = stop
    console.rule(f"[bold]{title}")
    console.print(query, style="green", highlight=False)
    results = {engine: session.execute(query) for engine, session in sessions.items()}
    rows = {engine: sorted(map(str, result.rows or [])) for engine, result in results.items()}
    if rows["InnoDB"] != rows["MyISAM"]:
        raise SystemExit(f"the engines disagree on {query}")
    shown = results["InnoDB"]
    console.print(boxed("result", [c.name for c in shown.columns], list(shown.rows or [])))
    plans: list[Cells] = []
    work: list[Cells] = []
    counters: list[str] = []
    for engine, session in sessions.items():
        analyzed = session.execute("EXPLAIN ANALYZE " + query)
        names = [c.name for c in analyzed.columns]
        first = names.index("Extra") + 1
        counters = names[first:]
        for row in analyzed.rows or []:
            plans.append((engine, *row[2:first]))
            work.append((engine, row[2], *row[first:]))
    console.print(boxed("EXPLAIN", ["engine", *names[2:first]], plans))
    console.print(boxed("the work done", ["engine", "table", *counters], work))
    if remark:
        console.print(remark, style="italic")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", nargs="?", type=Path, default=Path("demo-data"))
    parser.add_argument("--picture", type=Path, help="draw the second stop as an SVG instead of printing the tour")
    args = parser.parse_args()
    args.directory.mkdir(parents=True, exist_ok=True)
    for engine in ENGINES:
        load(args.directory / engine, engine)
    console = Console(width=None if sys.stdout.isatty() and not args.picture else 130, record=args.picture is not None)
    databases = {engine: Database(str(args.directory / engine)) for engine in ENGINES}  # closed above, reopened here
    try:
        sessions = {engine: database.session("tour") for engine, database in databases.items()}
        for session in sessions.values():
            session.execute("USE geography")
        for stop in STOPS[1:2] if args.picture else STOPS:
            show_stop(console, sessions, stop)
        if args.picture:
            fonts = r"@font-face \{.*?\}"  # fetched over the network otherwise; the viewer's own monospace font will do
            args.picture.write_text(re.sub(fonts, "", console.export_svg(title="minidb"), flags=re.S), encoding="utf-8")
    finally:
        for database in databases.values():
            database.close()


if __name__ == "__main__":
    main()
