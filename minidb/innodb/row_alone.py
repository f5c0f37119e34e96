"""Changes of one row by a statement that is a transaction by itself, while nobody else is concerned.

Such a statement (`Trx.alone`) reads its row without locking it, and changes and commits it in one hold of the latch.  A lock that
nobody meets, an old version that nobody can read and a delete mark that nobody needs are not made at all: the outcome is that of
the ordinary way followed by a purge.  Whatever could concern others sends the statement back to the ordinary way: a lock or an
active transaction on the row, any lock in an index that gets an entry, an open read view, foreign keys, long rows, a watcher.

With a redo log the change is one group of it, which recovery applies as a whole or not at all: that makes up for the undo record.
Only pages that are in memory by now change then, none is split or merged, so nothing can fail half-way but by Ctrl-C.

The functions answer None or False when it is not that simple, with nothing done.  Latch held; none of them waits.  Making the log
durable is left to the end of the statement (`statements/running.write`).
"""

from __future__ import annotations

from minidb.engine import Key, Row
from minidb.innodb.core import Core
from minidb.innodb.dict_table import DictTable, SecondaryIndex
from minidb.innodb.layout import DELETED, TRX_ID
from minidb.innodb.trx import InnodbTrx
from minidb.storage.mtr import Mtr
from minidb.storage.page import Page
from minidb.types.keys import NULL

MOST_SESSIONS = 32  # with more of them, looking for open read views costs more than it saves


def undisturbed(core: Core, table: DictTable, trx: InnodbTrx) -> bool:
    """Is there nothing in the way but, perhaps, locks on single records?"""
    locks = table.locks
    return not (trx.view or trx.id or trx.locks.objects or locks.strong or locks.waiting or table.long_rows
                or table.tdef.foreign_keys or core.scheduler.trace.sink is not None)


def unseen(core: Core) -> bool:
    """Does no session read through a view, so that nobody needs old versions?"""
    sessions = core.system.sessions
    if len(sessions) > MOST_SESSIONS:
        return False
    for reference in sessions:
        other = reference()
        if other is not None and other.view is not None:
            return False
    return True


def still(core: Core, table: DictTable, trx: InnodbTrx) -> bool:
    """Is all as it was when the row was read?  Where there is one session only, who should have changed it?"""
    return len(core.system.sessions) == 1 or (undisturbed(core, table, trx) and unseen(core))


def read_alone(core: Core, table: DictTable, trx: InnodbTrx, key: Key) -> Row | None:
    """The row with clustered key `key`, to be given to `update_alone` or `delete_alone`; it is not locked."""
    clustered = table.clustered
    if key in clustered.locks or not undisturbed(core, table, trx):
        return None
    if len(core.system.sessions) > 1 and not unseen(core):
        return None
    row: Row | None = clustered.tree.get(key)
    if row is None or row[DELETED] or row[TRX_ID] in core.system.active:
        return None
    return row


def update_alone(core: Core, table: DictTable, trx: InnodbTrx, row: Row, values: Row) -> bool:
    """Change `row` to `values`, unless somebody else was here since it was read."""
    clustered = table.clustered
    layout, tree, mtr = clustered.layout, clustered.tree, core.mtr
    key = layout.key_of(row)
    if layout.has_row_id:
        values = (*values, row[layout.width])
    page, i, found = tree.locate(key)
    if not found or page.rows[i] is not row or layout.key_of(values) != key:
        return False
    if key in clustered.locks or not still(core, table, trx):
        return False
    durable = core.redo is not None
    moves: list[tuple[SecondaryIndex, Key, Key, Row, Page, Page]] | None = None  # the leaves of the old entry and of the new one
    for index in table.secondaries:
        secondary = index.layout
        old = secondary.key_of(row)
        if secondary.key_of(values) != old:
            new, entry = secondary.make(values)
            place = None if index.unique or index.locks else live_entry(index, old)
            if place is None:
                return False
            leaf, _, found = index.tree.locate(new)
            if found:
                return False
            if durable and not (index.tree.can_lose(*place) and index.tree.fits(leaf, entry)):
                return False
            moves = moves or []
            moves.append((index, old, new, entry, place[0], leaf))
        elif not secondary.is_key and secondary.entry_of(row) != secondary.entry_of(values):
            return False
    if moves and core.references(table.tdef.db, table.tdef.name):
        return False
    number = core.system.next_number()
    changed = (*values, number, 0, 0)
    before, whole = None, None
    if durable:
        if not tree.fits(page, changed, row):
            return False
        before = [before_change(page, i)]
        if moves:
            whole = [(leaf, leaf.image()) for leaf in dict.fromkeys(leaf for move in moves for leaf in move[4:])]
    try:
        page = tree.replace_at(mtr, page, i, changed)
        if page.max_trx_id < number:
            page.max_trx_id = number
        for index, old, new, entry, _, _ in moves or ():
            index.tree.delete(mtr, old)
            index.tree.insert(mtr, new, entry).max_trx_id = number
    except BaseException:
        restore(mtr, before)
        for leaf, image in whole or ():
            leaf.restore(image)
        raise
    mtr.commit()
    return True


