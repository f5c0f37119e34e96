"""Aggregates that need no scan: MIN and MAX are the ends of an index, COUNT(*) of a MyISAM table is stored."""

from __future__ import annotations

from minidb.query import ast
from minidb.query.bind.nodes import Block, Col, Source, Sub, children
from minidb.query.optimize.access import allowed_indexes
from minidb.query.optimize.optimizer import JoinPlan, Step


def answered_without_rows(block: Block, plan: JoinPlan) -> dict[ast.Aggregate, int | None] | None:
    """For each aggregate the index whose end answers it (None: the stored row count); None if the block has to read rows."""
    if block.group_by or not block.aggregates or block.where or block.join.conditions or len(plan.steps) != 1 or block.lock_mode:
        return None
    step = plan.steps[0]
    if not isinstance(step, Step) or step.source.tdef is None or plan.constant:
        return None
    shown = [o.expr for o in block.outputs] + [e for e, _ in block.order_by] + ([block.having] if block.having else [])
    if not all(_aggregates_only(e) for e in shown):
        return None
    found: dict[ast.Aggregate, int | None] = {}
    for e in block.aggregates:
        if e.name == "COUNT" and isinstance(e.args[0], ast.Star) and step.source.tdef.engine == "MyISAM":
            found[e] = None
            continue
        index = _index_of(e, step.source)
        if index is None:
            return None
        found[e] = index
    return found


def _index_of(e: ast.Aggregate, source: Source) -> int | None:
    """The index that is sorted by the argument of MIN or MAX."""
    column = e.args[0]
    if e.name not in ("MIN", "MAX") or not isinstance(column, Col) or source.tdef is None or column.type.name in ("enum", "set"):
        return None
    for index in allowed_indexes(source)[0]:
        definition = source.tdef.indexes[index]
        first = definition.parts[0]
        if first.column == column.ordinal and first.prefix is None and not first.descending and definition.kind != "FULLTEXT":
            return index
    return None


def _aggregates_only(e: object) -> bool:
    if isinstance(e, ast.Aggregate):
        return True
    return not isinstance(e, (Col, Sub)) and all(_aggregates_only(c) for c in children(e))
