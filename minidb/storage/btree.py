"""`BTree`: a B+ tree of decoded pages: look-ups, positions, and changes of single records.

All records are in the leaves; leaves, and internal nodes of one level, are linked both ways.  Keys are unique, totally ordered by
Python's ``<`` (bare values, or tuples that may be compared with shorter ones as bounds).  The root keeps its page number for life.
Splits and merges are in `btree_smo`, range reads in `btree_cursor`, whole-tree work in `btree_bulk` and `btree_check`.

All methods run under the latch and may read pages: they raise CorruptPageError or 1024 then, with every page as it was before.
A page they return is valid until the next change of structure or `BufferPool.trim`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Protocol

from minidb.errors import SqlError
from minidb.storage import btree_bulk, btree_check, btree_estimate, btree_smo
from minidb.storage.btree_check import PageInfo
from minidb.storage.mtr import Mtr, Op
from minidb.storage.page import PAGE_ROOM, Page, PageKind
from minidb.storage.space import Tablespace
from minidb.storage.tree_spec import Key, Row, TreeSpec, TreeState

__all__ = ["MAX_RECORD", "BTree", "CountedTree", "DuplicateKey", "KeyMissing", "TreeSpec", "Work"]

MAX_RECORD = PAGE_ROOM // 2  # bytes: two records always fit, so that every page can be split


class DuplicateKey(Exception):
    """The key is in the tree already; nothing was changed.  page, position: where."""

    def __init__(self, key: Key, page: Page, position: int) -> None:
        super().__init__(key)
        self.key = key
        self.page = page
        self.position = position


class KeyMissing(Exception):
    """The key to be deleted or replaced is not in the tree."""


class Work(Protocol):
    """What a counted tree adds to."""

    descents: int
    pages_hit: int
    pages_missed: int


def record_too_long() -> Exception:
    """1118: a record above MAX_RECORD; the caller raises it."""
    return SqlError.of(1118, MAX_RECORD)


class BTree:
    """A handle on the tree with root page `root_no`.  Handles on one root share `state`; its `smo` counts structure changes."""

    __slots__ = ("capacity", "frames", "min_records", "root_no", "size", "space", "spec", "state")

    def __init__(self, space: Tablespace, root_no: int, spec: TreeSpec) -> None:
        self.space = space
        self.root_no = root_no
        self.spec = spec
        self.frames = space.frames
        self.capacity = spec.capacity
        self.min_records = spec.capacity // 2
        self.size = spec.size
        state = space.trees.get(root_no)
        if state is None:
            state = space.trees[root_no] = TreeState(spec)
        state.spec = spec
        self.state = state

    @classmethod
    def create(cls, space: Tablespace, mtr: Mtr, spec: TreeSpec) -> BTree:
        """A new, empty tree; its root page number is `root_no`."""
        root = space.allocate(mtr, PageKind.INDEX)
        root.tree = root.no
        return cls(space, root.no, spec)

    def attach(self) -> None:
        """The root page is this tree's again, after another one may have had it (a snapshot was restored)."""
        self.state.spec = self.spec
        self.space.trees[self.root_no] = self.state

    def counted(self, work: Work) -> CountedTree:
        """A handle on the same tree that adds its descents and page accesses to `work`."""
        return CountedTree(self, work)

    # ---- finding pages
    def page(self, no: int) -> Page:
        """Page `no` of the tree."""
        page = self.frames.get(no)
        return self.space.load(no) if page is None else page

    def find_leaf(self, key: Key) -> Page:
        """The leaf where `key` is or would be."""
        self.state.descents += 1
        frames = self.frames
        try:
            page = frames[self.root_no]
            while page.level:
                page = frames[page.children[bisect_right(page.keys, key)]]
        except KeyError:
            page = self._find_leaf_reading(key)
        page.touched = True
        return page

    def _find_leaf_reading(self, key: Key) -> Page:
        """`find_leaf` where some page is not in memory."""
        page = self.page(self.root_no)
        while page.level:
            page = self.page(page.children[bisect_right(page.keys, key)])
        return page

    def first_leaf(self) -> Page:
        """The leftmost leaf (the root if the tree is empty)."""
        self.state.descents += 1
        page = self.page(self.root_no)
        while page.level:
            page = self.page(page.children[0])
        return page

    def last_leaf(self) -> Page:
        """The rightmost leaf (the root if the tree is empty)."""
        self.state.descents += 1
        page = self.page(self.root_no)
        while page.level:
            page = self.page(page.children[-1])
        return page

    def next_leaf(self, page: Page) -> Page | None:
        """The leaf to the right."""
        if not page.next:
            return None
        self.state.steps += 1
        return self.page(page.next)

    def prev_leaf(self, page: Page) -> Page | None:
        """The leaf to the left."""
        if not page.prev:
            return None
        self.state.steps += 1
        return self.page(page.prev)

    # ---- finding records
    def get(self, key: Key) -> Row | None:
        """The row with `key`, or None."""
        self.state.descents += 1
        frames = self.frames
        try:
            page = frames[self.root_no]
            while page.level:
                page = frames[page.children[bisect_right(page.keys, key)]]
        except KeyError:
            page = self._find_leaf_reading(key)
        page.touched = True
        keys = page.keys
        i = bisect_left(keys, key)
        if i < len(keys) and keys[i] == key:
            return page.rows[i]
        return None

    def locate(self, key: Key) -> tuple[Page, int, bool]:
        """(leaf, position, found): where `key` is, or where `insert_at` would put it."""
        self.state.descents += 1
        frames = self.frames
        try:
            page = frames[self.root_no]
            while page.level:
                page = frames[page.children[bisect_right(page.keys, key)]]
        except KeyError:
            page = self._find_leaf_reading(key)
        page.touched = True
        keys = page.keys
        i = bisect_left(keys, key)
        return page, i, i < len(keys) and keys[i] == key

    def seek(self, key: Key, inclusive: bool = True) -> tuple[Page | None, int]:
        """The first record >= `key` (> with inclusive=False) as (leaf, position), or (None, 0)."""
        page: Page | None = self.find_leaf(key)
        assert page is not None
        i = bisect_left(page.keys, key) if inclusive else bisect_right(page.keys, key)
        while page is not None and i == len(page.keys):
            page, i = self.next_leaf(page), 0
        return page, i

    def seek_last(self, key: Key, inclusive: bool = True) -> tuple[Page | None, int]:
        """The last record <= `key` (< with inclusive=False) as (leaf, position), or (None, 0)."""
        page: Page | None = self.find_leaf(key)
        assert page is not None
        i = (bisect_right(page.keys, key) if inclusive else bisect_left(page.keys, key)) - 1
        while i < 0:
            page = self.prev_leaf(page)
            if page is None:
                return None, 0
            i = len(page.keys) - 1
        return page, i

    def first(self) -> tuple[Page | None, int]:
        """The first record of the tree as (leaf, position), or (None, 0)."""
        page = self.first_leaf()
        return (page, 0) if page.keys else (None, 0)

    def last(self) -> tuple[Page | None, int]:
        """The last record of the tree as (leaf, position), or (None, 0)."""
        page = self.last_leaf()
        return (page, len(page.keys) - 1) if page.keys else (None, 0)

    # ---- changing single records
    def insert(self, mtr: Mtr, key: Key, row: Row) -> Page:
        """Add a record; returns the leaf it is on.  Raises DuplicateKey, 1118 (record too long)."""
        self.state.descents += 1
        frames = self.frames
        try:
            page = frames[self.root_no]
            while page.level:
                page = frames[page.children[bisect_right(page.keys, key)]]
        except KeyError:
            page = self._find_leaf_reading(key)
        keys = page.keys
        n = len(keys)
        if n and not keys[-1] < key:
            i = bisect_left(keys, key)
            if keys[i] == key:
                raise DuplicateKey(key, page, i)
        else:
            i = n
        return self.insert_at(mtr, page, i, key, row)

    def insert_at(self, mtr: Mtr, page: Page, i: int, key: Key, row: Row) -> Page:
        """Add a record at the place that `locate` found for it; returns the leaf it is on."""
        size = self.size(row)
        nbytes = page.nbytes + size
        if size > MAX_RECORD:
            raise record_too_long()
        if nbytes > PAGE_ROOM or len(page.keys) >= self.capacity:
            return btree_smo.split_insert(self, mtr, key, row, size)
        if not page.dirty:
            mtr.touch(page)
        if mtr.logging:
            mtr.log(Op.INSERT, page, (i, key, row))
        page.touched = True
        page.nbytes = nbytes
        page.keys.insert(i, key)
        page.rows.insert(i, row)
        return page

    def fits(self, page: Page, row: Row, replaced: Row | None = None) -> bool:
        """Will `insert_at` (`replace_at`, for the record `replaced`) change leaf `page` and nothing else?"""
        size = self.size(row)
        if replaced is None:
            return size <= MAX_RECORD and page.nbytes + size <= PAGE_ROOM and len(page.keys) < self.capacity
        return size <= MAX_RECORD and page.nbytes + size - self.size(replaced) <= PAGE_ROOM

    def can_lose(self, page: Page, i: int) -> bool:
        """Will `delete_at` of record `i` change leaf `page` and nothing else?"""
        if len(page.keys) > self.min_records or page.no == self.root_no:
            return True
        return (page.nbytes - self.size(page.rows[i])) * 2 >= PAGE_ROOM

    def replace(self, mtr: Mtr, key: Key, row: Row) -> Page:
        """Put `row` in the place of the record with `key`; returns the leaf it is on.  Raises KeyMissing, 1118."""
        page, i, found = self.locate(key)
        if not found:
            raise KeyMissing(key)
        return self.replace_at(mtr, page, i, row)

    def replace_at(self, mtr: Mtr, page: Page, i: int, row: Row) -> Page:
        """Put `row` in the place of record `i` of leaf `page` (same key); returns the leaf it is on.  Raises 1118."""
        rows = page.rows
        size = self.size
        new_size = size(row)
        nbytes = page.nbytes + new_size - size(rows[i])
        if new_size > MAX_RECORD:
            raise record_too_long()
        if nbytes > PAGE_ROOM:
            return btree_smo.split_replace(self, mtr, page.keys[i], row)
        if not page.dirty:
            mtr.touch(page)
        if mtr.logging:
            mtr.log(Op.REPLACE, page, (i, page.keys[i], row))
        page.touched = True
        page.nbytes = nbytes
        rows[i] = row
        return page

    def delete(self, mtr: Mtr, key: Key) -> Row:
        """Remove the record with `key`; returns its row.  Raises KeyMissing."""
        page, i, found = self.locate(key)
        if not found:
            raise KeyMissing(key)
        return self.delete_at(mtr, page, i)

    def delete_at(self, mtr: Mtr, page: Page, i: int) -> Row:
        """Remove record `i` of leaf `page`; returns its row."""
        keys = page.keys
        row = page.rows[i]
        nbytes = page.nbytes - self.size(row)
        # a page with enough records, or with few but long ones, stays by itself; so does a root (see `can_lose`)
        if len(keys) <= self.min_records and nbytes * 2 < PAGE_ROOM and page.no != self.root_no:
            btree_smo.delete_merging(self, mtr, keys[i])
            return row
        if not page.dirty:
            mtr.touch(page)
        if mtr.logging:
            mtr.log(Op.DELETE, page, i)
        page.nbytes = nbytes
        del keys[i], page.rows[i]
        return row

    # ---- the whole tree
    def bulk_load(self, mtr: Mtr, items: Iterable[tuple[Key, Row]]) -> int:
        """Append records in ascending key order behind all present ones, filling each leaf; returns their number.  Commits `mtr`
        and trims the pool as it goes; on an error what was loaded so far stays.  Raises DuplicateKey, 1118."""
        return btree_bulk.bulk_load(self, mtr, items)

    def clear(self, mtr: Mtr) -> None:
        """Remove all records; the root stays."""
        btree_bulk.clear(self, mtr)

    def free_all(self, mtr: Mtr) -> None:
        """Give all pages back, the root too.  The tree is gone."""
        btree_bulk.free_all(self, mtr)

    def estimate(self, low: Key | None, high: Key | None) -> int:
        """Estimated records with low <= key <= high (None: open), by two descents; exact if both ends are on one leaf or on
        neighbours."""
        return btree_estimate.estimate(self, low, high)

    @property
    def height(self) -> int:
        """Levels: 1 for a tree that is a single leaf."""
        return self.page(self.root_no).level + 1

    def page_numbers(self) -> list[int]:
        """Numbers of all pages, top-down, left to right.  Reads the internal nodes only."""
        return btree_bulk.page_numbers(self)

    def record_count(self) -> int:
        """Exact number of records, by reading every leaf."""
        return btree_check.record_count(self)

    def check(self) -> list[str]:
        """Broken invariants, in words; empty: the tree is sound.  Reads every page, trims the pool as it goes: call it with no
        page in hand."""
        return btree_check.check(self)

    def dump(self) -> list[PageInfo]:
        """One line per page, top-down, left to right.  Trims the pool as it goes."""
        return btree_check.dump(self)


