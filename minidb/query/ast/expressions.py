"""Expressions of the dialect as frozen dataclasses."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from minidb.query.ast.node import Node, node
from minidb.types.sqltype import SqlType

if TYPE_CHECKING:
    from minidb.query.ast.queries import Limit, OrderItem, Query


@node
class Expr(Node):
    pass


@node
class Literal(Expr):
    """int, Decimal (1.5), float (1e3), str, bytes (x'4D'), bool (TRUE/FALSE), None; DATE '...' etc. as date/datetime/timedelta.
    `charset`: introducer (_latin1'x') or None.  `text`: as written, for column headings."""

    value: Any
    charset: str | None = None
    text: str = ""


@node
class Param(Expr):
    """A placeholder or a literal lifted out by the statement cache: index into the parameter tuple."""

    index: int


@node
class ColumnRef(Expr):
    name: str
    table: str | None = None
    db: str | None = None
    pos: int = field(default=0, compare=False)


@node
class Star(Expr):
    """``*`` or ``t.*`` in a select list; also the argument of COUNT(*)."""

    table: str | None = None
    db: str | None = None


@node
class Unary(Expr):
    """op: '-', '+', '~', 'NOT', '!' (as NOT), 'BINARY'."""

    op: str
    operand: Expr


@node
class Binary(Expr):
    """op: + - * / DIV % (MOD too) & | ^ << >> ; = <=> <> < <= > >= ; AND OR XOR (upper case; && || spelled AND OR; != is <>);
    LIKE / REGEXP are nodes of their own.  -> and ->> for JSON."""

    op: str
    left: Expr
    right: Expr


@node
class IsTest(Expr):
    """operand IS [NOT] what; what: 'NULL' 'TRUE' 'FALSE' 'UNKNOWN'."""

    operand: Expr
    what: str
    negated: bool = False


@node
class Between(Expr):
    operand: Expr
    low: Expr
    high: Expr
    negated: bool = False


@node
class InList(Expr):
    operand: Expr
    items: tuple[Expr, ...]
    negated: bool = False


@node
class InSubquery(Expr):
    operand: Expr
    query: Query
    negated: bool = False


@node
class Quantified(Expr):
    """operand op ANY|ALL (query); SOME is ANY."""

    operand: Expr
    op: str
    quantifier: str
    query: Query


@node
class Exists(Expr):
    query: Query


@node
class Subquery(Expr):
    """A scalar (or row) subquery."""

    query: Query


@node
class RowExpr(Expr):
    """(a, b, c)"""

    items: tuple[Expr, ...]


@node
class Like(Expr):
    operand: Expr
    pattern: Expr
    escape: Expr | None = None
    negated: bool = False


@node
class Regexp(Expr):
    operand: Expr
    pattern: Expr
    negated: bool = False


@node
class Case(Expr):
    """CASE [operand] WHEN a THEN b ... [ELSE c] END"""

    operand: Expr | None
    branches: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr | None


@node
class Cast(Expr):
    """CAST(x AS type) and CONVERT(x, type)."""

    operand: Expr
    type: SqlType


@node
class ConvertUsing(Expr):
    operand: Expr
    charset: str


@node
class Collate(Expr):
    operand: Expr
    collation: str


@node
class Call(Expr):
    """A function call; `name` in upper case.  Special forms are calls too: EXTRACT(unit, x), TRIM(side, remove, x),
    DATE_ADD(x, Interval), POSITION -> LOCATE, SUBSTRING ... FROM ... FOR -> SUBSTRING(x, a, b), TIMESTAMPDIFF(unit-literal, a, b),
    CURRENT_TIMESTAMP/NOW(fsp).  Units are Literal strings in upper case.  `x + INTERVAL 1 DAY` is DATE_ADD, minus DATE_SUB."""

    name: str
    args: tuple[Expr, ...] = ()
    pos: int = field(default=0, compare=False)


@node
class Interval(Expr):
    amount: Expr
    unit: str


@node
class Aggregate(Expr):
    """COUNT SUM AVG MIN MAX GROUP_CONCAT STD STDDEV STDDEV_POP STDDEV_SAMP VAR_POP VAR_SAMP VARIANCE BIT_AND BIT_OR BIT_XOR
    JSON_ARRAYAGG JSON_OBJECTAGG; COUNT(*) has args (Star(),).  order_by / separator / limit: GROUP_CONCAT."""

    name: str
    args: tuple[Expr, ...]
    distinct: bool = False
    order_by: tuple[OrderItem, ...] = ()
    separator: str = ","
    limit: Limit | None = None


@node
class WindowSpec(Node):
    """([name] [PARTITION BY ...] [ORDER BY ...] [frame]); name: a window of the WINDOW clause that this one refines."""

    name: str | None = None
    partition_by: tuple[Expr, ...] = ()
    order_by: tuple[OrderItem, ...] = ()
    frame: str | None = None


@node
class Window(Expr):
    """function OVER ([name] PARTITION BY ... ORDER BY ... [frame]) or function OVER name (a window of the WINDOW clause)."""

    function: Expr
    partition_by: tuple[Expr, ...] = ()
    order_by: tuple[OrderItem, ...] = ()
    frame: str | None = None
    name: str | None = None


@node
class Variable(Expr):
    """@x (scope 'user'), @@x (scope ''), @@session.x ('session'), @@global.x ('global'); name in lower case."""

    name: str
    scope: str


@node
class AssignVariable(Expr):
    """@x := expr inside an expression."""

    name: str
    value: Expr


@node
class DefaultValue(Expr):
    """DEFAULT as a value (column None) or DEFAULT(col)."""

    column: ColumnRef | None = None


@node
class ValuesRef(Expr):
    """VALUES(col) / VALUE(col) in ON DUPLICATE KEY UPDATE."""

    column: ColumnRef


@node
class Match(Expr):
    """MATCH (cols) AGAINST (expr [modifier])"""

    columns: tuple[ColumnRef, ...]
    against: Expr
    modifier: str = ""
