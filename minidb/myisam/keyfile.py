"""`KeyFile`: the indexes of a table in its .MYI file; `Index`: one of them.

Every index is a non-clustered B+ tree.  Its leaves hold row addresses:

* a key of a unique index is made of the index's columns; it may not come twice.  If it holds a NULL the address follows, since
  NULLs are not equal to each other;
* a key of a non-unique index always ends with the address: equal keys are in order of address.

A *plain* index (ascending NOT NULL columns that are their own order keys) stores the bare address beside the key.  Any other
index stores the columns' values too, ``(values..., address)``: the key alone would not tell 'a' from 'A', or what was cut off a
prefix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from minidb.catalog import IndexDef, IndexPart, TableDef
from minidb.engine import Key, KeyRange, Row
from minidb.errors import Error, SqlError
from minidb.index_key import key_maker, key_parts_source
from minidb.storage.btree import BTree, DuplicateKey
from minidb.storage.file import FileSystem
from minidb.storage.merge_sort import MergeSort
from minidb.storage.mtr import Mtr
from minidb.storage.page import PAGE_SIZE, RECORD_PREFIX
from minidb.storage.space import Tablespace
from minidb.storage.tree_spec import TreeSpec
from minidb.types.codec import RowCodec
from minidb.types.keys import MAX
from minidb.types.sqltype import Family, SqlType
from minidb.types.text import to_text

ROOT = "root:"
ROW_ADDRESS = "row address"
ADDRESS_TYPE = SqlType(Family.INT, "bigint")

_OWN_KEYS = (Family.INT, Family.DECIMAL, Family.FLOAT, Family.DATE, Family.DATETIME, Family.TIME)


def root_name(definition: IndexDef) -> str:
    """The meta entry that holds an index's root page."""
    return f"{ROOT}{definition.id}"


def is_plain(tdef: TableDef, definition: IndexDef) -> bool:
    """May the key stand for the values?"""
    columns = [tdef.columns[p.column] for p in definition.parts]
    return all(
        not column.nullable and part.prefix is None and not part.descending and column.type.family in _OWN_KEYS
        for column, part in zip(columns, definition.parts, strict=True)
    )


class Index:
    """One index of a table: its tree, and the generated functions that make its records.

    key_of(row): a row with its address -> key in the tree.  entry_of(row): what the tree stores, None if that is the address.
    probe(key): the key that crosses the door -> key in the tree; None where they are the same.
    bare: keys are single values, not tuples.  unique: declared so.
    """

    __slots__ = ("bare", "columns", "definition", "entry_of", "key_of", "ordinal", "plain", "probe", "table", "tree", "unique")

    tree: BTree

    def __init__(self, tdef: TableDef, ordinal: int) -> None:
        definition = tdef.indexes[ordinal]
        self.table = tdef
        self.ordinal = ordinal
        self.definition = definition
        self.columns = definition.columns
        self.unique = definition.unique
        self.plain = is_plain(tdef, definition)
        nullable = any(tdef.columns[c].nullable for c in self.columns)
        self.bare = self.unique and len(self.columns) == 1 and not nullable
        self.key_of = _key_function(tdef, definition, self.bare)
        self.entry_of = None if self.plain else _entry_function(tdef, definition)
        self.probe: Callable[[Key], Key] | None = None
        if len(self.columns) == 1 and not self.bare:
            self.probe = lambda key: (key,)

    # ---- records
    def address_of(self, stored: Any) -> int:
        """The row address in what the tree stores."""
        address: int = stored if self.plain else stored[-1]
        return address

    def addresses(self, stored: list[Any]) -> list[int]:
        """The row addresses in what the tree stores; a new list."""
        return stored if self.plain else [entry[-1] for entry in stored]

    def entries(self, keys: list[Key], stored: list[Any]) -> list[Row]:
        """What a covering scan delivers: the columns' values, then the address."""
        if not self.plain:
            return stored
        if self.bare:
            return list(zip(keys, stored, strict=True))
        if self.unique:
            return [(*key, address) for key, address in zip(keys, stored, strict=True)]
        return keys

    def layout(self) -> tuple[int, ...]:
        """`Table.entry_layout` of this index."""
        return tuple(p.column if p.prefix is None else -1 for p in self.definition.parts)

    # ---- bounds
    def bounds(self, key_range: KeyRange) -> tuple[Key | None, Key | None, bool, bool]:
        """(low, high, low inclusive, high inclusive) as the tree wants them."""
        low, high = key_range.low, key_range.high
        if self.bare:
            return (
                None if low is None else low[0], None if high is None else high[0],
                key_range.low_inclusive, key_range.high_inclusive,
            )
        if low is not None and not key_range.low_inclusive:
            low = (*low, MAX)
        if high is not None and key_range.high_inclusive:
            high = (*high, MAX)
        return low, high, True, True

    def duplicate(self, row: Row, with_table: bool) -> Error:
        """1062 for `row`; the caller raises it."""
        parts = []
        for part in self.definition.parts:
            t = self.table.columns[part.column].type
            value = row[part.column]
            text = "NULL" if value is None else to_text(value if part.prefix is None else value[: part.prefix], t)
            parts.append(text or "")
        name = f"{self.table.name}.{self.definition.name}" if with_table else self.definition.name
        return SqlError.of(1062, "-".join(parts), name)

    def codec(self) -> RowCodec:
        """The values in the bytes of a record: the columns', then the address."""
        return RowCodec([*(self.table.columns[c].type for c in self.columns), ADDRESS_TYPE])

    def names(self) -> list[str]:
        """What these values are called; a prefix of a column as ``name(length)``."""
        parts = ((self.table.columns[p.column].name, p.prefix) for p in self.definition.parts)
        return [*(name if prefix is None else f"{name}({prefix})" for name, prefix in parts), ROW_ADDRESS]

    def spec(self, capacity: int) -> TreeSpec:
        """How the tree turns its records into bytes."""
        codec = self.codec()
        name = f"{self.table.db}.{self.table.name}.{self.definition.name}"
        if self.plain:
            return _plain_spec(name, codec, self, capacity)
        key_of = _entry_key_function(self.table, self.definition, self.bare)

        def decode(data: bytes, offset: int) -> tuple[Key, Row, int]:
            entry, end = codec.decode(data, offset)
            return key_of(entry), entry, end

        size = codec.size
        return TreeSpec(name, lambda key, entry: codec.encode(entry), decode, lambda row: size(row) + RECORD_PREFIX, capacity)


