"""A closed database with one byte flipped: a clear error or the right answer, never wrong rows.

MINIDB_CRASH=long flips every byte of every file; the default takes the beginning of each page and a sample of the rest.
"""

from __future__ import annotations

import os
import random
from typing import Any

from minidb.errors import Error
from minidb.storage.fault_file import FaultFileSystem
from minidb.storage.log_files import AREA
from minidb.storage.page import PAGE_SIZE
from tests.crash.crash_kit import open_database

LONG = os.environ.get("MINIDB_CRASH") == "long"


def answers(fs: FaultFileSystem) -> list[Any]:
    """What the queries of the test return."""
    database = open_database(fs)
    session = database.session()
    found = [session.execute(text).rows for text in (
        "SELECT * FROM t ORDER BY id", "SELECT id FROM t WHERE a = 2 ORDER BY id", "SELECT COUNT(*), SUM(a) FROM t",
        "SELECT * FROM m ORDER BY id", "SELECT id FROM m WHERE a = 2 ORDER BY id", "SHOW TABLES")]
    database.close()
    return found


def places(path: str, size: int, rng: random.Random) -> list[int]:
    if LONG:
        return list(range(size))
    if path.startswith("ib_logfile"):
        return [*range(28), *range(512, 540), *range(1024, 1052), *(rng.randrange(AREA, size) for _ in range(20) if size > AREA)]
    if path == "minidb.dictionary":
        return rng.sample(range(size), 60)
    pages = range(0, size, PAGE_SIZE)
    return [start + offset for start in pages for offset in (*rng.sample(range(64), 2), rng.randrange(64, 600))]


def test_one_flipped_byte() -> None:
    fs = FaultFileSystem()
    database = open_database(fs)
    session = database.session()
    for table, engine in (("t", "InnoDB"), ("m", "MyISAM")):
        session.execute(f"CREATE TABLE {table} (id INT PRIMARY KEY, a INT, s VARCHAR(90), KEY (a)) ENGINE={engine}")
        session.execute(f"INSERT INTO {table} VALUES " + ",".join(f"({i}, {i % 4}, REPEAT('{i % 10}', {i}))" for i in range(40)))
    database.close()
    image = fs.image
    expected = answers(FaultFileSystem(image))
    rng = random.Random(8)
    refused = right = 0
    for path, inode in sorted(image.names.items()):
        for place in places(path, len(image.files[inode]), rng):
            image.files[inode][place] ^= 1 << place % 8
            try:
                found = answers(FaultFileSystem(image))
            except Error as error:
                assert error.code not in (1815, 1105), f"{path} byte {place}: {error!r}"
                refused += 1
            else:
                assert found == expected, f"{path} byte {place}: wrong rows"
                right += 1
            image.files[inode][place] ^= 1 << place % 8
    assert refused > 50 and right > 50
