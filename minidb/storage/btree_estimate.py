"""How many records lie in a key range, by two descents.

The paths to both ends are compared level by level.  Where they part, the children between them are counted; from there down the
count is multiplied by the average fill of each level's pages, and what lies in the range on the two paths themselves is added.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from minidb.storage.page import Page
from minidb.storage.tree_spec import Key

if TYPE_CHECKING:
    from minidb.storage.btree import BTree

Path = list[tuple[Page, int]]
SAMPLE_PAGES = 10  # of each level; no page is read for its sake


def estimate(tree: BTree, low: Key | None, high: Key | None) -> int:
    """Estimated number of records with low <= key <= high."""
    left, right = path_to(tree, low, False), path_to(tree, high, True)
    between = 0.0  # pages (in the end: records) strictly between the two paths on the present level
    parted = False
    for (left_page, i), (right_page, j) in zip(left, right, strict=True):
        if not parted and left_page is right_page:
            # children between i and j exclusive; on the leaf, records i up to but not including j
            between = max(0, j - i if not left_page.level else j - i - 1)
            parted = i != j
            if i > j:
                return 0
        else:
            between *= _typical(left_page, right_page)
            between += _items(left_page) - i - (1 if left_page.level else 0) + j
    return round(between)


def _typical(left: Page, right: Page) -> float:
    """Fill of the pages between two pages of a level, from those two and the neighbours that are in memory.  A page at the edge
    of the tree says little: keys that ascend leave the last page nearly empty and the others full."""
    frames = left.space.frames
    sample = [left, right]
    page = frames.get(left.next)
    while page is not None and page is not right and len(sample) < SAMPLE_PAGES:
        sample.append(page)
        page = frames.get(page.next)
    inner = [_items(page) for page in sample if page.prev and page.next]
    return sum(inner) / len(inner) if inner else max(_items(left), _items(right))


def _items(page: Page) -> int:
    return len(page.children) if page.level else len(page.keys)


def path_to(tree: BTree, key: Key | None, upper: bool) -> Path:
    """Pages from the root to a leaf with the child taken on each; on the leaf: the position of the range's end (upper: behind
    it).  None is the end of the tree."""
    tree.state.descents += 1
    path: Path = []
    page = tree.page(tree.root_no)
    while True:
        if key is None:
            i = (_items(page) - (1 if page.level else 0)) if upper else 0
        elif page.level or upper:
            i = bisect_right(page.keys, key)
        else:
            i = bisect_left(page.keys, key)
        path.append((page, i))
        if not page.level:
            return path
        page = tree.page(page.children[i])
