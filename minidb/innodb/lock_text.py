"""Lock rows in words, as scenario records, messages and SHOW ENGINE INNODB STATUS print them."""

from __future__ import annotations

from typing import Any

from minidb.innodb.lock_modes import SUPREMUM, TABLE_MODE_NAMES, kind_name, mode_name
from minidb.innodb.lock_objects import IndexLocks, Key, Request, RowNumber, TableLocks


def value(item: Any) -> str:
    """One value of an index entry: NULL, a bare number, anything else in quotes."""
    if item is None:
        return "NULL"
    if isinstance(item, str):
        return "'" + item + "'"
    if isinstance(item, bytes):
        return "'" + item.decode("latin-1") + "'"
    if isinstance(item, RowNumber | int | float):
        return repr(item)
    return f"{item}" if type(item).__name__ == "Decimal" else f"'{item}'"


def key_text(index: IndexLocks, key: Key) -> str:
    """A record's place: ``supremum`` or the whole entry in brackets, with ``delete-marked`` behind it where it is."""
    if key is SUPREMUM:
        return "supremum"
    values, marked = index.describe(key)
    return "(" + ", ".join(map(value, values)) + (") delete-marked" if marked else ")")


def record(index: IndexLocks, key: Key, flags: int) -> str:
    """``t.PRIMARY X next-key (10)``."""
    return f"{index.table.name}.{index.name} {mode_name(flags)} {kind_name(flags)} {key_text(index, key)}"


def table(place: TableLocks, mode: int) -> str:
    """``t IX``."""
    return f"{place.name} {TABLE_MODE_NAMES[mode]}"


def request(waiting: Request) -> str:
    """The lock that a request asks for."""
    place = waiting.place
    return table(place, waiting.flags) if isinstance(place, TableLocks) else record(place, waiting.key, waiting.flags)
