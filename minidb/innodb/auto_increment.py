"""AUTO_INCREMENT: a counter per table, kept in the table's file, that never goes back.

Lock mode 1 ("consecutive", the default of mariadb-10.11): a statement that knows how many rows it inserts just takes its
numbers; an INSERT ... SELECT holds the table's AUTO-INC lock to its end, and while somebody holds or wants that lock everybody
has to take it. Lock mode 2 ("interleaved", mysql-8.4): nobody locks.
"""

from __future__ import annotations

from minidb.innodb.core import Core
from minidb.innodb.dict_table import DictTable
from minidb.innodb.lock_modes import AUTO_INC
from minidb.innodb.trx import InnodbTrx
from minidb.scheduler import LockWait
from minidb.types.keys import bare_key
from minidb.types.sqltype import SqlType

BIT = 1 << AUTO_INC
LAST = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}  # width in bits by type


def reserve(core: Core, table: DictTable, trx: InnodbTrx, count: int) -> int:
    """Take `count` consecutive numbers; the first.  Latch held; may wait.  Raises 1467 when the type has no more."""
    trx.active = trx.started = True
    if core.locks.profile.autoinc_lock_mode < 2 and (trx.bulk_insert or contended(table)):
        lock(core, table, trx)
    first = table.auto_increment
    column = table.tdef.auto_increment_column
    if column is not None:
        last = last_number(table.tdef.columns[column].type)
        if first > last:
            return last + 1  # does not fit: storing it raises 1264 or 1467 above
    table.set_auto_increment(core.mtr, first + count)
    core.mtr.commit()
    return first


def contended(table: DictTable) -> bool:
    """Does anybody hold the table's AUTO-INC lock, or wait for it?"""
    locks = table.locks
    if any(request.flags == AUTO_INC for request in locks.waiting):
        return True
    return any(held & BIT for held in locks.granted.values())


def lock(core: Core, table: DictTable, trx: InnodbTrx) -> None:
    """Take the AUTO-INC lock to the end of the statement."""
    trx.auto_inc_locked = True
    try:
        try:
            core.locks.lock_table(trx.locks, table.locks, AUTO_INC)
        except LockWait:
            core.wait(trx)
    except BaseException as error:
        core.failed(trx, trx.undo_records, error)
        raise


def last_number(t: SqlType) -> int:
    """The largest number that a column of type `t` holds."""
    bits = LAST.get(t.name)
    if bits is None:
        return (1 << 53) if t.name == "double" else (1 << 24)
    return int((1 << bits) - 1 if t.unsigned else (1 << (bits - 1)) - 1)


def set_next(core: Core, table: DictTable, value: int) -> None:
    """ALTER TABLE ... AUTO_INCREMENT = value: the next number, never below the largest present one + 1."""
    column = table.tdef.auto_increment_column
    largest = 0
    if column is not None:
        index = next((i for i in table.by_ordinal if i.definition.parts[0].column == column), None)
        if index is not None:
            page, i = index.tree.first() if index.definition.parts[0].descending else index.tree.last()
            if page is not None:
                key = page.keys[i]
                largest = int(bare_key(key[0] if isinstance(key, tuple) else key))
    table.set_auto_increment(core.mtr, max(value, largest + 1, 1))
    core.mtr.commit()
