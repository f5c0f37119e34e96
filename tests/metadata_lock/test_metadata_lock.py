"""Metadata locks, as measured on MariaDB 10.11 (corpus: metadata, lock-tables; FLUSH TABLES WITH READ LOCK probed)."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from minidb.errors import Error, RolledBack
from minidb.metadata_lock import (
    EXCLUSIVE,
    SHARED_NO_READ_WRITE,
    SHARED_READ,
    SHARED_READ_ONLY,
    SHARED_WRITE,
    MetadataLocks,
    MetadataOwner,
)
from minidb.scheduler import StepScheduler, Task, ThreadScheduler

T, U = ("db", "t"), ("db", "u")


class House:
    def __init__(self) -> None:
        self.steps = StepScheduler()
        self.locks = MetadataLocks(self.steps)
        self.owners = {name: self.locks.owner(number, name) for number, name in enumerate("ABCD", 1)}

    def say(self, name: str, action: Callable[[MetadataOwner], None]) -> Task:
        """A statement of session `name`; it runs until it is done or blocked, and so does whoever goes on because of it."""
        task = self.steps.submit(name, lambda: action(self.owners[name]))
        self.steps.run()
        assert self.locks.check() == []
        return task

    def take(self, name: str, what: tuple[str, str], mode: int, timeout: float | None = 100, explicit: bool = False) -> Task:
        return self.say(name, lambda owner: self.locks.acquire(owner, what, mode, timeout, explicit))

    def done(self, name: str) -> Task:
        """End of the statement and of the transaction."""
        return self.say(name, self.locks.release_transaction)

    def read(self, name: str, what: tuple[str, str] = T) -> Task:
        """A SELECT in autocommit mode."""

        def select(owner: MetadataOwner) -> None:
            self.locks.acquire(owner, what, SHARED_READ, 100)
            self.locks.release_transaction(owner)

        return self.say(name, select)

    def write(self, name: str, what: tuple[str, str] = T) -> Task:
        """An UPDATE inside a transaction."""

        def update(owner: MetadataOwner) -> None:
            try:
                self.locks.acquire(owner, what, SHARED_WRITE, 100)
            finally:
                self.locks.end_statement(owner)

        return self.say(name, update)


@pytest.fixture
def house() -> House:
    return House()


def code(task: Task) -> int:
    with pytest.raises(Error) as failure:
        task.outcome()
    return failure.value.code


def test_ddl_waits_for_open_transactions_and_stops_later_ones(house: House) -> None:
    house.take("A", T, SHARED_READ)
    house.write("B")
    drop = house.take("C", T, EXCLUSIVE)
    assert house.steps.waiting()["C"].kind == "meta"
    late = house.read("D")
    assert not late.done
    assert [house.locks.explain(waiter) for waiter in house.steps.waiting().values()] == [
        "C waits for A (who holds SHARED_READ on db.t, which does not go with EXCLUSIVE) "
        "and B (who holds SHARED_WRITE on db.t, which does not go with EXCLUSIVE)",
        "D waits for C (who asked for db.t before and waits too)",
    ]
    house.done("A")
    assert not drop.done
    house.done("B")
    assert drop.done and not late.done
    house.done("C")
    assert late.done
    other = house.read("A", U)
    assert other.done
    assert house.locks.contended == {}


def test_the_holder_reads_on_while_ddl_waits(house: House) -> None:
    house.write("A")
    drop = house.take("B", T, EXCLUSIVE)
    assert house.take("A", T, SHARED_READ).done
    house.done("A")
    assert drop.done


def test_lock_wait_timeout_and_nowait(house: House) -> None:
    house.take("A", T, SHARED_READ)
    assert code(house.take("B", T, EXCLUSIVE, timeout=0)) == 1205
    house.done("B")
    waits = house.take("B", T, EXCLUSIVE, timeout=1)
    reader = house.read("C")
    assert not reader.done
    house.steps.run_timeouts("B")
    assert code(waits) == 1205
    assert reader.done
    assert house.locks.contended == {}


def test_lock_tables_read_stops_writers_only(house: House) -> None:
    house.take("A", T, SHARED_READ_ONLY, explicit=True)
    house.take("B", T, SHARED_READ_ONLY, explicit=True)
    assert house.read("C").done
    writer = house.write("C")
    assert not writer.done
    assert house.read("D").done
    house.say("A", house.locks.release_explicit)
    assert not writer.done
    house.say("B", house.locks.release_explicit)
    assert writer.done


def test_lock_tables_write_stops_everybody(house: House) -> None:
    house.take("A", T, SHARED_NO_READ_WRITE, explicit=True)
    house.done("A")
    readers = [house.read("B"), house.read("C")]
    assert [r.done for r in readers] == [False, False]
    assert house.write("A").done
    assert house.read("A").done
    house.say("A", house.locks.release_explicit)
    assert [r.done for r in readers] == [True, True]


def test_waiting_write_lock_stops_later_readers(house: House) -> None:
    house.take("A", T, SHARED_READ_ONLY, explicit=True)
    lock = house.take("B", T, SHARED_NO_READ_WRITE, explicit=True)
    reader = house.read("C")
    assert (lock.done, reader.done) == (False, False)
    house.say("A", house.locks.release_explicit)
    assert (lock.done, reader.done) == (True, False)
    house.done("B")
    house.say("B", house.locks.release_explicit)
    assert reader.done


def test_writers_pass_a_waiting_lock_tables_read_but_not_the_other_way_round(house: House) -> None:
    house.write("A")
    lock = house.take("B", T, SHARED_READ_ONLY, explicit=True)
    assert house.write("C").done
    house.done("C")
    house.done("A")
    assert lock.done
    writer = house.write("A")
    second = house.take("D", T, SHARED_READ_ONLY, explicit=True)
    assert (writer.done, second.done) == (False, False)
    house.say("B", house.locks.release_explicit)
    assert (writer.done, second.done) == (True, False)
    house.done("A")
    assert second.done


def test_dml_behind_ddl_that_waits_for_it_is_a_deadlock(house: House) -> None:
    house.take("A", T, SHARED_READ)
    alter = house.take("B", T, EXCLUSIVE)
    update = house.write("A")
    with pytest.raises(Error) as failure:
        update.outcome()
    assert (failure.value.code, failure.value.rolled_back) == (1213, RolledBack.TRANSACTION)
    assert not alter.done
    house.done("A")
    assert alter.done


def test_a_waiting_reader_is_the_victim_of_the_ddl_that_closes_the_cycle(house: House) -> None:
    house.take("A", T, SHARED_READ)
    house.take("B", U, EXCLUSIVE)
    reader = house.take("A", U, SHARED_READ)
    rename = house.take("B", T, EXCLUSIVE)
    assert code(reader) == 1213
    assert not rename.done
    house.done("A")
    assert rename.done


def test_several_names_are_taken_in_order(house: House) -> None:
    house.take("A", T, SHARED_READ)
    rename = house.say("B", lambda o: house.locks.acquire_all(o, [(U, EXCLUSIVE), (T, EXCLUSIVE)], 100))
    assert house.take("A", U, SHARED_READ).done  # t comes first: u is not taken yet
    house.done("A")
    assert rename.done
    names = [(("a", "a"), SHARED_READ_ONLY), (T, SHARED_READ)]
    failing = house.say("A", lambda o: house.locks.acquire_all(o, names, 0, explicit=True))
    assert code(failing) == 1205
    assert [str(row) for row in house.locks.locks()] == [
        "B GLOBAL INTENTION_EXCLUSIVE STATEMENT",
        "B db.t EXCLUSIVE TRANSACTION",
        "B db.u EXCLUSIVE TRANSACTION",
    ]


def test_global_read_lock_stops_statements_that_write_and_commits(house: House) -> None:
    house.write("A")  # an open transaction does not keep it back
    assert house.say("B", house.locks.acquire_global_read).done
    assert house.read("C").done
    stopped = [house.write("C"), house.say("A", house.locks.begin_commit), house.take("D", U, EXCLUSIVE)]
    assert [t.done for t in stopped] == [False, False, False]
    assert house.steps.waiting()["A"].what == "global read lock"
    assert code(house.write("B")) == 1223
    house.say("B", house.locks.release_explicit)
    assert [t.done for t in stopped] == [True, True, True]


def test_global_read_lock_waits_for_lock_tables_write_and_stops_writers_meanwhile(house: House) -> None:
    house.take("A", T, SHARED_NO_READ_WRITE, explicit=True)
    house.done("A")
    flush = house.say("B", house.locks.acquire_global_read)
    writer = house.write("C", U)
    assert (flush.done, writer.done) == (False, False)
    assert house.read("D", U).done
    assert house.write("A").done  # it is in already
    house.say("A", house.locks.release_explicit)
    assert (flush.done, writer.done) == (True, False)
    house.say("B", house.locks.release_explicit)
    assert writer.done
    assert house.locks.contended == {}


def test_two_sessions_may_have_the_global_read_lock(house: House) -> None:
    house.say("A", house.locks.acquire_global_read)
    assert house.say("B", house.locks.acquire_global_read).done
    writer = house.write("C")
    house.say("A", house.locks.release_explicit)
    assert not writer.done
    house.say("B", house.locks.release_explicit)
    assert writer.done


def test_rollback_to_gives_back_the_names_locked_after_the_savepoint(house: House) -> None:
    house.take("A", T, SHARED_READ)
    mark = house.owners["A"].mark()
    house.take("A", U, SHARED_READ)
    drops = [house.take("B", U, EXCLUSIVE), house.take("C", T, EXCLUSIVE)]
    house.say("A", lambda owner: house.locks.release_after(owner, mark))
    assert [d.done for d in drops] == [True, False]


def test_a_session_that_is_closed_gives_back_everything(house: House) -> None:
    house.take("A", T, SHARED_NO_READ_WRITE, explicit=True)
    house.take("B", U, SHARED_READ)
    waiting = [house.read("C", T), house.take("D", U, EXCLUSIVE)]
    house.locks.remove(house.owners["A"])
    house.locks.remove(house.owners["B"])
    house.steps.run()
    assert [w.done for w in waiting] == [True, True]


def test_kill_takes_back_the_request(house: House) -> None:
    house.take("A", T, SHARED_READ)
    ddl = house.take("B", T, EXCLUSIVE)
    reader = house.read("C")
    house.steps.interrupt(house.owners["B"].session_id)
    house.steps.run()
    assert code(ddl) == 1317
    assert reader.done


def test_an_uncontended_read_takes_no_latch() -> None:
    steps = StepScheduler()
    locks = MetadataLocks(steps)
    owner = locks.owner(1, "A")
    with steps.latch:  # would hang otherwise
        for _ in range(3):
            locks.acquire(owner, T, SHARED_READ)
            locks.acquire(owner, U, SHARED_WRITE)
            locks.end_statement(owner)
            locks.release_transaction(owner)
    assert locks.locks() == []


def test_threads_never_share_an_exclusive_name() -> None:
    scheduler = ThreadScheduler(3)
    locks = MetadataLocks(scheduler)
    inside = {"readers": 0, "writers": 0}
    wrong: list[str] = []
    count = threading.Lock()

    def session(number: int) -> None:
        owner = locks.owner(number)
        for turn in range(150):
            exclusive = (turn + number) % 10 == 0
            locks.acquire(owner, T, EXCLUSIVE if exclusive else SHARED_READ, 60)
            kind = "writers" if exclusive else "readers"
            with count:
                inside[kind] += 1
                if inside["writers"] > 1 or (inside["writers"] and inside["readers"]):
                    wrong.append(f"{number}/{turn}: {inside}")
            with count:
                inside[kind] -= 1
            locks.end_statement(owner)
            locks.release_transaction(owner)
        locks.remove(owner)

    threads = [threading.Thread(target=session, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert wrong == []
    assert (locks.contended, locks.owners) == ({}, {})
