"""KILL [CONNECTION | QUERY] id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minidb.errors import SqlError
from minidb.query import ast
from minidb.statements.preparing import evaluate
from minidb.statements.result import Result, done

if TYPE_CHECKING:
    from minidb.session import Session


def kill(session: Session, stmt: ast.Kill) -> Result:
    """Raises 1094 for an unknown id; killing oneself is 1317."""
    number = evaluate(session, stmt.target)
    target = session.instance.sessions.get(int(number)) if isinstance(number, int) else None
    if target is None:
        raise SqlError.of(1094, number)
    if target is session:
        raise SqlError.of(1317 if stmt.query_only else 1927)
    if stmt.query_only:
        target.cancel()
    else:
        target.kill()
    return done()
