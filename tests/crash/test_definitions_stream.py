"""Changes of definitions hold neither all rows nor all entries in memory: a table much larger than the buffer pool goes through
every kind of ALTER with memory that does not depend on its size."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pytest

from minidb.database import Database
from minidb.scheduler import StepScheduler
from minidb.storage.file import RealFile, RealFileSystem

ROWS = 2000
WIDTH = 3000  # bytes of a row, most of them in a column that no index is on
SPARED = 2  # memory stays below this fraction of the table's bytes
STATEMENTS = (
    "ALTER TABLE t ADD COLUMN z INT DEFAULT 3", "ALTER TABLE t ADD INDEX nk (n, k)",
    "CREATE UNIQUE INDEX k ON t (k)", "ALTER TABLE t DROP PRIMARY KEY, ADD INDEX (id)",
    "ALTER TABLE t DROP INDEX id, ADD PRIMARY KEY (k)", "OPTIMIZE TABLE t", "ALTER TABLE t ENGINE=OTHER",
    "ALTER TABLE t ENGINE=ENGINE",
)


class Unsynced(RealFileSystem):
    """Files of the operating system that nobody waits for: memory is what counts here."""

    def open(self, path: str, create: bool = False) -> RealFile:
        file = super().open(path, create)
        assert isinstance(file, RealFile)
        return UnsyncedFile(file.name, file._fd)


class UnsyncedFile(RealFile):
    def sync(self) -> None:
        """Not waited for."""


def small_database(path: Path) -> Database:
    """A database that keeps 8 pages in memory."""
    return Database("d", file_system=Unsynced(str(path)), scheduler=StepScheduler(), buffer_pool_pages=8, leaf_capacity=64,
                    log_bytes=1 << 18)


@pytest.mark.parametrize("engine", ["InnoDB", "MyISAM"])
def test_memory_does_not_depend_on_the_size_of_the_table(engine: str, tmp_path: Path) -> None:
    database = small_database(tmp_path)
    session = database.session()
    session.execute(f"CREATE TABLE t (id INT PRIMARY KEY, n INT, k INT NOT NULL, s VARCHAR(3000)) ENGINE={engine}")
    for start in range(0, ROWS, 200):
        values = ",".join(f"({i}, {i % 97}, {i * 7919 % ROWS}, REPEAT('{i % 10}', {WIDTH - 50}))"
                          for i in range(start, start + 200))
        session.execute("INSERT INTO t VALUES " + values)
    session.execute("SET GLOBAL innodb_sort_buffer_size = 65536")
    session.execute("SET SESSION myisam_sort_buffer_size = 65536")
    warm_up(database)
    assert database.durable is not None
    redo = database.durable.redo
    peaks: dict[str, int] = {}
    other = "MyISAM" if engine == "InnoDB" else "InnoDB"
    for text in STATEMENTS:
        text = text.replace("=ENGINE", f"={engine}").replace("=OTHER", f"={other}")
        before, logged, undo = memory_now(), redo.lsn, undo_pages(database)
        session.execute(text)
        peaks[text] = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
        assert undo_pages(database) <= undo + 1, "a copy needs no undo"
        if "COLUMN" in text and engine == "InnoDB":
            assert redo.lsn - logged > 3 * redo.capacity, "the log has gone round"
    assert max(peaks.values()) < ROWS * WIDTH // SPARED, peaks
    rows = session.execute("SELECT COUNT(*), SUM(k), SUM(n), MIN(LENGTH(s)), SUM(z) FROM t").rows
    assert rows == [(ROWS, ROWS * (ROWS - 1) // 2, sum(i % 97 for i in range(ROWS)), WIDTH - 50, 3 * ROWS)]
    assert database.check() == []
    database.close()


def warm_up(database: Database) -> None:
    """What is imported and compiled once does not count."""
    session = database.session()
    session.execute("CREATE TABLE w (a INT PRIMARY KEY)")
    for text in ("ALTER TABLE w ADD COLUMN b INT", "ALTER TABLE w ADD INDEX (b)", "ALTER TABLE w ENGINE=MyISAM", "OPTIMIZE TABLE w",
                 "ALTER TABLE w ENGINE=InnoDB", "ALTER TABLE w ADD FOREIGN KEY (b) REFERENCES w (a)", "DROP TABLE w"):
        session.execute(text)


def memory_now() -> int:
    """Bytes in use; from here on the peak is noted."""
    gc.collect()
    tracemalloc.start()
    return tracemalloc.get_traced_memory()[0]


def undo_pages(database: Database) -> int:
    """Pages in use in the file that holds the undo logs."""
    return database.innodb.core.space.used_count
