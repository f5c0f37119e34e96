"""Redo records as bytes.  A *group* holds the records of one mini-transaction: it is applied as a whole or not at all.

Group

    OFFSET  SIZE   FIELD
    0       4      length        of the group, this header included
    4       4      checksum      CRC-32 of the bytes from offset 8 to the end
    8       8      lsn           the group's position in the stream of all groups
    16      4      epoch         number of the start of the database that wrote it
    20      ...    records

Record

    OFFSET  SIZE   FIELD
    0       1      operation     `mtr.Op`
    1       4      space         id of the tablespace
    5       4      page          number of the page
    9       1      flags         of the page afterwards (1: a record may be delete-marked)
    10      8      max_trx_id    of the page afterwards
    18      8      before        LSN of the page before the group (0 in IMAGE and FREE)
    26      ...    data          by operation
                     INSERT, REPLACE   2 position, 2 length, the record
                     DELETE, CUT       2 position
                     META              4 length, JSON of [name, value]
                     IMAGE             4 length, the page without the zeros at its end
                     FREE              nothing

Positions count records.  They are exact: a record is applied to the very state of the page that it was made for.  `before` names
that state, so that a page whose last write was lost is not taken for it (as previousPageLSN does in SQL Server's log).
"""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any, NamedTuple

from minidb.storage.layout import Layout
from minidb.storage.mtr import Op
from minidb.storage.page import Page, PageKind
from minidb.types.atoms import encode_atoms

GROUP = struct.Struct("<IIQI")
_GROUP_FRONT = struct.Struct("<II")
_GROUP_TAIL = struct.Struct("<QI")
RECORD = struct.Struct("<BIIBQQ")
_PLACE = struct.Struct("<BIIBQQHH")
_POSITION = struct.Struct("<H")
_PLACE_TAIL = struct.Struct("<HH")
_LENGTH = struct.Struct("<I")
MAX_GROUP = 1 << 31
GROUP_LAYOUT = Layout(GROUP.format, "length checksum lsn epoch")
RECORD_LAYOUT = Layout(RECORD.format, "operation space page flags max_trx_id before")


class Record(NamedTuple):
    """One decoded redo record.  position: of INSERT, REPLACE, DELETE, CUT.  data: record, JSON or image.  before: LSN that the page
    must have had, but for those and FREE."""

    op: int
    space: int
    page: int
    has_deleted: bool
    max_trx_id: int
    position: int = 0
    data: bytes = b""
    before: int = 0


def encode_change(op: int, page: Page, payload: Any) -> bytes:
    """One announced change of `page`, which has been made by now."""
    space = page.space
    if op <= Op.REPLACE:
        position, key, row = payload
        data = space.trees[page.tree].spec.encode(key, row) if page.kind == PageKind.INDEX else encode_atoms(row)
        return _PLACE.pack(op, space.id, page.no, page.has_deleted, page.max_trx_id, page.lsn, position, len(data)) + data
    head = RECORD.pack(op, space.id, page.no, page.has_deleted, page.max_trx_id, page.lsn)
    if op == Op.META:
        data = json.dumps(payload, separators=(",", ":")).encode()
        return head + _LENGTH.pack(len(data)) + data
    return head + _POSITION.pack(payload)


def encode_image(page: Page, image: bytes) -> bytes:
    """The whole of `page`, whose bytes are `image`."""
    data = image.rstrip(b"\0")
    return RECORD.pack(Op.IMAGE, page.space.id, page.no, page.has_deleted, page.max_trx_id, 0) + _LENGTH.pack(len(data)) + data


def encode_free(page: Page) -> bytes:
    """`page` has been given back."""
    return RECORD.pack(Op.FREE, page.space.id, page.no, 0, 0, 0)


def encode_group(lsn: int, epoch: int, records: list[bytes]) -> bytes:
    """The group of one mini-transaction."""
    rest = _GROUP_TAIL.pack(lsn, epoch) + b"".join(records)
    return _GROUP_FRONT.pack(_GROUP_FRONT.size + len(rest), zlib.crc32(rest)) + rest


def sound_group(data: bytes, lsn: int) -> int | None:
    """The epoch of the group `data` if it is complete and belongs at `lsn`, else None."""
    length, crc, own, epoch = GROUP.unpack_from(data)
    if length != len(data) or own != lsn or crc != zlib.crc32(memoryview(data)[8:]):
        return None
    return int(epoch)


def decode_group(data: bytes) -> list[Record]:
    """The records of a sound group.  Raises ValueError for bytes that a sound group cannot hold."""
    records: list[Record] = []
    offset = GROUP.size
    try:
        while offset < len(data):
            op, space, page, flags, max_trx_id, before = RECORD.unpack_from(data, offset)
            offset += RECORD.size
            position, payload = 0, b""
            if op <= Op.REPLACE:
                position, length = _PLACE_TAIL.unpack_from(data, offset)
                offset += _PLACE_TAIL.size
                payload = data[offset : offset + length]
                offset += length
            elif op in (Op.DELETE, Op.CUT):
                (position,) = _POSITION.unpack_from(data, offset)
                offset += _POSITION.size
            elif op in (Op.META, Op.IMAGE):
                (length,) = _LENGTH.unpack_from(data, offset)
                offset += _LENGTH.size
                payload = data[offset : offset + length]
                offset += length
            elif op != Op.FREE:
                raise ValueError(f"unknown redo operation {op}")
            records.append(Record(op, space, page, bool(flags), max_trx_id, position, payload, before))
    except struct.error as error:
        raise ValueError(f"redo group cannot be decoded: {error}") from error
    if offset != len(data):
        raise ValueError("redo group runs past its end")
    return records
