"""Regular expressions: MariaDB's PCRE patterns compiled with Python's `re`."""

from __future__ import annotations

import functools
import re

from minidb.errors import SqlError
from minidb.types.collation import get_collation

_CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "space": r"\s", "blank": " \\t",
    "punct": r"!-/:-@\[-`{-~", "xdigit": "0-9A-Fa-f", "cntrl": r"\x00-\x1f\x7f", "print": r"\x20-\x7e", "graph": r"\x21-\x7e",
    "word": r"\w",
}
_CLASS = re.compile(r"\[:(\w+):\]")
_MESSAGES = (("missing )", "missing closing parenthesis"), ("unterminated subpattern", "missing closing parenthesis"),
             ("unterminated character set", "missing terminating ] for character class"),
             ("nothing to repeat", "quantifier does not follow a repeatable item"),
             ("unbalanced parenthesis", "unmatched closing parenthesis"))


@functools.lru_cache(maxsize=256)
def compiled(pattern: str, collation: str | None = None) -> re.Pattern[str]:
    """`pattern` ready to match; letters of either case match under a case-insensitive collation.  Raises 1139."""
    flags = re.NOFLAG if get_collation(collation).binary else re.IGNORECASE
    source = _CLASS.sub(lambda m: _CLASSES.get(m[1], m[0]), pattern)
    source = source.replace("[[:<:]]", r"\b(?=\w)").replace("[[:>:]]", r"\b(?<=\w)")
    source = re.sub(r"(?<!\\)\$(?=$|\)|\|)", r"(?=\\n?\\Z)", source)  # PCRE's $ also matches before a last line break
    try:
        return re.compile(source, flags)
    except re.error as error:
        raise SqlError.of(1139, _message(error)) from None


def _message(error: re.error) -> str:
    text = next((pcre for python, pcre in _MESSAGES if python in error.msg), error.msg)
    place = len(error.pattern or "") if "missing" in text else error.pos or 0
    return f"{text} at offset {place}"
