"""Code for aggregates answered from the ends of indexes and the stored row count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minidb.engine import FULL, KeyRange, ReadMode, Scan
from minidb.query import ast
from minidb.query.bind.nodes import Block, Col, Source
from minidb.query.codegen.joins import JoinEmitter
from minidb.query.codegen.scans import How
from minidb.query.codegen.unit import Lines
from minidb.query.optimize.access import is_clustered
from minidb.query.optimize.index_ends import answered_without_rows
from minidb.query.optimize.optimizer import JoinPlan
from minidb.types.keys import NULL

if TYPE_CHECKING:
    from minidb.query.codegen.expressions import ExprGen

NOT_NULL = KeyRange((NULL,), None, False, True)


class IndexEnds:
    """Binds each aggregate of a block to a variable."""

    def __init__(self, gen: ExprGen, source: Source, answers: dict[ast.Aggregate, int | None], how: How) -> None:
        self.gen = gen
        self.source = source
        self.answers = answers
        self.how = how

    @classmethod
    def of(cls, gen: ExprGen, block: Block, plan: JoinPlan, joins: JoinEmitter) -> IndexEnds | None:
        answers = answered_without_rows(block, plan)
        if answers is None:
            return None
        source = plan.tables()[0].source
        return cls(gen, source, answers, joins.how_of(source))

    def emit(self, lines: Lines) -> None:
        unit = self.gen.unit
        table = unit.table(self.source.number)
        for e, index in self.answers.items():
            name = unit.temp("a")
            if index is None:
                lines(f"{name} = {table}.row_count({unit.trx()})")
            else:
                self._end(lines, e, index, name)
            self.gen.replaced[e] = name

    def _end(self, lines: Lines, e: ast.Aggregate, index: int, name: str) -> None:
        column = e.args[0]
        assert isinstance(column, Col)
        unit = self.gen.unit
        covering = not is_clustered(self.source, index)
        place = self.source.layouts[index].index(column.ordinal) if covering else column.ordinal
        # NULLs stand at the low end: MIN must pass them, MAX meets them only where there is nothing else
        wanted = NOT_NULL if e.name == "MIN" and column.nullable else FULL
        scan = unit.const(Scan(index, (wanted,), e.name == "MAX", self.how.mode, covering=covering), "S")
        cursor, found = unit.temp("c"), unit.temp("e")
        lines(f"{cursor} = {unit.table(self.source.number)}.scan({unit.trx()}, {scan})")
        if self.how.mode is ReadMode.SNAPSHOT:
            lines(f"{found} = {cursor}.next_batch()")
            lines(f"{name} = {found}[0][{place}] if {found} else None")
        else:
            lines(f"{found} = {cursor}.next_row()")
            lines(f"{name} = None if {found} is None else {found}[{place}]")
        lines(f"{cursor}.close()")
