"""Deadlocks: found by the transaction that begins to wait, at once, along one edge per waiting transaction.

Each waiting transaction has `TrxLocks.waits_for`, the blocker that the profile picks (MariaDB: the first in the queue).  A cycle
through a second blocker shows when the first one goes and the edge turns to the next: the lock system asks again then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minidb.innodb import lock_text
from minidb.innodb.lock_objects import TrxLocks
from minidb.trace import DeadlockFound

if TYPE_CHECKING:
    from minidb.innodb.lock_queue import LockQueues


LOCKS_SHOWN = 10  # record locks of each transaction in the report, as in SHOW ENGINE INNODB STATUS


def find_cycle(start: TrxLocks) -> list[TrxLocks]:
    """The transactions of a waiting cycle through `start`, beginning with it, in waiting order; empty if there is none."""
    path = [start]
    at = start.waits_for
    while at is not None and at is not start:
        if at in path:  # a cycle that `start` only leads to
            return []
        path.append(at)
        at = at.waits_for
    return path if at is start else []


def weight(holder: TrxLocks) -> tuple[bool, int]:
    """How much a rollback would cost: changes that cannot be rolled back first, then undo records + lock objects."""
    return holder.owner.changed_non_transactional, holder.owner.undo_records + holder.objects


def choose_victim(cycle: list[TrxLocks]) -> TrxLocks:
    """The lightest of the cycle; among equals ``cycle[0]``, whose request closed it, else the next in waiting order."""
    return min(cycle, key=weight)


def resolve(locks: LockQueues, start: TrxLocks) -> None:
    """Break every cycle through the waiting `start`.  A victim loses its waiting request at once and keeps its other locks until
    it has rolled back; it learns its fate where it parks (or, if it is `start`, from the caller)."""
    while start.waiting is not None:
        cycle = find_cycle(start)
        if not cycle:
            return
        victim = choose_victim(cycle)
        locks.deadlocks += 1
        locks.latest_deadlock = report(locks, cycle, victim)
        sink = locks.trace.sink
        if sink is not None:
            sink(DeadlockFound(victim.owner.session_name, tuple(h.owner.session_name for h in cycle)))
        victim.victim = True
        locks.cancel(victim)


def report(locks: LockQueues, cycle: list[TrxLocks], victim: TrxLocks) -> str:
    """The cycle in words, for LATEST DETECTED DEADLOCK."""
    when = locks.scheduler.wall_clock().replace(microsecond=0)
    lines = [f"{when}"]
    for number, holder in enumerate(cycle, 1):
        owner, waiting = holder.owner, holder.waiting
        assert waiting is not None
        blocker = cycle[number % len(cycle)].owner.session_name
        trx = f"TRANSACTION {owner.id}" if owner.id else "TRANSACTION (no id: it has changed nothing)"
        lines += [
            f"*** ({number}) TRANSACTION:",
            f"{trx}, session {owner.session_name}, connection {owner.session_id}",
            f"{holder.objects} lock struct(s), undo log entries {owner.undo_records}",
            f"*** ({number}) WAITING FOR THIS LOCK TO BE GRANTED (blocked by {blocker}):",
            lock_text.request(waiting),
            f"*** ({number}) HOLDS:",
        ]
        lines += locks.held_by(holder, LOCKS_SHOWN)
    lines.append(f"*** WE ROLL BACK TRANSACTION ({cycle.index(victim) + 1})")
    return "\n".join(lines)
