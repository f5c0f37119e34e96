"""Old versions of rows: walking from a clustered record back along its roll pointers.

A version's undo may be gone once every open and future view sees that version; no walk goes further than the version that the
purge view sees, so a roll pointer is followed only where its undo is still kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from minidb.engine import Key, Row
from minidb.innodb.layout import DELETED, ROLL_PTR, TRX_ID, SecondaryLayout
from minidb.innodb.read_view import ReadView
from minidb.innodb.trx import TrxSystem
from minidb.innodb.undo import UndoSpace


class Versions:
    """Reads version chains of one database."""

    __slots__ = ("_old_row", "_system")

    def __init__(self, system: TrxSystem, undo: UndoSpace) -> None:
        self._system = system
        self._old_row: Callable[[int], Row] = undo.old_row

    def visible(self, row: Row, view: ReadView) -> Row | None:
        """The version of `row` that `view` sees, None if the row does not exist for it."""
        up_limit, low_limit, active, creator = view.up_limit, view.low_limit, view.active, view.creator
        while True:
            trx_id = row[TRX_ID]
            if trx_id < up_limit or trx_id == creator or (trx_id < low_limit and trx_id not in active):
                return None if row[DELETED] else row
            roll_ptr = row[ROLL_PTR]
            if not roll_ptr:
                return None
            row = self._old_row(roll_ptr)

    def committed(self, row: Row) -> Row | None:
        """The newest version of `row` that no active transaction has written, None if there is none or it is deleted
        (what a semi-consistent read tests)."""
        active = self._system.active
        while row[TRX_ID] in active:
            roll_ptr = row[ROLL_PTR]
            if not roll_ptr:
                return None
            row = self._old_row(roll_ptr)
        return None if row[DELETED] else row

    def chain(self, row: Row) -> Iterator[Row]:
        """`row` and all its older versions that are still kept, newest first."""
        sees = self._system.purge_view.sees
        while True:
            yield row
            roll_ptr = row[ROLL_PTR]
            if not roll_ptr or sees(row[TRX_ID]):
                return
            row = self._old_row(roll_ptr)

    def has_entry(self, row: Row | None, key: Key, layout: SecondaryLayout, resolve: Callable[[Row], Row] | None) -> bool:
        """True if `row` or an older version of it that somebody may still read stands under `key` in a secondary index.
        resolve: brings off-page values in, None where the table has none."""
        if row is None:
            return False
        key_of = layout.key_of
        for version in self.chain(row):
            if not version[DELETED] and key_of(version if resolve is None else resolve(version)) == key:
                return True
        return False
