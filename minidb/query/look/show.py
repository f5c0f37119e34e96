"""SHOW and DESCRIBE: headings and rows.

`show(stmt, world)` applies LIKE to the column that MySQL matches; WHERE runs as a SELECT over `Answer.table()` (statements/show).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from minidb.catalog import TableDef
from minidb.engine import Row
from minidb.errors import SqlError, unsupported
from minidb.query import ast
from minidb.query.look import infoschema_defs, perfschema
from minidb.query.look.infoschema import (
    DATABASE,
    PRIVILEGES,
    InformationSchema,
    World,
    column_extra,
    column_key,
    engine_rows,
    index_rows,
    plugin_rows,
    table_row,
)
from minidb.query.look.show_create import create_database_text, create_table_text, plain_default
from minidb.query.look.virtual import BIG, BIG_UNSIGNED, INT, LONG_TEXT, MOMENT, NUMBER, VirtualTable, define, text_type
from minidb.query.plan import ResultColumn
from minidb.types.collation import get_collation
from minidb.types.sqltype import SqlType

NAME = text_type(64)
Headings = tuple[tuple[str, SqlType], ...]


class ShowWorld(World, Protocol):
    """What SHOW asks for beyond information_schema."""

    database: str | None

    def show_table(self, db: str | None, name: str) -> TableDef: ...

    def warning_rows(self) -> list[tuple[str, int, str]]: ...

    def tree_rows(self, tdef: TableDef, index: str | None) -> list[Row]: ...

    def version_rows(self, tdef: TableDef) -> tuple[Headings, list[Row]]: ...

    def engine_status(self, engine: str) -> list[Row]: ...

    def open_tables(self) -> list[Row]: ...


class Answer(NamedTuple):
    """A SHOW's headings and rows; `like_column` is what LIKE matches."""

    headings: Headings
    rows: list[Row]
    like_column: int = 0

    def columns(self) -> tuple[ResultColumn, ...]:
        return tuple(ResultColumn(n, t) for n, t in self.headings)

    def matching(self, pattern: str) -> Answer:
        """Only the rows whose column is LIKE `pattern` (the system collation: case does not matter)."""
        test = like(pattern)
        return self._replace(rows=[r for r in self.rows if test(str(r[self.like_column]))])

    def table(self) -> VirtualTable:
        """The answer as a table, for WHERE."""
        return VirtualTable(define(DATABASE, "SHOW", self.headings), lambda: list(self.rows))


def like(pattern: str) -> Callable[[str], bool]:
    """LIKE under utf8mb3_general_ci with backslash as escape."""
    import re

    parts: list[str] = []
    fold = get_collation("utf8mb3_general_ci").fold
    escaped = False
    for c in pattern:
        if escaped:
            parts.append(re.escape(fold(c)))
            escaped = False
        elif c == "\\":
            escaped = True
        else:
            parts.append(".*" if c == "%" else "." if c == "_" else re.escape(fold(c)))
    match = re.compile("".join(parts), re.DOTALL).fullmatch
    return lambda text: match(fold(text)) is not None


def show(stmt: ast.Show, world: ShowWorld) -> Answer:
    """The answer to `stmt`, LIKE applied.  Raises 1046, 1049, 1146, 1235."""
    make = _ANSWERS.get(stmt.what)
    if make is None:
        raise unsupported(f"SHOW {stmt.what}")
    answer = make(stmt, world)
    if stmt.like is not None:
        answer = answer.matching(stmt.like)
    return answer


def _database(stmt: ast.Show, world: ShowWorld) -> str:
    name = stmt.db or world.database
    if name is None:
        raise SqlError.of(1046)
    if name.lower() in (DATABASE, perfschema.DATABASE):
        return name.lower()
    world.dictionary.database(name)
    return name


def _suffix(stmt: ast.Show) -> str:
    return "" if stmt.like is None else f" ({stmt.like})"


# ---- databases and tables
def _databases(stmt: ast.Show, world: ShowWorld) -> Answer:
    names = sorted([*world.dictionary.databases(), DATABASE, perfschema.DATABASE])
    return Answer((("Database" + _suffix(stmt), NAME),), [(n,) for n in names])


