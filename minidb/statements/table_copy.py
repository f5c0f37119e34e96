"""ALTER TABLE at work: in place or by copying; CREATE TABLE ... SELECT; checking the rows of a new foreign key.

A copy fills a new table beside the old one, which takes the old one's place in one change of the dictionary.  Rows go from one to
the other a batch at a time, without locks (the exclusive metadata lock keeps everybody else away) and without undo; indexes are
built by sorting in *_sort_buffer_size bytes.  If anything fails before that change the new table is dropped and the old one is as
it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from minidb.catalog import Column, Default, ForeignKey, TableDef
from minidb.dictionary import Dictionary
from minidb.engine import Row, Scan, Table, Trx
from minidb.errors import Error, SqlError
from minidb.query.define.alter import Alteration, followed_columns, missing_parent, rename_table
from minidb.query.define.ddl_columns import implicit_default
from minidb.query.define.ddl_keys import parent_index
from minidb.statements.changing_definitions import beside
from minidb.statements.result import Result, done
from minidb.statements.running import change
from minidb.types import convert
from minidb.types.keys import part_key
from minidb.types.sqltype import Family

if TYPE_CHECKING:
    from minidb.session import Session
    from minidb.statements.cache import Prepared

BATCH = 256
KNOWN_PARENTS = 4096  # keys that have a parent, remembered while rows are checked
SORT_BUFFERS = {"InnoDB": "innodb_sort_buffer_size", "MyISAM": "myisam_sort_buffer_size"}


def batches(table: Table, trx: Trx) -> Iterator[list[Row]]:
    """Every row of a table that nobody else uses, in clustered or storage order, about a leaf page at a time."""
    cursor = table.scan(trx, Scan(None))
    try:
        while (batch := cursor.next_batch()) is not None:
            yield batch
    finally:
        cursor.close()


def sort_bytes(session: Session, engine: str) -> int:
    """Bytes of memory in which an index of an `engine` table is sorted."""
    return int(session.variable("", SORT_BUFFERS[engine]))


# ---- ALTER TABLE
def alter(session: Session, change: Alteration) -> int:
    """Make the change, all of it in one step; the number of rows that the server would report as copied.  Raises 1062, 1452, what
    storing a value raises, 1026, 1114, and the table is as it was."""
    if change.rebuild:
        copied = rebuild(session, change)
        return copied if change.reports_rows else 0
    return change_in_place(session, change)


def enter(draft: Dictionary, change: Alteration) -> None:
    """Put the altered definition where the old one was, with all that follows from it."""
    draft.put(change.new)
    for child in followed_columns(draft, change):
        draft.put(child)
    target = change.rename_to
    if target is not None and target != change.old.full_name:
        rename_table(draft, change.old.full_name, target)


def change_in_place(session: Session, change: Alteration) -> int:
    """Change what needs no copy; the number of rows checked for new foreign keys.  Indexes are there only in InnoDB: the new ones
    are complete before the change, those that go are freed after it."""
    instance = session.instance
    old, new = change.old, change.new
    instance.note_change()
    indexes = bool(change.added or change.dropped)
    rows = 0
    if indexes:
        instance.forget_plans()
        instance.innodb.build_indexes(old, new, sort_bytes(session, old.engine))
    try:
        if change.new_keys and session.foreign_key_checks and new.engine == "InnoDB":
            rows = check_new_keys(session, new, change.new_keys, instance.engines[new.engine].open_table(new))
        counted = change.auto_increment is not None and new.auto_increment_column is not None
        instance.change(lambda draft: enter(draft, change), counters={new.id: change.auto_increment or 1} if counted else None)
    except BaseException:
        if indexes and instance.failure is None and instance.dictionary.find_table(*old.full_name) is old:
            instance.innodb.take_back_indexes(old, new)
            instance.forget_plans()
        raise
    return rows


def rebuild(session: Session, change: Alteration) -> int:
    """Copy the table into a new one of the new definition, which then takes its place."""
    instance = session.instance
    old, new = change.old, change.new
    scratch = beside(new)
    with instance.making(scratch, new.name):
        copied = copy_rows(session, change, scratch)
        if change.new_keys and session.foreign_key_checks and new.engine == "InnoDB":
            check_new_keys(session, new, change.new_keys, instance.engines[new.engine].open_table(scratch))
        created = instance.created.get(old.id)
        if created is not None:
            instance.created[new.id] = created
        instance.change(lambda draft: enter(draft, change), scratch)
    return copied


def copy_rows(session: Session, change: Alteration, scratch: TableDef) -> int:
    """Fill the new table `scratch` with the old table's rows, converted; their number.  Raises what storing a value raises,
    1062."""
    instance = session.instance
    old_engine, new_engine = instance.engines[change.old.engine], instance.engines[scratch.engine]
    source, target = old_engine.open_table(change.old), new_engine.open_table(scratch)
    reader = old_engine.new_trx(session.connection_id, session.name)
    loader = new_engine.loader(scratch, sort_bytes(session, scratch.engine))
    convert_row = row_converter(session, change)
    counter = Counter(session, change, target)
    count = 0
    try:
        for batch in batches(source, reader):
            rows = [counter.numbered(convert_row(row, number), number) for number, row in enumerate(batch, count + 1)]
            count += len(rows)
            loader.add(rows)
            session.check_interrupted()
        loader.finish()
    finally:
        if reader.active:
            old_engine.commit(reader)
    counter.settle(source, target)
    return count


class Counter:
    """AUTO_INCREMENT in a table that is being copied: rows without a value get the next one."""

    def __init__(self, session: Session, change: Alteration, target: Table) -> None:
        self.change = change
        self.column = change.new.auto_increment_column
        self.next = 1
        if self.column is not None:
            column = change.new.columns[self.column]
            self.next = target.stats().auto_increment or 1
            self.context = store_context(session, change)
            self.context.column = column.name
            self.store = convert.storer(column.type, True)

    def numbered(self, values: Row, number: int) -> Row:
        """Row `number`, with a value in the column."""
        place = self.column
        if place is None:
            return values
        if not values[place]:
            self.context.row = number
            values = (*values[:place], self.store(self.next, self.context), *values[place + 1 :])
        self.next = max(self.next, int(values[place]) + 1)
        return values

    def settle(self, source: Table, target: Table) -> None:
        """The table is full: set its counter."""
        if self.column is None:
            return
        known = source.stats().auto_increment if self.change.old.auto_increment_column is not None else None
        target.set_auto_increment(known or self.next)
        if self.change.auto_increment is not None:
            target.set_auto_increment(self.change.auto_increment)


def store_context(session: Session, change: Alteration) -> convert.StoreContext:
    """How values are stored in the new table."""
    return convert.StoreContext(table=change.new.full_name, warn=session.warn, strict=bool(
        session.modes & {"STRICT_TRANS_TABLES", "STRICT_ALL_TABLES"}))


def row_converter(session: Session, change: Alteration) -> Callable[[Row, int], Row]:
    """Function (old row, number from 1) -> new row's values."""
    old, new = change.old, change.new
    context = store_context(session, change)
    steps: list[tuple[int | None, Any, Column]] = []
    for ordinal, column in enumerate(new.columns):
        source = change.sources[ordinal]
        if source is None:
            steps.append((None, _filler(session, change.fillers[ordinal], column), column))
        elif old.columns[source].type == column.type:
            steps.append((source, None, column))
        else:
            steps.append((source, convert.storer(column.type, True), column))

    def convert_row(row: Row, number: int) -> Row:
        context.row = number
        made = []
        for source, what, column in steps:
            if source is None:
                made.append(what)
                continue
            value = row[source]
            if what is not None and value is not None:
                context.column = column.name
                value = _converted(what, value, context, column)
            if value is None and not column.nullable and not column.auto_increment:
                value = _null_refused(context, column, number)
            made.append(value)
        return tuple(made)

    return convert_row


