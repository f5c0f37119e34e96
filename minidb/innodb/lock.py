"""The lock system of one database: who holds what, who waits, who is next.  Numbered rules, each with its test: LOCKS.md.

Every method is called with the latch held and none gives it up, except `wait`, which parks.  The road of a row operation::

    try:
        got = locks.lock(trx.locks, index_locks, key, X_NEXT_KEY)     # HELD, LOCKED (newly) or SKIPPED
    except LockWait:
        locks.wait(trx.locks)                                         # parks; raises 1205 / 1213 / 1317 ...
        ...                                                           # then repeat the operation from its start

After a wait the repeated request finds its lock HELD, or finds that the record is gone, in which case nothing is held on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minidb.engine import Isolation, WaitPolicy
from minidb.errors import RolledBack, SqlError
from minidb.innodb import lock_check, lock_text
from minidb.innodb.lock_modes import (
    AUTO_INC,
    COVERED_BY,
    GAP,
    IX,
    NEXT_KEY,
    REC,
    SUPREMUM,
    TABLE_COVERED_BY,
    TABLE_S,
    TABLE_X,
    X_INSERT,
    X_REC,
)
from minidb.innodb.lock_objects import Entry, IndexLocks, Key, RecordLock, Request, TableLocks, TrxLocks
from minidb.innodb.lock_queue import HELD, LOCKED, SKIPPED, LockQueues
from minidb.scheduler import Interrupted, LockWait, WaitTimeout
from minidb.trace import ImplicitLockConverted, LockInherited, LocksReleased

__all__ = ["HELD", "LOCKED", "SKIPPED", "LockSystem", "LockWait"]

_STRONG = 1 << TABLE_S | 1 << TABLE_X


class LockSystem(LockQueues):
    """Lock tables and queues.  `profile` holds the rules that differ between servers and may be replaced at any time."""

    # ---- the lock tables themselves
    def add_table(self, db: str, name: str) -> TableLocks:
        """The (empty) lock queue of a table that is opened or created."""
        self.last_no += 1
        table = self.tables[self.last_no] = TableLocks(self.last_no, db, name)
        return table

    def add_index(
        self, table: TableLocks, name: str, clustered: bool, describe: Callable[[Key], tuple[tuple[Any, ...], bool]] | None = None
    ) -> IndexLocks:
        """The (empty) record locks of an index.  `describe` turns a record key into what people see (see `IndexLocks`)."""
        self.last_no += 1
        index = self.indexes[self.last_no] = IndexLocks(self.last_no << 3, table, name, clustered, describe)
        return index

    def remove_table(self, table: TableLocks) -> None:
        """The table is dropped or closed; nobody holds a lock on it (its metadata lock saw to that)."""
        del self.tables[table.no]
        for index in [i for i in self.indexes.values() if i.table is table]:
            self.remove_index(index)

    def remove_index(self, index: IndexLocks) -> None:
        del self.indexes[index.no >> 3]
        index.clear()

    def arrange(self, indexes: list[IndexLocks]) -> None:
        """These are the indexes that there are.  Nobody holds or waits for anything."""
        self.indexes = {index.no >> 3: index for index in indexes}
        self.tables = {index.table.no: index.table for index in indexes}

    # ---- record locks
    def lock(self, holder: TrxLocks, index: IndexLocks, key: Key, flags: int, policy: WaitPolicy = WaitPolicy.WAIT) -> int:
        """Lock the record `key` (or SUPREMUM) with `flags` (lock_modes: X_NEXT_KEY, S_REC ...; not for insert intentions).

        Returns HELD if what the transaction already has covers it, LOCKED if it was added, SKIPPED if it would have to wait and
        the policy is SKIP_LOCKED.  Raises `LockWait` with the request queued; 1205 (3572 in MySQL) for NOWAIT or a timeout of 0;
        1213 if this transaction is the victim of the deadlock it would close (it must roll back)."""
        if key is SUPREMUM:
            flags &= 1
        queue = index.get(key)
        if queue is None:
            group = holder.groups.get(index.no | flags)
            if group is None:
                group = self._new_group(holder, index, flags)
            index[key] = group
            group.keys.append(key)
            return LOCKED
        held = 0
        if type(queue) is RecordLock:
            if queue.holder is holder:
                held = 1 << queue.flags
        else:
            for entry in queue:
                if entry.holder is holder and type(entry) is RecordLock:
                    held |= 1 << entry.flags
        if held:
            if COVERED_BY[flags] & held:
                return HELD
            mode = flags & 1
            if flags == NEXT_KEY | mode and COVERED_BY[REC | mode] & held and key is not SUPREMUM:
                flags = GAP | mode  # the record is had, only the gap is new
                if COVERED_BY[flags] & held:
                    return HELD
        blocker = self._blocker(holder, queue, key, flags, held)
        if blocker is None:
            self._add(holder, index, key, flags)
            return LOCKED
        return self._must_wait(holder, index, key, flags, blocker, policy)

    def lock_insert(self, holder: TrxLocks, index: IndexLocks, successor: Key) -> None:
        """Insert intention on the `successor` of a record to be inserted.  Nothing is recorded if nothing conflicts.  Raises as
        `lock` does; after the wait the granted insert intention stays recorded."""
        queue = index.get(successor)
        if queue is not None:
            blocker = self._blocker(holder, queue, successor, X_INSERT, 0)
            if blocker is not None:
                self._must_wait(holder, index, successor, X_INSERT, blocker, WaitPolicy.WAIT)

    def lock_modify(self, holder: TrxLocks, index: IndexLocks, key: Key) -> None:
        """X on a record that `holder` is about to change: its lock will be implicit, so nothing is recorded if nothing conflicts.
        Raises as `lock` does; after the wait the granted lock stays recorded."""
        queue = index.get(key)
        if queue is not None:
            held = self._held_on(holder, self.entries(index, key))
            if not COVERED_BY[X_REC] & held:
                blocker = self._blocker(holder, queue, key, X_REC, held)
                if blocker is not None:
                    self._must_wait(holder, index, key, X_REC, blocker, WaitPolicy.WAIT)

    def convert_implicit(self, owner: TrxLocks, index: IndexLocks, key: Key) -> None:
        """The record was changed by the open transaction `owner`, and another session has met it: write the X rec down."""
        queue = index.get(key)
        if queue is not None:
            for entry in (queue,) if type(queue) is RecordLock else tuple(queue):
                if entry.holder is owner and type(entry) is RecordLock and COVERED_BY[X_REC] >> entry.flags & 1:
                    return
        self._add(owner, index, key, X_REC)
        sink = self.trace.sink
        if sink is not None:
            sink(ImplicitLockConverted(owner.owner.session_name, lock_text.record(index, key, X_REC)))

    def holds(self, holder: TrxLocks, index: IndexLocks, key: Key, flags: int) -> bool:
        """Does the transaction have an explicit lock on the record that covers `flags`?"""
        return bool(COVERED_BY[flags] & self._held_on(holder, self.entries(index, key)))

    def unlock(self, holder: TrxLocks, index: IndexLocks, key: Key, flags: int) -> None:
        """Give back one lock before the end of the transaction (a row that did not match).  Does nothing if it is not there."""
        group = holder.groups.get(index.no | flags)
        if group is None:
            return
        queue = index.get(key)
        if queue is group:
            del index[key]
        elif type(queue) is list and group in queue:
            queue.remove(group)
            self._queue_shrunk(index, key, queue, holder)
        else:
            return
        if group.keys[-1] == key:
            group.keys.pop()
        self._recheck()

    # ---- records that come and go
    def inherit_on_insert(self, index: IndexLocks, key: Key, successor: Key) -> None:
        """The record `key` was inserted in front of `successor`: it inherits the locks on the gap that it splits.  To be called
        if ``successor in index``."""
        for entry in self.entries(index, successor):
            kind = entry.flags & ~1
            if kind in (GAP, NEXT_KEY):
                self._inherit(entry.holder, index, key, GAP | entry.flags & 1, "insert")

    def inherit_on_removal(self, index: IndexLocks, key: Key, successor: Key) -> None:
        """The record `key` is being removed (rollback of its insert, purge): its locks, granted or waiting, become gap locks on
        `successor`; whoever waited for it wakes up and searches afresh.  To be called if ``key in index``."""
        inherits = self.profile.inherits_on_removal
        entries = self.entries(index, key)
        for entry in entries:
            holder = entry.holder
            if entry.flags == X_INSERT:
                continue
            if holder.owner.isolation > Isolation.READ_COMMITTED or inherits(holder, entry.flags):
                self._inherit(holder, index, successor, GAP | entry.flags & 1, "removal")
        index.pop(key, None)
        for entry in entries:
            if type(entry) is Request:
                self._end_wait(entry.holder, withdrawn=True)
        self._recheck()

    def _inherit(self, holder: TrxLocks, index: IndexLocks, key: Key, flags: int, reason: str) -> None:
        if key is SUPREMUM:
            flags &= 1
        group = holder.groups.get(index.no | flags)
        if group is not None and group in self.entries(index, key):
            return
        self._add(holder, index, key, flags)
        sink = self.trace.sink
        if sink is not None:
            sink(LockInherited(holder.owner.session_name, lock_text.record(index, key, flags), reason))

    # ---- table locks
    def lock_table(self, holder: TrxLocks, table: TableLocks, mode: int, policy: WaitPolicy = WaitPolicy.WAIT) -> int:
        """Lock a table IS, IX, TABLE_S, TABLE_X or AUTO_INC.  Returns and raises as `lock` does."""
        held = holder.tables.get(table, 0)
        if held & TABLE_COVERED_BY[mode]:
            return HELD
        if table.strong or table.waiting or mode > IX:
            blockers = self._table_blockers(holder, table, mode, len(table.waiting))
            if blockers:
                return self._must_wait(holder, table, None, mode, blockers[0], policy)
            self._grant_table(holder, table, mode)
        else:
            holder.tables[table] = table.granted[holder] = held | 1 << mode
        holder.objects += 1
        return LOCKED

    def release_auto_inc(self, holder: TrxLocks) -> None:
        """End of statement: give back the AUTO-INC locks."""
        bit = 1 << AUTO_INC
        for table, held in list(holder.tables.items()):
            if held & bit:
                holder.objects -= 1
                if held == bit:
                    del holder.tables[table], table.granted[holder]
                else:
                    holder.tables[table] = table.granted[holder] = held & ~bit
                self._grant_waiting_tables(table)
        self._recheck()

    # ---- waiting
    def wait(self, holder: TrxLocks, timeout: float | None = None) -> None:
        """Park until the queued request of `holder` is granted or withdrawn; the latch is free meanwhile.

        timeout: seconds, None = the holder's.  Raises 1205 (only the waiting request is gone; the statement is to be undone),
        1213 (deadlock victim: roll back everything), 1317 / 1927 / 1969."""
        waiter = holder.waiter
        if waiter is not None:
            try:
                self.scheduler.park(waiter, holder.timeout if timeout is None else timeout)
            except WaitTimeout:
                self.cancel(holder)
                if not holder.victim:
                    self.timeouts += 1
                    raise SqlError.of(1205) from None
            except Interrupted as stop:
                self.cancel(holder)
                if not holder.victim:
                    raise SqlError.of(stop.code) from None
            except BaseException:
                self.cancel(holder)
                raise
        if holder.victim:
            raise SqlError.of(1213, rolled_back=RolledBack.TRANSACTION)

    # ---- giving back
    def release_all(self, holder: TrxLocks) -> None:
        """End of the transaction: give back every lock, newest object first, and grant to whoever is next in each queue."""
        if holder.waiting is not None:
            self.cancel(holder)
        if holder.groups:
            for group in reversed(holder.groups.values()):
                index = group.index
                pop = index.pop
                shared: list[tuple[Key, list[Entry]]] = []
                for key in group.keys:
                    queue = pop(key, None)
                    if queue is not group and queue is not None:
                        index[key] = queue
                        if type(queue) is list and group in queue:
                            queue.remove(group)
                            shared.append((key, queue))
                if len(shared) > 1:
                    shared = self._by_age(shared)
                for key, queue in shared:
                    self._queue_shrunk(index, key, queue, holder)
                group.keys.clear()
            holder.spare, holder.groups = holder.groups, holder.spare  # the objects will be wanted again
            holder.groups.clear()
        if holder.tables:
            for table, held in reversed(holder.tables.items()):
                del table.granted[holder]
                if held & _STRONG:
                    table.strong -= (held >> TABLE_S & 1) + (held >> TABLE_X & 1)
                if table.waiting:
                    self._grant_waiting_tables(table)
            holder.tables.clear()
        sink = self.trace.sink
        if sink is not None and holder.objects:
            sink(LocksReleased(holder.owner.session_name, holder.objects))
        holder.objects = 0
        holder.victim = holder.duplicates = holder.constraint_check = False
        if self._repointed:
            self._recheck()

    def _by_age(self, queues: list[tuple[Key, list[Entry]]]) -> list[tuple[Key, list[Entry]]]:
        """Queues of one lock object, the one with the oldest waiting request first: InnoDB has one list for all of them."""
        age = {request: n for n, request in enumerate(self.waiting.values())}
        last = len(age)
        return sorted(queues, key=lambda q: min((age[entry] for entry in q[1] if type(entry) is Request), default=last))

    # ---- looking inside
    def check(self) -> list[str]:
        """Every broken invariant of the lock tables, in words; empty when sound.  No two granted locks conflict, every waiting
        request waits for somebody, and transactions and queues agree."""
        return lock_check.check(self)
