"""Indexes of CREATE and ALTER TABLE: names, key parts, limits, order.

Rules
1. An index without a name is called like its first column, then `column_2`, `column_3` ...; the primary key is PRIMARY.
2. A non-unique key part longer than the engine's limit is shortened to it with note 1071; a unique one is refused.
3. Order: PRIMARY, UNIQUE without nullable columns, other UNIQUE, the rest, FULLTEXT; each in order of definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from minidb.catalog import Column, IndexDef, IndexPart
from minidb.errors import SqlError, unsupported
from minidb.query import ast
from minidb.query.define.ddl_columns import DefineEnv, char_bytes, check_name
from minidb.types.sqltype import Family, SqlType

MAX_KEYS = 64
MAX_PARTS = 32
KEY_LIMIT = {"InnoDB": 3072, "MyISAM": 1000}
LOB_NAMES = frozenset({"tinytext", "text", "mediumtext", "longtext", "tinyblob", "blob", "mediumblob", "longblob", "json"})
FIXED_BYTES = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 8, "year": 1, "float": 4, "double": 8,
               "date": 3, "datetime": 5, "timestamp": 4, "time": 3, "enum": 2, "set": 8}


def is_lob(t: SqlType) -> bool:
    """Whether a key on the column needs a prefix length."""
    return t.name in LOB_NAMES


def is_string(t: SqlType) -> bool:
    return t.family in (Family.STRING, Family.BYTES) and t.name not in ("enum", "set")


def part_bytes(t: SqlType, prefix: int | None) -> int:
    """How many bytes a key part takes at most, as the key length limits count them."""
    if t.name in FIXED_BYTES:
        fraction = (t.scale or 0) if t.name in ("datetime", "timestamp", "time") else 0
        return FIXED_BYTES[t.name] + (fraction + 1) // 2
    if t.name == "decimal":
        return ((t.length or 10) + 1) // 2 + 1
    if t.name == "bit":
        return ((t.length or 1) + 7) // 8
    length = prefix if prefix is not None else (t.length if t.length is not None else 1)
    return length * char_bytes(t)


class IndexBuilder:
    """Makes the indexes of one table, in the order in which they were written; `finish` sorts them (rule 3)."""

    def __init__(self, env: DefineEnv, columns: Sequence[Column], engine: str, existing: Iterable[IndexDef] = ()) -> None:
        self.env = env
        self.columns = columns
        self.engine = engine
        self.ordinals = {c.name.lower(): i for i, c in enumerate(columns)}
        self.made: list[IndexDef] = list(existing)

    def taken(self, name: str) -> bool:
        lowered = name.lower()
        return any(x.name.lower() == lowered for x in self.made)

    def add(self, spec: ast.IndexSpec) -> IndexDef:
        """Add the index `spec`.  Raises 1060 1061 1068 1069 1070 1071 1072 1089 1170 1235 1280."""
        if spec.kind == "SPATIAL":
            raise unsupported("SPATIAL indexes")
        if spec.kind == "FULLTEXT":
            raise unsupported("FULLTEXT indexes")
        primary = spec.kind == "PRIMARY"
        unique = primary or spec.kind == "UNIQUE"
        if primary and any(x.primary for x in self.made):
            raise SqlError.of(1068)
        parts = self._parts(spec, unique)
        ignored = (spec.name or spec.constraint) if primary else None
        if ignored is not None and ignored.upper() != "PRIMARY":
            self.env.warn("Warning", 1280, f"Name '{ignored}' ignored for PRIMARY key.")
        name = "PRIMARY" if primary else self._name(spec)
        if len(self.made) >= MAX_KEYS:
            raise SqlError.of(1069, MAX_KEYS)
        parts = self._limited(parts, unique)
        if any(x.parts == parts and x.unique == unique and not x.primary for x in self.made) and not primary:
            self.env.warn("Note", 1831, f"Duplicate index `{name}`. This is deprecated and will be disallowed in a future release")
        return self._append(name, parts, unique, primary, (spec.using or "").upper(), spec.comment)

    def add_nameless(self, ordinals: Sequence[int]) -> IndexDef:
        """Add the index that a foreign key on `ordinals` needs; it gets its name from `name_generated`."""
        parts = tuple(IndexPart(o) for o in ordinals)
        return self._append("", self._limited(parts, False), False, False, "", "")

    def name_generated(self, index: IndexDef, name: str | None) -> None:
        """Call a foreign key's index `name`, or like its first column; nothing happens if it was removed again."""
        if index not in self.made:
            return
        if name is None or self.taken(name):
            name = self._free_name(self.columns[index.parts[0].column].name)
        self.made[self.made.index(index)] = replace(index, name=name)

    def _append(self, name: str, parts: tuple[IndexPart, ...], unique: bool, primary: bool, using: str, comment: str) -> IndexDef:
        made = IndexDef(self.env.dictionary.new_index_id(), name, parts, unique, primary, comment=comment, using=using)
        self.made.append(made)
        return made

    def _name(self, spec: ast.IndexSpec) -> str:
        name = spec.name or spec.constraint
        if name is None:
            return self._free_name(spec.parts[0].column)
        check_name(name, 1280)
        if name.upper() == "PRIMARY":
            raise SqlError.of(1280, name)
        if self.taken(name):
            raise SqlError.of(1061, name)
        return name

    def _free_name(self, column: str) -> str:
        base = self.columns[self.ordinals[column.lower()]].name
        if base.upper() != "PRIMARY" and not self.taken(base):
            return base
        number = 2
        while self.taken(f"{base}_{number}"):
            number += 1
        return f"{base}_{number}"

    def _parts(self, spec: ast.IndexSpec, unique: bool) -> tuple[IndexPart, ...]:
        if len(spec.parts) > MAX_PARTS:
            raise SqlError.of(1070, MAX_PARTS)
        parts: list[IndexPart] = []
        for part in spec.parts:
            ordinal = self.ordinals.get(part.column.lower())
            if ordinal is None:
                raise SqlError.of(1072, part.column)
            if any(p.column == ordinal for p in parts):
                raise SqlError.of(1060, part.column)
            if part.descending and self.engine not in self.env.descending_engines:
                raise SqlError.of(1178, "descending indexes")
            parts.append(IndexPart(ordinal, self._prefix(part, self.columns[ordinal].type, unique), part.descending))
        return tuple(parts)

    def _prefix(self, part: ast.KeyPart, t: SqlType, unique: bool) -> int | None:
        length = part.length
        if length is None:
            if is_lob(t):
                if unique:
                    raise SqlError.of(1170, part.column)
                return 65535  # shortened to the engine's limit below
            return None
        if not is_string(t) or length <= 0 or (not is_lob(t) and t.length is not None and length > t.length):
            raise SqlError.of(1089)
        return None if not is_lob(t) and length == t.length else length

    def _limited(self, parts: tuple[IndexPart, ...], unique: bool) -> tuple[IndexPart, ...]:
        """Apply the engine's key length limit to each part and to the sum (rule 2)."""
        limit = KEY_LIMIT.get(self.engine, 3072)
        made: list[IndexPart] = []
        for part in parts:
            t = self.columns[part.column].type
            if part_bytes(t, part.prefix) > limit:
                if unique or not is_string(t):
                    raise SqlError.of(1071, limit)
                self.env.warn("Note", 1071, SqlError.of(1071, limit).message)
                part = replace(part, prefix=limit // char_bytes(t))
            made.append(part)
        if sum(part_bytes(self.columns[p.column].type, p.prefix) for p in made) > limit and len(made) > 1:
            raise SqlError.of(1071, limit)
        return tuple(made)

    def covers(self, ordinals: Sequence[int], index: IndexDef) -> bool:
        """Whether `index` begins with whole columns `ordinals`, so that it can serve a foreign key on them."""
        head = index.parts[: len(ordinals)]
        return len(head) == len(ordinals) and all(
            p.column == o and p.prefix is None for p, o in zip(head, ordinals, strict=True))

    def finish(self) -> tuple[IndexDef, ...]:
        """All indexes in MySQL's order."""
        return sort_indexes(self.made, self.columns)


def sort_indexes(indexes: Iterable[IndexDef], columns: Sequence[Column]) -> tuple[IndexDef, ...]:
    """`indexes` in MySQL's order (rule 3)."""

    def rank(index: IndexDef) -> int:
        if index.primary:
            return 0
        if index.unique:
            if any(columns[p.column].nullable for p in index.parts):
                return 3
            return 2 if any(p.prefix is not None for p in index.parts) else 1
        return 5 if index.kind == "FULLTEXT" else 4

    return tuple(sorted(indexes, key=rank))
