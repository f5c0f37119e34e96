"""Coercions of values at run time: what '12abc', a DATE or a FALSE is worth where a number, a text or a moment is wanted.

Every function takes a value that is not NULL, unless it says otherwise.  `warn(level, code, message)` receives MySQL's warnings;
without it they are dropped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from minidb.types import temporal
from minidb.types.temporal import is_number, leading_number
from minidb.types.text import to_text as text_of

Warn = Callable[[str, int, str], None]
Number = int | Decimal | float

# the calling program's own decimal context must not change SQL results
EXACT = Context(prec=130, rounding=ROUND_HALF_UP, Emax=999_999, Emin=-999_999)
_ONE = Decimal(1)
_BLANKS = tuple(" \t\n\r\x0b\x0c")
_LEADING_DIGITS = re.compile(r"[+-]?[0-9]+")
MAX_DOUBLE = 1.7976931348623157e308


def truncated(warn: Warn | None, kind: str, value: Any, level: str = "Warning") -> None:
    """Warning 1292: only the beginning of `value` could be read as `kind`."""
    if warn is not None:
        warn(level, 1292, f"Truncated incorrect {kind} value: '{text_of(value)}'")


def incorrect(warn: Warn | None, kind: str, value: Any, column: str = "") -> None:
    """Warning 1292: `value` is no `kind` at all.  column: the full name of the column it stands in."""
    if warn is not None:
        place = f" for column {column} at row 1" if column else ""
        warn("Warning", 1292, f"Incorrect {kind} value: '{text_of(value)}'{place}")


def to_double(value: Any, warn: Warn | None = None) -> float:
    """`value` as DOUBLE; text is read as far as it is a number."""
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            return MAX_DOUBLE if value > 0 else -MAX_DOUBLE
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, (str, bytes)):
        return _text_to_double(value if isinstance(value, str) else value.decode("latin-1"), warn)
    return float(temporal.as_number(value))


def _text_to_double(text: str, warn: Warn | None) -> float:
    try:
        if text.isascii() and "_" not in text:
            number = float(text)
            if math.isfinite(number):
                return number
    except ValueError:
        pass
    if not is_number(text):
        truncated(warn, "DOUBLE", text)
    number = float(leading_number(text))
    if math.isinf(number):
        truncated(warn, "DOUBLE", text)
        return MAX_DOUBLE if number > 0 else -MAX_DOUBLE
    return number


def to_number(value: Any, warn: Warn | None = None) -> Number:
    """`value` as a number: numbers as they are, text as DOUBLE, dates and times as the number they spell."""
    if isinstance(value, (int, Decimal, float)):
        return int(value) if value is True or value is False else value
    if isinstance(value, (str, bytes)):
        return to_double(value, warn)
    return temporal.as_number(value)


def round_half_away(number: Decimal, digits: int = 0) -> Decimal:
    """`number` rounded to `digits` decimals, halves away from zero."""
    return number.quantize(_ONE.scaleb(-digits), context=EXACT)


def float_to_int(number: float) -> int:
    """A DOUBLE as integer: halves to even, as rint() does; infinite values become the limits of BIGINT."""
    if number != number:
        return 0
    if math.isinf(number):
        return 2**63 - 1 if number > 0 else -(2**63)
    return round(number)


def to_int(value: Any, warn: Warn | None = None) -> int:
    """`value` as integer: DECIMAL rounds halves away from zero, DOUBLE halves to even, text is cut at its first non-digit,
    fractions of a second are dropped."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Decimal):
        return int(round_half_away(value))
    if isinstance(value, float):
        return float_to_int(value)
    if isinstance(value, (str, bytes)):
        text = value if isinstance(value, str) else value.decode("latin-1")
        return _text_to_int(text, warn)
    return int(temporal.as_number(value))


