"""`ConsoleScheduler`: a StepScheduler whose clock is the real one, for one window with several sessions.

One statement runs at a time and the window knows at once that a statement waits; the time limits of waits are looked at whenever
`catch_up` is called (the prompt does before and after each input), workers make their steps in `idle`.
"""

from __future__ import annotations

import datetime
import threading
import time

from minidb.scheduler.base import Waiter
from minidb.scheduler.steps import Report, StepScheduler, Task


class ConsoleScheduler(StepScheduler):
    """Steps in real time."""

    def __init__(self) -> None:
        super().__init__()
        self._stirred = threading.Event()

    def now(self) -> float:
        return time.monotonic()

    def wall_clock(self) -> datetime.datetime:
        return datetime.datetime.now()

    def _resume(self, waiter: Waiter) -> None:
        super()._resume(waiter)
        self._stirred.set()

    def catch_up(self) -> Report:
        """End the waits whose time is over."""
        return self.advance(max(0.0, self.now() - self._clock))

    def outlast(self, task: Task) -> Report:
        """Stand still until the wait of `task` is over, by its time limit or because a signal handler interrupted it."""
        report = Report()
        while not task.done:
            waiter = task.waiter
            self._stirred.clear()
            if waiter is not None and not waiter.woken and not waiter.interrupt:
                self._stirred.wait(None if waiter.deadline is None else max(0.0, waiter.deadline - self.now()))
            report.finished += self.catch_up().finished
        report.blocked = self.blocked()
        return report

    def idle(self) -> None:
        """Let the workers that have been told of work make their steps."""
        for name in self.poked:
            self.drain_worker(name)
