"""Locking reads: one record after the other, each locked as its place in the search demands.

The numbered rules are in README.md; what differs between servers is asked of the profile.  A search that has to wait is
continued from the record it waited for: if the record is still there it is looked at again, else the search goes on behind it.
"""

from __future__ import annotations

from typing import Final

from minidb.engine import Cursor, Isolation, Key, KeyRange, ReadMode, Row, Scan, ScanPurpose, WaitPolicy, Work
from minidb.errors import RolledBack, SqlError
from minidb.innodb.core import Core
from minidb.innodb.dict_table import ClusteredIndex, DictTable, SecondaryIndex
from minidb.innodb.layout import DELETED, TRX_ID
from minidb.innodb.lock import LOCKED, SKIPPED
from minidb.innodb.lock_modes import GAP, IS, IX, NEXT_KEY, REC, SUPREMUM, TABLE_COVERED_BY, S, X
from minidb.innodb.lock_objects import IndexLocks
from minidb.innodb.row_lock import lock_entry, lock_row
from minidb.innodb.row_select import bounds, refuse_old_view
from minidb.innodb.trx import InnodbTrx
from minidb.scheduler import LockWait
from minidb.storage.btree import BTree
from minidb.storage.page import Page
from minidb.types.keys import NULL

ON: Final = ()  # nothing to deliver here: go on with the next record
END: Final = ("end",)  # the range is read to its end


def lock_by_key(core: Core, table: DictTable, trx: InnodbTrx, key: Key, mode: int, wait: WaitPolicy) -> Row | None:
    """The row with clustered key `key`, locked S or X (`mode`), if it is there and nothing stands in the way; None sends the caller
    to a `LockingCursor`, which knows all cases.  Latch held."""
    row: Row | None = table.clustered.tree.get(key)
    view = trx.view
    if row is None or row[DELETED] or table.externals or trx.read_only:
        return None
    if view is not None and (table.def_trx_id >= view.low_limit or trx.snapshot_isolation):
        return None
    locks, holder = core.locks, trx.locks
    owner = core.system.active.get(row[TRX_ID])
    if owner is not None and owner is not trx:
        return None
    if table.locks.strong or table.locks.waiting:
        return None
    index_locks = table.clustered.locks
    if key in index_locks:
        return None
    trx.active = trx.started = True
    if not TABLE_COVERED_BY[mode] & holder.tables.get(table.locks, 0):
        locks.lock_table(holder, table.locks, mode)  # IS = S, IX = X
    if owner is None:
        locks.lock(holder, index_locks, key, REC | mode)
    return row


