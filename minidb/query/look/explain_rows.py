"""The lines of EXPLAIN, from bound queries and their join plans."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.bind.nodes import (
    Block,
    BoundQuery,
    Col,
    JoinGroup,
    RecursiveBlock,
    SetBlock,
    Sub,
    ValuesBlock,
    slots_of,
    walk,
)
from minidb.query.optimize.access import Access, part_length
from minidb.query.optimize.index_ends import answered_without_rows
from minidb.query.optimize.index_order import index_columns
from minidb.query.optimize.optimizer import JoinPlan, LeftStep, Step
from minidb.query.plan import ExplainRow

if TYPE_CHECKING:
    from minidb.query.codegen.update_delete import ChangePlan
    from minidb.query.compiler import Statement


def explain_query(statement: Statement, query: BoundQuery) -> tuple[ExplainRow, ...]:
    """The lines of a query: its own tables, then the queries inside it."""
    writer = _Writer(statement)
    writer.query(query)
    return tuple(writer.rows)


def explain_change(statement: Statement, change: ChangePlan, plan: JoinPlan, exprs: list[Expr],
                   sort: bool) -> tuple[ExplainRow, ...]:
    """The lines of an UPDATE or DELETE."""
    writer = _Writer(statement)
    kind = "PRIMARY" if writer.has_subqueries(exprs) else "SIMPLE"
    tables = plan.tables()
    if change.kind == "delete" and not change.multi and not change.where and change.limit is None and not change.returning:
        rows = max(1, round(statement.estimator.rows(tables[0].source)))
        return (ExplainRow(1, kind, None, rows=rows, extra="Deleting all rows"),)
    if any(_never(c) for c in change.where):
        return (ExplainRow(1, kind, None, extra="Impossible WHERE"),)
    for i, step in enumerate(tables):
        extra = writer.extra(step, i, plan)
        if i == 0 and sort:
            extra.append("Using filesort")
        elif i == 0 and change.kind == "update" and change.collect and not change.multi:
            extra.append("Using buffer")
        line = writer.table(1, kind, step, extra)
        if change.kind == "update" and not change.multi and line.type == "ALL":
            line = _through_clustered(step, line)
        writer.rows.append(line)
    writer.inside(exprs, change.join)
    return tuple(writer.rows)


def _through_clustered(step: Step, line: ExplainRow) -> ExplainRow:
    """A full scan for UPDATE is shown as a scan of the clustered index, which it is."""
    tdef = step.source.tdef
    primary = None if tdef is None or not step.source.transactional else tdef.primary
    if tdef is None or primary is None:
        return line
    length = sum(part_length(tdef, part) for part in primary.parts)
    return replace(line, type="index", key=primary.name, key_len=str(length))


class _Writer:
    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.rows: list[ExplainRow] = []
        self._seen: set[int] = set()

    def query(self, query: BoundQuery) -> None:
        if id(query) in self._seen:
            return
        self._seen.add(id(query))
        if isinstance(query, Block):
            self._block(query)
        elif isinstance(query, SetBlock):
            self.query(query.left)
            self.query(query.right)
            ids = ",".join(str(part.select_id) for part in (query.left, query.right))
            self.rows.append(ExplainRow(None, f"{query.op.split()[0]} RESULT", f"<{query.op.split()[0].lower()}{ids}>", "ALL"))
        elif isinstance(query, ValuesBlock):
            self.rows.append(ExplainRow(query.select_id, query.kind_text, None, extra="No tables used"))
        elif isinstance(query, RecursiveBlock):
            self.query(query.seed)
            if query.step is not None:
                self.query(query.step)

    def _block(self, block: Block) -> None:
        plan, ordered = self.statement.plan_of(block)
        exprs = [*block.where, *(o.expr for o in block.outputs), *(e for e, _ in block.order_by)]
        if block.having is not None:
            exprs.append(block.having)
        kind = block.kind_text
        if kind == "SIMPLE" and (self.has_subqueries(exprs) or any(s.query is not None for s in block.join.sources())):
            kind = "PRIMARY"
        tables = plan.tables()
        message = self._without_tables(block, plan)
        if message is not None:
            self.rows.append(ExplainRow(block.select_id, kind, None, extra=message))
        else:
            for i, step in enumerate(tables):
                extra = self.extra(step, i, plan) + self._sorting(block, i, ordered, tables)
                self.rows.append(self.table(block.select_id, kind, step, extra))
        self.inside(exprs, block.join)

    def _without_tables(self, block: Block, plan: JoinPlan) -> str | None:
        if any(_never(c) for c in [*block.where, *block.join.conditions]):
            return "Impossible WHERE"
        if not plan.steps:
            return "No tables used"
        if answered_without_rows(block, plan) is not None:
            return "Select tables optimized away"
        return None

    @staticmethod
    def _sorting(block: Block, i: int, ordered: bool, tables: list[Step]) -> list[str]:
        if i:
            return []
        extra = []
        access = tables[0].access if tables else None
        if block.group_by and access is not None and access.index is not None and _groups_in_order(access, block):
            return []
        if block.group_by or block.distinct:
            extra.append("Using temporary")
        if block.group_by or (block.order_by and not ordered and not block.grouped):
            extra.append("Using filesort")
        return extra

    def inside(self, exprs: list[Expr], join: JoinGroup) -> None:
        """The lines of derived tables and subqueries."""
        for source in join.sources():
            if source.query is not None:
                self.query(source.query)
        for e in exprs:
            for inner in walk(e):
                if isinstance(inner, Sub):
                    self.query(inner.query)

    @staticmethod
    def has_subqueries(exprs: list[Expr]) -> bool:
        return any(isinstance(x, Sub) for e in exprs for x in walk(e))

    def table(self, select_id: int, kind: str, step: Step, extra: list[str]) -> ExplainRow:
        access, source = step.access, step.source
        name = source.alias if source.query is None else f"<derived{source.query.select_id}>"
        if source.tdef is None:
            return ExplainRow(select_id, kind, name, "ALL", rows=max(1, round(access.rows)), extra="; ".join(extra))
        possible = ",".join(source.tdef.indexes[i].name for i in access.possible) or None
        key = key_len = ref = None
        if access.index is not None:
            key, key_len = access.index_def.name, str(access.key_len())
        if access.kind in ("const", "eq_ref", "ref"):
            ref = ",".join(_ref(access, i) for i in range(len(access.facts)))
        rows = max(1, round(access.rows))
        return ExplainRow(select_id, kind, name, access.kind, possible, key, key_len, ref, rows, "; ".join(extra))

    def extra(self, step: Step, i: int, plan: JoinPlan) -> list[str]:
        access = step.access
        extra: list[str] = []
        pushed = access.pushed
        rest = [c for c in step.filters if not any(c is p for p in pushed)]
        ranged = access.kind == "range" and not pushed
        if pushed:
            extra.append("Using index condition")
        if (rest or ranged or (i == 0 and plan.constant)) and access.kind != "const":
            extra.append("Using where")
        if access.covering and access.index is not None:
            extra.append("Using index")
        if i and access.kind in ("ALL", "index", "range") and step is not plan.steps[0] and not _in_left_lookup(plan, step):
            extra.append("Using join buffer (flat, BNL join)")
        return extra


def _in_left_lookup(plan: JoinPlan, step: Step) -> bool:
    return any(isinstance(s, LeftStep) and step in s.plan.tables() and s.plan.constant for s in plan.steps)


def _groups_in_order(access: Access, block: Block) -> bool:
    """Whether the index scanned delivers the groups one after the other, in the order asked for."""
    assert access.index is not None
    columns = [e.ordinal if isinstance(e, Col) and e.slot == access.source.slot else -1 for e in block.group_by]
    same_order = not block.order_by or [e for e, _ in block.order_by] == block.group_by[: len(block.order_by)]
    return same_order and [column for column, _ in index_columns(access.source, access.index)[: len(columns)]] == columns


def _ref(access: Access, i: int) -> str:
    fact = access.facts[i][0]
    if fact.other is None or not slots_of(fact.other):
        return "const"
    if isinstance(fact.other, Col):
        owner = fact.other.source
        return f"{owner.db}.{owner.alias}.{fact.other.name}" if owner.db else f"{owner.alias}.{fact.other.name}"
    return "func"


def _never(e: Expr) -> bool:
    """Whether a condition can be seen to be never true."""
    if isinstance(e, ast.Literal):
        return not e.value
    if isinstance(e, ast.Binary) and e.op in ("=", "<", "<=", ">", ">=", "<>"):
        sides = (e.left, e.right)
        if any(isinstance(s, ast.Literal) and s.value is None for s in sides):
            return True
        if e.op == "=" and all(isinstance(s, ast.Literal) and type(s.value) is int for s in sides):
            return bool(sides[0] != sides[1])
    return False
