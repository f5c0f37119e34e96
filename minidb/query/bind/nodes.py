"""Bound nodes: what the binder makes of names.  A bound expression is an `ast` expression whose column references are `Col`,
whose subqueries are `Sub` and whose select-list aliases have been replaced by what they stand for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple, TypeVar

from minidb.catalog import TableDef
from minidb.engine import ReadMode, Table, TableLock, WaitPolicy
from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.plan import ResultColumn
from minidb.types.sqltype import SqlType

N = TypeVar("N", bound=ast.Node)


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column that a row source offers."""

    name: str
    type: SqlType
    nullable: bool


class Source:
    """One occurrence of a table, derived table or common table in a statement: the owner of row variable ``r{slot}``.

    number: place in `ExecContext.tables` (base tables).  outer: may be NULL-complemented by an outer join.
    null_row: may be an all-NULL row because an implicit group is empty.  select_id: the EXPLAIN id of its query block."""

    __slots__ = (
        "alias", "columns", "db", "handle", "hints", "layouts", "lock", "name", "null_row", "number", "outer", "query",
        "recursive_of", "select_id", "slot", "tdef", "write",
    )

    def __init__(self, slot: int, alias: str, columns: tuple[SourceColumn, ...]) -> None:
        self.slot = slot
        self.alias = alias
        self.columns = columns
        self.db = ""
        self.name = ""
        self.tdef: TableDef | None = None
        self.handle: Table | None = None
        self.layouts: tuple[tuple[int, ...], ...] = ()  # entry_layout of each index
        self.number = -1
        self.query: BoundQuery | None = None
        self.recursive_of: BoundQuery | None = None  # the recursive common table whose last rows this occurrence reads
        self.hints: tuple[ast.IndexHint, ...] = ()
        self.outer = False
        self.null_row = False
        self.write = False
        self.lock = TableLock.READ
        self.select_id = 1

    @property
    def row(self) -> str:
        """The generated code's variable for this source's current row."""
        return f"r{self.slot}"

    @property
    def is_base(self) -> bool:
        """Whether it is a stored table (or one that behaves so)."""
        return self.number >= 0

    @property
    def transactional(self) -> bool:
        return self.tdef is not None and self.tdef.engine == "InnoDB"

    def column_index(self, name: str) -> int | None:
        lowered = name.lower()
        if self.tdef is not None:
            return self.tdef.column_index(lowered)
        return next((i for i, c in enumerate(self.columns) if c.name.lower() == lowered), None)

    def result_column(self, ordinal: int, name: str) -> ResultColumn:
        """The description of column `ordinal` in a result set, headed `name`."""
        column = self.columns[ordinal]
        if self.tdef is None:
            return ResultColumn(name, column.type, column.nullable or self.outer or self.null_row, self.alias, "", column.name)
        stored = self.tdef.columns[ordinal]
        primary = any(x.primary and ordinal in x.columns for x in self.tdef.indexes)
        unique = any(x.unique and x.columns == (ordinal,) for x in self.tdef.indexes)
        nullable = column.nullable or self.outer or self.null_row
        return ResultColumn(name, column.type, nullable, self.alias, self.name, column.name, self.db, primary,
                            unique and not primary, stored.auto_increment)


@dataclass(frozen=True, slots=True)
class Col(Expr):
    """Column `ordinal` of the source with `slot`."""

    slot: int
    ordinal: int
    source: Source = field(compare=False, repr=False)

    @property
    def type(self) -> SqlType:
        return self.source.columns[self.ordinal].type

    @property
    def nullable(self) -> bool:
        return self.source.columns[self.ordinal].nullable or self.source.outer or self.source.null_row

    @property
    def name(self) -> str:
        return self.source.columns[self.ordinal].name


@dataclass(frozen=True, slots=True)
class Given(Expr):
    """A value that the generated code already holds in `source` (a column of a materialised subquery's row)."""

    source: str
    type: SqlType
    nullable: bool


@dataclass(frozen=True, slots=True)
class Sub(Expr):
    """A bound subquery.  kind: 'scalar', 'exists', 'in' (operand [NOT] IN), 'any' / 'all' (operand op ANY|ALL)."""

    kind: str
    query: BoundQuery = field(repr=False)
    operand: Expr | None = None
    op: str = "="
    negated: bool = False
    # the place in the statement tells two subqueries apart
    number: int = 0


@dataclass(frozen=True, slots=True)
class Output:
    """One column of a query's result."""

    expr: Expr
    column: ResultColumn


@dataclass(slots=True)
class JoinLeaf:
    source: Source


@dataclass(slots=True)
class JoinGroup:
    """Tables joined by inner joins, then outer-joined parts in order: `left` items are NULL-complemented as a whole."""

    items: list[JoinLeaf | JoinGroup]
    conditions: list[Expr] = field(default_factory=list)
    left: bool = False
    straight: bool = False

    def sources(self) -> Iterator[Source]:
        for item in self.items:
            if isinstance(item, JoinLeaf):
                yield item.source
            else:
                yield from item.sources()


