"""The latch of thread schedulers: exclusion, giving way, trying and timeouts."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from minidb.scheduler import ThreadScheduler
from minidb.scheduler.latch import Latch


def test_only_one_thread_is_inside() -> None:
    latch, inside, most, total = Latch(), 0, 0, 0

    def work() -> None:
        nonlocal inside, most, total
        for _ in range(400):
            with latch:
                inside += 1
                most = max(most, inside)
                for _ in range(20):
                    total += 1
                inside -= 1

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # threads are interrupted inside, too
    try:
        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert (most, total, latch.locked()) == (1, 6 * 400 * 20, False)


def test_trying_and_timeouts() -> None:
    latch = Latch()
    assert latch.acquire() and latch.locked()
    assert latch.acquire(False) is False
    start = time.monotonic()
    assert latch.acquire(timeout=0.05) is False
    assert 0.05 <= time.monotonic() - start < 5
    latch.release()
    assert latch.acquire(timeout=0.05) is True


def test_whoever_waits_for_long_gets_it_when_it_is_free() -> None:
    latch, order = Latch(), []
    latch.acquire()

    def work() -> None:
        with latch:
            order.append("second")

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.05)
    order.append("first")
    latch.release()
    thread.join(5)
    assert order == ["first", "second"]


def test_an_exception_gives_it_back() -> None:
    latch = ThreadScheduler().latch
    assert isinstance(latch, Latch)
    with pytest.raises(KeyError), latch:
        raise KeyError
    assert not latch.locked()
