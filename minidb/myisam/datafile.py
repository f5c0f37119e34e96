"""`DataFile`: the bytes of a .MYD file, kept in pages that carry a checksum.

The heap sees one run of bytes addressed from 0 (`read`, `write`).  On disk it is cut into pages of 16 KiB:

    OFFSET  SIZE   FIELD
    0       4      checksum      CRC-32 of bytes 4 .. 16383
    4       4      page          its number, counted from 0
    8       2      first_block   offset of the first heap block that begins in the payload, 0xFFFF = none (dynamic rows only)
    10      2      format        1 fixed rows, 2 dynamic rows
    12      4      magic         "mMYD"
    16      16368  payload

All numbers are little-endian.  Real MyISAM has no page checksums; they are here so that damage is noticed and named.  Behind the
last page an after-image may stand while the table is in use (`after_image`): then a killed process loses no page.
"""

from __future__ import annotations

import struct
import zlib

from minidb.errors import CorruptPageError, SqlError
from minidb.myisam import after_image
from minidb.storage.file import File, read_failed, write_failed
from minidb.storage.layout import Layout

PAGE_SIZE = 16384
HEADER_SIZE = 16
PAYLOAD = PAGE_SIZE - HEADER_SIZE
NO_BLOCK = 0xFFFF
MAGIC = b"mMYD"

_HEADER = struct.Struct("<IIHH4s")
_CHECKSUM = struct.Struct("<I")
PAGE_LAYOUT = Layout(_HEADER.format, "checksum page first_block format magic")
_WRITE_BATCH = 64  # pages sealed and written together
_KEPT = 4  # pages written last that stay in memory: the next statement often changes them again


def page_problem(page: bytes, no: int, fmt: int) -> str | None:
    """Why `page` cannot be page `no` of a file of format `fmt` (0: not known), None if it can."""
    if len(page) < PAGE_SIZE:
        return "page is missing or cut short"
    checksum, number, _, its_format, magic = _HEADER.unpack_from(page)
    computed = zlib.crc32(memoryview(page)[4:])
    if checksum != computed:
        return f"checksum does not match (stored {checksum:#010x}, computed {computed:#010x})"
    if number != no or magic != MAGIC or its_format != (fmt or its_format):
        return f"page says it is page {number} of a file of kind {magic!r}, format {its_format}"
    return None


