"""`Directory`: a database directory seen from outside: its files, its dictionary if that can be read, nothing ever written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property

from minidb.catalog import TableDef
from minidb.dictionary import FILE_NAME, Dictionary
from minidb.errors import Error, SqlError
from minidb.innodb.engine import SYSTEM_SPACE
from minidb.inspect.space_file import SpaceFile
from minidb.statements.table_files import EXTENSIONS, LOCK_FILE, files_of, perform, spaces_of
from minidb.storage.doublewrite import FILE_NAME as DOUBLEWRITE
from minidb.storage.doublewrite import Doublewrite
from minidb.storage.file import FileSystem, describe
from minidb.storage.log_files import LogFiles, file_name
from minidb.storage.overlay import OverlayFileSystem
from minidb.storage.read_only import ReadOnlyFileSystem
from minidb.storage.recovery import Recovery

SPACES = (".ibd", ".MYI")
DATA = ".MYD"


class Directory:
    """path: as it was given.  fs: its files.  dictionary: None if it cannot be read, `dictionary_problem` says why."""

    def __init__(self, path: str, fs: FileSystem) -> None:
        self.path = path
        self.fs = fs
        self.replayed = False
        self.dictionary: Dictionary | None = None
        self.dictionary_problem = ""
        self._load_dictionary()
        known: list[TableDef] = list(self.dictionary.all_tables()) if self.dictionary else []
        self._by_path: dict[str, TableDef] = {file: tdef for tdef in known for file in files_of(tdef)}

    @classmethod
    def open(cls, path: str) -> Directory:
        """The directory `path`, for reading only.  Raises 1033 if it is none, or holds nothing of ours."""
        if not os.path.isdir(path):
            raise SqlError.text(1033, f"'{path}' is not a directory")
        directory = cls(path, ReadOnlyFileSystem(path))
        if directory.dictionary_problem and not any(directory.files()) and not directory.fs.exists(FILE_NAME):
            raise SqlError.text(1033, f"'{path}' is not a minidb database: it holds none of its files")
        return directory

    def _load_dictionary(self) -> None:
        try:
            if not Dictionary.exists(self.fs):
                self.dictionary_problem = f"the data dictionary '{FILE_NAME}' is missing"
                return
            self.dictionary = Dictionary.load(self.fs)
        except OSError as error:
            self.dictionary_problem = f"the data dictionary '{FILE_NAME}' cannot be read: {describe(error)}"
        except Error as error:
            self.dictionary_problem = error.message

    def replay(self) -> None:
        """Look from now on at the files as the redo log would make them, in memory: pending file operations done, torn pages
        restored, every whole group applied.  Raises what recovery raises."""
        overlay = OverlayFileSystem(self.fs)
        paths = self.space_paths()
        try:
            if self.dictionary is not None:
                perform(overlay, self.dictionary.pending, lambda _: None)
            Recovery(overlay, LogFiles.open(overlay), Doublewrite.open(overlay), paths).run()
        except OSError as error:
            raise SqlError.text(1016, f"Can't recover the database (errno: {describe(error)})") from error
        self.fs = overlay
        self.replayed = True

    # ---- what is there
    @property
    def clean(self) -> bool:
        """Was the directory closed properly, as far as anybody knows?"""
        return self.dictionary is not None and self.dictionary.clean

    def holder(self) -> str | None:
        """The process that has the directory open."""
        return self.fs.lock_holder(LOCK_FILE) if isinstance(self.fs, ReadOnlyFileSystem) else None

    def notes(self) -> list[str]:
        """What the reader of any report has to know."""
        found: list[str] = []
        if self.dictionary is None:
            found.append(f"{self.dictionary_problem}; tables are known by their files only")
        elif not self.clean and not self.replayed:
            found.append("the database was not closed: the redo log may be ahead of these files (see --replay)")
        if self.replayed:
            found.append("shown as the redo log makes it, in memory; what was not committed has not been rolled back")
        return found

    def files(self) -> Iterator[str]:
        """Paths of all tablespaces and data files, sorted: the system tablespace first."""
        names = self._list("")
        if SYSTEM_SPACE in names:
            yield SYSTEM_SPACE
        for directory in names:
            yield from (f"{directory}/{name}" for name in self._list(directory) if name.endswith(EXTENSIONS))

    def _list(self, path: str) -> list[str]:
        try:
            return self.fs.listdir(path)
        except OSError:
            return []  # a file, or a directory that is not ours to read

    def other_files(self) -> list[tuple[str, int]]:
        """(path, bytes) of the log, doublewrite and dictionary files."""
        logs: list[str] = []
        while self.fs.exists(file_name(len(logs))):
            logs.append(file_name(len(logs)))
        return [(path, self.size(path)) for path in (*logs, DOUBLEWRITE, FILE_NAME) if self.fs.exists(path)]

    def size(self, path: str) -> int:
        """Bytes of a file; 0 if it cannot be opened."""
        try:
            file = self.fs.open(path)
        except OSError:
            return 0
        try:
            return file.size()
        finally:
            file.close()

    def definition(self, path: str) -> TableDef | None:
        """The table that a file belongs to."""
        return self._by_path.get(path)

    @cached_property
    def tables(self) -> dict[int, TableDef]:
        """Definitions by table id."""
        return {tdef.id: tdef for tdef in self._by_path.values()}

    def missing_files(self) -> list[str]:
        """Files of defined tables that are not there."""
        return [path for path in sorted(self._by_path) if not self.fs.exists(path)]

    def table_name(self, table_id: int) -> str:
        """What an undo record's table is called."""
        tdef = self.tables.get(table_id)
        return f"table id {table_id}" if tdef is None else f"{tdef.db}.{tdef.name}"

    def space_paths(self) -> dict[int, str]:
        """Space id -> path of the tablespaces under the redo log; without a dictionary, as their first pages say."""
        if self.dictionary is not None:
            return spaces_of(self.dictionary)
        found: dict[int, str] = {}
        for path in (p for p in self.files() if p == SYSTEM_SPACE or p.endswith(SPACES[0])):
            try:
                space = self.space(path)
            except Error:
                continue
            found[space.id] = path
            space.close()
        return found

    def space(self, path: str) -> SpaceFile:
        """The tablespace file `path`, open.  Raises 1016, 1024."""
        try:
            return SpaceFile(self.fs, path, self.definition(path))
        except OSError as error:
            raise SqlError.of(1016, path, describe(error)) from error

    # ---- names
    def find(self, name: str, extensions: tuple[str, ...] = SPACES) -> str:
        """The path of the file that people mean by `name`: a path, ``table`` or ``db.table``, perhaps in backticks.  Raises 1146,
        and 1066 if several databases have such a table."""
        paths = list(self.files())
        if name in paths and (name.endswith(extensions) or (name == SYSTEM_SPACE and extensions is SPACES)):
            return name
        db, table = split_name(name)
        found = [p for p in paths if p.endswith(extensions) and _stem(p)[1] == table and db in (None, _stem(p)[0])]
        preferred = [p for p in found if _stem(p)[0] == "test"]
        if len(found) > 1 and len(preferred) == 1:
            return preferred[0]
        if not found:
            raise SqlError.of(1146, db or "test", table)
        if len(found) > 1:
            raise SqlError.of(1066, name)
        return found[0]


def _stem(path: str) -> tuple[str, str]:
    directory, _, name = path.rpartition("/")
    return directory, name.rpartition(".")[0]


def split_name(name: str) -> tuple[str | None, str]:
    """(database or None, table) of ``t``, ``db.t``, or the same with backticks."""
    parts: list[str] = []
    rest = name
    while rest:
        if rest.startswith("`"):
            text, rest = _quoted(rest)
        else:
            text, _, rest = rest.partition(".")
            parts.append(text)
            continue
        parts.append(text)
        rest = rest.removeprefix(".")
    if len(parts) == 1:
        return None, parts[0]
    return (parts[0], ".".join(parts[1:])) if parts else (None, name)


def _quoted(text: str) -> tuple[str, str]:
    """(name, rest) of a text that begins with a backtick; two backticks stand for one."""
    found = ""
    rest = text[1:]
    while rest:
        piece, _, rest = rest.partition("`")
        found += piece
        if not rest.startswith("`"):
            break
        found += "`"
        rest = rest[1:]
    return found, rest
