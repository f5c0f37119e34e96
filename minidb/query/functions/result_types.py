"""Result types of functions: constants for the common ones, and rules that combine argument types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from minidb.types.coerce import EXACT, to_date, to_datetime, to_double, to_time
from minidb.types.collation import get_collation
from minidb.types.sqltype import Family, SqlType
from minidb.types.text import to_text

Types = Sequence[SqlType]
Rule = Callable[[Types], SqlType]

DEFAULT_COLLATION = "utf8mb4_general_ci"
BOOLEAN = SqlType(Family.INT, "int", 1)
INT = SqlType(Family.INT, "int", 10)
BIGINT = SqlType(Family.INT, "bigint", 21)
UNSIGNED = SqlType(Family.INT, "bigint", 21, unsigned=True)
DOUBLE = SqlType(Family.FLOAT, "double")
DATE = SqlType(Family.DATE, "date")
DATETIME = SqlType(Family.DATETIME, "datetime", scale=0)
DATETIME6 = SqlType(Family.DATETIME, "datetime", scale=6)
TIME = SqlType(Family.TIME, "time", scale=0)
TIME6 = SqlType(Family.TIME, "time", scale=6)
NULL = SqlType(Family.NULL, "null")
JSON = SqlType(Family.STRING, "json", charset="utf8mb4", collation="utf8mb4_general_ci")
VARBINARY = SqlType(Family.BYTES, "varbinary", 65535)
MAX_PRECISION, MAX_SCALE, MAX_VARCHAR = 65, 38, 21844
_TEXT_NAMES = ("tinytext", "text", "mediumtext", "longtext", "json")
_WIDTHS = {"tinyint": 3, "smallint": 5, "mediumint": 8, "int": 10, "bigint": 19, "year": 4, "bit": 20}


def always(t: SqlType) -> Rule:
    """The rule of a function that always gives a `t`."""
    return lambda types: t


def text(length: int, collation: str | None = None) -> SqlType:
    """A string of up to `length` characters: VARCHAR, beyond its limit LONGTEXT."""
    found = get_collation(collation or DEFAULT_COLLATION)
    if length > MAX_VARCHAR:
        return SqlType(Family.STRING, "longtext", charset=found.charset, collation=found.name)
    return SqlType(Family.STRING, "varchar", length, charset=found.charset, collation=found.name)


def decimal(precision: int, scale: int) -> SqlType:
    """DECIMAL within MySQL's limits."""
    scale = min(scale, MAX_SCALE)
    return SqlType(Family.DECIMAL, "decimal", max(1, scale, min(precision, MAX_PRECISION)), scale)


def characters(t: SqlType) -> int:
    """Characters that a value of type `t` needs as text."""
    if t.family is Family.STRING or t.family is Family.BYTES:
        if t.name in ("enum", "set"):
            return max(len(m) for m in t.members) if t.name == "enum" and t.members else len(",".join(t.members))
        if t.length is None:
            return MAX_VARCHAR + 1
        return t.length
    if t.family is Family.INT:
        return t.length or 20
    if t.family is Family.DECIMAL:
        return (t.length or 10) + (2 if t.scale else 1)
    if t.family is Family.FLOAT:
        return 23 if t.name == "double" else 12
    if t.family is Family.NULL:
        return 0
    return {Family.DATE: 10, Family.DATETIME: 19, Family.TIME: 10}[t.family] + (t.scale + 1 if t.scale else 0)


def collation_of(types: Types) -> str:
    """The collation of a string made from `types`: that of the first string among them."""
    return next((t.collation for t in types if t.family is Family.STRING and t.collation), DEFAULT_COLLATION)


def has_bytes(types: Types) -> bool:
    return any(t.family is Family.BYTES for t in types)


def string_like(length: Callable[[Types], int] | int) -> Rule:
    """A string as long as `length` says, binary if one of the arguments is."""

    def rule(types: Types) -> SqlType:
        size = length if isinstance(length, int) else length(types)
        if has_bytes(types):
            return SqlType(Family.BYTES, "varbinary", size) if size <= 65535 else SqlType(Family.BYTES, "longblob")
        return text(size, collation_of(types))

    return rule


