"""`Page`: one 16 KiB page of a tablespace, decoded.

In memory a page is a sorted key list beside a row list (leaf) or a child list (internal node); bytes exist only while it is
read or written (`page_codec`).  Objects are plain: whoever changes one announces it to the mini-transaction first (`mtr.touch`,
`mtr.save`).  A page object is valid while the latch is held; between operations the pool may evict it.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minidb.storage.space import Tablespace

PAGE_SIZE = 16384
PAGE_HEADER = 64
PAGE_ROOM = PAGE_SIZE - PAGE_HEADER  # bytes for records
NO_PAGE = 0  # page 0 is always the tablespace header, hence never a sibling or a child
CHILD_BYTES = 4  # a child's page number in an internal node
RECORD_PREFIX = 2  # bytes before each record of a leaf or an undo page: its length

# What `Page.image` keeps: everything that a change may touch.
Image = tuple[Any, ...]


class PageKind(enum.IntEnum):
    """What a page holds.  HEAP, UNDO and SYSTEM are for the engines, which register a codec with the tablespace."""

    FREE = 0
    HEADER = 1
    DESCRIPTOR = 2
    INDEX = 3
    LOB = 4
    HEAP = 5
    UNDO = 6
    SYSTEM = 7


class Page:
    """One decoded page.

    tree: root page number of the B+ tree that the page belongs to (0: none).  level: 0 = leaf.  keys: sorted order keys; in an
    internal node the separators, ``len(children) - 1`` of them, child i holding keys in ``[keys[i-1], keys[i])``.  rows: leaf
    records, beside their keys.  body: content of pages that are not index pages.  prev, next: siblings on the same level.
    lsn: log position of the last change.  oldest_lsn: position of the first change since the page was last written.
    max_trx_id, has_deleted: kept by InnoDB (youngest changer of a record on the page; a record may be delete-marked).
    nbytes: encoded size of the records, never above PAGE_ROOM.  dirty: differs from its file.  touched: used since it was read.
    """

    __slots__ = (
        "body", "children", "dirty", "has_deleted", "keys", "kind", "level", "lsn", "max_trx_id", "nbytes", "next", "no",
        "oldest_lsn", "prev", "rows", "space", "touched", "tree",
    )

    def __init__(self, space: Tablespace, no: int, kind: int, tree: int = 0, level: int = 0) -> None:
        self.space = space
        self.no = no
        self.kind = kind
        self.tree = tree
        self.level = level
        self.keys: list[Any] = []
        self.rows: list[Any] = []
        self.children: list[int] = []
        self.body: Any = None
        self.prev = NO_PAGE
        self.next = NO_PAGE
        self.lsn = 0
        self.oldest_lsn = 0
        self.max_trx_id = 0
        self.has_deleted = False
        self.nbytes = 0
        self.dirty = False
        self.touched = False

    def image(self) -> Image:
        """A copy of the content, for `restore`."""
        body = self.body
        if isinstance(body, dict | list | bytearray):
            body = body.copy()
        return (
            self.kind, self.tree, self.level, self.keys.copy(), self.rows.copy(), self.children.copy(), body,
            self.prev, self.next, self.max_trx_id, self.has_deleted, self.nbytes,
        )

    def take(self) -> Image:
        """The content as `image` gives it, but not copied: the page gets another content at once."""
        body = self.body
        return (
            self.kind, self.tree, self.level, self.keys, self.rows, self.children,
            body.copy() if isinstance(body, dict) else body,  # a dictionary stays with the page, see `restore`
            self.prev, self.next, self.max_trx_id, self.has_deleted, self.nbytes,
        )

    def restore(self, image: Image) -> None:
        """Put back what `image` kept.  The lists become the page's own: restore once."""
        (self.kind, self.tree, self.level, self.keys, self.rows, self.children, body,
         self.prev, self.next, self.max_trx_id, self.has_deleted, self.nbytes) = image
        if isinstance(body, dict) and isinstance(self.body, dict):
            self.body.clear()  # readers of Tablespace.meta hold the dictionary itself
            self.body.update(body)
        else:
            self.body = body

    def __repr__(self) -> str:
        return f"<Page {self.space.path}:{self.no} {PageKind(self.kind).name} level {self.level}, {len(self.keys)} keys>"


def copy_image(image: Image) -> Image:
    """An independent copy of what `Page.image` gave."""
    return tuple(part.copy() if isinstance(part, list | dict | bytearray) else part for part in image)
