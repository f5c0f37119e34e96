"""DDL: names are locked, definitions worked out (query.ddl, query.alter), and the change made (database.py).

Order of every statement here: commit what is open, check LOCK TABLES and the READ ONLY transaction, take exclusive metadata locks
in the order of the names, look at the definitions again, change, release the metadata locks.  What can be refused without
the locks is refused before they are waited for, as MySQL does (`_free_to_look`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from minidb.catalog import TableDef
from minidb.dictionary import Dictionary
from minidb.errors import Error, SqlError
from minidb.metadata_lock import EXCLUSIVE, SHARED_READ
from minidb.query import ast
from minidb.query.define.alter import rename_table as rename_in
from minidb.query.define.ddl import define_like, define_table
from minidb.query.define.ddl_columns import DefineEnv, charset_options, check_name
from minidb.query.define.ddl_keys import constraint_text, quote
from minidb.query.look.virtual import SYSTEM_DATABASES
from minidb.statements.preparing import prepare_source
from minidb.statements.result import Result, done
from minidb.statements.transactions import implicit_commit
from minidb.statements.wait_clause import wait_seconds

if TYPE_CHECKING:
    from minidb.session import Session

Name = tuple[str, str]


def environment(session: Session, db: str, is_temporary: bool = False) -> DefineEnv:
    """What definitions are made in."""
    values = session.variables.values
    descending = ("InnoDB", "MyISAM") if session.instance.innodb.locks.profile.myisam_descending else ("InnoDB",)
    return DefineEnv(
        session.instance.dictionary, db, tuple(session.instance.engines), values["default_storage_engine"], session.modes,
        session.foreign_key_checks, session.warn, temporary=is_temporary, descending_engines=descending)


def full_name(session: Session, ref: ast.TableRef) -> Name:
    """(database, table) of a name as written; raises 1046, 1044 for system databases."""
    db = ref.db or session.current_database()
    if db.lower() in SYSTEM_DATABASES:
        raise SqlError.of(1044, session.user, session.host, db.lower())
    return db, ref.name


def enter(session: Session, names: Iterable[Name], seconds: float | None = None, reads: Iterable[Name] = (),
          new: Iterable[Name] = ()) -> None:
    """Begin a DDL statement on `names` (see the module's docstring).  `new`: names that need not be locked by LOCK TABLES yet."""
    if session.trx.read_only and session.explicit:
        raise SqlError.of(1792)
    implicit_commit(session)
    wanted = sorted(set(names))
    fresh = set(new)
    if session.locked is not None:
        for name in wanted:
            if name in fresh and session.instance.dictionary.find_table(*name) is None:
                raise SqlError.of(1100, name[1])
            session.locked.check_definition(*name)
        own = session.locked.names()
        wanted = [name for name in wanted if name not in own]  # LOCK TABLES ... WRITE keeps everybody else away already
    locks = session.instance.metadata_locks
    timeout = session.lock_wait_seconds if seconds is None else seconds
    locks.acquire_all(session.owner, [*((n, EXCLUSIVE) for n in wanted), *((n, SHARED_READ) for n in reads)], timeout)


def _free_to_look(session: Session, name: Name) -> bool:
    """Whether a definition can be examined before its exclusive lock is had.  MySQL reads it under a lock that open transactions do
    not stand in the way of, only other DDL does: what cannot be done is refused without waiting for them.  Commits."""
    if (session.trx.read_only and session.explicit) or session.locked is not None:
        return False
    implicit_commit(session)
    return name not in session.instance.metadata_locks.contended


def leave(session: Session) -> None:
    """End a DDL statement."""
    session.transaction_over()


# ---- databases
def create_database(session: Session, stmt: ast.CreateDatabase) -> Result:
    name = check_name(stmt.name, 1102)
    instance = session.instance
    present = [(name, t) for t in instance.dictionary.tables(name)] if stmt.or_replace else []
    enter(session, [(name, ""), *present])
    exists = name in instance.dictionary.schemas
    if (exists and not stmt.or_replace) or name.lower() in SYSTEM_DATABASES:
        error = SqlError.of(1007, name)
        if not stmt.if_not_exists:
            raise error
        session.warn("Note", 1007, error.message)
        leave(session)
        return done()
    world = session.variables.world.values
    charset, collation = charset_options(stmt.options, (world["character_set_server"], world["collation_server"]))

    def edit(draft: Dictionary) -> None:
        if exists:
            draft.drop_database(name)
        draft.create_database(name, charset, collation)

    instance.change(edit)
    leave(session)
    return done(1)


def drop_database(session: Session, stmt: ast.DropDatabase) -> Result:
    instance, name = session.instance, stmt.name
    if name not in instance.dictionary.schemas:
        if name.lower() in SYSTEM_DATABASES:
            raise SqlError.of(1044, session.user, session.host, name)
        error = SqlError.of(1008, name)
        if not stmt.if_exists:
            raise error
        session.warn("Note", 1008, error.message)
        return done()
    tables = [(name, t) for t in instance.dictionary.tables(name)]
    enter(session, [(name, ""), *tables])
    if session.foreign_key_checks:
        for _, table in tables:
            if any(r.child.db != name for r in instance.dictionary.references_to(name, table)):
                raise SqlError.of(1217)
    instance.change(lambda draft: draft.drop_database(name))
    if session.database == name:
        session.database = None
        session.change_setting()
    leave(session)
    return done(len(tables))


# ---- CREATE TABLE
def create_table(session: Session, stmt: ast.CreateTable) -> Result:
    if stmt.temporary:
        from minidb.statements import temporary

        return temporary.create_table(session, stmt)
    db, name = full_name(session, stmt.table)
    instance = session.instance
    instance.dictionary.database(db)
    check_name(name, 1103)
    reads = [full_name(session, stmt.like)] if stmt.like is not None else []
    if not stmt.or_replace and instance.dictionary.find_table(db, name) is not None and _free_to_look(session, (db, name)):
        return _exists_already(session, stmt, name)
    enter(session, [(db, name)], reads=reads, new=[(db, name)])
    existing = instance.dictionary.find_table(db, name)
    if existing is not None:
        if not stmt.or_replace:
            return _exists_already(session, stmt, name)
    if stmt.like is not None and stmt.like.name == name and reads[0] == (db, name):
        raise SqlError.of(1066, name)
    if existing is not None:
        _refuse_if_referenced(session, [existing])
    result = _make_table(session, stmt, db, name, existing)
    leave(session)
    return result


def _exists_already(session: Session, stmt: ast.CreateTable, name: str) -> Result:
    """CREATE TABLE of a table that there is: a note with IF NOT EXISTS, else 1050."""
    if not stmt.if_not_exists:
        raise SqlError.of(1050, name)
    session.warn("Note", 1050, SqlError.of(1050, name).message)
    leave(session)
    return done()


def _make_table(session: Session, stmt: ast.CreateTable, db: str, name: str, replaced: TableDef | None) -> Result:
    """Make the table; `replaced`, which has its name, stays until the new one is complete."""
    instance, env = session.instance, environment(session, stmt.table.db or session.database or "")
    if stmt.like is not None:
        source = session.open(stmt.like.db, stmt.like.name).tdef
        if not source.id:
            raise SqlError.of(1347, source.db, source.name, "BASE TABLE")
        instance.create_table(define_like(source, db, name, env, False), replaced)
        return done()
    if stmt.query is None:
        instance.create_table(define_table(stmt, env), replaced)
        return done()
    from minidb.statements.table_copy import create_from_query

    prepared = prepare_source(session, stmt.query)
    if any((t.db, t.name) == (db, name) for t in prepared.plan.tables):
        raise SqlError.text(
            1093, f"Table '{name}' is specified twice, both as a target for 'CREATE' and as a separate source for data")
    return create_from_query(session, define_table(stmt, env, prepared.columns), prepared, stmt.query_mode, replaced)


# ---- DROP, RENAME, TRUNCATE
def drop_table(session: Session, stmt: ast.DropTable) -> Result:
    if stmt.view:
        return _drop_views(session, stmt)
    names = [full_name(session, t) for t in stmt.tables]
    if len(set(names)) != len(names):
        raise SqlError.of(1066, names[-1][1])
    rest = names
    if session.temporary:
        from minidb.statements import temporary

        rest = temporary.drop_tables(session, names)
    if rest and not stmt.temporary:
        enter(session, rest)
    missing, refused = _drop_tables(session, rest, bool(stmt.if_exists)) if not stmt.temporary else (rest, None)
    if rest and not stmt.temporary:
        leave(session)
    if refused is not None:
        raise refused
    if missing and not stmt.if_exists:
        raise _unknown_tables(missing)
    for name in missing:
        session.warn("Note", 1051, SqlError.of(1051, ".".join(name)).message)
    return done()


def _unknown_tables(names: list[Name]) -> Error:
    return SqlError.of(1051, ",".join(".".join(n) for n in names))


def _drop_tables(session: Session, names: list[Name], if_exists: bool) -> tuple[list[Name], Error | None]:
    """Drop tables; those that do not exist, and why some could not be dropped.  MariaDB drops one after the other, and goes on with
    the next where that is refused; MySQL drops all of them in one step or none."""
    instance = session.instance
    found = [t for t in (instance.dictionary.find_table(*name) for name in names) if t is not None]
    missing = [name for name in names if instance.dictionary.find_table(*name) is None]
    if instance.innodb.locks.profile.drops_all_or_none:
        if missing and not if_exists:
            raise _unknown_tables(missing)
        _refuse_if_referenced(session, found)
        _drop(session, found)
        return missing, None
    refused: Error | None = None
    for tdef in found:
        try:
            _refuse_if_referenced(session, [tdef])
        except Error as error:
            refused = error
        else:
            _drop(session, [tdef])
    return missing, refused


def _drop(session: Session, tables: list[TableDef]) -> None:
    """Drop tables in one step."""
    def edit(draft: Dictionary) -> None:
        for tdef in tables:
            draft.remove(tdef.db, tdef.name)

    if tables:
        session.instance.change(edit)


def _drop_views(session: Session, stmt: ast.DropTable) -> Result:
    for ref in stmt.tables:
        db, name = full_name(session, ref)
        if session.instance.dictionary.find_table(db, name) is not None:
            raise SqlError.of(1347, db, name, "VIEW")
        error = SqlError.text(4092, f"Unknown VIEW: '{db}.{name}'")
        if not stmt.if_exists:
            raise error
        session.warn("Note", 4092, error.message)
    return done()


def _refuse_if_referenced(session: Session, dropped: list[TableDef]) -> None:
    """1451 for a parent of a table that stays."""
    gone = {t.full_name for t in dropped}
    for tdef in dropped:
        for reference in session.instance.dictionary.references_to(*tdef.full_name):
            if reference.child.full_name not in gone and session.foreign_key_checks:
                raise SqlError.text(1451, "Cannot delete or update a parent row: a foreign key constraint fails")


def rename_table(session: Session, stmt: ast.RenameTable) -> Result:
    pairs = [(full_name(session, a), full_name(session, b)) for a, b in stmt.pairs]
    enter(session, {n for pair in pairs for n in pair})

    def edit(draft: Dictionary) -> None:
        for old, new in pairs:
            rename_in(draft, old, new)

    session.instance.change(edit)
    leave(session)
    return done()


def truncate(session: Session, stmt: ast.Truncate) -> Result:
    name = full_name(session, stmt.table)
    handle = session.temporary.get(name)
    instance = session.instance
    if handle is not None:
        from minidb.statements import temporary

        instance.engines[handle.tdef.engine].truncate_table(handle.tdef)
        temporary.reopen(session, name, handle.tdef)
        return done()
    if instance.dictionary.find_table(*name) is None:
        raise SqlError.of(1146, *name)
    enter(session, [name])
    tdef = instance.dictionary.find_table(*name)
    if tdef is None:
        raise SqlError.of(1146, *name)
    if session.foreign_key_checks:
        for reference in instance.dictionary.references_to(*name):
            if reference.child.full_name != name:
                child = reference.child
                text = constraint_text(child, reference.key, qualified=True)
                raise SqlError.of(1701, f"{quote(child.db)}.{quote(child.name)}, {text}")
    instance.truncate_table(tdef)
    leave(session)
    return done()


# ---- ALTER
def alter_table(session: Session, stmt: ast.AlterTable) -> Result:
    name = full_name(session, stmt.table)
    from minidb.query.define.alter import alter_table as work_out
    from minidb.statements import temporary
    from minidb.statements.table_copy import alter

    if name in session.temporary:
        return temporary.alter_table(session, name, stmt)
    instance = session.instance
    if instance.dictionary.find_table(*name) is None:
        raise SqlError.of(1146, *name)
    targets = [full_name(session, a.table) for a in stmt.actions if a.kind == "RENAME_TABLE" and a.table is not None]
    if _free_to_look(session, name):
        present = instance.dictionary.table(*name)
        quiet = replace(environment(session, name[0]), warn=lambda *_: None)
        work_out(present, stmt, quiet, instance.dictionary.references_to(*name))
    enter(session, [name, *targets], wait_seconds(session, stmt.wait))
    tdef = instance.dictionary.find_table(*name)
    if tdef is None:
        raise SqlError.of(1146, *name)
    env = environment(session, name[0])
    alteration = work_out(tdef, stmt, env, instance.dictionary.references_to(*name))
    target = alteration.rename_to
    if target is not None and target != name and instance.dictionary.find_table(*target) is not None:
        raise SqlError.of(1050, target[1])
    copied = alter(session, alteration)
    leave(session)
    result = done(copied)
    result.records, result.duplicates = copied, 0
    return result


def create_index(session: Session, stmt: ast.CreateIndex) -> Result:
    actions = [ast.AlterAction("ADD_INDEX", index=stmt.index, if_not_exists=stmt.index.if_not_exists)]
    if stmt.or_replace:
        actions.insert(0, ast.AlterAction("DROP_INDEX", name=stmt.index.name, if_exists=True))
    return alter_table(session, ast.AlterTable(stmt.table, tuple(actions)))


def drop_index(session: Session, stmt: ast.DropIndex) -> Result:
    action = ast.AlterAction("DROP_INDEX", name=stmt.name, if_exists=stmt.if_exists)
    return alter_table(session, ast.AlterTable(stmt.table, (action,)))
