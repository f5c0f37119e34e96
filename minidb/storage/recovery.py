"""Recovery, first half: the data files are brought to the state of the log's end, before anybody opens them.

1. Torn pages, and those that are older in place than their copy, are taken from the doublewrite file.
2. Every group from the checkpoint on is applied, record by record, to each page that has not seen it yet (its LSN is lower).  A
   page that a later group frees is left alone up to there: it may never have been written.  A page whose LSN is neither that of
   the group nor the one that the record was made for has lost a write; one from behind the end of the log, the log has: recovery
   fails then.
3. All changed pages are written through the doublewrite file and synced; then a checkpoint says that the log is done with.

Each step can be cut off and done again from the beginning.  What tables and records mean is not known here.  The second half,
rolling back what was not committed, is the engine's (innodb/recovery).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from minidb.errors import CorruptPageError, Error
from minidb.storage.doublewrite import PAGES, Doublewrite, sound
from minidb.storage.file import File, FileSystem, read_failed, write_failed
from minidb.storage.log_files import LogFiles
from minidb.storage.mtr import Op
from minidb.storage.page import PAGE_SIZE
from minidb.storage.page_codec import header_of, lsn_of
from minidb.storage.raw_page import KIND, LEVEL, TREE, RawPage
from minidb.storage.redo_record import Record, decode_group

MOST_PAGES = 2048  # kept in memory at once
PROGRESS_EVERY = 10_000  # groups
PageId = tuple[int, int]


NEWER = "the page had seen them"
FREED = "the page was given back"
DROPPED = "their table is gone"


@dataclass(slots=True)
class RecoveryReport:
    """What was done.  checkpoint: its number.  start, end: log positions.  epoch: the highest met.  skips: records not applied, by
    reason.  restored: pages taken from the doublewrite file, because they were torn or older in place.  applied: records per
    (file, page).  pages: (kind, level, tree) of the pages that were changed."""

    checkpoint: int = 0
    start: int = 0
    end: int = 0
    epoch: int = 0
    groups: int = 0
    records: int = 0
    skips: dict[str, int] = field(default_factory=lambda: dict.fromkeys((NEWER, FREED, DROPPED), 0))
    restored: list[tuple[str, int]] = field(default_factory=list)
    applied: dict[tuple[str, int], int] = field(default_factory=dict)
    pages: dict[tuple[str, int], tuple[int, int, int]] = field(default_factory=dict)

    @property
    def skipped(self) -> int:
        """Records that were not applied."""
        return sum(self.skips.values())


class Recovery:
    """One run over the files of `paths` (space id -> path); spaces that are not there are skipped: they have been dropped."""

    def __init__(self, fs: FileSystem, log: LogFiles, doublewrite: Doublewrite, paths: Mapping[int, str],
                 tell: Callable[[str], None] = lambda _: None) -> None:
        self.fs = fs
        self.log = log
        self.doublewrite = doublewrite
        self.paths = {space: path for space, path in paths.items() if fs.exists(path)}
        self.tell = tell
        self.report = RecoveryReport(log.checkpoint.number, log.checkpoint.lsn, log.checkpoint.lsn, log.checkpoint.epoch)
        self._files: dict[int, File] = {}
        self._pages: dict[PageId, RawPage | None] = {}  # None: not readable, or of a tablespace that is gone
        self._freed: dict[PageId, int] = {}
        self._written: set[int] = set()

    def run(self) -> RecoveryReport:
        """Do it; see the module.  Raises CorruptPageError, 1024, 1026, 1114."""
        try:
            self._restore_torn()
            self._scan()
            self._apply()
            self._write()
        finally:
            for file in self._files.values():
                file.close()
        return self.report

    # ---- files
    def _file(self, space: int) -> File | None:
        file = self._files.get(space)
        if file is None and space in self.paths:
            file = self._files[space] = self.fs.open(self.paths[space])
        return file

    def _read(self, space: int, no: int) -> bytes:
        file = self._file(space)
        if file is None:
            return b""
        try:
            return file.read_at(no * PAGE_SIZE, PAGE_SIZE)
        except OSError as error:
            raise read_failed(file.name, error) from error

    # ---- torn pages
    def _restore_torn(self) -> None:
        for where, copy in self.doublewrite.copies().items():
            if where[0] not in self.paths:
                continue
            present = self._load(*where)
            if present is None or present.lsn < lsn_of(copy):
                page = self._pages[where] = RawPage(copy)
                page.changed = True
                self.report.restored.append((self.paths[where[0]], where[1]))
        self._write()

    # ---- the log
    def _scan(self) -> None:
        """Find the end of the log, and the last freeing of each page."""
        freed = self._freed
        for lsn, epoch, data in self.log.groups():
            self.report.groups += 1
            self.report.end = lsn + len(data)
            self.report.epoch = max(self.report.epoch, epoch)
            for record in self._decode(lsn, data):
                if record.op == Op.FREE:
                    freed[record.space, record.page] = lsn

    def _decode(self, lsn: int, data: bytes) -> list[Record]:
        try:
            return decode_group(data)
        except ValueError as error:
            raise CorruptPageError(1877, f"the redo log cannot be read at position {lsn}: {error}") from error

    def _apply(self) -> None:
        for done, (lsn, _, data) in enumerate(self.log.groups(), 1):
            touched: set[PageId] = set()
            for record in self._decode(lsn, data):
                self.report.records += 1
                where = record.space, record.page
                skip = self._one(lsn, record, where, touched)
                if skip is None:
                    self._count(where)
                else:
                    self.report.skips[skip] += 1
            for where in touched:
                page = self._pages[where]
                if page is not None:
                    page.lsn = lsn
            if done % PROGRESS_EVERY == 0:
                self.tell(f"redo log: {done} of {self.report.groups} mini-transactions looked at")
            if len(self._pages) > MOST_PAGES:
                self._write()

    def _one(self, lsn: int, record: Record, where: PageId, touched: set[PageId]) -> str | None:
        """Apply one record of the group at `lsn`; the reason if it is not to be applied.  touched: pages the group has changed so
        far."""
        if record.space not in self.paths:
            return DROPPED
        if record.op == Op.FREE or self._freed.get(where, -1) > lsn:
            return FREED
        if where not in self._pages:
            self._pages[where] = self._load(*where)
        page = self._pages[where]
        if page is not None and page.lsn >= lsn:
            if page.lsn >= self.report.end:
                raise self._unreadable(where, f"is of LSN {page.lsn}, the redo log ends at {self.report.end}: it has lost a write")
            return NEWER
        if record.op == Op.IMAGE:
            self._pages[where] = page = RawPage.from_image(record.data)
            page.lsn = lsn - 1
        elif page is None:
            raise self._unreadable(where)
        elif page.lsn != record.before:
            raise self._unreadable(where, f"is of LSN {page.lsn}, but was of {record.before} when the redo log was at {lsn}: "
                                          "a write was lost")
        else:
            try:
                page.apply(record)
            except ValueError as error:
                raise self._unreadable(where, f"does not fit the redo log at position {lsn}: {error}") from error
        touched.add(where)
        return None

    def _load(self, space: int, no: int) -> RawPage | None:
        data = self._read(space, no)
        if not sound(data) or header_of(data)[1:3] != (no, space):
            return None
        return RawPage(data)

    def _unreadable(self, where: PageId, what: str = "is neither sound nor in the doublewrite file") -> Error:
        error = CorruptPageError(1877, f"Recovery failed: page {where[1]} of file '{self.paths[where[0]]}' {what}")
        error.code, error.symbol = 1877, "ER_TABLE_CORRUPT"
        return error

    def _count(self, where: PageId) -> None:
        name = self.paths[where[0]], where[1]
        self.report.applied[name] = self.report.applied.get(name, 0) + 1

    # ---- writing
    def _write(self) -> None:
        """Write every changed page, durably, and forget all pages."""
        changed = [(where, page) for where, page in sorted(self._pages.items()) if page is not None and page.changed]
        for (space, no), page in changed:
            header = page.header
            self.report.pages[self.paths[space], no] = header[KIND], header[LEVEL], header[TREE]
        for start in range(0, len(changed), PAGES):
            batch = [(where, page.encode()) for where, page in changed[start : start + PAGES]]
            try:
                self.doublewrite.write([data for _, data in batch])
                self.doublewrite.sync()
            except OSError as error:
                raise write_failed(self.doublewrite.file.name, "", error) from error
            for (space, no), data in batch:
                file = self._file(space)
                assert file is not None
                try:
                    file.write_at(no * PAGE_SIZE, data)
                except OSError as error:
                    raise write_failed(file.name, file.name, error) from error
            for space in sorted({where[0] for where, _ in batch}):
                file = self._files[space]
                try:
                    file.sync()
                except OSError as error:
                    raise write_failed(file.name, file.name, error) from error
        self._pages.clear()
