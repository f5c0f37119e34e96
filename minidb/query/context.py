"""What a running plan sees of its session: `SessionState` (a protocol; session.py implements it) and `ExecContext`."""

from __future__ import annotations

import datetime
from typing import Any, Protocol

from minidb.engine import Row, Table, Trx
from minidb.errors import SqlError


class SessionState(Protocol):
    """The part of a session that expressions and plans may read or change."""

    connection_id: int
    database: str | None
    user: str
    last_insert_id: int
    row_count: int
    found_rows: int

    def variable(self, scope: str, name: str) -> Any:
        """Value of @x ('user'), @@x (''), @@session.x ('session') or @@global.x ('global'); raises 1193."""

    def set_user_variable(self, name: str, value: Any) -> None: ...

    def statement_time(self) -> datetime.datetime:
        """NOW(): the same value for the whole statement, naive, microseconds."""

    def random(self) -> float: ...

    def sleep(self, seconds: float) -> None:
        """Wait on the scheduler's clock; raises when the statement is interrupted."""

    def warn(self, level: str, code: int, message: str) -> None:
        """Add to SHOW WARNINGS; level 'Note' 'Warning' 'Error'."""

    def sql_mode(self) -> frozenset[str]: ...

    def check_interrupted(self) -> None:
        """Raises 1317 / 1969 when the statement was killed or ran out of time.  Called between batches."""


class ExecContext:
    """State of one execution of one plan.  Counters are what the OK packet reports."""

    __slots__ = (
        "affected", "analyze", "auto", "changed", "duplicates", "expected", "explicit_id", "insert_id", "matched", "records",
        "rows_before", "session", "tables", "trx",
    )

    def __init__(self, session: SessionState, trx: Trx, tables: list[Table]) -> None:
        self.session = session
        self.trx = trx
        self.tables = tables
        self.affected = 0
        self.matched: int | None = None  # UPDATE: rows matched
        self.changed: int | None = None
        self.records: int | None = None  # multi-row INSERT, REPLACE, INSERT ... SELECT
        self.duplicates: int | None = None
        self.insert_id = 0  # first generated AUTO_INCREMENT value
        self.explicit_id = 0  # else the last row's given value: the OK packet has it, LAST_INSERT_ID() does not
        self.rows_before = 0  # rows of the statement that earlier runs of the plan have stored
        self.expected = 0  # rows of a multi-row INSERT that is run row by row: AUTO_INCREMENT reserves that many at once
        self.auto: Any = None  # the values reserved
        self.analyze: list[Any] | None = None


class StrictSession:
    """A session inside a strict change of data: warnings are errors there, whatever expression they come from."""

    __slots__ = ("_session",)

    def __init__(self, session: SessionState) -> None:
        object.__setattr__(self, "_session", session)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._session, name, value)

    def warn(self, level: str, code: int, message: str) -> None:
        """Notes are passed on; raises anything else with its number and text."""
        if level != "Note":
            raise SqlError.text(code, message)
        self._session.warn(level, code, message)


Rows = list[Row]
