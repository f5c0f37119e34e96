"""`LogReader`: follows a redo log that somebody else may be writing, in this process or another, without asking for anything.

The log is a circle.  Bytes from the newest checkpoint on are never written over, older ones may be at any time; a group says where
it belongs, so what was written over, or is being written, is not taken for a group.  Hence, where no group is found at the
reader's position: if the newest checkpoint is not beyond it, it is the present end of the log; if it is beyond it, and there is
still no group, the writer has gone round the circle and the reader has lost the chain (`Overrun`).
"""

from __future__ import annotations

from collections.abc import Iterator

from minidb.storage.file import FileSystem
from minidb.storage.log_files import LogFiles


class Overrun(Exception):
    """The log behind position `lsn` was written over before it was read."""

    def __init__(self, lsn: int) -> None:
        super().__init__(lsn)
        self.lsn = lsn


class LogReader:
    """files: open for reading.  start: the checkpoint at which reading began.  lsn: position of the next group to be read; epoch:
    of the last one."""

    __slots__ = ("epoch", "files", "lsn", "start")

    def __init__(self, files: LogFiles) -> None:
        self.files = files
        self.restart()

    @classmethod
    def open(cls, fs: FileSystem) -> LogReader:
        """The log of a directory, from its newest checkpoint on.  Raises OSError, OperationalError if it is missing or damaged."""
        return cls(LogFiles.open(fs))

    def restart(self) -> None:
        """Begin again at the newest checkpoint.  Raises OSError, OperationalError."""
        self.start = self.files.reread_checkpoint()
        self.lsn, self.epoch = self.start.lsn, self.start.epoch

    def follow(self) -> Iterator[bytes]:
        """The groups from here to the present end of the log.  Raises Overrun, OSError, OperationalError."""
        needed = -1
        while True:
            before = self.lsn
            for lsn, epoch, group in self.files.groups(before, self.epoch):
                self.lsn, self.epoch = lsn + len(group), epoch
                yield group
            if self.lsn == before and needed > before:
                raise Overrun(before)
            needed = self.files.reread_checkpoint().lsn
            if needed <= self.lsn:
                return

    def close(self) -> None:
        """Idempotent."""
        self.files.close()
