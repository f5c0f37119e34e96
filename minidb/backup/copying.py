"""`Copying`: the algorithm, over files alone.

It reads the source and asks nothing of its owner, who may be alive, in this process or another, or gone.  README.md has the
argument why the copy is of one moment.

1. The newest checkpoint is read; from there on the redo log is followed, a piece after each piece of data copied.
2. Every tablespace that the dictionary names is copied page by page.
3. MyISAM tables are copied; the log is read to its end; the dictionary and the headers of the MyISAM tables are looked at again.
   If anything changed, what is new is copied too, and step 3 repeated.
4. The files get their names, the log becomes log files, the dictionary comes last.

If the owner's log goes round before it was read, everything begins anew at the newest checkpoint, with smaller pieces of data.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

from minidb.backup.definitions import Definitions, Moved
from minidb.backup.log_copy import LogCopy
from minidb.backup.myisam_copy import MyisamCopy
from minidb.backup.page_copy import PageCopy
from minidb.backup.report import BackupReport
from minidb.catalog import TableDef
from minidb.dictionary import UnsureError
from minidb.errors import CorruptPageError, Error, SqlError
from minidb.myisam.files import data_path, key_path
from minidb.storage.doublewrite import FILE_NAME as DOUBLEWRITE
from minidb.storage.doublewrite import Doublewrite
from minidb.storage.file import FileSystem, describe
from minidb.storage.log_files import damaged
from minidb.storage.log_reader import LogReader, Overrun
from minidb.storage.page import PAGE_SIZE
from minidb.storage.page_codec import bitmap_bit
from minidb.storage.space import DESCRIBED_PAGES

AT_ONCE = 64  # pages copied between two looks at the log
RESTARTS = 10
ROUNDS = 200
TRIES = 5  # rounds in which what is not as it should be may become so: others may be in the middle of changing it


class Copying:
    """One backup from `source` into the empty directory `work`.  hold: entered before step 3 and left when the end of the log is
    copied: the owner stands still as far as MyISAM and definitions go.  marked: MyISAM tables whose copy has to be repaired."""

    def __init__(self, source: FileSystem, work: FileSystem, *, at_once: int = AT_ONCE,
                 hold: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        self.source = source
        self.work = work
        self.at_once = at_once
        self.hold = hold
        self.report = BackupReport()
        self.marked: list[TableDef] = []
        self._spaces: dict[int, PageCopy] = {}
        self._myisam: dict[int, MyisamCopy] = {}
        self._highest = 0
        self._definitions: Definitions
        self.log: LogCopy

    def run(self) -> None:
        """Do it.  Raises OSError, 1033, 1877, 1105 (it cannot be done while so much is going on)."""
        for _ in self.steps():
            pass

    def steps(self) -> Iterator[None]:
        """The same, a piece at a time."""
        self.log = LogCopy(LogReader.open(self.source), self.work)
        try:
            for _ in range(RESTARTS):
                try:
                    yield from self._attempt()
                    break
                except Overrun:
                    self._begin_anew()
            else:
                raise SqlError.of(1105, f"The redo log went round {RESTARTS} times before it could be copied: "
                                        "make a backup when less is written, or of a directory with a larger log")
            self._finish()
        finally:
            self._abandon_spaces()
            self.log.close()

    def _begin_anew(self) -> None:
        self._abandon_spaces()
        for name in [str(space) for space in self._spaces]:
            self.work.remove(name)
        self._spaces.clear()
        self._myisam.clear()
        self.log.restart()
        self._highest = 0
        self.at_once = max(1, self.at_once // 4)
        self.report.restarts += 1

    def _attempt(self) -> Iterator[None]:
        self._definitions = Definitions(self.source)
        yield from self._copy_spaces()
        with self.hold():
            yield from self._catch_up()

    # ---- tablespaces
    def _copy_spaces(self) -> Iterator[None]:
        """Copy the tablespaces that are not yet copied.  A file that has moved is found in the next round."""
        for space in self._definitions.spaces:
            if space in self._spaces:
                continue
            try:
                source = self._definitions.open_space(space)
            except Moved:
                continue
            copy = self._spaces[space] = PageCopy(source, self.work.open(str(space), create=True), space)
            yield from self._following(copy.steps(self.at_once))
            self._highest = max(self._highest, copy.highest)
            self.report.pages += copy.pages
            if not copy.unsound:
                copy.close()

    def _following(self, steps: Iterator[None]) -> Iterator[None]:
        """`steps`, and a piece of log after each."""
        for _ in steps:
            self.log.follow()
            yield

    # ---- until everything stands still
    def _catch_up(self) -> Iterator[None]:
        for number in range(ROUNDS):
            self._definitions = Definitions(self.source)
            self.report.rounds += 1
            damage: Error | None = None
            try:
                yield from self._copy_spaces()
                yield from self._copy_myisam(number)
                yield
                self.log.follow()
                damage = self._settle_unsound()
                yield
                good = damage is None and all(self._is_good(copy, number) for copy in self._wanted_myisam())
                missing = self._first_missing()
            except Moved as moved:
                good, missing = False, moved.path
            still = self._definitions.still_hold(self.source)
            if good and still and not missing:
                return
            if damage is not None and number >= TRIES:
                raise damage
            if missing and still and number >= TRIES:
                raise SqlError.of(1016, missing, describe(FileNotFoundError(errno.ENOENT, "")))
            yield
        raise SqlError.of(1105, f"Definitions changed {ROUNDS} times before they could be copied with their tables")

    def _first_missing(self) -> str:
        """The path of a tablespace that was not found, "" if there is none."""
        return next((path for space, path in self._definitions.spaces.items() if space not in self._spaces), "")

    def _wanted_myisam(self) -> list[MyisamCopy]:
        return [self._myisam[tdef.id] for tdef in self._definitions.myisam]

    def _copy_myisam(self, number: int) -> Iterator[None]:
        for tdef in self._definitions.myisam:
            copy = self._myisam.get(tdef.id)
            if copy is None:
                copy = self._myisam[tdef.id] = MyisamCopy(tdef, self.work, str(tdef.id))
            elif copy.definition == tdef and self._is_good(copy, number):
                continue
            copy.definition = tdef
            yield from self._following(copy.steps(self._definitions, self.at_once))

    def _is_good(self, copy: MyisamCopy, number: int) -> bool:
        """May the copy stay as it is?  One that cannot be had whole may, and will be repaired."""
        if copy.still_good(self._definitions):
            return True
        copy.settled = False
        return copy.marked or (number >= TRIES and copy.pages > 0)

    def _written_twice(self) -> dict[tuple[int, int], bytes]:
        """What stands in the doublewrite file."""
        if not self.source.exists(DOUBLEWRITE):
            return {}
        doublewrite = Doublewrite(self.source.open(DOUBLEWRITE))
        try:
            return doublewrite.copies()
        finally:
            doublewrite.close()

    def _settle_unsound(self) -> Error | None:
        """Judge the pages that could not be read whole, now that the log is complete.  1877 for the first that is damaged."""
        unsound = {space: copy for space, copy in self._spaces.items() if copy.unsound and space in self._definitions.spaces}
        if not unsound:
            return None
        copies = self._written_twice()
        for space, copy in unsound.items():
            copy.read_again({no: data for (owner, no), data in copies.items() if owner == space})
            self._highest = max(self._highest, copy.highest)
        self.log.follow()
        brought, images = self.log.restored()
        for space, copy in unsound.items():
            for no in copy.unsound:
                if (space, no) not in brought and self._is_used(copy, space, no, images):
                    return _damage(self._definitions.spaces[space], no)
        return None

    @staticmethod
    def _is_used(copy: PageCopy, space: int, no: int, images: dict[tuple[int, int], bytes]) -> bool:
        """Is page `no` allocated at the end of the log?  (Bitmaps change as whole pages only.)"""
        descriptor = no - no % DESCRIBED_PAGES
        data = images.get((space, descriptor))
        if data is None:
            data = copy.target.read_at(descriptor * PAGE_SIZE, PAGE_SIZE)
        return no == descriptor or bitmap_bit(data.ljust(PAGE_SIZE, b"\0"), no - descriptor)

    # ---- the end
    def _finish(self) -> None:
        """Give the files their names; make everything durable, the dictionary last.  Raises OSError, 1033."""
        report, definitions = self.report, self._definitions
        if self._highest >= self.log.end:
            raise damaged(f"it ends at {self.log.end}, but a page was changed at {self._highest}")
        report.start, report.lsn, report.log_bytes = self.log.reader.start.lsn, self.log.end, self.log.nbytes
        report.tables = sum(1 for _ in definitions.dictionary.all_tables())
        self.log.finish()
        for name in definitions.dictionary.schemas:
            self.work.mkdir(name)
        for space, path in definitions.spaces.items():
            self._spaces[space].close()
            self.work.rename(str(space), path)
        for copy in self._wanted_myisam():
            self._finish_myisam(copy)
        self._remove_others()
        for name in (*definitions.dictionary.schemas, ""):
            self.work.sync_dir(name)
        self._write_dictionary()

    def _finish_myisam(self, copy: MyisamCopy) -> None:
        if not copy.settled:
            copy.mark()
            self.marked.append(copy.definition)
        self.report.pages += copy.pages
        self.work.rename(copy.data_name, data_path(copy.definition))
        self.work.rename(copy.key_name, key_path(copy.definition))

    def _remove_others(self) -> None:
        """Remove the copies of tables that are no longer there."""
        wanted = {tdef.id for tdef in self._definitions.myisam}
        gone = [str(space) for space in self._spaces if space not in self._definitions.spaces]
        gone += [name for key, copy in self._myisam.items() if key not in wanted for name in (copy.data_name, copy.key_name)]
        for name in gone:
            if self.work.exists(name):
                self.work.remove(name)

    def _write_dictionary(self) -> None:
        dictionary = self._definitions.dictionary
        dictionary.fs = self.work
        dictionary.pending = []
        dictionary.clean = False
        try:
            dictionary.save()
        except UnsureError as error:
            raise error.cause from error

    def _abandon_spaces(self) -> None:
        for copy in self._spaces.values():
            copy.abandon()


def _damage(path: str, no: int) -> Error:
    error = CorruptPageError(1877, f"page {no} of file '{path}' is neither sound nor in the doublewrite file nor in the redo log")
    error.code, error.symbol = 1877, "ER_TABLE_CORRUPT"
    return error
