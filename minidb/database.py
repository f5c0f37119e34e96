"""`Database`: one directory (or ":memory:") with its files, buffer pool, scheduler, engines and dictionary.

Opening
1. ":memory:" keeps everything in memory files.  A path that does not exist, or an empty directory, becomes a new database with
   one empty database called ``test``.
2. A directory that holds files but no data dictionary is not ours: it is refused and left as it is.
3. The directory is locked against other processes as long as it is open.
4. What a crash left is put in order: pending file operations, orphan files, the redo log, transactions that were running.
   MyISAM tables that were being changed are marked as crashed, which shows when they are used.  `close` runs at the end of the
   interpreter too.
5. A write or sync of the log, or a sync of any file, that fails stops the database: every later statement is refused (1026), and
   nothing is written any more.  Opening it again recovers.

`version` counts changes of definitions; whoever caches plans or handles compares it.  Definitions change only under the exclusive
metadata lock of the table, which the caller (statements/definitions) holds.
"""

from __future__ import annotations

import atexit
import datetime
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from minidb.dictionary import FILE_NAME, Dictionary, UnsureError
from minidb.engine import Engine, Table
from minidb.errors import Error, SqlError
from minidb.metadata_lock import MetadataLocks
from minidb.scheduler import Scheduler, ThreadScheduler, Waiter
from minidb.statements.cache import Texts
from minidb.statements.changing_definitions import Definitions
from minidb.statements.lock_info import LockInfo, lock_infos
from minidb.statements.recovering import Recovery
from minidb.statements.table_files import (
    DEFAULT_DATABASE,
    LOCK_FILE,
    is_unfinished,
)
from minidb.statements.variables import GlobalVariables
from minidb.storage.buffer_pool import BufferPool
from minidb.storage.durable import Durable
from minidb.storage.file import FileSystem, MemoryFileSystem, RealFileSystem, describe
from minidb.storage.log_files import DEFAULT_BYTES
from minidb.storage.redo import stopped

if TYPE_CHECKING:
    from minidb.backup.report import BackupReport
    from minidb.statements.opening import Session
    from minidb.statements.snapshots import Snapshot

MEMORY = ":memory:"
STOPPER = "stop-sessions"
PROFILES = ("mariadb-10.11", "mysql-8.4")
_open: weakref.WeakSet[Database] = weakref.WeakSet()


def _refused(message: str) -> Error:
    return SqlError.text(1033, message)


