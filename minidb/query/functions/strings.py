"""Functions that cut, join and change strings.  Binary strings (bytes) stay binary and are counted in bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minidb.query.functions import result_types as rt
from minidb.query.functions.registry import always_nullable, function
from minidb.query.functions.values import integer, text, text_or_bytes
from minidb.types.collation import CHARSETS
from minidb.types.sqltype import Family, SqlType

MAX_RESULT = 1 << 24  # max_allowed_packet: longer results are NULL
Types = Sequence[SqlType]


def _same_kind(*values: Any) -> list[Any]:
    """All arguments as text, or all as bytes if one of them is."""
    if any(isinstance(v, bytes) for v in values):
        return [v if isinstance(v, bytes) else text(v).encode() for v in values]
    return [text(v) for v in values]


@function("CONCAT", 1, None, result=rt.string_like(rt.total_length), params="t")
def concat(*values: Any) -> str | bytes:
    parts = _same_kind(*values)
    joined: str | bytes = parts[0][:0].join(parts)
    return joined


@function("CONCAT_WS", 2, None, null_propagates=False, params="t", nullable=lambda args: args[0],
          result=rt.string_like(lambda types: rt.total_length(types[1:]) + rt.characters(types[0]) * max(0, len(types) - 2)))
def concat_ws(separator: Any, *values: Any) -> str | bytes | None:
    """The values that are not NULL, joined; NULL if the separator is."""
    if separator is None:
        return None
    glue, *parts = _same_kind(separator, *(v for v in values if v is not None))
    joined: str | bytes = glue.join(parts)
    return joined


def _make_length(types: Types, collation: str | None) -> Callable[..., Any]:
    t = types[0] if types else None
    if t is not None and t.family is Family.STRING and t.charset in CHARSETS:
        codec = CHARSETS[t.charset].codec
        return lambda value: len(text(value).encode(codec, "replace"))
    return length


@function("LENGTH OCTET_LENGTH", 1, result=rt.always(rt.INT), make=_make_length, params="t")
def length(value: Any) -> int:
    """Bytes of the value in its character set."""
    if isinstance(value, bytes):
        return len(value)
    shown = text(value)
    return len(shown) if shown.isascii() else len(shown.encode())


@function("BIT_LENGTH", 1, result=rt.always(rt.BIGINT), params="t")
def bit_length(value: Any) -> int:
    return 8 * length(value)


@function("CHAR_LENGTH CHARACTER_LENGTH", 1, result=rt.always(rt.INT), params="t",
          inline="len({0})", families=(Family.STRING, Family.BYTES))
def char_length(value: Any) -> int:
    return len(text_or_bytes(value))


def _mapped(value: str, change: Callable[[str], str]) -> str:
    """Case changed character by character: what would need two characters stays (the German sharp s)."""
    if value.isascii():
        return change(value)
    changed = (change(c) for c in value)
    return "".join(new if len(new) == 1 else old for new, old in zip(changed, value, strict=True))


@function("UPPER UCASE", 1, result=rt.string_like(rt.first_length), params="t")
def upper(value: Any) -> str | bytes:
    return value if isinstance(value, bytes) else _mapped(text(value), str.upper)


@function("LOWER LCASE", 1, result=rt.string_like(rt.first_length), params="t")
def lower(value: Any) -> str | bytes:
    return value if isinstance(value, bytes) else _mapped(text(value), str.lower)


@function("SUBSTRING SUBSTR MID", 2, 3, result=rt.string_like(rt.first_length), params="ti")
def substring(value: Any, start: Any, size: Any = None) -> str | bytes:
    """From position `start` (1-based; negative: from the end), at most `size` characters."""
    shown = text_or_bytes(value)
    first = integer(start)
    if first == 0 or (size is not None and (size := integer(size)) <= 0):
        return shown[:0]
    begin = first - 1 if first > 0 else len(shown) + first
    if begin < 0:
        return shown[:0]
    return shown[begin:] if size is None else shown[begin : begin + size]


@function("LEFT", 2, result=rt.string_like(rt.first_length), params="ti")
def left(value: Any, size: Any) -> str | bytes:
    return text_or_bytes(value)[: max(0, integer(size))]


@function("RIGHT", 2, result=rt.string_like(rt.first_length), params="ti")
def right(value: Any, size: Any) -> str | bytes:
    shown, count = text_or_bytes(value), integer(size)
    return shown[-count:] if count > 0 else shown[:0]


def _strip(value: Any, remove: Any, at_start: bool, at_end: bool) -> str | bytes:
    shown, unwanted = _same_kind(value, " " if remove is None else remove)
    size = len(unwanted)
    if not size:
        return shown  # type: ignore[no-any-return]
    start, end = 0, len(shown)
    while at_start and start + size <= end and shown[start : start + size] == unwanted:
        start += size
    while at_end and end - size >= start and shown[end - size : end] == unwanted:
        end -= size
    return shown[start:end]  # type: ignore[no-any-return]


def _trim_type(types: Types) -> SqlType:
    return rt.string_like(rt.first_length)([types[-1], *types[:-1]])


@function("TRIM", 1, 3, result=_trim_type, params="t")
def trim(*values: Any) -> str | bytes:
    """TRIM(x), or TRIM('BOTH' | 'LEADING' | 'TRAILING', remove, x)."""
    side, remove, value = values if len(values) == 3 else ("BOTH", None, values[-1])
    return _strip(value, remove, side != "TRAILING", side != "LEADING")


@function("LTRIM", 1, result=rt.string_like(rt.first_length), params="t")
def ltrim(value: Any) -> str | bytes:
    return _strip(value, None, True, False)


@function("RTRIM", 1, result=rt.string_like(rt.first_length), params="t")
def rtrim(value: Any) -> str | bytes:
    return _strip(value, None, False, True)


def _padding(value: Any, size: Any, fill: Any) -> tuple[Any, Any] | None:
    """(text cut to size, padding to reach it); None where the result is NULL."""
    shown, filler = _same_kind(value, fill)
    wanted = integer(size)
    if wanted < 0 or wanted > MAX_RESULT:
        return None
    missing = wanted - len(shown)
    if missing <= 0:
        return shown[:wanted], shown[:0]
    if not filler:
        return None
    return shown, (filler * (missing // len(filler) + 1))[:missing]


@function("LPAD", 2, 3, result=rt.string_like(rt.MAX_VARCHAR), nullable=always_nullable, params="tit")
def lpad(value: Any, size: Any, fill: Any = " ") -> str | bytes | None:
    found = _padding(value, size, fill)
    return None if found is None else found[1] + found[0]


@function("RPAD", 2, 3, result=rt.string_like(rt.MAX_VARCHAR), nullable=always_nullable, params="tit")
def rpad(value: Any, size: Any, fill: Any = " ") -> str | bytes | None:
    found = _padding(value, size, fill)
    return None if found is None else found[0] + found[1]


def _replace_length(types: Types) -> int:
    whole, gone, new = map(rt.characters, types)
    return whole * max(1, new if gone <= 1 else new // gone + 1)


@function("REPLACE", 3, result=rt.string_like(_replace_length), nullable=always_nullable, params="t")
def replace(value: Any, old: Any, new: Any) -> str | bytes | None:
    """Every `old` (compared byte for byte) replaced by `new`; NULL where that is longer than max_allowed_packet."""
    shown, before, after = _same_kind(value, old, new)
    if before and len(after) > len(before) and len(shown) + shown.count(before) * (len(after) - len(before)) > MAX_RESULT:
        return None
    changed: str | bytes = shown.replace(before, after) if before else shown
    return changed


@function("REPEAT", 2, result=rt.string_like(rt.MAX_VARCHAR), nullable=always_nullable, params="ti")
def repeat(value: Any, count: Any) -> str | bytes | None:
    shown, times = text_or_bytes(value), integer(count)
    if times <= 0:
        return shown[:0]
    return shown * times if len(shown) * times <= MAX_RESULT else None


@function("REVERSE", 1, result=rt.string_like(rt.first_length), params="t")
def reverse(value: Any) -> str | bytes:
    return text_or_bytes(value)[::-1]


@function("INSERT", 4, result=rt.string_like(lambda types: rt.characters(types[0]) + rt.characters(types[3])), params="tiit")
def insert(value: Any, start: Any, size: Any, new: Any) -> str | bytes:
    """`size` characters from `start` on replaced by `new`; unchanged if `start` lies outside."""
    shown, added = _same_kind(value, new)
    begin, count = integer(start) - 1, integer(size)
    if not 0 <= begin < len(shown):
        return shown  # type: ignore[no-any-return]
    end = begin + count if 0 <= count <= len(shown) - begin else len(shown)
    return shown[:begin] + added + shown[end:]  # type: ignore[no-any-return]


@function("SPACE", 1, result=rt.always(rt.text(rt.MAX_VARCHAR)), nullable=always_nullable, params="i")
def space(count: Any) -> str | None:
    size = integer(count)
    return " " * max(0, size) if size <= MAX_RESULT else None


@function("SUBSTRING_INDEX", 3, result=rt.string_like(rt.first_length), params="tti")
def substring_index(value: Any, delimiter: Any, count: Any) -> str | bytes:
    """What stands before the count-th delimiter (negative: after the count-th from the end)."""
    shown, mark = _same_kind(value, delimiter)
    wanted = integer(count)
    if not mark or not wanted:
        empty: str | bytes = shown[:0]
        return empty
    if wanted > 0:
        before: str | bytes = mark.join(shown.split(mark)[:wanted])
        return before
    after: str | bytes = mark.join(shown.split(mark)[wanted:])
    return after


def _elt_type(types: Types) -> SqlType:
    return rt.string_like(lambda rest: max(map(rt.characters, rest)))(types[1:])


@function("ELT", 2, None, result=_elt_type, null_propagates=False, nullable=always_nullable, params="it")
def elt(index: Any, *values: Any) -> str | bytes | None:
    """The index-th of the values (1-based)."""
    if index is None:
        return None
    place = integer(index)
    if not 1 <= place <= len(values) or values[place - 1] is None:
        return None
    return text_or_bytes(values[place - 1])
