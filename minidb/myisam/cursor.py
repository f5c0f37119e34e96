"""Scans of a MyISAM table: by storage order (`HeapCursor`) or along an index (`IndexCursor`).

Table locks keep others away, so a locking scan differs from a plain one only in that it hands out single rows.  Those it reads
again from the heap one by one: the statement itself may have changed or deleted them since the batch was read.
"""

from __future__ import annotations

from abc import abstractmethod

from minidb.engine import Cursor, Row, Scan, Work
from minidb.myisam.files import TableFiles
from minidb.myisam.keyfile import Index
from minidb.scheduler import Mutex
from minidb.storage.btree import BTree
from minidb.storage.btree_cursor import LeafCursor

BATCH = 256  # rows that a batch of small heap pages is filled up to


class MyisamCursor(Cursor):
    """What both kinds share.  work: where reads are counted, None = not counted."""

    __slots__ = ("_buffer", "_files", "_latch", "_row", "_scan", "_session", "_work")

    def __init__(self, files: TableFiles, latch: Mutex, session: int, scan: Scan, work: Work | None) -> None:
        self._files = files
        self._latch = latch
        self._session = session
        self._scan = scan
        self._work = work
        self._buffer: list[Row] = []  # rows for next_row, last first
        self._row: Row | None = None

    @abstractmethod
    def _batch(self) -> list[Row] | None:
        """The next batch, maybe empty; None at the end.  Latch held."""

    def _current(self, row: Row) -> Row | None:
        """What is stored now of a row read some time ago.  Latch held."""
        return self._files.heap.read(row[-1])

    def next_batch(self) -> list[Row] | None:
        with self._latch:
            while True:
                batch = self._batch()
                if self._files.bounded:
                    self._files.tidy()
                if batch:
                    if self._work is not None:
                        self._work.rows_returned += len(batch)
                    return batch
                if batch is None:
                    return None

    def next_row(self) -> Row | None:
        while True:
            if not self._buffer:
                batch = self.next_batch()
                if batch is None:
                    self._row = None
                    return None
                batch.reverse()
                self._buffer = batch
            with self._latch:
                row = self._row = self._current(self._buffer.pop())
            if row is not None:
                return row

    def unlock_row(self) -> None:
        """There are no row locks."""

    def lock_current(self) -> Row | None:
        if self._row is None:
            return None
        with self._latch:
            return self._current(self._row)

    @property
    def semi_consistent(self) -> bool:
        return False

    def close(self) -> None:
        self._buffer = []


class HeapCursor(MyisamCursor):
    """All rows in storage order, or backward."""

    __slots__ = ("_no", "_step")

    def __init__(self, files: TableFiles, latch: Mutex, session: int, scan: Scan, work: Work | None) -> None:
        super().__init__(files, latch, session, scan, work)
        self._no: int | None = None  # the page to read next
        self._step = -1 if scan.reverse else 1

    def _batch(self) -> list[Row] | None:
        heap = self._files.heap
        pages = heap.page_count()
        no = self._no
        if no is None:
            no = pages - 1 if self._step < 0 else 0
        if not 0 <= no < pages:
            return None
        missed, first = heap.cache.misses, no
        rows = self._page(no)
        no += self._step
        while len(rows) < BATCH and 0 <= no < pages:
            rows += self._page(no)
            no += self._step
        self._no = no
        if self._work is not None:
            self._work.rows_examined += len(rows)
            self._work.pages_missed += heap.cache.misses - missed
            self._work.pages_hit += abs(no - first) - (heap.cache.misses - missed)
        seen = self._files.visible(self._session)
        if seen is not None:
            rows = [row for row in rows if row[-1] < seen[0]]
        return rows

    def _page(self, no: int) -> list[Row]:
        rows = self._files.heap.rows_of(no)
        if self._step < 0:
            rows.reverse()
        return rows


class IndexCursor(MyisamCursor):
    """The rows of one or several ranges of an index, or their entries (covering)."""

    __slots__ = ("_index", "_leaves", "_ranges", "_tree")

    def __init__(
        self, files: TableFiles, latch: Mutex, session: int, scan: Scan, work: Work | None, index: Index, tree: BTree
    ) -> None:
        super().__init__(files, latch, session, scan, work)
        self._index = index
        self._tree = tree
        self._ranges = list(scan.ranges if scan.reverse else reversed(scan.ranges))  # next one last
        self._leaves: LeafCursor | None = None

    def _batch(self) -> list[Row] | None:
        scan, index = self._scan, self._index
        leaves = self._leaves
        if leaves is None:
            if not self._ranges:
                return None
            low, high, low_inclusive, high_inclusive = index.bounds(self._ranges.pop())
            leaves = self._leaves = LeafCursor(self._tree, low, high, low_inclusive, high_inclusive, scan.reverse)
        found = leaves.next()
        if found is None:
            self._leaves = None
            return []
        page, i, j = found
        if j < len(page.keys) and not scan.reverse:
            self._leaves = None  # the range ends on this page
        stored = page.rows[i:j]
        if self._work is not None:
            self._work.rows_examined += len(stored)
        if scan.covering or scan.condition is not None:
            return self._by_entries(index.entries(page.keys[i:j], stored))
        return self._rows(index.addresses(stored))

    def _by_entries(self, entries: list[Row]) -> list[Row]:
        condition = self._scan.condition
        if condition is not None:
            entries = [entry for entry in entries if condition(entry)]
        if not self._scan.covering:
            return self._rows([entry[-1] for entry in entries])
        seen = self._files.visible(self._session)
        if seen is not None:
            entries = [entry for entry in entries if entry[-1] < seen[0]]
        if self._scan.reverse:
            entries.reverse()
        return entries

    def _rows(self, addresses: list[int]) -> list[Row]:
        seen = self._files.visible(self._session)
        if seen is not None:
            addresses = [a for a in addresses if a < seen[0]]
        if self._scan.reverse:
            addresses.reverse()
        heap = self._files.heap
        missed = heap.cache.misses
        rows = heap.fetch(addresses)
        if self._work is not None:
            missed = heap.cache.misses - missed
            self._work.address_reads += len(rows)
            self._work.pages_missed += missed
            self._work.pages_hit += max(0, len(rows) - missed)
        return rows

    def _current(self, row: Row) -> Row | None:
        now = self._files.heap.read(row[-1])
        return row if self._scan.covering and now is not None else now
