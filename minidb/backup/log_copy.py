"""`LogCopy`: the redo log from one checkpoint on, copied while it is being written.

It is kept end to end in a file of its own, for it may become longer than the owner's circle; in the end it is put into log files
that are large enough.
"""

from __future__ import annotations

from collections.abc import Iterator

from minidb.errors import CorruptPageError
from minidb.storage.file import File, FileSystem, read_failed, write_failed
from minidb.storage.log_files import LogFiles
from minidb.storage.log_files import file_name as log_name
from minidb.storage.log_reader import LogReader
from minidb.storage.mtr import Op
from minidb.storage.redo_record import GROUP, Record, decode_group

FILE_NAME = "redo.copy"
ROOM = 2  # the new log files hold this many times what was copied, so that recovery and rollback have room

CHUNK = 1 << 16  # bytes of log copied at once


class LogCopy:
    """reader: where the log comes from.  nbytes: copied."""

    __slots__ = ("_file", "nbytes", "reader", "target")

    def __init__(self, reader: LogReader, target: FileSystem) -> None:
        self.reader = reader
        self.target = target
        self.nbytes = 0
        try:
            self._file: File = target.open(FILE_NAME, create=True)
        except BaseException:
            reader.close()
            raise

    @property
    def end(self) -> int:
        """Log position behind what was copied."""
        return self.reader.lsn

    def restart(self) -> None:
        """Begin anew at the newest checkpoint.  Raises OSError, OperationalError."""
        self._file.truncate(0)
        self.nbytes = 0
        self.reader.restart()

    def follow(self) -> None:
        """Copy what has been written since.  Raises Overrun, OperationalError, 1024, 1026, 1114."""
        waiting: list[bytes] = []
        size = 0
        try:
            for group in self.reader.follow():
                waiting.append(group)
                size += len(group)
                if size > CHUNK:
                    self._append(waiting)
                    waiting, size = [], 0
        except OSError as error:
            raise read_failed(log_name(0), error) from error
        self._append(waiting)

    def _append(self, groups: list[bytes]) -> None:
        if groups:
            data = b"".join(groups)
            try:
                self._file.write_at(self.nbytes, data)
            except OSError as error:
                raise write_failed(FILE_NAME, FILE_NAME, error) from error
            self.nbytes += len(data)

    def records(self) -> Iterator[Record]:
        """Every record copied, in order.  Raises OSError, CorruptPageError."""
        offset = 0
        while offset < self.nbytes:
            length, _, lsn, _ = GROUP.unpack(self._file.read_at(offset, GROUP.size))
            try:
                yield from decode_group(self._file.read_at(offset, length))
            except ValueError as error:
                raise CorruptPageError(1877, f"the redo log cannot be read at position {lsn}: {error}") from error
            offset += length

    def restored(self) -> tuple[set[tuple[int, int]], dict[tuple[int, int], bytes]]:
        """(pages, as (space, number), that need not be readable because the log brings the whole of them, or gives them back;
        the last image of each page that the log brings)."""
        first: dict[tuple[int, int], int] = {}
        images: dict[tuple[int, int], bytes] = {}
        for record in self.records():
            where = record.space, record.page
            if record.op == Op.FREE:
                first[where] = Op.FREE
            elif first.setdefault(where, record.op) == Op.FREE:
                first[where] = record.op
            if record.op == Op.IMAGE:
                images[where] = record.data
        return {where for where, op in first.items() if op in (Op.IMAGE, Op.FREE)}, images

    def finish(self) -> None:
        """Make log files of it, durable but for their names.  Raises OSError."""
        like = self.reader.files
        count = len(like.files)
        log = LogFiles.create(self.target, max(like.bytes_each, -(-ROOM * self.nbytes // count)), count)
        try:
            start = self.reader.start
            log.write_checkpoint(start.lsn, start.epoch)
            for offset in range(0, self.nbytes, CHUNK):
                log.write(start.lsn + offset, self._file.read_at(offset, min(CHUNK, self.nbytes - offset)))
            log.sync()
        finally:
            log.close()
        self.target.remove(FILE_NAME)

    def close(self) -> None:
        """Idempotent."""
        self._file.close()
        self.reader.close()


def renew_log(fs: FileSystem, like: LogFiles) -> None:
    """Give the closed, clean directory `fs` log files of the size of `like` instead of longer ones.  Raises OSError."""
    old = LogFiles.open(fs)
    old.close()
    if old.bytes_each == like.bytes_each:
        return
    for index in range(len(old.files)):
        fs.remove(log_name(index))
    log = LogFiles.create(fs, like.bytes_each, len(like.files))
    log.write_checkpoint(old.checkpoint.lsn, old.checkpoint.epoch)
    log.close()
    fs.sync_dir("")
