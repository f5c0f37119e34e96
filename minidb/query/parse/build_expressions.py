"""Building functions for expressions: one for each name behind ``->`` in that part of grammar.lark."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from minidb.errors import SqlError
from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.parse.build_types import cast_sql_type
from minidb.query.parse.lalr import spanned
from minidb.query.parse.lexer import Token
from minidb.types.coerce import negated, to_bytes
from minidb.types.temporal import parse_time, read_datetime

# ---- small things used all over the grammar


def nothing(*_: Any) -> None:
    return None


def true() -> bool:
    return True


def false() -> bool:
    return False


def same(value: Any) -> Any:
    return value


def second(_: Any, value: Any) -> Any:
    return value


def pair(first: Any, other: Any) -> tuple[Any, Any]:
    return first, other


def sequence(*items: Any) -> tuple[Any, ...]:
    return items


def nothing_listed() -> tuple[Any, ...]:
    return ()


def empty_text() -> str:
    return ""


def name(token: Token) -> str:
    return str(token.value)


def upper_name(token: Token) -> str:
    return str(token.value).upper()


def names(*tokens: Token) -> tuple[str, ...]:
    return tuple(token.value for token in tokens)


def word(token: Token) -> str:
    return str(token.value).upper()


def words(*tokens: Token) -> tuple[str, ...]:
    return tuple(str(token.value).upper() for token in tokens)


def spaced(*tokens: Token | None) -> str:
    """Keywords as one text: READ COMMITTED."""
    return " ".join(str(token.value).upper() for token in tokens if token is not None)


def value(token: Token) -> Any:
    return token.value


def string_value(token: Token) -> str:
    return str(token.value)


def binary_name() -> str:
    return "binary"


# ---- literals


def integer(token: Token) -> ast.Literal:
    return ast.Literal(token.value)


def string(token: Token) -> ast.Literal:
    return ast.Literal(token.value)


def null() -> ast.Literal:
    return ast.Literal(None)


def true_literal() -> ast.Literal:
    return ast.Literal(True)


def false_literal() -> ast.Literal:
    return ast.Literal(False)


def introduced(introducer: Token, token: Token) -> ast.Literal:
    charset = str(introducer.value)[1:].lower()
    return ast.Literal(to_bytes(token.value) if charset == "binary" else token.value, charset=charset)


def temporal(kind: Token, token: Token) -> ast.Literal:
    """DATE '...', TIME '...', TIMESTAMP '...'; 1525 if the text is no such value."""
    word, text = kind.value.upper(), str(token.value)
    written = f"{word}'{text}'"
    if word == "TIME":
        span = parse_time(text)
        if span is not None:
            return ast.Literal(span, text=written)
    else:
        found = read_datetime(text)
        if found is not None and found[1]:
            return ast.Literal(found[0].date() if word == "DATE" else found[0], text=written)
    raise SqlError.of(1525, "DATETIME" if word == "TIMESTAMP" else word, text)


def param(token: Token) -> ast.Param:
    return ast.Param(token.value)


def user_variable(token: Token) -> ast.Variable:
    return ast.Variable(token.value.lower(), "user")


def split_variable(token: Token) -> tuple[str, str]:
    """(scope, name) of @@x, @@session.x, @@global.x, @@local.x, in lower case; structured names keep their prefix."""
    scope, _, rest = token.value.lower().partition(".")
    if rest and scope in ("session", "global", "local"):
        return ("session" if scope == "local" else scope), rest
    return "", token.value.lower()


def system_variable(token: Token) -> ast.Variable:
    scope, variable = split_variable(token)
    return ast.Variable(variable, scope)


def assign_variable(token: Token, expr: Expr) -> ast.AssignVariable:
    return ast.AssignVariable(token.value.lower(), expr)


# ---- names


def column(*tokens: Token) -> ast.ColumnRef:
    if len(tokens) == 1:
        token = tokens[0]
        return ast.ColumnRef(token.value, pos=token.start)
    if len(tokens) == 2:
        return ast.ColumnRef(tokens[1].value, tokens[0].value, pos=tokens[0].start)
    return ast.ColumnRef(tokens[2].value, tokens[1].value, tokens[0].value, pos=tokens[0].start)


# ---- operators


def or_(left: Expr, right: Expr) -> Expr:
    return ast.Binary("OR", left, right)


def xor(left: Expr, right: Expr) -> Expr:
    return ast.Binary("XOR", left, right)


def and_(left: Expr, right: Expr) -> Expr:
    return ast.Binary("AND", left, right)


def not_(operand: Expr) -> Expr:
    return ast.Unary("NOT", operand)


def compare_operator(token: Token) -> str:
    return "<>" if token.value == "!=" else str(token.value)


def binary(left: Expr, operator: str, right: Expr) -> Expr:
    return ast.Binary("%" if operator == "MOD" else operator, left, right)


def additive(left: Expr, operator: str, right: Expr) -> Expr:
    """+ and -, where either may have an INTERVAL beside it: date arithmetic then."""
    if isinstance(right, ast.Interval):
        return ast.Call("DATE_ADD" if operator == "+" else "DATE_SUB", (left, right))
    if isinstance(left, ast.Interval) and operator == "+":
        return ast.Call("DATE_ADD", (right, left))
    return ast.Binary(operator, left, right)


def is_test(operand: Expr, negated: bool, truth: str) -> Expr:
    return ast.IsTest(operand, truth, negated)


def quantified(operand: Expr, operator: str, quantifier: str, query: ast.Query) -> Expr:
    return ast.Quantified(operand, operator, "ALL" if quantifier == "ALL" else "ANY", query)


def in_query(operand: Expr, negated: bool, query: ast.Query) -> Expr:
    return ast.InSubquery(operand, query, negated)


def in_list(operand: Expr, negated: bool, items: tuple[Expr, ...]) -> Expr:
    return ast.InList(operand, items, negated)


def between(operand: Expr, negated: bool, low: Expr, high: Expr) -> Expr:
    return ast.Between(operand, low, high, negated)


def like(operand: Expr, negated: bool, pattern: Expr, escape: Expr | None) -> Expr:
    return ast.Like(operand, pattern, escape, negated)


def regexp(operand: Expr, negated: bool, pattern: Expr) -> Expr:
    return ast.Regexp(operand, pattern, negated)


def sounds_like(left: Expr, right: Expr) -> Expr:
    return ast.Binary("=", ast.Call("SOUNDEX", (left,)), ast.Call("SOUNDEX", (right,)))


def negative(operand: Expr) -> Expr:
    if isinstance(operand, ast.Literal) and type(operand.value) in (int, float, Decimal):
        return ast.Literal(negated(operand.value))
    return ast.Unary("-", operand)


def positive(operand: Expr) -> Expr:
    return ast.Unary("+", operand)


def bit_not(operand: Expr) -> Expr:
    return ast.Unary("~", operand)


def binary_operator(operand: Expr) -> Expr:
    return ast.Unary("BINARY", operand)


def collate(operand: Expr, collation: str) -> Expr:
    return ast.Collate(operand, collation.lower())


def json_extract(column: Expr, path: Token) -> Expr:
    return ast.Binary("->", column, ast.Literal(path.value))


def json_unquote(column: Expr, path: Token) -> Expr:
    return ast.Binary("->>", column, ast.Literal(path.value))


# ---- rows, subqueries, CASE


def row(first: Expr, rest: tuple[Expr, ...]) -> Expr:
    return ast.RowExpr((first, *rest))


def subquery(query: ast.Query) -> Expr:
    return ast.Subquery(query)


def exists(query: ast.Query) -> Expr:
    return ast.Exists(query)


def interval(amount: Expr, unit: str) -> Expr:
    return ast.Interval(amount, unit)


def interval_call(first: Expr, rest: tuple[Expr, ...]) -> Expr:
    return ast.Call("INTERVAL", (first, *rest))


def case_searched(branches: tuple[tuple[Expr, Expr], ...], otherwise: Expr | None) -> Expr:
    return ast.Case(None, branches, otherwise)


def case_simple(operand: Expr, branches: tuple[tuple[Expr, Expr], ...], otherwise: Expr | None) -> Expr:
    return ast.Case(operand, branches, otherwise)


def default_keyword() -> Expr:
    return ast.DefaultValue()


def default_of(column: ast.ColumnRef) -> Expr:
    return ast.DefaultValue(column)


def values_of(column: ast.ColumnRef) -> Expr:
    return ast.ValuesRef(column)


def match_columns(columns: tuple[ast.ColumnRef, ...]) -> tuple[ast.ColumnRef, ...]:
    return columns


def match(columns: tuple[ast.ColumnRef, ...], against: Expr, modifier: str) -> Expr:
    return ast.Match(columns, against, modifier)


# ---- functions


def call(function: Token, args: tuple[Expr, ...] | None) -> Expr:
    return ast.Call(function.value.upper(), args or (), pos=function.start)


def count_star(function: Token) -> Expr:
    return ast.Aggregate(function.value.upper(), (ast.Star(),))


def aggregate(function: Token, args: tuple[Expr, ...]) -> Expr:
    return ast.Aggregate(function.value.upper(), args)


def aggregate_distinct(function: Token, args: tuple[Expr, ...]) -> Expr:
    return ast.Aggregate(function.value.upper(), args, distinct=True)


def group_concat(function: Token, distinct: bool, args: tuple[Expr, ...], order: tuple[ast.OrderItem, ...],
                 separator: str | None, limit: ast.Limit | None) -> Expr:
    return ast.Aggregate("GROUP_CONCAT", args, distinct, order, "," if separator is None else separator, limit)


def row_number() -> Expr:
    return ast.Call("ROW_NUMBER")


def reserved_name(token: Token) -> Token:
    return token


def reserved_call(function: Token, args: tuple[Expr, ...]) -> Expr:
    upper = function.value.upper()
    if upper == "MOD" and len(args) == 2:
        return ast.Binary("%", args[0], args[1])
    return ast.Call(upper, args, pos=function.start)


def char_call(args: tuple[Expr, ...], charset: str | None) -> Expr:
    result = ast.Call("CHAR", args)
    return result if charset is None else ast.ConvertUsing(result, charset.lower())


def cast_charset(*parts: Any) -> tuple[str, str]:
    return "charset", str(parts[-1])


def cast_collate(_: Token, collation: str) -> tuple[str, str]:
    return "collate", collation


def cast_type(type_name: str, size: tuple[Any, ...], *attributes: Any) -> Any:
    return cast_sql_type(type_name, size, attributes)


def cast(operand: Expr, sql_type: Any) -> Expr:
    return ast.Cast(operand, sql_type)


def convert_using(operand: Expr, charset: str) -> Expr:
    return ast.ConvertUsing(operand, charset.lower())


def extract(unit: str, operand: Expr) -> Expr:
    return ast.Call("EXTRACT", (ast.Literal(unit), operand))


def trim_plain(operand: Expr) -> Expr:
    return ast.Call("TRIM", (operand,))


def trim_both(remove: Expr, operand: Expr) -> Expr:
    return ast.Call("TRIM", (ast.Literal("BOTH"), remove, operand))


def trim_side(side: Any, *args: Any) -> Any:
    """Both the keyword rule (one token) and TRIM(side [remove] FROM x)."""
    if not args:
        return word(side)
    remove, operand = args
    return ast.Call("TRIM", (ast.Literal(side), ast.Literal(" ") if remove is None else remove, operand))


def substring(args: tuple[Expr, ...]) -> Expr:
    return ast.Call("SUBSTRING", args)


def substring_from(operand: Expr, start: Expr, length: Expr | None) -> Expr:
    return ast.Call("SUBSTRING", (operand, start) if length is None else (operand, start, length))


def position(part: Expr, whole: Expr) -> Expr:
    return ast.Call("LOCATE", (part, whole))


def timestamp_function(token: Token) -> Token:
    return token


def timestamp_call(function: Token, unit: str, first: Expr, other: Expr) -> Expr:
    return ast.Call(function.value.upper(), (ast.Literal(unit), first, other), pos=function.start)


_CLOCKS = {"CURRENT_TIMESTAMP": "NOW", "LOCALTIME": "NOW", "LOCALTIMESTAMP": "NOW", "CURRENT_DATE": "CURDATE",
           "CURRENT_TIME": "CURTIME"}


def clock_name(token: Token) -> Token:
    return token


def clock(function: Token, digits: Token | None = None) -> Expr:
    upper = function.value.upper()
    args = () if digits is None else (ast.Literal(digits.value),)
    return ast.Call(_CLOCKS.get(upper, upper), args, pos=function.start)


def now(digits: Token | None) -> Expr:
    return ast.Call("NOW", () if digits is None else (ast.Literal(digits.value),))


def current_user() -> Expr:
    return ast.Call("CURRENT_USER")


def current_role() -> Expr:
    return ast.Call("CURRENT_ROLE")


# ---- windows


@spanned
def frame(text: str, *_: Any) -> str:
    return " ".join(text.upper().split())


def frame_bound(*_: Any) -> None:
    return None


def window(base: str | None, partition: tuple[Expr, ...], order: tuple[ast.OrderItem, ...], frame: str | None) -> ast.WindowSpec:
    return ast.WindowSpec(base, partition, order, frame)


def window_name(token: Token) -> ast.WindowSpec:
    return ast.WindowSpec(token.value)


def over(function: Expr, spec: ast.WindowSpec) -> Expr:
    return ast.Window(function, spec.partition_by, spec.order_by, spec.frame, spec.name)
