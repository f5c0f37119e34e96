"""Structure changes of a B+ tree: splits, merges, borrowing, growth and shrinkage at the root.

Each entry point is atomic: it works on saved pages, and whatever goes wrong on the way (a sibling that cannot be read, a full
file, an interrupt) restores all of them.  Split points balance bytes only where balancing counts would overfill a page; a split
at the right edge leaves the left page as full as it was, so that ascending keys fill pages completely (at the left edge
likewise).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from minidb.errors import SqlError
from minidb.storage.mtr import Mtr
from minidb.storage.page import CHILD_BYTES, PAGE_ROOM, Page, PageKind
from minidb.storage.tree_spec import Key, Row

if TYPE_CHECKING:
    from minidb.storage.btree import BTree

MAX_SEPARATOR = PAGE_ROOM // 2 - 2 * CHILD_BYTES  # bytes: an internal node has room for two at least
Path = list[tuple[Page, int]]  # internal nodes from the root down, with the index of the child taken


# ------------------------------------------------------------------------------------------------------------- entry points
def split_insert(tree: BTree, mtr: Mtr, key: Key, row: Row, size: int) -> Page:
    """Insert into a leaf that has no room.  Returns the leaf that got the record."""

    def change(path: Path, leaf: Page) -> Page:
        i = bisect_left(leaf.keys, key)
        mtr.save(leaf)
        leaf.keys.insert(i, key)
        leaf.rows.insert(i, row)
        leaf.nbytes += size
        return _split(tree, mtr, path, leaf, i)

    return _atomically(tree, mtr, key, change)


def split_replace(tree: BTree, mtr: Mtr, key: Key, row: Row) -> Page:
    """Replace a record by a longer one for which its leaf has no room.  Returns the leaf that holds it."""

    def change(path: Path, leaf: Page) -> Page:
        i = bisect_left(leaf.keys, key)
        mtr.save(leaf)
        leaf.nbytes += tree.size(row) - tree.size(leaf.rows[i])
        leaf.rows[i] = row
        return _split(tree, mtr, path, leaf, i)

    return _atomically(tree, mtr, key, change)


def delete_merging(tree: BTree, mtr: Mtr, key: Key) -> None:
    """Delete from a leaf that will have too few records."""

    def change(path: Path, leaf: Page) -> Page:
        i = bisect_left(leaf.keys, key)
        mtr.save(leaf)
        leaf.nbytes -= tree.size(leaf.rows[i])
        del leaf.keys[i], leaf.rows[i]
        _rebalance(tree, mtr, path, leaf)
        return leaf

    _atomically(tree, mtr, key, change)


def _atomically(tree: BTree, mtr: Mtr, key: Key, change: Callable[[Path, Page], Page]) -> Page:
    path: Path = []
    page = tree.page(tree.root_no)
    while page.level:
        index = bisect_right(page.keys, key)
        path.append((page, index))
        page = tree.page(page.children[index])
    mark = mtr.mark()
    try:
        page = change(path, page)
    except BaseException:
        mtr.rollback_to(mark)
        raise
    finally:
        tree.state.smo += 1  # also after a rollback: nobody may trust a position found before
    page.touched = True
    return page


# ------------------------------------------------------------------------------------------------------------------- split
def _split(tree: BTree, mtr: Mtr, path: Path, leaf: Page, inserted: int) -> Page:
    """Split the overfull `leaf`, then every ancestor that overflows.  Returns the leaf that holds record `inserted`."""
    page, target = leaf, None
    while True:
        if page.no == tree.root_no:
            page = _push_down(tree, mtr, page)
            path = [(tree.page(tree.root_no), 0)]
        separator, right = _split_page(tree, mtr, page, inserted)
        if target is None:
            target = page if inserted < len(page.keys) else right
        parent, index = path.pop()
        mtr.save(parent)
        parent.keys.insert(index, separator)
        parent.children.insert(index + 1, right.no)
        parent.nbytes += CHILD_BYTES + separator_size(tree, separator)
        if len(parent.children) <= tree.capacity and parent.nbytes <= PAGE_ROOM:
            return target
        page, inserted = parent, index


def _push_down(tree: BTree, mtr: Mtr, root: Page) -> Page:
    """Move the root's content into a new page, its only child: the tree grows by a level.  Returns the child."""
    child = _new_page(tree, mtr, root.level, root.no)
    mtr.save(root)
    child.keys, child.rows, child.children, child.nbytes = root.keys, root.rows, root.children, root.nbytes
    child.max_trx_id, child.has_deleted = root.max_trx_id, root.has_deleted
    root.keys, root.rows, root.children, root.nbytes = [], [], [child.no], CHILD_BYTES
    root.level += 1
    tree.state.levels = root.level + 1
    root.max_trx_id, root.has_deleted = 0, False
    return child


