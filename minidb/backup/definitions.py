"""`Definitions`: what the dictionary of a directory says at one moment, and where the files are that it names.

The dictionary is replaced as a whole.  What it needs is in the files before that, renames that follow from it are listed in it as
pending until they are done: a table's file is under the old name or under the new one.  Which table a file is of, its pages say.
"""

from __future__ import annotations

from minidb.catalog import TableDef
from minidb.dictionary import FILE_NAME, Dictionary, no_database
from minidb.myisam.files import data_path, key_path
from minidb.statements.table_files import spaces_of
from minidb.storage.doublewrite import sound
from minidb.storage.file import File, FileSystem
from minidb.storage.page import PAGE_SIZE, PageKind
from minidb.storage.page_codec import header_of


class Moved(Exception):
    """The file that belongs at `path` is not there: definitions have changed since they were read, or it is gone."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def read_file(fs: FileSystem, path: str) -> bytes:
    """All bytes of a small file.  Raises OSError."""
    file = fs.open(path)
    try:
        return file.read_at(0, file.size())
    finally:
        file.close()


class Definitions:
    """text: the dictionary's bytes.  dictionary: the same.  spaces: tablespace id -> path.  myisam: the MyISAM tables."""

    def __init__(self, fs: FileSystem) -> None:
        """Read them.  Raises OSError, 1033."""
        while True:
            if not fs.exists(FILE_NAME):
                raise no_database("The directory")
            self.text = read_file(fs, FILE_NAME)
            self.dictionary = Dictionary.load(fs)
            if self.still_hold(fs):
                break
        self.fs = fs
        self.pending = list(self.dictionary.pending)
        self.spaces = spaces_of(self.dictionary)
        self.myisam = [tdef for tdef in self.dictionary.all_tables() if tdef.engine == "MyISAM"]

    def still_hold(self, fs: FileSystem) -> bool:
        """Are these the definitions now?  (A dictionary is never the same again: its version counts.)  Raises OSError."""
        return read_file(fs, FILE_NAME) == self.text

    def _places(self, path: str) -> list[str]:
        """Where the file that belongs at `path` may be, most telling first: it may have some way to go yet."""
        before = [o[1] for o in self.pending if o[0] == "rename" and o[2] == path]
        return [*(place for name in before for place in self._places(name)), path]

    def open_space(self, space: int) -> File:
        """The file of tablespace `space`.  A file whose header cannot be read is taken for it where it has its name.  Raises
        Moved, OSError."""
        for place in self._places(self.spaces[space]):
            try:
                file = self.fs.open(place)
            except FileNotFoundError:
                continue
            header = file.read_at(0, PAGE_SIZE)
            readable = sound(header) and header_of(header)[3] == PageKind.HEADER
            if (readable and header_of(header)[2] == space) or (not readable and place == self.spaces[space]):
                return file
            file.close()
        raise Moved(self.spaces[space])

    def open_myisam(self, tdef: TableDef) -> tuple[File, File]:
        """Data file and index file of a MyISAM table.  Raises Moved, OSError."""
        data = self._open_named(data_path(tdef))
        try:
            return data, self._open_named(key_path(tdef))
        except BaseException:
            data.close()
            raise

    def _open_named(self, path: str) -> File:
        for place in self._places(path):
            try:
                return self.fs.open(place)
            except FileNotFoundError:
                continue
        raise Moved(path)
