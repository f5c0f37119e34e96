"""`DictTable` and `DictIndex`: an InnoDB table and its indexes as the engine has them open.

A table is one tablespace ``<db>/<table>.ibd``.  Its `meta` holds the root page of each index (``root:<index id>``, 0 for the hidden
clustered index), the next AUTO_INCREMENT value, whether any value was ever stored off page, and the number of the last TRUNCATE.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from minidb.catalog import IndexDef, TableDef
from minidb.engine import Key, Row
from minidb.errors import Error, SqlError
from minidb.innodb.external import LIMIT
from minidb.innodb.layout import DELETED, ClusteredLayout, SecondaryLayout, clustered_definition
from minidb.innodb.lock import LockSystem
from minidb.innodb.lock_objects import IndexLocks, RowNumber, TableLocks
from minidb.storage.btree import BTree
from minidb.storage.buffer_pool import BufferPool
from minidb.storage.mtr import Mtr
from minidb.storage.page_codec import corrupt
from minidb.storage.space import Tablespace
from minidb.storage.tree_spec import TreeSpec
from minidb.types.keys import NULL, bare_key
from minidb.types.sqltype import Family, SqlType

AUTO_INCREMENT = "auto_increment"
EXTERNALS = "externals"
REBUILT = "rebuilt"
UNDO_PER_COLUMN = 12  # bytes that a value of an undo record takes beside its size in a row


def path_of(tdef: TableDef) -> str:
    """The file of a table."""
    return f"{tdef.db}/{tdef.name}.ibd"


def root_name(definition: IndexDef) -> str:
    """The meta entry that holds an index's root page."""
    return f"root:{definition.id}"


class DictIndex:
    """One open index.

    ordinal: its place in `TableDef.indexes`, -1 for the hidden one.  layout: the functions of its records.  user_width: number of
    its own key parts.  locks: its record locks.  def_trx_id: number of the change that made it.
    """

    __slots__ = (
        "clustered", "def_trx_id", "definition", "layout", "locks", "name", "ordinal", "table", "tree", "unique", "user_width",
    )

    def __init__(
        self, table: DictTable, ordinal: int, definition: IndexDef, layout: ClusteredLayout | SecondaryLayout, tree: BTree,
        locks: IndexLocks,
    ) -> None:
        self.table = table
        self.ordinal = ordinal
        self.definition = definition
        self.name = definition.name
        self.layout = layout
        self.tree = tree
        self.clustered = isinstance(layout, ClusteredLayout)
        self.unique = definition.unique
        self.user_width = len(definition.parts)
        self.locks = locks
        self.def_trx_id = 0

    def __repr__(self) -> str:
        return f"<index {self.table.tdef.db}.{self.table.tdef.name}.{self.name}>"


class ClusteredIndex(DictIndex):
    """The index that holds the rows."""

    layout: ClusteredLayout


class SecondaryIndex(DictIndex):
    """An index whose entries name rows by their clustered key."""

    layout: SecondaryLayout


