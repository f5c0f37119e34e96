"""Off-page storage of long values: a chain of pages, each holding a piece, linked by `Page.next`."""

from __future__ import annotations

from minidb.storage.mtr import Mtr
from minidb.storage.page import NO_PAGE, PAGE_ROOM, PageKind
from minidb.storage.page_codec import corrupt
from minidb.storage.space import Tablespace


def store(mtr: Mtr, space: Tablespace, data: bytes) -> int:
    """Write `data` to fresh pages; returns the number of the first.  Raises 1114, and leaves nothing behind then."""
    first = before = NO_PAGE
    mark = mtr.mark()
    try:
        for offset in range(0, len(data) or 1, PAGE_ROOM):
            page = space.allocate(mtr, PageKind.LOB, before)
            page.body = data[offset : offset + PAGE_ROOM]
            page.nbytes = len(page.body)
            if before:
                space.page(before).next = page.no
                page.prev = before
            first, before = first or page.no, page.no
    except BaseException:
        mtr.rollback_to(mark)
        raise
    return first


def load(space: Tablespace, no: int, length: int) -> bytes:
    """The value of `length` bytes that begins on page `no`.  Raises CorruptPageError if the chain holds anything else."""
    return b"".join(space.page(n).body for n in chain(space, no, length))


def free(mtr: Mtr, space: Tablespace, no: int) -> None:
    """Give back the pages of the value that begins on page `no`."""
    numbers = chain(space, no, None)
    mark = mtr.mark()
    try:
        for number in numbers:
            space.free_number(mtr, number)
    except BaseException:
        mtr.rollback_to(mark)
        raise


def chain(space: Tablespace, no: int, length: int | None = None) -> list[int]:
    """Page numbers of the value that begins on page `no`; its total length is verified unless it is None."""
    numbers: list[int] = []
    total = 0
    before = NO_PAGE
    while no:
        page = space.page(no)
        if page.kind != PageKind.LOB or page.prev != before:
            raise corrupt(space, no, "is not the next page of an off-page value")
        numbers.append(no)
        total += page.nbytes
        before, no = no, page.next
    if length is not None and total != length:
        raise corrupt(space, numbers[0] if numbers else NO_PAGE, f"begins an off-page value of {total} bytes, not {length}")
    return numbers
