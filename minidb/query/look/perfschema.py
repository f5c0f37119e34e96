"""performance_schema: who holds which lock, who waits for whom, with MySQL 8's columns (manual: "Performance Schema Lock Tables").

`PerformanceSchema(world).open(name)` gives a `VirtualTable`, as information_schema does.  Thread ids are connection ids and
instance addresses are 0: the same schedule gives the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from minidb.catalog import TableDef
from minidb.engine import Row
from minidb.query.look.infoschema import Process
from minidb.query.look.infoschema_defs import columns_of
from minidb.query.look.virtual import VirtualTable, define

DATABASE = "performance_schema"
_COLUMNS = {
    "data_locks": (
        "ENGINE:32 ENGINE_LOCK_ID:128 ENGINE_TRANSACTION_ID:i THREAD_ID:i EVENT_ID:i OBJECT_SCHEMA:64 OBJECT_NAME:64 "
        "PARTITION_NAME:64 SUBPARTITION_NAME:64 INDEX_NAME:64 OBJECT_INSTANCE_BEGIN:i LOCK_TYPE:32 LOCK_MODE:32 LOCK_STATUS:32 "
        "LOCK_DATA:8192"
    ),
    "data_lock_waits": (
        "ENGINE:32 REQUESTING_ENGINE_LOCK_ID:128 REQUESTING_ENGINE_TRANSACTION_ID:i REQUESTING_THREAD_ID:i REQUESTING_EVENT_ID:i "
        "REQUESTING_OBJECT_INSTANCE_BEGIN:i BLOCKING_ENGINE_LOCK_ID:128 BLOCKING_ENGINE_TRANSACTION_ID:i BLOCKING_THREAD_ID:i "
        "BLOCKING_EVENT_ID:i BLOCKING_OBJECT_INSTANCE_BEGIN:i"
    ),
    "metadata_locks": (
        "OBJECT_TYPE:64 OBJECT_SCHEMA:64 OBJECT_NAME:64 COLUMN_NAME:64 OBJECT_INSTANCE_BEGIN:i LOCK_TYPE:32 LOCK_DURATION:32 "
        "LOCK_STATUS:32 SOURCE:64 OWNER_THREAD_ID:i OWNER_EVENT_ID:i"
    ),
    "threads": (
        "THREAD_ID:i NAME:128 TYPE:10 PROCESSLIST_ID:i PROCESSLIST_USER:32 PROCESSLIST_HOST:255 PROCESSLIST_DB:64 "
        "PROCESSLIST_COMMAND:16 PROCESSLIST_TIME:i PROCESSLIST_STATE:64 PROCESSLIST_INFO:L"
    ),
}


class LockWorld(Protocol):
    """What performance_schema asks of the session it is read in."""

    def data_locks(self) -> Iterable[Row]: ...

    def data_lock_waits(self) -> Iterable[Row]: ...

    def metadata_locks(self) -> Iterable[Row]: ...

    def processes(self) -> list[Process]: ...


def _threads(world: LockWorld) -> Iterable[Row]:
    for p in world.processes():
        yield (p.id, "thread/sql/one_connection", "FOREGROUND", p.id, p.user, p.host, p.db, p.command, int(p.seconds),
               p.state or None, p.info)


_ROWS: dict[str, Callable[[LockWorld], Iterable[Row]]] = {
    "data_locks": lambda world: world.data_locks(),
    "data_lock_waits": lambda world: world.data_lock_waits(),
    "metadata_locks": lambda world: world.metadata_locks(),
    "threads": _threads,
}


def names() -> list[str]:
    """All tables, in alphabetical order."""
    return sorted(_COLUMNS)


def table_def(name: str) -> TableDef | None:
    """The definition of the table called `name` (any case), or None."""
    lower = name.lower()
    return define(DATABASE, lower, columns_of(_COLUMNS[lower])) if lower in _COLUMNS else None


class PerformanceSchema:
    """The tables of performance_schema as `world` sees them."""

    def __init__(self, world: LockWorld) -> None:
        self.world = world

    def open(self, name: str) -> VirtualTable | None:
        """A handle on the table called `name` (any case), or None if there is none."""
        tdef = table_def(name)
        if tdef is None:
            return None
        make = _ROWS[tdef.name]
        return VirtualTable(tdef, lambda: list(make(self.world)))
