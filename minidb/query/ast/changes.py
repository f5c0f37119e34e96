"""Statements that change rows."""

from __future__ import annotations

from minidb.query.ast.expressions import ColumnRef, Expr
from minidb.query.ast.node import Node, node
from minidb.query.ast.queries import FromItem, Limit, OrderItem, Query, SelectItem, TableRef


@node
class Assignment(Node):
    column: ColumnRef
    value: Expr


@node
class Insert(Node):
    """INSERT and REPLACE.  Exactly one of rows / query is set (INSERT ... SET is one row with `columns`).
    `columns` None: not written.  priority: '' LOW_PRIORITY HIGH_PRIORITY DELAYED."""

    table: TableRef
    columns: tuple[str, ...] | None
    rows: tuple[tuple[Expr, ...], ...] | None = None
    query: Query | None = None
    on_duplicate: tuple[Assignment, ...] = ()
    replace: bool = False
    ignore: bool = False
    priority: str = ""
    row_alias: str | None = None
    row_columns: tuple[str, ...] = ()
    returning: tuple[SelectItem, ...] = ()


@node
class Update(Node):
    """Single- and multi-table UPDATE (`from_` is a Join then)."""

    from_: FromItem
    assignments: tuple[Assignment, ...]
    where: Expr | None = None
    order_by: tuple[OrderItem, ...] = ()
    limit: Limit | None = None
    ignore: bool = False
    low_priority: bool = False


@node
class Delete(Node):
    """targets empty: single-table DELETE FROM from_; else multi-table DELETE targets FROM from_ (or USING)."""

    from_: FromItem
    targets: tuple[TableRef, ...] = ()
    where: Expr | None = None
    order_by: tuple[OrderItem, ...] = ()
    limit: Limit | None = None
    ignore: bool = False
    quick: bool = False
    low_priority: bool = False
    returning: tuple[SelectItem, ...] = ()


@node
class Do(Node):
    exprs: tuple[Expr, ...]
