"""Adding intervals to dates, and differences between them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from minidb.query.functions import result_types as rt
from minidb.query.functions.dates import days_of, fraction_scale, month_length
from minidb.query.functions.registry import always_nullable, function
from minidb.query.functions.values import NUMBERS, text
from minidb.types import coerce, temporal
from minidb.types.sqltype import Family, SqlType
from minidb.types.text import datetime_text

Types = Sequence[SqlType]
_MICROS = {"WEEK": 604_800_000_000, "DAY": 86_400_000_000, "HOUR": 3_600_000_000, "MINUTE": 60_000_000, "SECOND": 1_000_000,
           "MICROSECOND": 1}
_MONTHS = {"YEAR": 12, "QUARTER": 3, "MONTH": 1}
_ORDER = ("DAY", "HOUR", "MINUTE", "SECOND", "MICROSECOND")
_DAY_UNITS = frozenset(("DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "YEAR_MONTH"))
MICRO = timedelta(microseconds=1)
Amount = tuple[int, int]  # months, microseconds


def read_interval(amount: Any, unit: str, warn: coerce.Warn | None = None) -> Amount | None:
    """An interval's size as (months, microseconds); None where it is too large to be added to any date."""
    if unit in _MONTHS:
        return coerce.to_int(amount, warn) * _MONTHS[unit], 0
    if unit == "SECOND":
        number = coerce.to_decimal(amount, warn)
        return (0, int(number * 1_000_000)) if abs(number) < 10**15 else None
    if unit in _MICROS:
        return 0, coerce.to_int(amount, warn) * _MICROS[unit]
    shown = text(amount)
    negative = shown.lstrip().startswith("-")
    numbers = [int(n) for n in re.findall(r"\d+", shown)]
    sign = -1 if negative else 1
    if unit == "YEAR_MONTH":
        years, months = ([0] * 2 + numbers)[-2:] if len(numbers) <= 2 else (0, 0)
        return sign * (years * 12 + months), 0
    first, last = unit.split("_")
    units = _ORDER[_ORDER.index(first) : _ORDER.index(last) + 1]
    if len(numbers) > len(units):
        return 0, 0
    if last == "MICROSECOND" and numbers:
        numbers[-1] = int(f"{re.findall(r'[0-9]+', shown)[-1]:0<6}"[:6])
    padded = [0] * (len(units) - len(numbers)) + numbers
    return 0, sign * sum(n * _MICROS[u] for n, u in zip(padded, units, strict=True))


def shift(moment: datetime, amount: Amount, sign: int) -> datetime | None:
    """`moment` plus (or minus) an interval; None beyond the years 1 to 9999."""
    months, micros = amount
    try:
        if months:
            number = moment.year * 12 + moment.month - 1 + sign * months
            year, month = number // 12, number % 12 + 1
            if not 1 <= year <= 9999:
                return None
            moment = moment.replace(year=year, month=month, day=min(moment.day, month_length(year, month)))
        return moment + sign * timedelta(microseconds=micros)
    except OverflowError:
        return None


def _moved_type(t: SqlType, amount: SqlType, unit: str) -> SqlType:
    """The type of a `t` moved by an interval."""
    scale = 6 if unit.endswith("MICROSECOND") else 0
    if unit == "SECOND":
        scale = min(6, amount.scale or 0) if amount.family is Family.DECIMAL else 0 if amount.family is Family.INT else 6
    if t.family is Family.DATE:
        return rt.DATE if unit in _DAY_UNITS else replace(rt.DATETIME, scale=scale)
    if t.family in (Family.DATETIME, Family.TIME):
        name = "time" if t.family is Family.TIME else "datetime"
        return SqlType(t.family, name, scale=max(scale, t.scale or 0))
    return rt.text(26, rt.collation_of([t]))


def _sum_type(types: Types) -> SqlType:
    return _moved_type(types[0], types[1], "DAY")


def _sum_const_type(types: Types, constants: Sequence[Any]) -> SqlType:
    return _moved_type(types[0], types[1], constants[2] if len(constants) == 3 else "DAY")


def _shifted(session: Any, value: Any, amount: Any, unit: str, sign: int) -> Any:
    size = read_interval(amount, unit, session.warn)
    if isinstance(value, timedelta):
        if size is None or size[0]:
            return None
        return temporal.clip_time(value + sign * timedelta(microseconds=size[1]))
    moment = coerce.to_datetime(value, session.warn)
    if moment is None or size is None:
        return None
    result = shift(moment, size, sign)
    if result is None:
        session.warn("Warning", 1441, "Datetime function: datetime field overflow")
        return None
    plain_day = type(value) is date or (not isinstance(value, datetime) and _shows_no_clock(value))
    if plain_day and unit in _DAY_UNITS:
        return result.date() if isinstance(value, date) else result.date().isoformat()
    return result if isinstance(value, date) else datetime_text(result)


def _shows_no_clock(value: Any) -> bool:
    """True for text and numbers that give a day only."""
    if isinstance(value, NUMBERS):
        return value <= 99_991_231
    shown = text(value).strip()
    return ":" not in shown and len(re.findall(r"\d+", shown)) <= 3 and len(shown) <= 10


@function("DATE_ADD ADDDATE", 2, 3, result=_sum_type, refine=_sum_const_type, needs_session=True,
          nullable=always_nullable, params="dxx")