def _tables(stmt: ast.Show, world: ShowWorld) -> Answer:
    db = _database(stmt, world)
    heading = f"Tables_in_{db}{_suffix(stmt)}"
    kind = "SYSTEM VIEW" if db == DATABASE else "BASE TABLE"
    virtual = {DATABASE: infoschema_defs.names, perfschema.DATABASE: perfschema.names}.get(db)
    names = virtual() if virtual is not None else world.dictionary.tables(db)
    if stmt.full:
        return Answer(((heading, NAME), ("Table_type", NAME)), [(n, kind) for n in names])
    return Answer(((heading, NAME),), [(n,) for n in names])


_STATUS_HEADINGS: Headings = (
    ("Name", NAME), ("Engine", NAME), ("Version", BIG_UNSIGNED), ("Row_format", text_type(10)), ("Rows", BIG_UNSIGNED),
    ("Avg_row_length", BIG_UNSIGNED), ("Data_length", BIG_UNSIGNED), ("Max_data_length", BIG_UNSIGNED),
    ("Index_length", BIG_UNSIGNED), ("Data_free", BIG_UNSIGNED), ("Auto_increment", BIG_UNSIGNED), ("Create_time", MOMENT),
    ("Update_time", MOMENT), ("Check_time", MOMENT), ("Collation", NAME), ("Checksum", BIG_UNSIGNED),
    ("Create_options", text_type(2048)), ("Comment", text_type(2048)), ("Max_index_length", BIG_UNSIGNED),
    ("Temporary", text_type(1)),
)


def _table_status(stmt: ast.Show, world: ShowWorld) -> Answer:
    db = _database(stmt, world)
    names = world.dictionary.tables(db)
    if stmt.like is not None:
        test = like(stmt.like)
        names = [n for n in names if test(n)]
    return Answer(_STATUS_HEADINGS, [(n, *table_row(world, world.dictionary.table(db, n))) for n in names])


def _open_tables(stmt: ast.Show, world: ShowWorld) -> Answer:
    headings = (("Database", NAME), ("Table", NAME), ("In_use", INT), ("Name_locked", INT))
    return Answer(headings, world.open_tables(), 1)


def _table(stmt: ast.Show, world: ShowWorld) -> TableDef:
    if stmt.table is None:
        raise SqlError.of(1046)
    return world.show_table(stmt.db or stmt.table.db, stmt.table.name)


def column_rows(t: TableDef, full: bool) -> list[Row]:
    """The rows of SHOW [FULL] COLUMNS."""
    from minidb.types.text import type_text

    rows: list[Row] = []
    for i, c in enumerate(t.columns):
        default = None if c.default is None else plain_default(c.default, c.type)
        tail = ("YES" if c.nullable else "NO", column_key(t, i), default, column_extra(c))
        if full:
            rows.append((c.name, type_text(c.type), c.type.collation, *tail, PRIVILEGES, c.comment))
        else:
            rows.append((c.name, type_text(c.type), *tail))
    return rows


_TAIL: Headings = (("Null", text_type(3)), ("Key", text_type(3)), ("Default", LONG_TEXT), ("Extra", text_type(80)))


def columns_answer(t: TableDef, full: bool) -> Answer:
    """SHOW [FULL] COLUMNS and DESCRIBE."""
    head: Headings = (("Field", NAME), ("Type", LONG_TEXT))
    if full:
        headings = (*head, ("Collation", NAME), *_TAIL, ("Privileges", text_type(80)), ("Comment", text_type(1024)))
        return Answer(headings, column_rows(t, True))
    return Answer((*head, *_TAIL), column_rows(t, False))


def _columns(stmt: ast.Show, world: ShowWorld) -> Answer:
    return columns_answer(_table(stmt, world), stmt.full)


_INDEX_HEADINGS: Headings = (
    ("Table", NAME), ("Non_unique", BIG), ("Key_name", NAME), ("Seq_in_index", INT), ("Column_name", NAME),
    ("Collation", text_type(1)), ("Cardinality", BIG), ("Sub_part", BIG), ("Packed", text_type(10)), ("Null", text_type(3)),
    ("Index_type", text_type(16)), ("Comment", text_type(16)), ("Index_comment", text_type(1024)), ("Ignored", text_type(3)),
)


