"""Building functions for EXPLAIN, DESCRIBE and SHOW."""

from __future__ import annotations

from typing import Any

from minidb.query import ast
from minidb.query.ast import Expr, Show, TableRef
from minidb.query.parse.lexer import Token

Filter = tuple[str | None, Expr | None] | None


def explain_format(token: Token) -> tuple[str, str]:
    return "format", str(token.value).upper()


def explain_analyze() -> tuple[str, str]:
    return "analyze", ""


def explain_ignored() -> tuple[str, str]:
    return "ignored", ""


def explain(*parts: Any) -> ast.Explain:
    options = dict(parts[:-1])
    form = options.get("format", "")
    return ast.Explain(parts[-1], "" if form == "TRADITIONAL" else form, "analyze" in options)


def analyze(*parts: Any) -> ast.Explain:
    return ast.Explain(parts[-1], dict(parts[:-1]).get("format", ""), True)


def describe(table: TableRef, column: Token | None) -> ast.Describe:
    return ast.Describe(table, None if column is None else column.value)


# ---- pieces of SHOW


def show_like(token: Token) -> Filter:
    return token.value, None


def show_condition(expr: Expr) -> Filter:
    return None, expr


def show_table(table: TableRef, db: str | None) -> TableRef:
    return table if db is None else TableRef(table.name, db, pos=table.pos)


def show_user(*_: Any) -> None:
    return None


def _show(what: str, given: Filter = None, **fields: Any) -> Show:
    like, where = given or (None, None)
    return Show(what, like=like, where=where, **fields)


# ---- SHOW


def show_databases(given: Filter) -> Show:
    return _show("DATABASES", given)


def show_tables(full: bool, db: str | None, given: Filter) -> Show:
    return _show("TABLES", given, full=full, db=db)


def show_columns(full: bool, table: TableRef, given: Filter) -> Show:
    return _show("COLUMNS", given, full=full, table=table)


def show_index(table: TableRef, given: Filter) -> Show:
    return _show("INDEX", given, table=table)


def show_create_table(table: TableRef) -> Show:
    return Show("CREATE TABLE", table)


def show_create_view(table: TableRef) -> Show:
    return Show("CREATE VIEW", table)


def show_create_database(if_not_exists: bool, token: Token) -> Show:
    return Show("CREATE DATABASE", db=token.value, full=if_not_exists)


def show_table_status(db: str | None, given: Filter) -> Show:
    return _show("TABLE STATUS", given, db=db)


def show_open_tables(db: str | None, given: Filter) -> Show:
    return _show("OPEN TABLES", given, db=db)


def show_status(scope: str, given: Filter) -> Show:
    return _show("STATUS", given, scope=scope)


def show_variables(scope: str, given: Filter) -> Show:
    return _show("VARIABLES", given, scope=scope)


def show_engines() -> Show:
    return Show("ENGINES")


def show_engine_status(engine: Token, *_: Any) -> Show:
    return Show("ENGINE STATUS", name=engine.value)


def show_warnings(limit: ast.Limit | None) -> Show:
    return Show("WARNINGS", limit=limit)


def show_errors(limit: ast.Limit | None) -> Show:
    return Show("ERRORS", limit=limit)


def show_count_warnings(_: Token) -> Show:
    return Show("COUNT WARNINGS")


def show_count_errors(_: Token) -> Show:
    return Show("COUNT ERRORS")


def show_processlist(full: bool) -> Show:
    return Show("PROCESSLIST", full=full)


def show_collation(given: Filter) -> Show:
    return _show("COLLATION", given)


def show_charset(given: Filter) -> Show:
    return _show("CHARACTER SET", given)


def show_grants(*_: Any) -> Show:
    return Show("GRANTS")


def show_plugins() -> Show:
    return Show("PLUGINS")


def show_triggers(db: str | None, given: Filter) -> Show:
    return _show("TRIGGERS", given, db=db)


def show_events(db: str | None, given: Filter) -> Show:
    return _show("EVENTS", given, db=db)


def show_procedures(given: Filter) -> Show:
    return _show("PROCEDURE STATUS", given)


def show_functions(given: Filter) -> Show:
    return _show("FUNCTION STATUS", given)


def show_packages(given: Filter) -> Show:
    return _show("PACKAGE STATUS", given)


def show_privileges() -> Show:
    return Show("PRIVILEGES")


def show_master_status() -> Show:
    return Show("MASTER STATUS")


def show_slave_status() -> Show:
    return Show("SLAVE STATUS")


def show_binary_logs() -> Show:
    return Show("BINARY LOGS")


def show_tree(table: TableRef, index: str | None) -> Show:
    return Show("TREE", table, name=index)


def show_versions(table: TableRef, where: Expr | None) -> Show:
    return Show("VERSIONS", table, where=where)