def date_add(session: Any, value: Any, amount: Any, unit: str = "DAY") -> Any:
    """value + INTERVAL amount unit; NULL with warning 1292 for what is no date, 1441 beyond the year 9999."""
    return _shifted(session, value, amount, unit, 1)


@function("DATE_SUB SUBDATE", 2, 3, result=_sum_type, refine=_sum_const_type, needs_session=True,
          nullable=always_nullable, params="dxx")
def date_sub(session: Any, value: Any, amount: Any, unit: str = "DAY") -> Any:
    return _shifted(session, value, amount, unit, -1)


def _stamp_type(types: Types) -> SqlType:
    return _moved_type(types[2], types[1], "DAY")


def _stamp_const_type(types: Types, constants: Sequence[Any]) -> SqlType:
    return _moved_type(types[2], types[1], str(constants[0]).removeprefix("SQL_TSI_"))


@function("TIMESTAMPADD", 3, result=_stamp_type, refine=_stamp_const_type, needs_session=True,
          nullable=always_nullable, params="xnd")
def timestampadd(session: Any, unit: str, amount: Any, value: Any) -> Any:
    return _shifted(session, value, amount, unit.removeprefix("SQL_TSI_"), 1)


def _months_between(a: datetime, b: datetime) -> int:
    months = (b.year - a.year) * 12 + b.month - a.month
    rest_a, rest_b = (a.day, temporal.clock_of(a)), (b.day, temporal.clock_of(b))
    if months > 0 and rest_b < rest_a:
        return months - 1
    if months < 0 and rest_b > rest_a:
        return months + 1
    return months


@function("TIMESTAMPDIFF", 3, result=rt.always(rt.BIGINT), needs_session=True, nullable=always_nullable, params="xdd")
def timestampdiff(session: Any, unit: str, a: Any, b: Any) -> int | None:
    """Whole units from `a` to `b`, towards zero."""
    unit = unit.removeprefix("SQL_TSI_")
    first, second = coerce.to_datetime(a, session.warn), coerce.to_datetime(b, session.warn)
    if first is None or second is None:
        return None
    if unit in _MONTHS:
        months = _months_between(first, second)
        return months // _MONTHS[unit] if months >= 0 else -(-months // _MONTHS[unit])
    micros = (second - first) // MICRO
    size = _MICROS[unit]
    return micros // size if micros >= 0 else -(-micros // size)


@function("DATEDIFF", 2, result=rt.always(rt.INT), needs_session=True, nullable=always_nullable, params="d")
def datediff(session: Any, a: Any, b: Any) -> int | None:
    """Days from `b` to `a`; times of day do not count."""
    first, second = coerce.to_datetime(a, session.warn), coerce.to_datetime(b, session.warn)
    return None if first is None or second is None else days_of(first) - days_of(second)


def _moment_or_span(session: Any, value: Any) -> datetime | timedelta | None:
    if isinstance(value, (str, bytes)):
        shown = text(value)
        return coerce.to_datetime(shown, session.warn) if temporal.holds_date(shown) else coerce.to_time(shown, session.warn)
    if isinstance(value, (datetime, timedelta)):
        return value
    if isinstance(value, date) or (isinstance(value, (int, Decimal)) and value > 9_999_999):
        return coerce.to_datetime(value, session.warn)
    return coerce.to_time(value, session.warn)


def _difference_type(types: Types, constants: Sequence[Any] = (None, None)) -> SqlType:
    return replace(rt.TIME, scale=max(fraction_scale(t, c) for t, c in zip(types, constants, strict=True)))


@function("TIMEDIFF", 2, result=_difference_type, refine=_difference_type, needs_session=True, nullable=always_nullable, params="d")
def timediff(session: Any, a: Any, b: Any) -> timedelta | None:
    """a - b for two times or two moments; NULL for a mixture."""
    first, second = _moment_or_span(session, a), _moment_or_span(session, b)
    if isinstance(first, datetime) and isinstance(second, datetime):
        return temporal.clip_time(first - second)
    if isinstance(first, timedelta) and isinstance(second, timedelta):
        return temporal.clip_time(first - second)
    return None


def _time_sum_type(types: Types) -> SqlType:
    t = types[0]
    if t.family is Family.DATE:
        return rt.DATETIME
    return t if t.family in (Family.DATETIME, Family.TIME) else rt.text(26)


def _time_sum(session: Any, value: Any, span: Any, sign: int) -> Any:
    start, added = _moment_or_span(session, value), coerce.to_time(span, session.warn)
    if start is None or added is None:
        return None
    if isinstance(start, timedelta):
        total = temporal.clip_time(start + sign * added)
        return coerce.to_text(total) if isinstance(value, (str, bytes)) else total
    try:
        moment = start + sign * added
    except OverflowError:
        return None
    return datetime_text(moment) if isinstance(value, (str, bytes)) else moment


@function("ADDTIME", 2, result=_time_sum_type, needs_session=True, nullable=always_nullable, params="d")
def addtime(session: Any, value: Any, span: Any) -> Any:
    return _time_sum(session, value, span, 1)


@function("SUBTIME", 2, result=_time_sum_type, needs_session=True, nullable=always_nullable, params="d")
def subtime(session: Any, value: Any, span: Any) -> Any:
    return _time_sum(session, value, span, -1)
