"""Coercibility: which collation governs where strings of several collations meet, and where they do not mix (1267, 1271)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from minidb.errors import Error, SqlError

EXPLICIT, NONE, IMPLICIT, COERCIBLE = 0, 1, 2, 4
_NAMES = {EXPLICIT: "EXPLICIT", NONE: "NONE", IMPLICIT: "IMPLICIT", COERCIBLE: "COERCIBLE"}
UNDECIDED = "utf8mb4_bin"  # the collation of a call whose arguments' collations do not mix

# Functions that make text of their own: a literal's coercibility, whatever their arguments are.
FRESH = frozenset((
    "HEX", "MD5", "SHA", "SHA1", "SHA2", "UUID", "FORMAT", "BIN", "OCT", "CONV", "CHARSET", "COLLATION", "DAYNAME", "MONTHNAME",
    "DATE_FORMAT", "TIME_FORMAT", "INET_NTOA", "TO_BASE64", "GET_FORMAT", "SEC_TO_TIME", "FROM_UNIXTIME", "STR_TO_DATE",
))
# Functions that compare their arguments, which therefore must mix.
COMPARING = frozenset((
    "INSTR", "LOCATE", "POSITION", "FIND_IN_SET", "STRCMP", "FIELD", "NULLIF", "REPLACE", "SUBSTRING_INDEX", "TRIM",
    "REGEXP_INSTR", "REGEXP_REPLACE", "REGEXP_SUBSTR",
))


class Derivation(NamedTuple):
    """level: 0 explicit COLLATE, 1 none (the parts did not mix), 2 column, 4 literal.  The lower one wins."""

    level: int
    collation: str

    def __str__(self) -> str:
        return f"({self.collation},{_NAMES[self.level]})"


def settled(a: Derivation, b: Derivation) -> Derivation | None:
    """The derivation that wins, None if `a` and `b` do not mix: of two columns' the binary one, the wider character set."""
    if a.level != b.level:
        stronger = min(a, b)
        return stronger if stronger.level != NONE else None
    if a.collation == b.collation:
        return a
    if a.level in (EXPLICIT, NONE):
        return None
    for mine, other in ((a, b), (b, a)):
        if mine.collation.endswith("_bin") and not other.collation.endswith("_bin"):
            return mine
        if mine.collation.startswith("utf8mb4") and not other.collation.startswith("utf8mb4"):
            return mine
    return None


def compared(parts: Iterable[Derivation], operation: str) -> Derivation | None:
    """The derivation under which `parts` are compared, None for no parts; raises 1267 where they do not mix."""
    best: Derivation | None = None
    known = list(parts)
    for part in known:
        if best is None:
            best = part
            continue
        found = settled(best, part)
        if found is None:
            raise _illegal_mix(known, operation)
        best = found
    return best


def _illegal_mix(parts: list[Derivation], operation: str) -> Error:
    if len(parts) > 3:
        return SqlError.of(1271, operation)
    if len(parts) == 3:
        return SqlError.of(1270, *parts, operation)
    return SqlError.text(1267, f"Illegal mix of collations {parts[0]} and {parts[1]} for operation '{operation}'")


def combined(parts: Iterable[Derivation], operation: str) -> Derivation | None:
    """The derivation of a text made of `parts`: it need not be comparable.  Raises 1267 for two explicit collations."""
    best: Derivation | None = None
    for part in parts:
        if best is None or (best.level == NONE and part.level == EXPLICIT):
            best = part
            continue
        found = settled(best, part)
        if found is None and best.level == part.level == EXPLICIT:
            raise SqlError.text(1267, f"Illegal mix of collations {best} and {part} for operation '{operation}'")
        best = found or Derivation(NONE, UNDECIDED)
    return best
