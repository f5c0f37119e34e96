"""Transactions, locks, variables, and statements that look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minidb.query.ast.expressions import Expr
from minidb.query.ast.node import Node, node
from minidb.query.ast.queries import Limit, TableRef

if TYPE_CHECKING:
    from minidb.query.ast import Statement

@node
class Begin(Node):
    """BEGIN / START TRANSACTION; access: '' 'READ ONLY' 'READ WRITE'."""

    snapshot: bool = False
    access: str = ""


@node
class Commit(Node):
    """chain / release: None = not written (then completion_type decides)."""

    chain: bool | None = None
    release: bool | None = None


@node
class Rollback(Node):
    chain: bool | None = None
    release: bool | None = None


@node
class Savepoint(Node):
    name: str


@node
class RollbackTo(Node):
    name: str


@node
class ReleaseSavepoint(Node):
    name: str


@node
class SetTransaction(Node):
    """scope: '' (next transaction only) SESSION GLOBAL; isolation: 'READ COMMITTED' ... or None; access likewise."""

    scope: str
    isolation: str | None
    access: str | None


@node
class SetItem(Node):
    """scope: 'user' (@x), '' (SET x = session), 'session', 'global'; value None: DEFAULT.  Bare words (ON, utf8) come as
    Literal strings."""

    scope: str
    name: str
    value: Expr | None


@node
class SetVariables(Node):
    items: tuple[SetItem, ...]


@node
class SetNames(Node):
    """SET NAMES charset [COLLATE c]; SET CHARACTER SET too; charset None: DEFAULT."""

    charset: str | None
    collation: str | None = None


@node
class LockTables(Node):
    """items: (table with alias, 'READ' | 'READ LOCAL' | 'WRITE' | 'LOW_PRIORITY WRITE')."""

    items: tuple[tuple[TableRef, str], ...]
    wait: str = ""


@node
class UnlockTables(Node):
    pass


@node
class Flush(Node):
    """what: TABLES STATUS LOGS PRIVILEGES ...; with_read_lock: FLUSH TABLES [t, ...] WITH READ LOCK."""

    what: str
    tables: tuple[TableRef, ...] = ()
    with_read_lock: bool = False


@node
class Kill(Node):
    """target: expression giving a connection id; query_only: KILL QUERY."""

    target: Expr
    query_only: bool = False




@node
class Explain(Node):
    """format: '' (table) JSON TREE PYTHON; analyze: EXPLAIN ANALYZE / ANALYZE."""

    statement: Statement
    format: str = ""
    analyze: bool = False


@node
class Describe(Node):
    table: TableRef
    column: str | None = None


@node
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


@node
class Use(Node):
    db: str


@node
class TableMaintenance(Node):
    """what: CHECK ANALYZE OPTIMIZE REPAIR CHECKSUM; options: QUICK FAST MEDIUM EXTENDED CHANGED ... in upper case."""

    what: str
    tables: tuple[TableRef, ...]
    options: tuple[str, ...] = ()


@node
class Prepare(Node):
    name: str
    source: Expr


@node
class Execute(Node):
    name: str
    args: tuple[Expr, ...] = ()


@node
class Deallocate(Node):
    name: str
