"""Building functions for CREATE, DROP, TRUNCATE, RENAME, and for the keys and options that CREATE and ALTER TABLE share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from minidb.errors import SqlError
from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.parse.lalr import Misplaced
from minidb.query.parse.lexer import Token

Option = tuple[str, str]
IndexOption = tuple[str, str]

# ---- keys and constraints


def key_part(token: Token, *rest: Any) -> ast.KeyPart:
    length, descending = rest if len(rest) == 2 else (None, rest[0])
    return ast.KeyPart(token.value, None if length is None else length.value, descending)


def constraint_name(_: bool, token: Token) -> str:
    return str(token.value)


def index_comment(token: Token) -> IndexOption:
    return "comment", token.value


def index_using(token: Token) -> IndexOption:
    return "using", token.value.upper()


def index_ignored(*_: Any) -> IndexOption:
    return "ignored", ""


def _index(kind: str, name: str | None, using: str | None, parts: tuple[ast.KeyPart, ...], options: tuple[IndexOption, ...],
           constraint: str | None = None, if_not_exists: bool = False) -> ast.IndexSpec:
    given = dict(options)
    return ast.IndexSpec(kind, name, parts, given.get("using", using), given.get("comment", ""), constraint, if_not_exists)


def primary_key(constraint: str | None, name: str | None, using: str | None, parts: tuple[ast.KeyPart, ...],
                options: tuple[IndexOption, ...]) -> ast.IndexSpec:
    return _index("PRIMARY", name, using, parts, options, constraint)


def unique_key(constraint: str | None, if_not_exists: bool, name: str | None, using: str | None,
               parts: tuple[ast.KeyPart, ...], options: tuple[IndexOption, ...]) -> ast.IndexSpec:
    return _index("UNIQUE", name, using, parts, options, constraint, if_not_exists)


def plain_key(if_not_exists: bool, name: str | None, using: str | None, parts: tuple[ast.KeyPart, ...],
              options: tuple[IndexOption, ...]) -> ast.IndexSpec:
    return _index("INDEX", name, using, parts, options, None, if_not_exists)


def special_key(kind: str, if_not_exists: bool, name: str | None, parts: tuple[ast.KeyPart, ...],
                options: tuple[IndexOption, ...]) -> ast.IndexSpec:
    return _index(kind, name, None, parts, options, None, if_not_exists)


def check(constraint: str | None, checked: tuple[str, Expr]) -> ast.CheckSpec:
    return ast.CheckSpec(constraint, checked[1], checked[0])


def references(table: ast.TableRef, columns: tuple[str, ...], *rest: Any) -> ast.ForeignKeySpec:
    actions: dict[str, str] = dict(part for part in rest if isinstance(part, tuple))
    return ast.ForeignKeySpec(None, None, (), table, columns, actions.get("DELETE"), actions.get("UPDATE"))


def on_delete(action: str) -> Option:
    return "DELETE", action


def on_update(action: str) -> Option:
    return "UPDATE", action


def foreign_key(constraint: str | None, if_not_exists: bool, index_name: str | None, columns: tuple[str, ...],
                target: ast.ForeignKeySpec) -> ast.ForeignKeySpec:
    return ast.ForeignKeySpec(constraint, index_name, columns, target.ref_table, target.ref_columns, target.on_delete,
                              target.on_update, if_not_exists)


# ---- table options


def present_sequence(*options: Option | None) -> tuple[Option, ...]:
    return tuple(option for option in options if option is not None)


_OPTIONS = frozenset(
    [
        "AUTO_INCREMENT", "AVG_ROW_LENGTH", "CHARSET", "CHECKSUM", "COMMENT", "COMPRESSION", "CONNECTION", "DELAY_KEY_WRITE",
        "ENCRYPTED", "ENCRYPTION", "ENCRYPTION_KEY_ID", "ENGINE", "INSERT_METHOD", "ITEF_QUOTES", "KEY_BLOCK_SIZE", "MAX_ROWS",
        "MIN_ROWS", "PACK_KEYS", "PAGE_COMPRESSED", "PAGE_COMPRESSION_LEVEL", "PASSWORD", "ROW_FORMAT", "SEQUENCE", "STORAGE",
        "TABLE_CHECKSUM", "TABLESPACE", "TRANSACTIONAL", "TYPE", "WITH",
    ]
)


def table_option(token: Token, value: str) -> Option:
    upper = token.value.upper()
    if upper not in _OPTIONS:
        raise Misplaced
    if upper == "CHARSET":
        value = value.lower()
    return "ENGINE" if upper == "TYPE" else upper, value


def charset_option(value: str) -> Option:
    return "CHARSET", value.lower()


def collate_option(value: str) -> Option:
    return "COLLATE", value.lower()


def comment_option(token: Token) -> Option:
    return "COMMENT", token.value


def directory_option(token: Token) -> Option:
    return "DIRECTORY", token.value


def reserved_table_option(word: str, value: str) -> Option:
    return word, value


def union_option(tables: tuple[ast.TableRef, ...] | None) -> Option:
    return "UNION", ",".join(table.name for table in tables or ())


def number_text(token: Token) -> str:
    return str(token.value)


def default_text() -> str:
    return "DEFAULT"


# ---- CREATE TABLE


def create_query_plain(query: ast.Query) -> tuple[str, ast.Query]:
    return "", query


def create_query_ignore(query: ast.Query) -> tuple[str, ast.Query]:
    return "IGNORE", query


def create_query_replace(query: ast.Query) -> tuple[str, ast.Query]:
    return "REPLACE", query


def _places(elements: tuple[Any, ...]) -> tuple[ast.ForeignKeySpec, ...]:
    """The foreign keys, each with the number of indexes written before it."""
    keys: list[ast.ForeignKeySpec] = []
    indexes = 0
    for element in elements:
        if isinstance(element, ast.IndexSpec):
            indexes += 1
        elif isinstance(element, ast.ForeignKeySpec):
            keys.append(replace(element, pos=indexes))
    return tuple(keys)


def create_columns(elements: tuple[Any, ...], options: tuple[Option, ...], query: tuple[str, ast.Query] | None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "columns": tuple(e for e in elements if isinstance(e, ast.ColumnSpec)),
        "indexes": tuple(e for e in elements if isinstance(e, ast.IndexSpec)),
        "foreign_keys": _places(elements),
        "checks": tuple(e for e in elements if isinstance(e, ast.CheckSpec)),
        "options": options,
    }
    return body | create_as(query)


def create_options(options: tuple[Option, ...], query: tuple[str, ast.Query] | None) -> dict[str, Any]:
    return {"options": options} | create_as(query)


def create_as(query: tuple[str, ast.Query] | None) -> dict[str, Any]:
    return {} if query is None else {"query_mode": query[0], "query": query[1]}


def create_nothing() -> dict[str, Any]:
    raise SqlError.of(1113)


def create_like(table: ast.TableRef) -> dict[str, Any]:
    return {"like": table}


def create_table(or_replace: bool, temporary: bool, if_not_exists: bool, table: ast.TableRef,
                 body: dict[str, Any]) -> ast.CreateTable:
    if or_replace and if_not_exists:
        raise Misplaced
    return ast.CreateTable(table, or_replace=or_replace, temporary=temporary, if_not_exists=if_not_exists, **body)


# ---- other definitions


def index_plain() -> str:
    return "INDEX"


def index_unique() -> str:
    return "UNIQUE"


def create_index(or_replace: bool, kind: str, if_not_exists: bool, token: Token, using: str | None, table: ast.TableRef,
                 parts: tuple[ast.KeyPart, ...], options: tuple[IndexOption, ...]) -> ast.CreateIndex:
    spec = _index(kind, token.value, using, parts, options, None, if_not_exists)
    return ast.CreateIndex(spec, table, or_replace)


def create_database(or_replace: bool, if_not_exists: bool, token: Token, *options: Option) -> ast.CreateDatabase:
    return ast.CreateDatabase(token.value, if_not_exists, or_replace, options)


def drop_table(temporary: bool, if_exists: bool, tables: tuple[ast.TableRef, ...], _: str) -> ast.DropTable:
    return ast.DropTable(tables, if_exists, temporary)


def drop_tables(if_exists: bool, tables: tuple[ast.TableRef, ...], _: str) -> ast.DropTable:
    return ast.DropTable(tables, if_exists)


def drop_view(if_exists: bool, tables: tuple[ast.TableRef, ...]) -> ast.DropTable:
    return ast.DropTable(tables, if_exists, view=True)


def drop_database(if_exists: bool, token: Token) -> ast.DropDatabase:
    return ast.DropDatabase(token.value, if_exists)


def drop_index(if_exists: bool, name: str, table: ast.TableRef, *_: Any) -> ast.DropIndex:
    return ast.DropIndex(name, table, if_exists)


def truncate(table: ast.TableRef, _: str) -> ast.Truncate:
    return ast.Truncate(table)


def rename_table(_: bool, *pairs: tuple[ast.TableRef, ast.TableRef]) -> ast.RenameTable:
    return ast.RenameTable(pairs)


def rename_pair(old: ast.TableRef, _: str, new: ast.TableRef) -> tuple[ast.TableRef, ast.TableRef]:
    return old, new


def ddl_nowait() -> str:
    return "NOWAIT"


def ddl_wait(token: Token) -> str:
    return f"WAIT {token.value}"
