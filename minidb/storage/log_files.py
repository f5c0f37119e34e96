"""`LogFiles`: the redo log's circular set of files, ``ib_logfile0``, ``ib_logfile1`` ...

    OFFSET  SIZE   FIELD
    0       8      magic "MINIDBRL"
    8       4      format version, 1
    12      4      number of files
    16      8      bytes of log in each file
    24      4      CRC-32 of bytes 0 .. 23
    512     28     checkpoint (first file only): 8 number, 8 lsn, 4 epoch, 4 zero, 4 CRC-32 of the 24 bytes before
    1024    28     the other checkpoint; the one with the higher number counts
    4096    ...    log

A log position (LSN) counts the bytes of all groups ever written, from 8192 on; byte LSN is at ``(LSN - 8192) mod (files x bytes)``
of the files' log areas laid end to end.  Files grow, in steps, as the log first passes through them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from minidb.errors import Error, OperationalError
from minidb.storage.file import File, FileSystem
from minidb.storage.redo_record import GROUP, MAX_GROUP, sound_group

MAGIC = b"MINIDBRL"
FORMAT = 1
START_LSN = 8192
AREA = 4096  # where the log begins in each file
STEP = 1 << 20  # bytes by which files grow
CHUNK = 1 << 16  # bytes of log read at once
SLOTS = (512, 1024)
_HEAD = struct.Struct("<8sIIQI")
_CHECKPOINT = struct.Struct("<QQIII")
DEFAULT_BYTES = 24 << 20
DEFAULT_FILES = 2
SMALLEST = 1 << 16


class Checkpoint(NamedTuple):
    """number: counts checkpoints.  lsn: every change before it is in the data files.  epoch: of the start that made it."""

    number: int
    lsn: int
    epoch: int


def file_name(index: int) -> str:
    """The name of log file `index`."""
    return f"ib_logfile{index}"


def damaged(what: str) -> Error:
    """1033: the log cannot be used; the caller raises it."""
    error = OperationalError(1033, f"The redo log '{file_name(0)}' is damaged: {what}")
    error.code, error.symbol = 1033, "ER_NOT_FORM_FILE"
    return error


class LogFiles:
    """The files, open.  capacity: bytes of log that fit.  Methods raise OSError where nothing else is said; no latch needed, one
    caller at a time."""

    def __init__(self, files: list[File], bytes_each: int, checkpoint: Checkpoint) -> None:
        self.files = files
        self.bytes_each = bytes_each
        self.capacity = bytes_each * len(files)
        self.checkpoint = checkpoint
        self._sizes = [file.size() for file in files]
        self._unsynced: set[int] = set()

    # ---- making and opening
    @classmethod
    def create(cls, fs: FileSystem, bytes_each: int = DEFAULT_BYTES, count: int = DEFAULT_FILES) -> LogFiles:
        """New, empty files; durable, but for their names, when this returns."""
        if bytes_each < SMALLEST or count < 1:
            raise ValueError(f"a redo log needs at least one file of {SMALLEST} bytes")
        files = [fs.open(file_name(i), create=True) for i in range(count)]
        head = _HEAD.pack(MAGIC, FORMAT, count, bytes_each, 0)[:24]
        for file in files:
            file.write_at(0, (head + zlib.crc32(head).to_bytes(4, "little")).ljust(AREA, b"\0"))
        log = cls(files, bytes_each, Checkpoint(0, START_LSN, 0))
        log.write_checkpoint(START_LSN, 1)
        for file in files[1:]:
            file.sync()
        return log

    @classmethod
    def open(cls, fs: FileSystem) -> LogFiles:
        """The existing files.  Raises OperationalError if they are missing or damaged."""
        files: list[File] = []
        try:
            count, bytes_each = 1, 0
            while len(files) < count:
                name = file_name(len(files))
                if not fs.exists(name):
                    raise damaged(f"'{name}' is missing")
                files.append(fs.open(name))
                head = files[-1].read_at(0, _HEAD.size).ljust(_HEAD.size, b"\0")
                magic, version, count, bytes_each, crc = _HEAD.unpack(head)
                if magic != MAGIC or version != FORMAT or crc != zlib.crc32(head[:24]):
                    raise damaged(f"the header of '{name}' is not sound")
            found = _newest_slot(files[0])
        except BaseException:
            for file in files:
                file.close()
            raise
        return cls(files, bytes_each, found)

    # ---- log
    def _pieces(self, lsn: int, size: int) -> Iterator[tuple[int, int, int]]:
        """(file, offset, bytes) of the places where `size` bytes from `lsn` on are."""
        place = (lsn - START_LSN) % self.capacity
        while size:
            index, offset = divmod(place, self.bytes_each)
            step = min(size, self.bytes_each - offset)
            yield index, AREA + offset, step
            size -= step
            place = (place + step) % self.capacity

    def write(self, lsn: int, data: bytes) -> None:
        """Write `data` at `lsn`; `sync` makes it durable."""
        done = 0
        for index, offset, step in self._pieces(lsn, len(data)):
            self._grow(index, offset + step)
            self._unsynced.add(index)
            self.files[index].write_at(offset, data[done : done + step])
            done += step

    def _grow(self, index: int, end: int) -> None:
        """Extend a file with zeros, so that later syncs need not change its size."""
        size = self._sizes[index]
        if end > size:
            wanted = min(AREA + self.bytes_each, -(-end // STEP) * STEP)
            self._unsynced.add(index)
            self.files[index].write_at(size, bytes(wanted - size))
            self._sizes[index] = wanted

    def sync(self) -> None:
        """Make everything written durable."""
        for index in sorted(self._unsynced):
            self.files[index].sync()
        self._unsynced.clear()

    def read(self, lsn: int, size: int) -> bytes:
        """`size` bytes from `lsn` on; fewer where a file has not grown that far."""
        return b"".join(self.files[index].read_at(offset, step) for index, offset, step in self._pieces(lsn, size))

    def groups(self, lsn: int | None = None, epoch: int = 0) -> Iterator[tuple[int, int, bytes]]:
        """(lsn, epoch, bytes) of every complete group from `lsn` on (the checkpoint, unless given), none older than `epoch`.  Ends
        after one round of the circle at the latest."""
        lsn = self.checkpoint.lsn if lsn is None else lsn
        end = lsn + self.capacity
        data, base = b"", lsn
        while lsn + GROUP.size <= end:
            found = _group_in(data, lsn - base, lsn, end)
            if found is None:  # it may go on behind the piece that was read, or have been written since
                data, base = self.read(lsn, min(CHUNK, end - lsn)), lsn
                length = _claimed(data, 0, lsn, end)
                if length > len(data):
                    data = self.read(lsn, length)
                found = _group_in(data, 0, lsn, end)
            if found is None or found[0] < epoch:
                return
            epoch, group = found
            yield lsn, epoch, group
            lsn += len(group)

    # ---- checkpoints
    def write_checkpoint(self, lsn: int, epoch: int) -> None:
        """From now on recovery begins at `lsn`.  Durable when this returns."""
        number = self.checkpoint.number + 1
        data = _CHECKPOINT.pack(number, lsn, epoch, 0, 0)[:24]
        self.files[0].write_at(SLOTS[number % 2], data + zlib.crc32(data).to_bytes(4, "little"))
        self.files[0].sync()
        self.checkpoint = Checkpoint(number, lsn, epoch)

    def reread_checkpoint(self) -> Checkpoint:
        """The newest checkpoint as it stands in the file now, where another process may have written it.  Raises
        OperationalError if none can be read."""
        self.checkpoint = _newest_slot(self.files[0])
        return self.checkpoint

    def close(self) -> None:
        """Idempotent."""
        for file in self.files:
            file.close()


def _claimed(data: bytes, at: int, lsn: int, end: int) -> int:
    """The length that the header of a group at `lsn` names, if it can be that: 0 if `data` holds no such header at offset `at`."""
    if at + GROUP.size > len(data):
        return 0
    length, _, own, _ = GROUP.unpack_from(data, at)
    return int(length) if own == lsn and GROUP.size <= length <= min(MAX_GROUP, end - lsn) else 0


def _group_in(data: bytes, at: int, lsn: int, end: int) -> tuple[int, bytes] | None:
    """(epoch, bytes) of the group at `lsn` if `data` holds all of it, sound, from offset `at` on."""
    length = _claimed(data, at, lsn, end)
    if not length or at + length > len(data):
        return None
    group = data[at : at + length]
    epoch = sound_group(group, lsn)
    return None if epoch is None else (epoch, group)


def _newest_slot(file: File) -> Checkpoint:
    slots = [_read_slot(file, offset) for offset in SLOTS]
    found = max((slot for slot in slots if slot is not None), default=None)
    if found is None:
        raise damaged("neither of its checkpoints can be read")
    return found


def _read_slot(file: File, offset: int) -> Checkpoint | None:
    data = file.read_at(offset, _CHECKPOINT.size)
    if len(data) < _CHECKPOINT.size:
        return None
    number, lsn, epoch, _, crc = _CHECKPOINT.unpack(data)
    return Checkpoint(number, lsn, epoch) if crc == zlib.crc32(data[:24]) and number else None
