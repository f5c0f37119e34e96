"""`minidb backup` and `minidb recover`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from minidb.cli.failing import fail
from minidb.errors import Error, SqlError
from minidb.storage.file import describe

if TYPE_CHECKING:
    from minidb.database import Database


def run_backup(directory: str, target: str, prepare: bool, leaf_capacity: int) -> int:
    """Make a backup; the process's exit status."""
    from minidb.backup.backup import backup_directory

    try:
        report = backup_directory(directory, target, prepared=prepare, leaf_capacity=leaf_capacity)
    except Error as error:
        return fail(error)
    for warning in report.warnings:
        sys.stderr.write(f"warning: {warning}\n")
    sys.stdout.write(f"backup of '{directory}' in '{target}': {report.dump()}\n")
    return 0


def run_recover(directory: str, explain: bool, dry_run: bool, leaf_capacity: int) -> int:
    """Recover a directory; the process's exit status."""
    from minidb.statements import explaining_recovery

    try:
        with _opened(directory, dry_run, leaf_capacity) as database:
            told = explaining_recovery.explain(database) if explain else explaining_recovery.summary(database)
            for line in told:
                sys.stdout.write(line + "\n")
    except Error as error:
        return fail(error)
    except OSError as error:
        return fail(SqlError.of(1016, directory, describe(error)))
    if dry_run:
        sys.stdout.write("dry run: nothing was changed\n")
    return 0


@contextmanager
def _opened(directory: str, dry_run: bool, leaf_capacity: int) -> Iterator[Database]:
    """The database in `directory`, recovered; dry_run: with all changes in memory, and the owner kept out meanwhile."""
    from minidb.database import Database
    from minidb.dictionary import FILE_NAME, no_database
    from minidb.statements.table_files import LOCK_FILE
    from minidb.storage.overlay import OverlayFileSystem
    from minidb.storage.read_only import ReadOnlyFileSystem

    if not os.path.isfile(os.path.join(directory, FILE_NAME)):
        raise no_database(f"'{directory}'")
    with ExitStack() as stack:
        fs = None
        if dry_run:
            below = ReadOnlyFileSystem(directory)
            stack.callback(below.lock(LOCK_FILE).release)
            fs = OverlayFileSystem(below)
        yield stack.enter_context(Database(directory, file_system=fs, leaf_capacity=leaf_capacity, purge="manual"))
