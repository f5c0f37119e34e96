"""`StepScheduler`: one session at a time on virtual time, for scenarios, tests and exploration."""

from __future__ import annotations

import datetime
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from minidb.scheduler.base import Scheduler, Waiter
from minidb.trace import Trace


@dataclass(slots=True, eq=False)
class Task:
    """One statement handed to a session of a `StepScheduler`.  state: 'ready', 'running', 'parked' or 'done'."""

    session: str
    work: Callable[[], Any]
    state: str = "ready"
    result: Any = None
    error: BaseException | None = None
    waiter: Waiter | None = None

    @property
    def done(self) -> bool:
        return self.state == "done"

    def outcome(self) -> Any:
        """The result of a task that is done; raises what it raised."""
        if self.state != "done":
            raise RuntimeError(f"{self.session}: not done but {self.state}")
        if self.error is not None:
            raise self.error
        return self.result


@dataclass(slots=True)
class Report:
    """What a `StepScheduler.run` brought: tasks that finished, in order, and those that are parked now, longest first."""

    finished: list[Task] = field(default_factory=list)
    blocked: list[Task] = field(default_factory=list)


class _Runner:
    """A session's own thread under a StepScheduler: it runs one task whenever it is handed the baton."""

    __slots__ = ("gate", "task", "thread")

    def __init__(self, scheduler: StepScheduler, session: str) -> None:
        self.gate = threading.Lock()
        self.gate.acquire()
        self.task: Task | None = None
        self.thread = threading.Thread(target=scheduler._serve, args=(self,), name=f"minidb-session-{session}", daemon=True)
        self.thread.start()


