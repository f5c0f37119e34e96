"""What records look like: the columns of a clustered record, the columns of each secondary entry, and the functions between rows,
keys and entries, generated once for each definition.

A clustered record is one flat tuple: the table's columns, DB_ROW_ID where the table has no clustered key of its own, then
DB_TRX_ID, DB_ROLL_PTR and the delete mark (0 or 1): ``row[TRX_ID]``, ``row[ROLL_PTR]``, ``row[DELETED]`` count from the end.

A secondary entry is the tuple of the index's columns and of the clustered key's columns not among them.  Where every value is its
own order key the entry *is* the key, one object for both.  A delete-marked entry has one element more than a live one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minidb.catalog import Column, IndexDef, IndexPart, TableDef
from minidb.engine import Key, Row
from minidb.index_key import key_maker
from minidb.storage.page import RECORD_PREFIX
from minidb.types.codec import RowCodec
from minidb.types.generated import code
from minidb.types.keys import NULL, Descending, key_function
from minidb.types.sqltype import Family, SqlType

TRX_ID = -3
ROLL_PTR = -2
DELETED = -1
TAIL = 3  # hidden columns at the end of every clustered record

BIGINT = SqlType(Family.INT, "bigint", unsigned=True)
TINYINT = SqlType(Family.INT, "tinyint")
ROW_ID = Column("DB_ROW_ID", BIGINT, nullable=False)
GEN_CLUST_INDEX = "GEN_CLUST_INDEX"
DELETE_MARK = "delete mark"
MARK = (1,)  # what a delete-marked entry ends with

Encode = Callable[[Key, Row], bytes]
Decode = Callable[[Any, int], tuple[Key, Row, int]]
Size = Callable[[Row], int]


def physical(tdef: TableDef) -> TableDef:
    """`tdef` with the hidden row id as a column, if it needs one."""
    if tdef.clustered_index() is not None:
        return tdef
    return tdef.evolve(columns=(*tdef.columns, ROW_ID), version=tdef.version)


def clustered_definition(tdef: TableDef) -> IndexDef:
    """The index that `tdef` clusters on; the hidden one has id 0."""
    ordinal = tdef.clustered_index()
    if ordinal is not None:
        return tdef.indexes[ordinal]
    return IndexDef(0, GEN_CLUST_INDEX, (IndexPart(len(tdef.columns)),), unique=True)


def clustered_names(tdef: TableDef) -> list[str]:
    """What the elements of a clustered record are called, in order."""
    return [*(c.name for c in physical(tdef).columns), "DB_TRX_ID", "DB_ROLL_PTR", DELETE_MARK]


def secondary_names(tdef: TableDef, layout: SecondaryLayout) -> list[str]:
    """What the values in the bytes of a secondary entry are called, in order; a prefix of a column as ``name(length)``."""
    columns = physical(tdef).columns
    parts = ((columns[p.column].name, p.prefix) for p in layout.parts)
    return [DELETE_MARK, *(name if prefix is None else f"{name}({prefix})" for name, prefix in parts)]


class ClusteredLayout:
    """Functions of the clustered index: `key_of(row)` and the page codec."""

    __slots__ = ("codec", "definition", "has_row_id", "key_of", "key_width", "size", "types", "width")

    def __init__(self, tdef: TableDef) -> None:
        whole = physical(tdef)
        self.definition = clustered_definition(tdef)
        self.has_row_id = len(whole.columns) > len(tdef.columns)
        self.width = len(tdef.columns)
        self.key_width = len(self.definition.parts)
        self.key_of: Callable[[Row], Key] = key_maker(whole, self.definition, bare_single=True)
        self.types = [c.type for c in whole.columns]
        self.codec = RowCodec([*self.types, BIGINT, BIGINT, TINYINT])
        self.size: Size = self.codec.sizer(RECORD_PREFIX)

    def encode(self, key: Key, row: Row) -> bytes:
        """Bytes of a record; the key is not stored, it follows from the row."""
        return self.codec.encode(row)

    def decode(self, data: bytes, offset: int) -> tuple[Key, Row, int]:
        row, end = self.codec.decode(data, offset)
        return self.key_of(row), row, end


class SecondaryLayout:
    """Functions of one secondary index.

    parts: index parts and then those of the clustered key not among them.  width: their number; user_width: the index's own.
    make(row) -> (key, entry).  key_of(row) -> key.  entry_of(row) -> entry.  key_of_entry(entry) -> key.
    clustered_key(key) -> the clustered key of the row that the entry stands for.  nullable: a user part may be NULL.
    columns: the ordinal of the column at each place of an entry, -1 where only a prefix of it is there.
    """

    __slots__ = (
        "clustered_key", "codec", "columns", "entry_of", "is_key", "key_of", "key_of_entry", "make", "nullable", "parts", "size",
        "types", "user_width", "width",
    )

    def __init__(self, tdef: TableDef, definition: IndexDef) -> None:
        whole = physical(tdef)
        clustered = clustered_definition(tdef)
        own = definition.parts
        present = {(p.column, p.prefix) for p in own}
        missing = tuple(p for p in clustered.parts if (p.column, p.prefix) not in present)
        self.parts = (*own, *missing)
        self.user_width = len(own)
        self.width = len(self.parts)
        columns = [whole.columns[p.column] for p in self.parts]
        self.types = [c.type for c in columns]
        self.nullable = any(c.nullable for c in columns[: self.user_width])
        self.columns = tuple(-1 if p.prefix is not None else p.column for p in self.parts)
        self.key_of: Callable[[Row], Key] = key_maker(whole, IndexDef(definition.id, definition.name, self.parts))
        self.is_key = all(key_function(t) is None for t in self.types) and not any(p.descending for p in self.parts)
        self.entry_of = self._entry_function()
        self.key_of_entry = self._entry_key_function(definition, columns)
        self.make = self._make_function()
        self.clustered_key = self._clustered_key_function(clustered)
        self.codec = RowCodec([TINYINT, *self.types])
        self.size: Size = self.codec.sizer(RECORD_PREFIX, 1)

    def _entry_function(self) -> Callable[[Row], Row]:
        raw = ("r[{0}]" if p.prefix is None else "(None if r[{0}] is None else r[{0}][:{1}])" for p in self.parts)
        places = ", ".join(text.format(p.column, p.prefix) for text, p in zip(raw, self.parts, strict=True))
        made: Callable[[Row], Row] = generated(f"lambda r: ({places},)")
        return made

    def _entry_key_function(self, definition: IndexDef, columns: list[Column]) -> Callable[[Row], Key]:
        parts = tuple(IndexPart(i, descending=p.descending) for i, p in enumerate(self.parts))
        entry_table = TableDef(0, "", "", "InnoDB", tuple(columns))
        convert = key_maker(entry_table, IndexDef(definition.id, definition.name, parts))
        if not self.is_key:
            return convert
        if not self.nullable:
            return lambda entry: entry
        return lambda entry: convert(entry) if None in entry else entry

    def _make_function(self) -> Callable[[Row], tuple[Key, Row]]:
        key_of, entry_of = self.key_of, self.entry_of
        if not self.is_key:
            return lambda r: (key_of(r), entry_of(r))
        if not self.nullable:
            return lambda r: ((k := key_of(r)), k)

        def make(row: Row) -> tuple[Key, Row]:
            key = key_of(row)
            return key, (entry_of(row) if NULL in key else key)

        return make

    def _clustered_key_function(self, clustered: IndexDef) -> Callable[[Key], Key]:
        at = {(p.column, p.prefix): i for i, p in reversed(list(enumerate(self.parts)))}
        places = [_turned(f"k[{i}]", self.parts[i].descending, p.descending)
                  for p in clustered.parts for i in [at[p.column, p.prefix]]]
        body = places[0] if len(places) == 1 else f"({', '.join(places)})"
        made: Callable[[Key], Key] = generated(f"lambda k: {body}")
        return made

    def encode(self, key: Key, entry: Row) -> bytes:
        """Bytes of an entry: its delete mark and its values."""
        if len(entry) > self.width:
            return self.codec.encode((1, *entry[: self.width]))
        return self.codec.encode((0, *entry))

    def decode(self, data: bytes, offset: int) -> tuple[Key, Row, int]:
        (mark, *values), end = self.codec.decode(data, offset)
        entry = tuple(values)
        key = self.key_of_entry(entry)
        if mark:
            return key, entry + MARK, end
        return key, (key if self.is_key and key == entry else entry), end


def _turned(source: str, descending: bool, wanted: bool) -> str:
    """Source of a key part for an index part whose direction may be another one."""
    if descending == wanted:
        return source
    return f"DESC({source})" if wanted else f"{source}.key"


def generated(source: str) -> Any:
    """The value of a generated expression."""
    return eval(code(source), {"DESC": Descending})
