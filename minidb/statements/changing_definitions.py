"""Changing the definitions of a database, so that a crash leaves all of the old ones or all of the new ones.

Order of every change here: `note_change`; what the new definitions need is made and made durable; the dictionary is replaced as a
whole (this is the moment at which the change happens, however many tables it concerns); files that it does not need are removed or
renamed, and the engines are told.  A failure before that moment leaves everything as it was; a failure after it stops the database,
and the next start finishes the change.  What a change means for files, and how that can be done twice, is in `definition_change`.

Statements and what they change in one step
* CREATE TABLE ... SELECT and CREATE OR REPLACE TABLE fill a table that no definition knows yet; it takes its name, and the place of
  the table that had it, when it is complete.
* ALTER TABLE enters the new definition, the new name (RENAME TO) and what foreign keys of other tables say about both.  A copied
  table is exchanged; indexes built in place are complete and in the log before, those that go are freed after.
* RENAME TABLE enters all its names, DROP DATABASE drops all its tables; DROP TABLE drops table by table, as MariaDB does, or all at
  once, as MySQL 8.0 does.
* TRUNCATE TABLE is one mini-transaction in InnoDB, and an exchange with an empty table in MyISAM.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar, cast

from minidb.catalog import TableDef
from minidb.dictionary import FILE_NAME, Dictionary, UnsureError
from minidb.engine import Engine, Table
from minidb.errors import Error, SqlError
from minidb.scheduler import Mutex, Scheduler
from minidb.statements.cache import Texts
from minidb.statements.definition_change import DefinitionChange
from minidb.statements.table_files import COUNTER, directories, files_of
from minidb.storage.durable import Durable
from minidb.storage.file import FileSystem, describe, write_failed
from minidb.storage.redo import stopped

Method = TypeVar("Method", bound=Callable[..., Any])
Edit = Callable[[Dictionary], object]


def _alone(method: Method) -> Method:
    """One change of definitions at a time: there is one list of pending file operations."""

    @wraps(method)
    def changing(self: Definitions, *args: Any, **kwargs: Any) -> Any:
        with self.changing:
            return method(self, *args, **kwargs)

    return cast("Method", changing)


class Definitions:
    """The part of `Database` that changes definitions.  changing: held by whoever does; nobody waits for anything else then.
    created: when each table was made, by id.
    shape: an object that stands for the present definitions and table objects: another one after every change, and the old one
    again when a snapshot is restored."""

    changing: Mutex
    fs: FileSystem
    persistent: bool
    durable: Durable | None
    failure: BaseException | None
    scheduler: Scheduler
    dictionary: Dictionary
    engines: dict[str, Engine]
    version: int
    shape: object
    plans: dict[Any, Texts]
    created: dict[int, datetime.datetime]
    _handles: dict[tuple[str, str], Table]

    # ---- steps
    def note_change(self) -> None:
        """Something in the directory is about to change: until `close` it counts as not closed."""
        if self.dictionary.clean:
            with self.changing:
                self._note_change()

    def _note_change(self) -> None:
        dictionary = self.dictionary
        if dictionary.clean:
            dictionary.clean = False
            try:
                self._saved(dictionary.save)
            except BaseException:
                dictionary.clean = True
                raise

    def _saved(self, save: Callable[[], None]) -> None:
        """Write the dictionary.  If that fails definitions are as they were (1026, 1114), or the database stops."""
        try:
            save()
        except UnsureError as error:
            raise self.fail(error.cause) from error
        except OSError as error:
            raise write_failed(FILE_NAME, FILE_NAME, error) from error

    def fail(self, error: BaseException) -> Error:
        """Stop the database because of `error`; the caller raises what is returned."""
        if self.durable is not None:
            self.durable.redo.fail(error)
        return stopped(error)

    def make_log_durable(self) -> None:
        """Every mini-transaction so far survives a crash."""
        if self.durable is not None:
            self.durable.redo.write_up_to(self.durable.redo.lsn - 1)

    def forget_plans(self) -> None:
        """Drop handles and bound plans."""
        self.version += 1
        self.shape = object()
        self._handles.clear()
        for texts in list(self.plans.values()):
            texts.clear()

    # ---- a change
    @_alone
    def change(self, edit: Edit, *fresh: TableDef, counters: Mapping[int, int] | None = None) -> None:
        """Let `edit` change a draft of the definitions, and make the draft real in one step.  Raises what `edit` raises, 1026,
        1114, and nothing has happened; the caller holds the exclusive metadata locks of all tables concerned.

        fresh: complete tables that no definition knows (see `making`), as their files are named now.  counters: table id -> next
        AUTO_INCREMENT value, part of the change."""
        self._note_change()
        draft = self.dictionary.draft()
        edit(draft)
        change = DefinitionChange.between(self.dictionary, draft, fresh, counters)
        try:
            for tdef in fresh:
                self._make_durable(tdef)
            for name in change.databases:
                self._make_directory(name)
            self.make_log_durable()
            pending = change.operations() if self.persistent else ()
            self._saved(lambda: self.dictionary.accept(draft, pending))
        except BaseException:
            self._remove_new_directories(change)
            raise
        self.forget_plans()
        now = self.scheduler.wall_clock().replace(microsecond=0)
        for tdef in fresh:
            self.created.setdefault(tdef.id, now)
        try:
            self._follow(change)
        except BaseException as error:
            if self.durable is None:
                raise
            raise self.fail(error) from error  # the change has happened, and the next start finishes it
        self.forget_plans()

    def _follow(self, change: DefinitionChange) -> None:
        """Do to files and engines what `change` asks for; the dictionary holds it already."""
        for tdef in change.gone:
            self.engines[tdef.engine].drop_table(tdef)
        if change.aside:
            self._move(change.aside)
            self._settled(change.last_step)
        self._move(change.moved)
        for old, new in change.redefined:
            self.engines[new.engine].update_definition(old, new)
        for name in change.dropped:
            self._remove_directory(name)
        for tdef, value in change.counters:
            self.engines[tdef.engine].open_table(tdef).set_auto_increment(value)
        if change.counters:
            self.make_log_durable()
        self._settled(list)

    def _move(self, pairs: list[tuple[TableDef, TableDef]]) -> None:
        for old, new in pairs:
            self.engines[new.engine].rename_table(old, new)

    def _settled(self, left: Callable[[], list[tuple[str, ...]]]) -> None:
        """The pending operations up to a barrier, or all, have been done: make that durable, and what is `left` pending.  Removals
        may stay on the list: to repeat one is harmless, for the next change comes with a list of its own."""
        dictionary = self.dictionary
        done, dictionary.pending = dictionary.pending, left()
        if self.persistent:
            for directory in directories(done):
                if self.fs.exists(directory) or not directory:
                    self.fs.sync_dir(directory)
            if dictionary.pending or any(operation[0] in ("rename", COUNTER) for operation in done):
                dictionary.save()

    # ---- directories
    def _make_directory(self, name: str) -> None:
        if not self.fs.exists(name):
            try:
                self.fs.mkdir(name)
            except OSError as error:
                raise SqlError.of(1006, name, describe(error)) from error
            self._sync_directory("")

    def _remove_new_directories(self, change: DefinitionChange) -> None:
        """Nothing comes of `change`."""
        for name in change.databases:
            if self.failure is None and self.fs.exists(name):
                try:
                    self.fs.rmdir(name)
                except OSError as error:
                    raise self.fail(error) from error

    def _sync_directory(self, path: str) -> None:
        """Make names in a directory durable; a failure stops the database."""
        try:
            self.fs.sync_dir(path)
        except OSError as error:
            raise self.fail(error) from error

    def _remove_directory(self, name: str) -> None:
        if self.fs.exists(name):
            for path in self.fs.listdir(name):
                self.fs.remove(f"{name}/{path}")
            self.fs.rmdir(name)

    # ---- new tables
    @contextmanager
    def making(self, tdef: TableDef, name: str) -> Iterator[None]:
        """Make the files of a new table that no definition knows; the block fills it and lets `change` enter it.  If that fails
        before the change the files are removed; if not even that is possible the database stops.  Errors call the table `name`."""
        self.note_change()
        engine = self.engines[tdef.engine]
        for path in files_of(tdef):
            if self.fs.exists(path):
                self._remove_left_over(path)
        try:
            engine.create_table(tdef)
            yield
        except BaseException as error:
            if self.failure is None and all(tdef.id != known.id for known in self.dictionary.all_tables()):
                try:
                    engine.drop_table(tdef)
                except (Error, OSError) as worse:
                    raise self.fail(worse) from error
            raise readable(error, tdef, name) from error.__cause__

    def _remove_left_over(self, path: str) -> None:
        """A file without a definition is in the way: making it failed, and so did removing it."""
        try:
            self.fs.remove(path)
        except OSError as error:
            raise write_failed(path, path, error) from error

    def _make_durable(self, tdef: TableDef) -> None:
        """Everything in the table's files, and their names, survive a crash from now on."""
        if self.persistent:
            self.engines[tdef.engine].flush_table(tdef)
            self._sync_directory(tdef.db)

    def create_table(self, tdef: TableDef, replaced: TableDef | None = None) -> None:
        """Make an empty table; `replaced`, the table of its name, goes in the same step.  All or nothing."""
        scratch = tdef if replaced is None else beside(tdef)
        with self.making(scratch, tdef.name):
            self.enter_table(scratch, tdef)

    def enter_table(self, scratch: TableDef, tdef: TableDef) -> None:
        """`scratch`, a complete table that no definition knows, becomes `tdef`, in the place of a table of that name."""
        self.change(lambda draft: draft.put(tdef), scratch)

    def truncate_table(self, tdef: TableDef) -> None:
        """Remove all rows; the AUTO_INCREMENT counter begins again."""
        if tdef.engine == "InnoDB":
            self._truncate_in_place(tdef)
            return
        created = self.created.get(tdef.id)
        new = tdef.evolve(id=self.dictionary.new_table_id(), auto_increment=1)
        if created is not None:
            self.created[new.id] = created
        self.create_table(new, tdef)

    @_alone
    def _truncate_in_place(self, tdef: TableDef) -> None:
        self._note_change()
        self.engines[tdef.engine].truncate_table(tdef)
        self.make_log_durable()
        self.forget_plans()


def beside(tdef: TableDef) -> TableDef:
    """The definition under which a table is filled that will take the place of another one.  Its foreign keys are looked after by
    whoever fills it."""
    return tdef.evolve(name=f"#sql-alter-{tdef.id}", foreign_keys=(), version=tdef.version)


def readable(error: BaseException, scratch: TableDef, name: str) -> BaseException:
    """`error` about the table `scratch` with the name that the user knows."""
    if not isinstance(error, Error) or scratch.name not in error.message:
        return error
    message = error.message.replace(scratch.name, name)
    return SqlError.make(type(error), error.code, message, error.symbol, error.sqlstate, error.rolled_back)
