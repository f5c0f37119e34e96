"""The data dictionary of one directory: its databases, the definitions of their tables, and the ids given out so far.

On disk it is one file, `minidb.dictionary`:

    LINE 1   "minidb-dictionary" SP format number SP crc32 of the rest (8 hex digits) SP length of the rest in bytes LF
    REST     JSON in UTF-8 (see `codec` functions below)

Rules
1. The file is replaced as a whole: written beside, synced, renamed over the old one, directory synced.  A crash leaves the old or
   the new dictionary, never a mixture.
2. Every change goes through a method that bumps `version`; whoever caches something derived from definitions compares versions.
3. `clean` says that the directory was closed by `close`.  While it is false on disk, data files may be behind the dictionary.
4. `pending` lists what is to be done to files because of the last change: ["remove", path], ["rename", from, to] ...  Whoever opens
   the directory finishes it.
5. Several definitions change in one step: they are changed in a draft, and the draft takes the place of all definitions (`accept`).
6. Names are case-sensitive, as under lower_case_table_names = 0.
"""

from __future__ import annotations

import datetime
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from minidb.catalog import Check, Column, Default, ForeignKey, IndexDef, IndexPart, TableDef
from minidb.errors import Error, SqlError
from minidb.types.sqltype import Family, SqlType

if TYPE_CHECKING:
    from minidb.storage.file import FileSystem

FILE_NAME = "minidb.dictionary"
MAGIC = "minidb-dictionary"
FORMAT = 1


