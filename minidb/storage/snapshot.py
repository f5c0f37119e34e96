"""`PageSnapshot`: what the pages of a pool in memory held at one moment, by copy-on-write; `Snapshots`: those of one pool.

Snapshots and the present form a tree in which each snapshot knows its way to the present: it has the pages in which it differs from
its *newer* neighbour, and the last of them, the *base*, has those in which it differs from the present.  Thus

* taking a snapshot copies nothing: all pages count as clean, and the first change of each is announced (`Mtr.touch`);
* such an announcement copies one page, into the base;
* restoring the base hands its pages back; restoring another one turns the links on the way to it round, one after the other, the
  contents of both ends of a link changing places.  Either costs as much as pages differ, and copies nothing.

(H. G. Baker's rerooting; S. Conchon, J.-C. Filliatre: A Persistent Union-Find Data Structure, 2007.)  Links are strong towards the
present, and the pool itself holds the base weakly: when nobody has a snapshot any more, nothing is copied any more.

A *store* is a thing with numbered pages: a `Tablespace`, a heap of MyISAM.  A store that is dropped keeps its pages if the base
knows it.  `Origin` is the other use of a snapshot: a fork's store takes the pages that it does not have from the parent's.
All methods are called with the latch of the pool's database held, but for `Origin.fetch`, which takes it.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from minidb.scheduler import Mutex


class Store(Protocol):
    """Pages with numbers that can be copied on write.  An image is the content of a page, None: there is no such page."""

    def mark(self) -> Any:
        """What the store knows beside its pages (a value that is never changed)."""

    def image(self, no: int, mark: Any) -> Any:
        """A copy of page `no`, which has not changed since the store gave `mark`."""

    def copied(self, image: Any) -> Any:
        """An independent copy of an image."""

    def exchange(self, images: Mapping[int, Any], keep: bool) -> dict[int, Any]:
        """Let pages have the content of `images`, which becomes theirs; they are clean then.  keep: returns what they had."""

    def recall(self, mark: Any) -> None:
        """Know again what `mark` says."""


class PageSnapshot:
    """One snapshot.  images: by store, the pages in which it differs from `newer` (None: from the present).  marks: the stores
    that it knows, with what they knew."""

    __slots__ = ("__weakref__", "images", "marks", "newer")

    def __init__(self, stores: Iterable[Store]) -> None:
        self.marks: dict[Store, Any] = {store: store.mark() for store in stores}
        self.images: dict[Store, dict[int, Any]] = {store: {} for store in self.marks}
        self.newer: PageSnapshot | None = None

    @property
    def size(self) -> int:
        """Number of pages that are kept for this snapshot's link."""
        return sum(map(len, self.images.values()))

    def content(self, store: Store, no: int) -> Any:
        """A copy of page `no` of `store` as it was."""
        snapshot: PageSnapshot | None = self
        while snapshot is not None:
            images = snapshot.images.get(store)
            if images is not None and no in images:
                image = images[no]
                return None if image is None else store.copied(image)
            snapshot = snapshot.newer
        return store.image(no, self.marks[store])

    def dump(self) -> list[tuple[int, int, int]]:
        """The way to the present: (stores known, stores with kept pages, pages kept) of this snapshot and each newer one."""
        lines = []
        snapshot: PageSnapshot | None = self
        while snapshot is not None:
            lines.append((len(snapshot.marks), sum(1 for images in snapshot.images.values() if images), snapshot.size))
            snapshot = snapshot.newer
        return lines


