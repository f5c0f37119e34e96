"""A disk that acknowledges one write of a page and drops it, or puts it on the place of a neighbour: for all n the n-th one.

While the database is open every answer is right or a clear error (1877).  After it was closed, or after a crash, the same holds, or
CHECK TABLE says what is wrong; what nobody can see then (rule 27 of minidb/storage/README.md) is counted and printed.
"""

from __future__ import annotations

import os
import zlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from minidb.database import Database
from minidb.errors import Error
from minidb.storage.fault_file import FaultFileSystem, Misplacing
from minidb.storage.page import PAGE_SIZE
from minidb.storage.platter import Image
from tests.conftest import Tell
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
HALF = len(QUERIES) // 2  # of the InnoDB table; the others are of the MyISAM table
Answers = list[Any]


def answers(database: Database) -> Answers:
    """For each query its rows, or the number of its error."""
    found: Answers = []
    if database.failure is not None:  # not even the rollback of the failed statement could read its pages
        return [1026] * len(QUERIES)
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


def agrees(found: Answers, states: list[Answers], done: int) -> bool:
    """Is every answer an error, or that of the state after statement `done` or `done` + 1?  A statement on the MyISAM table that
    failed may have been done in part: each row there is from before or after it."""
    allowed = states[done : done + 2]
    partial = done < len(STATEMENTS) and " m " in STATEMENTS[done]
    for i, answer in enumerate(found):
        if answer in (1877, 1194, 1034, 1026) or any(answer == state[i] for state in allowed):
            continue
        if not (partial and i >= HALF):
            return False
        if QUERIES[i].startswith("SELECT *") and not all(any(row in state[i] for state in allowed) for row in answer):
            return False
    return True


def verdict(found: Answers, fine: bool, check: Callable[[], list[str]]) -> str:
    """What is seen in answers: 'right', 'error', 'reported' by CHECK TABLE, or 'unseen'."""
    if fine:
        return "right" if all(isinstance(a, list) for a in found) else "error"
    try:
        return "reported" if check() else "unseen"
    except Error as error:
        assert error.code in (1877, 1194), repr(error)
        return "reported"


def reopened(image: Image, states: list[Answers], done: int) -> tuple[str, str]:
    """What is seen after opening, of the InnoDB table and of the MyISAM table; 'refused': the database cannot be opened."""
    try:
        database = open_database(FaultFileSystem(image), POOL)
    except Error as error:
        assert error.code == 1877, repr(error)
        return "refused", "refused"
    found = answers(database)
    lost = [1877] * HALF
    return (verdict(found[:HALF], agrees([*found[:HALF], *lost], states, done), database.check),
            verdict(found[HALF:], agrees([*lost, *found[HALF:]], states, done), database.check))


@pytest.mark.parametrize("kind", SHIFTS)
def test_a_page_write_lost_or_misplaced(kind: str, tell: Tell) -> None:
    total, states = right()
    assert total > 100
    seen: Counter[str] = Counter()
    for at in range(1, total + 1, 1 if LONG else 5):
        fs = FaultFileSystem()
        database = open_database(fs, POOL)
        fs.misplace(Misplacing(at, PAGES, SHIFTS[kind]))
        done, error = play(database)
        assert error is None or error.code in (1877, 1194, 1034, 1026), f"write {at}: {error!r}"
        found = answers(database)
        where = f"write {at} {kind}, statement {done}: {error!r}"
        assert agrees(found, states, done), f"{where}\n{found}\n{states[done]}"
        seen["open: " + ("right" if error is None and all(isinstance(a, list) for a in found) else "error")] += 1
        innodb, _ = reopened(fs.image, states, done)
        seen[f"crash: {innodb}"] += 1
        assert innodb != "unseen", where
        try:
            database.close()
        except Error as failed:
            assert failed.code in (1877, 1194, 1034), f"{where}: {failed!r}"
        innodb, myisam = reopened(fs.image, states, done)
        seen[f"closed: {innodb}"] += 1
        seen[f"closed, MyISAM: {myisam}"] += 1
    assert seen["open: error"] > 5 and seen["closed: right"] > 10
    assert seen["closed: unseen"] + seen["closed, MyISAM: unseen"] <= 3
    tell(f"{kind}: {total} page writes, {dict(sorted(seen.items()))}")


