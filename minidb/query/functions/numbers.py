"""Numeric functions.  Integers and DECIMALs stay exact where MySQL keeps them so; the rest is DOUBLE."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal
from typing import Any

from minidb.errors import SqlError
from minidb.query.functions import result_types as rt
from minidb.query.functions.registry import UNKNOWN, always_nullable, function
from minidb.query.functions.values import integer
from minidb.types import coerce
from minidb.types.coerce import EXACT
from minidb.types.sqltype import Family, SqlType

Types = Sequence[SqlType]
_MAX64, _MAX_U64 = (1 << 63) - 1, (1 << 64) - 1


def number_of(value: Any) -> int | Decimal | float:
    """A value that is not NULL as a number."""
    return value if type(value) in (int, float, Decimal) else coerce.to_number(value)


@function("ABS", 1, result=rt.number_like, params="n")
def abs_(value: Any) -> int | Decimal | float:
    number = number_of(value)
    if number == -_MAX64 - 1 and isinstance(number, int):
        raise SqlError.of(1690, "BIGINT", f"abs({number})")
    return number.copy_abs() if isinstance(number, Decimal) else abs(number)


def _integer_like(types: Types) -> SqlType:
    t = rt.number_like(types)
    if t.family is Family.DECIMAL:
        return rt.decimal(rt.integer_digits(t) + 1, 0) if rt.integer_digits(t) > 17 else rt.BIGINT
    return t


def _to_whole(number: Decimal, rounding: str) -> int | Decimal:
    whole = int(number.to_integral_value(rounding, EXACT))
    return whole if -_MAX64 - 1 <= whole <= _MAX_U64 else Decimal(whole)


@function("CEIL CEILING", 1, result=_integer_like, params="n")
def ceil(value: Any) -> int | Decimal | float:
    number = number_of(value)
    if isinstance(number, Decimal):
        return _to_whole(number, ROUND_CEILING)
    return number if isinstance(number, int) else float(math.ceil(number)) + 0.0


@function("FLOOR", 1, result=_integer_like, params="n")
def floor(value: Any) -> int | Decimal | float:
    number = number_of(value)
    if isinstance(number, Decimal):
        return _to_whole(number, ROUND_FLOOR)
    return number if isinstance(number, int) else float(math.floor(number))


def _scaled_type(types: Types) -> SqlType:
    """ROUND and TRUNCATE: without a known number of digits the scale of the argument bounds the result's."""
    t = rt.number_like(types)
    if t.family is Family.DECIMAL and len(types) == 1:
        return rt.decimal(rt.integer_digits(t) + 1, 0)
    return t


def _digits_type(types: Types, constants: Sequence[Any]) -> SqlType:
    """ROUND and TRUNCATE with a constant number of digits."""
    t, digits = rt.number_like(types), 0 if len(constants) == 1 else constants[1]
    if digits is UNKNOWN or digits is None:
        return _scaled_type(types)
    scale = max(0, min(rt.MAX_SCALE, integer(digits)))
    if t.family is Family.DECIMAL:
        return rt.decimal(rt.integer_digits(t) + 1 + scale, scale)
    return SqlType(Family.FLOAT, "double", 17 + scale, scale) if t.family is Family.FLOAT and scale else t


def _round_int(number: int, digits: int, cut: bool) -> int | Decimal:
    if digits >= 0:
        return number
    if digits < -20:
        return 0
    unit: int = 10**-digits
    size = abs(number) // unit * unit if cut else (abs(number) + unit // 2) // unit * unit
    rounded = size if number >= 0 else -size
    return rounded if -_MAX64 - 1 <= rounded <= _MAX_U64 else Decimal(rounded)


def round_double(number: float, digits: int, cut: bool) -> float:
    """A DOUBLE rounded (or cut) to `digits` decimals, in binary arithmetic as MySQL does it."""
    if not math.isfinite(number):
        return number
    if digits > 308 or digits < -308:
        return number if digits > 0 else 0.0
    factor = 10.0 ** abs(digits)
    scaled = number * factor if digits >= 0 else number / factor
    if not math.isfinite(scaled):
        return number
    whole = math.trunc(scaled) if cut else round(scaled)
    return whole / factor if digits >= 0 else whole * factor


