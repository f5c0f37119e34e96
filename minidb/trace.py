"""Typed events for whoever watches: one `Trace` per database, a sink that is a plain function, nothing at all when off.

A room that has something to tell writes::

    sink = trace.sink
    if sink is not None:
        sink(LockQueued(session, lock, blockers))

so that an event is built only when somebody listens.  Events are frozen values with plain text and numbers in them: they hold no
object of the engine and may be kept.  `Recorder` is the sink that keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""

    def __str__(self) -> str:
        parts = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self))
        return f"{type(self).__name__}({parts})"


# ---- scheduling
@dataclass(frozen=True, slots=True)
class Parked(Event):
    """A session stopped running; `kind` is 'row', 'table', 'meta', 'sleep' or 'user', `what` says what for."""

    session: str
    kind: str
    what: str


@dataclass(frozen=True, slots=True)
class Resumed(Event):
    """A parked session goes on; `outcome` is 'woken', 'timeout' or 'interrupted'."""

    session: str
    outcome: str


# ---- locks
@dataclass(frozen=True, slots=True)
class LockQueued(Event):
    """A request has to wait.  `lock` is a lock row in words, `blockers` the sessions it waits for."""

    session: str
    lock: str
    blockers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LockGranted(Event):
    """A request that had waited was granted.  (Locks had without waiting are not told: they are in the lock table.)"""

    session: str
    lock: str


@dataclass(frozen=True, slots=True)
class LockInherited(Event):
    """`lock` came to `session` because a record was inserted ('insert') or removed ('removal')."""

    session: str
    lock: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImplicitLockConverted(Event):
    """Another session met a record changed by `session`'s open transaction and wrote its implicit lock down."""

    session: str
    lock: str


@dataclass(frozen=True, slots=True)
class DeadlockFound(Event):
    """`cycle` are the sessions in waiting order, `victim` the one to be rolled back."""

    victim: str
    cycle: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LocksReleased(Event):
    """A transaction gave back all its locks; `objects` is their number as counted by the deadlock weight."""

    session: str
    objects: int


# ---- versions
@dataclass(frozen=True, slots=True)
class ReadViewOpened(Event):
    session: str
    low_limit_id: int
    active: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReadViewClosed(Event):
    session: str


@dataclass(frozen=True, slots=True)
class VersionSkipped(Event):
    """A consistent read passed over the version that transaction `trx_id` wrote."""

    session: str
    table: str
    key: str
    trx_id: int


@dataclass(frozen=True, slots=True)
class RecordPurged(Event):
    table: str
    index: str
    key: str


# ---- storage
@dataclass(frozen=True, slots=True)
class PageSplit(Event):
    space: str
    page: int
    new_page: int
    level: int


@dataclass(frozen=True, slots=True)
class PageMerged(Event):
    space: str
    page: int
    into: int
    level: int


Sink = Callable[[Event], None]


class Trace:
    """The switch: `sink` is None (off) or the function that gets every event.  A sink must not call back into the database."""

    __slots__ = ("sink",)

    def __init__(self, sink: Sink | None = None) -> None:
        self.sink = sink

    @contextmanager
    def to(self, sink: Sink) -> Iterator[None]:
        """Send events to `sink` for the time of a ``with`` block."""
        before, self.sink = self.sink, sink
        try:
            yield
        finally:
            self.sink = before


class Recorder:
    """A sink that keeps the events in order."""

    __slots__ = ("events",)

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[Event]) -> list[Event]:
        """The events of one type, oldest first."""
        return [e for e in self.events if isinstance(e, kind)]
