"""`RawPage`: a page as the redo log sees it, without knowing what its records mean.

Leaves and undo pages are lists of byte strings, the header page is its bitmaps and its meta dictionary; any other page changes as a
whole only.
"""

from __future__ import annotations

import json
import struct

from minidb.storage.mtr import Op
from minidb.storage.page import PAGE_HEADER, PAGE_SIZE, PageKind
from minidb.storage.page_codec import encode_meta, header_of, pack_records, record_places, seal, split_header_page, unpack_records
from minidb.storage.redo_record import Record

PAGE, LSN, KIND, LEVEL, TREE, COUNT, FLAGS, MAX_TRX_ID, NBYTES = 1, 5, 3, 4, 8, 9, 10, 11, 12


class RawPage:
    """One page.  data: its bytes, up to date unless changed.  lsn: position of the last group applied to it."""

    __slots__ = ("changed", "data", "header", "lsn", "meta", "records")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.header = list(header_of(data))
        self.lsn = self.header[LSN]
        self.changed = False
        self.records: list[bytes] | None = None
        self.meta: dict[str, object] | None = None

    @classmethod
    def from_image(cls, image: bytes) -> RawPage:
        """A page from a redo image, whose zeros at the end are cut off."""
        made = cls(image.ljust(PAGE_SIZE, b"\0"))
        made.changed = True
        return made

    def _list(self) -> list[bytes]:
        """The records.  Raises ValueError for a page that has none."""
        if self.records is None:
            kind, level = self.header[KIND], self.header[LEVEL]
            if level or kind not in (PageKind.INDEX, PageKind.UNDO):
                raise ValueError(f"a record change on a page of kind {kind}, level {level}")
            end = PAGE_HEADER + self.header[NBYTES]
            if kind == PageKind.INDEX:  # nbytes is an upper bound there: count the records
                self.records = _first_records(self.data, self.header[COUNT])
            else:
                self.records = unpack_records(self.data, PAGE_HEADER, end)
        return self.records

    def apply(self, record: Record) -> None:
        """Make one change.  Raises ValueError if the page cannot be what the record was made for."""
        op = record.op
        self.changed = True
        if op == Op.META:
            self._set_meta(record)
            return
        records = self._list()
        at = record.position
        if at > len(records) or (at == len(records) and op in (Op.REPLACE, Op.DELETE)):
            raise ValueError(f"redo names record {at} of {len(records)}")
        if op == Op.INSERT:
            records.insert(at, record.data)
        elif op == Op.REPLACE:
            records[at] = record.data
        elif op == Op.DELETE:
            del records[at]
        else:
            del records[at:]
        self.header[FLAGS] = int(record.has_deleted)
        self.header[MAX_TRX_ID] = record.max_trx_id

    def _set_meta(self, record: Record) -> None:
        if self.header[KIND] != PageKind.HEADER:
            raise ValueError("a change of meta on a page that is no header")
        if self.meta is None:
            self.meta = json.loads(split_header_page(self.data)[1])
        name, value = json.loads(record.data)
        if value is None:
            self.meta.pop(name, None)
        else:
            self.meta[name] = value

    def encode(self) -> bytes:
        """The page's bytes, with its LSN and checksum."""
        if not self.changed:
            return self.data
        body = self.data[PAGE_HEADER:]
        header = self.header
        if self.records is not None:
            body = pack_records(self.records)
            if header[KIND] == PageKind.INDEX:
                header[COUNT] = len(self.records)
            header[NBYTES] = len(body)
        elif self.meta is not None:
            body = _with_meta(split_header_page(self.data)[0], self.meta)
            header[NBYTES] = len(body)
        header[LSN] = self.lsn
        self.data = seal(tuple(header), body)
        self.changed = False
        return self.data


def _first_records(data: bytes, count: int) -> list[bytes]:
    places = record_places(data, PAGE_HEADER, len(data), count)
    if len(places) != count:
        raise ValueError("records run past the end of the page")
    return [data[start : start + length] for start, length in places]


def _with_meta(before: bytes, meta: dict[str, object]) -> bytes:
    """The body of a header page whose fixed part and bitmaps are `before`, with another meta."""
    text = encode_meta(meta)
    return before[:20] + struct.pack("<I", len(text)) + before[24:] + text
