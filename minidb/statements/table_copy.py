"""Rows from one table into another: ALTER TABLE's rebuild, CREATE TABLE ... SELECT, checking the rows of a new foreign key.

The rebuild fills a new table beside the old one, in a transaction of its own that takes no row locks (the exclusive metadata lock
keeps everybody else away), then the new table takes the old one's name.  If anything fails the new table is dropped and the old
one is as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from minidb.catalog import Column, Default, ForeignKey, TableDef
from minidb.engine import Engine, Row, Scan, Table, Trx
from minidb.errors import Error, SqlError
from minidb.query.define.alter import Alteration, missing_parent
from minidb.query.define.ddl_columns import implicit_default
from minidb.query.define.ddl_keys import parent_index
from minidb.statements.result import Result, done
from minidb.statements.running import change
from minidb.types import convert
from minidb.types.keys import part_key
from minidb.types.sqltype import Family

if TYPE_CHECKING:
    from minidb.session import Session
    from minidb.statements.cache import Prepared

BATCH = 256


def all_rows(table: Table, trx: Trx) -> Iterator[Row]:
    """Every row of a table that nobody else uses, in clustered or storage order."""
    cursor = table.scan(trx, Scan(None))
    try:
        while (batch := cursor.next_batch()) is not None:
            yield from batch
    finally:
        cursor.close()


# ---- ALTER TABLE
def alter(session: Session, change: Alteration) -> int:
    """Make the change; the number of rows that the server would report as copied."""
    instance = session.instance
    new = change.new
    if change.rebuild:
        copied = rebuild(session, change)
        rows = copied if change.reports_rows else 0
    else:
        instance.note_change()
        change_in_place(session, instance.engines[change.old.engine], change)
        rebuilt = new.engine == "MyISAM" and (change.added or change.dropped or change.auto_increment is not None)
        rows = instance.open_table(new.db, new.name).stats().rows if rebuilt else 0
    if change.new_keys and session.foreign_key_checks and new.engine == "InnoDB":
        try:
            rows = check_new_keys(session, new, change.new_keys)
        except BaseException:
            if not change.rebuild:
                undo_in_place(session, change)
            raise
    follow_renamed_columns(session, change)
    if change.auto_increment is not None and new.auto_increment_column is not None:
        instance.open_table(new.db, new.name).set_auto_increment(change.auto_increment)
    return rows


def change_in_place(session: Session, engine: Engine, change: Alteration) -> None:
    """Drop and build indexes one after the other, then enter the rest of the new definition."""
    instance = session.instance
    present = change.old
    done_so_far: list[tuple[TableDef, TableDef, int]] = []
    instance.forget_plans()
    for index_id in change.dropped:
        ordinal = next(i for i, x in enumerate(present.indexes) if x.id == index_id)
        smaller = present.evolve(indexes=present.indexes[:ordinal] + present.indexes[ordinal + 1:])
        engine.drop_index(present, smaller, ordinal)
        present = smaller
    try:
        for index_id in change.added:
            built = {x.id for x in present.indexes} | {index_id}
            larger = present.evolve(indexes=tuple(x for x in _with_old_names(change, present) if x.id in built))
            ordinal = next(i for i, x in enumerate(larger.indexes) if x.id == index_id)
            engine.create_index(present, larger, ordinal)
            done_so_far.append((present, larger, ordinal))
            present = larger
    except BaseException:
        for smaller, larger, ordinal in reversed(done_so_far):
            engine.drop_index(larger, smaller, ordinal)
            present = smaller
        _rebuild_dropped(engine, change, present)
        instance.forget_plans()
        raise
    instance.replace_definition(present, replace(change.new, _by_name={}, version=present.version + 1))


def _with_old_names(change: Alteration, present: TableDef) -> tuple[Any, ...]:
    """The new order of indexes, restricted by the caller to those that exist."""
    gone = [x for x in present.indexes if x.id not in {n.id for n in change.new.indexes}]
    return (*change.new.indexes, *gone)


def _rebuild_dropped(engine: Engine, change: Alteration, present: TableDef) -> None:
    """Build again what was dropped before a later step failed."""
    for index_id in change.dropped:
        built = {x.id for x in present.indexes} | {index_id}
        larger = present.evolve(indexes=tuple(x for x in change.old.indexes if x.id in built))
        engine.create_index(present, larger, next(i for i, x in enumerate(larger.indexes) if x.id == index_id))
        present = larger
    engine.update_definition(present, change.old)


def undo_in_place(session: Session, change: Alteration) -> None:
    """Take back what `change_in_place` did: the rows do not fit the new foreign keys."""
    instance = session.instance
    engine = instance.engines[change.old.engine]
    present = instance.dictionary.table(change.new.db, change.new.name)
    instance.forget_plans()
    for index_id in change.added:
        ordinal = next(i for i, x in enumerate(present.indexes) if x.id == index_id)
        smaller = present.evolve(indexes=present.indexes[:ordinal] + present.indexes[ordinal + 1:])
        engine.drop_index(present, smaller, ordinal)
        present = smaller
    _rebuild_dropped(engine, change, present)
    instance.dictionary.put(change.old)
    instance.schema_changed()


def rebuild(session: Session, change: Alteration) -> int:
    """Copy the table into a new one of the new definition, which then takes its place."""
    instance = session.instance
    old, new = change.old, change.new
    engine = instance.engines[new.engine]
    scratch = replace(new, _by_name={}, name=f"#sql-alter-{new.id}", foreign_keys=())
    instance.note_change()
    engine.create_table(scratch)
    try:
        table = engine.open_table(scratch)
        copied = copy_rows(session, change, table)
        if change.new_keys and session.foreign_key_checks and new.engine == "InnoDB":
            check_new_keys(session, new, change.new_keys, table)
    except BaseException:
        engine.drop_table(scratch)
        raise
    created = instance.created.get(old.id)
    instance.exchange_table(old, scratch, new)
    instance.created[new.id] = created or session.scheduler.wall_clock().replace(microsecond=0)
    return copied


def copy_rows(session: Session, change: Alteration, target: Table) -> int:
    """Insert the old table's rows, converted, into `target`; the number of rows.  Raises what storing a value raises, 1062."""
    instance = session.instance
    old_engine, new_engine = instance.engines[change.old.engine], instance.engines[change.new.engine]
    reader = old_engine.new_trx(session.connection_id, session.name)
    writer = new_engine.new_trx(session.connection_id, session.name)
    source = old_engine.open_table(change.old)
    convert_row = row_converter(session, change)
    counter = change.new.auto_increment_column
    count = 0
    new_engine.begin(writer)
    new_engine.begin_statement(writer)
    try:
        for count, row in enumerate(all_rows(source, reader), 1):
            values = convert_row(row, count)
            if counter is not None and not values[counter]:
                values = (*values[:counter], target.next_auto_increment(writer, 1), *values[counter + 1:])
            elif counter is not None:
                target.note_auto_increment(writer, values[counter])
            target.insert(writer, values)
            if count % BATCH == 0:
                session.check_interrupted()
    except BaseException as error:
        new_engine.end_statement(writer, False)
        new_engine.rollback(writer)
        raise _readable(error, change) from None
    finally:
        if reader.active:
            old_engine.commit(reader)
    new_engine.end_statement(writer, True)
    new_engine.commit(writer)
    stats = source.stats()
    if counter is not None and change.old.auto_increment_column is not None and stats.auto_increment:
        target.set_auto_increment(stats.auto_increment)
    return count


