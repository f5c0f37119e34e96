"""UPDATE and DELETE over one table or several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from minidb.engine import ReadMode, ScanPurpose
from minidb.errors import IntegrityError
from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.bind.nodes import Col, JoinGroup, Output, Source
from minidb.query.codegen.expressions import ExprGen
from minidb.query.codegen.joins import JoinEmitter
from minidb.query.codegen.ordering import SortKey, limit_sources, sort
from minidb.query.codegen.queries import QueryEmitter
from minidb.query.codegen.scans import How, equality_key, tuple_of
from minidb.query.codegen.storing import FIRST_ROW, IGNORABLE, Storing, note_error
from minidb.query.codegen.unit import Lines
from minidb.query.optimize.optimizer import JoinPlan, Step

if TYPE_CHECKING:
    from minidb.query.compiler import Statement


@dataclass(slots=True)
class ChangePlan:
    """A bound UPDATE (updates: per target its (column, value; None = DEFAULT)) or DELETE (updates None)."""

    kind: str
    join: JoinGroup
    where: list[Expr]
    targets: list[Source]
    updates: dict[int, list[tuple[int, Expr | None]]] = field(default_factory=dict)
    order_by: list[tuple[Expr, bool]] = field(default_factory=list)
    limit: ast.Limit | None = None
    ignore: bool = False
    strict: bool = True
    returning: list[Output] = field(default_factory=list)
    collect: bool = False  # rows must all be found before the first is changed
    reads_target: bool = False  # a subquery reads the table that is changed
    multi: bool = False


class RowUpdate:
    """The new values of one row in variables ``u{column}``."""

    def __init__(self, storing: Storing, updates: list[tuple[int, Expr | None]], number: str, old_values: bool = False) -> None:
        self.storing = storing
        self.old_values = old_values
        self.gen = storing.gen
        self.tdef = storing.tdef
        self.slot = storing.target.slot
        self.updates = updates
        self.number = number
        self.columns: list[int] = []

    def evaluate(self, lines: Lines) -> None:
        """Compute and convert the assigned values, left to right, each seeing those before it (old_values: the stored row)."""
        for column, e in self.updates:
            name = f"u{self.slot}_{column}"
            if e is None:
                lines(f"{name} = {self.storing.default_source(column, '')}")
            else:
                lines(f"{name} = {self.storing.source(column, e)}")
                self.storing.convert(lines, column, name, self.number)
            if column not in self.columns:
                self.columns.append(column)
            if not self.old_values:
                self.gen.replaced[Col(self.slot, column, self.storing.target)] = name
        for column in self.columns:
            self.gen.replaced[Col(self.slot, column, self.storing.target)] = f"u{self.slot}_{column}"

    def _old(self, column: int) -> str:
        return f"r{self.slot}[{column}]"

    def changed(self) -> str:
        """Condition that a value differs from the stored one."""
        return " or ".join(f"u{self.slot}_{c} != {self._old(c)}" for c in self.columns)

    def touch(self, lines: Lines) -> None:
        """ON UPDATE CURRENT_TIMESTAMP of columns that were not assigned."""
        for i, column in enumerate(self.tdef.columns):
            if column.on_update_now and i not in self.columns:
                lines(f"u{self.slot}_{i} = {self.storing.now_source(column.type)}")
                self.columns.append(i)
                self.gen.replaced[Col(self.slot, i, self.storing.target)] = f"u{self.slot}_{i}"

    def row(self) -> str:
        """Source of the complete new row."""
        parts = [f"u{self.slot}_{i}" if i in self.columns else self._old(i) for i in range(len(self.tdef.columns))]
        return f"({', '.join(parts)},)"

    def note_auto_increment(self, lines: Lines, table: str, trx: str) -> None:
        """An update of the AUTO_INCREMENT column moves the counter."""
        auto = self.tdef.auto_increment_column
        if auto is not None and auto in self.columns:
            lines(f"if u{self.slot}_{auto} > 0: {table}.note_auto_increment({trx}, u{self.slot}_{auto})")

    def forget(self) -> None:
        """Further expressions see the old row again."""
        for column in self.columns:
            self.gen.replaced.pop(Col(self.slot, column, self.storing.target), None)


class ChangeEmitter:
    """Writes the body of ``run`` for one UPDATE or DELETE."""

    def __init__(self, statement: Statement, queries: QueryEmitter, change: ChangePlan, plan: JoinPlan, ordered: bool) -> None:
        self.statement = statement
        self.queries = queries
        self.unit = queries.unit
        self.change = change
        self.plan = plan
        self.ordered = ordered
        self.gen: ExprGen = queries.generator()
        self.gen.binder = statement.binder
        self.trx = self.unit.trx()
        self.update = change.kind == "update"
        self.row_number = "found"
        self.purpose = ScanPurpose.UPDATE if self.update else ScanPurpose.DELETE
        self.storing = {s.slot: Storing(self.gen, s, change.strict, change.ignore) for s in change.targets if self.update}

    def emit(self, lines: Lines) -> None:
        self.unit.named("IntegrityError", IntegrityError)
        lines("done = found = 0")
        if self.change.returning:
            lines("out = []")
        if self.change.multi:
            self._multi(lines)
        else:
            self._single(lines, self.change.targets[0])
        self._report(lines)

    def _report(self, lines: Lines) -> None:
        if self.update:
            lines("x.matched = found")
            lines("x.changed = done")
        lines("x.affected = done")
        lines("return out" if self.change.returning else "return None")

    def _how(self, source: Source) -> How:
        return How(ReadMode.EXCLUSIVE, purpose=self.purpose)

    # ---- one table
    def _single(self, lines: Lines, target: Source) -> None:
        step = self.plan.steps[0]
        assert isinstance(step, Step)
        change = self.change
        if not self.update and not target.transactional and not change.where and change.limit is None and not change.returning:
            lines(f"whole = {self.unit.table(target.number)}.delete_all({self.trx})")
            with lines.indented("if whole is not None:"):
                lines("x.affected = whole")
                lines("return None")
        test = self.gen.all_true(self.plan.constant)
        if test:
            with lines.indented(f"if not ({test}):"):
                lines("return None")
        self._single_table(lines, step, target)

    def _single_table(self, lines: Lines, step: Step, target: Source) -> None:
        access = step.access
        if access.unique and not step.filters and self.change.limit is None:
            key = equality_key(self.gen, access)
            table = self.unit.table(target.number)
            argument = key.parts[0] if len(key.parts) == 1 else tuple_of(key.parts)
            call = f"{table}.get({self.trx}, {access.index}, {argument}, {self.unit.named('EXCLUSIVE', ReadMode.EXCLUSIVE)})"
            lines(f"{target.row} = None if {' or '.join(key.checks)} else {call}" if key.checks else f"{target.row} = {call}")
            with lines.indented(f"if {target.row} is not None:"):
                self._change_row(lines, target)
            return
        limit = None if self.change.limit is None else limit_sources(self.gen, self.change.limit)[1]
        if limit is not None:
            lines(f"most = {limit}")
        body: Callable[[Lines], None] = lambda inner: self._change_row(inner, target)  # noqa: E731
        collect = self.change.collect or not self.ordered
        if collect:
            self._collected(lines, step, target, limit is not None)
            return
        if self.update and not self.change.order_by:
            self.row_number = "n"  # messages count the rows looked at
        if limit is None:
            self._scan(lines, step, body, None)
            return
        with lines.indented("if most > 0:"):
            self._scan(lines, step, body, "found >= most")

    def _collected(self, lines: Lines, step: Step, target: Source, limited: bool) -> None:
        """Find all rows, sort and cut them, then change them."""
        sort_keys: list[SortKey] = []
        hidden: list[str] = []
        if not self.ordered:
            for e, descending in self.change.order_by:
                typed = self.gen.typed(e)
                sort_keys.append(SortKey(len(hidden) + 1, descending, typed.type, typed.nullable))
                hidden.append(self.gen.value(e))
        lines("rows = []")
        element = f"({', '.join([target.row, *hidden])},)"
        stop = "len(rows) >= most" if limited and self.ordered else None
        strict, self.gen.strict = self.gen.strict, False  # only what is stored can be refused
        self._scan(lines, step, lambda body: body(f"rows.append({element})"), stop)
        self.gen.strict = strict
        if sort_keys:
            sort(self.gen, lines, "rows", sort_keys, None)
        with lines.indented(f"for {target.row}, *_ in rows{'[:most]' if limited else ''}:"):
            self._change_row(lines, target)

    def _scan(self, lines: Lines, step: Step, body: Callable[[Lines], None], stop: str | None) -> None:
        """The locking loop: rejected rows are unlocked; a row read without its lock (semi-consistent) is locked, tested again."""
        joins = JoinEmitter(self.gen, {step.source.slot: self._how(step.source)}, self.queries.rows_of)
        row = step.source.row
        cursor = joins.cursor(lines, step.access, self._how(step.source), [])
        if joins.empty:
            lines(f"if not {joins.empty}: return None")
        strict = self.gen.strict
        self.gen.strict = strict and not self.change.order_by  # MySQL would look for the rows first, which is never strict
        condition = self.gen.all_true(step.filters)
        again = self.gen.all_true([*step.filters, *step.access.done])
        self.gen.strict = strict
        if self.row_number == "n":
            lines("n = 0")
        with lines.indented(f"while ({row} := {cursor}.next_row()) is not None:"):
            lines("x.session.check_interrupted()")
            if self.row_number == "n":
                lines("n += 1")
            if condition:
                with lines.indented(f"if not ({condition}):"):
                    lines(f"{cursor}.unlock_row()")
                    lines("continue")
            if self.update:
                with lines.indented(f"if {cursor}.semi_consistent:"):
                    lines(f"{row} = {cursor}.lock_current()")
                    with lines.indented(f"if {row} is None{f' or not ({again})' if again else ''}:"):
                        lines(f"{cursor}.unlock_row()")
                        lines("continue")
            body(lines)
            if stop is not None:
                lines(f"if {stop}: break")
        lines(f"{cursor}.close()")

    def _change_row(self, lines: Lines, target: Source) -> None:
        lines("found += 1")
        if self.update:
            self._update_row(lines, target, self.change.updates[target.slot])
        else:
            self._delete_row(lines, target)

    def _update_row(self, lines: Lines, target: Source, updates: list[tuple[int, Expr | None]]) -> None:
        table = self.unit.table(target.number)
        update = RowUpdate(self.storing[target.slot], updates, self.row_number, self._from_old_values(target))
        storing = self.storing[target.slot]
        if storing.strictness == FIRST_ROW:
            storing.strict_source = "1"  # MySQL takes note of what an UPDATE has stored at its end only
        update.evaluate(lines)
        with lines.indented(f"if {update.changed()}:"):
            update.touch(lines)
            checks = self.storing[target.slot].checks()
            if checks:
                skip = "continue" if self.change.ignore and not self._unlooped() else "pass"
                lines(f"if {' or '.join(f'({c})' for c in checks)}: {skip}")
            self._try(lines, f"{table}.update({self.trx}, {target.row}, {update.row()})",
                      lambda body: update.note_auto_increment(body, table, self.trx), quiet=frozenset((1062,)))
        update.forget()

    def _from_old_values(self, target: Source) -> bool:
        """MySQL sets new values aside before it stores them, so that all are computed from the row as it was, where it cannot
        change rows while it finds them: in tables of a join but the first, and beside a subquery on the same table."""
        if self.change.multi:
            return self.plan.tables()[0].source is not target
        return self.change.reads_target

    def _unlooped(self) -> bool:
        step = self.plan.steps[0]
        return isinstance(step, Step) and step.access.unique and not step.filters and not self.change.multi

    def _delete_row(self, lines: Lines, target: Source) -> None:
        if self.change.returning:
            parts = [self.gen.value(o.expr) for o in self.change.returning]
            lines(f"out.append(({', '.join(parts)},))")
        self._try(lines, f"{self.unit.table(target.number)}.delete({self.trx}, {target.row})", lambda body: None)

    def _try(self, lines: Lines, statement: str, after: Callable[[Lines], None], quiet: frozenset[int] = frozenset()) -> None:
        """Run the storing `statement`; under IGNORE its errors skip the row, with a warning but for `quiet` ones."""
        if not self.change.ignore:
            lines(statement)
            lines("done += 1")
            after(lines)
            return
        with lines.indented("try:"):
            lines(statement)
            lines("done += 1")
            after(lines)
        with lines.indented("except IntegrityError as error:"):
            note = f"{self.unit.named('note_error', note_error)}(x.session, error, {self.unit.named('IGNORABLE', IGNORABLE)})"
            lines(f"if error.code not in {set(quiet)}: {note}" if quiet else note)

    # ---- several tables
    def _multi(self, lines: Lines) -> None:
        """Join first, change afterwards; each row of a target once."""
        targets = self.change.targets
        how: dict[int, How] = {}
        for source in self.change.join.sources():
            if source in targets:
                how[source.slot] = self._how(source)
            elif source.transactional and self.queries.mode is not ReadMode.SNAPSHOT:
                how[source.slot] = How(self.queries.mode, purpose=self.purpose)
        tables = [s.source for s in self.plan.tables()]
        element = tables[0].row if len(tables) == 1 else f"({', '.join(s.row for s in tables)})"
        lines("rows = []")
        JoinEmitter(self.gen, how, self.queries.rows_of).emit(lines, self.plan, _RowsSink(element))
        for target in targets:
            lines("seen = set()")
            with lines.indented(f"for {', '.join(s.row for s in tables)} in rows:"):
                # a NULL-complemented row of an outer join is nobody's row
                width = len(target.columns)
                lines(f"if {target.row} in seen or len({target.row}) == {width}: continue")
                lines(f"seen.add({target.row})")
                self._change_row(lines, target)


class _RowsSink:
    def __init__(self, element: str) -> None:
        self.element = element

    def row(self, lines: Lines) -> None:
        lines(f"rows.append({self.element})")

    def rows(self, lines: Lines, variable: str, iterable: str, condition: str) -> bool:
        lines(f"rows += [{self.element} for {variable} in {iterable}{' if ' + condition if condition else ''}]")
        return True
