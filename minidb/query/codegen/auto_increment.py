"""AUTO_INCREMENT values for statements that store several rows."""

from __future__ import annotations

from minidb.engine import Table, Trx
from minidb.errors import SqlError


def check_generated(value: int) -> None:
    """Raises 1467: the counter has left the column's range."""
    raise SqlError.of(1467)


class AutoIncrement:
    """Hands out values from reserved runs.

    known: the number of rows where the statement tells it (VALUES): the first reservation is for all of them.  Otherwise InnoDB
    reserves 1, 2, 4, 8 ... values; MyISAM, which gives nothing back, one at a time.  first_stored: the first generated value whose
    row was stored (LAST_INSERT_ID), 0 if none."""

    __slots__ = ("_end", "_next", "_run", "doubling", "first_stored", "table", "trx")

    def __init__(self, table: Table, trx: Trx, known: int, doubling: bool) -> None:
        self.table = table
        self.trx = trx
        self.doubling = doubling
        self.first_stored = 0
        self._run = known or 1
        self._next = self._end = 0

    def next(self) -> int:
        """A fresh value.  May wait (AUTO-INC)."""
        if self._next >= self._end:
            count = self._run if self.doubling else 1
            self._next = self.table.next_auto_increment(self.trx, count)
            self._end = self._next + count
            self._run *= 2
        value = self._next
        self._next += 1
        return value

    def stored(self, value: int) -> None:
        """The row with the generated `value` was stored."""
        if not self.first_stored:
            self.first_stored = value
