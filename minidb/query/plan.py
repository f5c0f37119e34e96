"""A compiled statement.  Plans are immutable, shared between sessions and databases of equal definitions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from minidb.engine import Row, TableLock
from minidb.query.context import ExecContext
from minidb.types.sqltype import SqlType


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result set; table/org_table/org_name/db are '' for expressions."""

    name: str
    type: SqlType
    nullable: bool = True
    table: str = ""
    org_table: str = ""
    org_name: str = ""
    db: str = ""
    primary: bool = False
    unique: bool = False
    auto_increment: bool = False


@dataclass(frozen=True, slots=True)
class PlanTable:
    """A table that the statement opens, in order of `ExecContext.tables`.  One entry per occurrence in the statement.
    lock: what MyISAM takes.  write: rows of it are changed (metadata SHARED_WRITE, InnoDB IX)."""

    db: str
    name: str
    alias: str
    lock: TableLock = TableLock.READ
    write: bool = False


@dataclass(frozen=True, slots=True)
class ExplainRow:
    """A line of EXPLAIN in MySQL's columns."""

    id: int | None
    select_type: str
    table: str | None
    type: str | None = None
    possible_keys: str | None = None
    key: str | None = None
    key_len: str | None = None
    ref: str | None = None
    rows: int | None = None
    extra: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """kind: 'select' 'insert' 'replace' 'update' 'delete' 'do'.  `run(context, params)` returns the rows of a SELECT (or of
    RETURNING), None otherwise.  `source` is the generated Python (EXPLAIN FORMAT=PYTHON).  changes: needs begin_statement /
    end_statement around it.  consistent_read: only snapshot reads, so autocommit needs no commit."""

    kind: str
    columns: tuple[ResultColumn, ...]
    tables: tuple[PlanTable, ...]
    run: Callable[[ExecContext, tuple[Any, ...]], list[Row] | None]
    source: str
    explain: tuple[ExplainRow, ...]
    changes: bool
    consistent_read: bool
