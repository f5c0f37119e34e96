"""`Heap`: rows at addresses, in decoded pages.  `HeapCache`: how many decoded pages all heaps of an engine keep.

A page of a heap is the run of `span` addresses ``no * span .. (no + 1) * span - 1``.  Pages are decoded when first used, changed in
memory, and turned into bytes when they are written: at the end of a statement where that matters, at `flush`, or when the cache is
over its limit.  Of a page written lately only what has changed since is encoded again: rows are tuples that nobody changes, so the
same tuple has the same bytes.  A row in memory is the tuple that crosses the door: the columns and, as its tail, the address.  All
methods are called with the latch held.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from minidb.engine import Row
from minidb.errors import CorruptPageError
from minidb.myisam.datafile import PAYLOAD, DataFile
from minidb.myisam.state import HeapState

if TYPE_CHECKING:
    from minidb.myisam.files import TableFiles


_STORED = 4  # pages whose last written content is remembered


class HeapCache:
    """The decoded pages of all heaps, first in first out.  limit: most pages kept, None = no limit.  `over`: it is time to `trim`.
    changing: tables whose changed rows are to be handed to the operating system, with the session whose statement changed them.

    Order of first use and not of last use decides, so that a hit costs nothing.
    """

    __slots__ = ("_pages", "changing", "limit", "misses", "over")

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.over = False
        self.misses = 0
        self._pages: dict[tuple[Heap, int], None] = {}
        self.changing: dict[TableFiles, int] = {}

    def entered(self, heap: Heap, no: int) -> None:
        """Page `no` of `heap` is decoded now."""
        self._pages[heap, no] = None
        if self.limit is not None and len(self._pages) > self.limit:
            self.over = True

    def trim(self) -> None:
        """Write and drop pages down to the limit.  Only between operations: nobody holds a page."""
        limit = self.limit
        while limit is not None and len(self._pages) > limit:
            heap, no = next(iter(self._pages))
            heap.evict(no)
            del self._pages[heap, no]
        self.over = False

    def forget(self, heap: Heap) -> None:
        """`heap` dropped all of its pages."""
        for key in [k for k in self._pages if k[0] is heap]:
            del self._pages[key]

    def __len__(self) -> int:
        return len(self._pages)


class Heap(ABC):
    """What table, cursor and check need of either row format.  `pages` maps page numbers to decoded pages."""

    __slots__ = ("cache", "dirty", "file", "pages", "span", "state", "stored")

    row_format: str
    pages: dict[int, Any]

    def __init__(self, file: DataFile, state: HeapState, cache: HeapCache, span: int) -> None:
        self.file = file
        self.state = state
        self.cache = cache
        self.span = span
        self.pages = {}
        self.dirty: dict[int, None] = {}
        self.stored: dict[int, Any] = {}  # page -> a copy of what it held when it was last encoded

    # ---- rows
    @abstractmethod
    def read(self, address: int) -> Row | None:
        """The row that begins at `address`, None if no live row does.  Raises CorruptPageError."""

    @abstractmethod
    def fetch(self, addresses: list[int]) -> list[Row]:
        """The rows at `addresses`, in that order.  Raises CorruptPageError if one of them holds no row."""

    @abstractmethod
    def rows_of(self, no: int) -> list[Row]:
        """The live rows that begin in page `no`, by address.  The list is the caller's own."""

    @abstractmethod
    def insert(self, values: Row) -> Row:
        """Store a row (columns only) at `place()`; returns it with its address."""

    @abstractmethod
    def update(self, row: Row, values: Row) -> Row:
        """Replace the live `row` (as it is stored now) by `values`; the address stays.  Returns the new row."""

    @abstractmethod
    def delete(self, row: Row) -> None:
        """Free the space of the live `row` (as it is stored now): it goes to the head of the chain of holes."""

    def place(self) -> int:
        """The address that the next insert will take: the hole freed last, else the end."""
        hole = self.state.first_hole
        return hole if hole >= 0 else self.state.end

    def page_count(self) -> int:
        """Number of pages up to the end of the heap."""
        return -(-self.state.end // self.span)

    def check_size(self) -> None:
        """Raises CorruptPageError if the file is shorter than the header says.  Called at open."""
        pages = -(-self.file_bytes() // PAYLOAD)
        if pages > self.file.pages():
            raise self.file.corrupt(self.file.pages(), f"the file ends here, it should have {pages} pages")

    @abstractmethod
    def file_bytes(self) -> int:
        """Bytes of the data file that the heap takes."""

    @abstractmethod
    def data_length(self) -> int:
        """Bytes up to the end of the heap, holes included."""

    def split_rows(self) -> bool:
        """Some row met so far lies in several blocks."""
        return False

    # ---- pages
    @abstractmethod
    def _load(self, no: int) -> Any:
        """Decode page `no` from the file into `pages`."""

    @abstractmethod
    def _store(self, no: int) -> None:
        """Encode page `no` into the data file: what differs from `stored[no]`, or all of it."""

    def _remember(self, no: int, content: Any) -> None:
        """Page `no` is encoded as `content` is."""
        self.stored[no] = content
        if len(self.stored) > _STORED:
            del self.stored[next(iter(self.stored))]

    def evict(self, no: int) -> None:
        """Write page `no` if it was changed and drop it from memory."""
        if no in self.pages:
            if no in self.dirty:
                self._store(no)
                self.file.write_out()
                del self.dirty[no]
            del self.pages[no]
            self.stored.pop(no, None)

    def flush(self) -> None:
        """Hand all changed pages to the file; the caller syncs.  Raises 1026, 1114: then they are still to be written."""
        for no in sorted(self.dirty):
            self._store(no)
        self.file.write_out()
        self.dirty.clear()

    def clear(self) -> None:
        """Remove all rows and holes at once."""
        self.cache.forget(self)
        self.pages.clear()
        self.dirty.clear()
        self.stored.clear()
        self.state.clear()
        self.file.clear()

    def drop_pages(self) -> None:
        """Forget everything in memory without writing it (the table is closed or dropped)."""
        self.cache.forget(self)
        self.pages.clear()
        self.dirty.clear()
        self.stored.clear()

    # ---- looking inside
    @abstractmethod
    def hole_at(self, address: int) -> tuple[int, int] | None:
        """(length in bytes, next hole) of the hole at `address`, None if there is no hole."""

    @abstractmethod
    def check(self) -> list[str]:
        """What is wrong with the heap itself: structure of the pages, chain of holes, counters."""

    @abstractmethod
    def dump(self) -> list[tuple[int, int, str]]:
        """(address, length in bytes, what) of every block, by address; for people and tests."""

    @abstractmethod
    def salvage(self) -> tuple[list[Row], int]:
        """All rows that can be read whatever the counters say, by address, and the number of pages that could not be read."""

    def corrupt(self, address: int, why: str) -> CorruptPageError:
        return self.file.corrupt(address // self.span, f"{why} (address {address})")

    def _check_chain(self) -> list[str]:
        """Follow the holes: each is one, none comes twice, their number and bytes are what the header says."""
        state = self.state
        seen: dict[int, None] = {}
        free = 0
        address = state.first_hole
        while address >= 0:
            if address in seen:
                return [f"the chain of deleted rows comes back to address {address}"]
            hole = self.hole_at(address) if address < state.end else None
            if hole is None:
                return [f"the chain of deleted rows leads to address {address}, where nothing is deleted"]
            seen[address] = None
            free += hole[0]
            address = hole[1]
        problems = []
        if len(seen) != state.deleted:
            problems.append(f"the chain of deleted rows has {len(seen)} members, the header says {state.deleted}")
        if free != state.free:
            problems.append(f"the deleted rows hold {free} bytes, the header says {state.free}")
        return problems

    def _check_rows(self) -> list[str]:
        """The number of live rows is what the header says."""
        count = sum(len(self.rows_of(no)) for no in range(self.page_count()))
        if count != self.state.rows:
            return [f"found {count} rows, the header says {self.state.rows}"]
        return []
