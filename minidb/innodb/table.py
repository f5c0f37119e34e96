"""`InnodbTable`: an InnoDB table seen through the door.  One handle per table, shared by all sessions, without state of its own.

The methods here take the latch and hand over to the modules that know how; only the two hot reads, `get` and `lookup`, are done on
the spot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minidb.engine import (
    ChangedMeanwhile,
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
from minidb.index_key import key_maker
from minidb.innodb import auto_increment, check
from minidb.innodb.core import Core
from minidb.innodb.dict_table import ClusteredIndex, DictTable, SecondaryIndex
from minidb.innodb.layout import DELETED, TRX_ID
from minidb.innodb.lock_modes import IS, IX, TABLE_S, TABLE_X
from minidb.innodb.row_alone import delete_alone, insert_alone, read_alone, update_alone
from minidb.innodb.row_insert import insert_row
from minidb.innodb.row_search import LockingCursor, lock_by_key
from minidb.innodb.row_select import SnapshotCursor, view_for
from minidb.innodb.row_update import delete_row, update_row
from minidb.innodb.trx import InnodbTrx
from minidb.scheduler import LockWait
from minidb.storage.btree import BTree
from minidb.storage.page import PAGE_SIZE

SNAPSHOT, WAIT = ReadMode.SNAPSHOT, WaitPolicy.WAIT


class InnodbTable(Table):
    """A handle.  trees: one per index of the definition; clustered: the tree with the rows."""

    __slots__ = (
        "_by_ordinal", "_clustered_key", "_core", "_get", "_give_way", "_latch", "_trim", "_work", "clustered", "dict_table",
        "trees",
    )

    def __init__(self, core: Core, dict_table: DictTable, work: Work | None = None) -> None:
        self._core = core
        self._latch = core.latch
        self._give_way = core.scheduler.give_way
        self._work = work
        self._trim = core.bounded
        self.dict_table = dict_table
        self.clustered: BTree = dict_table.clustered.tree if work is None else dict_table.clustered.tree.counted(work)
        self._by_ordinal = dict_table.by_ordinal
        self.trees: list[BTree] = [
            self.clustered if index.clustered else index.tree if work is None else index.tree.counted(work)
            for index in dict_table.by_ordinal
        ]
        self._get = self.clustered.get
        self._clustered_key = dict_table.clustered.ordinal

    @property
    def tdef(self) -> Any:  # type: ignore[override]
        """The present definition."""
        return self.dict_table.tdef

    # ---- reading
    def get(self, trx: Trx, index: int, key: Key, mode: ReadMode = SNAPSHOT, wait: WaitPolicy = WAIT) -> Row | None:
        assert isinstance(trx, InnodbTrx)
        if mode:
            return self._get_locked(trx, index, key, mode, wait)
        if index != self._clustered_key:
            found = self.lookup(trx, index, key if isinstance(key, tuple) else (key,))
            return found[0] if found else None
        table = self.dict_table
        if self._latch.locked():
            self._give_way()
        with self._latch:
            view = trx.view
            if view is None or table.def_trx_id >= view.low_limit:
                view = view_for(self._core, table.clustered, trx)
            row = self._get(key)
            if row is not None:
                if row[TRX_ID] >= view.up_limit:
                    row = self._core.versions.visible(row, view)
                elif row[DELETED]:
                    row = None
                if row is not None and table.externals:
                    row = self._core.whole(table, row)
            if self._trim:
                self._core.trim()
        if self._work is not None:
            self._work.rows_examined += 1
            self._work.rows_returned += row is not None
        return row

    def _get_locked(self, trx: InnodbTrx, index: int, key: Key, mode: ReadMode, wait: WaitPolicy) -> Row | None:
        if index == self._clustered_key and self._work is None:
            if self._latch.locked():
                self._give_way()
            with self._latch:
                if trx.alone:
                    row = read_alone(self._core, self.dict_table, trx, key)
                    if row is not None:
                        return row
                    trx.alone = False
                row = lock_by_key(self._core, self.dict_table, trx, key, int(mode == ReadMode.EXCLUSIVE), wait)
                if self._trim:
                    self._core.trim()
            if row is not None:
                return row
        values = key if isinstance(key, tuple) else (key,)
        return self.scan(trx, Scan(index, (KeyRange(values, values),), mode=mode, wait=wait)).next_row()

    def lookup(self, trx: Trx, index: int, prefix: tuple[Any, ...]) -> list[Row]:
        scan = Scan(index, (KeyRange(prefix, prefix),))
        entry = self._by_ordinal[index]
        if isinstance(entry, SecondaryIndex) and self._work is None:
            found = self._lookup_in_leaf(trx, entry, prefix)
            if found is not None:
                return found
        cursor = self.scan(trx, scan)
        rows: list[Row] = []
        while True:
            batch = cursor.next_batch()
            if batch is None:
                return rows
            rows += batch

    def lookup_entries(self, trx: Trx, index: int, prefix: tuple[Any, ...]) -> list[Row]:
        entry = self._by_ordinal[index]
        if isinstance(entry, SecondaryIndex) and self._work is None:
            found = self._entries_in_leaf(trx, entry, prefix)
            if found is not None:
                return found
        return super().lookup_entries(trx, index, prefix)

    def _entries_in_leaf(self, trx: Trx, index: SecondaryIndex, prefix: tuple[Any, ...]) -> list[Row] | None:
        """The entries of `prefix` if they all stand on one leaf whose changes the view sees; None if it is not that simple."""
        assert isinstance(trx, InnodbTrx)
        core = self._core
        with self._latch:
            view = trx.view
            if view is None or self.dict_table.def_trx_id >= view.low_limit:
                view = view_for(core, index, trx)
            page, i = index.tree.seek(prefix)
            if page is None:
                return []
            if page.max_trx_id >= view.up_limit or page.has_deleted:
                return None
            keys = page.keys
            n, width, j = len(keys), len(prefix), i
            while j < n and keys[j][:width] == prefix:
                j += 1
            if j == n and page.next:
                return None
            rows: list[Row] = page.rows[i:j]
            if self._trim:
                core.trim()
            return rows

    def _lookup_in_leaf(self, trx: Trx, index: SecondaryIndex, prefix: tuple[Any, ...]) -> list[Row] | None:
        """The rows of `prefix` if they all stand on one leaf that nobody has changed lately; None if it is not that simple."""
        assert isinstance(trx, InnodbTrx)
        core, table = self._core, self.dict_table
        if self._latch.locked():
            self._give_way()
        with self._latch:
            view = trx.view
            if view is None or table.def_trx_id >= view.low_limit:
                view = view_for(core, index, trx)
            page, i = index.tree.seek(prefix)
            if page is None:
                return []
            up_limit = view.up_limit
            if page.max_trx_id >= up_limit or table.externals:
                return None
            keys = page.keys
            entries, whole = (page.rows, index.layout.width) if page.has_deleted else (None, 0)
            n, width = len(keys), len(prefix)
            get, clustered_key = self._get, index.layout.clustered_key
            rows: list[Row] = []
            while i < n:
                key = keys[i]
                if key[:width] != prefix:
                    break
                if entries is not None and len(entries[i]) > whole:  # marked, by a change that the view sees
                    i += 1
                    continue
                row = get(clustered_key(key))
                if row is not None:
                    if row[TRX_ID] >= up_limit:
                        row = core.versions.visible(row, view)
                    if row is not None and not row[DELETED]:
                        rows.append(row)
                i += 1
            if i == n and page.next:
                return None
            if self._trim:
                core.trim()
            return rows

    def scan(self, trx: Trx, scan: Scan) -> Cursor:
        assert isinstance(trx, InnodbTrx)
        tree = self.clustered if scan.index is None else self.trees[scan.index]
        kind = LockingCursor if scan.mode else SnapshotCursor
        return kind(self._core, self.dict_table, trx, scan, tree, self.clustered, self._work)

    def row_count(self, trx: Trx) -> int | None:
        return None

    def estimate(self, index: int, key_range: KeyRange) -> int:
        with self._latch:
            found = check.estimate(self._by_ordinal[index], key_range)
            self._core.trim()
        return found

    def stats(self) -> TableStats:
        table = self.dict_table
        with self._latch:
            rows = table.clustered.tree.estimate(None, None)
            data = len(table.clustered.tree.page_numbers()) * PAGE_SIZE
            indexes = sum(len(i.tree.page_numbers()) for i in table.secondaries) * PAGE_SIZE
            free = (table.space.size - table.space.used_count) * PAGE_SIZE
            self._core.trim()
        has_counter = table.tdef.auto_increment_column is not None
        return TableStats(
            rows, data, indexes, free, data // rows if rows else 0, table.auto_increment if has_counter else None, "Dynamic"
        )

    def key_maker(self, index: int) -> Callable[[Sequence[Any]], Key]:
        tdef = self.dict_table.tdef
        definition = tdef.indexes[index]
        columns = tuple(tdef.columns[p.column] for p in definition.parts)
        parts = tuple(check.part(i, p) for i, p in enumerate(definition.parts))
        return key_maker(
            tdef.evolve(columns=columns, indexes=()), definition.__class__(definition.id, definition.name, parts), bare_single=True
        )

    def entry_layout(self, index: int) -> tuple[int, ...]:
        entry = self._by_ordinal[index]
        width = len(self.dict_table.tdef.columns)
        if isinstance(entry, ClusteredIndex):
            return tuple(range(width))
        return tuple(c for c in entry.layout.columns if c < width)

    def counted(self, work: Work) -> Table:
        return InnodbTable(self._core, self.dict_table, work)

    # ---- changing
    def insert(self, trx: Trx, values: Row) -> None:
        assert isinstance(trx, InnodbTrx)
        if self._latch.locked():
            self._give_way()
        with self._latch:
            if trx.alone:
                if self._trim:
                    self._core.make_room()  # before: what is in the log stands
                if insert_alone(self._core, self.dict_table, trx, values):
                    return
            insert_row(self._core, self.dict_table, trx, values)
            if self._trim:
                self._core.make_room()

    def duplicate_of(self, trx: Trx) -> tuple[int, Row] | None:
        assert isinstance(trx, InnodbTrx)
        if trx.duplicate is None:
            return None
        index, key = trx.duplicate
        if index.table is not self.dict_table:
            return None
        prefix = key[: index.user_width] if isinstance(key, tuple) else key
        row = self.get(trx, index.ordinal, prefix, ReadMode.EXCLUSIVE)
        return None if row is None else (index.ordinal, row)

    def is_referenced(self) -> bool:
        with self._latch:
            return bool(self._core.references(*self.dict_table.tdef.full_name))

    def update(self, trx: Trx, row: Row, values: Row) -> None:
        assert isinstance(trx, InnodbTrx)
        if self._latch.locked():
            self._give_way()
        with self._latch:
            if trx.alone:
                if self._trim:
                    self._core.make_room()
                if not update_alone(self._core, self.dict_table, trx, row, values):
                    raise ChangedMeanwhile
                return
            update_row(self._core, self.dict_table, trx, row, values)
            if self._trim:
                self._core.make_room()

    def delete(self, trx: Trx, row: Row) -> None:
        assert isinstance(trx, InnodbTrx)
        if self._latch.locked():
            self._give_way()
        with self._latch:
            if trx.alone:
                if self._trim:
                    self._core.make_room()
                if not delete_alone(self._core, self.dict_table, trx, row):
                    raise ChangedMeanwhile
                return
            delete_row(self._core, self.dict_table, trx, row)
            if self._trim:
                self._core.make_room()

    def lock(self, trx: Trx, exclusive: bool, intention: bool = False) -> None:
        """Lock the whole table: S, or X with `exclusive`; IS or IX with `intention`.  May wait."""
        assert isinstance(trx, InnodbTrx)
        core = self._core
        mode = (IX if exclusive else IS) if intention else (TABLE_X if exclusive else TABLE_S)
        with self._latch:
            trx.active = trx.started = True
            try:
                try:
                    core.locks.lock_table(trx.locks, self.dict_table.locks, mode)
                except LockWait:
                    core.wait(trx)
            except BaseException as error:
                core.failed(trx, trx.undo_records, error)
                raise

    # ---- auto-increment
    def next_auto_increment(self, trx: Trx, count: int) -> int:
        assert isinstance(trx, InnodbTrx)
        with self._latch:
            return auto_increment.reserve(self._core, self.dict_table, trx, count)

    def note_auto_increment(self, trx: Trx, value: int) -> None:
        with self._latch:
            table = self.dict_table
            if value >= table.auto_increment:
                table.set_auto_increment(self._core.mtr, value + 1)
                self._core.mtr.commit()

    def set_auto_increment(self, value: int) -> None:
        with self._latch:
            auto_increment.set_next(self._core, self.dict_table, value)

    # ---- looking inside
    def check(self, extended: bool = False) -> CheckResult:
        with self._latch:
            return CheckResult(check.check_table(self._core, self.dict_table, extended))

    def dump_tree(self, index: int | None) -> list[Row]:
        with self._latch:
            tree = self.dict_table.clustered.tree if index is None else self._by_ordinal[index].tree
            return check.dump(tree)
