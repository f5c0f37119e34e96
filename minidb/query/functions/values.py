"""Arguments as implementations want them, and run-time comparison of values of any two families."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from minidb.types import coerce, temporal
from minidb.types.collation import get_collation
from minidb.types.text import to_text

NUMBERS = (int, float, Decimal)


def text(value: Any) -> str:
    """A value that is not NULL as text; bytes are read as UTF-8."""
    return value if type(value) is str else str(to_text(value))


def text_or_bytes(value: Any) -> str | bytes:
    """Text, except that a binary string stays one."""
    return value if isinstance(value, (str, bytes)) else str(to_text(value))


def integer(value: Any) -> int:
    return value if type(value) is int else coerce.to_int(value)


def fraction_digits(text_: str) -> int:
    """Digits (at most six) after the point of a text that holds a time or a number."""
    _, point, fraction = text_.strip().rpartition(".")
    return min(6, len(fraction)) if point and fraction.isdigit() else 0


def fold(value: str, collation: str | None) -> str:
    """Text in the weights of a collation, character for character."""
    return get_collation(collation).fold(value)


def compare(a: Any, b: Any, collation: str | None = None) -> int:
    """-1, 0 or 1 for two values that are not NULL, by MySQL's rules for their families."""
    left, right = _common(a, b, collation)
    return int(left > right) - int(left < right)


def equal(a: Any, b: Any, collation: str | None = None) -> bool:
    """``a = b`` for two values that are not NULL."""
    left, right = _common(a, b, collation)
    return bool(left == right)


def _common(a: Any, b: Any, collation: str | None) -> tuple[Any, Any]:
    if isinstance(a, str) and isinstance(b, str):
        key = get_collation(collation).key
        return key(a), key(b)
    if isinstance(a, NUMBERS) and isinstance(b, NUMBERS):
        if isinstance(a, float) or isinstance(b, float):
            return float(a), float(b)
        return a, b
    moments = (datetime.date, datetime.timedelta)
    if isinstance(a, moments) or isinstance(b, moments):
        return _temporal_pair(a, b)
    if isinstance(a, NUMBERS) or isinstance(b, NUMBERS):
        return coerce.to_double(a), coerce.to_double(b)
    return coerce.to_bytes(a), coerce.to_bytes(b)


def _temporal_pair(a: Any, b: Any) -> tuple[Any, Any]:
    spans = [isinstance(v, datetime.timedelta) for v in (a, b)]
    dates = [isinstance(v, datetime.date) for v in (a, b)]
    if any(spans) and not any(dates):
        left, right = temporal.parse_time(a), temporal.parse_time(b)
        return left or datetime.timedelta(0), right or datetime.timedelta(0)
    if any(spans):
        return temporal.as_number(a), temporal.as_number(b)
    lowest = datetime.datetime.min  # where MySQL compares with the zero date
    return temporal.parse_datetime(a) or lowest, temporal.parse_datetime(b) or lowest
