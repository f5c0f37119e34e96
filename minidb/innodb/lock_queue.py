"""Queues: requests that wait, grants, and which transaction waits for which.  The lower half of the lock system; `lock` is the
upper half.  The latch is held throughout."""

from __future__ import annotations

from itertools import islice
from typing import Final

from minidb.engine import WaitPolicy
from minidb.errors import RolledBack, SqlError
from minidb.innodb import deadlock, lock_text
from minidb.innodb.lock_modes import CONFLICTS, CONFLICTS_SUPREMUM, SUPREMUM, TABLE_CONFLICTS, TABLE_MODES, TABLE_S, TABLE_X
from minidb.innodb.lock_objects import Entry, IndexLocks, Key, Queue, RecordLock, Request, TableLocks, TrxLocks
from minidb.innodb.profile import Profile
from minidb.scheduler import LockWait, Scheduler, Waiter
from minidb.trace import LockGranted, LockQueued

# Answers of a request.
SKIPPED: Final = -1  # somebody else has it and the policy was SKIP_LOCKED
HELD: Final = 0  # held before: not to be given back
LOCKED: Final = 1  # newly locked


class LockQueues:
    """State of the lock tables and what happens in their queues.

    waiting: every waiting request by transaction, longest waiting first.  latest_deadlock: text for SHOW ENGINE INNODB STATUS, ''
    if there was none.  detect: innodb_deadlock_detect.  waits, deadlocks, timeouts: counted since creation.  last_no: number given
    to a table or index last.
    """

    def __init__(self, scheduler: Scheduler, profile: Profile | None = None) -> None:
        self.scheduler = scheduler
        self.trace = scheduler.trace
        self.profile = profile or Profile()
        self.tables: dict[int, TableLocks] = {}
        self.indexes: dict[int, IndexLocks] = {}
        self.waiting: dict[TrxLocks, Request] = {}
        self.latest_deadlock = ""
        self.detect = True
        self.waits = self.deadlocks = self.timeouts = 0
        self.last_no = 0
        self._repointed: list[TrxLocks] = []

    # ---- reading
    def entries(self, index: IndexLocks, key: Key) -> list[Entry]:
        """The locks and waiting requests on a record, in queue order (a list of its own)."""
        queue = index.get(key)
        if queue is None:
            return []
        return [queue] if type(queue) is RecordLock else list(queue)

    def obstacles(self, request: Request, index: IndexLocks) -> list[Entry]:
        """The locks and earlier requests on the record that a waiting request waits for, in queue order."""
        queue = self.entries(index, request.key)
        held = self._held_on(request.holder, queue)
        return self._record_blockers(request.holder, queue[: queue.index(request)], request.key, request.flags, held)

    def table_obstacles(self, request: Request, table: TableLocks) -> list[tuple[TrxLocks, int, bool]]:
        """The same on a table: (transaction, its mode, is it waiting)."""
        mask, holder = TABLE_CONFLICTS[request.flags], request.holder
        found = [
            (other, mode, False)
            for other, held in table.granted.items()
            for mode in range(TABLE_MODES)
            if held >> mode & 1 and mask >> mode & 1 and other is not holder
        ]
        before = table.waiting[: table.waiting.index(request)]
        return found + [(r.holder, r.flags, True) for r in before if mask >> r.flags & 1 and r.holder is not holder]

    def blockers(self, request: Request) -> list[TrxLocks]:
        """The transactions that a waiting request waits for, in queue order."""
        place = request.place
        if isinstance(place, TableLocks):
            return list(dict.fromkeys(holder for holder, _, _ in self.table_obstacles(request, place)))
        return list(dict.fromkeys(entry.holder for entry in self.obstacles(request, place)))

    def held_by(self, holder: TrxLocks, limit: int | None = None) -> list[str]:
        """The granted locks of a transaction in words: table locks, then record locks in the order in which they came.  With
        `limit`, so many record locks and a line that says how many lock objects there are."""
        rows = [lock_text.table(t, mode) for t, held in holder.tables.items() for mode in range(TABLE_MODES) if held >> mode & 1]
        found = (
            lock_text.record(group.index, key, group.flags)
            for group in holder.groups.values()
            for key in dict.fromkeys(group.keys if limit is None else group.keys[: limit + 1])
            if group in self.entries(group.index, key)
        )
        if limit is None:
            return rows + list(found)
        rows += islice(found, limit)
        if next(found, None) is not None:
            rows.append(f"... ({holder.objects} lock objects in all)")
        return rows

    def waiters_on(self, holder: TrxLocks) -> int:
        """How many transactions wait for `holder`, directly or through others."""
        count = 0
        for waiting in self.waiting:
            seen, at = {waiting}, waiting.waits_for
            while at is not None and at not in seen:
                if at is holder:
                    count += 1
                    break
                seen.add(at)
                at = at.waits_for
        return count

    # ---- inside
    def _new_group(self, holder: TrxLocks, index: IndexLocks, flags: int) -> RecordLock:
        no = index.no | flags
        spare = holder.spare
        group = holder.groups[no] = spare.pop(no) if no in spare else RecordLock(holder, index, flags)
        holder.objects += 1
        return group

    def _add(self, holder: TrxLocks, index: IndexLocks, key: Key, flags: int) -> None:
        """Append a granted lock to the queue of a record."""
        group = holder.groups.get(index.no | flags) or self._new_group(holder, index, flags)
        queue = index.get(key)
        if queue is None:
            index[key] = group
        elif type(queue) is RecordLock:
            index[key] = [queue, group]
        elif type(queue[-1]) is Request and self.profile.granted_first():
            queue.insert(self._end_of_granted(queue), group)
        else:
            queue.append(group)
        group.keys.append(key)

    @staticmethod
    def _end_of_granted(queue: list[Entry]) -> int:
        """Place of the first waiting request."""
        return next((place for place, entry in enumerate(queue) if type(entry) is Request), len(queue))

    @staticmethod
    def _held_on(holder: TrxLocks, entries: list[Entry]) -> int:
        """Bits of the locks that a transaction has among `entries`."""
        held = 0
        for entry in entries:
            if entry.holder is holder and type(entry) is RecordLock:
                held |= 1 << entry.flags
        return held

    def _record_blockers(
        self, holder: TrxLocks, entries: list[Entry] | tuple[Entry, ...], key: Key, flags: int, held: int = 0
    ) -> list[Entry]:
        """Those of `entries` that a request has to wait for.  held: bits of what the requester has on the record."""
        mask = (CONFLICTS_SUPREMUM if key is SUPREMUM else CONFLICTS)[flags]
        if not mask:
            return []
        overtakes = self.profile.overtakes
        return [
            entry
            for entry in entries
            if mask >> entry.flags & 1
            and entry.holder is not holder
            and not (type(entry) is Request and overtakes(flags, entry.flags, held))
        ]

    def _blocker(self, holder: TrxLocks, queue: Queue, key: Key, flags: int, held: int) -> TrxLocks | None:
        """The transaction that a new request has to wait for first, None if it can be granted."""
        entries: tuple[Entry, ...] | list[Entry] = (queue,) if type(queue) is RecordLock else queue
        blockers = self._record_blockers(holder, entries, key, flags, held)
        return self.profile.blocker(blockers) if blockers else None

    def _must_wait(
        self, holder: TrxLocks, place: IndexLocks | TableLocks, key: Key, flags: int, blocker: TrxLocks, policy: WaitPolicy
    ) -> int:
        """Queue a request that conflicts.  Returns LOCKED if resolving a deadlock granted it at once."""
        if policy is WaitPolicy.SKIP_LOCKED:
            return SKIPPED
        if policy is WaitPolicy.NOWAIT:
            raise SqlError.of(self.profile.nowait_error)
        if holder.timeout <= 0:
            self.timeouts += 1
            raise SqlError.of(1205)
        request = Request(holder, place, flags, key)
        if isinstance(place, TableLocks):
            place.waiting.append(request)
        else:
            queue = place[key]
            if type(queue) is RecordLock:
                place[key] = [queue, request]
            else:
                queue.append(request)
        holder.waiting, holder.waits_for = request, blocker
        holder.objects += 1
        self.waiting[holder] = request
        self.waits += 1
        text = lock_text.request(request)
        owner = holder.owner
        kind = "table" if isinstance(place, TableLocks) else "row"
        waiter = holder.waiter = Waiter(owner.session_id, owner.session_name, kind, text)
        sink = self.trace.sink
        if sink is not None:
            sink(LockQueued(owner.session_name, text, tuple(b.owner.session_name for b in self.blockers(request))))
        if self.detect:
            deadlock.resolve(self, holder)
            self._recheck()
            if holder.victim:
                raise SqlError.of(1213, rolled_back=RolledBack.TRANSACTION)
            if holder.waiting is None:
                return LOCKED
        raise LockWait(waiter)

    def _end_wait(self, holder: TrxLocks, withdrawn: bool) -> None:
        """The request of `holder` is granted, or (withdrawn) gone from its queue."""
        del self.waiting[holder]
        holder.waiting = holder.waits_for = None
        if withdrawn:
            holder.objects -= 1
        waiter, holder.waiter = holder.waiter, None
        assert waiter is not None
        self.scheduler.wake(waiter)

    def cancel(self, holder: TrxLocks) -> None:
        """Take the waiting request of `holder` out of its queue, if there is one; those behind it may be granted."""
        request = holder.waiting
        if request is None:
            return
        self._end_wait(holder, withdrawn=True)
        place = request.place
        if isinstance(place, TableLocks):
            place.waiting.remove(request)
            self._grant_waiting_tables(place)
        else:
            queue = place[request.key]
            assert type(queue) is list
            queue.remove(request)
            self._queue_shrunk(place, request.key, queue, holder)
        self._recheck()

    def _queue_shrunk(self, index: IndexLocks, key: Key, queue: list[Entry], leaver: TrxLocks) -> None:
        """Something of `leaver` left the queue of a record: grant what can be granted, then keep it as small as it can be."""
        profile = self.profile
        granted_first = profile.granted_first()
        requests = [r for r in queue if type(r) is Request and (not granted_first or r.holder.waits_for is leaver)]
        if requests:
            for request in profile.grant_order(requests, self.waiters_on):
                self._grant_or_repoint(index, key, queue, request, granted_first)
        if len(queue) == 1 and type(queue[0]) is RecordLock:
            index[key] = queue[0]
        elif not queue:
            del index[key]

    def _grant_or_repoint(self, index: IndexLocks, key: Key, queue: list[Entry], request: Request, granted_first: bool) -> None:
        """Grant a waiting request if nothing is left that it waits for, else let the deadlock search follow what is."""
        holder = request.holder
        if granted_first:
            before: list[Entry] = [entry for entry in queue if type(entry) is RecordLock]
        else:
            before = queue[: queue.index(request)]
        blockers = self._record_blockers(holder, before, key, request.flags)
        if not blockers:
            self._grant(index, key, queue, request)
            return
        blocker = self.profile.blocker(blockers)
        if blocker is not holder.waits_for:
            holder.waits_for = blocker
            self._repointed.append(holder)

    def _grant(self, index: IndexLocks, key: Key, queue: list[Entry], request: Request) -> None:
        holder, no = request.holder, index.no | request.flags
        group = holder.groups.get(no)
        if group is None:
            group = holder.groups[no] = RecordLock(holder, index, request.flags)  # the request's object goes on as this one
        place = queue.index(request)
        if group in queue:
            del queue[place]
        else:
            queue[place] = group
            group.keys.append(key)
            if self.profile.granted_first():
                del queue[place]
                queue.insert(self._end_of_granted(queue), group)
        self._end_wait(holder, withdrawn=False)
        sink = self.trace.sink
        if sink is not None:
            sink(LockGranted(holder.owner.session_name, lock_text.record(index, key, request.flags)))

    def _recheck(self) -> None:
        """Look for deadlocks that show only now that a waiting transaction waits for another one than before."""
        while self._repointed:
            holder = self._repointed.pop(0)
            if holder.waiting is not None and self.detect:
                deadlock.resolve(self, holder)

    # ---- inside: table queues
    def _table_blockers(self, holder: TrxLocks, table: TableLocks, mode: int, before: int) -> list[TrxLocks]:
        """Holders of conflicting locks, then transactions whose conflicting requests are among the first `before` waiting ones."""
        mask = TABLE_CONFLICTS[mode]
        found = [other for other, held in table.granted.items() if held & mask and other is not holder]
        found += [r.holder for r in table.waiting[:before] if mask >> r.flags & 1 and r.holder is not holder]
        return found

    def _grant_table(self, holder: TrxLocks, table: TableLocks, mode: int) -> None:
        held = holder.tables.get(table, 0) | 1 << mode
        holder.tables[table] = table.granted[holder] = held
        if mode in (TABLE_S, TABLE_X):
            table.strong += 1

    def _grant_waiting_tables(self, table: TableLocks) -> None:
        """Grant what can be granted, in order; nobody overtakes."""
        place = 0
        while place < len(table.waiting):
            request = table.waiting[place]
            holder = request.holder
            blockers = self._table_blockers(holder, table, request.flags, place)
            if not blockers:
                del table.waiting[place]
                self._grant_table(holder, table, request.flags)
                text = lock_text.request(request)
                self._end_wait(holder, withdrawn=False)
                sink = self.trace.sink
                if sink is not None:
                    sink(LockGranted(holder.owner.session_name, text))
                continue
            if blockers[0] is not holder.waits_for:
                holder.waits_for = blockers[0]
                self._repointed.append(holder)
            place += 1