NUMBER_WORDS = {Family.INT: "INTEGER", Family.DECIMAL: "DECIMAL", Family.FLOAT: "DOUBLE"}


def _converted(storer: Any, value: Any, context: convert.StoreContext, column: Column) -> Any:
    """`value` in the column's new type; text that is no number is 1292 here, as a conversion between columns has it."""
    try:
        return storer(value, context)
    except Error as error:
        if error.code == 1366 and column.type.family in NUMBER_WORDS and isinstance(value, str):
            text = f"Truncated incorrect {NUMBER_WORDS[column.type.family]} value: '{value}'"
            raise SqlError.text(1292, text) from None
        raise


def _null_refused(context: convert.StoreContext, column: Column, number: int) -> Any:
    """NULL in a column that has become NOT NULL: 1265 when strict, else the type's implicit default."""
    context.column = column.name
    context.reject(1265)
    return implicit_default(column.type)


def _filler(session: Session, filler: Any, column: Column) -> Any:
    """The value of an added column."""
    if not isinstance(filler, Default):
        return filler
    if filler.current_timestamp:
        digits = column.type.scale or 0
        moment = session.statement_time()
        return moment.replace(microsecond=moment.microsecond // 10 ** (6 - digits) * 10 ** (6 - digits))
    from minidb.query.define.ddl_columns import stored_constant
    from minidb.query.parse.parser import parse
    from minidb.statements.preparing import run_tree

    value = run_tree(session, parse(f"SELECT {filler.expression}"))[0][0]
    return None if value is None else stored_constant(value, column.type, column.name)


# ---- foreign keys
def check_new_keys(session: Session, child: TableDef, keys: tuple[ForeignKey, ...], handle: Table) -> int:
    """1452 if a row of the child, to be found through `handle`, has no parent for one of `keys`; else the number of rows."""
    instance = session.instance
    trx = instance.engines[child.engine].new_trx(session.connection_id, session.name)
    rows = 0
    try:
        for key in keys:
            itself = (key.ref_db, key.ref_table) == child.full_name
            parent = handle if itself else instance.open_table(key.ref_db, key.ref_table)
            rows = _check_key(session, child, key, handle, parent, trx)
    finally:
        if trx.active:
            instance.innodb.commit(trx)
    return rows


def _check_key(session: Session, child: TableDef, key: ForeignKey, handle: Table, parent: Table, trx: Trx) -> int:
    index = parent_index(parent.tdef, key.ref_columns)
    if index is None:
        raise SqlError.of(1215, child.name)
    ordinal = parent.tdef.indexes.index(index)
    parts = [(parent.tdef.columns[p.column].type, p.descending) for p in index.parts[: len(key.columns)]]
    known: set[tuple[Any, ...]] = set()
    rows = 0
    for batch in batches(handle, trx):
        rows += len(batch)
        for row in batch:
            values = [row[c] for c in key.columns]
            if None in values:
                continue
            prefix = tuple(part_key(v, *part) for v, part in zip(values, parts, strict=True))
            if prefix in known:
                continue
            if not parent.lookup(trx, ordinal, prefix):
                raise SqlError.of(1452, missing_parent(child, key))
            if len(known) == KNOWN_PARENTS:
                known.clear()
            known.add(prefix)
        session.check_interrupted()
    return rows


# ---- CREATE TABLE ... SELECT
def create_from_query(session: Session, tdef: TableDef, prepared: Prepared, mode: str, replaced: TableDef | None) -> Result:
    """CREATE TABLE ... SELECT: fill a table that nobody else knows, then give it its name, and the place of `replaced`.  Raises
    what the query and storing its rows raise; nothing has changed then."""
    instance = session.instance
    scratch = replace(beside(tdef) if replaced is not None else tdef, _by_name={}, foreign_keys=())
    trx = session.trx
    with instance.making(scratch, tdef.name):
        handle = instance.engines[scratch.engine].open_table(scratch)
        try:
            with standing_in(session, tdef.full_name, handle):
                result = fill_from_query(session, tdef, prepared, mode)
            if trx.active:
                instance.innodb.commit(trx)
            if tdef.foreign_keys and session.foreign_key_checks:
                check_new_keys(session, tdef, tdef.foreign_keys, handle)
        except BaseException:
            if instance.failure is None and trx.active:
                _roll_back(session)
            raise
        instance.enter_table(scratch, tdef)
    return result


def _roll_back(session: Session) -> None:
    """Undo the rows of a table that is about to be dropped; where that fails the database stops, for the undo would outlive it."""
    try:
        session.instance.innodb.rollback(session.trx)
    except Error as error:
        raise session.instance.fail(error) from error


@contextmanager
def standing_in(session: Session, name: tuple[str, str], handle: Table) -> Iterator[None]:
    """Inside, `name` means `handle` for the session, and statements do not commit by themselves."""
    present, autocommit = session.temporary.get(name), session.trx.autocommit
    session.temporary[name] = handle
    session.change_setting()
    session.trx.autocommit = False
    try:
        yield
    finally:
        session.trx.autocommit = autocommit
        del session.temporary[name]
        if present is not None:
            session.temporary[name] = present
        session.change_setting()


def fill_from_query(session: Session, tdef: TableDef, prepared: Prepared, mode: str) -> Result:
    """Run the query of CREATE TABLE ... SELECT and insert its rows; mode: '' IGNORE REPLACE."""
    from minidb.query import ast
    from minidb.statements.preparing import prepare_tree, run_inside

    rows = run_inside(session, prepared, ()) or []
    if not rows:
        return done()
    visible = (tdef.db if not tdef.temporary else tdef.db.partition("-")[2], tdef.name)
    names = tuple(c.name for c in prepared.columns)
    params = tuple(ast.Param(i) for i in range(len(names)))
    stmt = ast.Insert(ast.TableRef(visible[1], visible[0]), names, (params,), replace=mode == "REPLACE", ignore=mode == "IGNORE")
    insert = prepare_tree(session, stmt, rows[0])
    result = change(session, insert, rows[0], rows)
    made = done(result.affected)
    made.records, made.duplicates = result.records, result.duplicates
    return made