def _rounded(value: Any, digits: Any, cut: bool) -> int | Decimal | float:
    number, places = number_of(value), max(-400, min(400, integer(digits)))
    if isinstance(number, int):
        return _round_int(number, places, cut)
    if isinstance(number, float):
        return round_double(number, places, cut)
    exponent = number.as_tuple().exponent
    scale = -exponent if isinstance(exponent, int) else 0
    if places >= scale:
        return number if cut else coerce.round_half_away(number, min(places, rt.MAX_SCALE))
    unit = Decimal(1).scaleb(-places)
    if number.adjusted() < -places - 1:
        return Decimal(0).scaleb(-max(0, places))
    whole = number.quantize(unit, ROUND_DOWN if cut else None, EXACT)
    return coerce.plain(whole)


@function("ROUND", 1, 2, result=_scaled_type, refine=_digits_type, params="ni")
def round_(value: Any, digits: Any = 0) -> int | Decimal | float:
    """Halves away from zero for exact numbers, to even for DOUBLE."""
    return _rounded(value, digits, False)


@function("TRUNCATE", 2, result=_scaled_type, refine=_digits_type, params="ni")
def truncate(value: Any, digits: Any) -> int | Decimal | float:
    return _rounded(value, digits, True)


def _division_by_zero(session: Any) -> None:
    if "ERROR_FOR_DIVISION_BY_ZERO" in session.sql_mode():
        session.warn("Warning", 1365, "Division by 0")


def _mod_type(types: Types) -> SqlType:
    a, b = (rt.number_like([t]) for t in types)
    if Family.FLOAT in (a.family, b.family):
        return rt.DOUBLE
    if Family.DECIMAL in (a.family, b.family):
        scale = max(a.scale or 0, b.scale or 0)
        return rt.decimal(max(rt.integer_digits(a), rt.integer_digits(b)) + scale, scale)
    return SqlType(Family.INT, "bigint", 21, unsigned=a.unsigned)


@function("MOD", 2, result=_mod_type, needs_session=True, nullable=always_nullable, params="n")
def mod(session: Any, a: Any, b: Any) -> int | Decimal | float | None:
    """The remainder with the sign of `a`; NULL with warning 1365 for a zero divisor."""
    dividend, divisor = number_of(a), number_of(b)
    if not divisor:
        _division_by_zero(session)
        return None
    if isinstance(dividend, float) or isinstance(divisor, float):
        return math.fmod(dividend, divisor)
    if isinstance(dividend, int) and isinstance(divisor, int):
        rest = abs(dividend) % abs(divisor)
        return rest if dividend >= 0 else -rest
    return EXACT.remainder(Decimal(dividend), Decimal(divisor))


def _double(name: str, args: Sequence[Any], compute: Callable[[], float]) -> float | None:
    """`compute()`; NULL outside its domain, 1690 where the result is too large."""
    try:
        result = compute()
    except ValueError:
        return None
    except (OverflowError, ZeroDivisionError):
        raise SqlError.of(1690, "DOUBLE", f"{name}({','.join(coerce.to_text(a) for a in args)})") from None
    if isinstance(result, complex):
        return None
    if math.isinf(result):
        raise SqlError.of(1690, "DOUBLE", f"{name}({','.join(coerce.to_text(a) for a in args)})")
    return result


@function("POW POWER", 2, result=rt.always(rt.DOUBLE), nullable=always_nullable, params="n")
def pow_(base: Any, exponent: Any) -> float | None:
    a, b = coerce.to_double(base), coerce.to_double(exponent)
    undefined = (a == 0 and b < 0) or (a < 0 and b != int(b))
    return _double("pow", (base, exponent), lambda: 1 / 0 if undefined else math.pow(a, b))


@function("EXP", 1, result=rt.always(rt.DOUBLE), nullable=always_nullable, params="n")
def exp(value: Any) -> float | None:
    return _double("exp", (value,), lambda: math.exp(coerce.to_double(value)))


def _logarithm(value: Any, compute: Callable[[float], float], session: Any) -> float | None:
    number = coerce.to_double(value)
    if number <= 0:
        _division_by_zero(session)
        return None
    return compute(number)


@function("LN", 1, result=rt.always(rt.DOUBLE), needs_session=True, nullable=always_nullable, params="n")
def ln(session: Any, value: Any) -> float | None:
    return _logarithm(value, math.log, session)


