"""Work on a whole B+ tree: loading it in key order, emptying it, giving its pages back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from minidb.errors import InternalError
from minidb.storage.mtr import Mtr
from minidb.storage.page import PAGE_ROOM
from minidb.storage.tree_spec import Key, Row

if TYPE_CHECKING:
    from minidb.storage.btree import BTree


def bulk_load(tree: BTree, mtr: Mtr, items: Iterable[tuple[Key, Row]]) -> int:
    """See `BTree.bulk_load`.  Records are gathered until a leaf is full, and no page is held meanwhile: `items` may read tables."""
    page, last = tree.last()
    room, bytes_left = tree.capacity, PAGE_ROOM
    if page is not None:
        room, bytes_left = room - len(page.keys), bytes_left - page.nbytes
        last_key: Key = page.keys[last]
    first = page is None
    capacity, size = tree.capacity, tree.size
    count = 0
    keys: list[Key] = []
    rows: list[Row] = []
    for key, row in items:
        if not first and not last_key < key:
            raise _misplaced(tree, last_key, key)
        more = size(row)
        bytes_left -= more
        if len(keys) >= room or bytes_left < 0:
            _append_leaf(tree, mtr, keys, rows)
            room, bytes_left = capacity, PAGE_ROOM - more
            keys, rows = [], []
        keys.append(key)
        rows.append(row)
        last_key, first = key, False
        count += 1
    _append_leaf(tree, mtr, keys, rows)
    return count


def _misplaced(tree: BTree, last: Key, key: Key) -> Exception:
    from minidb.storage.btree import DuplicateKey

    if last == key:
        page, i, _ = tree.locate(key)
        return DuplicateKey(key, page, i)
    return InternalError(1105, f"bulk load of '{tree.spec.name}' is not in key order")


def _append_leaf(tree: BTree, mtr: Mtr, keys: list[Key], rows: list[Row]) -> None:
    """Append records that fit on the last leaf or, where the first of them does not, on a new one.  Ends the mini-transaction and
    makes room in the pool."""
    if keys:
        page = tree.last_leaf()
        page = tree.insert_at(mtr, page, len(page.keys), keys[0], rows[0])
        mtr.save(page)
        page.nbytes += sum(map(tree.size, rows[1:]))
        page.keys += keys[1:]
        page.rows += rows[1:]
    mtr.commit()
    tree.space.pool.trim()


def page_numbers(tree: BTree) -> list[int]:
    """All page numbers, top-down, left to right; reads internal nodes only."""
    level = tree.page(tree.root_no).level
    found = current = [tree.root_no]
    while level:
        current = [child for no in current for child in tree.page(no).children]
        found = found + current
        level -= 1
    return found


def clear(tree: BTree, mtr: Mtr) -> None:
    """Free every page but the root, which becomes an empty leaf."""
    numbers = page_numbers(tree)
    mark = mtr.mark()
    try:
        for no in numbers[1:]:
            tree.space.free_number(mtr, no)
        root = tree.page(tree.root_no)
        mtr.save(root)
        root.level, root.nbytes, root.max_trx_id, root.has_deleted = 0, 0, 0, False
        root.keys, root.rows, root.children = [], [], []
        tree.state.levels = 1
    except BaseException:
        mtr.rollback_to(mark)
        raise
    finally:
        tree.state.smo += 1


def free_all(tree: BTree, mtr: Mtr) -> None:
    """Free every page.  The shared state stays with the tablespace, so that the mini-transaction can still be rolled back."""
    numbers = page_numbers(tree)
    mark = mtr.mark()
    try:
        for no in numbers:
            tree.space.free_number(mtr, no)
    except BaseException:
        mtr.rollback_to(mark)
        raise
    finally:
        tree.state.smo += 1
