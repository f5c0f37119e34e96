"""Nested loops over the tables of a join plan.

Snapshot reads work on lists: a leaf batch, the rows of a look-up.  The innermost list is handed to the sink, which fuses filter and
projection into one comprehension.  Locking reads go row by row, so that a rejected row gives its lock back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from minidb.engine import KeyRange, ReadMode, WaitPolicy
from minidb.errors import unsupported
from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.bind.nodes import Source, slots_of
from minidb.query.codegen.comparisons import kind_of, operand
from minidb.query.codegen.scans import How, equality_key, ranges_of, scan_source, tuple_of
from minidb.query.codegen.unit import Lines
from minidb.query.optimize.access import Access
from minidb.query.optimize.optimizer import JoinPlan, LeftStep, Step, has_subquery

if TYPE_CHECKING:
    from minidb.query.codegen.expressions import ExprGen

SNAPSHOT = How()
MAX_TABLES = 18  # Python nests at most 20 blocks


class Sink(Protocol):
    """What becomes of joined rows."""

    def row(self, lines: Lines) -> None:
        """Write the statements for one joined row, all row variables set."""

    def rows(self, lines: Lines, variable: str, iterable: str, condition: str) -> bool:
        """Write one statement that consumes a whole list for the innermost table; False: loop instead."""


class JoinEmitter:
    """Writes the loops of one block.

    how: per slot, the way a base table is read.  derived: source of the row list of each materialised query, by slot."""

    def __init__(self, gen: ExprGen, how: Mapping[int, How], rows_of: Callable[[Source], str]) -> None:
        self.gen = gen
        self.unit = gen.unit
        self.how = how
        self.rows_of = rows_of
        self.empty = ""  # variable of ranges that may turn out to be none

    # ---- entry
    def emit(self, lines: Lines, plan: JoinPlan, sink: Sink) -> None:
        """Write the loops of `plan` with `sink` inside."""
        if len(plan.tables()) > MAX_TABLES:
            raise unsupported(f"joins of more than {MAX_TABLES} tables")
        self.prepare(plan)
        for step in plan.tables():
            if self._load_once(plan, step):
                lines(f"m{step.source.slot} = None")
        for source in self._probed(plan):
            lines(f"h{source.slot} = None")
        test = self.gen.all_true(plan.constant)
        if test:
            with lines.indented(f"if {test}:"):
                self._step(lines, plan.steps, 0, sink)
        else:
            self._step(lines, plan.steps, 0, sink)

    def prepare(self, plan: JoinPlan) -> None:
        """Covering scans deliver entries: note where the columns stand."""
        for step in plan.tables():
            self.place(step.access)

    def place(self, access: Access) -> None:
        source = access.source
        if access.covering and not access.is_clustered() and source.is_base and access.index is not None:
            if access.kind in ("const", "eq_ref") and self.how_of(source).mode is ReadMode.SNAPSHOT:
                return
            layout = source.layouts[access.index]
            self.gen.places[source.slot] = {c: i for i, c in enumerate(layout) if c >= 0}

    def how_of(self, source: Source) -> How:
        return self.how.get(source.slot, SNAPSHOT)

    def _load_once(self, plan: JoinPlan, step: Step) -> bool:
        """Whether the rows are read into a list on first use: scans inside other loops, and derived tables do it themselves."""
        if step.access.kind in ("const", "eq_ref", "ref") or not step.source.is_base:
            return False
        return step is not plan.steps[0] and not step.hash_on

    def _probed(self, plan: JoinPlan) -> list[Source]:
        return [s.source for s in plan.tables() if s.hash_on]

    # ---- steps
    def _step(self, lines: Lines, steps: list[Step | LeftStep], i: int, sink: Sink) -> None:
        if i == len(steps):
            sink.row(lines)
            return
        step = steps[i]
        last = i == len(steps) - 1
        constants = self._constants(steps) if i == 0 else []
        if len(constants) > 1:
            self._read_constants(lines, constants, lambda body: self._step(body, steps, len(constants), sink))
            return

        def inside(body: Lines) -> None:
            self._step(body, steps, i + 1, sink)

        if isinstance(step, LeftStep):
            self._left(lines, step, inside)
            return
        self.table(lines, step, inside, sink if last else None, first=i == 0)

    def table(self, lines: Lines, step: Step, inside: Callable[[Lines], None], sink: Sink | None, first: bool) -> None:
        access = step.access
        source = step.source
        how = self.how_of(source)
        locking = how.mode is not ReadMode.SNAPSHOT and source.is_base
        if step.hash_on:
            self._hash(lines, step, inside, sink)
        elif not source.is_base:
            self._list(lines, step, self.rows_of(source), inside, sink)
        elif access.kind in ("const", "eq_ref") and not (locking and self._by_cursor(access, how)):
            self._get(lines, step, how, inside)
        elif locking and (first or access.kind in ("ref", "const", "eq_ref")):
            self._locking_loop(lines, step, how, inside)
        elif access.kind == "ref":
            self._lookup(lines, step, inside, sink)
        elif first:
            self._batches(lines, step, inside, sink)
        else:
            self._loaded(lines, step, how, inside, sink)

    def reads_by_cursor(self, step: Step) -> bool:
        """Whether a const or eq_ref step is read row by row."""
        how = self.how_of(step.source)
        return how.mode is not ReadMode.SNAPSHOT and self._by_cursor(step.access, how)

    @staticmethod
    def _by_cursor(access: Access, how: How) -> bool:
        """A look-up by whole key that must be a scan: WAIT n, or a covering read that leaves the row unlocked."""
        return how.seconds is not None or (access.covering and not access.is_clustered())

    # ---- tables of one row
    def _constants(self, steps: list[Step | LeftStep]) -> list[Step]:
        """The leading tables of at most one row, found by constants or by the rows of such tables."""
        found: list[Step] = []
        for step in steps:
            if not isinstance(step, Step) or step.access.kind != "const" or self.reads_by_cursor(step):
                break
            found.append(step)
        return found

    def _read_constants(self, lines: Lines, steps: list[Step], inside: Callable[[Lines], None]) -> None:
        """Read them all before any condition is tested: a locking read locks in each of them, even where another has no row.  One
        that is found through a row of another is read if that row is there."""
        slots = {s.source.slot for s in steps}
        through = [s for s in steps if any(f.slots & slots for part in s.access.facts for f in part)]
        filters = [f for s in steps for f in s.filters]
        for step in steps:
            if step not in through:
                self._fetch(lines, step, self.how_of(step.source))
        test = " and ".join(f"{s.source.row} is not None" for s in steps if s not in through)
        with lines.indented(f"if {test}:"):
            self._read_through(lines, through, filters, inside)

    def _read_through(self, lines: Lines, steps: list[Step], filters: list[Expr], inside: Callable[[Lines], None]) -> None:
        if not steps:
            self._tested(lines, self.gen.all_true(filters), inside)
            return
        step, *rest = steps
        self._fetch(lines, step, self.how_of(step.source))
        with lines.indented(f"if {step.source.row} is not None:"):
            self._read_through(lines, rest, filters, inside)

    def _get(self, lines: Lines, step: Step, how: How, inside: Callable[[Lines], None]) -> None:
        self._fetch(lines, step, how)
        tests = [f"{step.source.row} is not None"]
        filters = self.gen.all_true(step.filters)
        with lines.indented(f"if {' and '.join([*tests, *([filters] if filters else [])])}:"):
            inside(lines)

    def _fetch(self, lines: Lines, step: Step, how: How) -> None:
        """Set the row variable of a const or eq_ref step: the row, or None."""
        source, access = step.source, step.access
        key = equality_key(self.gen, access)
        argument = key.parts[0] if len(key.parts) == 1 else tuple_of(key.parts)
        call = f"{self.unit.table(source.number)}.get({self.unit.trx()}, {access.index}, {argument}{lock_arguments(self.gen, how)})"
        if key.checks:
            call = f"None if {' or '.join(key.checks)} else {call}"
        lines(f"{source.row} = {call}")

    def _lookup(self, lines: Lines, step: Step, inside: Callable[[Lines], None], sink: Sink | None) -> None:
        key = equality_key(self.gen, step.access)
        call = self._look_up(step, key.parts)
        if key.checks:
            call = f"() if {' or '.join(key.checks)} else {call}"
        if step.access.reverse:
            call = f"({call})[::-1]"
        self._list(lines, step, call, inside, sink)

    def _look_up(self, step: Step, parts: list[str]) -> str:
        """Source of the call that finds the rows of a key, or the entries where the index covers."""
        access = step.access
        table = self.unit.table(step.source.number)
        method = "lookup_entries" if access.covering and not access.is_clustered() else "lookup"
        return f"{table}.{method}({self.unit.trx()}, {access.index}, {tuple_of(parts)})"

    def _list(self, lines: Lines, step: Step, rows: str, inside: Callable[[Lines], None], sink: Sink | None) -> None:
        """Loop over a list of rows, or give it whole to the sink."""
        condition = self.gen.all_true(step.filters)
        variable = step.source.row
        if sink is not None:
            if not self.gen.is_atom(rows):
                name = self.unit.temp("b")
                lines(f"{name} = {rows}")
                rows = name
            if sink.rows(lines, variable, rows, condition):
                return
        with lines.indented(f"for {variable} in {rows}:"):
            self._tested(lines, condition, inside)

    @staticmethod
    def _tested(lines: Lines, condition: str, inside: Callable[[Lines], None]) -> None:
        if condition:
            with lines.indented(f"if {condition}:"):
                inside(lines)
        else:
            inside(lines)

    def cursor(self, lines: Lines, access: Access, how: How, pushed: list[Expr]) -> str:
        """Write the opening of a scan; the name of its cursor."""
        ranges = self.ranges(lines, access, how)
        condition = self._pushed(access.source, access, pushed)
        scan = scan_source(self.gen, access, how, ranges, condition)
        name = self.unit.temp("c")
        lines(f"{name} = {self.unit.table(access.source.number)}.scan({self.unit.trx()}, {scan})")
        return name

    def ranges(self, lines: Lines, access: Access, how: How) -> str | None:
        """Write the computation of a scan's ranges where it is not just one; `empty` tells the caller what to test."""
        locking = how.mode is not ReadMode.SNAPSHOT
        ranges = ranges_of(self.gen, access, checked=locking)
        self.empty = ""
        if ranges is None or not (ranges.may_be_empty and locking):
            return None if ranges is None else ranges.source
        name = self.unit.temp("g")
        lines(f"{name} = {ranges.source}")
        self.empty = name
        return name

    def _pushed(self, source: Source, access: Access, pushed: list[Expr]) -> str | None:
        """A function over the index entry for the pushed conditions."""
        if not pushed or not source.is_base or access.index is None:
            return None
        kept = self.gen.places.get(source.slot)
        layout = source.layouts[access.index]
        self.gen.places[source.slot] = {c: i for i, c in enumerate(layout) if c >= 0}
        test = self.gen.all_true(pushed)
        if kept is None:
            del self.gen.places[source.slot]
        else:
            self.gen.places[source.slot] = kept
        return f"lambda {source.row}: {test}"

    def _batches(self, lines: Lines, step: Step, inside: Callable[[Lines], None], sink: Sink | None) -> None:
        extra = [c for c in step.access.pushed if not any(c is d for d in step.access.done)]
        cursor = self.cursor(lines, step.access, self.how_of(step.source), extra)
        batch = self.unit.temp("b")
        with lines.indented(f"while ({batch} := {cursor}.next_batch()) is not None:"):
            self._list(lines, step, batch, inside, sink)
            lines("x.session.check_interrupted()")

    def _locking_loop(self, lines: Lines, step: Step, how: How, inside: Callable[[Lines], None]) -> None:
        access = step.access
        if access.kind in ("ref", "const", "eq_ref"):
            key = equality_key(self.gen, access)
            if key.checks:
                with lines.indented(f"if not ({' or '.join(key.checks)}):"):
                    self._rows_locked(lines, step, self._equality_cursor(lines, step, how, key.parts), inside)
                return
            self._rows_locked(lines, step, self._equality_cursor(lines, step, how, key.parts), inside)
            return
        pushed = [] if access.reverse else access.pushed
        cursor = self.cursor(lines, access, how, pushed)
        if not self.empty:
            self._rows_locked(lines, step, cursor, inside)
            return
        with lines.indented(f"if {self.empty}:"):  # no range: not even the table is locked
            self._rows_locked(lines, step, cursor, inside)

    def _equality_cursor(self, lines: Lines, step: Step, how: How, parts: list[str]) -> str:
        key = self.unit.temp("k")
        lines(f"{key} = {tuple_of(parts)}")
        ranges = f"({self.unit.named('KeyRange', KeyRange)}({key}, {key}),)"
        condition = self._pushed(step.source, step.access, [] if step.access.reverse else step.access.pushed)
        name = self.unit.temp("c")
        scan = scan_source(self.gen, step.access, how, ranges, condition)
        lines(f"{name} = {self.unit.table(step.source.number)}.scan({self.unit.trx()}, {scan})")
        return name

    def _rows_locked(self, lines: Lines, step: Step, cursor: str, inside: Callable[[Lines], None]) -> None:
        row = step.source.row
        with lines.indented(f"while ({row} := {cursor}.next_row()) is not None:"):
            lines("x.session.check_interrupted()")
            condition = self.gen.all_true(step.filters)
            if condition:
                with lines.indented(f"if {condition}:"):
                    inside(lines)
                with lines.indented("else:"):
                    lines(f"{cursor}.unlock_row()")
            else:
                inside(lines)
        lines(f"{cursor}.close()")

    def _loaded(self, lines: Lines, step: Step, how: How, inside: Callable[[Lines], None], sink: Sink | None) -> None:
        """A scan inside other loops: its rows are read once, filtered by what concerns them alone."""
        name = f"m{step.source.slot}"
        own = [c for c in step.filters if slots_of(c) == {step.source.slot} and not has_subquery(c)]
        with lines.indented(f"if {name} is None:"):
            self._load(lines, step, how, own, name)
        lines("x.session.check_interrupted()")  # once for each row outside: a whole table is gone through below
        rest = Step(step.access, [c for c in step.filters if not any(c is o for o in own)])
        self._list(lines, rest, name, inside, sink)

    def _load(self, lines: Lines, step: Step, how: How, own: list[Expr], name: str) -> None:
        row = step.source.row
        lines(f"{name} = []")
        if not step.source.is_base:
            condition = self.gen.all_true(own)
            lines(f"{name} = [{row} for {row} in {self.rows_of(step.source)}{' if ' + condition if condition else ''}]")
            return
        if how.mode is not ReadMode.SNAPSHOT:
            self._locking_loop(lines, Step(step.access, own), how, lambda body: body(f"{name}.append({row})"))
            return
        condition = self.gen.all_true(own)
        if step.access.kind == "ref":
            key = equality_key(self.gen, step.access)
            rows = self._look_up(step, key.parts)
            lines(f"{name} = [{row} for {row} in {rows}{' if ' + condition if condition else ''}]")
            return
        cursor = self.cursor(lines, step.access, how, [])
        batch = self.unit.temp("b")
        with lines.indented(f"while ({batch} := {cursor}.next_batch()) is not None:"):
            lines(f"{name} += [{row} for {row} in {batch} if {condition}]" if condition else f"{name} += {batch}")
            lines("x.session.check_interrupted()")

    # ---- hash join
    def _hash(self, lines: Lines, step: Step, inside: Callable[[Lines], None], sink: Sink | None) -> None:
        """A dict from join keys to rows, built on first use, probed for each outer row."""
        slot = step.source.slot
        own = [c for c in step.filters if slots_of(c) == {slot} and not has_subquery(c)]
        equalities = [c for _, _, c in step.hash_on]
        table, rows = f"h{slot}", self.unit.temp("m")
        build, probe = self._hash_keys(step)
        with lines.indented(f"if {table} is None:"):
            self._load(lines, step, self.how_of(step.source), own, rows)
            lines(f"{table} = {{}}")
            with lines.indented(f"for {step.source.row} in {rows}:"):
                checks, key = build
                self._tested(lines, checks, lambda body: body(f"{table}.setdefault({key}, []).append({step.source.row})"))
        checks, key = probe
        found = f"{table}.get({key}, ())" if not checks else f"({table}.get({key}, ()) if {checks} else ())"
        rest = Step(step.access, [c for c in step.filters if not any(c is o for o in [*own, *equalities])])
        self._list(lines, rest, found, inside, sink)

    def _hash_keys(self, step: Step) -> tuple[tuple[str, str], tuple[str, str]]:
        sides: list[tuple[list[str], list[str]]] = [([], []), ([], [])]
        for own, other, condition in step.hash_on:
            swapped = isinstance(condition, ast.Binary) and condition.left is other
            kind = kind_of(self.gen.typer, other, own) if swapped else kind_of(self.gen.typer, own, other)
            for (checks, parts), e in zip(sides, (own, other), strict=True):
                one = operand(self.gen, e, kind)
                if one.check is not None:
                    checks.append(f"{one.check.removesuffix(' is None')} is not None")
                parts.append(one.use)
        (c1, p1), (c2, p2) = sides
        return (" and ".join(c1), _key(p1)), (" and ".join(c2), _key(p2))

    # ---- outer joins
    def _left(self, lines: Lines, step: LeftStep, inside: Callable[[Lines], None]) -> None:
        """Collect the matches of the outer-joined part; none: one NULL row."""
        inner = step.plan.tables()
        sources = [s.source for s in inner]
        found = self.unit.temp("j")
        nulls = [self.null_row(s) for s in inner]
        if len(inner) == 1 and not step.plan.constant and isinstance(step.plan.steps[0], Step) and \
                self.how_of(sources[0]).mode is ReadMode.SNAPSHOT:
            self._left_single(lines, step.plan.steps[0], found, nulls[0])
        else:
            lines(f"{found} = []")
            target = sources[0].row if len(sources) == 1 else f"({', '.join(s.row for s in sources)})"
            self._nested(lines, step.plan, _Collector(found, target))
            lines(f"if not {found}: {found} = [{nulls[0] if len(nulls) == 1 else '(' + ', '.join(nulls) + ')'}]")
        with lines.indented(f"for {', '.join(s.row for s in sources)} in {found}:"):
            self._tested(lines, self.gen.all_true(step.filters), inside)

    def _nested(self, lines: Lines, plan: JoinPlan, sink: Sink) -> None:
        test = self.gen.all_true(plan.constant)
        if test:
            with lines.indented(f"if {test}:"):
                self._nested_steps(lines, plan, sink)
        else:
            self._nested_steps(lines, plan, sink)

    def _nested_steps(self, lines: Lines, plan: JoinPlan, sink: Sink) -> None:
        steps: list[Step | LeftStep] = list(plan.steps)

        def go(body: Lines, i: int) -> None:
            if i == len(steps):
                sink.row(body)
                return
            step = steps[i]
            if isinstance(step, LeftStep):
                self._left(body, step, lambda more: go(more, i + 1))
            else:
                self.table(body, step, lambda more: go(more, i + 1), sink if i == len(steps) - 1 else None, first=False)

        go(lines, 0)

    def _left_single(self, lines: Lines, step: Step, found: str, null: str) -> None:
        """The common case: one table, its matches as a list."""
        collector = _Collector(found, step.source.row)
        if step.access.kind in ("const", "eq_ref"):
            lines(f"{found} = [{null}]")
            self.table(lines, step, lambda body: body(f"{found} = [{step.source.row}]"), None, first=False)
            return
        lines(f"{found} = []")
        self.table(lines, step, collector.row, collector, first=False)
        lines(f"if not {found}: {found} = [{null}]")

    def null_row(self, step: Step) -> str:
        """A row of NULLs, as long as this source's rows are."""
        places = self.gen.places.get(step.source.slot)
        width = len(step.source.columns) if places is None else max(places.values(), default=0) + 1
        return self.unit.named(f"NULLS{width}", (None,) * width)


class _Collector:
    """Sink that appends the row (or the tuple of rows) to a list."""

    def __init__(self, name: str, target: str) -> None:
        self.name = name
        self.target = target

    def row(self, lines: Lines) -> None:
        lines(f"{self.name}.append({self.target})")

    def rows(self, lines: Lines, variable: str, iterable: str, condition: str) -> bool:
        if self.target == variable and not condition:
            lines(f"{self.name} += {iterable}")
        else:
            lines(f"{self.name} += [{self.target} for {variable} in {iterable}{' if ' + condition if condition else ''}]")
        return True


def _key(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"


def lock_arguments(gen: ExprGen, how: How) -> str:
    """The trailing arguments of `Table.get` for a locking read."""
    if how.mode is ReadMode.SNAPSHOT:
        return ""
    mode = f", {gen.unit.named(how.mode.name, how.mode)}"
    return mode if how.wait is WaitPolicy.WAIT else f"{mode}, {gen.unit.named(how.wait.name, how.wait)}"
