"""EXPLAIN: the optimizer's choice in MySQL's columns; EXPLAIN ANALYZE; FORMAT=PYTHON and FORMAT=JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from minidb.engine import Row, Work
from minidb.errors import unsupported
from minidb.query import ast
from minidb.query.bind.types_of import BIGINT, varchar
from minidb.query.context import ExecContext
from minidb.query.environment import CompileEnv
from minidb.query.plan import ExplainRow, Plan, ResultColumn

COLUMNS = ("id", "select_type", "table", "type", "possible_keys", "key", "key_len", "ref", "rows", "Extra")
WORK_COLUMNS = ("descents", "pages_hit", "pages_missed", "rows_examined", "rows_returned", "clustered_lookups", "address_reads")
_NUMBERS = frozenset(("id", *WORK_COLUMNS))


def explain(stmt: ast.Explain, env: CompileEnv, params: tuple[Any, ...],
            make_context: Callable[[Plan], ExecContext]) -> tuple[tuple[ResultColumn, ...], list[Row]]:
    """The result of an EXPLAIN statement: (columns, rows).  make_context opens the plan's tables, as for running it; it is called
    for EXPLAIN ANALYZE only, which runs the statement.  Raises what compiling (and for ANALYZE running) the statement raises."""
    from minidb.query.compiler import compile_statement

    plan = compile_statement(stmt.statement, env, params, stmt.analyze, explain=True)
    if stmt.format == "PYTHON":
        return (ResultColumn("Python", varchar(1024)),), [(line,) for line in plan.source.rstrip("\n").split("\n")]
    work = _run(plan, params, make_context) if stmt.analyze else {}
    if stmt.format == "JSON":
        return (ResultColumn("EXPLAIN", varchar(65535)),), [(_json(plan, work),)]
    if stmt.format not in ("", "TRADITIONAL"):
        raise unsupported(f"EXPLAIN FORMAT={stmt.format}")
    rows = [_row(line) for line in plan.explain]
    names: tuple[str, ...] = COLUMNS
    if stmt.analyze:
        names = (*COLUMNS, *WORK_COLUMNS)
        rows = [(*row, *_counts(line, work)) for row, line in zip(rows, plan.explain, strict=True)]
    return tuple(ResultColumn(n, BIGINT if n in _NUMBERS else varchar(255)) for n in names), rows


def _run(plan: Plan, params: tuple[Any, ...], make_context: Callable[[Plan], ExecContext]) -> dict[str, Work]:
    """Run the plan over counting handles; the work done by table alias."""
    context = make_context(plan)
    done: dict[str, Work] = {}
    for i, table in enumerate(context.tables):
        work = Work()
        done[plan.tables[i].alias] = work
        context.tables[i] = table.counted(work)
    plan.run(context, params)
    return done


def _row(line: ExplainRow) -> Row:
    return (line.id, line.select_type, line.table, line.type, line.possible_keys, line.key, line.key_len, line.ref,
            None if line.rows is None else str(line.rows), line.extra)


def _counts(line: ExplainRow, work: dict[str, Work]) -> tuple[int | None, ...]:
    found = work.get(line.table or "")
    return tuple(None if found is None else getattr(found, name) for name in WORK_COLUMNS)


def _json(plan: Plan, work: dict[str, Work]) -> str:
    tables = []
    for line in plan.explain:
        shown = {name: value for name, value in zip(COLUMNS, _row(line), strict=True) if value not in (None, "")}
        if line.table in work:
            shown["work"] = dict(zip(WORK_COLUMNS, _counts(line, work), strict=True))
        tables.append(shown)
    return json.dumps({"query_block": tables}, indent=2, default=str)
