"""Long values off the page: a record too long for half a page keeps `ExternalValue` references to its longest columns.

A version owns the values it refers to; versions of one row may share a reference.  A value is freed when the last version that
refers to it goes: with the purge of the change that dropped it, with the row's removal, or with the rollback of the change that
made it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minidb.engine import Row
from minidb.errors import SqlError
from minidb.innodb.layout import TAIL
from minidb.storage import lob
from minidb.storage.btree import MAX_RECORD
from minidb.storage.mtr import Mtr
from minidb.storage.space import Tablespace
from minidb.types.lob_ref import ExternalValue

TOO_MUCH = "The size of BLOB/TEXT data inserted in one row is greater than a fifth of the redo log; make the log larger"
LONG = 200  # bytes: shorter values stay in the record
LIMIT = MAX_RECORD - 64


def resolve(space: Tablespace, row: Row) -> Row:
    """`row` with every off-page value read in."""
    if not any(type(v) is ExternalValue for v in row):
        return row
    return tuple(_read(space, v) if type(v) is ExternalValue else v for v in row)


def _read(space: Tablespace, reference: ExternalValue) -> str | bytes:
    data = lob.load(space, reference.page, reference.length)
    return data.decode() if reference.is_text else data


def references(row: Row) -> list[ExternalValue]:
    """The off-page values that `row` refers to."""
    return [v for v in row if type(v) is ExternalValue]


def shorten(
    mtr: Mtr, space: Tablespace, row: Row, size: int, keep: frozenset[int], old: Row | None, old_resolved: Row | None
) -> Row:
    """`row` (of `size` bytes, too long) with its longest values moved off page, until it fits.

    keep: columns that must stay (the clustered key).  old, old_resolved: the version before, as stored and as read; a value that
    did not change keeps its reference.  Raises 1118 if moving all long values does not help."""
    values = list(row)
    lengths = [
        (len(v.encode()) if isinstance(v, str) else len(v), i)
        for i, v in enumerate(row[:-TAIL])
        if isinstance(v, (str, bytes)) and i not in keep
    ]
    room = value_room(mtr)
    for length, i in sorted(lengths, reverse=True):
        if size <= LIMIT:
            break
        if length < LONG:
            break
        value = values[i]
        if old is not None and old_resolved is not None and type(old[i]) is ExternalValue and old_resolved[i] == value:
            values[i] = old[i]
        else:
            data = value.encode() if isinstance(value, str) else value
            room -= len(data)
            if room < 0:
                _give_back(mtr, space, values, old)
                raise SqlError.text(1118, TOO_MUCH)
            values[i] = ExternalValue(lob.store(mtr, space, data), len(data), isinstance(value, str))
        size -= length - 13
    if size > LIMIT:
        _give_back(mtr, space, values, old)
        raise SqlError.of(1118, MAX_RECORD)
    return tuple(values)


def value_room(mtr: Mtr) -> int:
    """Bytes of off-page values that one change may store: a fifth of the redo log, for the change is one unit there."""
    writer = mtr.pool.writer
    return 1 << 62 if writer is None else writer.redo.value_limit


def _give_back(mtr: Mtr, space: Tablespace, values: list[Any], old: Row | None) -> None:
    """Free what was stored for a row that does not fit after all."""
    for reference in set(references(tuple(values))) - set(references(old or ())):
        lob.free(mtr, space, reference.page)


def free(mtr: Mtr, space: Tablespace, values: Iterable[ExternalValue]) -> None:
    """Give the pages of off-page values back."""
    for reference in values:
        lob.free(mtr, space, reference.page)
