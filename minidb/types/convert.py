"""Conversions of values: into columns (`storer`, with `inline_check` as its fast path), by CAST (`cast_function`), and at run
time (`to_number` and the rest, re-exported from coerce.py)."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from minidb.types import store_numbers, store_strings, store_times
from minidb.types.cast import cast_function
from minidb.types.coerce import (
    Warn,
    is_true,
    to_bytes,
    to_date,
    to_datetime,
    to_decimal,
    to_double,
    to_int,
    to_number,
    to_text,
    to_time,
)
from minidb.types.parse import TEXT_BYTES
from minidb.types.sqltype import Family, SqlType
from minidb.types.store_context import StoreContext

__all__ = [
    "StoreContext", "Warn", "cast_function", "implicit_default", "inline_check", "is_true", "storer", "to_bytes", "to_date",
    "to_datetime", "to_decimal", "to_double", "to_int", "to_number", "to_text", "to_time",
]

Storer = Callable[[Any, StoreContext], Any]

_BY_NAME: dict[str, Callable[[SqlType], Storer]] = {
    "year": store_numbers.year_storer, "bit": store_numbers.bit_storer,
    "char": store_strings.char_storer, "varchar": store_strings.char_storer,
    "enum": store_strings.enum_storer, "set": store_strings.set_storer, "json": store_strings.json_storer,
}
_BY_FAMILY: dict[Family, Callable[[SqlType], Storer]] = {
    Family.INT: store_numbers.int_storer, Family.DECIMAL: store_numbers.decimal_storer, Family.FLOAT: store_numbers.float_storer,
    Family.STRING: store_strings.text_storer, Family.BYTES: store_strings.bytes_storer,
    Family.DATE: store_times.date_storer, Family.DATETIME: store_times.datetime_storer, Family.TIME: store_times.time_storer,
}
_storers: dict[tuple[SqlType, bool], Storer] = {}


def storer(t: SqlType, nullable: bool) -> Storer:
    """Function (value, context) -> the value as a column of type `t` holds it.

    Takes None, bool, int, float, Decimal, str, bytes, date, datetime, time and timedelta.  In strict mode raises 1048, 1264, 1265,
    1292, 1366, 1406 or 4025; otherwise stores the nearest value and warns (the zero date, which is not held, becomes NULL, and in
    a NOT NULL column an error all the same).
    """
    try:
        return _storers[t, nullable]
    except KeyError:
        made = _storers[t, nullable] = _make_storer(t, nullable)
        return made


def _make_storer(t: SqlType, nullable: bool) -> Storer:
    make = _BY_NAME.get(t.name) or _BY_FAMILY[t.family]
    convert = make(t)
    dated = t.family in (Family.DATE, Family.DATETIME)

    def store(value: Any, ctx: StoreContext) -> Any:
        if value is None:
            if nullable:
                return None
            ctx.null()
            return implicit_default(t)
        stored = convert(value, ctx)
        if stored is None and dated and not nullable:
            store_times.refuse_zero_date(value, t, ctx)
        return stored

    return store


def implicit_default(t: SqlType) -> Any:
    """What a NOT NULL column without DEFAULT gets where MySQL does not insist on a value: 0, '', the first ENUM member.  For dates,
    whose zero value is not held, the earliest representable moment."""
    if t.family is Family.INT:
        return 0
    if t.family is Family.DECIMAL:
        return Decimal(0).scaleb(-(t.scale or 0))
    if t.family is Family.FLOAT:
        return 0.0
    if t.family is Family.BYTES:
        return b"\0" * (t.length or 0) if t.name == "binary" else b""
    if t.family is Family.DATE:
        return date.min
    if t.family is Family.DATETIME:
        return store_times.FIRST_TIMESTAMP if t.name == "timestamp" else datetime.min
    if t.family is Family.TIME:
        return timedelta(0)
    return t.members[0] if t.name == "enum" and t.members else ""


def inline_check(t: SqlType, var: str) -> tuple[str, dict[str, Any]] | None:
    """Python source of a condition under which the value in `var` is stored as it is, and the names it needs; None if there is no
    cheap one.  NULL does not satisfy it.  Where it does not hold, `storer` decides."""
    if t.family is Family.INT:
        if t.name == "year":
            return f"type({var}) is int and 1901 <= {var} <= 2155", {}
        low, high = store_numbers.int_range(t)
        return f"type({var}) is int and {low} <= {var} <= {high}", {}
    if t.family is Family.DECIMAL:
        return _decimal_check(t, var)
    if t.family is Family.FLOAT:
        if t.name == "float" or t.scale is not None:
            return None
        low_bound = "0.0" if t.unsigned else "-1.7976931348623157e308"
        return f"type({var}) is float and {low_bound} <= {var} <= 1.7976931348623157e308", {}
    if t.family is Family.STRING:
        return _string_check(t, var)
    if t.family is Family.BYTES:
        if t.name == "binary":
            return f"type({var}) is bytes and len({var}) == {t.length}", {}
        limit = TEXT_BYTES.get(t.name) or t.length
        return f"type({var}) is bytes and len({var}) <= {limit}", {}
    return _temporal_check(t, var)


def _decimal_check(t: SqlType, var: str) -> tuple[str, dict[str, Any]]:
    scale = t.scale or 0
    suffix = f"{t.length}_{scale}"
    unit = Decimal(1).scaleb(-scale)
    above = Decimal(10 ** ((t.length or 10) - scale))
    low = "0 <=" if t.unsigned else f"-ABOVE_{suffix} <"
    return (f"type({var}) is Decimal and {var}.same_quantum(UNIT_{suffix}) and {low} {var} < ABOVE_{suffix}",
            {"Decimal": Decimal, f"UNIT_{suffix}": unit, f"ABOVE_{suffix}": above})


def _string_check(t: SqlType, var: str) -> tuple[str, dict[str, Any]] | None:
    if t.name in ("set", "json"):
        return None
    if t.name == "enum":
        name = f"MEMBERS_{zlib.crc32(repr(t.members).encode()):08x}"
        return f"type({var}) is str and {var} in {name}", {name: frozenset(t.members)}
    if t.name in TEXT_BYTES:
        return f"type({var}) is str and len({var}) <= {TEXT_BYTES[t.name]} and {var}.isascii()", {}
    check = f"type({var}) is str and len({var}) <= {t.length} and {var}.isascii()"
    return (check + f" and {var}[-1:] != ' '" if t.name == "char" else check), {}


def _temporal_check(t: SqlType, var: str) -> tuple[str, dict[str, Any]] | None:
    if t.name == "date":
        return f"type({var}) is date", {"date": date}
    if t.name == "datetime":
        exact = "" if t.scale == 6 else f" and not {var}.microsecond"
        return f"type({var}) is datetime and {var}.tzinfo is None{exact}", {"datetime": datetime}
    return None

