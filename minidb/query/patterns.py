"""LIKE and REGEXP."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from minidb.errors import SqlError
from minidb.types.collation import get_collation


@functools.lru_cache(maxsize=512)
def like_matcher(pattern: str, escape: str, collation: str | None) -> Callable[[str], bool]:
    """Test of a text against a LIKE pattern under a collation (None: byte for byte)."""
    fold = None if collation is None else get_collation(collation).fold
    parts: list[str] = []
    i = 0
    while i < len(pattern):
        c = pattern[i]
        if c == escape and i + 1 < len(pattern):
            i += 1
            parts.append(re.escape(pattern[i] if fold is None else fold(pattern[i])))
        elif c == "%":
            parts.append(".*")
        elif c == "_":
            parts.append(".")
        else:
            parts.append(re.escape(c if fold is None else fold(c)))
        i += 1
    match = re.compile("".join(parts), re.DOTALL).fullmatch
    if fold is None:
        return lambda text: match(text) is not None
    folded = fold
    return lambda text: match(folded(text)) is not None


def like_prefix(pattern: str, escape: str) -> tuple[str, bool]:
    """The literal text that a LIKE pattern begins with, and whether the pattern is nothing else."""
    out: list[str] = []
    i = 0
    while i < len(pattern):
        c = pattern[i]
        if c == escape and i + 1 < len(pattern):
            i += 1
            c = pattern[i]
        elif c in "%_":
            return "".join(out), False
        out.append(c)
        i += 1
    return "".join(out), True


@functools.lru_cache(maxsize=256)
def regexp_matcher(pattern: str, insensitive: bool) -> Callable[[str], bool]:
    """Search of a regular expression; raises 1139 for a malformed one."""
    try:
        search = re.compile(pattern, re.IGNORECASE if insensitive else 0).search
    except re.error as wrong:
        raise SqlError.of(1139, str(wrong)) from None
    return lambda text: search(text) is not None
