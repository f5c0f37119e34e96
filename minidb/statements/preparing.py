"""From text to a bound plan: the statement cache's miss, in steps: normalise, find or compile the plan, bind it to handles."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from minidb.engine import Engine, Isolation, ReadMode, Table
from minidb.errors import SqlError, SqlSyntaxError
from minidb.query import ast
from minidb.query.context import SessionState
from minidb.query.environment import ServerRules
from minidb.query.look.virtual import SYSTEM_DATABASES
from minidb.query.plan import PlanTable
from minidb.statements.cache import CompiledPlan, Entry, Prepared, plans_for, signature, tree_of

if TYPE_CHECKING:
    from minidb.session import Session

PLAN_WORDS = frozenset({"SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "WITH", "VALUES", "DO", "TABLE"})
PLAN_TYPES = (ast.Select, ast.SetOperation, ast.TableValues, ast.Insert, ast.Update, ast.Delete, ast.Do)
LONGEST_KEPT = 4000
TEMPORARY = "#tmp"
_first_word = re.compile(r"[\s(]*([A-Za-z]+)").match


class Environment:
    """The compiler's view of a session (query.environment.CompileEnv)."""

    __slots__ = ("foreign_key_checks", "owner", "session")

    def __init__(self, session: Session) -> None:
        self.owner = session
        self.session: SessionState = session
        self.foreign_key_checks = session.foreign_key_checks

    @property
    def rules(self) -> ServerRules:
        return self.owner.instance.innodb.locks.profile

    def open(self, db: str | None, name: str) -> Table:
        return open_table(self.owner, db, name)

    def sql_mode(self) -> frozenset[str]:
        return self.owner.modes


def prepare(session: Session, text: str, args: Any) -> tuple[Entry, Prepared | None, tuple[Any, ...]]:
    """(cache entry, plan bound to handles or None for a command, parameters).  Raises 1064 and all the compiler raises."""
    from minidb.query.parse.normalize import normalize

    if not _is_plan(text):
        tree = tree_of(text if args is None else interpolated(text, args), _parse)
        if not isinstance(tree, PLAN_TYPES):
            entry = Entry()
            entry.tree = tree
            if args is None:
                session.texts.plain[text] = entry
                session.texts.bound()
            return entry, None, ()
    normal = normalize(text, args)
    if normal.rows is not None:
        entry = Entry()
        entry.rows = normal.rows
        return entry, prepare_key(session, normal.key, normal.rows[0]), normal.rows[0]
    params = normal.params
    try:
        prepared = prepare_key(session, normal.key, params)
    except SqlSyntaxError:
        if args is None:
            _parse(text)  # raises with the words as they are written
        raise
    return _remember(session, text, args, normal.key, params, prepared), prepared, params


def _is_plan(text: str) -> bool:
    found = _first_word(text)
    return found is not None and found.group(1).upper() in PLAN_WORDS


def _parse(text: str) -> ast.Statement:
    from minidb.query.parse.parser import parse

    return parse(text)


def interpolated(text: str, args: Any) -> str:
    """`text` with the arguments written into it as literals: for statements that are not plans."""
    from minidb.query.parse.placeholders import resolve
    from minidb.types.text import sql_literal

    key, params = resolve(text, args)
    pieces = key.split("?")
    if len(pieces) != len(params) + 1:
        raise SqlError.of(1210, "EXECUTE")
    made = [pieces[0]]
    for value, piece in zip(params, pieces[1:], strict=True):
        made += [sql_literal(value), piece]
    return "".join(made)


def _remember(session: Session, text: str, args: Any, key: str, params: tuple[Any, ...], prepared: Prepared) -> Entry:
    texts = session.texts
    if args is None:
        entry = Entry()
        entry.key, entry.params, entry.prepared = key, params, prepared
        if len(text) <= LONGEST_KEPT:
            texts.plain[text] = entry
    else:
        found = texts.with_args.get(text)
        entry = Entry() if found is None else found
        if found is None:
            from minidb.query.parse.placeholders import Format

            form = Format(text)
            entry.key = form.key
            entry.bind = form.ordered if form.names is not None else None
            texts.with_args[text] = entry
        types = tuple(map(type, params))
        if entry.key == key and not (Decimal in types and prepared.plan.kind == "select"):
            entry.by_types[types] = prepared
    texts.bound()
    return entry


