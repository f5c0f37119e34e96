"""A small database for tests below SQL: one engine over files in memory, definitions from short texts, statements as calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from minidb.catalog import Column, ForeignKey, IndexDef, IndexPart, TableDef
from minidb.engine import FULL, Engine, Isolation, KeyRange, ReadMode, Row, Scan, ScanPurpose, Table, Trx
from minidb.innodb.engine import InnodbEngine
from minidb.myisam.engine import MyisamEngine
from minidb.scheduler import Scheduler, StepScheduler
from minidb.storage.buffer_pool import BufferPool
from minidb.storage.file import MemoryFileSystem
from minidb.types.parse import make_type, with_charset

ENGINES: dict[str, Callable[..., Engine]] = {"InnoDB": InnodbEngine, "MyISAM": MyisamEngine}


def column(text: str) -> Column:
    """``name TYPE[(n)] [NOT NULL] [AUTO_INCREMENT]``; a column of the PRIMARY key has to say NOT NULL."""
    name, kind, *rest = text.split()
    base, _, length = kind.partition("(")
    made = with_charset(make_type(base, int(length[:-1]) if length else None), "utf8mb4", "utf8mb4_general_ci")
    words = " ".join(rest)
    return Column(name, made, nullable="NOT NULL" not in words, auto_increment="AUTO_INCREMENT" in words)


def definition(
    columns: str, keys: Sequence[str] = (), name: str = "t", table_id: int = 1, engine: str = "InnoDB", **more: Any
) -> TableDef:
    """columns: comma-separated.  keys: ``PRIMARY a``, ``UNIQUE a b``, ``KEY a b(3)``; the name is that of the first column."""
    made = tuple(column(c) for c in columns.split(","))
    names = [c.name for c in made]
    indexes = []
    for i, key in enumerate(keys):
        kind, *parts = key.split()
        members = []
        for part in parts:
            base, _, prefix = part.partition("(")
            members.append(IndexPart(names.index(base), int(prefix[:-1]) if prefix else None))
        called = "PRIMARY" if kind == "PRIMARY" else names[members[0].column]
        indexes.append(IndexDef(table_id * 100 + i, called, tuple(members), kind != "KEY", kind == "PRIMARY"))
    return TableDef(table_id, "d", name, engine, made, tuple(indexes), **more)


class World:
    """One engine.  `trx(name)` gives the transaction of a session; statements take it as their first argument."""

    def __init__(self, engine: str = "InnoDB", capacity: int = 4, pool_pages: int | None = None,
                 scheduler: Scheduler | None = None) -> None:
        self.kind = engine
        self.capacity = capacity
        self.pool_pages = pool_pages
        self.fs = MemoryFileSystem()
        self.fs.mkdir("d")
        self.scheduler = scheduler or StepScheduler()
        self.definitions: dict[int, TableDef] = {}
        self.sessions: dict[str, Trx] = {}
        self.start()

    def start(self) -> None:
        """An engine on the files as they are."""
        self.pool = BufferPool(self.fs, self.pool_pages)
        self.engine = ENGINES[self.kind](self.pool, self.scheduler, leaf_capacity=self.capacity)
        self.sessions = {}

    def reopen(self) -> None:
        """Close the engine and open another one on its files."""
        self.engine.close()
        self.start()

    @property
    def innodb(self) -> InnodbEngine:
        assert isinstance(self.engine, InnodbEngine)
        return self.engine

    # ---- definitions
    def create(self, columns: str, *keys: str, name: str = "t", **more: Any) -> Table:
        """A new table."""
        tdef = definition(columns, keys, name, len(self.definitions) + 1, self.kind, **more)
        self.engine.create_table(tdef)
        self.definitions[tdef.id] = tdef
        return self.engine.open_table(tdef)

    def open(self, table: Table) -> Table:
        """A fresh handle on a table, after the engine was reopened or the definition changed."""
        return self.engine.open_table(self.definitions[table.tdef.id])

    # ---- statements
    def trx(self, name: str = "A", level: Isolation | None = None) -> Trx:
        """The transaction of session `name`."""
        if name not in self.sessions:
            self.sessions[name] = self.engine.new_trx(len(self.sessions) + 1, name)
        trx = self.sessions[name]
        if level is not None:
            trx.isolation = level
        return trx

    def change(self, trx: Trx, work: Callable[[], object]) -> None:
        """`work` as one statement; autocommitted unless a transaction was begun."""
        inside = trx.active
        self.engine.begin_statement(trx)
        try:
            work()
        except BaseException:
            self.engine.end_statement(trx, False)
            raise
        else:
            self.engine.end_statement(trx, True)
        finally:
            if not inside:
                self.engine.commit(trx)

    def insert(self, table: Table, *rows: Row, trx: Trx | None = None) -> None:
        who = trx or self.trx()

        def work() -> None:
            for row in rows:
                table.insert(who, row)

        self.change(who, work)

    def update(self, table: Table, where: Callable[[Row], bool], new: Callable[[Row], Row], trx: Trx | None = None,
               scan: Scan | None = None) -> int:
        """UPDATE by a scan (a table scan unless told); the number of rows that matched."""
        who = trx or self.trx()
        matched = 0

        def work() -> None:
            nonlocal matched
            width = len(table.tdef.columns)
            cursor = table.scan(who, scan or Scan(None, mode=ReadMode.EXCLUSIVE, purpose=ScanPurpose.UPDATE))
            found = []
            while (row := cursor.next_row()) is not None:
                if not where(row):
                    cursor.unlock_row()
                    continue
                now = cursor.lock_current()
                if now is not None and where(now):
                    found.append(now)
            for row in found:
                table.update(who, row, new(row[:width]))
            matched = len(found)

        self.change(who, work)
        return matched

    def delete(self, table: Table, where: Callable[[Row], bool], trx: Trx | None = None) -> int:
        """DELETE by a table scan; the number of rows deleted."""
        who = trx or self.trx()
        found: list[Row] = []

        def work() -> None:
            cursor = table.scan(who, Scan(None, mode=ReadMode.EXCLUSIVE, purpose=ScanPurpose.DELETE))
            while (row := cursor.next_row()) is not None:
                if where(row):
                    found.append(row)
                else:
                    cursor.unlock_row()
            for row in found:
                table.delete(who, row)

        self.change(who, work)
        return len(found)

    # ---- reading
    def rows(self, table: Table, trx: Trx | None = None, index: int | None = None, ranges: Iterable[KeyRange] = (FULL,),
             **more: Any) -> list[Row]:
        """The rows that a consistent read sees, without their tails."""
        who = trx or self.trx()
        inside = who.active
        scan = Scan(index, tuple(ranges), **more)
        width = len(table.entry_layout(index)) if scan.covering and index is not None else len(table.tdef.columns)
        cursor = table.scan(who, scan)
        found: list[Row] = []
        while (batch := cursor.next_batch()) is not None:
            found += [row[:width] for row in batch]
        self.engine.end_statement(who, True)
        if not inside:
            self.engine.commit(who)
        return found

    def locked(self, table: Table, trx: Trx, index: int | None = None, ranges: Iterable[KeyRange] = (FULL,),
               **more: Any) -> list[Row]:
        """The rows of a locking read, without their tails."""
        more.setdefault("mode", ReadMode.EXCLUSIVE)
        cursor = table.scan(trx, Scan(index, tuple(ranges), **more))
        found = []
        while (row := cursor.next_row()) is not None:
            found.append(row[: len(table.tdef.columns)])
        return found


def foreign_key(column: int, parent: str, ref: str = "id", on_delete: str = "RESTRICT", on_update: str = "RESTRICT") -> ForeignKey:
    """A foreign key of one column."""
    return ForeignKey("fk", (column,), "d", parent, (ref,), on_delete, on_update)
