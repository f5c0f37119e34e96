"""What the conditions of a block say about single columns: the raw material of access paths."""

from __future__ import annotations

from dataclasses import dataclass, field

from minidb.errors import Error
from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.bind.nodes import Col, Source, slots_of
from minidb.query.bind.types_of import Typer
from minidb.types.sqltype import Family

_RANGE_OPS = ("<", "<=", ">", ">=", "<>")
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<=>": "<=>", "<>": "<>"}
_DAYS = (Family.DATE, Family.DATETIME)


@dataclass(slots=True)
class Fact:
    """One condition on one column.

    kind: 'eq' (col = expr), 'points' (IN, OR of equalities, IS NULL), 'range'.  slots: row variables needed to evaluate the other
    side.  exact: the index entries in the interval are just those that satisfy the condition, so no filter is needed."""

    column: Col
    kind: str
    condition: Expr
    slots: set[int]
    other: Expr | None = None
    null_safe: bool = False
    exact: bool = True


@dataclass(slots=True)
class ColumnFacts:
    """All facts about the columns of one source, by ordinal."""

    by_column: dict[int, list[Fact]] = field(default_factory=dict)

    def of(self, column: int, available: set[int]) -> list[Fact]:
        """The facts on a column that can be evaluated from the rows of the slots in `available`."""
        return [f for f in self.by_column.get(column, ()) if f.slots <= available]


def facts_about(source: Source, conditions: list[Expr], typer: Typer) -> ColumnFacts:
    """The facts that `conditions` (joined by AND) give about `source`."""
    found = ColumnFacts()
    if source.tdef is None:
        return found
    for condition in conditions:
        fact = fact_of(condition, source, typer)
        if fact is not None:
            found.by_column.setdefault(fact.column.ordinal, []).append(fact)
    return found


def fact_of(e: Expr, source: Source, typer: Typer) -> Fact | None:
    """What one condition says about one column of `source` in a form that an index can use, or None."""
    if isinstance(e, ast.Binary):
        if e.op in ("AND", "OR"):
            return _joined(e, source, typer)
        return _comparison(e, source, typer)
    if isinstance(e, ast.Between) and not e.negated:
        return _simple(e, e.operand, (e.low, e.high), "range", source, typer)
    if isinstance(e, ast.InList) and not e.negated:
        return _simple(e, e.operand, e.items, "points", source, typer)
    if isinstance(e, ast.IsTest) and e.what == "NULL" and isinstance(e.operand, Col) and e.operand.slot == source.slot:
        if e.negated:
            return Fact(e.operand, "range", e, set())
        return Fact(e.operand, "points", e, set())
    if isinstance(e, ast.Like) and not e.negated and isinstance(e.pattern, (ast.Literal, ast.Param)) and e.escape is None:
        if typer.family(e.operand) is Family.STRING and typer.family(e.pattern) is Family.STRING:
            fact = _simple(e, e.operand, (e.pattern,), "range", source, typer)
            if fact is not None:
                fact.exact = False
            if fact is not None and not _like_starts_plain(e.pattern, typer):
                return None
            return fact
    return None


def _like_starts_plain(pattern: Expr, typer: Typer) -> bool:
    value = pattern.value if isinstance(pattern, ast.Literal) else ""
    if isinstance(pattern, ast.Param):
        value = typer.params[pattern.index]
    return isinstance(value, str) and value[:1] not in ("%", "_", "")


def _comparison(e: ast.Binary, source: Source, typer: Typer) -> Fact | None:
    if e.op not in _FLIPPED:
        return None
    for column, other, op in ((e.left, e.right, e.op), (e.right, e.left, _FLIPPED[e.op])):
        if not isinstance(column, Col) or column.slot != source.slot:
            continue
        if op == "<=>" and typer.family(other) is Family.NULL:
            return Fact(column, "points", e, set())
        slots = slots_of(other)
        if source.slot in slots or not index_comparable(typer, column, other, op):
            continue
        kind = "range" if op in _RANGE_OPS else "eq"
        return Fact(column, kind, e, slots, other, op == "<=>")
    return None


def _simple(e: Expr, column: Expr, others: tuple[Expr, ...], kind: str, source: Source, typer: Typer) -> Fact | None:
    if not isinstance(column, Col) or column.slot != source.slot:
        return None
    slots: set[int] = set()
    for other in others:
        if typer.family(other) is Family.NULL and kind == "points":
            continue
        slots |= slots_of(other)
        if not index_comparable(typer, column, other, "=" if kind == "points" else "<"):
            return None
    return None if source.slot in slots else Fact(column, kind, e, slots)


def _joined(e: ast.Binary, source: Source, typer: Typer) -> Fact | None:
    """AND / OR of conditions on one and the same column."""
    left, right = fact_of(e.left, source, typer), fact_of(e.right, source, typer)
    if left is None or right is None or left.column != right.column:
        return None
    points = e.op == "OR" and left.kind != "range" and right.kind != "range"
    fact = Fact(left.column, "points" if points else "range", e, left.slots | right.slots)
    fact.exact = left.exact and right.exact
    return fact


def _collates(typer: Typer, column: Col, other: Expr) -> bool:
    """Whether the comparison is by the column's collation.  Collations that do not mix are the comparison's own error."""
    try:
        return typer.collation(column, other) == column.type.collation
    except Error:
        return False


def index_comparable(typer: Typer, column: Col, other: Expr, op: str) -> bool:
    """Whether an index on `column` orders its values the way the comparison with `other` does (static types decide; a value that
    breaks the rule at run time raises NotSargable and the statement falls back to a scan)."""
    t, o = column.type, typer.typed(other).type
    const = not slots_of(other)
    if o.family is Family.NULL or isinstance(other, ast.RowExpr):
        return False
    if t.is_numeric():
        if t.name == "float":
            return False
        if o.is_numeric():
            return const or Family.FLOAT not in (t.family, o.family) or t.family is o.family
        return const and (o.family is Family.STRING or o.is_temporal())
    if t.name in ("enum", "set"):
        return const and op in ("=", "<=>") and o.family in (Family.STRING, Family.INT)
    if t.family is Family.STRING:
        return o.family is Family.STRING and o.name not in ("enum", "set") and _collates(typer, column, other)
    if t.family is Family.BYTES:
        return o.family is Family.BYTES or (const and o.family is Family.STRING)
    if t.family in _DAYS:
        return o.family in _DAYS or (const and o.family in (Family.STRING, Family.INT))
    return o.family is Family.TIME or (const and o.family in (Family.STRING, Family.INT))