def _readable(error: BaseException, change: Alteration) -> BaseException:
    """Errors name the table that the user knows, not the one being filled."""
    if isinstance(error, Error):
        message = error.message.replace(f"#sql-alter-{change.new.id}", change.new.name)
        if message != error.message:
            return SqlError.make(type(error), error.code, message, error.symbol, error.sqlstate, error.rolled_back)
    return error


def row_converter(session: Session, change: Alteration) -> Callable[[Row, int], Row]:
    """Function (old row, number from 1) -> new row's values."""
    old, new = change.old, change.new
    context = convert.StoreContext(table=(new.db, new.name), strict=bool(
        session.modes & {"STRICT_TRANS_TABLES", "STRICT_ALL_TABLES"}), warn=session.warn)
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
def check_new_keys(session: Session, child: TableDef, keys: tuple[ForeignKey, ...], table: Table | None = None) -> int:
    """1452 if a row of the child has no parent for one of `keys`; else the number of rows."""
    instance = session.instance
    handle = instance.open_table(child.db, child.name) if table is None else table
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
    for rows, row in enumerate(all_rows(handle, trx), 1):  # noqa: B007
        values = [row[c] for c in key.columns]
        if None in values:
            continue
        prefix = tuple(part_key(v, *part) for v, part in zip(values, parts, strict=True))
        if prefix in known:
            continue
        if not parent.lookup(trx, ordinal, prefix):
            raise SqlError.of(1452, missing_parent(child, key))
        known.add(prefix)
        if len(known) % BATCH == 0:
            session.check_interrupted()
    return rows


def follow_renamed_columns(session: Session, change: Alteration) -> None:
    """Foreign keys of other tables name columns of this one: they follow a renamed column."""
    names = {
        change.old.columns[source].name.lower(): change.new.columns[i].name
        for i, source in enumerate(change.sources)
        if source is not None and change.old.columns[source].name != change.new.columns[i].name
    }
    if not names:
        return
    instance = session.instance
    for reference in list(instance.dictionary.references_to(*change.new.full_name)):
        child = instance.dictionary.table(*reference.child.full_name)
        keys = tuple(
            replace(k, ref_columns=tuple(names.get(c.lower(), c) for c in k.ref_columns))
            if (k.ref_db, k.ref_table) == change.new.full_name else k
            for k in child.foreign_keys)
        instance.replace_definition(child, child.evolve(foreign_keys=keys))


# ---- CREATE TABLE ... SELECT
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
