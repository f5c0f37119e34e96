"""Running a bound plan: reading ones, and changing ones as a unit (begin_statement, end_statement, in autocommit mode commit)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minidb.engine import ChangedMeanwhile, Isolation
from minidb.errors import Error, RolledBack
from minidb.query.context import ExecContext
from minidb.statements.result import Result

if TYPE_CHECKING:
    from minidb.session import Session
    from minidb.statements.cache import Prepared

Params = tuple[Any, ...]
REPEATABLE_READ = Isolation.REPEATABLE_READ


def read(session: Session, prepared: Prepared, params: Params) -> Result:
    """Run a plan that changes nothing."""
    trx, instance = session.trx, session.instance
    context = session.fresh_context(prepared)
    locked = bool(prepared.table_locks) and session.locked is None
    if locked:
        session.lock_myisam(prepared)
    try:
        rows = prepared.run(context, params)
    finally:
        if locked:
            instance.myisam.unlock_tables(trx)
    if trx.autocommit:
        if trx.active:
            instance.innodb.commit(trx)
        session.autocommitted()
    else:
        if trx.active:
            instance.innodb.end_statement(trx, True)
        instance.metadata_locks.end_statement(session.owner)
    if rows is None:
        session.row_count = 0
        return Result()
    if not prepared.limited and len(rows) > session.select_limit and prepared.plan.kind == "select":
        rows = rows[: session.select_limit]
    session.row_count = -1
    if not prepared.counts_rows:
        session.found_rows = len(rows)
    return Result(prepared.columns, rows)


def change(session: Session, prepared: Prepared, params: Params, many: Sequence[Params] | None = None) -> Result:
    """Run a plan that changes rows, as a unit.  many: the parameters of each row of one multi-row INSERT (`params` is unused)."""
    trx, instance = session.trx, session.instance
    if instance.dictionary.clean:
        instance.note_change()
    context = session.fresh_context(prepared)
    engines = prepared.engines
    before = session.last_insert_id
    locked = bool(prepared.table_locks) and session.locked is None
    if locked:
        session.lock_myisam(prepared)
    try:
        for engine in engines:
            engine.begin_statement(trx)
        try:
            rows = None
            if many is None:
                rows = prepared.run(context, params)
            else:
                _run_many(session, prepared, context, many)
        except BaseException as error:
            over = isinstance(error, Error) and error.rolled_back is RolledBack.TRANSACTION
            for engine in engines:
                if not (over and engine.transactional):
                    engine.end_statement(trx, False)
            raise
        for engine in engines:
            engine.end_statement(trx, True)
    finally:
        if locked:
            instance.myisam.unlock_tables(trx)
    if trx.autocommit:
        if trx.active:
            instance.innodb.commit(trx)
        session.autocommitted()
    else:
        instance.metadata_locks.end_statement(session.owner)
    return changed(session, context, prepared, rows, before)


def _run_many(session: Session, prepared: Prepared, context: ExecContext, many: Sequence[Params]) -> None:
    """One row after the other; the counters add up, the insert id is the first row's."""
    run = prepared.run
    affected = duplicates = insert_id = number = 0
    context.expected, context.auto = len(many), None
    try:
        for number, params in enumerate(many, 1):
            context.affected = context.insert_id = 0
            context.rows_before = number - 1
            context.duplicates = None
            run(context, params)
            affected += context.affected
            duplicates += context.duplicates or 0
            insert_id = insert_id or context.insert_id
            if not number & 255:
                session.check_interrupted()
    finally:
        context.expected = context.rows_before = 0
        context.auto = None
    context.affected, context.insert_id = affected, insert_id
    context.records, context.duplicates = len(many), duplicates


def changed(session: Session, context: ExecContext, prepared: Prepared, rows: list[Params] | None, before: int) -> Result:
    result = Result(prepared.columns, rows) if rows is not None and prepared.columns else Result()
    result.affected = session.row_count = context.affected
    if context.matched is not None:
        result.matched, result.changed = context.matched, context.changed
    if context.records is not None:
        result.records, result.duplicates = context.records, context.duplicates
    if context.insert_id:
        session.last_insert_id = result.insert_id = context.insert_id
    elif session.last_insert_id != before:
        result.insert_id = session.last_insert_id
    elif context.explicit_id:
        result.insert_id = context.explicit_id
    return result


