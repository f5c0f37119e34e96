"""`InnodbLoader`: fills a new table for ALTER TABLE, as InnoDB's own rebuild does: no undo, since the table is dropped if anything
fails; rows that come in clustered order are appended leaf by leaf, others are inserted where they belong; the secondary indexes are
built by sorting when all rows are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minidb.engine import Key, Loader, Row
from minidb.innodb.core import Core
from minidb.innodb.ddl import fill_index
from minidb.innodb.dict_table import DictTable
from minidb.innodb.row_insert import duplicate_error, store_long
from minidb.innodb.trx import InnodbTrx

Item = tuple[Key, Row]


class InnodbLoader(Loader):
    """number: transaction id of all rows.  Made with the latch held."""

    def __init__(self, core: Core, table: DictTable, sort_bytes: int) -> None:
        self.core = core
        self.table = table
        self.sort_bytes = sort_bytes
        self.number = core.system.next_number()
        table.def_trx_id = self.number  # older read views would not see the rows: they are refused the table
        self._last: list[Key] = []  # the largest key, if there is one

    def add(self, rows: Sequence[Row]) -> None:
        core, tree = self.core, self.table.clustered.tree
        with core.latch:
            items = [self._record(values) for values in rows]
            if self._ascending(items):
                tree.bulk_load(core.mtr, self._stored(items))
            else:
                for key, row in items:
                    self._insert(key, row)
                    core.make_room()
            if items:
                self._last = [max(self._last + [key for key, _ in items])]

    def _record(self, values: Row) -> Item:
        clustered, system = self.table.clustered, self.core.system
        if clustered.layout.has_row_id:
            values = (*values, system.next_row_id)
            system.next_row_id += 1
        row = (*values, self.number, 0, 0)
        return clustered.layout.key_of(row), row

    def _ascending(self, items: list[Item]) -> bool:
        keys = self._last + [key for key, _ in items]
        return all(keys[i - 1] < keys[i] for i in range(1, len(keys)))

    def _stored(self, items: list[Item]) -> Iterator[Item]:
        """The records with their long values off page; each such record is a mini-transaction of its own, so that none gets too
        long for the log."""
        if not self.table.long_rows:
            yield from items
            return
        mtr = self.core.mtr
        for key, row in items:
            stored = store_long(mtr, self.table, row, None)
            mtr.commit()
            self.core.make_room()
            yield key, stored

    def _insert(self, key: Key, row: Row) -> None:
        """Put a record between others.  Raises 1062."""
        core, table = self.core, self.table
        tree, mtr = table.clustered.tree, core.mtr
        page, i, found = tree.locate(key)
        if found:
            raise duplicate_error(core, InnodbTrx(0), table.clustered, key, row)
        tree.insert_at(mtr, page, i, key, store_long(mtr, table, row, None) if table.long_rows else row)
        mtr.commit()

    def finish(self) -> None:
        for index in self.table.secondaries:
            fill_index(self.core, self.table, index, self.sort_bytes)
