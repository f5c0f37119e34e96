"""Changing and deleting rows.

A new version of a row is written over the old one in the clustered index, the old one going to the undo log.  A secondary entry is
never changed: the old one is delete-marked, the new one inserted.  A change of the clustered key is a delete and an insert.

Like an insert, a change goes index by index; a step that has to wait is repeated, and an error undoes the row's earlier steps.  The
caller has locked the row.
"""

from __future__ import annotations

from collections.abc import Callable

from minidb.engine import Key, Row
from minidb.innodb import foreign
from minidb.innodb.core import Core
from minidb.innodb.dict_table import ClusteredIndex, DictTable, SecondaryIndex
from minidb.innodb.layout import DELETED, MARK, TAIL
from minidb.innodb.lock_modes import IX, TABLE_COVERED_BY
from minidb.innodb.row_insert import insert_clustered, insert_entry, replace_at, replace_row, wait_or_fail
from minidb.innodb.trx import InnodbTrx
from minidb.innodb.undo import DELETE, UPDATE, UPDATE_UNINDEXED

Step = Callable[[], None]


def run_steps(core: Core, trx: InnodbTrx, steps: list[Step]) -> None:
    """Make `steps` one after the other, waiting where one has to.  On an error all of them are undone."""
    mark = trx.undo_records
    at = 0
    while at < len(steps):
        try:
            steps[at]()
            at += 1
        except BaseException as error:
            wait_or_fail(core, trx, mark, error)
    core.mtr.commit()


# ------------------------------------------------------------------------------------------------------------------- update
def update_row(core: Core, table: DictTable, trx: InnodbTrx, row: Row, values: Row) -> None:
    """Change `row` (as read) to `values`.  Latch held; may wait.  Raises 1062, 1451, 1452, 1205, 1213 ..., with nothing changed."""
    clustered = table.clustered
    layout = clustered.layout
    key = layout.key_of(row)
    page, i, found = clustered.tree.locate(key)
    if not found or (current := page.rows[i])[DELETED]:
        return
    resolve = core.resolver(table) if table.externals else None
    whole = current if resolve is None else resolve(current)
    if layout.has_row_id:
        values = (*values, whole[layout.width])
    if whole[:-TAIL] == values:
        return
    if not trx.id:
        core.system.assign_id(trx)
    if layout.key_of(values) != key:
        run_steps(core, trx, moving_steps(core, table, trx, key, whole, values))
        return
    steps: list[Step] = []
    for index in table.secondaries:
        secondary = index.layout
        old_key = secondary.key_of(whole)
        if secondary.key_of(values) != old_key:
            steps += entry_steps(core, trx, index, old_key, whole, values)
        elif not secondary.is_key and secondary.entry_of(whole) != secondary.entry_of(values):
            steps.append(lambda index=index: respell(core, trx, index, values))  # type: ignore[misc]
    if steps or not TABLE_COVERED_BY[IX] & trx.locks.tables.get(table.locks, 0):
        first: list[Step] = [
            lambda: lock_intention(core, table, trx), lambda: update_clustered(core, table, trx, key, values)
        ]
        run_steps(core, trx, first + steps)
        return
    mark = trx.undo_records  # the common case: no index but the clustered one is touched, and that never waits
    try:
        if table.long_rows:
            replace_row(core, table, trx, key, current, values, UPDATE)
        else:
            replace_at(core, table, trx, page, i, values, UPDATE_UNINDEXED)
    except BaseException as error:
        wait_or_fail(core, trx, mark, error)
    core.mtr.commit()


def lock_intention(core: Core, table: DictTable, trx: InnodbTrx) -> None:
    """IX on the table; usually it is held since the row was read."""
    core.locks.lock_table(trx.locks, table.locks, IX)


def update_clustered(core: Core, table: DictTable, trx: InnodbTrx, key: Key, values: Row) -> None:
    """The clustered record gets its new version."""
    current = table.clustered.tree.get(key)
    assert current is not None
    replace_row(core, table, trx, key, current, values, UPDATE)


def entry_steps(core: Core, trx: InnodbTrx, index: SecondaryIndex, old_key: Key, whole: Row, values: Row) -> list[Step]:
    """An indexed column changes: mark the old entry, insert the new one."""
    return [
        lambda: mark_entry_of(core, trx, index, old_key, whole, values),
        lambda: insert_entry(core, trx, index, (*values, trx.id, 0, 0)),
    ]


