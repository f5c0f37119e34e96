"""`LockInfo`: one lock as a value, for programs that look at a database from outside (`Database.locks`, scenario records)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minidb.innodb.lock_listing import LockRow


@dataclass(frozen=True, slots=True)
class LockInfo:
    """kind: 'table' 'next-key' 'gap' 'rec' 'insert-intention'.  index: '' for a table lock.  key: the values of the whole index
    entry, ``('supremum',)`` behind the last one, ``('row#3',)`` for a hidden row id, ``()`` for a table lock.  deleted: the record
    carries the delete mark."""

    session: str
    connection_id: int
    table: str
    index: str
    mode: str
    kind: str
    key: tuple[Any, ...]
    deleted: bool
    waiting: bool


def lock_infos(rows: Iterable[LockRow]) -> list[LockInfo]:
    """The rows of the engine's lock listing as values, in its order."""
    return [
        LockInfo(row.session, row.session_id, row.table, row.index or "", row.mode, row.kind or "table", _key(row),
                 row.delete_marked, row.waiting)
        for row in rows
    ]


def _key(row: LockRow) -> tuple[Any, ...]:
    if row.kind is None:
        return ()
    if row.key_values is None:
        return ("supremum",)
    return tuple(str(v) if type(v) is not int and isinstance(v, int) else v for v in row.key_values)
