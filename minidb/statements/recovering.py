"""The start of a directory: its redo log is attached, and what a crash left is put in order.

Order: pending file operations, orphan files, torn pages and the redo log (storage/recovery), transactions that were running
(innodb/recovery).  Each step may be cut off by another crash and is done again then.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from minidb.dictionary import UnsureError
from minidb.errors import SqlError
from minidb.innodb.recovery import InnodbReport
from minidb.statements.table_files import Operation, perform, remove_orphans, remove_unfinished, spaces_of
from minidb.storage.durable import Durable
from minidb.storage.file import describe
from minidb.storage.recovery import RecoveryReport

if TYPE_CHECKING:
    from minidb.database import Database

PATIENCE = 1.0  # seconds after which people are told what takes so long


@dataclass(slots=True)
class RecoveryAccount:
    """What a start found and did.  clean: the directory had been closed properly.  pending: file operations of the last change of
    definitions that were finished.  orphans: files removed.  log: the redo log's part, None for a new directory.  innodb: the
    engine's.  seconds: of the whole."""

    clean: bool = True
    pending: list[Operation] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    log: RecoveryReport | None = None
    innodb: InnodbReport = field(default_factory=InnodbReport)
    seconds: float = 0.0


class Recovery:
    """One start.  told: a sentence for everything that was done.  account: the same as data."""

    def __init__(self, database: Database, verbose: bool) -> None:
        self.database = database
        self.verbose = verbose
        self.began = database.scheduler.now()
        self.told: list[str] = []
        self.account = RecoveryAccount()

    def tell(self, text: str) -> None:
        """Note what was done; people read it on stderr if they asked for it, or have to wait."""
        self.told.append(text)
        if self.verbose or self.database.scheduler.now() - self.began > PATIENCE:
            print(f"minidb: recovery of '{self.database.path}': {text}", file=sys.stderr)

    def open_log(self, fresh: bool, log_bytes: int) -> Durable:
        """The directory's log, attached to the pool; its tablespaces are at the end of it.  fresh: make it.  Raises 1016 and what
        `Durable.open` raises."""
        database = self.database
        fs, dictionary = database.fs, database.dictionary
        if fresh:
            remove_unfinished(fs)
            return Durable.create(fs, database.pool, database.scheduler, log_bytes)
        try:
            self._finish_files()
        except (OSError, UnsureError) as error:
            cause = error.cause if isinstance(error, UnsureError) else error
            raise SqlError.text(1016, f"Can't recover the database (errno: {describe(cause)})") from error
        durable = Durable.open(fs, database.pool, database.scheduler, spaces_of(dictionary), self.tell,
                               crashed=not dictionary.clean)
        report = self.account.log = durable.report
        assert report is not None
        for name, no in report.restored:
            self.tell(f"page {no} of '{name}' was torn, or older than its copy, and came from the doublewrite file")
        if report.groups:
            self.tell(f"redo log: {report.records - report.skipped} of {report.records} changes applied to "
                      f"{len(report.applied)} pages")
        return durable

    def _finish_files(self) -> None:
        """Finish the last change of definitions.  Raises OSError, UnsureError."""
        fs, dictionary, account = self.database.fs, self.database.dictionary, self.account
        account.clean, account.pending = dictionary.clean, list(dictionary.pending)
        perform(fs, dictionary.pending, self._left_to_do)
        if not dictionary.clean:
            for path in remove_orphans(fs, dictionary):
                account.orphans.append(path)
                self.tell(f"removed '{path}', which belongs to no table")

    def _left_to_do(self, pending: Sequence[Operation]) -> None:
        self.database.dictionary.pending = list(pending)
        self.database.dictionary.save()

    def recover_engines(self, crashed: bool) -> None:
        """Roll back what was running.  MyISAM has no recovery: its tables know by themselves that they are crashed."""
        database = self.database
        dictionary, innodb = database.dictionary, database.innodb
        for text in innodb.recover_tables(lambda: (t for t in dictionary.all_tables() if t.engine == "InnoDB"), crashed):
            self.tell(text)
        dictionary.next_table_id = max(dictionary.next_table_id, innodb.highest_table + 1)
        self._set_counters()
        self.account.innodb = innodb.recovered
        self.account.seconds = database.scheduler.now() - self.began

    def _set_counters(self) -> None:
        """AUTO_INCREMENT values that belong to a change of definitions, the last of its pending operations."""
        database = self.database
        for _, db, name, value in database.dictionary.pending:
            tdef = database.dictionary.table(db, name)
            database.engines[tdef.engine].open_table(tdef).set_auto_increment(int(value))
        if database.dictionary.pending:
            database.make_log_durable()
            self._left_to_do(())