def changed_twice(lost: str, at: int = 1) -> FaultFileSystem:
    """A row changed twice, with a checkpoint after the first change; write `at` to files named `lost` vanished meanwhile."""
    fs = FaultFileSystem()
    database = open_database(fs)
    session = database.session()
    session.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    session.execute("INSERT INTO t VALUES (1, 0), (2, 0)")
    database.flush()
    assert database.durable is not None
    session.execute("UPDATE t SET v = v + 1")
    fs.misplace(Misplacing(at, (lost,)))
    database.flush()
    database.durable.redo.checkpoint(database.durable.redo.lsn)
    session.execute("UPDATE t SET v = v + 10 WHERE id = 1")
    assert fs.writes >= at or not at
    return fs


def test_a_copy_that_is_newer_than_its_page_is_restored() -> None:
    database = open_database(FaultFileSystem(changed_twice("t.ibd").image))
    assert database.session().execute("SELECT * FROM t").rows == [(1, 11), (2, 1)]
    assert any("older than its copy" in text for text in database.recovered)
    assert database.check() == []


def test_the_log_does_not_fit_a_page_that_lost_a_write() -> None:
    image = changed_twice("t.ibd").image
    copies = image.own(image.names["ib_doublewrite"])
    copies[:] = bytes(len(copies))
    with pytest.raises(Error) as refused:
        open_database(FaultFileSystem(image))
    assert refused.value.code == 1877
    assert "file 'test/t.ibd' is of LSN" in refused.value.message and "a write was lost" in refused.value.message


@pytest.mark.parametrize("file", ["ib_logfile0", "minidb.dictionary.new"])
def test_a_log_or_dictionary_that_lost_a_write_never_gives_a_mixture(file: str) -> None:
    """What follows a lost group of the log is lost as well: what was committed may be gone, but it is an older state, whole."""
    fs = FaultFileSystem()
    database = open_database(fs, POOL)
    fs.misplace(Misplacing(1 << 60, (file,)))
    play(database)
    total, states = fs.writes, right()[1]
    older = refused = 0
    for at in range(1, total + 1, 1 if LONG or total < 50 else 4):
        fs = FaultFileSystem()
        fs.misplace(Misplacing(at, (file,)))
        database = open_database(fs, POOL)
        play(database)
        try:
            again = open_database(FaultFileSystem(fs.image), POOL)
            found = answers(again)[:HALF]
        except Error as error:
            assert error.code in (1033, 1877), f"write {at}: {error!r}"
            refused += 1
            continue
        whole = any(all(a == b for a, b in zip(found, state, strict=False)) for state in states)
        assert whole or 1877 in found or again.check() != [], f"write {at}: {found}"
        older += 1
    assert older + refused >= min(total, 20) and (older or refused == total)


def test_of_two_copies_the_newer_one_counts() -> None:
    """A short batch leaves the copies of a longer one before it in the doublewrite file: they are out of date."""
    image = changed_twice("t.ibd", 0).image
    inode, pages = image.names["test/t.ibd"], image.own(image.names["ib_doublewrite"])
    current = next(page for page in pages_of(pages) if page[4:8] == b"\1\0\0\0" and page[8:12] == image.files[inode][8:12])
    older = bytearray(current)
    older[16:24] = (int.from_bytes(current[16:24], "little") - 1).to_bytes(8, "little")
    older[0:4] = zlib.crc32(older[4:]).to_bytes(4, "little")
    for copies in (current + older, older + current):
        pages[:] = copies
        image.own(inode)[PAGE_SIZE : PAGE_SIZE + 512] = bytes(512)  # torn
        database = open_database(FaultFileSystem(image))
        assert database.session().execute("SELECT * FROM t").rows == [(1, 11), (2, 1)]
        assert database.check() == []


def pages_of(data: bytearray) -> list[bytearray]:
    return [data[i : i + PAGE_SIZE] for i in range(0, len(data), PAGE_SIZE)]
