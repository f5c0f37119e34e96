"""`Tablespace`: one file of pages, with its space management.

Page 0 is the header: bitmaps of used pages, one 64-bit word per extent of 64 pages, and `meta`, a small dictionary for the
owner (root pages, counters).  Every 65536th page is a descriptor page with the bitmaps of the extents that follow.  A page is
free if its bit is 0: the free list is the zeros.  Header and descriptors stay in memory while the tablespace is open and count
for no pool.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from minidb.errors import Error, InternalError, SqlError
from minidb.storage.file import File, read_failed, write_failed
from minidb.storage.mtr import Mtr, Op
from minidb.storage.page import NO_PAGE, PAGE_SIZE, Image, Page, PageKind, copy_image
from minidb.storage.page_codec import (
    DEFAULT_CODECS,
    EXTENTS_PER_DESCRIPTOR,
    META_ROOM,
    PageCodec,
    corrupt,
    decode_page,
    encode_meta,
    encode_page,
    lsn_of,
    verify_page,
)
from minidb.storage.tree_spec import TreeState

if TYPE_CHECKING:
    from minidb.storage.buffer_pool import BufferPool
    from minidb.storage.snapshot import Origin

EXTENT_PAGES = 64
FULL_EXTENT = (1 << EXTENT_PAGES) - 1
DESCRIBED_PAGES = EXTENT_PAGES * EXTENTS_PER_DESCRIPTOR
MAX_PAGES = 1 << 32


class Tablespace:
    """An open tablespace; made by `BufferPool.open_space`.

    id: stamped on every page.  frames: page number -> Page of the pages in memory; hot paths read it directly and call `load` on a
    KeyError.  trees: root page number -> state of each opened B+ tree.  codecs: page kind -> codec (engines add theirs).
    unsynced: something was written since the last `sync`.  logged: LSNs are positions in the redo log of `pool.writer`.
    origin: where pages are that are not in the file yet (of a fork).
    """

    __slots__ = (
        "_hint", "_written", "codecs", "descriptors", "file", "frames", "id", "logged", "meta", "origin", "path", "pool", "table",
        "trees", "unsynced",
    )

    def __init__(self, pool: BufferPool, path: str, file: File, space_id: int = 0, logged: bool = False) -> None:
        self.pool = pool
        self.path = path
        self.table = table_of(path)
        self.file = file
        self.id = space_id
        self.logged = logged
        self.frames: dict[int, Page] = {}
        self.trees: dict[int, TreeState] = {}
        self.codecs: dict[int, PageCodec] = dict(DEFAULT_CODECS)
        self.descriptors: list[Page] = []
        self.meta: Mapping[str, Any] = {}
        self.unsynced = False
        self._written: dict[int, int] = {}  # page number -> LSN field of its last write since the file was opened
        self.origin: Origin | None = None
        self._hint = 0  # no extent before this one has a free page

    # ---- opening (by the pool)
    def format(self) -> None:
        """Make a new, empty tablespace of one page in memory; the pool writes it."""
        header = Page(self, 0, PageKind.HEADER)
        header.rows = [1]
        header.body = {}
        self._install(header)

    def read_header(self) -> None:
        """Read the header and the descriptor pages.  Raises CorruptPageError, 1024."""
        header = self._read(0)
        if header.kind != PageKind.HEADER:
            raise corrupt(self, 0, "is not a tablespace header")
        more = len(header.children)
        header.children = []
        self._install(header)
        for i in range(1, more + 1):
            page = self._read(i * DESCRIBED_PAGES)
            if page.kind != PageKind.DESCRIPTOR:
                raise corrupt(self, page.no, "is not a descriptor page")
            self._install(page)

    def _install(self, page: Page) -> None:
        self.descriptors.append(page)
        self.frames[page.no] = page
        if page.no == 0:
            self.meta = page.body

    # ---- pages
    def page(self, no: int) -> Page:
        """Page `no`, read if it is not in memory.  Raises CorruptPageError, 1024."""
        page = self.frames.get(no)
        return self.load(no) if page is None else page

    def load(self, no: int) -> Page:
        """Read page `no`, which is not in memory."""
        if not self.is_used(no):
            raise corrupt(self, no, "is in use although it is marked free")
        page = self._fetch(no) if self.is_elsewhere(no) else self._read(no)
        self.frames[no] = page
        if self.is_open:  # else it was dropped, and a snapshot keeps it
            self.pool.admit(page)
        return page

    def is_elsewhere(self, no: int) -> bool:
        """Whether page `no`, which is not in memory, is not in the file either but with the parent of a fork."""
        return self.origin is not None and no not in self.origin.own

    def _fetch(self, no: int) -> Page:
        """The parent's page `no`."""
        assert self.origin is not None
        image: Image | None = self.origin.fetch(no)
        if image is None:
            raise corrupt(self, no, "is in use, but was not when the database was forked")
        page = Page(self, no, image[0])
        page.restore(image)
        return page

    def _read(self, no: int) -> Page:
        page = decode_page(self, no, self.read_bytes(no))
        self._compare(no, page.lsn)
        self.pool.pages_read += 1
        if page.lsn > self.pool.lsn:
            self.pool.lsn = page.lsn
        return page

    def _compare(self, no: int, lsn: int) -> None:
        """Raises CorruptPageError unless page `no`, whose LSN field in the file is `lsn`, is the one that was written last and is
        within the log: a disk may acknowledge a write and drop it, which leaves a page, or a log, that is sound, but old."""
        expected = self._written.get(no, lsn)
        if lsn != expected:
            raise corrupt(self, no, f"is older than what was written (LSN {lsn} instead of {expected}): a write was lost")
        if self.logged and self.pool.writer is not None and lsn >= (end := self.pool.writer.redo.lsn):
            raise corrupt(self, no, f"is newer (LSN {lsn}) than the redo log (LSN {end}): the log has lost a write")

    def read_bytes(self, no: int) -> bytes:
        """The bytes of page `no` as they stand in the file.  Raises 1024."""
        try:
            return self.file.read_at(no * PAGE_SIZE, PAGE_SIZE)
        except OSError as error:
            raise read_failed(self.path, error) from error

    def verify_file(self) -> list[str]:
        """Check the bytes of every used page against the file, leaving memory alone (dirty pages, and those being written now, are
        skipped: their bytes are out of date).  Empty: all is well."""
        problems: list[str] = []
        in_flight = {} if self.pool.writer is None else self.pool.writer.in_flight
        for no in self.used_pages():
            page = self.frames.get(no)
            if not self.is_elsewhere(no) and (page is None or not (self.pool.differs(page) or page in in_flight)):
                try:
                    self._compare(no, verify_page(self, no, self.read_bytes(no))[5])
                except Error as error:
                    problems.append(error.message)
        return problems

    def write(self, page: Page) -> None:
        """Write `page` to the file (the pool keeps the dirty list).  Raises 1026, 1114."""
        self.write_bytes(page.no, encode_page(page))

    def write_bytes(self, no: int, data: bytes) -> None:
        """Write the bytes of page `no`.  Raises 1026, 1114."""
        self.unsynced = True
        if self.origin is not None:
            self.origin.own.add(no)
        try:
            self.file.write_at(no * PAGE_SIZE, data)
        except OSError as error:
            raise write_failed(self.path, self.table, error) from error
        if self.pool.fs.persistent:  # memory loses nothing
            self._written[no] = lsn_of(data)

    def sync(self) -> None:
        """Make what was written durable.  Raises 1026."""
        if self.unsynced:
            try:
                self.file.sync()
            except OSError as error:
                raise write_failed(self.path, self.table, error) from error
            self.unsynced = False

    def adopt(self, page: Page) -> None:
        """Put `page` (new, or restored by a rollback) among the pages in memory."""
        if page.no not in self.frames:
            self.frames[page.no] = page
            self.pool.admit(page)

    def forget(self, page: Page) -> None:
        """Drop `page` from memory without writing it."""
        if self.frames.get(page.no) is page:
            del self.frames[page.no]
            self.pool.dismiss(page)
        if page in self.descriptors:
            self.descriptors.remove(page)

    # ---- space management
    def allocate(self, mtr: Mtr, kind: int, near: int = NO_PAGE) -> Page:
        """A fresh page of `kind`: the one behind `near`, else one of its extent, else the first free page of the file.
        Raises 1114 at the end of the page numbers."""
        extent, bit = self._find_free(near + 1)
        group, index = divmod(extent, EXTENTS_PER_DESCRIPTOR)
        if group == len(self.descriptors):
            self._add_descriptor(mtr)
            bit = max(bit, 1)
        descriptor = self.descriptors[group]
        mtr.save(descriptor)
        bitmaps = descriptor.rows
        while len(bitmaps) <= index:
            bitmaps.append(0)
        bitmaps[index] |= 1 << bit
        page = Page(self, extent * EXTENT_PAGES + bit, kind)
        self.adopt(page)
        mtr.created(page)
        return page

    def _add_descriptor(self, mtr: Mtr) -> None:
        page = Page(self, len(self.descriptors) * DESCRIBED_PAGES, PageKind.DESCRIPTOR)
        page.rows = [1]
        mtr.save(self.descriptors[0])  # the header counts the descriptor pages
        self._install(page)
        mtr.created(page)

    def _find_free(self, wanted: int) -> tuple[int, int]:
        """(extent, bit) of a free page: `wanted`, else in its extent, else the lowest."""
        extent, bit = divmod(wanted, EXTENT_PAGES)
        used = self._bitmap(extent) if wanted > 1 else FULL_EXTENT
        if not used >> bit & 1 and wanted % DESCRIBED_PAGES and wanted < MAX_PAGES:
            return extent, bit
        if used == FULL_EXTENT:
            extent = self._hint
            used = self._bitmap(extent)
            while used == FULL_EXTENT:
                extent += 1
                used = self._bitmap(extent)
            self._hint = extent
        if extent * EXTENT_PAGES >= MAX_PAGES:
            raise SqlError.of(1114, self.table)
        return extent, (~used & (used + 1)).bit_length() - 1

    def _bitmap(self, extent: int) -> int:
        group, index = divmod(extent, EXTENTS_PER_DESCRIPTOR)
        if group < len(self.descriptors):
            bitmaps = self.descriptors[group].rows
            if index < len(bitmaps):
                used: int = bitmaps[index]
                return used
        return 0

    def free(self, mtr: Mtr, page: Page) -> None:
        """Give `page` back; its number will be used again."""
        mtr.freed(page)
        self._clear_bit(mtr, page.no)
        self.forget(page)

    def free_number(self, mtr: Mtr, no: int) -> None:
        """Give page `no` back without reading it (unless a snapshot needs it)."""
        page = self.frames.get(no)
        if page is None and self.pool.snapshots.knows(self):
            page = self.load(no)
        if page is not None:
            self.free(mtr, page)
        else:
            self._clear_bit(mtr, no)

    def _clear_bit(self, mtr: Mtr, no: int) -> None:
        if no % DESCRIBED_PAGES == 0 or not self.is_used(no):
            raise InternalError(1105, f"page {no} of '{self.path}' cannot be freed")
        extent, bit = divmod(no, EXTENT_PAGES)
        descriptor = self.descriptors[extent // EXTENTS_PER_DESCRIPTOR]
        mtr.save(descriptor)
        descriptor.rows[extent % EXTENTS_PER_DESCRIPTOR] &= ~(1 << bit)
        self._hint = min(self._hint, extent)

    def is_used(self, no: int) -> bool:
        """True if page `no` is allocated."""
        return bool(self._bitmap(no // EXTENT_PAGES) >> no % EXTENT_PAGES & 1)

    def used_pages(self) -> Iterator[int]:
        """Numbers of all allocated pages, ascending, header and descriptors included."""
        for group, descriptor in enumerate(self.descriptors):
            for index, used in enumerate(descriptor.rows):
                base = group * DESCRIBED_PAGES + index * EXTENT_PAGES
                while used:
                    low = used & -used
                    yield base + low.bit_length() - 1
                    used ^= low

    @property
    def size(self) -> int:
        """Pages up to the last used one."""
        last = self.descriptors[-1].rows
        top = len(last) - 1
        while not last[top]:
            top -= 1
        return (len(self.descriptors) - 1) * DESCRIBED_PAGES + top * EXTENT_PAGES + int(last[top]).bit_length()

    @property
    def used_count(self) -> int:
        """Number of allocated pages, header and descriptors included."""
        return sum(int(used).bit_count() for d in self.descriptors for used in d.rows)

    def check(self, reachable: Iterable[int], complete: bool = True) -> list[str]:
        """Compare the bitmaps with `reachable`, the numbers of the pages that the owner's structures use (complete: of all of them,
        so that others must be free).  Empty: all is well."""
        problems: list[str] = []
        seen: set[int] = {d.no for d in self.descriptors}
        for no in reachable:
            if no in seen:
                problems.append(f"page {no} of '{self.path}' is used twice")
            seen.add(no)
            if not self.is_used(no):
                problems.append(f"page {no} of '{self.path}' is in use but marked free")
        leaked = [no for no in self.used_pages() if no not in seen] if complete else []
        if leaked:
            problems.append(f"pages {leaked} of '{self.path}' are marked used but belong to nothing")
        return problems

    # ---- meta
    def set_meta(self, mtr: Mtr, name: str, value: Any) -> None:
        """Set an entry of `meta` (JSON values); None removes it."""
        header = self.descriptors[0]
        if not header.dirty:
            mtr.touch(header)
        if mtr.logging:
            mtr.log(Op.META, header, (name, value))
        meta: dict[str, Any] = header.body
        if value is None:
            meta.pop(name, None)
        elif name in meta:
            meta[name] = value
        else:
            if len(encode_meta({**meta, name: value})) > META_ROOM // 2:  # values may grow later
                raise InternalError(1105, f"too many meta entries in '{self.path}'")
            meta[name] = value

    # ---- snapshots (see `snapshot.Store`)
    def mark(self) -> None:
        """Everything is in the pages."""

    def image(self, no: int, mark: None) -> Image | None:
        page = self.frames.get(no)
        if page is None and not self.is_used(no):
            return None
        return self.page(no).image() if page is None else page.image()

    def copied(self, image: Image) -> Image:
        return copy_image(image)

    def recall(self, mark: None) -> None:
        """There is nothing to recall."""

    def exchange(self, images: Mapping[int, Image | None], keep: bool) -> dict[int, Image | None]:
        found: dict[int, Image | None] = {}
        for no in sorted(images, reverse=True):  # a page before the descriptor page that says whether it is used
            page = self.frames.get(no)
            if page is None and keep and self.is_used(no):
                page = self.load(no)
            if keep:
                found[no] = None if page is None else page.take()
            image = images[no]
            if image is not None:
                self._put_back(page or self._new_frame(no, image), image)
            elif page is not None:
                self.forget(page)
        self._hint = 0
        for root, state in self.trees.items():
            state.smo += 1
            if root in images and root in self.frames:
                state.levels = self.frames[root].level + 1
        return found

    def _new_frame(self, no: int, image: Image) -> Page:
        """A frame for page `no`, whose content is to follow."""
        page = Page(self, no, image[0])
        self.frames[no] = page
        if page.kind in (PageKind.HEADER, PageKind.DESCRIPTOR):
            self.descriptors.append(page)
            self.descriptors.sort(key=lambda descriptor: descriptor.no)
        elif self.is_open:
            self.pool.admit(page)
        return page

    def _put_back(self, page: Page, image: Image) -> None:
        """Give `page` an old content: it is clean, but may differ from the file."""
        page.restore(image)
        if self.is_open:
            self.pool.cleaned(page)
            self.pool.unwritten[page] = None

    # ---- forks
    def copy_from(self, origin: Origin) -> None:
        """Become a copy of another tablespace, page by page as they are needed; header and descriptor pages now."""
        for page in list(self.frames.values()):
            self.forget(page)
        self.origin, self.unsynced = origin, False
        no = 0
        while True:
            image: Image | None = origin.fetch(no)
            if image is None:
                break
            self._put_back(self._new_frame(no, image), image)
            no += DESCRIBED_PAGES
        self.meta = self.descriptors[0].body

    # ---- life
    def rename(self, path: str) -> None:
        """Give the file another name, which no open tablespace has; the tablespace stays open.  Raises 1026."""
        pool = self.pool
        if path in pool.spaces:
            raise InternalError(1105, f"'{path}' is open: '{self.path}' cannot take its name")
        try:
            pool.fs.rename(self.path, path)
        except OSError as error:
            raise write_failed(self.path, self.table, error) from error
        del pool.spaces[self.path]
        self.named(path)
        pool.spaces[path] = self

    def named(self, path: str) -> None:
        """The file is called `path` now."""
        self.path, self.file.name, self.table = path, path, table_of(path)

    @property
    def is_open(self) -> bool:
        """Whether the pool knows the tablespace."""
        return self.pool.spaces.get(self.path) is self

    def close(self) -> None:
        """Write what is dirty, sync, close.  Raises 1026, 1114 and stays open then."""
        self.pool.flush(self)
        self.abandon()

    def abandon(self) -> None:
        """Close without writing."""
        self.pool.release(self)

    def drop(self) -> None:
        """Close and remove the file."""
        self.abandon()
        try:
            self.pool.fs.remove(self.path)
        except OSError as error:
            raise write_failed(self.path, self.table, error) from error


def table_of(path: str) -> str:
    """The table that file `path` belongs to, as people name it: ``db.t`` for ``db/t.ibd``."""
    return path.rpartition(".")[0].replace("/", ".") or path
