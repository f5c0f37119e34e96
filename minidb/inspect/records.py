"""`RecordReader`: the bytes of a record as named values, where the table's definition is known; else they stay bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minidb.catalog import IndexDef, TableDef
from minidb.innodb.layout import (
    DELETE_MARK,
    ClusteredLayout,
    SecondaryLayout,
    clustered_definition,
    clustered_names,
    physical,
    secondary_names,
)
from minidb.innodb.undo import place_of
from minidb.inspect.values import ABSENT, Raw, RollPointer
from minidb.myisam.keyfile import Index
from minidb.storage.layout import DECODE_ERRORS
from minidb.types.codec import RowCodec

RAW = "raw bytes"
ROLL_PTR = "DB_ROLL_PTR"
Values = dict[str, Any]


class RecordReader:
    """One kind of record.  names: of its values, in the order in which they are shown; stored: in the order of the bytes.  A record
    that does not decode has all its bytes under the last name, `RAW`."""

    def __init__(self, stored: Sequence[str] = (), codec: RowCodec | None = None, first: Sequence[str] = ()) -> None:
        """first: the names that are shown before the others."""
        self.stored = list(stored)
        self.codec = codec
        self.names = [*first, *(name for name in stored if name not in first)]

    def read(self, data: bytes) -> Values | None:
        """The values of the record `data`, None if it cannot be decoded."""
        if self.codec is None:
            return None
        try:
            values, end = self.codec.decode(data, 0)
        except DECODE_ERRORS:
            return None
        return self.name(values) if end == len(data) else None

    def name(self, values: Sequence[Any]) -> Values:
        """Values in the order of the bytes, named, in the order in which they are shown."""
        found = dict(zip(self.stored, values, strict=False))
        if isinstance(found.get(ROLL_PTR), int):
            found[ROLL_PTR] = RollPointer(*place_of(found[ROLL_PTR]))
        return {name: found[name] for name in self.names if name in found}

    def shown(self, data: bytes) -> Values:
        """`read`, or the bytes."""
        values = self.read(data)
        return {RAW: Raw(data)} if values is None else values


def clustered_reader(tdef: TableDef) -> RecordReader:
    """Rows of an InnoDB table: key columns, hidden columns, the others."""
    return RecordReader(clustered_names(tdef), ClusteredLayout(tdef).codec, [*key_names(tdef), "DB_TRX_ID", ROLL_PTR, DELETE_MARK])


def secondary_reader(tdef: TableDef, definition: IndexDef) -> RecordReader:
    """Entries of a secondary index of an InnoDB table: its columns, those of the clustered key, the mark."""
    layout = SecondaryLayout(tdef, definition)
    names = secondary_names(tdef, layout)
    return RecordReader(names, layout.codec, names[1:])


def myisam_reader(tdef: TableDef, ordinal: int) -> RecordReader:
    """Entries of an index of a MyISAM table: its columns, and the address of the row."""
    index = Index(tdef, ordinal)
    return RecordReader(index.names(), index.codec())


def heap_reader(tdef: TableDef) -> RecordReader:
    """Rows of a MyISAM table."""
    return RecordReader([c.name for c in tdef.columns], RowCodec([c.type for c in tdef.columns]))


def is_marked(values: Mapping[str, Any] | None) -> bool:
    """Is the record delete-marked?"""
    return values is not None and bool(values.get(DELETE_MARK))


def key_names(tdef: TableDef) -> list[str]:
    """Names of the columns of an InnoDB table's clustered key."""
    columns = physical(tdef).columns
    return [columns[p.column].name for p in clustered_definition(tdef).parts]


def rows_table(reader: RecordReader, found: Sequence[Values]) -> tuple[list[str], list[list[Any]]]:
    """Column names and rows for `found`; the column of undecoded bytes is there only if some record needs it."""
    names = list(reader.names)
    if any(RAW in values for values in found) or not names:
        names.append(RAW)
    return names, [[values.get(name, ABSENT) for name in names] for values in found]
