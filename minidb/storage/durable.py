"""`Durable`: what makes a directory survive: its redo log, its doublewrite file, and the recovery at the start.

Opening an existing directory always recovers; after a clean shutdown there is nothing to do.  Each start gets an *epoch*, so that
groups left over from before a crash are never taken for the continuation of what is written after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from minidb.errors import SqlError
from minidb.storage.doublewrite import FILE_NAME as DOUBLEWRITE
from minidb.storage.doublewrite import Doublewrite
from minidb.storage.file import FileSystem, describe
from minidb.storage.log_files import DEFAULT_BYTES, START_LSN, LogFiles, file_name
from minidb.storage.page_writer import PageWriter
from minidb.storage.recovery import Recovery, RecoveryReport
from minidb.storage.redo import RedoLog

if TYPE_CHECKING:
    from minidb.scheduler import Scheduler
    from minidb.storage.buffer_pool import BufferPool

FILES = (file_name(0), file_name(1), DOUBLEWRITE)  # of a directory made with the defaults


class Durable:
    """redo, writer: attached to the pool.  report: what recovery did, None for a new directory."""

    __slots__ = ("doublewrite", "redo", "report", "writer")

    def __init__(self, redo: RedoLog, doublewrite: Doublewrite, writer: PageWriter, report: RecoveryReport | None) -> None:
        self.redo = redo
        self.doublewrite = doublewrite
        self.writer = writer
        self.report = report

    @classmethod
    def create(cls, fs: FileSystem, pool: BufferPool, scheduler: Scheduler, log_bytes: int = DEFAULT_BYTES) -> Durable:
        """Make the files of a new directory.  Raises 1005."""
        try:
            files = LogFiles.create(fs, log_bytes)
            doublewrite = Doublewrite.open(fs)
        except OSError as error:
            raise SqlError.text(1005, f"Can't create the redo log (errno: {describe(error)})") from error
        return cls._attach(pool, scheduler, files, doublewrite, START_LSN, 1, None)

    @classmethod
    def open(cls, fs: FileSystem, pool: BufferPool, scheduler: Scheduler, paths: Mapping[int, str],
             tell: Callable[[str], None] = lambda _: None, crashed: bool = False) -> Durable:
        """Open the files of a directory and bring its tablespaces (`paths`: space id -> path) to the end of the log.  crashed: it
        was not closed properly, so that table ids may be given out again and old copies of pages must not stay.  Raises
        OperationalError if the log is missing or damaged, CorruptPageError, 1024, 1026, 1114."""
        try:
            files = LogFiles.open(fs)
            doublewrite = Doublewrite.open(fs)
            report = Recovery(fs, files, doublewrite, paths, tell).run()
            epoch = max(report.epoch, files.checkpoint.epoch) + 1
            files.write_checkpoint(report.end, epoch)
            if crashed:
                doublewrite.clear()
        except OSError as error:
            raise SqlError.text(1016, f"Can't recover the database (errno: {describe(error)})") from error
        return cls._attach(pool, scheduler, files, doublewrite, report.end, epoch, report)

    @classmethod
    def _attach(cls, pool: BufferPool, scheduler: Scheduler, files: LogFiles, doublewrite: Doublewrite, lsn: int, epoch: int,
                report: RecoveryReport | None) -> Durable:
        redo = RedoLog(files, lsn, epoch, scheduler)
        writer = PageWriter(pool, redo, doublewrite, scheduler)
        pool.attach_redo(redo, writer=writer)
        return cls(redo, doublewrite, writer, report)

    def close(self) -> None:
        """Close the files; a checkpoint before makes the next start a short one."""
        self.redo.close()
        self.doublewrite.close()
