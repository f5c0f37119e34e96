"""The lock table as people see it: rows for scenario records, performance_schema.data_locks and data_lock_waits, and sentences that
say who waits for whom and why.  Latch held or nobody running."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from minidb.innodb import lock_text
from minidb.innodb.lock_modes import SUPREMUM, TABLE_MODE_NAMES, TABLE_MODES, kind_name, mode_name
from minidb.innodb.lock_objects import IndexLocks, Key, RecordLock, Request, TableLocks, TrxLocks
from minidb.innodb.lock_queue import LockQueues
from minidb.types.keys import bare_key

ENGINE = "INNODB"


@dataclass(frozen=True, slots=True)
class LockRow:
    """One lock.  index, kind and key are None for a table lock; key is ``(10)``, ``(50, 5)``, ``supremum``; key_values the entry's
    values (None on the supremum).  str() is the row of a scenario record."""

    session: str
    session_id: int
    trx_id: int
    db: str
    table: str
    index: str | None
    clustered: bool
    mode: str
    kind: str | None
    key: str | None
    key_values: tuple[Any, ...] | None
    delete_marked: bool
    waiting: bool
    lock_id: str

    def __str__(self) -> str:
        place = self.table if self.index is None else f"{self.table}.{self.index}"
        words = [self.session, place, self.mode, self.kind or "", self.key or ""]
        words += ["delete-marked" if self.delete_marked else "", "WAITING" if self.waiting else ""]
        return " ".join(word for word in words if word)


def locks(system: LockQueues) -> list[LockRow]:
    """Every explicit lock and waiting request, in the canonical order of scenario records: session, table, table locks first,
    PRIMARY (or the hidden clustered index) before other indexes, keys ascending, supremum last, kind, mode, granted before waiting.
    Kinds and modes are in alphabetical order."""
    keyed: list[tuple[Any, LockRow]] = []
    for table in system.tables.values():
        for holder, mode, waiting in _table_locks(table):
            row = _table_row(table, holder, mode, waiting)
            keyed.append(((row.session, row.table, 0, "", 0, "", row.mode, waiting), row))
    for index in system.indexes.values():
        rank = 1 if index.name in ("PRIMARY", "GEN_CLUST_INDEX") else 2
        for place, key in enumerate(sorted(index, key=_key_order)):
            for entry in system.entries(index, key):
                row = _record_row(index, key, entry)
                keyed.append(((row.session, row.table, rank, index.name, place, row.kind, row.mode, row.waiting), row))
    keyed.sort(key=lambda pair: pair[0])
    return [row for _, row in keyed]


def _key_order(key: Key) -> tuple[bool, Any]:
    """Ascending by value, whatever the direction of the index."""
    return (True, 0) if key is SUPREMUM else (False, tuple(map(bare_key, key)) if isinstance(key, tuple) else bare_key(key))


def _table_locks(table: TableLocks) -> Iterator[tuple[TrxLocks, int, bool]]:
    for holder, held in table.granted.items():
        for mode in range(TABLE_MODES):
            if held >> mode & 1:
                yield holder, mode, False
    for request in table.waiting:
        yield request.holder, request.flags, True


def _table_row(table: TableLocks, holder: TrxLocks, mode: int, waiting: bool) -> LockRow:
    owner = holder.owner
    lock_id = f"{owner.session_id}:{table.no}:{TABLE_MODE_NAMES[mode]}" + (":W" if waiting else "")
    return LockRow(
        owner.session_name, owner.session_id, owner.id, table.db, table.name, None, False, TABLE_MODE_NAMES[mode], None, None, None,
        False, waiting, lock_id,
    )  # fmt: skip


def _record_row(index: IndexLocks, key: Key, entry: RecordLock | Request) -> LockRow:
    owner = entry.holder.owner
    waiting = isinstance(entry, Request)
    values, marked = (None, False) if key is SUPREMUM else index.describe(key)
    text = "supremum" if values is None else "(" + ", ".join(map(lock_text.value, values)) + ")"
    mode, kind = mode_name(entry.flags), kind_name(entry.flags)
    lock_id = f"{owner.session_id}:{index.table.no}:{index.no >> 3}:{text}:{mode}:{kind}" + (":W" if waiting else "")
    return LockRow(
        owner.session_name, owner.session_id, owner.id, index.table.db, index.table.name, index.name, index.clustered, mode, kind,
        text, values, marked, waiting, lock_id,
    )  # fmt: skip


def lock_row(request: Request) -> LockRow:
    """The row of one waiting request."""
    place = request.place
    if isinstance(place, TableLocks):
        return _table_row(place, request.holder, request.flags, True)
    return _record_row(place, request.key, request)


# ---- MySQL's tables
DATA_LOCKS_COLUMNS = (
    "ENGINE", "ENGINE_LOCK_ID", "ENGINE_TRANSACTION_ID", "THREAD_ID", "EVENT_ID", "OBJECT_SCHEMA", "OBJECT_NAME", "PARTITION_NAME",
    "SUBPARTITION_NAME", "INDEX_NAME", "OBJECT_INSTANCE_BEGIN", "LOCK_TYPE", "LOCK_MODE", "LOCK_STATUS", "LOCK_DATA",
)
DATA_LOCK_WAITS_COLUMNS = (
    "ENGINE", "REQUESTING_ENGINE_LOCK_ID", "REQUESTING_ENGINE_TRANSACTION_ID", "REQUESTING_THREAD_ID", "REQUESTING_EVENT_ID",
    "REQUESTING_OBJECT_INSTANCE_BEGIN", "BLOCKING_ENGINE_LOCK_ID", "BLOCKING_ENGINE_TRANSACTION_ID", "BLOCKING_THREAD_ID",
    "BLOCKING_EVENT_ID", "BLOCKING_OBJECT_INSTANCE_BEGIN",
)


def mysql_mode(row: LockRow) -> str:
    """LOCK_MODE as MySQL spells it: ``X,REC_NOT_GAP``, ``S,GAP``, ``X``, ``X,GAP,INSERT_INTENTION``, ``AUTO_INC``."""
    if row.kind is None:
        return row.mode.replace("-", "_")
    on_supremum = row.key_values is None
    parts = {
        "next-key": "", "rec": ",REC_NOT_GAP", "gap": ",GAP",
        "insert-intention": ",INSERT_INTENTION" if on_supremum else ",GAP,INSERT_INTENTION",
    }  # fmt: skip
    return row.mode + parts[row.kind]


def data_locks(system: LockQueues) -> list[tuple[Any, ...]]:
    """performance_schema.data_locks.  A thread id is the session's connection id, a transaction without an id shows 0."""
    rows = []
    for row in locks(system):
        data = None
        if row.kind is not None:
            data = "supremum pseudo-record" if row.key_values is None else ", ".join(map(lock_text.value, row.key_values))
        rows.append((
            ENGINE, row.lock_id, row.trx_id, row.session_id, None, row.db, row.table, None, None, row.index, 0,
            "TABLE" if row.kind is None else "RECORD", mysql_mode(row), "WAITING" if row.waiting else "GRANTED", data,
        ))  # fmt: skip
    return rows


