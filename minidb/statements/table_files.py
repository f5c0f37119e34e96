"""Files that come and go with definitions.

The dictionary is the point at which a definition changes: it is replaced as a whole.  Files that a new definition needs are
complete and durable before; files that it does not need are removed or renamed after, and the dictionary says which
(`Dictionary.pending`) until that is done.  Whatever a crash leaves over is either pending or belongs to no definition, and goes at
the next start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from minidb.catalog import TableDef
from minidb.dictionary import FILE_NAME, Dictionary
from minidb.innodb.dict_table import path_of
from minidb.innodb.engine import SYSTEM_SPACE, SYSTEM_SPACE_ID
from minidb.myisam.files import data_path, key_path
from minidb.statements.preparing import TEMPORARY
from minidb.storage.durable import FILES as DURABLE_FILES
from minidb.storage.file import FileSystem

LOCK_FILE = "minidb.lock"
DEFAULT_DATABASE = "test"
BEFORE_DICTIONARY = {LOCK_FILE, DEFAULT_DATABASE, SYSTEM_SPACE, FILE_NAME + ".new", *DURABLE_FILES}
EXTENSIONS = (".ibd", ".MYD", ".MYI")
Operation = tuple[str, ...]  # ("remove", path), ("rmdir", path), ("rename", from, to)


def files_of(tdef: TableDef) -> list[str]:
    """The files of a table."""
    return [path_of(tdef)] if tdef.engine == "InnoDB" else [data_path(tdef), key_path(tdef)]


def removals(tables: Iterable[TableDef]) -> list[Operation]:
    """What has to be done when `tables` are gone."""
    return [("remove", path) for tdef in tables for path in files_of(tdef)]


def renamings(old: TableDef, new: TableDef) -> list[Operation]:
    """What has to be done when the files of `old` belong to `new`."""
    return [("rename", a, b) for a, b in zip(files_of(old), files_of(new), strict=True)]


def exchange(old: TableDef, scratch: TableDef, new: TableDef) -> list[Operation]:
    """What has to be done when `scratch` takes the place of `old` under the name of `new`.  A file that is replaced is not removed
    first: doing it all a second time must not remove what has just come."""
    moves = renamings(scratch, new)
    replaced = {operation[2] for operation in moves}
    return [*(operation for operation in removals([old]) if operation[1] not in replaced), *moves]


def directories(operations: Iterable[Operation]) -> list[str]:
    """The directories that `operations` change."""
    return sorted({path.rpartition("/")[0] for operation in operations for path in operation[1:]})


def perform(fs: FileSystem, operations: Iterable[Operation]) -> None:
    """Do what is still to be done of `operations`, durably.  Raises OSError."""
    todo = list(operations)
    for kind, path, *target in todo:
        if not fs.exists(path):
            continue
        if kind == "remove":
            fs.remove(path)
        elif kind == "rename":
            fs.rename(path, target[0])
        elif kind == "rmdir":
            for name in fs.listdir(path):
                fs.remove(f"{path}/{name}")
            fs.rmdir(path)
    for directory in directories(todo):
        if fs.exists(directory) or not directory:
            fs.sync_dir(directory)


def is_unfinished(names: set[str]) -> bool:
    """May a directory with these files and no dictionary be a new database that a crash interrupted (or an empty directory)?"""
    own = {SYSTEM_SPACE, *DURABLE_FILES}
    return names <= BEFORE_DICTIONARY and (bool(names & own) or DEFAULT_DATABASE not in names)


def remove_unfinished(fs: FileSystem) -> None:
    """Remove what an interrupted creation of a database left."""
    for name in fs.listdir(""):
        if name in BEFORE_DICTIONARY - {LOCK_FILE, DEFAULT_DATABASE}:
            fs.remove(name)


def spaces_of(dictionary: Dictionary) -> dict[int, str]:
    """Space id -> path of every tablespace under the redo log."""
    found = {tdef.id: path_of(tdef) for tdef in dictionary.all_tables() if tdef.engine == "InnoDB"}
    found[SYSTEM_SPACE_ID] = SYSTEM_SPACE
    return found


def remove_orphans(fs: FileSystem, dictionary: Dictionary) -> Iterator[str]:
    """Remove table files that belong to no definition; yields their paths."""
    known = {path for tdef in dictionary.all_tables() for path in files_of(tdef)}
    for directory in fs.listdir(""):
        try:
            names = fs.listdir(directory)
        except OSError:
            continue  # a file
        temporary = directory.startswith(TEMPORARY)
        ours = directory in dictionary.schemas or temporary
        left = len(names)
        for name in names:
            path = f"{directory}/{name}"
            if ours and path not in known and name.endswith(EXTENSIONS):
                fs.remove(path)
                left -= 1
                yield path
        if not left and directory not in dictionary.schemas:
            fs.rmdir(directory)
        elif left != len(names):
            fs.sync_dir(directory)
    for directory in dictionary.schemas:
        if not fs.exists(directory):
            fs.mkdir(directory)
