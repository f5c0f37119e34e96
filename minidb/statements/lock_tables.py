"""LOCK TABLES, UNLOCK TABLES, FLUSH.

LOCK TABLES commits what is open, gives back what an earlier one took, then takes metadata locks in the order of the names and, for
MyISAM, the table locks.  UNLOCK TABLES commits if tables were locked.  FLUSH TABLES WITH READ LOCK takes the global read lock;
FLUSH TABLES t WITH READ LOCK is LOCK TABLES t READ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minidb.engine import Table, TableLock
from minidb.errors import SqlError
from minidb.innodb.table import InnodbTable
from minidb.metadata_lock import SHARED_NO_READ_WRITE, SHARED_READ, SHARED_READ_ONLY
from minidb.query import ast
from minidb.statements.result import Result, done
from minidb.statements.table_locks import LockedTables
from minidb.statements.transactions import implicit_commit
from minidb.statements.wait_clause import wait_seconds

if TYPE_CHECKING:
    from minidb.session import Session

KINDS = {"READ": TableLock.READ, "READ LOCAL": TableLock.READ_LOCAL, "WRITE": TableLock.WRITE,
         "LOW_PRIORITY WRITE": TableLock.WRITE_LOW_PRIORITY}
NO_WAIT_FLUSHES = frozenset({"STATUS", "LOGS", "PRIVILEGES", "HOSTS", "QUERY CACHE", "USER_RESOURCES", "ERROR LOGS", "ENGINE LOGS",
                             "BINARY LOGS", "GENERAL LOGS", "SLOW LOGS", "RELAY LOGS", "DES_KEY_FILE", "LOCAL", "OPTIMIZER_COSTS"})


def lock_tables(session: Session, stmt: ast.LockTables) -> Result:
    implicit_commit(session)
    unlock(session)
    instance = session.instance
    seconds = wait_seconds(session, stmt.wait)
    timeout = session.lock_wait_seconds if seconds is None else seconds
    modes: dict[tuple[str, str, str], str] = {}
    wanted: dict[tuple[str, str], int] = {}
    myisam: list[tuple[Table, TableLock]] = []
    for ref, kind in stmt.items:
        db = ref.db or session.current_database()
        alias = ref.alias or ref.name
        if (alias, db, ref.name) in modes:
            raise SqlError.of(1066, alias)
        handle = session.open(db, ref.name)
        modes[(alias, db, ref.name)] = "WRITE" if "WRITE" in kind else "READ"
        if handle.tdef.temporary or not handle.tdef.id:
            continue
        mode = SHARED_NO_READ_WRITE if "WRITE" in kind else _read_mode(handle)
        wanted[(db, ref.name)] = max(mode, wanted.get((db, ref.name), 0))
        if handle.tdef.engine == "MyISAM":
            myisam.append((handle, KINDS[kind]))
    instance.metadata_locks.acquire_all(session.owner, wanted.items(), timeout, explicit=True, strong_first=True)
    session.locked = LockedTables(session, modes)
    try:
        if myisam:
            instance.myisam.lock_tables(session.trx, _fresh(session, myisam), timeout)
        if not session.autocommit:
            _lock_innodb(session, modes)
    except BaseException:
        session.locked.release()
        raise
    session.refresh()
    return done()


def _read_mode(handle: Table) -> int:
    return SHARED_READ if handle.tdef.engine == "MyISAM" else SHARED_READ_ONLY


def _fresh(session: Session, wanted: list[tuple[Table, TableLock]]) -> list[tuple[Table, TableLock]]:
    """Handles again: while the metadata locks were waited for, a definition may have changed."""
    return [(session.instance.open_table(*h.tdef.full_name), k) for h, k in wanted]


def _lock_innodb(session: Session, modes: dict[tuple[str, str, str], str]) -> None:
    """With autocommit = 0 the InnoDB tables themselves are locked too, S or X, to the end of the transaction."""
    for _, db, name in sorted(modes):
        handle = session.open(db, name)
        if isinstance(handle, InnodbTable):
            writes = any(m == "WRITE" for (_, d, n), m in modes.items() if (d, n) == (db, name))
            handle.lock(session.trx, writes)


def unlock(session: Session) -> None:
    """Give back table locks and the global read lock."""
    if session.locked is not None:
        session.locked.release()
    elif session.owner.global_read or session.owner.explicit:
        session.instance.metadata_locks.release_explicit(session.owner)
        session.refresh()


def unlock_tables(session: Session, stmt: ast.UnlockTables) -> Result:
    if session.locked is not None:
        implicit_commit(session)
    unlock(session)
    return done()


def flush(session: Session, stmt: ast.Flush) -> Result:
    if stmt.what in NO_WAIT_FLUSHES:
        return done()
    implicit_commit(session)
    if stmt.tables and stmt.with_read_lock:
        return lock_tables(session, ast.LockTables(tuple((t, "READ") for t in stmt.tables)))
    if stmt.with_read_lock:
        if session.locked is not None:
            raise SqlError.of(1192)
        session.instance.metadata_locks.acquire_global_read(session.owner, session.lock_wait_seconds)
        session.refresh()
    if session.instance.dictionary.clean:
        return done()
    session.instance.flush()
    return done()
