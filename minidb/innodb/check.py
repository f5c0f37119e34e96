"""Looking inside a table: CHECK TABLE, SHOW TREE, range estimates."""

from __future__ import annotations

from collections.abc import Iterator

from minidb.catalog import IndexPart
from minidb.engine import Key, KeyRange, Row
from minidb.errors import Error
from minidb.innodb import external
from minidb.innodb.core import Core
from minidb.innodb.dict_table import ClusteredIndex, DictTable, SecondaryIndex
from minidb.innodb.layout import DELETED
from minidb.innodb.row_select import bounds
from minidb.storage import lob
from minidb.storage.btree import BTree
from minidb.storage.btree_cursor import LeafCursor
from minidb.types.lob_ref import ExternalValue

MAX_MESSAGES = 50


def part(place: int, original: IndexPart) -> IndexPart:
    """Key part `original` over a tuple that holds just the index's columns."""
    return IndexPart(place, original.prefix, original.descending)


def estimate(index: ClusteredIndex | SecondaryIndex, key_range: KeyRange) -> int:
    """About how many entries lie in the range."""
    low, high, low_inclusive, high_inclusive = bounds(index, key_range)
    found = index.tree.estimate(low, high)
    if index.clustered and index.user_width == 1:
        found -= (not low_inclusive and low is not None and index.tree.get(low) is not None)
    found -= (not high_inclusive and high is not None and high != low and index.tree.get(high) is not None)
    return max(0, found)


def dump(tree: BTree) -> list[Row]:
    """SHOW TREE: one line per page, top-down, left to right."""
    return [
        (
            info.level, info.page, info.prev, info.next, info.records, info.fill, repr(info.first), repr(info.last),
            f"{info.nbytes} bytes",
        )
        for info in tree.dump()
    ]


def check_table(core: Core, table: DictTable, extended: bool) -> list[str]:
    """What is wrong with a table, in words: order, siblings and levels of every tree, clustered against secondary records in both
    directions, keys against rows, off-page values, space management.  extended: the bytes in the file as well.  Raises nothing
    that damage causes.  Latch held."""
    found = table.space.verify_file() if extended else []
    for tree in (table.clustered.tree, *(index.tree for index in table.secondaries)):
        found += tree.check()
    if not found:  # comparing broken trees tells nothing more
        try:
            found += _check_records(core, table)
        except Error as error:
            found.append(error.message)
    core.trim()
    return list(dict.fromkeys(found))[:MAX_MESSAGES]


def _check_records(core: Core, table: DictTable) -> list[str]:
    """What is wrong with the records of sound trees, and with the use of the file's pages."""
    found: list[str] = []
    live = 0
    owned: list[ExternalValue] = []  # by rows that are there
    left: dict[ExternalValue, None] = {}  # by rows on their way out
    for key, row in records(core, table.clustered.tree):
        found += check_row(core, table, key, row)
        if row[DELETED]:
            left.update(dict.fromkeys(external.references(row)))
        else:
            live += 1
            owned += external.references(row)
    for index in table.secondaries:
        found += check_entries(core, table, index, live)
    reachable = [no for index in (table.clustered, *table.secondaries) for no in index.tree.page_numbers()]
    held = frozenset(owned)
    for reference in owned + [reference for reference in left if reference not in held]:
        try:
            reachable += lob.chain(table.space, reference.page, reference.length)
        except Error as error:
            found.append(error.message)
    system = core.system
    at_rest = not system.active and not system.history
    return found + table.space.check(reachable, complete=not table.externals or at_rest)  # older versions own values too


def records(core: Core, tree: BTree) -> Iterator[tuple[Key, Row]]:
    """All records of a tree in key order."""
    cursor = LeafCursor(tree)
    while True:
        piece = cursor.next_slice()
        if piece is None:
            return
        yield from zip(*piece, strict=True)
        core.trim()


def check_row(core: Core, table: DictTable, key: Key, row: Row) -> list[str]:
    """A clustered record: it stands under its own key, and a live one has its entry in every secondary index."""
    name = table.tdef.name
    resolve = core.resolver(table)
    found: list[str] = []
    try:
        whole = row if resolve is None else resolve(row)
    except Error as error:
        return [error.message]
    if table.clustered.layout.key_of(whole) != key:
        found.append(f"table {name}: row {key!r} does not have the key it stands under")
    if row[DELETED]:
        if not table.clustered.tree.find_leaf(key).has_deleted:
            found.append(f"table {name}: row {key!r} is delete-marked on a page that does not say so")
        return found
    for index in table.secondaries:
        entry_key, entry = index.layout.make(whole)
        stored = index.tree.get(entry_key)
        if stored is None:
            found.append(f"index {name}.{index.name}: row {key!r} has no entry")
        elif stored != entry:
            found.append(f"index {name}.{index.name}: the entry of row {key!r} is {stored!r}, not {entry!r}")
    return found


def check_entries(core: Core, table: DictTable, index: SecondaryIndex, live: int) -> list[str]:
    """The entries of a secondary index: as many live ones as there are live rows, each under its own key."""
    found: list[str] = []
    width = index.layout.width
    count = 0
    for key, entry in records(core, index.tree):
        if len(entry) == width:
            count += 1
        elif not index.tree.find_leaf(key).has_deleted:
            found.append(f"index {table.tdef.name}.{index.name}: entry {key!r} is delete-marked on a page that does not say so")
        if index.layout.key_of_entry(entry[:width]) != key:
            found.append(f"index {table.tdef.name}.{index.name}: entry {entry!r} does not have the key it stands under")
        if table.clustered.tree.get(index.layout.clustered_key(key)) is None:
            found.append(f"index {table.tdef.name}.{index.name}: entry {key!r} has no row")
    if count != live:
        found.append(f"index {table.tdef.name}.{index.name}: {count} live entries for {live} rows")
    return found
