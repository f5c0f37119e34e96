"""Changing definitions: tables and indexes that come and go.  The caller holds the table's exclusive metadata lock, so that no
transaction has changes in it; read views may be older than the change, and are refused the table afterwards (1412)."""

from __future__ import annotations

from itertools import pairwise

from minidb.catalog import TableDef
from minidb.engine import Key, Row
from minidb.innodb.check import records
from minidb.innodb.core import Core
from minidb.innodb.dict_table import REBUILT, DictTable, SecondaryIndex, path_of, root_name
from minidb.innodb.layout import DELETED
from minidb.innodb.row_insert import duplicate_error
from minidb.innodb.trx import InnodbTrx
from minidb.types.keys import NULL


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
    """Remove a table and its file."""
    table = core.table(tdef)
    del core.tables[tdef.id]
    table.forget()
    table.space.drop()


def rename_table(core: Core, old: TableDef, new: TableDef) -> None:
    """Give a table another name, perhaps in another database."""
    table = core.table(old)
    fs = core.pool.fs
    if not fs.exists(new.db):
        fs.mkdir(new.db)
    table.space.rename(path_of(new))
    core.tables[new.id] = core.tables.pop(old.id)
    table.redefine(new, table.secondaries)


def truncate_table(core: Core, tdef: TableDef) -> None:
    """Remove every row, version and off-page value; the counter starts again."""
    table = core.table(tdef)
    mtr, space = core.mtr, table.space
    change = core.system.next_number()
    indexes = (table.clustered, *table.secondaries)
    for index in indexes:
        index.tree.clear(mtr)
    keep = {index.tree.root_no for index in indexes} | {page.no for page in space.descriptors}
    for number in list(space.used_pages()):
        if number not in keep:
            space.free_number(mtr, number)
    table.set_auto_increment(mtr, 1)
    space.set_meta(mtr, REBUILT, change)
    mtr.commit()
    table.def_trx_id = table.rebuilt_trx_id = change


def create_index(core: Core, old: TableDef, new: TableDef, ordinal: int) -> None:
    """Build `new.indexes[ordinal]` from the rows of `old`.  Raises 1062 and leaves nothing behind."""
    table = core.table(old)
    mtr = core.mtr
    definition = new.indexes[ordinal]
    index = table.open_secondary(ordinal, definition, mtr)
    mtr.commit()
    try:
        entries = sorted_entries(core, table, index)
        if index.unique:
            check_unique(core, index, entries)
        index.tree.bulk_load(mtr, ((key, entry) for key, entry in entries))
    except BaseException:
        index.tree.free_all(mtr)
        table.space.set_meta(mtr, root_name(definition), None)
        mtr.commit()
        core.locks.remove_index(index.locks)
        raise
    mtr.commit()
    index.def_trx_id = table.def_trx_id = core.system.next_number()
    clustered = new.clustered_index()
    place = sum(1 for i in range(ordinal) if i != clustered)
    table.redefine(new, [*table.secondaries[:place], index, *table.secondaries[place:]])


def sorted_entries(core: Core, table: DictTable, index: SecondaryIndex) -> list[tuple[Key, Row]]:
    """The entries of all live rows, in order."""
    resolve = core.resolver(table)
    make = index.layout.make
    entries = [
        make(row if resolve is None else resolve(row)) for _, row in records(core, table.clustered.tree) if not row[DELETED]
    ]
    entries.sort(key=lambda pair: pair[0])
    return entries


def check_unique(core: Core, index: SecondaryIndex, entries: list[tuple[Key, Row]]) -> None:
    """Raises 1062 if two rows have the same key, none of it NULL."""
    width = index.user_width
    for (before, _), (key, _) in pairwise(entries):
        if before[:width] == key[:width] and NULL not in key[:width]:
            row = index.table.clustered.tree.get(index.layout.clustered_key(key))
            assert row is not None
            resolve = core.resolver(index.table)
            raise duplicate_error(core, InnodbTrx(0), index, key, row if resolve is None else resolve(row))


def drop_index(core: Core, old: TableDef, new: TableDef, ordinal: int) -> None:
    """Remove `old.indexes[ordinal]`, a secondary index."""
    table = core.table(old)
    mtr = core.mtr
    index = table.by_ordinal[ordinal]
    index.tree.free_all(mtr)
    table.space.set_meta(mtr, root_name(index.definition), None)
    mtr.commit()
    core.locks.remove_index(index.locks)
    table.redefine(new, [i for i in table.secondaries if i is not index])