def _index(stmt: ast.Show, world: ShowWorld) -> Answer:
    return Answer(_INDEX_HEADINGS, list(index_rows(world, _table(stmt, world))), 2)


def _create_table(stmt: ast.Show, world: ShowWorld) -> Answer:
    t = _table(stmt, world)
    counter = world.table_stats(t).auto_increment if t.auto_increment_column is not None else None
    if counter is None and t.engine == "MyISAM" and t.auto_increment > 1:
        counter = t.auto_increment
    return Answer((("Table", NAME), ("Create Table", text_type(1024))), [(t.name, create_table_text(t, counter))])


def _create_database(stmt: ast.Show, world: ShowWorld) -> Answer:
    name = stmt.db or stmt.name or (stmt.table.name if stmt.table is not None else "")
    text = create_database_text(world.dictionary.database(name), stmt.full)
    return Answer((("Database", NAME), ("Create Database", text_type(1024))), [(name, text)])


def _tree(stmt: ast.Show, world: ShowWorld) -> Answer:
    headings = (("Level", INT), ("Page", BIG), ("Prev", BIG), ("Next", BIG), ("Records", BIG), ("Fill", INT),
                ("First_key", LONG_TEXT), ("Last_key", LONG_TEXT), ("Detail", LONG_TEXT))
    return Answer(headings, world.tree_rows(_table(stmt, world), stmt.name), 6)


def _versions(stmt: ast.Show, world: ShowWorld) -> Answer:
    return Answer(*world.version_rows(_table(stmt, world)))


# ---- server things
def _engines(stmt: ast.Show, world: ShowWorld) -> Answer:
    headings = (("Engine", NAME), ("Support", text_type(8)), ("Comment", text_type(160)), ("Transactions", text_type(3)),
                ("XA", text_type(3)), ("Savepoints", text_type(3)))
    return Answer(headings, engine_rows(dict(world.variable_rows("session"))["default_storage_engine"]))


def _engine_status(stmt: ast.Show, world: ShowWorld) -> Answer:
    headings = (("Type", text_type(10)), ("Name", text_type(512)), ("Status", LONG_TEXT))
    return Answer(headings, world.engine_status(stmt.name or "InnoDB"))


def _pairs(rows: Callable[[ShowWorld, str], Iterable[tuple[str, str]]]) -> Callable[[ast.Show, ShowWorld], Answer]:
    def make(stmt: ast.Show, world: ShowWorld) -> Answer:
        scope = "global" if stmt.scope == "GLOBAL" else "session"
        return Answer((("Variable_name", NAME), ("Value", text_type(4096))), list(rows(world, scope)))

    return make


def _processlist(stmt: ast.Show, world: ShowWorld) -> Answer:
    headings = (("Id", BIG), ("User", text_type(128)), ("Host", NAME), ("db", NAME), ("Command", text_type(16)), ("Time", INT),
                ("State", text_type(30)), ("Info", LONG_TEXT), ("Progress", NUMBER))
    rows: list[Row] = [(p.id, p.user, p.host, p.db, p.command, int(p.seconds), p.state,
                        p.info if stmt.full or p.info is None else p.info[:100], 0.0) for p in world.processes()]
    return Answer(headings, rows)


def _collation(stmt: ast.Show, world: ShowWorld) -> Answer:
    headings = (("Collation", NAME), ("Charset", text_type(32)), ("Id", BIG), ("Default", text_type(3)), ("Compiled", text_type(3)),
                ("Sortlen", BIG))
    return Answer(headings, _view(world, "COLLATIONS"))


def _character_set(stmt: ast.Show, world: ShowWorld) -> Answer:
    headings = (("Charset", text_type(32)), ("Description", text_type(60)), ("Default collation", NAME), ("Maxlen", BIG))
    return Answer(headings, [(n, d, c, w) for n, c, d, w in _view(world, "CHARACTER_SETS")])


def _view(world: ShowWorld, name: str) -> list[Any]:
    """The rows of an information_schema table."""
    table = InformationSchema(world).open(name)
    return [] if table is None else table.rows()


