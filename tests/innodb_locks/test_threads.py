"""Eight threads on a handful of rows, with deadlocks: everybody gets through, nothing is lost, nothing hangs."""

from __future__ import annotations

import random
import threading

from minidb.errors import OperationalError
from minidb.innodb.lock import LockSystem, LockWait
from minidb.innodb.lock_modes import IX, S_REC, X_REC
from minidb.scheduler import ThreadScheduler
from tests.innodb_locks.stage import Actor

LIMIT = 60.0
SESSIONS, TURNS, ROWS = 8, 60, 5


def test_transfers_between_rows() -> None:
    scheduler = ThreadScheduler(1)
    system = LockSystem(scheduler)
    table = system.add_table("db", "t")
    index = system.add_index(table, "PRIMARY", True)
    balance = dict.fromkeys(range(ROWS), 100)
    deadlocks, failures = [0] * SESSIONS, list[str]()

    def lock_row(actor: Actor, key: int, flags: int) -> None:
        with scheduler.latch:
            while True:
                try:
                    system.lock_table(actor.locks, table, IX)
                    system.lock(actor.locks, index, key, flags)
                    return
                except LockWait:
                    system.wait(actor.locks)

    def transfer(actor: Actor, choice: random.Random) -> bool:
        """Move 1 between two rows, read a third; False if it was a deadlock's victim."""
        source, target, third = choice.sample(range(ROWS), 3)
        try:
            lock_row(actor, source, X_REC)
            lock_row(actor, third, S_REC)
            taken = balance[source]
            lock_row(actor, target, X_REC)
            given = balance[target]
            balance[source], balance[target] = taken - 1, given + 1
            return True
        except OperationalError as error:
            assert error.code == 1213
            return False
        finally:
            with scheduler.latch:
                system.release_all(actor.locks)

    def session(number: int) -> None:
        actor, choice = Actor(number, f"S{number}"), random.Random(number)
        try:
            for _ in range(TURNS):
                while not transfer(actor, choice):
                    deadlocks[number] += 1
        except BaseException as error:
            failures.append(repr(error))

    threads = [threading.Thread(target=session, args=(n,)) for n in range(SESSIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive(), "a session hangs"
    assert failures == []
    assert sum(balance.values()) == 100 * ROWS
    assert not index and not table.granted and not system.waiting
    assert sum(deadlocks) == system.deadlocks
    assert system.check() == []
