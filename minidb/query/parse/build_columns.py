"""Building functions for column definitions: an attribute is a (key, value) pair, `column_spec` folds them into a ColumnSpec."""

from __future__ import annotations

from typing import Any

from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.parse.build_types import column_sql_type
from minidb.query.parse.lalr import Misplaced, spanned
from minidb.query.parse.lexer import Token

Attribute = tuple[str, Any]


def double_type() -> str:
    return "DOUBLE"


def varchar_type() -> str:
    return "VARCHAR"


def nchar_type(*_: Any) -> str:
    return "NCHAR"


def nvarchar_type() -> str:
    return "NVARCHAR"


def mediumtext_type() -> str:
    return "MEDIUMTEXT"


def mediumblob_type() -> str:
    return "MEDIUMBLOB"


def signed_type() -> str:
    return "SIGNED"


def unsigned_type() -> str:
    return "UNSIGNED"


def set_type() -> str:
    return "SET"


def hex_text(token: Token) -> str:
    return bytes(token.value).decode("utf-8", "replace")


def type(name: str, size: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    return name, size


def column_spec(token: Token, type_words: tuple[str, tuple[Any, ...]], *attributes: Attribute) -> ast.ColumnSpec:
    given: dict[str, Any] = {}
    for key, value in attributes:
        given[key] = value
    if "collation" in given and given["collation"] is not None and "charset" not in given:
        given["charset"] = None
    sql_type = column_sql_type(*type_words, given, token.value)
    serial = type_words[0].upper() == "SERIAL" or "serial" in given
    text, expr = given.get("default", ("", None))
    return ast.ColumnSpec(
        name=token.value,
        type=sql_type,
        nullable=False if serial else given.get("nullable"),
        default=expr,
        default_text=text,
        auto_increment=serial or "auto_increment" in given,
        unique=serial or "unique" in given,
        primary="primary" in given,
        comment=given.get("comment", ""),
        on_update=given.get("on_update"),
        check=given.get("check"),
        references=given.get("references"),
        generated=given.get("generated"),
        stored="stored" in given,
        invisible="invisible" in given,
    )


def attr_not_null() -> Attribute:
    return "nullable", False


def attr_null() -> Attribute:
    return "nullable", True


def attr_default(value: tuple[str, Expr]) -> Attribute:
    return "default", value


def attr_auto_increment() -> Attribute:
    return "auto_increment", True


def attr_unique() -> Attribute:
    return "unique", True


def attr_primary() -> Attribute:
    return "primary", True


def attr_comment(token: Token) -> Attribute:
    return "comment", token.value


def attr_on_update(clock: Expr) -> Attribute:
    return "on_update", clock


def attr_check(check: ast.CheckSpec) -> Attribute:
    return "check", check


def attr_collate(collation: str) -> Attribute:
    return "collation", collation.lower()


def attr_charset(charset: str) -> Attribute:
    return "charset", charset.lower()


def attr_references(references: ast.ForeignKeySpec) -> Attribute:
    return "references", references


def attr_generated(expr: Expr) -> Attribute:
    return "generated", expr


def attr_virtual() -> Attribute:
    return "virtual", True


def attr_stored() -> Attribute:
    return "stored", True


def attr_invisible() -> Attribute:
    return "invisible", True


def attr_unsigned() -> Attribute:
    return "unsigned", True


def attr_zerofill() -> Attribute:
    return "zerofill", True


def attr_binary() -> Attribute:
    return "binary", True


def attr_serial() -> Attribute:
    return "serial", True


def attr_ignored(*_: Any) -> Attribute:
    return "ignored", True


# ---- DEFAULT and CHECK


@spanned
def text_of(text: str, expr: Expr) -> tuple[str, Expr]:
    if isinstance(expr, ast.ColumnRef):
        raise Misplaced
    return text, expr


@spanned
def checked(text: str, expr: Expr) -> tuple[str, Expr]:
    return text, expr


def named_check(token: Token | None, checked: tuple[str, Expr]) -> ast.CheckSpec:
    return ast.CheckSpec(None if token is None else token.value, checked[1], checked[0])


def unnamed_check(checked: tuple[str, Expr]) -> ast.CheckSpec:
    return ast.CheckSpec(None, checked[1], checked[0])