# ---- generated functions
def _key_source(tdef: TableDef, parts: list[IndexPart], unique: bool, bare: bool, address: str) -> tuple[str, dict[str, Any]]:
    """Expression over the row `r` for a key of an index."""
    sources, env = key_parts_source(tdef, parts)
    if bare:
        return sources[0], env
    key = f"({', '.join(sources)},)"
    with_address = f"({', '.join(sources)}, {address})"
    if not unique:
        return with_address, env
    tests = [f"r[{p.column}] is None" for p in parts if tdef.columns[p.column].nullable]
    return (f"({with_address} if {' or '.join(tests)} else {key})" if tests else key), env


def _compile(source: str, env: dict[str, Any]) -> Callable[[Row], Any]:
    made: Callable[[Row], Any] = eval(f"lambda r: {source}", env)
    return made


def _key_function(tdef: TableDef, definition: IndexDef, bare: bool) -> Callable[[Row], Key]:
    return _compile(*_key_source(tdef, list(definition.parts), definition.unique, bare, f"r[{len(tdef.columns)}]"))


def _entry_table(tdef: TableDef, definition: IndexDef) -> TableDef:
    """A table of just the columns of an index, in the order of its parts."""
    return tdef.evolve(columns=tuple(tdef.columns[c] for c in definition.columns))


def _entry_key_function(tdef: TableDef, definition: IndexDef, bare: bool) -> Callable[[Row], Key]:
    """The key out of a stored entry, where the values stand side by side and prefixes are cut already."""
    parts = [IndexPart(i, descending=part.descending) for i, part in enumerate(definition.parts)]
    return _compile(*_key_source(_entry_table(tdef, definition), parts, definition.unique, bare, f"r[{len(parts)}]"))


def door_key_maker(tdef: TableDef, definition: IndexDef) -> Callable[[Sequence[Any]], Key]:
    """`Table.key_maker`: the values of the index's columns -> the key that `get` takes."""
    parts = tuple(IndexPart(i, part.prefix, part.descending) for i, part in enumerate(definition.parts))
    return key_maker(_entry_table(tdef, definition), replace(definition, parts=parts), bare_single=True)


def _entry_function(tdef: TableDef, definition: IndexDef) -> Callable[[Row], Row]:
    sources = []
    for part in definition.parts:
        value = f"r[{part.column}]"
        if part.prefix is not None:
            value = f"(None if {value} is None else {value}[:{part.prefix}])"
        sources.append(value)
    return _compile(f"({', '.join(sources)}, r[{len(tdef.columns)}])", {})


def _plain_spec(name: str, codec: RowCodec, index: Index, capacity: int) -> TreeSpec:
    encode, decode = codec.encode, codec.decode
    # decimals longer than 18 digits are the only plain values of varying size
    most = RECORD_PREFIX + codec.fixed_size + sum((index.table.columns[c].type.length or 65) + 8 for c in index.columns
                                  if index.table.columns[c].type.family is Family.DECIMAL)

    def decode_bare(data: bytes, offset: int) -> tuple[Key, int, int]:
        (key, address), end = decode(data, offset)
        return key, address, end

    def decode_unique(data: bytes, offset: int) -> tuple[Key, int, int]:
        values, end = decode(data, offset)
        return values[:-1], values[-1], end

    def decode_key(data: bytes, offset: int) -> tuple[Key, int, int]:
        key, end = decode(data, offset)
        return key, key[-1], end

    if index.bare:
        return TreeSpec(name, lambda key, address: encode((key, address)), decode_bare, lambda row: most, capacity)
    if index.unique:
        return TreeSpec(name, lambda key, address: encode((*key, address)), decode_unique, lambda row: most, capacity)
    return TreeSpec(name, lambda key, address: encode(key), decode_key, lambda row: most, capacity)


