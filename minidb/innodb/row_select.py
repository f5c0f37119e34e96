"""Consistent reads: rows as a read view sees them, a leaf page at a time, without locks.

A leaf whose youngest change the view sees (`page.max_trx_id`) is delivered by a slice; only a leaf changed since then has its rows
looked at one by one.  A secondary entry on such a leaf, or with a delete mark, proves nothing: the visible version of its row is
fetched and must still stand under that entry.
"""

from __future__ import annotations

from minidb.engine import Cursor, Key, KeyRange, Row, Scan, Work
from minidb.errors import SqlError
from minidb.innodb.core import Core
from minidb.innodb.dict_table import ClusteredIndex, DictTable, SecondaryIndex
from minidb.innodb.layout import DELETED, TRX_ID
from minidb.innodb.read_view import ReadView
from minidb.innodb.trx import InnodbTrx
from minidb.storage.btree import BTree
from minidb.storage.btree_cursor import LeafCursor
from minidb.storage.page import Page
from minidb.types.keys import MAX

Index = ClusteredIndex | SecondaryIndex


def bounds(index: Index, key_range: KeyRange) -> tuple[Key, Key, bool, bool]:
    """A key range as (low, high, low inclusive, high inclusive) in terms of the tree's keys; None = open."""
    low, high = key_range.low, key_range.high
    if index.clustered and index.user_width == 1:
        return (
            None if low is None else low[0], None if high is None else high[0], key_range.low_inclusive,
            key_range.high_inclusive,
        )
    if low is not None and not key_range.low_inclusive:
        low = (*low, MAX)
    if high is not None and key_range.high_inclusive:
        high = (*high, MAX)
    return low, high, key_range.low_inclusive, key_range.high_inclusive


def reads_forwards(index: Index, key_range: KeyRange, scan: Scan) -> bool:
    """Whether a range of a backward scan is read forwards all the same: an equality on the index's whole key, unless the order
    asked for goes on with the clustered key."""
    width = index.user_width
    whole = key_range.is_equality and key_range.low is not None and len(key_range.low) == width
    return whole and 0 < scan.order_parts <= width


def view_for(core: Core, index: Index, trx: InnodbTrx) -> ReadView:
    """The view of a consistent read through `index`.  Raises 1412 if the table is younger than the view."""
    core.system.close_expired(trx)
    view = trx.view
    if view is None:
        view = core.system.view_of(trx)
    if index.table.def_trx_id >= view.low_limit:
        refuse_old_view(core, index, view)
    return view


def refuse_old_view(core: Core, index: Index, view: ReadView) -> None:
    """The table was changed after `view` was opened: 1412, unless the profile lets the view read through an older index."""
    table = index.table
    limit = view.low_limit
    if table.rebuilt_trx_id >= limit or not core.locks.profile.old_view_may_read(index.def_trx_id >= limit):
        raise SqlError.of(1412)


def visible_rows(core: Core, page: Page, i: int, j: int, view: ReadView) -> list[Row]:
    """The visible versions of records i to j - 1 of a clustered leaf."""
    rows: list[Row] = page.rows[i:j]
    up_limit = view.up_limit
    if page.max_trx_id < up_limit:
        return [r for r in rows if not r[DELETED]] if page.has_deleted else rows
    found: list[Row] = []
    visible = core.versions.visible
    for row in rows:
        if row[TRX_ID] < up_limit:
            if not row[DELETED]:
                found.append(row)
        else:
            version = visible(row, view)
            if version is not None:
                found.append(version)
    return found


