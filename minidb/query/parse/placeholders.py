"""``%s`` and ``%(name)s`` in statement text (PEP 249 pyformat): replaced by ``?``, the arguments put in order.

Only placeholders outside of quotes count; ``%%`` is a percent sign everywhere.  A list, tuple or set as an argument becomes a
parenthesised list: ``id IN %s`` and ``id IN (%s)`` both work.  Text with ``?`` instead takes its arguments in order as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from minidb.errors import InterfaceError

_PIECE = re.compile(
    r"""('(?:[^'\\]++|\\.|'')*+'|"(?:[^"\\]++|\\.|"")*+"|`[^`]*`|/\*.*?\*/|--\s[^\n]*)"""
    r"|%(?:\((?P<name>[^)]*)\)s|(?P<plain>s)|%|(?P<bad>.|$))",
    re.DOTALL,
)
_MARK = re.compile(r"""'(?:[^'\\]++|\\.|'')*+'|"(?:[^"\\]++|\\.|"")*+"|`[^`]*`|/\*.*?\*/|--\s[^\n]*|(\?)""", re.DOTALL)
_LIMIT = 2000


class Format:
    """A text taken apart.  key: with ``?`` for each placeholder; pieces: the text between them; names: of ``%(name)s``, or None."""

    __slots__ = ("count", "key", "names", "pieces")

    def __init__(self, text: str) -> None:
        pieces: list[str] = []
        names: list[str] = []
        plain = 0
        done, current = 0, ""
        for m in _PIECE.finditer(text):
            if m.group(1) is not None:
                current += text[done : m.start()] + m.group(1).replace("%%", "%")
            elif m.group("bad") is not None:
                raise InterfaceError(0, f"unsupported format character {m.group('bad')!r} at {m.start() + 1}; a percent sign is %%")
            elif m.group() == "%%":
                current += text[done : m.start()] + "%"
            else:
                pieces.append(current + text[done : m.start()])
                current = ""
                if m.group("name") is not None:
                    names.append(m.group("name"))
                else:
                    plain += 1
            done = m.end()
        pieces.append(current + text[done:])
        if names and plain:
            raise InterfaceError(0, "%s and %(name)s placeholders in one statement")
        if not names and not plain:
            plain = sum(1 for m in _MARK.finditer(pieces[0]) if m.group(1))
        self.pieces = pieces
        self.key = "?".join(pieces)
        self.names = tuple(names) if names else None
        self.count = plain

    def ordered(self, args: Any) -> tuple[Any, ...]:
        """The arguments in the order of the placeholders.  Raises InterfaceError for a wrong number or a missing name."""
        if self.names is not None:
            if not isinstance(args, Mapping):
                raise InterfaceError(0, "%(name)s placeholders need a mapping of arguments")
            try:
                return tuple([args[name] for name in self.names])
            except KeyError as error:
                raise InterfaceError(0, f"no argument named {error.args[0]!r}") from None
        if isinstance(args, Mapping):
            if self.count:
                raise InterfaceError(0, "%s placeholders need a sequence of arguments")
            return ()
        if not isinstance(args, (tuple, list)):
            args = (args,)
        if len(args) != self.count:
            raise InterfaceError(0, f"the statement has {self.count} placeholders, {len(args)} arguments were given")
        return tuple(args)

    def expanded(self, values: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
        """(key, params) where sequences among `values` have become lists in parentheses."""
        key = self.pieces[0]
        flat: list[Any] = []
        for value, piece in zip(values, self.pieces[1:], strict=True):
            if isinstance(value, (list, tuple, set, frozenset)):
                marks = ",".join("?" * len(value))
                inside = key.rstrip().endswith("(") and piece.lstrip().startswith(")")
                key += marks if inside else f"({marks})"
                flat += value
            else:
                key += "?"
                flat.append(value)
            key += piece
        return key, tuple(flat)


_formats: dict[str, Format] = {}
_SEQUENCES = frozenset([list, tuple, set, frozenset])


def resolve(text: str, args: Any) -> tuple[str, tuple[Any, ...]]:
    """(key, params) of a statement with arguments.  Remembered per text.  Raises InterfaceError when they do not fit together."""
    form = _formats.get(text)
    if form is None:
        if len(_formats) >= _LIMIT:
            _formats.clear()
        form = _formats[text] = Format(text)
    if type(args) is tuple and form.names is None and len(args) == form.count:
        values = args
    else:
        values = form.ordered(args)
    for value in values:
        if type(value) in _SEQUENCES:
            return form.expanded(values)
    return form.key, values