def _new_page(tree: BTree, mtr: Mtr, level: int, near: int) -> Page:
    page = tree.space.allocate(mtr, PageKind.INDEX, near)
    page.tree = tree.root_no
    page.level = level
    return page


def _split_page(tree: BTree, mtr: Mtr, page: Page, inserted: int) -> tuple[Key, Page]:
    """Move the upper part of `page` (saved, overfull) to a new page on its right.  Returns (separator, new page)."""
    tree.state.splits += 1
    right = _new_page(tree, mtr, page.level, page.no)
    right.max_trx_id, right.has_deleted = page.max_trx_id, page.has_deleted
    neighbour = tree.page(page.next) if page.next else None
    if neighbour is not None:
        mtr.save(neighbour)
        neighbour.prev = right.no
    right.prev, right.next = page.no, page.next
    at = _edge_or_middle(page, inserted)
    separator = _distribute(tree, page, right, page.keys, page.rows, page.children, at)
    page.next = right.no
    return separator, right


def _edge_or_middle(page: Page, inserted: int) -> int:
    """How many records (children) stay on the left, by count.  `inserted`: place of the new record, or of the split child."""
    if page.level:
        n = len(page.children)
        if not page.next and inserted == n - 2:
            return n - 2  # an internal node keeps two children at least
        return 2 if not page.prev and inserted == 0 else n // 2
    n = len(page.keys)
    if not page.next and inserted == n - 1:
        return n - 1
    return 1 if not page.prev and inserted == 0 else n // 2


def _distribute(
    tree: BTree, left: Page, right: Page, keys: list[Key], rows: list[Row], children: list[int], at: int
) -> Key:
    """Give the first `at` records or children to `left`, the others to `right`; move `at` if bytes demand it.  Returns the
    separator between the two."""
    if left.level:
        sizes = [CHILD_BYTES, *(CHILD_BYTES + separator_size(tree, key) for key in keys)]  # child i with the separator before it
        at = _fit(sizes, at)
        separator = keys[at - 1]
        left.keys, left.children, left.nbytes = keys[: at - 1], children[:at], sum(sizes[:at])
        right.keys, right.children = keys[at:], children[at:]
        right.nbytes = sum(sizes[at:]) - separator_size(tree, separator)
        return separator
    sizes = list(map(tree.size, rows))
    at = _fit(sizes, at)
    left.keys, left.rows, left.nbytes = keys[:at], rows[:at], sum(sizes[:at])
    right.keys, right.rows, right.nbytes = keys[at:], rows[at:], sum(sizes[at:])
    return right.keys[0]


def _fit(sizes: Sequence[int], at: int) -> int:
    """`at` if both sides fit into a page, else the most even division by bytes."""
    total = sum(sizes)
    left = sum(sizes[:at])
    if left <= PAGE_ROOM and total - left <= PAGE_ROOM:
        return at
    sums = list(accumulate(sizes))
    return min(range(1, len(sizes)), key=lambda i: max(sums[i - 1], total - sums[i - 1]))


def separator_size(tree: BTree, key: Key) -> int:
    """Bytes of `key` in an internal node.  Raises 1071 if two of them would not fit."""
    size = len(tree.spec.encode_key(key))
    if size > MAX_SEPARATOR:
        raise SqlError.of(1071, MAX_SEPARATOR)
    return size


