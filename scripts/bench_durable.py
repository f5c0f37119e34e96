"""What durability costs: one commit against one raw fdatasync of the same disk, and group commit of several sessions.

Used by bench.py (gate 4).  Blocks of raw syncs and of commits alternate, so that a slow spell of the disk hits both; a figure
is the median of its block, and the best block counts.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from minidb.database import Database  # noqa: E402
from minidb.session import Session  # noqa: E402

SESSIONS = 8
ROWS = 1000
SYNC = getattr(os, "fdatasync", os.fsync)
RECORD = b"x" * 256  # about what a commit of one row writes to the log


class RawFile:
    """A preallocated file, written and synced a record at a time, as a redo log is."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT)
        os.pwrite(self.fd, bytes(1 << 22), 0)
        os.fsync(self.fd)
        self.offset = 0

    def sync(self) -> None:
        os.pwrite(self.fd, RECORD, self.offset)
        self.offset = (self.offset + len(RECORD)) % (1 << 22)
        SYNC(self.fd)


def microseconds(times: list[float]) -> float:
    return statistics.median(times) * 1e6


def timed(count: int, step: object) -> list[float]:
    found = []
    for _ in range(count):
        start = time.perf_counter()
        step()  # type: ignore[operator]
        found.append(time.perf_counter() - start)
    return found


class Updates:
    """Single-row updates in autocommit mode, by one session or several, each over its own rows."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.sessions = [database.session(f"s{i}") for i in range(SESSIONS)]
        self.sessions[0].execute("CREATE TABLE t (id INT PRIMARY KEY, grp INT NOT NULL, qty INT, name VARCHAR(40), KEY (grp))")
        rows = ",".join(f"({i}, {i % 100}, 0, 'name-{i}')" for i in range(ROWS))
        self.sessions[0].execute(f"INSERT INTO t VALUES {rows}")
        self.next = 0

    def one(self) -> None:
        self.next = (self.next + 1) % ROWS
        self.sessions[0].execute("UPDATE t SET qty = qty + 1 WHERE id = %s", (self.next,))

    def transaction(self) -> None:
        """The same as a transaction of its own, for information: it takes locks and writes undo."""
        session = self.sessions[0]
        session.execute("BEGIN")
        self.one()
        session.execute("COMMIT")

    def throughput(self, sessions: int, seconds: float) -> float:
        """Commits a second."""
        counts = [0] * sessions
        start = threading.Barrier(sessions + 1)
        over = threading.Event()

        def work(who: int, session: Session) -> None:
            start.wait()
            number = who
            while not over.is_set():
                number = (number + SESSIONS) % ROWS
                session.execute("UPDATE t SET qty = qty + 1 WHERE id = %s", (number,))
                counts[who] += 1

        threads = [threading.Thread(target=work, args=(i, self.sessions[i])) for i in range(sessions)]
        for thread in threads:
            thread.start()
        start.wait()
        began = time.perf_counter()
        time.sleep(seconds)
        over.set()
        spent = time.perf_counter() - began
        for thread in threads:
            thread.join()
        return sum(counts) / spent


def durable(rounds: int, seconds: float, directory: str | None = None) -> dict[str, float]:
    """Figures of gate 4: microseconds, and commits a second."""
    root = Path(tempfile.mkdtemp(prefix="minidb-bench-", dir=directory))
    best: dict[str, float] = {}
    try:
        raw = RawFile(root / "raw")
        with Database(str(root / "data")) as database, Database() as memory:
            updates, light = Updates(database), Updates(memory)
            timed(100, updates.one)
            for _ in range(rounds):
                sync = microseconds(timed(200, raw.sync))
                commit = microseconds(timed(200, updates.one))
                transaction = microseconds(timed(200, updates.transaction))
                again = microseconds(timed(200, raw.sync))
                one, many = updates.throughput(1, seconds), updates.throughput(SESSIONS, seconds)
                for name, figure in (
                    ("raw_fdatasync_us", min(sync, again)), ("durable_commit_us", commit), ("durable_transaction_us", transaction),
                ):
                    best[name] = min(best.get(name, figure), figure)
                for name, figure in (
                    ("durable_commits_1_session", one), ("durable_commits_8_sessions", many),
                    ("memory_commits_1_session", light.throughput(1, seconds)),
                    ("memory_commits_8_sessions", light.throughput(SESSIONS, seconds)),
                ):
                    best[name] = max(best.get(name, figure), figure)
        os.close(raw.fd)
    finally:
        shutil.rmtree(root)
    best["durable_commit_ratio"] = best["durable_commit_us"] / best["raw_fdatasync_us"]
    best["group_commit_ratio"] = best["durable_commits_8_sessions"] / best["durable_commits_1_session"]
    best["memory_8_sessions_ratio"] = best["memory_commits_8_sessions"] / best["memory_commits_1_session"]
    return best


if __name__ == "__main__":
    for name, figure in durable(5, 1.0, sys.argv[1] if len(sys.argv) > 1 else None).items():
        print(f"{name:30} {figure:10.2f}")
