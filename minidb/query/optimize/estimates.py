"""How many rows an access path finds, asked of the engine with the values that the statement is compiled with."""

from __future__ import annotations

from typing import Any

from minidb.engine import KeyRange
from minidb.query.bind.nodes import Source
from minidb.query.bind.types_of import Typer
from minidb.query.codegen.expressions import ExprGen
from minidb.query.codegen.scans import equality_key, ranges_of, tuple_of
from minidb.query.codegen.unit import Unit
from minidb.query.optimize.access import Access
from minidb.query.optimize.optimizer import has_subquery

DERIVED_ROWS = 10.0  # a materialised query's size is not known beforehand
SELECTIVITY = 10.0  # each equality with an unknown value is taken to leave a tenth


class Estimator:
    """Estimates during one compilation."""

    def __init__(self, typer: Typer, params: tuple[Any, ...]) -> None:
        self.typer = typer
        self.params = params
        self._rows: dict[int, float] = {}

    def rows(self, source: Source) -> float:
        """Rows of a whole source."""
        if source.handle is None:
            return DERIVED_ROWS
        known = self._rows.get(source.slot)
        if known is None:
            known = self._rows[source.slot] = float(max(source.handle.stats().rows, 1))
        return known

    def estimate(self, access: Access) -> float:
        """Rows that `access` finds each time it is used."""
        if access.unique or access.kind in ("const", "eq_ref"):
            return 1.0
        total = self.rows(access.source)
        if not access.facts:
            return total
        if any(f.slots or has_subquery(f.condition) for facts in access.facts for f in facts):
            return max(1.0, total / SELECTIVITY ** len(access.facts))
        ranges = self._ranges(access)
        if ranges is None or access.source.handle is None or access.index is None:
            return max(1.0, total / SELECTIVITY)
        return float(max(1, sum(access.source.handle.estimate(access.index, r) for r in ranges)))

    def _ranges(self, access: Access) -> tuple[KeyRange, ...] | None:
        """The ranges under the present parameters; None where they depend on more than that."""
        unit = Unit()
        unit.hoisting = False
        gen = ExprGen(unit, self.typer)
        if access.kind == "ref":
            key = tuple_of(equality_key(gen, access).parts)
            source = f"({unit.named('KeyRange', KeyRange)}({key}, {key}),)"
        else:
            found = ranges_of(gen, access)
            source = "()" if found is None else found.source
        try:
            ranges: tuple[KeyRange, ...] = eval(source, dict(unit.env), {"p": self.params, "x": None})
        except Exception:  # a value that only an execution has, or that does not fit the index
            return None
        return ranges
