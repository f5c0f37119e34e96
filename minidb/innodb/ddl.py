"""Changing definitions: tables and indexes that come and go.  The caller holds the table's exclusive metadata lock, so that no
transaction has changes in it; read views may be older than the change, and are refused the table afterwards (1412).

An index is built in two steps.  `build_indexes` makes it complete, and describes the table by the new definition; what that one
lacks is set aside (`DictTable.leaving`).  `update_definition` frees it, when the dictionary has the new definition, and
`take_back_indexes` puts it back when nothing comes of the change.  A crash in between leaves trees that no definition knows, which
recovery frees; it never has to build one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from minidb.catalog import TableDef
from minidb.engine import Key, Row
from minidb.errors import Error
from minidb.innodb.core import Core
from minidb.innodb.dict_table import REBUILT, DictTable, SecondaryIndex, path_of, root_name
from minidb.innodb.layout import DELETED
from minidb.innodb.row_insert import duplicate_error
from minidb.innodb.trx import InnodbTrx
from minidb.storage.btree_cursor import LeafCursor
from minidb.storage.file import write_failed
from minidb.storage.merge_sort import MergeSort
from minidb.storage.redo import stopped
from minidb.types.keys import NULL

CHUNK = 1024  # entries that are put into an index in one hold of the latch
Item = tuple[Key, Row]


def create_table(core: Core, tdef: TableDef) -> DictTable:
    """Make a new, empty table."""
    fs = core.pool.fs
    if not fs.exists(tdef.db):
        fs.mkdir(tdef.db)
    table = DictTable.create(core.pool, core.locks, tdef, core.capacity)
    table.def_trx_id = table.rebuilt_trx_id = core.system.next_number()
    core.tables[tdef.id] = table
    return table


def drop_table(core: Core, tdef: TableDef) -> None:
    """Remove a table and its file, whatever is in it."""
    table = core.tables.pop(tdef.id, None)
    if table is not None:
        table.forget()
        table.space.drop()
        return
    path = path_of(tdef)
    if path in core.pool.spaces:
        core.pool.spaces[path].abandon()
    if core.pool.fs.exists(path):
        _on_disk(tdef, core.pool.fs.remove, path)


def rename_table(core: Core, old: TableDef, new: TableDef) -> None:
    """Give a table another name, perhaps in another database; `new` may have other indexes, as for `update_definition`."""
    fs = core.pool.fs
    if not fs.exists(new.db):
        fs.mkdir(new.db)
    table = core.tables.get(old.id)
    if table is not None:
        table.space.rename(path_of(new))
        update_definition(core, old, new)
    else:
        _on_disk(new, fs.rename, path_of(old), path_of(new))


def _on_disk(tdef: TableDef, action: Callable[..., None], *paths: str) -> None:
    """Do something to the file of a table that is not open."""
    try:
        action(*paths)
    except OSError as error:
        raise write_failed(paths[-1], tdef.name, error) from error


def truncate_table(core: Core, tdef: TableDef) -> None:
    """Remove every row, version and off-page value; the counter starts again.  One mini-transaction."""
    table = core.table(tdef)
    mtr, space = core.mtr, table.space
    change = core.system.next_number()
    indexes = (table.clustered, *table.secondaries)
    mark = mtr.mark()
    try:
        for index in indexes:
            index.tree.clear(mtr)
        keep = {index.tree.root_no for index in indexes} | {page.no for page in space.descriptors}
        for number in list(space.used_pages()):
            if number not in keep:
                space.free_number(mtr, number)
    except BaseException:
        mtr.rollback_to(mark)
        mtr.commit()
        raise
    table.set_auto_increment(mtr, 1)
    space.set_meta(mtr, REBUILT, change)
    mtr.commit()
    table.def_trx_id = table.rebuilt_trx_id = change


# ---- indexes
def build_indexes(core: Core, old: TableDef, new: TableDef, sort_bytes: int) -> None:
    """Build those indexes of `new` that the table lacks.  Latch taken for a piece of work at a time.  Raises 1062, 1026, 1114 and
    leaves nothing behind."""
    with core.latch:
        table = core.table(old)
    present = {index.definition.id for index in table.by_ordinal}
    built: list[SecondaryIndex] = []
    try:
        for ordinal, definition in enumerate(new.indexes):
            if definition.id not in present:
                with core.latch:
                    index = table.open_secondary(ordinal, definition, core.mtr)
                    core.mtr.commit()
                built.append(index)
                fill_index(core, table, index, sort_bytes)
    except BaseException:
        with core.latch:
            free_indexes(core, table, built)
        raise
    with core.latch:
        for index in built:
            index.def_trx_id = table.def_trx_id = core.system.next_number()
        table.describe_by(new, built)


def fill_index(core: Core, table: DictTable, index: SecondaryIndex, sort_bytes: int) -> None:
    """Put an entry for every live row into the empty `index`: gathered, sorted, loaded."""
    with MergeSort(index.tree.spec, sort_bytes, core.spill_to) as sort:
        cursor = LeafCursor(table.clustered.tree)
        resolve = core.resolver(table)
        make = index.layout.make
        while True:
            with core.latch:
                piece = cursor.next_slice()
                if piece is None:
                    break
                rows = [row if resolve is None else resolve(row) for row in piece[1] if not row[DELETED]]
                core.make_room()
            sort.add(map(make, rows))
        entries = sort.sorted()
        if index.unique:
            entries = without_duplicates(core, index, entries)
        while chunk := list(islice(entries, CHUNK)):
            with core.latch:
                index.tree.bulk_load(core.mtr, chunk)


def without_duplicates(core: Core, index: SecondaryIndex, entries: Iterable[Item]) -> Iterator[Item]:
    """The sorted `entries`.  Raises 1062 where two neighbours have the same key, none of it NULL."""
    width = index.user_width
    before: Key = ()
    for item in entries:
        key = item[0]
        if key[:width] == before and NULL not in before:
            with core.latch:
                row = index.table.clustered.tree.get(index.layout.clustered_key(key))
                assert row is not None
                resolve = core.resolver(index.table)
                raise duplicate_error(core, InnodbTrx(0), index, key, row if resolve is None else resolve(row))
        before = key[:width]
        yield item


def take_back_indexes(core: Core, old: TableDef, new: TableDef) -> None:
    """Nothing comes of `build_indexes`: the table is described by `old` again, with the indexes that it had."""
    table = core.table(old)
    kept = {definition.id for definition in old.indexes}
    built = [index for index in table.secondaries if index.definition.id not in kept]
    back, table.leaving = table.leaving, []
    table.describe_by(old, back)
    table.leaving = []
    free_indexes(core, table, built)


def update_definition(core: Core, old: TableDef, new: TableDef) -> None:
    """The dictionary has `new`: what it lacks is freed."""
    table = core.tables.get(old.id)
    if table is not None:
        table.describe_by(new)
        leaving, table.leaving = table.leaving, []
        free_indexes(core, table, leaving)


def free_indexes(core: Core, table: DictTable, indexes: Iterable[SecondaryIndex]) -> None:
    """Give the pages of `indexes` back.  If that fails, the database stops: trees that nobody knows are found at the next start."""
    mtr = core.mtr
    for index in indexes:
        try:
            index.tree.free_all(mtr)
        except Error as error:
            mtr.commit()
            if core.redo is None:
                raise
            core.redo.fail(error)
            raise stopped(error) from error
        table.space.set_meta(mtr, root_name(index.definition), None)
        mtr.commit()
        core.locks.remove_index(index.locks)