class StepScheduler(Scheduler):
    """One session at a time, virtual time, everything explicit: the same calls always give the same run.

    ``task = s.submit("A", work)`` then ``s.run()``: A runs until its statement is done or parked; then every session woken
    meanwhile runs, in the order in which it was woken, until all are done or parked.  A session called directly (without
    `submit`) works as long as it need not wait; if it must, its time limit is taken as over at once, for nobody else can run.
    """

    EPOCH = datetime.datetime(2024, 1, 1)

    def __init__(self, seed: int = 0, trace: Trace | None = None, epoch: datetime.datetime = EPOCH) -> None:
        super().__init__(seed, trace)
        self._epoch = epoch
        self._clock = 0.0
        self._ready: deque[Task] = deque()
        self._tasks: dict[str, Task] = {}  # unfinished, by session
        self._runners: dict[str, _Runner] = {}
        self._current: Task | None = None
        self._baton = threading.Lock()
        self._baton.acquire()
        self._workers: dict[str, Callable[[], float | None]] = {}
        self._poked: dict[str, None] = {}

    def now(self) -> float:
        return self._clock

    def wall_clock(self) -> datetime.datetime:
        return self._epoch + datetime.timedelta(seconds=self._clock)

    # ---- statements
    def submit(self, session: str, work: Callable[[], Any]) -> Task:
        """Hand a statement to `session`.  Raises RuntimeError if its last one has not ended."""
        if session in self._tasks:
            raise RuntimeError(f"session {session} is still at work: {self._tasks[session].waiter or 'ready'}")
        task = self._tasks[session] = Task(session, work)
        self._ready.append(task)
        return task

    def run(self) -> Report:
        """Run all that can run.  To be called by the one thread that owns the scheduler, latch not held."""
        report = Report()
        while self._ready:
            task = self._ready.popleft()
            self._give_baton(task)
            if task.done:
                report.finished.append(task)
        report.blocked = self.blocked()
        return report

    def execute(self, session: str, work: Callable[[], Any]) -> Report:
        """`submit` and `run`."""
        self.submit(session, work)
        return self.run()

    def _give_baton(self, task: Task) -> None:
        runner = self._runners.get(task.session)
        if runner is None:
            runner = self._runners[task.session] = _Runner(self, task.session)
        if task.state == "ready":
            runner.task = task
        task.state = "running"
        self._current = task
        runner.gate.release()
        self._baton.acquire()
        self._current = None

    def _serve(self, runner: _Runner) -> None:
        while True:
            runner.gate.acquire()
            task = runner.task
            if task is None:  # stop()
                return
            try:
                task.result = task.work()
            except BaseException as error:  # handed to whoever asks for the outcome
                task.error = error
            runner.task = None
            task.state = "done"
            del self._tasks[task.session]
            self._baton.release()

    def _suspend(self, waiter: Waiter) -> None:
        task = self._current
        if task is None:
            if waiter.deadline is None:
                raise RuntimeError(f"{waiter!r}, but nobody else can run: submit statements that may wait")
            self._clock = max(self._clock, waiter.deadline)
            return
        task.waiter, task.state = waiter, "parked"
        runner = self._runners[task.session]
        self.latch.release()
        self._baton.release()
        runner.gate.acquire()
        self.latch.acquire()
        task.waiter = None

    def _resume(self, waiter: Waiter) -> None:
        for task in self._tasks.values():
            if task.waiter is waiter and task not in self._ready:
                self._ready.append(task)

    def blocked(self) -> list[Task]:
        """The parked tasks, longest parked first."""
        by_waiter = {id(t.waiter): t for t in self._tasks.values() if t.waiter is not None}
        return [by_waiter[id(w)] for w in self._parked.values() if id(w) in by_waiter]

    def waiting(self) -> dict[str, Waiter]:
        """Session -> what its parked statement waits for (`kind`, `what`), longest parked first.  One that was woken or told to
        stop, and has not run yet, no longer waits."""
        waiters = [(t.session, t.waiter) for t in self.blocked()]
        return {session: w for session, w in waiters if w is not None and not w.woken and not w.interrupt}

    # ---- virtual time
    def advance(self, seconds: float) -> Report:
        """Let `seconds` pass: waits that end in this time end in the order of their time limits, each session running on."""
        until = self._clock + seconds
        report = self.run()
        while self._fire(until, report):
            pass
        self._clock = max(self._clock, until)
        report.blocked = self.blocked()
        return report

    def run_timeouts(self, session: str | None = None) -> Report:
        """Let time pass until the earliest waiting statement gives up (one of them, if several have the same limit); with
        `session`, until that session's statement has ended.  Does nothing if no wait has a time limit."""
        report = self.run()
        while self._fire(None, report) and session in self._tasks:
            pass
        report.blocked = self.blocked()
        return report

    def _fire(self, until: float | None, report: Report) -> bool:
        """Let the earliest time limit (not after `until`) be over and run whom that concerns; False if there is none."""
        first = self._earliest()
        if first is None or (until is not None and first[0] > until):
            return False
        self._clock = max(self._clock, first[0])
        self._ready.append(first[1])
        report.finished += self.run().finished
        return True

    def _earliest(self) -> tuple[float, Task] | None:
        """The earliest time limit of a parked task (the longest parked one of equals)."""
        due = [(t.waiter.deadline, n, t) for n, t in enumerate(self.blocked()) if t.waiter and t.waiter.deadline is not None]
        if not due:
            return None
        deadline, _, task = min(due, key=lambda d: d[:2])
        return deadline, task

    # ---- snapshots and forks
    def moment(self) -> tuple[float, object]:
        """Virtual time, and the state of the random generator."""
        return self._clock, self._random.getstate()

    def go_back(self, moment: Any) -> None:
        self._clock, state = moment
        self._random.setstate(state)

    def twin(self) -> StepScheduler:
        made = StepScheduler(self.seed, epoch=self._epoch)
        made.go_back(self.moment())
        return made

    # ---- workers, one step at a time
    def spawn(self, name: str, step: Callable[[], float | None], first: float | None = None) -> None:
        self._workers[name] = step

    def poke(self, name: str) -> None:
        self._poked[name] = None

    @property
    def poked(self) -> list[str]:
        """Workers that have been told of work since their last step."""
        return list(self._poked)

    def step_worker(self, name: str) -> float | None:
        """Make one step of worker `name` on the calling thread, then run the sessions it woke.  Returns what the step returned."""
        self._poked.pop(name, None)
        pause = self._workers[name]()
        self.run()
        return pause

    def drain_worker(self, name: str) -> None:
        """Make steps of worker `name` until it has nothing to do at once."""
        while self.step_worker(name) == 0:
            pass

    def stop(self) -> None:
        """End the sessions' threads.  Parked statements are interrupted first (1317) and run to their end."""
        self._workers.clear()
        while self._tasks:
            for task in self.blocked():
                if task.waiter is not None:
                    self.interrupt(task.waiter.session_id)
            self.run()
        runners, self._runners = self._runners, {}
        for runner in runners.values():
            runner.gate.release()
            runner.thread.join()
