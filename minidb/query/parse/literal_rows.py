"""``INSERT ... VALUES (...), (...), ...`` of plain literals: rows of Python values straight from the text, without parsing.

One regular expression per number of columns matches a whole row with a group per value; the values are then converted a column at a
time.  Anything but literals (a function, DEFAULT, an introducer other than _binary) makes the statement take the ordinary road."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from minidb.query.parse.lexer import hex_value, unquote
from minidb.types.coerce import to_bytes

_HEAD = re.compile(
    r"\s*+(?:INSERT|REPLACE)\s++(?:IGNORE\s++)?+(?:INTO\s++)?+(?:`[^`]++`|[\w$]++)(?:\.(?:`[^`]++`|[\w$]++))?+"
    r"\s*+(?:\((?:[\w$\s,]|`[^`]++`)*+\)\s*+)?+VALUES?\s*+(?=\()",
    re.IGNORECASE,
)
_VALUE = (
    r"-?(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?\d++)?+(?![\w.])"
    r"|(?:[nN]|_binary\s*+)?+'(?:[^'\\]++|\\.|'')*+'(?!\s*+['\"])"
    r'|"(?:[^"\\]++|\\.|"")*+"(?!\s*+[\'"])'
    r"|NULL\b|TRUE\b|FALSE\b|0x[0-9a-fA-F]++|[xX]'(?:[0-9a-fA-F]{2})*+'"
)
_FIRST = re.compile(rf"\(\s*+(?:{_VALUE})\s*+(?:,\s*+(?:{_VALUE})\s*+)*+\)", re.IGNORECASE | re.DOTALL)
_ONE = re.compile(rf"({_VALUE})\s*+[,)]\s*+", re.IGNORECASE | re.DOTALL)
_END = re.compile(r"\s*+;?\s*+\Z")
_TAIL = re.compile(r"\s*+(?:ON\s++DUPLICATE\s++KEY|RETURNING|AS)\b", re.IGNORECASE)
_WORDS = {"NULL": None, "TRUE": True, "FALSE": False}

Row = tuple[Any, ...]


@lru_cache(maxsize=64)
def _row(columns: int) -> re.Pattern[str]:
    """Matches a row of `columns` values and the comma behind it."""
    values = r"\s*+,\s*+".join([f"({_VALUE})"] * columns)
    return re.compile(rf"\(\s*+{values}\s*+\)\s*+(?:,\s*+(?=\()|(?![,(]))", re.IGNORECASE | re.DOTALL)


def literal_value(text: str) -> Any:
    """The value of one literal as written."""
    first = text[0]
    if first in "'\"":
        return unquote(text)
    if text[1:2] == "'" and first in "nN":
        return unquote(text[1:])
    if first == "_":
        return to_bytes(unquote(text[text.index("'") :]))
    word = text.upper()
    if word in _WORDS:
        return _WORDS[word]
    if first in "xX" or word.startswith("0X"):
        return hex_value(text)
    if "E" in word:
        return float(text)
    return Decimal(text) if "." in text else int(text)


def _strings(column: tuple[str, ...], clean: bool) -> list[Any]:
    if clean:
        return [text[1:-1] if text[0] == "'" else literal_value(text) for text in column]
    return [text[1:-1] if text[0] == "'" and "\\" not in text and "''" not in text else literal_value(text) for text in column]


def _values(column: tuple[str, ...], clean: bool) -> list[Any]:
    first = column[0][0]
    if first == "'" or first in "nN":
        return _strings(column, clean)
    if first.isdigit() or first == "-":
        try:
            return list(map(int, column))
        except ValueError:
            pass
    return [literal_value(text) for text in column]


def read_rows(text: str) -> tuple[str, list[Row]] | None:
    """(statement with one row of ``?``, all rows) of an INSERT or REPLACE of literal rows; None for any other statement, and for
    rows of unequal length."""
    head = _HEAD.match(text)
    if head is None:
        return None
    start = head.end()
    first = _FIRST.match(text, start)
    if first is None:
        return None
    values = _ONE.findall(text, start + 1, first.end())
    if _END.match(text, first.end()) is not None:
        return f"{text[:start]}({','.join('?' * len(values))})", [tuple([literal_value(value) for value in values])]
    columns = len(values)
    match: Callable[[], re.Match[str] | None] = _row(columns).scanner(text, start).match  # type: ignore[attr-defined]  # typeshed lacks scanner
    found: list[tuple[str, ...]] = []
    end = start
    while (m := match()) is not None:
        found.append(m.groups())
        end = m.end()
    if not found:
        return None
    tail = ""
    if _END.match(text, end) is None:
        if _TAIL.match(text, end) is None or text[end - 1] == "," or "?" in text[end:]:
            return None
        tail = " " + text[end:]
    key = f"{text[:start]}({','.join('?' * columns)}){tail}"
    clean = text.find("\\", start, end) < 0 and text.find("''", start, end) < 0
    return key, list(zip(*[_values(column, clean) for column in zip(*found, strict=True)], strict=True))
