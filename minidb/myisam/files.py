"""`TableFiles`: what all handles on one MyISAM table share: its two files, its counters, its locks.

The header page of the .MYI file (`Tablespace.meta`) holds

    heap         rows, deleted, free, end, first_hole, auto_increment   (see `state`)
    open_count   1 while the files differ from what the header says, 0 when they agree
    crashed      1 once damage was found
    upkeep       what CHECK, ANALYZE and OPTIMIZE have left to do (see `upkeep`)
    keys         for people and for the inspector: [name, unique, columns] per index
    root:<id>    root page of the index with that id

The first change after a flush writes ``open_count = 1`` before anything else; a flush writes 0 after everything else.  Whoever
finds a 1 at open knows that the process died in between: the table is marked as crashed (1194) until it is repaired.

In a directory the rows that a statement changed are handed to the operating system when it ends, so that REPAIR finds them in the
.MYD file whatever became of the process; index pages and counters wait for the flush (a real server's DELAY_KEY_WRITE).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from minidb.catalog import TableDef
from minidb.engine import Row, Trx
from minidb.errors import Error, SqlError
from minidb.myisam.heap import Heap, HeapCache
from minidb.myisam.keyfile import DuplicateRow, KeyFile
from minidb.myisam.row_format import make_heap
from minidb.myisam.state import HeapState
from minidb.myisam.table_lock import Position, TableLocks
from minidb.myisam.upkeep import UNSORTED, Upkeep
from minidb.storage.btree import KeyMissing
from minidb.storage.buffer_pool import BufferPool
from minidb.storage.file import File, describe
from minidb.storage.mtr import Mtr
from minidb.storage.page_codec import corrupt
from minidb.storage.snapshot import Source

HEAP, OPEN_COUNT, CRASHED, KEYS, UPKEEP = "heap", "open_count", "crashed", "keys", "upkeep"


def data_path(tdef: TableDef) -> str:
    """The file of the rows."""
    return f"{tdef.db}/{tdef.name}.MYD"


def key_path(tdef: TableDef) -> str:
    """The file of the indexes."""
    return f"{tdef.db}/{tdef.name}.MYI"


class TableFiles:
    """An open table.  changed: the files on disk say open_count = 1.  settled: all changed rows have been handed to the file
    (where nobody hands them over: not changed).  bounded: memory is limited, so `tidy` after operations.
    auto_column: ordinal of the AUTO_INCREMENT column or None; auto_prefix: (index ordinal, columns before it) where the counter
    runs per prefix of an index instead of per table."""

    __slots__ = (
        "auto_column", "auto_prefix", "bounded", "cache", "changed", "data_file", "duplicates", "heap", "keys", "locks", "pool",
        "settled", "state", "tdef", "upkeep",
    )

    heap: Heap
    state: HeapState
    keys: KeyFile
    data_file: File

    def __init__(self, tdef: TableDef, pool: BufferPool, cache: HeapCache) -> None:
        self.tdef = tdef
        self.pool = pool
        self.cache = cache
        self.changed = False
        self.settled = True
        self.bounded = pool.limit is not None or cache.limit is not None
        self.duplicates: dict[int, tuple[int, int]] = {}  # session -> (index, address) of its last 1062
        self.auto_column: int | None = None
        self.auto_prefix: tuple[int, tuple[int, ...]] | None = None

    # ---- making and opening
    @classmethod
    def create(cls, tdef: TableDef, pool: BufferPool, cache: HeapCache, mtr: Mtr, capacity: int) -> TableFiles:
        """Make both files of an empty table.  Nothing is left of them if that fails."""
        table = cls(tdef, pool, cache)
        fs = pool.fs
        try:
            file = fs.open(data_path(tdef), create=True)
        except OSError as error:
            raise SqlError.of(1005, tdef.db, tdef.name, error.errno, error.strerror) from error
        try:
            space = pool.open_space(key_path(tdef), create=True)
            try:
                state = HeapState(auto_increment=max(1, tdef.auto_increment))
                space.set_meta(mtr, HEAP, state.to_meta())
                space.set_meta(mtr, OPEN_COUNT, 0)
                space.set_meta(mtr, UPKEEP, Upkeep().to_meta())
                table._attach(file, state, KeyFile(tdef, space, mtr, capacity))
                table._describe_keys()
                pool.flush(space)
            except BaseException:
                mtr.rollback()
                with suppress(Error):
                    space.drop()
                raise
        except BaseException:
            file.close()
            with suppress(OSError):  # the first failure is what there is to tell; whoever drops the table tries again
                fs.remove(data_path(tdef))
            raise
        return table

    @classmethod
    def open(cls, tdef: TableDef, pool: BufferPool, cache: HeapCache, mtr: Mtr, capacity: int, force: bool = False) -> TableFiles:
        """Open existing files.  Raises 1017 if one is missing, CorruptPageError, 1194 if the table is marked as crashed (unless
        `force`, for CHECK and REPAIR)."""
        table = cls(tdef, pool, cache)
        paths = data_path(tdef), key_path(tdef)
        for path in paths:
            if not pool.fs.exists(path):
                raise SqlError.of(1017, path)
        space = pool.open_space(paths[1])
        try:
            if not force and (space.meta.get(OPEN_COUNT) or space.meta.get(CRASHED)):
                raise SqlError.of(1194, tdef.name)
            if HEAP not in space.meta:
                raise corrupt(space, 0, "is not the header of a MyISAM table")
            file = pool.fs.open(paths[0])
            table._attach(file, HeapState.from_meta(space.meta[HEAP]), KeyFile(tdef, space, mtr, capacity))
            if not force:
                table.heap.check_size()
        except OSError as error:
            space.abandon()
            raise SqlError.of(1016, paths[0], describe(error)) from error
        except BaseException:
            space.abandon()
            raise
        return table

    def _attach(self, file: File, state: HeapState, keys: KeyFile) -> None:
        self.data_file = file
        self.state = state
        self.keys = keys
        self.heap = make_heap(self.tdef, file, state, self.cache)
        self.heap.file.guarded = self.pool.fs.persistent and not self.tdef.temporary
        self.locks = TableLocks(f"{self.tdef.db}.{self.tdef.name}", self.tdef.id, state)
        self.changed = bool(keys.space.meta.get(OPEN_COUNT))
        self.upkeep = Upkeep.from_meta(keys.space.meta.get(UPKEEP))
        self._find_auto_increment()

    def redefine(self, tdef: TableDef) -> None:
        """The table's definition is `tdef` now: same types of columns, same indexes, maybe other names."""
        self._use(tdef)
        self._describe_keys()

    def _use(self, tdef: TableDef) -> None:
        self.tdef = tdef
        self.locks.order = tdef.id
        self.keys.open_indexes(tdef)
        self._find_auto_increment()

    def _find_auto_increment(self) -> None:
        """The counter runs per table if the column comes first in some index, else per prefix of the first index that has it."""
        column = self.auto_column = self.tdef.auto_increment_column
        self.auto_prefix = None
        indexes = self.tdef.indexes
        if column is None or any(index.columns[0] == column for index in indexes):
            return
        for i, index in enumerate(indexes):
            if column in index.columns:
                self.auto_prefix = i, index.columns[: index.columns.index(column)]
                return

    def _describe_keys(self) -> None:
        names = [c.name for c in self.tdef.columns]
        keys = [[i.name, int(i.unique), [names[c] for c in i.columns]] for i in self.tdef.indexes]
        if self.keys.space.meta.get(KEYS) != keys:
            self.keys.space.set_meta(self.keys.mtr, KEYS, keys)

    # ---- rows (latch held)
    def insert(self, trx: Trx, values: Row) -> Row:
        """Store a row in heap and indexes; returns it with its address.  Raises DuplicateRow, and then nothing is changed."""
        if self.settled:
            self._begin_change(trx)
        self.keys.insert_row((*values, self.heap.place()))
        trx.changed_non_transactional = True
        try:
            row = self.heap.insert(values)
        except BaseException:
            self.mark_crashed()  # indexes and heap differ now
            raise
        if self.auto_column is not None:
            self._note(values[self.auto_column])
        return row

    def load(self, values: Row) -> None:
        """Store a row in the heap alone: `build_keys` follows."""
        self.heap.insert(values)
        if self.auto_column is not None:
            self._note(values[self.auto_column])

    def build_keys(self, sort_bytes: int) -> None:
        """Fill the empty indexes from the heap.  Raises DuplicateRow, 1026, 1114."""
        spill_to = self.pool.fs if self.bounded or self.pool.fs.persistent else None
        for index in self.keys.indexes:
            self.keys.build(index, self._all_rows(), sort_bytes, spill_to)

    def _all_rows(self) -> Iterator[Row]:
        for no in range(self.heap.page_count()):
            yield from self.heap.rows_of(no)
            self.tidy()

    def update(self, trx: Trx, old: Row, values: Row) -> Row:
        """Let the row `old` (as it is stored now) hold `values`.  Raises DuplicateRow, and then nothing is changed."""
        if self.settled:
            self._begin_change(trx)
        self.keys.update_row(old, (*values, old[-1]))
        trx.changed_non_transactional = True
        if self.auto_column is not None:
            self._note(values[self.auto_column])
        try:
            return self.heap.update(old, values)
        except BaseException:
            self.mark_crashed()
            raise

    def delete(self, trx: Trx, row: Row) -> None:
        """Remove `row` (as it is stored now)."""
        if self.settled:
            self._begin_change(trx)
        trx.changed_non_transactional = True
        try:
            self.keys.delete_row(row)
        except KeyMissing as missing:
            self.mark_crashed()
            raise SqlError.of(1194, self.tdef.name) from missing
        self.heap.delete(row)

    def _note(self, value: int | None) -> None:
        """A row holds `value` in the AUTO_INCREMENT column: the counter stays above it."""
        if value is not None and self.auto_prefix is None and value >= self.state.auto_increment:
            self.state.auto_increment = int(value) + 1

    def current(self, address: int) -> Row:
        """The live row at `address`, which an index leads to.  Raises CorruptPageError."""
        row = self.heap.read(address)
        if row is None:
            raise self.heap.corrupt(address, "an index leads to a row that is not there")
        return row

    def visible(self, session: int) -> Position | None:
        """What a reader beside a concurrent insert sees; None: everything."""
        return self.locks.behind.get(session)

    def clear(self) -> None:
        """Remove all rows at once; the auto-increment counter stays."""
        self.mark_changed()
        self.keys.clear()
        self.heap.clear()
        self.upkeep = Upkeep()

    def duplicate(self, trx: Trx, found: DuplicateRow, row: Row, with_table: bool) -> Error:
        """1062 for `found`, noted for `duplicate_of`; the caller raises it."""
        self.duplicates[trx.session_id] = found.index.ordinal, found.address
        return found.index.duplicate(row, with_table)

    # ---- life
    def mark_changed(self) -> None:
        """Write to the header, before the first change, that the files will not agree for a while."""
        if not self.changed:
            space = self.keys.space
            space.set_meta(self.keys.mtr, OPEN_COUNT, 1)
            self.pool.flush(space)
            self.changed = True

    def _begin_change(self, trx: Trx) -> None:
        """The statement of `trx` changes its first row."""
        self.mark_changed()
        self.upkeep.changed()
        if self.heap.file.guarded:
            self.cache.changing[self] = trx.session_id
        self.settled = False

    def hand_over(self) -> None:
        """The changing statement is over: hand the rows that it changed to the operating system.  Raises 1026, 1114; the end of the
        next statement, whoever's, tries again then."""
        self.settled = True  # in any case the next change is to be noticed
        self.heap.flush()
        self._settle()

    def _settle(self) -> None:
        self.settled = True
        self.cache.changing.pop(self, None)

    def mark_crashed(self) -> None:
        """Damage was found: refuse the table from the next open on, until it is repaired."""
        self.mark_changed()
        self.keys.space.set_meta(self.keys.mtr, CRASHED, 1)

    def marks(self) -> list[str]:
        """Why the table would be refused if it were opened now, in MySQL's words; empty: it would not."""
        meta = self.keys.space.meta
        said = ["Table is marked as crashed"] if meta.get(OPEN_COUNT) or meta.get(CRASHED) else []
        return said + (["1 client is using or hasn't closed the table properly"] if meta.get(OPEN_COUNT) else [])

    def is_damaged(self) -> bool:
        """Damage was found, and the table not repaired since."""
        return bool(self.keys.space.meta.get(CRASHED))

    def clear_marks(self) -> None:
        """The table has been found sound: write all of it, and take the marks away.  Raises 1026, 1114."""
        self.keys.space.set_meta(self.keys.mtr, CRASHED, None)
        self.flush()

    def key_pages(self) -> int:
        """Pages of the index file that hold keys."""
        return self.keys.space.used_count if self.state.rows else 0

    def is_optimized(self) -> bool:
        """OPTIMIZE would find nothing to do: no holes, statistics made, no index page made since they were put in order."""
        state, upkeep = self.state, self.upkeep
        ordered = upkeep.sorted_pages == self.key_pages() or (not self.keys.indexes and upkeep.sorted_pages != UNSORTED)
        return not state.deleted and not self.heap.split and upkeep.analyzed and ordered

    def note_upkeep(self, upkeep: Upkeep) -> None:
        """The table was checked, analyzed or optimized; the next change is to be noticed."""
        self.upkeep = upkeep
        self.settled = not self.heap.file.guarded or not self.heap.dirty
        self.keys.space.set_meta(self.keys.mtr, UPKEEP, upkeep.to_meta())

    def tidy(self) -> None:
        """Keep within the limits of memory.  Only between operations."""
        if self.cache.over:
            self.cache.trim()
        self.pool.trim()

    def flush(self) -> None:
        """Write everything and make it durable; the header says so in the end.  Raises 1026, 1114."""
        if not self.changed:
            return
        space, mtr = self.keys.space, self.keys.mtr
        self.hand_over()
        self._sync_heap()
        space.set_meta(mtr, HEAP, self.state.to_meta())
        space.set_meta(mtr, UPKEEP, self.upkeep.to_meta())
        self.pool.flush(space)
        space.set_meta(mtr, OPEN_COUNT, 0)
        self.pool.flush(space)
        self.changed = False

    def _sync_heap(self) -> None:
        self.heap.file.trim()
        try:
            self.heap.file.sync()
        except Error as error:
            if self.pool.writer is not None:
                raise self.pool.writer.sync_failed(error) from error
            raise

    def close(self) -> None:
        """Flush and close both files."""
        self.flush()
        self.keys.space.close()
        self.heap.drop_pages()
        self.heap.file.close()

    def abandon(self) -> None:
        """Close without writing: the table is dropped or replaced."""
        self._settle()
        self.keys.space.abandon()
        self.heap.drop_pages()
        self.data_file.close()

    def rename(self, tdef: TableDef) -> None:
        """Give the files the names that `tdef` asks for: both or none."""
        old, new = data_path(self.tdef), data_path(tdef)
        fs = self.pool.fs
        fs.rename(old, new)
        try:
            self.keys.space.rename(key_path(tdef))
        except BaseException:
            fs.rename(new, old)
            raise
        self._name(tdef)
        self.redefine(tdef)

    def _name(self, tdef: TableDef) -> None:
        self.data_file.name = data_path(tdef)
        self.heap.file.table = self.locks.name = f"{tdef.db}.{tdef.name}"

    # ---- snapshots and forks (the pages are restored by whoever calls)
    def restored(self, tdef: TableDef | None) -> None:
        """The pages are those of a snapshot.  tdef: the definition of then, None if it is the present one."""
        if not self.heap.is_open:
            self.heap.reopen()
        if tdef is not None:
            self._name(tdef)
            self._use(tdef)
        self.changed = bool(self.keys.space.meta.get(OPEN_COUNT))
        self.duplicates.clear()

    @classmethod
    def copy_of(cls, other: TableFiles, tdef: TableDef, pool: BufferPool, cache: HeapCache, mtr: Mtr, capacity: int,
                source: Source) -> TableFiles:
        """A copy, in another database, of the table that `other` was when `source` was taken and `tdef` described it."""
        table = cls(tdef, pool, cache)
        file = pool.fs.open(data_path(tdef), create=True)
        space = pool.open_copy(key_path(tdef), other.keys.space.id, source.origin(other.keys.space))
        table._attach(file, HeapState(), KeyFile(tdef, space, mtr, capacity))
        table.heap.copy_from(source.origin(other.heap), source.snapshot.marks[other.heap])
        return table
