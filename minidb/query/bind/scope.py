"""Which names can be seen from a place in a statement."""

from __future__ import annotations

from minidb.errors import SqlError
from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.bind.nodes import Block, Col, Source

Visible = list[tuple[str, Expr]]
"""Columns by lower-case name in the order of ``*``; a column merged by USING stands here once."""


class Scope:
    """The tables of one query block, chained to the enclosing block's scope.

    visible: what an unqualified name or ``*`` may mean.  aliases: the select list by lower-case name, once it is bound."""

    __slots__ = ("aliases", "block", "group_by", "parent", "sources", "visible")

    def __init__(self, parent: Scope | None = None, block: Block | None = None) -> None:
        self.parent = parent
        self.block = block
        self.sources: list[Source] = []
        self.visible: Visible = []
        self.aliases: dict[str, Expr] = {}
        self.group_by: list[Expr] = []

    def own_slots(self) -> set[int]:
        return {s.slot for s in self.sources}

    def local(self, ref: ast.ColumnRef, clause: str) -> Expr | None:
        """The column of this block that `ref` names, or None; raises 1052."""
        name = ref.name.lower()
        if ref.table is None:
            found = [expr for seen, expr in self.visible if seen == name]
        else:
            found = []
            for source in self.sources:
                if source.alias == ref.table and (ref.db is None or source.db == ref.db):
                    ordinal = source.column_index(name)
                    if ordinal is not None:
                        found.append(Col(source.slot, ordinal, source))
        if len(found) > 1:
            raise SqlError.of(1052, written(ref), clause)
        return found[0] if found else None

    def resolve(self, ref: ast.ColumnRef, clause: str) -> Expr:
        """The column that `ref` names, here or in an enclosing block; raises 1052, 1054."""
        scope: Scope | None = self
        passed: list[Block] = []
        while scope is not None:
            found = scope.local(ref, clause)
            if found is not None:
                for block in passed:
                    block.outer_slots |= {c.slot for c in _columns(found)}
                return found
            if scope.block is not None:
                passed.append(scope.block)
            scope = scope.parent
        raise SqlError.of(1054, written(ref), clause)


def _columns(expr: Expr) -> list[Col]:
    if isinstance(expr, Col):
        return [expr]
    return [c for arg in getattr(expr, "args", ()) for c in _columns(arg)]


def written(ref: ast.ColumnRef) -> str:
    """The name as the user wrote it, for messages."""
    return ".".join(part for part in (ref.db, ref.table, ref.name) if part)