class UnsureError(Exception):
    """A step of writing the dictionary failed in a way that leaves open whether the old or the new one will be found."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(cause)
        self.cause = cause


class DatabaseDef:
    """One database (schema): its defaults for new tables, and its tables by name."""

    __slots__ = ("charset", "collation", "name", "tables")

    def __init__(self, name: str, charset: str = "utf8mb4", collation: str = "utf8mb4_general_ci") -> None:
        self.name = name
        self.charset = charset
        self.collation = collation
        self.tables: dict[str, TableDef] = {}

    def copy(self) -> DatabaseDef:
        """The same database with a list of tables of its own."""
        made = DatabaseDef(self.name, self.charset, self.collation)
        made.tables = dict(self.tables)
        return made


class Contents(NamedTuple):
    """The definitions of a directory at one moment."""

    schemas: dict[str, DatabaseDef]
    next_table_id: int
    next_index_id: int

    def tables(self) -> Iterator[TableDef]:
        """Every table."""
        for database in self.schemas.values():
            yield from database.tables.values()


class Reference(NamedTuple):
    """A foreign key that points at some table: `child` holds it."""

    child: TableDef
    key: ForeignKey


class Dictionary:
    """All definitions of a directory.  `fs` None keeps the dictionary in memory only."""

    def __init__(self, fs: FileSystem | None = None) -> None:
        self.fs = fs
        self.schemas: dict[str, DatabaseDef] = {}
        self.next_table_id = 1
        self.next_index_id = 1
        self.version = 1
        self.clean = True
        self.pending: list[tuple[str, ...]] = []
        self._references: dict[tuple[str, str], list[Reference]] | None = None

    # ---- reading
    def database(self, name: str) -> DatabaseDef:
        """The database called `name`; raises 1049."""
        found = self.schemas.get(name)
        if found is None:
            raise SqlError.of(1049, name)
        return found

    def find_table(self, db: str, name: str) -> TableDef | None:
        """The definition of `db`.`name`, or None."""
        database = self.schemas.get(db)
        return None if database is None else database.tables.get(name)

    def table(self, db: str, name: str) -> TableDef:
        """The definition of `db`.`name`; raises 1049 or 1146."""
        found = self.database(db).tables.get(name)
        if found is None:
            raise SqlError.of(1146, db, name)
        return found

    def databases(self) -> list[str]:
        """Names of all databases, sorted."""
        return sorted(self.schemas)

    def tables(self, db: str) -> list[str]:
        """Names of the tables of `db`, sorted; none if there is no such database."""
        found = self.schemas.get(db)
        return [] if found is None else sorted(found.tables)

    def all_tables(self) -> Iterator[TableDef]:
        """Every table, by database and name."""
        for db in sorted(self.schemas):
            tables = self.schemas[db].tables
            for name in sorted(tables):
                yield tables[name]

    def references_to(self, db: str, name: str) -> list[Reference]:
        """The foreign keys that reference `db`.`name`, in order of the child tables' names."""
        if self._references is None:
            found: dict[tuple[str, str], list[Reference]] = {}
            for child in self.all_tables():
                for key in child.foreign_keys:
                    found.setdefault((key.ref_db, key.ref_table), []).append(Reference(child, key))
            self._references = found
        return self._references.get((db, name), [])

    # ---- ids
    def new_table_id(self) -> int:
        """The next table id; never given out again in this directory."""
        self.next_table_id += 1
        return self.next_table_id - 1

    def new_index_id(self) -> int:
        """The next index id; never given out again in this directory."""
        self.next_index_id += 1
        return self.next_index_id - 1

    # ---- changes (the caller saves afterwards)
    def create_database(self, name: str, charset: str, collation: str) -> DatabaseDef:
        """A new, empty database; raises 1007."""
        if name in self.schemas:
            raise SqlError.of(1007, name)
        made = self.schemas[name] = DatabaseDef(name, charset, collation)
        self._changed()
        return made

    def drop_database(self, name: str) -> None:
        """Forget a database with all its tables; raises 1008."""
        if name not in self.schemas:
            raise SqlError.of(1008, name)
        del self.schemas[name]
        self._changed()

    def put(self, tdef: TableDef) -> None:
        """Add a table's definition, or replace the one of the same name."""
        self.database(tdef.db).tables[tdef.name] = tdef
        self._changed()

    def remove(self, db: str, name: str) -> None:
        """Forget a table; raises 1146."""
        self.table(db, name)
        del self.schemas[db].tables[name]
        self._changed()

    def draft(self) -> Dictionary:
        """The definitions as they are, to be changed aside.  A draft has no file and gives out no ids."""
        made = Dictionary()
        made.schemas = {name: database.copy() for name, database in self.schemas.items()}
        return made

    def accept(self, draft: Dictionary, pending: Iterable[tuple[str, ...]] = ()) -> None:
        """Let the definitions of `draft` take the place of all present ones, with `pending` as what is to be done to files, and
        save (rule 5).  Raises as `save`: after OSError everything is as it was."""
        before = self.schemas, self.pending
        self.schemas, self.pending = draft.schemas, list(pending)
        self._changed()
        try:
            self.save()
        except OSError:
            self.schemas, self.pending = before
            self._changed()
            raise

    def _changed(self) -> None:
        self.version += 1
        self._references = None

    # ---- snapshots
    def contents(self) -> Contents:
        """All definitions and the next ids, for `recall`."""
        schemas = {name: database.copy() for name, database in self.schemas.items()}
        return Contents(schemas, self.next_table_id, self.next_index_id)

    def recall(self, contents: Contents, definitions_changed: bool) -> None:
        """Let everything be as `contents` says (the version goes on: it never comes twice)."""
        self.next_table_id, self.next_index_id = contents.next_table_id, contents.next_index_id
        if definitions_changed:
            self.schemas = {name: database.copy() for name, database in contents.schemas.items()}
            self._changed()

    # ---- the file
    @staticmethod
    def exists(fs: FileSystem) -> bool:
        """Whether the directory holds a dictionary, hence is a minidb directory."""
        return fs.exists(FILE_NAME)

    @classmethod
    def load(cls, fs: FileSystem) -> Dictionary:
        """Read the dictionary of a directory.  Raises OperationalError if the file is damaged or of another format."""

        made = cls(fs)
        made._fill(cls._read(fs))
        return made

    @staticmethod
    def _read(fs: FileSystem) -> dict[str, Any]:
        import json

        file = fs.open(FILE_NAME)
        try:
            data = file.read_at(0, file.size())
        finally:
            file.close()
        head, _, body = bytes(data).partition(b"\n")
        words = head.decode("ascii", "replace").split()
        if len(words) != 4 or words[0] != MAGIC:
            raise _damaged("it does not begin as a data dictionary does")
        if words[1] != str(FORMAT):
            raise _damaged(f"format {words[1]} is not known to this version of minidb")
        if words[3] != str(len(body)) or words[2] != f"{zlib.crc32(body):08x}":
            raise _damaged("its checksum does not match")
        try:
            found = json.loads(body)
        except ValueError as error:
            raise _damaged(f"its contents make no sense ({error!r})") from error
        return found if isinstance(found, dict) else {}

    def save(self) -> None:
        """Write the dictionary (rule 1).  Does nothing for a dictionary in memory.  Raises OSError, and the file is as it was;
        UnsureError if it may be the old one or the new one."""
        if self.fs is None:
            return
        import json

        body = json.dumps(self._as_json(), separators=(",", ":"), ensure_ascii=False).encode("utf-8")
        head = f"{MAGIC} {FORMAT} {zlib.crc32(body):08x} {len(body)}\n".encode("ascii")
        beside = FILE_NAME + ".new"
        if self.fs.exists(beside):
            self.fs.remove(beside)
        file = self.fs.open(beside, create=True)
        try:
            file.write_at(0, head + body)
            self._certain(file.sync)
        finally:
            file.close()
        fs = self.fs
        self._certain(lambda: fs.rename(beside, FILE_NAME))
        self._certain(lambda: fs.sync_dir(""))

    @staticmethod
    def _certain(step: Callable[[], None]) -> None:
        try:
            step()
        except OSError as error:
            raise UnsureError(error) from error

    def _as_json(self) -> dict[str, Any]:
        return {
            "clean": self.clean,
            "pending": self.pending,
            "next_table_id": self.next_table_id,
            "next_index_id": self.next_index_id,
            "version": self.version,
            "databases": [
                {
                    "name": d.name, "charset": d.charset, "collation": d.collation,
                    "tables": [table_to_json(d.tables[name]) for name in sorted(d.tables)],
                }
                for d in (self.schemas[name] for name in sorted(self.schemas))
            ],
        }

    def _fill(self, data: dict[str, Any]) -> None:
        try:
            self._fill_from(data)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _damaged(f"its contents make no sense ({error!r})") from error

    def _fill_from(self, data: dict[str, Any]) -> None:
        self.clean = bool(data["clean"])
        self.pending = [tuple(map(str, operation)) for operation in data["pending"]]
        self.next_table_id = int(data["next_table_id"])
        self.next_index_id = int(data["next_index_id"])
        self.version = int(data["version"])
        for item in data["databases"]:
            database = DatabaseDef(item["name"], item["charset"], item["collation"])
            for table in item["tables"]:
                tdef = table_from_json(table, database.name)
                database.tables[tdef.name] = tdef
            self.schemas[database.name] = database

    # ---- looking inside
    def check(self) -> list[str]:
        """Broken invariants, as sentences; empty when the dictionary is sound."""
        wrong: list[str] = []
        table_ids: set[int] = set()
        index_ids: set[int] = set()
        for t in self.all_tables():
            where = f"`{t.db}`.`{t.name}`"
            if t.id in table_ids or t.id >= self.next_table_id:
                wrong.append(f"{where}: table id {t.id} is not unique or was never given out")
            table_ids.add(t.id)
            for index in t.indexes:
                if index.id in index_ids or index.id >= self.next_index_id:
                    wrong.append(f"{where}: index id {index.id} of {index.name} is not unique or was never given out")
                index_ids.add(index.id)
                if any(not 0 <= p.column < len(t.columns) for p in index.parts):
                    wrong.append(f"{where}: index {index.name} names a column that does not exist")
            for key in t.foreign_keys:
                if any(not 0 <= c < len(t.columns) for c in key.columns):
                    wrong.append(f"{where}: foreign key {key.name} names a column that does not exist")
        return wrong

    def dump(self) -> str:
        """One line for each database, table, column and index."""
        lines = [f"dictionary version {self.version}, {'clean' if self.clean else 'open'}"]
        for name in sorted(self.schemas):
            database = self.schemas[name]
            lines.append(f"database {name} {database.charset} {database.collation}")
            for table in (database.tables[t] for t in sorted(database.tables)):
                lines.append(f"  table {table.name} id={table.id} version={table.version} engine={table.engine}")
                lines += [f"    column {c.name} {c.type.name}{'' if c.nullable else ' not null'}" for c in table.columns]
                lines += [f"    index {x.name} id={x.id} columns={x.columns}" for x in table.indexes]
        return "\n".join(lines)


