"""Aggregate functions over the list of a group's rows."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from minidb.errors import unsupported
from minidb.query import ast, runtime
from minidb.query.ast import Expr
from minidb.query.bind.types_of import DIVISION_SCALE, digits_of
from minidb.query.codegen.arithmetic import number_template
from minidb.types.keys import key_function
from minidb.types.sqltype import Family, SqlType

if TYPE_CHECKING:
    from minidb.query.codegen.expressions import ExprGen

_SPREAD = {"STD": ("deviation", False), "STDDEV": ("deviation", False), "STDDEV_POP": ("deviation", False),
           "STDDEV_SAMP": ("deviation", True), "VARIANCE": ("variance", False), "VAR_POP": ("variance", False),
           "VAR_SAMP": ("variance", True)}


class AggregateGen:
    """Source of aggregates.  target: the loop variable(s) over a group's rows; rows: the list they come from."""

    def __init__(self, gen: ExprGen, target: str, rows: str) -> None:
        self.gen = gen
        self.target = target
        self.rows = rows

    def source(self, e: ast.Aggregate) -> str:
        """Source of the aggregate's value over `rows`; raises 1235 for one that minidb lacks."""
        if e.name == "COUNT":
            return self._count(e)
        if e.name == "GROUP_CONCAT":
            return self._concat(e)
        if e.name in ("JSON_ARRAYAGG", "JSON_OBJECTAGG"):
            return self._json(e)
        values = self.values(e.args[0], e.distinct)
        return self.reduce(e, values)

    def reduce(self, e: ast.Aggregate, values: str) -> str:
        """The aggregate of the non-NULL values in list `values`."""
        unit = self.gen.unit
        t = self.gen.typed(e.args[0]).type
        if e.name in ("MIN", "MAX"):
            make = key_function(t) if t.family is Family.STRING and t.name not in ("enum", "set") else None
            key = "" if make is None else f", key={unit.const(make, 'ck')}"
            return f"{e.name.lower()}({values}{key}, default=None)"
        if e.name in ("SUM", "AVG"):
            held = unit.temp()
            return f"({self.total(e, held, f'len({held})')} if ({held} := {values}) else None)"
        if e.name.startswith("BIT_"):
            return f"{unit.named('fold_bits', runtime.fold_bits)}({e.name!r}, {values})"
        if e.name in _SPREAD:
            name, sample = _SPREAD[e.name]
            digits = digits_of(t)[1] + DIVISION_SCALE if t.family in (Family.INT, Family.DECIMAL) else None
            return f"{unit.named(name, getattr(runtime, name))}({values}, {sample}, {digits})"
        raise unsupported(f"aggregate function {e.name}")

    def total(self, e: ast.Aggregate, values: str, count: str) -> str:
        """SUM or AVG of a list that is not empty."""
        return self.finish(e, self.add_up(e, values), count)

    def add_up(self, e: ast.Aggregate, values: str) -> str:
        """Plain sum of a list."""
        t = self.gen.typed(e.args[0]).type
        if t.family is Family.DECIMAL:
            return f"{self.gen.unit.named('exact_sum', runtime.exact_sum)}({values})"
        return f"sum({values})"

    def finish(self, e: ast.Aggregate, total: str, count: str) -> str:
        """The aggregate from a sum and the number of values (which is not 0)."""
        t = self.gen.typed(e.args[0]).type
        unit = self.gen.unit
        exact = t.family in (Family.INT, Family.DECIMAL)
        if e.name == "SUM":
            return total if t.family is not Family.INT else f"{unit.named('Decimal', Decimal)}({total})"
        if not exact:
            return f"{total} / {count}"
        scale = min(digits_of(t)[1] + DIVISION_SCALE, 38)
        return f"{unit.named('average', runtime.average)}({total}, {count}, {scale})"

    def values(self, e: Expr, distinct: bool) -> str:
        """A list of the argument's non-NULL values, as numbers where the aggregate computes."""
        source, test = self.argument(e)
        rows = f"[{source} for {self.target} in {self.rows}{' if ' + test if test else ''}]"
        if not distinct:
            return rows
        t = self.gen.typed(e).type
        make = key_function(t) if t.family is Family.STRING and t.name not in ("enum", "set") else None
        if make is None:
            return f"list(dict.fromkeys({rows}))"
        return f"{self.gen.unit.named('distinct_by', runtime.distinct_by)}({rows}, {self.gen.unit.const(make, 'ck')})"

    def argument(self, e: Expr, number: bool = False) -> tuple[str, str]:
        """(value source, condition that it is not NULL)."""
        source = self.gen.value(e)
        if not self.gen.nullable(e):
            return source, ""
        if self.gen.is_atom(source):
            return source, f"{source} is not None"
        held = self.gen.unit.temp()
        return held, f"({held} := {source}) is not None"

    def _count(self, e: ast.Aggregate) -> str:
        if isinstance(e.args[0], ast.Star):
            return f"len({self.rows})"
        if not e.distinct:
            _, test = self.argument(e.args[0])
            return f"len([None for {self.target} in {self.rows} if {test}])" if test else f"len({self.rows})"
        checks, parts = self.gen.guard(*e.args)
        keys = [self._key(self.gen.typed(a).type, p) for a, p in zip(e.args, parts, strict=True)]
        test = " and ".join(f"{c.removesuffix(' is None')} is not None" for c in checks)
        key = keys[0] if len(keys) == 1 else f"({', '.join(keys)})"
        return f"len({{{key} for {self.target} in {self.rows}{' if ' + test if test else ''}}})"

    def _key(self, t: SqlType, source: str) -> str:
        make = key_function(t) if t.family is Family.STRING and t.name not in ("enum", "set") else None
        return source if make is None else f"{self.gen.unit.const(make, 'ck')}({source})"

    def _concat(self, e: ast.Aggregate) -> str:
        from minidb.query.codegen.ordering import SortKey, key_source

        checks, names = self.gen.guard(*e.args)
        texts = [self.gen.text_template(self.gen.typed(a).type).format(n) for a, n in zip(e.args, names, strict=True)]
        text = texts[0] if len(texts) == 1 else " + ".join(texts)
        parts = [text, *(self.gen.value(o.expr) for o in e.order_by)]
        test = " and ".join(f"{c.removesuffix(' is None')} is not None" for c in checks)
        rows = f"[({', '.join(parts)},) for {self.target} in {self.rows}{' if ' + test if test else ''}]"
        sorts = []
        for i, item in reversed(list(enumerate(e.order_by, 1))):
            typed = self.gen.typed(item.expr)
            sorts.append(f"({key_source(self.gen, [SortKey(i, False, typed.type, typed.nullable)])}, {item.descending})")
        make = key_function(self.gen.typed(e.args[0]).type) if self.gen.typed(e.args[0]).type.family is Family.STRING else None
        unique = "None" if not e.distinct else self.gen.unit.const(make, "ck") if make is not None else "str"
        helper = self.gen.unit.named("group_concat", runtime.group_concat)
        return f"{helper}({rows}, [{', '.join(sorts)}], {unique}, {e.separator!r}, x.session)"

    def _json(self, e: ast.Aggregate) -> str:
        values = ", ".join(self.gen.value(a) for a in e.args)
        helper = self.gen.unit.named("json_aggregate", runtime.json_aggregate)
        return f"{helper}({e.name!r}, [({values},) for {self.target} in {self.rows}])"


def numbers(gen: ExprGen, e: ast.Aggregate) -> ast.Aggregate:
    """SUM, AVG and the like of text or dates work on numbers: the argument is wrapped in a conversion where needed."""
    t = gen.typed(e.args[0]).type if e.args and not isinstance(e.args[0], ast.Star) else None
    if t is None or e.name in ("COUNT", "MIN", "MAX", "GROUP_CONCAT", "JSON_ARRAYAGG", "JSON_OBJECTAGG") or t.is_numeric():
        return e
    template = number_template(gen, t, double=True)
    return e if template == "{}" else ast.Aggregate(e.name, (ast.Binary("+", e.args[0], ast.Literal(0.0)),), e.distinct)
