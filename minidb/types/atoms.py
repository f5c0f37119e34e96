"""Self-describing bytes for tuples of atoms: undo records, redo payloads, keys of any index.

    OFFSET  SIZE   FIELD
    0       1      tag
    1       ...    payload by tag (varint: 7 bits a byte, low bits first, top bit = more):
                     N None   T True   F False   L keys.NULL   M keys.MAX              nothing
                     i int (zigzag varint)   q int (8 bytes, signed)   f float (8 bytes)   D Decimal (varint length, ASCII)
                     s str (varint length, UTF-8)   b bytes (varint length)
                     d date (varint ordinal)   t datetime (varint microseconds since 0001-01-01)   m timedelta (zigzag varint)
                     x ExternalValue (varint page, varint length, 1 byte is-text)
                     v keys.Descending (then its key)   ( tuple (varint count, then the members)

`encode_atoms` writes the outermost tuple without its tag: a varint count and the members.  Integers from 0 to 4095 and those beyond
64 bits are varints, all others take 8 bytes: ids and roll pointers are written with every change, and bits are cheaper than time.
"""

from __future__ import annotations

import struct
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from minidb.types.keys import MAX, NULL, Descending
from minidb.types.lob_ref import ExternalValue
from minidb.types.temporal import span_micros

_FLOAT = struct.Struct("<d")
_LONG = struct.Struct("<q")
_TAGGED_LONG = struct.Struct("<cq").pack
_LONGEST = 1 << 63
_EPOCH = datetime(1, 1, 1)
_MICRO = timedelta(microseconds=1)
_MAX_DEPTH = 32
_MAX_INT_BYTES = 64  # 7 bits each: far beyond any SQL integer


def _varint(out: bytearray, number: int) -> None:
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def _write_long(out: bytearray, tag: bytes, payload: bytes) -> None:
    out += tag
    _varint(out, len(payload))
    out += payload


def _small(number: int) -> bytes:
    out = bytearray(b"i")
    _varint(out, _zigzag(number))
    return bytes(out)


_SMALL = [_small(number) for number in range(4096)]  # most numbers of a database are small
_SHORT = [b"s" + bytes((length,)) for length in range(128)]  # so are most strings


def _write(out: bytearray, value: Any) -> None:
    kind = type(value)
    if kind is int:
        if 0 <= value < 4096:
            out += _SMALL[value]
        elif -_LONGEST <= value < _LONGEST:
            out += _TAGGED_LONG(b"q", value)
        else:
            out += b"i"
            _varint(out, _zigzag(value))
    elif kind is str:
        data = value.encode()
        if len(data) < 128:
            out += _SHORT[len(data)]
            out += data
        else:
            _write_long(out, b"s", data)
    elif value is None:
        out += b"N"
    elif kind is tuple:
        out += b"("
        _write_members(out, value)
    elif kind is bytes:
        _write_long(out, b"b", value)
    elif kind is Decimal:
        _write_long(out, b"D", str(value).encode())
    elif kind is float:
        out += b"f" + _FLOAT.pack(value)
    elif kind is bool:
        out += b"T" if value else b"F"
    else:
        _write_rare(out, value)


