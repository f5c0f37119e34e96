#!/usr/bin/env python3
"""Measure minidb beside the systems one would pick instead, interleaved in one run; print a table and ratios, write JSON.

    scripts/bench.py [--rows 10000] [--rounds 5] [--seconds 0.15] [--only a,b] [--workloads x,y] [--json FILE]

Every workload runs through the system's own Python API on a row of five columns with one secondary index.  A figure is the best
round's time divided by its operations, in microseconds (per row for `load`).  Rounds alternate between the systems, so that a slow
spell of the machine hits all alike; compare ratios of one run, never figures of two.  sqlite3 always takes part; MariaDB
(through PyMySQL and mysqlclient), TinyDB and bplustree do where they are installed.  This is no test: nothing asserts a time.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]

from bench_durable import durable  # noqa: E402

from bench_systems import CONTENDERS, WORKLOADS, Maria, System  # noqa: E402

# gate: (workloads, other system, at least so many times as fast as it)
GATES: list[tuple[str, str, str, float]] = [
    ("1", "point", "MariaDB PyMySQL", 8), *[("1", w, "MariaDB PyMySQL", 3) for w in ("range", "update", "delins", "oltp")],
    ("1", "oltp", "MariaDB mysqlclient", 1.5),
    *[("2", w, "sqlite3", 0.5) for w in ("point", "delins", "oltp")],
    ("2", "range", "sqlite3", 2), ("2", "group", "sqlite3", 1),
    *[("2", w, "sqlite3", 0.3) for w in ("insert", "update", "secondary", "join")],
    ("2", "load", "sqlite3", 0.15),
    *[("3", w, "TinyDB", 100) for w in ("secondary", "range", "insert", "update")],
    *[("3", w, "bplustree", 10) for w in ("insert", "point", "range")],
]


# gates 4 to 6: extra figure, least or most
LEAST = {"group_commit_ratio": 2.0, "memory_8_sessions_ratio": 0.75}
MOST = {
    "durable_commit_ratio": 1.3, "import_ms": 40, "first_query_ms": 150, "fresh_10_tables_cold_ms": 10,
    "fresh_10_tables_warm_ms": 3, "snapshot_reset_ms": 0.25, "bytes_per_row_innodb": 400, "bytes_per_row_myisam": 400,
}


def verdict_on(name: str, value: float) -> str:
    """What the gates say of an extra figure."""
    if name in LEAST:
        return f"  (at least {LEAST[name]:g})  {'ok' if value >= LEAST[name] else 'MISSED'}"
    if name in MOST:
        return f"  (at most {MOST[name]:g})  {'ok' if value <= MOST[name] else 'MISSED'}"
    return ""


def measure(system: System, workload: Callable[[random.Random], Any], seconds: float, seed: int) -> float:
    """Microseconds an operation over about `seconds`."""
    rng = random.Random(seed)
    count, spent, batch = 0, 0.0, 1
    while spent < seconds:
        start = time.perf_counter()
        for _ in range(batch):
            workload(rng)
        spent += time.perf_counter() - start
        count += batch
        batch = min(batch * 2, 1000)
    return spent / count * 1e6


def run(classes: list[type[System]], rows: int, rounds: int, seconds: float, chosen: list[str]) -> dict[str, dict[str, float]]:
    systems: list[System] = []
    best: dict[str, dict[str, float]] = {}
    for cls in classes:
        try:
            system = cls(rows)
        except (ImportError, FileNotFoundError, RuntimeError) as missing:
            print(f"  left out: {cls.name} ({missing})", file=sys.stderr)
            continue
        systems.append(system)
        best[system.name] = {"load": system.prepare()}  # type: ignore[attr-defined]
    gc.collect()
    for number in range(rounds):
        for system in systems:
            if hasattr(system, "reload"):
                best[system.name]["load"] = min(best[system.name]["load"], system.reload())
        for workload in chosen:
            for system in systems:
                function = system.workloads().get(workload)
                if function is None:
                    continue
                spent = measure(system, function, seconds, number)
                known = best[system.name].get(workload)
                best[system.name][workload] = spent if known is None else min(known, spent)
        print(f"  round {number + 1} of {rounds}", file=sys.stderr)
    for system in systems:
        system.close()
    return best


def extras() -> dict[str, float]:
    """Gates 5 and 6: import and start times (ms of CPU), fresh databases, snapshots, bytes a row."""
    root = str(Path(__file__).resolve().parent.parent)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the second of several starts finds bytecode, as an installed package does

    def cpu(code: str) -> float:
        script = f"import sys; sys.path.insert(0, {root!r})\n{code}\nimport resource as r; u = r.getrusage(r.RUSAGE_SELF)\n" \
                 "print(u.ru_utime + u.ru_stime)"
        return min(float(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)
                   for _ in range(5)) * 1000

    bare, imported = cpu("pass"), cpu("import minidb")
    query = cpu("import minidb\nc = minidb.connect(':memory:').cursor()\nc.execute('SELECT 1')\nassert c.fetchone() == (1,)")
    fresh = """
import minidb, time
def fresh(column):
    start = time.perf_counter()
    c = minidb.connect(':memory:', autocommit=True).cursor()
    for i in range(10):
        c.execute(f'CREATE TABLE t{i} (id INT PRIMARY KEY, grp INT NOT NULL, qty INT, {column} VARCHAR(40), KEY (grp))')
    return (time.perf_counter() - start) * 1000
