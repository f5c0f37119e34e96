"""`DynamicHeap`: rows of varying length; the address of a row is the byte offset of its first block.

A new row takes the hole freed last, whatever its length: the rest of a longer hole becomes a hole again, and a row longer than
the hole goes on in the next hole, in the end at the end of the heap.  A freed block swallows a hole right behind it.  `blocks` has
the bytes.
"""

from __future__ import annotations

from bisect import bisect_left
from operator import is_
from typing import Any

from minidb.engine import Row
from minidb.errors import CorruptPageError
from minidb.myisam import blocks as b
from minidb.myisam.blocks import Head, HeapPage, Hole, Part, align, natural_length
from minidb.myisam.datafile import PAYLOAD, DataFile
from minidb.myisam.heap import Heap, HeapCache
from minidb.myisam.state import NO_ADDRESS, HeapState
from minidb.types.codec import RowCodec

Piece = tuple[int, int, int]  # address, length of the block, bytes of the row in it


class DynamicHeap(Heap):
    """Dynamic rows in blocks."""

    __slots__ = ("_codec", "_size")

    row_format = "Dynamic"
    pages: dict[int, HeapPage]

    def __init__(self, file: DataFile, state: HeapState, cache: HeapCache, codec: RowCodec) -> None:
        super().__init__(file, state, cache, PAYLOAD)
        self._codec = codec
        self._size = codec.size

    # ---- rows
    def read(self, address: int) -> Row | None:
        no = address // PAYLOAD
        try:
            page = self.pages[no]
        except KeyError:
            if not 0 <= address < self.state.end:
                return None
            page = self._load(no)
        if not page.whole:
            self._complete(no, page)
        row = page.blocks.get(address)
        return row if type(row) is tuple else None

    def fetch(self, addresses: list[int]) -> list[Row]:
        pages = self.pages
        try:
            rows = self._fetch_near(addresses)
        except KeyError:
            try:
                rows = [pages[a // PAYLOAD].blocks[a] for a in addresses]
            except KeyError:
                return [self._must_read(a) for a in addresses]
        if self.state.deleted or self.split:
            for i, row in enumerate(rows):
                if type(row) is not tuple:
                    rows[i] = self._must_read(addresses[i])
        return rows

    def _fetch_near(self, addresses: list[int]) -> list[Any]:
        """The blocks at `addresses` if these are on one page, or in order on two neighbours; KeyError if not."""
        if not addresses:
            return []
        first, last = addresses[0] // PAYLOAD, addresses[-1] // PAYLOAD
        blocks = self.pages[first].blocks
        if last != first + 1:
            return [blocks[a] for a in addresses]
        cut = bisect_left(addresses, last * PAYLOAD)
        behind = self.pages[last].blocks
        return [blocks[a] for a in addresses[:cut]] + [behind[a] for a in addresses[cut:]]

    def _must_read(self, address: int) -> Row:
        row = self.read(address)
        if row is None:
            raise self.corrupt(address, "an index leads to a row that is not there")
        return row

    def rows_of(self, no: int) -> list[Row]:
        page = self._whole_page(no)
        blocks = page.in_order()
        if page.plain:
            return list(blocks.values())
        rows = [block for block in blocks.values() if type(block) is tuple]
        page.plain = len(rows) == len(blocks)
        return rows

    def insert(self, values: Row) -> Row:
        state = self.state
        size = self._size(values)
        length = (size + 11) & -4  # natural_length(size), spelled out on the hot path
        if state.first_hole >= 0 or length > b.MAX_BLOCK:
            placed = self._place(values, self._allocate(size, []))
            state.rows += 1
            return placed
        address = state.end
        no = address // PAYLOAD
        page = self.pages.get(no)
        if page is None:
            page = self._tail_page(no, address)
        if no not in self.dirty:
            self.announce(no)
        state.end = address + (length if length > b.MIN_BLOCK else b.MIN_BLOCK)
        state.rows += 1
        row = (*values, address)
        page.blocks[address] = row
        return row

    def update(self, row: Row, values: Row) -> Row:
        address = row[-1]
        old = self._pieces(address)
        pieces = self._allocate(self._size(values), old)
        new = self._place(values, pieces)
        if len(old) > len(pieces):
            self._free([(a, n) for a, n, _ in old[len(pieces) :]])
        return new

    def delete(self, row: Row) -> None:
        pieces = self._pieces(row[-1])
        self.state.rows -= 1
        self._free([(address, length) for address, length, _ in pieces])

    def file_bytes(self) -> int:
        return self.state.end

    def data_length(self) -> int:
        return self.state.end

    # ---- where the bytes of a row go
    def _pieces(self, address: int) -> list[Piece]:
        """The blocks of the live row at `address`."""
        page = self._whole_page(address // PAYLOAD)
        row = page.blocks.get(address)
        if type(row) is not tuple:
            raise self.corrupt(address, "there is no row to change")
        head = page.heads.get(address)
        if head is None:
            size = self._size(row)
            return [(address, page.lengths.get(address) or natural_length(size), size)]
        pieces = [(address, head.length, head.used)]
        following = head.next
        while following >= 0:
            part = self._part(following)
            pieces.append((following, part.length, len(part.data)))
            following = part.next
        return pieces

    def _allocate(self, size: int, old: list[Piece]) -> list[Piece]:
        """Blocks for `size` bytes: the `old` ones of the row first (stretched where what follows is free), then holes, the one
        freed last first, then the end of the heap.  What a block has to spare becomes a hole."""
        state = self.state
        pieces: list[Piece] = []
        left = size
        while True:
            need = left + b.WHOLE_HEADER
            if len(pieces) < len(old):
                address, length, _ = old[len(pieces)]
                if length < need:
                    length = self._stretch(address, length, need)
            elif state.first_hole >= 0:
                address = state.first_hole
                length = self._unlink(address)
            else:
                address = state.end
                self._page(address // PAYLOAD)  # decoded before the heap grows
                length = min(max(align(need), b.MIN_BLOCK), b.MAX_BLOCK)
                state.end += length
            if length > need + b.SPLIT_REST:
                length = self._split(address, length, need)
            if length >= need:
                pieces.append((address, length, left))
                return pieces
            self._forget_block(address)  # no later piece may take it for a hole
            used = length - (b.MIDDLE_HEADER if pieces else b.FIRST_HEADER)
            pieces.append((address, length, used))
            left -= used

    def _stretch(self, address: int, length: int, need: int) -> int:
        """Let a block that is too short grow into the end of the heap or over a hole right behind it; its new length."""
        behind = address + length
        room = b.MAX_BLOCK - length
        if behind == self.state.end:
            more = min(align(need - length), room)
            self.state.end += more
            return length + more
        hole = self._block(behind)
        if type(hole) is Hole and hole.length <= room:
            more = self._unlink(behind)
            self._forget_block(behind)
            return length + more
        return length

    def _split(self, address: int, length: int, need: int) -> int:
        """Keep about `need` bytes of a block, make the rest a hole; the length kept."""
        rest = align(length - need - b.KEPT_REST)
        kept = length - rest
        self._free([(address + kept, rest)])
        return kept

    def _place(self, values: Row, pieces: list[Piece]) -> Row:
        """Put a row into the blocks that `_allocate` chose."""
        address, length, used = pieces[0]
        row = (*values, address)
        no = address // PAYLOAD
        page = self._page(no)
        if no not in self.dirty:
            self.announce(no)
        page.put(address, row)
        if len(pieces) == 1:
            if length != natural_length(used):
                page.lengths[address] = length
            return row
        self.split = True
        data = self._codec.encode(values)
        page.heads[address] = Head(length, used, pieces[1][0], len(data))
        done = used
        for i, (where, length, used) in enumerate(pieces[1:], 2):
            following = pieces[i][0] if i < len(pieces) else NO_ADDRESS
            self._put(where, Part(length, data[done : done + used], following))
            done += used
        return row

    # ---- holes
    def _free(self, freed: list[tuple[int, int]]) -> None:
        """Make blocks holes, in this order, each at the head of the chain."""
        state = self.state
        for address, length in freed:
            behind = address + length
            following = self._block(behind) if behind < state.end else None
            if type(following) is Hole and following.length + length <= b.MAX_BLOCK:
                length += self._unlink(behind)
                self._forget_block(behind)
            if state.first_hole >= 0:
                self._hole(state.first_hole).prev = address
            self._put(address, Hole(length, state.first_hole, NO_ADDRESS))
            state.first_hole = address
            state.deleted += 1
            state.free += length

    def _unlink(self, address: int) -> int:
        """Take the hole at `address` out of the chain; its length."""
        state = self.state
        hole = self._hole(address)
        if hole.next >= 0:
            self._hole(hole.next).prev = hole.prev
        if hole.prev >= 0:
            self._hole(hole.prev).next = hole.next
        else:
            state.first_hole = hole.next
        state.deleted -= 1
        state.free -= hole.length
        return hole.length

    def _hole(self, address: int) -> Hole:
        """The hole at `address`, about to be changed."""
        hole = self._block(address) if 0 <= address < self.state.end else None
        if type(hole) is not Hole:
            raise self.corrupt(address, "the chain of deleted blocks leads to something else")
        no = address // PAYLOAD
        if no not in self.dirty:
            self.announce(no)
        if no in self.stored:
            self.stored[no][address] = None  # it changes in place, unlike all other blocks
        return hole

    def _part(self, address: int) -> Part:
        part = self._block(address) if 0 <= address < self.state.end else None
        if type(part) is not Part:
            raise self.corrupt(address, "the chain of a row leads to something else")
        return part

    # ---- blocks
    def _block(self, address: int) -> Any:
        return self._page(address // PAYLOAD).blocks.get(address)

    def _put(self, address: int, block: Hole | Part) -> None:
        no = address // PAYLOAD
        page = self._page(no)
        if no not in self.dirty:
            self.announce(no)
        page.put(address, block)

    def _forget_block(self, address: int) -> None:
        no = address // PAYLOAD
        page = self._page(no)
        if no not in self.dirty:
            self.announce(no)
        page.remove(address)

    # ---- pages
    def _whole_page(self, no: int) -> HeapPage:
        page: HeapPage = self._page(no)
        if not page.whole:
            self._complete(no, page)
        return page

    def _tail_page(self, no: int, address: int) -> HeapPage:
        """The page for a block appended at `address`: new if the block is the first that begins in it."""
        start = no * PAYLOAD
        known = address > start and (self._is_elsewhere(no) or self._begins_before(no, address))
        page: HeapPage = self._load(no) if known else self._enter(no, HeapPage())
        return page

    def _begins_before(self, no: int, address: int) -> bool:
        """Does any block begin in page `no` before `address`?  Only asked for the last page, when it is not in memory."""
        if not self.file.has(no):
            return False
        first = self.file.first_block(no)
        return first is not None and first < address

    def copied(self, image: HeapPage) -> HeapPage:
        return image.copy()

    def _read_page(self, no: int) -> HeapPage:
        page = HeapPage()
        address = self.file.first_block(no) if self.file.has(no) else None
        stop = min((no + 1) * PAYLOAD, self.state.end)
        if address is not None:
            try:
                self._decode(page, address, stop)
            except ValueError as error:
                raise self.file.corrupt(no, str(error)) from error
        return page

    def _decode(self, page: HeapPage, address: int, stop: int) -> None:
        """Decode the blocks from `address` up to those that begin before `stop`."""
        decode, end = self._codec.decode, self.state.end
        data, base = self.file.read(address, stop - address), address
        while address < stop:
            offset = address - base
            if offset + b.DELETED_HEADER > len(data):
                data, base, offset = self.file.read(address, b.DELETED_HEADER), address, 0
            kind, length, used = b.decode_start(data, offset)
            if address + length > end:
                raise ValueError(f"the block at {address} runs past the end of the heap")
            if offset + length > len(data):
                data, base, offset = self.file.read(address, length), address, 0
            if kind == b.WHOLE:
                values, behind = decode(data, offset + b.WHOLE_HEADER)
                if behind != offset + b.WHOLE_HEADER + used:
                    raise ValueError(f"the row at {address} has another length than its block says")
                page.blocks[address] = (*values, address)
                if length != natural_length(used):
                    page.lengths[address] = length
            else:
                block = b.decode_rest(data, offset, kind, length, used)
                page.blocks[address] = block
                page.plain = False
                if kind == b.FIRST:
                    page.whole = False
                    self.split = True
            address += length

    def _complete(self, no: int, page: HeapPage) -> None:
        """Put together the rows of `page` that go on in other blocks."""
        for address, head in [(a, h) for a, h in page.blocks.items() if type(h) is Head]:
            data = [head.data]
            following, left = head.next, head.total - head.used
            while following >= 0 and left > 0:
                part = self._part(following)
                data.append(part.data)
                following, left = part.next, left - len(part.data)
            try:
                values, used = self._codec.decode(b"".join(data), 0)
            except ValueError as error:
                raise self.corrupt(address, str(error)) from error
            if left or following >= 0 or used != head.total:
                raise self.corrupt(address, "the blocks of a row do not add up")
            head.data = b""
            page.heads[address] = head
            page.blocks[address] = (*values, address)
        page.whole = True

    def _store(self, no: int) -> None:
        page = self.pages[no]
        blocks = page.in_order()
        addresses = list(blocks)
        known = self.stored.pop(no, {})
        if known and addresses[: len(known)] == list(known):
            if False in map(is_, known.values(), blocks.values()):
                for i, unchanged in enumerate(map(is_, known.values(), blocks.values())):
                    if not unchanged:
                        self._write_joined(no, addresses, i, [b.encode_block(page, addresses[i], self._codec.encode)])
            self._encode_from(no, page, addresses, len(known))
        else:
            self._encode_from(no, page, addresses, 0)
            if addresses or self.file.has(no):
                self.file.set_first_block(no, addresses[0] if addresses else None)
        if self.file.guarded:
            self._remember(no, blocks.copy())

    def _encode_from(self, no: int, page: HeapPage, addresses: list[int], start: int) -> None:
        """All blocks from number `start` on."""
        encode = self._codec.encode
        data = [b.encode_block(page, address, encode) for address in addresses[start:]]
        if data:
            self._write_joined(no, addresses, start, data)

    def _write_joined(self, no: int, addresses: list[int], start: int, data: list[bytes]) -> None:
        """Write blocks from number `start` on.  The blocks of a page join without gaps: refuse to write anything else."""
        expected = addresses[start]
        for i, block in enumerate(data, start + 1):
            expected += len(block)
            if i < len(addresses) and addresses[i] != expected:
                raise self.file.corrupt(no, f"in memory: a block begins at {addresses[i]} instead of {expected}")
        self.file.write(addresses[start], b"".join(data))

    # ---- looking inside
    def hole_at(self, address: int) -> tuple[int, int] | None:
        hole = self._block(address)
        return (hole.length, hole.next) if type(hole) is Hole else None

    def check(self) -> list[str]:
        problems = self._check_chain() + self._check_rows()
        expected = 0
        for address, length, _ in self.dump():
            if address != expected:
                problems.append(f"a block begins at {address}, expected at {expected}")
            expected = address + length
        if expected != self.state.end:
            problems.append(f"the blocks end at {expected}, the header says {self.state.end}")
        return problems

    def dump(self) -> list[tuple[int, int, str]]:
        result = []
        for no in range(self.page_count()):
            page = self._whole_page(no)
            for address, block in page.in_order().items():
                if type(block) is Hole:
                    result.append((address, block.length, f"deleted, next {block.next}" if block.next >= 0 else "deleted"))
                elif type(block) is Part:
                    result.append((address, block.length, f"continued, next {block.next}" if block.next >= 0 else "continued"))
                else:
                    head = page.heads.get(address)
                    if head is not None:
                        result.append((address, head.length, f"row, next {head.next}"))
                    else:
                        result.append((address, page.lengths.get(address) or natural_length(self._size(block)), "row"))
        return result

    def salvage(self) -> tuple[list[Row], int]:
        rows: list[Row] = []
        lost: dict[int, None] = {}
        self.state.end = self.file.pages() * PAYLOAD  # believe the file, not the header
        for no in range(self.file.pages()):
            try:
                page = self._salvage_page(no)
            except CorruptPageError:
                lost[no] = None
                continue
            for address, block in page.in_order().items():
                row = block if type(block) is tuple else self._salvage_row(page, address) if type(block) is Head else None
                if row is not None:
                    rows.append(row)
        return rows, len(lost)

    def _salvage_page(self, no: int) -> HeapPage:
        """Page `no` as far as it can be decoded."""
        if no in self.pages:
            return self.pages[no]
        page = HeapPage()
        address = self.file.first_block(no)
        try:
            if address is not None:
                self._decode(page, address, (no + 1) * PAYLOAD)
        except (ValueError, CorruptPageError):
            pass  # what came before it counts
        self._enter(no, page)
        return page

    def _salvage_row(self, page: HeapPage, address: int) -> Row | None:
        """A row in several blocks, None if one of them is lost."""
        head, data = page.blocks[address], []
        data.append(head.data)
        following, left = head.next, head.total - head.used
        try:
            while 0 <= following < self.state.end and left > 0:
                part = self._salvage_page(following // PAYLOAD).blocks.get(following)
                if type(part) is not Part:
                    return None
                data.append(part.data)
                following, left = part.next, left - len(part.data)
            return (*self._codec.decode(b"".join(data), 0)[0], address)
        except (ValueError, CorruptPageError):
            return None
