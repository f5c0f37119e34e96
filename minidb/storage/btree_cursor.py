"""`LeafCursor`: a range of a B+ tree, read leaf by leaf in either direction.

Between two calls anything may happen to the tree and to the pool: the cursor remembers the last key that it delivered, the
number of its leaf and the tree's structure counter, never a page.  If the counter is unchanged it goes on from the same leaf,
else it seeks.  What was inserted ahead of it meanwhile is seen, what it has passed is not delivered again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from minidb.storage.page import NO_PAGE, Page
from minidb.storage.tree_spec import Key, Row

if TYPE_CHECKING:
    from minidb.storage.btree import BTree

Slice = tuple[Page, int, int]


class LeafCursor:
    """Records between `low` and `high` (None: open).  Bounds may be tuples shorter than the keys: they compare as Python tuples do,
    so (v,) stands before all keys that begin with v and (v, MAX) behind them."""

    __slots__ = (
        "_high", "_high_inclusive", "_last", "_low", "_low_inclusive", "_no", "_reverse", "_smo", "_started", "done",
        "tree",
    )

    def __init__(
        self, tree: BTree, low: Key | None = None, high: Key | None = None, low_inclusive: bool = True,
        high_inclusive: bool = True, reverse: bool = False,
    ) -> None:
        self.tree = tree
        self.done = False
        self._low = low
        self._high = high
        self._low_inclusive = low_inclusive
        self._high_inclusive = high_inclusive
        self._reverse = reverse
        self._last: Key = None
        self._started = False
        self._no = NO_PAGE
        self._smo = 0

    def next(self) -> Slice | None:
        """The next records as (leaf, i, j): positions i to j - 1, at least one, in key order also when reading backward (the caller
        reverses).  None at the end, and ever after."""
        if self.done:
            return None
        found = self._backward() if self._reverse else self._forward()
        if found is None:
            self.done = True
        return found

    def next_slice(self) -> tuple[list[Key], list[Row]] | None:
        """`next` as copies: (keys, rows)."""
        found = self.next()
        if found is None:
            return None
        page, i, j = found
        return page.keys[i:j], page.rows[i:j]

    def _forward(self) -> Slice | None:
        tree = self.tree
        page: Page | None
        if not self._started:
            page, i = tree.first() if self._low is None else tree.seek(self._low, self._low_inclusive)
        elif self._smo != tree.state.smo:
            page, i = tree.seek(self._last, False)
        else:
            page, i = tree.page(self._no), 0
            if page.keys and page.keys[-1] > self._last:  # records were added behind the last one delivered
                i = bisect_right(page.keys, self._last)
            else:
                page = tree.next_leaf(page)
        if page is None:
            return None
        keys = page.keys
        j = len(keys)
        high = self._high
        if high is not None and not keys[-1] < high:
            j = bisect_right(keys, high) if self._high_inclusive else bisect_left(keys, high)
            if j <= i:
                return None
        return self._deliver(page, i, j, keys[j - 1])

    def _backward(self) -> Slice | None:
        tree = self.tree
        page: Page | None
        if not self._started:
            page, j = tree.last() if self._high is None else tree.seek_last(self._high, self._high_inclusive)
        elif self._smo != tree.state.smo:
            page, j = tree.seek_last(self._last, False)
        else:
            page = tree.page(self._no)
            if page.keys and page.keys[0] < self._last:
                j = bisect_left(page.keys, self._last) - 1
            else:
                page = tree.prev_leaf(page)
                j = len(page.keys) - 1 if page is not None else 0
        if page is None:
            return None
        keys = page.keys
        i, low = 0, self._low
        if low is not None and not keys[0] > low:
            i = bisect_left(keys, low) if self._low_inclusive else bisect_right(keys, low)
            if i > j:
                return None
        return self._deliver(page, i, j + 1, keys[i])

    def _deliver(self, page: Page, i: int, j: int, last: Key) -> Slice:
        self._no = page.no
        self._last = last
        self._smo = self.tree.state.smo
        self._started = True
        return page, i, j
