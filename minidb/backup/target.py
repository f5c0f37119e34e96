"""`Target`: the directory that becomes the backup, all of it or nothing.

Everything is made in the directory ``#unfinished`` below it, which nobody takes for a database.  When it is complete and durable
its files are moved up, the dictionary last: from that moment on the target is a database.
"""

from __future__ import annotations

from minidb.dictionary import FILE_NAME
from minidb.errors import Error, SqlError
from minidb.statements.table_files import LOCK_FILE
from minidb.storage.file import FileSystem
from minidb.storage.sub_file_system import SubFileSystem

UNFINISHED = "#unfinished"


class Target:
    """An empty directory `fs`.  work: where the backup is made."""

    def __init__(self, fs: FileSystem) -> None:
        """Raises OSError, 1007 if the directory is not empty."""
        if fs.listdir(""):
            raise not_empty("The target directory")
        self.fs = fs
        fs.mkdir(UNFINISHED)
        self.work = SubFileSystem(fs, UNFINISHED)

    def finish(self) -> int:
        """Move everything up; the target is a backup when this returns.  Returns its size in bytes.  Raises OSError."""
        fs, work = self.fs, self.work
        if work.exists(LOCK_FILE):
            work.remove(LOCK_FILE)
        files, directories = _tree(work)
        nbytes = sum(_size(work, path) for path in files)
        for name in directories:
            fs.mkdir(name)
        files.remove(FILE_NAME)
        for path in files:
            fs.rename(f"{UNFINISHED}/{path}", path)
        for name in directories:
            work.rmdir(name)
        for name in (*directories, UNFINISHED, ""):
            fs.sync_dir(name)
        fs.rename(f"{UNFINISHED}/{FILE_NAME}", FILE_NAME)
        fs.sync_dir("")
        fs.rmdir(UNFINISHED)
        fs.sync_dir("")
        return nbytes

    def discard(self) -> None:
        """Remove everything, as far as that works; what is left over is not a database."""
        for path in (FILE_NAME, f"{UNFINISHED}/{FILE_NAME}"):
            _quietly(self.fs, path)
        _empty(self.fs, "")


def not_empty(what: str) -> Error:
    """1007: there is something already; the caller raises it."""
    return SqlError.text(1007, f"Can't create the backup: {what} exists and is not empty; nothing was changed")


def _tree(fs: FileSystem) -> tuple[list[str], list[str]]:
    """Paths of all files, names of all directories: a database has one level of them."""
    files: list[str] = []
    directories: list[str] = []
    for name in fs.listdir(""):
        try:
            below = fs.listdir(name)
        except OSError:
            files.append(name)
            continue
        directories.append(name)
        files += [f"{name}/{path}" for path in below]
    return files, directories


def _size(fs: FileSystem, path: str) -> int:
    file = fs.open(path)
    try:
        return file.size()
    finally:
        file.close()


def _quietly(fs: FileSystem, path: str) -> None:
    try:
        fs.remove(path)
    except OSError:
        return


def _empty(fs: FileSystem, path: str) -> None:
    """Remove what is below `path`, as far as that works."""
    try:
        names = fs.listdir(path)
    except OSError:
        return
    for name in names:
        below = f"{path}/{name}" if path else name
        try:
            fs.listdir(below)
        except OSError:
            _quietly(fs, below)
            continue
        _empty(fs, below)
        try:
            fs.rmdir(below)
        except OSError:
            continue


