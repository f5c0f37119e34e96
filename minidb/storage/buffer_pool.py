"""`BufferPool`: the decoded pages of all tablespaces, within a limit.

Pages are kept in two lists.  A page that is read enters the *old* list; if it is used again before its turn to leave comes, it
moves to the *young* list, which may hold five eighths of the limit and gives its eldest back to the old one.  A scan that
touches every page once thus never displaces the pages that are used again and again.  Internal nodes are
passed over as long as a child of theirs is in memory.  Uses are noted by a flag on the page (`Page.touched`), so that a hit is
a dictionary look-up and nothing more; the lists are put in order when room is needed.

Nothing is evicted while an operation runs: `trim` is called between operations, when nobody holds a page.  Until then the pool
may exceed its limit by the pages of one operation.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minidb.errors import SqlError
from minidb.storage.file import FileSystem, describe
from minidb.storage.mtr import Mtr, RedoSink
from minidb.storage.page import Page, PageKind
from minidb.storage.snapshot import Origin, Snapshots
from minidb.storage.space import Tablespace

if TYPE_CHECKING:
    from minidb.storage.page_writer import PageWriter

YOUNG_SHARE = (5, 8)


@dataclass(frozen=True, slots=True)
class PoolStats:
    """Counts of pages.  requests: page accesses by tree descents and leaf steps; reads: pages read from files."""

    limit: int | None
    resident: int
    young: int
    old: int
    dirty: int
    requests: int
    reads: int
    written: int
    evicted: int
    made_young: int

    @property
    def hit_ratio(self) -> float:
        """Share of requests answered from memory, 0.0 to 1.0."""
        return max(0.0, 1.0 - self.reads / self.requests) if self.requests else 1.0


class BufferPool:
    """All pages in memory.  limit: pages that stay resident (None: no limit); headers and descriptor pages do not count.
    dirty: pages that differ from their files, in the order of their first change.  unwritten: pages that differ from their files
    too, but have not changed since the last snapshot (in memory only).  lsn: last log position seen or given out."""

    __slots__ = (
        "_mtr", "_past_requests", "dirty", "evicted", "fs", "limit", "lsn", "made_young", "old", "pages_read", "pages_written",
        "snapshots", "spaces", "unwritten", "writer", "young",
    )

    def __init__(self, fs: FileSystem, limit_pages: int | None = None) -> None:
        if limit_pages is not None and limit_pages < 1:
            raise ValueError("a buffer pool holds at least one page")
        self.fs = fs
        self.limit = limit_pages
        self.spaces: dict[str, Tablespace] = {}
        self.dirty: dict[Page, None] = {}
        self.unwritten: dict[Page, None] = {}
        self.snapshots = Snapshots()
        self.young: OrderedDict[Page, None] = OrderedDict()
        self.old: OrderedDict[Page, None] = OrderedDict()
        self.lsn = 0
        self.pages_read = 0
        self.pages_written = 0
        self.evicted = 0
        self.made_young = 0
        self._past_requests = 0
        self._mtr = Mtr(self)
        self.writer: PageWriter | None = None

    def mtr(self) -> Mtr:
        """The mini-transaction to use now: one at a time, under the latch, committed or rolled back by whoever asked for it."""
        return self._mtr

    def attach_redo(self, redo: RedoSink | None, atomic: bool = False, writer: PageWriter | None = None) -> None:
        """From now on mini-transactions log to `redo`, and pages wait for it before they are written; through `writer` if there is
        one."""
        self._mtr.configure(redo, atomic)
        self.writer = writer

    # ---- tablespaces
    def open_space(self, path: str, create: bool = False, space_id: int = 0, logged: bool = False) -> Tablespace:
        """The tablespace in file `path`.  create: make it (the file must not exist), with `space_id` or an id made from the path.
        space_id: the id that an existing file must have, unless it is 0.  logged: its pages are under the redo log, if there is
        one.  Raises 1016 if the file cannot be opened, CorruptPageError if its header is not sound."""
        space = self.spaces.get(path)
        if space is not None and not create:
            return space
        try:
            file = self.fs.open(path, create)
        except OSError as error:
            raise SqlError.of(1016, path, describe(error)) from error
        space = Tablespace(self, path, file, space_id, logged and self.writer is not None)
        try:
            if create:
                space.id = space_id or self._new_id(path)
                space.format()
                space.write(space.descriptors[0])
            else:
                space.read_header()
        except BaseException:
            file.close()
            if create:
                with suppress(OSError):  # the first failure is what there is to tell; whoever drops the file tries again
                    self.fs.remove(path)
            raise
        self.spaces[path] = space
        return space

    def open_copy(self, path: str, space_id: int, origin: Origin) -> Tablespace:
        """A new tablespace in file `path` with the pages of another one, read as they are needed (of a fork)."""
        space = Tablespace(self, path, self.fs.open(path, create=True), space_id)
        self.spaces[path] = space
        space.copy_from(origin)
        return space

    def _new_id(self, path: str) -> int:
        taken = {space.id for space in self.spaces.values()}
        wanted = zlib.crc32(path.encode())
        while wanted in taken or not wanted:
            wanted = (wanted + 1) & 0xFFFFFFFF
        return wanted

    def release(self, space: Tablespace) -> None:
        """Forget the pages of `space` without writing them, and close its file.  If a snapshot needs them they stay with `space`,
        until `arrange`."""
        for page in space.frames.values():
            self.dismiss(page)
        self._past_requests += requests_of(space)
        if not self.snapshots.knows(space):
            space.frames.clear()
            space.trees.clear()
        del self.spaces[space.path]
        if self.writer is None:
            space.file.close()
        else:
            with self.writer.lock:  # the page cleaner may be writing to it
                space.file.close()

    # ---- pages (called by Tablespace)
    def admit(self, page: Page) -> None:
        """`page` is in memory now."""
        self.old[page] = None

    def dismiss(self, page: Page) -> None:
        """`page` is out of memory now, or about to be."""
        self.young.pop(page, None)
        self.old.pop(page, None)
        if page.dirty or self.unwritten:
            self.cleaned(page)

    @property
    def resident(self) -> int:
        """Pages in memory that count for the limit."""
        return len(self.young) + len(self.old)

    def trim(self) -> None:
        """Evict down to the limit, and keep the redo log from filling up.  Only between operations, latch held, with no page object
        in anyone's hands.  Writes dirty victims; raises 1026 or 1114 if that fails, and the page stays, dirty."""
        limit = self.limit
        writer = self.writer
        if writer is not None and writer.redo.crowded:
            writer.relieve()
        if limit is None:
            return
        young, old = self.young, self.old
        room_young = limit * YOUNG_SHARE[0] // YOUNG_SHARE[1]
        spared = 0  # internal nodes passed over since the last eviction: one turn each, then any page may go
        while len(young) + len(old) > limit:
            while len(young) > room_young or (young and not old):
                page, _ = young.popitem(last=False)
                page.touched = False
                old[page] = None
            page = next(iter(old))
            if page.touched:
                page.touched = False
                del old[page]
                young[page] = None
                self.made_young += 1
            elif writer is not None and page in writer.in_flight:
                old.move_to_end(page)
                if len(young) + len(old) - len(writer.in_flight) <= limit:
                    return
            elif page.level and spared < len(old) and _has_child_in_memory(page):
                spared += 1
                old.move_to_end(page)
            else:
                self._evict(page)
                spared = 0

    def _evict(self, page: Page) -> None:
        if self.differs(page):
            if self.writer is not None:
                self.writer.make_room(page)
            else:
                self._write(page)
                self.cleaned(page)
        del self.old[page]
        del page.space.frames[page.no]
        self.evicted += 1

    def _write(self, page: Page) -> None:
        redo = self._mtr.redo
        if redo is not None:
            redo.write_up_to(page.lsn)
        else:
            self.lsn += 1
            page.lsn = self.lsn
        page.space.write(page)
        self.pages_written += 1

    def cleaned(self, page: Page) -> None:
        """`page` does not differ from its file any more."""
        if page.dirty:
            page.dirty = False
            page.oldest_lsn = 0
            del self.dirty[page]
        else:
            self.unwritten.pop(page, None)

    def differs(self, page: Page) -> bool:
        """Whether `page` differs from its file."""
        return page.dirty or page in self.unwritten

    def flush(self, space: Tablespace | None = None) -> None:
        """Write all dirty pages (of `space`), then sync.  Pages count as clean only after the sync of their file: raises 1026 or
        1114, and what was not made durable stays dirty."""
        if self.writer is not None:
            self.writer.flush(space)
            return
        pages = sorted(
            (p for p in (*self.dirty, *self.unwritten) if space is None or p.space is space), key=lambda p: (p.space.path, p.no)
        )
        targets = [space] if space is not None else list(self.spaces.values())
        for page in pages:
            if page.no:
                self._write(page)
        for page in pages:
            if not page.no:  # headers last: they carry the highest LSN
                self._write(page)
        for target in targets:
            target.sync()
        for page in pages:
            self.cleaned(page)

    # ---- snapshots
    def start_snapshot(self) -> None:
        """All pages count as clean, so that the next change of each is announced; they are to be written all the same."""
        for page in self.dirty:
            page.dirty = False
        self.unwritten.update(self.dirty)
        self.dirty.clear()

    def arrange(self, spaces: dict[str, Tablespace]) -> None:
        """After a snapshot was restored: `spaces`, by path, are those that are open; closed ones are opened again, with the pages
        that they kept.  The others have been released."""
        for path, space in spaces.items():
            if not space.is_open:
                self._past_requests -= requests_of(space)
                for page in space.frames.values():
                    self.unwritten[page] = None
                    if page not in space.descriptors:
                        self.admit(page)
            space.named(path)
        self.spaces.clear()
        self.spaces.update(spaces)

    # ---- looking inside
    @property
    def stats(self) -> PoolStats:
        requests = self._past_requests + sum(map(requests_of, self.spaces.values()))
        return PoolStats(
            self.limit, self.resident, len(self.young), len(self.old), len(self.dirty) + len(self.unwritten), requests,
            self.pages_read, self.pages_written, self.evicted, self.made_young,
        )

    def check(self) -> list[str]:
        """Broken invariants of the pool; empty: all is well."""
        problems: list[str] = []
        for space in self.spaces.values():
            for no, page in space.frames.items():
                listed = (page in self.young) + (page in self.old)
                fixed = page.kind in (PageKind.HEADER, PageKind.DESCRIPTOR)
                if page.no != no or page.space is not space or not space.is_used(no):
                    problems.append(f"frame {no} of '{space.path}' holds {page!r}")
                if listed != (0 if fixed else 1):
                    problems.append(f"{page!r} is on {listed} lists")
                if page.dirty != (page in self.dirty):
                    problems.append(f"{page!r} and the dirty list disagree")
                if page.dirty and page in self.unwritten:
                    problems.append(f"{page!r} is both dirty and unwritten")
        for page in (*self.young, *self.old, *self.dirty, *self.unwritten):
            if page.space.frames.get(page.no) is not page:
                problems.append(f"{page!r} is listed but not in memory")
        return problems


def _has_child_in_memory(page: Page) -> bool:
    frames = page.space.frames
    return any(child in frames for child in page.children)


def requests_of(space: Tablespace) -> int:
    """Page accesses by descents and leaf steps of the trees of `space`; a descent counts as many as the tree has levels."""
    return sum(state.steps + state.descents * state.levels for state in space.trees.values())
