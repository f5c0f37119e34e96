"""What leaves a session when a statement fails: interruptions get MySQL's numbers, surprises become InternalError."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minidb.errors import Error, InternalError, SqlError
from minidb.scheduler import Interrupted
from minidb.storage.file import describe

if TYPE_CHECKING:
    from minidb.session import Session

STOPPED = (1317, 1927, 1969)
TOO_DEEP = "Thread stack overrun: the statement is nested too deeply"


def as_error(session: Session, error: BaseException) -> BaseException:
    """`error` as it is raised to the caller; KeyboardInterrupt and the like stay what they are."""
    if isinstance(error, Interrupted):
        session.scheduler.clear_interrupt(session.connection_id)
        return SqlError.of(error.code)
    if isinstance(error, Error):
        if error.code in STOPPED:
            session.scheduler.clear_interrupt(session.connection_id)
        elif error.code == 1064:
            product = session.instance.innodb.locks.profile.product
            error.args = (error.code, error.message.replace("MariaDB server version", f"{product} server version"))
        return error
    if isinstance(error, OSError):
        return SqlError.of(1030, describe(error), "the file system")
    if isinstance(error, RecursionError):
        return SqlError.text(1436, TOO_DEEP)
    if isinstance(error, Exception):
        made = InternalError(1815, f"Internal error: {type(error).__name__}: {error}")
        made.code, made.symbol = 1815, "ER_INTERNAL_ERROR"
        made.__cause__ = error
        return made
    return error
