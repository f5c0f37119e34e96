"""`RedoLog`: what mini-transactions did, on disk before the pages are.

`append` (latch held) encodes a mini-transaction as one group into a buffer.  `commit` (latch free) returns when the log up to a
position is as durable as innodb_flush_log_at_trx_commit asks for: 1 written and synced, 2 written, 0 left to the background.
Whoever comes first leads: it writes and syncs for all who have come by then (group commit).  Who comes meanwhile waits; when the
leader is done it lets go those whose commits are durable now, and one of the others leads.  `write_up_to` is the same for pages
that are about to be written (latch held; order of locks: latch, flush, buffer).

A write or sync of the log that fails is never repeated: what the disk holds is unknown from then on.  The log stops for good, the
database is told (`on_failure`), and opening it again recovers what is on the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from minidb.errors import Error, SqlError
from minidb.storage.file import describe
from minidb.storage.log_files import LogFiles
from minidb.storage.mtr import LogRecord
from minidb.storage.page import Page
from minidb.storage.page_codec import encode_page
from minidb.storage.redo_record import encode_change, encode_free, encode_group, encode_image

if TYPE_CHECKING:
    from minidb.scheduler import Mutex, Scheduler

SYNC, WRITE = 1, 2  # values of innodb_flush_log_at_trx_commit; 0 is neither
FLUSH_WORKER = "innodb-log-flush"
FLUSH_SECONDS = 1.0
VALUE_SHARE = 5  # a record's off-page values may take a fifth of the log


def stopped(why: BaseException) -> Error:
    """1026: the log, a sync or a rollback has failed, nothing more is accepted; the caller raises it."""
    if isinstance(why, OSError):
        what = f"a write to disk failed ({describe(why)})"
    else:
        what = why.message if isinstance(why, Error) else str(why) or type(why).__name__
    return SqlError.text(1026, f"The database has stopped because {what}; close it and open it again to recover")


class RedoLog:
    """The log of one database.

    lsn: position of the next group.  written, durable: how far the files have it.  checkpoint: where recovery would begin.
    policy: gives innodb_flush_log_at_trx_commit.  failure: what stopped the log.  hurry: called (latch held) when the log fills.
    """

    __slots__ = (
        "_buffer", "_buffer_lock", "_flush_lock", "_followers", "_hurry_at", "_led", "_queue_lock", "capacity", "durable", "epoch",
        "failure", "files", "flushes", "hurry", "lsn", "on_failure", "policy", "scheduler", "written",
    )

    def __init__(self, files: LogFiles, lsn: int, epoch: int, scheduler: Scheduler) -> None:
        self.files = files
        self.capacity = files.capacity
        self.lsn = self.written = self.durable = lsn
        self.epoch = epoch
        self.scheduler = scheduler
        self.policy: Callable[[], int] = lambda: SYNC
        self.on_failure: Callable[[BaseException], None] = lambda _: None
        self.hurry: Callable[[], None] = lambda: None
        self.failure: BaseException | None = None
        self.flushes = 0
        self._buffer: list[bytes] = []
        self._buffer_lock = scheduler.new_lock()
        self._flush_lock = scheduler.new_lock()  # held while the files are written
        self._queue_lock = scheduler.new_lock()
        self._led = False  # somebody is making the log durable
        self._followers: list[tuple[int, Mutex]] = []  # (position, gate) of those who wait for it
        self._hurry_at = files.checkpoint.lsn + self.capacity // 4
        scheduler.spawn(FLUSH_WORKER, self._background)

    # ---- mini-transactions
    def append(self, records: Iterable[LogRecord], images: Iterable[Page], freed: Iterable[Page]) -> int:
        """Log one mini-transaction; returns the position where it begins.  Latch held."""
        lsn = self.lsn
        parts = [encode_change(op, page, payload) for op, page, payload in records]
        if images or freed:
            parts += [encode_free(page) for page in freed]
            parts += [encode_image(page, encode_page(page)) for page in images]
        group = encode_group(lsn, self.epoch, parts)
        if lsn + len(group) - self.files.checkpoint.lsn > self.capacity:
            self.fail(SqlError.text(1026, "the redo log is full and the changes before it could not be written"))
        with self._buffer_lock:
            self._buffer.append(group)
            self.lsn = lsn + len(group)
        if self.lsn > self._hurry_at:
            self._hurry_at = self.lsn + self.capacity // 16
            self.hurry()
        return lsn

    @property
    def value_limit(self) -> int:
        """Bytes of off-page values that one record may bring."""
        return self.capacity // VALUE_SHARE

    @property
    def age(self) -> int:
        """Bytes of log behind the checkpoint."""
        return self.lsn - self.files.checkpoint.lsn

    @property
    def crowded(self) -> bool:
        """More than half of the log is needed for recovery: time for a checkpoint."""
        return self.age * 2 > self.capacity

    @property
    def pressed(self) -> bool:
        """Three quarters of the log are needed: a long operation must not wait for its end."""
        return self.age * 4 > self.capacity * 3

    # ---- making it durable
    def write_up_to(self, lsn: int) -> None:
        """Return when the group that begins at `lsn` is durable.  Raises OperationalError once the log has failed."""
        if self.failure is not None:
            raise stopped(self.failure)
        if self.durable > lsn or self._follow(lsn):
            return
        try:
            with self._flush_lock:
                if self.durable <= lsn:
                    self._write(True)
        finally:
            self._resign()

    def _follow(self, lsn: int) -> bool:
        """True once somebody else has made the log durable beyond `lsn`; False: the caller leads, and has to `_resign`."""
        with self._queue_lock:
            if self.durable > lsn:
                return True
            if not self._led:
                self._led = True
                return False
            gate = self.scheduler.new_lock()
            gate.acquire()
            self._followers.append((lsn, gate))
        try:
            gate.acquire()  # opened by a leader that has resigned
        except BaseException:  # Ctrl-C: nobody may wait for us to lead
            self._leave(lsn, gate)
            raise
        if self.durable > lsn:
            return True
        if self.failure is not None:
            self._resign()  # in case it was our turn
            raise stopped(self.failure)
        return False

    def _leave(self, lsn: int, gate: Mutex) -> None:
        """A follower gives up waiting."""
        with self._queue_lock:
            waiting = (lsn, gate) in self._followers
            if waiting:
                self._followers.remove((lsn, gate))
        if not waiting and self.durable <= lsn:
            self._resign()

    def _resign(self) -> None:
        """Let go all followers whose position is durable, and one of the others: it leads now, and goes first, so that the disk is
        at work while the rest go on."""
        with self._queue_lock:
            followers = self._followers
            if not followers:
                self._led = False
                return
            durable = self.durable
            waiting = [follower for follower in followers if follower[0] >= durable]
            self._led = bool(waiting)
            if waiting:
                waiting.pop(0)[1].release()
            self._followers = waiting
            for lsn, gate in followers:
                if lsn < durable:
                    gate.release()

    def commit(self) -> None:
        """Make the log up to now as durable as asked for.  Latch not held."""
        policy = self.policy()
        if policy == SYNC:
            self.write_up_to(self.lsn - 1)
            return
        if self.failure is not None:
            raise stopped(self.failure)
        if policy >= WRITE:
            with self._flush_lock:
                self._write(False)
        self.scheduler.poke(FLUSH_WORKER)

    def _write(self, sync: bool) -> None:
        """Write the buffer, and sync.  Flush lock held."""
        if self.failure is not None:
            raise stopped(self.failure)
        with self._buffer_lock:
            groups, self._buffer = self._buffer, []
            end = self.lsn
        try:
            if groups:
                self.files.write(self.written, groups[0] if len(groups) == 1 else b"".join(groups))
                self.written = end
            if sync:
                self.files.sync()
                self.durable = end
                self.flushes += 1
        except OSError as error:
            self.fail(error)
            raise stopped(error) from error

    def _background(self) -> float | None:
        """Sync what commits left to the background, about once a second."""
        if self.failure is not None or self.durable == self.lsn:
            return None
        try:
            self.write_up_to(self.lsn - 1)
        except Error:
            return None  # the database knows
        return FLUSH_SECONDS

    def fail(self, error: BaseException) -> None:
        """Stop for good because of `error`."""
        if self.failure is None:
            self.failure = error
            self.on_failure(error)

    def raise_failure(self) -> None:
        """Raises OperationalError if the log has stopped."""
        if self.failure is not None:
            raise stopped(self.failure)

    # ---- checkpoints
    def checkpoint(self, lsn: int) -> None:
        """Every change before `lsn` is durable in the data files: recovery may begin there."""
        with self._flush_lock:
            self.raise_failure()
            if lsn <= self.files.checkpoint.lsn:
                return
            if self.durable < lsn:
                self._write(True)
            try:
                self.files.write_checkpoint(lsn, self.epoch)
            except OSError as error:
                self.fail(error)
                raise stopped(error) from error
        self._hurry_at = lsn + self.capacity // 4

    def close(self) -> None:
        """Close the files.  What was not written is lost: write and checkpoint first."""
        self.files.close()
