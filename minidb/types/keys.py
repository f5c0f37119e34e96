"""Order keys: what index entries are made of, so that Python's ``<`` and ``==`` sort as MySQL does.

A collated string becomes its weight string, an ENUM its ordinal, a SET its bit mask, SQL NULL becomes `NULL`; every other value is
its own key.  `MAX` is above all keys and is used in range bounds only.  In a DESC part of an index each of these is wrapped in
`Descending`, which turns the order around; an ascending part pays nothing for that.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from minidb.types import temporal
from minidb.types.collation import get_collation
from minidb.types.sqltype import Family, SqlType


class _Lowest:
    """The key of SQL NULL: below every other key, equal to itself only (NULLs are neighbours in an index)."""

    __slots__ = ()

    def __lt__(self, other: object) -> bool:
        return other is not self

    def __le__(self, other: object) -> bool:
        return True

    def __gt__(self, other: object) -> bool:
        return False

    def __ge__(self, other: object) -> bool:
        return other is self

    def __repr__(self) -> str:
        return "NULL"

    def __reduce__(self) -> str:
        return "NULL"


class _Highest:
    """Above every key."""

    __slots__ = ()

    def __lt__(self, other: object) -> bool:
        return False

    def __le__(self, other: object) -> bool:
        return other is self

    def __gt__(self, other: object) -> bool:
        return other is not self

    def __ge__(self, other: object) -> bool:
        return True

    def __repr__(self) -> str:
        return "MAX"

    def __reduce__(self) -> str:
        return "MAX"


NULL = _Lowest()
MAX = _Highest()


class Descending:
    """The key part `key` of a DESC index part: sorts against its like in the opposite direction, below `MAX` as all keys do.
    ``NULL in key`` holds for a NULL in a descending part too."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Descending):
            return bool(self.key == other.key)
        return other is NULL and self.key is NULL

    def __hash__(self) -> int:
        return hash(self.key)

    def __lt__(self, other: Any) -> bool:
        return bool(other.key < self.key) if isinstance(other, Descending) else other is MAX

    def __le__(self, other: Any) -> bool:
        return bool(other.key <= self.key) if isinstance(other, Descending) else other is MAX

    def __gt__(self, other: Any) -> bool:
        return bool(other.key > self.key) if isinstance(other, Descending) else other is not MAX

    def __ge__(self, other: Any) -> bool:
        return bool(other.key >= self.key) if isinstance(other, Descending) else other is not MAX

    def __repr__(self) -> str:
        return f"{self.key!r} DESC"

KeyFunction = Callable[[Any], Any]
_functions: dict[SqlType, KeyFunction | None] = {}


class NotSargable(Exception):
    """A comparison must not use the index: the column's order is not the order in which the comparison is done."""


def key_function(t: SqlType) -> KeyFunction | None:
    """Function from a raw value (not None) of a column of type `t` to its key part; None where the value is its own key."""
    try:
        return _functions[t]
    except KeyError:
        made = _functions[t] = _make(t)
        return made


def _make(t: SqlType) -> KeyFunction | None:
    if t.family is not Family.STRING:
        return None
    if t.name == "enum":
        return {member: i for i, member in enumerate(("", *t.members))}.__getitem__
    if t.name == "set":
        return set_mask(t)
    return get_collation(t.collation).key


def set_mask(t: SqlType) -> Callable[[str], int]:
    """Function from a SET value ('a,c') to its bit mask."""
    bits = {member: 1 << i for i, member in enumerate(t.members)}

    def mask(value: str) -> int:
        return sum(bits[member] for member in value.split(",")) if value else 0

    return mask


def order_key(value: Any, t: SqlType) -> Any:
    """The key part of a column value, NULL included."""
    if value is None:
        return NULL
    make = key_function(t)
    return value if make is None else make(value)


def part_key(value: Any, t: SqlType, descending: bool) -> Any:
    """The key part of a column value in an index part of either direction."""
    return Descending(order_key(value, t)) if descending else order_key(value, t)


def bare_key(part: Any) -> Any:
    """The key part without the mark of a descending index part."""
    return part.key if isinstance(part, Descending) else part


def prefix_value(value: Any, t: SqlType, n: int) -> Any:
    """The key part of the first `n` characters (bytes for binary types) of a column value."""
    return NULL if value is None else order_key(value[:n], t)


def comparable(value: Any, t: SqlType) -> tuple[Any, bool]:
    """Key to look for when a column of type `t` is compared with `value`, and whether it *is* the value.

    (key, True): compare with key.  (key, False): the value lies strictly between `key` and the next possible key, so nothing
    equals it, ``col < value`` is ``col <= key`` and ``col >= value`` is ``col > key``.  Raises NotSargable where an index on the
    column cannot serve the comparison.  ENUM and SET with a string: good for equality only, since MySQL's < on them is by text.
    """
    if value is None:
        return NULL, True
    if t.is_numeric():
        return _number_key(value, t), True
    if t.family is Family.STRING:
        return _string_key(value, t), True
    if t.family is Family.BYTES:
        if isinstance(value, (str, bytes)):
            return (value.encode() if isinstance(value, str) else value), True
        raise NotSargable
    return _temporal_key(value, t)


def _number_key(value: Any, t: SqlType) -> Any:
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, str):
        value = temporal.leading_number(value)
    elif isinstance(value, bytes):
        raise NotSargable
    elif isinstance(value, (datetime.date, datetime.timedelta)):
        value = temporal.as_number(value)
    if isinstance(value, float) and math.isnan(value):
        raise NotSargable
    if t.family is Family.DECIMAL and isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else value
    if t.family is Family.FLOAT:
        if t.name == "float":
            raise NotSargable  # single precision: FLOAT 0.1 is not the DOUBLE 0.1
        return float(value)
    return value


def _string_key(value: Any, t: SqlType) -> Any:
    if t.name in ("enum", "set"):
        return _member_key(value, t)
    if isinstance(value, str):
        return get_collation(t.collation).key(value)
    if isinstance(value, bytes) and get_collation(t.collation).binary:
        try:
            return get_collation(t.collation).key(value.decode())
        except UnicodeDecodeError:
            raise NotSargable from None
    raise NotSargable


def _member_key(value: Any, t: SqlType) -> int:
    if isinstance(value, (int, float, Decimal)):
        return int(value) if value == int(value) else _not_sargable()
    if not isinstance(value, str):
        raise NotSargable
    fold = get_collation(t.collation).key
    ordinals = {fold(member): i for i, member in enumerate(t.members)}
    wanted = [fold(value)] if t.name == "enum" else [fold(part) for part in value.split(",") if part]
    if any(w not in ordinals for w in wanted):
        raise NotSargable
    if t.name == "enum":
        return ordinals[wanted[0]] + 1
    return sum({1 << ordinals[w] for w in wanted})


def _not_sargable() -> int:
    raise NotSargable


def _temporal_key(value: Any, t: SqlType) -> tuple[Any, bool]:
    if t.family is Family.TIME:
        if isinstance(value, datetime.date):
            raise NotSargable
        span = temporal.parse_time(value)
        if span is None:
            raise NotSargable
        return span, True
    if isinstance(value, datetime.timedelta):
        raise NotSargable
    moment = temporal.parse_datetime(value)
    if moment is None:
        raise NotSargable
    if t.family is Family.DATETIME:
        return moment, True
    day = moment.date()
    return day, moment == datetime.datetime(day.year, day.month, day.day)
