"""Reading dates and times: MySQL's relaxed formats as text or number, and back to the numbers they stand for.

Text may be '2020-1-2', '20-1-2', '2020.01.02 3:4:5.6', '2020-01-02T03:04:05', '20200102', '20200102030405', '200102'; numbers are
read like their digits.  Two-digit years: 00-69 are 2000-2069, 70-99 are 1970-1999.  Zero and half-zero dates ('0000-00-00',
'2020-00-01'), which MySQL can be told to accept, have no `datetime.date` and count as invalid here (a stated difference).
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

MAX_TIME = timedelta(hours=838, minutes=59, seconds=59)
_MAX_TIME_MICROS = timedelta(hours=838, minutes=59, seconds=59, microseconds=999999)
_DELIMITED = re.compile(
    r"\s*(\d{1,4})[!-/:-@\[-`{-~]+(\d{1,3})[!-/:-@\[-`{-~]+(\d{1,2})(?!\d)"
    r"(?:(?:T|\s+|[!-/:-@\[-`{-~]+)(\d{1,2})(?:[!-/:-@\[-`{-~](\d{1,2})(?:[!-/:-@\[-`{-~](\d{1,2})(?:\.(\d*))?)?)?)?",
    re.ASCII,
)
_COMPACT = re.compile(r"\s*(\d{5,14})(?!\d|\s+\d)(?:T(\d{6}))?(?:\.(\d*))?", re.ASCII)
_CLOCK = re.compile(r"\s*(-)?(?:(\d+)\s+)?(\d+)(?::(\d{1,2})(?::(\d{1,2}))?)?(?:\.(\d*))?", re.ASCII)
_LOOKS_LIKE_DATE = re.compile(r"\s*\d{1,4}-\d{1,2}-\d{1,2}", re.ASCII)
_COMPACT_MOMENT = re.compile(r"\s*\d{12,}", re.ASCII)
_ZERO_DATE = re.compile(r"\s*0{1,4}-0{1,2}-0{1,2}(?:[ T][0:.]*)?\s*\Z", re.ASCII)
_NUMBER = re.compile(r"[ \t\n\r\x0b\x0c]*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII)


def leading_number(text: str) -> int | Decimal | float:
    """The number that `text` begins with (0 if none): int if it has only digits, Decimal with a point, float with exponent."""
    found = _NUMBER.match(text)
    if found is None:
        return 0
    digits = found.group(1)
    if "e" in digits or "E" in digits:
        return float(digits)
    return Decimal(digits) if "." in digits else int(digits)


def is_number(text: str) -> bool:
    """True if all of `text`, spaces around it aside, is a number."""
    found = _NUMBER.match(text)
    return found is not None and not text[found.end() :].strip(" \t\n\r\x0b\x0c")


def number_end(text: str) -> int:
    """Where the number at the beginning of `text` ends; 0 if there is none."""
    found = _NUMBER.match(text)
    return 0 if found is None else found.end()


def full_year(year: int, digits: int) -> int:
    """A year of two digits in its century; years of one, three or four digits as they are."""
    if digits != 2:
        return year
    return year + (2000 if year < 70 else 1900)


def micros(fraction: str | None) -> int:
    """Microseconds of the digits after a point; digits after the sixth are cut off."""
    return int((fraction + "000000")[:6]) if fraction else 0


def read_datetime(text: str) -> tuple[datetime, bool] | None:
    """(moment, whole text was used), or None if `text` is no valid date or date and time."""
    found = _DELIMITED.match(text)
    if found is not None:
        year, month, day, hour, minute, second, fraction = found.groups()
        parts = [full_year(int(year), len(year)), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)]
        end = found.end()
    else:
        compact = _COMPACT.match(text)
        if compact is None:
            return None
        digits, clock, fraction = compact.groups()
        digits += clock or ""
        if len(digits) not in (6, 8, 12, 14):
            return None
        width = 4 if len(digits) in (8, 14) else 2
        pieces = [digits[i : i + 2] for i in range(width, len(digits), 2)]
        parts = [full_year(int(digits[:width]), width), *map(int, pieces)]
        parts += [0] * (6 - len(parts))
        end = compact.end()
    try:
        year_, month_, day_, hour_, minute_, second_ = parts
        moment = datetime(year_, month_, day_, hour_, minute_, second_, micros(fraction))
    except ValueError:
        return None
    return moment, not text[end:].strip()


def number_to_datetime(number: int | Decimal | float) -> datetime | None:
    """A number read as YYMMDD, YYYYMMDD, YYMMDDhhmmss or YYYYMMDDhhmmss, with a fraction in the last two forms."""
    whole = int(number)
    if whole < 101:
        return None
    clock = fraction = 0
    if whole > 99_991_231:
        fraction = int((Decimal(str(number)) - whole) * 1_000_000) if not isinstance(number, int) else 0
        whole, clock = divmod(whole, 1_000_000)
    year, rest = divmod(whole, 10_000)
    month, day = divmod(rest, 100)
    try:
        return datetime(full_year(year, 2 if year < 100 else 4), month, day,
                        clock // 10_000, clock // 100 % 100, clock % 100, fraction)
    except ValueError:
        return None


def parse_datetime(value: Any) -> datetime | None:
    """`value` (date, datetime, text or number) as a moment; None if it is no valid one."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        found = read_datetime(value)
        return None if found is None else found[0]
    if isinstance(value, (int, float, Decimal)):
        return number_to_datetime(value)
    return None


