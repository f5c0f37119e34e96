"""LIKE and REGEXP."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from minidb.query.functions.regexp import compiled
from minidb.types.collation import get_collation


@functools.lru_cache(maxsize=512)
def like_matcher(pattern: str, escape: str, collation: str | None) -> Callable[[str], bool]:
    """Test of a text against a LIKE pattern under a collation (None: byte for byte)."""
    fold = None if collation is None else get_collation(collation).fold
    match = _plain_matcher(pattern, escape, fold) or re.compile(_expression(pattern, escape, fold), re.DOTALL).fullmatch
    if fold is None:
        return lambda text: bool(match(text))
    folded = fold
    return lambda text: bool(match(folded(text)))


def _plain_matcher(pattern: str, escape: str, fold: Callable[[str], str] | None) -> Callable[[str], object] | None:
    """For 'abc', 'abc%', '%abc' and '%abc%': a test without a regular expression.  None for all other patterns."""
    start, end = pattern.startswith("%"), pattern.endswith("%")
    text = pattern.strip("%") if start or end else pattern
    if "%" in text or "_" in text or (escape and escape in text) or not text:
        return None
    sought = text if fold is None else fold(text)
    if start and end:
        return lambda value: sought in value
    if start:
        return lambda value: value.endswith(sought)
    if end:
        return lambda value: value.startswith(sought)
    return lambda value: value == sought


def _expression(pattern: str, escape: str, fold: Callable[[str], str] | None) -> str:
    """The regular expression of a LIKE pattern, over folded text.  What stands between two % has a fixed length, so the leftmost
    place for it is the best one: atomic groups, and no text makes the search go back over its steps again and again."""
    segments: list[str] = [""]
    i = 0
    while i < len(pattern):
        c = pattern[i]
        if c == "%":
            segments.append("")
        elif c == "_":
            segments[-1] += "."
        else:
            if c == escape and i + 1 < len(pattern):
                i += 1
                c = pattern[i]
            segments[-1] += re.escape(c if fold is None else fold(c))
        i += 1
    first, *rest = segments
    if not rest:
        return first
    *middle, last = rest
    return first + "".join(f"(?>.*?{segment})" for segment in middle if segment) + ".*" + last


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
    search = compiled(pattern, None if insensitive else "utf8mb4_bin").search
    return lambda text: search(text) is not None
