"""A disk that acknowledges one write of a page and drops it, or puts it on the place of a neighbour: for all n the n-th one.

While the database is open every answer is right or a clear error (1877).  After it was closed, or after a crash, the same holds, or
CHECK TABLE says what is wrong; what nobody can see then (rule 27 of minidb/storage/README.md) is counted and printed.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from minidb.database import Database
from minidb.errors import Error
from minidb.storage.fault_file import FaultFileSystem, Misplacing
from minidb.storage.page import PAGE_SIZE
from tests.crash.crash_kit import open_database

LONG = os.environ.get("MINIDB_CRASH") == "long"
PAGES = (".ibd", "ibdata1", ".MYI", ".MYD")
POOL = 8
SHIFTS = {"lost": 0, "one page on": PAGE_SIZE, "one page back": -PAGE_SIZE}


def statements() -> list[str]:
    found = []
    for name, engine in (("t", "InnoDB"), ("m", "MyISAM")):
        found.append(f"CREATE TABLE {name} (id INT PRIMARY KEY, a INT, s VARCHAR(2000), KEY (a)) ENGINE={engine}")
        for i in range(0, 60, 12):
            rows = (f"({n}, {n * 7 % 10}, REPEAT('{n % 10}', {n * 11 % 400}))" for n in range(i, i + 12))
            found.append(f"INSERT INTO {name} VALUES {','.join(rows)}")
    for name in "tm":
        found += [f"UPDATE {name} SET a = a + 1 WHERE id % 3 = 0", f"UPDATE {name} SET s = CONCAT('+', s)",
                  f"DELETE FROM {name} WHERE id BETWEEN 20 AND 30", f"INSERT INTO {name} VALUES (25, 1, REPEAT('z', 1500))",
                  f"UPDATE {name} SET s = '-' WHERE a = 5"]
    return found


STATEMENTS = statements()
QUERIES = [text.format(name) for name in "tm" for text in (
    "SELECT * FROM {} ORDER BY id", "SELECT id FROM {} WHERE a = 5 ORDER BY id", "SELECT COUNT(*) FROM {}",
    "SELECT a, LENGTH(s) FROM {} WHERE id = 25", "SELECT id FROM {} WHERE a > 8 ORDER BY a, id")]
Answers = list[Any]


def answers(database: Database) -> Answers:
    """For each query its rows, or the number of its error."""
    found: Answers = []
    session = database.session()
    for text in QUERIES:
        try:
            found.append(session.execute(text).rows)
        except Error as error:
            found.append(error.code)
            if error.code == 1877:
                assert "file 'test/" in error.message or "'ibdata1'" in error.message, error.message
    session.close()
    return found


def play(database: Database) -> tuple[int, Error | None]:
    """Run the statements up to the first that fails; checkpoints and purge among them."""
    session = database.session()
    for done, text in enumerate(STATEMENTS):
        try:
            session.execute(text)
            if done % 4 == 3:
                database.purge()
        except Error as error:
            return done, error
    return len(STATEMENTS), None


def right() -> tuple[int, list[Answers]]:
    """Number of page writes, and the answers after each statement."""
    fs = FaultFileSystem()
    database = open_database(fs, POOL)
    session = database.session()
    fs.misplace(Misplacing(1 << 60, PAGES))
    states = [answers(database)]
    for done, text in enumerate(STATEMENTS):
        session.execute(text)
        if done % 4 == 3:
            database.purge()
        states.append(answers(database))
    database.close()
    return fs.writes, states


def agrees(found: Answers, states: list[Answers]) -> bool:
    """Is every answer an error, or that of one of `states`?"""
    return all(a in (1877, 1194) or any(a == state[i] for state in states) for i, a in enumerate(found))


@pytest.mark.parametrize("kind", SHIFTS)
def test_a_page_write_lost_or_misplaced(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    total, states = right()
    assert total > 100
    noticed = unseen = harmless = 0
    for at in range(1, total + 1, 1 if LONG else 5):
        fs = FaultFileSystem()
        database = open_database(fs, POOL)
        fs.misplace(Misplacing(at, PAGES, SHIFTS[kind]))
        done, error = play(database)
        assert error is None or error.code in (1877, 1194, 1030), f"write {at}: {error!r}"
        found = answers(database)
        where = f"write {at} {kind}, statement {done}: {error!r}"
        assert agrees(found, states[done : done + 2]), f"{where}\n{found}\n{states[done]}"
        print(at, where, [a for a in found if isinstance(a, int)])