@function("LOG", 1, 2, result=rt.always(rt.DOUBLE), needs_session=True, nullable=always_nullable, params="n")
def log(session: Any, base: Any, value: Any = None) -> float | None:
    """LOG(x) is natural, LOG(base, x) to a base."""
    if value is None:
        return ln(session, base)
    root = coerce.to_double(base)
    if root <= 0 or root == 1:
        _division_by_zero(session)
        return None
    return _logarithm(value, lambda x: math.log(x) / math.log(root), session)


@function("LOG2", 1, result=rt.always(rt.DOUBLE), needs_session=True, nullable=always_nullable, params="n")
def log2(session: Any, value: Any) -> float | None:
    return _logarithm(value, math.log2, session)


@function("LOG10", 1, result=rt.always(rt.DOUBLE), needs_session=True, nullable=always_nullable, params="n")
def log10(session: Any, value: Any) -> float | None:
    return _logarithm(value, math.log10, session)


@function("SIGN", 1, result=rt.always(rt.INT), params="n")
def sign(value: Any) -> int:
    number = number_of(value)
    return (number > 0) - (number < 0)


@function("PI", 0, result=rt.always(SqlType(Family.FLOAT, "double", 8, 6)))
def pi() -> float:
    return math.pi


@function("SQRT", 1, result=rt.always(rt.DOUBLE), nullable=always_nullable, params="n")
def sqrt(value: Any) -> float | None:
    return _double("sqrt", (value,), lambda: math.sqrt(coerce.to_double(value)))


@function("SIN", 1, result=rt.always(rt.DOUBLE), params="n")
def sin(value: Any) -> float:
    return math.sin(coerce.to_double(value))


@function("COS", 1, result=rt.always(rt.DOUBLE), params="n")
def cos(value: Any) -> float:
    return math.cos(coerce.to_double(value))


@function("TAN", 1, result=rt.always(rt.DOUBLE), params="n")
def tan(value: Any) -> float:
    return math.tan(coerce.to_double(value))


@function("COT", 1, result=rt.always(rt.DOUBLE), nullable=always_nullable, params="n")
def cot(value: Any) -> float | None:
    return _double("cot", (value,), lambda: 1 / math.tan(coerce.to_double(value)))


@function("ASIN", 1, result=rt.always(rt.DOUBLE), nullable=always_nullable, params="n")
def asin(value: Any) -> float | None:
    return _double("asin", (value,), lambda: math.asin(coerce.to_double(value)))


@function("ACOS", 1, result=rt.always(rt.DOUBLE), nullable=always_nullable, params="n")
def acos(value: Any) -> float | None:
    return _double("acos", (value,), lambda: math.acos(coerce.to_double(value)))


@function("ATAN ATAN2", 1, 2, result=rt.always(rt.DOUBLE), params="n")
def atan(y: Any, x: Any = None) -> float:
    if x is None:
        return math.atan(coerce.to_double(y))
    return math.atan2(coerce.to_double(y), coerce.to_double(x))


@function("DEGREES", 1, result=rt.always(rt.DOUBLE), params="n")
def degrees(value: Any) -> float:
    return coerce.to_double(value) * (180.0 / math.pi)


@function("RADIANS", 1, result=rt.always(rt.DOUBLE), params="n")
def radians(value: Any) -> float:
    return coerce.to_double(value) * (math.pi / 180.0)


class SeededRandom:
    """The number sequence of RAND(seed): MySQL's pair of linear generators."""

    MODULUS = 0x3FFFFFFF

    def __init__(self, seed: int) -> None:
        seed &= 0xFFFFFFFF
        self.first = (seed * 0x10001 + 55555555) % (1 << 32) % self.MODULUS
        self.second = (seed * 0x10000001) % (1 << 32) % self.MODULUS

    def next(self) -> float:
        self.first = (self.first * 3 + self.second) % self.MODULUS
        self.second = (self.first + self.second + 33) % self.MODULUS
        return self.first / self.MODULUS


@function("RAND", 0, 1, result=rt.always(rt.DOUBLE), null_propagates=False, needs_session=True, deterministic=False,
          nullable=lambda args: False, params="i")
def rand(session: Any, seed: Any = None) -> float:
    """A number from 0 to below 1; with a seed, the first of that seed's sequence."""
    return float(session.random()) if seed is None else SeededRandom(integer(seed)).next()
