"""`HeapBytes`: what stands in a .MYD file, block by block, believing as little as possible.

Used by those who look at a closed table, damaged or not.  Where a page fails its checksum its bytes are shown all the same; where a
block cannot be one, reading goes on at the first block of the next page that says where that is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from minidb.myisam import blocks as b
from minidb.myisam.blocks import Head, Hole, Part
from minidb.myisam.datafile import HEADER_SIZE, MAGIC, NO_BLOCK, PAGE_LAYOUT, PAGE_SIZE, PAYLOAD, page_problem
from minidb.myisam.fixed_heap import DELETED, LIVE, MAX_ROWS_PER_PAGE
from minidb.myisam.state import NO_ADDRESS
from minidb.storage.file import File
from minidb.storage.layout import Field


class Block(NamedTuple):
    """address: byte offset (dynamic rows) or row number (fixed ones).  flag: the number it begins with.  what: 'row' (or its first
    part), 'part', 'hole', 'damaged'.  used: bytes of the row in it.  next, prev: addresses, NO_ADDRESS for none.  total: bytes of
    a row in several blocks.  data: bytes of the row in it."""

    address: int
    length: int
    flag: int
    what: str
    used: int = 0
    next: int = NO_ADDRESS
    prev: int = NO_ADDRESS
    total: int = 0
    data: bytes = b""
    problem: str = ""


class HeapBytes:
    """The pages of an open data file.  Methods raise OSError."""

    def __init__(self, file: File) -> None:
        self.file = file
        self.page_count = -(-file.size() // PAGE_SIZE)

    def page(self, no: int) -> bytes:
        """Page `no` as it stands in the file."""
        return self.file.read_at(no * PAGE_SIZE, PAGE_SIZE)

    def header(self, no: int) -> list[Field]:
        """The fields of the header of page `no`."""
        return PAGE_LAYOUT.read(self.page(no))

    def problem(self, no: int, fmt: int = 0) -> str | None:
        """What is wrong with page `no` of a file of format `fmt` (0: not known), None if nothing is."""
        return page_problem(self.page(no), no, fmt)

    def format(self) -> int:
        """The format that the first page in good order gives, 0 if none does."""
        for no in range(self.page_count):
            fields = {field.name: field.value for field in self.header(no)}
            if fields.get("magic") == MAGIC and self.problem(no) is None:
                return int(fields["format"])
        return 0

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes of the run of payloads from `address` on; fewer where the file ends."""
        found = b""
        no, start = divmod(address, PAYLOAD)
        while len(found) < size and no < self.page_count:
            piece = self.page(no)[HEADER_SIZE + start : HEADER_SIZE + start + size - len(found)]
            if not piece:
                break
            found += piece
            no, start = no + 1, 0
        return found

    # ---- dynamic rows
    def blocks(self, end: int | None = None) -> Iterator[Block]:
        """The blocks of a heap with dynamic rows, by address.  end: where the heap ends, None: with the file, or with zeros."""
        stop = self.page_count * PAYLOAD if end is None else end
        address = 0
        while address < stop:
            head = self.read(address, b.DELETED_HEADER)
            if end is None and not any(head):
                return
            try:
                block = self._block(address, head, stop)
            except ValueError as error:
                resume = self._next_block(address, stop)
                yield Block(address, resume - address, head[0] if head else 0, "damaged", problem=str(error))
                address = resume
                continue
            yield block
            address += block.length

    def _block(self, address: int, head: bytes, stop: int) -> Block:
        if len(head) < b.DELETED_HEADER:
            raise ValueError("the file ends here")
        kind, length, used = b.decode_start(head, 0)
        if address + length > stop:
            raise ValueError("the block runs past the end of the heap")
        data = self.read(address, length)
        if len(data) < length:
            raise ValueError("the file ends inside of the block")
        if kind == b.WHOLE:
            return Block(address, length, kind, "row", used, data=data[b.WHOLE_HEADER : b.WHOLE_HEADER + used])
        rest = b.decode_rest(data, 0, kind, length, used)
        if isinstance(rest, Hole):
            return Block(address, length, kind, "hole", 0, rest.next, rest.prev)
        if isinstance(rest, Head):
            return Block(address, length, kind, "row", used, rest.next, total=rest.total, data=rest.data)
        assert isinstance(rest, Part)
        return Block(address, length, kind, "part", used, rest.next, data=rest.data)

    def _next_block(self, address: int, stop: int) -> int:
        """The address of the first block of a later page that says where it begins."""
        for no in range(address // PAYLOAD + 1, self.page_count):
            first = {field.name: field.value for field in self.header(no)}.get("first_block", NO_BLOCK)
            if first < PAYLOAD and self.problem(no) is None:
                return min(stop, no * PAYLOAD + int(first))
        return stop

    def row_bytes(self, head: Block, blocks: dict[int, Block]) -> bytes | None:
        """The bytes of a row that begins with `head`, put together from `blocks` (by address); None if a part is missing."""
        data, following, seen = [head.data], head.next, {head.address}
        while following != NO_ADDRESS:
            part = blocks.get(following)
            if part is None or part.what != "part" or following in seen:
                return None
            seen.add(following)
            data.append(part.data)
            following = part.next
        whole = b"".join(data)
        return whole if not head.total or len(whole) == head.total else None

    # ---- fixed rows
    def rows(self, length: int, end: int | None = None) -> Iterator[Block]:
        """The rows of a heap whose rows take `length` bytes each.  end: number of rows and holes, None: up to the first place that
        holds neither."""
        span = max(1, min(PAYLOAD // length, MAX_ROWS_PER_PAGE))
        stride = PAYLOAD * max(1, -(-length // PAYLOAD))
        number = 0
        while end is None or number < end:
            no, slot = divmod(number, span)
            data = self.read(no * stride + slot * length, length)
            if len(data) < length or (end is None and data[0] not in (LIVE, DELETED)):
                return
            if data[0] == LIVE:
                yield Block(number, length, LIVE, "row", length - 1, data=data[1:])
            elif data[0] == DELETED:
                yield Block(number, length, DELETED, "hole", next=int.from_bytes(data[1:9], "little") - 1)
            else:
                yield Block(number, length, data[0], "damaged", problem=f"a row begins with {data[0]}")
            number += 1
