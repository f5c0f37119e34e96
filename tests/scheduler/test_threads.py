"""ThreadScheduler: real threads.  Nothing here depends on how fast they are."""

from __future__ import annotations

import threading
import time
from collections import deque

import pytest

from minidb.scheduler import Interrupted, ThreadScheduler, Waiter, WaitTimeout

LIMIT = 60.0  # seconds after which a test is taken to hang


def join_all(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive(), f"{thread.name} hangs"


def test_eight_threads_pass_one_token() -> None:
    scheduler = ThreadScheduler(1)
    queue: deque[Waiter] = deque()
    state = {"busy": False, "inside": 0, "most": 0, "done": 0}

    def session(number: int) -> None:
        for _ in range(200):
            with scheduler.latch:
                if state["busy"]:
                    waiter = Waiter(number, str(number), "row", "token")
                    queue.append(waiter)
                    scheduler.park(waiter, LIMIT)
                state["busy"] = True
                state["inside"] += 1
                state["most"] = max(state["most"], state["inside"])
            with scheduler.latch:
                state["inside"] -= 1
                state["done"] += 1
                if queue:
                    scheduler.wake(queue.popleft())  # the token goes straight to the next
                else:
                    state["busy"] = False

    threads = [threading.Thread(target=session, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    join_all(threads)
    assert (state["done"], state["most"], state["inside"]) == (1600, 1, 0)
    assert scheduler.waiters() == []


def test_timeout_and_late_wake() -> None:
    scheduler = ThreadScheduler(1)
    waiter = Waiter(1, "A", "row", "x")
    with scheduler.latch:
        with pytest.raises(WaitTimeout):
            scheduler.park(waiter, 0.001)
        with pytest.raises(WaitTimeout):
            scheduler.park(waiter, 0)
        scheduler.wake(waiter)
        scheduler.wake(waiter)
        scheduler.park(waiter, None)  # woken before it parks: returns at once
    assert not scheduler.latch.locked()


def parked(scheduler: ThreadScheduler, session_id: int) -> bool:
    with scheduler.latch:
        return any(w.session_id == session_id for w in scheduler.waiters())


def test_interrupt_of_a_parked_thread() -> None:
    scheduler = ThreadScheduler(1)
    codes: list[int] = []
    begun = threading.Event()

    def session() -> None:
        with scheduler.latch:
            begun.set()
            try:
                scheduler.park(Waiter(7, "A", "row", "x"), LIMIT)
            except Interrupted as stop:
                codes.append(stop.code)

    thread = threading.Thread(target=session)
    thread.start()
    assert begun.wait(LIMIT)
    scheduler.interrupt(7, 1927)  # takes the latch: the session has parked by then
    join_all([thread])
    assert codes == [1927]
    assert not parked(scheduler, 7)


def test_statement_deadline_of_a_thread() -> None:
    scheduler = ThreadScheduler(1)
    scheduler.set_deadline(3, 0.001)
    with scheduler.latch, pytest.raises(Interrupted) as stop:
        scheduler.park(Waiter(3, "A", "row", "x"), LIMIT)
    assert stop.value.code == 1969


def test_sleep_ends() -> None:
    scheduler = ThreadScheduler(1)
    before = scheduler.now()
    scheduler.sleep(1, "A", 0.01)
    assert scheduler.now() - before >= 0.01


def test_worker_runs_when_poked_and_ends_with_stop() -> None:
    scheduler = ThreadScheduler(1)
    before = threading.active_count()
    ran = threading.Semaphore(0)
    left = [2]

    def step() -> float | None:
        ran.release()
        left[0] -= 1
        return 0 if left[0] > 0 else None

    scheduler.spawn("purge", step)
    assert threading.active_count() == before  # no thread before there is work
    scheduler.poke("purge")
    assert ran.acquire(timeout=LIMIT) and ran.acquire(timeout=LIMIT)
    left[0] = 1
    scheduler.poke("purge")
    assert ran.acquire(timeout=LIMIT)
    scheduler.stop()
    scheduler.stop()
    assert not [t for t in threading.enumerate() if t.name == "minidb-purge"]


def test_worker_runs_after_a_pause() -> None:
    scheduler = ThreadScheduler(1)
    ran = threading.Semaphore(0)

    def step() -> float | None:
        ran.release()
        return 0.001

    scheduler.spawn("flush", step, first=0.001)
    for _ in range(3):
        assert ran.acquire(timeout=LIMIT)
    scheduler.stop()


def test_a_worker_that_dies_is_reported_by_stop() -> None:
    scheduler = ThreadScheduler(1)
    died = threading.Event()

    def step() -> float | None:
        died.set()
        raise ZeroDivisionError("worker")

    scheduler.spawn("purge", step)
    scheduler.poke("purge")
    assert died.wait(LIMIT)
    with pytest.raises(ZeroDivisionError):
        scheduler.stop()
    scheduler.stop()


def test_giving_way_ends_when_the_latch_is_free() -> None:
    scheduler, order = ThreadScheduler(), []
    scheduler.give_way()  # nobody has it
    scheduler.latch.acquire()

    def work() -> None:
        scheduler.give_way()
        with scheduler.latch:
            order.append("second")

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.05)
    order.append("first")
    scheduler.latch.release()
    thread.join(5)
    assert order == ["first", "second"]
