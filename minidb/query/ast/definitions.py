"""Statements that define databases, tables and indexes."""

from __future__ import annotations

from minidb.query.ast.expressions import Expr
from minidb.query.ast.node import Node, node
from minidb.query.ast.queries import Query, TableRef
from minidb.types.sqltype import SqlType


@node
class KeyPart(Node):
    column: str
    length: int | None = None
    descending: bool = False


@node
class IndexSpec(Node):
    """kind: PRIMARY UNIQUE INDEX FULLTEXT SPATIAL; name None: to be generated."""

    kind: str
    name: str | None
    parts: tuple[KeyPart, ...]
    using: str | None = None
    comment: str = ""
    constraint: str | None = None
    if_not_exists: bool = False


@node
class ForeignKeySpec(Node):
    """name: CONSTRAINT name; index_name: FOREIGN KEY index_name (...); actions None when not written.
    pos: number of indexes written before it in CREATE TABLE."""

    name: str | None
    index_name: str | None
    columns: tuple[str, ...]
    ref_table: TableRef
    ref_columns: tuple[str, ...]
    on_delete: str | None = None
    on_update: str | None = None
    if_not_exists: bool = False
    pos: int = 0


@node
class CheckSpec(Node):
    name: str | None
    expr: Expr
    text: str


@node
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


@node
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


@node
class DropTable(Node):
    tables: tuple[TableRef, ...]
    if_exists: bool = False
    temporary: bool = False
    view: bool = False


@node
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


@node
class AlterTable(Node):
    """wait: '' 'NOWAIT' or 'WAIT n'."""

    table: TableRef
    actions: tuple[AlterAction, ...]
    wait: str = ""
    if_exists: bool = False


@node
class CreateIndex(Node):
    index: IndexSpec
    table: TableRef
    or_replace: bool = False


@node
class DropIndex(Node):
    name: str
    table: TableRef
    if_exists: bool = False


@node
class RenameTable(Node):
    pairs: tuple[tuple[TableRef, TableRef], ...]


@node
class Truncate(Node):
    table: TableRef


@node
class CreateDatabase(Node):
    name: str
    if_not_exists: bool = False
    or_replace: bool = False
    options: tuple[tuple[str, str], ...] = ()


@node
class DropDatabase(Node):
    name: str
    if_exists: bool = False
