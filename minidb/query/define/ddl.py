"""CREATE TABLE: the syntax tree -> a `TableDef`.  Nothing here opens a file or locks a name; database.py does that.

The parts are in files of their own: columns and defaults (ddl_columns), indexes (ddl_indexes), foreign keys (ddl_keys); ALTER
TABLE works on the same builders (alter).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from minidb.catalog import Check, Column, ForeignKey, IndexDef, TableDef
from minidb.errors import SqlError
from minidb.query import ast
from minidb.query.define.ddl_columns import DefineEnv, build_column, char_bytes, charset_options, check_name, with_charset
from minidb.query.define.ddl_indexes import IndexBuilder, is_lob, part_bytes
from minidb.query.define.ddl_keys import KeyBuilder, sorted_keys
from minidb.query.define.expression_text import sql_text
from minidb.query.plan import ResultColumn

ROW_LIMIT = 65535
COLUMN_LIMIT = 1017
SHOWN_OPTIONS = ("MIN_ROWS", "MAX_ROWS", "AVG_ROW_LENGTH", "PACK_KEYS", "STATS_PERSISTENT", "STATS_AUTO_RECALC",
                 "STATS_SAMPLE_PAGES", "CHECKSUM", "DELAY_KEY_WRITE")
ROW_FORMATS = frozenset({"DEFAULT", "DYNAMIC", "FIXED", "COMPRESSED", "REDUNDANT", "COMPACT", "PAGE"})


def find_engine(name: str, env: DefineEnv) -> str:
    """The engine called `name` in its proper spelling; the default engine with a warning where NO_ENGINE_SUBSTITUTION is not
    set, else 1286."""
    for known in env.engines:
        if known.lower() == name.lower():
            return known
    error = SqlError.of(1286, name)
    if "NO_ENGINE_SUBSTITUTION" in env.sql_mode:
        raise error
    env.warn("Warning", 1286, error.message)
    return env.default_engine


def table_options(tdef: TableDef, options: tuple[tuple[str, str], ...], env: DefineEnv) -> TableDef:
    """`tdef` with the options of CREATE or ALTER TABLE applied, ENGINE and charset excepted."""
    kept = dict(tdef.options)
    changes: dict[str, Any] = {}
    for name, value in options:
        if name == "COMMENT":
            changes["comment"] = value
        elif name == "AUTO_INCREMENT":
            changes["auto_increment"] = max(int(value), 1)
        elif name == "ROW_FORMAT":
            if value.upper() not in ROW_FORMATS:
                raise SqlError.of(1064, "You have an error in your SQL syntax", value, 1)
            changes["row_format"] = None if value.upper() == "DEFAULT" else value.upper()
        elif name in SHOWN_OPTIONS:
            if value.upper() == "DEFAULT" or (value == "0" and name not in ("STATS_PERSISTENT", "STATS_AUTO_RECALC", "PACK_KEYS")):
                kept.pop(name, None)
            else:
                kept[name] = value
    changes["options"] = tuple((n, kept[n]) for n in SHOWN_OPTIONS if n in kept)
    return tdef.evolve(version=tdef.version, **changes)


def engine_of(options: tuple[tuple[str, str], ...], default: str, env: DefineEnv) -> str:
    """The engine that the options name, else `default`."""
    chosen = default
    for name, value in options:
        if name in ("ENGINE", "TYPE"):
            chosen = find_engine(value, env)
    return chosen


def primary_columns(stmt_columns: Sequence[ast.ColumnSpec], indexes: Sequence[ast.IndexSpec]) -> set[str]:
    """Lower-case names of the columns that the primary key makes NOT NULL."""
    names = {c.name.lower() for c in stmt_columns if c.primary}
    for index in indexes:
        if index.kind == "PRIMARY":
            names.update(p.column.lower() for p in index.parts)
    return names


def inline_index(column: ast.ColumnSpec) -> list[ast.IndexSpec]:
    """PRIMARY KEY and UNIQUE written in a column's definition."""
    part = (ast.KeyPart(column.name),)
    made = []
    if column.primary:
        made.append(ast.IndexSpec("PRIMARY", None, part))
    if column.unique:
        made.append(ast.IndexSpec("UNIQUE", None, part))
    return made


def inline_key(column: ast.ColumnSpec) -> ast.ForeignKeySpec:
    """REFERENCES written in a column's definition."""
    assert column.references is not None
    return replace(column.references, columns=(column.name,))


def define_table(stmt: ast.CreateTable, env: DefineEnv, from_query: Sequence[ResultColumn] = ()) -> TableDef:
    """The definition that CREATE TABLE asks for.  `from_query`: the columns of CREATE TABLE ... SELECT, which come after those
    written, unless one of the same name was written.  Raises MySQL's errors for each rule."""
    name = check_name(stmt.table.name, 1103)
    db = stmt.table.db or env.db
    database = env.dictionary.database(db)
    engine = engine_of(stmt.options, env.default_engine, env)
    charset, collation = charset_options(stmt.options, (database.charset, database.collation))
    columns = _columns(stmt, (charset, collation), from_query)
    builder = IndexBuilder(env, columns, engine)
    keys = KeyBuilder(env, db, name, engine, builder)
    for spec in stmt.columns:
        for index in inline_index(spec):
            builder.add(index)
    for spec in stmt.columns:
        if spec.references is not None:
            keys.reserve(inline_key(spec))
    for place in range(len(stmt.indexes) + 1):
        for key in stmt.foreign_keys:
            if key.pos == place:
                keys.reserve(key)
        if place < len(stmt.indexes):
            builder.add(stmt.indexes[place])
    keys.finish()
    tdef = TableDef(
        id=env.dictionary.new_table_id(), db=db, name=name, engine=engine, columns=columns, indexes=builder.finish(),
        foreign_keys=sorted_keys(keys.made), checks=_checks(stmt), charset=charset, collation=collation,
        temporary=stmt.temporary)
    tdef = table_options(tdef, stmt.options, env)
    check_table(tdef)
    return tdef