def delete_alone(core: Core, table: DictTable, trx: InnodbTrx, row: Row) -> bool:
    """Delete `row`, unless somebody else was here since it was read."""
    clustered = table.clustered
    tree, mtr = clustered.tree, core.mtr
    key = clustered.layout.key_of(row)
    page, i, found = tree.locate(key)
    if not found or page.rows[i] is not row or key in clustered.locks:
        return False
    if not still(core, table, trx) or core.references(table.tdef.db, table.tdef.name):
        return False
    if core.system.history and table.secondaries:
        return False  # an old entry that waits for purge needs the row
    places = [(tree, page, i)]
    for index in table.secondaries:
        place = live_entry(index, index.layout.key_of(row))
        if place is None:
            return False
        places.append((index.tree, *place))
    before = None
    if core.redo is not None:
        if not all(each.can_lose(leaf, at) for each, leaf, at in places):
            return False
        before = [before_change(leaf, at) for _, leaf, at in places]
    core.system.next_number()
    try:
        for each, leaf, at in reversed(places):
            each.delete_at(mtr, leaf, at)
    except BaseException:
        restore(mtr, before)
        raise
    mtr.commit()
    return True


def live_entry(index: SecondaryIndex, key: Key) -> tuple[Page, int] | None:
    """Where the entry `key` is, if it is not delete-marked and nobody has locked it."""
    page, i, found = index.tree.locate(key)
    if not found or len(page.rows[i]) > index.layout.width or key in index.locks:
        return None
    return page, i


def insert_alone(core: Core, table: DictTable, trx: InnodbTrx, values: Row) -> bool:
    """Insert `values` where nothing is locked and no key is there already."""
    clustered = table.clustered
    if clustered.locks or not undisturbed(core, table, trx):
        return False
    system, mtr = core.system, core.mtr
    if clustered.layout.has_row_id:
        values = (*values, system.next_row_id)
    key = clustered.layout.key_of(values)
    page, i, found = clustered.tree.locate(key)
    if found:
        return False
    entries = []
    for index in table.secondaries:
        entry_key, entry = index.layout.make(values)
        leaf, at, found = index.tree.locate(entry_key)
        if found or index.locks or (index.unique and has_prefix(index, entry_key)):
            return False
        entries.append((index.tree, leaf, at, entry_key, entry))
    number = system.next_number()
    row = (*values, number, 0, 0)
    before = None
    if core.redo is not None:
        if not (clustered.tree.fits(page, row) and all(tree.fits(leaf, entry) for tree, leaf, _, _, entry in entries)):
            return False
        before = [before_change(page, i), *(before_change(leaf, at) for _, leaf, at, _, _ in entries)]
    if clustered.layout.has_row_id:
        system.next_row_id += 1
    try:
        page = clustered.tree.insert_at(mtr, page, i, key, row)
        if page.max_trx_id < number:
            page.max_trx_id = number
        for tree, leaf, at, entry_key, entry in entries:
            leaf = tree.insert_at(mtr, leaf, at, entry_key, entry)
            if leaf.max_trx_id < number:
                leaf.max_trx_id = number
    except BaseException:
        restore(mtr, before)
        raise
    mtr.commit()
    return True


def has_prefix(index: SecondaryIndex, key: Key) -> bool:
    """Does an entry stand in the unique index with the user's part of `key`, delete-marked or not?"""
    prefix = key[: index.user_width]
    if index.layout.nullable and NULL in prefix:
        return False
    page, i = index.tree.seek(prefix)
    return page is not None and bool(page.keys[i][: index.user_width] == prefix)


# ---- with a redo log: all or nothing
Before = tuple[Page, int, Key, Row | None, int, int]


def before_change(page: Page, at: int) -> Before:
    """What `restore` needs to know of leaf `page` before one record at place `at` is inserted, replaced or deleted."""
    count = len(page.keys)
    key, row = (page.keys[at], page.rows[at]) if at < count else (None, None)
    return page, at, key, row, count, page.nbytes


def restore(mtr: Mtr, before: list[Before] | None) -> None:
    """Take back a change that was interrupted anywhere; what was announced of it is forgotten.  None: there is no log, hence no
    way back."""
    if before is None:
        return
    mtr.rollback()
    for page, at, key, row, count, nbytes in before:
        for items, item in ((page.keys, key), (page.rows, row)):
            if len(items) > count:
                del items[at]
            elif len(items) < count:
                items.insert(at, item)
            elif at < count:
                items[at] = item
        page.nbytes = nbytes