def _write_rare(out: bytearray, value: Any) -> None:
    if isinstance(value, datetime):
        out += b"t"
        _varint(out, (value - _EPOCH) // _MICRO)
    elif isinstance(value, date):
        out += b"d"
        _varint(out, value.toordinal())
    elif isinstance(value, timedelta):
        out += b"m"
        _varint(out, _zigzag(span_micros(value)))
    elif value is NULL:
        out += b"L"
    elif value is MAX:
        out += b"M"
    elif isinstance(value, Descending):
        out += b"v"
        _write(out, value.key)
    elif isinstance(value, ExternalValue):
        out += b"x"
        _varint(out, value.page)
        _varint(out, value.length)
        out.append(value.is_text)
    else:
        raise TypeError(f"cannot encode {type(value).__name__}")


def _write_members(out: bytearray, values: tuple[Any, ...]) -> None:
    """The commonest values are written here, the others by `_write`: every change of a row comes through this loop."""
    count = len(values)
    if count < 128:
        out.append(count)
    else:
        _varint(out, count)
    for value in values:
        kind = type(value)
        if kind is int:
            if 0 <= value < 4096:
                out += _SMALL[value]
            elif -_LONGEST <= value < _LONGEST:
                out += _TAGGED_LONG(b"q", value)
            else:
                _write(out, value)
        elif kind is str and len(value) < 32:  # 127 bytes at most
            data = value.encode()
            out += _SHORT[len(data)]
            out += data
        elif kind is tuple:
            out += b"("
            _write_members(out, value)
        else:
            _write(out, value)


def encode_atoms(values: tuple[Any, ...]) -> bytes:
    """`values` (None, bool, int, float, str, bytes, Decimal, date, datetime, timedelta, keys.NULL/MAX/Descending, ExternalValue,
    tuples of these) as bytes; raises TypeError for anything else."""
    out = bytearray()
    _write_members(out, values)
    return bytes(out)


class _Reader:
    """A position in a buffer; every read checks the end."""

    __slots__ = ("data", "end", "pos")

    def __init__(self, data: bytes | memoryview, pos: int) -> None:
        self.data = data
        self.pos = pos
        self.end = len(data)

    def byte(self) -> int:
        if not 0 <= self.pos < self.end:
            raise ValueError("atoms run past the end")
        self.pos += 1
        return self.data[self.pos - 1]

    def varint(self) -> int:
        number = 0
        for shift in range(0, _MAX_INT_BYTES * 7, 7):
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
        raise ValueError("number too long")

    def signed(self) -> int:
        number = self.varint()
        return -((number + 1) >> 1) if number & 1 else number >> 1

    def take(self, size: int) -> bytes:
        start, stop = self.pos, self.pos + size
        if stop > self.end:
            raise ValueError("atoms run past the end")
        self.pos = stop
        return bytes(self.data[start:stop])

    def members(self, depth: int) -> tuple[Any, ...]:
        count = self.varint()
        if count > self.end - self.pos or depth > _MAX_DEPTH:
            raise ValueError("tuple too large")
        return tuple([self.value(depth) for _ in range(count)])

    def value(self, depth: int) -> Any:
        tag = self.byte()
        if tag == 0x69:  # i
            return self.signed()
        if tag == 0x71:  # q
            return _LONG.unpack(self.take(8))[0]
        if tag == 0x73:  # s
            return str(self.take(self.varint()), "utf-8")
        if tag == 0x28:  # (
            return self.members(depth + 1)
        if tag == 0x76:  # v
            return self.descending(depth)
        if tag == 0x62:  # b
            return self.take(self.varint())
        if tag in _CONSTANTS:
            return _CONSTANTS[tag]
        if tag == 0x66:  # f
            return _FLOAT.unpack(self.take(8))[0]
        return self.rare(tag)

    def descending(self, depth: int) -> Descending:
        if depth > _MAX_DEPTH:
            raise ValueError("key nested too deeply")
        return Descending(self.value(depth + 1))

    def rare(self, tag: int) -> Any:
        if tag == 0x44:  # D
            return Decimal(str(self.take(self.varint()), "ascii"))
        if tag == 0x64:  # d
            return date.fromordinal(self.varint())
        if tag == 0x74:  # t
            return _EPOCH + timedelta(microseconds=self.varint())
        if tag == 0x6D:  # m
            return timedelta(microseconds=self.signed())
        if tag == 0x78:  # x
            page, length, flag = self.varint(), self.varint(), self.byte()
            if flag > 1:
                raise ValueError("external value with a bad flag")
            return ExternalValue(page, length, bool(flag))
        raise ValueError(f"unknown tag {tag:#x}")


_CONSTANTS: dict[int, Any] = {0x4E: None, 0x54: True, 0x46: False, 0x4C: NULL, 0x4D: MAX}


def decode_atoms(data: bytes | memoryview, offset: int = 0) -> tuple[tuple[Any, ...], int]:
    """(values, end offset) of what `encode_atoms` wrote at `offset`; raises ValueError for anything else."""
    reader = _Reader(data, offset)
    try:
        values = reader.members(0)
    except (OverflowError, InvalidOperation) as error:
        raise ValueError(f"corrupt atoms: {error}") from None
    return values, reader.pos
