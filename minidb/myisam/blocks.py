"""The blocks of a heap with dynamic rows: their headers, and what a decoded page keeps of them.

The heap is a gapless run of blocks; a row lies in one block or, when it took holes too short for it, in a chain of several.

    OFFSET  SIZE   FIELD    IN
    0       1      kind     all: 1 WHOLE, 2 FIRST, 3 MIDDLE, 4 LAST, 5 DELETED
    1       3      length   all: of the block, header and unused rest included, a multiple of 4, at least 24
    4       4      used     WHOLE FIRST MIDDLE LAST (0 in DELETED): bytes of the row in it
    8       8      next     FIRST MIDDLE: next block of the row; DELETED: next deleted block (all ones: end of the chain)
    16      8      prev     DELETED: previous deleted block (all ones: head of the chain)
    16      4      total    FIRST: bytes of the row in all

The row begins behind the header (8 bytes in WHOLE and LAST, 20 in FIRST, 16 in MIDDLE).  Numbers are little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from minidb.engine import Row
from minidb.myisam.state import NO_ADDRESS

WHOLE, FIRST, MIDDLE, LAST, DELETED = 1, 2, 3, 4, 5
KIND_NAMES = {WHOLE: "WHOLE", FIRST: "FIRST", MIDDLE: "MIDDLE", LAST: "LAST", DELETED: "DELETED"}

WHOLE_HEADER = 8  # of LAST blocks too
MIDDLE_HEADER = 16
FIRST_HEADER = 20
DELETED_HEADER = 24
MIN_BLOCK = 24  # the header of a deleted block must fit
MAX_BLOCK = (1 << 24) - 4
ALIGN = 4
SPLIT_REST = 38  # a block is split if more than this would stay unused
KEPT_REST = 10  # what the kept part has to spare, about

_NONE = (1 << 64) - 1
_KIND_AND_LENGTH = struct.Struct("<II")
_LINK = struct.Struct("<Q")
_TWO_LINKS = struct.Struct("<QQ")
_LINK_AND_TOTAL = struct.Struct("<QI")


def align(size: int) -> int:
    return (size + ALIGN - 1) & -ALIGN


def natural_length(size: int) -> int:
    """Length of the block that a row of `size` bytes gets at the end of the heap."""
    length = (size + WHOLE_HEADER + ALIGN - 1) & -ALIGN
    return length if length > MIN_BLOCK else MIN_BLOCK


class Hole:
    """A deleted block; next, prev: its neighbours in the chain of holes."""

    __slots__ = ("length", "next", "prev")

    def __init__(self, length: int, next_: int, prev: int) -> None:
        self.length = length
        self.next = next_
        self.prev = prev


class Part:
    """A block that continues a row: its bytes of the row, and the address of the block after it (NO_ADDRESS in the last)."""

    __slots__ = ("data", "length", "next")

    def __init__(self, length: int, data: bytes, next_: int) -> None:
        self.length = length
        self.data = data
        self.next = next_


class Head:
    """What a row tuple does not tell of the first block of a row in several: length, bytes of the row in it, next block.
    data: those bytes, only until the row has been put together."""

    __slots__ = ("data", "length", "next", "total", "used")

    def __init__(self, length: int, used: int, next_: int, total: int, data: bytes = b"") -> None:
        self.length = length
        self.used = used
        self.next = next_
        self.total = total
        self.data = data


class HeapPage:
    """The blocks that begin in one page.

    blocks: address -> row tuple (WHOLE, FIRST) | Hole | Part | Head (a row not put together yet).  lengths: of WHOLE blocks that
    are not as long as their row asks for.  heads: of FIRST blocks.  ordered: `blocks` is in order of address.  plain: rows only.
    whole: no Head is among the blocks.
    """

    __slots__ = ("blocks", "heads", "lengths", "ordered", "plain", "whole")

    def __init__(self) -> None:
        self.blocks: dict[int, Any] = {}
        self.lengths: dict[int, int] = {}
        self.heads: dict[int, Head] = {}
        self.ordered = True
        self.plain = True
        self.whole = True

    def copy(self) -> HeapPage:
        """An independent copy (only holes are ever changed in place)."""
        made = HeapPage()
        made.blocks = {a: Hole(x.length, x.next, x.prev) if type(x) is Hole else x for a, x in self.blocks.items()}
        made.lengths, made.heads = self.lengths.copy(), self.heads.copy()
        made.ordered, made.plain, made.whole = self.ordered, self.plain, self.whole
        return made

    def in_order(self) -> dict[int, Any]:
        """The blocks by address."""
        if not self.ordered:
            self.blocks = dict(sorted(self.blocks.items()))
            self.ordered = True
        return self.blocks

    def put(self, address: int, block: Any) -> None:
        """Set what begins at `address` (not for rows appended at the end of the heap)."""
        if address not in self.blocks:
            self.ordered = False
        self.blocks[address] = block
        self.lengths.pop(address, None)
        self.heads.pop(address, None)
        if type(block) is not tuple:
            self.plain = False

    def remove(self, address: int) -> None:
        """Nothing begins at `address` any more."""
        self.blocks.pop(address, None)
        self.lengths.pop(address, None)
        self.heads.pop(address, None)


# ---- bytes
def _stored(address: int) -> int:
    return _NONE if address < 0 else address


def _loaded(link: int) -> int:
    return NO_ADDRESS if link == _NONE else link


def _start(kind: int, length: int, used: int) -> bytes:
    return _KIND_AND_LENGTH.pack(kind | length << 8, used)


def encode_whole(length: int, data: bytes) -> bytes:
    return (_start(WHOLE, length, len(data)) + data).ljust(length, b"\0")


def encode_first(head: Head, data: bytes) -> bytes:
    """The first block of a row whose bytes are `data`."""
    links = _LINK_AND_TOTAL.pack(_stored(head.next), head.total)
    return (_start(FIRST, head.length, head.used) + links + data[: head.used]).ljust(head.length, b"\0")


def encode_part(part: Part) -> bytes:
    if part.next < 0:
        return (_start(LAST, part.length, len(part.data)) + part.data).ljust(part.length, b"\0")
    return (_start(MIDDLE, part.length, len(part.data)) + _LINK.pack(part.next) + part.data).ljust(part.length, b"\0")


def encode_hole(hole: Hole) -> bytes:
    return (_start(DELETED, hole.length, 0) + _TWO_LINKS.pack(_stored(hole.next), _stored(hole.prev))).ljust(hole.length, b"\0")


def encode_block(page: HeapPage, address: int, encode_row: Callable[[Row], bytes]) -> bytes:
    """The block that begins at `address` in `page`; encode_row: column values to bytes."""
    block = page.blocks[address]
    if type(block) is tuple:
        data = encode_row(block[:-1])
        head = page.heads.get(address)
        if head is not None:
            return encode_first(head, data)
        return encode_whole(page.lengths.get(address) or natural_length(len(data)), data)
    if type(block) is Hole:
        return encode_hole(block)
    return encode_part(block) if type(block) is Part else encode_first(block, block.data)


def decode_start(data: bytes, offset: int) -> tuple[int, int, int]:
    """(kind, length, used) of the block whose first 8 bytes are at `offset`.  Raises ValueError if they cannot be true."""
    word, used = _KIND_AND_LENGTH.unpack_from(data, offset)
    kind, length = word & 0xFF, word >> 8
    header = _HEADERS.get(kind)
    if header is None:
        raise ValueError(f"a block begins with {kind}")
    if length < MIN_BLOCK or length % ALIGN or header + used > length:
        raise ValueError(f"a block has length {length} and {used} bytes in use")
    return kind, length, used


_HEADERS = {WHOLE: WHOLE_HEADER, FIRST: FIRST_HEADER, MIDDLE: MIDDLE_HEADER, LAST: WHOLE_HEADER, DELETED: DELETED_HEADER}


def decode_rest(data: bytes, offset: int, kind: int, length: int, used: int) -> Hole | Part | Head:
    """The block at `offset`, any kind but WHOLE."""
    if kind == DELETED:
        next_, prev = _TWO_LINKS.unpack_from(data, offset + 8)
        return Hole(length, _loaded(next_), _loaded(prev))
    if kind == FIRST:
        link, total = _LINK_AND_TOTAL.unpack_from(data, offset + 8)
        return Head(length, used, _loaded(link), total, data[offset + FIRST_HEADER : offset + FIRST_HEADER + used])
    if kind == LAST:
        return Part(length, data[offset + WHOLE_HEADER : offset + WHOLE_HEADER + used], NO_ADDRESS)
    (link,) = _LINK.unpack_from(data, offset + 8)
    return Part(length, data[offset + MIDDLE_HEADER : offset + MIDDLE_HEADER + used], link)