# ---- short roads: nothing special is set in the session (`Session.steady`)
def read_inside(session: Session, prepared: Prepared, params: Params, text: str, args: Any) -> Result:
    """A consistent read of InnoDB tables inside a transaction, nothing special set."""
    held, instance = session.held, session.instance
    for name in prepared.reads:
        if name not in held:
            held[name] = 1  # noted without asking; whoever wants the table for himself looks after putting his name there
            if session.contended:
                instance.metadata_locks.release_after(session.owner, len(held) - 1)
                return session.run_plan(prepared, params, text, args)
    if prepared.version != instance.version:
        return session.run_plan(prepared, params, text, args)
    session.current = text
    session.noted = session.moment_of_statement = None
    context = session.context
    context.tables = prepared.handles
    try:
        rows = prepared.run(context, params)
    except BaseException as error:
        raise session.failed(error, prepared) from error.__cause__
    if session.trx.isolation is not REPEATABLE_READ:
        instance.innodb.end_statement(session.trx, True)
    session.current = None
    session.last_plan = prepared
    session.row_count = -1
    session.found_rows = len(rows)  # type: ignore[arg-type]
    result = Result(prepared.columns, rows)
    if session.noted is not None:
        result.noted = session.noted
    return result


def write(session: Session, prepared: Prepared, params: Params, text: str, args: Any) -> Result:
    """A change of InnoDB tables, nothing special set: what `run_plan` and `change` do, without their questions."""
    trx, instance, owner = session.trx, session.instance, session.owner
    if trx.read_only or instance.dictionary.clean:
        return session.run_plan(prepared, params, text, args)
    locks, innodb, alone = instance.metadata_locks, instance.innodb, trx.autocommit
    if alone:
        owner.held.update(prepared.noted)  # without asking; whoever wants a table for himself looks after putting its name there
        owner.writing = True
        if session.contended or prepared.version != instance.version:
            locks.release_transaction(owner)  # now ask
            return session.run_plan(prepared, params, text, args)
    session.current = text
    session.noted = session.moment_of_statement = None
    context = session.context
    context.tables = prepared.handles
    context.affected = context.insert_id = context.explicit_id = 0
    context.matched = context.changed = context.records = context.duplicates = context.analyze = None
    before = session.last_insert_id
    try:
        if not alone:
            for name, mode in prepared.wanted:
                locks.acquire(owner, name, mode, session.lock_wait_seconds)
            if prepared.version != instance.version:
                return session.run_plan(prepared, params, text, args)
        if prepared.single and alone and innodb.alone and not trx.active:
            trx.alone = True  # a change of one row as a transaction that need not lock it
            try:
                rows = prepared.run(context, params)
            except ChangedMeanwhile:
                trx.alone = False
                rows = prepared.run(context, params)
            finally:
                trx.alone = False
        else:
            innodb.begin_statement(trx)
            try:
                rows = prepared.run(context, params)
            except BaseException as error:
                if not (isinstance(error, Error) and error.rolled_back is RolledBack.TRANSACTION):
                    innodb.end_statement(trx, False)
                raise
        if alone:
            if trx.active:
                innodb.commit_statement(trx)
            elif innodb.redo is not None and context.affected:
                innodb.redo.commit()
            owner.held.clear()
            owner.writing = trx.changed_non_transactional = False
            if session.contended:
                locks.release_transaction(owner)
        else:
            innodb.end_statement(trx, True)
            locks.end_statement(owner)
    except BaseException as error:
        raise session.failed(error, prepared) from error.__cause__
    session.current = None
    session.last_plan = prepared
    result = changed(session, context, prepared, rows, before)
    if session.noted is not None:
        result.noted = session.noted
    return result
