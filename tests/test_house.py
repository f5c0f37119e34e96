"""The structure of the house: imports go down only, files stay short, clocks and threads live in one file."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "minidb"
FILES = sorted(p for p in PACKAGE.rglob("*.py"))
MAX_LINES = 500

LEVELS: dict[str, int] = {
    "errors": 0, "types": 0, "trace": 0, "scheduler": 0,
    "storage": 1,
    "catalog": 2, "index_key": 2, "dictionary": 2, "engine": 2, "metadata_lock": 2,
    "innodb": 3, "myisam": 3, "fulltext": 3,
    "query": 4,
    "database": 5, "session": 5, "statements": 5, "backup": 5,
    "dbapi": 6, "cursors": 6, "cli": 6, "dump": 6, "repl": 6, "lab": 6, "inspect": 6, "server": 6, "pytest_plugin": 6,
    "sqlalchemy_dialect": 6,
    "__init__": 6, "__main__": 6,
}
WITHIN = {("database", "session")}  # same level, forbidden direction: database must not import session
SIBLINGS = {("innodb", "myisam"), ("myisam", "innodb")}
ONE_FILE_ONLY = {"threading", "time", "random"}


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else parts[0].removesuffix(".py")


def imports_of(path: Path) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, a.name) for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            found += [(node.lineno, f"{node.module}.{a.name}") for a in node.names]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_file_is_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MAX_LINES, f"{path}: {lines} lines"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down(path: Path) -> None:
    room = room_of(path)
    assert room in LEVELS, f"{path}: no level for room {room!r}"
    for line, name in imports_of(path):
        head, *rest = name.split(".")
        where = f"{path.relative_to(ROOT)}:{line}"
        if head in ONE_FILE_ONLY:
            assert room == "scheduler", f"{where}: {head} belongs into scheduler.py"
        if head != "minidb" or not rest:
            continue
        other = rest[0] if rest[0] in LEVELS else "__init__"
        if other == room or (other == "__init__" and LEVELS[room] == 6):
            continue
        assert (room, other) not in SIBLINGS | WITHIN, f"{where}: {room} must not import {other}"
        assert LEVELS[other] <= LEVELS[room], f"{where}: {room} (level {LEVELS[room]}) imports {other} (level {LEVELS[other]})"
        if room == "query":
            assert other not in ("innodb", "myisam"), f"{where}: query never sees a concrete engine"
