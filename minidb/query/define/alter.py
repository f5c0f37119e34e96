"""ALTER TABLE: old definition + actions -> `Alteration`, which says what the new table looks like and what has to be done.

Rules
1. What is dropped goes first, then columns change, then indexes, keys, checks and options are added, whatever the order written.
2. Columns keep their identity while the actions are applied; ordinals are given out at the end.
3. Only changes that the engine does not store (names, comments, defaults, foreign keys, checks) are made in place; InnoDB builds
   and drops indexes in place where the clustered index stays the same; all else copies the table, as in the real servers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from minidb.catalog import Check, Column, ForeignKey, IndexDef, IndexPart, TableDef
from minidb.dictionary import Dictionary, Reference
from minidb.errors import Error, SqlError, unsupported
from minidb.query import ast
from minidb.query.define.ddl import (
    check_table,
    engine_of,
    inline_index,
    inline_key,
    table_checks,
    table_options,
)
from minidb.query.define.ddl_columns import (
    DefineEnv,
    build_column,
    charset_options,
    check_name,
    default_of,
    implicit_default,
    is_character,
)
from minidb.query.define.ddl_indexes import IndexBuilder, sort_indexes
from minidb.query.define.ddl_keys import KeyBuilder, quote, sorted_keys
from minidb.query.define.expression_text import sql_text
from minidb.types.sqltype import SqlType

DROPS = ("DROP_COLUMN", "DROP_INDEX", "DROP_PRIMARY", "DROP_FOREIGN_KEY", "DROP_CONSTRAINT")
COLUMN_CHANGES = ("MODIFY_COLUMN", "CHANGE_COLUMN", "RENAME_COLUMN", "SET_DEFAULT", "ADD_COLUMN", "RENAME_INDEX")
ADDITIONS = ("ADD_INDEX", "ADD_FOREIGN_KEY", "ADD_CHECK")
NOTHING = ("ENABLE_KEYS", "DISABLE_KEYS", "ALGORITHM", "LOCK", "FORCE", "ORDER_BY", "RENAME_TABLE", "OPTIONS", "CONVERT_CHARSET")


@dataclass(frozen=True, slots=True)
class Alteration:
    """What ALTER TABLE comes to.  new: the definition afterwards (same id unless `rebuild`).  rebuild: copy the rows into a new
    table; `sources` tells for each new column the old ordinal, or None: `fillers` then holds its value.  added / dropped: ids of
    indexes to build or remove in place.  new_keys: foreign keys whose rows must be checked.  rename_to: (database, name).
    copy: ALGORITHM=COPY was asked for."""

    old: TableDef
    new: TableDef
    rebuild: bool
    sources: tuple[int | None, ...]
    fillers: tuple[Any, ...]
    added: tuple[int, ...]
    dropped: tuple[int, ...]
    new_keys: tuple[ForeignKey, ...]
    rename_to: tuple[str, str] | None = None
    auto_increment: int | None = None
    copy: bool = False

    @property
    def reports_rows(self) -> bool:
        """Whether the server counts the rows as affected: it copies them, where minidb may copy in more cases than it."""
        if self.copy or self.old.engine != "InnoDB" or self.new.engine != "InnoDB":
            return True
        return any(
            source is not None and not widened(self.old.columns[source].type, column.type)
            for source, column in zip(self.sources, self.new.columns, strict=True))


def widened(old: SqlType, new: SqlType) -> bool:
    """Whether values of `old` can stay as they are in a column of type `new`: nothing changed, a longer VARCHAR, more members."""
    if old == new:
        return True
    if old.name == new.name == "varchar" and old.collation == new.collation:
        return (new.length or 0) >= (old.length or 0)
    if old.name == new.name and old.members and old.collation == new.collation:
        return new.members[: len(old.members)] == old.members
    return False


class _Slot:
    """A column on its way: identity is what indexes and keys hold on to."""

    __slots__ = ("column", "source")

    def __init__(self, column: Column, source: int | None) -> None:
        self.column = column
        self.source = source


class Alter:
    """Applies the actions of one ALTER TABLE to a draft of the table."""

    def __init__(self, old: TableDef, stmt: ast.AlterTable, env: DefineEnv, references: Sequence[Reference]) -> None:
        self.old = old
        self.stmt = stmt
        self.env = env
        self.references = references
        self.slots = [_Slot(c, i) for i, c in enumerate(old.columns)]
        self.indexes: list[tuple[IndexDef, list[tuple[_Slot, IndexPart]]]] = [
            (x, [(self.slots[p.column], p) for p in x.parts]) for x in old.indexes]
        self.keys: list[tuple[ForeignKey, list[_Slot]]] = [
            (k, [self.slots[c] for c in k.columns]) for k in old.foreign_keys]
        self.checks = list(old.checks)
        self.inline: list[ast.IndexSpec] = []
        self.inline_keys: list[ast.ForeignKeySpec] = []
        self.charset = (old.charset, old.collation)
        self.engine = old.engine
        self.convert = False
        self.force = False
        self.rename_to: tuple[str, str] | None = None
        self.auto_increment: int | None = None
        self.copy = any(a.kind == "ALGORITHM" and (a.name or "").upper() == "COPY" for a in stmt.actions)

    def run(self) -> Alteration:
        actions = self.stmt.actions
        for action in actions:
            if action.kind not in (*DROPS, *COLUMN_CHANGES, *ADDITIONS, *NOTHING):
                raise unsupported(f"ALTER TABLE ... {action.kind.replace('_', ' ')}")
        self._settings(actions)
        if sum(a.kind == "DROP_COLUMN" for a in actions) >= len(self.slots) and not any(a.kind == "ADD_COLUMN" for a in actions):
            raise SqlError.of(1090)
        for action in actions:
            if action.kind in DROPS:
                self._tolerant(action, self._drop, action.if_exists)
        if not self.slots:
            raise SqlError.of(1090)
        for action in actions:
            if action.kind in COLUMN_CHANGES:
                self._tolerant(action, self._change, action.if_not_exists or action.if_exists)
        self._check_names()
        self._forced_not_null(actions)
        return self._finish(actions)

    def _tolerant(self, action: ast.AlterAction, apply: Callable[[ast.AlterAction], None], forgiving: bool) -> None:
        """IF [NOT] EXISTS turns the errors about names into notes."""
        try:
            apply(action)
        except Error as error:
            if not forgiving or error.code not in (1091, 1060, 1061, 1054):
                raise
            self.env.warn("Note", error.code, error.message)

    # ---- options
    def _settings(self, actions: Sequence[ast.AlterAction]) -> None:
        for action in actions:
            if action.kind in ("OPTIONS", "CONVERT_CHARSET"):
                self.engine = engine_of(action.options, self.engine, self.env)
                self.force = self.force or any(n in ("ENGINE", "ROW_FORMAT") for n, _ in action.options)
                self.charset = charset_options(action.options, self.charset)
                self.convert = self.convert or action.kind == "CONVERT_CHARSET"
                for name, value in action.options:
                    if name == "AUTO_INCREMENT":
                        self.auto_increment = max(int(value), 1)
            elif action.kind in ("FORCE", "ORDER_BY"):
                self.force = True
            elif action.kind == "RENAME_TABLE" and action.table is not None:
                self.rename_to = (action.table.db or self.env.db or self.old.db, check_name(action.table.name, 1103))
        if self.convert:
            for slot in self.slots:
                t = slot.column.type
                if is_character(t) and t.name != "json":
                    slot.column = replace(slot.column, type=replace(t, charset=self.charset[0], collation=self.charset[1]))

    # ---- dropping
    def _drop(self, action: ast.AlterAction) -> None:
        if action.kind == "DROP_COLUMN":
            self._drop_column(action.name or "")
        elif action.kind == "DROP_INDEX":
            self._drop_index(action.name or "")
        elif action.kind == "DROP_PRIMARY":
            self._drop_index("PRIMARY")
        elif action.kind == "DROP_FOREIGN_KEY":
            if not self._drop_key(action.name or ""):
                raise SqlError.of(1091, "FOREIGN KEY", action.name)
        else:
            self._drop_constraint(action.name or "")

    def _find(self, name: str) -> _Slot | None:
        lowered = name.lower()
        return next((s for s in self.slots if s.column.name.lower() == lowered), None)

    def _slot(self, name: str) -> _Slot:
        slot = self._find(name)
        if slot is None:
            raise SqlError.of(1054, name, self.old.name)
        return slot

    def _drop_column(self, name: str) -> None:
        slot = self._find(name)
        if slot is None:
            raise SqlError.of(1091, "COLUMN", name)
        for reference in self.references:
            if slot.column.name.lower() in (c.lower() for c in reference.key.ref_columns):
                raise SqlError.of(1829, slot.column.name, reference.key.name, reference.child.db, reference.child.name)
        if len(self.slots) == 1:
            raise SqlError.of(1090)
        self.slots.remove(slot)
        kept = []
        for index, parts in self.indexes:
            rest = [p for p in parts if p[0] is not slot]
            if len(rest) != len(parts) and rest and index.unique:
                raise SqlError.of(1072, slot.column.name)
            if rest:
                kept.append((index, rest))
        self.indexes = kept
        for key, slots in self.keys:
            if slot in slots and not any(a.kind == "DROP_FOREIGN_KEY" and a.name == key.name for a in self.stmt.actions):
                raise SqlError.of(1828, slot.column.name, key.name)
        self.checks = [c for c in self.checks if not (c.of_column and c.name.lower() == slot.column.name.lower())]

    def _drop_index(self, name: str) -> None:
        lowered = name.lower()
        for entry in self.indexes:
            if entry[0].name.lower() == lowered:
                self.indexes.remove(entry)
                return
        raise SqlError.of(1091, "INDEX", name)

    def _drop_key(self, name: str) -> bool:
        for entry in self.keys:
            if entry[0].name.lower() == name.lower():
                self.keys.remove(entry)
                return True
        return False

    def _drop_constraint(self, name: str) -> None:
        lowered = name.lower()
        for check in self.checks:
            if check.name.lower() == lowered and not check.of_column:
                self.checks.remove(check)
                return
        if self._drop_key(name):
            return
        if any(x.unique and x.name.lower() == lowered for x, _ in self.indexes):
            self._drop_index(name)
            return
        raise SqlError.of(1091, "CONSTRAINT", name)

    # ---- columns
    def _change(self, action: ast.AlterAction) -> None:
        kind = action.kind
        if kind == "ADD_COLUMN":
            self._add_column(action)
        elif kind == "RENAME_INDEX":
            self._rename_index(action.name or "", action.new_name or "")
        elif kind == "SET_DEFAULT":
            slot = self._slot(action.name or "")
            column = slot.column
            default = default_of(action.expr, column.type, column.name, column.nullable)
            slot.column = replace(column, default=default)
        elif kind == "RENAME_COLUMN":
            slot = self._slot(action.name or "")
            slot.column = replace(slot.column, name=check_name(action.new_name or "", 1166))
        elif action.column is not None:
            slot = self._slot(action.name or action.column.name)
            slot.column = self._build(action.column)
            self._place(slot, action.place)

    def _build(self, spec: ast.ColumnSpec) -> Column:
        self.inline += inline_index(spec)
        if spec.references is not None:
            self.inline_keys.append(inline_key(spec))
        self.checks = [c for c in self.checks if not (c.of_column and c.name.lower() == spec.name.lower())]
        if spec.check is not None:
            self.checks.append(Check(spec.name, sql_text(spec.check.expr), True))
        return build_column(spec, self.charset)

    def _add_column(self, action: ast.AlterAction) -> None:
        spec = action.column
        if spec is None:
            return
        if self._find(spec.name) is not None:
            raise SqlError.of(1060, spec.name)
        slot = _Slot(self._build(spec), None)
        self.slots.append(slot)
        self._place(slot, action.place)

    def _place(self, slot: _Slot, place: str) -> None:
        if not place:
            return
        if place == "FIRST":
            self.slots.remove(slot)
            self.slots.insert(0, slot)
            return
        after = self._slot(place.removeprefix("AFTER").strip())
        if after is not slot:
            self.slots.remove(slot)
            self.slots.insert(self.slots.index(after) + 1, slot)

    def _rename_index(self, old: str, new: str) -> None:
        if new.upper() == "PRIMARY" or old.upper() == "PRIMARY":
            raise SqlError.of(1280, "PRIMARY")
        found = next((i for i, (x, _) in enumerate(self.indexes) if x.name.lower() == old.lower()), None)
        if found is None:
            raise SqlError.of(1176, old, self.old.name)
        if any(i != found and x.name.lower() == new.lower() for i, (x, _) in enumerate(self.indexes)):
            raise SqlError.of(1061, new)
        index, parts = self.indexes[found]
        self.indexes[found] = (replace(index, name=check_name(new, 1280)), parts)

    def _check_names(self) -> None:
        seen: set[str] = set()
        for slot in self.slots:
            lowered = slot.column.name.lower()
            if lowered in seen:
                raise SqlError.of(1060, slot.column.name)
            seen.add(lowered)

    def _forced_not_null(self, actions: Sequence[ast.AlterAction]) -> None:
        """The columns of the primary key, old or new, are NOT NULL."""
        names = {s.column.name.lower() for x, parts in self.indexes if x.primary for s, _ in parts}
        for spec in (*self.inline, *(a.index for a in actions if a.kind == "ADD_INDEX")):
            if spec is not None and spec.kind == "PRIMARY":
                names.update(p.column.lower() for p in spec.parts)
        for slot in self.slots:
            if slot.column.nullable and slot.column.name.lower() in names:
                slot.column = replace(slot.column, nullable=False)

    # ---- the result
    def _finish(self, actions: Sequence[ast.AlterAction]) -> Alteration:
        old, env = self.old, self.env
        columns = tuple(s.column for s in self.slots)
        ordinal = {id(s): i for i, s in enumerate(self.slots)}
        kept = [replace(x, parts=tuple(replace(p, column=ordinal[id(s)]) for s, p in parts)) for x, parts in self.indexes]
        builder = IndexBuilder(env, columns, self.engine, kept)
        kept_keys = [replace(k, columns=tuple(ordinal[id(s)] for s in slots)) for k, slots in self.keys]
        keys = KeyBuilder(env, old.db, old.name, self.engine, builder, kept_keys)
        for index in self.inline:
            builder.add(index)
        new_checks: list[ast.CheckSpec] = []
        for action in actions:
            self._tolerant(action, lambda a: self._add(a, builder, keys, new_checks), action.if_not_exists)
        for key in self.inline_keys:
            keys.add(key)
        self._check_keys_served(builder, kept_keys)
        checks = (*self.checks, *table_checks(new_checks, self.checks))
        indexes = sort_indexes(builder.made, columns)
        if self.engine != "InnoDB":
            if old.foreign_keys and self.engine != old.engine and kept_keys:
                raise SqlError.of(1217)
            keys.made = []
        options = tuple(o for a in actions if a.kind == "OPTIONS" for o in a.options)
        draft = replace(old, _by_name={}, columns=columns, indexes=indexes, foreign_keys=sorted_keys(keys.made), checks=checks,
                        engine=self.engine, charset=self.charset[0], collation=self.charset[1], version=old.version + 1)
        draft = table_options(draft, options, env)
        check_table(draft)
        return self._alteration(draft, kept_keys)

    def _add(self, action: ast.AlterAction, builder: IndexBuilder, keys: KeyBuilder, checks: list[ast.CheckSpec]) -> None:
        if action.kind == "ADD_INDEX" and action.index is not None:
            builder.add(action.index)
        elif action.kind == "ADD_FOREIGN_KEY" and action.foreign_key is not None:
            keys.add(action.foreign_key)
        elif action.kind == "ADD_CHECK" and action.check is not None:
            checks.append(action.check)

    def _check_keys_served(self, builder: IndexBuilder, kept: Sequence[ForeignKey]) -> None:
        """1553 if an index was dropped that a foreign key of this table, or one that points at it, needs."""
        gone = {x.name for x in self.old.indexes} - {x.name for x in builder.made}
        if not gone:
            return
        name = next(x.name for x in self.old.indexes if x.name in gone)
        for key in kept:
            if not any(builder.covers(key.columns, x) for x in builder.made):
                raise SqlError.of(1553, name)
        for reference in self.references:
            ordinals = [builder.ordinals[c.lower()] for c in reference.key.ref_columns if c.lower() in builder.ordinals]
            if not any(builder.covers(ordinals, x) for x in builder.made):
                raise SqlError.of(1553, name)

    def _alteration(self, new: TableDef, kept_keys: Sequence[ForeignKey]) -> Alteration:
        old = self.old
        before = {x.id for x in old.indexes}
        after = {x.id for x in new.indexes}
        rebuild = (
            self.force or self.copy or self.engine != old.engine or self._storage_changed(new)
            or _clustered_id(old) != _clustered_id(new)
            or (old.engine == "MyISAM" and (before != after or self.auto_increment is not None))
        )
        if rebuild:
            new = replace(new, _by_name={}, id=self.env.dictionary.new_table_id())
        names = {k.name for k in kept_keys}
        fillers = tuple(None if s.source is not None else self._filler(s.column) for s in self.slots)
        return Alteration(
            old, new, rebuild, tuple(s.source for s in self.slots), fillers,
            tuple(x.id for x in new.indexes if x.id not in before), tuple(x.id for x in old.indexes if x.id not in after),
            tuple(k for k in new.foreign_keys if k.name not in names), self.rename_to, self.auto_increment, self.copy)

    def _filler(self, column: Column) -> Any:
        """The value of an added column in the rows that are there already; a callable where it depends on the moment."""
        if column.default is not None:
            return column.default if column.default.current_timestamp or column.default.expression else column.default.value
        return None if column.nullable else implicit_default(column.type)

    def _storage_changed(self, new: TableDef) -> bool:
        """Whether rows of the old table cannot serve as rows of the new one."""
        if len(new.columns) != len(self.old.columns) or [s.source for s in self.slots] != list(range(len(self.slots))):
            return True
        return any(a.type != b.type or a.nullable != b.nullable
                   for a, b in zip(self.old.columns, new.columns, strict=True))


def _clustered_id(tdef: TableDef) -> tuple[Any, ...] | None:
    """What the rows of the table are ordered by: the id of the clustered index and its parts (InnoDB only)."""
    if tdef.engine != "InnoDB":
        return None
    ordinal = tdef.clustered_index()
    return None if ordinal is None else (tdef.indexes[ordinal].id, tdef.indexes[ordinal].parts)


def alter_table(old: TableDef, stmt: ast.AlterTable, env: DefineEnv, references: Sequence[Reference]) -> Alteration:
    """Work out what `stmt` does to `old`; `references`: the foreign keys that point at it.  Raises MySQL's errors."""
    return Alter(old, stmt, env, references).run()


