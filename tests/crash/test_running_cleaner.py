"""The page cleaner, evictions and group commit with real threads on real files, the log wrapping round many times meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path

from minidb.database import Database
from minidb.scheduler import StepScheduler
from minidb.storage.fault_file import Event, FaultFileSystem
from tests.crash.crash_kit import open_database

THREADS = 4
ROUNDS = 60


def test_threads_over_a_small_log(tmp_path: Path) -> None:
    path = str(tmp_path / "d")
    database = Database(path, buffer_pool_pages=30, leaf_capacity=16, log_bytes=1 << 16)
    session = database.session()
    session.execute("CREATE TABLE t (id INT PRIMARY KEY, who INT, s TEXT, KEY (who))")
    session.execute("CREATE TABLE account (id INT PRIMARY KEY, money INT)")
    session.execute("INSERT INTO account VALUES " + ",".join(f"({i}, 100)" for i in range(THREADS)))
    failures: list[BaseException] = []

    def work(who: int) -> None:
        try:
            mine = database.session()
            for n in range(ROUNDS):
                mine.execute("BEGIN")
                mine.execute("INSERT INTO t VALUES (%s, %s, %s)", (n * THREADS + who, who, "x" * (n * 37 % 900)))
                if n % 3 == 2:
                    mine.execute("UPDATE t SET s = CONCAT(s, 'y') WHERE id = %s", ((n - 1) * THREADS + who,))
                    mine.execute("DELETE FROM t WHERE id = %s", ((n - 2) * THREADS + who,))
                mine.execute("UPDATE account SET money = money + 1 WHERE id = %s", (who,))
                mine.execute("COMMIT")
                if n % 12 == who:  # definitions of several sessions at once
                    mine.execute(f"CREATE TABLE d{who} (id INT PRIMARY KEY)")
                    mine.execute(f"INSERT INTO d{who} VALUES ({n})")
                    mine.execute(f"RENAME TABLE d{who} TO e{who}")
                    mine.execute(f"ALTER TABLE e{who} ADD COLUMN x INT")
                    assert mine.execute(f"SELECT id FROM e{who}").rows == [(n,)]
                    mine.execute(f"DROP TABLE e{who}")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert database.durable is not None
    redo = database.durable.redo
    assert redo.lsn > 3 * redo.capacity  # the log has gone round
    assert redo.flushes < redo.lsn and redo.failure is None
    assert database.check() == []
    expected = session.execute("SELECT id, who, LENGTH(s) FROM t ORDER BY id").rows
    assert session.execute("SELECT SUM(money) FROM account").rows == [(THREADS * (100 + ROUNDS),)]
    database.close()
    with Database(path, leaf_capacity=16) as again:
        assert again.recovered == []
        assert again.session().execute("SELECT id, who, LENGTH(s) FROM t ORDER BY id").rows == expected
        assert again.check() == []


def test_pages_that_the_cleaner_is_writing_are_not_taken_for_damage() -> None:
    """CHECK compares pages with the file; those in flight are not there yet."""

    class Watched(FaultFileSystem):
        seen: list[str] | None = None

        def happen(self, event: Event) -> None:
            if self.seen is not None and event.path == "test/t.ibd":
                self.seen += space.verify_file()
            super().happen(event)

    fs = Watched()
    database = open_database(fs)
    session = database.session()
    session.execute("CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(200))")
    for i in range(60):
        session.execute(f"INSERT INTO t VALUES ({i}, REPEAT('x', 150))")
    space = database.pool.spaces["test/t.ibd"]
    writes = len([event for event in fs.events if event.path == "test/t.ibd"])
    fs.seen = []
    assert isinstance(database.scheduler, StepScheduler)
    database.scheduler.step_worker("page-cleaner")
    assert len([event for event in fs.events if event.path == "test/t.ibd"]) > writes
    assert fs.seen == []
