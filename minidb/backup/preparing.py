"""Preparing a copy: it is opened once, which recovers it; crashed MyISAM tables are repaired; everything is checked."""

from __future__ import annotations

from collections.abc import Sequence

from minidb.backup.report import BackupReport
from minidb.catalog import TableDef
from minidb.database import Database
from minidb.errors import Error, SqlError
from minidb.scheduler import Scheduler
from minidb.storage.file import FileSystem

CHANGED = "was being changed while it was copied, or marked as crashed"
MOST = 5  # broken invariants named in the error


def prepare(work: FileSystem, marked: Sequence[TableDef], report: BackupReport, leaf_capacity: int,
            scheduler: Scheduler | None = None, name: str = "backup") -> None:
    """Make the copy in `work`, which people know as `name`, a database that was closed properly.  Raises what opening raises, 1877
    if it is not sound."""
    database = Database(name, file_system=work, leaf_capacity=leaf_capacity, purge="manual", scheduler=scheduler)
    try:
        report.rolled_back = len(database.recovery.innodb.rolled_back)
        for tdef in marked:
            report.warnings.append(_repair(database, tdef))
        wrong = database.check()
        if wrong:
            raise SqlError.text(1877, f"The copy is not sound: {'; '.join(wrong[:MOST])}")
    except BaseException:
        _give_up(database)
        raise
    database.close()


def _repair(database: Database, tdef: TableDef) -> str:
    """Repair a table that was copied while it changed; a sentence on what came of it."""
    repaired = database.myisam.repair_table(tdef)
    text = f"MyISAM table {tdef.db}.{tdef.name} {CHANGED}: repaired, {repaired.rows} rows kept"
    if repaired.duplicates:
        text += f", {repaired.duplicates} with duplicate keys left out"
    if repaired.lost_pages:
        text += f", {repaired.lost_pages} unreadable pages lost"
    return text


def _give_up(database: Database) -> None:
    try:
        database.close()
    except (Error, OSError):
        return  # the first error is told
