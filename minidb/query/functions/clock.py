"""What time it is.  NOW() and its kin give the time at which the statement began, the same for all of it; the session's clock is
taken to run in UTC, so that NOW and UTC_TIMESTAMP agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from minidb.query.functions import result_types as rt
from minidb.query.functions.registry import UNKNOWN, Refine, always_nullable, function
from minidb.query.functions.values import fraction_digits, integer, text
from minidb.types import coerce, temporal
from minidb.types.sqltype import Family, SqlType

Types = Sequence[SqlType]
_EPOCH = datetime(1970, 1, 1)
_LAST_STAMP = 2_147_483_647


def _cut(moment: datetime, digits: Any) -> datetime:
    return moment.replace(microsecond=temporal.cut_fraction(moment.microsecond, integer(digits)))


def _with_digits(t: SqlType) -> Refine:
    """Refinement of a type by a constant first argument, the number of fractional digits."""

    def refine(types: Types, constants: Sequence[Any]) -> SqlType:
        if not constants:
            return t
        return replace(t, scale=6 if constants[0] is UNKNOWN else integer(constants[0] or 0))

    return refine


@function("NOW CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP SYSDATE UTC_TIMESTAMP", 0, 1, result=rt.always(rt.DATETIME),
          refine=_with_digits(rt.DATETIME), needs_session=True, params="i")
def now(session: Any, digits: Any = 0) -> datetime:
    """The moment at which the statement began, to `digits` fractional digits."""
    return _cut(session.statement_time(), digits)


@function("CURDATE CURRENT_DATE UTC_DATE", 0, result=rt.always(rt.DATE), needs_session=True)
def curdate(session: Any) -> date:
    today: date = session.statement_time().date()
    return today


@function("CURTIME CURRENT_TIME UTC_TIME", 0, 1, result=rt.always(rt.TIME), refine=_with_digits(rt.TIME),
          needs_session=True, params="i")
def curtime(session: Any, digits: Any = 0) -> timedelta:
    return temporal.clock_of(_cut(session.statement_time(), digits))


def _stamp_const_type(types: Types, constants: Sequence[Any]) -> SqlType:
    if not types or not isinstance(constants[0], str):
        return _stamp_type(types)
    scale = fraction_digits(constants[0])
    return rt.decimal(17 + scale, scale) if scale else rt.BIGINT


def _moment_type(types: Types) -> SqlType:
    """FROM_UNIXTIME has as many fractional digits as its argument."""
    if len(types) == 2:
        return rt.text(255)
    t = types[0]
    scale = min(6, t.scale or 0) if t.family is Family.DECIMAL else 0 if t.family is Family.INT else 6
    return replace(rt.DATETIME, scale=scale)


def _stamp_type(types: Types) -> SqlType:
    if not types or types[0].family is Family.DATE:
        return rt.BIGINT
    scale = types[0].scale or 0 if types[0].family is Family.DATETIME else 6 if types[0].family is Family.STRING else 0
    return rt.decimal(12 + scale, scale) if scale else rt.BIGINT


@function("UNIX_TIMESTAMP", 0, 1, result=_stamp_type, refine=_stamp_const_type, needs_session=True, nullable=always_nullable,
          params="d")
def unix_timestamp(session: Any, value: Any = None) -> int | Decimal | None:
    """Seconds since 1970 (UTC) of a moment, now by default; NULL for what is no date, 0 outside 1970-2038."""
    moment = session.statement_time().replace(microsecond=0) if value is None else coerce.to_datetime(value, session.warn)
    if moment is None:
        return None
    total = (moment - _EPOCH) // timedelta(microseconds=1)
    if not 0 <= total < (_LAST_STAMP + 1) * 1_000_000:
        return None
    if not moment.microsecond:
        return total // 1_000_000
    exact = Decimal(total).scaleb(-6)
    return coerce.round_half_away(exact, fraction_digits(value)) if isinstance(value, str) else exact


@function("FROM_UNIXTIME", 1, 2, result=_moment_type, needs_session=True,
          nullable=always_nullable, params="nt")
def from_unixtime(session: Any, value: Any, layout: Any = None) -> datetime | str | None:
    """The moment of a number of seconds since 1970 (UTC), formatted if a format is given."""
    number = coerce.to_decimal(value) if not isinstance(value, str) else Decimal(repr(coerce.to_double(value, session.warn)))
    if not 0 <= number < _LAST_STAMP + 1:
        if number > 0:
            coerce.truncated(session.warn, "unixtime", value)
        return None
    moment = datetime.fromtimestamp(0, UTC).replace(tzinfo=None) + timedelta(microseconds=int(number * 1_000_000))
    if layout is None:
        return moment
    from minidb.query.functions.date_format import format_moment

    return format_moment(moment, text(layout))
