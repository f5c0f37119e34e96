"""`UndoLog`: the undo of one transaction as it stands in undo pages, found without knowing anything but the pages.

Used by recovery, which rolls back and purges what it finds, and by those who look at a closed database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from minidb.innodb.undo import CONTINUED, HEADER, INSERT, KIND, PURGED, Record

Pages = Mapping[int, Sequence[Record]]


class UndoLog:
    """pages: in order.  start: slot of its header.  end: slot behind its last record.  number: of its commit, 0 if the transaction
    was running, PURGED if nobody needs the log.  records: its changes, oldest first; places: (page, slot) of each."""

    __slots__ = ("end", "number", "pages", "places", "records", "start", "trx_id")

    def __init__(self, trx_id: int, number: int, page: int, start: int) -> None:
        self.trx_id = trx_id
        self.number = number
        self.pages = [page]
        self.start = start
        self.end = start + 1
        self.records: list[Record] = []
        self.places: list[tuple[int, int]] = []

    @property
    def state(self) -> str:
        """'active', 'committed' or 'purged'."""
        return "purged" if self.number == PURGED else "committed" if self.number else "active"


def undo_logs(pages: Pages) -> Iterator[UndoLog]:
    """Every log in `pages` (page number -> its records), by page and slot of its header, purged ones included.  A log whose next
    page is missing ends where it can be read to."""
    follows: dict[tuple[int, int], int] = {}  # (page before, transaction) -> page that continues its log
    for number, rows in pages.items():
        if rows and rows[0][KIND] == CONTINUED:
            follows[rows[0][2], rows[0][1]] = number
    for number, rows in pages.items():
        for slot, record in enumerate(rows):
            if record[KIND] == HEADER:
                yield _read(UndoLog(record[1], record[2], number, slot), pages, follows)


def _read(log: UndoLog, pages: Pages, follows: dict[tuple[int, int], int]) -> UndoLog:
    number, slot = log.pages[0], log.start + 1
    while True:
        rows = pages[number]
        while slot < len(rows) and rows[slot][KIND] >= INSERT:
            log.records.append(rows[slot])
            log.places.append((number, slot))
            slot += 1
        log.end = slot
        following = follows.get((number, log.trx_id)) if slot == len(rows) else None
        if following is None or following in log.pages:
            return log
        log.pages.append(following)
        number, slot = following, 1
