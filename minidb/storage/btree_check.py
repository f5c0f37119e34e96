"""Checking and showing a B+ tree: every invariant verified, every page listed.

Both walk the tree level by level and hold one page at a time, so that a tree larger than the pool is no trouble.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from minidb.errors import Error
from minidb.storage.page import CHILD_BYTES, NO_PAGE, PAGE_ROOM, Page, PageKind
from minidb.storage.tree_spec import Key

if TYPE_CHECKING:
    from minidb.storage.btree import BTree


class PageInfo(NamedTuple):
    """One page of a dump.  records: of a leaf, or children of an internal node.  fill: percent of what fits, by count or by bytes,
    whichever is nearer to full."""

    level: int
    page: int
    prev: int
    next: int
    records: int
    nbytes: int
    fill: int
    first: Key | None
    last: Key | None

    def __str__(self) -> str:
        indent = "  " * self.level
        return (
            f"{indent}level {self.level} page {self.page} [{self.prev or '-'} <> {self.next or '-'}] {self.records} records, "
            f"{self.nbytes} bytes, {self.fill} % full: {self.first!r} .. {self.last!r}"
        )


class _Expected(NamedTuple):
    """What the parent says of a page: its number and the bounds of its keys."""

    no: int
    low: tuple[Key] | None
    high: tuple[Key] | None


def walk(tree: BTree) -> Iterator[Page]:
    """All pages top-down, left to right, as the parents have them.  Trims the pool between pages."""
    numbers = [tree.root_no]
    while numbers:
        below: list[int] = []
        for no in numbers:
            page = tree.page(no)
            below += page.children
            yield page
            tree.space.pool.trim()
        numbers = below


def record_count(tree: BTree) -> int:
    """Number of records, by reading every page."""
    return sum(len(page.rows) for page in walk(tree))


def dump(tree: BTree) -> list[PageInfo]:
    """See `BTree.dump`."""
    return [_info(tree, page) for page in walk(tree)]


def _info(tree: BTree, page: Page) -> PageInfo:
    count = len(page.children) if page.level else len(page.keys)
    fill = max(100 * count // tree.capacity, 100 * page.nbytes // PAGE_ROOM)
    first, last = (page.keys[0], page.keys[-1]) if page.keys else (None, None)
    return PageInfo(page.level, page.no, page.prev, page.next, count, page.nbytes, fill, first, last)


def check(tree: BTree) -> list[str]:
    """See `BTree.check`."""
    problems: list[str] = []
    level = -1
    expected = [_Expected(tree.root_no, None, None)]
    seen: set[int] = set()
    while expected:
        below: list[_Expected] = []
        before = NO_PAGE
        for place, (no, low, high) in enumerate(expected):
            if no in seen:
                problems.append(_say(tree, no, "is reached twice"))
                continue
            seen.add(no)
            try:
                page = tree.page(no)
            except Error as error:
                problems.append(error.message)
            else:
                level = page.level if no == tree.root_no else level
                after = expected[place + 1].no if place + 1 < len(expected) else NO_PAGE
                problems += [_say(tree, no, what) for what in _problems(tree, page, level, (before, after), (low, high))]
                if page.level == level and page.level and _belongs(tree, page):
                    below += _children(page, low, high)
            before = no
            tree.space.pool.trim()
        expected = below
        level -= 1
    return problems


def _belongs(tree: BTree, page: Page) -> bool:
    return page.kind == PageKind.INDEX and page.tree == tree.root_no


def _problems(tree: BTree, page: Page, level: int, siblings: tuple[int, int], bounds: tuple[Any, Any]) -> list[str]:
    """What is wrong with one page.  Keys and rows of another tree's page mean nothing here."""
    if not _belongs(tree, page):
        return [f"is a page of kind {page.kind}, tree {page.tree}"]
    try:
        return _check_page(tree, page, level, *siblings) + _check_keys(page, *bounds)
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        return [f"has level {page.level} and contents that cannot be read as such: {error}"]


def _say(tree: BTree, no: int, what: str) -> str:
    return f"index '{tree.spec.name}', page {no}: {what}"


def _children(page: Page, low: tuple[Key] | None, high: tuple[Key] | None) -> list[_Expected]:
    bounds: list[Any] = [low, *((key,) for key in page.keys), high]
    return [_Expected(child, bounds[i], bounds[i + 1]) for i, child in enumerate(page.children) if i + 1 < len(bounds)]


def _check_page(tree: BTree, page: Page, level: int, before: int, after: int) -> list[str]:
    """Level, siblings, counts, bytes, and that the tablespace knows the page as used."""
    said: list[str] = []
    if page.level != level:
        said.append(f"has level {page.level}, its place demands {level}")
    if (page.prev, page.next) != (before, after):
        said.append(f"has siblings {page.prev} and {page.next}, its parent says {before} and {after}")
    if not tree.space.is_used(page.no):
        said.append("is on the free list")
    count = len(page.children) if page.level else len(page.keys)
    if page.level and (page.rows or len(page.keys) != count - 1):
        said.append(f"has {count} children, {len(page.keys)} separators, {len(page.rows)} rows")
    if not page.level and (page.children or len(page.rows) != count):
        said.append(f"has {count} keys, {len(page.rows)} rows, {len(page.children)} children")
    if count > tree.capacity or (count == 0 and page.no != tree.root_no) or (count == 1 and page.level and page.no == tree.root_no):
        said.append(f"has {count} records, capacity is {tree.capacity}")
    nbytes = _bytes(tree, page)
    if page.nbytes != nbytes or nbytes > PAGE_ROOM:
        said.append(f"counts {page.nbytes} bytes, has {nbytes}, room is {PAGE_ROOM}")
    return said


def _bytes(tree: BTree, page: Page) -> int:
    if page.level:
        return CHILD_BYTES * len(page.children) + sum(len(tree.spec.encode_key(key)) for key in page.keys)
    return sum(map(tree.size, page.rows))


def _check_keys(page: Page, low: tuple[Key] | None, high: tuple[Key] | None) -> list[str]:
    said: list[str] = []
    keys = page.keys
    for a, b in pairwise(keys):
        if not a < b:
            said.append(f"keys {a!r} and {b!r} are out of order")
    if keys and low is not None and keys[0] < low[0]:
        said.append(f"first key {keys[0]!r} is below the separator {low[0]!r}")
    if keys and high is not None and not keys[-1] < high[0]:
        said.append(f"last key {keys[-1]!r} is not below the separator {high[0]!r}")
    return said
