"""information_schema: rows made from the dictionary and the running sessions at the moment of reading.

`InformationSchema(world).open(name)` gives a `VirtualTable`; `world` is whoever knows the database (session.py).  Each table has a
function of its own below, found by its name.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol

from minidb.catalog import Column, IndexDef, TableDef
from minidb.dictionary import Dictionary
from minidb.engine import Row, TableStats
from minidb.query.define.ddl_keys import parent_index
from minidb.query.look import infoschema_defs
from minidb.query.look.show_create import default_value_text, now_text
from minidb.query.look.virtual import SYSTEM_DATABASES, VirtualTable
from minidb.types.sqltype import Family, SqlType

DATABASE = infoschema_defs.DATABASE
PRIVILEGES = "select,insert,update,references"
GRANTEE = "'root'@'localhost'"
PRIVILEGE_NAMES = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "REFERENCES", "INDEX", "ALTER",
                   "CREATE TEMPORARY TABLES", "LOCK TABLES")
ENGINE_ROWS = (
    ("MyISAM", "Non-transactional engine with separate data and index files and table locks", "NO", "NO", "NO"),
    ("InnoDB", "Clustered indexes, transactions, row-level locking, versions and foreign keys", "YES", "NO", "YES"),
)
COLLATION_IDS = {
    "latin1_german1_ci": 5, "latin1_swedish_ci": 8, "latin1_danish_ci": 15, "latin1_bin": 47, "latin1_general_ci": 48,
    "latin1_spanish_ci": 94, "latin1_swedish_nopad_ci": 1032, "ascii_general_ci": 11, "ascii_bin": 65, "utf8mb3_general_ci": 33,
    "utf8mb3_bin": 83, "utf8mb3_unicode_ci": 192, "utf8mb3_unicode_520_ci": 214, "utf8mb3_general_nopad_ci": 1057,
    "utf8mb3_nopad_bin": 1107, "utf8mb4_general_ci": 45, "utf8mb4_bin": 46, "utf8mb4_unicode_ci": 224,
    "utf8mb4_unicode_520_ci": 246, "utf8mb4_general_nopad_ci": 1069, "utf8mb4_nopad_bin": 1070, "utf8mb4_0900_ai_ci": 255,
    "utf8mb4_0900_bin": 309, "binary": 63,
}


class Process(NamedTuple):
    """A session as PROCESSLIST shows it.  seconds: since its command began."""

    id: int
    user: str
    host: str
    db: str | None
    command: str
    seconds: float
    state: str | None
    info: str | None


class World(Protocol):
    """What information_schema and SHOW ask of the session they run in."""

    dictionary: Dictionary

    def table_stats(self, tdef: TableDef) -> TableStats: ...

    def key_cardinality(self, tdef: TableDef, index: IndexDef) -> int | None: ...

    def created_at(self, tdef: TableDef) -> datetime.datetime | None: ...

    def processes(self) -> list[Process]: ...

    def variable_rows(self, scope: str) -> Iterable[tuple[str, str]]: ...

    def status_rows(self, scope: str) -> Iterable[tuple[str, str]]: ...

    def system_variable_rows(self) -> Iterable[Row]: ...

    def transaction_rows(self) -> Iterable[Row]: ...

    def innodb_locks(self) -> Iterable[Row]: ...

    def innodb_lock_waits(self) -> Iterable[Row]: ...

    def innodb_metrics(self) -> Iterable[Row]: ...


class InformationSchema:
    """The tables of information_schema as `world` sees them."""

    def __init__(self, world: World) -> None:
        self.world = world

    def open(self, name: str) -> VirtualTable | None:
        """A handle on the table called `name` (any case), or None if there is none."""
        tdef = infoschema_defs.table_def(name)
        if tdef is None:
            return None
        make = _ROWS.get(tdef.name, _nothing)
        return VirtualTable(tdef, lambda: list(make(self.world)))


def _nothing(world: World) -> Iterator[Row]:
    """Tables about things that minidb does not have: no rows."""
    return iter(())


def _schemata(world: World) -> Iterator[Row]:
    for name in sorted(SYSTEM_DATABASES):
        yield ("def", name, "utf8mb3", "utf8mb3_general_ci", None, "")
    for name in sorted(world.dictionary.schemas):
        database = world.dictionary.schemas[name]
        yield ("def", name, database.charset, database.collation, None, "")


def table_row(world: World, t: TableDef) -> Row:
    """The columns of SHOW TABLE STATUS from Engine to Temporary."""
    stats = world.table_stats(t)
    options = " ".join([f"{n.lower()}={v}" for n, v in t.options] + ([f"row_format={t.row_format}"] if t.row_format else []))
    counter = stats.auto_increment if t.auto_increment_column is not None else None
    return (t.engine, 10, stats.row_format, stats.rows, stats.avg_row_length, stats.data_length, 0, stats.index_length,
            stats.data_free, counter, world.created_at(t), None, None, t.collation, None, options, t.comment, 0,
            "Y" if t.temporary else "N")


def _tables(world: World) -> Iterator[Row]:
    for name in infoschema_defs.names():
        yield ("def", DATABASE, name, "SYSTEM VIEW", "MEMORY", 11, "Fixed", None, 0, 0, 0, 0, 0, None, None, None, None,
               "utf8mb3_general_ci", None, "", "", 0, "Y")
    for t in world.dictionary.all_tables():
        yield ("def", t.db, t.name, "BASE TABLE", *table_row(world, t))


def type_lengths(t: SqlType) -> tuple[int | None, int | None]:
    """CHARACTER_MAXIMUM_LENGTH and CHARACTER_OCTET_LENGTH."""
    from minidb.types.parse import max_octets

    if t.family not in (Family.STRING, Family.BYTES):
        return None, None
    octets = max_octets(t)
    if t.name == "enum":
        return max((len(m) for m in t.members), default=0), octets
    if t.name == "set":
        return len(",".join(t.members)), octets
    return (t.length if t.length is not None else octets), octets


_PRECISIONS = {"tinyint": (3, 3), "smallint": (5, 5), "mediumint": (7, 7), "int": (10, 10), "bigint": (19, 20), "float": (12, 12),
               "double": (22, 22)}


def type_precision(t: SqlType) -> tuple[int | None, int | None]:
    """NUMERIC_PRECISION and NUMERIC_SCALE."""
    if t.name == "decimal":
        return t.length or 10, t.scale or 0
    if t.name == "bit":
        return t.length or 1, None
    if t.name in _PRECISIONS:
        precision = t.length if t.family is Family.FLOAT and t.scale is not None else _PRECISIONS[t.name][t.unsigned]
        return precision, t.scale if t.family is Family.FLOAT else 0
    return None, None


def column_key(t: TableDef, ordinal: int) -> str:
    """PRI, UNI, MUL or nothing."""
    if any(x.primary and ordinal in x.columns for x in t.indexes):
        return "PRI"
    leading = [x for x in t.indexes if x.columns[0] == ordinal]
    if t.primary is None:
        clustered = t.clustered_index()
        if clustered is not None and ordinal in t.indexes[clustered].columns:
            return "PRI"
    if any(x.unique and len(x.parts) == 1 for x in leading):
        return "UNI"
    return "MUL" if leading else ""


def column_extra(c: Column) -> str:
    """The Extra column."""
    parts = ["auto_increment"] if c.auto_increment else []
    if c.on_update_now:
        parts.append(f"on update {now_text(c.type)}")
    if c.invisible:
        parts.append("INVISIBLE")
    return ", ".join(parts)


def _columns(world: World) -> Iterator[Row]:
    for t in world.dictionary.all_tables():
        yield from (_column_row(t, i, c) for i, c in enumerate(t.columns))


def _column_row(t: TableDef, ordinal: int, c: Column) -> Row:
    from minidb.types.text import type_text

    lengths, precision = type_lengths(c.type), type_precision(c.type)
    if c.default is not None:
        default: str | None = default_value_text(c.default, c.type)
    else:
        default = "NULL" if c.nullable else None
    digits = (c.type.scale or 0) if c.type.family in (Family.DATETIME, Family.TIME) else None
    string = c.type.family is Family.STRING
    return ("def", t.db, t.name, c.name, ordinal + 1, default, "YES" if c.nullable else "NO",
            "longtext" if c.type.name == "json" else c.type.name, *lengths, *precision, digits,
            c.type.charset if string else None, c.type.collation if string else None, type_text(c.type), column_key(t, ordinal),
            column_extra(c), PRIVILEGES, c.comment, "NEVER", None)


def index_rows(world: World, t: TableDef) -> Iterator[Row]:
    """SHOW INDEX: (Table, Non_unique, Key_name, Seq_in_index, Column_name, Collation, Cardinality, Sub_part, Packed, Null,
    Index_type, Comment, Index_comment, Ignored)."""
    for index in t.indexes:
        cardinality = world.key_cardinality(t, index)
        for seq, part in enumerate(index.parts, 1):
            column = t.columns[part.column]
            yield (t.name, 0 if index.unique else 1, index.name, seq, column.name, "D" if part.descending else "A", cardinality,
                   part.prefix, None, "YES" if column.nullable else "", index.kind, "", index.comment, "NO")


def _statistics(world: World) -> Iterator[Row]:
    for t in world.dictionary.all_tables():
        for row in index_rows(world, t):
            yield ("def", t.db, t.name, row[1], t.db, *row[2:])


def _key_column_usage(world: World) -> Iterator[Row]:
    for t in world.dictionary.all_tables():
        for index in t.indexes:
            if index.unique:
                for seq, part in enumerate(index.parts, 1):
                    yield ("def", t.db, index.name, "def", t.db, t.name, t.columns[part.column].name, seq, None, None, None, None)
        for key in t.foreign_keys:
            for seq, (ordinal, ref) in enumerate(zip(key.columns, key.ref_columns, strict=True), 1):
                yield ("def", t.db, key.name, "def", t.db, t.name, t.columns[ordinal].name, seq, seq, key.ref_db, key.ref_table,
                       ref)


def _table_constraints(world: World) -> Iterator[Row]:
    for t in world.dictionary.all_tables():
        for index in t.indexes:
            if index.unique:
                yield ("def", t.db, index.name, t.db, t.name, "PRIMARY KEY" if index.primary else "UNIQUE")
        for name, _, _ in _checks_of(t):
            yield ("def", t.db, name, t.db, t.name, "CHECK")
        for key in t.foreign_keys:
            yield ("def", t.db, key.name, t.db, t.name, "FOREIGN KEY")


def _checks_of(t: TableDef) -> Iterator[tuple[str, str, str]]:
    for c in t.columns:
        if c.type.name == "json":
            yield c.name, "Column", f"json_valid(`{c.name}`)"
    for check in t.checks:
        yield check.name, "Column" if check.of_column else "Table", check.expression


def _check_constraints(world: World) -> Iterator[Row]:
    for t in world.dictionary.all_tables():
        for name, level, clause in _checks_of(t):
            yield ("def", t.db, t.name, name, level, clause)


def _referential_constraints(world: World) -> Iterator[Row]:
    for t in world.dictionary.all_tables():
        for key in t.foreign_keys:
            parent = world.dictionary.find_table(key.ref_db, key.ref_table)
            index = None if parent is None else parent_index(parent, key.ref_columns)
            yield ("def", t.db, key.name, "def", key.ref_db, None if index is None else index.name, "NONE", key.on_update,
                   key.on_delete, t.name, key.ref_table)


def engine_rows(default: str) -> list[Row]:
    """SHOW ENGINES."""
    return [(n, "DEFAULT" if n == default else "YES", c, t, xa, s) for n, c, t, xa, s in ENGINE_ROWS]


def _engines(world: World) -> Iterator[Row]:
    default = dict(world.variable_rows("session")).get("default_storage_engine", "InnoDB")
    return iter(engine_rows(default))


def _character_sets(world: World) -> Iterator[Row]:
    from minidb.types.collation import CHARSETS

    return ((c.name, c.collation, c.description, c.width) for c in CHARSETS.values())


def _collations(world: World) -> Iterator[Row]:
    from minidb.types.collation import CHARSETS, collation_names, get_collation

    for name in collation_names():
        charset = get_collation(name).charset
        default = "Yes" if CHARSETS[charset].collation == name else ""
        yield (name, charset, COLLATION_IDS.get(name, 0), default, "Yes", 8 if "unicode" in name else 1)


def _applicability(world: World) -> Iterator[Row]:
    return ((n, c, n, i, d) for n, c, i, d, _, _ in _collations(world))


def _processlist(world: World) -> Iterator[Row]:
    for p in world.processes():
        yield (p.id, p.user, p.host, p.db, p.command, int(p.seconds), p.state, p.info, round(p.seconds * 1000, 3), 0, 0, 0.0,
               0, 0, 0, 0, p.info, p.id)


def _variables(scope: str) -> Callable[[World], Iterator[Row]]:
    return lambda world: ((n.upper(), v) for n, v in world.variable_rows(scope))


def _status(scope: str) -> Callable[[World], Iterator[Row]]:
    return lambda world: ((n.upper(), v) for n, v in world.status_rows(scope))


def plugin_rows() -> list[tuple[Any, ...]]:
    """SHOW PLUGINS: (Name, Status, Type, Library, License)."""
    return [(name, "ACTIVE", "STORAGE ENGINE", None, "Apache-2.0") for name, *_ in ENGINE_ROWS]


def _plugins(world: World) -> Iterator[Row]:
    for name, comment, *_ in ENGINE_ROWS:
        yield (name, "1.0", "ACTIVE", "STORAGE ENGINE", "1.0", None, None, "minidb", comment, "Apache-2.0", "ON", "Stable", "1.0")


def _user_privileges(world: World) -> Iterator[Row]:
    return ((GRANTEE, "def", name, "YES") for name in PRIVILEGE_NAMES)


_ROWS: dict[str, Callable[[World], Iterator[Row]]] = {
    "SCHEMATA": _schemata, "TABLES": _tables, "COLUMNS": _columns, "STATISTICS": _statistics,
    "KEY_COLUMN_USAGE": _key_column_usage, "TABLE_CONSTRAINTS": _table_constraints,
    "REFERENTIAL_CONSTRAINTS": _referential_constraints, "CHECK_CONSTRAINTS": _check_constraints, "ENGINES": _engines,
    "CHARACTER_SETS": _character_sets, "COLLATIONS": _collations, "COLLATION_CHARACTER_SET_APPLICABILITY": _applicability,
    "PROCESSLIST": _processlist, "GLOBAL_VARIABLES": _variables("global"), "SESSION_VARIABLES": _variables("session"),
    "GLOBAL_STATUS": _status("global"), "SESSION_STATUS": _status("session"), "PLUGINS": _plugins,
    "USER_PRIVILEGES": _user_privileges, "SYSTEM_VARIABLES": lambda world: iter(world.system_variable_rows()),
    "INNODB_LOCKS": lambda world: iter(world.innodb_locks()), "INNODB_LOCK_WAITS": lambda world: iter(world.innodb_lock_waits()),
    "INNODB_METRICS": lambda world: iter(world.innodb_metrics()),
    "INNODB_TRX": lambda world: iter(world.transaction_rows()),
}
