"""Binding of FROM: tables, derived and common tables, joins with their ON, USING and NATURAL."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from minidb.errors import SqlError, unsupported
from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.bind.bind_expr import ON, ExprBinder
from minidb.query.bind.nodes import (
    Block,
    BoundQuery,
    Col,
    JoinGroup,
    JoinLeaf,
    RecursiveBlock,
    Source,
    SourceColumn,
    conjuncts,
)
from minidb.query.bind.scope import Scope, Visible
from minidb.query.environment import CommonEntry

if TYPE_CHECKING:
    from minidb.query.bind.binder import Binder

FROM = "from clause"


class FromBinder:
    """Fills a block's scope and join tree from its FROM clause."""

    def __init__(self, binder: Binder, scope: Scope, block: Block) -> None:
        self.binder = binder
        self.scope = scope
        self.block = block

    def bind(self, item: ast.FromItem) -> None:
        """Raises 1066 for an alias used twice, 1146, 1054 and 1052 for names in join conditions."""
        tree, visible = self._item(item)
        self.scope.visible = visible
        self.block.join = tree if isinstance(tree, JoinGroup) and not tree.left else JoinGroup([tree])

    def _item(self, item: ast.FromItem) -> tuple[JoinLeaf | JoinGroup, Visible]:
        if isinstance(item, ast.Join):
            return self._join(item)
        source = self._derived(item) if isinstance(item, ast.DerivedTable) else self._table(item)
        source.select_id = self.block.select_id
        for other in self.scope.sources:
            if other.alias == source.alias and other.db == source.db:
                raise SqlError.of(1066, source.alias)
        self.scope.sources.append(source)
        return JoinLeaf(source), [(c.name.lower(), Col(source.slot, i, source)) for i, c in enumerate(source.columns)]

    # ---- single tables
    def _table(self, ref: ast.TableRef) -> Source:
        if ref.db is None:
            entry = self.binder.state.common_table(ref.name)
            if entry is not None and entry.running is not None:
                return self._recursive_reader(ref, entry.running)
            if entry is not None:
                return self._common(ref, entry)
        return self.binder.state.open(ref)

    def _derived(self, item: ast.DerivedTable) -> Source:
        query = self.binder.query(item.query, None, "DERIVED")
        return self._from_query(item.alias, query, item.columns)

    def _from_query(self, alias: str, query: BoundQuery, names: tuple[str, ...]) -> Source:
        if names and len(names) != len(query.columns):
            raise SqlError.text(1353, "Column count of derived table doesn't match its column list")
        headings = names or tuple(c.name for c in query.columns)
        lowered = [h.lower() for h in headings]
        double = next((h for i, h in enumerate(headings) if h.lower() in lowered[:i]), None)
        if double is not None:
            raise SqlError.of(1060, double)
        columns = tuple(SourceColumn(h, c.type, c.nullable) for h, c in zip(headings, query.columns, strict=True))
        source = self.binder.state.source(alias, columns)
        source.query, source.name = query, alias
        return source

    # ---- common tables
    def _common(self, ref: ast.TableRef, entry: CommonEntry) -> Source:
        state = self.binder.state
        depth = next(i for i, layer in enumerate(state.ctes) if entry in layer.values())
        hidden, state.ctes = state.ctes, state.ctes[: depth + 1]  # a definition sees those before it, not those around its use
        try:
            recursive = entry.recursive and _refers_to_itself(entry.table)
            query = self._recursive(entry) if recursive else self._plain(entry)
        finally:
            state.ctes = hidden
        return self._from_query(ref.alias or ref.name, query, entry.table.columns or _proper_names(query))

    def _plain(self, entry: CommonEntry) -> BoundQuery:
        entry.hidden = True  # inside its own definition the name means the table outside
        try:
            return self.binder.query(entry.table.query, None, "DERIVED")
        finally:
            entry.hidden = False

    def _recursive(self, entry: CommonEntry) -> BoundQuery:
        query = entry.table.query
        if not isinstance(query, ast.SetOperation) or not query.op.startswith("UNION") or query.order_by or query.limit:
            raise unsupported("this form of recursive common table expression")
        seed = self.binder.query(query.left, None, "DERIVED")
        block = RecursiveBlock(seed, distinct=query.op == "UNION")
        names = entry.table.columns or tuple(c.name for c in seed.columns)
        if len(names) != len(seed.columns):
            raise SqlError.text(1353, "WITH column list and SELECT field list have different column counts")
        block.columns = tuple(replace(c, name=n, nullable=True) for c, n in zip(seed.columns, names, strict=True))
        block.select_id, block.kind_text = seed.select_id, "DERIVED"
        entry.running = block
        try:
            block.step = self.binder.query(query.right, None, "RECURSIVE UNION")
        finally:
            entry.running = None
        if len(block.step.columns) != len(block.columns):
            raise SqlError.of(1222)
        return block

    def _recursive_reader(self, ref: ast.TableRef, block: RecursiveBlock) -> Source:
        columns = tuple(SourceColumn(c.name, c.type, True) for c in block.columns)
        source = self.binder.state.source(ref.alias or ref.name, columns)
        source.recursive_of, source.name = block, ref.name
        block.reader.append(source)
        return source

    # ---- joins
    def _join(self, join: ast.Join) -> tuple[JoinGroup, Visible]:
        first = len(self.scope.sources)
        left, seen_left = self._item(join.left)
        middle = len(self.scope.sources)
        right, seen_right = self._item(join.right)
        left_sources, right_sources = self.scope.sources[first:middle], self.scope.sources[middle:]
        conditions, visible = self._condition(join, left_sources, right_sources, seen_left, seen_right)
        if join.kind == "LEFT":
            return _outer(left, right, right_sources, conditions), visible
        if join.kind == "RIGHT":
            return _outer(right, left, left_sources, conditions), visible
        items = [*_members(left), *_members(right)]
        group = JoinGroup(items, [*_own_conditions(left), *_own_conditions(right), *conditions])
        group.straight = join.straight or getattr(left, "straight", False) or getattr(right, "straight", False)
        return group, visible

    def _condition(self, join: ast.Join, left: list[Source], right: list[Source], seen_left: Visible,
                   seen_right: Visible) -> tuple[list[Expr], Visible]:
        names = [n.lower() for n in join.using]
        if join.natural:
            right_names = [n for n, _ in seen_right]
            names = [n for n, _ in seen_left if n in right_names]
        conditions: list[Expr] = []
        merged: Visible = []
        for name in names:
            a, b = _only(seen_left, name), _only(seen_right, name)
            conditions.append(ast.Binary("=", a, b))
            merged.append((name, b if join.kind == "RIGHT" else a))
        if join.kind == "RIGHT" and (join.natural or join.using):
            seen_left, seen_right = seen_right, seen_left
        visible = merged + [v for v in [*seen_left, *seen_right] if v[0] not in names]
        if join.on is not None:
            scope = Scope(self.scope.parent, self.block)
            scope.sources, scope.visible = left + right, visible
            conditions += conjuncts(ExprBinder(self.binder, scope, ON).bind(join.on))
        return conditions, visible


