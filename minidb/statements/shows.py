"""SHOW, DESCRIBE, EXPLAIN: answers of query.show and query.explain as results; WHERE runs as a SELECT over the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minidb.engine import Table
from minidb.errors import SqlError
from minidb.query import ast
from minidb.query import show as answers
from minidb.query.context import ExecContext
from minidb.statements.preparing import PLAN_TYPES, Environment
from minidb.statements.result import Result
from minidb.statements.world import SessionWorld

if TYPE_CHECKING:
    from minidb.session import Session

DESCRIBED = frozenset({"%", "_"})


class AnswerEnvironment(Environment):
    """Compiles the WHERE of a SHOW: its only table is the answer."""

    __slots__ = ("table",)

    def __init__(self, session: Session, table: Table) -> None:
        super().__init__(session)
        self.table = table

    def open(self, db: str | None, name: str) -> Table:
        return self.table


def show(session: Session, stmt: ast.Show) -> Result:
    answer = answers.show(stmt, SessionWorld(session))
    return _result(session, answer, stmt.where, stmt.limit)


def _result(session: Session, answer: answers.Answer, where: ast.Expr | None, limit: ast.Limit | None = None) -> Result:
    if where is None and limit is None:
        return Result(answer.columns(), answer.rows)
    from minidb.query.compiler import compile_statement

    table = answer.table()
    tree = ast.Select((ast.SelectItem(ast.Star()),), ast.TableRef("SHOW"), where=where, limit=limit)
    plan = compile_statement(tree, AnswerEnvironment(session, table), ())
    rows = plan.run(ExecContext(session, session.trx, [table for _ in plan.tables]), ())
    return Result(answer.columns(), rows or [])


def describe(session: Session, stmt: ast.Describe) -> Result:
    """DESCRIBE t [column or pattern]."""
    tdef = SessionWorld(session).show_table(stmt.table.db, stmt.table.name)
    answer = answers.columns_answer(tdef, False)
    if stmt.column is not None:
        answer = answer.matching(stmt.column if DESCRIBED & set(stmt.column) else stmt.column.replace("_", "\\_"))
    return Result(answer.columns(), answer.rows)


def explain(session: Session, stmt: ast.Explain) -> Result:
    """EXPLAIN [ANALYZE | FORMAT=...] of a statement that is a plan."""
    from minidb.query.explain import explain as explain_plan

    if not isinstance(stmt.statement, PLAN_TYPES):
        raise SqlError.of(1235, "EXPLAIN of this statement")
    columns, rows = explain_plan(stmt, Environment(session), (), _Contexts(session))
    return Result(tuple(columns), list(rows))


class _Contexts:
    """Makes the execution contexts of EXPLAIN ANALYZE: the statement is run, changes included, as a statement of its own."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __call__(self, plan: Any) -> ExecContext:
        from minidb.statements.preparing import resolve_handle

        return ExecContext(self.session, self.session.trx, [resolve_handle(self.session, t) for t in plan.tables])


