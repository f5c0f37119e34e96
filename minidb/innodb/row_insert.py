"""Inserting a row: the clustered record first, then an entry in each secondary index.

Each index is a step.  A step that has to wait is repeated after the wait; the steps before it stay done.  If a step fails the row's
earlier steps are undone before the error leaves.

Duplicates are looked for under a lock: S (X for REPLACE and ON DUPLICATE KEY UPDATE) on the existing record, kept whatever the
outcome. In the clustered index it locks the record only; in a unique secondary index it locks records with their gaps, at every
isolation level, from the first entry with the same key up to a live one or to the first larger one.
"""

from __future__ import annotations

from minidb.engine import Key, Row
from minidb.errors import Error, SqlError
from minidb.innodb import external, foreign
from minidb.innodb.core import Core
from minidb.innodb.dict_table import ClusteredIndex, DictTable, SecondaryIndex
from minidb.innodb.layout import DELETED, TAIL
from minidb.innodb.lock_modes import IX, NEXT_KEY, REC, SUPREMUM, TABLE_COVERED_BY
from minidb.innodb.row_lock import lock_entry, lock_row
from minidb.innodb.trx import InnodbTrx
from minidb.innodb.undo import INSERT, REINSERT
from minidb.scheduler import LockWait
from minidb.storage.mtr import Mtr
from minidb.storage.page import Page
from minidb.types.keys import NULL
from minidb.types.lob_ref import ExternalValue
from minidb.types.text import to_text


def insert_row(core: Core, table: DictTable, trx: InnodbTrx, values: Row) -> None:
    """Insert `values`.  Latch held; may wait.  Raises 1062, 1452, 1205, 1213 ..., with the row undone."""
    if not trx.id:
        core.system.assign_id(trx)
    mark = trx.undo_records
    if table.clustered.layout.has_row_id:
        values = (*values, core.system.next_row_id)
        core.system.next_row_id += 1
    row = (*values, trx.id, 0, 0)
    step = -1
    while True:
        try:
            if step < 0:
                if not TABLE_COVERED_BY[IX] & trx.locks.tables.get(table.locks, 0):
                    core.locks.lock_table(trx.locks, table.locks, IX)
                step = 0
            if step == 0:
                insert_clustered(core, table, trx, row)
                step = 1
            for index in table.secondaries[step - 1 :]:
                insert_entry(core, trx, index, row)
                step += 1
            core.mtr.commit()
            return
        except BaseException as error:
            wait_or_fail(core, trx, mark, error)


def wait_or_fail(core: Core, trx: InnodbTrx, mark: int, error: BaseException) -> None:
    """A step of a row operation has raised `error`: if it only has to wait, wait; else undo the row's changes, those after the
    first `mark` of the transaction, and raise it again."""
    core.mtr.commit()
    try:
        if not isinstance(error, LockWait):
            raise error
        core.wait(trx)
    except BaseException as failure:
        core.failed(trx, mark, failure)
        raise


# ------------------------------------------------------------------------------------------------------------ clustered index
def insert_clustered(core: Core, table: DictTable, trx: InnodbTrx, row: Row) -> None:
    """Put a new row into the clustered index.  Raises LockWait, 1062, 1452."""
    clustered = table.clustered
    key = clustered.layout.key_of(row)
    if table.tdef.foreign_keys and trx.foreign_key_checks:
        foreign.check_parents(core, trx, clustered, row)
    locks = clustered.locks
    tree = clustered.tree
    page, i, found = tree.locate(key)
    if found:
        reinsert(core, table, trx, key, page, i, row)
        return
    successor: Key = None
    if locks:
        successor = page.keys[i] if i < len(page.keys) else core.successor(clustered, key)
        if successor in locks:
            core.locks.lock_insert(trx.locks, locks, successor)
        else:
            successor = None
    mtr = core.mtr
    stored = row if not table.long_rows else store_long(mtr, table, row, None)
    core.undo.append(trx, mtr, (INSERT, table.tdef.id, key), 64)
    page = tree.insert_at(mtr, page, i, key, stored)
    if page.max_trx_id < trx.id:
        page.max_trx_id = trx.id
    if successor is not None:
        core.locks.inherit_on_insert(locks, key, successor)


def reinsert(core: Core, table: DictTable, trx: InnodbTrx, key: Key, page: Page, i: int, row: Row) -> None:
    """There is a record with the key already: a duplicate, unless it is delete-marked; then the new row takes its place."""
    clustered = table.clustered
    existing = page.rows[i]
    trx.locks.constraint_check = True
    lock_row(core, trx, clustered, key, existing, REC | trx.locks.duplicates)
    if not existing[DELETED]:
        raise duplicate_error(core, trx, clustered, key, row)
    core.locks.lock_modify(trx.locks, clustered.locks, key)
    if table.long_rows:
        replace_row(core, table, trx, key, existing, row[:-TAIL], REINSERT)
    else:
        replace_at(core, table, trx, page, i, row[:-TAIL], REINSERT)