# ------------------------------------------------------------------------------------------------------- merge, borrow, shrink
def _rebalance(tree: BTree, mtr: Mtr, path: Path, page: Page) -> None:
    """`page` (saved) has lost a record or a child: merge it, or let it borrow, and go on with its parent."""
    while path:
        parent, index = path.pop()
        items: list[Any] = page.children if page.level else page.keys
        if not items:
            _unlink(tree, mtr, page)
            _drop_child(tree, mtr, parent, index)
        elif len(items) >= tree.min_records or page.nbytes * 2 >= PAGE_ROOM or len(parent.children) == 1:
            return
        else:
            if index + 1 == len(parent.children):
                index -= 1
            left, right = tree.page(parent.children[index]), tree.page(parent.children[index + 1])
            if not _fits_together(tree, parent, index, left, right):
                _borrow(tree, mtr, parent, index, left, right)
                return
            _merge(tree, mtr, parent, index, left, right)
        page = parent
    _shrink(tree, mtr, page)


def _fits_together(tree: BTree, parent: Page, index: int, left: Page, right: Page) -> bool:
    nbytes = left.nbytes + right.nbytes
    if left.level:
        nbytes += separator_size(tree, parent.keys[index])
        return nbytes <= PAGE_ROOM and len(left.children) + len(right.children) <= tree.capacity
    return nbytes <= PAGE_ROOM and len(left.keys) + len(right.keys) <= tree.capacity


def _merge(tree: BTree, mtr: Mtr, parent: Page, index: int, left: Page, right: Page) -> None:
    """Move the content of `right` to `left` and give `right` back."""
    tree.state.merges += 1
    mtr.save(left)
    if left.level:
        separator = parent.keys[index]
        left.keys.append(separator)
        left.nbytes += separator_size(tree, separator)
    left.nbytes += right.nbytes
    left.max_trx_id = max(left.max_trx_id, right.max_trx_id)
    left.has_deleted = left.has_deleted or right.has_deleted
    left.keys.extend(right.keys)
    left.rows.extend(right.rows)
    left.children.extend(right.children)
    _unlink(tree, mtr, right)
    _drop_child(tree, mtr, parent, index + 1)


def _borrow(tree: BTree, mtr: Mtr, parent: Page, index: int, left: Page, right: Page) -> None:
    """Share the records of `left` and `right` evenly."""
    mtr.save(left)
    mtr.save(right)
    mtr.save(parent)
    old = parent.keys[index]
    keys = [*left.keys, old, *right.keys] if left.level else left.keys + right.keys
    rows, children = left.rows + right.rows, left.children + right.children
    at = (len(children) if left.level else len(keys)) // 2
    before = left.image(), right.image()
    new = _distribute(tree, left, right, keys, rows, children, at)
    nbytes = parent.nbytes + separator_size(tree, new) - separator_size(tree, old)
    if nbytes > PAGE_ROOM:  # the new separator is too long for the parent: a thin page is no harm
        left.restore(before[0])
        right.restore(before[1])
        return
    left.max_trx_id = right.max_trx_id = max(left.max_trx_id, right.max_trx_id)
    left.has_deleted = right.has_deleted = left.has_deleted or right.has_deleted
    parent.keys[index] = new
    parent.nbytes = nbytes


def _unlink(tree: BTree, mtr: Mtr, page: Page) -> None:
    """Take `page` out of its level's chain and give it back."""
    if page.prev:
        left = tree.page(page.prev)
        mtr.save(left)
        left.next = page.next
    if page.next:
        right = tree.page(page.next)
        mtr.save(right)
        right.prev = page.prev
    tree.space.free(mtr, page)


def _drop_child(tree: BTree, mtr: Mtr, parent: Page, index: int) -> None:
    """Remove child `index` of `parent` and the separator beside it."""
    mtr.save(parent)
    del parent.children[index]
    parent.nbytes -= CHILD_BYTES
    if parent.keys:
        separator = parent.keys.pop(index - 1 if index else 0)
        parent.nbytes -= separator_size(tree, separator)


def _shrink(tree: BTree, mtr: Mtr, root: Page) -> None:
    """A root with one child takes the child's content: the tree loses a level.  A root with none is an empty leaf again."""
    while root.level and len(root.children) <= 1:
        mtr.save(root)
        if not root.children:
            root.level, root.nbytes, tree.state.levels = 0, 0, 1
            return
        child = tree.page(root.children[0])
        root.level = child.level
        tree.state.levels = root.level + 1
        root.nbytes, root.max_trx_id, root.has_deleted = child.nbytes, child.max_trx_id, child.has_deleted
        root.keys, root.rows, root.children = child.keys.copy(), child.rows.copy(), child.children.copy()
        tree.space.free(mtr, child)