class Database(Definitions):
    """An open database directory, shared by any number of sessions and threads."""

    def __init__(self, path: str = MEMORY, *, scheduler: Scheduler | None = None, profile: str = "mariadb-10.11",
                 buffer_pool_pages: int | None = None, leaf_capacity: int = 256, default_engine: str = "InnoDB",
                 purge: str = "background", file_system: FileSystem | None = None, log_bytes: int = DEFAULT_BYTES,
                 verbose: bool = False) -> None:
        """Open or create the directory `path`.  buffer_pool_pages: pages kept in memory, None = all.  leaf_capacity: records in a
        leaf page.  purge: 'background', or 'manual': only `purge()` purges.
        file_system: used instead of the directory (tests).  log_bytes: size of each of the two redo log files of a new directory.
        verbose: recovery tells on stderr what it does even if it takes less than a second.
        Raises OperationalError (1015 lock; 1016, 1024, 1026, 1114 a call to the disk failed, and the next start recovers; 1033 not
        a database, or damaged), CorruptPageError."""
        if profile not in PROFILES:
            raise SqlError.of(1231, "profile", profile)
        self.path = path
        self.background_purge = purge != "manual"
        self.profile = profile
        self.default_engine = default_engine
        self.variables = GlobalVariables(profile)
        self.variables.values["default_storage_engine"] = self.variables.values["storage_engine"] = default_engine
        self.sessions: dict[int, Session] = {}
        self.created: dict[int, datetime.datetime] = {}
        self.next_session_id = 1
        self.closed = False
        self.failure: BaseException | None = None
        self.abandoned: list[Callable[[], None]] = []  # closings of connections that were collected while the latch was held
        self.durable: Durable | None = None
        self.plans: dict[Any, Texts] = {}
        self._handles: dict[tuple[str, str], Table] = {}
        self.shape = object()
        self.fs, self._lock = _open_directory(path, file_system)
        self.persistent = self.fs.persistent
        try:
            self.scheduler = scheduler or ThreadScheduler()
            self.started = self.scheduler.now()
            self.changing = self.scheduler.new_lock()
            recovery = Recovery(self, verbose)
            self.recovered = recovery.told
            self.recovery = recovery.account
            self._start(recovery, buffer_pool_pages, leaf_capacity, log_bytes)
        except BaseException as error:
            if self.durable is not None:
                self.durable.close()
            self._lock.release()
            self.fs.close()
            if isinstance(error, OSError | UnsureError):
                cause = error.cause if isinstance(error, UnsureError) else error
                raise SqlError.text(1016, f"Can't open the database '{path}' (errno: {describe(cause)})") from error
            raise
        if path != MEMORY:
            self.variables.values["datadir"] = path.rstrip("/") + "/"
        if file_system is None:
            _open.add(self)

    def _start(self, recovery: Recovery, buffer_pool_pages: int | None, leaf_capacity: int, log_bytes: int) -> None:
        from minidb.innodb.engine import InnodbEngine
        from minidb.innodb.profile import get_profile
        from minidb.myisam.engine import MyisamEngine

        fresh = not (self.persistent and Dictionary.exists(self.fs))
        self.dictionary = Dictionary(self.fs if self.persistent else None) if fresh else Dictionary.load(self.fs)
        crashed = not self.dictionary.clean
        self.version = self.dictionary.version
        self.pool = BufferPool(self.fs, buffer_pool_pages)
        if self.persistent:
            self._open_log(recovery, fresh, log_bytes)
        self.metadata_locks = MetadataLocks(self.scheduler)
        self.innodb = InnodbEngine(self.pool, self.scheduler, leaf_capacity=leaf_capacity, profile=get_profile(self.profile),
                                   background_purge=self.background_purge)
        self.myisam = MyisamEngine(self.pool, self.scheduler, leaf_capacity=leaf_capacity)
        self.engines: dict[str, Engine] = {"InnoDB": self.innodb, "MyISAM": self.myisam}
        self.innodb.core.find_table = self.dictionary.find_table
        self.innodb.core.references = self.dictionary.references_to
        if fresh:
            self.dictionary.create_database(DEFAULT_DATABASE, "utf8mb4", "utf8mb4_general_ci")
            self._make_directory(DEFAULT_DATABASE)
            if self.persistent:
                self.innodb.flush()
                self.fs.sync_dir("")
                self.dictionary.save()
        else:
            recovery.recover_engines(crashed)

    def _open_log(self, recovery: Recovery, fresh: bool, log_bytes: int) -> None:
        self.durable = recovery.open_log(fresh, log_bytes)
        values = self.variables.values
        self.durable.redo.policy = lambda: int(values["innodb_flush_log_at_trx_commit"])
        self.durable.redo.on_failure = self._stop
        self.scheduler.spawn(STOPPER, self._interrupt_all)

    def _stop(self, error: BaseException) -> None:
        """Rule 5.  Called with or without the latch."""
        self.failure = error
        for session in list(self.sessions.values()):
            session.refuse(lambda: stopped(error))
        self.forget_plans()
        self.scheduler.poke(STOPPER)

    def _interrupt_all(self) -> float | None:
        """Nobody waits for a lock in a database that has stopped."""
        for number in list(self.sessions):
            self.scheduler.interrupt(number)
        return None

    # ---- sessions
    def session(self, name: str = "", *, user: str = "root", host: str = "localhost") -> Session:
        """A new session, in autocommit mode, in database ``test`` if there is one."""
        from minidb.statements.opening import open_session

        if self.closed:
            raise SqlError.text(1053, "The database is closed")
        if self.failure is not None:
            raise stopped(self.failure)
        while self.abandoned:
            self.abandoned.pop()()
        with self.scheduler.latch:
            number = self.next_session_id
            self.next_session_id = number + 1
        made = open_session(self, number, name, user, host)
        self.sessions[number] = made
        return made

    # ---- tables
    def open_table(self, db: str, name: str) -> Table:
        """The handle of `db`.`name`; handles are shared and valid until the definition changes.  Raises 1146."""
        handle = self._handles.get((db, name))
        if handle is None:
            tdef = self.dictionary.find_table(db, name)
            if tdef is None:
                raise SqlError.of(1146, db, name)
            handle = self._handles[(db, name)] = self.engines[tdef.engine].open_table(tdef)
        return handle

    # ---- rules of another server
    def use_lock_profile(self, name: str) -> None:
        """Lock from now on as server `name` does (SET GLOBAL lock_profile).  Raises 1568 while locks are held: they were taken by
        other rules."""
        from minidb.innodb.profile import get_profile

        with self.scheduler.latch:
            if self.locks():
                raise SqlError.of(1568)
            self.profile = name
            self.innodb.locks.profile = get_profile(name)
            self.version += 1  # plans depend on the server's rules

    # ---- looking inside
    def locks(self) -> list[LockInfo]:
        """All InnoDB locks and waiting requests, as scenario records show them."""
        from minidb.innodb import lock_listing

        return lock_infos(lock_listing.locks(self.innodb.locks))

    def read_views(self) -> list[int]:
        """Ids of the sessions that hold a read view beyond their statement."""
        return [trx.session_id for trx, _ in self.innodb.core.system.open_views()]

    def waiting(self) -> dict[int, str]:
        """Connection id -> 'row', 'table' or 'meta' of the sessions whose statement waits for a lock, longest waiting first."""
        return {w.session_id: w.kind for w in self.scheduler.waiters() if w.kind in ("row", "table", "meta")}

    def history_length(self) -> int:
        """Committed transactions whose old versions are not purged yet."""
        return len(self.innodb.core.system.history)

    def why_waits(self, waiter: Waiter) -> str:
        """A sentence on what a blocked session waits for, and on whom."""
        if waiter.kind == "meta":
            return self.metadata_locks.explain(waiter)
        from minidb.innodb import lock_listing

        found = lock_listing.explain_wait(self.innodb.locks, waiter.session_id)
        return found or f"{waiter.session_name} waits for the table lock {waiter.what}"

    def purge(self) -> None:
        """Remove all versions that no open read view needs."""
        self.innodb.purge_all()

    def check(self) -> list[str]:
        """Broken invariants of the dictionary and of every table, as sentences; empty when all is sound."""
        wrong = self.dictionary.check()
        for tdef in list(self.dictionary.all_tables()):
            found = self.open_table(tdef.db, tdef.name).check(extended=True)
            wrong += [f"`{tdef.db}`.`{tdef.name}`: {m}" for m in found.messages]
        return wrong

    def status(self) -> Iterator[tuple[str, int | str]]:
        """Counters for SHOW STATUS, by name."""
        found: dict[str, int | str] = {}
        for engine in self.engines.values():
            found.update(engine.status())
        found["Threads_connected"] = found["Max_used_connections"] = len(self.sessions)
        found["Threads_running"] = sum(1 for s in self.sessions.values() if s.current is not None)
        found["Connections"] = self.next_session_id - 1
        found["Uptime"] = int(self.scheduler.now() - self.started)
        yield from sorted(found.items())

    def backup(self, target: str, *, prepare: bool = True) -> BackupReport:
        """A consistent copy of the directory as it is at the end of this call, while other sessions go on (backup/README.md).
        target: path that does not exist, or of an empty directory.  prepare: recover and check the copy; else its first opening
        recovers.  To restore a backup, open it, or copy it elsewhere and open that.  Statements that write wait while MyISAM
        tables are copied, if there are any.  Raises 1007, 1016, 1026, 1105, 1205, 1235 (in memory), 1877: no target is left."""
        from minidb.backup.backup import backup_database

        return backup_database(self, target, prepared=prepare)

    # ---- snapshots
    def snapshot(self) -> Snapshot:
        """What is committed now, to be restored or forked later.  Copies nothing: pages are copied when they are first changed
        afterwards (rules: statements/snapshots).  In memory only: raises 1235 for a directory, 1192 while a definition is being
        changed, 1053 if the database is closed."""
        from minidb.statements.snapshots import take

        return take(self)

    def restore(self, snapshot: Snapshot) -> None:
        """Let the database hold what `snapshot` holds.  What sessions have begun ends as by ROLLBACK; they stay connected.  Costs
        as much as pages have changed.  Raises, with nothing changed, 1192 while a statement runs or waits, InterfaceError for a
        snapshot of another database, 1053, 1235.  Not to be called while other threads begin statements: of those that slip in,
        transactions may be rolled back before it raises 1192."""
        from minidb.statements.snapshots import restore

        restore(self, snapshot)

    def fork(self, snapshot: Snapshot | None = None) -> Database:
        """A new database in memory with the contents of now, or of `snapshot`: same profile, page sizes and global variables, a
        scheduler of its own.  Pages are copied when it needs them; neither database needs the other to be open.  Raises as
        `snapshot` does."""
        from minidb.statements.snapshots import fork

        return fork(self, snapshot)

    # ---- life
    def flush(self) -> None:
        """Write all dirty pages."""
        for engine in self.engines.values():
            engine.flush()

    def close(self) -> None:
        """End all sessions (open transactions are rolled back), write everything, give the directory free.  Calling it again does
        nothing."""
        if self.closed:
            return
        for session in list(self.sessions.values()):
            session.close()
        self.closed = True
        _open.discard(self)
        try:
            self.scheduler.stop()
            if self.failure is None and self.persistent:
                self._close_files()
        finally:
            self._abandon()
            self._lock.release()
            self.fs.close()

    def _close_files(self) -> None:
        """Write everything; the next start finds nothing to recover."""
        self._each_engine(lambda engine: engine.flush())
        self._each_engine(lambda engine: engine.close())
        if self.durable is not None:
            self.durable.redo.checkpoint(self.durable.redo.lsn)
        if self.persistent and not self.dictionary.clean:
            self.dictionary.clean = True
            self._saved(self.dictionary.save)

    def _abandon(self) -> None:
        """Close whatever is still open, without writing."""
        for space in list(self.pool.spaces.values()):
            space.abandon()
        if self.durable is not None:
            self.durable.close()

    def _each_engine(self, what: Callable[[Engine], None]) -> None:
        for engine in self.engines.values():
            what(engine)

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Database {self.path!r}{' closed' if self.closed else ''}>"


