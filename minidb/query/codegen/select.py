"""One query block: read, filter, group, project, sort, cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minidb.query import runtime
from minidb.query.ast import Expr
from minidb.query.bind.nodes import Block, Col, walk
from minidb.query.codegen.expressions import ExprGen
from minidb.query.codegen.grouping import GroupSink, ListSink, StreamSink, bind_aggregates
from minidb.query.codegen.index_ends import IndexEnds
from minidb.query.codegen.joins import JoinEmitter
from minidb.query.codegen.ordering import SortKey, cut, distinct, limit_sources, sort
from minidb.query.codegen.unit import Lines
from minidb.query.optimize.optimizer import JoinPlan, Step
from minidb.types.sqltype import SqlType

if TYPE_CHECKING:
    from minidb.query.codegen.queries import QueryEmitter


class BlockEmitter:
    """Writes the body of the function of one block; the body ends with ``return`` of the list of result tuples.

    types: the result's column types where a set operation asks for others than the block's own."""

    def __init__(self, queries: QueryEmitter, block: Block, plan: JoinPlan, ordered: bool,
                 types: list[SqlType] | None = None) -> None:
        self.queries = queries
        self.block = block
        self.plan = plan
        self.ordered = ordered
        self.gen: ExprGen = queries.generator()
        self.types = types
        self.limit = None if block.limit is None else limit_sources(self.gen, block.limit)
        self.sort_keys: list[SortKey] = []
        self.hidden: list[Expr] = []

    def emit(self, lines: Lines) -> None:
        block = self.block
        joins = JoinEmitter(self.gen, self.queries.how(block), self.queries.rows_of)
        if not block.grouped:
            self._plain(lines, joins)
        elif block.group_by:
            self._grouped(lines, joins)
        else:
            self._implicit_group(lines, joins)

    # ---- projection
    def _values(self) -> list[str]:
        outputs = self.block.outputs
        if self.types is None:
            return [self.gen.value(o.expr) for o in outputs]
        return [self.gen.coerced(o.expr, t) for o, t in zip(outputs, self.types, strict=True)]

    def _find_sort_keys(self) -> None:
        """Where each ORDER BY expression stands in the tuples: a visible column, or a hidden one behind them."""
        exprs = [o.expr for o in self.block.outputs]
        for e, descending in self.block.order_by:
            if self.gen.is_const(e) and not self.gen.replaced:
                continue
            if e in exprs:
                position = exprs.index(e)
            elif e in self.hidden:
                position = len(exprs) + self.hidden.index(e)
            else:
                position = len(exprs) + len(self.hidden)
                self.hidden.append(e)
            typed = self.gen.typed(e)
            self.sort_keys.append(SortKey(position, descending, typed.type, typed.nullable))

    def projection(self) -> str:
        """Source of the result tuple of one row."""
        parts = self._values() + [self.gen.value(e) for e in self.hidden]
        whole = self._whole_row()
        if whole is not None and not self.hidden:
            return whole
        return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"

    def _whole_row(self) -> str | None:
        """``r[:n]`` for the first n columns of one source, without the engine's tail."""
        outputs = [o.expr for o in self.block.outputs]
        first = outputs[0]
        if not isinstance(first, Col) or self.gen.places.get(first.slot) is not None or len(outputs) < 2 or self.types is not None:
            return None
        if any(not isinstance(e, Col) or e.slot != first.slot or e.ordinal != i for i, e in enumerate(outputs)):
            return None
        if any(e in self.gen.replaced for e in outputs):
            return None
        return f"r{first.slot}[:{len(outputs)}]" if first.source.is_base else f"r{first.slot}"

    # ---- without grouping
    def _plain(self, lines: Lines, joins: JoinEmitter) -> None:
        block = self.block
        if not self.ordered:
            self._find_sort_keys()
        joins.prepare(self.plan)
        if self._single(lines, joins):
            return
        needs_all = bool(self.sort_keys) or block.distinct or block.found_rows
        early = None if needs_all or self.limit is None else self.limit[1]
        if self.limit is not None and not block.found_rows and not self.limit[1].isdigit():
            end = self.gen.unit.temp("n")
            lines(f"{end} = {self.limit[1]}")
            self.limit = (self.limit[0], end)
            early = end if early is not None else None
        if early is not None:
            lines(f"if {early} <= 0: return []")
        lines("out = []")
        sink = _ProjectSink(self, early)
        joins.emit(lines, self.plan, sink)
        self._finish(lines)

    def _single(self, lines: Lines, joins: JoinEmitter) -> bool:
        """A look-up of one row by its whole key: no list, no loop."""
        block, steps = self.block, self.plan.steps
        if len(steps) != 1 or not isinstance(steps[0], Step) or steps[0].access.kind not in ("const", "eq_ref"):
            return False
        if self.plan.constant or self.limit is not None or block.having is not None or block.found_rows or self.hidden:
            return False
        if joins.reads_by_cursor(steps[0]):
            return False
        collector = _Returner(self)
        joins.table(lines, steps[0], collector.row, None, first=True)
        lines("return []")
        return True

    def _finish(self, lines: Lines) -> None:
        """Distinct, sort, cut, strip hidden columns, return."""
        block = self.block
        if block.distinct:
            distinct(self.gen, lines, "out", self.types or [o.column.type for o in block.outputs])
        if block.found_rows:
            lines("x.session.found_rows = len(out)")
        if self.sort_keys:
            sort(self.gen, lines, "out", self.sort_keys, None if self.limit is None else self.limit[1])
        rows = "out" if self.limit is None else cut(lines, "out", self.limit)
        if self.hidden:
            rows = f"[r[:{len(block.outputs)}] for r in {rows}]"
        lines(f"return {rows}")

    # ---- grouping
    def _target(self) -> str:
        """The row variables of the block as loop target and element of a group's list."""
        names = [s.source.row for s in self.plan.tables()]
        return names[0] if len(names) == 1 else f"({', '.join(names)})" if names else "_"

    def _grouped(self, lines: Lines, joins: JoinEmitter) -> None:
        block = self.block
        joins.prepare(self.plan)
        target = self._target()
        sink = GroupSink(self.gen, block, target)
        sink.open(lines)
        joins.emit(lines, self.plan, sink)
        if not block.order_by and not block.rollup:
            for e, descending in zip(block.group_by, block.group_desc, strict=True):
                block.order_by.append((e, descending))
        lines("out = []")
        if block.rollup:
            self._rollup(lines, sink, target)
        elif sink.count_only:
            self._counted(lines, sink)
        else:
            rows = self.gen.unit.temp("q")
            with lines.indented(f"for {rows} in {sink.close(lines)}:"):
                self._group(lines, target, rows)
        self._finish(lines)

    def _counted(self, lines: Lines, sink: GroupSink) -> None:
        block = self.block
        count = self.gen.unit.temp("n")
        keys = [self.gen.unit.temp("k") for _ in block.group_by]
        head = f"({', '.join(keys)})" if len(keys) > 1 else keys[0]
        with lines.indented(f"for {head}, {count} in {sink.groups}.items():"):
            for e, name in zip(block.group_by, keys, strict=True):
                self.gen.replaced[e] = name
            for aggregate in block.aggregates:
                self.gen.replaced[aggregate] = count
            self._project(lines)

    def _group(self, lines: Lines, target: str, rows: str) -> None:
        """One group: aggregates from its rows, plain columns from its first row."""
        bind_aggregates(self.gen, lines, self.block, target, rows)
        if self._reads_columns():
            lines(f"{target} = {rows}[0]")
        self._project(lines)

    def _reads_columns(self) -> bool:
        block = self.block
        shown = [o.expr for o in block.outputs] + [e for e, _ in block.order_by] + ([block.having] if block.having else [])
        return any(e not in self.gen.replaced for e in shown)

    def _project(self, lines: Lines) -> None:
        self.sort_keys, self.hidden = [], []
        self._find_sort_keys()
        having = "" if self.block.having is None else self.gen.true(self.block.having)
        if having:
            with lines.indented(f"if {having}:"):
                lines(f"out.append({self.projection()})")
        else:
            lines(f"out.append({self.projection()})")

    def _rollup(self, lines: Lines, sink: GroupSink, target: str) -> None:
        """WITH ROLLUP: after each group of a level the super-aggregate over it, its key NULL."""
        block = self.block
        keys = [self.gen.unit.temp("k") for _ in block.group_by]
        rows = self.gen.unit.temp("q")
        groups = sink.close(lines)
        values = [self.gen.value(e) for e in block.group_by]
        made = f"[(({', '.join(values)},), q) for q in {groups} for {target} in (q[0],)]"
        keyed = enumerate(zip(block.group_by, block.group_desc, strict=True))
        sorts = [SortKey(i, d, self.gen.typed(e).type, True) for i, (e, d) in keyed]
        from minidb.query.codegen.ordering import key_source

        spec = ", ".join(f"({key_source(self.gen, [k])}, {k.descending})" for k in sorts)
        helper = self.gen.unit.named("rollup", runtime.rollup)
        with lines.indented(f"for ({', '.join(keys)},), {rows} in {helper}({made}, [{spec}]):"):
            bind_aggregates(self.gen, lines, block, target, rows)
            if any(isinstance(x, Col) for o in block.outputs for x in walk(o.expr)):
                lines(f"{target} = {rows}[0]")
            for e, name in zip(block.group_by, keys, strict=True):
                self.gen.replaced[e] = name
            self.gen.typer.forced_nullable |= set(block.group_by)
            self.gen.typer.forget()
            self._project(lines)

    def _implicit_group(self, lines: Lines, joins: JoinEmitter) -> None:
        block = self.block
        joins.prepare(self.plan)
        ends = IndexEnds.of(self.gen, block, self.plan, joins)
        if ends is not None:
            ends.emit(lines)
            lines("out = []")
            self._project(lines)
            self._finish(lines)
            return
        if StreamSink.fits(self.gen, block):
            stream = StreamSink(self.gen, block)
            stream.open(lines)
            joins.emit(lines, self.plan, stream)
            stream.close(lines)
            lines("out = []")
            self._project(lines)
            self._finish(lines)
            return
        target = self._target()
        sink = ListSink(self.gen, target)
        sink.open(lines)
        joins.emit(lines, self.plan, sink)
        lines("out = []")
        bind_aggregates(self.gen, lines, block, target, sink.name)
        if target != "_" and self._reads_columns():
            nulls = [joins.null_row(s) for s in self.plan.tables()]
            nothing = nulls[0] if len(nulls) == 1 else f"({', '.join(nulls)})"
            lines(f"{target} = {sink.name}[0] if {sink.name} else {nothing}")
        self._project(lines)
        self._finish(lines)


