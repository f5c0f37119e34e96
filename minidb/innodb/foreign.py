"""Foreign keys: a child row needs its parent, a parent with children cannot go, or takes them along.

Child side: before an entry is put into the index of the foreign key, the parent's index is searched; the parent found is locked
S rec, a gap where none is gets S gap (repeatable read and above).  Parent side: after a referenced record was delete-marked,
the child index is searched; each child found is locked S rec, the gap behind the last one S gap.  RESTRICT and NO ACTION refuse
at the first child; CASCADE and SET NULL lock the child row X rec and change it, which may go on to its children.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minidb.catalog import ForeignKey, TableDef
from minidb.engine import Key, Row
from minidb.errors import SqlError
from minidb.innodb.core import Core
from minidb.innodb.dict_table import ClusteredIndex, DictTable, SecondaryIndex
from minidb.innodb.layout import DELETED
from minidb.innodb.lock_modes import GAP, IS, IX, NEXT_KEY, REC, SUPREMUM, X_REC, S
from minidb.innodb.row_lock import lock_entry, lock_row
from minidb.innodb.trx import InnodbTrx
from minidb.types.keys import MAX, part_key

MAX_DEPTH = 15  # cascades within cascades
Children = Sequence[tuple[TableDef, ForeignKey]]
Index = ClusteredIndex | SecondaryIndex


# ------------------------------------------------------------------------------------------------------------------ child side
def check_parents(core: Core, trx: InnodbTrx, index: Index, row: Row) -> None:
    """Every foreign key that `index` serves must find its parent.  Raises LockWait, 1452."""
    tdef = index.table.tdef
    for key in tdef.foreign_keys:
        if serving_index(index.table, key.columns) is index and key is not trx.cascading:
            values = [row[c] for c in key.columns]
            if None not in values:
                _check_parent(core, trx, tdef, key, values)


def _check_parent(core: Core, trx: InnodbTrx, child: TableDef, key: ForeignKey, values: list[object]) -> None:
    parent = core.find_table(key.ref_db, key.ref_table)
    found = None
    if parent is not None:
        columns = tuple(parent.column_index(name) for name in key.ref_columns)
        if None not in columns:
            found = serving_index(core.table(parent), [c for c in columns if c is not None])
    if parent is None or found is None:
        raise SqlError.of(1452, constraint_text(child, key))
    core.locks.lock_table(trx.locks, found.table.locks, IS)
    trx.locks.constraint_check = True
    prefix = prefix_of(found, values)
    for entry_key, entry, deleted, page_trx in matching(found, prefix):
        _lock(core, trx, found, entry_key, entry, deleted, page_trx, kind_of(core, trx, deleted))
        if not deleted:
            return
    _lock_end(core, trx, found, prefix)
    raise SqlError.of(1452, constraint_text(child, key))


# ----------------------------------------------------------------------------------------------------------------- parent side
def check_children(core: Core, trx: InnodbTrx, index: Index, children: Children, row: Row, values: Row | None) -> None:
    """A record of `index` was delete-marked: its row is deleted, or changes from `row` to `values`.  Every foreign key that
    references the index is obeyed.  May wait inside cascades.  Raises LockWait, 1451."""
    table = index.table
    for child_def, key in children:
        columns = [table.tdef.column_index(name) for name in key.ref_columns]
        if None in columns or serving_index(table, [c for c in columns if c is not None]) is not index:
            continue
        old = [row[c] for c in columns if c is not None]
        new = None if values is None else [values[c] for c in columns if c is not None]
        if None not in old and old != new:
            _check_child(core, trx, core.table(child_def), key, old, new)


def _check_child(
    core: Core, trx: InnodbTrx, child: DictTable, key: ForeignKey, old: list[object], new: list[object] | None
) -> None:
    """Search the children of a parent whose key was `old` and is `new` (None: deleted)."""
    index = serving_index(child, key.columns)
    if index is None:
        return
    core.locks.lock_table(trx.locks, child.locks, IS)
    trx.locks.constraint_check = True
    action = key.on_delete if new is None else key.on_update
    prefix = prefix_of(index, old)
    after: Key = None
    while True:
        found = next(matching(index, prefix, after), None)
        if found is None:
            break
        entry_key, entry, deleted, page_trx = found
        _lock(core, trx, index, entry_key, entry, deleted, page_trx, kind_of(core, trx, deleted))
        if not deleted:
            if action not in ("CASCADE", "SET NULL"):
                raise SqlError.of(1451, constraint_text(child.tdef, key))
            _cascade(core, trx, child, index, entry_key, key, new if action == "CASCADE" else [None] * len(old))
        after = entry_key
    _lock_end(core, trx, index, prefix)


def _cascade(
    core: Core, trx: InnodbTrx, child: DictTable, index: Index, entry_key: Key, key: ForeignKey, new: list[object] | None
) -> None:
    """Delete a child row (new None), or give its foreign key columns the values `new`."""
    from minidb.innodb import row_update  # the two call one another

    row_key = index.layout.clustered_key(entry_key) if isinstance(index, SecondaryIndex) else entry_key
    core.locks.lock_table(trx.locks, child.locks, IX)
    row = child.clustered.tree.get(row_key)
    if row is None:
        return
    lock_row(core, trx, child.clustered, row_key, row, X_REC)
    if row[DELETED]:
        return  # a circle of cascades has come back to a row that is being deleted
    if trx.cascades >= MAX_DEPTH:
        raise SqlError.of(1451, constraint_text(child.tdef, key))
    resolve = core.resolver(child)
    whole = row if resolve is None else resolve(row)
    before, trx.cascading = trx.cascading, key  # the parent's new key is not there yet: this key is not verified
    trx.cascades += 1
    try:
        if new is None:
            row_update.delete_row(core, child, trx, whole)
        else:
            values = list(whole[: len(child.tdef.columns)])
            for column, value in zip(key.columns, new, strict=True):
                values[column] = value
            row_update.update_row(core, child, trx, whole, tuple(values))
    finally:
        trx.cascades -= 1
        trx.cascading = before


# --------------------------------------------------------------------------------------------------------------------- helpers
def serving_index(table: DictTable, columns: Sequence[int]) -> Index | None:
    """The first index of `table` that begins with `columns`, in their order: the one a foreign key uses."""
    wanted = tuple(columns)
    indexes: list[Index] = [table.clustered, *table.secondaries]
    for index in indexes:
        parts = index.definition.parts[: len(wanted)]
        if tuple(p.column for p in parts) == wanted and all(p.prefix is None for p in parts):
            return index
    return None


def prefix_of(index: Index, values: list[object]) -> Key:
    """The order keys of `values`, as the beginning of a key of `index` (bare for a clustered index of one column)."""
    columns = index.table.tdef.columns
    keys = tuple(part_key(v, columns[p.column].type, p.descending) for v, p in zip(values, index.definition.parts, strict=False))
    return keys[0] if index.clustered and index.user_width == 1 else keys


def matching(index: Index, prefix: Key, after: Key = None) -> Iterator[tuple[Key, Row, bool, int]]:
    """(key, record, delete-marked, youngest change of the page) of the records that begin with `prefix`, those behind `after`."""
    tree = index.tree
    width = len(prefix) if isinstance(prefix, tuple) else 0
    page, i = tree.seek(prefix) if after is None else tree.seek(after, False)
    while page is not None:
        key, record = page.keys[i], page.rows[i]
        if (key[:width] if width else key) != prefix:
            return
        deleted = bool(record[DELETED]) if isinstance(index, ClusteredIndex) else len(record) > index.layout.width
        yield key, record, deleted, page.max_trx_id
        page, i = tree.seek(key, False)


def kind_of(core: Core, trx: InnodbTrx, deleted: bool) -> int:
    """A live record is locked alone; a delete-marked one with its gap, where gaps are locked."""
    return NEXT_KEY if deleted and core.gaps(trx) else REC


def _lock(core: Core, trx: InnodbTrx, index: Index, key: Key, record: Row, deleted: bool, page_trx: int, kind: int) -> None:
    if isinstance(index, ClusteredIndex):
        lock_row(core, trx, index, key, record, kind | S)
    else:
        lock_entry(core, trx, index, key, deleted, page_trx, kind | S)


def _lock_end(core: Core, trx: InnodbTrx, index: Index, prefix: Key) -> None:
    """Nothing more matches: lock the gap where it would be, so that nothing comes there."""
    if not core.gaps(trx):
        return
    page, i = index.tree.seek((*prefix, MAX) if isinstance(prefix, tuple) else prefix, False)
    if page is None:
        core.locks.lock(trx.locks, index.locks, SUPREMUM, NEXT_KEY | S)
    else:
        record = page.rows[i]
        deleted = isinstance(index, SecondaryIndex) and len(record) > index.layout.width
        _lock(core, trx, index, page.keys[i], record, deleted, page.max_trx_id, GAP)


def constraint_text(child: TableDef, key: ForeignKey) -> str:
    """The constraint as messages 1451 and 1452 quote it."""

    def quoted(names: Sequence[str]) -> str:
        return ", ".join(f"`{n}`" for n in names)

    parent = f"`{key.ref_table}`" if key.ref_db == child.db else f"`{key.ref_db}`.`{key.ref_table}`"
    text = (
        f"`{child.db}`.`{child.name}`, CONSTRAINT `{key.name}` FOREIGN KEY ({quoted([child.columns[c].name for c in key.columns])})"
        f" REFERENCES {parent} ({quoted(key.ref_columns)})"
    )
    if key.on_delete != "RESTRICT":
        text += f" ON DELETE {key.on_delete}"
    if key.on_update != "RESTRICT":
        text += f" ON UPDATE {key.on_update}"
    return text