def _open_directory(path: str, file_system: FileSystem | None) -> tuple[FileSystem, Any]:
    """The file system below `path` and the lock on it; creates the directory, refuses what is not ours (rules 1 to 3)."""
    if file_system is not None:
        _refuse_foreign(file_system, path)
        return file_system, file_system.lock(LOCK_FILE)
    if path == MEMORY:
        memory = MemoryFileSystem()
        return memory, memory.lock(LOCK_FILE)
    import os

    if os.path.exists(path) and not os.path.isdir(path):
        raise _refused(f"'{path}' is not a directory")
    os.makedirs(path, exist_ok=True)
    fs = RealFileSystem(path)
    _refuse_foreign(fs, path)
    return fs, fs.lock(LOCK_FILE)


def _refuse_foreign(fs: FileSystem, path: str) -> None:
    """Rule 2; a database whose dictionary is lost is not ours either: it would be taken for a new one."""
    found = set(fs.listdir(""))
    tables = fs.listdir(DEFAULT_DATABASE) if DEFAULT_DATABASE in found else []
    if FILE_NAME not in found and (tables or not is_unfinished(found)):
        raise _refused(f"'{path}' is not a minidb database: it holds files but no '{FILE_NAME}'; nothing was changed")


@atexit.register
def _close_all() -> None:
    """Close what the program left open, so that its directories count as closed; of databases in memory only the workers end,
    lest one is cut off with the latch in its hands."""
    for database in list(_open):
        if database.persistent:
            database.close()
        else:
            database.scheduler.stop()
