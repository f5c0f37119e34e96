"""`Scheduler`: what the rooms see of time, waiting and stopping; `Waiter` and the exceptions that go with it."""

from __future__ import annotations

import datetime
import random
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

from minidb.trace import Parked, Resumed, Trace

ER_QUERY_INTERRUPTED = 1317
ER_CONNECTION_KILLED = 1927
ER_STATEMENT_TIMEOUT = 1969


class Mutex(Protocol):
    """What `Scheduler.latch` and `Scheduler.new_lock` are: a non-reentrant lock, used as a context manager."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool: ...

    def release(self) -> None: ...

    def locked(self) -> bool: ...

    def __enter__(self) -> bool: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> None: ...


class Waiter:
    """One session's wait for one thing.

    kind: 'row', 'table' (MyISAM table lock or InnoDB table lock), 'meta' (metadata lock), 'sleep' or 'user' (GET_LOCK).
    what: for people, e.g. ``t.PRIMARY X rec (10)``.  woken: the wait is over by grant; may be set before the session parks.
    interrupt: error number with which the wait was broken off (KILL, statement time), 0 if not.
    """

    __slots__ = ("deadline", "gate", "interrupt", "kind", "session_id", "session_name", "since", "what", "woken")

    def __init__(self, session_id: int, session_name: str, kind: str, what: str) -> None:
        self.session_id = session_id
        self.session_name = session_name
        self.kind = kind
        self.what = what
        self.woken = False
        self.interrupt = 0
        self.since = 0.0
        self.deadline: float | None = None
        self.gate: Mutex | None = None

    def __repr__(self) -> str:
        return f"<{self.session_name} waits for {self.kind} {self.what}>"


class LockWait(Exception):
    """Raised by a lock system after it has queued a request: park with `waiter`, then repeat the operation."""

    def __init__(self, waiter: Waiter) -> None:
        super().__init__(waiter)
        self.waiter = waiter


class WaitTimeout(Exception):
    """The time given to `park` is over and the waiter was not woken."""


class Interrupted(Exception):
    """The parked session was told to stop.  `code`: 1317 KILL QUERY, 1927 KILL CONNECTION, 1969 max_statement_time."""

    def __init__(self, code: int = ER_QUERY_INTERRUPTED) -> None:
        super().__init__(code)
        self.code = code


class Scheduler(ABC):
    """What the rooms see.  `latch` protects all engine state of one database; `trace` is its event switch.

    interrupts: session id -> error number, of sessions told to stop and not yet stopped.  A running statement tests it between
    batches (``if scheduler.interrupts: ...``, usually an empty dict); a parked one is woken by `interrupt`.
    """

    latch: Mutex

    def __init__(self, seed: int = 0, trace: Trace | None = None) -> None:
        self.latch = threading.Lock()
        self.seed = seed
        self.trace = trace or Trace()
        self.interrupts: dict[int, int] = {}
        self._deadlines: dict[int, float] = {}
        self._parked: dict[int, Waiter] = {}
        self._random = random.Random(seed)

    # ---- waiting
    def park(self, waiter: Waiter, timeout: float | None) -> None:
        """Let the session of `waiter` wait until `wake(waiter)`.  The latch is held on entry and on return, free in between.

        timeout: seconds, None = no limit; 0 or less = at once.  Raises `WaitTimeout`, or `Interrupted` if the session is (or was
        already) told to stop or its statement's time is over.  On any exception the caller takes its request back.  A waiter
        that was woken before it parked returns at once; a grant that came together with the timeout counts as a grant.
        """
        if waiter.woken:
            return
        session = waiter.session_id
        if session in self.interrupts:
            raise Interrupted(self.interrupts[session])
        now = self.now()
        limit = self._deadlines.get(session)
        deadline = None if timeout is None else now + timeout
        if limit is not None and (deadline is None or limit < deadline):
            deadline = limit
        waiter.since, waiter.deadline = now, deadline
        sink = self.trace.sink
        if sink is not None:
            sink(Parked(waiter.session_name, waiter.kind, waiter.what))
        self._parked[session] = waiter
        try:
            if deadline is None or deadline > now:
                self._suspend(waiter)
        finally:
            del self._parked[session]
        outcome = "woken" if waiter.woken else "interrupted" if waiter.interrupt else "timeout"
        sink = self.trace.sink
        if sink is not None:
            sink(Resumed(waiter.session_name, outcome))
        if waiter.woken:
            return
        if waiter.interrupt:
            raise Interrupted(waiter.interrupt)
        if limit is not None and deadline == limit:
            raise Interrupted(ER_STATEMENT_TIMEOUT)
        raise WaitTimeout

    @abstractmethod
    def _suspend(self, waiter: Waiter) -> None:
        """Give up the latch, stop until woken, interrupted or past `waiter.deadline`, take the latch again."""

    @abstractmethod
    def _resume(self, waiter: Waiter) -> None:
        """Make a suspended waiter runnable (latch held)."""

    def wake(self, waiter: Waiter) -> None:
        """End a wait by grant.  Latch held.  Waking twice, or before the session has parked, is allowed."""
        if not waiter.woken:
            waiter.woken = True
            if self._parked.get(waiter.session_id) is waiter:
                self._resume(waiter)

    def waiters(self) -> list[Waiter]:
        """All parked waiters, longest waiting first (latch held or nobody running)."""
        return list(self._parked.values())

    def sleep(self, session_id: int, session_name: str, seconds: float) -> None:
        """SLEEP(): stand still for `seconds` without the latch.  Raises `Interrupted`."""
        with self.latch:
            try:
                self.park(Waiter(session_id, session_name, "sleep", f"{seconds:g} s"), seconds)
            except WaitTimeout:
                return

    def give_way(self) -> None:
        """The caller is about to take the latch and has found it taken: let others run until it is free.

        Short operations ask for this, because a thread that blocks in a lock is given it while it does not run: whoever runs then,
        and wants the latch for the next operation, waits for a thread that waits for the interpreter.  Every operation would cost
        a change of threads, several times the operation itself.  (A latch with such an ``acquire`` of its own would do the same,
        but Ctrl-C could strike between its success and the ``with`` block.)"""

    # ---- stopping
    def interrupt(self, session_id: int, code: int = ER_QUERY_INTERRUPTED) -> None:
        """KILL: tell a session to stop.  Takes the latch itself; works from any thread."""
        with self.latch:
            self.interrupts[session_id] = code
            waiter = self._parked.get(session_id)
            if waiter is not None and not waiter.woken and not waiter.interrupt:
                waiter.interrupt = code
                self._resume(waiter)

    def clear_interrupt(self, session_id: int) -> None:
        """The session has stopped its statement (or begins another)."""
        self.interrupts.pop(session_id, None)

    def set_deadline(self, session_id: int, seconds: float | None) -> None:
        """max_statement_time: `seconds` from now on the statement of `session_id` is over; None takes the limit away."""
        if seconds is None:
            self._deadlines.pop(session_id, None)
        else:
            self._deadlines[session_id] = self.now() + seconds

    def check_interrupted(self, session_id: int) -> None:
        """Raises `Interrupted` if the session was told to stop or its statement's time is over.  No latch needed."""
        if self.interrupts:
            code = self.interrupts.get(session_id)
            if code is not None:
                raise Interrupted(code)
        if self._deadlines:
            limit = self._deadlines.get(session_id)
            if limit is not None and self.now() >= limit:
                raise Interrupted(ER_STATEMENT_TIMEOUT)

    # ---- time and chance
    @abstractmethod
    def now(self) -> float:
        """Seconds on a clock that never goes back; its zero means nothing."""

    @abstractmethod
    def wall_clock(self) -> datetime.datetime:
        """Date and time of day, naive, local."""

    def random(self) -> random.Random:
        """The database's generator, seeded at creation."""
        return self._random

    def new_lock(self) -> Mutex:
        """A mutex for short work outside the latch (the commit flush).  Never park while holding it."""
        return threading.Lock()

    # ---- snapshots and forks
    def moment(self) -> Any:
        """What makes runs from here on repeatable, for `go_back`; None where time is real."""
        return None

    def go_back(self, moment: Any) -> None:
        """Let everything go on from `moment`.  Nobody is waiting."""

    @abstractmethod
    def twin(self) -> Scheduler:
        """A scheduler of the same kind for a fork: same seed, same time, no sessions and no workers."""

    # ---- background workers
    @abstractmethod
    def spawn(self, name: str, step: Callable[[], float | None], first: float | None = None) -> None:
        """Register a background worker.  `step` does a portion of work (taking the latch itself) and returns the seconds to the
        next one, 0 = at once, None = when poked.  `first`: seconds to the first step, None = when poked."""

    @abstractmethod
    def poke(self, name: str) -> None:
        """There is work for worker `name`.  Cheap, any thread, latch held or not; ignored after `stop`."""

    def assist(self, name: str) -> None:
        """As `poke`, from a session at the end of its operation (latch not held): it may make the worker's next step itself."""
        self.poke(name)

    @abstractmethod
    def stop(self) -> None:
        """End all workers (the step being made is finished first).  Latch not held.  Raises the first error a worker died of.
        Calling it again does nothing."""
