"""What a session leaves behind when it is closed, or when the database is restored under it: nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minidb.session import Session


def end_work(session: Session) -> None:
    """Roll back, give back LOCK TABLES, drop temporary tables."""
    instance = session.instance
    if session.trx.active:
        instance.innodb.rollback(session.trx)
    if session.locked is not None:
        session.locked.release()
    for handle in session.temporary.values():
        instance.engines[handle.tdef.engine].drop_table(handle.tdef)
    session.temporary.clear()


def begin_anew(session: Session) -> None:
    """End whatever the session has begun; its variables stay."""
    had_temporary = bool(session.temporary)
    end_work(session)
    session.transaction_over()
    session.instance.metadata_locks.release_explicit(session.owner)
    if had_temporary:
        session.change_setting()