def _text_to_int(text: str, warn: Warn | None) -> int:
    stripped = text.strip(" \t\n\r\x0b\x0c")
    digits = stripped[1:] if stripped[:1] in ("-", "+") else stripped
    if digits.isascii() and digits.isdigit():
        if text[-1:] in _BLANKS:
            truncated(warn, "INTEGER", text, "Note")
        return int(stripped)
    truncated(warn, "INTEGER", text)
    found = _LEADING_DIGITS.match(stripped)
    return 0 if found is None else int(found[0])


def to_decimal(value: Any, warn: Warn | None = None) -> Decimal:
    """`value` as DECIMAL with as many decimals as it shows."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int):
        return Decimal(int(value))
    if isinstance(value, float):
        return plain(Decimal(repr(value))) if math.isfinite(value) else Decimal(0)
    if isinstance(value, (str, bytes)):
        text = value if isinstance(value, str) else value.decode("latin-1")
        if not is_number(text):
            truncated(warn, "DECIMAL", text)
        elif text[-1:] in _BLANKS:
            truncated(warn, "DECIMAL", text, "Note")
        number = leading_number(text)
        return plain(Decimal(repr(number) if isinstance(number, float) else number))
    return Decimal(temporal.as_number(value))


def plain(number: Decimal) -> Decimal:
    """`number` without a positive exponent (1E+2 -> 100)."""
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent > 0:
        return number.quantize(_ONE, context=EXACT) if number.adjusted() < EXACT.prec else Decimal("9" * 65)
    return number


def to_text(value: Any) -> str:
    """`value` as text; bytes are read as UTF-8."""
    text = text_of(value)
    return "" if text is None else text


def negated(value: Any) -> Any:
    """The number with the other sign, all of its digits kept (the operator of Python rounds DECIMALs to 28)."""
    return EXACT.minus(value) if isinstance(value, Decimal) else -value


def to_bytes(value: Any) -> bytes:
    """`value` as a binary string.  Text read from a script carries bytes that are no UTF-8 as surrogates (PEP 383)."""
    if isinstance(value, bytes):
        return value
    text = to_text(value)
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a pair of surrogates
        return text.encode("utf-8", "replace")


def is_true(value: Any, warn: Warn | None = None) -> bool | None:
    """The truth of a value in WHERE, IF, AND, OR: NULL is unknown (None), 0 is false, text counts by its number."""
    if value is None:
        return None
    if isinstance(value, (int, float, Decimal)):
        return bool(value)
    return (to_decimal(value, warn) if isinstance(value, (str, bytes)) else to_number(value)) != 0


def to_datetime(value: Any, warn: Warn | None = None, kind: str = "datetime") -> datetime | None:
    """`value` as a moment; None with warning 1292 if it is no valid date.  `kind` is what a warning of text behind it speaks of."""
    moment = temporal.parse_datetime(value)
    if moment is None and value is not None:
        incorrect(warn, "datetime", value)
    elif isinstance(value, str) and warn is not None:
        _warn_rest(value, temporal.read_datetime(value), kind, warn)
    return moment


def _warn_rest(text: str, found: tuple[Any, bool] | None, kind: str, warn: Warn) -> None:
    if found is not None and not found[1]:
        truncated(warn, kind, text)


def to_date(value: Any, warn: Warn | None = None) -> date | None:
    """`value` as a day; None with warning 1292 if it is no valid date."""
    if type(value) is date:
        return value
    moment = to_datetime(value, warn, "date")
    return None if moment is None else moment.date()


def to_time(value: Any, warn: Warn | None = None) -> timedelta | None:
    """`value` as a span of time, clipped to TIME's range with a warning; None with warning 1292 if it is none."""
    if isinstance(value, str):
        found = temporal.read_time(value)
        if found is None:
            incorrect(warn, "time", value)
            return None
        if not found[1] or temporal.clip_time(found[0]) != found[0]:
            truncated(warn, "time", value)
        return temporal.clip_time(found[0])
    span = temporal.parse_time(value)
    if span is None and value is not None:
        incorrect(warn, "time", value)
    return span
