"""Making a backup: of a directory, whoever has it open, and of an open `Database`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from minidb.backup.copying import Copying
from minidb.backup.log_copy import renew_log
from minidb.backup.preparing import CHANGED, prepare
from minidb.backup.report import BackupReport
from minidb.backup.target import Target, not_empty
from minidb.dictionary import FILE_NAME, no_database
from minidb.errors import Error, SqlError
from minidb.scheduler import Scheduler, ThreadScheduler
from minidb.storage.file import FileSystem, RealFileSystem, write_failed
from minidb.storage.log_files import LogFiles
from minidb.storage.read_only import ReadOnlyFileSystem

if TYPE_CHECKING:
    from minidb.database import Database

CAPACITY = 256  # records of a leaf page, as Database has it
Hold = Callable[[], AbstractContextManager[None]]


def backup_directory(directory: str, target: str, *, prepared: bool = True, leaf_capacity: int = CAPACITY) -> BackupReport:
    """Copy the database in `directory` to `target`, which must not exist or be an empty directory.  The database may be open in
    another process, whose work goes on; it is only read.  prepared: recover and check the copy; else its first opening does.
    Raises 1033 (no database), 1007 (target), 1877 (damage), 1016, 1026, 1105; then there is no target."""
    if not os.path.isfile(os.path.join(directory, FILE_NAME)):
        raise no_database(f"'{directory}'")
    _keep_out(directory, target)
    return _to_directory(ReadOnlyFileSystem(directory), target, nullcontext, prepared, leaf_capacity)


def backup_database(database: Database, target: str, *, prepared: bool = True) -> BackupReport:
    """The same for an open database.  Its MyISAM tables are copied under the global read lock, together with the end of the redo
    log: statements that write wait for so long.  Raises also 1235 for a database in memory, 1205 if the global read lock is not
    to be had within lock_wait_timeout."""
    if database.durable is None:
        raise SqlError.of(1235, "backup of a database in memory")
    _keep_out(database.path, target)
    return _to_directory(database.fs, target, lambda: _standing_still(database), prepared, database.innodb.core.capacity)


def copy_database(source: FileSystem, target: FileSystem, *, hold: Hold = nullcontext, prepared: bool = True,
                  leaf_capacity: int = CAPACITY, scheduler: Scheduler | None = None, name: str = "backup") -> BackupReport:
    """Copy between two file systems; `target` is empty.  If that fails nothing that was made is left there (or nothing that a
    database would be taken for, if removing fails too).  Raises as above, and OSError."""
    made = Target(target)
    try:
        copying = Copying(source, made.work, hold=hold)
        copying.run()
        finish_copy(copying, made, prepared, leaf_capacity, scheduler, name)
    except BaseException:
        made.discard()
        raise
    return copying.report


def finish_copy(copying: Copying, made: Target, prepared: bool, leaf_capacity: int = CAPACITY,
                scheduler: Scheduler | None = None, name: str = "backup") -> None:
    """From a complete copy to a backup."""
    report = copying.report
    if prepared:
        prepare(made.work, copying.marked, report, leaf_capacity, scheduler, name)
        like = LogFiles.open(copying.source)
        try:
            renew_log(made.work, like)
        finally:
            like.close()
    else:
        report.warnings += [f"MyISAM table {t.db}.{t.name} {CHANGED}: it needs REPAIR TABLE" for t in copying.marked]
    report.nbytes = made.finish()


def _keep_out(directory: str, target: str) -> None:
    """Raises 1007 if `target` is inside the database's own directory."""
    own = os.path.realpath(directory)
    if os.path.commonpath((own, os.path.realpath(target))) == own:
        raise SqlError.text(1007, f"Can't create the backup: '{target}' is inside the database's own directory")


def _to_directory(source: FileSystem, target: str, hold: Hold, prepared: bool, leaf_capacity: int) -> BackupReport:
    clock = ThreadScheduler.now
    began = clock()
    try:
        existed = os.path.isdir(target)
        if os.path.lexists(target) and (not existed or os.listdir(target)):
            raise not_empty(f"'{target}'")
        if not existed:
            os.makedirs(target)
    except OSError as error:
        raise _failed(error, target) from error
    try:
        report = copy_database(source, RealFileSystem(target), hold=hold, prepared=prepared, leaf_capacity=leaf_capacity,
                               name=target)
        _sync_parent(target)
    except BaseException as error:
        if not existed:
            _remove_directory(target)
        if isinstance(error, OSError):
            raise _failed(error, target) from error
        raise
    report.seconds = clock() - began
    return report


def _sync_parent(target: str) -> None:
    """Make the name of the target durable."""
    RealFileSystem(os.path.dirname(os.path.abspath(target))).sync_dir("")


def _remove_directory(target: str) -> None:
    try:
        os.rmdir(target)
    except OSError:
        return  # it could not be emptied; it is no database


def _failed(error: OSError, target: str) -> Error:
    return write_failed(str(error.filename or target), target, error)


@contextmanager
def _standing_still(database: Database) -> Iterator[None]:
    """No definition changes and, where there are MyISAM tables, nobody writes; everything that happened is in the files."""
    session = database.session("backup")
    try:
        if any(tdef.engine == "MyISAM" for tdef in database.dictionary.all_tables()):
            database.metadata_locks.acquire_global_read(session.owner, session.lock_wait_seconds)
            database.myisam.flush()
        redo = database.durable.redo if database.durable is not None else None
        assert redo is not None
        with database.changing:
            redo.write_up_to(redo.lsn - 1)
            yield
    finally:
        session.close()
