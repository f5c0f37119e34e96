"""BEGIN, COMMIT, ROLLBACK, savepoints, SET TRANSACTION.

Rules
1. BEGIN commits what is open and gives back LOCK TABLES; a DDL statement commits before it runs (`implicit_commit`).
2. AND CHAIN begins the next transaction with the same isolation level and access mode; RELEASE ends the session;
   completion_type decides where neither is written.
3. Savepoints live inside a transaction only: in autocommit mode SAVEPOINT does nothing.  Setting a name again replaces it.
4. ROLLBACK TO a savepoint set before the engine was used gives back the metadata locks taken since.
5. SET TRANSACTION without scope is for the next transaction only and not allowed inside one (1568).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minidb.errors import SqlError
from minidb.query import ast
from minidb.statements.result import Result, done

if TYPE_CHECKING:
    from minidb.session import Session


def implicit_commit(session: Session) -> None:
    """The commit before DDL, BEGIN, LOCK TABLES."""
    if session.explicit or session.trx.active or session.owner.held or session.one_shot:
        session.commit_transaction()


def begin(session: Session, stmt: ast.Begin) -> Result:
    implicit_commit_keeping(session)
    if session.locked is not None:
        session.locked.release()
        session.locked = None
    start(session, stmt.access, stmt.snapshot)
    return done()


def implicit_commit_keeping(session: Session) -> None:
    """Commit, but keep a one-shot SET TRANSACTION for the transaction that is about to begin."""
    if session.explicit or session.trx.active or session.owner.held:
        one_shot, isolation, read_only = session.one_shot, session.trx.isolation, session.trx.read_only
        in_transaction = session.in_transaction
        session.commit_transaction()
        if one_shot and not in_transaction:
            session.trx.isolation, session.trx.read_only = isolation, read_only


def start(session: Session, access: str = "", snapshot: bool = False) -> None:
    """Open a transaction with the characteristics that `trx` has now."""
    trx = session.trx
    session.explicit = True
    session.one_shot = False
    trx.autocommit = False
    if access:
        trx.read_only = access == "READ ONLY"
    for engine in session.instance.engines.values():
        engine.begin(trx, read_only=trx.read_only, snapshot=snapshot)
    profile = session.instance.innodb.locks.profile
    if snapshot and not profile.begins_with_snapshot(trx.isolation):
        session.warn("Warning", 138, profile.snapshot_ignored)
    session.refresh()


def commit(session: Session, stmt: ast.Commit) -> Result:
    isolation, read_only = session.trx.isolation, session.trx.read_only
    session.commit_transaction()
    _complete(session, stmt.chain, stmt.release, isolation, read_only)
    return done()


def rollback(session: Session, stmt: ast.Rollback) -> Result:
    isolation, read_only = session.trx.isolation, session.trx.read_only
    session.rollback_transaction()
    _complete(session, stmt.chain, stmt.release, isolation, read_only)
    return done()


def _complete(session: Session, chain: bool | None, release: bool | None, isolation: int, read_only: bool) -> None:
    completion = session.variables.values["completion_type"]
    if chain or (chain is None and not release and completion == "CHAIN"):
        trx = session.trx
        trx.isolation, trx.read_only = type(trx.isolation)(isolation), read_only
        start(session)
    elif release or (release is None and chain is None and completion == "RELEASE"):
        session.close()


# ---- savepoints
def savepoint(session: Session, stmt: ast.Savepoint) -> Result:
    trx = session.trx
    if trx.autocommit:
        return done()
    name = stmt.name.lower()
    session.savepoints.pop(name, None)
    session.savepoints[name] = (session.owner.mark(), trx.started)
    session.instance.innodb.savepoint(trx, name)
    return done()


def rollback_to(session: Session, stmt: ast.RollbackTo) -> Result:
    name = stmt.name.lower()
    found = session.savepoints.get(name)
    if found is None:
        raise SqlError.of(1305, "SAVEPOINT", stmt.name)
    trx = session.trx
    session.instance.innodb.rollback_to(trx, name)
    _forget_after(session, name)
    mark, started = found
    if not started:
        session.instance.metadata_locks.release_after(session.owner, mark)
    if trx.changed_non_transactional:
        session.warn("Warning", 1196, SqlError.of(1196).message)
    return done()


def release_savepoint(session: Session, stmt: ast.ReleaseSavepoint) -> Result:
    name = stmt.name.lower()
    if name not in session.savepoints:
        raise SqlError.of(1305, "SAVEPOINT", stmt.name)
    session.instance.innodb.release_savepoint(session.trx, name)
    _forget_after(session, name)
    del session.savepoints[name]
    return done()


def _forget_after(session: Session, name: str) -> None:
    """Later savepoints than `name` are gone."""
    names = list(session.savepoints)
    for later in names[names.index(name) + 1:]:
        del session.savepoints[later]


# ---- characteristics
def set_transaction(session: Session, stmt: ast.SetTransaction) -> Result:
    level = None if stmt.isolation is None else stmt.isolation.upper().replace(" ", "-")
    if stmt.scope:
        scope = stmt.scope.lower()
        if level is not None:
            session.set_variable(scope, session.isolation_variable, level)
        if stmt.access is not None:
            session.set_variable(scope, session.read_only_variable, int(stmt.access == "READ ONLY"))
        return done()
    if session.in_transaction:
        raise SqlError.of(1568)
    from minidb.statements.session_variables import ISOLATION_NAMES

    if level is not None:
        session.trx.isolation = ISOLATION_NAMES[level]
    if stmt.access is not None:
        session.trx.read_only = stmt.access == "READ ONLY"
    session.one_shot = True
    session.refresh()
    return done()