class LockingCursor(Cursor):
    """A locking scan.  It looks at one record at a time; between two records it holds nothing but keys.

    _range: what is read now.  _low, _high: its bounds as tree keys, with _low_in and _high_in.  _prefix: what an equality
    compares with. _unique: equality on all columns of a unique index.  _exact_low: the key that a closed lower bound of the
    clustered index names. _end_key: the key that a closed upper end names in full.  _at: the record looked at last, None at the
    start of a range; _again: look at it once more.  _gap_first: a backward range has yet to lock the gap behind its start.
    _new: locks newly had for the record delivered last (index locks, key, flags).  _semi: that row was read without a lock.
    """

    __slots__ = (
        "_again", "_at", "_back", "_clustered", "_core", "_covering", "_end_key", "_exact_low", "_gap_first", "_high",
        "_high_in", "_icp", "_last", "_low", "_low_in", "_mode", "_new", "_opened", "_prefix", "_range", "_ranges", "_reverse",
        "_scan", "_semi", "_table", "_tree", "_trx", "_try_semi", "_unique", "_work", "index",
    )

    def __init__(
        self, core: Core, table: DictTable, trx: InnodbTrx, scan: Scan, tree: BTree, clustered: BTree, work: Work | None
    ) -> None:
        index: ClusteredIndex | SecondaryIndex = table.clustered if scan.index is None else table.by_ordinal[scan.index]
        self.index = index
        self._core = core
        self._table = table
        self._trx = trx
        self._scan = scan
        self._tree = tree
        self._clustered = clustered
        self._work = work
        self._reverse = scan.reverse
        self._mode = X if scan.mode == ReadMode.EXCLUSIVE else S
        self._covering = scan.covering and not index.clustered and (scan.purpose == ScanPurpose.SELECT or self._mode == S)
        self._icp = scan.condition is not None and scan.purpose == ScanPurpose.SELECT and not self._covering and not scan.reverse
        self._try_semi = (
            index.clustered and scan.purpose == ScanPurpose.UPDATE and self._mode == X
            and trx.isolation <= Isolation.READ_COMMITTED
        )
        self._ranges = list(scan.ranges if scan.reverse else reversed(scan.ranges))
        self._range: KeyRange | None = None
        self._opened = False
        self._at: Key = None
        self._again = False
        self._new: list[tuple[IndexLocks, Key, int]] = []
        self._semi = False
        self._last: Row | None = None

    # ---- the door
    def next_batch(self) -> list[Row] | None:
        raise SqlError.of(1105, "a locking scan is read row by row")

    def next_row(self) -> Row | None:
        core, trx = self._core, self._trx
        if core.latch.locked():
            core.scheduler.give_way()
        with core.latch:
            try:
                self._semi = False
                while True:
                    try:
                        self._last = row = self._next()
                        break
                    except LockWait:
                        core.wait(trx, self._scan.wait_seconds)
            except BaseException as error:
                core.failed(trx, trx.undo_records, error)
                raise
            finally:
                core.trim()
        if row is not None and self._work is not None:
            self._work.rows_returned += 1
        return row

    def unlock_row(self) -> None:
        if self._new and self._trx.isolation <= Isolation.READ_COMMITTED:
            with self._core.latch:
                self._give_back()

    def lock_current(self) -> Row | None:
        if not self._semi:
            return self._last
        core, trx = self._core, self._trx
        self._semi = False
        with core.latch:
            try:
                while True:
                    try:
                        self._last = self._lock_after_semi()
                        return self._last
                    except LockWait:
                        core.wait(trx, self._scan.wait_seconds)
            except BaseException as error:
                core.failed(trx, trx.undo_records, error)
                raise
            finally:
                core.trim()

    @property
    def semi_consistent(self) -> bool:
        return self._semi

    def close(self) -> None:
        self._ranges.clear()
        self._range = None

    # ---- ranges
    def _next(self) -> Row | None:
        if not self._opened:
            self._open()
        while True:
            if self._range is None:
                if not self._ranges:
                    return None
                self._begin(self._ranges.pop())
            found = self._step_back() if self._back else self._step()
            if found is END:
                self._range = None
            elif found is not ON:
                return found

    def _open(self) -> None:
        """Before the first record: the table's intention lock."""
        core, trx = self._core, self._trx
        trx.active = trx.started = True
        core.system.close_expired(trx)
        view = trx.view
        if trx.read_only and self._mode == X:
            raise SqlError.of(1792)
        if view is not None and self._table.def_trx_id >= view.low_limit:
            refuse_old_view(core, self.index, view)
        core.locks.lock_table(trx.locks, self._table.locks, IX if self._mode == X else IS)
        self._opened = True

    def _begin(self, key_range: KeyRange) -> None:
        index = self.index
        self._range = key_range
        self._low, self._high, self._low_in, self._high_in = bounds(index, key_range)
        low, high = key_range.low, key_range.high
        width = index.user_width
        bare = index.clustered and width == 1
        equality = key_range.is_equality and low is not None
        self._prefix = low if equality else None
        self._unique = equality and index.unique and low is not None and len(low) == width and NULL not in low
        self._exact_low = self._end_key = None
        if index.clustered and not equality:
            if low is not None and key_range.low_inclusive and len(low) == width:
                self._exact_low = low[0] if bare else low
            if high is not None and key_range.high_inclusive and len(high) == width:
                self._end_key = high[0] if bare else high
        whole = equality and low is not None and len(low) == width
        # an equality on the whole key is read forwards, unless the order asked for goes on with the clustered key
        self._back = self._gap_first = self._reverse and not self._unique and not (whole and 0 < self._scan.order_parts <= width)
        self._at = None
        self._again = False

    # ---- forward
    def _step(self) -> Row:
        """Look at the next record: a row to deliver, ON or END."""
        core, trx, index = self._core, self._trx, self.index
        page, i = self._position()
        gaps = trx.isolation > Isolation.READ_COMMITTED
        if page is None:
            if gaps:
                core.locks.lock(trx.locks, index.locks, SUPREMUM, NEXT_KEY | self._mode)
            return END
        key = page.keys[i]
        prefix = self._prefix
        beyond = False
        kind = NEXT_KEY if gaps else REC
        if prefix is not None:
            if not self._matches(key, prefix):
                if gaps:
                    self._lock_gap(page, i, key)
                return END
            if self._unique and gaps:
                kind = self._unique_kind(page.rows[i])
        elif self._high is not None and not (key <= self._high if self._high_in else key < self._high):
            beyond = True
            if gaps:
                kind = core.locks.profile.beyond_range_end(index.clustered, True)
                if kind == GAP:
                    self._lock_gap(page, i, key)
                    return END
        elif key == self._exact_low and self._exact_low is not None:
            kind = REC
        found = self._look(page, i, key, kind, beyond)
        if found is ON or found is END:
            ends = found is END
        else:
            ends = self._unique
        if not beyond and key == self._end_key and self._end_key is not None:
            ends = ends or (gaps and core.locks.profile.range_ends_on_hit(index.clustered, True, True, True))
        if ends:
            self._range = None
        return found

    def _position(self) -> tuple[Page | None, int]:
        """The record to look at now."""
        if self._at is not None:
            return self._tree.seek(self._at, self._again)
        if self._low is None:
            return self._tree.first()
        return self._tree.seek(self._low, self._low_in)

    def _matches(self, key: Key, prefix: Key) -> bool:
        if self.index.clustered and self.index.user_width == 1:
            return bool(key == prefix[0])
        return bool(key[: len(prefix)] == prefix)

    def _unique_kind(self, record: Row) -> int:
        """What a hit by equality on a whole unique key is locked with."""
        index, profile = self.index, self._core.locks.profile
        if isinstance(index, ClusteredIndex):
            return profile.delete_marked_clustered_hit() if record[DELETED] else REC
        return NEXT_KEY if len(record) > index.layout.width else profile.unique_secondary_hit()

    # ---- backward
    def _step_back(self) -> Row:
        """Look at the next record downwards: a row to deliver, ON or END."""
        core, trx, index, tree = self._core, self._trx, self.index, self._tree
        gaps = trx.isolation > Isolation.READ_COMMITTED
        if self._gap_first:
            if gaps:
                page, i = (None, 0) if self._high is None else tree.seek(self._high, not self._high_in)
                if page is None:
                    core.locks.lock(trx.locks, index.locks, SUPREMUM, NEXT_KEY | self._mode)
                else:
                    self._lock_gap(page, i, page.keys[i])
            self._gap_first = False
        if self._at is not None:
            page, i = tree.seek_last(self._at, self._again)
        elif self._high is None:
            page, i = tree.last()
        else:
            page, i = tree.seek_last(self._high, self._high_in)
        if page is None:
            return END
        key = page.keys[i]
        if self._prefix is not None:
            beyond = not self._matches(key, self._prefix)
            if beyond and self._at is None and self._scan.purpose == ScanPurpose.SELECT and len(self._scan.ranges) == 1:
                if gaps:
                    self._lock_gap(page, i, key)
                return END
        else:
            beyond = self._low is not None and not (key >= self._low if self._low_in else key > self._low)
        return self._look(page, i, key, NEXT_KEY if gaps else REC, beyond)

    # ---- one record
    def _lock_gap(self, page: Page, i: int, key: Key) -> None:
        """Lock the gap before record `i` of `page`.  Never waits; but whoever changed that record has its lock written down."""
        index, record = self.index, page.rows[i]
        if isinstance(index, ClusteredIndex):
            lock_row(self._core, self._trx, index, key, record, GAP | self._mode)
        else:
            deleted = len(record) > index.layout.width
            lock_entry(self._core, self._trx, index, key, deleted, page.max_trx_id, GAP | self._mode)

    def _look(self, page: Page, i: int, key: Key, kind: int, beyond: bool) -> Row:
        """Lock record `i` of `page` and see whether it is to be delivered.  beyond: it is past the end of the range, so the search
        ends with it, unless it is delete-marked."""
        self._new = []
        self._at, self._again = key, True
        if self._work is not None:
            self._work.rows_examined += 1
        index = self.index
        if isinstance(index, ClusteredIndex):
            found = self._look_at_row(index, page.rows[i], key, kind, beyond)
        else:
            found = self._look_at_entry(index, page, i, key, kind, beyond)
        self._again = False
        return found

    def _look_at_row(self, index: ClusteredIndex, row: Row, key: Key, kind: int, beyond: bool) -> Row:
        core, trx = self._core, self._trx
        flags = kind | self._mode
        if row[DELETED] and trx.isolation <= Isolation.READ_COMMITTED and row[TRX_ID] not in core.system.active:
            return END if self._unique else ON
        semi = self._try_semi and not self._unique and trx.locks.timeout > 0
        got = lock_row(core, trx, index, key, row, flags, WaitPolicy.SKIP_LOCKED if semi else self._scan.wait)
        if got == SKIPPED:
            if not semi:
                return ON
            version = core.versions.committed(row)
            if version is None:
                return ON
            if beyond:
                return END
            self._semi = True
            return self._whole(version)
        if got == LOCKED:
            self._new.append((index.locks, key, flags))
        if row[DELETED]:
            self._give_back()
            return END if self._unique else ON
        self._insist_on_snapshot(row)
        if beyond:
            self._give_back()
            return END
        return self._whole(row)

    def _look_at_entry(self, index: SecondaryIndex, page: Page, i: int, key: Key, kind: int, beyond: bool) -> Row:
        core, trx = self._core, self._trx
        entry: Row = page.rows[i]
        flags = kind | self._mode
        deleted = len(entry) > index.layout.width
        if deleted and trx.isolation <= Isolation.READ_COMMITTED and core.entry_owner(index, key, True) is None:
            return ON
        got = lock_entry(core, trx, index, key, deleted, page.max_trx_id, flags, self._scan.wait)
        if got == SKIPPED:
            return ON
        if got == LOCKED:
            self._new.append((index.locks, key, flags))
        if deleted:
            self._give_back()
            return ON
        if beyond and self._icp:
            self._give_back()
            return END
        condition = self._scan.condition
        if condition is not None and not beyond and not condition(entry):
            self._give_back()
            return ON
        if not (self._covering and self._mode == S):
            row = self._lock_row_of(index, key)
            if row is None:
                return ON
            if not self._covering and not beyond:
                return self._whole(row)
        if beyond:
            self._give_back()
            return END
        return entry

    def _lock_row_of(self, index: SecondaryIndex, key: Key) -> Row | None:
        """The row that a live entry stands for, locked; None if it is to be passed over."""
        clustered = self._table.clustered
        row_key = index.layout.clustered_key(key)
        row: Row | None = self._clustered.get(row_key)
        if self._work is not None:
            self._work.clustered_lookups += 1
        if row is None:
            return None
        got = lock_row(self._core, self._trx, clustered, row_key, row, REC | self._mode, self._scan.wait)
        if got == SKIPPED:
            return None
        if got == LOCKED:
            self._new.append((clustered.locks, row_key, REC | self._mode))
        if row[DELETED]:
            self._give_back()
            return None
        self._insist_on_snapshot(row)
        return row

    def _insist_on_snapshot(self, row: Row) -> None:
        """innodb_snapshot_isolation: a row newer than the transaction's view may not be locked.  Raises 1020."""
        trx = self._trx
        view = trx.view
        if trx.snapshot_isolation and view is not None and not view.sees(row[TRX_ID]):
            text = f"Record has changed since last read in table '{self._table.tdef.name}'; try restarting transaction"
            raise SqlError.text(1020, text, RolledBack.TRANSACTION)

    def _whole(self, row: Row) -> Row:
        """`row` with its off-page values."""
        resolve = self._core.resolver(self._table)
        return row if resolve is None else resolve(row)

    # ---- READ COMMITTED
    def _give_back(self) -> None:
        """Give the newly had locks of the record back, where isolation level, access path and profile allow it.  A row changed by
        this transaction stays locked."""
        trx, new = self._trx, self._new
        if not new or trx.isolation > Isolation.READ_COMMITTED:
            return
        self._new = []
        if not self.index.clustered and not self._core.locks.profile.unlocks_through_secondary():
            return
        row = self._last_row_key(new)
        if row is not None and row[TRX_ID] == trx.id and (trx.id or not trx.locks.writes):
            return  # both 0: a row put back by a rollback looks like its own to a transaction that InnoDB has given no id yet
        for locks, key, flags in new:
            self._core.locks.unlock(trx.locks, locks, key, flags)

    def _last_row_key(self, new: list[tuple[IndexLocks, Key, int]]) -> Row | None:
        """The clustered record among the newly locked ones."""
        locks = self._table.clustered.locks
        for where, key, _ in new:
            if where is locks:
                row: Row | None = self._clustered.get(key)
                return row
        return None

    def _lock_after_semi(self) -> Row | None:
        """The row that was read without a lock matched: lock it and read its present version."""
        index = self._table.clustered
        key = self._at
        row = self._clustered.get(key)
        self._new = []
        if row is None:
            return None
        flags = REC | self._mode
        if lock_row(self._core, self._trx, index, key, row, flags) == LOCKED:
            self._new.append((index.locks, key, flags))
        if row[DELETED]:
            self._give_back()
            return None
        return self._whole(row)
