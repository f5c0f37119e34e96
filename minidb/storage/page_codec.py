"""Pages to bytes and back.  README.md has the layouts as tables.

Every page starts with the same 64-byte header; its first field is the CRC-32 of all bytes behind it, so a flipped bit anywhere is
noticed, and page number and space id tell a page that was read from, or written to, the wrong place.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from minidb.errors import CorruptPageError, InternalError
from minidb.storage.layout import DECODE_ERRORS, Layout
from minidb.storage.page import CHILD_BYTES, PAGE_HEADER, PAGE_ROOM, PAGE_SIZE, RECORD_PREFIX, Page, PageKind

if TYPE_CHECKING:
    from minidb.storage.space import Tablespace

_HEADER = struct.Struct("<IIIHHQIIIHHQI")  # 52 bytes; 12 reserved bytes follow
PAGE_LAYOUT = Layout(_HEADER.format + "12s",
                     "checksum page space kind level lsn prev next tree count flags max_trx_id nbytes reserved")
_CRC = struct.Struct("<I")
_LENGTH = struct.Struct("<H")
_HAS_DELETED = 1

MAGIC = b"MINIDBTS"
FORMAT_VERSION = 1
EXTENTS_PER_DESCRIPTOR = 1024
_SPACE_HEADER = struct.Struct("<8sIIII")  # magic, version, descriptor pages, extents, length of meta
SPACE_LAYOUT = Layout(_SPACE_HEADER.format, "magic version descriptors extents meta_length")
_DESCRIPTOR = struct.Struct("<I")
DESCRIPTOR_LAYOUT = Layout(_DESCRIPTOR.format, "extents")
META_ROOM = PAGE_ROOM - _SPACE_HEADER.size - 8 * EXTENTS_PER_DESCRIPTOR
_to_json = json.JSONEncoder(separators=(",", ":")).encode  # made once: json.dumps makes one for each call


class PageCodec(Protocol):
    """Body of one kind of page.  `decode_body` gets the whole page; the body starts at PAGE_HEADER and is page.nbytes long."""

    def encode_body(self, page: Page) -> bytes: ...

    def decode_body(self, page: Page, data: bytes, count: int) -> None: ...


def pack_records(records: Iterable[bytes]) -> bytes:
    """The body of a leaf or an undo page: each record behind its length."""
    pack = _LENGTH.pack
    return b"".join([pack(len(record)) + record for record in records])


def unpack_records(data: bytes, offset: int, end: int) -> list[bytes]:
    """The records between `offset` and `end` of a page.  Raises ValueError if they do not fill it exactly."""
    places = record_places(data, offset, end)
    if (places[-1][0] + places[-1][1] if places else offset) != end:
        raise ValueError("records run past the end of the page")
    return [data[start : start + length] for start, length in places]


def record_places(data: bytes, offset: int, end: int, count: int = PAGE_SIZE) -> list[tuple[int, int]]:
    """(offset, length) of the records that follow one another from `offset` to `end`, `count` at the most; those that would run
    past `end` are left out, and all behind them."""
    places: list[tuple[int, int]] = []
    while offset + RECORD_PREFIX <= end and len(places) < count:
        (length,) = _LENGTH.unpack_from(data, offset)
        offset += RECORD_PREFIX
        if offset + length > end:
            break
        places.append((offset, length))
        offset += length
    return places


class IndexCodec:
    """B+ tree nodes: records by the tree's own codec; separators and child numbers."""

    def encode_body(self, page: Page) -> bytes:
        spec = page.space.trees[page.tree].spec
        if not page.level:
            return pack_records(map(spec.encode, page.keys, page.rows))
        children = struct.pack(f"<{len(page.children)}I", *page.children)
        return children + b"".join(map(spec.encode_key, page.keys))

    def decode_body(self, page: Page, data: bytes, count: int) -> None:
        state = page.space.trees[page.tree]
        spec = state.spec
        if page.no == page.tree:
            state.levels = page.level + 1
        offset = PAGE_HEADER
        keys = page.keys
        if page.level:
            page.children = list(struct.unpack_from(f"<{count + 1}I", data, offset))
            offset += CHILD_BYTES * (count + 1)
            for _ in range(count):
                key, offset = spec.decode_key(data, offset)
                keys.append(key)
            return
        rows, decode = page.rows, spec.decode
        for _ in range(count):
            (length,) = _LENGTH.unpack_from(data, offset)
            end = offset + RECORD_PREFIX + length
            key, row, offset = decode(data, offset + RECORD_PREFIX)
            if offset != end:
                raise ValueError(f"a record of {length} bytes ends elsewhere")
            keys.append(key)
            rows.append(row)