def prepare_key(session: Session, key: str, params: tuple[Any, ...]) -> Prepared:
    """The plan of a normalised text for parameters of these types, bound to this database."""
    types = tuple(map(type, params))
    if Decimal in types:
        types = _with_scales(types, params)
    texts = session.texts
    prepared = texts.keys.get((key, types))
    if prepared is None or prepared.version != session.instance.version:
        prepared = bind(session, compiled(session, key, types, params))
        texts.keys[(key, types)] = prepared
    return prepared


def _with_scales(types: tuple[Any, ...], params: tuple[Any, ...]) -> tuple[Any, ...]:
    """`types` with the digits of DECIMALs: the scale of a result, and how far it is rounded, depend on them."""
    return tuple(value.as_tuple().exponent if t is Decimal else t for t, value in zip(types, params, strict=True))


def compiled(session: Session, key: str, types: tuple[type, ...], params: tuple[Any, ...]) -> CompiledPlan:
    """The compiled plan from the process's cache, or compiled now."""
    known = plans_for((key, types, session.setting, session.instance.profile))
    for candidate in known:
        if _fits(session, candidate):
            return candidate
    from minidb.query.parse.parser import parse_normalized

    made = compile_tree(session, tree_of(key, parse_normalized), params)
    if not any(t.db.startswith(TEMPORARY) for t in made.plan.tables):
        known.append(made)
    return made


def _fits(session: Session, candidate: CompiledPlan) -> bool:
    """Whether the session's tables are what the plan was compiled for, temporary ones in front of them included."""
    for needed in candidate.needs:
        if session.temporary and (needed.db, needed.name) in session.temporary:
            return False
        if needed.db in SYSTEM_DATABASES:
            continue
        found = session.instance.dictionary.find_table(needed.db, needed.name)
        if found is None or signature(found) != needed:
            return False
    return True


def compile_tree(session: Session, tree: ast.Statement, params: tuple[Any, ...],
                 reading: ReadMode = ReadMode.SNAPSHOT) -> CompiledPlan:
    """Compile `tree` for the session as it is now."""
    from minidb.query.compiler import compile_statement

    environment = Environment(session)
    plan = compile_statement(tree, environment, params, reading=reading)
    needs = tuple(signature(resolve_handle(session, t).tdef) for t in plan.tables)
    options = tree.options if isinstance(tree, ast.Select) else ()
    limited = isinstance(tree, (ast.Select, ast.SetOperation)) and tree.limit is not None
    return CompiledPlan(plan, needs, "SQL_CALC_FOUND_ROWS" in options, limited, "HIGH_PRIORITY" in options)


def bind(session: Session, made: CompiledPlan) -> Prepared:
    """`made` with this database's handles."""
    instance = session.instance
    version = instance.version
    handles = [resolve_handle(session, t) for t in made.plan.tables]
    engines: list[Engine] = []
    for handle in handles:
        engine = instance.engines.get(handle.tdef.engine)
        if engine is not None and engine not in engines:
            engines.append(engine)
    virtual = any(t.db in SYSTEM_DATABASES for t in made.plan.tables)
    return Prepared(made.plan, handles, tuple(engines), version, virtual, made.counts_rows, made.limited, made.high_priority)


def prepare_tree(session: Session, tree: ast.Statement, params: tuple[Any, ...] = (),
                 reading: ReadMode = ReadMode.SNAPSHOT) -> Prepared:
    """A plan for a tree that came from somewhere else than a text (CREATE ... SELECT, expressions)."""
    return bind(session, compile_tree(session, tree, params, reading))


