"""Collations: how strings of a character set compare.  `get_collation(name).key(text)` gives the order key of a string.

Two strings are equal in a collation iff their keys are equal; keys sort as the strings do.  PAD SPACE collations ignore trailing
spaces (stated difference: MySQL compares *as if padded*, so that 'a\\t' sorts before 'a'; here it sorts after it).  latin1 is
Windows-1252, utf8 is an alias of utf8mb3.  Pure-ASCII strings, the common case, take a path of two C calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from minidb.errors import SqlError
from minidb.types import weights


@dataclass(frozen=True, slots=True)
class Charset:
    """A character set: `codec` is Python's name of it, `width` the most bytes a character takes."""

    name: str
    codec: str
    width: int
    collation: str
    description: str


@dataclass(frozen=True, slots=True)
class Collation:
    """A collation.  key: text -> order key.  binary: compares code points (case- and accent-sensitive).  pad_space: trailing
    spaces are ignored.  table: weights by code point for LIKE, None where a character is its own weight.  upper: the
    weights of ASCII characters are their upper case."""

    name: str
    charset: str
    key: Callable[[str], str]
    binary: bool
    pad_space: bool
    table: Mapping[int, int | str] | None = None
    upper: bool = False

    def fold(self, text: str) -> str:
        """The weights of `text` without ignoring trailing spaces (LIKE, LOCATE, REPLACE compare this way)."""
        if self.upper and text.isascii():
            return text.upper()
        return text if self.table is None else text.translate(self.table)


CHARSETS: dict[str, Charset] = {
    c.name: c
    for c in (
        Charset("utf8mb4", "utf-8", 4, "utf8mb4_general_ci", "UTF-8 Unicode"),
        Charset("utf8mb3", "utf-8", 3, "utf8mb3_general_ci", "UTF-8 Unicode"),
        Charset("latin1", "cp1252", 1, "latin1_swedish_ci", "cp1252 West European"),
        Charset("ascii", "ascii", 1, "ascii_general_ci", "US ASCII"),
        Charset("binary", "latin-1", 1, "binary", "Binary pseudo charset"),
    )
}
_ALIASES = {"utf8": "utf8mb3", "utf-8": "utf8mb3"}
DEFAULT = "utf8mb4_general_ci"


def _strip(text: str) -> str:
    return text.rstrip(" ")


def _same(text: str) -> str:
    return text


def _folding(table: Mapping[int, int | str], pad_space: bool) -> Callable[[str], str]:
    """Key function of a collation whose weights of ASCII are its upper-case letters."""

    def key(text: str) -> str:
        folded = text.upper() if text.isascii() else text.translate(table)
        return folded.rstrip(" ") if pad_space else folded

    return key


def _general_key(text: str) -> str:
    if text.isascii():
        return text.upper().rstrip(" ")
    return text.translate(weights.GENERAL).rstrip(" ")


def _weighing(table: Mapping[int, int | str], pad_space: bool) -> Callable[[str], str]:
    """Key function of a collation that weighs ASCII characters too."""

    def key(text: str) -> str:
        return (text.rstrip(" ") if pad_space else text).translate(table)

    return key


def _build() -> dict[str, Collation]:
    found: dict[str, Collation] = {}

    def add(name: str, charset: str, key: Callable[[str], str], table: Mapping[int, int | str] | None = None,
            pad_space: bool = True) -> None:
        binary = table is None or table is weights.LATIN1_BINARY
        upper = table is not None and all(table[code] in (ord(chr(code).upper()), chr(code).upper()) for code in range(128))
        found[name] = Collation(name, charset, key, binary, pad_space, table, upper)

    for charset in ("utf8mb4", "utf8mb3"):
        add(f"{charset}_general_ci", charset, _general_key, weights.GENERAL)
        add(f"{charset}_bin", charset, _strip)
        add(f"{charset}_unicode_ci", charset, _weighing(weights.UNICODE, True), weights.UNICODE)
        add(f"{charset}_unicode_520_ci", charset, _weighing(weights.UNICODE_520, True), weights.UNICODE_520)
        add(f"{charset}_general_nopad_ci", charset, _folding(weights.GENERAL, False), weights.GENERAL, False)
        add(f"{charset}_nopad_bin", charset, _same, None, False)
    add("utf8mb4_0900_ai_ci", "utf8mb4", _weighing(weights.UNICODE_520, False), weights.UNICODE_520, False)
    add("utf8mb4_0900_bin", "utf8mb4", _same, None, False)
    for name, table in (("swedish", weights.LATIN1_SWEDISH), ("german1", weights.LATIN1_GERMAN1),
                        ("danish", weights.LATIN1_DANISH)):
        add(f"latin1_{name}_ci", "latin1", _folding(table, True), table)
    add("latin1_swedish_nopad_ci", "latin1", _folding(weights.LATIN1_SWEDISH, False), weights.LATIN1_SWEDISH, False)
    for name, table in (("general", weights.LATIN1_GENERAL), ("spanish", weights.LATIN1_SPANISH)):
        add(f"latin1_{name}_ci", "latin1", _weighing(table, True), table)
    add("latin1_bin", "latin1", _weighing(weights.LATIN1_BINARY, True), weights.LATIN1_BINARY)
    add("ascii_general_ci", "ascii", _general_key, weights.GENERAL)
    add("ascii_bin", "ascii", _strip)
    add("binary", "binary", _same, None, False)
    return found


_COLLATIONS = _build()


def collation_names() -> list[str]:
    """Names of all collations, in the order of SHOW COLLATION."""
    return list(_COLLATIONS)


def canonical_charset(name: str) -> str:
    """`name` in lower case with aliases resolved; raises 1115 for an unknown character set."""
    lowered = _ALIASES.get(name.lower(), name.lower())
    if lowered not in CHARSETS:
        raise SqlError.of(1115, name)
    return lowered


def get_collation(name: str | None) -> Collation:
    """The collation called `name` (any case; None: the default); raises 1273."""
    try:
        return _COLLATIONS[name or DEFAULT]
    except KeyError:
        lowered = str(name).lower()
        if lowered.startswith("utf8_"):
            lowered = "utf8mb3_" + lowered[5:]
        found = _COLLATIONS.get(lowered)
        if found is None:
            raise SqlError.of(1273, name) from None
        return found


def default_collation(charset: str) -> Collation:
    """The default collation of `charset`; raises 1115."""
    return _COLLATIONS[CHARSETS[canonical_charset(charset)].collation]


def check_pair(charset: str | None, collation: str | None) -> tuple[str | None, str | None]:
    """Complete a CHARACTER SET / COLLATE pair as written: each implies the other; raises 1115, 1273, 1253."""
    if collation is not None:
        found = get_collation(collation)
        if charset is not None and canonical_charset(charset) != found.charset:
            raise SqlError.of(1253, found.name, canonical_charset(charset))
        return found.charset, found.name
    if charset is not None:
        return canonical_charset(charset), default_collation(charset).name
    return None, None
