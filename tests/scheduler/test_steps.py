"""StepScheduler: one session at a time, in a known order, on virtual time."""

from __future__ import annotations

import datetime
from collections import deque
from collections.abc import Callable

import pytest

from minidb.scheduler import Interrupted, StepScheduler, Waiter, WaitTimeout
from minidb.trace import Parked, Recorder, Resumed


class Turnstile:
    """The smallest lock: one holder, a queue."""

    def __init__(self, scheduler: StepScheduler) -> None:
        self.scheduler = scheduler
        self.holder: str | None = None
        self.queue: deque[tuple[str, Waiter]] = deque()
        self.log: list[str] = []

    def entering(self, name: str, timeout: float | None = None) -> Callable[[], str]:
        def statement() -> str:
            with self.scheduler.latch:
                self.log.append(f"{name} asks")
                if self.holder is not None:
                    waiter = Waiter(ord(name), name, "row", "turnstile")
                    self.queue.append((name, waiter))
                    try:
                        self.scheduler.park(waiter, timeout)
                    except BaseException:
                        self.queue.remove((name, waiter))
                        self.log.append(f"{name} fails")
                        raise
                self.holder = name
                self.log.append(f"{name} is in")
            return name

        return statement

    def leaving(self) -> None:
        with self.scheduler.latch:
            self.log.append(f"{self.holder} leaves")
            self.holder = None
            if self.queue:
                name, waiter = self.queue.popleft()
                self.holder = name
                self.scheduler.wake(waiter)


@pytest.fixture
def steps() -> StepScheduler:
    return StepScheduler()


def test_statements_block_and_go_on_in_wake_order(steps: StepScheduler) -> None:
    turnstile = Turnstile(steps)
    for name in "ABC":
        steps.execute(name, turnstile.entering(name))
    assert list(steps.waiting()) == ["B", "C"]
    report = steps.execute("A", turnstile.leaving)
    assert [t.session for t in report.finished] == ["A", "B"]
    assert [t.session for t in report.blocked] == ["C"]
    steps.execute("B", turnstile.leaving)
    assert turnstile.log == ["A asks", "A is in", "B asks", "C asks", "A leaves", "B is in", "B leaves", "C is in"]
    steps.stop()


def transcript(seed: int) -> list[str]:
    """A schedule chosen by the scheduler's own generator."""
    steps = StepScheduler(seed)
    events = Recorder()
    steps.trace.sink = events
    turnstile = Turnstile(steps)
    for _ in range(60):
        name = steps.random().choice("ABCDE")
        if name in steps.waiting():
            steps.advance(1.0)
        elif turnstile.holder == name:
            steps.execute(name, turnstile.leaving)
        else:
            steps.execute(name, turnstile.entering(name, steps.random().choice([2.0, 3.0, None])))
    lines = [*turnstile.log, *map(str, events.events), f"{steps.now()} {steps.wall_clock()}"]
    steps.stop()
    return lines


def test_the_same_seed_gives_the_same_transcript() -> None:
    assert transcript(7) == transcript(7)
    assert transcript(7) != transcript(8)


def test_time_passes_only_when_told(steps: StepScheduler) -> None:
    turnstile = Turnstile(steps)
    steps.execute("A", turnstile.entering("A"))
    slow, quick = steps.submit("B", turnstile.entering("B", 50)), steps.submit("C", turnstile.entering("C", 20))
    steps.run()
    assert steps.advance(19.5).finished == []
    assert steps.now() == 19.5
    report = steps.run_timeouts("B")
    assert report.finished == [quick, slow]
    assert steps.now() == 50.0
    assert steps.wall_clock() - StepScheduler.EPOCH == datetime.timedelta(seconds=50)
    with pytest.raises(WaitTimeout):
        quick.outcome()
    steps.stop()


def test_equal_limits_fire_one_by_one(steps: StepScheduler) -> None:
    turnstile = Turnstile(steps)
    for name in "ABC":
        steps.execute(name, turnstile.entering(name, 5))
    assert [t.session for t in steps.run_timeouts().finished] == ["B"]
    assert [t.session for t in steps.run_timeouts().finished] == ["C"]
    assert steps.run_timeouts().finished == []
    steps.stop()


def test_a_grant_at_the_last_moment_counts(steps: StepScheduler) -> None:
    turnstile = Turnstile(steps)
    steps.execute("A", turnstile.entering("A", 5))
    waiting = steps.submit("B", turnstile.entering("B", 5))
    steps.run()
    steps.advance(4)
    steps.execute("A", turnstile.leaving)
    steps.advance(4)
    assert waiting.outcome() == "B"
    steps.stop()


