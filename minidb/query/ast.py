"""The statements of MySQL's dialect as frozen dataclasses.  `pos` is the character offset in the statement's text.

Nothing here knows a catalog: names are as written.  The parser (`parser.py`) builds these, the binder resolves them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from minidb.types.sqltype import SqlType


@dataclass(frozen=True, slots=True)
class Node:
    pass


# ------------------------------------------------------------------------------------------------- expressions
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
    JSON_ARRAYAGG JSON_OBJECTAGG; COUNT(*) has args (Star(),).  order_by / separator: GROUP_CONCAT."""

    name: str
    args: tuple[Expr, ...]
    distinct: bool = False
    order_by: tuple[OrderItem, ...] = ()
    separator: str = ","


@dataclass(frozen=True, slots=True)
class Window(Expr):
    """function OVER (PARTITION BY ... ORDER BY ... [frame])"""

    function: Expr
    partition_by: tuple[Expr, ...] = ()
    order_by: tuple[OrderItem, ...] = ()
    frame: str | None = None


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


# ------------------------------------------------------------------------------------------------- queries
@dataclass(frozen=True, slots=True)
class OrderItem(Node):
    expr: Expr
    descending: bool = False


@dataclass(frozen=True, slots=True)
class SelectItem(Node):
    """text: the expression as written (it is the column heading when there is no alias)."""

    expr: Expr
    alias: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class IndexHint(Node):
    """kind: USE FORCE IGNORE; scope: '' JOIN ORDER BY GROUP BY (upper case); names may be empty for USE INDEX ()."""

    kind: str
    names: tuple[str, ...]
    scope: str = ""


@dataclass(frozen=True, slots=True)
class TableRef(Node):
    name: str
    db: str | None = None
    alias: str | None = None
    hints: tuple[IndexHint, ...] = ()
    pos: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class DerivedTable(Node):
    query: Query
    alias: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Locking(Node):
    """FOR UPDATE ('UPDATE') or FOR SHARE / LOCK IN SHARE MODE ('SHARE'); wait: '' NOWAIT 'SKIP LOCKED'; seconds: WAIT n;
    tables: OF a, b; share_mode: written LOCK IN SHARE MODE."""

    mode: str
    wait: str = ""
    seconds: int | None = None
    tables: tuple[str, ...] = ()
    share_mode: bool = False


@dataclass(frozen=True, slots=True)
class Limit(Node):
    count: Expr
    offset: Expr | None = None


@dataclass(frozen=True, slots=True)
class CommonTable(Node):
    name: str
    columns: tuple[str, ...]
    query: Query


@dataclass(frozen=True, slots=True)
class Select(Node):
    """options: upper-case words such as SQL_CALC_FOUND_ROWS, SQL_NO_CACHE, HIGH_PRIORITY, STRAIGHT_JOIN, SQL_BUFFER_RESULT."""

    items: tuple[SelectItem, ...]
    from_: FromItem | None = None
    where: Expr | None = None
    group_by: tuple[OrderItem, ...] = ()
    with_rollup: bool = False
    having: Expr | None = None
    order_by: tuple[OrderItem, ...] = ()
    limit: Limit | None = None
    distinct: bool = False
    locking: Locking | None = None
    options: tuple[str, ...] = ()
    ctes: tuple[CommonTable, ...] = ()
    recursive: bool = False


@dataclass(frozen=True, slots=True)
class SetOperation(Node):
    """left op right; op: 'UNION' 'UNION ALL' 'EXCEPT' 'EXCEPT ALL' 'INTERSECT' 'INTERSECT ALL'."""

    op: str
    left: Query
    right: Query
    order_by: tuple[OrderItem, ...] = ()
    limit: Limit | None = None
    ctes: tuple[CommonTable, ...] = ()
    recursive: bool = False


@dataclass(frozen=True, slots=True)
class TableValues(Node):
    """VALUES (1,2),(3,4) as a query."""

    rows: tuple[tuple[Expr, ...], ...]


Query = Select | SetOperation | TableValues


# ------------------------------------------------------------------------------------------------- statements: data
@dataclass(frozen=True, slots=True)
class Assignment(Node):
    column: ColumnRef
    value: Expr


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Update(Node):
    """Single- and multi-table UPDATE (`from_` is a Join then)."""

    from_: FromItem
    assignments: tuple[Assignment, ...]
    where: Expr | None = None
    order_by: tuple[OrderItem, ...] = ()
    limit: Limit | None = None
    ignore: bool = False
    low_priority: bool = False


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Do(Node):
    exprs: tuple[Expr, ...]


# ------------------------------------------------------------------------------------------------- statements: definition
@dataclass(frozen=True, slots=True)
class KeyPart(Node):
    column: str
    length: int | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True)
