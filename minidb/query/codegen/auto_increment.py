"""AUTO_INCREMENT values for statements that store several rows."""

from __future__ import annotations

from minidb.engine import Table, Trx
from minidb.errors import SqlError
from minidb.query.context import ExecContext


def check_generated(value: int) -> None:
    """Raises 1467: the counter has left the column's range."""
    raise SqlError.of(1467)


def next_of_many(x: ExecContext, table: Table) -> int:
    """A value for one row of a multi-row INSERT that is run row by row (`ExecContext.expected` rows)."""
    if x.auto is None:
        x.auto = AutoIncrement(table, x.trx, x.expected, True)
    value: int = x.auto.next()
    return value


class AutoIncrement:
    """Hands out values from reserved runs.

    known: the number of rows where the statement tells it (VALUES): the first reservation is for all of them.  Otherwise InnoDB
    reserves 1, 2, 4, 8 ... values; MyISAM, which gives nothing back, one at a time.  first_stored: the first generated value whose
    row was stored (LAST_INSERT_ID), 0 if none."""

    __slots__ = ("_end", "_known", "_next", "_runs", "doubling", "first_stored", "table", "trx")

    def __init__(self, table: Table, trx: Trx, known: int, doubling: bool) -> None:
        self.table = table
        self.trx = trx
        self.doubling = doubling
        self.first_stored = 0
        self._known = known
        self._runs = 0
        self._next = self._end = 0

    def next(self) -> int:
        """A fresh value.  May wait (AUTO-INC)."""
        if self._next >= self._end:
            count = 1 << self._runs if self.doubling else 1
            if not self._runs and self._known:
                count = self._known
            self._next = self.table.next_auto_increment(self.trx, count)
            self._end = self._next + count
            self._runs += 1
        value = self._next
        self._next += 1
        return value

    def given(self, value: int) -> None:
        """A row had the value `value` of its own: smaller ones of the present run are not used any more."""
        if self._next <= value < self._end:
            self._next = int(value) + 1
        elif value >= self._end:
            self._next = self._end

    def unused(self, value: int) -> None:
        """The row with the generated `value` was ignored as a duplicate: the next row of the statement gets it."""
        if value == self._next - 1:
            self._next = value

    def stored(self, value: int) -> None:
        """The row with the generated `value` was stored."""
        if not self.first_stored:
            self.first_stored = value
