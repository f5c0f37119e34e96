"""`Snapshot`: the contents of a database in memory at one moment, for tests: `Database.snapshot`, `restore`, `fork`.

Rules
1. A snapshot is what is committed when it is taken, of both engines: rows, definitions, and the counters behind them (transaction
   ids, AUTO_INCREMENT, hidden row ids, ids of tables, the history list).  The same statements after a restore take the same course,
   to the byte; under a `StepScheduler` virtual time and RAND() go back too.
2. Transactions that are open then do not belong to it: a restore, and a fork, roll back what they had written by then.  Nor do
   temporary tables, locks and sessions.
3. A restore ends what every session has begun, as ROLLBACK, UNLOCK TABLES and DROP TEMPORARY TABLE do; sessions stay connected,
   with their variables and, if it is still there, their current database.  While a statement runs or waits it is refused (1192).
4. A snapshot can be restored any number of times, and one can go back and forth between several.
5. Pages are copied when they are first changed after a snapshot.  A restore costs as much as pages differ; when no snapshot is held
   any more nothing is copied.
6. If nothing but rows has changed, prepared plans and table handles stay valid.
7. A fork is a database of its own.  It takes each page from its parent when it first needs it, wherever the parent has got to, and
   whether or not the parent is closed.
8. Directories have neither (1235): `minidb backup` copies them.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from minidb.dictionary import Contents
from minidb.errors import Error, InterfaceError, RolledBack, SqlError
from minidb.innodb.snapshot import InnodbSnapshot
from minidb.metadata_lock import EXCLUSIVE
from minidb.myisam.snapshot import MyisamSnapshot
from minidb.statements.ending import begin_anew
from minidb.statements.table_files import files_of
from minidb.storage.file import MemoryFileSystem
from minidb.storage.redo import stopped
from minidb.storage.snapshot import PageSnapshot, Source

if TYPE_CHECKING:
    from minidb.database import Database

DIRECTORY = "snapshots and forks of a database directory (minidb backup copies one)"


class Snapshot:
    """Made by `Database.snapshot`; letting go of it gives its memory back."""

    def __init__(self, database: Database) -> None:
        """Take it.  `changing` and the latch are held."""
        fs = _memory(database)
        self.database = database
        self.shape = database.shape
        self.definitions: Contents = database.dictionary.contents()
        self.created: dict[int, datetime.datetime] = dict(database.created)
        self.moment = database.scheduler.moment()
        tables = list(self.definitions.tables())
        self.innodb = InnodbSnapshot(database.innodb.core, [t for t in tables if t.engine == "InnoDB"])
        self.myisam = MyisamSnapshot(database.myisam, [t for t in tables if t.engine == "MyISAM"])
        self.spaces = {**self.innodb.spaces(), **self.myisam.spaces()}
        paths = [*self.spaces, *(path for t in tables if t.engine == "MyISAM" for path in files_of(t))]
        self.files = fs.files_at(paths)
        heaps = self.myisam.heaps()
        self.pages: PageSnapshot = database.pool.snapshots.take([*self.spaces.values(), *heaps])
        database.pool.start_snapshot()
        for heap in heaps:
            heap.start_snapshot()

    def fork(self) -> Database:
        """A database of its own with these contents (see `Database.fork`)."""
        return self.database.fork(self)

    def check(self) -> list[str]:
        """Broken invariants of the kept pages; empty when all is sound."""
        with self.database.scheduler.latch:
            return self.database.pool.snapshots.check(self.pages)

    def dump(self) -> str:
        """How far away from the present it is, a line for each step."""
        with self.database.scheduler.latch:
            return "\n".join(f"{stores} stores, {changed} of them changed: {pages} pages kept"
                             for stores, changed, pages in self.pages.dump())

    def __repr__(self) -> str:
        return f"<Snapshot of {self.database!r}, {sum(1 for _ in self.definitions.tables())} tables>"


# ---- taking
def take(database: Database) -> Snapshot:
    """See `Database.snapshot`."""
    _usable(database)
    with database.changing, database.scheduler.latch:
        for session in database.sessions.values():
            if any(bits >> EXCLUSIVE & 1 for bits in session.owner.held.values()):
                raise _busy(f"session {session.name} is changing a definition")
        return Snapshot(database)


# ---- restoring
def restore(database: Database, snapshot: Snapshot) -> None:
    """See `Database.restore`."""
    _usable(database)
    _belongs(database, snapshot)
    _nobody_works(database)
    for session in list(database.sessions.values()):
        begin_anew(session)
    with database.changing, database.scheduler.latch:
        _nobody_works(database)
        changed = snapshot.shape is not database.shape
        _restore_pages(database, snapshot)
        snapshot.innodb.recall(database.innodb, changed)
        snapshot.myisam.recall(database.myisam, changed)
        database.dictionary.recall(snapshot.definitions, changed)
        database.scheduler.go_back(snapshot.moment)
        if changed:
            database.created = dict(snapshot.created)
            database.forget_plans()
            database.shape = snapshot.shape
    if changed:
        for session in list(database.sessions.values()):
            if session.database is not None and session.database not in database.dictionary.schemas:
                session.database = None
            session.change_setting()


def _restore_pages(database: Database, snapshot: Snapshot) -> None:
    """The tables that the snapshot knows are open, and their pages are what they were."""
    snapshot.innodb.close_others(database.innodb.core)
    snapshot.myisam.close_others(database.myisam)
    pool = database.pool
    pool.snapshots.restore(snapshot.pages)
    _memory(database).put_back(snapshot.files, snapshot.definitions.schemas)
    pool.arrange(snapshot.spaces)


def _nobody_works(database: Database) -> None:
    for session in list(database.sessions.values()):
        if session.current is not None:
            raise _busy(f"a statement of session {session.name} is running")


# ---- forking
def fork(database: Database, snapshot: Snapshot | None) -> Database:
    """See `Database.fork`."""
    if snapshot is None:
        snapshot = take(database)
    else:
        _belongs(database, snapshot)
    core = database.innodb.core
    made = type(database)(
        scheduler=database.scheduler.twin(), profile=database.profile, buffer_pool_pages=database.pool.limit,
        leaf_capacity=core.capacity, default_engine=database.default_engine,
        purge="background" if database.background_purge else "manual")
    made.variables.table = database.variables.table
    made.variables.values.update(database.variables.values)
    made.dictionary.recall(snapshot.definitions, True)
    made.created = dict(snapshot.created)
    _memory(made).make_directories(snapshot.definitions.schemas)
    source = Source(snapshot.pages, database.scheduler.latch)
    with made.scheduler.latch:
        snapshot.innodb.copy_to(made.innodb.core, source)
        snapshot.myisam.copy_to(made.myisam, source)
    return made


# ---- refusing
def _usable(database: Database) -> None:
    if database.closed:
        raise SqlError.text(1053, "The database is closed", RolledBack.NOTHING)
    if database.failure is not None:
        raise stopped(database.failure)
    _memory(database)


def _memory(database: Database) -> MemoryFileSystem:
    fs = database.fs
    if not isinstance(fs, MemoryFileSystem) or database.durable is not None:
        raise SqlError.of(1235, DIRECTORY, rolled_back=RolledBack.NOTHING)
    return fs


def _belongs(database: Database, snapshot: Snapshot) -> None:
    if snapshot.database is not database:
        raise InterfaceError(0, "The snapshot belongs to another database")


def _busy(why: str) -> Error:
    return SqlError.text(1192, f"Can't execute the given command: {why}", RolledBack.NOTHING)
