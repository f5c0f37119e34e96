"""Reading one table: keys, ranges and `Scan` objects in generated code."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minidb.engine import FULL, KeyRange, ReadMode, Scan, ScanPurpose, WaitPolicy
from minidb.query import ast, key_ranges
from minidb.query.ast import Expr
from minidb.query.bind.nodes import Col
from minidb.query.optimize.access import Access
from minidb.query.optimize.facts import Fact
from minidb.types.coerce import to_decimal
from minidb.types.keys import NULL, Descending, key_function
from minidb.types.sqltype import Family, SqlType

if TYPE_CHECKING:
    from minidb.query.codegen.expressions import ExprGen

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<=>": "<=>", "<>": "<>"}


class How(NamedTuple):
    """How a statement reads a table: lock mode, what to do when a lock is held by another, purpose."""

    mode: ReadMode = ReadMode.SNAPSHOT
    wait: WaitPolicy = WaitPolicy.WAIT
    purpose: ScanPurpose = ScanPurpose.SELECT
    seconds: int | None = None


def other_side(e: ast.Binary, column: Col) -> tuple[str, Expr]:
    """(operator as seen from the column, the other operand)."""
    return (e.op, e.right) if e.left == column else (_FLIPPED[e.op], e.left)


def direct(t: SqlType, o: SqlType) -> bool:
    """Whether a value of type `o` is, but for collation, its own key part in a column of type `t`."""
    if t.is_numeric() and o.is_numeric():
        return {t.family, o.family} != {Family.DECIMAL, Family.FLOAT}
    if t.name in ("enum", "set") or o.name in ("enum", "set"):
        return False
    return t.family is o.family


def _warns(t: SqlType, o: SqlType) -> bool:
    """Whether a text that is no number deserves a warning beside a column of type `t`."""
    return t.family in (Family.INT, Family.DECIMAL) and o.family is Family.STRING


def _as_decimal(gen: ExprGen) -> str:
    return gen.unit.named("to_decimal", to_decimal)


def key_template(gen: ExprGen, t: SqlType, o: SqlType, prefix: int | None, warned: bool = False) -> tuple[str, bool]:
    """Template that makes the key part of a column of type `t` from a non-NULL value of type `o`; whether it may give None.
    warned: a text that is no number gives warning 1292."""
    if not direct(t, o):
        name = gen.unit.const(t, "T")
        if prefix is None and warned and _warns(t, o):
            return f"{gen.unit.named('key_of', key_ranges.key_of)}({_as_decimal(gen)}({{}}, {gen.warn}), {name})", True
        if prefix is not None:
            return f"{gen.unit.named('prefix_key', key_ranges.prefix_key)}({{}}, {name}, {prefix})", True
        return f"{gen.unit.named('key_of', key_ranges.key_of)}({{}}, {name})", True
    make = key_function(t)
    cut = "{}" if prefix is None else f"{{}}[:{prefix}]"
    return (cut if make is None else f"{gen.unit.const(make, 'ck')}({cut})"), False


class Key(NamedTuple):
    """checks: sources that are true when no row can match; parts: sources of the key parts."""

    checks: list[str]
    parts: list[str]


def equality_key(gen: ExprGen, access: Access) -> Key:
    """The key parts of const, eq_ref and ref access (IS NULL included)."""
    checks: list[str] = []
    parts: list[str] = []
    for facts, part in zip(access.facts, access.parts, strict=True):
        fact = facts[0]
        key = gen.unit.named("NULL", NULL)
        if fact.other is not None:
            key = _key_part(gen, fact, part.prefix, checks, access.kind == "const")
        parts.append(_turned(gen, key) if part.descending else key)
    return Key(checks, parts)


def _turned(gen: ExprGen, key: str) -> str:
    """Source of a key part of a DESC index part."""
    return f"{gen.unit.named('DESC', Descending)}({key})"


def _key_part(gen: ExprGen, fact: Fact, prefix: int | None, checks: list[str], warned: bool = False) -> str:
    other = fact.other
    assert other is not None
    typed = gen.typed(other)
    template, fallible = key_template(gen, fact.column.type, typed.type, prefix, warned and not typed.nullable)
    source = gen.hoisted(other)
    if fact.null_safe:
        held = source if gen.is_atom(source) else gen.unit.temp()
        test = f"{source} is None" if held == source else f"({held} := {source}) is None"
        return f"({gen.unit.named('NULL', NULL)} if {test} else {template.format(held)})"
    if fallible:
        made = template.format(source)
        if gen.is_const(other) and gen.unit.hoisting:
            name = gen.unit.once(made)
            checks.append(f"{name} is None")
        else:
            name = gen.unit.temp()
            checks.append(f"({name} := {made}) is None")
        return name
    if typed.nullable:
        if not gen.is_atom(source):
            name = gen.unit.temp()
            checks.append(f"({name} := {source}) is None")
            source = name
        else:
            checks.append(f"{source} is None")
    return template.format(source)


def tuple_of(parts: list[str]) -> str:
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


class Ranges(NamedTuple):
    """source: a tuple of KeyRange; may_be_empty: it may hold none at run time."""

    source: str
    may_be_empty: bool


def ranges_of(gen: ExprGen, access: Access, checked: bool = False) -> Ranges | None:
    """The ranges of an index access; None for a full scan.  checked: a range whose ends have crossed is left out."""
    if not access.facts:
        return None
    simple = None if checked and _has_two_ends(access) else _simple_range(gen, access)
    if simple is not None:
        return Ranges(f"({simple},)", False)
    columns = [_column_intervals(gen, facts, part.prefix) for facts, part in zip(access.facts, access.parts, strict=True)]
    make = gen.unit.named("key_ranges", key_ranges.key_ranges)
    safe = gen.unit.named("safe_ranges", key_ranges.safe_ranges)
    descending = [part.descending for part in access.parts]
    directions = f", {descending}" if any(descending) else ""
    return Ranges(f"{safe}(lambda: {make}([{', '.join(columns)}]{directions}))", True)


def _has_two_ends(access: Access) -> bool:
    return len(access.facts[-1]) > 1 or isinstance(access.facts[-1][0].condition, ast.Between)


def _simple_range(gen: ExprGen, access: Access) -> str | None:
    """One KeyRange written out, when every bound is a non-NULL value that is its own key."""
    parts: list[str] = []
    low: tuple[str, bool] | None = None
    high: tuple[str, bool] | None = None
    for facts, part in zip(access.facts, access.parts, strict=True):
        if part.prefix is not None:
            return None
        if facts[0].kind == "eq":
            checks: list[str] = []
            key = _key_part(gen, facts[0], None, checks) if _plain(gen, facts[0].column, facts[0].other) else ""
            if not key or checks or facts[0].null_safe:
                return None
            if low or high:
                return None
            parts.append(_turned(gen, key) if part.descending else key)
            continue
        if low or high:
            return None
        for fact in facts:
            bounds = _plain_bounds(gen, fact)
            if bounds is None:
                return None
            for side, value in (("low", bounds[0]), ("high", bounds[1])):
                if value is not None and (low if side == "low" else high) is not None:
                    return None
            low, high = bounds[0] or low, bounds[1] or high
    return _written_range(gen, access, parts, low, high)


def _written_range(gen: ExprGen, access: Access, parts: list[str], low: tuple[str, bool] | None,
                   high: tuple[str, bool] | None) -> str:
    make = gen.unit.named("KeyRange", KeyRange)
    if low is None and high is None:
        if len(parts) == len(access.facts):
            key = tuple_of(parts)
            return f"{make}({key}, {key})"
    null = gen.unit.named("NULL", NULL)
    if access.parts[-1].descending:
        end = _turned(gen, low[0] if low else null)
        low_key = tuple_of([*parts, _turned(gen, high[0])]) if high else tuple_of(parts) if parts else "None"
        high_key = tuple_of([*parts, end])
        low_in, high_in = high[1] if high else True, bool(low and low[1])
    else:
        low_key = tuple_of([*parts, low[0] if low else null])
        high_key = tuple_of([*parts, high[0]]) if high else tuple_of(parts) if parts else "None"
        low_in, high_in = bool(low and low[1]), high[1] if high else True
    flags = "" if low_in and high_in else f", {low_in}" if high_in else f", {low_in}, {high_in}"
    return f"{make}({low_key}, {high_key}{flags})"


def _plain(gen: ExprGen, column: Col, other: Expr | None) -> bool:
    if other is None:
        return False
    typed = gen.typed(other)
    return direct(column.type, typed.type) and not typed.nullable


def _plain_bounds(gen: ExprGen, fact: Fact) -> tuple[tuple[str, bool] | None, tuple[str, bool] | None] | None:
    e, column = fact.condition, fact.column

    def key(other: Expr) -> str:
        template, _ = key_template(gen, column.type, gen.typed(other).type, None)
        made = template.format(gen.hoisted(other))
        return made if template == "{}" else gen.unit.once(made) if gen.unit.hoisting and gen.is_const(other) else made

    if isinstance(e, ast.Between) and _plain(gen, column, e.low) and _plain(gen, column, e.high):
        return (key(e.low), True), (key(e.high), True)
    if isinstance(e, ast.IsTest) and e.negated:
        return (gen.unit.named("NULL", NULL), False), None
    if not isinstance(e, ast.Binary) or e.op not in ("<", "<=", ">", ">="):
        return None
    op, other = other_side(e, column)
    if not _plain(gen, column, other):
        return None
    bound = (key(other), op.endswith("="))
    return (bound, None) if op[0] == ">" else (None, bound)


def _column_intervals(gen: ExprGen, facts: list[Fact], prefix: int | None) -> str:
    sources = [_intervals(gen, f.condition, f.column, prefix) for f in facts]
    out = sources[0]
    for more in sources[1:]:
        out = f"{gen.unit.named('intersect', key_ranges.intersect)}({out}, {more})"
    return out


def _intervals(gen: ExprGen, e: Expr, column: Col, prefix: int | None) -> str:
    """Source of the list of intervals in which one condition holds."""
    unit = gen.unit
    t = unit.const(column.type, "T")
    cut = "" if prefix is None else f", {prefix}"
    between = unit.named("between", key_ranges.between)
    lowest, highest = unit.named("LOWEST", key_ranges.LOWEST), unit.named("HIGHEST", key_ranges.HIGHEST)

    def value(other: Expr) -> str:
        typed = gen.typed(other)
        if typed.nullable or not _warns(column.type, typed.type):
            return gen.value(other)
        return f"{_as_decimal(gen)}({gen.value(other)}, {gen.warn})"

    def low(other: Expr, inclusive: bool) -> str:
        return f"{unit.named('low_bound', key_ranges.low_bound)}({value(other)}, {t}, {inclusive}{cut})"

    def high(other: Expr, inclusive: bool) -> str:
        return f"{unit.named('high_bound', key_ranges.high_bound)}({value(other)}, {t}, {inclusive}{cut})"

    if isinstance(e, ast.IsTest) or (isinstance(e, ast.Binary) and e.op == "<=>" and _is_null(gen, e)):
        negated = isinstance(e, ast.IsTest) and e.negated
        return unit.named("NOT_NULL", key_ranges.NOT_NULL) if negated else unit.named("NULL_POINT", key_ranges.NULL_POINT)
    if isinstance(e, ast.Between):
        return f"{between}({low(e.low, True)}, {high(e.high, True)})"
    if isinstance(e, ast.InList):
        return f"{unit.named('points', key_ranges.points)}([{', '.join(value(i) for i in e.items)}], {t}{cut})"
    if isinstance(e, ast.Like):
        escape = "" if "NO_BACKSLASH_ESCAPES" in gen.typer.mode else "\\"
        return f"{unit.named('like_range', key_ranges.like_range)}({gen.value(e.pattern)}, {escape!r}, {t}{cut})"
    assert isinstance(e, ast.Binary)
    if e.op in ("AND", "OR"):
        a, b = _intervals(gen, e.left, column, prefix), _intervals(gen, e.right, column, prefix)
        if e.op == "AND":
            return f"{unit.named('intersect', key_ranges.intersect)}({a}, {b})"
        guarded = unit.named("guarded", key_ranges.guarded)
        return f"{guarded}(lambda: {a}) + {guarded}(lambda: {b})"
    op, other = other_side(e, column)
    if op in ("=", "<=>"):
        return f"{unit.named('points', key_ranges.points)}([{value(other)}], {t}{cut})"
    if op == "<>":
        if prefix is not None:
            return unit.named("NOT_NULL", key_ranges.NOT_NULL)
        return f"{between}({lowest}, {high(other, False)}) + {between}({low(other, False)}, {highest})"
    if op[0] == "<":
        return f"{between}({lowest}, {high(other, op == '<=')})"
    return f"{between}({low(other, op == '>=')}, {highest})"


def _is_null(gen: ExprGen, e: ast.Binary) -> bool:
    return Family.NULL in (gen.typed(e.left).type.family, gen.typed(e.right).type.family)


def scan_source(gen: ExprGen, access: Access, how: How, ranges: str | None, condition: str | None) -> str:
    """Source of the `Scan` object; a constant where nothing depends on the execution."""
    covering = access.covering and not access.is_clustered() and not (how.mode is ReadMode.SNAPSHOT and access.unique)
    equal = 0
    for facts in access.facts:
        if facts[0].kind != "eq" and access.kind != "ref":
            break
        equal += 1
    if ranges is None and condition is None:
        return gen.unit.const(Scan(access.index, (FULL,), access.reverse, how.mode, how.wait, covering, None, how.purpose, 0,
                                   None if how.seconds is None else float(how.seconds)), "S")
    make = gen.unit.named("Scan", Scan)
    full = gen.unit.named("FULL", FULL)
    args = [repr(access.index), ranges or f"({full},)"]
    extra = []
    if access.reverse:
        # a column that turns out to have one value only does not order anything
        turned = f"not {gen.unit.named('is_point', key_ranges.is_point)}({args[1]})" if access.point_turns and ranges else "True"
        extra.append(f"reverse={turned}")
        if access.order_parts:
            extra.append(f"order_parts={access.order_parts}")
    if how.mode is not ReadMode.SNAPSHOT:
        extra.append(f"mode={gen.unit.named(how.mode.name, how.mode)}")
    if how.wait is not WaitPolicy.WAIT:
        extra.append(f"wait={gen.unit.named(how.wait.name, how.wait)}")
    if covering:
        extra.append("covering=True")
    if condition is not None:
        extra.append(f"condition={condition}")
    if how.purpose is not ScanPurpose.SELECT:
        extra.append(f"purpose={gen.unit.named('FOR_' + how.purpose.name, how.purpose)}")
    if equal:
        extra.append(f"equality_parts={equal}")
    if how.seconds is not None:
        extra.append(f"wait_seconds={float(how.seconds)}")
    return f"{make}({', '.join(args + extra)})"
