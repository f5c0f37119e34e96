"""From a syntax tree to a `Plan`: bind, optimize, generate, compile.

`compile_statement` is the only entry.  A plan depends on table definitions, parameter types and sql_mode only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from minidb.engine import Isolation, ReadMode, Row, TableLock
from minidb.errors import unsupported
from minidb.query import ast
from minidb.query.bind.binder import Binder
from minidb.query.bind.needs import Needs
from minidb.query.bind.nodes import Block, BoundQuery, SetBlock
from minidb.query.codegen.queries import QueryEmitter, plan_block
from minidb.query.codegen.unit import Unit
from minidb.query.context import ExecContext
from minidb.query.environment import Compilation, CompileEnv
from minidb.query.optimize.costs import SCAN, PathChooser, WholeRange, chooser_for, whole_range_for
from minidb.query.optimize.estimates import Estimator
from minidb.query.optimize.optimizer import JoinPlan, Optimizer
from minidb.query.plan import Plan
from minidb.types.keys import NotSargable

Run = Callable[[ExecContext, tuple[Any, ...]], list[Row] | None]
MAY_NOT_FIT = frozenset(("key_of", "prefix_key", "low_bound", "high_bound", "points"))


class Statement:
    """A bound statement: all that its variants (snapshot, locking, without indexes) are generated from."""

    def __init__(self, env: CompileEnv, params: tuple[Any, ...], explain: bool = False) -> None:
        self.state = Compilation(env, params)
        self.binder = Binder(self.state)
        self.typer = self.binder.typer
        self.needs = Needs()
        self.estimator = Estimator(self.typer, params)
        self.optimizer = Optimizer(self.typer, self.needs, self.estimator.estimate)
        self.optimizer.sized = explain
        self.explain = explain
        self.materialised: dict[tuple[int, int], str] = {}
        self.subquery_sources: dict[tuple[int, int], str] = {}
        self._plans: dict[tuple[int, bool, int | None], tuple[Block, JoinPlan, bool]] = {}

    def plan_of(self, block: Block) -> tuple[JoinPlan, bool]:
        """The join plan of a block, made once for each setting of the optimizer."""
        mark = (id(block), *self.setting())
        known = self._plans.get(mark)
        if known is None:
            plan, ordered = plan_block(self, block)
            known = self._plans[mark] = (block, plan, ordered)
        return known[1], known[2]

    def setting(self) -> tuple[bool, int | None]:
        """What the optimizer is told to do: (use indexes, the one choice forced)."""
        return self.optimizer.use_indexes, next(iter(self.optimizer.choices.values()), None)

    def choosing(self, unit: Unit, plan: JoinPlan, limit: ast.Limit | None, make: Callable[[], Run]) -> None:
        """Begin the entry function with a choice of path where locks depend on it; `make` compiles a variant for a path."""
        if self.optimizer.choices or not self.optimizer.use_indexes:
            return
        chooser: PathChooser | WholeRange | None = None
        if self.state.rules.forced_range_may_scan and not self.optimizer.changing:
            chooser = whole_range_for(plan, self.typer)
        chooser = chooser or chooser_for(plan, limit, self.typer)
        if chooser is None:
            return
        step = plan.tables()[0]
        slot, taken = step.source.slot, SCAN if step.access.index is None or not step.access.facts else step.access.index

        def variant(index: int) -> Lazy:
            def made() -> Run:
                self.optimizer.choices = {slot: index}
                try:
                    return make()
                finally:
                    self.optimizer.choices = {}

            return Lazy(made)

        indexes = [SCAN, *(c.index for c in chooser.candidates)]
        unit.named("paths", {index: variant(index) for index in indexes if index != taken})
        unit.prologue(f"path = {unit.named('choose_path', chooser)}(x, p)")
        unit.prologue("if path in paths: return paths[path](x, p)")

    def release(self) -> None:
        """Let go of the session and of table handles: a plan must not keep them alive."""
        self.typer.release()
        self.state.release()


def compile_statement(stmt: ast.Statement, env: CompileEnv, params: tuple[Any, ...], analyze: bool = False,
                      explain: bool = False, reading: ReadMode = ReadMode.SNAPSHOT) -> Plan:
    """Compile a query, INSERT, REPLACE, UPDATE, DELETE or DO for parameters of the types of `params`.

    analyze: the plan will be run over counting handles.  explain: with row estimates for every table.  reading: how a query reads
    (SHARED where it is part of a statement other than SELECT, at every isolation level).  Raises the errors of names and types
    (1046, 1052, 1054, 1064, 1109, 1146, 1305 ...), 1235 for what minidb does not speak."""
    from minidb.query import changes

    statement = Statement(env, params, explain or analyze)
    try:
        if isinstance(stmt, (ast.Select, ast.SetOperation, ast.TableValues)):
            return _compile_query(statement, stmt, reading)
        if isinstance(stmt, ast.Do):
            return _compile_do(statement, stmt)
        if isinstance(stmt, ast.Insert):
            return changes.compile_insert(statement, stmt)
        if isinstance(stmt, ast.Update):
            return changes.compile_update(statement, stmt)
        if isinstance(stmt, ast.Delete):
            return changes.compile_delete(statement, stmt)
    finally:
        statement.release()
    raise unsupported(f"{type(stmt).__name__} as a plan")


# ---- queries
def _compile_query(statement: Statement, stmt: ast.Query, reading: ReadMode = ReadMode.SNAPSHOT) -> Plan:
    bound = statement.binder.query(stmt, None, "SIMPLE")
    statement.needs.add_query(bound)
    for table in statement.state.sources:
        if table.lock is TableLock.READ:
            table.lock = TableLock.READ_LOCAL  # a query lets others append to a MyISAM table without holes
    transactional = any(s.transactional for s in statement.state.sources)
    shared = transactional and reading is ReadMode.SHARED
    locking = shared or any(b.lock_mode for b in _blocks(bound))
    if shared:
        run, source = compile_query(statement, bound, Unit(), ReadMode.SHARED)
    else:
        run, source = query_variants(statement, bound, transactional)
    from minidb.query.look.explain_rows import explain_query

    return Plan("select", bound.columns, statement.state.plan_tables(), run, source, explain_query(statement, bound), False,
                not locking)


def _blocks(query: BoundQuery) -> list[Block]:
    if isinstance(query, SetBlock):
        return _blocks(query.left) + _blocks(query.right)
    return [query] if isinstance(query, Block) else []


def query_variants(statement: Statement, bound: BoundQuery, transactional: bool) -> tuple[Run, str]:
    """The run function of a query: snapshot reads, or (SERIALIZABLE inside a transaction) shared locks on every row."""
    unit = Unit()
    if transactional:
        unit.named("SERIALIZABLE", Isolation.SERIALIZABLE)
        trx = unit.trx()
        unit.prologue(f"if {trx}.isolation is SERIALIZABLE and ({trx}.active or not {trx}.autocommit): return serializable(x, p)")
        unit.named("serializable", Lazy(lambda: compile_query(statement, bound, Unit(), ReadMode.SHARED)[0]))
    return compile_query(statement, bound, unit, ReadMode.SNAPSHOT)


def compile_query(statement: Statement, bound: BoundQuery, unit: Unit, mode: ReadMode) -> tuple[Run, str]:
    emitter = QueryEmitter(statement, unit, mode)
    if isinstance(bound, Block) and (bound.lock_mode or mode is not ReadMode.SNAPSHOT):
        early = bound.limit if not bound.order_by and not bound.grouped and not bound.distinct else None
        statement.choosing(unit, statement.plan_of(bound)[0], early, lambda: compile_query(statement, bound, Unit(), mode)[0])
    emitter.body(bound, unit.body)
    source = unit.source()
    run = unit.compile(source)
    if not MAY_NOT_FIT.isdisjoint(unit.env) and statement.optimizer.use_indexes:
        run = with_fallback(run, lambda: without_indexes(statement, lambda: compile_query(statement, bound, Unit(), mode)[0]))
    return run, source


def with_fallback(run: Run, make: Callable[[], Run]) -> Run:
    """`run`; where a value turns out not to be comparable through an index, the variant that scans instead."""
    fallback = Lazy(make)

    def guarded(x: ExecContext, p: tuple[Any, ...]) -> list[Row] | None:
        try:
            return run(x, p)
        except NotSargable:
            return fallback(x, p)

    return guarded


def without_indexes(statement: Statement, make: Callable[[], Run]) -> Run:
    statement.optimizer.use_indexes = False
    try:
        return make()
    finally:
        statement.optimizer.use_indexes = True


class Lazy:
    """A variant of a plan that is compiled when it is first run."""

    __slots__ = ("_make", "_run")

    def __init__(self, make: Callable[[], Run]) -> None:
        self._make: Callable[[], Run] | None = make
        self._run: Run | None = None

    def __call__(self, x: ExecContext, p: tuple[Any, ...]) -> list[Row] | None:
        if self._run is None:
            assert self._make is not None
            self._run = self._make()
            self._make = None
        return self._run(x, p)


def _compile_do(statement: Statement, stmt: ast.Do) -> Plan:
    select = ast.Select(tuple(ast.SelectItem(e) for e in stmt.exprs))
    plan = _compile_query(statement, select, ReadMode.SHARED)
    run = plan.run

    def do(x: ExecContext, p: tuple[Any, ...]) -> None:
        run(x, p)

    return replace(plan, kind="do", columns=(), run=do)


__all__ = ["CompileEnv", "compile_statement"]
