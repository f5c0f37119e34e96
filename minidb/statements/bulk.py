"""executemany: one statement text, many rows of arguments.

An INSERT or REPLACE of one row of values is run as one multi-row statement (PyMySQL sends such batches too): all its rows go in or,
with InnoDB, none.  Anything else runs row by row, each a statement of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minidb.query import ast
from minidb.statements.cache import tree_of
from minidb.statements.result import Result, done

if TYPE_CHECKING:
    from minidb.session import Session


def execute_many(session: Session, text: str, rows: Sequence[Any]) -> Result:
    """The sum of all runs; `insert_id` is that of the last statement."""
    if not rows:
        return done()
    form = _insert_form(text)
    if form is None or len(rows) == 1:
        return _one_by_one(session, text, rows)
    ordered = form.ordered
    return session.insert_rows(form.key, text, [ordered(r) for r in rows])


def _insert_form(text: str) -> Any:
    """The placeholders of an INSERT ... VALUES of one row, None for any other statement."""
    from minidb.query.parse.parser import parse_normalized
    from minidb.query.parse.placeholders import Format

    if text.lstrip()[:7].upper() not in ("INSERT ", "REPLACE"):
        return None
    form = Format(text)
    tree = tree_of(form.key, parse_normalized)
    simple = isinstance(tree, ast.Insert) and tree.rows is not None and len(tree.rows) == 1 and not tree.returning
    return form if simple and (form.names is not None or form.count) else None


def _one_by_one(session: Session, text: str, rows: Sequence[Any]) -> Result:
    total = 0
    result = done()
    for row in rows:
        result = session.execute(text, row)
        total += result.affected if result.rows is None else len(result.rows)
    made = Result(result.columns, result.rows)
    made.affected, made.insert_id = total, result.insert_id
    return made
