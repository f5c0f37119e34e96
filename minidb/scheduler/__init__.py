"""Who runs, who waits, and what time it is: the only room of minidb that knows threads, clocks and chance.

Everything above is plain blocking code with **one latch** per database and **one place to park**.  A lock system that cannot grant
a request queues it and raises `LockWait` with the request's `Waiter`; the loop around the row operation calls `Scheduler.park`,
and whoever releases the lock calls `Scheduler.wake`.

`ThreadScheduler` is for users: real threads, real time, background workers on threads of their own.
`StepScheduler` runs the same code with exactly one session at a time, on virtual time; nothing happens unless the caller says so.
A session that is parked there is *known* to be blocked: no sleeping, no polling, no guessing.
`ConsoleScheduler` is a StepScheduler on the real clock, for one window with several sessions.
"""

from __future__ import annotations

from minidb.scheduler.base import Interrupted, LockWait, Mutex, Scheduler, Waiter, WaitTimeout
from minidb.scheduler.console import ConsoleScheduler
from minidb.scheduler.steps import Report, StepScheduler, Task
from minidb.scheduler.threads import ThreadScheduler

__all__ = [
    "ConsoleScheduler", "Interrupted", "LockWait", "Mutex", "Report", "Scheduler", "StepScheduler", "Task", "ThreadScheduler",
    "WaitTimeout", "Waiter",
]