def _proper_names(query: BoundQuery) -> tuple[str, ...]:
    """The headings of a common table; those that no column could have are numbered as MySQL does it."""
    names = (c.name for c in query.columns)
    return tuple(n if n and len(n) <= 64 and n[-1] != " " else f"Name_exp_{i}" for i, n in enumerate(names, 1))


def _outer(kept: JoinLeaf | JoinGroup, optional: JoinLeaf | JoinGroup, sources: list[Source], on: list[Expr]) -> JoinGroup:
    for source in sources:
        source.outer = True
    inner = JoinGroup(_members(optional), [*_own_conditions(optional), *on], left=True)
    return JoinGroup([*_members(kept), inner], _own_conditions(kept))


def _members(tree: JoinLeaf | JoinGroup) -> list[JoinLeaf | JoinGroup]:
    return [tree] if isinstance(tree, JoinLeaf) or tree.left else list(tree.items)


def _own_conditions(tree: JoinLeaf | JoinGroup) -> list[Expr]:
    return [] if isinstance(tree, JoinLeaf) or tree.left else list(tree.conditions)


def _only(visible: Visible, name: str) -> Expr:
    found = [expr for seen, expr in visible if seen == name]
    if not found:
        raise SqlError.of(1054, name, FROM)
    if len(found) > 1:
        raise SqlError.of(1052, name, FROM)
    return found[0]


def _refers_to_itself(common: ast.CommonTable) -> bool:
    """Whether a common table's query has its own name in a FROM clause."""

    def in_from(item: ast.FromItem | None) -> bool:
        if isinstance(item, ast.Join):
            return in_from(item.left) or in_from(item.right)
        if isinstance(item, ast.DerivedTable):
            return in_query(item.query)
        return item is not None and item.db is None and item.name.lower() == common.name.lower()

    def in_query(query: ast.Query) -> bool:
        if isinstance(query, ast.SetOperation):
            return in_query(query.left) or in_query(query.right)
        return isinstance(query, ast.Select) and in_from(query.from_)

    return in_query(common.query)

