"""PREPARE, EXECUTE, DEALLOCATE PREPARE: statements by name, their ``?`` filled from user variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minidb.errors import SqlError
from minidb.query import ast
from minidb.statements.preparing import PLAN_TYPES, evaluate
from minidb.statements.result import Result, done

if TYPE_CHECKING:
    from minidb.session import Session


def prepare(session: Session, stmt: ast.Prepare) -> Result:
    from minidb.query.parse.parser import parse

    source = evaluate(session, stmt.source)
    if isinstance(source, bytes):
        source = source.decode("utf-8", "replace")
    text = "NULL" if source is None else str(source)
    session.prepared_texts.pop(stmt.name.lower(), None)
    tree = parse(text)
    if isinstance(tree, (ast.Prepare, ast.Execute, ast.Deallocate, ast.LockTables, ast.UnlockTables)):
        raise SqlError.text(1295, "This command is not supported in the prepared statement protocol yet")
    session.prepared_texts[stmt.name.lower()] = text
    return done()


def execute(session: Session, stmt: ast.Execute) -> Result:
    text = session.prepared_texts.get(stmt.name.lower())
    if text is None:
        raise SqlError.of(1243, stmt.name, "EXECUTE")
    values = [evaluate(session, a) for a in stmt.args]
    if _count(text) != len(values):
        raise SqlError.of(1210, "EXECUTE")
    return run(session, text, tuple(values))


def _count(text: str) -> int:
    """How many ``?`` stand in `text` outside of quotes and comments."""
    from minidb.query.parse.placeholders import Format

    return Format(text.replace("%", "%%")).count


def run(session: Session, text: str, values: tuple[Any, ...]) -> Result:
    """Run prepared `text` with `values` for its ``?``."""
    from minidb.statements.cache import tree_of
    from minidb.statements.dispatch import handler_of

    if not values:
        return session.execute(text)
    from minidb.query.parse.parser import parse

    tree = tree_of(text, parse)
    if isinstance(tree, PLAN_TYPES):
        return session.execute(text.replace("%", "%%"), values)
    handler, _ = handler_of(tree)
    return handler(session, tree)


def deallocate(session: Session, stmt: ast.Deallocate) -> Result:
    if session.prepared_texts.pop(stmt.name.lower(), None) is None:
        raise SqlError.of(1243, stmt.name, "DEALLOCATE PREPARE")
    return done()
