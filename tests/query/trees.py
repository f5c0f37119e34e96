"""A syntax tree as one line of text, and parameters put back into a tree."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Any

from minidb.query import ast
from minidb.types.sqltype import SqlType


def shown(value: Any) -> str:
    """Nodes as ``Name(field=..., ...)`` without fields that have their default value and without places in the text."""
    if isinstance(value, ast.Literal) and value.charset is None:
        return repr(value.value)
    if isinstance(value, ast.ColumnRef):
        return ".".join(f"`{part}`" for part in (value.db, value.table, value.name) if part is not None)
    if isinstance(value, tuple):
        return "[" + ", ".join(shown(item) for item in value) + "]"
    if isinstance(value, (ast.Node, SqlType)):
        parts = []
        for f in fields(value):
            item = getattr(value, f.name)
            if f.name in ("pos", "family") or (f.default is not MISSING and item == f.default):
                continue
            parts.append(f"{f.name}={shown(item)}")
        return f"{type(value).__name__}({', '.join(parts)})"
    return repr(value)


def with_values(value: Any, params: tuple[Any, ...]) -> Any:
    """The tree with each Param replaced by the literal of its value; a minus before a number becomes part of it."""
    if isinstance(value, ast.Param):
        return ast.Literal(params[value.index])
    if isinstance(value, tuple):
        return tuple(with_values(item, params) for item in value)
    if is_dataclass(value) and isinstance(value, ast.Node):
        changed = {f.name: with_values(getattr(value, f.name), params) for f in fields(value)}
        made = replace(value, **changed)
        if isinstance(made, ast.Unary) and made.op == "-" and isinstance(made.operand, ast.Literal):
            number = made.operand.value
            if not isinstance(number, (str, bytes)) and number is not None:
                return ast.Literal(-number)
        return made
    return value
