"""SET, SET NAMES, USE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minidb.query import ast
from minidb.statements.preparing import evaluate
from minidb.statements.result import Result, done

if TYPE_CHECKING:
    from minidb.session import Session


def set_variables(session: Session, stmt: ast.SetVariables) -> Result:
    """All values are computed, and the names checked, before anything is set."""
    todo: list[tuple[str, str, Any]] = []
    for item in stmt.items:
        if item.scope == "user":
            todo.append(("user", item.name, None if item.value is None else evaluate(session, item.value)))
            continue
        name = item.name.lower()
        session.variables.world.find(name)
        if item.value is None:
            value = session.variables.default(name, item.scope)
        else:
            value = evaluate(session, item.value)
        if item.scope != "global":
            session.variables.check(name, value, item.scope == "session", _silent)
        todo.append((item.scope, name, value))
    for scope, name, value in todo:
        if scope == "user":
            session.set_user_variable(name, value)
        else:
            session.set_variable(scope, name, value)
    return done()


def _silent(level: str, code: int, message: str) -> None:
    """The first check gives no warnings; the second, which sets, does."""


def set_names(session: Session, stmt: ast.SetNames) -> Result:
    session.set_names(stmt.charset, stmt.collation)
    return done()


def use(session: Session, stmt: ast.Use) -> Result:
    session.use(stmt.db)
    return done()
