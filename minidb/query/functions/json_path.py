"""JSON documents and paths: reading, writing and walking them.

Documents are Python values (dict, list, str, int, Decimal, bool, None) so that numbers keep their digits.  A path is a tuple of
steps: ('key', name) ('index', n) ('keys',) for .*, ('items',) for [*], ('deep',) for **.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from minidb.types.text import float_text, to_text

Step = tuple[Any, ...]
MAX_DEPTH = 32
_STEP = re.compile(
    r'''\s*(?:\.\s*(?:(\*)|"((?:[^"\\]|\\.)*)"|([^\s.\[\]*"]+))'''
    r"|\[\s*(?:(\*)|(-?\d+)|last(?:\s*-\s*(\d+))?)\s*\]|(\*\*))",
    re.S,
)


class BadPath(Exception):
    """A path that is none; `args[0]` is the position (1-based)."""


class Number(Decimal):
    """A number with the text that it was written as."""

    __slots__ = ("source",)

    source: str

    def __new__(cls, source: str) -> Number:
        made = super().__new__(cls, source)
        made.source = source
        return made


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def load(text: str) -> Any:
    """The document written as `text`; raises ValueError."""
    try:
        return json.loads(text, parse_float=Number, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def dump(document: Any) -> str:
    """A document as text: a space after each comma and colon."""
    if isinstance(document, str):
        return json.dumps(document, ensure_ascii=False)
    if isinstance(document, dict):
        return "{" + ", ".join(f"{json.dumps(k, ensure_ascii=False)}: {dump(v)}" for k, v in document.items()) + "}"
    if isinstance(document, list):
        return "[" + ", ".join(map(dump, document)) + "]"
    if document is None:
        return "null"
    if isinstance(document, bool):
        return "true" if document else "false"
    if isinstance(document, Number):
        return document.source
    return float_text(document) if isinstance(document, float) else str(to_text(document))


def from_sql(value: Any, is_json: bool = False) -> Any:
    """An SQL value as a document: text becomes a string, or is parsed if it is JSON already."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        if is_json:
            try:
                return load(value)
            except ValueError:
                return value
        return value
    if isinstance(value, (date, timedelta)):
        return to_text(value)
    return value


@functools.lru_cache(maxsize=512)
def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of a path; raises BadPath."""
    start = len(text) - len(text.lstrip())
    if text[start : start + 1] != "$":
        raise BadPath(start + 1)
    steps: list[Step] = []
    pos = start + 1
    while text[pos:].strip():
        found = _STEP.match(text, pos)
        if found is None:
            raise BadPath(pos + 1)
        every_key, quoted, name, every_item, index, from_last, deep = found.groups()
        if every_key:
            steps.append(("keys",))
        elif quoted is not None:
            steps.append(("key", json.loads(f'"{quoted}"')))
        elif name is not None:
            steps.append(("key", name))
        elif every_item:
            steps.append(("items",))
        elif deep:
            steps.append(("deep",))
        elif index is not None:
            steps.append(("index", int(index)))
        else:
            steps.append(("index", -1 - int(from_last or 0)))
        pos = found.end()
    if steps and steps[-1] == ("deep",):
        raise BadPath(len(text))
    return tuple(steps)


def is_exact(steps: tuple[Step, ...]) -> bool:
    """True if the path names at most one place."""
    return all(s[0] in ("key", "index") for s in steps)


def _descend(document: Any) -> Iterator[Any]:
    yield document
    children = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    for child in children:
        yield from _descend(child)


def select(document: Any, steps: tuple[Step, ...]) -> list[Any]:
    """All values that a path leads to, in document order."""
    found = [document]
    for step in steps:
        kind = step[0]
        reached: list[Any] = []
        for value in found:
            if kind == "key":
                if isinstance(value, dict) and step[1] in value:
                    reached.append(value[step[1]])
            elif kind == "index":
                reached += item_at(value, step[1])
            elif kind == "keys":
                reached += value.values() if isinstance(value, dict) else ()
            elif kind == "items":
                reached += value if isinstance(value, list) else ()
            else:
                reached += _descend(value)
        found = reached
    return found


def item_at(value: Any, index: int) -> list[Any]:
    """The item of an array in a list, or nothing; a value that is no array counts as an array of itself."""
    items = value if isinstance(value, list) else [value]
    return [items[index]] if -len(items) <= index < len(items) else []


def depth(document: Any) -> int:
    """1 for a scalar or an empty container, one more for each level of content."""
    children = list(document.values()) if isinstance(document, dict) else document if isinstance(document, list) else []
    return 1 + max(map(depth, children), default=0)


def contains(document: Any, candidate: Any) -> bool:
    """JSON_CONTAINS: scalars are equal, every item of an array and member of an object is found in the document."""
    if isinstance(document, list):
        if isinstance(candidate, list):
            return all(any(contains(item, wanted) for item in document) for wanted in candidate)
        return any(contains(item, candidate) for item in document)
    if isinstance(document, dict):
        return isinstance(candidate, dict) and all(k in document and contains(document[k], v) for k, v in candidate.items())
    if isinstance(candidate, (dict, list)):
        return False
    if isinstance(document, bool) or isinstance(candidate, bool):
        return document is candidate
    return bool(document == candidate)