def first_length(types: Types) -> int:
    return characters(types[0])


def total_length(types: Types) -> int:
    return sum(map(characters, types))


def integer_digits(t: SqlType) -> int:
    """Digits before the point of a numeric type."""
    if t.family is Family.DECIMAL:
        return (t.length or 10) - (t.scale or 0)
    return min(_WIDTHS.get(t.name, 19), t.length or 20)


def number_like(types: Types) -> SqlType:
    """The type that arithmetic sees in the first argument."""
    t = types[0]
    if t.family is Family.INT:
        return SqlType(Family.INT, "bigint" if t.name == "bigint" else "int", t.length, unsigned=t.unsigned)
    if t.family is Family.DECIMAL:
        return decimal(t.length or 10, t.scale or 0)
    if t.is_temporal():
        return decimal(14 + (t.scale or 0), t.scale or 0) if t.scale else BIGINT
    return DOUBLE


def merge(types: Types) -> SqlType:
    """The common type of alternatives: branches of IF, COALESCE, GREATEST ..."""
    real = [t for t in types if t.family is not Family.NULL]
    if not real:
        return NULL
    families = {t.family for t in real}
    if all(t == real[0] for t in real) and real[0].name not in ("enum", "set"):
        return real[0]
    if families <= {Family.INT, Family.DECIMAL, Family.FLOAT}:
        return _merge_numbers(real, families)
    if families <= {Family.DATE, Family.DATETIME, Family.TIME}:
        if families == {Family.DATE}:
            return DATE
        name = "time" if families == {Family.TIME} else "datetime"
        return SqlType(Family.TIME if name == "time" else Family.DATETIME, name, scale=max(t.scale or 0 for t in real))
    longest = max(map(characters, real))
    if Family.BYTES in families:
        return SqlType(Family.BYTES, "varbinary", longest) if longest <= 65535 else SqlType(Family.BYTES, "longblob")
    return next((t for t in real if t.name in _TEXT_NAMES), text(longest, collation_of(real)))


def _merge_numbers(real: Types, families: set[Family]) -> SqlType:
    if Family.FLOAT in families:
        return DOUBLE
    if Family.DECIMAL in families or len({t.unsigned for t in real if t.name == "bigint"}) > 1:
        scale = max(t.scale or 0 if t.family is Family.DECIMAL else 0 for t in real)
        return decimal(max(map(integer_digits, real)) + scale, scale)
    order = list(_WIDTHS)[:5]
    name = max((t.name if t.name in order else "int" for t in real), key=order.index)
    return SqlType(Family.INT, name, max(characters(t) for t in real), unsigned=all(t.unsigned for t in real))


def converter(source: SqlType, target: SqlType) -> Callable[[Any], Any] | None:
    """Function from a value (not None) of type `source` to the merged type `target`; None where nothing has to be done."""
    if source.family is Family.NULL or target.family is Family.NULL:
        return None
    if target.family is Family.DECIMAL:
        unit = Decimal(1).scaleb(-(target.scale or 0))
        if source.family is Family.DECIMAL and source.scale == target.scale:
            return None
        return lambda v: EXACT.quantize(Decimal(v), unit) if not isinstance(v, float) else EXACT.quantize(Decimal(repr(v)), unit)
    if target.family is Family.FLOAT:
        return None if source.family is Family.FLOAT else to_double
    if target.family is Family.STRING:
        return None if source.family is Family.STRING else lambda v: to_text(v, source)
    if target.family is Family.BYTES:
        return None if source.family is Family.BYTES else lambda v: str(to_text(v, source)).encode()
    if target.family is Family.DATETIME and source.family is not Family.DATETIME:
        return to_datetime
    if source.family is Family.STRING and target.is_temporal():
        return to_date if target.family is Family.DATE else to_time
    return None
