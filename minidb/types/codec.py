"""Rows to bytes and back: `RowCodec`, compiled for the columns of a table.

    OFFSET     SIZE           FIELD
    0          ceil(n / 8)    NULL bits: bit i of byte i // 8 is set if column i is NULL
    ...        fixed          one field per column in order, little-endian (0 where NULL):
                                tinyint b/B, smallint h/H, mediumint and int i/I, bigint q/Q, bit Q, year H
                                decimal up to 18 digits q (the unscaled integer); float f, double d
                                date i (proleptic ordinal), datetime and timestamp q, time q (microseconds)
                                enum H (ordinal), set Q (bit mask)
                                everything else I: length in bytes of its part of the variable area; bit 31: external value
    ...        variable       strings as UTF-8, bytes as they are, longer decimals as ASCII, in column order
                                external value: page I, length Q, is-text B (13 bytes)

`encode`, `decode` and `size` are generated as one Python function each.  `decode` checks every length against the buffer and
raises ValueError for anything that `encode` cannot have written; it never reads past the end.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

from minidb.types.atoms import decode_atoms, encode_atoms
from minidb.types.generated import code
from minidb.types.keys import set_mask
from minidb.types.lob_ref import ExternalValue
from minidb.types.sqltype import Family, SqlType
from minidb.types.temporal import span_micros

__all__ = ["RowCodec", "decode_atoms", "encode_atoms"]

EXTERNAL = 0x80000000
_REF = struct.Struct("<IQB")
_EPOCH = datetime(1, 1, 1)
_MICRO = timedelta(microseconds=1)
_INTS = {"tinyint": "bB", "smallint": "hH", "mediumint": "iI", "int": "iI", "bigint": "qQ", "bit": "QQ", "year": "HH"}
_SHORT_DECIMAL = 18
_EXACT = Context(prec=100)  # independent of the precision that the calling program works with


def _pack_reference(value: Any) -> bytes:
    if not isinstance(value, ExternalValue):
        raise TypeError(f"cannot encode {type(value).__name__}")
    return _REF.pack(value.page, value.length, value.is_text)


def _unpack_reference(data: bytes | memoryview, start: int, end: int) -> ExternalValue:
    if end - start != _REF.size:
        raise ValueError("external value of wrong size")
    page, length, is_text = _REF.unpack_from(data, start)
    if is_text > 1:
        raise ValueError("external value with a bad flag")
    return ExternalValue(page, length, bool(is_text))


def _datetime_to_int(value: datetime) -> int:
    return (value - _EPOCH) // _MICRO


def _int_to_datetime(number: int) -> datetime:
    return _EPOCH + timedelta(microseconds=number)


def _int_to_time(number: int) -> timedelta:
    return timedelta(microseconds=number)


def _decimal_reader(data: bytes | memoryview, start: int, end: int) -> Decimal:
    number = Decimal(str(bytes(data[start:end]), "ascii"))
    if not number.is_finite():
        raise ValueError("decimal is not a number")
    return number


class _Column:
    """How one column is written: struct format, expressions over the variable named in `{}`, whether it has a variable part."""

    __slots__ = ("decode", "encode", "env", "format", "variable")

    def __init__(self, format: str, encode: str = "{}", decode: str = "{}", variable: str = "", **env: Any) -> None:
        self.format = format
        self.encode = encode
        self.decode = decode
        self.variable = variable
        self.env = env


def _members(t: SqlType) -> _Column:
    if t.name == "enum":
        names = ("", *t.members)
        return _Column("H", "ordinal_#[{}]", "member_#[{}]", ordinal={m: i for i, m in enumerate(names)}, member=names)
    size = len(t.members)

    def text(mask: int) -> str:
        if mask >> size:
            raise ValueError("set with unknown members")
        return ",".join(m for i, m in enumerate(t.members) if mask >> i & 1)

    return _Column("Q", "mask_#({})", "text_#({})", mask=set_mask(t), text=text)


def _layout(t: SqlType) -> _Column:
    if t.family is Family.INT:
        return _Column(_INTS.get(t.name, "qQ")[t.unsigned])
    if t.family is Family.DECIMAL:
        if t.length is not None and t.length <= _SHORT_DECIMAL:
            scale = t.scale or 0
            return _Column("q", f"int(scaleb({{}}, {scale}))", f"scaleb(Decimal({{}}), -{scale})")
        return _Column("I", variable="decimal")
    if t.family is Family.FLOAT:
        return _Column("f" if t.name == "float" else "d")
    if t.family is Family.DATE:
        return _Column("i", "{}.toordinal()", "from_ordinal({})")
    if t.family is Family.DATETIME:
        return _Column("q", "datetime_to_int({})", "int_to_datetime({})")
    if t.family is Family.TIME:
        return _Column("q", "span_micros({})", "int_to_time({})")
    if t.family is Family.NULL:
        return _Column("0s", "b''", "bad_null()")
    if t.name in ("enum", "set"):
        return _members(t)
    return _Column("I", variable="text" if t.family is Family.STRING else "bytes")


def _bad_null() -> None:
    raise ValueError("a NULL column holds a value")


_ZERO = {"f": "0.0", "d": "0.0", "0s": "b''"}
_TO_BYTES = {"text": "{}.encode()", "bytes": "{}", "decimal": "str({}).encode()"}
_PYTHON = {"text": "str", "bytes": "bytes", "decimal": "Decimal"}
_FROM_BYTES = {
    "text": "str(data[p:e], 'utf-8')",
    "bytes": "bytes(data[p:e])",
    "decimal": "read_decimal(data, p, e)",
}
_SIZE = {
    "text": "(0 if {0} is None else len({0}) if {0}.isascii() else len({0}.encode()))",
    "bytes": "(0 if {0} is None else len({0}))",
    "decimal": "(0 if {0} is None else len(str({0})))",
}


class RowCodec:
    """Encodes rows of exactly the given column types.

    encode(values) -> bytes; raises ValueError / TypeError for values that do not belong to the types.
    decode(data, offset=0) -> (values, end offset); raises ValueError for corrupt data.
    size(values) -> len(encode(values)), without encoding.
    """

    __slots__ = ("_columns", "_layout", "decode", "encode", "fixed_size", "size", "sources", "types")

    encode: Callable[[Sequence[Any]], bytes]
    decode: Callable[..., tuple[tuple[Any, ...], int]]
    size: Callable[[Sequence[Any]], int]
    sources: tuple[str, str, str]

    def __init__(self, types: Sequence[SqlType]) -> None:
        self.types = tuple(types)
        self._columns = [_layout(t) for t in self.types]
        flag_bytes = (len(self._columns) + 7) // 8
        self._layout = struct.Struct("<" + f"{flag_bytes}s" + "".join(c.format for c in self._columns))
        self.fixed_size = self._layout.size

    def __getattr__(self, name: str) -> Any:
        """Generate the functions when one is asked for: a table that never leaves memory needs none of them."""
        if name not in ("decode", "encode", "size", "sources"):
            raise AttributeError(name)
        columns, layout = self._columns, self._layout
        flag_bytes = (len(columns) + 7) // 8
        env: dict[str, Any] = {
            "pack": layout.pack, "unpack_from": layout.unpack_from,
            "Decimal": Decimal, "scaleb": _EXACT.scaleb, "from_ordinal": date.fromordinal,
            "datetime_to_int": _datetime_to_int, "int_to_datetime": _int_to_datetime, "span_micros": span_micros,
            "int_to_time": _int_to_time, "read_decimal": _decimal_reader, "pack_reference": _pack_reference,
            "unpack_reference": _unpack_reference, "bad_null": _bad_null, "struct_error": struct.error,
        }
        for i, c in enumerate(columns):
            env.update({f"{name}_{i}": value for name, value in c.env.items()})
        self.sources = (_encode_source(columns, flag_bytes), _decode_source(columns, flag_bytes, layout.size),
                        _size_source(columns, layout.size))
        for source in self.sources:
            exec(code(source, "exec"), env)
        self.encode = env["encode"]
        self.decode = env["decode"]
        self.size = env["size"]
        return getattr(self, name)

    def sizer(self, extra: int, skip: int = 0) -> Callable[[Sequence[Any]], int]:
        """A function like `size` that adds `extra`, over values without the first `skip` columns (which are of fixed size).  Every
        change of a record asks for its size: this is one call."""
        env: dict[str, Any] = {"Decimal": Decimal}
        exec(code(_size_source(self._columns, self.fixed_size + extra, skip), "exec"), env)
        made: Callable[[Sequence[Any]], int] = env["size"]
        return made

    def check(self, values: Sequence[Any]) -> None:
        """Assert that `values` survive a round trip and that `size` tells the truth about them."""
        data = self.encode(values)
        assert len(data) == self.size(values), "size() differs from the encoded length"
        assert self.decode(data, 0) == (tuple(values), len(data)), "values do not survive a round trip"

    def dump(self) -> str:
        """The generated functions, for people."""
        return "\n".join(self.sources)


def _names(columns: Sequence[_Column], letter: str) -> str:
    return "".join(f"{letter}{i}, " for i in range(len(columns)))


def _encode_source(columns: Sequence[_Column], flag_bytes: int) -> str:
    lines = ["def encode(values):", " flags = 0"]
    if columns:
        lines.append(f" {_names(columns, 'v')} = values")
    fields, parts = [], []
    for i, c in enumerate(columns):
        v = f"v{i}"
        if c.variable:
            lines += [f" if {v} is None: flags |= {1 << i}; b{i} = b''; f{i} = 0",
                      f" elif type({v}) is {_PYTHON[c.variable]}: b{i} = {_TO_BYTES[c.variable].format(v)}; f{i} = len(b{i})",
                      f" else: b{i} = pack_reference({v}); f{i} = len(b{i}) | {EXTERNAL}"]
            parts.append(f"b{i}")
        else:
            value = c.encode.replace("#", str(i)).format(v)
            lines += [f" if {v} is None: flags |= {1 << i}; f{i} = {_ZERO.get(c.format, '0')}", f" else: f{i} = {value}"]
        fields.append(f"f{i}")
    body = ", ".join([f"flags.to_bytes({flag_bytes}, 'little')", *fields])
    lines += [" try:", f"  return {' + '.join([f'pack({body})', *parts])}",
              " except struct_error as error:", "  raise ValueError(str(error)) from None"]
    return "\n".join(lines)


def _decode_source(columns: Sequence[_Column], flag_bytes: int, fixed: int) -> str:
    lines = ["def decode(data, offset=0):", " try:", f"  flags, {_names(columns, 'f')} = unpack_from(data, offset)",
             "  flags = int.from_bytes(flags, 'little')",
             f"  if flags >> {len(columns)}: raise ValueError('NULL bits beyond the last column')",
             f"  p = offset + {fixed}; end = len(data)"]
    for i, c in enumerate(columns):
        null = f"  if flags & {1 << i}: v{i} = None"
        if c.variable:
            lines += [f"  n = f{i}",
                      null,
                      f"  elif n & {EXTERNAL}:",
                      f"   e = p + (n & {EXTERNAL - 1})",
                      "   if e > end: raise ValueError('value runs past the end')",
                      f"   v{i} = unpack_reference(data, p, e); p = e",
                      "  else:",
                      "   e = p + n",
                      "   if e > end: raise ValueError('value runs past the end')",
                      f"   v{i} = {_FROM_BYTES[c.variable]}; p = e"]
        else:
            lines += [null, f"  else: v{i} = {c.decode.replace('#', str(i)).format(f'f{i}')}"]
    lines += [f"  return ({_names(columns, 'v')}), p",
              " except (struct_error, OverflowError, IndexError, ArithmeticError) as error:",
              "  raise ValueError(f'corrupt row: {error}') from None"]
    return "\n".join(lines)


def _size_source(columns: Sequence[_Column], fixed: int, skip: int = 0) -> str:
    variable = [(i, c.variable) for i, c in enumerate(columns) if c.variable]
    if not variable:
        return f"def size(values):\n return {fixed}"
    fast = [f"  v{i} = values[{i - skip}]" for i, _ in variable]
    total = " + ".join([str(fixed), *(_SIZE[kind].format(f"v{i}") for i, kind in variable)])
    slow = " + ".join([str(fixed), *(
        f"(0 if v{i} is None else len({_TO_BYTES[kind].format(f'v{i}')}) if type(v{i}) is {_PYTHON[kind]} else {_REF.size})"
        for i, kind in variable)])
    # an external value has neither isascii nor a length: only then the exact, slower expression
    return "\n".join(["def size(values):", " try:", *fast, f"  return {total}",
                      " except (AttributeError, TypeError):", f"  return {slow}"])
