"""Python source for bound expressions: values (None is NULL) and conditions under three-valued logic.

Every expression has three forms.  `value`: its SQL value.  `true`: source that is truthy iff the expression is TRUE (WHERE, ON,
HAVING).  `false`: truthy iff it is FALSE, which is how NOT is pushed down without losing UNKNOWN."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from minidb.errors import SqlError, unsupported
from minidb.query import ast, runtime
from minidb.query.ast import Expr
from minidb.query.bind.nodes import Col, Given, Sub, walk
from minidb.query.bind.types_of import Typer
from minidb.query.codegen import arithmetic, functions
from minidb.query.codegen.comparisons import UNKNOWN, Kind, Operand, kind_of, operand, wrapper
from minidb.query.codegen.unit import Unit
from minidb.query.context import StrictSession
from minidb.types.coerce import is_true, to_datetime
from minidb.types.sqltype import Family, SqlType
from minidb.types.text import to_text

if TYPE_CHECKING:
    from minidb.query.bind.binder import Binder
    from minidb.query.bind.types_of import Typed

_ATOM = re.compile(r"-?[A-Za-z_0-9][A-Za-z_0-9]*(\[\d+\])*\Z|'[^'\\]*'\Z")
_PYTHON = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_INVERSE = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
VOLATILE = frozenset(("RAND", "UUID", "SLEEP", "GET_LOCK", "RELEASE_LOCK", "BENCHMARK", "UUID_SHORT", "SYSDATE"))


class Subqueries(Protocol):
    """What compiles subqueries inside expressions."""

    def scalar(self, sub: Sub, gen: ExprGen) -> str:
        """Source of a scalar subquery's value."""

    def exists(self, sub: Sub, gen: ExprGen) -> str:
        """Source that is truthy iff the subquery has a row."""

    def quantified(self, sub: Sub, gen: ExprGen) -> str:
        """Source of the value of IN, ANY, ALL: 1, 0 or None."""

    def condition(self, sub: Sub, gen: ExprGen, wanted: bool) -> str:
        """Source that is truthy iff IN, ANY, ALL is TRUE (wanted) or FALSE."""


