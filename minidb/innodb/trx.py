"""Transactions: `InnodbTrx` is what one session's transaction is made of, `TrxSystem` gives out ids and read views and knows who
is active.

Ids come from one counter, which also numbers commits: a transaction takes an id at its first change and, if it left update undo
behind, a commit number at its end.  Transactions that only read have neither.  One InnodbTrx object serves a session for one
transaction after another; nothing of it is allocated anew.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from minidb.catalog import ForeignKey
from minidb.engine import Isolation, Key, Trx
from minidb.innodb.lock_objects import TrxLocks
from minidb.innodb.read_view import ReadView

if TYPE_CHECKING:
    from minidb.innodb.dict_table import ClusteredIndex, SecondaryIndex

EVERYTHING = 1 << 62
NEWEST = ReadView(EVERYTHING, EVERYTHING, ())  # what READ UNCOMMITTED reads through


class Savepoint(NamedTuple):
    """mark: undo records written before it.  started: whether the engine had been used by then."""

    name: str
    mark: int
    started: bool


class CommittedLog(NamedTuple):
    """The undo of one committed transaction, waiting for purge: records `start` on of the first page, all of the middle ones,
    up to `end` (excluded) of the last."""

    number: int
    trx_id: int
    pages: tuple[int, ...]
    start: int
    end: int


class InnodbTrx(Trx):
    """One session's transaction.

    id: 0 until the first change.  view: the open read view.  started: the engine has been used since the transaction began.
    undo_records: undo records written and not undone.  log_pages, log_start, log_bytes: where they are, and the size of the first
    page before them.  has_update_undo: some of them are versions that readers may need after the commit.  statement_mark:
    undo_records at the start of the statement.  locks: what it holds and waits for.  duplicate: (index, key) of the last 1062.
    auto_inc_locked: the statement holds an AUTO-INC lock.
    cascades: depth of the foreign key cascade that runs.  cascading: the key that it obeys.
    """

    __slots__ = (
        "__weakref__", "auto_inc_locked", "cascades", "cascading", "duplicate", "has_update_undo", "id", "locks", "log_bytes",
        "log_pages", "log_start", "savepoints", "started", "statement_mark", "undo_records", "view",
    )

    def __init__(self, session_id: int, session_name: str = "") -> None:
        self.locks = TrxLocks(self)
        super().__init__(session_id, session_name)
        self.id = 0
        self.view: ReadView | None = None
        self.started = False
        self.undo_records = 0
        self.log_pages: list[int] = []
        self.log_start = 0
        self.log_bytes = 0
        self.has_update_undo = False
        self.cascades = 0
        self.cascading: ForeignKey | None = None
        self.auto_inc_locked = False
        self.statement_mark = 0
        self.savepoints: list[Savepoint] = []
        self.duplicate: tuple[ClusteredIndex | SecondaryIndex, Key] | None = None

    @property
    def lock_wait_timeout(self) -> float:
        """innodb_lock_wait_timeout in seconds, 0 = never wait."""
        return self.locks.timeout

    @lock_wait_timeout.setter
    def lock_wait_timeout(self, seconds: float) -> None:
        self.locks.timeout = seconds

    @property
    def duplicates(self) -> bool:
        """The running statement replaces or updates duplicates."""
        return self.locks.duplicates

    @duplicates.setter
    def duplicates(self, yes: bool) -> None:
        self.locks.duplicates = yes

    def __repr__(self) -> str:
        return f"InnodbTrx({self.session_name} id={self.id} undo={self.undo_records} isolation={self.isolation.name})"


class TrxSystem:
    """The counters and the lists of one database: next ids, active transactions by id, committed undo in commit order.

    `latest` caches the view that a transaction without an id would open now; every begin or end of a writer drops it.
    Ids below `limit` may be given out; `extend(id)` is asked for more (a restart must not give an id again).
    `purge_limit` is the commit number below which undo may be gone; `purge_view` tells which versions may have lost theirs.
    """

    __slots__ = ("active", "extend", "history", "latest", "limit", "next_id", "next_row_id", "purge_view", "sessions")

    def __init__(self, next_id: int = 1, next_row_id: int = 1) -> None:
        self.next_id = next_id
        self.next_row_id = next_row_id
        self.limit = EVERYTHING
        self.extend: Callable[[int], None] = lambda number: None
        self.active: dict[int, InnodbTrx] = {}
        self.history: deque[CommittedLog] = deque()
        self.latest: ReadView | None = None
        self.purge_view = ReadView(next_id, next_id, ())
        self.sessions: list[weakref.ref[InnodbTrx]] = []

    # ---- transactions
    def new_trx(self, session_id: int, session_name: str) -> InnodbTrx:
        """A session's transaction object; it is forgotten when the session drops it."""
        trx = InnodbTrx(session_id, session_name)
        self.sessions = [s for s in self.sessions if s() is not None]
        self.sessions.append(weakref.ref(trx))
        return trx

    def transactions(self) -> list[InnodbTrx]:
        """The sessions' transaction objects, in the order the sessions came."""
        return [trx for trx in (s() for s in self.sessions) if trx is not None]

    def assign_id(self, trx: InnodbTrx) -> None:
        """Give `trx` its id, at its first change."""
        number = self.next_id
        if number >= self.limit:
            self.extend(number)
        self.next_id = number + 1
        trx.id = number
        trx.active = trx.started = True
        self.active[number] = trx
        self.latest = None
        if trx.view is not None:
            trx.view = trx.view.for_creator(number)

    def end(self, trx: InnodbTrx) -> None:
        """`trx`, which has an id, is over: committed or rolled back."""
        del self.active[trx.id]
        trx.id = 0
        self.latest = None

    def next_number(self) -> int:
        """A commit number (or the id of a dictionary change)."""
        number = self.next_id
        if number >= self.limit:
            self.extend(number)
        self.next_id = number + 1
        self.latest = None
        return number

    # ---- views
    def latest_view(self) -> ReadView:
        """The view of somebody who has no id and looks now."""
        view = self.latest
        if view is None:
            active = tuple(self.active)
            view = self.latest = ReadView(active[0] if active else self.next_id, self.next_id, active)
        return view

    def view_of(self, trx: InnodbTrx) -> ReadView:
        """The view that a consistent read of `trx` uses; opened and kept unless it reads uncommitted data."""
        trx.active = trx.started = True
        if trx.isolation == Isolation.READ_UNCOMMITTED:
            return NEWEST
        view = trx.view
        if view is None:
            view = self.latest or self.latest_view()
            if trx.id:
                view = view.for_creator(trx.id)
            trx.view = view
        return view

    def open_expiring(self, trx: InnodbTrx) -> None:
        """START TRANSACTION WITH CONSISTENT SNAPSHOT at READ COMMITTED: a view is opened, but the next statement opens its own."""
        view = self.latest_view()
        trx.view = expired = ReadView(view.up_limit, 0, tuple(view.active))
        expired.low_limit_no = view.low_limit_no

    def close_expired(self, trx: InnodbTrx) -> None:
        """A statement of `trx` begins to work: a view that does not outlive statements goes."""
        view = trx.view
        if view is not None and not view.low_limit:
            trx.view = None

    def open_views(self) -> list[tuple[InnodbTrx, ReadView]]:
        """All open views with their owners, in order of session."""
        return [(trx, trx.view) for trx in self.transactions() if trx.view is not None]

    def oldest_view(self) -> ReadView:
        """The open view that needs the most history, or a new one if none is open."""
        oldest = self.latest_view()
        for _, view in self.open_views():
            if view.low_limit_no < oldest.low_limit_no:
                oldest = view
        return oldest

    def oldest_limits(self) -> tuple[ReadView, int]:
        """The purge view and the commit number below which committed undo may be processed."""
        view = self.oldest_view()
        return view, view.low_limit_no
