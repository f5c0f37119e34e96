"""The text of SHOW CREATE TABLE and SHOW CREATE DATABASE, byte for byte as MariaDB 10.11 lays it out: clients parse it."""

from __future__ import annotations

from minidb.catalog import Column, Default, IndexDef, IndexPart, TableDef
from minidb.dictionary import DatabaseDef
from minidb.query.define.ddl_keys import constraint_text, quote
from minidb.types import text
from minidb.types.sqltype import Family, SqlType

UNQUOTED = (Family.INT, Family.DECIMAL, Family.FLOAT)


def literal(value: str) -> str:
    """A string as SHOW CREATE quotes it: quotes doubled, newlines and backslashes escaped."""
    escaped = value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n").replace("\r", "\\r").replace("\0", "\\0")
    return f"'{escaped}'"


def now_text(t: SqlType) -> str:
    """current_timestamp() with the column's fractional digits."""
    return f"current_timestamp({t.scale or ''})"


def default_value_text(default: Default, t: SqlType) -> str:
    """A DEFAULT as information_schema.COLUMN_DEFAULT and SHOW CREATE have it: strings and dates quoted."""
    if default.current_timestamp:
        return now_text(t)
    if default.expression is not None:
        return default.expression
    if default.value is None:
        return "NULL"
    if t.name == "bit":
        return f"b'{default.value:b}'"
    shown = text.to_text(default.value, t) or ""
    return shown if t.family in UNQUOTED else literal(shown)


def plain_default(default: Default, t: SqlType) -> str | None:
    """A DEFAULT as SHOW COLUMNS has it: not quoted."""
    if default.value is None or default.current_timestamp or default.expression is not None or t.name == "bit":
        return default_value_text(default, t)
    return text.to_text(default.value, t)


def charset_text(t: SqlType, tdef: TableDef) -> str:
    """`` CHARACTER SET x COLLATE y`` where the column's differ from the table's."""
    if t.family is not Family.STRING or t.collation is None or (t.collation == tdef.collation and t.name != "json"):
        return ""
    return f" CHARACTER SET {t.charset} COLLATE {t.collation}"


def column_text(column: Column, tdef: TableDef) -> str:
    """One column's line, without indent and comma."""
    t = column.type
    parts = [f"{quote(column.name)} {text.type_text(t)}{charset_text(t, tdef)}"]
    if column.invisible:
        parts.append("INVISIBLE")
    if not column.nullable:
        parts.append("NOT NULL")
    elif t.name == "timestamp":
        parts.append("NULL")
    if column.default is not None:
        parts.append(f"DEFAULT {default_value_text(column.default, t)}")
    elif column.nullable:
        parts.append("DEFAULT NULL")
    if column.on_update_now:
        parts.append(f"ON UPDATE {now_text(t)}")
    if column.auto_increment:
        parts.append("AUTO_INCREMENT")
    if column.comment:
        parts.append(f"COMMENT {literal(column.comment)}")
    if t.name == "json":
        parts.append(f"CHECK (json_valid({quote(column.name)}))")
    parts += [f"CHECK ({c.expression})" for c in tdef.checks if c.of_column and c.name.lower() == column.name.lower()]
    return " ".join(parts)


def part_text(part: IndexPart, tdef: TableDef) -> str:
    prefix = "" if part.prefix is None else f"({part.prefix})"
    return quote(tdef.columns[part.column].name) + prefix + (" DESC" if part.descending else "")


def index_text(index: IndexDef, tdef: TableDef) -> str:
    """One index's line, without indent and comma."""
    columns = ",".join(part_text(p, tdef) for p in index.parts)
    if index.primary:
        made = f"PRIMARY KEY ({columns})"
    else:
        kind = "UNIQUE KEY" if index.unique else "FULLTEXT KEY" if index.kind == "FULLTEXT" else "KEY"
        made = f"{kind} {quote(index.name)} ({columns})"
    if index.using:
        made += f" USING {index.using}"
    return made + (f" COMMENT {literal(index.comment)}" if index.comment else "")


def table_options_text(tdef: TableDef, auto_increment: int | None) -> str:
    """The line after the closing bracket.  `auto_increment`: the running counter, shown when it is above 1."""
    made = f"ENGINE={tdef.engine}"
    if auto_increment is not None and auto_increment > 1:
        made += f" AUTO_INCREMENT={auto_increment}"
    made += f" DEFAULT CHARSET={tdef.charset} COLLATE={tdef.collation}"
    for name, value in tdef.options:
        made += f" {name}={value}"
    if tdef.row_format:
        made += f" ROW_FORMAT={tdef.row_format}"
    if tdef.comment:
        made += f" COMMENT={literal(tdef.comment)}"
    return made


def create_table_text(tdef: TableDef, auto_increment: int | None) -> str:
    """The statement that makes the table again.  `auto_increment`: the next value, None without such a column."""
    lines = [column_text(c, tdef) for c in tdef.columns]
    lines += [index_text(x, tdef) for x in tdef.indexes]
    lines += [constraint_text(tdef, k) for k in tdef.foreign_keys]
    lines += [f"CONSTRAINT {quote(c.name)} CHECK ({c.expression})" for c in tdef.checks if not c.of_column]
    kind = "TEMPORARY TABLE" if tdef.temporary else "TABLE"
    body = ",\n  ".join(lines)
    return f"CREATE {kind} {quote(tdef.name)} (\n  {body}\n) {table_options_text(tdef, auto_increment)}"


def create_database_text(database: DatabaseDef, if_not_exists: bool = False) -> str:
    """SHOW CREATE DATABASE."""
    guard = "/*!32312 IF NOT EXISTS*/ " if if_not_exists else ""
    return (f"CREATE DATABASE {guard}{quote(database.name)} /*!40100 DEFAULT CHARACTER SET {database.charset} "
            f"COLLATE {database.collation} */")