class CountedTree(BTree):
    """A handle that counts descents and page accesses into `work` (EXPLAIN ANALYZE); slower, otherwise the same."""

    __slots__ = ("work",)

    def __init__(self, tree: BTree, work: Work) -> None:
        super().__init__(tree.space, tree.root_no, tree.spec)
        self.work = work

    def page(self, no: int) -> Page:
        page = self.frames.get(no)
        if page is None:
            self.work.pages_missed += 1
            return self.space.load(no)
        self.work.pages_hit += 1
        return page

    def find_leaf(self, key: Key) -> Page:
        self.state.descents += 1
        self.work.descents += 1
        page = self._find_leaf_reading(key)
        page.touched = True
        return page

    def first_leaf(self) -> Page:
        self.work.descents += 1
        return super().first_leaf()

    def last_leaf(self) -> Page:
        self.work.descents += 1
        return super().last_leaf()

    def locate(self, key: Key) -> tuple[Page, int, bool]:
        page = self.find_leaf(key)
        i = bisect_left(page.keys, key)
        return page, i, i < len(page.keys) and page.keys[i] == key

    def get(self, key: Key) -> Row | None:
        page, i, found = self.locate(key)
        return page.rows[i] if found else None

    def insert(self, mtr: Mtr, key: Key, row: Row) -> Page:
        page, i, found = self.locate(key)
        if found:
            raise DuplicateKey(key, page, i)
        return self.insert_at(mtr, page, i, key, row)
