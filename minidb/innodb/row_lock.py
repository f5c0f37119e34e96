"""Locking one record, with the implicit lock of an active writer written down first."""

from __future__ import annotations

from minidb.engine import Key, Row, WaitPolicy
from minidb.innodb.core import Core
from minidb.innodb.dict_table import ClusteredIndex, SecondaryIndex
from minidb.innodb.layout import TRX_ID
from minidb.innodb.lock import HELD
from minidb.innodb.lock_modes import REC
from minidb.innodb.trx import InnodbTrx

WAIT = WaitPolicy.WAIT


def lock_row(
    core: Core, trx: InnodbTrx, index: ClusteredIndex, key: Key, row: Row, flags: int, policy: WaitPolicy = WAIT
) -> int:
    """Lock a clustered record.  Answers and raises as `LockSystem.lock`."""
    owner = core.system.active.get(row[TRX_ID])
    if owner is not None:
        if owner is trx:
            if flags & ~1 == REC:
                return HELD
            if core.locks.profile.own_insert_becomes_explicit():
                core.locks.convert_implicit(owner.locks, index.locks, key)
        else:
            core.locks.convert_implicit(owner.locks, index.locks, key)
    return core.locks.lock(trx.locks, index.locks, key, flags, policy)


def lock_entry(
    core: Core, trx: InnodbTrx, index: SecondaryIndex, key: Key, deleted: bool, max_trx_id: int, flags: int,
    policy: WaitPolicy = WAIT,
) -> int:
    """Lock a secondary entry of a page whose youngest change is by `max_trx_id`.  Answers and raises as `LockSystem.lock`."""
    active = core.system.active
    if active and max_trx_id >= next(iter(active)):
        owner = core.entry_owner(index, key, deleted, trx)
        if owner is not None:
            if owner is trx:
                if flags & ~1 == REC:
                    return HELD
                if core.locks.profile.own_insert_becomes_explicit():
                    core.locks.convert_implicit(owner.locks, index.locks, key)
            else:
                core.locks.convert_implicit(owner.locks, index.locks, key)
    return core.locks.lock(trx.locks, index.locks, key, flags, policy)