class IndexSpec(Node):
    """kind: PRIMARY UNIQUE INDEX FULLTEXT SPATIAL; name None: to be generated."""

    kind: str
    name: str | None
    parts: tuple[KeyPart, ...]
    using: str | None = None
    comment: str = ""
    constraint: str | None = None
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class ForeignKeySpec(Node):
    """name: CONSTRAINT name; index_name: FOREIGN KEY index_name (...); actions None when not written."""

    name: str | None
    index_name: str | None
    columns: tuple[str, ...]
    ref_table: TableRef
    ref_columns: tuple[str, ...]
    on_delete: str | None = None
    on_update: str | None = None
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class CheckSpec(Node):
    name: str | None
    expr: Expr
    text: str


@dataclass(frozen=True, slots=True)
class ColumnSpec(Node):
    """nullable None: neither NULL nor NOT NULL written.  default: expression (Literal, Call NOW ...) or None.
    unique / primary: the inline attributes.  references: inline REFERENCES (parsed; MariaDB enforces it)."""

    name: str
    type: SqlType
    nullable: bool | None = None
    default: Expr | None = None
    default_text: str = ""
    auto_increment: bool = False
    unique: bool = False
    primary: bool = False
    comment: str = ""
    on_update: Expr | None = None
    check: CheckSpec | None = None
    references: ForeignKeySpec | None = None
    generated: Expr | None = None
    stored: bool = False
    invisible: bool = False