def rename_key_references(child: TableDef, old: tuple[str, str], new: tuple[str, str]) -> TableDef:
    """`child` with its foreign keys to the table `old` pointing at `new`."""
    keys = tuple(replace(k, ref_db=new[0], ref_table=new[1]) if (k.ref_db, k.ref_table) == old else k
                 for k in child.foreign_keys)
    return child.evolve(foreign_keys=keys)


def renamed(tdef: TableDef, db: str, name: str) -> TableDef:
    """`tdef` under another name; generated constraint names `old_ibfk_n` follow the table."""
    prefix = f"{tdef.name}_ibfk_"
    keys = tuple(
        replace(k, name=f"{name}_ibfk_{k.name[len(prefix):]}") if k.name.startswith(prefix) else k for k in tdef.foreign_keys)
    moved = tdef.evolve(db=db, name=name, foreign_keys=sorted_keys(keys))
    if any((k.ref_db, k.ref_table) == tdef.full_name for k in keys):
        return rename_key_references(moved, tdef.full_name, (db, name))
    return moved


def rename_table(draft: Dictionary, old: tuple[str, str], new: tuple[str, str]) -> None:
    """Give a table of `draft` another name; the foreign keys of other tables follow it.  Raises 1049, 1050, 1103, 1146."""
    tdef = draft.find_table(*old)
    if tdef is None:
        raise SqlError.of(1146, *old)
    draft.database(new[0])
    check_name(new[1], 1103)
    if draft.find_table(*new) is not None:
        raise SqlError.of(1050, new[1])
    children = {r.child.full_name: r.child for r in draft.references_to(*old) if r.child.full_name != old}
    draft.remove(*old)
    draft.put(renamed(tdef, *new))
    for child in children.values():
        draft.put(rename_key_references(child, old, new))


def followed_columns(draft: Dictionary, change: Alteration) -> list[TableDef]:
    """Foreign keys of tables in `draft` name columns of the altered one: their definitions with the columns' new names."""
    new = change.new
    names = {
        change.old.columns[source].name.lower(): new.columns[i].name
        for i, source in enumerate(change.sources)
        if source is not None and change.old.columns[source].name != new.columns[i].name
    }
    if not names:
        return []
    children = {r.child.full_name: r.child for r in draft.references_to(*new.full_name)}
    return [
        child.evolve(foreign_keys=tuple(
            replace(k, ref_columns=tuple(names.get(c.lower(), c) for c in k.ref_columns))
            if (k.ref_db, k.ref_table) == new.full_name else k
            for k in child.foreign_keys))
        for child in children.values()]


def missing_parent(child: TableDef, key: ForeignKey) -> str:
    """The text in brackets of 1452 for `key`."""
    from minidb.query.define.ddl_keys import constraint_text

    return f"{quote(child.db)}.{quote(child.name)}, {constraint_text(child, key)}"
