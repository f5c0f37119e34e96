"""Static types of bound expressions: MySQL's result type, nullability, and the collation that governs comparisons."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

from minidb.errors import SqlError
from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.bind.nodes import Block, BoundQuery, Col, Given, SetBlock, Sub
from minidb.query.collations import COERCIBLE, EXPLICIT, FRESH, IMPLICIT, NONE, Derivation, combined, compared
from minidb.query.environment import CompileEnv
from minidb.query.functions import lookup
from minidb.query.functions.registry import UNKNOWN, FunctionSpec
from minidb.types.sqltype import Family, SqlType

CONNECTION_COLLATION = "utf8mb4_general_ci"

NULL_TYPE = SqlType(Family.NULL, "null")
BOOL = SqlType(Family.INT, "int", 1)
BIGINT = SqlType(Family.INT, "bigint", 21)
UBIGINT = SqlType(Family.INT, "bigint", 21, unsigned=True)
DOUBLE = SqlType(Family.FLOAT, "double")
DATE = SqlType(Family.DATE, "date")
DATETIME = SqlType(Family.DATETIME, "datetime", scale=0)
TIME = SqlType(Family.TIME, "time", scale=0)
MAX_DIGITS, MAX_SCALE = 65, 38
DIVISION_SCALE = 4  # div_precision_increment


class Typed(NamedTuple):
    """A type and whether the value may be NULL."""

    type: SqlType
    nullable: bool


def varchar(length: int, collation: str | None = CONNECTION_COLLATION) -> SqlType:
    charset = (collation or CONNECTION_COLLATION).split("_")[0]
    return SqlType(Family.STRING, "varchar", length, charset=charset, collation=collation or CONNECTION_COLLATION)


def decimal(precision: int, scale: int) -> SqlType:
    scale = min(scale, MAX_SCALE)
    return SqlType(Family.DECIMAL, "decimal", max(1, min(precision, MAX_DIGITS)), scale)


def type_of_value(value: Any) -> Typed:
    """The type of a literal or parameter."""
    if value is None:
        return Typed(NULL_TYPE, True)
    if isinstance(value, bool):
        return Typed(BOOL, False)
    if isinstance(value, int):
        digits = len(str(abs(value)))
        if not -(1 << 63) <= value < 1 << 64:
            return Typed(decimal(digits, 0), False)
        name = "int" if -(1 << 31) <= value < 1 << 31 else "bigint"
        return Typed(SqlType(Family.INT, name, digits + (value < 0), unsigned=value >= 1 << 63), False)
    if isinstance(value, float):
        return Typed(DOUBLE, False)
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        scale = max(0, -exponent) if isinstance(exponent, int) else 0
        return Typed(decimal(max(len(value.as_tuple().digits), scale), scale), False)
    if isinstance(value, str):
        return Typed(varchar(len(value)), False)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Typed(SqlType(Family.BYTES, "varbinary", len(value)), False)
    if isinstance(value, datetime.datetime):
        return Typed(SqlType(Family.DATETIME, "datetime", scale=6 if value.microsecond else 0), False)
    if isinstance(value, datetime.date):
        return Typed(DATE, False)
    if isinstance(value, datetime.timedelta):
        return Typed(SqlType(Family.TIME, "time", scale=6 if value.microseconds else 0), False)
    raise SqlError.text(1105, f"Python type {type(value).__name__!r} cannot be used as a SQL value")


def literal_of(value: Any) -> Expr:
    return ast.Literal(value)


def digits_of(t: SqlType) -> tuple[int, int]:
    """(integer digits, scale) of a numeric type as DECIMAL sees it."""
    if t.family is Family.DECIMAL:
        return (t.length or 10) - (t.scale or 0), t.scale or 0
    widths = {"tinyint": 3, "smallint": 5, "mediumint": 8, "int": 10, "bigint": 20, "year": 4, "bit": 20}
    return min(widths.get(t.name, 20), t.length or 20) if t.name != "bigint" else 20, 0


def unify(types: Sequence[SqlType]) -> SqlType:
    """The common type of UNION columns, CASE branches, COALESCE and IF."""
    real = [t for t in types if t.family is not Family.NULL]
    if not real:
        return NULL_TYPE
    first = real[0]
    if all(t == first for t in real):
        return first
    families = {t.family for t in real}
    if families <= {Family.INT, Family.DECIMAL, Family.FLOAT}:
        return _unify_numbers(real, families)
    if families == {Family.STRING}:
        collation = next((t.collation for t in real if t.collation), None)
        text = next((t for t in real if t.name.endswith("text")), None)
        return text or varchar(max(_length(t) for t in real), collation)
    if families <= {Family.DATE, Family.DATETIME}:
        return SqlType(Family.DATETIME, "datetime", scale=max(t.scale or 0 for t in real))
    if families == {Family.TIME}:
        return SqlType(Family.TIME, "time", scale=max(t.scale or 0 for t in real))
    if Family.BYTES in families:
        blob = next((t for t in real if t.name.endswith("blob")), None)
        return blob or SqlType(Family.BYTES, "varbinary", max(_length(t) for t in real))
    return varchar(max(_length(t) for t in real), next((t.collation for t in real if t.collation), None))


def _unify_numbers(real: list[SqlType], families: set[Family]) -> SqlType:
    if Family.FLOAT in families:
        return DOUBLE
    unsigned = all(t.unsigned for t in real)
    if Family.DECIMAL in families:
        digits = [digits_of(t) for t in real]
        scale = max(s for _, s in digits)
        return decimal(max(i for i, _ in digits) + scale, scale)
    if any(t.unsigned for t in real) and not unsigned:
        return decimal(max(20, *(t.length or 20 for t in real)), 0)
    order = ("tinyint", "bit", "year", "smallint", "mediumint", "int", "bigint")
    name = max((t.name for t in real), key=lambda n: order.index(n) if n in order else 6)
    width = max(t.length or 0 for t in real) or None
    return SqlType(Family.INT, name if name not in ("bit", "year") else "int", width, unsigned=unsigned)


_TEMPORAL_WIDTH = {Family.DATE: 10, Family.DATETIME: 19, Family.TIME: 10}


def _length(t: SqlType) -> int:
    """Characters that a value of the type needs as text."""
    if t.family in _TEMPORAL_WIDTH:
        return _TEMPORAL_WIDTH[t.family] + (1 + t.scale if t.scale else 0)
    if t.family is Family.DECIMAL:
        return (t.length or 10) + 2
    if t.family is Family.FLOAT:
        return 22
    if t.family is Family.INT:
        return t.length or 20
    return t.length if t.length is not None else 65535


class Typer:
    """Derives types.  Results are remembered by identity of the expression, which lives as long as the statement's tree."""

    def __init__(self, params: tuple[Any, ...], env: CompileEnv) -> None:
        self.params = params
        self.env: CompileEnv | None = env
        self.mode = env.sql_mode()
        self.forced_nullable: set[Expr] = set()  # keys of GROUP BY ... WITH ROLLUP
        self._known: dict[int, tuple[Expr, Typed]] = {}
        self._rules: dict[type[Expr], Callable[[Any], Typed]] = {
            ast.Literal: self._literal, ast.Param: lambda e: type_of_value(self.params[e.index]),
            Col: lambda e: Typed(e.type, e.nullable), Given: lambda e: Typed(e.type, e.nullable),
            ast.Unary: self._unary, ast.Binary: self._binary,
            ast.IsTest: lambda e: Typed(BOOL, False), ast.Between: self._boolean, ast.InList: self._boolean,
            ast.Like: self._boolean, ast.Regexp: self._boolean, Sub: self._sub, ast.RowExpr: self._row, ast.Case: self._case,
            ast.Cast: self._cast, ast.ConvertUsing: self._convert, ast.Collate: self._collate, ast.Call: self._call,
            ast.Aggregate: self._aggregate, ast.Variable: self._variable, ast.AssignVariable: lambda e: self.typed(e.value),
            ast.Interval: lambda e: self.typed(e.amount),
        }

    def typed(self, expr: Expr) -> Typed:
        """Type and nullability of a bound expression; raises 1305 for an unknown function, 1582 for a bad argument count."""
        if self.forced_nullable and expr in self.forced_nullable:
            return Typed(self._derive(expr).type, True)
        return self._derive(expr)

    def _derive(self, expr: Expr) -> Typed:
        if isinstance(expr, Col):
            return Typed(expr.type, expr.nullable)
        known = self._known.get(id(expr))
        if known is not None:
            return known[1]
        typed = self._rules[type(expr)](expr)
        self._known[id(expr)] = (expr, typed)
        return typed

    def family(self, expr: Expr) -> Family:
        return self.typed(expr).type.family

    def forget(self) -> None:
        """Nullability changed (an outer join became known): derive anew."""
        self._known.clear()

    def release(self) -> None:
        """Let go of the session; later variants of the statement are typed by what is known."""
        self.env = None

    # ---- leaves
    def _literal(self, e: ast.Literal) -> Typed:
        typed = type_of_value(e.value)
        if e.charset is not None and typed.type.family is Family.STRING:
            return Typed(varchar(typed.type.length or 0, _default_collation(e.charset)), False)
        return typed

    def _variable(self, e: ast.Variable) -> Typed:
        value = None if self.env is None else self.env.session.variable(e.scope, e.name)
        return Typed(varchar(65535) if value is None else type_of_value(value).type, True)

    def _row(self, e: ast.RowExpr) -> Typed:
        parts = [self.typed(i) for i in e.items]
        return Typed(parts[0].type, any(p.nullable for p in parts))

    # ---- operators
    def _any_null(self, parts: Sequence[Expr]) -> bool:
        return any(self.typed(p).nullable for p in parts)

    def _boolean(self, e: Expr) -> Typed:
        parts = [v for name in ("operand", "low", "high", "pattern") if isinstance(v := getattr(e, name, None), Expr)]
        return Typed(BOOL, self._any_null([*parts, *getattr(e, "items", ())]))

    def _unary(self, e: ast.Unary) -> Typed:
        inner, nullable = self.typed(e.operand)
        if e.op == "NOT":
            return Typed(BOOL, nullable)
        if e.op == "~":
            return Typed(UBIGINT, nullable)
        if e.op == "BINARY":
            return Typed(SqlType(Family.STRING, "varchar", _length(inner), charset="utf8mb4", collation="utf8mb4_bin"), nullable)
        if e.op == "+":
            return Typed(inner, nullable)
        if inner.family is Family.INT:
            return Typed(SqlType(Family.INT, "bigint" if inner.name == "bigint" else "int", (inner.length or 20) + 1), nullable)
        return Typed(self._as_number(inner), nullable)

    @staticmethod
    def _as_number(t: SqlType) -> SqlType:
        """The numeric type that arithmetic sees."""
        if t.is_numeric():
            return t
        if t.is_temporal():
            return decimal(14 + (t.scale or 0), t.scale or 0) if t.scale else BIGINT
        return DOUBLE if t.family is not Family.NULL else BIGINT

    def _binary(self, e: ast.Binary) -> Typed:
        op = e.op
        nullable = self._any_null((e.left, e.right))
        if op == "<=>":
            return Typed(BOOL, False)
        if op in _BOOLEAN_OPS:
            return Typed(BOOL, nullable)
        if op in ("&", "|", "^", "<<", ">>"):
            return Typed(UBIGINT, nullable)
        if op in ("->", "->>"):
            return Typed(SqlType(Family.STRING, "longtext", charset="utf8mb4", collation="utf8mb4_bin"), True)
        a, b = self._as_number(self.typed(e.left).type), self._as_number(self.typed(e.right).type)
        return Typed(arithmetic_type(op, a, b), nullable or op in ("/", "DIV", "%", "MOD"))

    # ---- compound
    def _sub(self, e: Sub) -> Typed:
        if e.kind == "exists":
            return Typed(BOOL, False)
        if e.kind == "scalar":
            return Typed(e.query.columns[0].type, True)
        nullable = any(c.nullable for c in e.query.columns) or (e.operand is not None and self.typed(e.operand).nullable)
        return Typed(BOOL, nullable)

    def _case(self, e: ast.Case) -> Typed:
        values = [self.typed(v) for _, v in e.branches]
        if e.otherwise is not None:
            values.append(self.typed(e.otherwise))
        t = self._collated(unify([v.type for v in values]), "case", _results(e))
        return Typed(t, e.otherwise is None or any(v.nullable for v in values))

    def _cast(self, e: ast.Cast) -> Typed:
        inner = self.typed(e.operand)
        safe = e.type.family in (Family.STRING, Family.BYTES) or (e.type.is_numeric() and e.type.family is not Family.NULL)
        return Typed(e.type, inner.nullable or not safe)

    def _convert(self, e: ast.ConvertUsing) -> Typed:
        inner = self.typed(e.operand)
        return Typed(varchar(_length(inner.type), _default_collation(e.charset)), inner.nullable)

    def _collate(self, e: ast.Collate) -> Typed:
        inner = self.typed(e.operand)
        return Typed(varchar(_length(inner.type), e.collation), inner.nullable)

    def _call(self, e: ast.Call) -> Typed:
        spec = spec_of(e)
        parts = [self.typed(a) for a in arguments(e)]
        if e.name in _UNIFYING:
            chosen = parts[1:] if e.name in ("IF", "NVL2") else parts
            first_wins = e.name in ("IFNULL", "COALESCE", "NVL")
            nullable = all(c.nullable for c in chosen) if first_wins else any(c.nullable for c in chosen)
            return Typed(self._collated(unify([c.type for c in chosen]), e.name, arguments(e)), nullable)
        constants = [a.value if isinstance(a, ast.Literal) else UNKNOWN for a in arguments(e)]
        t = self._collated(spec.result_for([c.type for c in parts], constants), e.name, arguments(e))
        return Typed(t, spec.may_be_null([c.nullable for c in parts]))

    def _aggregate(self, e: ast.Aggregate) -> Typed:
        if e.name == "COUNT":
            return Typed(BIGINT, False)
        arg = self.typed(e.args[0]).type
        return Typed(aggregate_type(e.name, arg), e.name not in ("BIT_AND", "BIT_OR", "BIT_XOR"))

    # ---- collation
    def collation(self, *exprs: Expr, operation: str = "=") -> str:
        """The collation of a comparison between strings: the strongest of explicit COLLATE, column, literal; raises 1267."""
        best = compared(self._derivations(exprs), operation)
        return CONNECTION_COLLATION if best is None else best.collation

    def derivation(self, expr: Expr) -> Derivation | None:
        """The collation of a string expression and how firmly it stands; None for other expressions."""
        t = self.typed(expr).type
        if t.family is not Family.STRING:
            return None
        if t.collation is None:
            return Derivation(IMPLICIT, CONNECTION_COLLATION)
        if isinstance(expr, ast.Collate) or (isinstance(expr, ast.Unary) and expr.op == "BINARY"):
            return Derivation(EXPLICIT, t.collation)
        if isinstance(expr, (ast.Literal, ast.Param)):
            return Derivation(COERCIBLE, t.collation)
        if isinstance(expr, ast.Call):
            return self._of_parts(expr.name, arguments(expr)) or Derivation(COERCIBLE, t.collation)
        if isinstance(expr, ast.Case):
            return self._of_parts("case", _results(expr)) or Derivation(COERCIBLE, t.collation)
        inner = None
        if isinstance(expr, Sub):
            inner = self.column_derivation(expr.query, 0)
        elif isinstance(expr, Col) and expr.source.query is not None:
            inner = self.column_derivation(expr.source.query, expr.ordinal)
        return inner or Derivation(IMPLICIT, t.collation)

    def column_derivation(self, query: BoundQuery, column: int) -> Derivation | None:
        """The derivation of a column of a query; raises 1271 where the parts of a set operation do not mix."""
        if isinstance(query, Block):
            return self.derivation(query.outputs[column].expr)
        if not isinstance(query, SetBlock):
            return None
        sides = (self.column_derivation(query.left, column), self.column_derivation(query.right, column))
        found = combined((d for d in sides if d is not None), "UNION")
        if found is not None and found.level == NONE:
            raise SqlError.text(1271, "Illegal mix of collations for operation 'UNION'")
        return found

    def _derivations(self, exprs: Sequence[Expr]) -> Iterator[Derivation]:
        return (d for d in map(self.derivation, exprs) if d is not None)

    def _of_parts(self, name: str, parts: Sequence[Expr]) -> Derivation | None:
        return None if name in FRESH else combined(self._derivations(parts), name.lower())

    def _collated(self, t: SqlType, name: str, parts: Sequence[Expr]) -> SqlType:
        """The type of a text made of `parts`."""
        if t.family is not Family.STRING or t.name in ("enum", "set"):
            return t
        found = self._of_parts(name, parts)
        return t if found is None or found.collation == t.collation else replace(t, collation=found.collation)


