"""`ThreadScheduler`: sessions on the users' threads, real time, workers on daemon threads."""

from __future__ import annotations

import datetime
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from minidb.scheduler.base import Mutex, Scheduler, Waiter
from minidb.trace import Trace

TRIES = 20  # times that `give_way` only lets others run
PAUSE = 0.0002  # seconds between its later looks: whoever has the latch reads a file, or makes a longer change


@dataclass(slots=True)
class _Worker:
    name: str
    step: Callable[[], float | None]
    gate: Mutex
    due: float | None = None  # when to make the next step, on the scheduler's clock; None = when poked
    poked: bool = False
    thread: threading.Thread | None = None


class ThreadScheduler(Scheduler):
    """Real threads and real time.  Sessions are used from whatever threads the user has; workers get daemon threads, started at
    their first poke, so that a database nobody writes to costs no thread and a forgotten one does not keep Python alive."""

    def __init__(self, seed: int | None = None, trace: Trace | None = None) -> None:
        super().__init__(random.SystemRandom().getrandbits(32) if seed is None else seed, trace)
        self._workers: dict[str, _Worker] = {}
        self._stopping = False
        self._failures: list[BaseException] = []

    now = staticmethod(time.monotonic)

    def wall_clock(self) -> datetime.datetime:
        return datetime.datetime.now()

    def give_way(self) -> None:
        tries = 0
        while self.latch.locked():
            time.sleep(0 if tries < TRIES else PAUSE)
            tries += 1

    def _suspend(self, waiter: Waiter) -> None:
        gate = waiter.gate = threading.Lock()
        gate.acquire()
        self.latch.release()
        try:
            if waiter.deadline is None:
                gate.acquire()
            else:
                gate.acquire(timeout=max(0.0, min(waiter.deadline - time.monotonic(), threading.TIMEOUT_MAX)))
        finally:
            self.latch.acquire()
            waiter.gate = None

    def _resume(self, waiter: Waiter) -> None:
        gate = waiter.gate
        if gate is not None and gate.locked():
            gate.release()

    def twin(self) -> ThreadScheduler:
        return ThreadScheduler(self.seed)

    def spawn(self, name: str, step: Callable[[], float | None], first: float | None = None) -> None:
        gate = threading.Lock()
        gate.acquire()
        worker = self._workers[name] = _Worker(name, step, gate)
        if first is not None:
            worker.due = self.now() + first
            self._start(worker)

    def _start(self, worker: _Worker) -> None:
        worker.thread = threading.Thread(target=self._work, args=(worker,), name=f"minidb-{worker.name}", daemon=True)
        worker.thread.start()

    def poke(self, name: str) -> None:
        worker = self._workers.get(name)
        if worker is None or worker.poked:  # stopped, or told already
            return
        worker.poked = True
        if worker.thread is None:
            if not self._stopping:
                self._start(worker)
        self._open(worker)

    def assist(self, name: str) -> None:
        """Python runs one thread at a time: a worker of its own would only make sessions wait for latch and processor."""
        worker = self._workers.get(name)
        if worker is not None:
            try:
                worker.step()
            except Exception as error:  # as in `_work`
                self._failures.append(error)
                self._workers.pop(name, None)

    @staticmethod
    def _open(worker: _Worker) -> None:
        try:
            worker.gate.release()
        except RuntimeError:  # open already: two pokes met
            pass

    def _work(self, worker: _Worker) -> None:
        while not self._stopping:
            if not worker.poked and (worker.due is None or worker.due > self.now()):
                wait = -1.0 if worker.due is None else max(0.0, worker.due - self.now())
                worker.gate.acquire(timeout=wait)
                continue
            worker.poked = False
            try:
                pause = worker.step()
            except BaseException as error:  # reported by stop(); a dead worker stays dead
                self._failures.append(error)
                return
            worker.due = None if pause is None else self.now() + pause

    def stop(self) -> None:
        self._stopping = True
        workers, self._workers = list(self._workers.values()), {}
        for worker in workers:
            self._open(worker)
        for worker in workers:
            if worker.thread is not None and worker.thread is not threading.current_thread():
                worker.thread.join()
        failures, self._failures = self._failures, []
        if failures:
            raise failures[0]
