"""Which tables a dump is of: databases and their tables by name, in the order of the dump."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from minidb.database import Database
from minidb.dictionary import DatabaseDef
from minidb.errors import SqlError

Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Selected:
    """One database of a dump.  names: of its tables.  named: CREATE DATABASE and USE come before them."""

    database: DatabaseDef
    names: tuple[str, ...]
    named: bool


def select(database: Database, db: str | None, tables: Sequence[str], databases: Sequence[str] | None,
           ignored: Container[Name]) -> list[Selected]:
    """Either all or some `tables` of one `db`; or `databases`; or, if neither is given, all databases.  Tables come by name, those
    that were asked for as they were asked for.  Raises 1049, 1146."""
    schemas = database.dictionary
    if db is not None:
        schema = schemas.database(db)
        for name in tables:
            if name not in schema.tables:
                raise SqlError.of(1146, db, name)
        return [Selected(schema, _without(db, tables or schemas.tables(db), ignored), False)]
    chosen = schemas.databases() if databases is None else databases
    return [Selected(schemas.database(one), _without(one, schemas.tables(one), ignored), True) for one in chosen]


def _without(db: str, names: Sequence[str], ignored: Container[Name]) -> tuple[str, ...]:
    return tuple(name for name in names if (db, name) not in ignored)
