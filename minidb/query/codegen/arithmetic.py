"""Arithmetic and bit operations: exact where MySQL is exact, with its ranges (1690) and its division."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minidb.query import ast, runtime
from minidb.query.ast import Expr
from minidb.query.bind.nodes import Col, walk
from minidb.query.render import render
from minidb.types.coerce import negated, to_decimal, to_double
from minidb.types.sqltype import Family, SqlType
from minidb.types.temporal import as_number

if TYPE_CHECKING:
    from minidb.query.codegen.expressions import ExprGen

SAFE_PRECISION = 28  # Python's default decimal context keeps so many digits
_METHODS = {"+": "add", "-": "subtract", "*": "multiply"}
_BITS = {"&": "&", "|": "|", "^": "^"}
_INT_BITS = {"tinyint": 8, "year": 12, "smallint": 16, "mediumint": 24, "int": 32}


def number_template(gen: ExprGen, t: SqlType, double: bool = False, exact: bool = False) -> str:
    """Template that makes a number of a non-NULL value of type `t`.  exact: text is read as DECIMAL, not as DOUBLE."""
    if t.family is Family.INT or t.family is Family.FLOAT:
        return "{}"
    if t.family is Family.DECIMAL:
        return "float({})" if double else "{}"
    if t.is_temporal():
        return f"{gen.unit.named('as_number', as_number)}({{}})"
    if t.name in ("enum", "set"):
        return f"{gen.unit.named('to_double', to_double)}({{}})"
    if exact:
        return f"{gen.unit.named('to_decimal', to_decimal)}({{}}, {gen.warn})"
    return f"{gen.unit.named('to_double', to_double)}({{}}, {gen.warn})"


def unary(gen: ExprGen, e: ast.Unary) -> str:
    t = gen.typed(e.operand).type
    if e.op == "+":
        return gen.value(e.operand)
    if e.op == "BINARY":
        return gen.text(e.operand)
    template = number_template(gen, t, exact=e.op == "~")
    if e.op == "~":
        bits = gen.unit.named("bits", runtime.bits)
        return gen.lift(lambda a: f"({bits}({template.format(a)}) ^ {runtime.UNSIGNED_MAX})", e.operand)
    if isinstance(e.operand, ast.Literal) and isinstance(e.operand.value, int):
        return f"({-int(e.operand.value)})"
    if t.family is Family.DECIMAL:
        minus = gen.unit.named("negated", negated)
        return gen.lift(lambda a: f"{minus}({template.format(a)})", e.operand)
    return gen.lift(lambda a: f"(-{template.format(a)})", e.operand)


def binary(gen: ExprGen, e: ast.Binary) -> str:
    op = "%" if e.op == "MOD" else e.op
    if op in _BITS or op in ("<<", ">>"):
        return _bit_operation(gen, op, e)
    ta, tb = gen.typed(e.left).type, gen.typed(e.right).type
    result = gen.typed(e).type
    double = result.family is Family.FLOAT
    if double and (is_quotient(gen, e.left) or is_quotient(gen, e.right)):
        return as_double(gen, e)
    wa, wb = (number_template(gen, t, double, op == "DIV") for t in (ta, tb))
    if op in ("/", "DIV", "%"):
        return _division(gen, op, e, wa, wb, double)

    def build(a: str, b: str) -> str:
        left, right = wa.format(a), wb.format(b)
        if double:
            finite = gen.unit.named("finite", runtime.finite)
            return f"{finite}({left} {op} {right}, {_text(gen, e)})"
        if result.family is Family.INT:
            return _integer(gen, e, f"{left} {op} {right}", result, ta, tb)
        if _exact_in_python(e, result):
            return f"({left} {op} {right})"
        return f"{gen.unit.const(runtime.exact(_METHODS[op]), 'exact_')}({left}, {right})"

    return gen.lift(build, e.left, e.right)


def is_quotient(gen: ExprGen, e: Expr) -> bool:
    """Whether an exact expression has a division in it, which as a DOUBLE is computed without rounding to DECIMAL's digits."""
    if not isinstance(e, ast.Binary) or e.op not in ("+", "-", "*", "/") or gen.typed(e).type.family is not Family.DECIMAL:
        return False
    return e.op == "/" or is_quotient(gen, e.left) or is_quotient(gen, e.right)


