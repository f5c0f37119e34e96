"""`tablespaces`: every file of a directory: what it is, whose, how full, how far its pages have come."""

from __future__ import annotations

from minidb.errors import Error
from minidb.inspect.directory import DATA, SPACES, Directory
from minidb.inspect.report import Report, Table
from minidb.inspect.space_file import SpaceFile
from minidb.myisam.datafile import PAGE_SIZE as DATA_PAGE
from minidb.myisam.files import CRASHED, HEAP, OPEN_COUNT
from minidb.storage.doublewrite import FILE_NAME as DOUBLEWRITE
from minidb.storage.doublewrite import PAGES, sound
from minidb.storage.page import PAGE_SIZE

SPACE_COLUMNS = ["space_id", "path", "table", "engine", "kind", "pages_used", "pages_in_file", "bytes", "lsn_max", "bad_pages",
                 "problem"]
PAIR_COLUMNS = ["table", "data_file", "bytes", "rows", "deleted", "free_bytes", "open_count", "crashed", "problem"]


def report(directory: Directory) -> Report:
    """What `tablespaces` says."""
    spaces = Table("tablespaces", "tablespaces", SPACE_COLUMNS)
    indexes = Table("indexes", "indexes", ["path", "index", "kind", "root"])
    pairs = Table("myisam_tables", "MyISAM tables", PAIR_COLUMNS)
    made = Report(f"tablespaces of '{directory.path}'", {"directory": directory.path, "closed_properly": directory.clean},
                  directory.notes(), [spaces, indexes, pairs, _others(directory)])
    paths = list(directory.files())
    for path in (p for p in paths if not p.endswith(DATA)):
        try:
            space = directory.space(path)
        except Error as error:
            spaces.rows.append([None, path, None, None, None, None, None, directory.size(path), None, None, error.message])
            continue
        spaces.rows.append(_space(directory, space))
        indexes.rows += [[path, tree.name, tree.kind, tree.root] for tree in space.trees()]
        if space.kind == "keys":
            pairs.rows.append(_pair(directory, space))
        space.close()
    stems = {path.removesuffix(SPACES[1]) for path in paths}
    for path in (p for p in paths if p.endswith(DATA) and p.removesuffix(DATA) not in stems):
        pairs.rows.append([_table(directory, path), path, directory.size(path), *[None] * 5, "its index file is missing"])
    return made


def _table(directory: Directory, path: str) -> str:
    """The table of a file, by the dictionary, else by its path."""
    tdef = directory.definition(path)
    return path.rpartition(".")[0].replace("/", ".") if tdef is None else f"{tdef.db}.{tdef.name}"


def _space(directory: Directory, space: SpaceFile) -> list[object]:
    lsn = bad = 0
    used = space.used_numbers()
    for page in space.pages():
        if space.is_used(page.no) is not False:
            lsn = max(lsn, page.value("lsn")) if page.checksum_ok else lsn
            bad += bool(page.faults)
    problem = space.header_problem
    if space.kind != "system" and directory.dictionary is not None and space.tdef is None:
        problem = "; ".join(filter(None, (problem, "belongs to no table of the dictionary")))
    table = None if space.kind == "system" else _table(directory, space.path)
    return [space.id or None, space.path, table, space.engine, space.kind, len(used) if space.bitmaps else None, space.page_count,
            space.bytes, lsn, bad, problem or None]


def _pair(directory: Directory, keys: SpaceFile) -> list[object]:
    """A MyISAM table: its data file, and what the header of the index file counts."""
    path = keys.path.removesuffix(SPACES[1]) + DATA
    meta = keys.meta or {}
    heap = meta.get(HEAP)
    state = heap if isinstance(heap, dict) else {}
    size = directory.size(path)
    problem = None if directory.fs.exists(path) else "its data file is missing"
    if size % DATA_PAGE:
        problem = f"its data file is cut short: {size % DATA_PAGE} of {DATA_PAGE} bytes of the last page"
    crashed = meta.get(CRASHED, 0) if keys.meta is not None else None
    return [_table(directory, keys.path), path, size, state.get("rows"), state.get("deleted"), state.get("free"),
            meta.get(OPEN_COUNT), crashed, problem]


def _others(directory: Directory) -> Table:
    table = Table("other_files", "log, doublewrite and dictionary files", ["path", "bytes", "detail"])
    for path, size in directory.other_files():
        detail = None
        if path == DOUBLEWRITE:
            detail = f"{_copies(directory)} of {size // PAGE_SIZE} pages in it are whole"
        elif path.endswith(".dictionary"):
            found = directory.dictionary
            detail = directory.dictionary_problem if found is None else f"version {found.version}, {len(directory.tables)} tables"
        table.rows.append([path, size, detail])
    return table


def _copies(directory: Directory) -> int:
    file = directory.fs.open(DOUBLEWRITE)
    try:
        return sum(sound(file.read_at(i * PAGE_SIZE, PAGE_SIZE)) for i in range(PAGES))
    except OSError:
        return 0
    finally:
        file.close()