def is_zero_date(value: Any) -> bool:
    """True for 0 and texts like '0000-00-00': dates that MySQL knows although no day has them."""
    if isinstance(value, str):
        return _ZERO_DATE.match(value) is not None
    return isinstance(value, (int, float, Decimal)) and not value


def read_time(text: str) -> tuple[timedelta, bool] | None:
    """(span, whole text was used) of '[-][D ]hh:mm:ss.f', 'hh:mm', 'hhmmss', or the clock of a date and time; None if invalid.
    The span is not yet limited to TIME's range."""
    if _LOOKS_LIKE_DATE.match(text):
        moment = read_datetime(text)
        return None if moment is None else (clock_of(moment[0]), moment[1])
    found = _CLOCK.match(text)
    if found is None:
        return None
    sign, days, first, second, third, fraction = found.groups()
    if second is None and days is None:
        if len(first) >= 12:
            moment = read_datetime(text)
            return None if moment is None else (clock_of(moment[0]), moment[1])
        number = int(first)
        hours, minutes, seconds = number // 10_000, number // 100 % 100, number % 100
    else:
        hours, minutes, seconds = int(first), int(second or 0), int(third or 0)
    if minutes > 59 or seconds > 59 or hours > 10_000_000 or len(days or "") > 6:
        return None
    span = timedelta(days=int(days or 0), hours=hours, minutes=minutes, seconds=seconds, microseconds=micros(fraction))
    return (-span if sign else span), not text[found.end() :].strip()


def holds_date(text: str) -> bool:
    """True if `text`, read as a time, is a date with a time of day."""
    return _LOOKS_LIKE_DATE.match(text) is not None or _COMPACT_MOMENT.match(text) is not None


def clock_of(moment: datetime) -> timedelta:
    """The time of day as a span since midnight."""
    return timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond)


def number_to_time(number: int | Decimal | float) -> timedelta | None:
    """A number read as hhmmss[.f] (or as the clock of a YYYYMMDDhhmmss); None if minutes or seconds exceed 59."""
    if number > 9_999_999 or number < -9_999_999:
        moment = number_to_datetime(number)
        return None if moment is None else clock_of(moment)
    whole = abs(int(number))
    fraction = int((abs(Decimal(str(number))) - whole) * 1_000_000) if not isinstance(number, int) else 0
    hours, minutes, seconds = whole // 10_000, whole // 100 % 100, whole % 100
    if minutes > 59 or seconds > 59:
        return None
    span = timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=fraction)
    return -span if number < 0 else span


def parse_time(value: Any) -> timedelta | None:
    """`value` as a span of time, clipped to TIME's range; None if it is no valid one."""
    span: timedelta | None
    if isinstance(value, timedelta):
        span = value
    elif isinstance(value, datetime):
        span = clock_of(value)
    elif isinstance(value, time):
        span = timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
    elif isinstance(value, date):
        span = timedelta(0)
    elif isinstance(value, (str, bytes)):
        found = read_time(value if isinstance(value, str) else value.decode("utf-8", "replace"))
        span = None if found is None else found[0]
    elif isinstance(value, (int, float, Decimal)):
        span = number_to_time(value)
    else:
        span = None
    return None if span is None else clip_time(span)


def clip_time(span: timedelta) -> timedelta:
    """`span` limited to -838:59:59 .. 838:59:59."""
    if span > _MAX_TIME_MICROS:
        return MAX_TIME
    if span < -_MAX_TIME_MICROS:
        return -MAX_TIME
    return span


def span_micros(span: timedelta) -> int:
    """Whole microseconds of `span`, exactly."""
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def as_number(value: date | datetime | timedelta) -> int | Decimal:
    """The number a temporal value stands for: YYYYMMDD, YYYYMMDDhhmmss, hhmmss; a Decimal if it has microseconds."""
    if isinstance(value, datetime):
        day = (value.year * 100 + value.month) * 100 + value.day
        whole = day * 1_000_000 + (value.hour * 100 + value.minute) * 100 + value.second
        return whole if not value.microsecond else Decimal(whole) + Decimal(value.microsecond).scaleb(-6)
    if isinstance(value, date):
        return (value.year * 100 + value.month) * 100 + value.day
    total = span_micros(value)
    seconds, rest = divmod(abs(total), 1_000_000)
    whole = (seconds // 3600 * 100 + seconds // 60 % 60) * 100 + seconds % 60
    number = whole if not rest else Decimal(whole) + Decimal(rest).scaleb(-6)
    return -number if total < 0 else number


def cut_fraction(microseconds: int, digits: int) -> int:
    """`microseconds` with only `digits` fractional digits kept (MariaDB truncates)."""
    if digits >= 6:
        return microseconds
    unit: int = 10 ** (6 - digits)
    return microseconds // unit * unit
