"""`dump`: a database directory as SQL text."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import BinaryIO

from minidb import __version__
from minidb.database import Database
from minidb.dump import layout
from minidb.dump.inserts import Inserts
from minidb.dump.options import DumpOptions
from minidb.dump.selection import Name, select
from minidb.dump.snapshot import Snapshot, key_order
from minidb.query.define.ddl_keys import quote
from minidb.query.look.show_create import create_database_text

DEFAULT = DumpOptions()


def dump(database: Database, out: BinaryIO, db: str | None = None, tables: Sequence[str] = (), *,
         databases: Sequence[str] | None = None, ignored: Container[Name] = (), options: DumpOptions = DEFAULT) -> int:
    """Write tables of `database` to `out` as SQL that minidb, MariaDB and MySQL load; the number of rows.

    db: the database whose tables are meant, all or `tables`; no CREATE DATABASE is written.  databases: several, each with CREATE
    DATABASE and USE.  Neither: all.  ignored: (database, table) to be left out.

    The dump shows one moment (see `Snapshot`); it holds one batch of rows in memory at a time, with `options.where` the matching
    rows of one table.  Its last line is ``-- Dump completed`` only if it is whole (and has comments).  Raises 1049, 1146, 1194,
    1205 for tables that cannot be read, OSError if `out` cannot be written; both leave a dump without an end.
    """
    chosen = select(database, db, tables, databases, ignored)
    names = [(one.database.name, name) for one in chosen for name in one.names]
    with Snapshot(database, names, options.lock_tables) as snapshot:
        made = _Dump(snapshot, out, options)
        shown = db or next(iter(databases or ()), "")
        made.write(layout.header(options, shown, str(snapshot.session.variable("global", "version")), f"minidb dump {__version__}"))
        for one in chosen:
            if one.named:
                create = create_database_text(one.database, if_not_exists=True)
                made.write(layout.database_head(options, one.database.name, create))
            for name in one.names:
                made.table((one.database.name, name))
        made.write(layout.footer(options, f"{database.scheduler.wall_clock():%Y-%m-%d %H:%M:%S}"))
    return made.rows


class _Dump:
    """A dump that is being written.  rows: written so far."""

    def __init__(self, snapshot: Snapshot, out: BinaryIO, options: DumpOptions) -> None:
        self.snapshot = snapshot
        self.out = out
        self.options = options
        self.rows = 0

    def write(self, text: str) -> None:
        self.out.write(text.encode("utf-8", "surrogateescape"))

    def table(self, name: Name) -> None:
        options = self.options
        if not options.no_create_info:
            self.write(layout.structure(options, name[1], self.snapshot.create_table(name)))
        if not options.no_data:
            self._rows_of(name)

    def _rows_of(self, name: Name) -> None:
        tdef = self.snapshot.definition(name)
        index = key_order(tdef) if self.options.order_by_primary else None
        order = None
        if index is not None:
            order = ",".join(quote(tdef.columns[column].name) for column in tdef.indexes[index].columns)
        self.write(layout.before_rows(self.options, tdef.name, order))
        inserts = Inserts(tdef, self.options, self.write)
        if self.options.where is None:
            for batch in self.snapshot.batches(name, index):
                inserts.add(batch)
        else:
            inserts.add(self.snapshot.matching(self._query(name, order)))
        inserts.end()
        self.rows += inserts.rows
        self.write(layout.after_rows(self.options, tdef.name))

    def _query(self, name: Name, order: str | None) -> str:
        """The SELECT for --where; its expression must be one, not more than that."""
        where = self.options.where
        columns = ", ".join(quote(c.name) for c in self.snapshot.definition(name).columns)
        query = f"SELECT /*!40001 SQL_NO_CACHE */ {columns} FROM {quote(name[0])}.{quote(name[1])} WHERE {where}"
        return query + (f" ORDER BY {order}" if order else "")