def mark_entry_of(core: Core, trx: InnodbTrx, index: SecondaryIndex, key: Key, whole: Row, values: Row | None) -> None:
    """Delete-mark the entry of a row that changes to `values` (None: that is deleted).  Raises LockWait, 1451."""
    if index.locks:
        core.locks.lock_modify(trx.locks, index.locks, key)
    tree = index.tree
    page, i, found = tree.locate(key)
    entry = page.rows[i] if found else ()
    if found and len(entry) == index.layout.width:
        page = tree.replace_at(core.mtr, page, i, entry + MARK)
        page.has_deleted = True
        if page.max_trx_id < trx.id:
            page.max_trx_id = trx.id
    obey_references(core, trx, index, whole, values)


def respell(core: Core, trx: InnodbTrx, index: SecondaryIndex, values: Row) -> None:
    """The key stays, the spelling changes ('a' to 'A'): the entry is changed in place, as InnoDB does."""
    key, entry = index.layout.make(values)
    if index.locks:
        core.locks.lock_modify(trx.locks, index.locks, key)
    page = index.tree.replace(core.mtr, key, entry)
    if page.max_trx_id < trx.id:
        page.max_trx_id = trx.id


def moving_steps(core: Core, table: DictTable, trx: InnodbTrx, key: Key, whole: Row, values: Row) -> list[Step]:
    """The clustered key changes: delete the row, insert it under its new key."""
    new = (*values, trx.id, 0, 0)
    steps: list[Step] = [
        lambda: lock_intention(core, table, trx),
        lambda: delete_clustered(core, table, trx, key, whole, values),
        lambda: insert_clustered(core, table, trx, new),
    ]
    for index in table.secondaries:
        steps += entry_steps(core, trx, index, index.layout.key_of(whole), whole, values)
    return steps


# ------------------------------------------------------------------------------------------------------------------- delete
def delete_row(core: Core, table: DictTable, trx: InnodbTrx, row: Row) -> None:
    """Delete `row` (as read).  Latch held; may wait.  Raises 1451, 1205, 1213 ..., with nothing changed."""
    clustered = table.clustered
    key = clustered.layout.key_of(row)
    current = clustered.tree.get(key)
    if current is None or current[DELETED]:
        return
    whole = core.whole(table, current) if table.externals else current
    if not trx.id:
        core.system.assign_id(trx)
    mark = trx.undo_records
    step = 0
    while True:
        try:
            if step == 0:
                if not TABLE_COVERED_BY[IX] & trx.locks.tables.get(table.locks, 0):
                    lock_intention(core, table, trx)
                step = 1
            if step == 1:
                delete_clustered(core, table, trx, key, whole, None)
                step = 2
            for index in table.secondaries[step - 2 :]:
                mark_entry_of(core, trx, index, index.layout.key_of(whole), whole, None)
                step += 1
            break
        except BaseException as error:
            wait_or_fail(core, trx, mark, error)
    core.mtr.commit()


def delete_clustered(core: Core, table: DictTable, trx: InnodbTrx, key: Key, whole: Row, values: Row | None) -> None:
    """Delete-mark the clustered record of a row that is deleted, or moves to the key of `values`.  Raises LockWait, 1451."""
    page, i, _ = table.clustered.tree.locate(key)
    current = page.rows[i]
    if not current[DELETED]:  # else this step is repeated after a wait in the foreign key check
        if table.long_rows:
            replace_row(core, table, trx, key, current, current[:-TAIL], DELETE, 1)
        else:
            replace_at(core, table, trx, page, i, current[:-TAIL], DELETE, 1)
    obey_references(core, trx, table.clustered, whole, values)


def obey_references(
    core: Core, trx: InnodbTrx, index: ClusteredIndex | SecondaryIndex, whole: Row, values: Row | None
) -> None:
    """A record was delete-marked: foreign keys that reference its index have a say.  Raises LockWait, 1451."""
    tdef = index.table.tdef
    children = core.references(tdef.db, tdef.name)
    if children and trx.foreign_key_checks:
        foreign.check_children(core, trx, index, children, whole, values)
