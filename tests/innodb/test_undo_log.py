"""Undo logs found in undo pages, by nothing but the pages."""

from __future__ import annotations

from minidb.innodb.undo import CONTINUED, DELETE, HEADER, INSERT, PURGED, UPDATE
from minidb.innodb.undo_log import UndoLog, undo_logs


def told(log: UndoLog) -> tuple[object, ...]:
    return log.trx_id, log.state, log.pages, log.start, log.end, log.places


def test_several_logs_share_a_page_and_one_goes_on_in_others() -> None:
    pages = {
        3: [(HEADER, 10, 11), (INSERT, 1, 5), (HEADER, 12, 0), (UPDATE, 1, ("old",), ())],
        4: [(CONTINUED, 12, 3), (DELETE, 1, ("old",), ()), (HEADER, 14, PURGED)],
        6: [(CONTINUED, 14, 4), (INSERT, 2, 8)],
    }
    assert [told(log) for log in undo_logs(pages)] == [
        (10, "committed", [3], 0, 2, [(3, 1)]),
        (12, "active", [3, 4], 2, 2, [(3, 3), (4, 1)]),
        (14, "purged", [4, 6], 2, 2, [(6, 1)]),
    ]


def test_a_page_follows_for_its_own_transaction_only() -> None:
    pages = {3: [(HEADER, 10, 0), (INSERT, 1, 5)], 4: [(CONTINUED, 99, 3), (INSERT, 1, 6)]}
    assert [told(log) for log in undo_logs(pages)] == [(10, "active", [3], 0, 2, [(3, 1)])]


def test_pages_that_lead_in_a_circle_end() -> None:
    pages = {
        3: [(CONTINUED, 10, 4), (INSERT, 1, 1), (HEADER, 10, 0), (INSERT, 1, 5)],
        4: [(CONTINUED, 10, 3), (INSERT, 1, 6)],
    }
    assert [told(log) for log in undo_logs(pages)] == [(10, "active", [3, 4], 2, 2, [(3, 3), (4, 1)])]
