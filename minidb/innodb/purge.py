"""Purge: removing what no read view can see any more.

Committed update undo waits in the history list in commit order.  Purge takes the logs that the oldest view does not need,
physically removes delete-marked rows and secondary entries that nobody can reach through them, frees off-page values, and gives
the undo back.
"""

from __future__ import annotations

from minidb.engine import Key, Row
from minidb.innodb import external
from minidb.innodb.core import Core
from minidb.innodb.dict_table import DictTable
from minidb.innodb.layout import DELETED, ROLL_PTR
from minidb.innodb.rollback import remove_at
from minidb.innodb.undo import DATA, DELETE, KIND, REPLACED, TABLE, Record
from minidb.trace import RecordPurged


def purge(core: Core, limit: int | None = None) -> int:
    """Process up to `limit` committed logs (None: all that the oldest view allows).  Returns how many."""
    system = core.system
    history = system.history
    view, number = system.oldest_limits()
    system.purge_view = view.for_creator(0)
    done = 0
    while history and history[0].number < number and (limit is None or done < limit):
        log = history.popleft()
        for roll_ptr, record in core.undo.committed(log):
            table = core.tables.get(record[TABLE])
            if table is not None and log.trx_id > table.rebuilt_trx_id:
                _purge_record(core, table, roll_ptr, record)
                core.mtr.commit()
        core.undo.purged(log, core.mtr)
        core.mtr.commit()
        core.trim()
        done += 1
    return done


def _purge_record(core: Core, table: DictTable, roll_ptr: int, record: Record) -> None:
    """What the change in `record` superseded can go, unless it is in use again."""
    old: Row = record[DATA]
    old_whole = core.whole(table, old) if table.externals else old
    clustered = table.clustered
    key = clustered.layout.key_of(old_whole)
    page, i, found = clustered.tree.locate(key)
    row = page.rows[i] if found else None
    # a row that is still deleted by this change has no version left that anybody reads
    gone = record[KIND] == DELETE and row is not None and row[DELETED] and row[ROLL_PTR] == roll_ptr
    if not old[DELETED]:
        _purge_entries(core, table, None if gone else row, old_whole)
    if record[KIND] == DELETE:
        if gone and row is not None:
            remove_at(core, clustered, page, i)
            _tell(core, table, "PRIMARY" if not clustered.layout.has_row_id else clustered.name, key)
            if table.externals:
                external.free(core.mtr, table.space, external.references(row))
    elif record[REPLACED]:
        external.free(core.mtr, table.space, record[REPLACED])
        core.undo.values_freed(roll_ptr, core.mtr)


def _purge_entries(core: Core, table: DictTable, row: Row | None, old: Row) -> None:
    """Remove the delete-marked entries of version `old` that no version of `row` still in use stands under."""
    resolve = core.resolver(table) if table.externals else None
    for index in table.secondaries:
        layout = index.layout
        key = layout.key_of(old)
        page, i, found = index.tree.locate(key)
        if found and len(page.rows[i]) > layout.width and not core.versions.has_entry(row, key, layout, resolve):
            remove_at(core, index, page, i)
            _tell(core, table, index.name, key)


def _tell(core: Core, table: DictTable, index: str, key: Key) -> None:
    sink = core.scheduler.trace.sink
    if sink is not None:
        sink(RecordPurged(table.tdef.name, index, repr(key)))
