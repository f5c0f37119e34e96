"""Storing into CHAR, VARCHAR, TEXT, BINARY, VARBINARY, BLOB, ENUM, SET and JSON columns.  Each `..._storer` returns
(value, context) -> stored value for values that are not NULL."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from minidb.errors import SqlError
from minidb.types.coerce import to_bytes
from minidb.types.collation import CHARSETS, get_collation
from minidb.types.parse import TEXT_BYTES
from minidb.types.sqltype import SqlType
from minidb.types.store_context import StoreContext
from minidb.types.text import to_text

Storer = Callable[[Any, StoreContext], Any]
_SHOWN_BYTES = 6


def _shown(data: bytes) -> str:
    """Bytes as message 1366 shows them: the first six, those beyond ASCII as \\xNN."""
    text = "".join(chr(b) if 0x20 <= b < 0x7F else f"\\x{b:02X}" for b in data[:_SHOWN_BYTES])
    return text + ("..." if len(data) > _SHOWN_BYTES else "")


def _decode(data: bytes, ctx: StoreContext) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        ctx.reject_value(1366, "string", _shown(data[error.start :]))
        return data.decode("utf-8", "replace").replace("\ufffd", "?")


def _encodable(text: str, t: SqlType, ctx: StoreContext) -> str:
    """`text`, or if its character set lacks one of its characters: 1366, and with '?' in their places."""
    charset = CHARSETS[t.charset or "utf8mb4"]
    try:
        text.encode(charset.codec)
        if charset.width == 3 and any(c > "\uffff" for c in text):
            place = next(i for i, c in enumerate(text) if c > "\uffff")
            ctx.reject_value(1366, "string", _shown(text[place:].encode()))
            return "".join(c if c <= "\uffff" else "?" for c in text)
    except UnicodeEncodeError as error:
        ctx.reject_value(1366, "string", _shown(text[error.start :].encode("utf-8", "surrogatepass")))
        return text.encode(charset.codec, "replace").decode(charset.codec)
    return text


def char_storer(t: SqlType) -> Storer:
    """CHAR and VARCHAR: 1406 when too long; surplus trailing spaces are cut silently (CHAR) or with a note (VARCHAR).  CHAR is
    kept without its trailing spaces, which is how it is read."""
    fixed = t.name == "char"
    size = t.length if t.length is not None else 2**32

    def store(value: Any, ctx: StoreContext) -> str:
        text = _decode(value, ctx) if isinstance(value, bytes) else to_text(value) or ""
        if not text.isascii() or t.charset in ("latin1", "ascii"):
            text = _encodable(text, t, ctx)
        if fixed:
            text = text.rstrip(" ")
        if len(text) > size:
            if text[size:].strip(" "):
                ctx.reject(1406, 1265)
            else:
                ctx.note_truncated()
            text = text[:size]
        return text.rstrip(" ") if fixed else text

    return store


def text_storer(t: SqlType) -> Storer:
    """TINYTEXT ... LONGTEXT: the limit is in bytes of the character set; 1406 beyond it."""
    limit = TEXT_BYTES.get(t.name, TEXT_BYTES["longtext"])
    charset = CHARSETS[t.charset or "utf8mb4"]

    def store(value: Any, ctx: StoreContext) -> str:
        text = _decode(value, ctx) if isinstance(value, bytes) else to_text(value) or ""
        text = text if text.isascii() else _encodable(text, t, ctx)
        if len(text) * charset.width > limit:
            data = text.encode(charset.codec, "replace")
            if len(data) > limit:
                ctx.reject(1406, 1265)
                text = data[:limit].decode(charset.codec, "ignore")
        return text

    return store


def bytes_storer(t: SqlType) -> Storer:
    """BINARY (filled with zero bytes), VARBINARY and BLOBs; 1406 when too long."""
    limit = TEXT_BYTES.get(t.name) or (t.length if t.length is not None else 2**32)
    fixed = t.name == "binary"

    def store(value: Any, ctx: StoreContext) -> bytes:
        data = bytes(value) if isinstance(value, (bytearray, memoryview)) else to_bytes(value)
        if len(data) > limit:
            ctx.reject(1406, 1265)
            data = data[:limit]
        return data.ljust(limit, b"\0") if fixed else data

    return store


def enum_storer(t: SqlType) -> Storer:
    """ENUM: a member (compared by collation), its ordinal, or its ordinal as text; 1265 otherwise."""
    fold = get_collation(t.collation).key
    by_key = {fold(member): member for member in reversed(t.members)}

    def store(value: Any, ctx: StoreContext) -> str:
        if isinstance(value, (int, float, Decimal)):
            ordinal = int(value)
        else:
            text = _decode(value, ctx) if isinstance(value, bytes) else to_text(value) or ""
            member = by_key.get(fold(text))
            if member is not None:
                return member
            ordinal = int(text) if text.isascii() and text.isdigit() else 0
        if 1 <= ordinal <= len(t.members):
            return t.members[ordinal - 1]
        ctx.reject(1265)
        return ""

    return store


def set_storer(t: SqlType) -> Storer:
    """SET: members separated by commas, a bit mask, or a mask as text; unknown members are dropped with 1265."""
    fold = get_collation(t.collation).key
    bits = {fold(member): 1 << i for i, member in reversed(list(enumerate(t.members)))}
    every = (1 << len(t.members)) - 1

    def read(text: str, ctx: StoreContext) -> int:
        mask, unknown = 0, False
        for part in text.split(",") if text else ():
            bit = bits.get(fold(part), 0)
            unknown = unknown or not bit
            mask |= bit
        if not unknown:
            return mask
        if text.isascii() and text.isdigit():
            return int(text)
        ctx.reject(1265)
        return mask

    def store(value: Any, ctx: StoreContext) -> str:
        if isinstance(value, (int, float, Decimal)):
            mask = int(value)
        else:
            mask = read(_decode(value, ctx) if isinstance(value, bytes) else to_text(value) or "", ctx)
        if mask & ~every:
            ctx.reject(1265)
        return ",".join(m for i, m in enumerate(t.members) if mask >> i & 1)

    return store


def is_json(text: str) -> bool:
    """True if `text` is one JSON value (NaN and Infinity are not)."""
    try:
        json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False
    return True


def _no_constant(name: str) -> None:
    raise ValueError(name)


def json_storer(t: SqlType) -> Storer:
    """JSON: text, kept as written; 4025 if it is not valid JSON, as MariaDB's implicit CHECK (json_valid(column)) has it."""
    store_text = text_storer(t)

    def store(value: Any, ctx: StoreContext) -> str:
        text: str = store_text(value, ctx)
        if not is_json(text):
            raise SqlError.of(4025, f"{ctx.table[1]}.{ctx.column}", *ctx.table)
        return text

    return store
