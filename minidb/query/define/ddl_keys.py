"""Foreign keys of CREATE and ALTER TABLE.

Rules
1. A key without a name takes the name of its index, else `table_ibfk_N`; names are unique in the database (1005, errno 121).
2. The child needs an index that begins with the key's columns; if there is none, one is made, called like the constraint.
3. The parent must exist and have an index that begins with the referenced columns, the types must agree, and SET NULL needs
   nullable columns (1005, errno 150).  With foreign_key_checks = 0 the parent may be missing.
4. MyISAM parses foreign keys and forgets them, but the index of rule 2 is made.
"""

from __future__ import annotations

from collections.abc import Sequence

from minidb.catalog import Column, ForeignKey, IndexDef, TableDef
from minidb.errors import Error, SqlError
from minidb.query import ast
from minidb.query.define.ddl_columns import DefineEnv, check_name
from minidb.query.define.ddl_indexes import IndexBuilder
from minidb.types.sqltype import Family, SqlType

MALFORMED = (150, "Foreign key constraint is incorrectly formed")
DUPLICATE = (121, "Duplicate key on write or update")


def cannot_create(db: str, table: str, why: tuple[int, str]) -> Error:
    """1005 with InnoDB's number and text."""
    return SqlError.of(1005, db, table, why[0], why[1])


class KeyBuilder:
    """Makes the foreign keys of the table `db`.`table`; the child's indexes go into `indexes`."""

    def __init__(self, env: DefineEnv, db: str, table: str, engine: str, indexes: IndexBuilder,
                 existing: Sequence[ForeignKey] = ()) -> None:
        self.env = env
        self.db = db
        self.table = table
        self.engine = engine
        self.indexes = indexes
        self.made = list(existing)
        self.pending: list[tuple[ast.ForeignKeySpec, list[int], IndexDef]] = []
        self.taken = {k.name for t in env.dictionary.all_tables() if t.db == db and t.name != table for k in t.foreign_keys}

    def reserve(self, spec: ast.ForeignKeySpec) -> None:
        """CREATE TABLE: note the foreign key and the place of the index that it may need.  Raises 1072 1239."""
        ordinals = self._ordinals(spec)
        self.pending.append((spec, ordinals, self.indexes.add_nameless(ordinals)))

    def finish(self) -> None:
        """Make the noted keys; of their indexes only those stay that no other index can stand for.  Raises 1005."""
        for _, ordinals, index in reversed(self.pending):
            if any(self.indexes.covers(ordinals, x) for x in self.indexes.made if x is not index):
                self.indexes.made.remove(index)
        for spec, ordinals, index in self.pending:
            self.indexes.name_generated(index, spec.name or spec.index_name)
            self._make(spec, ordinals)

    def add(self, spec: ast.ForeignKeySpec) -> None:
        """ALTER TABLE: add the foreign key `spec`, if the engine keeps such.  Raises 1005 1072 1239."""
        ordinals = self._ordinals(spec)
        if not any(self.indexes.covers(ordinals, x) for x in self.indexes.made):
            self.indexes.name_generated(self.indexes.add_nameless(ordinals), spec.name or spec.index_name)
        self._make(spec, ordinals)

    def _ordinals(self, spec: ast.ForeignKeySpec) -> list[int]:
        ordinals = []
        for column in spec.columns:
            ordinal = self.indexes.ordinals.get(column.lower())
            if ordinal is None:
                raise SqlError.of(1072, column)
            ordinals.append(ordinal)
        if len(spec.columns) != len(spec.ref_columns):
            raise SqlError.of(1239, spec.name or "foreign key without name", "Key reference and table reference don't match")
        return ordinals

    def _make(self, spec: ast.ForeignKeySpec, ordinals: list[int]) -> None:
        if self.engine != "InnoDB":
            return
        if self.env.temporary:
            raise cannot_create(self.db, self.table, MALFORMED)
        name = self._name(spec)
        self._check_parent(spec, ordinals)
        made = ForeignKey(
            name, tuple(ordinals), spec.ref_table.db or self.db, spec.ref_table.name, tuple(spec.ref_columns),
            spec.on_delete or "RESTRICT", spec.on_update or "RESTRICT", spec.on_delete is not None, spec.on_update is not None)
        self.made.append(made)

    def _name(self, spec: ast.ForeignKeySpec) -> str:
        name = spec.name or spec.index_name
        if name is None:
            prefix = f"{self.table}_ibfk_"
            numbers = [int(k.name[len(prefix):]) for k in self.made if k.name.startswith(prefix) and k.name[len(prefix):].isdigit()]
            name = f"{prefix}{max(numbers, default=0) + 1}"
        check_name(name, 1280)
        if name in self.taken or any(k.name == name for k in self.made):
            raise cannot_create(self.db, self.table, DUPLICATE)
        return name

    def _check_parent(self, spec: ast.ForeignKeySpec, ordinals: Sequence[int]) -> None:
        columns = self.indexes.columns
        malformed = cannot_create(self.db, self.table, MALFORMED)
        sets_null = "SET NULL" in (spec.on_delete, spec.on_update)
        if sets_null and any(not columns[o].nullable for o in ordinals):
            raise malformed
        if "SET DEFAULT" in (spec.on_delete, spec.on_update):
            raise malformed
        ref_db = spec.ref_table.db or self.db
        if (ref_db, spec.ref_table.name) == (self.db, self.table):
            parent_columns, parent_indexes = columns, tuple(self.indexes.made)
        else:
            parent = self.env.dictionary.find_table(ref_db, spec.ref_table.name)
            if parent is None:
                if self.env.foreign_key_checks:
                    raise malformed
                return
            if parent.engine != "InnoDB":
                raise malformed
            parent_columns, parent_indexes = parent.columns, parent.indexes
        if not key_fits([columns[o] for o in ordinals], parent_columns, parent_indexes, spec.ref_columns):
            raise malformed


