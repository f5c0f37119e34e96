"""Locks on names: what keeps DDL away from tables in use, what LOCK TABLES and FLUSH TABLES WITH READ LOCK hold.

Modes, weakest first: SHARED_READ (a SELECT), SHARED_WRITE (DML and locking reads), SHARED_READ_ONLY (LOCK TABLES ... READ of a
transactional table), SHARED_NO_READ_WRITE (LOCK TABLES ... WRITE), EXCLUSIVE (DDL).  Locks of a transaction last to
`release_transaction` (in autocommit mode: the end of the statement); explicit ones to `release_explicit`.

Nearly all requests are SHARED_READ or SHARED_WRITE on names that nobody wants for himself, and must cost next to nothing.  They are
noted in the owner's own dictionary, without the latch; then the owner looks whether `MetadataLocks.contended` is empty.  Whoever
wants a strong lock first puts the name there and then looks through all owners.  Whichever of the two comes second sees the other.

Global read lock (FLUSH TABLES WITH READ LOCK): waits for statements that write and for LOCK TABLES ... WRITE, not for open
transactions; while it is held or waited for, statements that write, DDL and commits of changes wait.

Order: first come, first served against waiting requests, except that SHARED_WRITE passes a waiting SHARED_READ_ONLY.  A cycle of
metadata locks is a deadlock (1213) at once: DML gives way to DDL.  Cycles through row locks are not seen; they end by timeout.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from minidb.errors import RolledBack, SqlError
from minidb.scheduler import Interrupted, Scheduler, Waiter, WaitTimeout

SHARED_READ: Final = 0
SHARED_WRITE: Final = 1
SHARED_READ_ONLY: Final = 2
SHARED_NO_READ_WRITE: Final = 3
EXCLUSIVE: Final = 4
GLOBAL_READ: Final = 5  # on GLOBAL only
COMMIT: Final = 6  # on GLOBAL only: a commit of changes, or a statement that writes
MODE_NAMES: Final = (
    "SHARED_READ", "SHARED_WRITE", "SHARED_READ_ONLY", "SHARED_NO_READ_WRITE", "EXCLUSIVE", "GLOBAL_READ", "INTENTION_EXCLUSIVE",
)

Name = tuple[str, str]
GLOBAL: Final[Name] = ("", "")

_R, _W, _RO, _NRW, _X = (1 << m for m in range(5))
# by request: bits of granted modes of others that it waits for
_CONFLICTS: Final = (
    _NRW | _X,
    _RO | _NRW | _X,
    _W | _NRW | _X,
    _R | _W | _RO | _NRW | _X,
    _R | _W | _RO | _NRW | _X,
    1 << COMMIT,
    1 << GLOBAL_READ,
)
# by request: bits of waiting modes in front of it that it waits for
_WAITS_BEHIND: Final = (
    _NRW | _X,
    _NRW | _X,
    _W | _NRW | _X,
    _R | _W | _RO | _NRW | _X,
    _R | _W | _RO | _NRW | _X,
    1 << COMMIT,
    1 << GLOBAL_READ,
)
# by request: bits of own modes that make it superfluous
_COVERED_BY: Final = (
    _R | _W | _RO | _NRW | _X,
    _W | _NRW | _X,
    _RO | _NRW | _X,
    _NRW | _X,
    _X,
    1 << GLOBAL_READ,
    0,
)
_WEAK: Final = _R | _W


class MetadataLock(NamedTuple):
    """One row of the list of metadata locks.  duration: 'TRANSACTION', 'EXPLICIT', 'STATEMENT'; status: 'GRANTED', 'PENDING'."""

    session_id: int
    session: str
    db: str
    table: str
    mode: str
    duration: str
    status: str

    def __str__(self) -> str:
        name = f"{self.db}.{self.table}" if self.table else "GLOBAL"
        return f"{self.session} {name} {self.mode} {self.duration}" + (" WAITING" if self.status == "PENDING" else "")


class MetadataOwner:
    """The metadata locks of one session.  held: modes as bits by name, to the end of the transaction; explicit: the same, until
    UNLOCK TABLES.  writing: it runs a statement that changes data, or commits.  global_read: it has the global read lock."""

    __slots__ = ("explicit", "global_read", "held", "session_id", "session_name", "waiting", "writing")

    def __init__(self, session_id: int, session_name: str) -> None:
        self.session_id = session_id
        self.session_name = session_name
        self.held: dict[Name, int] = {}
        self.explicit: dict[Name, int] = {}
        self.writing = False
        self.global_read = False
        self.waiting: _Request | None = None

    def modes(self, name: Name) -> int:
        """Bits of the modes held on `name`."""
        if name == GLOBAL:
            writes = self.writing or any(bits & (_NRW | _X) for bits in self.explicit.values())
            return (1 << GLOBAL_READ if self.global_read else 0) | (1 << COMMIT if writes else 0)
        return self.held.get(name, 0) | self.explicit.get(name, 0)

    def mark(self) -> int:
        """The present end of the transaction's locks, for `MetadataLocks.release_after`."""
        return len(self.held)