def _columns(stmt: ast.CreateTable, default: tuple[str, str], from_query: Sequence[ResultColumn]) -> tuple[Column, ...]:
    forced = primary_columns(stmt.columns, stmt.indexes)
    written: dict[str, Column] = {}
    for spec in stmt.columns:
        if spec.name.lower() in written:
            raise SqlError.of(1060, spec.name)
        written[spec.name.lower()] = build_column(spec, default, forced_not_null=spec.name.lower() in forced)
    selected: dict[str, Column] = {}
    for column in from_query:
        lowered = column.name.lower()
        if lowered in selected:
            raise SqlError.of(1060, column.name)
        made = written.pop(lowered, None)
        if made is None:
            made = query_column(column, default, lowered in forced)
        selected[lowered] = made
    columns = (*written.values(), *selected.values())
    if not columns:
        raise SqlError.of(1113)
    if len(columns) > COLUMN_LIMIT:
        raise SqlError.text(1118, "Too many columns")
    return columns


def query_column(column: ResultColumn, default: tuple[str, str], not_null: bool = False) -> Column:
    """The column that CREATE TABLE ... SELECT makes of a column of the query."""
    from minidb.types.sqltype import Family, SqlType

    t = column.type
    if t.family is Family.NULL:
        t = SqlType(Family.BYTES, "binary", 0)
    if t.name == "varchar" and t.length is not None and t.length * char_bytes(t) > ROW_LIMIT:
        t = replace(t, name="text", length=None)
    return Column(check_name(column.name, 1166), with_charset(t, default), column.nullable and not not_null)


def _checks(stmt: ast.CreateTable) -> tuple[Check, ...]:
    made = [Check(c.name, sql_text(c.check.expr), True) for c in stmt.columns if c.check is not None]
    return (*made, *table_checks(stmt.checks, ()))


def table_checks(specs: Sequence[ast.CheckSpec], existing: Sequence[Check]) -> tuple[Check, ...]:
    """The CHECK constraints `specs`, named; unnamed ones are CONSTRAINT_1, CONSTRAINT_2 ..."""
    taken = {c.name.lower() for c in existing if not c.of_column}
    taken.update(s.name.lower() for s in specs if s.name)
    made: list[Check] = []
    for spec in specs:
        name = spec.name
        if name is None:
            number = 1
            while f"constraint_{number}" in taken:
                number += 1
            name = f"CONSTRAINT_{number}"
            taken.add(name.lower())
        elif any(c.name.lower() == name.lower() for c in (*existing, *made) if not c.of_column):
            raise SqlError.of(1826, name)
        made.append(Check(name, sql_text(spec.expr)))
    return tuple(made)


def check_table(tdef: TableDef) -> None:
    """What must hold of a whole definition: the auto-increment column (1075) and the row size (1118)."""
    autos = [i for i, c in enumerate(tdef.columns) if c.auto_increment]
    if autos:
        keyed = any(
            x.parts[0].column == autos[0] or (tdef.engine == "MyISAM" and autos[0] in x.columns) for x in tdef.indexes)
        if len(autos) > 1 or not keyed:
            raise SqlError.of(1075)
    size = sum(part_bytes(c.type, None) for c in tdef.columns if not is_lob(c.type))
    if size > ROW_LIMIT:
        raise SqlError.of(1118, f"{ROW_LIMIT}. This includes storage overhead, check the manual. You have to change some "
                                "columns to TEXT or BLOBs")


def define_like(source: TableDef, db: str, name: str, env: DefineEnv, temporary: bool) -> TableDef:
    """CREATE TABLE ... LIKE: the same columns, indexes and checks with ids of their own; no foreign keys, no counter."""
    check_name(name, 1103)
    indexes = tuple(replace(x, id=env.dictionary.new_index_id()) for x in source.indexes)
    none: tuple[ForeignKey, ...] = ()
    return replace(source, _by_name={}, id=env.dictionary.new_table_id(), db=db, name=name, indexes=indexes, foreign_keys=none,
                   auto_increment=1, version=1, temporary=temporary)


def with_index(tdef: TableDef, spec: ast.IndexSpec, env: DefineEnv) -> tuple[TableDef, IndexDef]:
    """`tdef` with one more index, and that index (CREATE INDEX)."""
    builder = IndexBuilder(env, tdef.columns, tdef.engine, tdef.indexes)
    made = builder.add(spec)
    return tdef.evolve(indexes=builder.finish()), made
