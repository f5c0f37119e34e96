"""Values and types as MySQL writes them: `to_text` (CONCAT, the client), `sql_literal` (dumps), `type_text` (SHOW)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from minidb.types.sqltype import Family, SqlType
from minidb.types.temporal import span_micros

_SMALLEST_FIXED, _LARGEST_FIXED = -15, 14  # decimal exponents between which a float is written without one
_FLOAT_DIGITS = 6
_WIDTHS = {"tinyint": (4, 3), "smallint": (6, 5), "mediumint": (9, 8), "int": (11, 10), "bigint": (20, 20)}


def float_text(value: float) -> str:
    """A DOUBLE: the shortest digits that read back as the same value; 1e15 and above, and below 1e-15, with an exponent."""
    if value == 0:
        return "0"
    if value != value or value - value != 0:
        return "NULL"
    return _digits_text(Decimal(repr(value)))


def single_text(value: float) -> str:
    """A FLOAT: six significant digits."""
    if value == 0:
        return "0"
    return _digits_text(Decimal(f"{value:.{_FLOAT_DIGITS - 1}e}"))


def _digits_text(number: Decimal) -> str:
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)).rstrip("0")
    assert isinstance(exponent, int)
    point = exponent + len(digits)  # digits before the decimal point
    minus = "-" if sign else ""
    if not point > _SMALLEST_FIXED or (point - 1 > _LARGEST_FIXED and len(text) <= point):
        mantissa = text[0] + ("." + text[1:] if len(text) > 1 else "")
        return f"{minus}{mantissa}e{point - 1}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{text}"
    if len(text) <= point:
        return minus + text + "0" * (point - len(text))
    return f"{minus}{text[:point]}.{text[point:]}"


def time_text(span: timedelta, digits: int | None = None) -> str:
    """A TIME: [-]hhh:mm:ss with `digits` fractional digits (None: six if there are microseconds)."""
    total = span_micros(span)
    seconds, rest = divmod(abs(total), 1_000_000)
    text = f"{'-' if total < 0 else ''}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return text + _fraction(rest, digits)


def _fraction(microseconds: int, digits: int | None) -> str:
    if digits is None:
        digits = 6 if microseconds else 0
    return f".{microseconds:06d}"[: digits + 1] if digits else ""


def datetime_text(moment: datetime, digits: int | None = None) -> str:
    """A DATETIME: YYYY-MM-DD hh:mm:ss with `digits` fractional digits (None: six if there are microseconds)."""
    text = moment.isoformat(" ", "seconds") if moment.tzinfo is None else moment.replace(tzinfo=None).isoformat(" ", "seconds")
    return text + _fraction(moment.microsecond, digits)


def decimal_text(value: Decimal) -> str:
    """A DECIMAL: all its digits, never an exponent; no negative zero."""
    text = format(value, "f")
    return text[1:] if text[:1] == "-" and not value else text


def to_text(value: Any, t: SqlType | None = None) -> str | None:
    """`value` as MySQL prints a value of type `t` (None: by the Python type alone); None for NULL.  Bytes are read as UTF-8."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if value is None:
        return None
    if kind is int:
        return str(value) if t is None or not t.zerofill else _zero_filled(str(value), t)
    if kind is bool:
        return "1" if value else "0"
    if isinstance(value, Decimal):
        text = decimal_text(value)
        return _zero_filled(text, t) if t is not None and t.zerofill else text
    if isinstance(value, float):
        return _typed_float(value, t)
    if isinstance(value, datetime):
        return datetime_text(value, t.scale if t is not None and t.family is Family.DATETIME else None)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return time_text(value, t.scale if t is not None and t.family is Family.TIME else None)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "replace")
    return str(value)


def _zero_filled(text: str, t: SqlType) -> str:
    if t.family is Family.DECIMAL:
        width = (t.length or 10) + (2 if t.scale else 1)
    else:
        width = t.length or _WIDTHS.get(t.name, (0, 0))[1]
    return text.zfill(width)


def _typed_float(value: float, t: SqlType | None) -> str:
    if t is None or t.family is not Family.FLOAT:
        return float_text(value)
    if t.scale is not None:
        text = f"{value:.{t.scale}f}"
        text = text[1:] if text[:1] == "-" and not float(text) else text
    else:
        text = single_text(value) if t.name == "float" else float_text(value)
    return text.zfill(t.length or (12 if t.name == "float" else 22)) if t.zerofill else text


_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\0": "\\0", "\x1a": "\\Z"})


def quote(text: str) -> str:
    """`text` as a string literal."""
    return "'" + text.translate(_ESCAPES) + "'"


def sql_literal(value: Any) -> str:
    """`value` as SQL that reads back as it: NULL, numbers, quoted strings and dates, X'...' for bytes."""
    if value is None:
        return "NULL"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "X'" + bytes(value).hex().upper() + "'" if len(value) else "''"
    if isinstance(value, (int, Decimal)):
        return str(to_text(value))
    if isinstance(value, float):
        text = float_text(value)
        return text if "e" in text else text + "e0"
    return quote(str(to_text(value)))


def type_text(t: SqlType) -> str:
    """The type as SHOW CREATE TABLE and SHOW COLUMNS write it, without character set: 'int(11)', 'decimal(10,2) unsigned'."""
    return _base_text(t) + _sign_text(t)


def _sign_text(t: SqlType) -> str:
    if not t.is_numeric() or t.name in ("bit", "year"):
        return ""
    return (" unsigned" if t.unsigned else "") + (" zerofill" if t.zerofill else "")


def _base_text(t: SqlType) -> str:
    name = t.name
    if name in _WIDTHS:
        return f"{name}({t.length or _WIDTHS[name][t.unsigned]})"
    if name in ("decimal",):
        return f"decimal({t.length or 10},{t.scale or 0})"
    if name in ("float", "double"):
        return name if t.scale is None else f"{name}({t.length},{t.scale})"
    if name in ("enum", "set"):
        return f"{name}(" + ",".join("'" + m.replace("'", "''") + "'" for m in t.members) + ")"
    if name == "json":
        return "longtext"
    if t.is_temporal():
        return f"{name}({t.scale})" if t.scale else name
    if t.length is not None:
        return f"{name}({t.length})"
    return name
