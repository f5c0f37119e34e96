"""`Report`: what a sub-command found, before it is text or JSON.

A report has *facts* (name -> value) and *sections*.  JSON is one object: the facts, and one member for each section under its key
(tables with the same key are one list); text is for people and may shorten what is long.  Both are made from the same report, so
that they say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from minidb.inspect.values import ABSENT, plain
from minidb.storage.layout import Field


@dataclass(slots=True)
class Fields:
    """Fields of a piece of bytes: OFFSET SIZE FIELD VALUE."""

    key: str
    title: str
    fields: list[Field]

    def json(self) -> list[dict[str, Any]]:
        return [{"offset": f.offset, "size": f.size, "field": f.name, "value": plain(f.value)} for f in self.fields]


@dataclass(slots=True)
class Table:
    """Rows under column names.  A cell None is empty.  nested: the columns from there on are values of a record; in JSON they are
    an object of their own, "values"."""

    key: str
    title: str
    columns: list[str]
    rows: list[list[Any]] = field(default_factory=list)
    nested: int | None = None

    def json(self) -> list[dict[str, Any]]:
        split = len(self.columns) if self.nested is None else self.nested
        found = []
        for row in self.rows:
            made = {name: plain(cell) for name, cell in zip(self.columns[:split], row, strict=False)}
            if self.nested is not None:
                nested = zip(self.columns[split:], row[split:], strict=True)
                made["values"] = {name: plain(cell) for name, cell in nested if cell is not ABSENT}
            found.append(made)
        return found


@dataclass(slots=True)
class Hex:
    """Bytes as they stand in a file.  offset: of the first one."""

    key: str
    title: str
    data: bytes
    offset: int = 0

    def json(self) -> str:
        return self.data.hex()


Section = Fields | Table | Hex


@dataclass(slots=True)
class Report:
    """title: what was looked at.  notes: what the reader has to know before believing the rest.  problems: how many things are
    wrong with what was looked at."""

    title: str
    facts: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    problems: int = 0

    def json(self) -> dict[str, Any]:
        """The report as one JSON object."""
        made: dict[str, Any] = {name: plain(value) for name, value in self.facts.items()}
        made["notes"] = self.notes
        for section in self.sections:
            found = section.json()
            before = made.get(section.key)
            made[section.key] = [*before, *found] if isinstance(before, list) else found
        return made