def key_fits(child: Sequence[Column], columns: Sequence[Column], indexes: Sequence[IndexDef], names: Sequence[str]) -> bool:
    """Whether the parent's `columns` called `names` can be referenced by `child`: they exist, the types agree, and an index
    of the parent begins with them."""
    by_name = {c.name.lower(): i for i, c in enumerate(columns)}
    ordinals = [by_name.get(n.lower()) for n in names]
    if any(o is None for o in ordinals):
        return False
    if any(not same_type(c.type, columns[o].type) for c, o in zip(child, ordinals, strict=True) if o is not None):
        return False
    return any(
        len(x.parts) >= len(ordinals)
        and all(p.column == o and p.prefix is None for p, o in zip(x.parts, ordinals, strict=False))
        for x in indexes
    )


def same_type(a: SqlType, b: SqlType) -> bool:
    """Whether a foreign key may join columns of these types."""
    if a.family is not b.family:
        return False
    if a.family is Family.STRING:
        return a.collation == b.collation and (a.name == b.name or not {a.name, b.name} & {"enum", "set"})
    if a.family is Family.BYTES:
        return True
    if a.family is Family.DECIMAL:
        return (a.length, a.scale, a.unsigned) == (b.length, b.scale, b.unsigned)
    return a.name == b.name and a.unsigned == b.unsigned


def sorted_keys(keys: Sequence[ForeignKey]) -> tuple[ForeignKey, ...]:
    """Foreign keys in the order in which InnoDB keeps and shows them: by name."""
    return tuple(sorted(keys, key=lambda k: k.name))


def parent_index(parent: TableDef, ref_columns: Sequence[str]) -> IndexDef | None:
    """The index of `parent` that serves a foreign key on `ref_columns`: a unique one if there is one."""
    ordinals = [parent.column_index(n) for n in ref_columns]
    fitting = [x for x in parent.indexes if list(x.columns[: len(ordinals)]) == ordinals
               and all(p.prefix is None for p in x.parts[: len(ordinals)])]
    return next((x for x in fitting if x.unique and len(x.parts) == len(ordinals)), fitting[0] if fitting else None)


def constraint_text(child: TableDef, key: ForeignKey, *, qualified: bool = False) -> str:
    """``CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `p` (`id`) ON DELETE CASCADE``, as SHOW CREATE TABLE and messages have it.
    `qualified` names the parent's database even where it is the child's."""
    columns = ", ".join(quote(child.columns[c].name) for c in key.columns)
    parent = quote(key.ref_table)
    if qualified or key.ref_db != child.db:
        parent = f"{quote(key.ref_db)}.{parent}"
    text = f"CONSTRAINT {quote(key.name)} FOREIGN KEY ({columns}) REFERENCES {parent} ({', '.join(map(quote, key.ref_columns))})"
    if key.on_delete != "RESTRICT":
        text += f" ON DELETE {key.on_delete}"
    if key.on_update != "RESTRICT":
        text += f" ON UPDATE {key.on_update}"
    return text


def quote(name: str) -> str:
    """An identifier in backquotes."""
    return "`" + name.replace("`", "``") + "`"
