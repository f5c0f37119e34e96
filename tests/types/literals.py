"""SQL literals of the golden files as Python values, and the types written in them as `SqlType`s."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from minidb.types import temporal
from minidb.types.parse import make_type, with_charset
from minidb.types.sqltype import SqlType

_TYPE = re.compile(r"(\w+)(?:\((.*)\))?((?: \w+)*)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "Z": "\x1a"}


def unquote(text: str) -> str:
    """The value of a quoted literal."""
    body = re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1] if m[1] not in "%_" else m[0]), text[1:-1], flags=re.S)
    return body.replace("''", "'")


def value_of(text: str) -> Any:
    """The Python value of a literal: 1, 1.5, 1e0, 'x', x'41', b'101', date'...', time'...', timestamp'...', NULL, TRUE,
    repeat('x',n)."""
    lowered = text.lower()
    if lowered in ("null", "true", "false"):
        return {"null": None, "true": True, "false": False}[lowered]
    if text.startswith("'"):
        return unquote(text)
    repeated = re.fullmatch(r"repeat\('(.)',(\d+)\)", text)
    if repeated:
        return repeated[1] * int(repeated[2])
    prefixed = re.fullmatch(r"(x|b|date|time|timestamp)'(.*)'", lowered)
    if prefixed:
        return _prefixed(prefixed[1], prefixed[2])
    if "e" in lowered:
        return float(text)
    return Decimal(text) if "." in text else int(text)


def _prefixed(kind: str, body: str) -> bytes | date | datetime | timedelta:
    if kind == "x":
        return bytes.fromhex(body)
    if kind == "b":
        return int(body, 2).to_bytes((len(body) + 7) // 8, "big")
    if kind == "date":
        return date.fromisoformat(body)
    if kind == "timestamp":
        return datetime.fromisoformat(body)
    span = temporal.parse_time(body)
    assert span is not None
    return span


def type_of(text: str) -> SqlType:
    """The type written as in a column definition, in utf8mb4 unless it says otherwise."""
    found = _TYPE.fullmatch(text)
    assert found, text
    name, inside, rest = found.groups()
    charset = re.search(r"character set (\w+)", rest)
    length = scale = None
    members: list[str] = []
    if inside and inside.startswith("'"):
        members = [unquote(m) for m in re.findall(r"'[^']*'", inside)]
    elif inside:
        length, scale = (*map(int, inside.split(",")), None)[:2]
    made = make_type(name, length, scale, "unsigned" in rest, charset=charset[1] if charset else None, members=members)
    return with_charset(made, "utf8mb4", "utf8mb4_general_ci")
