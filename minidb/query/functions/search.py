"""Functions that look for one string in another; they compare by the collation of their arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from minidb.query.functions import result_types as rt
from minidb.query.functions.regexp import compiled
from minidb.query.functions.registry import Maker, always_nullable, function, never_null, null_if_any
from minidb.query.functions.values import compare, equal, fold, integer, text
from minidb.types.sqltype import SqlType

Types = Sequence[SqlType]


def _by_collation(name: str) -> Maker:
    """Maker of an implementation that takes `collation` as keyword."""

    def make(types: Types, collation: str | None) -> Callable[..., Any]:
        if any(t.family.value == "bytes" for t in types):
            collation = "utf8mb4_nopad_bin"
        return partial(globals()[name], collation=collation)

    return make


@function("LOCATE POSITION", 2, 3, result=rt.always(rt.INT), make=_by_collation("locate"), params="tti")
def locate(wanted: Any, value: Any, start: Any = 1, *, collation: str | None = None) -> int:
    """Position (1-based) of `wanted` in `value` from `start` on; 0 if it is not there."""
    shown, first = text(value), integer(start)
    if first < 1 or (first > 1 and first > len(shown)):
        return 0
    sought = text(wanted)
    place = fold(shown, collation).find(fold(sought, collation), first - 1)
    if not shown.isascii() or not sought.isascii():
        # a match has to have as many bytes as what is sought: an accented letter is not found in a plain one
        while place >= 0 and len(shown[place : place + len(sought)].encode()) != len(sought.encode()):
            place = fold(shown, collation).find(fold(sought, collation), place + 1)
    return place + 1


@function("INSTR", 2, result=rt.always(rt.INT), make=_by_collation("instr"), params="t")
def instr(value: Any, wanted: Any, *, collation: str | None = None) -> int:
    return locate(wanted, value, collation=collation)


@function("FIELD", 2, None, result=rt.always(rt.INT), null_propagates=False, nullable=never_null, make=_by_collation("field"))
def field(value: Any, *values: Any, collation: str | None = None) -> int:
    """Place of `value` among the others (1-based), 0 if absent or NULL."""
    if value is None:
        return 0
    return next((i for i, other in enumerate(values, 1) if other is not None and equal(value, other, collation)), 0)


@function("FIND_IN_SET", 2, result=rt.always(rt.INT), make=_by_collation("find_in_set"), params="t")
def find_in_set(value: Any, members: Any, *, collation: str | None = None) -> int:
    """Place of `value` in a list separated by commas, 0 if absent."""
    wanted, listed = fold(text(value), collation), text(members)
    if not listed or "," in wanted:
        return 0
    return next((i for i, m in enumerate(listed.split(","), 1) if fold(m, collation) == wanted), 0)


@function("STRCMP", 2, result=rt.always(rt.INT), make=_by_collation("strcmp"), params="t")
def strcmp(a: Any, b: Any, *, collation: str | None = None) -> int:
    return compare(text(a), text(b), collation)


@function("REGEXP_INSTR", 2, result=rt.always(rt.INT), make=_by_collation("regexp_instr"), params="t")
def regexp_instr(value: Any, pattern: Any, *, collation: str | None = None) -> int:
    found = compiled(text(pattern), collation).search(text(value))
    return 0 if found is None else found.start() + 1


@function("REGEXP_SUBSTR", 2, result=rt.string_like(rt.first_length), make=_by_collation("regexp_substr"), params="t")
def regexp_substr(value: Any, pattern: Any, *, collation: str | None = None) -> str:
    found = compiled(text(pattern), collation).search(text(value))
    return "" if found is None else found.group()


@function("REGEXP_REPLACE", 3, result=rt.string_like(rt.MAX_VARCHAR), make=_by_collation("regexp_replace"), params="t")
def regexp_replace(value: Any, pattern: Any, new: Any, *, collation: str | None = None) -> str:
    """Every match replaced; \\1 ... \\9 in `new` stand for groups."""

    def expand(found: re.Match[str]) -> str:
        return re.sub(r"\\(.)", lambda m: (found.group(int(m[1])) or "") if m[1].isdigit() and int(m[1]) <= (found.re.groups)
                      else "" if m[1].isdigit() else m[1], text(new), flags=re.S)

    return compiled(text(pattern), collation).sub(expand, text(value))


@function("MAKE_SET", 2, None, result=rt.string_like(rt.total_length), null_propagates=False, nullable=null_if_any, params="it")
def make_set(bits: Any, *values: Any) -> str | None:
    """The values whose bits are set, separated by commas; NULLs are left out."""
    if bits is None:
        return None
    mask = integer(bits)
    return ",".join(text(v) for i, v in enumerate(values) if mask >> i & 1 and v is not None)


@function("EXPORT_SET", 3, 5, result=rt.string_like(rt.MAX_VARCHAR), nullable=always_nullable, params="ittti")
def export_set(bits: Any, on: Any, off: Any, separator: Any = ",", count: Any = 64) -> str:
    """`on` or `off` for each of `count` bits, lowest first."""
    mask, size = integer(bits), integer(count)
    size = size if 0 <= size <= 64 else 64
    return text(separator).join(text(on) if mask >> i & 1 else text(off) for i in range(size))


_SOUNDS = {letter: digit for digit, letters in (("1", "BFPV"), ("2", "CGJKQSXZ"), ("3", "DT"), ("4", "L"), ("5", "MN"), ("6", "R"))
           for letter in letters}


@function("SOUNDEX", 1, result=rt.string_like(rt.first_length), params="t")
def soundex(value: Any) -> str:
    """The first letter and the digits of the following consonants, at least four characters."""
    letters = [c for c in text(value).upper() if c.isalpha()]
    if not letters:
        return ""
    out, last = [letters[0]], _SOUNDS.get(letters[0])
    for letter in letters[1:]:
        code = _SOUNDS.get(letter)
        if code is not None and code != last:
            out.append(code)
            last = code
    return "".join(out).ljust(4, "0")
