"""Binding and compiling of INSERT, REPLACE, UPDATE and DELETE."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from minidb.engine import Isolation, ReadMode, Row, TableLock
from minidb.errors import SqlError, unsupported
from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.bind.bind_expr import FIELDS, ORDER, WHERE, ExprBinder
from minidb.query.bind.bind_from import FromBinder
from minidb.query.bind.nodes import Block, Col, Output, Source, SourceColumn, Sub, walk
from minidb.query.bind.scope import Scope
from minidb.query.codegen.insert import InsertEmitter, InsertPlan
from minidb.query.codegen.queries import QueryEmitter
from minidb.query.codegen.unit import Unit
from minidb.query.codegen.update_delete import ChangeEmitter, ChangePlan
from minidb.query.compiler import MAY_NOT_FIT, Lazy, Run, Statement, with_fallback, without_indexes
from minidb.query.context import ExecContext
from minidb.query.look.explain_rows import explain_change, explain_query
from minidb.query.optimize.index_order import use_index_order
from minidb.query.optimize.optimizer import JoinPlan, Step
from minidb.query.plan import ExplainRow, Plan

STRICT_MODES = frozenset(("STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "TRADITIONAL"))
Emit = Callable[[QueryEmitter], None]


def is_strict(statement: Statement, target: Source) -> bool:
    """STRICT_TRANS_TABLES is for transactional tables; for others it holds for the first row, which is all that matters here."""
    return not STRICT_MODES.isdisjoint(statement.state.mode)


def variants(statement: Statement, emit: Emit, targets: list[Source], strict: bool,
             choice: Callable[[], tuple[JoinPlan, ast.Limit | None] | None] | None = None, *,
             consistent: bool = False) -> tuple[Run, str]:
    """The run function.  choice: gives the plan whose path is chosen at each execution, and its LIMIT.

    What the statement only reads is read with shared locks; below REPEATABLE READ by consistent reads if `consistent`: InnoDB does
    so for INSERT ... SELECT, REPLACE ... SELECT and UPDATE of one table, and for no other statement."""
    reads = any(s.transactional and s not in targets for s in statement.state.sources)

    def make(unit: Unit, mode: ReadMode) -> tuple[Run, str]:
        emitter = QueryEmitter(statement, unit, mode, strict)
        chosen = choice() if choice is not None else None
        if chosen is not None:
            statement.choosing(unit, chosen[0], chosen[1], lambda: make(Unit(), mode)[0])
        emit(emitter)
        source = unit.source()
        run = unit.compile(source)
        if not MAY_NOT_FIT.isdisjoint(unit.env) and statement.optimizer.use_indexes:
            run = with_fallback(run, lambda: without_indexes(statement, lambda: make(Unit(), mode)[0]))
        return run, source

    unit = Unit()
    if not reads:
        return make(unit, ReadMode.SNAPSHOT)
    if consistent:
        unit.named("snapshot", Lazy(lambda: make(Unit(), ReadMode.SNAPSHOT)[0]))
        unit.named("REPEATABLE_READ", Isolation.REPEATABLE_READ)
        unit.prologue(f"if {unit.trx()}.isolation < REPEATABLE_READ: return snapshot(x, p)")
    return make(unit, ReadMode.SHARED)


def _target(statement: Statement, ref: ast.TableRef, lock: TableLock) -> Source:
    source = statement.state.open(ref)
    source.write, source.lock = True, lock
    statement.needs.everything(source)
    return source


def _own_scope(target: Source, parent: Scope | None = None) -> Scope:
    scope = Scope(parent)
    scope.sources = [target]
    scope.visible = [(c.name.lower(), Col(target.slot, i, target)) for i, c in enumerate(target.columns)]
    return scope


# ---- INSERT
def compile_insert(statement: Statement, stmt: ast.Insert) -> Plan:
    plain = not stmt.replace and not stmt.on_duplicate
    lock = TableLock.CONCURRENT_INSERT if plain else TableLock.WRITE
    if stmt.priority == "LOW_PRIORITY":
        lock = TableLock.WRITE_LOW_PRIORITY
    target = _target(statement, stmt.table, lock)
    plan = InsertPlan(target, _columns(target, stmt.columns), replace=stmt.replace, ignore=stmt.ignore)
    plan.strict = is_strict(statement, target)
    plan.zero_generates = "NO_AUTO_VALUE_ON_ZERO" not in statement.state.mode
    if stmt.query is not None:
        plan.query = statement.binder.query(stmt.query, None, "SIMPLE")
        if len(plan.query.columns) != len(plan.columns):
            raise SqlError.of(1136, 1)
        statement.needs.add_query(plan.query)
    else:
        _bind_rows(statement, stmt, plan)
    if stmt.on_duplicate:
        _bind_duplicate(statement, stmt, plan)
    binder = ExprBinder(statement.binder, _own_scope(target), FIELDS)
    plan.returning = _returning(statement, stmt.returning, target, binder)

    def emit(queries: QueryEmitter) -> None:
        queries.unit.hoisting = plan.query is not None
        InsertEmitter(statement, queries, plan).emit(queries.unit.body)

    def choice() -> tuple[JoinPlan, ast.Limit | None] | None:
        """The source of INSERT ... SELECT is locked: its path is chosen like that of a locking read."""
        if not isinstance(plan.query, Block) or plan.query.order_by or plan.query.grouped:
            return None
        return statement.plan_of(plan.query)[0], plan.query.limit

    run, source = variants(statement, emit, [target], plan.strict and not plan.ignore, choice,
                           consistent=plan.query is not None)
    if stmt.replace or stmt.on_duplicate:
        run = _flagged(run, "duplicates")
    if plan.query is not None:
        run = _flagged(run, "bulk_insert")
    if plan.query is None:
        lines: tuple[ExplainRow, ...] = (ExplainRow(1, "INSERT", target.alias, "ALL"),)
    else:
        lines = explain_query(statement, plan.query)
    kind = "replace" if stmt.replace else "insert"
    columns = tuple(o.column for o in plan.returning)
    return Plan(kind, columns, statement.state.plan_tables(), run, source, lines, True, False)


def _flagged(run: Run, name: str) -> Run:
    """`run` with a flag of the transaction set that tells the engine what kind of statement this is."""

    def flagged(x: ExecContext, p: tuple[Any, ...]) -> list[Row] | None:
        setattr(x.trx, name, True)
        try:
            return run(x, p)
        finally:
            setattr(x.trx, name, False)

    return flagged


def _columns(target: Source, names: tuple[str, ...] | None) -> list[int]:
    assert target.tdef is not None
    if names is None:
        return [i for i, c in enumerate(target.tdef.columns) if not c.invisible]
    found: list[int] = []
    for name in names:
        ordinal = target.column_index(name)
        if ordinal is None:
            raise SqlError.of(1054, name, FIELDS)
        if ordinal in found:
            raise SqlError.of(1110, name)
        found.append(ordinal)
    return found


def _bind_rows(statement: Statement, stmt: ast.Insert, plan: InsertPlan) -> None:
    binder = ExprBinder(statement.binder, _own_scope(plan.target), FIELDS)
    if stmt.rows and all(not row for row in stmt.rows) and not stmt.columns:
        plan.columns = []
    for number, row in enumerate(stmt.rows or (), 1):
        if len(row) != len(plan.columns):
            raise SqlError.of(1136, number)
        bound = [None if isinstance(e, ast.DefaultValue) and e.column is None else binder.bind(e) for e in row]
        for e in bound:
            statement.needs.add(e)
            if e is not None:
                statement.typer.typed(e)
        plan.rows.append(bound)


def _bind_duplicate(statement: Statement, stmt: ast.Insert, plan: InsertPlan) -> None:
    target = plan.target
    columns = tuple(SourceColumn(c.name, c.type, True) for c in target.columns)
    plan.incoming = statement.state.source(stmt.row_alias or "", columns)
    scope = _own_scope(target)
    if stmt.row_alias is not None:
        if stmt.row_columns:
            named = [columns[i] for i in plan.columns]
            renamed = dict(zip([c.name for c in named], stmt.row_columns, strict=True))
            plan.incoming.columns = tuple(replace(c, name=renamed.get(c.name, c.name)) for c in columns)
        scope.sources.append(plan.incoming)
    if isinstance(plan.query, Block):
        scope.sources += list(plan.query.join.sources())
    incoming = plan.incoming
    binder = ExprBinder(statement.binder, scope, FIELDS)

    def values_of(ref: ast.ColumnRef) -> Expr:
        ordinal = target.column_index(ref.name)
        if ordinal is None:
            raise SqlError.of(1054, ref.name, FIELDS)
        return Col(incoming.slot, ordinal, incoming)

    binder.values_of = values_of
    for assignment in stmt.on_duplicate:
        ordinal = target.column_index(assignment.column.name)
        if ordinal is None:
            raise SqlError.of(1054, assignment.column.name, FIELDS)
        plan.updates.append((ordinal, _assigned(binder, None, assignment.value)))


def _assigned(binder: ExprBinder, column: Col | None, value: Expr) -> Expr | None:
    """The bound value of an assignment, None for DEFAULT; raises 1364 where the `column` (if told) has no default."""
    if not isinstance(value, ast.DefaultValue) or value.column is not None:
        return binder.bind(value)
    tdef = None if column is None else column.source.tdef
    definition = None if tdef is None or column is None else tdef.columns[column.ordinal]
    if definition is not None and definition.default is None and not definition.nullable and not definition.auto_increment:
        raise SqlError.of(1364, definition.name)
    return None


def _returning(statement: Statement, items: tuple[ast.SelectItem, ...], target: Source, binder: ExprBinder) -> list[Output]:
    found: list[Output] = []
    for item in items:
        if isinstance(item.expr, ast.Star):
            for name, e in statement.binder.star(item.expr, _own_scope(target)):
                found.append(Output(e, statement.binder.output_column(e, name)))
            continue
        e = binder.bind(item.expr)
        name = item.alias or (item.expr.name if isinstance(item.expr, ast.ColumnRef) else item.text)
        found.append(Output(e, statement.binder.output_column(e, name)))
    return found


# ---- UPDATE and DELETE
def _bind_from(statement: Statement, item: ast.FromItem) -> tuple[Block, Scope]:
    block = Block()
    block.select_id = statement.state.next_select_id()
    scope = Scope(None, block)
    FromBinder(statement.binder, scope, block).bind(item)
    return block, scope


def compile_update(statement: Statement, stmt: ast.Update) -> Plan:
    block, scope = _bind_from(statement, stmt.from_)
    multi = not isinstance(stmt.from_, ast.TableRef)
    if multi and (stmt.order_by or stmt.limit is not None):
        raise SqlError.of(1221, "UPDATE", "ORDER BY" if stmt.order_by else "LIMIT")
    where = statement.binder.conditions(stmt.where, scope, WHERE)
    change = ChangePlan("update", block.join, where, [], ignore=stmt.ignore, multi=multi)
    binder = ExprBinder(statement.binder, scope, FIELDS)
    for assignment in stmt.assignments:
        column = binder.bind(assignment.column)
        if not isinstance(column, Col) or column.source.tdef is None:
            raise SqlError.text(1288, f"The target table {assignment.column.table or ''} of the UPDATE is not updatable")
        source = column.source
        if source not in change.targets:
            change.targets.append(source)
        change.updates.setdefault(source.slot, []).append((column.ordinal, _assigned(binder, column, assignment.value)))
    lock = TableLock.WRITE_LOW_PRIORITY if stmt.low_priority else TableLock.WRITE
    return _compile_change(statement, change, scope, stmt.order_by, stmt.limit, lock)


def compile_delete(statement: Statement, stmt: ast.Delete) -> Plan:
    block, scope = _bind_from(statement, stmt.from_)
    multi = bool(stmt.targets)
    targets = [_delete_target(scope, ref) for ref in stmt.targets] or [scope.sources[0]]
    where = statement.binder.conditions(stmt.where, scope, WHERE)
    change = ChangePlan("delete", block.join, where, targets, ignore=stmt.ignore, multi=multi)
    binder = ExprBinder(statement.binder, scope, FIELDS)
    change.returning = _returning(statement, stmt.returning, targets[0], binder)
    lock = TableLock.WRITE_LOW_PRIORITY if stmt.low_priority else TableLock.WRITE
    return _compile_change(statement, change, scope, stmt.order_by, stmt.limit, lock)


def _delete_target(scope: Scope, ref: ast.TableRef) -> Source:
    found = [s for s in scope.sources if s.alias == ref.name and (ref.db is None or s.db == ref.db)]
    found = found or [s for s in scope.sources if s.name == ref.name and ref.db is not None and s.db == ref.db]
    if not found or found[0].tdef is None:
        raise SqlError.of(1109, ref.name, "MULTI DELETE")
    return found[0]


def _compile_change(statement: Statement, change: ChangePlan, scope: Scope, order_by: tuple[ast.OrderItem, ...],
                    limit: ast.Limit | None, lock: TableLock) -> Plan:
    for target in change.targets:
        target.write, target.lock = True, lock
        statement.needs.everything(target)
    change.strict = is_strict(statement, change.targets[0])
    order = ExprBinder(statement.binder, scope, ORDER)
    change.order_by = [(order.bind(o.expr), o.descending) for o in order_by]
    if limit is not None:
        if limit.offset is not None:
            raise unsupported("LIMIT with an offset here")
        change.limit = ast.Limit(ExprBinder(statement.binder, Scope(), FIELDS).bind(limit.count))
    exprs = _expressions(change)
    for e in exprs:
        statement.needs.add(e)
        statement.typer.typed(e)
    statement.needs.add_join(change.join)
    if change.multi:
        statement.optimizer.whole = {t.slot for t in change.targets}
        if change.kind == "delete" and _reads_target(change, change.where, statement):
            name = change.targets[0].alias
            raise SqlError.text(1093, f"Table '{name}' is specified twice, both as a target for 'DELETE' and as a separate source "
                                "for data")
    else:
        statement.optimizer.changing = {change.targets[0].slot}
    plans: dict[tuple[bool, int | None], tuple[JoinPlan, bool]] = {}

    def plan_of() -> tuple[JoinPlan, bool]:
        key = statement.setting()
        if key not in plans:
            plan = statement.optimizer.plan(change.join, change.where, set())
            plans[key] = (plan, _in_order(change, plan, statement))
        return plans[key]

    def emit(queries: QueryEmitter) -> None:
        plan, ordered = plan_of()
        change.reads_target = _reads_target(change, exprs, statement)
        change.collect = change.reads_target or _disturbs_scan(change, plan)
        ChangeEmitter(statement, queries, change, plan, ordered).emit(queries.unit.body)

    def choice() -> tuple[JoinPlan, ast.Limit | None] | None:
        return None if change.multi else (plan_of()[0], change.limit)

    strict = change.strict and not change.ignore and change.kind == "update"  # deleting stores nothing that could be refused
    run, source = variants(statement, emit, change.targets, strict, choice,
                           consistent=change.kind == "update" and not change.multi)
    plan, ordered = plan_of()
    lines = explain_change(statement, change, plan, exprs, not ordered)
    columns = tuple(o.column for o in change.returning)
    return Plan(change.kind, columns, statement.state.plan_tables(), run, source, lines, True, False)


def _expressions(change: ChangePlan) -> list[Expr]:
    values = [e for updates in change.updates.values() for _, e in updates if e is not None]
    return [*change.where, *values, *(e for e, _ in change.order_by), *(o.expr for o in change.returning)]


def _in_order(change: ChangePlan, plan: JoinPlan, statement: Statement) -> bool:
    """Whether the scan delivers ORDER BY's order."""
    if not change.order_by:
        return True
    block = Block()
    block.order_by, block.limit = change.order_by, change.limit
    return use_index_order(block, plan, statement.needs)


def _reads_target(change: ChangePlan, exprs: list[Expr], statement: Statement) -> bool:
    """Whether a subquery reads a table that is changed."""
    if not any(isinstance(inner, Sub) for e in exprs for inner in walk(e)):
        return False
    joined = {id(s) for s in change.join.sources()}
    names = {(t.db, t.name) for t in change.targets}
    return any(s.tdef is not None and id(s) not in joined and (s.db, s.name) in names for s in statement.state.sources)


def _disturbs_scan(change: ChangePlan, plan: JoinPlan) -> bool:
    """Whether changing rows while scanning would disturb the scan: a column of the scanned index changes."""
    target = change.targets[0]
    if change.kind != "update" or change.multi:
        return False
    assert target.tdef is not None
    first = plan.steps[0]
    index = first.access.index if isinstance(first, Step) else None
    clustered = target.tdef.clustered_index() if target.transactional else None
    scanned = {i for i in (index, clustered) if i is not None}  # every entry of a transactional table holds the clustered key
    changed = {column for column, _ in change.updates[target.slot]}
    changed |= {i for i, c in enumerate(target.tdef.columns) if c.on_update_now}
    return any(not changed.isdisjoint(target.tdef.indexes[i].columns) for i in scanned)
