"""`FixedHeap`: rows of one length; the address of a row is its number.

    OFFSET  SIZE   FIELD
    0       1      flag          1 live row, 2 deleted row
    1       n      row           of a live row: types.codec, padded with zeros
    1       8      next          of a deleted row: number of the next deleted row + 1, 0 at the end of the chain

A page of the heap holds as many whole rows as fit into a page of the file (a row that does not fit has pages of its own).  In
memory it is a list with a row tuple per live row and, per deleted row, the number of the next one (-1 at the end of the chain).
"""

from __future__ import annotations

from operator import is_
from typing import Any

from minidb.engine import Row
from minidb.errors import CorruptPageError
from minidb.myisam.datafile import PAYLOAD, DataFile
from minidb.myisam.heap import Heap, HeapCache
from minidb.myisam.state import HeapState
from minidb.types.codec import RowCodec

LIVE = 1
DELETED = 2
KIND_NAMES = {LIVE: "LIVE", DELETED: "DELETED"}
MAX_ROWS_PER_PAGE = 1024


class FixedHeap(Heap):
    """Fixed rows: `length` bytes each, flag byte included."""

    __slots__ = ("_codec", "_stride", "length")

    row_format = "Fixed"

    def __init__(self, file: DataFile, state: HeapState, cache: HeapCache, codec: RowCodec, length: int) -> None:
        super().__init__(file, state, cache, max(1, min(PAYLOAD // length, MAX_ROWS_PER_PAGE)))
        self._codec = codec
        self.length = length
        self._stride = PAYLOAD * max(1, -(-length // PAYLOAD))  # bytes of the file that a page of the heap takes

    # ---- rows
    def read(self, address: int) -> Row | None:
        no, slot = divmod(address, self.span)
        try:
            row = self.pages[no][slot]
        except KeyError:
            row = self._load(no)[slot] if 0 <= address < self.state.end else None
        except IndexError:
            return None
        return row if type(row) is tuple else None

    def fetch(self, addresses: list[int]) -> list[Row]:
        pages, span = self.pages, self.span
        try:
            rows = [pages[a // span][a % span] for a in addresses]
        except (KeyError, IndexError):
            rows = [self.read(a) for a in addresses]
            if None in rows:
                raise self.corrupt(addresses[rows.index(None)], "an index leads to a row that is not there") from None
        if self.state.deleted:
            for address, row in zip(addresses, rows, strict=True):
                if type(row) is not tuple:
                    raise self.corrupt(address, "an index leads to a row that is not there")
        return rows

    def rows_of(self, no: int) -> list[Row]:
        slots: list[Any] = self._page(no)
        if self.state.deleted:
            return [row for row in slots if type(row) is tuple]
        return slots.copy()

    def insert(self, values: Row) -> Row:
        state = self.state
        address = state.first_hole
        if address >= 0:
            return self._fill(address, values)
        address = state.end
        row = (*values, address)
        no, slot = divmod(address, self.span)
        if no not in self.dirty:
            self.announce(no)
        if slot:
            (self.pages.get(no) or self._load(no)).append(row)
        else:
            self._enter(no, [row])
        state.end = address + 1
        state.rows += 1
        return row

    def _fill(self, address: int, values: Row) -> Row:
        """Store a row in the hole at the head of the chain."""
        no, slot = divmod(address, self.span)
        slots = self.pages.get(no) or self._load(no)
        following = slots[slot] if slot < len(slots) else None
        if type(following) is not int:
            raise self.corrupt(address, "the chain of deleted rows leads to a live row")
        if no not in self.dirty:
            self.announce(no)
        state = self.state
        state.first_hole = following
        state.deleted -= 1
        state.free -= self.length
        state.rows += 1
        row = slots[slot] = (*values, address)
        return row

    def update(self, row: Row, values: Row) -> Row:
        address = row[-1]
        no, slot = divmod(address, self.span)
        new = (*values, address)
        slots = self.pages.get(no) or self._load(no)
        if no not in self.dirty:
            self.announce(no)
        slots[slot] = new
        return new

    def delete(self, row: Row) -> None:
        address = row[-1]
        no, slot = divmod(address, self.span)
        state = self.state
        slots = self.pages.get(no) or self._load(no)
        if no not in self.dirty:
            self.announce(no)
        slots[slot] = state.first_hole
        state.first_hole = address
        state.deleted += 1
        state.free += self.length
        state.rows -= 1

    def file_bytes(self) -> int:
        full, rest = divmod(self.state.end, self.span)
        return full * self._stride + rest * self.length

    def data_length(self) -> int:
        return self.state.end * self.length

    # ---- pages
    def _read_page(self, no: int) -> list[Any]:
        count = min(self.span, self.state.end - no * self.span)
        return self._decode(no, self.file.read(no * self._stride, count * self.length))

    def copied(self, image: list[Any]) -> list[Any]:
        return image.copy()

    def _decode(self, no: int, data: bytes) -> list[Any]:
        length, decode = self.length, self._codec.decode
        first = no * self.span
        slots: list[Any] = []
        for i, offset in enumerate(range(0, len(data), length)):
            kind = data[offset]
            if kind == LIVE:
                try:
                    values, end = decode(data, offset + 1)
                except ValueError as error:
                    raise self.corrupt(first + i, str(error)) from error
                if end > offset + length:
                    raise self.corrupt(first + i, "a row is longer than its place")
                slots.append((*values, first + i))
            elif kind == DELETED:
                slots.append(int.from_bytes(data[offset + 1 : offset + 9], "little") - 1)
            else:
                raise self.corrupt(first + i, f"a row begins with {kind}")
        return slots

    def _store(self, no: int) -> None:
        slots = self.pages[no]
        known = self.stored.pop(no, [])
        changed = [i for i, slot in enumerate(known) if slots[i] is not slot] if False in map(is_, known, slots) else []
        if 2 * len(changed) > len(slots):
            known, changed = [], []
        start, length = no * self._stride, self.length
        for i in changed:
            self.file.write(start + i * length, self._encode(slots[i]))
        if len(slots) > len(known):
            self.file.write(start + len(known) * length, b"".join(map(self._encode, slots[len(known) :])))
        if self.file.guarded:
            self._remember(no, slots.copy())

    def _encode(self, slot: Any) -> bytes:
        """The bytes of a slot of a page: a row, or the number of the next deleted one."""
        if type(slot) is tuple:
            data = b"\x01" + self._codec.encode(slot[:-1])
        else:
            data = b"\x02" + (slot + 1).to_bytes(8, "little")
        return data.ljust(self.length, b"\0")

    # ---- looking inside
    def hole_at(self, address: int) -> tuple[int, int] | None:
        no, slot = divmod(address, self.span)
        link = (self.pages.get(no) or self._load(no))[slot]
        return (self.length, link) if type(link) is int else None

    def check(self) -> list[str]:
        return self._check_chain() + self._check_rows()

    def dump(self) -> list[tuple[int, int, str]]:
        blocks = []
        for no in range(self.page_count()):
            slots = self.pages.get(no) or self._load(no)
            for i, slot in enumerate(slots, no * self.span):
                what = "row" if type(slot) is tuple else "deleted" if slot < 0 else f"deleted, next {slot}"
                blocks.append((i, self.length, what))
        return blocks

    def salvage(self) -> tuple[list[Row], int]:
        rows: list[Row] = []
        lost = 0
        size = self.file.pages() * PAYLOAD
        for no in range(-(-size // self._stride)):
            try:
                data = self.file.read(no * self._stride, self.span * self.length)
                used = next((o for o in range(0, len(data), self.length) if data[o] not in (LIVE, DELETED)), len(data))
                rows += [slot for slot in self._decode(no, data[:used]) if type(slot) is tuple]
            except CorruptPageError:
                lost += 1
        return rows, lost
