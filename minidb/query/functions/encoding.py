"""Functions between strings, numbers and their encodings: HEX, CONV, FORMAT, hashes, base 64, character codes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import re
import uuid
import zlib
from collections.abc import Sequence
from typing import Any

from minidb.query.functions import result_types as rt
from minidb.query.functions.numbers import number_of, round_double
from minidb.query.functions.registry import always_nullable, function, null_if_any
from minidb.query.functions.values import NUMBERS, integer, text, text_or_bytes
from minidb.types import coerce
from minidb.types.sqltype import Family, SqlType
from minidb.types.text import decimal_text

_MASK = (1 << 64) - 1
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Types = Sequence[SqlType]


def _octets(value: Any) -> bytes:
    shown = text_or_bytes(value)
    return shown if isinstance(shown, bytes) else shown.encode()


@function("ASCII", 1, result=rt.always(rt.INT), params="t")
def ascii_(value: Any) -> int:
    """The first byte, 0 for an empty string."""
    return _octets(value)[0] if value != "" and value != b"" else 0


@function("ORD", 1, result=rt.always(rt.BIGINT), params="t")
def ord_(value: Any) -> int:
    """The bytes of the first character as a big-endian number."""
    shown = text_or_bytes(value)
    return int.from_bytes(_octets(shown[:1]), "big")


@function("CHAR", 1, None, result=lambda types: SqlType(Family.BYTES, "varbinary", 4 * len(types)), null_propagates=False,
          nullable=lambda args: False, params="i")
def char(*codes: Any) -> bytes:
    """A binary string of the given byte values; NULLs are left out."""
    out = b""
    for code in codes:
        if code is not None:
            number = integer(code) & 0xFFFFFFFF
            out += number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big")
    return out


@function("CHR", 1, result=rt.always(rt.text(4)), params="i")
def chr_(code: Any) -> str:
    number = integer(code)
    return chr(number) if 0 <= number < 0x110000 and not 0xD800 <= number < 0xE000 else ""


@function("HEX", 1, result=lambda types: rt.text(2 * rt.characters(types[0])))
def hex_(value: Any) -> str:
    """Bytes of a string, or an integer, in hexadecimal."""
    if isinstance(value, float):
        value = math.trunc(value + (0.5 if value >= 0 else -0.5)) if abs(value) < 1e19 else _MASK
    if isinstance(value, NUMBERS):
        return f"{coerce.to_int(value) & _MASK:X}"
    return _octets(value).hex().upper()


@function("UNHEX", 1, result=rt.always(rt.VARBINARY), nullable=always_nullable, params="t")
def unhex(value: Any) -> bytes | None:
    digits = text(value)
    if not re.fullmatch("[0-9A-Fa-f]*", digits):
        return None
    return bytes.fromhex(digits.zfill(len(digits) + len(digits) % 2))


def _to_base(number: int, base: int) -> str:
    out = ""
    while number:
        number, digit = divmod(number, base)
        out = _DIGITS[digit] + out
    return out or "0"


@function("CONV", 3, result=rt.always(rt.text(64)), nullable=always_nullable, params="tii")
def conv(value: Any, from_base: Any, to_base: Any) -> str | None:
    """A number rewritten from one base to another, 64 bits wide; negative bases are signed."""
    source, target = integer(from_base), integer(to_base)
    if not 2 <= abs(source) <= 36 or not 2 <= abs(target) <= 36:
        return None
    shown = text(value).strip(" ").upper()
    allowed = _DIGITS[: abs(source)]
    found = re.match(f"([+-]?)([{allowed}]+)", shown)
    if found is None:
        return None if not shown else "0"
    number = int(found[2], abs(source))
    number = min(number, _MASK) if number > _MASK else number
    if found[1] == "-":
        number = -number & _MASK
    if target < 0 and number >> 63:
        return "-" + _to_base((1 << 64) - number, -target)
    return _to_base(number, abs(target))


@function("BIN", 1, result=rt.always(rt.text(64)), nullable=always_nullable)
def bin_(value: Any) -> str | None:
    return conv(text(value), 10, 2)


@function("OCT", 1, result=rt.always(rt.text(64)), nullable=always_nullable)
def oct_(value: Any) -> str | None:
    return conv(text(value), 10, 8)


_LOCALES = {"de_de": (".", ","), "fr_fr": ("", ","), "es_es": ("", ","), "it_it": ("", ","), "nl_nl": ("", ","),
            "de_ch": ("'", "."), "sv_se": (".", ","), "pt_br": (".", ","), "ru_ru": (".", ","), "da_dk": (".", ",")}


@function("FORMAT", 2, 3, result=rt.always(rt.text(100)), params="nit")
def format_(value: Any, digits: Any, locale: Any = "en_US") -> str:
    """A number rounded to `digits` decimals, with thousands separated ('1,234.50')."""
    scale = max(0, min(38, integer(digits)))
    number = number_of(value)
    if isinstance(number, float):
        number = round_double(number, scale, False)
    plain = decimal_text(coerce.round_half_away(coerce.to_decimal(number), scale))
    separator, point = _LOCALES.get(text(locale).lower(), (",", "."))
    whole, _, fraction = plain.partition(".")
    grouped = re.sub(r"(?<=\d)(?=(\d{3})+$)", separator, whole)
    return grouped + point + fraction if fraction else grouped


@function("QUOTE", 1, result=lambda types: rt.text(2 * rt.characters(types[0]) + 2), null_propagates=False,
          nullable=lambda args: False, params="t")
def quote(value: Any) -> str:
    """The value as a literal; NULL gives the word NULL."""
    if value is None:
        return "NULL"
    return "'" + text(value).replace("\\", "\\\\").replace("'", "\\'").replace("\0", "\\0").replace("\x1a", "\\Z") + "'"


@function("MD5", 1, result=rt.always(rt.text(32)), params="t")
def md5(value: Any) -> str:
    return hashlib.md5(_octets(value), usedforsecurity=False).hexdigest()


@function("SHA SHA1", 1, result=rt.always(rt.text(40)), params="t")
def sha1(value: Any) -> str:
    return hashlib.sha1(_octets(value), usedforsecurity=False).hexdigest()


@function("SHA2", 2, result=rt.always(rt.text(128)), needs_session=True, nullable=always_nullable, params="ti")
def sha2(session: Any, value: Any, bits: Any) -> str | None:
    name = {0: "sha256", 224: "sha224", 256: "sha256", 384: "sha384", 512: "sha512"}.get(integer(bits))
    if name is None:
        session.warn("Warning", 1583, "Incorrect parameters in the call to native function 'sha2'")
        return None
    return hashlib.new(name, _octets(value)).hexdigest()


@function("CRC32", 1, result=rt.always(SqlType(Family.INT, "int", 10, unsigned=True)), params="t")
def crc32(value: Any) -> int:
    return zlib.crc32(_octets(value))


@function("TO_BASE64", 1, result=lambda types: rt.text(rt.characters(types[0]) * 6), params="t")
def to_base64(value: Any) -> str:
    """Base 64 in lines of 76 characters."""
    encoded = base64.b64encode(_octets(value)).decode()
    return "\n".join(encoded[i : i + 76] for i in range(0, len(encoded), 76))


@function("FROM_BASE64", 1, result=rt.always(rt.VARBINARY), needs_session=True, nullable=always_nullable, params="t")
def from_base64(session: Any, value: Any) -> bytes | None:
    encoded = text(value)
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except binascii.Error:
        wrong = re.search(r"[^A-Za-z0-9+/=\s]", encoded)
        place = len(encoded) if wrong is None else wrong.start()
        session.warn("Warning", 1958, f"Bad base64 data as position {place}")
        return None


@function("INET_ATON", 1, result=rt.always(rt.UNSIGNED), nullable=always_nullable, params="t")
def inet_aton(value: Any) -> int | None:
    """'10.0.0.1' as a number; short forms as inet_aton(3) has them."""
    parts = text(value).split(".")
    if len(parts) > 4 or not all(p.isascii() and p.isdigit() and int(p) < 256 for p in parts):
        return None
    *head, last = map(int, parts)
    number = last
    for i, part in enumerate(head):
        number += part << 8 * (3 - i)
    return number


@function("INET_NTOA", 1, result=rt.always(rt.text(31)), nullable=always_nullable, params="i")
def inet_ntoa(value: Any) -> str | None:
    number = integer(value)
    return ".".join(str(number >> s & 255) for s in (24, 16, 8, 0)) if 0 <= number < 1 << 32 else None


@function("BIT_COUNT", 1, result=rt.always(rt.BIGINT), nullable=null_if_any, params="n")
def bit_count(value: Any) -> int:
    return (coerce.to_int(value) & _MASK).bit_count()


@function("UUID", 0, result=rt.always(rt.text(36)), needs_session=True, deterministic=False)
def uuid_(session: Any) -> str:
    """A random UUID, from the session's source of randomness."""
    bits = 0
    for _ in range(4):
        bits = bits << 32 | int(session.random() * (1 << 32))
    return str(uuid.UUID(int=bits, version=4))

