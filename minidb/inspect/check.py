"""`check`: everything about a directory that can be verified from its files.

The directory is opened as a database in earnest, but over an overlay in memory (storage/overlay): it recovers there, and the checks
of the engines run there, while the files stay as they are.  Pages are verified as they stand in the files if the database was
closed properly, else as recovery leaves them: before that they may be torn or out of date, and nothing is wrong with that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from minidb.catalog import TableDef
from minidb.database import Database
from minidb.errors import Error
from minidb.inspect import redo
from minidb.inspect.directory import DATA, Directory
from minidb.inspect.report import Report, Table
from minidb.inspect.values import ranges
from minidb.myisam.heap_bytes import HeapBytes
from minidb.scheduler import StepScheduler
from minidb.statements.table_files import EXTENSIONS
from minidb.storage.file import FileSystem, describe
from minidb.storage.overlay import OverlayFileSystem
from minidb.storage.page import PageKind
from minidb.storage.tree_spec import MOST_RECORDS

POOL_PAGES = 4096


class Check:
    """One run.  problems: (category, where, what)."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.problems: list[tuple[str, str, str]] = []
        self.recovered: list[str] = []
        self.counts: dict[str, int] = {"pages": 0, "tables": 0}

    def run(self) -> Report:
        """Do it all; see the module."""
        directory = self.directory
        made = Report(f"check of '{directory.path}'", {"directory": directory.path, "closed_properly": directory.clean})
        if directory.dictionary is not None and not directory.clean:
            made.notes.append("the database was not closed: checked as recovery leaves it, in memory")
        self._dictionary()
        self._files()
        self._redo()
        overlay = OverlayFileSystem(directory.fs)
        database = self._open(overlay)
        if database is None or directory.clean:
            self._pages(directory.fs)
        if database is not None:
            self._tables(database)
            if not directory.clean:
                self._guarded("recovery", directory.path, database.flush)
                self._pages(overlay)
        overlay.close()
        made.notes += [f"recovery: {text}" for text in self.recovered]
        made.problems = len(self.problems)
        made.facts |= {f"{what}_checked": count for what, count in self.counts.items()}
        made.facts["problems"] = made.problems
        rows: list[list[Any]] = [list(row) for row in self.problems]
        made.sections.append(Table("problem_list", "problems" if rows else "no problems", ["category", "where", "what"], rows))
        return made

    def _say(self, category: str, where: str, what: str) -> None:
        self.problems.append((category, where, what))

    def _guarded(self, category: str, where: str, work: Callable[[], object]) -> bool:
        """Do `work`; an error is a problem.  True if there was none."""
        try:
            work()
        except Error as error:
            self._say(category, where, error.message)
        except OSError as error:
            self._say(category, where, describe(error))
        except Exception as error:  # damage may break what nobody guards: a check says so, whatever it is
            self._say(category, where, f"cannot be checked ({error!r})")
        else:
            return True
        return False

    # ---- what needs no database
    def _dictionary(self) -> None:
        directory = self.directory
        if directory.dictionary is None:
            self._say("dictionary", "minidb.dictionary", directory.dictionary_problem)
            return
        for what in directory.dictionary.check():
            self._say("dictionary", "minidb.dictionary", what)

    def _files(self) -> None:
        """Every table has its files, every file its table; a crash may leave others behind, which recovery removes."""
        directory = self.directory
        if directory.dictionary is None:
            return
        pending = {path for operation in directory.dictionary.pending for path in operation[1:]}
        for path in directory.missing_files():
            if path not in pending:
                self._say("files", path, "is missing")
        for path in directory.files():
            if directory.clean and path.endswith(EXTENSIONS) and directory.definition(path) is None and path not in pending:
                self._say("files", path, "belongs to no table")

    def _redo(self) -> None:
        def read() -> None:
            report = redo.report(self.directory, summary=True)
            for what in report.notes[len(self.directory.notes()) :]:
                self._say("redo log", "ib_logfile0", what)
            if report.facts["end_reason"] == "torn" and self.directory.clean:
                self._say("redo log", "ib_logfile0", f"ends in the middle of a group although the database was closed: position "
                                                     f"{report.facts['end']}, {report.facts['end_detail']}")

        self._guarded("redo log", "ib_logfile0", read)

    # ---- pages
    def _pages(self, fs: FileSystem) -> None:
        """The bytes of every page in use."""
        seen = Directory(self.directory.path, fs)
        for path in seen.files():
            verify = self._data if path.endswith(DATA) else self._space
            self._guarded("pages", path, partial(verify, seen, path))

    def _space(self, directory: Directory, path: str) -> None:
        space = directory.space(path)
        if space.header_problem:
            self._say("pages", path, f"page 0 {space.header_problem}")
        for page in space.pages():
            if space.is_used(page.no) is False:
                continue
            self.counts["pages"] += 1
            for what in page.problems() if page.no or not space.header_problem else ():
                self._say("pages", path, f"page {page.no} {what}")
            if space.kind == "system" and page.kind not in (PageKind.HEADER, PageKind.DESCRIPTOR, PageKind.UNDO):
                self._say("undo", path, f"page {page.no} is marked used but is no undo page ({page.kind_name})")
        beyond = [no for no in space.used_numbers() if no >= space.page_count]
        if beyond:
            self._say("pages", path, f"the file ends at page {space.page_count}, pages {ranges(beyond)} are marked used")
        space.close()

    def _data(self, directory: Directory, path: str) -> None:
        file = directory.fs.open(path)
        heap = HeapBytes(file)
        for no in range(heap.page_count):
            self.counts["pages"] += 1
            what = heap.problem(no)
            if what is not None:
                self._say("pages", path, f"page {no}: {what}")
        file.close()

    # ---- the database
    def _open(self, overlay: OverlayFileSystem) -> Database | None:
        if self.directory.dictionary is None:
            return None
        opened: list[Database] = []

        def work() -> None:
            opened.append(Database(self.directory.path, scheduler=StepScheduler(), purge="manual", file_system=overlay,
                                   buffer_pool_pages=POOL_PAGES, leaf_capacity=MOST_RECORDS))

        if not self._guarded("recovery", self.directory.path, work):
            return None
        self.recovered = opened[0].recovered
        return opened[0]

    def _tables(self, database: Database) -> None:
        for tdef in list(database.dictionary.all_tables()):
            where = f"{tdef.db}.{tdef.name}"
            self.counts["tables"] += 1

            def work(tdef: TableDef = tdef, where: str = where) -> None:
                for what in messages(database, tdef):
                    self._say("tables", where, what)

            self._guarded("tables", where, work)
        for what in database.innodb.core.undo.check():
            self._say("undo", "ibdata1", what)


def messages(database: Database, tdef: TableDef) -> Iterator[str]:
    """What the table's engine finds wrong with it."""
    if tdef.engine == "MyISAM":
        yield from database.myisam.check_table(tdef).messages
    else:
        yield from database.open_table(tdef.db, tdef.name).check(extended=True).messages
