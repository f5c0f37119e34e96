"""`Latch`: the latch of a database whose sessions are threads.

Nobody blocks in it.  A thread that blocks in a lock is given it while it does not run; whoever runs then, and wants the latch for
the next operation, has to wait for a thread that waits for the interpreter.  Every single operation would cost a change of threads,
four times the operation itself.  So a thread that finds the latch taken gives way and tries again when it runs: a latch is held by
a thread that runs, or by one that was interrupted at work and will soon go on.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType

TRIES = 20  # times that a thread only gives way
PAUSE = 0.0002  # seconds between later tries: whoever has the latch reads a file, or makes a longer change


class Latch:
    """A lock that is not reentrant.  `acquire` and `release` may be called in place of a ``with`` block."""

    __slots__ = ("_try", "locked", "release")

    def __init__(self) -> None:
        lock = threading.Lock()
        self._try = lock.acquire
        self.release = lock.release
        self.locked = lock.locked

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As `threading.Lock.acquire`."""
        if self._try(False):
            return True
        if not blocking:
            return False
        deadline = None if timeout < 0 else time.monotonic() + timeout
        tries = 0
        while not self._try(False):
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(0 if tries < TRIES else PAUSE)
            tries += 1
        return True

    def __enter__(self) -> bool:
        return self._try(False) or self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> None:
        self.release()
