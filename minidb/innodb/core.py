"""`Core`: what the parts of the engine share: pool, scheduler, locks, transactions, undo, versions, open tables.

Row operations live in modules of their own (row_insert, row_update, row_select, rollback, purge) and take the core as their first
argument.  All of it runs under the latch; `wait` is the one place that gives it up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from minidb.catalog import ForeignKey, TableDef
from minidb.engine import Isolation, Key, Row
from minidb.errors import Error, RolledBack
from minidb.innodb import external, rollback
from minidb.innodb.dict_table import ClusteredIndex, DictTable, SecondaryIndex
from minidb.innodb.layout import DELETED, ROLL_PTR, TRX_ID
from minidb.innodb.lock import LockSystem
from minidb.innodb.lock_modes import SUPREMUM
from minidb.innodb.trx import InnodbTrx, TrxSystem
from minidb.innodb.undo import UndoSpace
from minidb.innodb.versions import Versions
from minidb.scheduler import Scheduler
from minidb.storage.buffer_pool import BufferPool
from minidb.storage.space import Tablespace

ROW_ID_META = "next_row_id"
TRX_ID_META = "next_trx_id"
ID_STEP = 256  # transaction ids that one log record lets out
PURGE_EVERY = 32  # committed logs that make up a batch worth waking the purge thread for
PURGE_WORKER = "innodb-purge"


class Core:
    """The engine's inside.  tables: open tables by table id.  find_table, references: how to reach other tables' definitions
    (foreign keys); set by whoever owns the dictionary."""

    __slots__ = (
        "bounded", "capacity", "find_table", "latch", "locks", "mtr", "pool", "redo", "references", "scheduler", "space",
        "spill_to", "system", "tables", "undo", "versions",
    )

    def __init__(self, pool: BufferPool, scheduler: Scheduler, locks: LockSystem, space: Tablespace, capacity: int) -> None:
        self.pool = pool
        self.scheduler = scheduler
        self.latch = scheduler.latch
        self.locks = locks
        self.space = space
        self.capacity = capacity
        self.mtr = pool.mtr()
        self.redo = None if pool.writer is None else pool.writer.redo
        self.spill_to = pool.fs if pool.limit is not None or pool.fs.persistent else None  # where index builds sort
        self.bounded = pool.limit is not None or self.redo is not None  # `trim` has something to do
        self.system = TrxSystem(space.meta.get(TRX_ID_META, 1), space.meta.get(ROW_ID_META, 1))
        if self.redo is not None:
            self.system.limit = self.system.next_id
            self.system.extend = self._extend_ids
        self.undo = UndoSpace(pool, space)
        self.versions = Versions(self.system, self.undo)
        self.tables: dict[int, DictTable] = {}
        self.find_table: Callable[[str, str], TableDef | None] = self._find_open
        self.references: Callable[[str, str], Sequence[tuple[TableDef, ForeignKey]]] = self._open_references

    # ---- other tables
    def _find_open(self, db: str, name: str) -> TableDef | None:
        return next((t.tdef for t in self.tables.values() if t.tdef.full_name == (db, name)), None)

    def _open_references(self, db: str, name: str) -> list[tuple[TableDef, ForeignKey]]:
        return [
            (table.tdef, key)
            for table in self.tables.values()
            for key in table.tdef.foreign_keys
            if (key.ref_db, key.ref_table) == (db, name)
        ]

    def table(self, tdef: TableDef) -> DictTable:
        """The open table of a definition, opened now if need be.  Raises 1932, CorruptPageError."""
        table = self.tables.get(tdef.id)
        if table is None:
            table = self.tables[tdef.id] = DictTable.open(self.pool, self.locks, tdef, self.capacity)
        return table

    # ---- waiting and failing
    def wait(self, trx: InnodbTrx, seconds: float | None = None) -> None:
        """Park until the queued lock request of `trx` is granted or withdrawn.  Raises 1205, 1213, 1317 ..."""
        self.locks.wait(trx.locks, seconds)

    def failed(self, trx: InnodbTrx, mark: int, error: BaseException) -> None:
        """A row operation ends with `error`: undo what it did; a deadlock's victim loses its whole transaction."""
        if isinstance(error, Error) and error.rolled_back is RolledBack.TRANSACTION:
            self.rollback(trx)
        elif trx.undo_records > mark:
            rollback.undo_to(self, trx, mark, partial=True)

    def rollback(self, trx: InnodbTrx) -> None:
        """Undo everything, close the view, give back all locks.  The session is without a transaction afterwards."""
        if trx.undo_records:
            rollback.undo_to(self, trx, 0, partial=False)
        if trx.id:
            self.undo.drop(trx, self.mtr)
            self.mtr.commit()
            self.system.end(trx)
        self.finish(trx)

    def finish(self, trx: InnodbTrx) -> None:
        """What commit and rollback end with."""
        trx.view = None
        trx.statement_mark = 0
        trx.active = trx.started = False
        if trx.savepoints:
            trx.savepoints.clear()
        locks = trx.locks
        if locks.objects or locks.victim:
            self.locks.release_all(locks)

    # ---- implicit locks
    def entry_owner(
        self, index: SecondaryIndex, key: Key, deleted: bool, asker: InnodbTrx | None = None
    ) -> InnodbTrx | None:
        """The active transaction that holds an implicit X lock on a secondary entry: the one that has written its row, if one of
        its changes touched this very entry (inserted it, marked it, took the mark away, or changed its spelling).  asker: who wants
        to know; where the profile says so, its own rows are its own with all their entries."""
        table = index.table
        row = table.clustered.tree.get(index.layout.clustered_key(key))
        if row is None:
            return None
        owner = self.system.active.get(row[TRX_ID])
        if owner is None or (owner is asker and self.locks.profile.owns_entries_of_own_rows()):
            return owner
        layout = index.layout
        present = not deleted
        resolve = self.resolver(table)
        spelled = None if deleted or layout.is_key else layout.entry_of(row if resolve is None else resolve(row))
        while row[TRX_ID] == owner.id:
            roll_ptr = row[ROLL_PTR]
            if not roll_ptr:
                return owner  # inserted by it
            row = self.undo.old_row(roll_ptr)
            whole = row if resolve is None else resolve(row)
            before = not row[DELETED] and layout.key_of(whole) == key
            if before is not present or (before and spelled is not None and layout.entry_of(whole) != spelled):
                return owner
        return None

    # ---- off-page values
    def resolver(self, table: DictTable) -> Callable[[Row], Row] | None:
        """A function that brings the off-page values of a row in, None where the table has none."""
        if not table.externals:
            return None
        space = table.space
        return lambda row: external.resolve(space, row)

    def whole(self, table: DictTable, row: Row) -> Row:
        """`row` with its off-page values."""
        return external.resolve(table.space, row) if table.externals else row

    # ---- records
    def successor(self, index: ClusteredIndex | SecondaryIndex, key: Key) -> Key:
        """The key of the record behind `key`, or SUPREMUM."""
        page, i = index.tree.seek(key, False)
        return SUPREMUM if page is None else page.keys[i]

    def gaps(self, trx: InnodbTrx) -> bool:
        """Does `trx` lock gaps?"""
        return trx.isolation > Isolation.READ_COMMITTED

    # ---- between operations
    def trim(self) -> None:
        """Bring pool and redo log back within their limits; nobody holds a page.  A page that cannot be written stays: who
        reads or rolls back is not told."""
        if self.bounded:
            try:
                self.pool.trim()
            except Error:
                return

    def make_room(self) -> None:
        """`trim` for those who fill the pool: raises 1026 or 1114 if a page cannot be written."""
        self.pool.trim()

    def _extend_ids(self, number: int) -> None:
        """Transaction ids up to ID_STEP behind `number` may be given out: a restart begins behind them."""
        self.system.limit = number + ID_STEP
        self.space.set_meta(self.mtr, TRX_ID_META, self.system.limit)
        self.mtr.commit()

    def save_counters(self, final: bool = False) -> None:
        """Write the next ids into the system space.  final: no more will be given out."""
        meta = self.space.meta
        system = self.system
        next_id = system.next_id if final or self.redo is None else max(system.next_id, system.limit)
        for name, value in ((TRX_ID_META, next_id), (ROW_ID_META, system.next_row_id)):
            if meta.get(name) != value:
                self.space.set_meta(self.mtr, name, value)
        self.mtr.commit()
