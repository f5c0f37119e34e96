"""Undo records in undo pages of the system space, and the integer roll pointers that name them.

    roll pointer = page number << 10 | slot            0 = the row was inserted: there is nothing before it

A transaction's undo log is a run of slots, over as many pages as it takes.  The log begins with a header record; when the
transaction commits and others may still need its old versions, the header is given the commit number and the log joins the
history list.  Logs of several transactions may follow one another in a page.  A page whose last log has been purged is emptied,
and freed if it was full.

    (HEADER, transaction, commit number)                0 while the transaction is active, PURGED when nobody needs the log
    (CONTINUED, transaction, page before)
    (INSERT, table, clustered key)                      undone by removing the row
    (UPDATE, table, old row, replaced)                  undone by putting the old row back; replaced: off-page values of it
    (DELETE, table, old row, replaced)                  the row was delete-marked                         that the change dropped
    (REINSERT, table, old row, replaced)                a delete-marked row was used again
    (UPDATE_UNINDEXED, table, old row, replaced)        as UPDATE, but no secondary entry and no off-page value changed: nothing
                                                        is left to purge but the record itself

Transactions, tables and pages are named by their numbers; an undo page is a list of records as tuples of atoms (types/atoms.py),
each behind its length, like the records of a leaf.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minidb.engine import Row
from minidb.innodb.trx import CommittedLog, InnodbTrx
from minidb.storage.buffer_pool import BufferPool
from minidb.storage.mtr import Mtr, Op
from minidb.storage.page import PAGE_HEADER, PAGE_ROOM, Page, PageKind
from minidb.storage.page_codec import pack_records, unpack_records
from minidb.storage.space import Tablespace
from minidb.types.codec import decode_atoms, encode_atoms

PURGED = -1
HEADER, CONTINUED, INSERT, UPDATE, DELETE, REINSERT, UPDATE_UNINDEXED = range(7)
KIND, TABLE, DATA, REPLACED = range(4)  # places in a record
KIND_NAMES = ("HEADER", "CONTINUED", "INSERT", "UPDATE", "DELETE", "REINSERT", "UPDATE_UNINDEXED")
_CHANGE = ("table", "old row", "replaced")
FIELDS = (  # of each kind, behind the kind
    ("transaction", "commit number"), ("transaction", "page before"), ("table", "clustered key"), *[_CHANGE] * 4,
)
SLOT_BITS = 10
SLOT_MASK = (1 << SLOT_BITS) - 1
MAX_SLOTS = 512
ROOM = PAGE_ROOM - 256
RECORD_OVERHEAD = 48  # bytes of a record around its row, rounded up

Record = tuple[Any, ...]
new_log = tuple.__new__  # what CommittedLog(...) does, without a Python function in between: every commit makes one


def place_of(roll_ptr: int) -> tuple[int, int]:
    """(page, slot) that `roll_ptr` names."""
    return roll_ptr >> SLOT_BITS, roll_ptr & SLOT_MASK


class UndoCodec:
    """Undo pages to bytes and back: each record as a tuple of atoms."""

    def encode_body(self, page: Page) -> bytes:
        return pack_records(map(encode_atoms, page.rows))

    def decode_body(self, page: Page, data: bytes, count: int) -> None:
        page.rows = [decode_atoms(record, 0)[0] for record in unpack_records(data, PAGE_HEADER, PAGE_HEADER + page.nbytes)]


class UndoSpace:
    """The undo pages of a database.  Latch held in all methods.

    _logs: page -> logs in it that are active or not purged.  _open: pages with room that no active transaction writes to.
    """

    __slots__ = ("_frames", "_logs", "_open", "_pool", "_space")

    def __init__(self, pool: BufferPool, space: Tablespace) -> None:
        self._pool = pool
        self._space = space
        self._frames = space.frames
        space.codecs[PageKind.UNDO] = UndoCodec()
        self._logs: dict[int, int] = {}
        self._open: dict[int, None] = {}

    def _page(self, number: int) -> Page:
        try:
            return self._frames[number]
        except KeyError:
            return self._space.load(number)

    # ---- writing
    def _begin(self, trx: InnodbTrx, mtr: Mtr) -> Page:
        """Begin the log of `trx` in a page with room."""
        if self._open:
            page = self._page(self._open.popitem()[0])
        else:
            page = self._space.allocate(mtr, PageKind.UNDO)
        if not page.dirty:
            mtr.touch(page)
        number, rows = page.no, page.rows
        self._logs[number] = self._logs.get(number, 0) + 1
        trx.log_pages.append(number)
        trx.log_start = len(rows)
        trx.log_bytes = page.nbytes
        header = (HEADER, trx.id, 0)
        if mtr.logging:
            mtr.log(Op.INSERT, page, (len(rows), None, header))
        rows.append(header)
        page.nbytes += RECORD_OVERHEAD
        return page

    def append(self, trx: InnodbTrx, mtr: Mtr, record: Record, size: int) -> int:
        """Write `record`, whose row takes about `size` bytes, to the log of `trx`; its roll pointer."""
        pages = trx.log_pages
        if pages:
            page = self._frames.get(pages[-1]) or self._page(pages[-1])
            if not page.dirty:
                mtr.touch(page)
        else:
            page = self._begin(trx, mtr)
        rows = page.rows
        slot = len(rows)
        size += RECORD_OVERHEAD
        if slot >= MAX_SLOTS or (page.nbytes + size > ROOM and slot > 1):
            page = self._space.allocate(mtr, PageKind.UNDO)
            mtr.touch(page)
            self._add(page, mtr, (CONTINUED, trx.id, pages[-1]))
            self._logs[page.no] = 1
            pages.append(page.no)
            rows, slot = page.rows, 1
        page.nbytes += size
        trx.undo_records += 1
        if record[0] != INSERT:
            trx.has_update_undo = True
        if mtr.logging:
            mtr.log(Op.INSERT, page, (slot, None, record))
        rows.append(record)
        return page.no << SLOT_BITS | slot

    @staticmethod
    def _add(page: Page, mtr: Mtr, record: Record) -> None:
        if mtr.logging:
            mtr.log(Op.INSERT, page, (len(page.rows), None, record))
        page.rows.append(record)

    @staticmethod
    def _put(page: Page, mtr: Mtr, slot: int, record: Record) -> None:
        """Replace the record at `slot`."""
        if not page.dirty:
            mtr.touch(page)
        if mtr.logging:
            mtr.log(Op.REPLACE, page, (slot, None, record))
        page.rows[slot] = record

    @staticmethod
    def _cut(page: Page, mtr: Mtr, slot: int) -> None:
        """Drop the records from `slot` on."""
        if not page.dirty:
            mtr.touch(page)
        if mtr.logging:
            mtr.log(Op.CUT, page, slot)
        del page.rows[slot:]

    # ---- reading
    def record(self, roll_ptr: int) -> Record:
        """The record that `roll_ptr` names."""
        record: Record = self._page(roll_ptr >> SLOT_BITS).rows[roll_ptr & SLOT_MASK]
        return record

    def old_row(self, roll_ptr: int) -> Row:
        """The row before the change that `roll_ptr` names."""
        row: Row = self._page(roll_ptr >> SLOT_BITS).rows[roll_ptr & SLOT_MASK][DATA]
        return row

    def committed(self, log: CommittedLog) -> Iterator[tuple[int, Record]]:
        """(roll pointer, record) of the changes of a committed log that left something to purge, oldest first."""
        last = log.pages[-1]
        for number in log.pages:
            rows = self._page(number).rows
            start = log.start if number == log.pages[0] else 0
            end = log.end if number == last else len(rows)
            for slot in range(start, end):
                record = rows[slot]
                if INSERT < record[KIND] < UPDATE_UNINDEXED:
                    yield number << SLOT_BITS | slot, record

    # ---- undoing
    def last(self, trx: InnodbTrx) -> tuple[int, Record]:
        """Roll pointer and record of the latest change of `trx` not yet undone."""
        number = trx.log_pages[-1]
        rows = self._page(number).rows
        return number << SLOT_BITS | (len(rows) - 1), rows[-1]

    def forget_last(self, trx: InnodbTrx, mtr: Mtr) -> None:
        """The latest change of `trx` has been undone: drop its record."""
        page = self._page(trx.log_pages[-1])
        self._cut(page, mtr, len(page.rows) - 1)
        trx.undo_records -= 1
        if len(page.rows) == 1 and len(trx.log_pages) > 1:
            trx.log_pages.pop()
            del self._logs[page.no]
            self._space.free(mtr, page)

    # ---- the end of a transaction
    def drop(self, trx: InnodbTrx, mtr: Mtr) -> None:
        """Forget the whole log of `trx`: nobody needs it (rolled back, or inserts only)."""
        pages = trx.log_pages
        if not pages:
            return
        for number in pages[1:]:
            del self._logs[number]
            self._space.free(mtr, self._page(number))
        number = pages[0]
        page = self._page(number)
        self._cut(page, mtr, trx.log_start)
        page.nbytes = trx.log_bytes
        self._close(trx, page)
        if self._logs[number] == 1 and not page.rows and number in self._open:
            del self._logs[number]  # empty as it is: the common case of `_release`
        else:
            self._release(number, mtr)

    def commit(self, trx: InnodbTrx, mtr: Mtr, number: int) -> CommittedLog:
        """Keep the log of `trx`, committed with `number`, for readers of old versions and for purge."""
        pages = tuple(trx.log_pages)
        page = self._page(pages[0])
        self._put(page, mtr, trx.log_start, (HEADER, trx.id, number))
        if len(pages) > 1:
            page = self._page(pages[-1])
        self._close(trx, page)
        return new_log(CommittedLog, (number, trx.id, pages, trx.log_start, len(page.rows)))

    def _close(self, trx: InnodbTrx, last: Page) -> None:
        """The log of `trx` has ended in page `last`; the page can take another one if it has room."""
        if len(last.rows) < MAX_SLOTS - 8 and last.nbytes < ROOM * 3 // 4:  # `_has_room`
            self._open[last.no] = None
        trx.log_pages.clear()
        trx.undo_records = 0
        trx.has_update_undo = False

    # ---- purge
    def values_freed(self, roll_ptr: int, mtr: Mtr) -> None:
        """The off-page values that the change at `roll_ptr` dropped have been given back: nobody may do so again."""
        page = self._page(roll_ptr >> SLOT_BITS)
        slot = roll_ptr & SLOT_MASK
        self._put(page, mtr, slot, (*page.rows[slot][:REPLACED], ()))

    def purged(self, log: CommittedLog, mtr: Mtr) -> None:
        """All records of `log` have been processed."""
        if self._logs[log.pages[0]] > 1:  # the page stays: recovery must not find the log again
            self._put(self._page(log.pages[0]), mtr, log.start, (HEADER, log.trx_id, PURGED))
        for number in log.pages:
            self._release(number, mtr)

    def _release(self, number: int, mtr: Mtr) -> None:
        left = self._logs[number] - 1
        if left:
            self._logs[number] = left
            return
        del self._logs[number]
        page = self._page(number)
        if number in self._open:
            self._cut(page, mtr, 0)
            page.nbytes = 0
        else:
            self._space.free(mtr, page)

    # ---- recovery
    def rebuild(self, pages: list[int], active: set[int], logs: list[list[int]]) -> None:
        """Learn from recovery what is in use.  pages: all undo pages.  active: those that a running transaction wrote to.
        logs: the pages of each log."""
        self._logs.clear()
        self._open.clear()
        for numbers in logs:
            for number in numbers:
                self._logs[number] = self._logs.get(number, 0) + 1
        middle = {number for numbers in logs for number in numbers[:-1]}
        mtr = self._pool.mtr()
        for number in pages:
            page = self._page(number)
            if number not in self._logs and page.rows:
                self._cut(page, mtr, 0)  # nothing but rests of purged logs
                page.nbytes = 0
            if number not in active and number not in middle and self._has_room(page):
                self._open[number] = None
        mtr.commit()

    # ---- snapshots
    def bookkeeping(self) -> tuple[dict[int, int], dict[int, None]]:
        """What is known beside the pages, for `recall`."""
        return self._logs.copy(), self._open.copy()

    def recall(self, known: tuple[dict[int, int], dict[int, None]]) -> None:
        """Know again what `bookkeeping` gave."""
        self._logs, self._open = known[0].copy(), known[1].copy()

    def bytes_before(self, number: int, slot: int) -> int:
        """Size of the records of a page before `slot`, roughly."""
        return sum(len(encode_atoms(record)) + RECORD_OVERHEAD for record in self._page(number).rows[:slot])

    @staticmethod
    def _has_room(page: Page) -> bool:
        return len(page.rows) < MAX_SLOTS - 8 and page.nbytes < ROOM * 3 // 4

    def free_all(self, mtr: Mtr) -> None:
        """Give back all pages without a log (at a clean shutdown that is every undo page)."""
        for number in [n for n in self._open if n not in self._logs]:
            del self._open[number]
            self._space.free_number(mtr, number)

    def check(self) -> list[str]:
        """What is wrong with the bookkeeping of undo pages; empty if nothing."""
        found = [f"undo page {n}: {count} logs" for n, count in self._logs.items() if count < 1]
        for number in self._open:
            if number not in self._logs and self._page(number).rows:
                found.append(f"undo page {number}: no log but {len(self._page(number).rows)} records")
        return found
