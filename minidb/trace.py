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
from typing import Any, ClassVar, dataclass_transform


@dataclass_transform(frozen_default=True)
class Event:
    """Base of all events.  A subclass lists its fields as annotations; they are given in that order, or by name, and stay.
    (Written by hand: so many frozen dataclasses would take a tenth of the time that a program's first statement needs.)"""

    _fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls._fields = tuple(cls.__annotations__)

    def __init__(self, *values: Any, **named: Any) -> None:
        given = {**dict(zip(self._fields, values, strict=False)), **named}
        if len(values) + len(named) != len(self._fields) or given.keys() != set(self._fields):
            raise TypeError(f"{type(self).__name__} takes {', '.join(self._fields)}")
        self.__dict__.update(given)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed")

    def __eq__(self, other: object) -> bool:
        return self.__dict__ == other.__dict__ if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __str__(self) -> str:
        parts = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"{type(self).__name__}({parts})"

    __repr__ = __str__


# ---- scheduling
class Parked(Event):
    """A session stopped running; `kind` is 'row', 'table', 'meta', 'sleep' or 'user', `what` says what for."""

    session: str
    kind: str
    what: str


class Resumed(Event):
    """A parked session goes on; `outcome` is 'woken', 'timeout' or 'interrupted'."""

    session: str
    outcome: str


# ---- locks
class LockQueued(Event):
    """A request has to wait.  `lock` is a lock row in words, `blockers` the sessions it waits for."""

    session: str
    lock: str
    blockers: tuple[str, ...]


class LockGranted(Event):
    """A request that had waited was granted.  (Locks had without waiting are not told: they are in the lock table.)"""

    session: str
    lock: str


class LockInherited(Event):
    """`lock` came to `session` because a record was inserted ('insert') or removed ('removal')."""

    session: str
    lock: str
    reason: str


class ImplicitLockConverted(Event):
    """Another session met a record changed by `session`'s open transaction and wrote its implicit lock down."""

    session: str
    lock: str


class DeadlockFound(Event):
    """`cycle` are the sessions in waiting order, `victim` the one to be rolled back."""

    victim: str
    cycle: tuple[str, ...]


class LocksReleased(Event):
    """A transaction gave back all its locks; `objects` is their number as counted by the deadlock weight."""

    session: str
    objects: int


# ---- versions
class ReadViewOpened(Event):
    session: str
    low_limit_id: int
    active: tuple[int, ...]


class ReadViewClosed(Event):
    session: str


class VersionSkipped(Event):
    """A consistent read passed over the version that transaction `trx_id` wrote."""

    session: str
    table: str
    key: str
    trx_id: int


class RecordPurged(Event):
    table: str
    index: str
    key: str


# ---- storage
class PageSplit(Event):
    space: str
    page: int
    new_page: int
    level: int


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