def prepare_source(session: Session, query: ast.Query) -> Prepared:
    """The plan of the query of CREATE TABLE ... SELECT: it locks what it reads, except at READ COMMITTED and below."""
    shared = session.trx.isolation >= Isolation.REPEATABLE_READ
    return prepare_tree(session, query, (), ReadMode.SHARED if shared else ReadMode.SNAPSHOT)


# ---- tables
def open_table(session: Session, db: str | None, name: str) -> Table:
    """A handle on the table that `db`.`name` means in the session; raises 1046, 1146."""
    if db is None:
        db = session.current_database()
    if session.temporary:
        handle = session.temporary.get((db, name))
        if handle is not None:
            return handle
    if db.lower() in SYSTEM_DATABASES:
        return _virtual(session, db.lower(), name)
    if session.locked is not None and session.instance.dictionary.find_table(db, name) is None:
        raise SqlError.of(1100, name)
    return session.instance.open_table(db, name)


def _virtual(session: Session, db: str, name: str) -> Table:
    from minidb.query.look.infoschema import InformationSchema
    from minidb.query.look.perfschema import PerformanceSchema
    from minidb.statements.world import SessionWorld

    if db == "performance_schema":
        found = PerformanceSchema(SessionWorld(session)).open(name)
        if found is None:
            raise SqlError.of(1146, db, name)
        return found
    found = InformationSchema(SessionWorld(session)).open(name)
    if found is None:
        raise SqlError.of(1109, name, db)
    return found


def resolve_handle(session: Session, table: PlanTable) -> Table:
    """The handle that a plan's table stands for."""
    if table.db in SYSTEM_DATABASES:
        return _virtual(session, table.db, table.name)
    for handle in session.temporary.values():
        if handle.tdef.full_name == (table.db, table.name):
            return handle
    if table.db.startswith(TEMPORARY):
        raise SqlError.of(1146, session.database, table.name)
    return session.instance.open_table(table.db, table.name)


def live_handles(session: Session, prepared: Prepared) -> list[Table]:
    """The handles of a plan with tables that exist only while they are read."""
    return [resolve_handle(session, t) for t in prepared.plan.tables]


# ---- expressions outside of plans
def evaluate(session: Session, expr: ast.Expr, params: tuple[Any, ...] = ()) -> Any:
    """The value of an expression of SET, EXECUTE ... USING, KILL.  What its subqueries read is locked S."""
    if isinstance(expr, ast.Literal):
        return expr.value
    if isinstance(expr, ast.Variable):
        return session.variable(expr.scope, expr.name)
    if isinstance(expr, ast.ColumnRef) and expr.table is None:
        return expr.name  # a bare word: SET x = ON
    rows = run_tree(session, ast.Select((ast.SelectItem(expr),)), params, ReadMode.SHARED)
    return rows[0][0] if rows else None


def run_tree(session: Session, tree: ast.Statement, params: tuple[Any, ...] = (),
             reading: ReadMode = ReadMode.SNAPSHOT) -> list[tuple[Any, ...]]:
    """Run a reading statement inside another one."""
    prepared = prepare_tree(session, tree, params, reading)
    return run_inside(session, prepared, params) or []


def run_inside(session: Session, prepared: Prepared, params: tuple[Any, ...]) -> list[tuple[Any, ...]] | None:
    """Run a reading plan inside a command: metadata and table locks are taken, the end of the statement is the command's."""
    if prepared.wanted:
        session.instance.metadata_locks.acquire_all(session.owner, prepared.wanted, session.lock_wait_seconds)
    locked = bool(prepared.table_locks) and session.locked is None
    if locked:
        session.lock_myisam(prepared)
    try:
        return prepared.run(session.fresh_context(prepared), params)
    finally:
        if locked:
            session.instance.myisam.unlock_tables(session.trx)
        if session.trx.active and session.trx.autocommit:
            session.instance.innodb.commit(session.trx)