class _ProjectSink:
    """Appends result tuples to `out`; stops when `early` of them are there."""

    def __init__(self, block: BlockEmitter, early: str | None) -> None:
        self.block = block
        self.early = early

    def _having(self) -> str:
        having = self.block.block.having
        return "" if having is None else self.block.gen.true(having)

    def _stop(self, lines: Lines) -> None:
        if self.early is not None:
            assert self.block.limit is not None
            rows = self.block.limit
            lines(f"if len(out) >= {self.early}: return {cut(lines, 'out', rows)}")

    def row(self, lines: Lines) -> None:
        having = self._having()
        if having:
            with lines.indented(f"if {having}:"):
                lines(f"out.append({self.block.projection()})")
                self._stop(lines)
            return
        lines(f"out.append({self.block.projection()})")
        self._stop(lines)

    def rows(self, lines: Lines, variable: str, iterable: str, condition: str) -> bool:
        having = self._having()
        tests = [t for t in (condition, having) if t]
        where = f" if {' and '.join(tests)}" if tests else ""
        lines(f"out += [{self.block.projection()} for {variable} in {iterable}{where}]")
        self._stop(lines)
        return True


class _Returner:
    """Returns the one result tuple."""

    def __init__(self, block: BlockEmitter) -> None:
        self.block = block

    def row(self, lines: Lines) -> None:
        lines(f"return [{self.block.projection()}]")