class DictTable:
    """One open table.

    clustered, secondaries: its indexes; by_ordinal: the same by their place in the definition.  auto_increment: next value.
    externals: some value is (or was) stored off page.  long_rows: a row may be too long for a page.  def_trx_id: number of the
    change that made the table what it is; older read views must not read it (1412).  rebuilt_trx_id: undo of transactions
    before it is about rows that are gone. locks: its table locks.  leaving: indexes that the definition does not have any more,
    while the change may still be taken back.
    """

    __slots__ = (
        "auto_increment", "by_ordinal", "capacity", "clustered", "def_trx_id", "externals", "leaving", "lock_system", "locks",
        "long_rows", "pool", "rebuilt_trx_id", "secondaries", "space", "tdef", "undo_overhead",
    )

    def __init__(self, pool: BufferPool, lock_system: LockSystem, tdef: TableDef, space: Tablespace, capacity: int) -> None:
        self.pool = pool
        self.lock_system = lock_system
        self.tdef = tdef
        self.space = space
        self.capacity = capacity
        self.locks: TableLocks = lock_system.add_table(tdef.db, tdef.name)
        self.def_trx_id = 0
        self.rebuilt_trx_id: int = space.meta.get(REBUILT, 0)
        self.read_counters()
        self.long_rows = sum(longest(c.type) for c in tdef.columns) > LIMIT
        self.undo_overhead = 64 + UNDO_PER_COLUMN * (len(tdef.columns) + 4)
        self.clustered: ClusteredIndex
        self.secondaries: list[SecondaryIndex]
        self.leaving: list[SecondaryIndex] = []
        self.by_ordinal: list[ClusteredIndex | SecondaryIndex]

    # ---- making and opening
    @classmethod
    def create(cls, pool: BufferPool, lock_system: LockSystem, tdef: TableDef, capacity: int) -> DictTable:
        """Make the files of a new, empty table and open it.  Nothing is left of it if that fails."""
        space = pool.open_space(path_of(tdef), create=True, space_id=tdef.id if pool.writer is not None else 0, logged=True)
        try:
            table = cls(pool, lock_system, tdef, space, capacity)
            mtr = pool.mtr()
            space.set_meta(mtr, AUTO_INCREMENT, max(1, tdef.auto_increment))
            table.auto_increment = max(1, tdef.auto_increment)
            table._open_indexes(mtr)
            mtr.commit()
        except BaseException:
            pool.mtr().rollback()
            with suppress(Error):  # the first failure is what there is to tell; whoever drops the table tries again
                space.drop()
            raise
        return table

    @classmethod
    def open(cls, pool: BufferPool, lock_system: LockSystem, tdef: TableDef, capacity: int) -> DictTable:
        """Open an existing table.  Raises 1932 if its file is missing, CorruptPageError."""
        path = path_of(tdef)
        if path not in pool.spaces and not pool.fs.exists(path):
            raise SqlError.of(1932, tdef.db, tdef.name, path)
        space_id = tdef.id if pool.writer is not None else 0
        table = cls(pool, lock_system, tdef, pool.open_space(path, space_id=space_id, logged=True), capacity)
        table._open_indexes(None)
        return table

    def _open_indexes(self, mtr: Mtr | None) -> None:
        """Open every index; with `mtr`, make it first."""
        tdef = self.tdef
        ordinal = tdef.clustered_index()
        layout = ClusteredLayout(tdef)
        definition = clustered_definition(tdef)
        tree = self._tree(definition, layout, mtr)
        locks = self.lock_system.add_index(self.locks, definition.name, True, self.describe_row)
        self.clustered = ClusteredIndex(self, -1 if ordinal is None else ordinal, definition, layout, tree, locks)
        self.secondaries = [
            self.open_secondary(i, definition, mtr) for i, definition in enumerate(tdef.indexes) if i != ordinal
        ]
        self._arrange()

    def _arrange(self) -> None:
        by_ordinal: dict[int, ClusteredIndex | SecondaryIndex] = {i.ordinal: i for i in self.secondaries}
        by_ordinal[self.clustered.ordinal] = self.clustered
        self.by_ordinal = [by_ordinal[i] for i in range(len(self.tdef.indexes))]

    def open_secondary(self, ordinal: int, definition: IndexDef, mtr: Mtr | None) -> SecondaryIndex:
        """Open (with `mtr`: make) one secondary index; it is not yet among `secondaries`."""
        layout = SecondaryLayout(self.tdef, definition)
        tree = self._tree(definition, layout, mtr)
        locks = self.lock_system.add_index(self.locks, definition.name, False)
        index = SecondaryIndex(self, ordinal, definition, layout, tree, locks)
        index.locks.describe = lambda key: self.describe_entry(index, key)
        return index

    def _tree(self, definition: IndexDef, layout: ClusteredLayout | SecondaryLayout, mtr: Mtr | None) -> BTree:
        name = f"{self.tdef.db}.{self.tdef.name}.{definition.name}"
        spec = TreeSpec(name, layout.encode, layout.decode, layout.size, self.capacity)
        if mtr is None:
            root = self.space.meta.get(root_name(definition))
            if root is None:
                raise corrupt(self.space, 0, f"does not know the index {definition.name}")
            return BTree(self.space, root, spec)
        tree = BTree.create(self.space, mtr, spec)
        self.space.set_meta(mtr, root_name(definition), tree.root_no)
        return tree

    # ---- a changed definition
    def describe_by(self, tdef: TableDef, more: Iterable[SecondaryIndex] = ()) -> None:
        """The table is described by `tdef` now.  Its secondary indexes are found by their ids among those that it has and `more`;
        those that are left over are `leaving`."""
        known = {index.definition.id: index for index in (*self.secondaries, *more)}
        ordinal = tdef.clustered_index()
        self.tdef = tdef
        self.clustered.ordinal = -1 if ordinal is None else ordinal
        self.secondaries = []
        for place, definition in enumerate(tdef.indexes):
            if place != ordinal:
                index = known.pop(definition.id)
                index.ordinal, index.definition = place, definition
                index.name = index.locks.name = definition.name
                self.secondaries.append(index)
        self.leaving += known.values()
        self.locks.db, self.locks.name = tdef.db, tdef.name
        self._arrange()

    # ---- counters
    def read_counters(self) -> None:
        """Take the next AUTO_INCREMENT value, and whether there are off-page values, from the header."""
        meta = self.space.meta
        self.auto_increment: int = meta.get(AUTO_INCREMENT, 1)
        self.externals = bool(meta.get(EXTERNALS))

    def set_auto_increment(self, mtr: Mtr, value: int) -> None:
        """The next AUTO_INCREMENT value is `value`."""
        self.auto_increment = value
        self.space.set_meta(mtr, AUTO_INCREMENT, value)

    def note_externals(self, mtr: Mtr) -> None:
        """A value is about to be stored off page."""
        if not self.externals:
            self.externals = True
            self.space.set_meta(mtr, EXTERNALS, 1)

    # ---- records as people see them
    def describe_row(self, key: Key) -> tuple[tuple[Any, ...], bool]:
        """The values of a clustered key, and whether its record is delete-marked."""
        row: Row | None = self.clustered.tree.get(key)
        layout = self.clustered.layout
        if layout.has_row_id:
            return (RowNumber(key),), bool(row is not None and row[DELETED])
        if row is None:
            return tuple(map(bare_key, key if isinstance(key, tuple) else (key,))), False
        parts = layout.definition.parts
        return tuple(shortened(row[p.column], p.prefix) for p in parts), bool(row[DELETED])

    def describe_entry(self, index: SecondaryIndex, key: Key) -> tuple[tuple[Any, ...], bool]:
        """The values of a secondary entry, and whether it is delete-marked."""
        width = index.layout.width
        entry: Row | None = index.tree.get(key)
        values: Row = tuple(None if v is NULL else v for v in map(bare_key, key)) if entry is None else entry[:width]
        if self.clustered.layout.has_row_id:
            values = (*values[:-1], RowNumber(key[-1]))
        return values, entry is not None and len(entry) > width

    # ---- life
    def forget(self) -> None:
        """The table is closed: its lock queues go."""
        self.lock_system.remove_table(self.locks)


def longest(t: SqlType) -> int:
    """Bytes that a value of type `t` may take, roughly and never too few."""
    if t.family not in (Family.STRING, Family.BYTES):
        return 32
    if t.name in ("enum", "set"):
        return 8
    if t.length is None or t.name.endswith(("text", "blob")) or t.name == "json":
        return 1 << 16
    return 4 * t.length + 4


def shortened(value: Any, prefix: int | None) -> Any:
    """The part of a column value that an index holds."""
    return value if prefix is None or value is None else value[:prefix]
