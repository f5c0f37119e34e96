"""INSERT and REPLACE: one body of code stores one row; rows come from VALUES or from a query."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from minidb.errors import IntegrityError
from minidb.query.ast import Expr
from minidb.query.bind.nodes import Block, BoundQuery, Col, Output, Source, walk
from minidb.query.codegen import auto_increment
from minidb.query.codegen.expressions import ExprGen
from minidb.query.codegen.joins import JoinEmitter
from minidb.query.codegen.queries import QueryEmitter
from minidb.query.codegen.storing import IGNORABLE, Storing, note_error
from minidb.query.codegen.unit import Lines
from minidb.types.sqltype import Family

if TYPE_CHECKING:
    from minidb.query.compiler import Statement

INT_RANGES = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}


@dataclass(slots=True)
class InsertPlan:
    """A bound INSERT.  columns: ordinals given a value; rows: their expressions (None = DEFAULT), or query.
    updates: ON DUPLICATE KEY UPDATE; incoming: slot whose columns mean the row that was to be inserted (VALUES(), row alias)."""

    target: Source
    columns: list[int]
    rows: list[list[Expr | None]] = field(default_factory=list)
    query: BoundQuery | None = None
    updates: list[tuple[int, Expr | None]] = field(default_factory=list)
    incoming: Source | None = None
    replace: bool = False
    ignore: bool = False
    strict: bool = True
    zero_generates: bool = True
    returning: list[Output] = field(default_factory=list)


class InsertEmitter:
    """Writes the body of ``run`` for one INSERT."""

    def __init__(self, statement: Statement, queries: QueryEmitter, plan: InsertPlan) -> None:
        self.statement = statement
        self.queries = queries
        self.unit = queries.unit
        self.plan = plan
        self.gen: ExprGen = queries.generator()
        self.gen.binder = statement.binder
        self.many = plan.query is not None or len(plan.rows) > 1
        self.storing = Storing(self.gen, plan.target, plan.strict, plan.ignore, self.many)
        self.tdef = self.storing.tdef
        self.table = self.unit.table(plan.target.number)
        self.trx = self.unit.trx()
        self.auto = self.tdef.auto_increment_column
        self.returns = bool(plan.returning)

    # ---- whole statement
    def emit(self, lines: Lines) -> None:
        plan = self.plan
        counting = self.many or plan.ignore or bool(plan.updates) or plan.replace
        if counting:
            lines("done = twice = 0")
        if self.returns:
            lines("out = []")
        if self.auto is not None and self.many:
            generator = self.unit.named("AutoIncrement", auto_increment.AutoIncrement)
            known = len(plan.rows) if plan.query is None and self.plan.target.transactional else 0
            lines(f"auto = {generator}({self.table}, {self.trx}, {known}, {self.plan.target.transactional})")
        if plan.query is not None:
            lines("n = 0")
            self._from_query(lines)
        elif self.many and self._uniform():
            self._loop(lines)
        else:
            for i, row in enumerate(plan.rows, 1):
                values = [None if e is None else "" if self._reads_row(e) else self.gen.value(e) for e in row]
                self._row(lines, values, str(i), row)
        self._report(lines, counting)

    def _report(self, lines: Lines, counting: bool) -> None:
        plan = self.plan
        lines("x.affected = done" if counting else "x.affected = 1")
        if not self.many and counting:
            lines("x.duplicates = twice")
        if self.many:
            number = "n" if plan.query is not None else str(len(plan.rows))
            lines(f"x.records = {number}")
            lines("x.duplicates = twice")
        if self.auto is not None and self.many:
            lines("x.insert_id = auto.first_stored")
        lines("return out" if self.returns else "return None")

    # ---- where rows come from
    def _uniform(self) -> bool:
        return not any(e is None or self._reads_row(e) for row in self.plan.rows for e in row)

    def _reads_row(self, e: Expr) -> bool:
        return any(isinstance(x, Col) and x.slot == self.plan.target.slot for x in walk(e))

    def _loop(self, lines: Lines) -> None:
        names = [f"a{c}" for c in self.plan.columns]
        rows = ", ".join(f"({', '.join(self.gen.value(e) for e in row if e is not None)},)" for row in self.plan.rows)
        with lines.indented(f"for n, ({', '.join(names)},) in enumerate(({rows},), 1):"):
            self._row(lines, list(names), "n", None)

    def _from_query(self, lines: Lines) -> None:
        query = self.plan.query
        assert query is not None
        if isinstance(query, Block) and self._streams(query):
            join, ordered = self.statement.plan_of(query)
            if ordered:
                gen = self.queries.generator()
                emitter = JoinEmitter(gen, self.queries.how(query), self.queries.rows_of)
                emitter.emit(lines, join, _InsertSink(self, gen, query))
                return
        with lines.indented(f"for c in {self.queries.function(query)}:"):
            lines("n += 1")
            self._row(lines, [f"c[{i}]" for i in range(len(self.plan.columns))], "n", None)

    def _streams(self, query: Block) -> bool:
        """Whether source rows can be stored as they are read (locks are then taken in MySQL's order)."""
        own = self.plan.target
        if query.grouped or query.distinct or query.limit is not None or query.having is not None or not query.join.items:
            return False
        return all(s.tdef is None or (s.db, s.name) != (own.db, own.name) for s in self.statement.state.sources if s is not own)

    # ---- one row
    def _row(self, lines: Lines, values: list[str | None], number: str, exprs: list[Expr | None] | None) -> None:
        """Store one row; values: a source per column of the statement, None = DEFAULT, '' = take it from `exprs` in turn."""
        self.values(lines, values, number, exprs)
        checks = self.storing.checks()
        if checks:
            test = " or ".join(f"({c})" for c in checks)
            with lines.indented(f"if not ({test}):"):
                self._store(lines, number)
        else:
            self._store(lines, number)

    def values(self, lines: Lines, values: list[str | None], number: str, exprs: list[Expr | None] | None) -> None:
        """Set a variable ``a{column}`` to each column's value, converted."""
        self.gen.replaced = {}
        slot, target = self.plan.target.slot, self.plan.target
        given = set(self.plan.columns)
        later: list[int] = []
        if exprs is not None and any(e is not None and self._reads_row(e) for e in exprs):
            for column in self.plan.columns:  # a column that is named before it has its value is its default
                self.gen.replaced[Col(slot, column, target)] = self.storing.initial(column)
        for i in range(len(self.tdef.columns)):
            if i in given:
                continue
            if i == self.auto:
                lines(f"a{i} = None")
            elif self._plain_default(i):
                lines(f"a{i} = {self.storing.default_source(i, number, omitted=True)}")
            else:
                later.append(i)
                continue
            self.gen.replaced[Col(slot, i, target)] = f"a{i}"
        for place, column in enumerate(self.plan.columns):
            source = values[place]
            name = f"a{column}"
            if source == "":
                assert exprs is not None and exprs[place] is not None
                e = exprs[place]
                assert e is not None
                source = self.gen.value(e)
            if source is None:
                lines(f"{name} = {self.storing.default_source(column, number)}")
            else:
                if source != name:
                    lines(f"{name} = {source}")
                self.storing.convert(lines, column, name, number, null_passes=column == self.auto)
            self.gen.replaced[Col(slot, column, target)] = name
        for i in later:
            lines(f"a{i} = {self.storing.default_source(i, number, omitted=True)}")
            self.gen.replaced[Col(slot, i, target)] = f"a{i}"

    def _plain_default(self, column: int) -> bool:
        default = self.tdef.columns[column].default
        return default is None or default.expression is None

    def _store(self, lines: Lines, number: str) -> None:
        """Give out an AUTO_INCREMENT value, insert, count."""
        if self.auto is not None:
            self._generate(lines, self.auto)
        row = f"({', '.join(f'a{i}' for i in range(len(self.tdef.columns)))},)"
        plan = self.plan
        if plan.updates:
            self._insert_or_update(lines, row, number)
        elif plan.replace:
            self._replace(lines, row)
        elif plan.ignore:
            self._insert_ignoring(lines, row)
        else:
            lines(f"{self.table}.insert({self.trx}, {row})")
            self._stored(lines)

    def _generate(self, lines: Lines, column: int) -> None:
        name = f"a{column}"
        wanted = f"{name} is None or {name} == 0" if self.plan.zero_generates else f"{name} is None"
        if self.many:
            lines(f"made = {wanted}")
            with lines.indented("if made:"):
                lines(f"{name} = {'auto.next()' if self._counts_simply(column) else self._next_value(column)}")
                self._limit(lines, column)
            return
        lines(f"made = {wanted}")
        with lines.indented("if made:"):
            value = self._next_value(column)
            if self._counts_simply(column) and self.plan.target.transactional:
                more = self.unit.named("next_of_many", auto_increment.next_of_many)
                value = f"{more}(x, {self.table}) if x.expected else {value}"
            lines(f"{name} = {value}")
            self._limit(lines, column)

    def _counts_simply(self, column: int) -> bool:
        """Whether the numbers run through the whole table (they restart per prefix where no index begins with the column)."""
        return any(x.columns[0] == column for x in self.tdef.indexes)

    def _next_value(self, column: int) -> str:
        if self._counts_simply(column):
            return f"{self.table}.next_auto_increment({self.trx}, 1)"
        row = ", ".join("0" if i == column else f"a{i}" for i in range(len(self.tdef.columns)))
        return f"{self.table}.next_auto_increment_for({self.trx}, ({row},))"

    def _limit(self, lines: Lines, column: int) -> None:
        t = self.tdef.columns[column].type
        if t.family is Family.FLOAT:
            lines(f"a{column} = float(a{column})")
            return
        bits = INT_RANGES.get(t.name, 64)
        highest = (1 << bits) - 1 if t.unsigned else (1 << (bits - 1)) - 1
        if bits < 64 or t.unsigned:
            check = self.unit.named("check_generated", auto_increment.check_generated)
            lines(f"if a{column} > {highest}: {check}(a{column})")

    def _stored(self, lines: Lines, count: str | None = "1") -> None:
        """After a successful insert: counters, the AUTO_INCREMENT counter, RETURNING."""
        if self.auto is not None:
            name = f"a{self.auto}"
            if self.many:
                lines(f"if made: auto.stored({name})")
                with lines.indented("else:"):
                    lines(f"{self.table}.note_auto_increment({self.trx}, {name})")
                    lines(f"auto.given({name})")
                    lines(f"x.explicit_id = {name}")
            else:
                lines(f"if made: x.insert_id = {name}")
                with lines.indented("else:"):
                    lines(f"{self.table}.note_auto_increment({self.trx}, {name})")
                    lines(f"x.explicit_id = {name}")
                    lines(f"if x.auto is not None: x.auto.given({name})")
        if count is not None and (self.many or self.plan.ignore or self.plan.updates or self.plan.replace):
            lines(f"done += {count}")
        self._return(lines)

    def _return(self, lines: Lines) -> None:
        if self.returns:
            parts = [self.gen.value(o.expr) for o in self.plan.returning]
            lines(f"out.append(({', '.join(parts)},))")

    def _insert_ignoring(self, lines: Lines, row: str) -> None:
        self.unit.named("IGNORABLE", IGNORABLE)
        with lines.indented("try:"):
            lines(f"{self.table}.insert({self.trx}, {row})")
        with lines.indented(f"except {self.unit.named('IntegrityError', IntegrityError)} as error:"):
            lines(f"{self.unit.named('note_error', note_error)}(x.session, error, IGNORABLE)")
            lines("twice += 1")
            if self.auto is not None and self._counts_simply(self.auto):
                if self.many:
                    lines(f"if made: auto.unused(a{self.auto})")
                elif self.plan.target.transactional:
                    lines(f"if made and x.auto is not None: x.auto.unused(a{self.auto})")
        with lines.indented("else:"):
            self._stored(lines)

    def _replace(self, lines: Lines, row: str) -> None:
        unique = [i for i, x in enumerate(self.tdef.indexes) if x.unique]
        last = unique[-1] if unique else -1
        lines("gone = 0")
        with lines.indented("while True:"):
            with lines.indented("try:"):
                lines(f"{self.table}.insert({self.trx}, {row})")
                lines("break")
            with lines.indented(f"except {self.unit.named('IntegrityError', IntegrityError)} as error:"):
                lines("if error.code != 1062: raise")
                lines(f"found = {self.table}.duplicate_of({self.trx})")
                lines("if found is None: raise")
            if last >= 0 and not self.tdef.checks:
                # a duplicate in the last unique index cannot be followed by another: the row is changed in place, unless children
                # have to be told of a deletion
                with lines.indented(f"if found[0] == {last} and not {self.table}.is_referenced():"):
                    self._replace_in_place(lines, row)
                    lines("break")
            lines(f"{self.table}.delete({self.trx}, found[1])")
            lines("gone += 1")
        lines("twice += gone")
        self._stored(lines, "1 + gone")

    def _replace_in_place(self, lines: Lines, row: str) -> None:
        """InnoDB does not count a row that stays as it was."""
        if self.plan.target.transactional:
            with lines.indented(f"if found[1][:{len(self.tdef.columns)}] != {row}:"):
                lines(f"{self.table}.update({self.trx}, found[1], {row})")
                lines("gone += 1")
        else:
            lines(f"{self.table}.update({self.trx}, found[1], {row})")
            lines("gone += 1")

    def _insert_or_update(self, lines: Lines, row: str, number: str) -> None:
        with lines.indented("try:"):
            lines(f"{self.table}.insert({self.trx}, {row})")
        with lines.indented(f"except {self.unit.named('IntegrityError', IntegrityError)} as error:"):
            lines("if error.code != 1062: raise")
            lines(f"found = {self.table}.duplicate_of({self.trx})")
            lines("if found is None: raise")
            self._update_existing(lines, number)
        with lines.indented("else:"):
            self._stored(lines)

    def _update_existing(self, lines: Lines, number: str) -> None:
        """ON DUPLICATE KEY UPDATE on the row found: 2 rows affected, 0 if nothing changes."""
        from minidb.query.codegen.update_delete import RowUpdate

        plan = self.plan
        target = plan.target
        lines(f"{target.row} = found[1]")
        incoming = dict(self.gen.replaced)
        self.gen.replaced = {}
        if plan.incoming is not None:
            slot = plan.incoming.slot
            self.gen.replaced = {Col(slot, c.ordinal, plan.incoming): v for c, v in incoming.items() if isinstance(c, Col)}
        update = RowUpdate(self.storing, plan.updates, number)
        update.evaluate(lines)
        with lines.indented(f"if {update.changed()}:"):
            if self.auto is not None:
                changed = f"u{target.slot}_{self.auto}" if self.auto in update.columns else f"{target.row}[{self.auto}]"
                lines(f"x.explicit_id = {changed}")
            update.touch(lines)
            self._checked_update(lines, update)
        self.gen.replaced = incoming

    def _checked_update(self, lines: Lines, update: object) -> None:
        from minidb.query.codegen.update_delete import RowUpdate

        assert isinstance(update, RowUpdate)
        for test in self.storing.checks():
            lines(f"if {test}: pass")
        if self.plan.ignore:
            with lines.indented("try:"):
                lines(f"{self.table}.update({self.trx}, {self.plan.target.row}, {update.row()})")
                lines("done += 2")
            with lines.indented("except IntegrityError as error:"):
                lines(f"{self.unit.named('note_error', note_error)}(x.session, error, {self.unit.named('IGNORABLE', IGNORABLE)})")
                lines("twice += 1")
        else:
            lines(f"{self.table}.update({self.trx}, {self.plan.target.row}, {update.row()})")
            lines("done += 2")
            lines("twice += 1")
        update.note_auto_increment(lines, self.table, self.trx)
        if self.returns:
            self._return(lines)


class _InsertSink:
    """Stores each source row as the join delivers it."""

    def __init__(self, insert: InsertEmitter, gen: ExprGen, query: Block) -> None:
        self.insert = insert
        self.gen = gen
        self.query = query

    def row(self, lines: Lines) -> None:
        lines("n += 1")
        self.insert._row(lines, [self.gen.value(o.expr) for o in self.query.outputs], "n", None)

    def rows(self, lines: Lines, variable: str, iterable: str, condition: str) -> bool:
        return False
