"""Bound expressions as SQL text, as MySQL writes them in error messages and EXPLAIN."""

from __future__ import annotations

from typing import Any

from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.bind.nodes import Col, Sub, children
from minidb.types.text import sql_literal


def render(e: Expr, params: tuple[Any, ...] = ()) -> str:
    """`e` as text; parameters show the value that the statement was compiled with."""
    if isinstance(e, Col):
        db = f"`{e.source.db}`." if e.source.db else ""
        return f"{db}`{e.source.alias}`.`{e.name}`"
    if isinstance(e, ast.Literal):
        return sql_literal(e.value)
    if isinstance(e, ast.Param):
        return sql_literal(params[e.index]) if e.index < len(params) else "?"
    if isinstance(e, ast.Binary):
        return f"{_inner(e.left, params)} {e.op.lower() if e.op.isalpha() else e.op} {_inner(e.right, params)}"
    if isinstance(e, ast.Unary):
        return f"{e.op.lower()} {_inner(e.operand, params)}" if e.op.isalpha() else f"{e.op}{_inner(e.operand, params)}"
    if isinstance(e, (ast.Call, ast.Aggregate)):
        return f"{e.name.lower()}({','.join('*' if isinstance(a, ast.Star) else render(a, params) for a in e.args)})"
    if isinstance(e, ast.Cast):
        return f"cast({render(e.operand, params)} as {e.type.name})"
    if isinstance(e, Sub):
        return "(subquery)"
    return f"{type(e).__name__.lower()}({','.join(render(c, params) for c in children(e))})"


def _inner(e: Expr, params: tuple[Any, ...]) -> str:
    text = render(e, params)
    return f"({text})" if isinstance(e, (ast.Binary, ast.Between)) else text
