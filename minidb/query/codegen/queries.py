"""Queries inside queries: each block becomes a function of the row variables it reads from outside.

A block that reads nothing from outside is called once per execution, before the loops that need it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from minidb.engine import ReadMode
from minidb.query import ast, runtime
from minidb.query.bind.nodes import (
    Block,
    BoundQuery,
    Given,
    JoinGroup,
    RecursiveBlock,
    SetBlock,
    Source,
    Sub,
    ValuesBlock,
)
from minidb.query.codegen.comparisons import kind_of, operand
from minidb.query.codegen.expressions import ExprGen
from minidb.query.codegen.ordering import SortKey, cut, distinct, limit_sources, sort
from minidb.query.codegen.scans import How
from minidb.query.codegen.select import BlockEmitter
from minidb.query.codegen.unit import Lines, Unit
from minidb.query.optimize.index_ends import answered_without_rows
from minidb.query.optimize.index_order import use_index_order
from minidb.query.optimize.optimizer import JoinPlan
from minidb.types.keys import key_function
from minidb.types.sqltype import Family, SqlType

if TYPE_CHECKING:
    from minidb.query.compiler import Statement

MAX_ROUNDS = 1000  # max_recursive_iterations


class QueryEmitter:
    """Writes the queries of one variant of a statement.  mode: how tables are read that ask for no lock themselves."""

    def __init__(self, statement: Statement, unit: Unit, mode: ReadMode, strict: bool = False) -> None:
        self.statement = statement
        self.unit = unit
        self.mode = mode
        self.strict = strict
        self.places: dict[int, dict[int, int]] = {}
        self.nested = 0

    def generator(self) -> ExprGen:
        """A new expression generator that knows the row layouts of the enclosing blocks."""
        gen = ExprGen(self.unit, self.statement.typer, self, self.strict)
        gen.places = self.places
        return gen

    def how(self, block: Block) -> Mapping[int, How]:
        """The way each base table of a block is read."""
        found: dict[int, How] = {}
        for source in block.join.sources():
            if not source.transactional:
                continue
            locking = block.locks.get(source.slot)
            if locking is not None:
                found[source.slot] = How(max(locking.mode, self.mode), locking.wait, seconds=locking.seconds)
            elif self.mode is not ReadMode.SNAPSHOT:
                found[source.slot] = How(self.mode)
        return found

    # ---- bodies
    def body(self, query: BoundQuery, lines: Lines, types: list[SqlType] | None = None) -> None:
        """Write the statements that compute and return a query's rows."""
        if isinstance(query, Block):
            plan, ordered = self.statement.plan_of(query)
            BlockEmitter(self, query, plan, ordered, types).emit(lines)
        elif isinstance(query, SetBlock):
            self._set_operation(query, lines, types)
        elif isinstance(query, ValuesBlock):
            self._values(query, lines, types)
        else:
            assert isinstance(query, RecursiveBlock)
            self._recursive(query, lines)

    def function(self, query: BoundQuery, types: list[SqlType] | None = None) -> str:
        """Define a function for a query; source of a call of it in the scope of the rows it reads."""
        name = self.unit.temp("q")
        arguments = ", ".join(f"r{slot}" for slot in sorted(query.outer_slots))
        lines = Lines(2)
        self.body(query, lines, types)
        self.unit.prologue(f"def {name}({arguments}):")
        self.unit.prologue.out += lines.out
        return f"{name}({arguments})"

    def _set_operation(self, query: SetBlock, lines: Lines, types: list[SqlType] | None) -> None:
        types = types or [c.type for c in query.columns]
        left, right = self.function(query.left, types), self.function(query.right, types)
        gen = self.generator()
        lines(f"out = {left}")
        if query.op.startswith("UNION"):
            lines(f"out = out + {right}")
            if query.op == "UNION":
                distinct(gen, lines, "out", types)
        else:
            function = runtime.except_rows if query.op.startswith("EXCEPT") else runtime.intersect_rows
            helper = self.unit.named(function.__name__, function)
            lines(f"out = {helper}(out, {right}, {row_key(gen, types)}, {query.op.endswith('ALL')})")
        bounds = None if query.limit is None else limit_sources(gen, query.limit)
        if query.order_by:
            keys = [SortKey(i, d, types[i], query.columns[i].nullable) for i, d in query.order_by]
            sort(gen, lines, "out", keys, None)
        lines(f"return {'out' if bounds is None else cut(lines, 'out', bounds)}")

    def _values(self, query: ValuesBlock, lines: Lines, types: list[SqlType] | None) -> None:
        gen = self.generator()
        types = types or [c.type for c in query.columns]
        rows = [", ".join(gen.coerced(e, t) for e, t in zip(row, types, strict=True)) for row in query.rows]
        lines(f"return [{', '.join(f'({row},)' for row in rows)}]")

    def _recursive(self, query: RecursiveBlock, lines: Lines) -> None:
        assert query.step is not None
        types = [c.type for c in query.columns]
        working = working_rows(query)
        self.unit.prologue(f"{working} = []")
        seed, step = self.function(query.seed, types), self.function(query.step, types)
        key = row_key(self.generator(), types)
        helper = self.unit.named("recurse", runtime.recurse)
        with lines.indented("def step(rows):"):
            lines(f"nonlocal {working}")
            lines(f"{working} = rows")
            lines(f"return {step}")
        lines(f"return {helper}({seed}, step, {key if query.distinct else None}, {MAX_ROUNDS}, x.session)")

    def rows_of(self, source: Source) -> str:
        """Source of the row list of a derived or common table."""
        if source.recursive_of is not None:
            return working_rows(source.recursive_of)
        assert source.query is not None
        if _reads_recursion(source.query):
            return self.function(source.query)
        known = self.statement.materialised.get((id(self.unit), source.slot))
        if known is None:
            known = self.unit.once(self.function(source.query), "d")
            self.statement.materialised[(id(self.unit), source.slot)] = known
        return known

    # ---- subqueries in expressions
    def _call(self, query: BoundQuery, wrap: str, prefix: str) -> str:
        """A call of a subquery inside ``wrap``: once per execution if it reads nothing from outside.

        Where reading locks it is put off until a row asks for its value, unless MySQL answers it while it optimizes."""
        source = wrap.format(self.function(query))
        if query.outer_slots or not self.unit.hoisting or _reads_recursion(query):
            return source
        if self.mode is ReadMode.SNAPSHOT or self._answered_early(query):
            return self.unit.once(source, prefix)
        return self.unit.once(f"{self.unit.named('Once', runtime.Once)}(lambda: {source})", prefix) + "()"

    def _answered_early(self, query: BoundQuery) -> bool:
        """Whether all that a query reads are rows found by constants or ends of indexes."""
        if not isinstance(query, Block):
            return False
        plan, _ = self.statement.plan_of(query)
        return answered_without_rows(query, plan) is not None or all(s.access.kind == "const" for s in plan.tables())

    def scalar(self, sub: Sub, gen: ExprGen) -> str:
        known = self.statement.subquery_sources.get((id(self.unit), sub.number))
        if known is None:
            known = self._call(sub.query, f"{self.unit.named('scalar', runtime.scalar)}({{}})", "s")
            self.statement.subquery_sources[(id(self.unit), sub.number)] = known
        return known

    def exists(self, sub: Sub, gen: ExprGen) -> str:
        query = sub.query
        if isinstance(query, Block) and query.limit is None and not query.grouped:
            query.limit = ast.Limit(ast.Literal(1))
        return self._call(query, "{}", "s")

    def _keys(self, sub: Sub, gen: ExprGen) -> tuple[str, str]:
        """(source of the operand's key or None, source of the list of the subquery's keys)."""
        assert sub.operand is not None
        operands = list(sub.operand.items) if isinstance(sub.operand, ast.RowExpr) else [sub.operand]
        mine: list[str] = []
        theirs: list[str] = []
        for i, (e, column) in enumerate(zip(operands, sub.query.columns, strict=True)):
            given = Given(f"c[{i}]", column.type, True)
            kind = kind_of(gen.typer, e, given)
            for side, sources in ((e, mine), (given, theirs)):
                one = operand(gen, side, kind)
                if one.check is None or one.check == f"{one.use} is None":
                    sources.append(one.use)
                else:
                    sources.append(f"(None if {one.check} else {one.use})")
        if len(mine) == 1:
            return mine[0], f"[{theirs[0]} for c in {{}}]"
        return f"({', '.join(mine)})", f"[({', '.join(theirs)}) for c in {{}}]"

    def quantified(self, sub: Sub, gen: ExprGen) -> str:
        value, keys = self._keys(sub, gen)
        if sub.kind == "in":
            rows = isinstance(sub.operand, ast.RowExpr)
            kind = self.unit.named("RowMembers", runtime.RowMembers) if rows else self.unit.named("Members", runtime.Members)
            test = f"{self._call(sub.query, f'{kind}({keys})', 's')}.test({value})"
            return f"{self.unit.named('negate', runtime.negate)}({test})" if sub.negated else test
        helper = runtime.compare_any if sub.kind == "any" else runtime.compare_all
        return f"{self.unit.named(helper.__name__, helper)}({value}, {sub.op!r}, {self._call(sub.query, keys, 's')})"

    def condition(self, sub: Sub, gen: ExprGen, wanted: bool) -> str:
        plain = sub.kind == "in" and not isinstance(sub.operand, ast.RowExpr) and wanted != sub.negated
        if plain and not sub.query.outer_slots and self.unit.hoisting:
            value, keys = self._keys(sub, gen)
            members = self._call(sub.query, f"{self.unit.named('Members', runtime.Members)}({keys})", "s")
            keys_of = f"{members}.keys"
            return f"({value} in {keys_of if members.endswith('()') else self.unit.once(keys_of)})"
        return f"({self.quantified(sub, gen)} == {1 if wanted else 0})"


