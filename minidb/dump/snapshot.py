"""`Snapshot`: some tables at one moment, read in batches while others go on writing.

1. Metadata locks on all tables keep their definitions as they are to the end.
2. MyISAM tables are locked READ LOCAL, all in one call: writers wait, except for concurrent inserts, which are not seen.
3. Then a REPEATABLE READ transaction WITH CONSISTENT SNAPSHOT opens its view: InnoDB tables are read without locks, writers go on.

(mysqldump --single-transaction does 3 without 1 and 2, and --lock-tables does 2 database by database.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minidb.catalog import TableDef
from minidb.database import Database
from minidb.engine import Isolation, Row, Scan, Table, TableLock
from minidb.metadata_lock import SHARED_READ
from minidb.session import Session
from minidb.statements import preparing
from minidb.statements.transactions import start

Name = tuple[str, str]


class Snapshot:
    """Open until `close`; a context manager.  session: one of its own, so that no caller's transaction is touched.

    Opening may wait for locks and raises 1146 for a table that is gone, 1194, 1205.
    """

    def __init__(self, database: Database, names: Sequence[Name], lock_tables: bool = True) -> None:
        self.database = database
        self.session: Session = database.session("dump")
        try:
            self._open(names, lock_tables)
        except BaseException:
            self.session.close()
            raise

    def _open(self, names: Sequence[Name], lock_tables: bool) -> None:
        session, database = self.session, self.database
        session.execute("SET sql_mode = '', time_zone = '+00:00', max_statement_time = 0, lock_wait_timeout = DEFAULT")
        seconds = session.lock_wait_seconds
        database.metadata_locks.acquire_all(session.owner, [(name, SHARED_READ) for name in names], seconds)
        self.tables: dict[Name, Table] = {name: database.open_table(*name) for name in names}
        if lock_tables:
            wanted = [(t, TableLock.READ_LOCAL) for t in self.tables.values() if t.tdef.engine == "MyISAM"]
            database.myisam.lock_tables(session.trx, wanted, seconds)
        session.trx.isolation = Isolation.REPEATABLE_READ
        start(session, "READ ONLY", snapshot=True)

    def definition(self, name: Name) -> TableDef:
        return self.tables[name].tdef

    def create_table(self, name: Name) -> str:
        """The statement that makes the table, its running AUTO_INCREMENT counter included."""
        from minidb.query.look.show_create import create_table_text

        table = self.tables[name]
        return create_table_text(table.tdef, table.stats().auto_increment)

    def batches(self, name: Name, index: int | None = None) -> Iterator[list[Row]]:
        """The rows of a table, about a page at a time, in the order of `index`, without one in clustered or storage order.  A row
        is its columns and what the engine puts behind them."""
        cursor = self.tables[name].scan(self.session.trx, Scan(index))
        try:
            while (batch := cursor.next_batch()) is not None:
                yield batch
                self.session.check_interrupted()
        finally:
            cursor.close()

    def matching(self, query: str) -> list[Row]:
        """The rows of a SELECT on tables of the snapshot: all of them in memory.  Raises what the SELECT raises."""
        _, prepared, params = preparing.prepare(self.session, query, None)
        assert prepared is not None
        return prepared.run(self.session.fresh_context(prepared), params) or []

    def close(self) -> None:
        """Give back all locks and the view."""
        self.database.myisam.unlock_tables(self.session.trx)
        self.session.close()

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def key_order(tdef: TableDef) -> int | None:
    """The index whose order --order-by-primary means: PRIMARY, else the first unique one; None: there is none."""
    for wanted in ("primary", "unique"):
        for i, index in enumerate(tdef.indexes):
            if getattr(index, wanted):
                return i
    return None