print(fresh('first'), min(fresh(f'name{i}') for i in range(10)), min(fresh('name') for _ in range(10)))
"""
    process, cold, warm = map(float, subprocess.run([sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r})\n{fresh}"],
                                                    capture_output=True, text=True, check=True).stdout.split())
    # of a new process (with its imports), with texts never seen, with texts seen before
    return {"import_ms": imported - bare, "first_query_ms": query - bare, "fresh_10_tables_new_process_ms": process,
            "fresh_10_tables_cold_ms": cold, "fresh_10_tables_warm_ms": warm, **snapshots(root), **memory(root)}


def snapshots(root: str) -> dict[str, float]:
    """A restore after an insert, an update and a delete in ten tables, a snapshot, and a fork: best of many (ms)."""
    code = f"""
import sys, time
sys.path.insert(0, {root!r})
from minidb.database import Database
database = Database()
session = database.session()
for i in range(10):
    session.execute(f'CREATE TABLE t{{i}} (id INT PRIMARY KEY AUTO_INCREMENT, a INT, b VARCHAR(50), KEY (a))')
    session.execute(f"INSERT INTO t{{i}} (a, b) VALUES (1, 'x'), (2, 'y')")
session.execute_many('INSERT INTO t0 (a, b) VALUES (%s, %s)', [(i, 'x') for i in range(1000)])
best = dict.fromkeys(('reset', 'snapshot', 'fork'), 1e9)
def measure(name, call):
    start = time.perf_counter()
    made = call()
    best[name] = min(best[name], (time.perf_counter() - start) * 1000)
    return made
snapshot = database.snapshot()
for _ in range(500):
    session.execute("INSERT INTO t0 (a, b) VALUES (5, 'new')")
    session.execute('UPDATE t1 SET a = 7 WHERE id = 1')
    session.execute('DELETE FROM t2 WHERE id = 2')
    measure('reset', lambda: database.restore(snapshot))
for _ in range(50):
    session.execute("INSERT INTO t0 (a, b) VALUES (5, 'new')")
    measure('snapshot', database.snapshot)
for _ in range(20):
    measure('fork', database.fork).close()
print(*best.values())
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    return dict(zip(("snapshot_reset_ms", "snapshot_ms", "fork_ms"), map(float, out), strict=True))


def memory(root: str) -> dict[str, float]:
    code = f"""
import sys, gc, tracemalloc
sys.path.insert(0, {root!r}); sys.path.insert(0, {str(Path(__file__).parent)!r})
import bench_systems as bench
def bytes_a_row(cls, n=20000):
    system = cls(n)
    for s in system.schema(): system.cur.execute(s)
    system.cur.executemany('INSERT INTO t VALUES (%s, %s, %s, %s, %s)', bench.make_rows(10))
    system.cur.execute('DELETE FROM t')
    gc.collect(); tracemalloc.start(); before = tracemalloc.get_traced_memory()[0]
    for i in range(0, n, 1000):
        system.cur.executemany('INSERT INTO t VALUES (%s, %s, %s, %s, %s)', bench.make_rows(n)[i:i + 1000])
    gc.collect(); after = tracemalloc.get_traced_memory()[0]; tracemalloc.stop()
    return (after - before) / n
print(bytes_a_row(bench.MinidbInnodb), bytes_a_row(bench.MinidbMyisam))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    return {"bytes_per_row_innodb": float(out[0]), "bytes_per_row_myisam": float(out[1])}


def report(best: dict[str, dict[str, float]], more: dict[str, float]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="microseconds per operation (best round); xN = so many times slower than minidb InnoDB")
    table.add_column("workload")
    for name in best:
        table.add_column(name, justify="right")
    ours = best.get("minidb InnoDB", {})
    for workload, text in WORKLOADS.items():
        cells = []
        for name, figures in best.items():
            figure = figures.get(workload)
            ratio = f"  x{figure / ours[workload]:.2f}" if figure and workload in ours and name != "minidb InnoDB" else ""
            cells.append("-" if figure is None else f"{figure:,.1f}{ratio}")
        if any(c != "-" for c in cells):
            table.add_row(text, *cells)
    console = Console(width=190 if not sys.stdout.isatty() else None)
    console.print(table)
    for gate, workload, other, least in GATES:
        if workload in ours and workload in best.get(other, {}):
            ratio = best[other][workload] / ours[workload]
            verdict = "ok" if ratio >= least else "MISSED"
            print(f"gate {gate}: {workload:10} against {other:20} {ratio:8.2f}  (at least {least})  {verdict}")
    for name, value in more.items():
        print(f"{name:30} {value:10.2f}{verdict_on(name, value)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.15, help="time for one workload of one system in one round")
    parser.add_argument("--only", default="", help="systems to measure, by the beginnings of their names, separated by commas")
    parser.add_argument("--workloads", default=",".join(w for w in WORKLOADS if w != "load"))
    parser.add_argument("--no-extras", action="store_true", help="leave out import times and memory")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    only = [o.strip().lower() for o in args.only.split(",") if o.strip()]
    classes = [c for c in CONTENDERS if not only or any(c.name.lower().startswith(o) for o in only)]
    try:
        best = run(classes, args.rows, args.rounds, args.seconds, args.workloads.split(","))
        more = {} if args.no_extras else {**extras(), **durable(5, 1.0)}
    finally:
        if Maria.server is not None:
            Maria.server.stop()
    report(best, more)
    if args.json:
        args.json.write_text(json.dumps({"rows": args.rows, "microseconds": best, "extras": more}, indent=1) + "\n")


if __name__ == "__main__":
    main()
