"""`LogFiles`: the redo log's circular set of files, ``ib_logfile0``, ``ib_logfile1`` ...

    OFFSET  SIZE   FIELD
    0       8      magic         "MINIDBRL"
    8       4      version       of the format, 1
    12      4      files         number of files
    16      8      bytes         of log in each file
    24      4      checksum      CRC-32 of bytes 0 .. 23
    512     28     checkpoint    in the first file only
    1024    28     checkpoint    the other one; the one with the higher number counts
    4096    ...    log

Checkpoint

    OFFSET  SIZE   FIELD
    0       8      number        counts checkpoints; 0: none was written here yet
    8       8      lsn           every change before it is in the data files
    16      4      epoch         number of the start of the database that made it
    20      4      zero
    24      4      checksum      CRC-32 of the 24 bytes before

A log position (LSN) counts the bytes of all groups ever written, from 8192 on; byte LSN is at ``(LSN - 8192) mod (files x bytes)``
of the files' log areas laid end to end.  Files grow, in steps, as the log first passes through them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from minidb.errors import Error, SqlError
from minidb.storage.file import File, FileSystem
from minidb.storage.layout import Field, Layout
from minidb.storage.redo_record import GROUP, MAX_GROUP, sound_group

MAGIC = b"MINIDBRL"
FORMAT = 1
START_LSN = 8192
AREA = 4096  # where the log begins in each file
STEP = 1 << 20  # bytes by which files grow
SLOTS = (512, 1024)
_HEAD = struct.Struct("<8sIIQI")
HEAD_LAYOUT = Layout(_HEAD.format, "magic version files bytes checksum")
_CHECKPOINT = struct.Struct("<QQIII")
CHECKPOINT_LAYOUT = Layout(_CHECKPOINT.format, "number lsn epoch zero checksum")
DEFAULT_BYTES = 24 << 20
DEFAULT_FILES = 2
SMALLEST = 1 << 16


class Checkpoint(NamedTuple):
    """number: counts checkpoints.  lsn: every change before it is in the data files.  epoch: of the start that made it."""

    number: int
    lsn: int
    epoch: int


class LogHead(NamedTuple):
    """The header of a log file.  bytes_each: bytes of log in each of `files` files.  sound: it can be believed."""

    files: int
    bytes_each: int
    sound: bool


class LogEnd(NamedTuple):
    """Where the log ends, and why.  why: 'end' (nothing was written there yet), 'earlier round' (the log has been written over up
    to here), 'earlier start' (left over from before a crash), 'torn' (a group is not whole), 'full' (read once round)."""

    lsn: int
    why: str
    detail: str


def file_name(index: int) -> str:
    """The name of log file `index`."""
    return f"ib_logfile{index}"


def damaged(what: str) -> Error:
    """1033: the log cannot be used; the caller raises it."""
    return SqlError.text(1033, f"The redo log '{file_name(0)}' is damaged: {what}")


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
                count, bytes_each, sound = read_head(files[-1])
                if not sound:
                    raise damaged(f"the header of '{name}' is not sound")
            found = newest_slot(files[0])
        except BaseException:
            for file in files:
                file.close()
            raise
        return cls(files, bytes_each, found)

    @classmethod
    def salvage(cls, fs: FileSystem) -> LogFiles | None:
        """The existing files, to be looked at, whatever their headers say; None if there are none.  A damaged header is replaced by
        that of another file, or by the defaults; without a sound checkpoint the log begins at its first byte."""
        files: list[File] = []
        while fs.exists(file_name(len(files))):
            files.append(fs.open(file_name(len(files))))
        if not files:
            return None
        heads = [head for head in map(read_head, files) if head.sound and head.bytes_each]
        bytes_each = heads[0].bytes_each if heads else DEFAULT_BYTES
        return cls(files, bytes_each, max(_slots(files[0]), default=Checkpoint(0, START_LSN, 0)))

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
        index, offset = divmod((lsn - START_LSN) % self.capacity, self.bytes_each)
        if AREA + offset + len(data) <= self._sizes[index]:  # nearly always: in one piece, where the file has grown to
            self._unsynced.add(index)
            self.files[index].write_at(AREA + offset, data)
            return
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
        unsynced = self._unsynced
        for index in sorted(unsynced) if len(unsynced) > 1 else unsynced:
            self.files[index].sync()
        unsynced.clear()

    def read(self, lsn: int, size: int) -> bytes:
        """`size` bytes from `lsn` on; fewer where a file has not grown that far."""
        return b"".join(self.files[index].read_at(offset, step) for index, offset, step in self._pieces(lsn, size))

    def groups(self, lsn: int | None = None, epoch: int = 0) -> Iterator[tuple[int, int, bytes]]:
        """(lsn, epoch, bytes) of every complete group from `lsn` on (the checkpoint, unless given), none older than `epoch`.  Ends
        after one round of the circle at the latest."""
        start = self.checkpoint.lsn if lsn is None else lsn
        return (found for found in self.scan(start, epoch) if not isinstance(found, LogEnd))

    def scan(self, lsn: int, epoch: int = 0) -> Iterator[tuple[int, int, bytes] | LogEnd]:
        """The same from `lsn` on; in the end, where and why there is no other group."""
        end = lsn + self.capacity
        while True:
            found = self._group_at(lsn, epoch, end)
            yield found
            if isinstance(found, LogEnd):
                return
            epoch = found[1]
            lsn += len(found[2])

    def _group_at(self, lsn: int, epoch: int, end: int) -> tuple[int, int, bytes] | LogEnd:
        """The group at `lsn`, of a start not before `epoch`; the log has been read once round at `end`."""
        if lsn + GROUP.size > end:
            return LogEnd(lsn, "full", "the log has been read once round")
        head = self.read(lsn, GROUP.size)
        if len(head) < GROUP.size or not any(head):
            return LogEnd(lsn, "end", "nothing was written there yet")
        length, _, own, its_epoch = GROUP.unpack(head)
        if own != lsn:
            return LogEnd(lsn, "earlier round", f"what is there says it is at {own}")
        if its_epoch < epoch:
            return LogEnd(lsn, "earlier start", f"the group there is of epoch {its_epoch}, the one before of epoch {epoch}")
        if not GROUP.size <= length <= min(MAX_GROUP, end - lsn):
            return LogEnd(lsn, "torn", f"a group of {length} bytes cannot be there")
        data = self.read(lsn, length)
        if len(data) != length:
            return LogEnd(lsn, "torn", f"{len(data)} of {length} bytes of the group are there")
        if sound_group(data, lsn) is None:
            return LogEnd(lsn, "torn", f"the group of {length} bytes fails its checksum")
        return lsn, its_epoch, data

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
        self.checkpoint = newest_slot(self.files[0])
        return self.checkpoint

    def close(self) -> None:
        """Idempotent."""
        for file in self.files:
            file.close()


def read_head(file: File) -> LogHead:
    """The header of a log file."""
    data = file.read_at(0, _HEAD.size).ljust(_HEAD.size, b"\0")
    magic, version, count, bytes_each, crc = _HEAD.unpack(data)
    return LogHead(count, bytes_each, magic == MAGIC and version == FORMAT and crc == zlib.crc32(data[:24]))


def head_fields(file: File) -> list[Field]:
    """The fields of the header of a log file, as they stand there."""
    return HEAD_LAYOUT.read(file.read_at(0, _HEAD.size))


def newest_slot(file: File) -> Checkpoint:
    """The checkpoint that counts.  Raises OperationalError if neither can be read."""
    found = max(_slots(file), default=None)
    if found is None:
        raise damaged("neither of its checkpoints can be read")
    return found


def read_slot(file: File, offset: int) -> Checkpoint | None:
    """The checkpoint at `offset`, None if there is none or it is not sound."""
    data = file.read_at(offset, _CHECKPOINT.size)
    if len(data) < _CHECKPOINT.size:
        return None
    number, lsn, epoch, _, crc = _CHECKPOINT.unpack(data)
    return Checkpoint(number, lsn, epoch) if crc == zlib.crc32(data[:24]) and number else None


def _slots(file: File) -> list[Checkpoint]:
    return [slot for slot in (read_slot(file, offset) for offset in SLOTS) if slot is not None]


def slot_fields(file: File, offset: int) -> list[Field]:
    """The fields of the checkpoint at `offset`, as they stand there."""
    data = file.read_at(offset, _CHECKPOINT.size)
    return [field._replace(offset=field.offset + offset) for field in CHECKPOINT_LAYOUT.read(data)]