def as_double(gen: ExprGen, e: Expr) -> str:
    """The value of a number computed in DOUBLE throughout."""
    if isinstance(e, ast.Binary) and (is_quotient(gen, e) or is_quotient(gen, e.left) or is_quotient(gen, e.right)):
        left, right = _held(gen, e.left), _held(gen, e.right)
        checks = f"{left[0]} is None or {right[0]} is None"
        if e.op == "/":
            done = f"{gen.unit.named('divide_floats', runtime.divide_floats)}({left[1]}, {right[1]})"
            zero = _zero(gen)
            done = f"({done} if {right[1]} else {zero})" if zero else done
        else:
            done = f"{left[1]} {e.op} {right[1]}"
        return f"(None if {checks} else {done})"
    template = number_template(gen, gen.typed(e).type, double=True)
    return gen.lift(template.format, e)


def _held(gen: ExprGen, e: Expr) -> tuple[str, str]:
    name = gen.unit.temp()
    return f"({name} := {as_double(gen, e)})", name


def _integer(gen: ExprGen, e: ast.Binary, source: str, result: SqlType, ta: SqlType, tb: SqlType) -> str:
    if not result.unsigned and _cannot_overflow(e.left, ta) and _cannot_overflow(e.right, tb):
        return f"({source})"
    low, high = (0, runtime.UNSIGNED_MAX) if result.unsigned else runtime.SIGNED
    name = gen.unit.temp()
    kind = "BIGINT UNSIGNED" if result.unsigned else "BIGINT"
    wrong = gen.unit.named("out_of_range", runtime.out_of_range)
    return f"({name} if {low} <= ({name} := {source}) <= {high} else {wrong}({kind!r}, {_text(gen, e)}))"


def _cannot_overflow(e: Expr, t: SqlType) -> bool:
    """Whether the value surely fits 32 bits, so that one operation on two of them fits 64."""
    if isinstance(e, ast.Literal):
        return isinstance(e.value, int) and abs(e.value) < 1 << 31
    return isinstance(e, Col) and _INT_BITS.get(t.name, 64) <= 32


def _exact_in_python(e: ast.Binary, result: SqlType) -> bool:
    has_params = any(isinstance(x, (ast.Param, ast.Variable, ast.Aggregate)) for x in walk(e))
    return not has_params and (result.length or 65) <= SAFE_PRECISION


def _division(gen: ExprGen, op: str, e: ast.Binary, wa: str, wb: str, double: bool) -> str:
    function = {"/": runtime.divide_floats if double else runtime.divide, "DIV": runtime.int_divide, "%": runtime.modulo}[op]
    name = gen.unit.named(function.__name__, function)
    zero = _zero(gen)

    def build(a: str, b: str) -> str:
        left, right = wa.format(a), wb.format(b)
        if not zero or (isinstance(e.right, ast.Literal) and e.right.value):
            return f"{name}({left}, {right})"
        if not gen.is_atom(right):
            held = gen.unit.temp()
            return f"({name}({left}, {held}) if ({held} := {right}) else {zero})"
        return f"({name}({left}, {right}) if {right} else {zero})"

    return gen.lift(build, e.left, e.right)


def _zero(gen: ExprGen) -> str:
    """Source of what division by zero gives: NULL with a warning, an error, or '' for NULL without further ado."""
    if "ERROR_FOR_DIVISION_BY_ZERO" not in gen.typer.mode:
        return ""
    return f"{gen.unit.named('division_by_zero', runtime.division_by_zero)}(x.session, {gen.strict})"


def _bit_operation(gen: ExprGen, op: str, e: ast.Binary) -> str:
    wa, wb = (number_template(gen, gen.typed(side).type, exact=True) for side in (e.left, e.right))
    if op in _BITS:
        bits = gen.unit.named("bits", runtime.bits)
        return gen.lift(lambda a, b: f"({bits}({wa.format(a)}) {op} {bits}({wb.format(b)}))", e.left, e.right)
    function = runtime.shift_left if op == "<<" else runtime.shift_right
    name = gen.unit.named(function.__name__, function)
    return gen.lift(lambda a, b: f"{name}({wa.format(a)}, {wb.format(b)})", e.left, e.right)


def _text(gen: ExprGen, e: Expr) -> str:
    return repr(render(e, gen.typer.params))
