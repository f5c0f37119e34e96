"""CAST(x AS type) and CONVERT(x, type): never errors, only warnings and NULL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from minidb.types import coerce, temporal
from minidb.types.coerce import EXACT, Warn, round_half_away
from minidb.types.sqltype import Family, SqlType
from minidb.types.store_numbers import MAX_FLOAT, to_single

Cast = Callable[[Any, Warn], Any]
_TWO64 = 1 << 64
_MIN64, _MAX64, _MAX_U64 = -(1 << 63), (1 << 63) - 1, _TWO64 - 1
# the server's own words, apostrophes included
_SIGN_NOTE = "Cast to unsigned converted negative integer to it's positive complement"
_WRAP_NOTE = "Cast to signed converted positive out-of-range integer to it's negative complement"


def cast_function(t: SqlType) -> Cast:
    """Function (value, warn) -> the value as `t`, a type made by `parse.cast_type`; None stays None."""
    make = _MAKERS.get(t.family, _cast_text)
    convert = make(t)

    def cast(value: Any, warn: Warn) -> Any:
        return None if value is None else convert(value, warn)

    return cast


def _cast_int(t: SqlType) -> Cast:
    if t.name == "year":
        return _cast_year(t)
    return _cast_unsigned if t.unsigned else _cast_signed


def _overflow(value: Any, target: str, warn: Warn) -> None:
    """A number beyond 64 bits: DECIMALs warn, DOUBLEs note."""
    if isinstance(value, float):
        kind = "SIGNED BIGINT" if target == "INT" else "UNSIGNED BIGINT"
        warn("Note", 1916, f"Got overflow when converting '{coerce.to_text(value)}' to {kind}. Value truncated")
    else:
        warn("Warning", 1916, f"Got overflow when converting '{coerce.to_text(value)}' to {target}. Value truncated")


def _cast_signed(value: Any, warn: Warn) -> int:
    number = coerce.to_int(value, warn)
    if _MIN64 <= number <= _MAX64:
        return number
    if isinstance(value, (str, bytes)):
        if number > _MAX_U64 or number < _MIN64:
            coerce.truncated(warn, "INTEGER", value)
            return -1 if number > 0 else _MIN64
        warn("Note", 1105, _WRAP_NOTE)
        return number - _TWO64
    if isinstance(value, int) and _MAX64 < number <= _MAX_U64:
        return number - _TWO64
    _overflow(value, "INT", warn)
    return _MAX64 if number > 0 else _MIN64


def _cast_unsigned(value: Any, warn: Warn) -> int:
    number = coerce.to_int(value, warn)
    if 0 <= number <= _MAX_U64:
        return number
    if isinstance(value, (str, bytes)):
        if number > _MAX_U64 or number < _MIN64:
            coerce.truncated(warn, "INTEGER", value)
            return _MAX_U64 if number > 0 else _MIN64 + _TWO64
    elif not isinstance(value, int) or number > _MAX_U64 or number < _MIN64:
        _overflow(value, "UNSIGNED INT", warn)
        return _MAX_U64 if number > 0 else 0
    warn("Note", 1105, _SIGN_NOTE)
    return number + _TWO64


def _cast_year(t: SqlType) -> Cast:
    def convert(value: Any, warn: Warn) -> int | None:
        if isinstance(value, date):
            return value.year
        number = coerce.to_int(value, warn)
        short = number < 100
        year = temporal.full_year(number, 2) if short and (number or isinstance(value, str)) else number
        if year == 0 or 1901 <= year <= 2155:
            return year
        coerce.truncated(warn, "YEAR", value)
        return None

    return convert


def _cast_decimal(t: SqlType) -> Cast:
    precision, scale = t.length or 10, t.scale or 0
    high = Decimal(10**precision - 1).scaleb(-scale, context=EXACT)
    limit = 10 ** (precision - scale)

    def convert(value: Any, warn: Warn) -> Decimal:
        number = coerce.to_decimal(value, warn)
        if number.is_finite() and number.adjusted() < 100:
            rounded = round_half_away(number, scale)
            if abs(rounded) < limit and not (t.unsigned and rounded < 0):
                return rounded if rounded else abs(rounded)
        warn("Warning", 1264, f"Out of range value for column '{coerce.to_text(value)}' at row 1")
        if number < 0 and t.unsigned:
            return Decimal(0).scaleb(-scale)
        return high if number > 0 else -high

    return convert


def _cast_float(t: SqlType) -> Cast:
    def convert(value: Any, warn: Warn) -> float:
        number = coerce.to_double(value, warn)
        if t.name == "float":
            return to_single(max(-MAX_FLOAT, min(MAX_FLOAT, number)))
        return number if t.scale is None else round(number * 10.0**t.scale) / 10.0**t.scale

    return convert


def _cast_text(t: SqlType) -> Cast:
    limit = t.length if t.name in ("char", "varchar") else None

    def convert(value: Any, warn: Warn) -> str:
        if isinstance(value, bytes):
            text = _decoded(value, warn)
        else:
            text = coerce.to_text(value)
        if limit is not None and len(text) > limit:
            coerce.truncated(warn, f"CHAR({limit})", text)
            return text[:limit]
        return text

    return convert


def _decoded(value: bytes, warn: Warn) -> str:
    """Bytes as text; with warning 1300 and '?' for what is no UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        shown = "".join(f"\\x{byte:02X}" for byte in value[error.start : error.start + 6])
        warn("Warning", 1300, f"Invalid utf8mb4 character string: '{shown}'")
        return value.decode("utf-8", "replace").replace("\ufffd", "?")


def _cast_bytes(t: SqlType) -> Cast:
    limit = t.length if t.name in ("binary", "varbinary") else None

    def convert(value: Any, warn: Warn) -> bytes:
        data = coerce.to_bytes(value)
        if limit is None:
            return data
        if len(data) > limit:
            coerce.truncated(warn, f"BINARY({limit})", value)
        return data[:limit].ljust(limit, b"\0")

    return convert


def _cast_date(t: SqlType) -> Cast:
    return coerce.to_date


def _cast_datetime(t: SqlType) -> Cast:
    digits = t.scale or 0

    def convert(value: Any, warn: Warn) -> datetime | None:
        moment = coerce.to_datetime(value, warn)
        if moment is not None and moment.microsecond and digits < 6:
            return moment.replace(microsecond=temporal.cut_fraction(moment.microsecond, digits))
        return moment

    return convert


def _cast_time(t: SqlType) -> Cast:
    digits = t.scale or 0

    def convert(value: Any, warn: Warn) -> timedelta | None:
        span = coerce.to_time(value, warn)
        if span is None or not span.microseconds or digits == 6:
            return span
        total = temporal.span_micros(span)
        cut = temporal.cut_fraction(abs(total), digits)
        return timedelta(microseconds=cut if total >= 0 else -cut)

    return convert


_MAKERS: dict[Family, Callable[[SqlType], Cast]] = {
    Family.INT: _cast_int, Family.DECIMAL: _cast_decimal, Family.FLOAT: _cast_float, Family.BYTES: _cast_bytes,
    Family.DATE: _cast_date, Family.DATETIME: _cast_datetime, Family.TIME: _cast_time,
}