def _warnings(*levels: str) -> Callable[[ast.Show, ShowWorld], Answer]:
    def make(stmt: ast.Show, world: ShowWorld) -> Answer:
        headings = (("Level", text_type(7)), ("Code", INT), ("Message", text_type(512)))
        return Answer(headings, [w for w in world.warning_rows() if not levels or w[0] in levels])

    return make


def _count(heading: str, *levels: str) -> Callable[[ast.Show, ShowWorld], Answer]:
    def make(stmt: ast.Show, world: ShowWorld) -> Answer:
        return Answer(((heading, BIG),), [(sum(1 for w in world.warning_rows() if not levels or w[0] in levels),)])

    return make


def _grants(stmt: ast.Show, world: ShowWorld) -> Answer:
    return Answer((("Grants for root@localhost", text_type(1024)),),
                  [("GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION",)])


def _privileges(stmt: ast.Show, world: ShowWorld) -> Answer:
    headings = (("Privilege", text_type(25)), ("Context", text_type(15)), ("Comment", text_type(150)))
    return Answer(headings, [("Usage", "Server Admin", "No privileges - allow connect only"),
                             ("All privileges", "Server Admin", "minidb has one user, who may do everything")])


def _plugins(stmt: ast.Show, world: ShowWorld) -> Answer:
    headings = (("Name", NAME), ("Status", text_type(16)), ("Type", text_type(80)), ("Library", NAME), ("License", text_type(80)))
    return Answer(headings, list(plugin_rows()))


def _empty(headings: str, needs_database: bool = False) -> Callable[[ast.Show, ShowWorld], Answer]:
    """A SHOW about things that minidb does not have: its headings and no rows."""

    def make(stmt: ast.Show, world: ShowWorld) -> Answer:
        if needs_database:
            _database(stmt, world)
        return Answer(tuple((n, NAME) for n in headings.split(",")), [])

    return make


_ROUTINES = ("Db,Name,Type,Definer,Modified,Created,Security_type,Comment,character_set_client,collation_connection,"
             "Database Collation")
_ANSWERS: dict[str, Callable[[ast.Show, ShowWorld], Answer]] = {
    "DATABASES": _databases, "SCHEMAS": _databases, "TABLES": _tables, "TABLE STATUS": _table_status, "OPEN TABLES": _open_tables,
    "COLUMNS": _columns, "FIELDS": _columns, "INDEX": _index, "INDEXES": _index, "KEYS": _index, "CREATE TABLE": _create_table,
    "CREATE DATABASE": _create_database, "CREATE SCHEMA": _create_database, "TREE": _tree, "VERSIONS": _versions,
    "ENGINES": _engines, "STORAGE ENGINES": _engines, "ENGINE STATUS": _engine_status,
    "VARIABLES": _pairs(lambda w, scope: w.variable_rows(scope)), "STATUS": _pairs(lambda w, scope: w.status_rows(scope)),
    "PROCESSLIST": _processlist, "COLLATION": _collation, "CHARACTER SET": _character_set, "CHARSET": _character_set,
    "WARNINGS": _warnings(), "ERRORS": _warnings("Error"), "COUNT WARNINGS": _count("@@session.warning_count"),
    "COUNT ERRORS": _count("@@session.error_count", "Error"), "GRANTS": _grants, "PRIVILEGES": _privileges, "PLUGINS": _plugins,
    "TRIGGERS": _empty("Trigger,Event,Table,Statement,Timing,Created,sql_mode,Definer,character_set_client,collation_connection,"
                       "Database Collation", True),
    "EVENTS": _empty("Db,Name,Definer,Time zone,Type,Execute at,Interval value,Interval field,Starts,Ends,Status,Originator,"
                     "character_set_client,collation_connection,Database Collation", True),
    "PROCEDURE STATUS": _empty(_ROUTINES), "FUNCTION STATUS": _empty(_ROUTINES), "PACKAGE STATUS": _empty(_ROUTINES),
    "MASTER STATUS": _empty("File,Position,Binlog_Do_DB,Binlog_Ignore_DB"), "BINARY LOGS": _empty("Log_name,File_size"),
    "SLAVE STATUS": _empty("Slave_IO_State,Master_Host,Master_User,Master_Port"), "ENGINE MUTEX": _empty("Type,Name,Status"),
}
