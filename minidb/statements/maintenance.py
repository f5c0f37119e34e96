"""CHECK, ANALYZE, OPTIMIZE, REPAIR, CHECKSUM TABLE: one or more (Table, Op, Msg_type, Msg_text) rows for each table."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from minidb.catalog import TableDef
from minidb.engine import Row, Scan
from minidb.errors import Error, SqlError
from minidb.metadata_lock import EXCLUSIVE, SHARED_READ
from minidb.query import ast
from minidb.query.define.alter import alter_table as work_out
from minidb.query.look.virtual import BIG, LONG_TEXT, SYSTEM_DATABASES, text_type
from minidb.query.plan import ResultColumn
from minidb.statements.definitions import environment
from minidb.statements.result import Result
from minidb.statements.table_copy import alter
from minidb.statements.transactions import implicit_commit

if TYPE_CHECKING:
    from minidb.session import Session

COLUMNS = (ResultColumn("Table", text_type(128)), ResultColumn("Op", text_type(10)), ResultColumn("Msg_type", text_type(10)),
           ResultColumn("Msg_text", LONG_TEXT))
SUM_COLUMNS = (ResultColumn("Table", text_type(128)), ResultColumn("Checksum", BIG))
Message = tuple[str, str]
OK: Message = ("status", "OK")
UP_TO_DATE: Message = ("status", "Table is already up to date")
DAMAGED = frozenset((1194, 1877))  # the table itself is at fault


def maintain(session: Session, stmt: ast.TableMaintenance) -> Result:
    """Every table is treated by itself; what goes wrong with one is a row, not an error."""
    if stmt.what == "CHECKSUM":
        return Result(SUM_COLUMNS, [(_shown(session, t), _checksum(session, t)) for t in stmt.tables])
    implicit_commit(session)
    for ref in stmt.tables:
        db = ref.db or session.current_database()
        if db.lower() in SYSTEM_DATABASES and stmt.what != "CHECK":
            raise SqlError.of(1044, session.user, session.host, db)
    rows: list[Row] = []
    for ref in stmt.tables:
        shown = _shown(session, ref)
        rows += [(shown, stmt.what.lower(), kind, text) for kind, text in _treat(session, stmt, ref)]
    return Result(COLUMNS, rows)


def _shown(session: Session, ref: ast.TableRef) -> str:
    return f"{ref.db or session.current_database()}.{ref.name}"


def _treat(session: Session, stmt: ast.TableMaintenance, ref: ast.TableRef) -> Iterator[Message]:
    db = ref.db or session.current_database()
    locks = session.instance.metadata_locks
    exclusive = stmt.what in ("OPTIMIZE", "REPAIR")
    try:
        if (db, ref.name) not in session.temporary:
            if session.locked is None:
                mode = EXCLUSIVE if exclusive else SHARED_READ
                locks.acquire(session.owner, (db, ref.name), mode, session.lock_wait_seconds)
            else:
                session.locked.check_maintenance(db, ref.name, exclusive)
        yield from _WORK[stmt.what](session, db, ref.name, stmt)
    except Error as error:
        yield "Error", error.message
        yield ("error", "Corrupt") if error.code in DAMAGED else ("status", "Operation failed")
    finally:
        locks.release_transaction(session.owner)


def _definition(session: Session, db: str, name: str) -> TableDef:
    handle = session.temporary.get((db, name))
    if handle is not None:
        return handle.tdef
    found = session.instance.dictionary.find_table(db, name)
    if found is None:
        raise SqlError.of(1146, db, name)
    return found


def _check(session: Session, db: str, name: str, stmt: ast.TableMaintenance) -> Iterator[Message]:
    if db.lower() in SYSTEM_DATABASES:
        yield "note", "The storage engine for the table doesn't support check"
        return
    tdef = _definition(session, db, name)
    options = stmt.options
    if tdef.engine == "MyISAM":
        found = session.instance.myisam.check_table(tdef, "FAST" in options, "CHANGED" in options)
    else:
        found = session.open(db, name).check(extended="QUICK" not in options)
    if found.up_to_date:
        yield UP_TO_DATE
        return
    for warning in found.warnings:
        yield "warning", warning
    for message in found.messages:
        yield "error", message
    yield OK if found.ok else ("error", "Corrupt")


def _analyze(session: Session, db: str, name: str, stmt: ast.TableMaintenance) -> Iterator[Message]:
    tdef = _definition(session, db, name)
    if tdef.engine == "MyISAM" and not session.instance.myisam.analyze_table(tdef):
        yield UP_TO_DATE
        return
    session.open(db, name).stats()
    yield OK


def _optimize(session: Session, db: str, name: str, stmt: ast.TableMaintenance) -> Iterator[Message]:
    tdef = _definition(session, db, name)
    myisam = session.instance.myisam
    if tdef.engine == "InnoDB":
        yield "note", "Table does not support optimize, doing recreate + analyze instead"
    elif myisam.is_optimized(tdef):
        yield UP_TO_DATE
        return
    if not tdef.temporary:
        tree = ast.AlterTable(ast.TableRef(name, db), (ast.AlterAction("FORCE"),))
        references = session.instance.dictionary.references_to(db, name)
        alter(session, work_out(tdef, tree, environment(session, db), references))
    if tdef.engine == "MyISAM":
        myisam.note_optimized(_definition(session, db, name))
    yield OK


def _repair(session: Session, db: str, name: str, stmt: ast.TableMaintenance) -> Iterator[Message]:
    tdef = _definition(session, db, name)
    if tdef.engine != "MyISAM":
        yield "note", "The storage engine for the table doesn't support repair"
        return
    instance = session.instance
    instance.note_change()
    instance.forget_plans()
    repaired = instance.myisam.repair_table(tdef, "USE_FRM" in stmt.options)
    if repaired.lost_pages:
        yield "info", f"Found {repaired.lost_pages} pages of the data file that cannot be read"
    if repaired.duplicates:
        yield "info", f"Left out {repaired.duplicates} rows with duplicate keys"
    if repaired.rows_before is not None and repaired.rows_before != repaired.rows:
        yield "warning", f"Number of rows changed from {repaired.rows_before} to {repaired.rows}"
    yield OK


def _checksum(session: Session, ref: ast.TableRef) -> int | None:
    """CRC-32 over all rows as text, in storage order; NULL for a table that does not exist."""
    db = ref.db or session.current_database()
    try:
        handle = session.open(db, ref.name)
    except Error as error:
        session.warn("Error", error.code, error.message)
        return None
    trx = session.trx
    width = len(handle.tdef.columns)
    total = 0
    cursor = handle.scan(trx, Scan(None))
    while (batch := cursor.next_batch()) is not None:
        for row in batch:
            total = (total + zlib.crc32(repr(row[:width]).encode())) & 0xFFFFFFFF
        session.check_interrupted()
    cursor.close()
    if trx.autocommit and trx.active:
        session.instance.innodb.commit(trx)
    return total


_WORK = {"CHECK": _check, "ANALYZE": _analyze, "OPTIMIZE": _optimize, "REPAIR": _repair}
