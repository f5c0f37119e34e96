"""`MergeSort`: records in key order with bounded memory, as InnoDB's index builds sort theirs (row0merge.cc).

Records are gathered up to a number of bytes, sorted, and written out as a *run*; in the end the runs are merged (heapq.merge).  If
there are more runs than a merge may read at once, groups of them are merged into longer runs first.  What fits into memory is never
written.

The file is called `#sort` and loses its name as soon as it is open, so that it vanishes with the process; a name that a crash left
is an orphan.  Its content:

    BLOCK    CRC-32 of the rest (4 bytes, little-endian) · length of the records in bytes (4) · records as the tree encodes them

Blocks of a run follow one another.
"""

from __future__ import annotations

import heapq
import struct
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice

from minidb.errors import SqlError
from minidb.storage.file import File, FileSystem, read_failed, write_failed
from minidb.storage.tree_spec import Key, Row, TreeSpec

FILE_NAME = "#sort"
BLOCK = 16384  # bytes of records after which a block is written
OVERHEAD = 200  # bytes that a decoded record takes in memory beside its own
LEAST = 2 * BLOCK
_HEADER = struct.Struct("<II")
Item = tuple[Key, Row]
Run = tuple[int, int]  # offsets in the file


class MergeSort:
    """One sort; a context manager, which gives the file back.

    spec: how records are encoded.  limit: bytes of memory for records.  fs: where runs go; None: everything stays in memory."""

    __slots__ = ("_bytes", "_file", "_items", "fs", "limit", "runs", "spec")

    def __init__(self, spec: TreeSpec, limit: int, fs: FileSystem | None) -> None:
        self.spec = spec
        self.limit = max(limit, LEAST)
        self.fs = fs
        self.runs: list[Run] = []
        self._items: list[Item] = []
        self._bytes = 0
        self._file: _Runs | None = None

    def __enter__(self) -> MergeSort:
        return self

    def __exit__(self, *_: object) -> None:
        self._items.clear()
        if self._file is not None:
            self._file.close()
            self._file = None

    def add(self, items: Iterable[Item]) -> None:
        """Take records in any order.  Raises 1026 or 1114 if a run cannot be written."""
        size, append = self.spec.size, self._items.append
        for item in items:
            append(item)
            self._bytes += size(item[1]) + OVERHEAD
            if self._bytes >= self.limit and self.fs is not None:
                self._spill(self.fs)

    def sorted(self) -> Iterator[Item]:
        """All records, by key; equal keys in the order in which they came.  Once only.  Raises 1024, 1026, 1114, 1877."""
        if self.fs is None or not self.runs:
            self._items.sort(key=_key)
            return iter(self._items)
        if self._items:
            self._spill(self.fs)
        fan_in = max(2, self.limit // BLOCK)
        while len(self.runs) > fan_in:
            self._shorten(self.fs, fan_in)
        assert self._file is not None
        return heapq.merge(*map(self._file.read, self.runs), key=_key)

    def _spill(self, fs: FileSystem) -> None:
        if self._file is None:
            self._file = _Runs(fs, self.spec)
        self._items.sort(key=_key)
        self.runs.append(self._file.write(self._items))
        self._items.clear()
        self._bytes = 0

    def _shorten(self, fs: FileSystem, fan_in: int) -> None:
        """One pass: groups of runs become one run each, in a new file."""
        old = self._file
        assert old is not None
        self._file = _Runs(fs, self.spec)
        try:
            waiting = iter(self.runs)
            self.runs = []
            while group := list(islice(waiting, fan_in)):
                self.runs.append(self._file.write(heapq.merge(*map(old.read, group), key=_key)))
        finally:
            old.close()

    def check(self) -> list[str]:
        """Broken invariants: runs that cannot be read or are not in order.  Empty: all is well."""
        problems: list[str] = []
        for number, run in enumerate(self.runs):
            assert self._file is not None
            keys = [key for key, _ in self._file.read(run)]
            problems += [f"run {number} is not in order at record {i}" for i in range(1, len(keys)) if keys[i] < keys[i - 1]]
        return problems

    def dump(self) -> str:
        """The runs and what is still in memory, for people."""
        lines = [f"run {number}: bytes {start} to {end}" for number, (start, end) in enumerate(self.runs)]
        return "\n".join([*lines, f"in memory: {len(self._items)} record(s), about {self._bytes} bytes of {self.limit}"])


def _key(item: Item) -> Key:
    return item[0]


class _Runs:
    """The file of a sort."""

    __slots__ = ("end", "file", "spec", "table")

    def __init__(self, fs: FileSystem, spec: TreeSpec) -> None:
        self.spec = spec
        self.table = spec.name.rpartition(".")[0]
        self.end = 0
        try:
            if fs.exists(FILE_NAME):
                fs.remove(FILE_NAME)
            self.file: File = fs.open(FILE_NAME, create=True)
            try:
                fs.remove(FILE_NAME)
            except BaseException:
                self.file.close()
                raise
        except OSError as error:
            raise write_failed(FILE_NAME, self.table, error) from error

    def write(self, items: Iterable[Item]) -> Run:
        """Append a run of records, which come in order."""
        start = self.end
        encode = self.spec.encode
        parts: list[bytes] = []
        size = 0
        for key, row in items:
            data = encode(key, row)
            parts.append(data)
            size += len(data)
            if size >= BLOCK:
                self._write_block(b"".join(parts))
                parts, size = [], 0
        if parts:
            self._write_block(b"".join(parts))
        return start, self.end

    def _write_block(self, body: bytes) -> None:
        length = len(body).to_bytes(4, "little")
        checksum = zlib.crc32(body, zlib.crc32(length))
        try:
            self.file.write_at(self.end, checksum.to_bytes(4, "little") + length + body)
        except OSError as error:
            raise write_failed(FILE_NAME, self.table, error) from error
        self.end += _HEADER.size + len(body)

    def read(self, run: Run) -> Iterator[Item]:
        """The records of a run; one block is in memory at a time, and one record of it is decoded."""
        offset, end = run
        decode = self.spec.decode
        while offset < end:
            body = self._read_block(offset)
            offset += _HEADER.size + len(body)
            at = 0
            while at < len(body):
                key, row, at = decode(body, at)
                yield key, row

    def _read_block(self, offset: int) -> bytes:
        try:
            header = self.file.read_at(offset, _HEADER.size)
            checksum, length = _HEADER.unpack(header)
            body = self.file.read_at(offset + _HEADER.size, min(length, self.end))
        except OSError as error:
            raise read_failed(FILE_NAME, error) from error
        except struct.error as error:
            raise self._damaged(offset) from error
        if len(body) != length or zlib.crc32(body, zlib.crc32(header[4:])) != checksum:
            raise self._damaged(offset)
        return body

    def _damaged(self, offset: int) -> Exception:
        return SqlError.of(1877, self.table, f"the block at offset {offset} of its sort file does not match its checksum")

    def close(self) -> None:
        """Give the file back."""
        self.file.close()
