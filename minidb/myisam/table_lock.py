"""Table locks: who may read or write a MyISAM table now, who waits, and in which order they go on.

Kinds (`TableLock`): READ_LOCAL lets others insert at the end of the heap; READ does not.  CONCURRENT_INSERT runs beside READ_LOCAL
locks as long as the heap has no holes, else it is a WRITE.  WRITE and WRITE_LOW_PRIORITY stand alone.

Order: writers go before readers that wait, and a new reader waits behind a waiting writer, unless the first waiting writer is of
low priority (or a concurrent insert) or the reader asks for high priority.  Writers go first come, first served; after a long run
of them all waiting readers are let in.  `TableLockSystem` takes the locks of a statement in one order over all tables, so that
sessions cannot wait in a circle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from minidb.engine import TableLock, Trx
from minidb.errors import InternalError, SqlError
from minidb.myisam.state import HeapState
from minidb.scheduler import Interrupted, Scheduler, Waiter, WaitTimeout

READ, READ_LOCAL = TableLock.READ, TableLock.READ_LOCAL
CONCURRENT_INSERT = TableLock.CONCURRENT_INSERT
LOW_PRIORITY, WRITE = TableLock.WRITE_LOW_PRIORITY, TableLock.WRITE

MAX_WRITE_LOCK_COUNT = 4294967295
"""So many writers may pass waiting readers in a row (the server variable's default)."""

Position = tuple[int, int]
"""What a reader sees of a heap beside a concurrent insert: (first address that it does not see, number of rows)."""


class Request:
    """A session's place in a queue."""

    __slots__ = ("high_priority", "kind", "session", "waiter")

    def __init__(self, session: int, kind: TableLock, high_priority: bool, waiter: Waiter) -> None:
        self.session = session
        self.kind = kind
        self.high_priority = high_priority
        self.waiter = waiter


class TableLocks:
    """The locks of one table.

    readers: session -> READ or READ_LOCAL.  writer: session that writes, 0 if none; writer_kind: how.  behind: sessions whose
    READ_LOCAL lock is older than what a concurrent insert appended -> what they see.  All methods run under the latch.
    """

    __slots__ = (
        "behind", "max_writers", "name", "order", "read_queue", "readers", "state", "write_queue", "writer", "writer_kind",
        "writer_start", "writers_in_a_row",
    )

    def __init__(self, name: str, order: int, state: HeapState) -> None:
        self.name = name
        self.order = order
        self.state = state
        self.readers: dict[int, TableLock] = {}
        self.writer = 0
        self.writer_kind = WRITE
        self.writer_start: Position = (0, 0)
        self.behind: dict[int, Position] = {}
        self.read_queue: list[Request] = []
        self.write_queue: list[Request] = []
        self.writers_in_a_row = 0
        self.max_writers = MAX_WRITE_LOCK_COUNT

    # ---- asking
    def try_lock(self, session: int, kind: TableLock, high_priority: bool = False) -> bool:
        """Take the lock if it is to be had at once."""
        if kind < CONCURRENT_INSERT:
            if self.writer:
                if self.writer_kind != CONCURRENT_INSERT or kind == READ:
                    return False
            elif self.write_queue and not high_priority and self.write_queue[0].kind not in (CONCURRENT_INSERT, LOW_PRIORITY):
                return False
            self._grant_read(session, kind)
            return True
        if self.writer or self.write_queue:
            return False
        kind = self._possible(kind)
        if self.readers and not self._beside_readers(kind):
            return False
        self._grant_write(session, kind)
        return True

    def enqueue(self, request: Request) -> None:
        """Wait in line; `release` or `withdraw` of others grants."""
        if request.kind < CONCURRENT_INSERT:
            if request.high_priority:
                at = next((i for i, r in enumerate(self.read_queue) if not r.high_priority), len(self.read_queue))
                self.read_queue.insert(at, request)
            else:
                self.read_queue.append(request)
        else:
            # a concurrent insert that must wait because of holes waits as a writer
            request.kind = self._possible(request.kind)
            self.write_queue.append(request)

    def withdraw(self, request: Request) -> list[Request]:
        """Leave the queue (timeout, KILL); returns the requests granted by that."""
        queue = self.read_queue if request.kind < CONCURRENT_INSERT else self.write_queue
        if request in queue:
            queue.remove(request)
        return self._grant_waiting()

    def release(self, session: int) -> list[Request]:
        """Give back what `session` holds; returns the requests granted by that."""
        if self.writer == session:
            self.writer = 0
        else:
            self.readers.pop(session, None)
            if self.behind:
                self.behind.pop(session, None)
        if self.write_queue or self.read_queue:
            return self._grant_waiting()
        return []

    def holds(self, session: int) -> TableLock | None:
        """The kind of lock that `session` has, None if it has none."""
        return self.writer_kind if self.writer == session else self.readers.get(session)

    # ---- granting
    def _possible(self, kind: TableLock) -> TableLock:
        """A concurrent insert needs a heap without holes."""
        return WRITE if kind == CONCURRENT_INSERT and self.state.first_hole >= 0 else kind

    def _beside_readers(self, kind: TableLock) -> bool:
        return kind == CONCURRENT_INSERT and READ not in self.readers.values()

    def _grant_read(self, session: int, kind: TableLock) -> None:
        self.readers[session] = kind
        if self.writer:  # a concurrent insert is under way: its rows come later
            self.behind[session] = self.writer_start

    def _grant_write(self, session: int, kind: TableLock) -> None:
        self.writer, self.writer_kind = session, kind
        if kind == CONCURRENT_INSERT:
            self.writer_start = (self.state.end, self.state.rows)
            for reader in self.readers:
                self.behind.setdefault(reader, self.writer_start)

    def _grant_waiting(self) -> list[Request]:
        """Grant what can be granted now, in order."""
        if self.writer:
            return []
        granted: list[Request] = []
        if not self.readers:
            self._next_writer(granted)
        elif self.write_queue:
            self._concurrent_writer(granted)
        else:
            self._all_readers(granted)
        return granted

    def _next_writer(self, granted: list[Request]) -> None:
        """Nobody holds a lock: a writer, unless it is of low priority and a reader of high priority waits."""
        first = self.write_queue[0] if self.write_queue else None
        if first is None or (first.kind == LOW_PRIORITY and self.read_queue and self.read_queue[0].high_priority):
            self._all_readers(granted)
            self.writers_in_a_row = 0
            return
        self.writers_in_a_row += 1
        if self.read_queue and self.writers_in_a_row > self.max_writers:
            self.writers_in_a_row = 0
            self._all_readers(granted)
            return
        self._writer_from_queue(granted)
        if self.writer_kind == CONCURRENT_INSERT:
            self._local_readers(granted)

    def _concurrent_writer(self, granted: list[Request]) -> None:
        """Readers hold the table: a concurrent insert at the head of the queue may run beside them, and let others in."""
        first = self.write_queue[0]
        if first.kind == CONCURRENT_INSERT:
            first.kind = self._possible(first.kind)
            if self._beside_readers(first.kind):
                self._writer_from_queue(granted)
                self._local_readers(granted)
                return
        if first.kind in (CONCURRENT_INSERT, LOW_PRIORITY):
            self._all_readers(granted)

    def _writer_from_queue(self, granted: list[Request]) -> None:
        request = self.write_queue.pop(0)
        request.kind = self._possible(request.kind)
        self._grant_write(request.session, request.kind)
        granted.append(request)

    def _all_readers(self, granted: list[Request]) -> None:
        for request in self.read_queue:
            self._grant_read(request.session, request.kind)
            granted.append(request)
        self.read_queue = []

    def _local_readers(self, granted: list[Request]) -> None:
        """Those of the waiting readers that may run beside a concurrent insert."""
        stay = []
        for request in self.read_queue:
            if request.kind == READ:
                stay.append(request)
            else:
                self._grant_read(request.session, request.kind)
                granted.append(request)
        self.read_queue = stay

    # ---- looking inside
    def check(self) -> list[str]:
        """Broken invariants; empty: all is well."""
        problems = []
        if self.writer and self.readers and (self.writer_kind != CONCURRENT_INSERT or READ in self.readers.values()):
            problems.append(f"{self.name}: session {self.writer} writes beside readers {sorted(self.readers)}")
        if any(session not in self.readers for session in self.behind):
            problems.append(f"{self.name}: a position is kept for a session that does not read")
        if not self.writer and not self.readers and (self.write_queue or self.read_queue):
            problems.append(f"{self.name}: sessions wait for nobody")
        return problems

    def dump(self) -> str:
        """Holders and queues in one line, for people and tests."""
        held = [f"{s}:{self.readers[s].name}" for s in sorted(self.readers)]
        if self.writer:
            held.append(f"{self.writer}:{self.writer_kind.name}")
        waiting = [f"{r.session}:{r.kind.name}" for r in (*self.write_queue, *self.read_queue)]
        return f"{self.name}: held {' '.join(held) or '-'}, waiting {' '.join(waiting) or '-'}"


class Lockable(Protocol):
    """A table as the lock system sees it."""

    locks: TableLocks


class TableLockSystem:
    """The table locks of all sessions.  Methods take the latch themselves."""

    __slots__ = ("_held", "_latch", "_scheduler", "immediate", "waited")

    def __init__(self, scheduler: Scheduler) -> None:
        self._latch = scheduler.latch
        self._scheduler = scheduler
        self._held: dict[int, list[TableLocks]] = {}
        self.immediate = 0
        self.waited = 0

    def lock(self, trx: Trx, requests: Sequence[tuple[Lockable, TableLock]], timeout: float | None, high_priority: bool) -> None:
        """Take all locks of a statement, in one order over all tables.  May wait.  Raises 1205, 1317 and the like, and then
        nothing of this call is held."""
        session = trx.session_id
        with self._latch:
            if len(requests) == 1 and session not in self._held:  # nearly always
                locks, kind = requests[0][0].locks, requests[0][1]
                if kind and locks.try_lock(session, kind, high_priority):
                    self._held[session] = [locks]
                    self.immediate += 1
                    return
            held = self._held.setdefault(session, [])
            before = len(held)
            try:
                for locks, kind in merged(requests):
                    if held and self._has_already(locks, session, kind):
                        continue
                    if locks.try_lock(session, kind, high_priority):
                        self.immediate += 1
                    else:
                        self._wait(trx, locks, kind, timeout, high_priority)
                    held.append(locks)
            except BaseException:
                while len(held) > before:
                    self._wake(held.pop().release(session))
                raise

    def unlock(self, trx: Trx) -> None:
        """Give back all table locks of the session."""
        with self._latch:
            for locks in self._held.pop(trx.session_id, ()):
                granted = locks.release(trx.session_id)
                if granted:
                    self._wake(granted)

    def held(self, trx: Trx) -> list[TableLocks]:
        """The tables that the session has locked, in the order of locking."""
        return list(self._held.get(trx.session_id, ()))

    def _has_already(self, locks: TableLocks, session: int, kind: TableLock) -> bool:
        mine = locks.holds(session)
        if mine is None:
            return False
        if kind >= CONCURRENT_INSERT and mine < CONCURRENT_INSERT:
            raise InternalError(1105, f"session {session} reads table {locks.name} and asks for a write lock: ask for all at once")
        return True

    def _wait(self, trx: Trx, locks: TableLocks, kind: TableLock, timeout: float | None, high_priority: bool) -> None:
        self.waited += 1
        waiter = Waiter(trx.session_id, trx.session_name, "table", f"{locks.name} {kind.name}")
        request = Request(trx.session_id, kind, high_priority, waiter)
        locks.enqueue(request)
        try:
            self._scheduler.park(waiter, timeout)
        except WaitTimeout:
            self._wake(locks.withdraw(request))
            raise SqlError.of(1205) from None
        except Interrupted as interrupted:
            self._wake(locks.withdraw(request))
            raise SqlError.of(interrupted.code) from None

    def _wake(self, granted: list[Request]) -> None:
        for request in granted:
            self._scheduler.wake(request.waiter)


def merged(requests: Sequence[tuple[Lockable, TableLock]]) -> list[tuple[TableLocks, TableLock]]:
    """One lock per table, by the order of the tables: the strongest asked for.  Who reads a table that he inserts into needs a
    WRITE; NONE is left out."""
    kinds: dict[int, tuple[TableLocks, set[TableLock]]] = {}
    for table, kind in requests:
        if kind != TableLock.NONE:
            kinds.setdefault(table.locks.order, (table.locks, set()))[1].add(kind)
    return [(locks, _strongest(asked)) for _, (locks, asked) in sorted(kinds.items())]


def _strongest(asked: set[TableLock]) -> TableLock:
    strongest = max(asked)
    if strongest == CONCURRENT_INSERT and len(asked) > 1:
        return WRITE
    return READ if strongest == READ_LOCAL and READ in asked else strongest