class Snapshots:
    """The snapshots of one pool.  watching: changes have to be told (`changing`, `created`); True as long as a snapshot lives, and
    perhaps until the first change after."""

    __slots__ = ("_base", "watching")

    def __init__(self) -> None:
        self._base: weakref.ref[PageSnapshot] | None = None
        self.watching = False

    def base(self) -> PageSnapshot | None:
        """The snapshot beside the present, None if there is none at all."""
        base = None if self._base is None else self._base()
        if base is None:
            self._base, self.watching = None, False
        return base

    def knows(self, store: Store) -> bool:
        """Whether the pages of `store` are needed by a snapshot."""
        base = self.base()
        return base is not None and store in base.marks

    # ---- changes
    def changing(self, store: Store, no: int) -> None:
        """Page `no` is about to change, or to be freed."""
        base = self.base()
        if base is not None:
            images = base.images.get(store)
            if images is not None and no not in images:
                images[no] = store.image(no, base.marks[store])

    def created(self, store: Store, no: int) -> None:
        """Page `no` is new."""
        base = self.base()
        if base is not None:
            images = base.images.get(store)
            if images is not None:
                images.setdefault(no, None)

    # ---- taking and restoring
    def take(self, stores: Iterable[Store]) -> PageSnapshot:
        """A snapshot of `stores`, whose pages count as clean from here on (the caller sees to that)."""
        made = PageSnapshot(stores)
        base = self.base()
        if base is not None:
            base.newer = made
        self._base, self.watching = weakref.ref(made), True
        return made

    def restore(self, target: PageSnapshot) -> None:
        """Let the pages of all stores that `target` knows be what they were.  Stores that it does not know are closed already; some
        that it knows may be closed: their owners open them again afterwards."""
        path = [target]
        while path[-1].newer is not None:
            path.append(path[-1].newer)
        base = path.pop()
        self._discard(base)
        while path:
            older = path.pop()
            self._turn(older, base)
            base = older

    @staticmethod
    def _discard(base: PageSnapshot) -> None:
        """The present becomes what `base` says; what it was is forgotten."""
        for store, images in base.images.items():
            if images:
                store.exchange(images, keep=False)
                base.images[store] = {}
        _recall(base)

    def _turn(self, older: PageSnapshot, base: PageSnapshot) -> None:
        """The present, which is `base`, becomes what `older` says; the link between them leads the other way then."""
        for store, images in older.images.items():
            if images:
                found = store.exchange(images, keep=store in base.images)
                if found:
                    base.images[store] = found
                older.images[store] = {}
        _recall(older)
        base.newer, older.newer = older, None
        self._base = weakref.ref(older)

    def check(self, target: PageSnapshot) -> list[str]:
        """Broken invariants of the way from `target` to the present; empty: all is well."""
        wrong = []
        base = self.base()
        snapshot = target
        while snapshot.newer is not None:
            snapshot = snapshot.newer
        if snapshot is not base:
            wrong.append("a snapshot has lost its way to the present")
        if target.images.keys() != target.marks.keys():
            wrong.append("a snapshot keeps pages of stores that it does not know")
        return wrong


def _recall(snapshot: PageSnapshot) -> None:
    for store, mark in snapshot.marks.items():
        if mark is not None:
            store.recall(mark)


class Source:
    """A snapshot that a fork is made of.  latch: of the parent."""

    __slots__ = ("latch", "snapshot")

    def __init__(self, snapshot: PageSnapshot, latch: Mutex) -> None:
        self.snapshot = snapshot
        self.latch = latch

    def origin(self, store: Store) -> Origin:
        """Where the copy of `store` finds its pages."""
        return Origin(self.snapshot, store, self.latch)


class Origin:
    """Where a fork's store finds the pages that it has not had yet: in `store`, as `snapshot` knows it.  latch: of the parent.
    own: pages that are in the fork's own file by now."""

    __slots__ = ("_latch", "_snapshot", "_store", "own")

    def __init__(self, snapshot: PageSnapshot, store: Store, latch: Mutex) -> None:
        self._snapshot = snapshot
        self._store = store
        self._latch = latch
        self.own: set[int] = set()

    def fetch(self, no: int) -> Any:
        """A copy of page `no`, None if there was none.  Takes the parent's latch; that of the fork may be held (never the reverse).
        """
        with self._latch:
            return self._snapshot.content(self._store, no)
