"""Undoing changes: a transaction's undo log is walked backwards and each change is taken back, secondary entries first.

Rollback never waits: everything it touches is locked by the transaction.  It gives no lock back either, but a record that it
removes hands its locks to its successor.  An undo record is dropped as soon as its change is undone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minidb.engine import Isolation, Key, Row
from minidb.errors import Error
from minidb.innodb import external
from minidb.innodb.dict_table import ClusteredIndex, DictTable, SecondaryIndex
from minidb.innodb.layout import DELETED, MARK, ROLL_PTR, TRX_ID
from minidb.innodb.trx import InnodbTrx
from minidb.innodb.undo import DATA, INSERT, KIND, TABLE, Record
from minidb.storage.btree import KeyMissing
from minidb.storage.page import Page
from minidb.storage.redo import stopped

if TYPE_CHECKING:
    from minidb.innodb.core import Core


def undo_to(core: Core, trx: InnodbTrx, mark: int, partial: bool) -> None:
    """Undo the changes of `trx` until `mark` of them are left.  partial: the transaction goes on (failed row or statement,
    ROLLBACK TO).  If a page cannot be read, what is left would be half a statement: the database stops (1026), and recovery undoes
    it."""
    try:
        _undo_to(core, trx, mark, partial)
    except Error as error:
        if core.redo is None or not trx.session_id:  # recovery itself says why it fails
            raise
        core.redo.fail(error)
        raise stopped(error) from error


def _undo_to(core: Core, trx: InnodbTrx, mark: int, partial: bool) -> None:
    undo, mtr = core.undo, core.mtr
    explicit = (
        partial and trx.isolation > Isolation.READ_COMMITTED and core.locks.profile.partial_rollback_leaves_gap()
    )
    while trx.undo_records > mark:
        roll_ptr, record = undo.last(trx)
        table = core.tables.get(record[TABLE])
        if table is not None:  # else it was dropped, and its rows with it
            if record[KIND] == INSERT:
                _undo_insert(core, trx, table, record[DATA], explicit)
            else:
                _undo_change(core, trx, table, roll_ptr, record, explicit)
        undo.forget_last(trx, mtr)
        mtr.commit()
        core.trim()


def _undo_insert(core: Core, trx: InnodbTrx, table: DictTable, key: Key, explicit: bool) -> None:
    """Take an inserted row out again."""
    row = table.clustered.tree.get(key)
    if row is None or row[TRX_ID] != trx.id:
        return  # its insert had not got that far
    resolve = core.resolver(table)
    whole = row if resolve is None else resolve(row)
    for index in table.secondaries:
        entry_key = index.layout.key_of(whole)
        if index.tree.locate(entry_key)[2]:
            if explicit:
                core.locks.convert_implicit(trx.locks, index.locks, entry_key)
            remove(core, index, entry_key)
    if explicit:
        core.locks.convert_implicit(trx.locks, table.clustered.locks, key)
    remove(core, table.clustered, key)
    if table.externals:
        external.free(core.mtr, table.space, external.references(row))


def _undo_change(core: Core, trx: InnodbTrx, table: DictTable, roll_ptr: int, record: Record, explicit: bool) -> None:
    """Put the row back that `record` holds."""
    old: Row = record[DATA]
    resolve = core.resolver(table)
    old_whole = old if resolve is None else resolve(old)
    key = table.clustered.layout.key_of(old_whole)
    tree = table.clustered.tree
    row = tree.get(key)
    if row is None or row[ROLL_PTR] != roll_ptr:
        return  # the change had not been made
    whole = row if resolve is None else resolve(row)
    for index in table.secondaries:
        new_key = None if row[DELETED] else index.layout.key_of(whole)
        old_key, old_entry = index.layout.make(old_whole)
        if new_key is not None and (new_key != old_key or old[DELETED]):
            _take_back_entry(core, trx, index, new_key, old, explicit)
        if not old[DELETED]:
            _restore_entry(core, index, old_key, old_entry)
    if explicit:
        core.locks.convert_implicit(trx.locks, table.clustered.locks, key)
    page = tree.replace(core.mtr, key, _without_writer(core, old))
    if old[DELETED]:
        page.has_deleted = True
    kept = set(external.references(old)) if table.externals else set()
    if old[DELETED] and core.system.purge_view.sees(old[TRX_ID]):
        remove(core, table.clustered, key)  # purge has passed by while the record was in use again
        external.free(core.mtr, table.space, kept)
    if table.externals:
        external.free(core.mtr, table.space, [v for v in external.references(row) if v not in kept])


def _without_writer(core: Core, row: Row) -> Row:
    """A row put back: if everybody sees it, it forgets who wrote it, where the profile does so."""
    if row[DELETED] or not core.system.purge_view.sees(row[TRX_ID]) or not core.locks.profile.rollback_forgets_writer():
        return row
    return (*row[:TRX_ID], 0, *row[TRX_ID + 1 :])


def _take_back_entry(core: Core, trx: InnodbTrx, index: SecondaryIndex, key: Key, old: Row, explicit: bool) -> None:
    """An entry made by the change that is undone: remove it, or mark it if an older version of the row stands under it."""
    if index.tree.get(key) is None:
        return
    if core.versions.has_entry(old, key, index.layout, core.resolver(index.table)):
        mark_entry(core, trx, index, key)
    else:
        if explicit:
            core.locks.convert_implicit(trx.locks, index.locks, key)
        remove(core, index, key)


def _restore_entry(core: Core, index: SecondaryIndex, key: Key, entry: Row) -> None:
    """The old row's entry lives again, as it was spelled."""
    page, i, found = index.tree.locate(key)
    if found and page.rows[i] != entry:
        index.tree.replace_at(core.mtr, page, i, page.keys[i] if index.layout.is_key and page.keys[i] == entry else entry)
    elif not found:
        index.tree.insert_at(core.mtr, page, i, key, entry)


def mark_entry(core: Core, trx: InnodbTrx, index: SecondaryIndex, key: Key) -> None:
    """Delete-mark a secondary entry."""
    page, i, found = index.tree.locate(key)
    entry = page.rows[i]
    if found and len(entry) == index.layout.width:
        page = index.tree.replace_at(core.mtr, page, i, entry + MARK)
        page.has_deleted = True
        page.max_trx_id = max(page.max_trx_id, trx.id)


def remove(core: Core, index: ClusteredIndex | SecondaryIndex, key: Key) -> None:
    """Take a record out of its tree; its locks go to its successor."""
    page, i, found = index.tree.locate(key)
    if not found:
        raise KeyMissing(key)
    remove_at(core, index, page, i)


def remove_at(core: Core, index: ClusteredIndex | SecondaryIndex, page: Page, i: int) -> None:
    """Take record `i` of a leaf out of its tree; its locks go to its successor."""
    key = page.keys[i]
    if key in index.locks:
        core.locks.inherit_on_removal(index.locks, key, core.successor(index, key))
    index.tree.delete_at(core.mtr, page, i)