class _Request:
    """A request that waits; on its grant the mode is noted in `locks`."""

    __slots__ = ("locks", "mode", "name", "owner", "victim", "waiter")

    def __init__(self, owner: MetadataOwner, locks: dict[Name, int], name: Name, mode: int) -> None:
        self.owner = owner
        self.locks = locks
        self.name = name
        self.mode = mode
        self.victim = False
        what = "global read lock" if name == GLOBAL else f"metadata lock {name[0]}.{name[1]} {MODE_NAMES[mode]}"
        self.waiter = Waiter(owner.session_id, owner.session_name, "meta", what)

    @property
    def weight(self) -> int:
        """Deadlock weight: DML gives way to DDL and LOCK TABLES."""
        return 0 if self.mode in (SHARED_READ, SHARED_WRITE, COMMIT) else 100


class MetadataLocks:
    """All metadata locks of one database.  Methods take the latch themselves: call them without it.

    contended: waiting requests by name, in order; a name is here while somebody holds or wants a strong mode on it.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.owners: dict[int, MetadataOwner] = {}
        self.contended: dict[Name, list[_Request]] = {}

    def owner(self, session_id: int, session_name: str = "") -> MetadataOwner:
        """The owner object of a new session."""
        owner = MetadataOwner(session_id, session_name or f"#{session_id}")
        with self.scheduler.latch:
            self.owners[session_id] = owner
        return owner

    def remove(self, owner: MetadataOwner) -> None:
        """The session is closed: give back everything and forget it."""
        self.release_explicit(owner)
        self.release_transaction(owner)
        with self.scheduler.latch:
            self.owners.pop(owner.session_id, None)

    # ---- taking
    def acquire(self, owner: MetadataOwner, name: Name, mode: int, timeout: float | None = None, explicit: bool = False) -> None:
        """Lock `name` in `mode`; nothing happens if the session holds enough already.  May wait.

        timeout: lock_wait_timeout in seconds, None = no limit, 0 = NOWAIT.  explicit: hold it until `release_explicit`.
        Raises 1205 (time is over), 1213 (metadata deadlock: the transaction is to be rolled back), 1223 (a write under the
        session's own global read lock), 1317 / 1927 / 1969.  `end_statement` is to be called in any case."""
        if mode != SHARED_READ and mode != SHARED_READ_ONLY:
            if owner.global_read:
                raise SqlError.of(1223)
            if not owner.writing:
                self._begin_writing(owner, timeout)
        before = owner.held.get(name, 0)
        if explicit:
            locks = owner.explicit
            before = locks.get(name, 0)
        else:
            locks = owner.held
            if before & _COVERED_BY[mode]:
                return
            if owner.explicit and owner.explicit.get(name, 0) & _COVERED_BY[mode]:
                return
        if mode <= SHARED_WRITE:
            locks[name] = before | 1 << mode  # seen by everybody from here on
            if not self.contended:
                return
        with self.scheduler.latch:
            if before:
                locks[name] = before
            else:
                locks.pop(name, None)
            self._serve(name)
            self._obtain(owner, locks, name, mode, timeout)

    def acquire_all(
        self, owner: MetadataOwner, wanted: Iterable[tuple[Name, int]], timeout: float | None = None, explicit: bool = False,
        strong_first: bool = False,
    ) -> None:
        """Lock several names, in the order of the names (so that two statements cannot block each other half-way); with
        `strong_first` all names that others may not use at all come before the rest, as in LOCK TABLES.  If one fails the explicit
        locks taken before are given back; the others stay to the end of the transaction."""
        done: list[Name] = []
        ordered = sorted(wanted)
        if strong_first:
            ordered.sort(key=lambda one: one[1] < SHARED_NO_READ_WRITE)
        try:
            for name, mode in ordered:
                self.acquire(owner, name, mode, timeout, explicit)
                done.append(name)
        except BaseException:
            if explicit:
                for name in done:
                    owner.explicit.pop(name, None)
                self._released()
            raise

    def acquire_global_read(self, owner: MetadataOwner, timeout: float | None = None) -> None:
        """FLUSH TABLES WITH READ LOCK.  Held until `release_explicit`.  May wait; raises as `acquire` does."""
        if owner.global_read:
            return
        with self.scheduler.latch:
            self._obtain(owner, owner.explicit, GLOBAL, GLOBAL_READ, timeout)

    def begin_commit(self, owner: MetadataOwner, timeout: float | None = None) -> None:
        """The transaction is about to commit changes: wait while others hold the global read lock.  (A commit that changed
        nothing, and a rollback, do not ask.)  Ended by `release_transaction`.  Raises as `acquire` does."""
        if not owner.writing and not owner.global_read:
            self._begin_writing(owner, timeout)

    def _begin_writing(self, owner: MetadataOwner, timeout: float | None) -> None:
        owner.writing = True  # seen by everybody from here on
        if self.contended:
            with self.scheduler.latch:
                owner.writing = False
                self._serve(GLOBAL)
                if owner.modes(GLOBAL):  # LOCK TABLES ... WRITE: it is in already
                    owner.writing = True
                else:
                    self._obtain(owner, owner.held, GLOBAL, COMMIT, timeout)

    # ---- giving back
    def end_statement(self, owner: MetadataOwner) -> None:
        """The statement is over (the transaction perhaps not): the session no longer writes."""
        if owner.writing:
            owner.writing = False
            if self.contended:
                self._released()

    def release_transaction(self, owner: MetadataOwner) -> None:
        """End of the transaction (of the statement in autocommit mode): give back all but the explicit locks."""
        owner.held.clear()
        owner.writing = False
        if self.contended:
            self._released()

    def release_after(self, owner: MetadataOwner, mark: int) -> None:
        """ROLLBACK TO a savepoint that was set before the transaction's first use of an engine: give back the names locked after
        `mark`."""
        for name in list(owner.held)[mark:]:
            del owner.held[name]
        if self.contended:
            self._released()

    def release_explicit(self, owner: MetadataOwner) -> None:
        """UNLOCK TABLES: give back explicit locks and the global read lock."""
        if owner.explicit or owner.global_read:
            owner.explicit.clear()
            owner.global_read = False
            self._released()

    def _released(self) -> None:
        with self.scheduler.latch:
            for name in list(self.contended):
                self._serve(name)

    # ---- inside (latch held)
    @staticmethod
    def _note(owner: MetadataOwner, locks: dict[Name, int], name: Name, mode: int) -> None:
        """A request is granted: from here on the lock is held."""
        if mode == GLOBAL_READ:
            owner.global_read = True
        elif mode == COMMIT:
            owner.writing = True
        else:
            locks[name] = locks.get(name, 0) | 1 << mode

    def _blockers(self, owner: MetadataOwner, name: Name, mode: int, before: list[_Request]) -> list[MetadataOwner]:
        """Sessions that a request has to wait for: holders in the order of their connections, then waiting requests."""
        mask, behind = _CONFLICTS[mode], _WAITS_BEHIND[mode]
        found = [o for o in self.owners.values() if o is not owner and o.modes(name) & mask]
        found += [r.owner for r in before if r.owner is not owner and behind >> r.mode & 1]
        return found

    def _obtain(self, owner: MetadataOwner, locks: dict[Name, int], name: Name, mode: int, timeout: float | None) -> None:
        """Note the lock, after a wait if need be."""
        if not 1 << mode & _WEAK and mode != COMMIT:
            self.contended.setdefault(name, [])
        queue = self.contended.get(name)
        if queue is None or not self._blockers(owner, name, mode, queue):
            self._note(owner, locks, name, mode)
            return
        assert queue is not None
        if timeout is not None and timeout <= 0:
            self._serve(name)
            raise SqlError.of(1205)
        request = owner.waiting = _Request(owner, locks, name, mode)
        queue.append(request)
        self._break_cycles(request)
        try:
            if not request.victim:
                self.scheduler.park(request.waiter, timeout)
        except WaitTimeout:
            if not request.victim:
                raise SqlError.of(1205) from None
        except Interrupted as stop:
            raise SqlError.of(stop.code) from None
        finally:
            self._withdraw(request)
        if request.victim:
            raise SqlError.of(1213, rolled_back=RolledBack.TRANSACTION)

    def _withdraw(self, request: _Request) -> None:
        """Take a request out of its queue, if it is still there."""
        queue = self.contended.get(request.name)
        if queue is not None and request in queue:
            queue.remove(request)
            request.owner.waiting = None
            self._serve(request.name)

    def _serve(self, name: Name) -> None:
        """Grant what can be granted on `name`, in order; forget the name when nobody holds or wants a strong mode on it."""
        queue = self.contended.get(name)
        if queue is None:
            return
        place = 0
        while place < len(queue):
            request = queue[place]
            if self._blockers(request.owner, name, request.mode, queue[:place]):
                place += 1
                continue
            del queue[place]
            request.owner.waiting = None
            self._note(request.owner, request.locks, name, request.mode)
            self.scheduler.wake(request.waiter)
        strong = 1 << GLOBAL_READ if name == GLOBAL else _RO | _NRW | _X
        if not queue and not any(o.modes(name) & strong for o in self.owners.values()):
            del self.contended[name]

    def _break_cycles(self, start: _Request) -> None:
        """Resolve the deadlocks that `start` closes.  The victim learns it where it waits."""
        while start.owner.waiting is start:
            cycle = self._cycle(start, start, [])
            if not cycle:
                return
            victim = min(cycle, key=lambda request: request.weight)
            victim.victim = True
            self._withdraw(victim)
            if victim is not start:
                self.scheduler.wake(victim.waiter)

    def _cycle(self, request: _Request, start: _Request, seen: list[_Request]) -> list[_Request]:
        """The requests of a waiting cycle through `start`, from `request` on; empty if there is none."""
        seen.append(request)
        queue = self.contended[request.name]
        for owner in self._blockers(request.owner, request.name, request.mode, queue[: queue.index(request)]):
            following = owner.waiting
            if following is start:
                return [request]
            if following is not None and following not in seen:
                rest = self._cycle(following, start, seen)
                if rest:
                    return [request, *rest]
        return []

    # ---- looking inside
    def locks(self) -> list[MetadataLock]:
        """All metadata locks: by session, then name; requests that wait come last.  Latch held or nobody running."""
        rows: list[MetadataLock] = []

        def add(owner: MetadataOwner, name: Name, mode: int, duration: str, status: str) -> None:
            rows.append(MetadataLock(owner.session_id, owner.session_name, *name, MODE_NAMES[mode], duration, status))

        for owner in self.owners.values():
            if owner.global_read:
                add(owner, GLOBAL, GLOBAL_READ, "EXPLICIT", "GRANTED")
            if owner.writing:
                add(owner, GLOBAL, COMMIT, "STATEMENT", "GRANTED")
            for locks, duration in ((owner.held, "TRANSACTION"), (owner.explicit, "EXPLICIT")):
                for name, bits in sorted(locks.items()):
                    for mode in range(GLOBAL_READ):
                        if bits >> mode & 1:
                            add(owner, name, mode, duration, "GRANTED")
        for queue in self.contended.values():
            for request in queue:
                duration = "EXPLICIT" if request.locks is request.owner.explicit else "TRANSACTION"
                add(request.owner, request.name, request.mode, duration, "PENDING")
        return rows

    def explain(self, waiter: Waiter) -> str:
        """What the session of a parked 'meta' waiter waits for and on whom, in one sentence; '' if it waits no longer.  Latch
        held or nobody running."""
        for name, queue in self.contended.items():
            for place, request in enumerate(queue):
                if request.waiter is waiter:
                    blockers = self._blockers(request.owner, name, request.mode, queue[:place])
                    reasons = [self._why(name, request, blocker) for blocker in dict.fromkeys(blockers)]
                    return f"{waiter.session_name} waits for " + " and ".join(reasons)
        return ""

    @staticmethod
    def _why(name: Name, request: _Request, blocker: MetadataOwner) -> str:
        what = "the global read lock" if name == GLOBAL else f"{name[0]}.{name[1]}"
        held = blocker.modes(name) & _CONFLICTS[request.mode]
        wants = MODE_NAMES[request.mode]
        if not held:
            return f"{blocker.session_name} (who asked for {what} before and waits too)"
        modes = ", ".join(mode for place, mode in enumerate(MODE_NAMES) if held >> place & 1)
        return f"{blocker.session_name} (who holds {modes} on {what}, which does not go with {wants})"

    def check(self) -> list[str]:
        """Every broken invariant in words; empty when sound."""
        wrong: list[str] = []
        names = dict.fromkeys(n for o in self.owners.values() for n in (*o.held, *o.explicit, GLOBAL))
        for name in names:
            for one in self.owners.values():
                held = one.modes(name)
                for mode in range(len(MODE_NAMES)):
                    others = [o for o in self.owners.values() if o is not one and o.modes(name) & _CONFLICTS[mode]]
                    if held >> mode & 1 and others:
                        wrong.append(f"{name}: {one.session_name} {MODE_NAMES[mode]} against {others[0].session_name}")
        for name, queue in self.contended.items():
            for place, request in enumerate(queue):
                if request.owner.waiting is not request or not self._blockers(request.owner, name, request.mode, queue[:place]):
                    wrong.append(f"{name}: {request.owner.session_name} waits for nobody")
        return wrong