def test_interrupt_reaches_a_parked_session_and_one_that_will_park(steps: StepScheduler) -> None:
    turnstile = Turnstile(steps)
    steps.execute("A", turnstile.entering("A"))
    parked = steps.submit("B", turnstile.entering("B"))
    steps.run()
    steps.interrupt(ord("B"), 1927)
    steps.interrupt(ord("C"))
    later = steps.submit("C", turnstile.entering("C"))
    report = steps.run()
    assert report.finished == [parked, later]
    for task, code in ((parked, 1927), (later, 1317)):
        with pytest.raises(Interrupted) as stop:
            task.outcome()
        assert stop.value.code == code
    with pytest.raises(Interrupted):
        steps.check_interrupted(ord("C"))
    steps.clear_interrupt(ord("C"))
    steps.check_interrupted(ord("C"))
    steps.stop()


def test_statement_deadline(steps: StepScheduler) -> None:
    turnstile = Turnstile(steps)
    steps.execute("A", turnstile.entering("A"))
    steps.set_deadline(ord("B"), 3)
    task = steps.submit("B", turnstile.entering("B", 50))
    steps.run_timeouts()
    assert steps.now() == 3.0
    with pytest.raises(Interrupted) as stop:
        task.outcome()
    assert stop.value.code == 1969
    steps.set_deadline(ord("C"), 1)
    steps.advance(1)
    with pytest.raises(Interrupted):
        steps.check_interrupted(ord("C"))
    steps.set_deadline(ord("C"), None)
    steps.check_interrupted(ord("C"))
    steps.stop()


def test_sleep_takes_virtual_time(steps: StepScheduler) -> None:
    events = Recorder()
    steps.trace.sink = events
    task = steps.submit("A", lambda: steps.sleep(1, "A", 3600))
    steps.run()
    assert steps.waiting()["A"].kind == "sleep"
    steps.advance(3600)
    assert task.done
    assert [str(e) for e in events.of(Parked) + events.of(Resumed)] == [
        "Parked(session='A', kind='sleep', what='3600 s')", "Resumed(session='A', outcome='timeout')",
    ]  # fmt: skip
    steps.stop()


def test_direct_calls_work_without_waiting_and_time_out_at_once_if_they_must(steps: StepScheduler) -> None:
    turnstile = Turnstile(steps)
    assert turnstile.entering("A")() == "A"
    with pytest.raises(WaitTimeout):
        turnstile.entering("B", 50)()
    assert steps.now() == 50.0
    with pytest.raises(RuntimeError, match="nobody else can run"):
        turnstile.entering("B")()
    assert not steps.latch.locked()
    steps.stop()


def test_a_busy_session_takes_no_second_statement(steps: StepScheduler) -> None:
    turnstile = Turnstile(steps)
    steps.execute("A", turnstile.entering("A"))
    steps.execute("B", turnstile.entering("B"))
    with pytest.raises(RuntimeError, match="still at work"):
        steps.submit("B", turnstile.leaving)
    steps.stop()
    assert "B fails" in turnstile.log


def test_errors_belong_to_the_statement(steps: StepScheduler) -> None:
    def failing() -> None:
        raise ValueError("no")

    task = steps.submit("A", failing)
    with pytest.raises(RuntimeError, match="not done"):
        task.outcome()
    steps.run()
    with pytest.raises(ValueError, match="no"):
        task.outcome()
    assert steps.execute("A", lambda: 5).finished[0].outcome() == 5
    steps.stop()


def test_workers_run_when_told_only(steps: StepScheduler) -> None:
    turnstile = Turnstile(steps)
    steps.execute("A", turnstile.entering("A"))
    waiting = steps.submit("B", turnstile.entering("B"))
    steps.run()
    backlog = [3]

    def purge() -> float | None:
        backlog[0] -= 1
        if not backlog[0]:
            turnstile.leaving()
            return None
        return 0

    steps.spawn("purge", purge)
    steps.poke("purge")
    assert (backlog, steps.poked, waiting.done) == ([3], ["purge"], False)
    assert steps.step_worker("purge") == 0
    assert (backlog, steps.poked) == ([2], [])
    steps.drain_worker("purge")
    assert (backlog, waiting.done) == ([0], True)
    steps.stop()
