"""A script into statements, as the mysql client does it: quotes and comments are respected, DELIMITER lines obeyed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

# A run of text without anything special, or one special thing.  Possessive: no backtracking over megabytes.
_QUOTED = (
    r"""'(?:[^'\\]++|\\.|'')*+(?:'|\Z)|"(?:[^"\\]++|\\.|"")*+(?:"|\Z)|`[^`]*+(?:`|\Z)"""
    r"""|/\*.*?(?:\*/|\Z)|\#[^\n]*+|--(?=\s|$)[^\n]*+"""
)
_BLANK = re.compile(r"(?:\s++|#[^\n]*+|--(?=\s|$)[^\n]*+|/\*(?!M?!).*?\*/)*+", re.DOTALL)
_DELIMITER = re.compile(r"delimiter(?:[ \t]+(?P<new>[^\s]+))?[^\n]*", re.IGNORECASE)


@lru_cache(maxsize=16)
def _scanner(delimiter: str) -> re.Pattern[str]:
    """Matches from the start of a statement up to and with its delimiter (group 1), or to the end of the text (group 1 empty)."""
    first = re.escape(delimiter[0])
    return re.compile(
        rf"(?:[^'\"`/\#\-{first}]++|{_QUOTED}|(?!{re.escape(delimiter)}).)*+({re.escape(delimiter)}|\Z)", re.DOTALL
    )


def split_statements(text: str, delimiter: str = ";") -> Iterator[tuple[str, int, int]]:
    """(statement without its delimiter, offset of its first character, line of it counted from 1) for each statement of `text`.
    Comments inside stay, comments and blanks before a statement are skipped, empty statements left out.  A quote or comment that
    never ends reaches to the end of the text: the parser will point at it."""
    pos, end = 0, len(text)
    line, counted = 1, 0
    scan = _scanner(delimiter)
    while pos < end:
        blank = _BLANK.match(text, pos)
        assert blank is not None
        pos = blank.end()
        command = _DELIMITER.match(text, pos)
        if command is not None and _begins_line(text, pos) and (command.group("new") or command.end() == end):
            if command.group("new"):
                delimiter = command.group("new")
                scan = _scanner(delimiter)
            pos = command.end()
            continue
        found = scan.match(text, pos)
        assert found is not None
        statement = text[pos : found.start(1)].rstrip()
        if statement:
            line += text.count("\n", counted, pos)
            counted = pos
            yield statement, pos, line
        pos = found.end()


def _begins_line(text: str, pos: int) -> bool:
    start = text.rfind("\n", 0, pos) + 1
    return not text[start:pos].strip()
