"""Storing into DATE, DATETIME, TIMESTAMP and TIME columns.  Each `..._storer` returns (value, context) -> stored value for values
that are not NULL; None stands for the zero date, which is not held here (see temporal.py)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from minidb.errors import SqlError
from minidb.types import temporal
from minidb.types.sqltype import SqlType
from minidb.types.store_context import StoreContext
from minidb.types.text import to_text

Storer = Callable[[Any, StoreContext], Any]

FIRST_TIMESTAMP = datetime(1970, 1, 1, 0, 0, 1)
LAST_TIMESTAMP = datetime(2038, 1, 19, 3, 14, 7, 999999)
_LARGEST_NUMBER = 99_991_231_235_959


def _moment(value: Any, kind: str, ctx: StoreContext) -> datetime | None:
    """`value` as a moment; rejects with 1292 what is none, or what has text behind it."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, timedelta) or (isinstance(value, time) and not isinstance(value, date)):
        found = None  # MySQL adds today's date; there is no clock at this level
    elif isinstance(value, str):
        read = temporal.read_datetime(value)
        if read is not None and not read[1]:
            ctx.reject_value(1292, kind, value, 1265)
        found = None if read is None else read[0]
        if found is not None and _has_long_fraction(value):
            ctx.note_truncated()
    else:
        found = temporal.parse_datetime(value) if not _too_large(value) else None
        if isinstance(value, Decimal) and found is not None and value < 100_000_000 and value % 1:
            ctx.note_truncated()
    if found is None:
        ctx.reject_value(1292, kind, str(to_text(value)), 1265)
    return found.replace(tzinfo=None) if found is not None and found.tzinfo is not None else found


def _too_large(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not 0 <= value <= _LARGEST_NUMBER + 1


def _has_long_fraction(text: str) -> bool:
    _, point, fraction = text.rpartition(".")
    return bool(point) and len(fraction) > 6 and fraction[:7].isdigit()


def date_storer(t: SqlType) -> Storer:
    """DATE: the day of whatever is a date or moment, note 1265 if a time of day was cut off; 1292 otherwise."""

    def store(value: Any, ctx: StoreContext) -> date | None:
        if type(value) is date:
            return value
        moment = _moment(value, "date", ctx)
        if moment is None:
            return None
        if temporal.clock_of(moment):
            ctx.note_truncated()
        return moment.date()

    return store


def datetime_storer(t: SqlType) -> Storer:
    """DATETIME(n) and TIMESTAMP(n): 1292 for what is no moment (TIMESTAMP: or before 1970 or after 2038); digits of the second
    beyond n are cut off, as MariaDB does."""
    digits = t.scale or 0
    stamp = t.name == "timestamp"

    def store(value: Any, ctx: StoreContext) -> datetime | None:
        moment = _moment(value, "datetime", ctx)
        if moment is None:
            return None
        if stamp and not FIRST_TIMESTAMP <= moment <= LAST_TIMESTAMP:
            ctx.reject_value(1292, "datetime", str(to_text(value)), 1264)
            return None
        if moment.microsecond and digits < 6:
            moment = moment.replace(microsecond=temporal.cut_fraction(moment.microsecond, digits))
        return moment

    return store


def time_storer(t: SqlType) -> Storer:
    """TIME(n): 1292 for what is no time or beyond 838:59:59; note 1265 if a date was cut off."""
    digits = t.scale or 0

    def store(value: Any, ctx: StoreContext) -> timedelta | None:
        span = _span(value, ctx)
        if span is None:
            return timedelta(0)
        clipped = temporal.clip_time(span)
        if clipped != span:
            ctx.reject_value(1292, "time", str(to_text(value)), 1264)
        micros = temporal.span_micros(clipped)
        cut = temporal.cut_fraction(abs(micros), digits)
        return timedelta(microseconds=cut if micros >= 0 else -cut)

    return store


def _span(value: Any, ctx: StoreContext) -> timedelta | None:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        read = temporal.read_time(value)
        if read is not None:
            if not read[1]:
                ctx.reject_value(1292, "time", value, 1265)
            elif temporal.holds_date(value):
                ctx.note_truncated()
            return read[0]
    elif isinstance(value, date):
        ctx.note_truncated()
        return temporal.parse_time(value)
    else:
        span = temporal.number_to_time(value) if isinstance(value, (int, float, Decimal)) else temporal.parse_time(value)
        if span is not None:
            return span
    ctx.reject_value(1292, "time", str(to_text(value)), 1265)
    return None


def refuse_zero_date(value: Any, t: SqlType, ctx: StoreContext) -> None:
    """A NOT NULL column would get the zero date: 1292, whatever the mode, since it cannot be held."""
    kind = "date" if t.name == "date" else "datetime"
    raise SqlError.of(1292, kind, to_text(value), *ctx.table, ctx.column, ctx.row)