def _results(case: ast.Case) -> list[Expr]:
    found = [then for _, then in case.branches]
    return found if case.otherwise is None else [*found, case.otherwise]


def arguments(call: ast.Call) -> list[Expr]:
    """The arguments of a call as the function's implementation takes them: an INTERVAL becomes its amount and its unit."""
    found: list[Expr] = []
    for arg in call.args:
        if isinstance(arg, ast.Interval):
            found += [arg.amount, ast.Literal(arg.unit)]
        else:
            found.append(arg)
    return found


def spec_of(call: ast.Call) -> FunctionSpec:
    """Raises 1305 for an unknown function, 1582 for a wrong number of arguments."""
    spec = lookup(call.name)
    if spec is None:
        raise SqlError.of(1305, "FUNCTION", call.name)
    spec.check_count(len(arguments(call)))
    return spec


_UNIFYING = frozenset(("IF", "IFNULL", "COALESCE", "NVL", "NVL2"))
_BOOLEAN_OPS = frozenset(("=", "<>", "<", "<=", ">", ">=", "AND", "OR", "XOR"))


def _default_collation(charset: str) -> str:
    from minidb.types.collation import default_collation

    if charset.lower() == "binary":
        return "utf8mb4_bin"
    return default_collation(charset).name


def arithmetic_type(op: str, a: SqlType, b: SqlType) -> SqlType:
    """Result type of + - * / DIV % between numeric types."""
    if op == "DIV":
        return SqlType(Family.INT, "bigint", 21, unsigned=a.unsigned or b.unsigned)
    if Family.FLOAT in (a.family, b.family):
        return DOUBLE
    (ai, ascale), (bi, bscale) = digits_of(a), digits_of(b)
    if op == "/":
        return decimal(ai + bscale + ascale + DIVISION_SCALE, ascale + DIVISION_SCALE)
    if a.family is Family.INT and b.family is Family.INT:
        return SqlType(Family.INT, "bigint", 21, unsigned=a.unsigned or (b.unsigned and op not in ("%", "MOD")))
    if op == "*":
        return decimal(ai + bi + ascale + bscale, ascale + bscale)
    scale = max(ascale, bscale)
    if op in ("%", "MOD"):
        return decimal(max(ai, bi) + scale, scale)
    return decimal(max(ai, bi) + 1 + scale, scale)


def aggregate_type(name: str, arg: SqlType) -> SqlType:
    """Result type of an aggregate over values of type `arg`."""
    if name in ("MIN", "MAX"):
        return arg
    if name in ("BIT_AND", "BIT_OR", "BIT_XOR"):
        return UBIGINT
    if name in ("GROUP_CONCAT", "JSON_ARRAYAGG", "JSON_OBJECTAGG"):
        return SqlType(Family.STRING, "mediumtext", 1 << 20, charset="utf8mb4", collation=arg.collation or CONNECTION_COLLATION)
    if name not in ("SUM", "AVG") or arg.family not in (Family.INT, Family.DECIMAL):
        return DOUBLE
    whole, scale = digits_of(arg)
    if name == "SUM":
        return decimal(whole + scale + 22, scale)
    return decimal(whole + scale + DIVISION_SCALE, scale + DIVISION_SCALE)
