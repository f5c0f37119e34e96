"""Looking into a MyISAM table: what CHECK TABLE verifies and what SHOW TREE lists.  Latch held."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minidb.engine import Key, Row
from minidb.errors import Error
from minidb.myisam.files import TableFiles
from minidb.myisam.heap import HeapCache
from minidb.myisam.keyfile import Index
from minidb.myisam.row_format import make_heap
from minidb.myisam.state import HeapState
from minidb.storage.btree_cursor import LeafCursor

MAX_MESSAGES = 20
SHOWN_ADDRESSES = 8


def check_table(files: TableFiles) -> list[str]:
    """Everything that is wrong with a table, in words; empty: heap, chain of holes, indexes and counters agree."""
    problems: list[str] = []
    try:
        problems += files.heap.check()
    except Error as error:
        problems.append(error.message)
    for index in files.keys.indexes:
        try:
            problems += _check_index(files, index)
        except Error as error:
            problems.append(f"index {index.definition.name}: {error.message}")
    try:
        problems += files.keys.space.check(no for index in files.keys.indexes for no in index.tree.page_numbers())
    except Error as error:
        problems.append(error.message)
    return problems[:MAX_MESSAGES]


def compare_with_file(files: TableFiles) -> list[str]:
    """Whether the data file holds more, or other, than the header says: of a table whose last changes never reached the header."""
    heap = make_heap(files.tdef, files.data_file, HeapState(), HeapCache())
    heap.file.settle()
    found, lost = heap.salvage()
    known = [row for no in range(files.heap.page_count()) for row in files.heap.rows_of(no)]
    problems = [f"{lost} pages of the data file cannot be read"] if lost else []
    if len(found) != len(known):
        problems.append(f"Found {len(found)} rows in the data file, the header says {len(known)}")
    elif found != known:
        problems.append("The data file holds other rows than the indexes lead to")
    return problems


def _check_index(files: TableFiles, index: Index) -> list[str]:
    """The tree is sound, every entry leads to a row with its key, and there are as many entries as rows."""
    name = index.definition.name
    problems = [f"index {name}: {text}" for text in index.tree.check()]
    count = 0
    for key, stored in _records(files, index):
        count += 1
        address = index.address_of(stored)
        row = files.heap.read(address)
        if row is None:
            problems.append(f"index {name}: key {key!r} leads to address {address}, where no row is")
        elif index.key_of(row) != key or (index.entry_of is not None and index.entry_of(row) != stored):
            problems.append(f"index {name}: key {key!r} leads to address {address}, where another row is")
        if len(problems) > MAX_MESSAGES:
            return problems
    if count != files.state.rows:
        problems.append(f"index {name} has {count} entries, the table has {files.state.rows} rows")
    return problems


def _records(files: TableFiles, index: Index) -> Iterator[tuple[Key, Any]]:
    """All records of an index, leaf by leaf, keeping within the limits of memory."""
    leaves = LeafCursor(index.tree)
    while (found := leaves.next_slice()) is not None:
        yield from zip(*found, strict=True)
        if files.bounded:
            files.tidy()


def dump_index(files: TableFiles, index: Index) -> list[Row]:
    """SHOW TREE: (level, page, prev, next, records, fill %, first key, last key, detail); the detail of a leaf are addresses."""
    rows: list[Row] = []
    for page in index.tree.dump():
        detail = ""
        if page.level == 0:
            stored = index.tree.page(page.page).rows
            addresses = index.addresses(stored[:SHOWN_ADDRESSES])
            more = " ..." if len(stored) > SHOWN_ADDRESSES else ""
            detail = f"addresses {' '.join(map(str, addresses))}{more}"
        rows.append((
            page.level, page.page, page.prev or None, page.next or None, page.records, page.fill, page.first, page.last, detail
        ))
    if files.bounded:
        files.tidy()
    return rows


def dump_heap(files: TableFiles) -> list[Row]:
    """SHOW TREE of the heap, in the same columns: one line per page, keys are addresses, the detail counts holes."""
    heap = files.heap
    blocks: dict[int, list[tuple[int, int, str]]] = {no: [] for no in range(heap.page_count())}
    for block in heap.dump():
        blocks[block[0] // heap.span].append(block)
    rows: list[Row] = []
    last = heap.page_count() - 1
    for no, members in blocks.items():
        live = [b for b in members if b[2].startswith("row")]
        holes = sum(1 for b in members if b[2].startswith("deleted"))
        parts = len(members) - len(live) - holes
        used = sum(length for _, length, what in members if not what.startswith("deleted"))
        total = sum(length for _, length, _ in members)
        detail = f"{holes} deleted" + (f", {parts} continued" if parts else "")
        rows.append((
            0, no, no - 1 if no else None, no + 1 if no < last else None, len(live), round(100 * used / total) if total else 0,
            live[0][0] if live else None, live[-1][0] if live else None, detail,
        ))
    return rows
