"""SHOW, DESCRIBE, EXPLAIN: answers of query.show and query.explain as results; WHERE runs as a SELECT over the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minidb.engine import ReadMode, Table
from minidb.errors import SqlError
from minidb.query import ast
from minidb.query.context import ExecContext
from minidb.query.look import show as answers
from minidb.query.plan import Plan
from minidb.statements.cache import CompiledPlan, Prepared
from minidb.statements.preparing import PLAN_TYPES, Environment, bind, resolve_handle, run_inside
from minidb.statements.result import Result
from minidb.statements.world import SessionWorld

if TYPE_CHECKING:
    from minidb.session import Session

DESCRIBED = frozenset({"%", "_"})
ANSWER = "SHOW"  # the name of the answer as a table


class AnswerEnvironment(Environment):
    """Compiles the WHERE of a SHOW: the table called SHOW is the answer, subqueries may read others."""

    __slots__ = ("table",)

    def __init__(self, session: Session, table: Table) -> None:
        super().__init__(session)
        self.table = table

    def open(self, db: str | None, name: str) -> Table:
        return self.table if db is None and name == ANSWER else super().open(db, name)


def show(session: Session, stmt: ast.Show) -> Result:
    answer = answers.show(stmt, SessionWorld(session))
    return _result(session, answer, stmt.where, stmt.limit)


def _result(session: Session, answer: answers.Answer, where: ast.Expr | None, limit: ast.Limit | None = None) -> Result:
    if where is None and limit is None:
        return Result(answer.columns(), answer.rows)
    from minidb.query.compiler import compile_statement

    table = answer.table()
    tree = ast.Select((ast.SelectItem(ast.Star()),), ast.TableRef(ANSWER), where=where, limit=limit)
    plan = compile_statement(tree, AnswerEnvironment(session, table), (), reading=ReadMode.SHARED)
    handles = [table, *(resolve_handle(session, t) for t in plan.tables[1:])]
    prepared = Prepared(plan, handles, (), session.instance.version, False, False, False)
    return Result(answer.columns(), run_inside(session, prepared, ()) or [])


def describe(session: Session, stmt: ast.Describe) -> Result:
    """DESCRIBE t [column or pattern]."""
    tdef = SessionWorld(session).show_table(stmt.table.db, stmt.table.name)
    answer = answers.columns_answer(tdef, False)
    if stmt.column is not None:
        answer = answer.matching(stmt.column if DESCRIBED & set(stmt.column) else stmt.column.replace("_", "\\_"))
    return Result(answer.columns(), answer.rows)


def explain(session: Session, stmt: ast.Explain) -> Result:
    """EXPLAIN [ANALYZE | FORMAT=...] of a statement that is a plan."""
    from minidb.query.look.explain import explain as explain_plan

    if not isinstance(stmt.statement, PLAN_TYPES):
        raise SqlError.of(1235, "EXPLAIN of this statement")
    run = AnalyzeRun(session)
    try:
        columns, rows = explain_plan(stmt, Environment(session), (), run.begin)
    except BaseException:
        run.end(ok=False)
        raise
    run.end(ok=True)
    return Result(tuple(columns), list(rows))


class AnalyzeRun:
    """EXPLAIN ANALYZE runs its statement, changes included: locks, begin and end of the statement are as for running it plainly."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.prepared: Prepared | None = None

    def begin(self, plan: Plan) -> ExecContext:
        session = self.session
        prepared = self.prepared = bind(session, CompiledPlan(plan, (), False, False))
        if session.locked is not None:
            session.locked.check(prepared)
        elif prepared.table_locks:
            session.lock_myisam(prepared)
        session.instance.metadata_locks.acquire_all(session.owner, prepared.wanted, session.lock_wait_seconds)
        if prepared.changes:
            if session.trx.read_only:
                raise SqlError.of(1792)
            session.instance.note_change()
            for engine in prepared.engines:
                engine.begin_statement(session.trx)
        return ExecContext(session, session.trx, list(prepared.handles))

    def end(self, ok: bool) -> None:
        session, prepared = self.session, self.prepared
        if prepared is None:
            return
        trx = session.trx
        try:
            if prepared.changes:
                for engine in prepared.engines:
                    engine.end_statement(trx, ok)
        finally:
            if prepared.table_locks and session.locked is None:
                session.instance.myisam.unlock_tables(trx)
        if trx.autocommit:
            if trx.active:
                session.instance.innodb.commit(trx)
            session.autocommitted()
        elif trx.active and not prepared.changes:
            session.instance.innodb.end_statement(trx, True)