def replace_at(core: Core, table: DictTable, trx: InnodbTrx, page: Page, i: int, values: Row, kind: int, deleted: int = 0) -> None:
    """`replace_row` for a row that is not long, at place `i` of its leaf."""
    mtr = core.mtr
    tree = table.clustered.tree
    old = page.rows[i]
    roll_ptr = core.undo.append(trx, mtr, (kind, table.tdef.id, old, ()), tree.size(old) + table.undo_overhead)
    trx_id = trx.id
    page = tree.replace_at(mtr, page, i, (*values, trx_id, roll_ptr, deleted))
    if page.max_trx_id < trx_id:
        page.max_trx_id = trx_id
    if deleted:
        page.has_deleted = True


def replace_row(core: Core, table: DictTable, trx: InnodbTrx, key: Key, old: Row, values: Row, kind: int, deleted: int = 0) -> None:
    """Write a new version of the row, `values`, over `old` in the clustered index, with update undo."""
    mtr = core.mtr
    tree = table.clustered.tree
    replaced: tuple[ExternalValue, ...] = ()
    size = tree.size(old) + table.undo_overhead
    if table.long_rows:
        values = store_long(mtr, table, (*values, 0, 0, 0), old)[:-TAIL]
        if table.externals:
            replaced = tuple(v for v in external.references(old) if v not in values)
            size += 40 * len(replaced)
    roll_ptr = core.undo.append(trx, mtr, (kind, table.tdef.id, old, replaced), size)
    page = tree.replace(mtr, key, (*values, trx.id, roll_ptr, deleted))
    if page.max_trx_id < trx.id:
        page.max_trx_id = trx.id
    if deleted:
        page.has_deleted = True


# ------------------------------------------------------------------------------------------------------------ secondary indexes
def insert_entry(core: Core, trx: InnodbTrx, index: SecondaryIndex, row: Row) -> None:
    """Put the entry of `row` into a secondary index.  Raises LockWait, 1062, 1452."""
    key, entry = index.layout.make(row)
    if index.table.tdef.foreign_keys and trx.foreign_key_checks:
        foreign.check_parents(core, trx, index, row)
    if index.unique:
        prefix = key[: index.user_width]
        if not (index.layout.nullable and NULL in prefix):
            check_duplicates(core, trx, index, prefix, row)
    locks = index.locks
    tree = index.tree
    page, i, found = tree.locate(key)
    if found:
        revive_entry(core, trx, index, key, page, i, entry)
        return
    successor: Key = None
    if locks:
        successor = page.keys[i] if i < len(page.keys) else core.successor(index, key)
        if successor in locks:
            core.locks.lock_insert(trx.locks, locks, successor)
        else:
            successor = None
    page = tree.insert_at(core.mtr, page, i, key, entry)
    if page.max_trx_id < trx.id:
        page.max_trx_id = trx.id
    if successor is not None:
        core.locks.inherit_on_insert(locks, key, successor)


def revive_entry(core: Core, trx: InnodbTrx, index: SecondaryIndex, key: Key, page: Page, i: int, entry: Row) -> None:
    """The same entry stands in the index, delete-marked: take the mark away."""
    core.locks.lock_modify(trx.locks, index.locks, key)
    stored = page.keys[i] if entry is key else entry
    page = index.tree.replace_at(core.mtr, page, i, stored)
    if page.max_trx_id < trx.id:
        page.max_trx_id = trx.id


def check_duplicates(core: Core, trx: InnodbTrx, index: SecondaryIndex, prefix: Key, row: Row) -> None:
    """Look for a live entry of another row with the same key.  Raises LockWait, 1062."""
    width, total = index.user_width, index.layout.width
    page, i = index.tree.seek(prefix)
    if page is None or page.keys[i][:width] != prefix:
        return
    flags = NEXT_KEY | trx.locks.duplicates
    trx.locks.constraint_check = True
    while page is not None:
        key, entry = page.keys[i], page.rows[i]
        lock_entry(core, trx, index, key, len(entry) > total, page.max_trx_id, flags)
        if key[:width] != prefix:
            return
        if len(entry) == total:
            raise duplicate_error(core, trx, index, key, row)
        page, i = index.tree.seek(key, False)
    core.locks.lock(trx.locks, index.locks, SUPREMUM, flags)


# ------------------------------------------------------------------------------------------------------------------- errors
def duplicate_error(core: Core, trx: InnodbTrx, index: ClusteredIndex | SecondaryIndex, key: Key, row: Row) -> Error:
    """1062 for `row`, whose key in `index` is that of the record `key`; noted for `duplicate_of`."""
    trx.duplicate = (index, key)
    tdef = index.table.tdef
    shown = []
    for part in index.definition.parts:
        value = row[part.column]
        if part.prefix is not None and value is not None:
            value = value[: part.prefix]
        shown.append("NULL" if value is None else to_text(value, tdef.columns[part.column].type))
    name = f"{tdef.name}.{index.name}" if core.locks.profile.duplicate_key_names_table else index.name
    return SqlError.of(1062, "-".join(str(s) for s in shown), name)


# ------------------------------------------------------------------------------------------------------------- long values
def store_long(mtr: Mtr, table: DictTable, row: Row, old: Row | None) -> Row:
    """`row` with its longest values off page, if it does not fit into half a page."""
    size = table.clustered.tree.size(row)
    if size <= external.LIMIT:
        return row
    table.note_externals(mtr)
    keep = frozenset(p.column for p in table.clustered.definition.parts)
    resolved = None if old is None else external.resolve(table.space, old)
    return external.shorten(mtr, table.space, row, size, keep, old, resolved)
