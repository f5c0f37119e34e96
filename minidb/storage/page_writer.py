"""`PageWriter`: how dirty pages reach their files where there is a redo log: log first, then the doublewrite file, then in place.

Pages are written in batches, each made durable before the next one; a page counts as clean when its batch is durable.  The *page
cleaner*, a background worker, takes the pages that have been dirty longest, writes them without the latch, and moves the checkpoint
forward.  While it writes, its pages are *in flight*: they may be changed (and are dirty again then) but not evicted.

Order of locks: latch, then `lock` (held while files are written), then the log's own.  A failed sync stops the log: what the disk
holds is unknown.  A failed write leaves the pages dirty and raises 1026 or 1114.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minidb.errors import Error
from minidb.storage.doublewrite import PAGES, Doublewrite
from minidb.storage.file import write_failed
from minidb.storage.page import Page
from minidb.storage.page_codec import encode_page
from minidb.storage.redo import RedoLog, stopped

if TYPE_CHECKING:
    from minidb.scheduler import Scheduler
    from minidb.storage.buffer_pool import BufferPool
    from minidb.storage.space import Tablespace

CLEANER = "page-cleaner"
RETRY_SECONDS = 1.0
Batch = list[tuple[Page, bytes]]


class PageWriter:
    """Writes the pages of one pool.  batch: pages that the cleaner, or an eviction, writes with one sync (up to PAGES).
    in_flight: pages being written by the cleaner, with their oldest change."""

    __slots__ = ("batch", "doublewrite", "in_flight", "lock", "pool", "redo", "scheduler")

    def __init__(self, pool: BufferPool, redo: RedoLog, doublewrite: Doublewrite, scheduler: Scheduler) -> None:
        self.pool = pool
        self.redo = redo
        self.doublewrite = doublewrite
        self.scheduler = scheduler
        self.batch = PAGES
        self.lock = scheduler.new_lock()
        self.in_flight: dict[Page, int] = {}
        redo.hurry = lambda: scheduler.poke(CLEANER)
        scheduler.spawn(CLEANER, self._clean)

    # ---- with the latch
    def flush(self, space: Tablespace | None = None) -> None:
        """Make all dirty pages (of `space`) durable."""
        self.write([p for p in self._unwritten() if space is None or p.space is space])
        with self.lock:
            for target in [space] if space is not None else list(self.pool.spaces.values()):
                self._sync(target)

    def _unwritten(self) -> list[Page]:
        """Pages that are not durable, in file order.  Those in flight are among them: whether they land is not known yet, and who
        holds the latch cannot wait for the page cleaner to say so."""
        pages = dict.fromkeys(p for p in (*self.pool.dirty, *self.in_flight) if p.space.frames.get(p.no) is p)
        return sorted(pages, key=lambda p: (p.space.path, p.no))

    def make_room(self, victim: Page) -> None:
        """Make `victim`, which is to be evicted, and those dirty longest durable: one sync for many evictions."""
        pages = [victim]
        for page in self.pool.dirty:
            if len(pages) >= self.batch:
                break
            if page is not victim:
                pages.append(page)
        self.write(pages)

    def write(self, pages: list[Page]) -> None:
        """Make `pages` durable, and clean."""
        for start in range(0, len(pages), PAGES):
            batch = [(page, self._encode(page)) for page in pages[start : start + PAGES]]
            with self.lock:
                self._write(batch)
            for page, _ in batch:
                self.in_flight.pop(page, None)
                if page.dirty:
                    self.pool.cleaned(page)

    def relieve(self) -> None:
        """The log is half full and the cleaner has not kept pace: make room now."""
        self.write(self._unwritten())
        self.redo.checkpoint(self.oldest())

    def relieve_quietly(self) -> None:
        """`relieve` in the middle of an operation, which cannot be told of a failure."""
        try:
            self.relieve()
        except Error:
            return

    def oldest(self) -> int:
        """Position of the first change that is not in the data files."""
        oldest = self.redo.lsn
        for page in self.pool.dirty:
            if 0 < page.oldest_lsn < oldest:
                oldest = page.oldest_lsn
        return min([oldest, *(lsn for lsn in self.in_flight.values() if lsn)])

    # ---- writing (lock held)
    def _encode(self, page: Page) -> bytes:
        if not page.oldest_lsn and page not in self.in_flight:  # not under the log: the field counts page writes
            self.pool.lsn += 1
            page.lsn = self.pool.lsn
        return encode_page(page)

    def _write(self, batch: Batch) -> None:
        logged = [page.lsn for page, _ in batch if page.oldest_lsn or page in self.in_flight]
        if logged:
            self.redo.write_up_to(min(max(logged), self.redo.lsn - 1))
            self._write_twice([data for page, data in batch if page.oldest_lsn or page in self.in_flight], batch[0][0].space)
        for page, data in batch:
            page.space.write_bytes(page.no, data)
            self.pool.pages_written += 1
        for space in dict.fromkeys(page.space for page, _ in batch):
            self._sync(space)

    def _write_twice(self, pages: list[bytes], space: Tablespace) -> None:
        try:
            self.doublewrite.write(pages)
        except OSError as error:
            raise write_failed(self.doublewrite.file.name, space.table, error) from error
        try:
            self.doublewrite.sync()
        except OSError as error:
            self.redo.fail(error)
            raise stopped(error) from error

    def _sync(self, space: Tablespace) -> None:
        try:
            space.sync()
        except Error as error:
            raise self.sync_failed(error) from error

    def sync_failed(self, error: Error) -> Error:
        """A sync of some file has failed, as `error` says: nobody knows what it holds, and a second try would not tell.  Stop;
        the caller raises what is returned."""
        cause = error.__cause__ or error
        self.redo.fail(cause)
        return stopped(cause)

    # ---- the page cleaner
    def _clean(self) -> float | None:
        """Write the pages that have been dirty longest, a batch at a time, until the log has room again."""
        latch, pool = self.scheduler.latch, self.pool
        while self.redo.failure is None and self.redo.age * 8 > self.redo.capacity:
            with latch:
                pages = [p for p in pool.dirty if p.oldest_lsn][: self.batch]
                batch = [(page, encode_page(page)) for page in pages]
                for page in pages:
                    self.in_flight[page] = page.oldest_lsn
                    pool.cleaned(page)
                self.lock.acquire()
            failed: Error | None = None
            try:
                self._write(batch)
            except Error as error:
                failed = error
            finally:
                self.lock.release()
            with latch:
                for page in pages:
                    self._landed(page, failed is not None)
                oldest = self.oldest()
            if failed is not None:
                return RETRY_SECONDS
            try:
                self.redo.checkpoint(oldest)
            except Error:
                return None  # the log has stopped, and said so
            if not pages:
                return None
        return None

    def _landed(self, page: Page, failed: bool) -> None:
        """`page` is not in flight any more.  Latch held."""
        oldest = self.in_flight.pop(page, None)
        if failed and oldest is not None and page.space.frames.get(page.no) is page:
            if not page.dirty:
                page.dirty = True
                self.pool.dirty[page] = None
            page.oldest_lsn = oldest