class DuplicateRow(Exception):
    """A row with the same key is there; nothing was changed.  index: the violated one.  address: of the row that is there."""

    def __init__(self, index: Index, address: int) -> None:
        super().__init__(index.definition.name, address)
        self.index = index
        self.address = address


class KeyFile:
    """All indexes of one table.  Changes are made in mini-transactions of its own, which no redo log ever sees."""

    __slots__ = ("_inserters", "capacity", "indexes", "mtr", "space")

    def __init__(self, tdef: TableDef, space: Tablespace, mtr: Mtr, capacity: int) -> None:
        self.space = space
        self.mtr = mtr
        self.capacity = capacity
        self.indexes: list[Index] = []
        self.open_indexes(tdef)

    def open_indexes(self, tdef: TableDef) -> None:
        """Open the indexes of `tdef`; those that the file does not have yet are made, empty."""
        indexes = [Index(tdef, i) for i in range(len(tdef.indexes))]
        for index in indexes:
            name = root_name(index.definition)
            spec = index.spec(self.capacity)
            root = self.space.meta.get(name)
            if root is None:
                index.tree = BTree.create(self.space, self.mtr, spec)
                self.space.set_meta(self.mtr, name, index.tree.root_no)
                self.mtr.commit()
            else:
                index.tree = BTree(self.space, root, spec)
        self.indexes = indexes
        self._inserters = tuple((index.tree.insert, index.key_of, index.entry_of) for index in indexes)

    # ---- rows
    def insert_row(self, row: Row) -> None:
        """Add `row` (with its address) to every index.  Raises DuplicateRow or an error of the disk; nothing is changed then."""
        address = row[-1]
        mtr = self.mtr
        done = 0
        try:
            for insert, key_of, entry_of in self._inserters:
                insert(mtr, key_of(row), address if entry_of is None else entry_of(row))
                done += 1
        except DuplicateKey as duplicate:
            there = duplicate.page.rows[duplicate.position]
            self._take_back(row, done)
            index = self.indexes[done]
            raise DuplicateRow(index, index.address_of(there)) from None
        except BaseException:
            self._take_back(row, done)
            raise
        mtr.commit()

    def _take_back(self, row: Row, done: int) -> None:
        for index in self.indexes[:done]:
            index.tree.delete(self.mtr, index.key_of(row))
        self.mtr.commit()

    def delete_row(self, row: Row) -> None:
        """Remove `row` from every index.  Raises KeyMissing if an index does not have it."""
        mtr = self.mtr
        for index in self.indexes:
            index.tree.delete(mtr, index.key_of(row))
        mtr.commit()

    def update_row(self, old: Row, new: Row) -> None:
        """Let every index lead to `new` instead of `old` (same address).  Raises DuplicateRow; nothing is changed then."""
        changed = []
        for index in self.indexes:
            old_key, new_key = index.key_of(old), index.key_of(new)
            if old_key != new_key:
                if index.unique:
                    there = index.tree.get(new_key)
                    if there is not None:
                        raise DuplicateRow(index, index.address_of(there))
                changed.append((index, old_key, new_key))
            elif index.entry_of is not None and index.entry_of(old) != index.entry_of(new):
                changed.append((index, old_key, old_key))
        mtr = self.mtr
        for index, old_key, new_key in changed:
            stored = new[-1] if index.entry_of is None else index.entry_of(new)
            if old_key is new_key:
                index.tree.replace(mtr, old_key, stored)
            else:
                index.tree.insert(mtr, new_key, stored)
                index.tree.delete(mtr, old_key)
        mtr.commit()

    # ---- whole indexes
    def clear(self) -> None:
        """Empty every index."""
        for index in self.indexes:
            index.tree.clear(self.mtr)
        self.mtr.commit()

    def build(self, index: Index, rows: Iterable[Row], sort_bytes: int, spill_to: FileSystem | None) -> None:
        """Fill the empty `index` from rows with addresses, sorted in about `sort_bytes` of memory, the rest in a file of
        `spill_to`.  Raises DuplicateRow if a unique key comes twice, 1026, 1114."""
        key_of, entry_of = index.key_of, index.entry_of
        with MergeSort(index.tree.spec, sort_bytes, spill_to) as sort:
            sort.add((key_of(row), row[-1] if entry_of is None else entry_of(row)) for row in rows)
            index.tree.bulk_load(self.mtr, _without_duplicates(index, sort.sorted()))
        self.mtr.commit()

    def length(self) -> int:
        """Bytes of the .MYI file up to its last used page."""
        return self.space.size * PAGE_SIZE


def _without_duplicates(index: Index, items: Iterable[tuple[Key, Any]]) -> Iterator[tuple[Key, Any]]:
    """The sorted `items`.  Raises DuplicateRow where two neighbours have the same key: that of a unique index."""
    before: Key = None
    for item in items:
        if item[0] == before:
            raise DuplicateRow(index, index.address_of(item[1]))
        before = item[0]
        yield item