def row_key(gen: ExprGen, types: list[SqlType]) -> str:
    """Source of a function under which equal rows are equal in Python."""
    parts = []
    for i, t in enumerate(types):
        make = key_function(t) if t.family is Family.STRING and t.name not in ("enum", "set") else None
        parts.append(f"r[{i}]" if make is None else f"r[{i}] and {gen.unit.const(make, 'ck')}(r[{i}])")
    return f"lambda r: ({', '.join(parts)},)"


def working_rows(query: BoundQuery) -> str:
    return f"w{query.select_id}"


def _reads_recursion(query: BoundQuery | None) -> bool:
    """Whether a query reads the working rows of a recursive common table defined outside of it."""
    if isinstance(query, SetBlock):
        return _reads_recursion(query.left) or _reads_recursion(query.right)
    if isinstance(query, Block):
        return _join_reads_recursion(query.join)
    return False


def _join_reads_recursion(group: JoinGroup) -> bool:
    return any(s.recursive_of is not None or _reads_recursion(s.query) for s in group.sources())


def plan_block(statement: Statement, block: Block) -> tuple[JoinPlan, bool]:
    """The join plan of a block and whether its path delivers the order asked for."""
    plan = statement.optimizer.plan(block.join, block.where, block.outer_slots)
    return plan, use_index_order(block, plan, statement.needs)
