"""Golden sessions: `NAME.sql` holds statements, one a line; `NAME.expected` what a real MariaDB 10.11 answered to each.

A block is ``> statement`` and then indented lines: ``ok [affected=N] [insert_id=N]``, ``rows a | b`` with one line a row, or
``error CODE (SQLSTATE): message``; warnings follow.  To record again, start a MariaDB on a socket and run

    python tests/session/golden_kit.py SOCKET [NAME ...]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "session"


def statements(path: Path) -> Iterator[str]:
    """The statements of a script: lines that are not empty and no comments."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip().rstrip(";")


def shown(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def block(statement: str, names: list[str] | None, rows: list[tuple[Any, ...]], affected: int, insert_id: int,
          error: tuple[int, str, str] | None, warnings: list[tuple[str, int, str]]) -> str:
    """One statement's block."""
    lines = [f"> {statement}"]
    if error is not None:
        lines.append(f"    error {error[0]} ({error[1]}): {error[2]}")
    elif names is not None:
        lines.append("    rows " + " | ".join(names))
        for row in rows:
            lines += ("    " + " | ".join(map(shown, row))).splitlines()
    else:
        lines.append("    ok" + (f" affected={affected}" if affected else "") + (f" insert_id={insert_id}" if insert_id else ""))
    lines += [f"    {level.lower()} {code}: {message}" for level, code, message in warnings]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def play(path: Path) -> str:
    """What minidb answers."""
    from minidb.database import Database
    from minidb.errors import Error

    blocks = []
    with Database() as database:
        session = database.session()
        for statement in statements(path):
            try:
                result = session.execute(statement)
            except Error as error:
                blocks.append(block(statement, None, [], 0, 0, (error.code, error.sqlstate, error.message), []))
                continue
            names = [c.name for c in result.columns] if result.rows is not None else None
            warnings = [] if statement.upper().startswith("SHOW") else result.warnings
            affected = result.affected if names is None else 0
            blocks.append(block(statement, names, result.rows or [], affected, result.insert_id, None, warnings))
    return "".join(blocks)


def record(path: Path, socket: str) -> str:
    """What the server behind `socket` answers, in a database called test of its own."""
    import pymysql
    from pymysql.err import MySQLError

    connection = pymysql.connect(unix_socket=socket, user="root", charset="utf8mb4", autocommit=True)
    blocks = []
    with connection.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS test")
        cursor.execute("CREATE DATABASE test CHARACTER SET utf8mb4")
        cursor.execute("USE test")
        cursor.execute("SET NAMES utf8mb4 COLLATE utf8mb4_general_ci")
        for statement in statements(path):
            try:
                cursor.execute(statement)
            except MySQLError as error:
                state = getattr(error, "sqlstate", None) or "HY000"
                blocks.append(block(statement, None, [], 0, 0, (error.args[0], state, error.args[1]), []))
                continue
            names = [d[0] for d in cursor.description] if cursor.description else None
            rows = list(cursor.fetchall())
            affected = cursor.rowcount if names is None else 0
            quiet = statement.upper().startswith("SHOW") or not cursor._result.warning_count
            warnings = [] if quiet else list(connection.show_warnings() or ())
            blocks.append(block(statement, names, rows, affected, 0 if names else cursor.lastrowid or 0, None, warnings))
        cursor.execute("DROP DATABASE IF EXISTS test")
    return "".join(blocks)


def main() -> None:
    socket, *names = sys.argv[1:]
    for path in sorted(GOLDEN.glob("*.sql")):
        if not names or path.stem in names:
            path.with_suffix(".expected").write_text(record(path, socket), encoding="utf-8")


if __name__ == "__main__":
    main()
