"""Building functions for ALTER TABLE: an action of the grammar gives one AlterAction, or several (ADD COLUMN (a INT, b INT))."""

from __future__ import annotations

from typing import Any

from minidb.query import ast
from minidb.query.ast import AlterAction, Expr
from minidb.query.parse.lexer import Token

Option = tuple[str, str]


def alter_table(if_exists: bool, table: ast.TableRef, wait: str, actions: tuple[Any, ...]) -> ast.AlterTable:
    flat: list[AlterAction] = []
    for action in actions:
        flat += action if isinstance(action, list) else [action]
    return ast.AlterTable(table, tuple(flat), wait, if_exists)


def _element(element: Any, if_not_exists: bool = False) -> AlterAction:
    if isinstance(element, ast.ColumnSpec):
        return AlterAction("ADD_COLUMN", column=element, if_not_exists=if_not_exists)
    if isinstance(element, ast.IndexSpec):
        return AlterAction("ADD_INDEX", index=element, if_not_exists=element.if_not_exists)
    if isinstance(element, ast.ForeignKeySpec):
        return AlterAction("ADD_FOREIGN_KEY", foreign_key=element, if_not_exists=element.if_not_exists)
    return AlterAction("ADD_CHECK", check=element)


def add_column(if_not_exists: bool, column: ast.ColumnSpec, place: str) -> AlterAction:
    return AlterAction("ADD_COLUMN", column=column, place=place, if_not_exists=if_not_exists)


def add_columns(if_not_exists: bool, elements: tuple[Any, ...]) -> list[AlterAction]:
    return [_element(element, if_not_exists) for element in elements]


def add_constraint(element: Any) -> AlterAction:
    return _element(element)


def drop_column(if_exists: bool, token: Token) -> AlterAction:
    return AlterAction("DROP_COLUMN", token.value, if_exists=if_exists)


def modify_column(if_exists: bool, column: ast.ColumnSpec, place: str) -> AlterAction:
    return AlterAction("MODIFY_COLUMN", column=column, place=place, if_exists=if_exists)


def change_column(if_exists: bool, token: Token, column: ast.ColumnSpec, place: str) -> AlterAction:
    return AlterAction("CHANGE_COLUMN", token.value, column=column, place=place, if_exists=if_exists)


def rename_column(if_exists: bool, old: Token, new: Token) -> AlterAction:
    return AlterAction("RENAME_COLUMN", old.value, new.value, if_exists=if_exists)


def set_default(if_exists: bool, token: Token, default: tuple[str, Expr]) -> AlterAction:
    return AlterAction("SET_DEFAULT", token.value, expr=default[1], if_exists=if_exists)


def drop_default(if_exists: bool, token: Token) -> AlterAction:
    return AlterAction("SET_DEFAULT", token.value, if_exists=if_exists)


def alter_drop_index(if_exists: bool, name: str) -> AlterAction:
    return AlterAction("DROP_INDEX", name, if_exists=if_exists)


def drop_primary() -> AlterAction:
    return AlterAction("DROP_PRIMARY")


def drop_foreign_key(if_exists: bool, token: Token) -> AlterAction:
    return AlterAction("DROP_FOREIGN_KEY", token.value, if_exists=if_exists)


def drop_constraint(if_exists: bool, token: Token) -> AlterAction:
    return AlterAction("DROP_CONSTRAINT", token.value, if_exists=if_exists)


def rename_index(if_exists: bool, old: Token, new: Token) -> AlterAction:
    return AlterAction("RENAME_INDEX", old.value, new.value, if_exists=if_exists)


def rename_to(table: ast.TableRef) -> AlterAction:
    return AlterAction("RENAME_TABLE", table=table)


def convert_charset(charset: str, collation: str | None) -> AlterAction:
    options: tuple[Option, ...] = (("CHARSET", charset.lower()),)
    if collation is not None:
        options += (("COLLATE", collation.lower()),)
    return AlterAction("CONVERT_CHARSET", options=options)


def alter_options(*options: Option) -> AlterAction:
    return AlterAction("OPTIONS", options=options)


def enable_keys() -> AlterAction:
    return AlterAction("ENABLE_KEYS")


def disable_keys() -> AlterAction:
    return AlterAction("DISABLE_KEYS")


def alter_order(_: tuple[ast.OrderItem, ...]) -> AlterAction:
    return AlterAction("ORDER_BY")


def force() -> AlterAction:
    return AlterAction("FORCE")


def algorithm(token: Token | None = None) -> AlterAction:
    return AlterAction("ALGORITHM", "DEFAULT" if token is None else token.value.upper())


def lock_option(token: Token | None = None) -> AlterAction:
    return AlterAction("LOCK", "DEFAULT" if token is None else token.value.upper())


def place_first() -> str:
    return "FIRST"


def place_after(token: Token) -> str:
    return f"AFTER {token.value}"