def _blocking_rows(system: LockQueues, request: Request) -> list[LockRow]:
    """The locks and requests that stand in the way of a waiting request."""
    place = request.place
    if isinstance(place, TableLocks):
        return [_table_row(place, holder, mode, waiting) for holder, mode, waiting in system.table_obstacles(request, place)]
    return [_record_row(place, request.key, entry) for entry in system.obstacles(request, place)]


def data_lock_waits(system: LockQueues) -> list[tuple[Any, ...]]:
    """performance_schema.data_lock_waits: one row for every pair of a waiting request and a lock in its way."""
    rows = []
    for request in system.waiting.values():
        wants = lock_row(request)
        for has in _blocking_rows(system, request):
            rows.append((
                ENGINE, wants.lock_id, wants.trx_id, wants.session_id, None, 0,
                has.lock_id, has.trx_id, has.session_id, None, 0,
            ))  # fmt: skip
    return rows


# ---- in words
def explain_waits(system: LockQueues) -> list[str]:
    """One sentence for every obstacle of every waiting request, longest waiting first."""
    lines = []
    for request in system.waiting.values():
        wants = lock_row(request)
        for has in _blocking_rows(system, request):
            lines.append(f"{wants.session} waits for {has.session}: {why(wants, has)}")
    return lines


def explain_wait(system: LockQueues, session_id: int) -> str:
    """What the waiting session `session_id` waits for and on whom, in one sentence; '' if it waits for no InnoDB lock."""
    for request in system.waiting.values():
        if request.holder.owner.session_id == session_id:
            wants = lock_row(request)
            reasons = [f"{has.session} ({why(wants, has)})" for has in _blocking_rows(system, request)]
            return f"{wants.session} waits for " + " and ".join(reasons)
    return ""


def why(wants: LockRow, has: LockRow) -> str:
    """Why the lock (or earlier request) `has` stands in the way of the request `wants`."""
    place = wants.table if wants.index is None else f"{wants.table}.{wants.index} {wants.key}"
    if has.waiting:
        return f"{_mode(wants)} on {place} stands in the queue behind a request for {_mode(has)}"
    if wants.kind is None:
        return f"table lock {wants.mode} on {wants.table} does not go with {has.mode}"
    if wants.kind == "insert-intention":
        end = "after the last record of" if wants.key_values is None else f"before {wants.key} in"
        return f"wants to insert into the gap {end} {wants.table}.{wants.index}, which is locked ({has.mode} {has.kind})"
    return f"wants {wants.mode} {wants.kind} on {place}, where {has.mode} {has.kind} is held"


def _mode(row: LockRow) -> str:
    return row.mode if row.kind is None else f"{row.mode} {row.kind}"
