"""Tables without an engine: rows made by a function at the moment they are read (information_schema, SHOW ... WHERE)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from minidb.catalog import Column, TableDef
from minidb.engine import CheckResult, Cursor, Key, KeyRange, ReadMode, Row, Scan, Table, TableStats, Trx, WaitPolicy, Work
from minidb.errors import SqlError
from minidb.types.sqltype import Family, SqlType

COLLATION = "utf8mb3_general_ci"
SYSTEM_DATABASES = frozenset({"information_schema", "performance_schema"})


def text_type(length: int = 64) -> SqlType:
    """varchar(length) in the system character set."""
    return SqlType(Family.STRING, "varchar", length, charset="utf8mb3", collation=COLLATION)


LONG_TEXT = SqlType(Family.STRING, "longtext", charset="utf8mb3", collation=COLLATION)
BIG = SqlType(Family.INT, "bigint", 21)
BIG_UNSIGNED = SqlType(Family.INT, "bigint", 21, unsigned=True)
INT = SqlType(Family.INT, "int", 11)
MOMENT = SqlType(Family.DATETIME, "datetime", scale=0)
NUMBER = SqlType(Family.FLOAT, "double")


def define(db: str, name: str, columns: Sequence[tuple[str, SqlType]]) -> TableDef:
    """The definition of a virtual table; every column may be NULL."""
    return TableDef(0, db, name, "MEMORY", tuple(Column(n, t) for n, t in columns), charset="utf8mb3", collation=COLLATION)


class VirtualCursor(Cursor):
    """Hands out the rows of a `VirtualTable`."""

    __slots__ = ("_position", "_rows")

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows
        self._position = 0

    def next_batch(self) -> list[Row] | None:
        if self._position >= len(self._rows):
            return None
        rest = self._rows[self._position:]
        self._position = len(self._rows)
        return rest

    def next_row(self) -> Row | None:
        if self._position >= len(self._rows):
            return None
        self._position += 1
        return self._rows[self._position - 1]

    def unlock_row(self) -> None:
        """Rows of a virtual table are never locked."""

    def lock_current(self) -> Row | None:
        return self._rows[self._position - 1]

    @property
    def semi_consistent(self) -> bool:
        return False

    def close(self) -> None:
        self._rows = []


class VirtualTable(Table):
    """A read-only table without indexes whose rows `make()` delivers."""

    def __init__(self, tdef: TableDef, make: Callable[[], list[Row]]) -> None:
        self.tdef = tdef
        self._make = make

    def rows(self) -> list[Row]:
        """All rows."""
        return self._make()

    def get(self, trx: Trx, index: int, key: Key, mode: ReadMode = ReadMode.SNAPSHOT,
            wait: WaitPolicy = WaitPolicy.WAIT) -> Row | None:
        self._refuse()

    def lookup(self, trx: Trx, index: int, prefix: tuple[Any, ...]) -> list[Row]:
        self._refuse()

    def scan(self, trx: Trx, scan: Scan) -> Cursor:
        rows = self._make()
        return VirtualCursor(rows[::-1] if scan.reverse else rows)

    def row_count(self, trx: Trx) -> int | None:
        return None

    def estimate(self, index: int, key_range: KeyRange) -> int:
        return 1

    def stats(self) -> TableStats:
        return TableStats(1000, 0, 0, 0, 0, None, "Fixed")

    def key_maker(self, index: int) -> Callable[[Sequence[Any]], Key]:
        self._refuse()

    def entry_layout(self, index: int) -> tuple[int, ...]:
        self._refuse()

    def counted(self, work: Work) -> Table:
        def make() -> list[Row]:
            rows = self._make()
            work.rows_examined += len(rows)
            work.rows_returned += len(rows)
            return rows

        return VirtualTable(self.tdef, make)

    def insert(self, trx: Trx, values: Row) -> None:
        self._refuse()

    def duplicate_of(self, trx: Trx) -> tuple[int, Row] | None:
        return None

    def update(self, trx: Trx, row: Row, values: Row) -> None:
        self._refuse()

    def delete(self, trx: Trx, row: Row) -> None:
        self._refuse()

    def next_auto_increment(self, trx: Trx, count: int) -> int:
        self._refuse()

    def note_auto_increment(self, trx: Trx, value: int) -> None:
        self._refuse()

    def set_auto_increment(self, value: int) -> None:
        self._refuse()

    def check(self, extended: bool = False) -> CheckResult:
        return CheckResult()

    def dump_tree(self, index: int | None) -> list[Row]:
        return []

    def _refuse(self) -> NoReturn:
        raise SqlError.of(1044, "root", "localhost", self.tdef.db)
