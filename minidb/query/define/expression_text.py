"""Unbound expressions as SQL text in the server's spelling: what SHOW CREATE TABLE prints for CHECK and for DEFAULT (expression).

The text can be parsed again and means the same.  Operators get brackets only where precedence needs them, names are quoted,
functions are in lower case under their canonical names, NOT is pushed into tests.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

from minidb.errors import SqlError
from minidb.query import ast

PRECEDENCE = {"OR": 1, "XOR": 2, "AND": 3, "=": 6, "<=>": 6, "<>": 6, "<": 6, "<=": 6, ">": 6, ">=": 6, "|": 7, "&": 8, "<<": 9,
              ">>": 9, "+": 10, "-": 10, "*": 11, "/": 11, "DIV": 11, "%": 11, "^": 12, "->": 15, "->>": 15}
BETWEEN, NOT, TEST, UNARY, ATOM = 5, 4, 6, 13, 20
INVERSE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
NAMES = {"UPPER": "ucase", "LOWER": "lcase", "LENGTH": "octet_length", "NOW": "current_timestamp", "CURRENT_DATE": "curdate",
         "CURRENT_TIME": "curtime", "SUBSTRING": "substr", "MID": "substr", "CHARACTER_LENGTH": "char_length", "DAY": "dayofmonth",
         "POWER": "pow", "LOCALTIME": "current_timestamp", "LOCALTIMESTAMP": "current_timestamp", "CEIL": "ceiling"}
WORDS = {"%": "MOD", "DIV": "DIV", "AND": "and", "OR": "or", "XOR": "xor"}


def sql_text(e: ast.Expr) -> str:
    """`e` as text.  Raises 1970 for a subquery and for anything else that a definition may not contain."""
    return _text(e)[0]


def default_text(e: ast.Expr) -> str:
    """A DEFAULT expression: function calls stand alone, anything else in brackets."""
    text = sql_text(e)
    plain = isinstance(e, (ast.Literal, ast.Call)) and not (isinstance(e, ast.Call) and e.name in ("DATE_ADD", "DATE_SUB"))
    return text if plain else f"({text})"


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _within(e: ast.Expr, outer: int, strict: bool = False) -> str:
    """`e` as an operand of an operator of precedence `outer`; strict: equal precedence needs brackets too."""
    text, inner = _text(e)
    return f"({text})" if inner < outer or (strict and inner == outer) else text


def _literal(e: ast.Literal) -> str:
    from minidb.types.text import sql_literal

    value: Any = e.value
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return (f"_{e.charset}" if e.charset else "") + f"'{escaped}'"
    if isinstance(value, datetime.datetime):
        return f"TIMESTAMP{sql_literal(value)}"
    if isinstance(value, datetime.date):
        return f"DATE{sql_literal(value)}"
    if isinstance(value, datetime.timedelta):
        return f"TIME{sql_literal(value)}"
    if isinstance(value, bytes):
        return sql_literal(value)
    return e.text or str(value)


def _text(e: ast.Expr) -> tuple[str, int]:
    """(text, precedence)."""
    if isinstance(e, ast.Literal):
        return _literal(e), ATOM
    if isinstance(e, ast.ColumnRef):
        return ".".join(_quoted(p) for p in (e.db, e.table, e.name) if p), ATOM
    if isinstance(e, ast.Binary):
        own = PRECEDENCE[e.op]
        return f"{_within(e.left, own)} {WORDS.get(e.op, e.op)} {_within(e.right, own, strict=True)}", own
    if isinstance(e, ast.Unary):
        return _unary(e)
    if isinstance(e, (ast.IsTest, ast.Between, ast.InList, ast.Like, ast.Regexp)):
        return _test(e)
    if isinstance(e, ast.Call):
        return _call(e)
    if isinstance(e, ast.Case):
        return _case(e), ATOM
    if isinstance(e, ast.Cast):
        return f"cast({sql_text(e.operand)} as {_cast_type(e)})", ATOM
    if isinstance(e, ast.ConvertUsing):
        return f"convert({sql_text(e.operand)} using {e.charset})", ATOM
    if isinstance(e, ast.Collate):
        return f"{_within(e.operand, UNARY)} collate {e.collation}", UNARY
    if isinstance(e, ast.Interval):
        return f"interval {sql_text(e.amount)} {e.unit.lower()}", ATOM
    if isinstance(e, ast.RowExpr):
        return "(" + ",".join(map(sql_text, e.items)) + ")", ATOM
    raise SqlError.text(1970, "CHECK does not support subqueries or stored functions")


def _unary(e: ast.Unary) -> tuple[str, int]:
    if e.op == "NOT":
        return _text(_negated(e.operand))
    if e.op == "BINARY":
        return f"cast({sql_text(e.operand)} as char charset binary)", ATOM
    return f"{e.op}{_within(e.operand, UNARY)}", UNARY


def _negated(e: ast.Expr) -> ast.Expr:
    """NOT e without the NOT."""
    if isinstance(e, ast.Unary) and e.op == "NOT":
        return e.operand
    if isinstance(e, (ast.IsTest, ast.Between, ast.InList, ast.Like, ast.Regexp)):
        return replace(e, negated=not e.negated)
    if isinstance(e, ast.Binary) and e.op in INVERSE:
        return ast.Binary(INVERSE[e.op], e.left, e.right)
    if isinstance(e, ast.Binary) and e.op in ("AND", "OR"):
        return ast.Binary("OR" if e.op == "AND" else "AND", _negated(e.left), _negated(e.right))
    return ast.Binary("=", e, ast.Literal(0))


def _test(e: ast.IsTest | ast.Between | ast.InList | ast.Like | ast.Regexp) -> tuple[str, int]:
    no = " not" if e.negated else ""
    if isinstance(e, ast.Between):
        operand, low, high = (_within(x, TEST, strict=True) for x in (e.operand, e.low, e.high))
        return f"{operand}{no} between {low} and {high}", BETWEEN
    operand = _within(e.operand, TEST)
    if isinstance(e, ast.IsTest):
        return f"{operand} is{no} {e.what.lower()}", TEST
    if isinstance(e, ast.InList):
        return f"{operand}{no} in (" + ",".join(map(sql_text, e.items)) + ")", TEST
    pattern = _within(e.pattern, TEST, strict=True)
    if isinstance(e, ast.Regexp):
        return f"{operand}{no} regexp {pattern}", TEST
    escape = "" if e.escape is None else f" escape {sql_text(e.escape)}"
    return f"{operand}{no} like {pattern}{escape}", TEST


def _call(e: ast.Call) -> tuple[str, int]:
    if e.name in ("DATE_ADD", "DATE_SUB") and len(e.args) == 2 and isinstance(e.args[1], ast.Interval):
        sign = "+" if e.name == "DATE_ADD" else "-"
        return f"{_within(e.args[0], PRECEDENCE['+'])} {sign} {sql_text(e.args[1])}", PRECEDENCE["+"]
    name = NAMES.get(e.name, e.name.lower())
    if e.name == "EXTRACT":
        unit = e.args[0]
        word = unit.value.lower() if isinstance(unit, ast.Literal) else sql_text(unit)
        return f"extract({word} from {sql_text(e.args[1])})", ATOM
    return f"{name}({','.join(map(sql_text, e.args))})", ATOM


def _case(e: ast.Case) -> str:
    parts = ["case"]
    if e.operand is not None:
        parts.append(sql_text(e.operand))
    for test, value in e.branches:
        parts.append(f"when {sql_text(test)} then {sql_text(value)}")
    if e.otherwise is not None:
        parts.append(f"else {sql_text(e.otherwise)}")
    return " ".join([*parts, "end"])


def _cast_type(e: ast.Cast) -> str:
    t = e.type
    if t.name in ("char", "varchar", "text", "longtext"):
        length = f"({t.length})" if t.length else ""
        return f"char{length} charset {t.charset or 'utf8mb4'}"
    if t.name == "bigint":
        return "unsigned" if t.unsigned else "signed"
    if t.name == "decimal":
        return f"decimal({t.length or 10},{t.scale or 0})"
    return f"{t.name}({t.scale})" if t.scale else t.name
