"""Waiting for real: parked statements under the StepScheduler, threads under the ThreadScheduler."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from minidb.errors import OperationalError, RolledBack
from minidb.innodb.lock import LockSystem, LockWait
from minidb.innodb.lock_modes import S_REC, X_REC
from minidb.scheduler import Scheduler, StepScheduler
from minidb.trace import DeadlockFound, LockGranted, LockQueued, Recorder
from tests.innodb_locks.stage import Actor


class House:
    """A lock system, three sessions and the loop that an engine has around a row operation."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.system = LockSystem(scheduler)
        self.index = self.system.add_index(self.system.add_table("db", "t"), "PRIMARY", True)
        self.actors = {name: Actor(number, name) for number, name in enumerate("ABC", 1)}

    def locking(self, name: str, key: int, flags: int = X_REC) -> Callable[[], str]:
        """The statement that locks one row; a deadlock's victim gives up its transaction."""
        holder = self.actors[name].locks

        def statement() -> str:
            with self.scheduler.latch:
                try:
                    while True:
                        try:
                            return ("held", "locked")[self.system.lock(holder, self.index, key, flags)]
                        except LockWait:
                            self.system.wait(holder)
                except OperationalError as error:
                    if error.rolled_back is RolledBack.TRANSACTION:
                        self.system.release_all(holder)
                    raise

        return statement

    def ending(self, name: str) -> Callable[[], None]:
        def statement() -> None:
            with self.scheduler.latch:
                self.system.release_all(self.actors[name].locks)

        return statement


@pytest.fixture
def house() -> House:
    return House(StepScheduler())


def test_a_granted_waiter_finds_its_lock_held(house: House) -> None:
    steps = house.scheduler
    assert isinstance(steps, StepScheduler)
    steps.execute("A", house.locking("A", 1))
    waiting = steps.execute("B", house.locking("B", 1))
    assert [t.session for t in waiting.blocked] == ["B"]
    assert {s: (w.kind, w.what) for s, w in steps.waiting().items()} == {"B": ("row", "t.PRIMARY X rec (1)")}
    report = steps.execute("A", house.ending("A"))
    assert [(t.session, t.outcome()) for t in report.finished] == [("A", None), ("B", "held")]
    steps.stop()


def test_waiting_victim_gets_1213_where_it_parks(house: House) -> None:
    steps, events = house.scheduler, Recorder()
    assert isinstance(steps, StepScheduler)
    steps.trace.sink = events
    house.actors["B"].undo_records = 5
    steps.execute("A", house.locking("A", 1))
    steps.execute("B", house.locking("B", 2))
    first = steps.submit("A", house.locking("A", 2))
    steps.run()
    report = steps.execute("B", house.locking("B", 1))
    with pytest.raises(OperationalError) as failure:
        first.outcome()
    assert failure.value.code == 1213
    assert failure.value.rolled_back is RolledBack.TRANSACTION
    assert [t.session for t in report.finished] == ["A", "B"]
    assert report.blocked == []
    assert house.system.check() == []
    told = [str(e) for e in events.events if isinstance(e, LockQueued | LockGranted | DeadlockFound)]
    assert told == [
        "LockQueued(session='A', lock='t.PRIMARY X rec (2)', blockers=('B',))",
        "LockQueued(session='B', lock='t.PRIMARY X rec (1)', blockers=('A',))",
        "DeadlockFound(victim='A', cycle=('B', 'A'))",
        "LockGranted(session='B', lock='t.PRIMARY X rec (1)')",
    ]
    steps.stop()


def test_timeout_takes_back_the_request_only(house: House) -> None:
    steps = house.scheduler
    assert isinstance(steps, StepScheduler)
    steps.execute("A", house.locking("A", 1, S_REC))
    steps.execute("B", house.locking("B", 2))
    late = steps.submit("B", house.locking("B", 1))
    steps.run()
    reader = steps.submit("C", house.locking("C", 1, S_REC))
    steps.run()
    assert not reader.done
    report = steps.run_timeouts("B")
    with pytest.raises(OperationalError) as failure:
        late.outcome()
    assert failure.value.code == 1205
    assert steps.now() == 50.0
    assert [t.session for t in report.finished] == ["B", "C"]  # C had the same limit but was granted first
    assert reader.outcome() == "held"
    assert house.system.holds(house.actors["B"].locks, house.index, 2, X_REC)
    assert (house.system.timeouts, house.system.check()) == (1, [])
    steps.stop()


def test_kill_and_statement_time_end_a_wait(house: House) -> None:
    steps = house.scheduler
    assert isinstance(steps, StepScheduler)
    steps.execute("A", house.locking("A", 1))
    killed = steps.submit("B", house.locking("B", 1))
    steps.set_deadline(house.actors["C"].session_id, 3)
    slow = steps.submit("C", house.locking("C", 1))
    steps.run()
    steps.interrupt(house.actors["B"].session_id)
    steps.run()
    steps.advance(3)
    codes = []
    for task in (killed, slow):
        with pytest.raises(OperationalError) as failure:
            task.outcome()
        codes.append(failure.value.code)
    assert codes == [1317, 1969]
    assert house.system.waiting == {}
    steps.stop()


def test_detection_can_be_switched_off(house: House) -> None:
    steps = house.scheduler
    assert isinstance(steps, StepScheduler)
    house.system.detect = False
    steps.execute("A", house.locking("A", 1))
    steps.execute("B", house.locking("B", 2))
    steps.execute("A", house.locking("A", 2))
    report = steps.execute("B", house.locking("B", 1))
    assert [t.session for t in report.blocked] == ["A", "B"]
    report = steps.run_timeouts()
    assert [t.session for t in report.finished] == ["A"]
    assert [t.session for t in report.blocked] == ["B"]
    steps.stop()
