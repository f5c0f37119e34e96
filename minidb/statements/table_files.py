"""Files that come and go with definitions.

The dictionary is the point at which a definition changes: it is replaced as a whole.  Files that a new definition needs are
complete and durable before; files that it does not need are removed or renamed after, and the dictionary says which
(`Dictionary.pending`) until that is done.  Whatever a crash leaves over is either pending or belongs to no definition, and goes at
the next start.

An operation may be done a second time, since a crash may come between it and the note that it was done: what is not there any more
is passed over.  A list in which that would go wrong is cut by barriers (see `definition_change`): what lies before a barrier is
durable, and no longer pending, before anything behind it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from minidb.catalog import TableDef
from minidb.dictionary import FILE_NAME, Dictionary
from minidb.innodb.dict_table import path_of
from minidb.innodb.engine import SYSTEM_SPACE, SYSTEM_SPACE_ID
from minidb.myisam.files import data_path, key_path
from minidb.statements.preparing import TEMPORARY
from minidb.storage.durable import FILES as DURABLE_FILES
from minidb.storage.file import FileSystem
from minidb.storage.merge_sort import FILE_NAME as SORT_FILE

LOCK_FILE = "minidb.lock"
DEFAULT_DATABASE = "test"
BEFORE_DICTIONARY = {LOCK_FILE, DEFAULT_DATABASE, SYSTEM_SPACE, FILE_NAME + ".new", *DURABLE_FILES}
EXTENSIONS = (".ibd", ".MYD", ".MYI")
BARRIER, COUNTER = "barrier", "counter"
Operation = tuple[str, ...]  # ("remove", path), ("rmdir", path), ("rename", from, to), ("barrier",), ("counter", db, table, value)
ON_FILES = frozenset(("remove", "rmdir", "rename"))


def files_of(tdef: TableDef) -> list[str]:
    """The files of a table."""
    return [path_of(tdef)] if tdef.engine == "InnoDB" else [data_path(tdef), key_path(tdef)]


def removals(tables: Iterable[TableDef]) -> list[Operation]:
    """What has to be done when `tables` are gone."""
    return [("remove", path) for tdef in tables for path in files_of(tdef)]


def renamings(old: TableDef, new: TableDef) -> list[Operation]:
    """What has to be done when the files of `old` belong to `new`."""
    return [("rename", a, b) for a, b in zip(files_of(old), files_of(new), strict=True)]


def directories(operations: Iterable[Operation]) -> list[str]:
    """The directories that `operations` change."""
    return sorted({path.rpartition("/")[0] for operation in operations if operation[0] in ON_FILES for path in operation[1:]})


def perform(fs: FileSystem, operations: Iterable[Operation], passed: Callable[[list[Operation]], None]) -> None:
    """Do what is still to be done to files, durably.  passed: called at each barrier, and in the end, with what is left: it becomes
    the pending list before anything else happens.  Raises OSError and what `passed` raises."""
    left = list(operations)
    while any(operation[0] in ON_FILES for operation in left):
        stop = next((i for i, operation in enumerate(left) if operation[0] == BARRIER), len(left))
        step, left = left[:stop], left[stop + 1 :]
        for operation in step:
            _perform(fs, *operation)
        for directory in directories(step):
            if fs.exists(directory) or not directory:
                fs.sync_dir(directory)
        left = [operation for operation in step if operation[0] not in ON_FILES] + left
        passed(left)


def _perform(fs: FileSystem, kind: str, path: str, *target: str) -> None:
    if kind not in ON_FILES or not fs.exists(path):
        return
    if kind == "remove":
        fs.remove(path)
    elif kind == "rename":
        fs.rename(path, target[0])
    else:
        for name in fs.listdir(path):
            fs.remove(f"{path}/{name}")
        fs.rmdir(path)


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
    """Remove table files that belong to no definition, and what an index build left; yields their paths."""
    known = {path for tdef in dictionary.all_tables() for path in files_of(tdef)}
    if fs.exists(SORT_FILE):
        fs.remove(SORT_FILE)
        yield SORT_FILE
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
