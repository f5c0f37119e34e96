"""What a statement asks of MyISAM's table locks beyond their kind."""

from __future__ import annotations

from typing import Any

import pytest

from minidb.database import Database
from minidb.engine import TableLock


@pytest.mark.parametrize(("text", "kind", "high"), [
    ("SELECT COUNT(*) FROM t", TableLock.READ_LOCAL, False),
    ("SELECT HIGH_PRIORITY COUNT(*) FROM t", TableLock.READ_LOCAL, True),
    ("INSERT INTO t VALUES (1)", TableLock.CONCURRENT_INSERT, False),
    ("DELETE LOW_PRIORITY FROM t", TableLock.WRITE_LOW_PRIORITY, False),
])
def test_what_statements_ask(text: str, kind: TableLock, high: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with Database() as database:
        session = database.session()
        session.execute("CREATE TABLE t (id INT) ENGINE=MyISAM")
        asked: list[tuple[TableLock, bool]] = []
        lock_tables = database.myisam.lock_tables

        def noting(trx: Any, requests: Any, timeout: Any = None, high_priority: bool = False) -> None:
            asked.extend((lock, high_priority) for _, lock in requests)
            lock_tables(trx, requests, timeout, high_priority)

        monkeypatch.setattr(database.myisam, "lock_tables", noting)
        session.execute(text)
        assert asked == [(kind, high)]
