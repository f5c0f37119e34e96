"""`Layout`: the fields of a piece of bytes by offset, size and name, as the layout tables of the documentation give them.

Formats are packed and unpacked by `struct`; a layout is the same format with names, for those who look at bytes.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

# What decoding bytes that nobody vouches for may raise.
DECODE_ERRORS = (ValueError, IndexError, KeyError, TypeError, AttributeError, struct.error, ArithmeticError, RecursionError)


class Field(NamedTuple):
    """offset, size: in bytes.  value: a number, bytes, or whatever the field holds once decoded."""

    offset: int
    size: int
    name: str
    value: Any


class Layout:
    """The fields of one `struct` format without padding.  names: one for each of its codes, in order; size: bytes of all."""

    __slots__ = ("_places", "names", "size")

    def __init__(self, format: str, names: str) -> None:
        self.names = tuple(names.split())
        self._places: list[tuple[int, struct.Struct]] = []
        offset = 0
        for code in _codes(format):
            one = struct.Struct("<" + code)
            self._places.append((offset, one))
            offset += one.size
        if len(self._places) != len(self.names):
            raise ValueError(f"{len(self.names)} names for {len(self._places)} fields")
        self.size = offset

    def read(self, data: bytes, base: int = 0) -> list[Field]:
        """The fields of the bytes at `base`; those that `data` is too short for are left out."""
        found: list[Field] = []
        for name, (offset, one) in zip(self.names, self._places, strict=True):
            if base + offset + one.size <= len(data):
                found.append(Field(base + offset, one.size, name, one.unpack_from(data, base + offset)[0]))
        return found


def _codes(format: str) -> list[str]:
    codes: list[str] = []
    digits = ""
    for character in format.lstrip("<"):
        if character.isdigit():
            digits += character
        else:
            codes.append(digits + character)
            digits = ""
    return codes
