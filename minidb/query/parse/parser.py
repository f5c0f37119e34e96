"""`parse`: statement text to syntax tree.

The grammar is grammar.lark, its LALR tables come from tables.py, lexer.py makes the tokens, lalr.py runs the automaton and the
build_*.py modules make the nodes.  What does not parse but begins like a statement of MySQL that minidb lacks is refused with
1235."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from minidb.errors import SqlError, SqlSyntaxError
from minidb.query import ast
from minidb.query.parse import (
    build_alter,
    build_columns,
    build_control,
    build_definitions,
    build_expressions,
    build_joins,
    build_queries,
    build_show,
    tables,
)
from minidb.query.parse.lalr import Automaton
from minidb.query.parse.lexer import Lexer, Token
from minidb.query.parse.refusals import refuse
from minidb.query.parse.splitter import split_statements

__all__ = ["parse", "parse_normalized", "split_statements"]

_BUILDERS: tuple[ModuleType, ...] = (
    build_expressions, build_queries, build_joins, build_columns, build_definitions, build_alter, build_control, build_show
)
_automaton: Automaton | None = None


def _actions() -> dict[str, Callable[..., Any]]:
    """All building functions by name.  A name defined twice would be ambiguous."""
    found: dict[str, Callable[..., Any]] = {}
    for module in _BUILDERS:
        for name, item in vars(module).items():
            if not name.startswith("_") and callable(item) and getattr(item, "__module__", "") == module.__name__:
                assert name not in found or not callable(found[name]) or found[name] is item, name
                found[name] = item
    return found


def load() -> Automaton:
    """The automaton, loaded at the first call (milliseconds with a cache file, about a second without)."""
    global _automaton
    if _automaton is None:
        _automaton = Automaton(tables.load(), _actions())
    return _automaton


def parse(text: str) -> ast.Statement:
    """The syntax tree of one statement (a ``;`` at its end is allowed; ``?`` is a Param).  Raises 1064 (SqlSyntaxError, with the
    place), 1065 if there is no statement in `text`, 1235 for statements that minidb lacks."""
    automaton = load()
    try:
        tree: ast.Statement = automaton.parse(text)
    except SqlSyntaxError as error:
        tokens = _readable_tokens(text, automaton)
        if tokens:
            refuse(tokens, error)
        elif error.position == len(text):
            raise SqlError.of(1065) from None
        raise
    return tree


def parse_normalized(key: str) -> ast.Statement:
    """The tree of a key made by `normalize`: lifted literals are ``?`` there and Param(i) here."""
    return parse(key)


def _readable_tokens(text: str, automaton: Automaton) -> list[Token]:
    """The tokens of `text` up to the first place where no token begins."""
    terminals = automaton.tables.terminals
    try:
        return Lexer(text, terminals).tokens()
    except SqlSyntaxError as error:
        return Lexer(text[: error.position], terminals).tokens()
