"""Column values as literals that any server reads back as the same values.

The text is written for a session with ``SET NAMES utf8mb4`` and a sql_mode without NO_BACKSLASH_ESCAPES.  Bytes that are no UTF-8
are carried as surrogates (PEP 383), which the writer of the file turns into the bytes again.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable
from typing import Any

from minidb.types.sqltype import Family, SqlType
from minidb.types.text import float_text, to_text

Literal = Callable[[Any], str]
"""A value, None included, to its literal."""

_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\0": "\\0", "\x1a": "\\Z"})
_special = re.compile("[\\\\'\"\n\r\0\x1a]").search
_UNQUOTED = (Family.INT, Family.DECIMAL, Family.FLOAT)


def quoted(text: str) -> str:
    """A string literal, escaped as mysql_real_escape_string does it."""
    return f"'{text.translate(_ESCAPES)}'" if _special(text) else f"'{text}'"


def literal_of(t: SqlType, hex_blob: bool) -> Literal:
    """The function that writes values of type `t`; hex_blob: bytes as 0x..., else as ``_binary '...'``."""
    if t.name == "bit":
        size = ((t.length or 1) + 7) // 8
        return _nullable(lambda value: _bytes_literal(int(value).to_bytes(size, "big"), hex_blob))
    if t.family is Family.BYTES:
        return _nullable(lambda value: _bytes_literal(bytes(value), hex_blob))
    if t.family is Family.FLOAT and t.scale is None:
        return _nullable(_single if t.name == "float" else _double)
    if t.family in _UNQUOTED:
        return _integer if t.family is Family.INT and not t.zerofill and t.name != "year" else _nullable(_number_writer(t))
    if t.family is Family.STRING:
        return lambda value: "NULL" if value is None else quoted(value)
    return _nullable(lambda value: f"'{to_text(value, t)}'")


def _nullable(write: Literal) -> Literal:
    return lambda value: "NULL" if value is None else write(value)


def _integer(value: int | None) -> str:
    return "NULL" if value is None else str(value)


def _number_writer(t: SqlType) -> Literal:
    width = 4 if t.name == "year" else 1
    return lambda value: str(to_text(value, t)).zfill(width)


def _single(value: float) -> str:
    """The shortest decimal number that is this single-precision value.  (Servers print six digits, which may be another one.)"""
    for digits in range(6, 9):
        text = f"{value:.{digits}g}"
        if _to_single(float(text)) == value:
            return _double(float(text))
    return _double(float(f"{value:.9g}"))


def _to_single(value: float) -> float:
    """`value` rounded to single precision; infinity above its range."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def _double(value: float) -> str:
    return float_text(value) if value or math.copysign(1, value) > 0 else "-0e0"


def _bytes_literal(data: bytes, hex_blob: bool) -> str:
    if hex_blob:
        return "0x" + data.hex().upper() if data else "''"
    return "_binary " + quoted(data.decode("utf-8", "surrogateescape"))
