"""A table behind the door that is a plain Python list: enough to run compiled plans without an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minidb.catalog import TableDef
from minidb.engine import (
    FULL,
    CheckResult,
    Cursor,
    Key,
    KeyRange,
    ReadMode,
    Row,
    Scan,
    Table,
    TableStats,
    Trx,
    WaitPolicy,
    Work,
)
from minidb.errors import SqlError
from minidb.index_key import key_maker


class FakeCursor(Cursor):
    """Rows computed beforehand; remembers which rows were given back."""

    def __init__(self, table: FakeTable, rows: list[Row], batch: int) -> None:
        self.table = table
        self.rows = rows
        self.position = 0
        self.batch = batch

    def next_batch(self) -> list[Row] | None:
        rows = self.rows[self.position : self.position + self.batch]
        self.position += len(rows)
        self.table.work.rows_returned += len(rows)
        return rows or None

    def next_row(self) -> Row | None:
        if self.position >= len(self.rows):
            return None
        self.position += 1
        self.table.work.rows_returned += 1
        return self.rows[self.position - 1]

    def unlock_row(self) -> None:
        self.table.unlocked.append(self.rows[self.position - 1])

    def lock_current(self) -> Row | None:
        return self.rows[self.position - 1]

    @property
    def semi_consistent(self) -> bool:
        return False

    def close(self) -> None:
        self.position = len(self.rows)


class FakeTable(Table):
    """Rows carry a private tail of one element, the row's number."""

    def __init__(self, tdef: TableDef, batch: int = 3) -> None:
        self.tdef = tdef
        self.rows: dict[int, Row] = {}
        self.batch = batch
        self.next_number = 1
        self.counter = tdef.auto_increment
        self.unlocked: list[Row] = []
        self.scans: list[Scan] = []
        self.gets: list[tuple[int, Key, ReadMode]] = []
        self.work = Work()
        self.duplicate: tuple[int, Row] | None = None

    # ---- keys
    def _entry_key(self, index: int, row: Row) -> tuple[Any, ...]:
        key = key_maker(self.tdef, self.tdef.indexes[index])(row)
        return key if isinstance(key, tuple) else (key,)

    def _sorted(self, index: int | None) -> list[Row]:
        if index is None:
            clustered = self.tdef.clustered_index()
            if self.tdef.engine == "InnoDB" and clustered is not None:
                return self._sorted(clustered)
            return list(self.rows.values())
        return sorted(self.rows.values(), key=lambda r: (self._entry_key(index, r), r[-1]))

    @staticmethod
    def _inside(key: tuple[Any, ...], wanted: KeyRange) -> bool:
        if wanted.low is not None:
            part = key[: len(wanted.low)]
            if part < wanted.low or (part == wanted.low and not wanted.low_inclusive):
                return False
        if wanted.high is not None:
            part = key[: len(wanted.high)]
            if part > wanted.high or (part == wanted.high and not wanted.high_inclusive):
                return False
        return True

    # ---- reading
    def get(self, trx: Trx, index: int, key: Key, mode: ReadMode = ReadMode.SNAPSHOT,
            wait: WaitPolicy = WaitPolicy.WAIT) -> Row | None:
        self.gets.append((index, key, mode))
        self.work.descents += 1
        wanted = key if isinstance(key, tuple) else (key,)
        return next((r for r in self.rows.values() if self._entry_key(index, r) == wanted), None)

    def lookup(self, trx: Trx, index: int, prefix: tuple[Any, ...]) -> list[Row]:
        self.work.descents += 1
        return [r for r in self._sorted(index) if self._entry_key(index, r)[: len(prefix)] == prefix]

    def scan(self, trx: Trx, scan: Scan) -> Cursor:
        self.scans.append(scan)
        self.work.descents += 1
        if scan.index is None:
            rows = self._sorted(None)
        else:
            found = self._sorted(scan.index)
            rows = [r for one in scan.ranges for r in found if self._inside(self._entry_key(scan.index, r), one)]
        if scan.reverse:
            rows = rows[::-1]
        if scan.index is not None and (scan.condition is not None or scan.covering):
            layout = self.entry_layout(scan.index)
            entries = [(tuple(r[c] if c >= 0 else None for c in layout), r) for r in rows]
            if scan.condition is not None:
                entries = [(e, r) for e, r in entries if scan.condition(e)]
            rows = [(*e, r[-1]) if scan.covering else r for e, r in entries]
        return FakeCursor(self, rows, self.batch)

    def row_count(self, trx: Trx) -> int | None:
        return len(self.rows) if self.tdef.engine == "MyISAM" else None

    def estimate(self, index: int, key_range: KeyRange) -> int:
        return sum(self._inside(self._entry_key(index, r), key_range) for r in self.rows.values())

    def stats(self) -> TableStats:
        return TableStats(len(self.rows), 0, 0, 0, 0, self.counter, "Dynamic")

    def key_maker(self, index: int) -> Callable[[Sequence[Any]], Key]:
        return lambda values: values[0] if len(values) == 1 else tuple(values)

    def entry_layout(self, index: int) -> tuple[int, ...]:
        parts = self.tdef.indexes[index].parts
        layout = [p.column if p.prefix is None else -1 for p in parts]
        clustered = self.tdef.clustered_index()
        if self.tdef.engine == "InnoDB" and clustered is not None:
            layout += [c for c in self.tdef.indexes[clustered].columns if c not in layout]
        return tuple(layout)

    def counted(self, work: Work) -> Table:
        twin = FakeTable(self.tdef, self.batch)
        twin.rows, twin.work = self.rows, work
        return twin

    # ---- changing
    def _check_unique(self, values: Row, but: int | None) -> None:
        for i, index in enumerate(self.tdef.indexes):
            if not index.unique or any(values[c] is None for c in index.columns):
                continue
            key = self._entry_key(i, values)
            for number, row in self.rows.items():
                if number != but and self._entry_key(i, row) == key:
                    self.duplicate = (i, row)
                    raise SqlError.of(1062, "-".join(str(values[c]) for c in index.columns), index.name)

    def insert(self, trx: Trx, values: Row) -> None:
        self._check_unique(values, None)
        assert len(values) == len(self.tdef.columns)
        self.rows[self.next_number] = (*values, self.next_number)
        self.next_number += 1

    def duplicate_of(self, trx: Trx) -> tuple[int, Row] | None:
        return self.duplicate

    def update(self, trx: Trx, row: Row, values: Row) -> None:
        assert len(values) == len(self.tdef.columns)
        assert row[-1] in self.rows
        self._check_unique(values, row[-1])
        self.rows[row[-1]] = (*values, row[-1])

    def delete(self, trx: Trx, row: Row) -> None:
        del self.rows[row[-1]]

    def next_auto_increment(self, trx: Trx, count: int) -> int:
        first = self.counter
        self.counter += count
        return first

    def note_auto_increment(self, trx: Trx, value: int) -> None:
        self.counter = max(self.counter, value + 1)

    def set_auto_increment(self, value: int) -> None:
        self.counter = value

    def check(self, extended: bool = False) -> CheckResult:
        return CheckResult()

    def dump_tree(self, index: int | None) -> list[Row]:
        return []


__all__ = ["FULL", "FakeCursor", "FakeTable"]
