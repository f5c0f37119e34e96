"""Changing the definitions of a database, so that a crash leaves the old or the new one.

Order of every change here: `note_change`; what the new definition needs is made and made durable; the dictionary is replaced (this
is the moment at which the change happens); files that it does not need are removed or renamed.  A failure before that moment
leaves everything as it was; a failure after it stops the database, and the next start finishes the change.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar, cast

from minidb.catalog import TableDef
from minidb.dictionary import FILE_NAME, Dictionary, UnsureError
from minidb.engine import Engine, Table
from minidb.errors import Error
from minidb.scheduler import Mutex, Scheduler
from minidb.statements.cache import Texts
from minidb.statements.table_files import Operation, directories, exchange, files_of, perform, removals, renamings
from minidb.storage.buffer_pool import BufferPool
from minidb.storage.durable import Durable
from minidb.storage.file import FileSystem, write_failed
from minidb.storage.redo import stopped

Method = TypeVar("Method", bound=Callable[..., Any])


def _alone(method: Method) -> Method:
    """One change of definitions at a time: there is one list of pending file operations."""

    @wraps(method)
    def changing(self: Definitions, *args: Any, **kwargs: Any) -> Any:
        with self.changing:
            return method(self, *args, **kwargs)

    return cast("Method", changing)


class Definitions:
    """The part of `Database` that changes definitions.  changing: held by whoever does; nobody waits for anything else then.
    shape: an object that stands for the present definitions and table objects: another one after every change, and the old one
    again when a snapshot is restored."""

    changing: Mutex
    fs: FileSystem
    persistent: bool
    pool: BufferPool
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

    def note_change(self) -> None:
        """Something in the directory is about to change: until `close` it counts as not closed."""
        if self.dictionary.clean:
            with self.changing:
                self._note_change()

    def _note_change(self) -> None:
        """Something in the directory is about to change: until `close` it counts as not closed (rule 4)."""
        if self.dictionary.clean:
            self.dictionary.clean = False
            self._save_dictionary()

    def schema_changed(self) -> None:
        """Definitions were put into the dictionary: save them, and forget what was derived from the old ones."""
        with self.changing:
            self._schema_changed()

    def _schema_changed(self, pending: Sequence[Operation] = ()) -> None:
        """Definitions have changed: save them, and forget what was derived from the old ones.  This is the moment at which a change
        happens: what it needs is durable before; `pending` is what the caller does to files afterwards."""
        self._log_durable()
        self.dictionary.pending = list(pending)
        self._save_dictionary()
        self.forget_plans()

    def _save_dictionary(self) -> None:
        """Write the dictionary.  If that fails definitions are as they were (1026), or the database stops."""
        try:
            self.dictionary.save()
        except UnsureError as error:
            raise self._fail(error.cause) from error
        except OSError as error:
            try:
                self.dictionary.reload()
            except (OSError, Error) as worse:
                raise self._fail(worse) from error
            raise write_failed(FILE_NAME, FILE_NAME, error) from error

    def _fail(self, error: BaseException) -> Error:
        """Stop the database because of `error`; the caller raises what is returned."""
        if self.durable is not None:
            self.durable.redo.fail(error)
        return stopped(error)

    def _log_durable(self) -> None:
        if self.durable is not None:
            self.durable.redo.write_up_to(self.durable.redo.lsn - 1)

    @contextmanager
    def _settling(self) -> Iterator[None]:
        """Around the file operations that follow a change of the dictionary.  If one fails the database stops: the change has
        happened, and the next start finishes it."""
        try:
            yield
            self._settle()
        except (Error, OSError) as error:
            raise self._fail(error) from error

    def _settle(self) -> None:
        """Pending file operations have been done: make that durable."""
        pending = self.dictionary.pending
        self.dictionary.pending = []
        if self.persistent and pending:
            for directory in directories(pending):
                if self.fs.exists(directory) or not directory:
                    self.fs.sync_dir(directory)
            if any(operation[0] == "rename" for operation in pending):
                self._save_dictionary()

    def forget_plans(self) -> None:
        """Drop handles and bound plans."""
        self.version += 1
        self.shape = object()
        self._handles.clear()
        for texts in list(self.plans.values()):
            texts.clear()

    # ---- definitions (the caller holds the exclusive metadata locks)
    @_alone
    def create_database(self, name: str, charset: str, collation: str) -> None:
        self._note_change()
        self.dictionary.create_database(name, charset, collation)
        self._make_directory(name)
        self._schema_changed()

    def _make_directory(self, name: str) -> None:
        if not self.fs.exists(name):
            self.fs.mkdir(name)
            self._sync_directory("")

    def _sync_directory(self, path: str) -> None:
        """Make names in a directory durable; a failure stops the database."""
        try:
            self.fs.sync_dir(path)
        except OSError as error:
            raise self._fail(error) from error

    @_alone
    def drop_database(self, name: str) -> int:
        """Drop a database and its tables; the number of tables dropped."""
        self._note_change()
        tables = [self.dictionary.table(name, t) for t in self.dictionary.tables(name)]
        self.dictionary.drop_database(name)
        self._schema_changed([*removals(tables), ("rmdir", name)])
        with self._settling():
            for tdef in tables:
                self.engines[tdef.engine].drop_table(tdef)
            perform(self.fs, self.dictionary.pending)
        return len(tables)

    @_alone
    def create_table(self, tdef: TableDef, unfinished: bool = False) -> None:
        """Make the table's files and enter it into the dictionary; all or nothing.  unfinished: a crash before `finish_table` takes
        it back."""
        self._note_change()
        engine = self.engines[tdef.engine]
        engine.create_table(tdef)
        try:
            self._make_durable(tdef)
            self.dictionary.put(tdef)
            if unfinished:
                self.dictionary.unfinished.add(tdef.id)
            self._schema_changed()
        except BaseException:
            if self.failure is None:
                engine.drop_table(tdef)
            raise
        self.created[tdef.id] = self.scheduler.wall_clock().replace(microsecond=0)

    @_alone
    def finish_table(self, tdef: TableDef) -> None:
        """A table created as unfinished has got its rows."""
        self.dictionary.unfinished.discard(tdef.id)
        self._log_durable()
        self._save_dictionary()

    @_alone
    def drop_table(self, tdef: TableDef) -> None:
        self._note_change()
        self._forget(tdef)
        self.dictionary.unfinished.discard(tdef.id)
        self.dictionary.remove(tdef.db, tdef.name)
        self._schema_changed(removals([tdef]))
        with self._settling():
            self.engines[tdef.engine].drop_table(tdef)

    @_alone
    def truncate_table(self, tdef: TableDef) -> None:
        self._note_change()
        self.engines[tdef.engine].truncate_table(tdef)
        self._log_durable()
        self.forget_plans()

    def _make_durable(self, tdef: TableDef) -> None:
        """Everything in the table's files, and their names, survive a crash from now on."""
        if self.persistent:
            with self.scheduler.latch:
                for path in files_of(tdef):
                    if path in self.pool.spaces:
                        self.pool.flush(self.pool.spaces[path])
            if tdef.engine != "InnoDB":
                self.engines[tdef.engine].flush()
            self._sync_directory(tdef.db)

    @_alone
    def exchange_table(self, old: TableDef, scratch: TableDef, new: TableDef) -> None:
        """`scratch`, a complete table that the dictionary does not know, becomes `new` and takes the place of `old`."""
        self._forget(old)
        self._make_durable(scratch)
        self.dictionary.remove(old.db, old.name)
        self.dictionary.put(new)
        self._schema_changed(exchange(old, scratch, new))
        with self._settling():
            self.engines[old.engine].drop_table(old)
            self.engines[new.engine].rename_table(scratch, new)
        self.forget_plans()

    @_alone
    def rename_table(self, old: TableDef, new: TableDef, *, move_references: bool = True) -> None:
        """Give a table another name; foreign keys of other tables follow it unless told not to."""
        from minidb.query.define.alter import rename_key_references

        self._note_change()
        self._forget(old)
        children = [r.child for r in self.dictionary.references_to(*old.full_name) if r.child.full_name != old.full_name]
        self.dictionary.remove(old.db, old.name)
        self.dictionary.put(new)
        if move_references:
            for child in {c.id: c for c in children}.values():
                followed = rename_key_references(child, old.full_name, new.full_name)
                self._forget(child)
                self.engines[child.engine].update_definition(child, followed)
                self.dictionary.put(followed)
        self._schema_changed(renamings(old, new))
        with self._settling():
            self.engines[old.engine].rename_table(old, new)
        self.forget_plans()

    @_alone
    def replace_definition(self, old: TableDef, new: TableDef) -> None:
        """`new` differs from `old` only in what the engine does not store."""
        self._note_change()
        self._forget(old)
        self.engines[old.engine].update_definition(old, new)
        self.dictionary.put(new)
        try:
            self._schema_changed()
        except Error as error:
            raise self._fail(error) from error  # the engine has the new definition, the dictionary the old one

    def _forget(self, tdef: TableDef) -> None:
        self._handles.pop((tdef.db, tdef.name), None)