class DataFile:
    """Checksummed bytes over `file`.  `table` is the name used in errors; `fmt` is 1 or 2.  guarded: pages are written so that a
    killed process loses none."""

    __slots__ = ("_behind", "_checksums", "_kept", "_made", "_old", "_pending", "_read_no", "_read_page", "file", "fmt", "guarded",
                 "table")

    def __init__(self, file: File, table: str, fmt: int) -> None:
        self.file = file
        self.table = table
        self.fmt = fmt
        self._pending: dict[int, bytearray] = {}
        self._old = -(-file.size() // PAGE_SIZE)  # pages below this were there at open
        self._made: dict[int, bool] = {}  # pages made since: was it written?
        self._kept: dict[int, bytearray] = {}
        self._behind = False  # something may stand behind the last page
        self.guarded = False
        self._read_no = -1
        self._read_page = b""
        self._checksums: dict[int, int] = {}  # page -> checksum of what was written last

    # ---- reading
    def has(self, no: int) -> bool:
        """Was page `no` ever written?  A page that changed rows will come to lie in may not have been."""
        return no < self._old or no in self._made

    def pages(self) -> int:
        """Number of pages up to the last one that was ever written."""
        return max(self._old, max(self._made, default=-1) + 1)

    def read(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset`.  Raises CorruptPageError for a damaged or missing page, 1024 when the disk fails."""
        no, start = divmod(offset, PAYLOAD)
        if start + size <= PAYLOAD:
            return bytes(self._page(no)[HEADER_SIZE + start : HEADER_SIZE + start + size])
        parts = []
        while size > 0:
            part = self._page(no)[HEADER_SIZE + start : min(PAGE_SIZE, HEADER_SIZE + start + size)]
            parts.append(part)
            size -= len(part)
            no, start = no + 1, 0
        return b"".join(parts)

    def first_block(self, no: int) -> int | None:
        """Offset (in the run of bytes) of the first heap block that begins in page `no`, None if there is none."""
        first = int.from_bytes(self._page(no)[8:10], "little")
        if first == NO_BLOCK:
            return None
        if first >= PAYLOAD:
            raise self.corrupt(no, "first block lies outside the page")
        return no * PAYLOAD + first

    def _page(self, no: int) -> bytes | bytearray:
        page = self._pending.get(no) or self._kept.get(no)
        if page is not None:
            return page
        if no == self._read_no:
            return self._read_page
        read = self._read_raw(no)
        self._verify(no, read)
        self._read_no, self._read_page = no, read
        return read

    def _read_raw(self, no: int) -> bytes:
        try:
            return self.file.read_at(no * PAGE_SIZE, PAGE_SIZE)
        except OSError as error:
            raise read_failed(self.file.name, error) from error

    def _verify(self, no: int, page: bytes) -> None:
        problem = page_problem(page, no, self.fmt)
        if problem is not None:
            raise self.corrupt(no, problem)
        (checksum,) = _CHECKSUM.unpack_from(page)
        if self._checksums.get(no, checksum) != checksum:
            raise self.corrupt(no, "page is older than what was written: a write was lost")

    def corrupt(self, no: int, why: str) -> CorruptPageError:
        """The error for damage in page `no`; the caller raises it."""
        error = CorruptPageError(1877, f"Table '{self.table}' is corrupt: page {no} of file '{self.file.name}': {why}")
        error.code, error.symbol = 1877, "ER_TABLE_CORRUPT"
        return error

    # ---- writing
    def write(self, offset: int, data: bytes) -> None:
        """Put `data` at `offset`; it reaches the file with `write_out` at the latest."""
        no, start = divmod(offset, PAYLOAD)
        done, size = 0, len(data)
        while done < size:
            step = min(size - done, PAYLOAD - start)
            page = self._writable(no, blank=step == PAYLOAD)
            page[HEADER_SIZE + start : HEADER_SIZE + start + step] = data[done : done + step]
            done += step
            no, start = no + 1, 0
        if len(self._pending) > _WRITE_BATCH:
            self.write_out()

    def set_first_block(self, no: int, offset: int | None) -> None:
        """Note in page `no` where its first heap block begins."""
        first = NO_BLOCK if offset is None else offset - no * PAYLOAD
        self._writable(no, blank=False)[8:10] = first.to_bytes(2, "little")

    def _writable(self, no: int, blank: bool) -> bytearray:
        page = self._pending.get(no)
        if page is None:
            page = self._kept.pop(no, None)
            if page is None:
                page = self._blank() if blank or not self.has(no) else bytearray(self._page(no))
            self._pending[no] = page
            if no >= self._old:
                self._made.setdefault(no, False)
        return page

    def _blank(self) -> bytearray:
        page = bytearray(PAGE_SIZE)
        _HEADER.pack_into(page, 0, 0, 0, NO_BLOCK, self.fmt, MAGIC)
        return page

    def write_out(self) -> None:
        """Seal the changed pages and hand them to the file.  Raises 1026 / 1114; they stay pending then."""
        self._read_no = -1
        numbers = sorted(self._pending)
        for no in numbers:
            self._seal(no, self._pending[no])
        try:
            if self.guarded:
                self._guard([no for no in numbers if no < self._old or self._made[no]])
            for no in numbers:
                self.file.write_at(no * PAGE_SIZE, bytes(self._pending[no]))
                self._written(no)
        except OSError as error:
            raise write_failed(self.file.name, self.table, error) from error

    def _seal(self, no: int, page: bytearray) -> None:
        page[4:8] = no.to_bytes(4, "little")
        page[0:4] = zlib.crc32(memoryview(page)[4:]).to_bytes(4, "little")

    def _guard(self, numbers: list[int]) -> None:
        """Write the after-image of pages that are in the file already."""
        if numbers:
            place = self.pages()
            self._behind = True
            self.file.write_at(place * PAGE_SIZE, after_image.encode(place, [(no, self._pending[no]) for no in numbers]))

    def _written(self, no: int) -> None:
        page = self._pending.pop(no)
        (self._checksums[no],) = _CHECKSUM.unpack_from(page)
        if no >= self._old:
            self._made[no] = True
        if self.guarded:
            self._kept[no] = page
            if len(self._kept) > _KEPT:
                del self._kept[next(iter(self._kept))]

    def forget(self, no: int) -> None:
        """Page `no` does not belong to the file any more, nor does any behind it."""
        self._read_no = -1
        self._pending.pop(no, None)
        self._made.pop(no, None)
        self._old = min(self._old, no)

    def trim(self) -> None:
        """Cut off what stands behind the last page.  Raises 1026."""
        try:
            if self._behind:
                self.file.truncate(self.pages() * PAGE_SIZE)
                self._behind = False
        except OSError as error:
            raise write_failed(self.file.name, self.table, error) from error

    def sync(self) -> None:
        """Make all that was written durable.  Raises 1026."""
        try:
            self.file.sync()
        except OSError as error:
            raise write_failed(self.file.name, self.table, error) from error

    def settle(self) -> None:
        """Of a file that a killed process left: take the pages of its after-image for those in their places, and what is behind for
        nothing.  They are not written back.  Raises 1024."""
        try:
            found = after_image.find(self.file)
        except OSError as error:
            raise read_failed(self.file.name, error) from error
        if found is not None:
            self._old, pages = found
            self._pending.update((no, bytearray(page)) for no, page in pages)

    def clear(self) -> None:
        """Remove all bytes.  Raises 1026."""
        self._read_no = -1
        self._pending.clear()
        self._kept.clear()
        self._made.clear()
        self._checksums.clear()
        self._old = 0
        try:
            self.file.truncate(0)
            self._behind = False
        except OSError as error:
            raise write_failed(self.file.name, self.table, error) from error

    def close(self) -> None:
        """Close the file; pending pages must have been written."""
        if self._pending:
            raise SqlError.of(1030, "unwritten pages at close", "MyISAM")
        self.file.close()
