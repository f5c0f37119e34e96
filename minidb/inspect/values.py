"""Values of records for people (`shown`) and for programs (`plain`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from minidb.storage.layout import Field
from minidb.types.keys import MAX, NULL, Descending
from minidb.types.lob_ref import ExternalValue
from minidb.types.text import sql_literal, to_text

SHOWN_CHARACTERS = 60  # of a value; more are cut off for people, never for programs


class RollPointer(NamedTuple):
    """DB_ROLL_PTR: the undo record before this version; page 0: there is none."""

    page: int
    slot: int


class Raw(bytes):
    """The bytes of a record that nobody can decode."""


class Word(str):
    """A name of ours (of a kind, a table), not a value: people see it without quotes."""

    __slots__ = ()


class Absent:
    """No value at all: an undecoded record has no columns, the first child no separator."""

    __slots__ = ()


ABSENT = Absent()


def shown(value: Any) -> str:
    """`value` as people read it: SQL literals, keys and rows in parentheses, references by page."""
    if isinstance(value, RollPointer):
        return f"{value.page}.{value.slot}" if value.page else "-"
    if isinstance(value, ExternalValue):
        return f"-> page {value.page}, {value.length} bytes of {'text' if value.is_text else 'binary'}"
    if isinstance(value, Descending):
        return f"{shown(value.key)} DESC"
    if value is NULL:
        return "NULL"
    if value is MAX:
        return "MAX"
    if value is ABSENT:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_member(member)}" for name, member in value.items())
    if isinstance(value, list):
        return ", ".join(map(_member, value))
    if isinstance(value, tuple):
        return f"({', '.join(map(_member, value))})"
    if isinstance(value, Word):
        return str(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Raw):
        return cut(value.hex(" ")) or "(no bytes)"
    return str(value) if isinstance(value, float) and not math.isfinite(value) else cut(sql_literal(value))


def _member(value: Any) -> str:
    """A value inside of another one."""
    text = shown(value)
    return f"({text})" if isinstance(value, (Mapping, list)) else text


def cut(text: str) -> str:
    """`text`, its end cut off if it is long."""
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}... ({len(text)} characters)"


def plain(value: Any) -> Any:
    """`value` as JSON has it: numbers, text and null as they are; bytes, references, bounds and decimals as objects or text."""
    if isinstance(value, RollPointer):
        return {"page": value.page, "slot": value.slot} if value.page else None
    if isinstance(value, ExternalValue):
        return {"page": value.page, "length": value.length, "is_text": value.is_text}
    if isinstance(value, Descending):
        return {"descending": plain(value.key)}
    if value is None or value is NULL:
        return None
    if value is MAX:
        return {"max": True}
    if isinstance(value, Mapping):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(member) for member in value]
    if isinstance(value, (bytes, bytearray)):
        return {"hex": bytes(value).hex()}
    if isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value) if isinstance(value, (Decimal, float)) else to_text(value)


def hexadecimal(number: int) -> str:
    """A checksum as people compare it."""
    return f"{number:#010x}"


def readable(fields: list[Field]) -> list[Field]:
    """Fields of a header, with the values that are no numbers to people as text: checksums, magic words, reserved bytes."""
    return [field._replace(value=_readable(field)) for field in fields]


def _readable(field: Field) -> Any:
    if field.name == "checksum":
        return hexadecimal(field.value)
    if isinstance(field.value, bytes):
        if not any(field.value):
            return "zero"
        return field.value.decode() if field.value.isalnum() else Raw(field.value)
    return field.value


def ranges(numbers: list[int]) -> str:
    """Ascending numbers as ``0-3, 7``."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in found)
