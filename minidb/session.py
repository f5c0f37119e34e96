"""`Session`: one client's conversation with a database.  `execute(text, args)` is the whole interface of the upper rooms.

The road of a statement: exact text in the cache -> plan bound to handles -> metadata locks -> run -> end of statement.  What is
not a plan (BEGIN, SET, DDL, SHOW ...) goes to a handler in `statements`.  The commonest case, a consistent read of InnoDB tables in
autocommit mode with nothing special set, is written out in `execute`; everything else takes `_run`.

Transactions.  `explicit`: BEGIN was given.  `trx.autocommit` is what engines see: each statement is a transaction of its own.
Definitions of terms and rules of the statements: statements/transactions.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from minidb.database import Database
from minidb.engine import Table, TableLock
from minidb.errors import Error, InternalError, RolledBack, SqlError
from minidb.query.context import ExecContext
from minidb.query.plan import ExplainRow
from minidb.statements import preparing
from minidb.statements.cache import Entry, Prepared, Texts
from minidb.statements.ending import end_work
from minidb.statements.failures import as_error
from minidb.statements.result import Result, Warnings
from minidb.statements.running import change, read, read_inside, write
from minidb.statements.session_variables import SessionSettings
from minidb.statements.table_locks import LockedTables

__all__ = ["Result", "Session"]


class Session(SessionSettings):
    """One session.  Use it from one thread at a time; `kill` and `cancel` may come from any."""

    __slots__ = (
        "__weakref__", "_arg_texts", "_plain_texts", "_private", "began", "closed", "contended", "context", "current",
        "found_rows", "held", "host", "last_plan", "locked", "moment_of_statement", "name", "one_shot", "owner", "plain",
        "prepared_texts", "refusal", "row_count", "savepoints", "setting", "stale", "steady", "temporary", "texts", "user",
    )

    def __init__(self, instance: Database, connection_id: int, name: str = "", user: str = "root", host: str = "localhost") -> None:
        self.instance = instance
        self.scheduler = instance.scheduler
        self.connection_id = connection_id
        self.name = name or f"#{connection_id}"
        self.user = user
        self.host = host
        self.trx = instance.innodb.new_trx(connection_id, self.name)
        self.owner = instance.metadata_locks.owner(connection_id, self.name)
        self.context = ExecContext(self, self.trx, [])
        self.database: str | None = None
        self.last_insert_id = 0
        self.row_count = 0
        self.found_rows = 0
        self.current: str | None = None
        self.began = 0.0
        self.noted: Warnings | None = None
        self.stale = False
        self.closed = False
        self.refusal: Callable[[], Error] | None = None
        self.explicit = False
        self.one_shot = False
        self.savepoints: dict[str, tuple[int, bool]] = {}
        self.locked: LockedTables | None = None
        self.temporary: dict[tuple[str, str], Table] = {}
        self.prepared_texts: dict[str, str] = {}
        self.last_plan: Prepared | None = None
        self.moment_of_statement: datetime.datetime | None = None
        self.contended = instance.metadata_locks.contended
        self.held = self.owner.held
        self._private: Texts | None = None
        self.start_variables()
        self.plain = self.steady = True
        if "test" in instance.dictionary.schemas:
            self.database = "test"
        self.change_setting()

    # ---- the road
    def execute(self, text: str, args: Any = None) -> Result:
        """Run one statement.  args: None, or a sequence for ``%s`` / a mapping for ``%(name)s`` placeholders in `text`.
        Raises minidb.errors.Error; `rolled_back` of it says what was undone."""
        if args is None:
            entry = self._plain_texts.get(text)
            if entry is None:
                return self._first_time(text, None)
            prepared = entry.prepared
            if prepared is None:
                return self._command(entry.tree, text)
            params = entry.params
        else:
            entry = self._arg_texts.get(text)
            if entry is None:
                return self._first_time(text, args)
            bind = entry.bind
            params = bind(args) if bind is not None else args if type(args) is tuple else tuple(args)
            prepared = entry.by_types.get(tuple(map(type, params)))
            if prepared is None:
                return self._first_time(text, args)
        if not (prepared.simple and self.plain):
            if self.steady:
                if prepared.simple:
                    return read_inside(self, prepared, params, text, args)
                if prepared.quick:
                    return write(self, prepared, params, text, args)
            return self.run_plan(prepared, params, text, args)
        held = self.held
        for name in prepared.reads:
            held[name] = 1
        if self.contended or prepared.version != self.instance.version:
            self.instance.metadata_locks.release_transaction(self.owner)  # noted without asking: now ask
            return self.run_plan(prepared, params, text, args)
        self.current = text
        self.noted = self.moment_of_statement = None
        context = self.context
        context.tables = prepared.handles
        try:
            rows = prepared.run(context, params)
        except BaseException as error:
            raise self.failed(error, prepared) from error.__cause__
        trx = self.trx  # a consistent read has opened a view at most: end it here
        trx.view = None
        trx.active = trx.started = False
        held.clear()
        if self.contended:
            self.instance.metadata_locks.release_transaction(self.owner)
        self.current = None
        self.last_plan = prepared
        self.row_count = -1
        self.found_rows = len(rows)  # type: ignore[arg-type]
        result = Result(prepared.columns, rows)
        if self.noted is not None:
            result.noted = self.noted
        return result

    def _first_time(self, text: str, args: Any) -> Result:
        """The text is not in this setting's cache."""
        if self.refusal is not None:
            raise self.refusal()
        self.current = text
        self.stale = True
        try:
            entry, prepared, params = preparing.prepare(self, text, args)
        except Exception as error:
            self.current = None
            made = as_error(self, error)
            if isinstance(made, Error):
                self._note_error(made)
            raise made from error.__cause__
        if prepared is None:
            return self._command(entry.tree, text)
        if prepared.quick and self.steady and entry.rows is None:
            self.stale = False
            return write(self, prepared, params, text, args)
        return self.run_plan(prepared, params, text, args, entry.rows)

    def insert_rows(self, key: str, text: str, rows: Sequence[tuple[Any, ...]]) -> Result:
        """Run the INSERT of one row whose normalised text is `key` for many rows, as one statement."""
        if self.refusal is not None:
            raise self.refusal()
        self.stale = True
        try:
            prepared = preparing.prepare_key(self, key, rows[0])
        except Error as error:
            self._note_error(error)
            raise
        return self.run_plan(prepared, rows[0], text, rows[0], rows)

    def _command(self, tree: Any, text: str) -> Result:
        """A statement that is not a plan."""
        from minidb.statements.dispatch import handler_of

        if self.refusal is not None:
            raise self.refusal()
        self.current = text
        self.began = self.scheduler.now()
        self.moment_of_statement = None
        handler, keeps_warnings = handler_of(tree)
        self.stale = keeps_warnings
        if not keeps_warnings:
            self.noted = None
        limit = self.seconds_per_statement
        if limit:
            self.scheduler.set_deadline(self.connection_id, limit)
        try:
            result = handler(self, tree)
        except BaseException as error:
            raise self.failed(error, None) from error.__cause__
        finally:
            self._statement_over(limit)
        if self.noted is not None and not self.stale:
            result.noted = self.noted
        self.stale = False
        if result.rows is not None:
            self.found_rows = len(result.rows)
            self.row_count = -1
        else:
            self.row_count = result.affected
        return result

    def run_plan(self, prepared: Prepared, params: tuple[Any, ...], text: str, args: Any,
             many: Sequence[tuple[Any, ...]] | None = None) -> Result:
        """Run a plan with all that may be special about the session.  many: the rows of a multi-row INSERT."""
        if self.refusal is not None:
            raise self.refusal()
        self.current = text
        self.began = self.scheduler.now()
        self.moment_of_statement = None
        self.stale = not prepared.uses_tables
        if prepared.uses_tables:
            self.noted = None
        limit = self.seconds_per_statement
        if limit:
            self.scheduler.set_deadline(self.connection_id, limit)
        try:
            prepared, params = self._lock_names(prepared, params, text, args)
            if prepared.changes:
                result = change(self, prepared, params, many)
            else:
                result = read(self, prepared, params)
        except BaseException as error:
            raise self.failed(error, prepared) from error.__cause__
        finally:
            self._statement_over(limit)
        self.last_plan = prepared
        if self.noted is not None and not self.stale:
            result.noted = self.noted
        self.stale = False
        return result

    def _statement_over(self, limit: float) -> None:
        self.current = None
        if limit:
            self.scheduler.set_deadline(self.connection_id, None)

    def _lock_names(self, prepared: Prepared, params: tuple[Any, ...], text: str,
                    args: Any) -> tuple[Prepared, tuple[Any, ...]]:
        """Take the metadata locks; bind anew if a definition changed before they were granted."""
        locks, owner = self.instance.metadata_locks, self.owner
        while True:
            if self.locked is not None:
                self.locked.check(prepared)
            if self.trx.read_only and prepared.writes:
                self._may_write(prepared)
            wanted = prepared.wanted
            if len(wanted) == 1:
                name, mode = wanted[0]
                locks.acquire(owner, name, mode, self.lock_wait_seconds)
            elif wanted:
                locks.acquire_all(owner, wanted, self.lock_wait_seconds)
            if prepared.version == self.instance.version:
                return prepared, params
            if self.trx.autocommit:
                locks.release_transaction(owner)
            _, again, params = preparing.prepare(self, text, args)
            if again is None:
                raise InternalError(1815, "Internal error: a plan became a command")
            prepared = again

    def _may_write(self, prepared: Prepared) -> None:
        if any(t.write for t, h in zip(prepared.plan.tables, prepared.handles, strict=True) if not h.tdef.temporary):
            raise SqlError.of(1792)

    def fresh_context(self, prepared: Prepared) -> ExecContext:
        """The session's execution context, reset for a statement."""
        context = self.context
        context.tables = preparing.live_handles(self, prepared) if prepared.virtual else prepared.handles
        context.affected = context.insert_id = context.explicit_id = 0
        context.matched = context.changed = context.records = context.duplicates = context.analyze = None
        return context

    def lock_myisam(self, prepared: Prepared) -> None:
        """Take the table locks of the statement's MyISAM tables.  May wait."""
        wanted: Sequence[tuple[Table, TableLock]] = prepared.table_locks
        if self.low_priority:
            wanted = [(h, TableLock.WRITE_LOW_PRIORITY if k == TableLock.WRITE else k) for h, k in wanted]
        self.instance.myisam.lock_tables(self.trx, wanted, self.lock_wait_seconds, prepared.high_priority)

    # ---- ends
    def autocommitted(self) -> None:
        """The end of a transaction of one statement."""
        self.instance.metadata_locks.release_transaction(self.owner)
        self.trx.changed_non_transactional = False
        if self.one_shot:
            self.reset_transaction()

    def commit_transaction(self) -> None:
        """Commit what is open; waits while another session holds the global read lock."""
        trx = self.trx
        if trx.active:
            if self.owner.held:
                self.instance.metadata_locks.begin_commit(self.owner, self.lock_wait_seconds)
            self.instance.innodb.commit(trx)
        self.transaction_over()

    def rollback_transaction(self) -> None:
        """Roll back what is open; warns 1196 if MyISAM tables were changed."""
        trx = self.trx
        changed = trx.changed_non_transactional
        if trx.active:
            self.instance.innodb.rollback(trx)
        if changed:
            self.warn("Warning", 1196, SqlError.of(1196).message)
        self.transaction_over()

    def transaction_over(self) -> None:
        """The session is without a transaction from here on."""
        self.explicit = False
        self.savepoints.clear()
        self.trx.changed_non_transactional = False
        self.reset_transaction()
        self.instance.metadata_locks.release_transaction(self.owner)

    def reset_transaction(self) -> None:
        """Give the next transaction the session's characteristics."""
        trx = self.trx
        self.one_shot = False
        trx.autocommit = self.autocommit and not self.explicit
        trx.isolation = self.isolation
        trx.read_only = self.read_only
        self.refresh()

    def refresh(self) -> None:
        """Recompute whether the session is `steady` (nothing special set: short roads are open), and `plain`: in autocommit
        mode besides."""
        self.steady = (not self.one_shot and self.locked is None and not self.seconds_per_statement
                       and self.select_limit >= 1 << 62 and not self.owner.global_read)
        self.plain = self.steady and self.trx.autocommit

    def failed(self, error: BaseException, prepared: Prepared | None) -> BaseException:
        """A statement ended with `error`: undo what has to be undone, and give the exception to raise."""
        trx, instance = self.trx, self.instance
        self.current = None
        made = as_error(self, error)
        if isinstance(made, Error) and made.rolled_back is RolledBack.TRANSACTION:
            if trx.active:
                instance.innodb.rollback(trx)
            self.transaction_over()
        elif trx.autocommit:
            if trx.active:
                instance.innodb.rollback(trx)
            self.autocommitted()
        else:
            if trx.active and (prepared is None or not prepared.changes):
                instance.innodb.end_statement(trx, True)
            if trx.active or self.explicit:
                instance.metadata_locks.end_statement(self.owner)
            else:
                instance.metadata_locks.release_transaction(self.owner)
        if isinstance(made, Error):
            self._note_error(made)
            if made.code == 1927:
                self.close()
        self.row_count = -1
        return made

    def _note_error(self, error: Error) -> None:
        entry = ("Error", error.code, error.message)
        known = [] if self.stale or self.noted is None else self.noted
        self.stale = False
        if self.max_errors and (not known or known[-1] != entry):
            self.noted = [*known, entry][-self.max_errors:]

    # ---- what expressions see (SessionState)
    def statement_time(self) -> datetime.datetime:
        """NOW(): one moment for the whole statement, in the session's time zone."""
        if self.moment_of_statement is None:
            self.moment_of_statement = self.moment()
        return self.moment_of_statement

    def random(self) -> float:
        return self.scheduler.random().random()

    def sleep(self, seconds: float) -> None:
        """SLEEP(): waits on the scheduler's clock; raises `Interrupted` when killed."""
        self.scheduler.sleep(self.connection_id, self.name, seconds)

    def warn(self, level: str, code: int, message: str) -> None:
        """Add to SHOW WARNINGS."""
        if level == "Note" and not self.notes_wanted:
            return
        noted = self.noted
        if noted is None or self.stale:
            noted = self.noted = []
            self.stale = False
        if len(noted) < self.max_errors:
            noted.append((level, code, message))

    def check_interrupted(self) -> None:
        """Raises `Interrupted` when the statement was killed or ran out of time."""
        self.scheduler.check_interrupted(self.connection_id)

    # ---- settings of the cache
    def change_setting(self) -> None:
        """The current database or a variable that plans depend on has changed: use the texts of that setting."""
        self.setting = (self.database, self.modes, self.variables.values["collation_connection"], self.foreign_key_checks)
        if self.temporary:
            self._private = texts = Texts()
        else:
            self._private = None
            found = self.instance.plans.get(self.setting)
            texts = self.instance.plans.setdefault(self.setting, Texts()) if found is None else found
        self.texts: Texts = texts
        self._plain_texts: dict[str, Entry] = texts.plain
        self._arg_texts: dict[str, Entry] = texts.with_args

    def open(self, db: str | None, name: str) -> Table:
        """A handle on a table as the session sees it (temporary tables first).  Raises 1046, 1146."""
        return preparing.open_table(self, db, name)

    # ---- other ways in
    def execute_script(self, text: str) -> Iterator[Result]:
        """Run the statements of `text` (separated by ``;``, DELIMITER lines allowed) one by one; yields their results."""
        from minidb.query.parse.parser import split_statements

        for statement, *_ in split_statements(text):
            yield self.execute(statement)

    def execute_many(self, text: str, rows: Sequence[Any]) -> Result:
        """Run one statement for many argument rows as one: rows affected add up; the first error ends it.  A plain INSERT is one
        statement for the engine too, as PyMySQL's batches are."""
        from minidb.statements.bulk import execute_many

        return execute_many(self, text, rows)

    def last_explain(self) -> tuple[ExplainRow, ...]:
        """The access paths of the statement that ran last."""
        return () if self.last_plan is None else self.last_plan.plan.explain

    # ---- life
    @property
    def in_transaction(self) -> bool:
        """Whether COMMIT or ROLLBACK would end something."""
        return self.explicit or (not self.autocommit and self.trx.active)

    def cancel(self) -> None:
        """Stop the running statement (KILL QUERY); nothing happens when none runs."""
        if self.current is not None:
            self.scheduler.interrupt(self.connection_id)

    def kill(self) -> None:
        """End the session (KILL CONNECTION): at once when it is idle, else as soon as its statement notices."""
        if self.current is not None:
            self.scheduler.interrupt(self.connection_id, 1927)
        else:
            self.close()

    def refuse(self, error: Callable[[], Error]) -> None:
        """From now on every statement raises `error()`."""
        self.refusal = error
        self._plain_texts, self._arg_texts = {}, {}

    def close(self) -> None:
        """Roll back, give back all locks, drop temporary tables.  Calling it again does nothing."""
        if self.closed:
            return
        self.closed = True
        self.refuse(lambda: SqlError.of(1927))
        if self.instance.failure is not None:
            self.instance.sessions.pop(self.connection_id, None)
            return
        end_work(self)
        self.instance.metadata_locks.remove(self.owner)
        self.scheduler.clear_interrupt(self.connection_id)
        self.instance.sessions.pop(self.connection_id, None)

    def __repr__(self) -> str:
        return f"<Session {self.name} id={self.connection_id} database={self.database}>"

