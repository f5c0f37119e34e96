"""Transactions, locks, variables, and statements that look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from minidb.query.ast.expressions import Expr, Node
from minidb.query.ast.queries import Limit, TableRef

if TYPE_CHECKING:
    from minidb.query.ast import Statement

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
