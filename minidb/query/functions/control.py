"""Functions that choose among their arguments."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from minidb.query.functions import result_types as rt
from minidb.query.functions.registry import always_nullable, function, never_null, null_if_all, null_if_any
from minidb.query.functions.values import compare, equal
from minidb.types import coerce
from minidb.types.sqltype import Family, SqlType

Types = Sequence[SqlType]


def _converted(types: Types, merged: SqlType) -> list[Callable[[Any], Any] | None]:
    return [rt.converter(t, merged) for t in types]


def _apply(convert: Callable[[Any], Any] | None, value: Any) -> Any:
    return value if convert is None or value is None else convert(value)


def _if_type(types: Types) -> SqlType:
    return rt.merge(types[1:])


def _make_if(types: Types, collation: str | None) -> Callable[..., Any]:
    yes, no = _converted(types[1:], _if_type(types))

    def choose(condition: Any, a: Any, b: Any) -> Any:
        return _apply(yes, a) if coerce.is_true(condition) else _apply(no, b)

    return choose


@function("IF", 3, result=_if_type, null_propagates=False, make=_make_if, nullable=lambda args: args[1] or args[2])
def if_(condition: Any, a: Any, b: Any) -> Any:
    return a if coerce.is_true(condition) else b


@function("NVL2", 3, result=_if_type, null_propagates=False, nullable=lambda args: args[1] or args[2])
def nvl2(tested: Any, a: Any, b: Any) -> Any:
    return a if tested is not None else b


def _make_coalesce(types: Types, collation: str | None) -> Callable[..., Any]:
    converters = _converted(types, rt.merge(types))
    if not any(converters):
        return coalesce

    def first(*values: Any) -> Any:
        for convert, value in zip(converters, values, strict=True):
            if value is not None:
                return value if convert is None else convert(value)
        return None

    return first


@function("COALESCE", 1, None, result=rt.merge, null_propagates=False, make=_make_coalesce, nullable=null_if_all)
def coalesce(*values: Any) -> Any:
    """The first value that is not NULL."""
    for value in values:
        if value is not None:
            return value
    return None


@function("IFNULL NVL", 2, result=rt.merge, null_propagates=False, make=_make_coalesce, nullable=null_if_all)
def ifnull(a: Any, b: Any) -> Any:
    return b if a is None else a


def _make_nullif(types: Types, collation: str | None) -> Callable[..., Any]:
    return lambda a, b: None if a is None or (b is not None and equal(a, b, collation)) else a


@function("NULLIF", 2, result=lambda types: types[0], null_propagates=False, make=_make_nullif, nullable=always_nullable)
def nullif(a: Any, b: Any) -> Any:
    return None if a is None or (b is not None and equal(a, b)) else a


@function("ISNULL", 1, result=rt.always(rt.BOOLEAN), null_propagates=False, nullable=never_null)
def isnull(value: Any) -> int:
    return int(value is None)


@function("INTERVAL", 2, None, result=rt.always(rt.BIGINT), null_propagates=False, nullable=never_null, params="n")
def interval(value: Any, *bounds: Any) -> int:
    """How many of the ascending bounds are <= value; -1 for NULL."""
    if value is None:
        return -1
    lowest = float("-inf")
    return bisect_right([lowest if b is None else coerce.to_double(b) for b in bounds], coerce.to_double(value))


def _extreme_type(types: Types) -> SqlType:
    """Unlike other alternatives, text among numbers is compared as a number, text among dates as a date."""
    families = {t.family for t in types}
    if Family.STRING in families and families & {Family.INT, Family.DECIMAL, Family.FLOAT}:
        return rt.DOUBLE
    dated = [t for t in types if t.is_temporal()]
    return rt.merge(dated if dated and families & {Family.STRING} else types)


def _extreme(sign: int) -> Callable[[Types, str | None], Callable[..., Any]]:
    def make(types: Types, collation: str | None) -> Callable[..., Any]:
        converters = _converted(types, _extreme_type(types))

        def choose(*values: Any) -> Any:
            best = _apply(converters[0], values[0])
            for convert, raw in zip(converters[1:], values[1:], strict=True):
                value = _apply(convert, raw)
                if compare(value, best, collation) == sign:
                    best = value
            return best

        return choose

    return make


def _pick(sign: int, values: Sequence[Any]) -> Any:
    best = values[0]
    for value in values[1:]:
        if compare(value, best) == sign:
            best = value
    return best


@function("GREATEST", 2, None, result=_extreme_type, make=_extreme(1), nullable=null_if_any)
def greatest(*values: Any) -> Any:
    return _pick(1, values)


@function("LEAST", 2, None, result=_extreme_type, make=_extreme(-1), nullable=null_if_any)
def least(*values: Any) -> Any:
    return _pick(-1, values)
