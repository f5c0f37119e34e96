"""TEMPORARY tables: they belong to a session, stand in front of tables of the same name, and end with it.

The engine keeps such a table under a database name of the session's own (``#tmp7-shop``), so that it meets no other table; the
dictionary does not know it, and no metadata locks are needed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from minidb.catalog import TableDef
from minidb.engine import Table
from minidb.errors import SqlError
from minidb.query import ast
from minidb.query.define.alter import alter_table as work_out
from minidb.query.define.ddl import define_like, define_table
from minidb.query.define.ddl_columns import check_name
from minidb.statements.changing_definitions import beside, readable
from minidb.statements.preparing import TEMPORARY, prepare_source
from minidb.statements.result import Result, done

if TYPE_CHECKING:
    from minidb.session import Session

Name = tuple[str, str]


def _physical(session: Session, tdef: TableDef) -> TableDef:
    return replace(tdef, _by_name={}, db=f"{TEMPORARY}{session.connection_id}-{tdef.db}", temporary=True)


def _make(session: Session, name: Name, tdef: TableDef) -> Table:
    """Create the table in its engine and put it in front of others of its name."""
    physical = _physical(session, tdef)
    instance = session.instance
    if not instance.fs.exists(physical.db):
        instance.fs.mkdir(physical.db)
    instance.note_change()
    engine = instance.engines[physical.engine]
    engine.create_table(physical)
    handle = session.temporary[name] = engine.open_table(physical)
    session.change_setting()
    return handle


def reopen(session: Session, name: Name, tdef: TableDef) -> None:
    """A fresh handle after the table was truncated."""
    session.temporary[name] = session.instance.engines[tdef.engine].open_table(tdef)
    session.change_setting()


def create_table(session: Session, stmt: ast.CreateTable) -> Result:
    """CREATE TEMPORARY TABLE: no implicit commit."""
    from minidb.statements.definitions import environment, full_name
    from minidb.statements.table_copy import fill_from_query

    db, table = name = full_name(session, stmt.table)
    check_name(table, 1103)
    session.instance.dictionary.database(db)
    if name in session.temporary:
        if stmt.if_not_exists:
            session.warn("Note", 1050, SqlError.of(1050, table).message)
            return done()
        if not stmt.or_replace:
            raise SqlError.of(1050, table)
    env = environment(session, db, is_temporary=True)
    if stmt.like is not None:
        source = session.open(stmt.like.db, stmt.like.name).tdef
        tdef = define_like(source, db, table, env, True)
        drop_tables(session, [name])
        _make(session, name, tdef)
        return done()
    if stmt.query is None:
        tdef = define_table(stmt, env)
        drop_tables(session, [name])
        _make(session, name, tdef)
        return done()
    prepared = prepare_source(session, stmt.query)
    tdef = define_table(stmt, env, prepared.columns)
    drop_tables(session, [name])
    handle = _make(session, name, tdef)
    try:
        return fill_from_query(session, handle.tdef, prepared, stmt.query_mode)
    except BaseException:
        drop_tables(session, [name])
        raise


def drop_tables(session: Session, names: list[Name]) -> list[Name]:
    """Drop those of `names` that are temporary; the rest is returned."""
    rest: list[Name] = []
    for name in names:
        handle = session.temporary.pop(name, None)
        if handle is None:
            rest.append(name)
        else:
            session.instance.engines[handle.tdef.engine].drop_table(handle.tdef)
    if len(rest) != len(names):
        session.change_setting()
    return rest


def alter_table(session: Session, name: Name, stmt: ast.AlterTable) -> Result:
    """ALTER of a temporary table always copies it."""
    from minidb.statements.definitions import environment
    from minidb.statements.table_copy import copy_rows

    old = session.temporary[name]
    force = ast.AlterTable(stmt.table, (*stmt.actions, ast.AlterAction("FORCE")), stmt.wait)
    env = environment(session, name[0], is_temporary=True)
    alteration = work_out(old.tdef, force, env, ())
    target = name if alteration.rename_to is None else alteration.rename_to
    if target != name and target in session.temporary:
        raise SqlError.of(1050, target[1])
    instance = session.instance
    engine = instance.engines[alteration.new.engine]
    scratch = beside(alteration.new)
    engine.create_table(scratch)
    try:
        copied = copy_rows(session, alteration, scratch)
    except BaseException as error:
        engine.drop_table(scratch)
        raise readable(error, scratch, name[1]) from error.__cause__
    instance.engines[old.tdef.engine].drop_table(old.tdef)
    new = replace(alteration.new, _by_name={}, name=target[1])
    engine.rename_table(scratch, new)
    del session.temporary[name]
    session.temporary[target] = engine.open_table(new)
    session.change_setting()
    return done(copied)
