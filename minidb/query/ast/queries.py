"""SELECT and its parts."""

from __future__ import annotations

from dataclasses import field

from minidb.query.ast.expressions import Expr, WindowSpec
from minidb.query.ast.node import Node, node


@node
class OrderItem(Node):
    expr: Expr
    descending: bool = False


@node
class SelectItem(Node):
    """text: the expression as written (it is the column heading when there is no alias)."""

    expr: Expr
    alias: str | None = None
    text: str = ""


@node
class IndexHint(Node):
    """kind: USE FORCE IGNORE; scope: '' JOIN ORDER BY GROUP BY (upper case); names may be empty for USE INDEX ()."""

    kind: str
    names: tuple[str, ...]
    scope: str = ""


@node
class TableRef(Node):
    name: str
    db: str | None = None
    alias: str | None = None
    hints: tuple[IndexHint, ...] = ()
    pos: int = field(default=0, compare=False)


@node
class DerivedTable(Node):
    query: Query
    alias: str
    columns: tuple[str, ...] = ()


@node
class Join(Node):
    """kind: INNER LEFT RIGHT CROSS (comma and plain JOIN are INNER); straight: STRAIGHT_JOIN."""

    left: FromItem
    right: FromItem
    kind: str = "INNER"
    on: Expr | None = None
    using: tuple[str, ...] = ()
    natural: bool = False
    straight: bool = False


FromItem = TableRef | DerivedTable | Join


@node
class Locking(Node):
    """FOR UPDATE ('UPDATE') or FOR SHARE / LOCK IN SHARE MODE ('SHARE'); wait: '' NOWAIT 'SKIP LOCKED'; seconds: WAIT n;
    tables: OF a, b; share_mode: written LOCK IN SHARE MODE."""

    mode: str
    wait: str = ""
    seconds: int | None = None
    tables: tuple[TableRef, ...] = ()
    share_mode: bool = False


@node
class Limit(Node):
    count: Expr
    offset: Expr | None = None


@node
class CommonTable(Node):
    name: str
    columns: tuple[str, ...]
    query: Query


@node
class Select(Node):
    """options: upper-case words such as SQL_CALC_FOUND_ROWS, SQL_NO_CACHE, HIGH_PRIORITY, STRAIGHT_JOIN, SQL_BUFFER_RESULT.
    windows: (name, window) of the WINDOW clause."""

    items: tuple[SelectItem, ...]
    from_: FromItem | None = None
    where: Expr | None = None
    group_by: tuple[OrderItem, ...] = ()
    with_rollup: bool = False
    having: Expr | None = None
    order_by: tuple[OrderItem, ...] = ()
    limit: Limit | None = None
    distinct: bool = False
    locking: tuple[Locking, ...] = ()
    options: tuple[str, ...] = ()
    ctes: tuple[CommonTable, ...] = ()
    recursive: bool = False
    windows: tuple[tuple[str, WindowSpec], ...] = ()


@node
class SetOperation(Node):
    """left op right; op: 'UNION' 'UNION ALL' 'EXCEPT' 'EXCEPT ALL' 'INTERSECT' 'INTERSECT ALL'."""

    op: str
    left: Query
    right: Query
    order_by: tuple[OrderItem, ...] = ()
    limit: Limit | None = None
    ctes: tuple[CommonTable, ...] = ()
    recursive: bool = False


@node
class TableValues(Node):
    """VALUES (1,2),(3,4) as a query."""

    rows: tuple[tuple[Expr, ...], ...]


Query = Select | SetOperation | TableValues
