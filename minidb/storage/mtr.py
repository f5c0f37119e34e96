"""`Mtr`: the mini-transaction through which every change of pages goes: all of it or nothing.

Protocol for whoever changes a page:

* one record on one page: ``if not page.dirty: mtr.touch(page)``, ``if mtr.logging: mtr.log(op, page, payload)``, then change it;
* a structure change (several pages): ``mark = mtr.mark()``, ``mtr.save(page)`` before the first change of each page, and
  ``mtr.rollback_to(mark)`` if anything fails on the way.

Everything is announced *before* the change.  With a redo log attached the records and the after-images of saved pages are
handed to it at `commit`, as one unit; without one, announcing costs two attribute tests.  The latch is held throughout.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from minidb.storage.page import Image, Page

if TYPE_CHECKING:
    from minidb.storage.buffer_pool import BufferPool

LogRecord = tuple[int, Page, Any]


class Op(enum.IntEnum):
    """Physiological record types: a page, and what was done inside it.  Payloads: INSERT and REPLACE (position, key, row);
    DELETE position; CUT position (records from there on go); META (name, value), value None to remove.  IMAGE (the whole page)
    and FREE (it is given back) are made by the mini-transaction itself."""

    INSERT = 1
    REPLACE = 2
    DELETE = 3
    META = 4
    CUT = 5
    IMAGE = 6
    FREE = 7


class RedoSink(Protocol):
    """What a redo log offers to the mini-transactions and to the pool.  lsn: position of the next group."""

    lsn: int

    def append(self, records: Iterable[LogRecord], images: Iterable[Page], freed: Iterable[Page]) -> int:
        """Log one mini-transaction: `records` in order, then the present content of the pages `images`.  Returns its LSN."""

    def fail(self, error: BaseException) -> None:
        """Stop for good: what the log says is not what the pages hold."""

    def write_up_to(self, lsn: int) -> None:
        """Return when the log is durable up to `lsn`: called before a page with that LSN is written."""


class Mtr:
    """One mini-transaction after another (the object is reused).  logging: `log` has to be called.  atomic: single-record
    changes are kept for `rollback` too."""

    __slots__ = (
        "_dirty", "_freed", "_images", "_kept", "_records", "_saved", "_snapshots", "_unwritten", "atomic", "logging", "pool",
        "redo",
    )

    def __init__(self, pool: BufferPool) -> None:
        self.pool = pool
        self.redo: RedoSink | None = None
        self.atomic = False
        self.logging = False
        self._dirty = pool.dirty
        self._unwritten = pool.unwritten
        self._snapshots = pool.snapshots
        self._records: list[LogRecord] = []
        self._saved: list[tuple[Page, Image | None, bool, int]] = []  # (page, content before or None: new; dirty, oldest_lsn)
        self._kept: set[Page] = set()  # pages in _saved since the last mark
        self._images: dict[Page, None] = {}  # pages to be logged as a whole
        self._freed: dict[Page, None] = {}

    def configure(self, redo: RedoSink | None, atomic: bool = False) -> None:
        """Attach a redo log; atomic=True lets `rollback` undo single-record changes as well.  Only between mini-transactions."""
        self.redo = redo
        self.atomic = atomic
        self.logging = redo is not None or atomic

    # ---- announcing
    def touch(self, page: Page) -> None:
        """`page` is about to change: put it on the dirty list, and into the snapshot that it has not changed since."""
        if not page.dirty:
            if self._snapshots.watching:
                self._snapshots.changing(page.space, page.no)
            if self._unwritten:
                self._unwritten.pop(page, None)
            page.dirty = True
            self._dirty[page] = None
            if self.redo is not None:
                page.oldest_lsn = self.redo.lsn

    def log(self, op: int, page: Page, payload: Any) -> None:
        """Note a change inside `page`, about to be made.  Callers skip the call unless `logging`."""
        if self.atomic:
            self._keep(page)
        if self.redo is not None:
            self._records.append((op, page, payload))

    def save(self, page: Page) -> None:
        """`page` is about to change as part of a structure change: keep its content, log it as a whole."""
        self._keep(page)
        if self.redo is not None:
            self._images[page] = None
        if not page.dirty:
            self.touch(page)

    def _keep(self, page: Page) -> None:
        if page not in self._kept:
            self._kept.add(page)
            self._saved.append((page, page.image(), page.dirty, page.oldest_lsn))

    def created(self, page: Page) -> None:
        """`page` was allocated just now: rolling back makes it vanish."""
        self._kept.add(page)
        self._saved.append((page, None, False, 0))
        if self.redo is not None:
            self._images[page] = None
        if self._snapshots.watching:
            self._snapshots.created(page.space, page.no)
        self.touch(page)

    def freed(self, page: Page) -> None:
        """`page` is about to leave its tablespace."""
        self._keep(page)
        if self._snapshots.watching and not page.dirty:
            self._snapshots.changing(page.space, page.no)
        self._images.pop(page, None)
        if self.redo is not None:
            self._freed[page] = None

    # ---- ending
    def mark(self) -> tuple[int, int]:
        """A point for `rollback_to`."""
        self._kept.clear()
        return len(self._saved), len(self._records)

    def rollback_to(self, mark: tuple[int, int]) -> None:
        """Restore every page saved since `mark`, newest first.  Cannot fail."""
        saved, records = mark
        while len(self._saved) > saved:
            page, image, dirty, oldest_lsn = self._saved.pop()
            if image is None:
                self._images.pop(page, None)
                page.space.forget(page)
            else:
                page.restore(image)
                self._freed.pop(page, None)
                page.space.adopt(page)
                self._restore_dirt(page, dirty, oldest_lsn)
        del self._records[records:]
        self._kept.clear()

    def commit(self) -> None:
        """The changes stand."""
        if self._saved or self._records:
            self._finish()

    def _finish(self) -> None:
        redo = self.redo
        if redo is not None:
            try:
                if self._saved:
                    self._log_structure(redo)
                else:
                    lsn = redo.append(self._records, (), ())
                    for _, page, _ in self._records:
                        page.lsn = lsn
            except BaseException as error:  # even Ctrl-C: nobody knows whether pages and log agree
                redo.fail(error)
                raise
        self._clear()
        writer = self.pool.writer
        if writer is not None and writer.redo.pressed:
            writer.relieve_quietly()  # evicts nothing: callers may hold pages

    def _log_structure(self, redo: RedoSink) -> None:
        """Log records and whole pages; a page that is logged as a whole, or given back, needs no records."""
        images = self._images
        records = [r for r in self._records if r[1] not in images and r[1] not in self._freed]
        lsn = redo.append(records, images, self._freed)
        for page in (*images, *(r[1] for r in records)):
            page.lsn = lsn

    def _restore_dirt(self, page: Page, dirty: bool, oldest_lsn: int) -> None:
        """`page` has its former content back: it differs from its file if it did then, since the same change."""
        if dirty:
            self.touch(page)
            page.oldest_lsn = oldest_lsn
        elif page.dirty:
            self.pool.cleaned(page)

    def rollback(self) -> None:
        """Undo the structure changes of this mini-transaction (with `atomic`: everything)."""
        self.rollback_to((0, 0))
        self._clear()

    def _clear(self) -> None:
        self._saved.clear()
        self._records.clear()
        self._kept.clear()
        self._images.clear()
        self._freed.clear()