class RawCodec:
    """Pages whose body is a string of bytes (off-page values, and engine pages without a codec of their own)."""

    def encode_body(self, page: Page) -> bytes:
        return bytes(page.body or b"")

    def decode_body(self, page: Page, data: bytes, count: int) -> None:
        page.body = data[PAGE_HEADER : PAGE_HEADER + page.nbytes]


class HeaderCodec:
    """Page 0: what the file is, the bitmaps of its first extents (page.rows), the meta dictionary (page.body) as JSON."""

    def encode_body(self, page: Page) -> bytes:
        meta = encode_meta(page.body)
        fixed = _SPACE_HEADER.pack(MAGIC, FORMAT_VERSION, len(page.space.descriptors), len(page.rows), len(meta))
        return fixed + struct.pack(f"<{len(page.rows)}Q", *page.rows) + meta

    def decode_body(self, page: Page, data: bytes, count: int) -> None:
        magic, version, descriptors, extents, meta = _SPACE_HEADER.unpack_from(data, PAGE_HEADER)
        if magic != MAGIC or version != FORMAT_VERSION:
            raise ValueError(f"not a tablespace of format {FORMAT_VERSION}")
        offset = PAGE_HEADER + _SPACE_HEADER.size
        page.rows = list(struct.unpack_from(f"<{extents}Q", data, offset))
        offset += 8 * extents
        page.body = json.loads(data[offset : offset + meta])
        page.children = [0] * (descriptors - 1)  # how many more descriptor pages the opener has to read


class DescriptorCodec:
    """Bitmaps of further extents (page.rows)."""

    def encode_body(self, page: Page) -> bytes:
        return _DESCRIPTOR.pack(len(page.rows)) + struct.pack(f"<{len(page.rows)}Q", *page.rows)

    def decode_body(self, page: Page, data: bytes, count: int) -> None:
        (extents,) = _DESCRIPTOR.unpack_from(data, PAGE_HEADER)
        page.rows = list(struct.unpack_from(f"<{extents}Q", data, PAGE_HEADER + _DESCRIPTOR.size))


def encode_meta(meta: dict[str, Any]) -> bytes:
    """The meta dictionary as it stands in the header page."""
    return _to_json(meta).encode()


RAW_CODEC = RawCodec()
DEFAULT_CODECS: dict[int, PageCodec] = {
    PageKind.HEADER: HeaderCodec(),
    PageKind.DESCRIPTOR: DescriptorCodec(),
    PageKind.INDEX: IndexCodec(),
}


def encode_page(page: Page) -> bytes:
    """The 16 KiB of `page`.  Raises InternalError if its records do not fit: the accounting in nbytes was wrong."""
    body = page.space.codecs.get(page.kind, RAW_CODEC).encode_body(page)
    if len(body) > PAGE_ROOM:
        raise InternalError(1105, f"page {page.no} of '{page.space.path}' has {len(body)} bytes of records, room is {PAGE_ROOM}")
    used = page.nbytes if page.kind == PageKind.INDEX else len(body)
    header = _HEADER.pack(
        0, page.no, page.space.id, page.kind, page.level, page.lsn, page.prev, page.next, page.tree, len(page.keys),
        _HAS_DELETED if page.has_deleted else 0, page.max_trx_id, used,
    )
    rest = b"".join((header[4:], bytes(PAGE_HEADER - _HEADER.size), body, bytes(PAGE_ROOM - len(body))))
    return _CRC.pack(zlib.crc32(rest)) + rest


def corrupt(space: Tablespace, no: int, what: str) -> CorruptPageError:
    """1877 naming table, page and file; the caller raises it."""
    error = CorruptPageError(1877, f"Table '{space.table}' is corrupt: page {no} of file '{space.path}' {what}")
    error.code, error.symbol = 1877, "ER_TABLE_CORRUPT"
    error.__suppress_context__ = True  # that a frame was missing is no news to whoever reads the traceback
    return error