class ExprGen:
    """Generates expressions of one query block.

    places: per slot, where a column stands in the row variable (covering scans); absent: at its ordinal.
    replaced: expressions already computed into a variable (aggregates, keys of ROLLUP)."""

    def __init__(self, unit: Unit, typer: Typer, subqueries: Subqueries | None = None, strict: bool = False) -> None:
        self.unit = unit
        self.typer = typer
        self.subqueries = subqueries
        self.strict = strict
        self.places: dict[int, dict[int, int]] = {}
        self.replaced: dict[Expr, str] = {}
        self.branches = 0
        self.binder: Binder | None = None  # for expressions out of table definitions
        self._values: dict[type[Expr], Callable[[Any], str]] = {
            ast.Literal: self._literal, ast.Param: lambda e: f"p[{e.index}]", Col: self._column, Given: lambda e: e.source,
            ast.Unary: self._unary,
            ast.Binary: self._binary, ast.Case: self._case, ast.Cast: lambda e: functions.cast(self, e), Sub: self._sub,
            ast.Collate: lambda e: self.text(e.operand), ast.ConvertUsing: lambda e: functions.convert_using(self, e),
            ast.Call: lambda e: functions.call(self, e), ast.Variable: self._variable, ast.AssignVariable: self._assign,
            ast.RowExpr: self._row, ast.Aggregate: self._stray_aggregate,
        }

    @property
    def session(self) -> str:
        """Source of the session that functions see; in a strict change one that raises warnings."""
        if not self.strict:
            return "x.session"
        source = f"{self.unit.named('StrictSession', StrictSession)}(x.session)"
        return self.unit.once(source, "strict")

    @property
    def warn(self) -> str:
        """Source of what receives warnings."""
        return f"{self.session}.warn"

    # ---- facts
    def typed(self, e: Expr) -> Typed:
        return self.typer.typed(e)

    def nullable(self, e: Expr) -> bool:
        return self.typer.typed(e).nullable

    @staticmethod
    def is_atom(source: str) -> bool:
        return _ATOM.match(source) is not None

    def is_const(self, e: Expr) -> bool:
        """Same value for the whole execution, and cheap and safe to compute beforehand."""
        for inner in walk(e):
            if isinstance(inner, (Col, Given, Sub, ast.Aggregate, ast.AssignVariable)):
                return False
            if isinstance(inner, ast.Variable) and inner.scope == "user":
                return False
            if isinstance(inner, ast.Call) and inner.name in VOLATILE:
                return False
        return e not in self.replaced

    # ---- values
    def value(self, e: Expr) -> str:
        """Source of the expression's value: an int, Decimal, float, str, ... or None."""
        if self.replaced and e in self.replaced:
            return self.replaced[e]
        make = self._values.get(type(e))
        return self._truth_value(e) if make is None else make(e)

    def hoisted(self, e: Expr) -> str:
        """Like `value`, computed once per execution where that is possible."""
        source = self.value(e)
        if self.is_atom(source) or self.branches or not self.unit.hoisting or not self.is_const(e):
            return source
        return self.unit.once(source)

    def coerced(self, e: Expr, t: SqlType) -> str:
        """The value converted to type `t` (branches of CASE, columns of UNION)."""
        source, mine = self.value(e), self.typed(e)
        rescaled = t.family is Family.DECIMAL and mine.type.scale != t.scale
        if Family.NULL in (mine.type.family, t.family) or (mine.type.family is t.family and not rescaled):
            return source
        template = self._conversion(mine.type, t)
        if template == "{}":
            return source
        if not mine.nullable:
            return template.format(source)
        if self.is_atom(source):
            return f"(None if {source} is None else {template.format(source)})"
        name = self.unit.temp()
        return f"(None if ({name} := {source}) is None else {template.format(name)})"

    def _conversion(self, mine: SqlType, t: SqlType) -> str:
        if t.family is Family.DECIMAL:
            decimal = "{}" if mine.family is Family.DECIMAL else f"{self.unit.named('Decimal', Decimal)}({{}})"
            return f"{self.unit.named('rescale', runtime.rescale)}({decimal}, {t.scale or 0})"
        if t.family is Family.FLOAT:
            return "float({})"
        if t.family is Family.STRING:
            return self.text_template(mine)
        if t.family is Family.BYTES:
            return f"{self.text_template(mine)}.encode()"
        if t.family is Family.DATETIME:
            return f"{self.unit.named('to_datetime', to_datetime)}({{}})"
        return "{}"

    def text_template(self, t: SqlType) -> str:
        """Template that renders a non-NULL value of type `t` as MySQL prints it."""
        if t.family is Family.STRING:
            return "{}"
        if t.family is Family.INT and not t.zerofill and t.name != "bit":
            return "str({})"
        return f"{self.unit.named('to_text', to_text)}({{}}, {self.unit.const(t, 'T')})"

    def text(self, e: Expr) -> str:
        """The expression's value as text."""
        template = self.text_template(self.typed(e).type)
        if template == "{}":
            return self.value(e)
        return self.lift(lambda a: template.format(a), e)

    def lift(self, build: Callable[..., str], *exprs: Expr) -> str:
        """``build(values...)``, NULL if one of them is."""
        checks, names = self.guard(*exprs)
        if not checks:
            return build(*names)
        return f"(None if {' or '.join(checks)} else {build(*names)})"

    def guard(self, *exprs: Expr) -> tuple[list[str], list[str]]:
        """Sources that are true where an expression is NULL, and sources of the values to be used after the checks."""
        checks, names = [], []
        for e in exprs:
            source = self.hoisted(e)
            if self.nullable(e) or source == "None":
                if not self.is_atom(source):
                    name = self.unit.temp()
                    checks.append(f"({name} := {source}) is None")
                    source = name
                else:
                    checks.append(f"{source} is None")
            names.append(source)
        return checks, names

    def _literal(self, e: ast.Literal) -> str:
        value = e.value
        if isinstance(value, bool):
            return "1" if value else "0"
        if value is None or isinstance(value, (int, str, bytes)):
            source = repr(value)
            return f"({source})" if isinstance(value, int) and value < 0 else source
        if isinstance(value, float) and value == value and abs(value) != float("inf"):
            return repr(value)
        return self.unit.const(value, "L")

    def _column(self, e: Col) -> str:
        place = self.places.get(e.slot)
        return f"r{e.slot}[{e.ordinal if place is None else place[e.ordinal]}]"

    def _variable(self, e: ast.Variable) -> str:
        return f"x.session.variable({e.scope!r}, {e.name!r})"

    def _assign(self, e: ast.AssignVariable) -> str:
        return f"{self.unit.named('assign', functions.assign)}(x.session, {e.name!r}, {self.value(e.value)})"

    def _row(self, e: ast.RowExpr) -> str:
        raise SqlError.of(1241, 1)

    def _stray_aggregate(self, e: ast.Aggregate) -> str:
        raise SqlError.of(1111)

    def _unary(self, e: ast.Unary) -> str:
        if e.op == "NOT":
            return self._truth_value(e)
        return arithmetic.unary(self, e)

    def _binary(self, e: ast.Binary) -> str:
        if e.op in _PYTHON or e.op in ("AND", "OR", "XOR", "<=>"):
            return self._truth_value(e)
        if e.op in ("->", "->>"):
            raise unsupported(f"operator {e.op}")
        return arithmetic.binary(self, e)

    def _case(self, e: ast.Case) -> str:
        t = self.typed(e).type
        self.branches += 1
        try:
            out = "None" if e.otherwise is None else self.coerced(e.otherwise, t)
            for when, then in reversed(e.branches):
                test = when if e.operand is None else ast.Binary("=", e.operand, when)
                out = f"({self.coerced(then, t)} if {self.true(test)} else {out})"
        finally:
            self.branches -= 1
        return out

    def _sub(self, e: Sub) -> str:
        assert self.subqueries is not None
        if e.kind == "scalar":
            return self.subqueries.scalar(e, self)
        return self._truth_value(e)

    def _truth_value(self, e: Expr) -> str:
        """1, 0 or None for a condition."""
        if isinstance(e, Sub) and e.kind != "exists":
            assert self.subqueries is not None
            return self.subqueries.quantified(e, self)
        if not self.nullable(e):
            return f"(1 if {self.true(e)} else 0)"
        return f"(1 if {self.true(e)} else 0 if {self.false(e)} else None)"

    # ---- conditions
    def true(self, e: Expr) -> str:
        """Source that is truthy iff `e` is TRUE."""
        return self._condition(e, True)

    def false(self, e: Expr) -> str:
        """Source that is truthy iff `e` is FALSE."""
        return self._condition(e, False)

    def all_true(self, parts: list[Expr]) -> str:
        """Source that is truthy iff all `parts` are TRUE; '' for none."""
        return " and ".join(self.true(part) for part in parts)

    def _condition(self, e: Expr, wanted: bool) -> str:
        if self.replaced and e in self.replaced:
            return self._number_condition(e, wanted)
        if isinstance(e, ast.Unary) and e.op == "NOT":
            return self._condition(e.operand, not wanted)
        if isinstance(e, ast.Binary):
            if e.op in ("AND", "OR"):
                joint = " and " if (e.op == "AND") == wanted else " or "
                return f"({self._condition(e.left, wanted)}{joint}{self._condition(e.right, wanted)})"
            if e.op in _PYTHON:
                return self._compare(e.op if wanted else _INVERSE[e.op], e.left, e.right)
            if e.op == "<=>":
                return self._null_safe(e, wanted)
            if e.op == "XOR":
                return self._xor(e, wanted)
        if isinstance(e, ast.IsTest):
            return self._is_test(e, wanted)
        if isinstance(e, ast.Between):
            return self._between(e, wanted != e.negated)
        if isinstance(e, ast.InList):
            return self._in_list(e, wanted != e.negated)
        if isinstance(e, (ast.Like, ast.Regexp)):
            return functions.pattern(self, e, wanted != e.negated)
        if isinstance(e, Sub):
            return self._sub_condition(e, wanted)
        return self._number_condition(e, wanted)

    def _number_condition(self, e: Expr, wanted: bool) -> str:
        t = self.typed(e).type
        source = self.value(e) if self.branches else self.hoisted(e)
        if not t.is_numeric():
            source = f"{self.unit.named('is_true', is_true)}({source}, {self.warn})"
        if wanted:
            return source
        if not self.nullable(e):
            return f"not {source}"
        if self.is_atom(source):
            return f"({source} is not None and not {source})"
        name = self.unit.temp()
        return f"(({name} := {source}) is not None and not {name})"

    def _sub_condition(self, e: Sub, wanted: bool) -> str:
        assert self.subqueries is not None
        if e.kind == "exists":
            return f"{'' if wanted else 'not '}{self.subqueries.exists(e, self)}"
        if e.kind == "scalar":
            return self._number_condition(e, wanted)
        return self.subqueries.condition(e, self, wanted)

    def _joined(self, operands: list[Operand], test: str) -> str:
        checks = [f"{o.check.removesuffix(' is None')} is not None" for o in operands if o.check is not None]
        return f"({' and '.join([*checks, test])})" if checks else f"({test})"

    def _compare(self, op: str, left: Expr, right: Expr) -> str:
        if isinstance(left, ast.RowExpr) or isinstance(right, ast.RowExpr):
            return self._compare_rows(op, left, right)
        kind = kind_of(self.typer, left, right, op)
        if kind == UNKNOWN:
            return "False"
        a, b = operand(self, left, kind), operand(self, right, kind)
        test = f"{a.use} {_PYTHON[op]} {b.use}"
        if op == "=" and (a.check is None) != (b.check is None) and (kind.way == "plain"):
            nullable, other = (a, b) if a.check is not None else (b, a)
            if nullable.check == f"{nullable.use} is None" and not other.use.startswith("("):
                return f"{a.use} == {b.use}"
        return self._joined([a, b], test)

    def _compare_rows(self, op: str, left: Expr, right: Expr) -> str:
        if not isinstance(left, ast.RowExpr) or not isinstance(right, ast.RowExpr) or len(left.items) != len(right.items):
            raise SqlError.of(1241, len(left.items) if isinstance(left, ast.RowExpr) else 1)
        pairs = list(zip(left.items, right.items, strict=True))
        if op == "=":
            return "(" + " and ".join(self._compare("=", a, b) for a, b in pairs) + ")"
        if op == "<>":
            return "(" + " or ".join(self._compare("<>", a, b) for a, b in pairs) + ")"
        strict = op[0]
        out = self._compare(op, *pairs[-1])
        for a, b in reversed(pairs[:-1]):
            out = f"({self._compare(strict, a, b)} or ({self._compare('=', a, b)} and {out}))"
        return out

    def _null_safe(self, e: ast.Binary, wanted: bool) -> str:
        nulls = [side for side in (e.left, e.right) if self.typed(side).type.family is Family.NULL]
        if nulls:
            other = e.right if nulls[0] is e.left else e.left
            return self._is_test(ast.IsTest(other, "NULL"), wanted)
        if isinstance(e.left, ast.RowExpr) and isinstance(e.right, ast.RowExpr):
            parts = [self._null_safe(ast.Binary("<=>", a, b), True) for a, b in zip(e.left.items, e.right.items, strict=True)]
            return f"{'' if wanted else 'not '}({' and '.join(parts)})"
        kind = kind_of(self.typer, e.left, e.right, "<=>")
        sides = [self._null_safe_side(side, kind) for side in (e.left, e.right)]
        return f"({sides[0]} {'==' if wanted else '!='} {sides[1]})"

    def _null_safe_side(self, e: Expr, kind: Kind) -> str:
        one = operand(self, e, kind)
        if one.check is None or one.check == f"{one.use} is None":
            return one.use
        return f"(None if {one.check} else {one.use})"

    def _xor(self, e: ast.Binary, wanted: bool) -> str:
        a, b = self.true(e.left), self.true(e.right)
        fa, fb = self.false(e.left), self.false(e.right)
        if wanted:
            return f"(({a} and {fb}) or ({fa} and {b}))"
        return f"(({a} and {b}) or ({fa} and {fb}))"

    def _is_test(self, e: ast.IsTest, wanted: bool) -> str:
        positive = wanted != e.negated
        if e.what in ("NULL", "UNKNOWN"):
            if isinstance(e.operand, ast.Literal):  # Python warns of "is" beside a literal
                return str((e.operand.value is None) is positive)
            return f"({self.value(e.operand)} is {'' if positive else 'not '}None)"
        inner = self.true(e.operand) if e.what == "TRUE" else self.false(e.operand)
        return f"({inner})" if positive else f"(not ({inner}))"

    def _between(self, e: ast.Between, inside: bool) -> str:
        self._mixable("between", e.operand, e.low, e.high)
        kinds = {kind_of(self.typer, e.operand, part, "between") for part in (e.low, e.high)}
        if not inside:
            return f"({self._compare('<', e.operand, e.low)} or {self._compare('>', e.operand, e.high)})"
        if len(kinds) > 1 or UNKNOWN in kinds:
            return f"({self._compare('>=', e.operand, e.low)} and {self._compare('<=', e.operand, e.high)})"
        kind = kinds.pop()
        low, middle, high = (operand(self, part, kind) for part in (e.low, e.operand, e.high))
        return self._joined([middle, low, high], f"{low.use} <= {middle.use} <= {high.use}")

    def _in_list(self, e: ast.InList, inside: bool) -> str:
        items = [i for i in e.items if self.typed(i).type.family is not Family.NULL]
        has_null = len(items) < len(e.items)
        if not inside and has_null:
            return "False"
        if not items:
            return "False"
        self._mixable("in", e.operand, *e.items)
        simple = not isinstance(e.operand, ast.RowExpr) and len(items) > 1 and all(
            self.is_const(i) and not self.nullable(i) for i in items) and self.unit.hoisting
        kinds = set() if isinstance(e.operand, ast.RowExpr) else {kind_of(self.typer, e.operand, i, "in") for i in items}
        if not simple or len(kinds) > 1 or any(k.way in ("datetime", "time", "null") for k in kinds):
            tests = [self._compare("=" if inside else "<>", e.operand, i) for i in items]
            return f"({(' or ' if inside else ' and ').join(tests)})"
        kind = kinds.pop()
        members = ", ".join(self._wrapped(i, kind) for i in items)
        one = operand(self, e.operand, kind)
        test = f"{one.use} {'in' if inside else 'not in'} {self.unit.once('{' + members + '}')}"
        return self._joined([one], test)

    def _mixable(self, operation: str, *exprs: Expr) -> None:
        """Raises 1267, 1270, 1271 where texts that are all compared with one another have collations that do not mix."""
        if all(not isinstance(e, ast.RowExpr) and self.typed(e).type.family in (Family.STRING, Family.NULL) for e in exprs):
            self.typer.collation(*exprs, operation=operation)

    def _wrapped(self, e: Expr, kind: Kind) -> str:
        template, _ = wrapper(self, self.typed(e).type, kind)
        return template.format(self.value(e))