class EntryReader:
    """Turns secondary entries of one scan into what the scan delivers: rows, or (covering) entries.

    tree: the clustered tree.  condition: pushed-down index condition, over entries.  lookups: clustered records fetched so far.
    """

    __slots__ = ("condition", "core", "covering", "index", "lookups", "tree", "view")

    def __init__(self, core: Core, index: SecondaryIndex, tree: BTree, scan: Scan, view: ReadView) -> None:
        self.core = core
        self.index = index
        self.tree = tree
        self.view = view
        self.covering = scan.covering
        self.condition = scan.condition
        self.lookups = 0

    def read(self, page: Page, i: int, j: int) -> list[Row]:
        """What entries i to j - 1 of a leaf stand for, in index order."""
        view, condition, width = self.view, self.condition, self.index.layout.width
        keys, entries = page.keys[i:j], page.rows[i:j]
        if page.max_trx_id < view.up_limit:
            if page.has_deleted and any(len(e) > width for e in entries):
                return self._doubtful(keys, entries)
            if condition is not None:
                keep = [k for k, e in zip(keys, entries, strict=True) if condition(e)]
                if self.covering:
                    return [e for e in entries if condition(e)]
                return self._fetch(keep)
            return entries if self.covering else self._fetch(keys)
        return self._doubtful(keys, entries)

    def _fetch(self, keys: list[Key]) -> list[Row]:
        """The rows of entries that are known to be good."""
        clustered_key, get, up_limit = self.index.layout.clustered_key, self.tree.get, self.view.up_limit
        self.lookups += len(keys)
        found: list[Row] = []
        for key in keys:
            row = get(clustered_key(key))
            if row is None:
                continue
            if row[TRX_ID] < up_limit:
                if not row[DELETED]:
                    found.append(row)
            else:
                version = self.core.versions.visible(row, self.view)
                if version is not None:
                    found.append(version)
        return found

    def _doubtful(self, keys: list[Key], entries: list[Row]) -> list[Row]:
        """Entries each of which has to be checked against the visible version of its row."""
        core, layout, condition = self.core, self.index.layout, self.condition
        get, clustered_key, key_of = self.tree.get, layout.clustered_key, layout.key_of
        resolve = core.resolver(self.index.table)
        visible, view = core.versions.visible, self.view
        self.lookups += len(keys)
        found: list[Row] = []
        for key, entry in zip(keys, entries, strict=True):
            if condition is not None and not condition(entry):
                continue
            row = get(clustered_key(key))
            version = None if row is None else visible(row, view)
            if version is not None:
                whole = version if resolve is None else resolve(version)
                if key_of(whole) == key:
                    found.append(layout.entry_of(whole) if self.covering else version)
        return found


class SnapshotCursor(Cursor):
    """A consistent scan by leaf batches."""

    __slots__ = ("_back", "_clustered", "_core", "_cursor", "_ranges", "_scan", "_table", "_tree", "_trx", "_work", "index")

    def __init__(
        self, core: Core, table: DictTable, trx: InnodbTrx, scan: Scan, tree: BTree, clustered: BTree, work: Work | None
    ) -> None:
        self.index = table.clustered if scan.index is None else table.by_ordinal[scan.index]
        self._core = core
        self._table = table
        self._trx = trx
        self._scan = scan
        self._tree = tree
        self._clustered = clustered
        self._work = work
        self._ranges = list(scan.ranges if scan.reverse else reversed(scan.ranges))
        self._cursor: LeafCursor | None = None
        self._back = False

    def next_batch(self) -> list[Row] | None:
        core = self._core
        if core.latch.locked():
            core.scheduler.give_way()
        with core.latch:
            view = view_for(core, self.index, self._trx)
            while True:
                found = self._cursor.next() if self._cursor is not None else None
                if found is not None:
                    rows = self._deliver(view, *found)
                    if rows:
                        break
                elif self._ranges:
                    key_range = self._ranges.pop()
                    low, high, low_inclusive, high_inclusive = bounds(self.index, key_range)
                    self._back = self._scan.reverse and not reads_forwards(self.index, key_range, self._scan)
                    self._cursor = LeafCursor(self._tree, low, high, low_inclusive, high_inclusive, self._back)
                else:
                    core.trim()
                    return None
            core.trim()
            return rows

    def _deliver(self, view: ReadView, page: Page, i: int, j: int) -> list[Row]:
        core, index, scan = self._core, self.index, self._scan
        lookups = 0
        if isinstance(index, ClusteredIndex):
            rows = visible_rows(core, page, i, j, view)
        else:
            reader = EntryReader(core, index, self._clustered, scan, view)
            rows = reader.read(page, i, j)
            lookups = reader.lookups
        if self._table.externals and (index.clustered or not scan.covering):
            resolve = core.resolver(self._table)
            if resolve is not None:
                rows = [resolve(row) for row in rows]
        if self._back:
            rows.reverse()
        work = self._work
        if work is not None:
            work.rows_examined += j - i
            work.rows_returned += len(rows)
            work.clustered_lookups += lookups
        return rows

    def next_row(self) -> Row | None:
        raise SqlError.of(1105, "a consistent scan is read by batches")

    def unlock_row(self) -> None:
        """Nothing is locked."""

    def lock_current(self) -> Row | None:
        raise SqlError.of(1105, "a consistent scan locks nothing")

    @property
    def semi_consistent(self) -> bool:
        return False

    def close(self) -> None:
        self._ranges.clear()
        self._cursor = None
