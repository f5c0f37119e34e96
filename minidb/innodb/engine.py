"""`InnodbEngine`: the transactional engine behind the door."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from minidb.catalog import TableDef
from minidb.engine import Engine, Isolation, Loader, Table, Trx
from minidb.innodb import ddl, purge, rollback
from minidb.innodb.core import PURGE_EVERY, PURGE_WORKER, Core
from minidb.innodb.load import InnodbLoader
from minidb.innodb.lock import LockSystem
from minidb.innodb.profile import Profile
from minidb.innodb.recovery import InnodbRecovery, InnodbReport
from minidb.innodb.table import InnodbTable
from minidb.innodb.trx import InnodbTrx, Savepoint
from minidb.scheduler import Scheduler, ThreadScheduler
from minidb.storage.buffer_pool import BufferPool

SYSTEM_SPACE = "ibdata1"
SYSTEM_SPACE_ID = 0xFFFFFFFE  # tables have their own ids
PURGE_BATCH = 64  # committed logs in one hold of the latch
PURGE_PAUSE = 1.0  # seconds after which a small history is purged too


class InnodbEngine(Engine):
    """InnoDB.  locks: the lock system; core: everything else that its parts share.  alone: statements may change single rows
    without lock and undo while nobody else is concerned (row_alone), where purge is not to be watched."""

    name = "InnoDB"
    transactional = True

    def __init__(
        self, pool: BufferPool, scheduler: Scheduler, *, leaf_capacity: int = 256, profile: Profile | None = None,
        background_purge: bool = True,
    ) -> None:
        """background_purge: False leaves purging to `purge_all` calls."""
        self.scheduler = scheduler
        self.locks = LockSystem(scheduler, profile)
        space = pool.open_space(SYSTEM_SPACE, create=not pool.fs.exists(SYSTEM_SPACE), space_id=SYSTEM_SPACE_ID, logged=True)
        self.core = Core(pool, scheduler, self.locks, space, leaf_capacity)
        self.redo = self.core.redo
        self._latch = scheduler.latch
        self.alone = (background_purge and isinstance(scheduler, ThreadScheduler)
                      and (self.core.redo is not None or pool.limit is None))
        self._handles: dict[int, InnodbTable] = {}
        self.recovered = InnodbReport()  # what `recover_tables` did
        self.highest_table = 0  # largest table id that recovery met in undo records
        scheduler.spawn(PURGE_WORKER, self._purge_step if background_purge else self._no_step)

    # ---- definitions
    def create_table(self, tdef: TableDef) -> None:
        with self._latch:
            ddl.create_table(self.core, tdef)

    def drop_table(self, tdef: TableDef) -> None:
        with self._latch:
            self._handles.pop(tdef.id, None)
            ddl.drop_table(self.core, tdef)

    def rename_table(self, old: TableDef, new: TableDef) -> None:
        with self._latch:
            self._handles.pop(old.id, None)
            ddl.rename_table(self.core, old, new)

    def truncate_table(self, tdef: TableDef) -> None:
        with self._latch:
            ddl.truncate_table(self.core, tdef)

    def update_definition(self, old: TableDef, new: TableDef) -> None:
        with self._latch:
            self._handles.pop(old.id, None)
            ddl.update_definition(self.core, old, new)

    def build_indexes(self, old: TableDef, new: TableDef, sort_bytes: int) -> None:
        """Build those indexes of `new` that `old` lacks, sorting in about `sort_bytes` of memory.  The table is described by `new`
        then, but keeps what it has lost until `update_definition`, so that `take_back_indexes` can go back.  Raises 1062, 1026,
        1114 and leaves the table as it was."""
        ddl.build_indexes(self.core, old, new, sort_bytes)
        self._handles.pop(old.id, None)

    def take_back_indexes(self, old: TableDef, new: TableDef) -> None:
        """Nothing comes of `build_indexes(old, new, ...)`."""
        with self._latch:
            self._handles.pop(old.id, None)
            ddl.take_back_indexes(self.core, old, new)

    def loader(self, tdef: TableDef, sort_bytes: int) -> Loader:
        with self._latch:
            return InnodbLoader(self.core, self.core.table(tdef), sort_bytes)

    def flush_table(self, tdef: TableDef) -> None:
        with self._latch:
            self.core.pool.flush(self.core.table(tdef).space)

    def open_table(self, tdef: TableDef) -> Table:
        with self._latch:
            table = self.core.table(tdef)
            if table.tdef is not tdef and table.tdef.version < tdef.version:
                table.describe_by(tdef)
            handle = self._handles.get(tdef.id)
            if handle is None or handle.dict_table is not table:
                handle = self._handles[tdef.id] = InnodbTable(self.core, table)
            return handle

    def forget_handles(self) -> None:
        """Tables have been replaced: handles on them are void.  Latch held."""
        self._handles.clear()

    # ---- transactions
    def new_trx(self, session_id: int, session_name: str = "") -> InnodbTrx:
        with self._latch:
            return self.core.system.new_trx(session_id, session_name)

    def begin(self, trx: Trx, *, read_only: bool = False, snapshot: bool = False) -> None:
        assert isinstance(trx, InnodbTrx)
        trx.active = True
        trx.read_only = read_only
        if snapshot and self.locks.profile.begins_with_snapshot(trx.isolation):
            with self._latch:
                if trx.isolation == Isolation.READ_COMMITTED:
                    self.core.system.open_expiring(trx)
                else:
                    self.core.system.view_of(trx)

    def begin_statement(self, trx: Trx) -> None:
        assert isinstance(trx, InnodbTrx)
        trx.statement_mark = trx.undo_records
        trx.duplicate = None
        if trx.view is not None:
            self.core.system.close_expired(trx)

    def end_statement(self, trx: Trx, ok: bool) -> None:
        assert isinstance(trx, InnodbTrx)
        if not ok and trx.undo_records > trx.statement_mark:
            with self._latch:
                rollback.undo_to(self.core, trx, trx.statement_mark, partial=True)
        if trx.auto_inc_locked:
            trx.auto_inc_locked = False
            with self._latch:
                self.locks.release_auto_inc(trx.locks)
        if trx.isolation == Isolation.READ_COMMITTED:
            trx.view = None
        trx.statement_mark = trx.undo_records
        trx.bulk_insert = False
        locks = trx.locks
        locks.duplicates = locks.constraint_check = False

    def commit_statement(self, trx: Trx) -> None:
        """`end_statement(trx, True)` and `commit` in one: the end of a transaction of one statement."""
        assert isinstance(trx, InnodbTrx)
        trx.bulk_insert = trx.auto_inc_locked = False  # the lock goes with the others
        locks = trx.locks
        locks.duplicates = locks.constraint_check = False
        self.commit(trx)

    def commit(self, trx: Trx) -> None:
        assert isinstance(trx, InnodbTrx)
        core = self.core
        if not trx.id:
            if trx.locks.objects:
                with self._latch:
                    core.finish(trx)
            else:
                core.finish(trx)
            return
        system, mtr = core.system, core.mtr
        due = False
        if self._latch.locked():
            self.scheduler.give_way()
        with self._latch:
            if trx.has_update_undo:
                history = system.history
                history.append(core.undo.commit(trx, mtr, system.next_number()))
                due = not len(history) % PURGE_EVERY
            else:
                core.undo.drop(trx, mtr)
            mtr.commit()
            system.end(trx)
            core.finish(trx)
        if core.redo is None:
            if due:
                self.scheduler.assist(PURGE_WORKER)
            return
        if due:
            self.scheduler.poke(PURGE_WORKER)  # it works while sessions wait for the disk
        core.redo.commit()

    def rollback(self, trx: Trx) -> None:
        assert isinstance(trx, InnodbTrx)
        with self._latch:
            self.core.rollback(trx)

    def savepoint(self, trx: Trx, name: str) -> None:
        assert isinstance(trx, InnodbTrx)
        self.release_one(trx, name)
        trx.savepoints.append(Savepoint(name.lower(), trx.undo_records, trx.started))

    def release_one(self, trx: InnodbTrx, name: str) -> None:
        """Forget the savepoint `name` alone: a new one takes its name."""
        trx.savepoints = [s for s in trx.savepoints if s.name != name.lower()]

    def rollback_to(self, trx: Trx, name: str) -> bool:
        assert isinstance(trx, InnodbTrx)
        place = self._find(trx, name)
        if place is None:
            return False
        found = trx.savepoints[place]
        kept = trx.savepoints[: place + 1]
        with self._latch:
            if found.started:
                if trx.undo_records > found.mark:
                    rollback.undo_to(self.core, trx, found.mark, partial=True)
            elif trx.started:
                self.core.rollback(trx)  # the engine had not been used: its transaction ends, the session's goes on
                trx.active = True
        trx.savepoints = kept
        return True

    def release_savepoint(self, trx: Trx, name: str) -> bool:
        assert isinstance(trx, InnodbTrx)
        place = self._find(trx, name)
        if place is None:
            return False
        del trx.savepoints[place:]
        return True

    @staticmethod
    def _find(trx: InnodbTrx, name: str) -> int | None:
        return next((i for i, s in enumerate(trx.savepoints) if s.name == name.lower()), None)

    # ---- purge
    def _purge_step(self) -> float | None:
        """One batch of the background purge; seconds to the next one, None = when poked."""
        with self._latch:
            done = purge.purge(self.core, PURGE_BATCH)
        if done == PURGE_BATCH:
            return 0
        return PURGE_PAUSE if self.core.system.history else None

    @staticmethod
    def _no_step() -> None:
        """The step of a purge that is left to `purge_all`."""

    def purge_all(self) -> int:
        """Purge everything that no open view needs; how many transactions' undo went."""
        with self._latch:
            return purge.purge(self.core)

    # ---- life
    def recover(self) -> Iterator[str]:
        return self.recover_tables(lambda: iter(()), crashed=False)

    def recover_tables(self, definitions: Callable[[], Iterator[TableDef]], crashed: bool) -> Iterator[str]:
        """Roll back what a crash interrupted, find the history that purge has to go on with; says what it did.  definitions: every
        InnoDB table.  Called before any session is there."""
        self.highest_table = 0
        with self._latch:
            run = InnodbRecovery(self.core, definitions, crashed)
            yield from run.run()
            self.highest_table = run.highest_table
            self.recovered = run.report
            if self.core.system.history:
                self.scheduler.poke(PURGE_WORKER)

    def flush(self) -> None:
        with self._latch:
            self.core.save_counters()
            self.core.pool.flush()

    def close(self) -> None:
        """Roll back what is open, purge everything, write everything."""
        core = self.core
        with self._latch:
            for trx in core.system.transactions():
                core.rollback(trx)
            purge.purge(core)
            core.undo.free_all(core.mtr)
            core.save_counters(final=True)
            for table in core.tables.values():
                table.space.close()
            core.tables.clear()
            self._handles.clear()
            core.space.close()

    def monitor(self) -> str:
        """SHOW ENGINE INNODB STATUS."""
        from minidb.innodb.monitor import monitor_text

        with self._latch:
            return monitor_text(self, lambda: self.scheduler.wall_clock().replace(microsecond=0))

    def status(self) -> dict[str, int | str]:
        core, locks = self.core, self.locks
        stats = core.pool.stats
        return {
            "Innodb_buffer_pool_pages_total": stats.limit or stats.resident,
            "Innodb_buffer_pool_pages_data": stats.resident,
            "Innodb_buffer_pool_pages_dirty": stats.dirty,
            "Innodb_buffer_pool_read_requests": stats.requests,
            "Innodb_buffer_pool_reads": stats.reads,
            "Innodb_pages_written": stats.written,
            "Innodb_history_list_length": len(core.system.history),
            "Innodb_row_lock_waits": locks.waits,
            "Innodb_row_lock_current_waits": len(locks.waiting),
            "Innodb_deadlocks": locks.deadlocks,
            "Innodb_max_trx_id": core.system.next_id,
        }
