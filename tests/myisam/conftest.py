"""A MyISAM engine over files in memory, for all tests of the room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from minidb.catalog import Column, IndexDef, IndexPart, TableDef
from minidb.engine import FULL, KeyRange, Row, Scan, Table, Trx
from minidb.myisam.engine import MyisamEngine
from minidb.scheduler import StepScheduler
from minidb.storage.buffer_pool import BufferPool
from minidb.storage.file import MemoryFileSystem
from minidb.types.parse import make_type, with_charset


def column(text: str) -> Column:
    """``name TYPE[(n)] [NOT NULL] [AUTO_INCREMENT]``."""
    name, kind, *rest = text.split()
    base, _, length = kind.partition("(")
    made = make_type(base, int(length[:-1]) if length else None)
    words = " ".join(rest)
    return Column(name, with_charset(made, "utf8mb4", "utf8mb4_general_ci"), nullable="NOT NULL" not in words,
                  auto_increment="AUTO_INCREMENT" in words)


def definition(columns: Sequence[str], keys: Sequence[str] = (), name: str = "t", table_id: int = 1, **more: Any) -> TableDef:
    """keys: ``[UNIQUE|PRIMARY] a,b(3)``."""
    made = tuple(column(c) for c in columns)
    names = [c.name for c in made]
    indexes = []
    for i, key in enumerate(keys):
        *kind, parts = key.split()
        members = []
        for part in parts.split(","):
            base, _, prefix = part.partition("(")
            members.append(IndexPart(names.index(base), int(prefix[:-1]) if prefix else None))
        primary = kind == ["PRIMARY"]
        indexes.append(IndexDef(table_id * 100 + i, "PRIMARY" if primary else names[members[0].column], tuple(members),
                                unique=bool(kind), primary=primary))
    return TableDef(table_id, "d", name, "MyISAM", made, tuple(indexes), **more)


class World:
    """An engine, the file system under it, and a few shortcuts."""

    def __init__(self, capacity: int = 8, pool_pages: int | None = None) -> None:
        self.fs = MemoryFileSystem()
        self.fs.mkdir("d")
        self.capacity = capacity
        self.pool_pages = pool_pages
        self.scheduler = StepScheduler()
        self.start()

    def start(self) -> None:
        """A new engine on the files as they are."""
        self.pool = BufferPool(self.fs, self.pool_pages)
        self.engine = MyisamEngine(self.pool, self.scheduler, leaf_capacity=self.capacity)
        self.trx = self.engine.new_trx(1, "A")

    def restart(self) -> None:
        """Close and open again."""
        self.engine.close()
        self.start()

    def table(self, tdef: TableDef, *rows: Row) -> Table:
        """Create `tdef` and fill it."""
        self.engine.create_table(tdef)
        table = self.engine.open_table(tdef)
        for row in rows:
            table.insert(self.trx, row)
        return table

    def rows(self, table: Table, index: int | None = None, *ranges: KeyRange, trx: Trx | None = None, reverse: bool = False,
             covering: bool = False) -> list[Row]:
        """A scan, without the private tail."""
        cursor = table.scan(trx or self.trx, Scan(index, ranges or (FULL,), reverse=reverse, covering=covering))
        width = len(table.entry_layout(index)) if covering and index is not None else len(table.tdef.columns)
        found: list[Row] = []
        while (batch := cursor.next_batch()) is not None:
            assert batch
            found += [row[:width] for row in batch]
        return found

    def delete(self, table: Table, first: object) -> None:
        """Delete the row whose first column is `first`."""
        cursor = table.scan(self.trx, Scan(None))
        while (row := cursor.next_row()) is not None:
            if row[0] == first:
                table.delete(self.trx, row)
                return
        raise KeyError(first)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.scheduler.stop()


@pytest.fixture(scope="session")
def make_world() -> type[World]:
    return World


@pytest.fixture(scope="session")
def define() -> object:
    return definition
