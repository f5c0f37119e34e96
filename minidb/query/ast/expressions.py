"""Expressions of the dialect as frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from minidb.types.sqltype import SqlType

if TYPE_CHECKING:
    from minidb.query.ast.queries import Limit, OrderItem, Query

@dataclass(frozen=True, slots=True)
class Node:
    pass


@dataclass(frozen=True, slots=True)
class Expr(Node):
    pass


@dataclass(frozen=True, slots=True)
class Literal(Expr):
    """int, Decimal (1.5), float (1e3), str, bytes (x'4D'), bool (TRUE/FALSE), None; DATE '...' etc. as date/datetime/timedelta.
    `charset`: introducer (_latin1'x') or None.  `text`: as written, for column headings."""

    value: Any
    charset: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Param(Expr):
    """A placeholder or a literal lifted out by the statement cache: index into the parameter tuple."""

    index: int


@dataclass(frozen=True, slots=True)
class ColumnRef(Expr):
    name: str
    table: str | None = None
    db: str | None = None
    pos: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Star(Expr):
    """``*`` or ``t.*`` in a select list; also the argument of COUNT(*)."""

    table: str | None = None
    db: str | None = None


@dataclass(frozen=True, slots=True)
class Unary(Expr):
    """op: '-', '+', '~', 'NOT', '!' (as NOT), 'BINARY'."""

    op: str
    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary(Expr):
    """op: + - * / DIV % (MOD too) & | ^ << >> ; = <=> <> < <= > >= ; AND OR XOR (upper case; && || spelled AND OR; != is <>);
    LIKE / REGEXP are nodes of their own.  -> and ->> for JSON."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class IsTest(Expr):
    """operand IS [NOT] what; what: 'NULL' 'TRUE' 'FALSE' 'UNKNOWN'."""

    operand: Expr
    what: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Between(Expr):
    operand: Expr
    low: Expr
    high: Expr
    negated: bool = False


@dataclass(frozen=True, slots=True)
class InList(Expr):
    operand: Expr
    items: tuple[Expr, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class InSubquery(Expr):
    operand: Expr
    query: Query
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Quantified(Expr):
    """operand op ANY|ALL (query); SOME is ANY."""

    operand: Expr
    op: str
    quantifier: str
    query: Query


@dataclass(frozen=True, slots=True)
class Exists(Expr):
    query: Query


@dataclass(frozen=True, slots=True)
class Subquery(Expr):
    """A scalar (or row) subquery."""

    query: Query


@dataclass(frozen=True, slots=True)
class RowExpr(Expr):
    """(a, b, c)"""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Like(Expr):
    operand: Expr
    pattern: Expr
    escape: Expr | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Regexp(Expr):
    operand: Expr
    pattern: Expr
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Case(Expr):
    """CASE [operand] WHEN a THEN b ... [ELSE c] END"""

    operand: Expr | None
    branches: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr | None


@dataclass(frozen=True, slots=True)
class Cast(Expr):
    """CAST(x AS type) and CONVERT(x, type)."""

    operand: Expr
    type: SqlType


@dataclass(frozen=True, slots=True)
class ConvertUsing(Expr):
    operand: Expr
    charset: str


@dataclass(frozen=True, slots=True)
class Collate(Expr):
    operand: Expr
    collation: str


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """A function call; `name` in upper case.  Special forms are calls too: EXTRACT(unit, x), TRIM(side, remove, x),
    DATE_ADD(x, Interval), POSITION -> LOCATE, SUBSTRING ... FROM ... FOR -> SUBSTRING(x, a, b), TIMESTAMPDIFF(unit-literal, a, b),
    CURRENT_TIMESTAMP/NOW(fsp).  Units are Literal strings in upper case.  `x + INTERVAL 1 DAY` is DATE_ADD, minus DATE_SUB."""

    name: str
    args: tuple[Expr, ...] = ()
    pos: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Interval(Expr):
    amount: Expr
    unit: str


@dataclass(frozen=True, slots=True)
class Aggregate(Expr):
    """COUNT SUM AVG MIN MAX GROUP_CONCAT STD STDDEV STDDEV_POP STDDEV_SAMP VAR_POP VAR_SAMP VARIANCE BIT_AND BIT_OR BIT_XOR
    JSON_ARRAYAGG JSON_OBJECTAGG; COUNT(*) has args (Star(),).  order_by / separator / limit: GROUP_CONCAT."""

    name: str
    args: tuple[Expr, ...]
    distinct: bool = False
    order_by: tuple[OrderItem, ...] = ()
    separator: str = ","
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class WindowSpec(Node):
    """([name] [PARTITION BY ...] [ORDER BY ...] [frame]); name: a window of the WINDOW clause that this one refines."""

    name: str | None = None
    partition_by: tuple[Expr, ...] = ()
    order_by: tuple[OrderItem, ...] = ()
    frame: str | None = None


@dataclass(frozen=True, slots=True)
class Window(Expr):
    """function OVER ([name] PARTITION BY ... ORDER BY ... [frame]) or function OVER name (a window of the WINDOW clause)."""

    function: Expr
    partition_by: tuple[Expr, ...] = ()
    order_by: tuple[OrderItem, ...] = ()
    frame: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Variable(Expr):
    """@x (scope 'user'), @@x (scope ''), @@session.x ('session'), @@global.x ('global'); name in lower case."""

    name: str
    scope: str


@dataclass(frozen=True, slots=True)
class AssignVariable(Expr):
    """@x := expr inside an expression."""

    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class DefaultValue(Expr):
    """DEFAULT as a value (column None) or DEFAULT(col)."""

    column: ColumnRef | None = None


@dataclass(frozen=True, slots=True)
class ValuesRef(Expr):
    """VALUES(col) / VALUE(col) in ON DUPLICATE KEY UPDATE."""

    column: ColumnRef


@dataclass(frozen=True, slots=True)
class Match(Expr):
    """MATCH (cols) AGAINST (expr [modifier])"""

    columns: tuple[ColumnRef, ...]
    against: Expr
    modifier: str = ""
