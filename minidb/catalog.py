"""Definitions of tables as values: frozen, comparable, serialisable.  Nothing here opens a file.

A `TableDef` never changes; DDL makes a new one with a new `version`.  Ordinals (columns, indexes) count from 0.
`indexes[0]` of an InnoDB table with a PRIMARY KEY is the primary key; indexes keep MySQL's order (PRIMARY, then UNIQUE NOT NULL,
then other UNIQUE, then the rest, each in order of definition).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from minidb.types.sqltype import SqlType


@dataclass(frozen=True, slots=True)
class Default:
    """A column's DEFAULT: a constant already converted to the column's type, or CURRENT_TIMESTAMP, or an expression's text."""

    value: Any = None
    current_timestamp: bool = False
    expression: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One column.  `default` None means: no DEFAULT clause (a nullable column then defaults to NULL)."""

    name: str
    type: SqlType
    nullable: bool = True
    default: Default | None = None
    auto_increment: bool = False
    comment: str = ""
    on_update_now: bool = False
    invisible: bool = False


@dataclass(frozen=True, slots=True)
class IndexPart:
    """One key part: column ordinal, prefix length in characters (bytes for binary types) or None for the whole column."""

    column: int
    prefix: int | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True)
class IndexDef:
    """One index.  `id` is unique in the database directory and never reused."""

    id: int
    name: str
    parts: tuple[IndexPart, ...]
    unique: bool = False
    primary: bool = False
    kind: str = "BTREE"
    comment: str = ""
    using: str = ""  # USING as written, for SHOW CREATE TABLE

    @property
    def columns(self) -> tuple[int, ...]:
        return tuple(p.column for p in self.parts)


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """FOREIGN KEY of the child table that holds it.  Actions: RESTRICT, NO ACTION, CASCADE, SET NULL (upper case)."""

    name: str
    columns: tuple[int, ...]
    ref_db: str
    ref_table: str
    ref_columns: tuple[str, ...]
    on_delete: str = "RESTRICT"
    on_update: str = "RESTRICT"
    # as written, for SHOW CREATE TABLE: an unwritten action is not shown
    on_delete_written: bool = False
    on_update_written: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """CHECK (expression).  of_column: written inside the definition of the column called `name`."""

    name: str
    expression: str
    of_column: bool = False


@dataclass(frozen=True, slots=True)
class TableDef:
    """A table's definition.  `id` unique in the directory; `version` counts the definition's changes."""

    id: int
    db: str
    name: str
    engine: str  # 'InnoDB' | 'MyISAM'
    columns: tuple[Column, ...]
    indexes: tuple[IndexDef, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    charset: str = "utf8mb4"
    collation: str = "utf8mb4_general_ci"
    comment: str = ""
    auto_increment: int = 1  # the AUTO_INCREMENT= option of CREATE TABLE, not the running counter
    row_format: str | None = None
    temporary: bool = False
    version: int = 1
    options: tuple[tuple[str, str], ...] = ()
    _by_name: dict[str, int] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        self._by_name.update({c.name.lower(): i for i, c in enumerate(self.columns)})

    @property
    def full_name(self) -> tuple[str, str]:
        return (self.db, self.name)

    def column_index(self, name: str) -> int | None:
        """Ordinal of the column called `name` (case-insensitive), or None."""
        return self._by_name.get(name.lower())

    def index_named(self, name: str) -> int | None:
        """Ordinal of the index called `name` (case-insensitive), or None."""
        lowered = name.lower()
        return next((i for i, x in enumerate(self.indexes) if x.name.lower() == lowered), None)

    @property
    def primary(self) -> IndexDef | None:
        return next((x for x in self.indexes if x.primary), None)

    @property
    def auto_increment_column(self) -> int | None:
        return next((i for i, c in enumerate(self.columns) if c.auto_increment), None)

    def clustered_index(self) -> int | None:
        """Ordinal of the index that InnoDB clusters on: PRIMARY, else the first UNIQUE over NOT NULL columns without prefix
        parts, else None (hidden row id).  Manual: "Clustered and Secondary Indexes"."""
        for i, index in enumerate(self.indexes):
            if index.primary:
                return i
        for i, index in enumerate(self.indexes):
            if index.unique and all(p.prefix is None and not self.columns[p.column].nullable for p in index.parts):
                return i
        return None

    def evolve(self, **changes: Any) -> TableDef:
        """A copy with `changes` and the next version number."""
        changes.setdefault("version", self.version + 1)
        return replace(self, _by_name={}, **changes)
