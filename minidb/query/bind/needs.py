"""Which columns of each source a statement reads: decides whether an index covers."""

from __future__ import annotations

from minidb.query.ast import Expr
from minidb.query.bind.nodes import (
    Block,
    BoundQuery,
    Col,
    JoinGroup,
    RecursiveBlock,
    SetBlock,
    Source,
    Sub,
    ValuesBlock,
    walk,
)

TAIL = -2  # stands for the tail among the ordinals that a statement needs (-1 is a prefix in an index layout)


class Needs:
    """Column ordinals read, by slot, gathered over a whole statement."""

    def __init__(self) -> None:
        self.by_slot: dict[int, set[int]] = {}
        self._seen: set[int] = set()

    def of(self, source: Source) -> set[int]:
        return self.by_slot.get(source.slot, set())

    def everything(self, source: Source) -> None:
        """The whole row with its tail, by which the engine finds it again: for tables whose rows are changed.  No index covers it,
        not even one that holds all columns."""
        self.by_slot[source.slot] = {*range(len(source.columns)), TAIL}

    def add(self, e: Expr | None) -> None:
        """Note the columns of an expression and of the subqueries in it."""
        if e is None:
            return
        for inner in walk(e):
            if isinstance(inner, Col):
                self.by_slot.setdefault(inner.slot, set()).add(inner.ordinal)
            elif isinstance(inner, Sub):
                self.add_query(inner.query)

    def add_query(self, query: BoundQuery | None) -> None:
        if query is None or id(query) in self._seen:
            return
        self._seen.add(id(query))
        if isinstance(query, Block):
            self._add_block(query)
        elif isinstance(query, SetBlock):
            self.add_query(query.left)
            self.add_query(query.right)
        elif isinstance(query, ValuesBlock):
            for row in query.rows:
                for e in row:
                    self.add(e)
        elif isinstance(query, RecursiveBlock):
            self.add_query(query.seed)
            self.add_query(query.step)

    def _add_block(self, block: Block) -> None:
        for e in [*block.where, *(o.expr for o in block.outputs), *block.group_by, *block.aggregates, block.having,
                  *(o for o, _ in block.order_by)]:
            self.add(e)
        self.add_join(block.join)

    def add_join(self, group: JoinGroup) -> None:
        for condition in group.conditions:
            self.add(condition)
        for item in group.items:
            if isinstance(item, JoinGroup):
                self.add_join(item)
            else:
                self.add_query(item.source.query)