def _damaged(why: str) -> Error:
    return SqlError.text(1033, f"The data dictionary '{FILE_NAME}' is damaged: {why}")


def no_database(what: str) -> Error:
    """1033: `what` (a directory) holds no database; the caller raises it."""
    return SqlError.text(1033, f"{what} is not a minidb database: it holds no '{FILE_NAME}'")


# ---- codec: definitions to and from JSON.  A value that JSON lacks is {"type": text}.

def value_to_json(value: Any) -> Any:
    """A column's default value as JSON."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return {"float": value.hex()}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, datetime.datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, datetime.date):
        return {"date": value.isoformat()}
    if isinstance(value, datetime.timedelta):
        return {"time": [value.days, value.seconds, value.microseconds]}
    return {"decimal": str(value)}


def value_from_json(value: Any) -> Any:
    """The inverse of `value_to_json`."""
    if not isinstance(value, dict):
        return value
    ((kind, text),) = value.items()
    if kind == "decimal":
        from decimal import Decimal

        return Decimal(text)
    readers: dict[str, Any] = {
        "float": float.fromhex, "bytes": bytes.fromhex, "datetime": datetime.datetime.fromisoformat,
        "date": datetime.date.fromisoformat, "time": lambda parts: datetime.timedelta(*parts),
    }
    return readers[kind](text)


def type_to_json(t: SqlType) -> dict[str, Any]:
    made: dict[str, Any] = {"family": t.family.value, "name": t.name}
    for field, default in (("length", None), ("scale", None), ("unsigned", False), ("zerofill", False),
                           ("charset", None), ("collation", None)):
        value = getattr(t, field)
        if value != default:
            made[field] = value
    if t.members:
        made["members"] = list(t.members)
    return made


def type_from_json(data: dict[str, Any]) -> SqlType:
    rest = {k: v for k, v in data.items() if k not in ("family", "name", "members")}
    return SqlType(Family(data["family"]), data["name"], members=tuple(data.get("members", ())), **rest)


def _column_to_json(c: Column) -> dict[str, Any]:
    made: dict[str, Any] = {"name": c.name, "type": type_to_json(c.type), "nullable": c.nullable}
    if c.default is not None:
        made["default"] = {"value": value_to_json(c.default.value), "now": c.default.current_timestamp,
                           "expression": c.default.expression}
    for field in ("auto_increment", "comment", "on_update_now", "invisible"):
        if getattr(c, field):
            made[field] = getattr(c, field)
    return made


def _column_from_json(data: dict[str, Any]) -> Column:
    default = None
    if "default" in data:
        d = data["default"]
        default = Default(value_from_json(d["value"]), d["now"], d["expression"])
    return Column(data["name"], type_from_json(data["type"]), data["nullable"], default,
                  data.get("auto_increment", False), data.get("comment", ""), data.get("on_update_now", False),
                  data.get("invisible", False))


def table_to_json(t: TableDef) -> dict[str, Any]:
    """A table's definition as JSON (its database is told by the place where it stands)."""
    return {
        "id": t.id, "name": t.name, "engine": t.engine, "version": t.version,
        "columns": [_column_to_json(c) for c in t.columns],
        "indexes": [
            {"id": x.id, "name": x.name, "parts": [[p.column, p.prefix, p.descending] for p in x.parts],
             "unique": x.unique, "primary": x.primary, "kind": x.kind, "comment": x.comment, "using": x.using}
            for x in t.indexes
        ],
        "foreign_keys": [
            {"name": k.name, "columns": list(k.columns), "ref_db": k.ref_db, "ref_table": k.ref_table,
             "ref_columns": list(k.ref_columns), "on_delete": k.on_delete, "on_update": k.on_update,
             "on_delete_written": k.on_delete_written, "on_update_written": k.on_update_written}
            for k in t.foreign_keys
        ],
        "checks": [[c.name, c.expression, c.of_column] for c in t.checks],
        "charset": t.charset, "collation": t.collation, "comment": t.comment, "auto_increment": t.auto_increment,
        "row_format": t.row_format, "options": [list(o) for o in t.options],
    }


def table_from_json(data: dict[str, Any], db: str) -> TableDef:
    """The inverse of `table_to_json`."""
    return TableDef(
        id=data["id"], db=db, name=data["name"], engine=data["engine"], version=data["version"],
        columns=tuple(_column_from_json(c) for c in data["columns"]),
        indexes=tuple(
            IndexDef(x["id"], x["name"], tuple(IndexPart(*p) for p in x["parts"]), x["unique"], x["primary"], x["kind"],
                     x["comment"], x["using"])
            for x in data["indexes"]
        ),
        foreign_keys=tuple(
            ForeignKey(k["name"], tuple(k["columns"]), k["ref_db"], k["ref_table"], tuple(k["ref_columns"]), k["on_delete"],
                       k["on_update"], k["on_delete_written"], k["on_update_written"])
            for k in data["foreign_keys"]
        ),
        checks=tuple(Check(*c) for c in data["checks"]),
        charset=data["charset"], collation=data["collation"], comment=data["comment"],
        auto_increment=data["auto_increment"], row_format=data["row_format"],
        options=tuple((o[0], o[1]) for o in data["options"]),
    )
