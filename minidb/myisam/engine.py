"""`MyisamEngine`: the door to MyISAM-style tables.  README.md has the rules of the room."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from minidb.catalog import TableDef
from minidb.engine import CheckResult, Engine, Loader, Table, TableLock, Trx
from minidb.errors import Error
from minidb.myisam import check
from minidb.myisam.files import TableFiles, data_path, key_path
from minidb.myisam.heap import HeapCache
from minidb.myisam.load import MyisamLoader
from minidb.myisam.repair import Repaired, repair_table
from minidb.myisam.state import HeapState
from minidb.myisam.table import MyisamTable
from minidb.myisam.table_lock import TableLockSystem
from minidb.myisam.upkeep import UNSORTED, Upkeep
from minidb.scheduler import Scheduler
from minidb.storage.buffer_pool import BufferPool, requests_of
from minidb.storage.file import write_failed
from minidb.storage.mtr import Mtr
from minidb.storage.snapshot import Source


class MyisamEngine(Engine):
    """All MyISAM tables of one database directory.

    leaf_capacity: most entries of an index page.  heap_pages: most decoded heap pages in memory, all tables together; by default as
    many as the pool keeps index pages.  name_in_duplicates: 1062 names the key as 'table.key'.  tables: handles on the open tables,
    by table id.
    """

    name = "MyISAM"
    transactional = False

    def __init__(self, pool: BufferPool, scheduler: Scheduler, *, leaf_capacity: int = 256, heap_pages: int | None = None,
                 name_in_duplicates: bool = False) -> None:
        self.pool = pool
        self.locks = TableLockSystem(scheduler)
        self._latch = scheduler.latch
        self._capacity = leaf_capacity
        self._name_in_duplicates = name_in_duplicates
        self._cache = HeapCache(pool.limit if heap_pages is None else heap_pages, pool.snapshots)
        self._mtr = Mtr(pool)  # of its own: no redo log is ever attached to it
        self.tables: dict[int, MyisamTable] = {}

    # ---- definitions
    def create_table(self, tdef: TableDef) -> None:
        with self._latch:
            files = TableFiles.create(tdef, self.pool, self._cache, self._mtr, self._capacity)
            self.handle(tdef, files)

    def drop_table(self, tdef: TableDef) -> None:
        with self._latch:
            self._forget(tdef, write=False)
            for path in (data_path(tdef), key_path(tdef)):
                if self.pool.fs.exists(path):
                    self._disk(tdef, self.pool.fs.remove, path)

    def rename_table(self, old: TableDef, new: TableDef) -> None:
        with self._latch:
            table = self.tables.pop(old.id, None)
            if table is not None:
                self._disk(new, table.files.rename, new)
                self.handle(new, table.files)
                return
            for path in (data_path, key_path):  # whatever is in them
                if self.pool.fs.exists(path(old)):
                    self._disk(new, self.pool.fs.rename, path(old), path(new))

    def truncate_table(self, tdef: TableDef) -> None:
        with self._latch:
            files = self.opened(tdef).files
            files.clear()
            files.state.auto_increment = 1

    def update_definition(self, old: TableDef, new: TableDef) -> None:
        with self._latch:
            table = self.tables.get(old.id)
            if table is not None:
                table.files.redefine(new)
                self.handle(new, table.files)

    def loader(self, tdef: TableDef, sort_bytes: int) -> Loader:
        with self._latch:
            return MyisamLoader(self.opened(tdef).files, self._latch, sort_bytes, self._name_in_duplicates)

    def flush_table(self, tdef: TableDef) -> None:
        with self._latch:
            table = self.tables.get(tdef.id)
            if table is not None:
                table.files.flush()

    def open_table(self, tdef: TableDef) -> Table:
        with self._latch:
            return self.opened(tdef)

    def opened(self, tdef: TableDef, force: bool = False) -> MyisamTable:
        """The handle of `tdef`, opened now if need be.  Latch held.  Raises what `TableFiles.open` does."""
        table = self.tables.get(tdef.id)
        if table is None:
            files = TableFiles.open(tdef, self.pool, self._cache, self._mtr, self._capacity, force)
            return self.handle(tdef, files)
        if table.tdef is not tdef and table.tdef != tdef:
            table.files.redefine(tdef)
            return self.handle(tdef, table.files)
        return table

    def handle(self, tdef: TableDef, files: TableFiles) -> MyisamTable:
        """A new handle on an open table.  Latch held."""
        table = self.tables[tdef.id] = MyisamTable(tdef, files, self._latch, self._name_in_duplicates)
        return table

    def copy_table(self, other: TableFiles, tdef: TableDef, source: Source) -> None:
        """Make a copy of a table of another engine (see `TableFiles.copy_of`).  Latch held."""
        self.handle(tdef, TableFiles.copy_of(other, tdef, self.pool, self._cache, self._mtr, self._capacity, source))

    def _forget(self, tdef: TableDef, write: bool) -> None:
        """Close the files of `tdef` if they are open."""
        table = self.tables.pop(tdef.id, None)
        if table is not None:
            if write:
                table.files.close()
            else:
                table.files.abandon()

    def _disk(self, tdef: TableDef, action: Callable[..., None], *args: Any) -> None:
        try:
            action(*args)
        except OSError as error:
            raise write_failed(data_path(tdef), tdef.name, error) from error

    # ---- maintenance
    def check_table(self, tdef: TableDef, fast: bool = False, if_changed: bool = False) -> CheckResult:
        """CHECK TABLE of a table that may be marked as crashed (then `open_table` raises 1194).  fast: only if it was not closed
        properly.  if_changed: also if it has changed since it was checked.  A table that was not closed properly and turns out to
        be sound may be used again."""
        with self._latch:
            was_open = tdef.id in self.tables
            try:
                files = self.opened(tdef, force=True).files
            except Error as error:
                return CheckResult([error.message])
            marks = [] if was_open else files.marks()
            if not marks and not files.is_damaged() and (fast or (if_changed and files.upkeep.checked)):
                return CheckResult(up_to_date=True)
            try:
                if marks:
                    files.heap.file.settle()
                problems = check.check_table(files) or (check.compare_with_file(files) if marks else [])
            except Error as error:
                problems = [error.message]
            self._checked(files, bool(marks), problems)
            return CheckResult(problems, marks)

    def _checked(self, files: TableFiles, marked: bool, problems: list[str]) -> None:
        """Draw the consequences of a check."""
        if problems:
            if marked:
                self._forget(files.tdef, write=False)
            else:
                files.mark_crashed()
            return
        if marked or files.is_damaged():
            files.clear_marks()
        files.note_upkeep(Upkeep(True, True, files.upkeep.sorted_pages))

    def analyze_table(self, tdef: TableDef) -> bool:
        """ANALYZE TABLE: the statistics are made whenever they are asked for; False if they were up to date.  Raises 1194."""
        with self._latch:
            files = self.opened(tdef).files
            if files.upkeep.analyzed:
                return False
            files.note_upkeep(Upkeep(files.upkeep.checked, True, files.upkeep.sorted_pages))
            return True

    def is_optimized(self, tdef: TableDef) -> bool:
        """Whether OPTIMIZE TABLE has nothing to do.  Raises 1194."""
        with self._latch:
            return self.opened(tdef).files.is_optimized()

    def note_optimized(self, tdef: TableDef) -> None:
        """The table has been built anew, packed and with its indexes in order."""
        with self._latch:
            files = self.opened(tdef).files
            files.note_upkeep(Upkeep(True, True, files.key_pages()))

    def repair_table(self, tdef: TableDef, ignore_header: bool = False) -> Repaired:
        """REPAIR TABLE: build both files anew from the rows that can be read.  ignore_header: take nothing from the old index file
        (USE_FRM).  Raises 1146, 1026, 1114."""
        with self._latch:
            table = self.tables.get(tdef.id)
            before = HeapState() if ignore_header else None
            if table is not None:
                before = before or table.files.state
                table.files.heap.flush()
                self._forget(tdef, write=False)
            repaired = repair_table(tdef, self.pool, self._mtr, self._capacity, before)
            self.opened(tdef).files.note_upkeep(Upkeep(True, True, UNSORTED))
            return repaired

    # ---- table locks
    def lock_tables(self, trx: Trx, requests: Sequence[tuple[Table, TableLock]], timeout: float | None = None,
                    high_priority: bool = False) -> None:
        self.locks.lock(trx, cast("Sequence[tuple[MyisamTable, TableLock]]", requests), timeout, high_priority)

    def unlock_tables(self, trx: Trx) -> None:
        self.locks.unlock(trx)

    # ---- transactions: there are none
    def new_trx(self, session_id: int, session_name: str = "") -> Trx:
        return Trx(session_id, session_name)

    def begin(self, trx: Trx, *, read_only: bool = False, snapshot: bool = False) -> None:
        """MyISAM knows no transactions."""

    def begin_statement(self, trx: Trx) -> None:
        """A failing statement returns to nowhere: what it changed stays."""

    def end_statement(self, trx: Trx, ok: bool) -> None:
        """Hand the rows that the statement changed to the operating system.  Raises 1026, 1114 (with `ok`; else the statement has
        failed already): what was changed stays, and is handed over with the next statement.  Table locks are given back by
        `unlock_tables`, for LOCK TABLES keeps them beyond the statement."""
        changing = self._cache.changing
        if changing:
            with self._latch:
                for files in [f for f, session in changing.items() if session == trx.session_id]:
                    try:
                        files.hand_over()
                    except Error:
                        if ok:
                            raise

    def commit(self, trx: Trx) -> None:
        """Everything has happened already."""

    def rollback(self, trx: Trx) -> None:
        """Changes stay; `trx.changed_non_transactional` tells the session to warn (1196)."""

    def savepoint(self, trx: Trx, name: str) -> None:
        """Nothing to mark."""

    def rollback_to(self, trx: Trx, name: str) -> bool:
        return False

    def release_savepoint(self, trx: Trx, name: str) -> bool:
        return False

    # ---- life
    def recover(self) -> Iterator[str]:
        """There is no recovery: a table that was being changed is marked as crashed, which shows when it is opened."""
        return iter(())

    def flush(self) -> None:
        with self._latch:
            for table in list(self.tables.values()):
                table.files.flush()

    def close(self) -> None:
        with self._latch:
            for table in list(self.tables.values()):
                self._forget(table.tdef, write=True)

    def status(self) -> dict[str, int | str]:
        with self._latch:
            spaces = [table.files.keys.space for table in self.tables.values()]
            return {
                "Key_blocks_used": sum(len(space.frames) for space in spaces),
                "Key_read_requests": sum(map(requests_of, spaces)),
                "Myisam_heap_pages": len(self._cache),
                "Myisam_heap_reads": self._cache.misses,
                "Table_locks_immediate": self.locks.immediate,
                "Table_locks_waited": self.locks.waited,
            }