class BoundQuery:
    """What Select, SetOperation and TableValues have in common.  outer_slots: row variables of enclosing blocks that it reads."""

    __slots__ = ("columns", "kind_text", "outer_slots", "select_id")

    def __init__(self) -> None:
        self.columns: tuple[ResultColumn, ...] = ()
        self.outer_slots: set[int] = set()
        self.select_id = 1
        self.kind_text = "SIMPLE"


class TableLocking(NamedTuple):
    """How a locking clause locks the rows of one table; seconds: WAIT n."""

    mode: ReadMode
    wait: WaitPolicy
    seconds: int | None


class Block(BoundQuery):
    """A bound SELECT."""

    __slots__ = (
        "aggregates", "distinct", "found_rows", "group_by", "group_desc", "grouped", "having", "join", "limit", "lock_mode",
        "locks", "options", "order_by", "outputs", "rollup", "where",
    )

    def __init__(self) -> None:
        super().__init__()
        self.join = JoinGroup([])
        self.where: list[Expr] = []
        self.outputs: list[Output] = []
        self.group_by: list[Expr] = []
        self.group_desc: list[bool] = []
        self.grouped = False
        self.rollup = False
        self.having: Expr | None = None
        self.order_by: list[tuple[Expr, bool]] = []
        self.limit: ast.Limit | None = None
        self.distinct = False
        self.aggregates: list[ast.Aggregate] = []
        self.lock_mode = 0
        self.locks: dict[int, TableLocking] = {}  # by slot
        self.options: tuple[str, ...] = ()
        self.found_rows = False


class SetBlock(BoundQuery):
    """UNION / EXCEPT / INTERSECT of two queries.  order_by: (output position, descending)."""

    __slots__ = ("left", "limit", "op", "order_by", "right")

    def __init__(self, op: str, left: BoundQuery, right: BoundQuery) -> None:
        super().__init__()
        self.op = op
        self.left = left
        self.right = right
        self.order_by: list[tuple[int, bool]] = []
        self.limit: ast.Limit | None = None


class ValuesBlock(BoundQuery):
    """VALUES (...), (...) as a query."""

    __slots__ = ("rows",)

    def __init__(self, rows: list[tuple[Expr, ...]]) -> None:
        super().__init__()
        self.rows = rows


class RecursiveBlock(BoundQuery):
    """A recursive common table: `seed`, then `step` over the rows of the last round until there are no new ones."""

    __slots__ = ("distinct", "reader", "seed", "step")

    def __init__(self, seed: BoundQuery, distinct: bool) -> None:
        super().__init__()
        self.seed = seed
        self.step: BoundQuery | None = None
        self.reader: list[Source] = []
        self.distinct = distinct


def children(node: Any) -> Iterator[Expr]:
    """The expressions directly inside an expression (not those inside a subquery's block)."""
    if isinstance(node, Col):
        return
    for f in fields(node):
        value = getattr(node, f.name)
        yield from _exprs_in(value)


def _exprs_in(value: Any) -> Iterator[Expr]:
    if isinstance(value, Expr):
        yield value
    elif isinstance(value, ast.OrderItem):
        yield value.expr
    elif isinstance(value, tuple):
        for item in value:
            yield from _exprs_in(item)


def walk(node: Expr) -> Iterator[Expr]:
    """`node` and all expressions inside it, top-down."""
    yield node
    for child in children(node):
        yield from walk(child)


def rebuild(node: N, change: Any) -> N:
    """A copy of `node` with `change` applied to each expression directly inside it; `node` itself if nothing changed."""
    changed: dict[str, Any] = {}
    for f in fields(node):
        value = getattr(node, f.name)
        new = _rebuilt(value, change)
        if new is not value:
            changed[f.name] = new
    return replace(node, **changed) if changed else node


def _rebuilt(value: Any, change: Any) -> Any:
    if isinstance(value, Expr):
        return change(value)
    if isinstance(value, ast.OrderItem):
        expr = change(value.expr)
        return value if expr is value.expr else ast.OrderItem(expr, value.descending)
    if isinstance(value, tuple):
        items = tuple(_rebuilt(item, change) for item in value)
        return value if all(a is b for a, b in zip(items, value, strict=True)) else items
    return value


def slots_of(node: Expr) -> set[int]:
    """The row variables an expression reads, those that its subqueries read from outside included."""
    found: set[int] = set()
    for inner in walk(node):
        if isinstance(inner, Col):
            found.add(inner.slot)
        elif isinstance(inner, Sub):
            found |= inner.query.outer_slots
    return found


def conjuncts(node: Expr | None) -> list[Expr]:
    """The parts of a condition that are joined by AND."""
    if node is None:
        return []
    if isinstance(node, ast.Binary) and node.op == "AND":
        return conjuncts(node.left) + conjuncts(node.right)
    return [node]


def disjuncts(node: Expr) -> list[Expr]:
    """The parts of a condition that are joined by OR."""
    if isinstance(node, ast.Binary) and node.op == "OR":
        return disjuncts(node.left) + disjuncts(node.right)
    return [node]