class PageFault(NamedTuple):
    """What is wrong with the bytes of a page.  what: 'length', 'checksum', 'page', 'space': of its header, or of the whole.
    stored, expected: what the file has, and what should be there."""

    what: str
    stored: int
    expected: int

    def __str__(self) -> str:
        if self.what == "length":
            return f"is cut short: {self.stored} of {self.expected} bytes"
        if self.what == "checksum":
            return "fails its checksum"
        if self.what == "page":
            return f"holds page {self.stored}"
        return f"belongs to tablespace {self.stored}, not {self.expected}"


def page_faults(data: bytes, no: int, space_id: int) -> Iterator[PageFault]:
    """Why `data` cannot be page `no` of tablespace `space_id` (0: not known); nothing if it can."""
    if len(data) != PAGE_SIZE:
        yield PageFault("length", len(data), PAGE_SIZE)
        return
    stored, number, space = _HEADER.unpack_from(data)[:3]
    computed = zlib.crc32(memoryview(data)[4:])
    if stored != computed:
        yield PageFault("checksum", stored, computed)
    if number != no:
        yield PageFault("page", number, no)
    if space != space_id and space_id:
        yield PageFault("space", space, space_id)


def verify_page(space: Tablespace, no: int, data: bytes) -> tuple[int, ...]:
    """The header fields of page `no`.  Raises CorruptPageError unless length, checksum, page number and space id are sound."""
    for fault in page_faults(data, no, space.id):
        raise corrupt(space, no, str(fault))
    return header_of(data)


def decode_page(space: Tablespace, no: int, data: bytes) -> Page:
    """Page `no` of `space` from its bytes.  Raises CorruptPageError unless they are sound; never returns half a page."""
    _, _, space_id, kind, level, lsn, prev, next_, tree, count, flags, max_trx_id, used = verify_page(space, no, data)
    space.id = space_id  # differs only while the header page of a file being opened introduces itself
    page = Page(space, no, kind, tree, level)
    page.lsn, page.prev, page.next, page.max_trx_id, page.nbytes = lsn, prev, next_, max_trx_id, used
    page.has_deleted = bool(flags & _HAS_DELETED)
    if kind == PageKind.INDEX and tree not in space.trees:
        raise corrupt(space, no, f"belongs to tree {tree}, which is not open")
    try:
        space.codecs.get(kind, RAW_CODEC).decode_body(page, data, count)
    except DECODE_ERRORS as error:
        raise corrupt(space, no, f"cannot be decoded ({error})") from error
    return page


def header_of(data: bytes) -> tuple[int, ...]:
    """(checksum, page, space, kind, level, lsn, prev, next, tree, count, flags, max_trx_id, nbytes) of a page's bytes."""
    header: tuple[int, ...] = _HEADER.unpack_from(data)
    return header


def lsn_of(data: bytes) -> int:
    """The LSN field of a page's bytes."""
    return int.from_bytes(data[16:24], "little")


def seal(header: tuple[int, ...], body: bytes) -> bytes:
    """A page of these header fields (its checksum is computed) and this body."""
    rest = b"".join((_HEADER.pack(*header)[4:], bytes(PAGE_HEADER - _HEADER.size), body, bytes(PAGE_ROOM - len(body))))
    return _CRC.pack(zlib.crc32(rest)) + rest


def bitmap_bit(data: bytes, place: int) -> bool:
    """Is the page used that comes `place` pages behind the header or descriptor page whose bytes are `data`?"""
    first, fixed = (_SPACE_HEADER, 3) if header_of(data)[3] == PageKind.HEADER else (_DESCRIPTOR, 0)
    extents = first.unpack_from(data, PAGE_HEADER)[fixed]
    start = PAGE_HEADER + first.size
    return place // 64 < extents and bool(data[start + place // 8] >> place % 8 & 1)


def split_header_page(data: bytes) -> tuple[bytes, bytes]:
    """(fixed fields and bitmaps, meta as JSON) of page 0.  Raises ValueError if it is no tablespace header."""
    magic, version, _, extents, meta = _SPACE_HEADER.unpack_from(data, PAGE_HEADER)
    if magic != MAGIC or version != FORMAT_VERSION:
        raise ValueError(f"not a tablespace of format {FORMAT_VERSION}")
    middle = PAGE_HEADER + _SPACE_HEADER.size + 8 * extents
    return data[PAGE_HEADER:middle], data[middle : middle + meta]
