"""Verifies the lock tables: what must hold between any two operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minidb.innodb import lock_text
from minidb.innodb.lock_modes import CONFLICTS, CONFLICTS_SUPREMUM, SUPREMUM, TABLE_CONFLICTS, TABLE_MODES
from minidb.innodb.lock_objects import Entry, IndexLocks, Key, RecordLock, Request, TableLocks

if TYPE_CHECKING:
    from minidb.innodb.lock_queue import LockQueues


def check(locks: LockQueues) -> list[str]:
    """Every broken invariant in words."""
    wrong: list[str] = []
    for index in locks.indexes.values():
        for key in index:
            wrong += _check_record(locks, index, key)
    for table in locks.tables.values():
        wrong += _check_table(locks, table)
    for holder, request in locks.waiting.items():
        if holder.waiting is not request:
            wrong.append(f"{request!r} is not what its transaction waits for")
        elif holder.waits_for not in locks.blockers(request):
            wrong.append(f"{request!r}: the deadlock search follows {holder.waits_for!r}, which does not block it")
    return wrong


def _check_record(locks: LockQueues, index: IndexLocks, key: Key) -> list[str]:
    queue = locks.entries(index, key)
    masks = CONFLICTS_SUPREMUM if key is SUPREMUM else CONFLICTS
    where = f"{index.table.name}.{index.name} {lock_text.key_text(index, key)}"

    def conflict(request: Entry, held: Entry) -> bool:
        return request.holder is not held.holder and bool(masks[request.flags] >> held.flags & 1)

    wrong = [f"{where}: empty queue"] if not queue else []
    if isinstance(index[key], list) and len(queue) < 2:
        wrong.append(f"{where}: a list of one")
    for at, entry in enumerate(queue):
        if isinstance(entry, Request):
            if entry.holder.waiting is not entry:
                wrong.append(f"{where}: {entry!r} is unknown to its transaction")
            if not any(conflict(entry, other) for other in queue[:at]):
                wrong.append(f"{where}: {entry!r} waits for nobody")
            continue
        if queue.count(entry) > 1:
            wrong.append(f"{where}: {entry!r} stands there twice")
        if entry.holder.groups.get(index.no | entry.flags) is not entry or key not in entry.keys:
            wrong.append(f"{where}: {entry!r} is unknown to its transaction")
        for other in queue[:at]:
            # an insert intention is granted for the moment; gap locks may come after it
            if isinstance(other, RecordLock) and conflict(entry, other) and conflict(other, entry):
                wrong.append(f"{where}: {other!r} and {entry!r} are both granted")
    return wrong


def _check_table(locks: LockQueues, table: TableLocks) -> list[str]:
    wrong = []
    strong = 0
    for holder, held in table.granted.items():
        if holder.tables.get(table) != held:
            wrong.append(f"{table!r}: {holder!r} does not know of its modes {held:#b}")
        strong += (held >> 2 & 1) + (held >> 3 & 1)
        modes = [mode for mode in range(TABLE_MODES) if held >> mode & 1]
        for other, theirs in table.granted.items():
            if other is not holder and any(TABLE_CONFLICTS[mode] & theirs for mode in modes):
                wrong.append(f"{table!r}: {holder!r} and {other!r} are both granted")
    if strong != table.strong:
        wrong.append(f"{table!r}: {table.strong} strong locks counted, {strong} found")
    for request in table.waiting:
        if not locks.blockers(request):
            wrong.append(f"{table!r}: {request!r} waits for nobody")
    return wrong
