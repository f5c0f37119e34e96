"""Undo records in words: the kind, and its fields by name, with old rows as the columns of their table."""

from __future__ import annotations

from typing import Any

from minidb.innodb.undo import CONTINUED, DATA, FIELDS, HEADER, INSERT, KIND, KIND_NAMES, PURGED, REPLACED, TABLE
from minidb.inspect.directory import Directory
from minidb.inspect.records import clustered_reader, key_names
from minidb.inspect.values import Raw, Word
from minidb.storage.layout import DECODE_ERRORS

Record = tuple[Any, ...]


def well_formed(record: Record) -> bool:
    """Is this a record that the engine can have written?"""
    if not record or not isinstance(record[KIND], int) or not 0 <= record[KIND] < len(FIELDS):
        return False
    if len(record) != 1 + len(FIELDS[record[KIND]]) or not isinstance(record[1], int):
        return False
    return isinstance(record[2], int) if record[KIND] in (HEADER, CONTINUED) else True


def described(directory: Directory, record: Record, data: bytes) -> tuple[str, dict[str, Any]]:
    """(kind, content) of the record whose bytes are `data`."""
    if not well_formed(record):
        return "damaged", {"raw bytes": Raw(data)}
    return KIND_NAMES[record[KIND]], content(directory, record)


def content(directory: Directory, record: Record) -> dict[str, Any]:
    """The fields of a well-formed record by name."""
    kind = record[KIND]
    found = dict(zip(FIELDS[kind], record[1:], strict=True))
    if kind == HEADER and found["commit number"] == PURGED:
        found["commit number"] = Word("purged")
    if kind < INSERT:
        return found
    found["table"] = Word(directory.table_name(record[TABLE]))
    name = FIELDS[kind][DATA - 1]
    found[name] = old_values(directory, record)
    if kind > INSERT and not record[REPLACED]:
        del found["replaced"]
    return found


def old_values(directory: Directory, record: Record) -> Any:
    """The old row (or key) of a change, by column names where the table is known."""
    tdef = directory.tables.get(record[TABLE])
    data = record[DATA]
    if tdef is None:
        return data
    try:
        if record[KIND] == INSERT:
            names = key_names(tdef)
            return dict(zip(names, data if len(names) > 1 else (data,), strict=True))
        reader = clustered_reader(tdef)
        return reader.name(data) if len(data) == len(reader.stored) else data
    except DECODE_ERRORS:
        return data
