"""NOWAIT and WAIT n of DDL and LOCK TABLES."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minidb.errors import syntax_error

if TYPE_CHECKING:
    from minidb.session import Session


def wait_seconds(session: Session, wait: str) -> float | None:
    """Seconds to wait for metadata locks, None where the clause is not written.  Raises 1064 where the server does not know it."""
    words = wait.split()
    if not words:
        return None
    if not session.instance.innodb.locks.profile.wait_clause_allowed:
        raise syntax_error(wait, 0)
    return 0.0 if words[0] == "NOWAIT" else float(words[-1])
