"""Storing into numeric columns: integers, DECIMAL, FLOAT and DOUBLE, YEAR, BIT.  Each `..._storer` returns (value, context) ->
stored value for values that are not NULL."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from minidb.types import temporal
from minidb.types.coerce import EXACT, MAX_DOUBLE, float_to_int, round_half_away
from minidb.types.sqltype import SqlType
from minidb.types.store_context import StoreContext
from minidb.types.text import to_text

Storer = Callable[[Any, StoreContext], Any]

_BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64, "bit": 64}
MAX_FLOAT = 3.4028234663852886e38
_SINGLE = struct.Struct("<f")
_BEYOND = 10**30
_BLANKS = " \t\n\r\x0b\x0c"


def int_range(t: SqlType) -> tuple[int, int]:
    """Smallest and largest value of an integer type."""
    if t.name == "bit":
        return 0, (1 << (t.length or 1)) - 1
    bits = _BITS.get(t.name, 64)
    return (0, (1 << bits) - 1) if t.unsigned else (-(1 << bits - 1), (1 << bits - 1) - 1)


def _read_number(text: str, kind: str, ctx: StoreContext) -> int | Decimal | float:
    """The number at the beginning of `text`; rejects text without one (1366) or with more than blanks behind it (1265)."""
    end = temporal.number_end(text)
    rest = text[end:]
    if not end:
        ctx.reject_value(1366, kind, text)
    elif rest.strip(_BLANKS):
        ctx.reject(1265)
    elif rest:
        ctx.note_truncated()
    return temporal.leading_number(text)


def _plain_number(value: Any, kind: str, ctx: StoreContext) -> int | Decimal | float:
    if isinstance(value, (int, float, Decimal)):
        return int(value) if isinstance(value, bool) else value
    if isinstance(value, (str, bytes)):
        return _read_number(str(to_text(value)), kind, ctx)
    return temporal.as_number(value)


def _whole(number: int | Decimal | float) -> int:
    """`number` rounded to an integer; what is no number or beyond every integer type comes out beyond them all."""
    if isinstance(number, int):
        return number
    if not -_BEYOND < number < _BEYOND:
        return _BEYOND if number > 0 else -_BEYOND
    return float_to_int(number) if isinstance(number, float) else int(round_half_away(number))


def int_storer(t: SqlType) -> Storer:
    """TINYINT ... BIGINT: rounds, 1264 beyond the range, 1366 for text that is no number, 1265 for text that only begins so."""
    low, high = int_range(t)

    def store(value: Any, ctx: StoreContext) -> int:
        if isinstance(value, (date, timedelta)):
            number = int(temporal.as_number(value))
        elif low == 0 and isinstance(value, Decimal) and value < 0:
            number = -1  # even where it would round to 0
        else:
            number = _whole(_plain_number(value, "integer", ctx))
        if low <= number <= high:
            return number
        ctx.reject(1264)
        return high if number > high else low

    return store


def year_storer(t: SqlType) -> Storer:
    """YEAR: 1901-2155 and 0; 1-69 and '0'-'69' are 2000-2069, 70-99 are 1970-1999; 1264 otherwise."""

    def store(value: Any, ctx: StoreContext) -> int:
        if isinstance(value, date):
            ctx.reject_value(1292, "date", str(to_text(value)), 1265)
            return value.year
        year = _whole(_plain_number(value, "integer", ctx))
        short = isinstance(value, str) and len(value.strip(_BLANKS)) < 4
        if 0 < year < 100 or (year == 0 and short and value.strip(_BLANKS)[:1] == "0"):
            return temporal.full_year(year, 2)
        if year == 0 or 1901 <= year <= 2155:
            return year
        ctx.reject(1264)
        return 0

    return store


def bit_storer(t: SqlType) -> Storer:
    """BIT(n): numbers, or bytes and text read as a big-endian number; 1406 if more than n bits are needed."""
    _, high = int_range(t)

    def store(value: Any, ctx: StoreContext) -> int:
        if isinstance(value, str):
            value = value.encode()
        if isinstance(value, bytes):
            number = int.from_bytes(value, "big")
        else:
            number = _whole(_plain_number(value, "integer", ctx))
            if -(2**63) <= number < 0:
                number += 2**64
        if 0 <= number <= high:
            return number
        ctx.reject(1406, 1264)
        return high

    return store


def decimal_storer(t: SqlType) -> Storer:
    """DECIMAL(p,s): rounded to s digits, halves away from zero, with note 1265 if digits were lost; 1264 beyond the range."""
    precision, scale = t.length or 10, t.scale or 0
    unit = Decimal(1).scaleb(-scale)
    high = Decimal(10**precision - 1).scaleb(-scale, context=EXACT)
    low = Decimal(0).quantize(unit) if t.unsigned else -high

    def store(value: Any, ctx: StoreContext) -> Decimal:
        raw = _plain_number(value, "decimal", ctx)
        number = _exact(raw)
        if not number.is_finite() or number.adjusted() > 100:
            ctx.reject(1264)
            return low if number.is_nan() or number < 0 else high
        rounded = number.quantize(unit, context=EXACT)
        if low <= rounded <= high and not (t.unsigned and number < 0):
            if rounded != number:
                ctx.note_truncated()
            return rounded if rounded else abs(rounded)
        ctx.reject(1264)
        return high if number > 0 else low

    return store


def _exact(number: int | Decimal | float) -> Decimal:
    if isinstance(number, float):
        if not math.isfinite(number):
            return Decimal("1e999") if number > 0 else Decimal("-1e999")
        return Decimal(repr(number))
    return Decimal(number)


def to_single(number: float) -> float:
    """`number` rounded to single precision."""
    result: float = _SINGLE.unpack(_SINGLE.pack(number))[0]
    return result


def float_storer(t: SqlType) -> Storer:
    """FLOAT and DOUBLE: 1264 beyond the range; FLOAT(m,d) and DOUBLE(m,d) round to d digits."""
    single = t.name == "float"
    limit = MAX_FLOAT if single else MAX_DOUBLE
    digits = t.scale
    if digits is not None and t.length is not None:
        limit = min(limit, float(f"{10 ** (t.length - digits) - 10.0 ** -digits:.{digits}f}"))
    low = 0.0 if t.unsigned else -limit
    factor = 10.0 ** (digits or 0)

    def store(value: Any, ctx: StoreContext) -> float:
        raw = _plain_number(value, "double", ctx)
        try:
            number = float(raw)
        except OverflowError:
            number = math.inf if raw > 0 else -math.inf
        if digits is not None and abs(number) < 1e15:
            number = round(number * factor) / factor
        if low <= number <= limit:
            return (to_single(number) if single else number) or 0.0
        ctx.reject(1264)
        clipped = limit if number > limit else low
        return to_single(clipped) if single else clipped

    return store
