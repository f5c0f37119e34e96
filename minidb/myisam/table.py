"""`MyisamTable`: the door's view of a MyISAM table; `CountedTable`: the same, counting what it does."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any

from minidb.catalog import TableDef
from minidb.engine import CheckResult, Cursor, Key, KeyRange, ReadMode, Row, Scan, Table, TableStats, Trx, WaitPolicy, Work
from minidb.errors import SqlError
from minidb.myisam import check
from minidb.myisam.cursor import HeapCursor, IndexCursor
from minidb.myisam.files import TableFiles
from minidb.myisam.keyfile import DuplicateRow, door_key_maker
from minidb.scheduler import Mutex
from minidb.storage.btree import BTree
from minidb.types.keys import MAX

Probe = tuple[Callable[[Key], Any], Callable[[Key], Key] | None, bool]
"""How `get` asks an index: the tree's get, what turns the key into the tree's, is the answer the address itself."""


class MyisamTable(Table):
    """A handle on an open table.  Row and table locks are not its business: the session holds table locks meanwhile."""

    __slots__ = ("_heap", "_latch", "_name_in_duplicates", "_probes", "_trees", "_work", "files", "locks", "tdef")

    def __init__(self, tdef: TableDef, files: TableFiles, latch: Mutex, name_in_duplicates: bool = False) -> None:
        self.tdef = tdef
        self.files = files
        self._latch = latch
        self._heap = files.heap
        self.locks = files.locks
        self._name_in_duplicates = name_in_duplicates
        self._work: Work | None = None
        self._use_trees([index.tree for index in files.keys.indexes])

    def _use_trees(self, trees: Sequence[BTree]) -> None:
        self._trees = trees
        self._probes: list[Probe] = [
            (tree.get, index.probe, index.plain) for tree, index in zip(trees, self.files.keys.indexes, strict=True)
        ]

    # ---- reading
    def get(self, trx: Trx, index: int, key: Key, mode: ReadMode = ReadMode.SNAPSHOT,
            wait: WaitPolicy = WaitPolicy.WAIT) -> Row | None:
        probe, convert, plain = self._probes[index]
        with self._latch:
            address = probe(key if convert is None else convert(key))
            if address is None:
                return None
            if not plain:
                address = address[-1]
            row = self._heap.read(address)
            files = self.files
            if row is None:
                row = files.current(address)
            if self.locks.behind:
                seen = files.visible(trx.session_id)
                if seen is not None and address >= seen[0]:
                    row = None
            if files.bounded:
                files.tidy()
            return row

    def lookup(self, trx: Trx, index: int, prefix: tuple[Any, ...]) -> list[Row]:
        tree = self._trees[index]
        files = self.files
        keys_of = files.keys.indexes[index]
        with self._latch:
            if keys_of.bare:
                one = tree.get(prefix[0])
                addresses: list[int] = [] if one is None else [keys_of.address_of(one)]
            else:
                addresses = keys_of.addresses(_equal(tree, prefix))
            seen = files.visible(trx.session_id)
            if seen is not None:
                addresses = [a for a in addresses if a < seen[0]]
            rows = self._heap.fetch(addresses)
            if files.bounded:
                files.tidy()
            return rows

    def scan(self, trx: Trx, scan: Scan) -> Cursor:
        if scan.index is None:
            return HeapCursor(self.files, self._latch, trx.session_id, scan, self._work)
        index = self.files.keys.indexes[scan.index]
        return IndexCursor(self.files, self._latch, trx.session_id, scan, self._work, index, self._trees[scan.index])

    def row_count(self, trx: Trx) -> int | None:
        seen = self.files.visible(trx.session_id)
        return self.files.state.rows if seen is None else seen[1]

    def estimate(self, index: int, key_range: KeyRange) -> int:
        used = self.files.keys.indexes[index]
        low, high, low_inclusive, high_inclusive = used.bounds(key_range)
        if used.bare and key_range.is_equality:
            return 1
        with self._latch:
            rows = used.tree.estimate(low, high)
            return max(0, rows - (not low_inclusive) - (not high_inclusive))

    def stats(self) -> TableStats:
        with self._latch:
            files = self.files
            state, length = files.state, files.heap.data_length()
            counter = None
            if files.auto_column is not None:
                counter = state.auto_increment if files.auto_prefix is None else 1
            average = (length - state.free) // state.rows if state.rows else 0
            return TableStats(
                state.rows, length, files.keys.length(), state.free, average, counter, files.heap.row_format
            )

    def key_maker(self, index: int) -> Callable[[Sequence[Any]], Key]:
        return door_key_maker(self.tdef, self.tdef.indexes[index])

    def entry_layout(self, index: int) -> tuple[int, ...]:
        return self.files.keys.indexes[index].layout()

    def counted(self, work: Work) -> Table:
        return CountedTable(self, work)

    # ---- changing
    def insert(self, trx: Trx, values: Row) -> None:
        files = self.files
        with self._latch:
            try:
                files.insert(trx, values)
            except DuplicateRow as found:
                raise files.duplicate(trx, found, values, self._name_in_duplicates) from None
            if files.bounded:
                files.tidy()

    def duplicate_of(self, trx: Trx) -> tuple[int, Row] | None:
        with self._latch:
            noted = self.files.duplicates.get(trx.session_id)
            row = None if noted is None else self._heap.read(noted[1])
            return None if noted is None or row is None else (noted[0], row)

    def update(self, trx: Trx, row: Row, values: Row) -> None:
        files = self.files
        with self._latch:
            try:
                files.update(trx, self._stored(row), values)
            except DuplicateRow as found:
                raise files.duplicate(trx, found, values, self._name_in_duplicates) from None
            if files.bounded:
                files.tidy()

    def delete(self, trx: Trx, row: Row) -> None:
        files = self.files
        with self._latch:
            files.delete(trx, self._stored(row))
            if files.bounded:
                files.tidy()

    def delete_all(self, trx: Trx) -> int | None:
        with self._latch:
            rows = self.files.state.rows
            if rows or self.files.state.deleted:
                trx.changed_non_transactional = True
                self.files.clear()
            return rows

    def _stored(self, row: Row) -> Row:
        """The row as it is now: the statement may have changed it since it was read."""
        stored = self._heap.read(row[-1])
        if stored is None:
            raise SqlError.of(1020, self.tdef.name)
        return stored

    # ---- auto-increment
    def next_auto_increment(self, trx: Trx, count: int) -> int:
        """The counter, which moves when a row is stored and not before: a row that fails burns no number."""
        return self.files.state.auto_increment

    def next_auto_increment_for(self, trx: Trx, values: Row) -> int:
        files = self.files
        if files.auto_prefix is None:
            return files.state.auto_increment
        index, columns = files.auto_prefix
        column = files.auto_column
        assert column is not None
        with self._latch:
            used = files.keys.indexes[index]
            full = used.key_of((*values[:column], 0, *values[column + 1 :], 0))
            prefix = full[: len(columns)]
            descending = used.definition.parts[len(columns)].descending
            page, at = used.tree.seek(prefix) if descending else used.tree.seek_last((*prefix, MAX))
            if page is None or page.keys[at][: len(columns)] != prefix:
                return 1
            last = files.current(used.address_of(page.rows[at]))[column]
            return max(0, last or 0) + 1

    def note_auto_increment(self, trx: Trx, value: int) -> None:
        """Nothing to do: storing the row moves the counter."""

    def set_auto_increment(self, value: int) -> None:
        files = self.files
        with self._latch:
            files.mark_changed()
            files.state.auto_increment = max(1, value, self._largest() + 1)

    def _largest(self) -> int:
        """The largest value of the AUTO_INCREMENT column, 0 if there is none."""
        files = self.files
        for index in files.keys.indexes:
            if index.columns[0] == files.auto_column:
                page, at = index.tree.first() if index.definition.parts[0].descending else index.tree.last()
                if page is not None:
                    return files.current(index.address_of(page.rows[at]))[files.auto_column] or 0
        return 0

    # ---- looking inside
    def check(self, extended: bool = False) -> CheckResult:
        with self._latch:
            result = CheckResult(check.check_table(self.files))
            if not result.ok:
                self.files.mark_crashed()
            if self.files.bounded:
                self.files.tidy()
            return result

    def dump_tree(self, index: int | None) -> list[Row]:
        with self._latch:
            if index is None:
                return check.dump_heap(self.files)
            return check.dump_index(self.files, self.files.keys.indexes[index])


def _equal(tree: BTree, prefix: tuple[Any, ...]) -> list[Any]:
    """What the tree stores under keys that begin with `prefix`."""
    page, i = tree.seek(prefix)
    stored: list[Any] = []
    high = (*prefix, MAX)
    while page is not None:
        keys = page.keys
        j = bisect_left(keys, high, i)
        if not stored and j < len(keys):
            return page.rows[i:j]
        stored += page.rows[i:j]
        if j < len(keys):
            break
        page, i = tree.next_leaf(page), 0
    return stored


class CountedTable(MyisamTable):
    """A twin of `table` that adds descents, pages and address reads to `work`."""

    __slots__ = ()

    def __init__(self, table: MyisamTable, work: Work) -> None:
        super().__init__(table.tdef, table.files, table._latch, table._name_in_duplicates)
        self._work = work
        self._use_trees([index.tree.counted(work) for index in self.files.keys.indexes])

    def get(self, trx: Trx, index: int, key: Key, mode: ReadMode = ReadMode.SNAPSHOT,
            wait: WaitPolicy = WaitPolicy.WAIT) -> Row | None:
        missed = self._heap.cache.misses
        row = super().get(trx, index, key, mode, wait)
        self._count_reads(0 if row is None else 1, missed)
        return row

    def lookup(self, trx: Trx, index: int, prefix: tuple[Any, ...]) -> list[Row]:
        missed = self._heap.cache.misses
        rows = super().lookup(trx, index, prefix)
        self._count_reads(len(rows), missed)
        return rows

    def _count_reads(self, rows: int, missed_before: int) -> None:
        work = self._work
        assert work is not None
        missed = self._heap.cache.misses - missed_before
        work.rows_examined += rows
        work.rows_returned += rows
        work.address_reads += rows
        work.pages_missed += missed
        work.pages_hit += max(0, rows - missed)
