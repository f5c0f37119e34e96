"""Parts of dates and times, and dates and times from parts.  What is no date gives NULL with warning 1292."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from minidb.query.functions import result_types as rt
from minidb.query.functions.registry import always_nullable, function
from minidb.query.functions.values import fraction_digits, integer
from minidb.types import coerce, temporal
from minidb.types.sqltype import Family, SqlType

Types = Sequence[SqlType]
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTH_NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
               "December")
_DAY_ZERO = 365  # TO_DAYS counts from year 0
_MAX_DAYS = 3_652_424


@function("DATE", 1, result=rt.always(rt.DATE), needs_session=True, nullable=always_nullable, params="d",
          inline="{0}", families=(Family.DATE,))
def date_(session: Any, value: Any) -> date | None:
    """The day of a moment."""
    return coerce.to_date(value, session.warn)


def fraction_scale(t: SqlType, constant: Any) -> int:
    """Fractional digits of an argument: of its type, or of the text it is known to be."""
    if t.family is Family.STRING:
        return fraction_digits(constant) if isinstance(constant, str) else 6
    if t.family is Family.FLOAT:
        return 6
    return min(6, t.scale or 0) if t.family in (Family.DECIMAL, Family.DATETIME, Family.TIME) else 0


def _time_const_type(types: Types, constants: Sequence[Any]) -> SqlType:
    return replace(rt.TIME, scale=fraction_scale(types[0], constants[0]))


def _seconds_type(types: Types, constants: Sequence[Any] = (None,)) -> SqlType:
    scale = fraction_scale(types[0], constants[0])
    return rt.decimal(17, scale) if scale else rt.BIGINT


def _last_scale(types: Types) -> SqlType:
    """TIME with as many fractional digits as the last argument has."""
    return replace(rt.TIME, scale=fraction_scale(types[-1], None))


def _time_type(types: Types) -> SqlType:
    t = types[0]
    return SqlType(Family.TIME, "time", scale=t.scale or 0 if t.is_temporal() else 6 if t.family is Family.STRING else 0)


@function("TIME", 1, result=_time_type, refine=_time_const_type, needs_session=True, nullable=always_nullable, params="d")
def time_(session: Any, value: Any) -> timedelta | None:
    """The time of day of a moment, or a span of time as it is."""
    return coerce.to_time(value, session.warn)


@function("TIMESTAMP", 1, 2, result=rt.always(rt.DATETIME), needs_session=True, nullable=always_nullable, params="d")
def timestamp(session: Any, value: Any, span: Any = None) -> datetime | None:
    """A value as a moment, plus a span of time."""
    moment = coerce.to_datetime(value, session.warn)
    if moment is None or span is None:
        return moment
    added = coerce.to_time(span, session.warn)
    try:
        return None if added is None else moment + added
    except OverflowError:
        return None


def _part(name: str, read: Callable[[datetime], int | str], result: SqlType = rt.INT, attribute: str | None = None) -> None:
    """Register a function of a date."""
    families = (Family.DATE, Family.DATETIME) if attribute is not None else ()

    @function(name, 1, result=rt.always(result), needs_session=True, nullable=always_nullable, params="d",
              inline=None if attribute is None else f"{{0}}.{attribute}", families=families)
    def part(session: Any, value: Any) -> int | str | None:
        moment = coerce.to_datetime(value, session.warn)
        return None if moment is None else read(moment)


def _clock_part(name: str, read: Callable[[timedelta], int]) -> None:
    """Register a function of a time of day or span."""

    @function(name, 1, result=rt.always(rt.INT), needs_session=True, nullable=always_nullable, params="d")
    def part(session: Any, value: Any) -> int | None:
        span = coerce.to_time(value, session.warn)
        return None if span is None else read(abs(span))


def days_of(day: date) -> int:
    """Days since year 0, as TO_DAYS counts."""
    return day.toordinal() + _DAY_ZERO


_part("YEAR", lambda d: d.year, attribute="year")
_part("MONTH", lambda d: d.month, attribute="month")
_part("DAY DAYOFMONTH", lambda d: d.day, attribute="day")
_part("DAYNAME", lambda d: DAY_NAMES[d.weekday()], rt.text(9))
_part("MONTHNAME", lambda d: MONTH_NAMES[d.month - 1], rt.text(9))
_part("DAYOFWEEK", lambda d: d.isoweekday() % 7 + 1)
_part("DAYOFYEAR", lambda d: d.timetuple().tm_yday)
_part("WEEKDAY", lambda d: d.weekday())
_part("WEEKOFYEAR", lambda d: d.isocalendar()[1])
_part("QUARTER", lambda d: (d.month + 2) // 3)
_part("TO_DAYS", days_of, rt.BIGINT)
_part("TO_SECONDS", lambda d: days_of(d) * 86_400 + temporal.clock_of(d).seconds, rt.BIGINT)
_clock_part("HOUR", lambda s: (s.days * 86_400 + s.seconds) // 3600)
_clock_part("MINUTE", lambda s: s.seconds // 60 % 60)
_clock_part("SECOND", lambda s: s.seconds % 60)
_clock_part("MICROSECOND", lambda s: s.microseconds)


def week_of(day: date, mode: int) -> tuple[int, int]:
    """(year, week) by MySQL's week mode: 1 weeks begin on Monday, 2 weeks 1-53 with the year they belong to, and 4 (inverted in
    modes that begin on Sunday): week 1 begins with the first such day of the year, rather than having four days in it."""
    monday_first, own_year = bool(mode & 1), bool(mode & 2)
    full_week = bool(mode & 4) == monday_first
    first = date(day.year, 1, 1)
    offset = first.weekday() if monday_first else first.isoweekday() % 7

    def belongs_before(offset: int) -> bool:
        return offset != 0 if full_week else offset >= 4

    year, start = day.year, first.toordinal()
    if day.month == 1 and day.day <= 7 - offset:
        if not own_year and belongs_before(offset):
            return year, 0
        own_year = True
        year -= 1
        start -= _year_length(year)
        offset = (offset + 53 * 7 - _year_length(year)) % 7
    number = day.toordinal() - (start + 7 - offset if belongs_before(offset) else start - offset)
    if own_year and number >= 52 * 7 and not belongs_before((offset + _year_length(year)) % 7):
        return year + 1, 1
    return year, number // 7 + 1


def _year_length(year: int) -> int:
    return 366 if _is_leap(year) else 365


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@function("WEEK", 1, 2, result=rt.always(rt.INT), needs_session=True, nullable=always_nullable, params="di")
def week(session: Any, value: Any, mode: Any = 0) -> int | None:
    moment = coerce.to_datetime(value, session.warn)
    return None if moment is None else week_of(moment.date(), integer(mode) & 7)[1]


@function("YEARWEEK", 1, 2, result=rt.always(rt.INT), needs_session=True, nullable=always_nullable, params="di")
def yearweek(session: Any, value: Any, mode: Any = 0) -> int | None:
    moment = coerce.to_datetime(value, session.warn)
    if moment is None:
        return None
    year, number = week_of(moment.date(), integer(mode) & 7 | 2)
    return year * 100 + number


@function("LAST_DAY", 1, result=rt.always(rt.DATE), needs_session=True, nullable=always_nullable, params="d")
def last_day(session: Any, value: Any) -> date | None:
    moment = coerce.to_datetime(value, session.warn)
    return None if moment is None else date(moment.year, moment.month, month_length(moment.year, moment.month))


def month_length(year: int, month: int) -> int:
    """Days of a month."""
    if month == 2:
        return 29 if _is_leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@function("FROM_DAYS", 1, result=rt.always(rt.DATE), nullable=always_nullable, params="i")
def from_days(value: Any) -> date | None:
    number = integer(value)
    return date.fromordinal(number - _DAY_ZERO) if _DAY_ZERO < number <= _MAX_DAYS else None


@function("MAKEDATE", 2, result=rt.always(rt.DATE), nullable=always_nullable, params="i")
def makedate(year: Any, day: Any) -> date | None:
    """The day-th day of a year."""
    number, wanted = integer(year), integer(day)
    full = temporal.full_year(number, 2) if 0 <= number < 100 else number
    if wanted <= 0 or not 1 <= full <= 9999:
        return None
    try:
        return date(full, 1, 1) + timedelta(days=wanted - 1)
    except OverflowError:
        return None


@function("MAKETIME", 3, result=_last_scale, needs_session=True, nullable=always_nullable, params="iin")
def maketime(session: Any, hour: Any, minute: Any, second: Any) -> timedelta | None:
    hours, minutes, seconds = integer(hour), integer(minute), coerce.to_decimal(second)
    if not 0 <= minutes < 60 or not 0 <= seconds < 60:
        return None
    if abs(hours) > 838:
        coerce.truncated(session.warn, "time", f"{hours}:{minutes:02d}:{int(seconds):02d}")
        return temporal.MAX_TIME if hours > 0 else -temporal.MAX_TIME
    span = timedelta(hours=abs(hours), minutes=minutes, microseconds=int(seconds * 1_000_000))
    return -span if hours < 0 else span


@function("SEC_TO_TIME", 1, result=_last_scale, needs_session=True, params="n")
def sec_to_time(session: Any, value: Any) -> timedelta:
    number = coerce.to_decimal(value)
    if abs(number) >= 839 * 3600:
        coerce.truncated(session.warn, "seconds", value)
        return temporal.MAX_TIME if number > 0 else -temporal.MAX_TIME
    return timedelta(microseconds=int(number * 1_000_000))


@function("TIME_TO_SEC", 1, result=_seconds_type, refine=_seconds_type, needs_session=True, nullable=always_nullable, params="d")
def time_to_sec(session: Any, value: Any) -> int | Decimal | None:
    span = coerce.to_time(value, session.warn)
    if span is None:
        return None
    total = temporal.span_micros(span)
    seconds, rest = divmod(abs(total), 1_000_000)
    number = Decimal(abs(total)).scaleb(-6) if rest else seconds
    if isinstance(number, Decimal) and isinstance(value, str):
        number = coerce.round_half_away(number, fraction_digits(value))
    return -number if total < 0 else number


_EXTRACT: dict[str, Callable[[datetime], int]] = {
    "YEAR": lambda d: d.year, "QUARTER": lambda d: (d.month + 2) // 3, "MONTH": lambda d: d.month, "DAY": lambda d: d.day,
    "WEEK": lambda d: week_of(d.date(), 0)[1], "YEAR_MONTH": lambda d: d.year * 100 + d.month,
}
_CLOCK_EXTRACT: dict[str, Callable[[int, int, int, int], int]] = {
    "HOUR": lambda h, m, s, u: h, "MINUTE": lambda h, m, s, u: m, "SECOND": lambda h, m, s, u: s,
    "MICROSECOND": lambda h, m, s, u: u,
    "HOUR_MINUTE": lambda h, m, s, u: h * 100 + m, "HOUR_SECOND": lambda h, m, s, u: (h * 100 + m) * 100 + s,
    "MINUTE_SECOND": lambda h, m, s, u: m * 100 + s, "SECOND_MICROSECOND": lambda h, m, s, u: s * 1_000_000 + u,
    "MINUTE_MICROSECOND": lambda h, m, s, u: (m * 100 + s) * 1_000_000 + u,
    "HOUR_MICROSECOND": lambda h, m, s, u: ((h * 100 + m) * 100 + s) * 1_000_000 + u,
}


@function("EXTRACT", 2, result=rt.always(rt.BIGINT), needs_session=True, nullable=always_nullable, params="xd")
def extract(session: Any, unit: str, value: Any) -> int | None:
    """EXTRACT(unit FROM value); DAY_... units count days and clock in one number."""
    if unit in _EXTRACT:
        moment = temporal.parse_datetime(value)
        if moment is None:
            coerce.incorrect(session.warn, "interval", value)
            return None
        return _EXTRACT[unit](moment)
    with_day = unit.startswith("DAY_")
    rest = "HOUR_" + unit[4:] if with_day and unit != "DAY_HOUR" else unit.removeprefix("DAY_")
    dated = with_day and not isinstance(value, timedelta)
    moment = coerce.to_datetime(value, session.warn) if dated else None
    span = temporal.clock_of(moment) if moment is not None else None if dated else coerce.to_time(value, session.warn)
    if span is None:
        return None
    total = temporal.span_micros(span)
    seconds, micros = divmod(abs(total), 1_000_000)
    number = _CLOCK_EXTRACT[rest](seconds // 3600, seconds // 60 % 60, seconds % 60, micros)
    if moment is not None:
        width = {"DAY_HOUR": 100, "DAY_MINUTE": 10_000, "DAY_SECOND": 1_000_000, "DAY_MICROSECOND": 10**12}[unit]
        number += moment.day * width
    return -number if total < 0 else number


def _months_of(period: int) -> int:
    year = period // 100
    return temporal.full_year(year, 2 if year < 100 else 4) * 12 + period % 100 - 1


@function("PERIOD_ADD", 2, result=rt.always(rt.BIGINT), params="i")
def period_add(period: Any, months: Any) -> int:
    """A month written YYYYMM, `months` later."""
    number = _months_of(integer(period)) + integer(months)
    return number // 12 * 100 + number % 12 + 1


@function("PERIOD_DIFF", 2, result=rt.always(rt.BIGINT), params="i")
def period_diff(a: Any, b: Any) -> int:
    """Months between two months written YYYYMM."""
    return _months_of(integer(a)) - _months_of(integer(b))