@dataclass(frozen=True, slots=True)
class CreateTable(Node):
    """options: (upper-case name, value) in order: ENGINE, CHARSET, COLLATE, COMMENT, AUTO_INCREMENT, ROW_FORMAT ..."""

    table: TableRef
    columns: tuple[ColumnSpec, ...] = ()
    indexes: tuple[IndexSpec, ...] = ()
    foreign_keys: tuple[ForeignKeySpec, ...] = ()
    checks: tuple[CheckSpec, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    if_not_exists: bool = False
    or_replace: bool = False
    temporary: bool = False
    like: TableRef | None = None
    query: Query | None = None
    query_mode: str = ""  # '' IGNORE REPLACE


@dataclass(frozen=True, slots=True)
class DropTable(Node):
    tables: tuple[TableRef, ...]
    if_exists: bool = False
    temporary: bool = False
    view: bool = False


@dataclass(frozen=True, slots=True)
class AlterAction(Node):
    """One clause of ALTER TABLE.  kind and the fields it uses:
    ADD_COLUMN column, place | DROP_COLUMN name, if_exists | MODIFY_COLUMN column, place | CHANGE_COLUMN name, column, place
    RENAME_COLUMN name, new_name | SET_DEFAULT name, expr (None = DROP DEFAULT) | ADD_INDEX index | DROP_INDEX name
    DROP_PRIMARY | RENAME_INDEX name, new_name | ADD_FOREIGN_KEY foreign_key | DROP_FOREIGN_KEY name | ADD_CHECK check
    DROP_CONSTRAINT name | RENAME_TABLE table | OPTIONS options | CONVERT_CHARSET options | ENABLE_KEYS | DISABLE_KEYS
    ORDER_BY | FORCE | ALGORITHM/LOCK (name holds the word).  place: '' 'FIRST' or 'AFTER col'."""

    kind: str
    name: str | None = None
    new_name: str | None = None
    column: ColumnSpec | None = None
    place: str = ""
    expr: Expr | None = None
    index: IndexSpec | None = None
    foreign_key: ForeignKeySpec | None = None
    check: CheckSpec | None = None
    table: TableRef | None = None
    options: tuple[tuple[str, str], ...] = ()
    if_exists: bool = False
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class AlterTable(Node):
    """wait: '' 'NOWAIT' or 'WAIT n'."""

    table: TableRef
    actions: tuple[AlterAction, ...]
    wait: str = ""


@dataclass(frozen=True, slots=True)
class CreateIndex(Node):
    index: IndexSpec
    table: TableRef
    or_replace: bool = False


@dataclass(frozen=True, slots=True)
class DropIndex(Node):
    name: str
    table: TableRef
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class RenameTable(Node):
    pairs: tuple[tuple[TableRef, TableRef], ...]


@dataclass(frozen=True, slots=True)
class Truncate(Node):
    table: TableRef


@dataclass(frozen=True, slots=True)
class CreateDatabase(Node):
    name: str
    if_not_exists: bool = False
    or_replace: bool = False
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DropDatabase(Node):
    name: str
    if_exists: bool = False


# ------------------------------------------------------------------------------------------------- statements: transactions, locks
@dataclass(frozen=True, slots=True)
class Begin(Node):
    """BEGIN / START TRANSACTION; access: '' 'READ ONLY' 'READ WRITE'."""

    snapshot: bool = False
    access: str = ""


@dataclass(frozen=True, slots=True)
class Commit(Node):
    """chain / release: None = not written (then completion_type decides)."""

    chain: bool | None = None
    release: bool | None = None


@dataclass(frozen=True, slots=True)
class Rollback(Node):
    chain: bool | None = None
    release: bool | None = None


@dataclass(frozen=True, slots=True)
class Savepoint(Node):
    name: str


@dataclass(frozen=True, slots=True)
class RollbackTo(Node):
    name: str


@dataclass(frozen=True, slots=True)
class ReleaseSavepoint(Node):
    name: str


@dataclass(frozen=True, slots=True)
class SetTransaction(Node):
    """scope: '' (next transaction only) SESSION GLOBAL; isolation: 'READ COMMITTED' ... or None; access likewise."""

    scope: str
    isolation: str | None
    access: str | None


@dataclass(frozen=True, slots=True)
class SetItem(Node):
    """scope: 'user' (@x), '' (SET x = session), 'session', 'global'; value None: DEFAULT.  Bare words (ON, utf8) come as
    Literal strings."""

    scope: str
    name: str
    value: Expr | None


@dataclass(frozen=True, slots=True)
class SetVariables(Node):
    items: tuple[SetItem, ...]


@dataclass(frozen=True, slots=True)
class SetNames(Node):
    """SET NAMES charset [COLLATE c]; SET CHARACTER SET too; charset None: DEFAULT."""

    charset: str | None
    collation: str | None = None


@dataclass(frozen=True, slots=True)
class LockTables(Node):
    """items: (table with alias, 'READ' | 'READ LOCAL' | 'WRITE' | 'LOW_PRIORITY WRITE')."""

    items: tuple[tuple[TableRef, str], ...]
    wait: str = ""


@dataclass(frozen=True, slots=True)
class UnlockTables(Node):
    pass


@dataclass(frozen=True, slots=True)
class Flush(Node):
    """what: TABLES STATUS LOGS PRIVILEGES ...; with_read_lock: FLUSH TABLES [t, ...] WITH READ LOCK."""

    what: str
    tables: tuple[TableRef, ...] = ()
    with_read_lock: bool = False


@dataclass(frozen=True, slots=True)
class Kill(Node):
    """target: expression giving a connection id; query_only: KILL QUERY."""

    target: Expr
    query_only: bool = False


# ------------------------------------------------------------------------------------------------- statements: looking
@dataclass(frozen=True, slots=True)
class Explain(Node):
    """format: '' (table) JSON TREE PYTHON; analyze: EXPLAIN ANALYZE / ANALYZE."""

    statement: Statement
    format: str = ""
    analyze: bool = False


@dataclass(frozen=True, slots=True)
class Describe(Node):
    table: TableRef
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Show(Node):
    """what: upper-case name of the thing: DATABASES, TABLES, COLUMNS, INDEX, CREATE TABLE, CREATE DATABASE, TABLE STATUS, STATUS,
    VARIABLES, ENGINES, ENGINE STATUS, WARNINGS, ERRORS, PROCESSLIST, TREE, VERSIONS, COLLATION, CHARACTER SET, GRANTS, PLUGINS,
    TRIGGERS, EVENTS, PROCEDURE STATUS, FUNCTION STATUS, OPEN TABLES, PRIVILEGES, COUNT WARNINGS, COUNT ERRORS, MASTER STATUS ...
    full / scope (SESSION GLOBAL) / like / where as written.  name: engine, index of SHOW TREE, database of FROM db."""

    what: str
    table: TableRef | None = None
    db: str | None = None
    name: str | None = None
    full: bool = False
    scope: str = ""
    like: str | None = None
    where: Expr | None = None
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class Use(Node):
    db: str


@dataclass(frozen=True, slots=True)
class TableMaintenance(Node):
    """what: CHECK ANALYZE OPTIMIZE REPAIR CHECKSUM; options: QUICK FAST MEDIUM EXTENDED CHANGED ... in upper case."""

    what: str
    tables: tuple[TableRef, ...]
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepare(Node):
    name: str
    source: Expr


@dataclass(frozen=True, slots=True)
class Execute(Node):
    name: str
    args: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Deallocate(Node):
    name: str


Statement = (
    Query | Insert | Update | Delete | Do
    | CreateTable | DropTable | AlterTable | CreateIndex | DropIndex | RenameTable | Truncate | CreateDatabase | DropDatabase
    | Begin | Commit | Rollback | Savepoint | RollbackTo | ReleaseSavepoint | SetTransaction | SetVariables | SetNames
    | LockTables | UnlockTables | Flush | Kill
    | Explain | Describe | Show | Use | TableMaintenance | Prepare | Execute | Deallocate
)
