"""Building functions for transactions, variables, locks, maintenance and prepared statements."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from minidb.errors import SqlError, unsupported
from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.parse.build_expressions import split_variable
from minidb.query.parse.lexer import Token

# ---- transactions


def begin() -> ast.Begin:
    return ast.Begin()


def start_transaction(*options: str | None) -> ast.Begin:
    given = [option for option in options if option is not None]
    access = [option for option in given if option.startswith("READ")]
    if len(access) > 1:
        raise SqlError.of(1221, access[0], access[1])
    return ast.Begin("WITH CONSISTENT SNAPSHOT" in given, access[0] if access else "")


def commit(chain: bool | None, release: bool | None) -> ast.Commit:
    return ast.Commit(chain, release)


def rollback(chain: bool | None, release: bool | None) -> ast.Rollback:
    return ast.Rollback(chain, release)


def rollback_to(token: Token) -> ast.RollbackTo:
    return ast.RollbackTo(token.value)


def savepoint(token: Token) -> ast.Savepoint:
    return ast.Savepoint(token.value)


def release_savepoint(token: Token) -> ast.ReleaseSavepoint:
    return ast.ReleaseSavepoint(token.value)


# ---- SET


def scope(word: Token) -> str:
    upper = str(word.value).upper()
    return "SESSION" if upper == "LOCAL" else upper


def set_transaction(scope: str, *options: tuple[str, str]) -> ast.SetTransaction:
    given = dict(options)
    return ast.SetTransaction(scope, given.get("isolation"), given.get("access"))


def isolation(level: str) -> tuple[str, str]:
    return "isolation", level


def read_only() -> tuple[str, str]:
    return "access", "READ ONLY"


def read_write() -> tuple[str, str]:
    return "access", "READ WRITE"


def set_names(charset: str | None = None, collation: str | None = None) -> ast.SetNames:
    return ast.SetNames(None if charset is None else charset.lower(), None if collation is None else collation.lower())


def set_user(token: Token, value: Expr) -> ast.SetItem:
    return ast.SetItem("user", token.value.lower(), value)


def _value(value: Expr | None) -> Expr | None:
    """A bare word stands for its text: SET x = utf8mb4."""
    if isinstance(value, ast.ColumnRef) and value.table is None:
        return ast.Literal(value.name)
    return value


def set_system(token: Token, value: Expr | None) -> ast.SetItem:
    scope, name = split_variable(token)
    return ast.SetItem(scope or "session", name, _value(value))


def set_plain(scope: str, token: Token, value: Expr | None) -> ast.SetItem:
    if token.value.upper() == "PASSWORD" and not scope:
        raise unsupported("SET PASSWORD")
    return ast.SetItem(scope.lower(), token.value.lower(), _value(value))


def set_structured(scope: str, prefix: Token, token: Token, value: Expr | None) -> ast.SetItem:
    return ast.SetItem(scope.lower(), f"{prefix.value.lower()}.{token.value.lower()}", _value(value))


def bare_word(word: str) -> Expr:
    return ast.Literal(word)


def set_variables(*items: ast.SetItem) -> ast.SetVariables:
    """A scope word holds for the plain names that follow it: SET SESSION a = 1, b = 2."""
    scope, result = "", []
    for item in items:
        if item.scope in ("session", "global"):
            scope = item.scope
        result.append(replace(item, scope=scope) if item.scope == "" else item)
    return ast.SetVariables(tuple(result))


# ---- locks, FLUSH, KILL


def lock_item(table: ast.TableRef, alias: str | None, kind: str) -> tuple[ast.TableRef, str]:
    return (table if alias is None else replace(table, alias=alias)), kind


def lock_tables(*parts: Any) -> ast.LockTables:
    return ast.LockTables(parts[:-1], parts[-1])


def unlock_tables() -> ast.UnlockTables:
    return ast.UnlockTables()


def flush_tables(tables: tuple[ast.TableRef, ...], with_read_lock: bool) -> ast.Flush:
    return ast.Flush("TABLES", tables, with_read_lock)


def flush_words(*tokens: Token) -> str:
    return " ".join(str(token.value).upper() for token in tokens)


def flush_other(what: str) -> ast.Flush:
    return ast.Flush(what)


def kill_connection(target: Expr) -> ast.Kill:
    return ast.Kill(target)


def kill_query(target: Expr) -> ast.Kill:
    return ast.Kill(target, True)


# ---- maintenance, USE, prepared statements


def use(token: Token) -> ast.Use:
    return ast.Use(token.value)


def check_table(tables: tuple[ast.TableRef, ...], *options: str) -> ast.TableMaintenance:
    return ast.TableMaintenance("CHECK", tables, options)


def analyze_table(tables: tuple[ast.TableRef, ...], *options: str) -> ast.TableMaintenance:
    return ast.TableMaintenance("ANALYZE", tables, options)


def optimize_table(tables: tuple[ast.TableRef, ...], _: str) -> ast.TableMaintenance:
    return ast.TableMaintenance("OPTIMIZE", tables)


def repair_table(tables: tuple[ast.TableRef, ...], *options: str) -> ast.TableMaintenance:
    return ast.TableMaintenance("REPAIR", tables, options)


def checksum_table(tables: tuple[ast.TableRef, ...], *options: str) -> ast.TableMaintenance:
    return ast.TableMaintenance("CHECKSUM", tables, options)


def prepare(token: Token, source: Expr) -> ast.Prepare:
    return ast.Prepare(token.value, source)


def execute(token: Token, args: tuple[Expr, ...] | None) -> ast.Execute:
    return ast.Execute(token.value, args or ())


def deallocate(token: Token) -> ast.Deallocate:
    return ast.Deallocate(token.value)
