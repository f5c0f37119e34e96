"""For all n: the n-th call to the disk fails, once or for good.  The statement fails with a clear number, nothing acknowledged is
lost, and the database either goes on or says that it has stopped.

MINIDB_CRASH=long: every read, and every call that fails for good; the default takes a sample of these two."""

from __future__ import annotations

import errno
import os

import pytest

from minidb.database import Database
from minidb.errors import Error
from minidb.storage.fault_file import Fault, FaultFileSystem
from tests.conftest import Tell
from tests.crash.crash_kit import State, open_database, state_of

LONG = os.environ.get("MINIDB_CRASH") == "long"
STATEMENTS = [
    "CREATE TABLE t (id INT PRIMARY KEY, a INT, s TEXT, KEY (a))",
    "INSERT INTO t VALUES " + ",".join(f"({i}, {i % 3}, REPEAT('x', {i * 100}))" for i in range(40)),
    "UPDATE t SET a = a + 1 WHERE id < 20",
    "ALTER TABLE t ADD INDEX b (a, id)",
    "DELETE FROM t WHERE id BETWEEN 5 AND 15",
    "ALTER TABLE t ADD COLUMN z INT DEFAULT 3",
    "INSERT INTO t VALUES (500, 1, REPEAT('y', 20000), 1)",
    "RENAME TABLE t TO u",
    "UPDATE u SET z = z + id",
    "CREATE TABLE v AS SELECT id, a FROM u",
    "TRUNCATE TABLE u",
    "DROP TABLE v",
]
CODES = {1005, 1016, 1024, 1026, 1030, 1114, 1146, 1049, 1050}
CHANGING = frozenset(("write", "sync", "truncate", "create", "remove", "rename", "sync_dir", "mkdir"))


def play(database: Database, states: list[State]) -> tuple[int, Error | None]:
    """Run the statements until one fails: how many succeeded, and the error."""
    session = database.session()
    for done, text in enumerate(STATEMENTS):
        try:
            session.execute(text)
        except Error as error:
            return done, error
        if len(states) == done + 1:
            states.append(state_of(database))
    return len(STATEMENTS), None


def calls_and_states() -> tuple[int, list[State]]:
    fs = FaultFileSystem()
    database = open_database(fs, pool_pages=16)
    states = [state_of(database)]
    fs.fail(Fault(1 << 60, kinds=CHANGING))
    play(database, states)
    return fs.calls, states


@pytest.mark.parametrize(("number", "for_good", "short"), [
    (errno.EIO, False, False), (errno.ENOSPC, False, True), (errno.EIO, True, False), (errno.ENOSPC, True, True),
])
def test_every_call_fails_once_or_for_good(number: int, for_good: bool, short: bool, tell: Tell) -> None:
    total, states = calls_and_states()
    assert total > 100
    failures = stopped = 0
    for at in range(1, total + 1, 3 if for_good and not LONG else 1):
        fs = FaultFileSystem()
        database = open_database(fs, pool_pages=16)
        fs.fail(Fault(at, number, for_good, short, CHANGING))
        done, error = play(database, states)
        if error is None:
            continue  # the failure hit work that can be done later
        failures += 1
        assert error.code in CODES, f"call {at}: {error!r}"
        if database.failure is not None:
            stopped += 1
            for text in ("SELECT 1", "SELECT * FROM t", "INSERT INTO t VALUES (1)", "CREATE TABLE q (a INT)", "COMMIT"):
                with pytest.raises(Error) as refused:
                    next(iter(database.sessions.values())).execute(text)
                assert refused.value.code == 1026 and "stopped" in refused.value.message
            with pytest.raises(Error):
                database.session()
        fs.fail(None)
        if database.failure is None and not for_good:
            assert database.check() == [], f"call {at}"
        try:
            database.close()
        except Error:
            assert database.failure is not None
        again = open_database(FaultFileSystem(fs.platter().outcome([], 0)), pool_pages=16)
        found = state_of(again)
        assert found in states[done : done + 2], f"call {at}, {STATEMENTS[done]}: {error!r}"
        assert again.check() == [], f"call {at}"
        again.close()
    assert failures > 80 and stopped > 20
    tell(f"{total} calls fail: {failures} errors, the database stopped {stopped} times")


READING = [
    "CREATE TABLE t (id INT PRIMARY KEY, a INT, s TEXT, KEY (a))",
    *("INSERT INTO t VALUES " + ", ".join(f"({i}, {i % 7}, REPEAT('x', {i * 37 % 9000}))" for i in range(n, n + 30))
      for n in range(0, 120, 30)),
    "UPDATE t SET a = a + 1 WHERE id % 3 = 0",
    "DELETE FROM t WHERE a = 2",
    "ALTER TABLE t ADD INDEX b (a, id)",
    "UPDATE t SET s = CONCAT(s, 'y') WHERE a = 3",
    "CREATE TABLE u AS SELECT id, a FROM t",
    "DELETE FROM t WHERE id > 30",
    "ALTER TABLE t ADD COLUMN z INT DEFAULT 3",
]


def read_on(database: Database, done: int) -> tuple[int, Error | None]:
    """Run READING from statement `done` on, until one fails."""
    session = database.session()
    for number in range(done, len(READING)):
        try:
            session.execute(READING[number])
            if number % 3 == 2:
                database.purge()
        except Error as error:
            session.close()
            return number, error
    session.close()
    return len(READING), None


def sound(database: Database) -> bool:
    """Nothing is wrong, but that an index which could be neither built nor taken back, for want of reading, left pages unused."""
    return all("marked used but belong to nothing" in text for text in database.check())


@pytest.mark.parametrize("for_good", [False, True])
def test_every_read_fails_once_or_until_the_disk_is_back(for_good: bool, tell: Tell) -> None:
    """A page that cannot be read fails the statement (1024), which can be repeated once the disk is well again.  If even its
    rollback cannot read, the database stops."""
    fs = FaultFileSystem()
    database = open_database(fs, pool_pages=6)
    fs.fail(Fault(1 << 60, kinds=frozenset(("read",))))
    states = [state_of(database)]
    for text in READING:
        database.session().execute(text)
        states.append(state_of(database))
    fs = FaultFileSystem()
    database = open_database(fs, pool_pages=6)
    fs.fail(Fault(1 << 60, kinds=frozenset(("read",))))
    read_on(database, 0)
    total, failures, stopped = fs.calls, 0, 0
    assert total > 200
    for at in range(1, total + 1, 1 if LONG else 41):
        fs = FaultFileSystem()
        database = open_database(fs, pool_pages=6)
        fs.fail(Fault(at, errno.EIO, for_good, kinds=frozenset(("read",))))
        done, error = read_on(database, 0)
        fs.fail(None)
        if error is None:
            continue
        failures += 1
        where = f"read {at}, {READING[min(done, len(READING) - 1)]}: {error!r}"
        if database.failure is not None:  # not even the rollback could read
            assert error.code == 1026 and "Error reading file" in error.message, where
            stopped += 1
            database = open_database(FaultFileSystem(fs.image), pool_pages=6)
        else:
            assert error.code in (1024, 1016), where
        found = state_of(database)
        assert found in states[done : done + 2], where  # a purge that failed comes after the statement
        assert sound(database), where
        assert read_on(database, done + (found != states[done])) == (len(READING), None), where
        assert state_of(database) == states[-1], where
        assert sound(database), where
    assert failures > 15
    tell(f"{total} reads, {failures} failed and were repeated, the database stopped {stopped} times")


@pytest.mark.parametrize(("number", "for_good"), [(errno.EIO, False), (errno.ENOSPC, True)])
def test_every_call_of_a_recovery_fails(number: int, for_good: bool, tell: Tell) -> None:
    """The start fails with a clear error, and the next one recovers, whatever the failed one has done."""
    fs = FaultFileSystem()
    database = open_database(fs, pool_pages=16)
    session = database.session()
    for text in STATEMENTS[:7]:
        session.execute(text)
    session.execute("BEGIN")
    session.execute("UPDATE t SET a = 100")
    expected = state_of(database)
    database.durable.redo.write_up_to(database.durable.redo.lsn - 1)  # type: ignore[union-attr]
    image = fs.platter().outcome([], 0)
    counting = FaultFileSystem(image)
    counting.fail(Fault(1 << 60))
    assert state_of(open_database(counting, pool_pages=16)) == expected
    failures = 0
    for at in range(1, counting.calls + 1):
        fs = FaultFileSystem(image)
        fs.fail(Fault(at, number, for_good, short=for_good))
        try:
            found = state_of(open_database(fs, pool_pages=16))
        except Error as error:
            failures += 1
            assert error.code in CODES, f"call {at}: {error!r}"
        else:
            assert found == expected, f"call {at}"
        fs.fail(None)
        for left in (fs.image, fs.platter().outcome([], 0)):
            again = open_database(FaultFileSystem(left), pool_pages=16)
            assert state_of(again) == expected, f"call {at}"
            assert again.check() == [], f"call {at}"
    assert failures > 15
    tell(f"{counting.calls} calls of a recovery fail, {failures} starts with them")


def test_a_full_disk_leaves_the_database_usable() -> None:
    """ENOSPC when a table's file grows: 1114 or 1026 for that statement, and everybody else goes on."""
    fs = FaultFileSystem()
    database = open_database(fs, pool_pages=8)
    session = database.session()
    session.execute("CREATE TABLE t (id INT PRIMARY KEY, s TEXT)")
    session.execute("INSERT INTO t VALUES (1, 'here')")
    fs.room["test/t.ibd"] = 6 * 16384
    with pytest.raises(Error) as full:
        for i in range(2, 60):
            session.execute(f"INSERT INTO t VALUES ({i}, REPEAT('z', 7000))")
    assert full.value.code == 1114 and "'test.t' is full" in full.value.message
    assert database.failure is None
    assert session.execute("SELECT s FROM t WHERE id = 1").rows == [("here",)]
    fs.room.clear()
    session.execute("INSERT INTO t VALUES (1000, 'again')")
    assert database.check() == []
    database.close()
    again = open_database(fs, pool_pages=8)
    assert again.session().execute("SELECT s FROM t WHERE id IN (1, 1000)").rows == [("here",), ("again",)]


def test_a_lying_disk_is_noticed_or_harmless() -> None:
    """A disk that does not sync may lose what was acknowledged; what comes back is an error or a state that once was."""
    fs = FaultFileSystem()
    database = open_database(fs)
    states = [state_of(database)]
    fs.lying = True
    play(database, states)
    platter = fs.platter()
    for data in (platter.data, [], platter.data[: len(platter.data) // 2], platter.data[::2]):
        try:
            again = open_database(FaultFileSystem(platter.outcome(data, len(platter.names))))
            found = state_of(again)
        except Error as error:
            assert error.code in (1033, 1877, 1016), repr(error)
            continue
        assert found in states or again.check() != []


def test_more_than_the_log_can_hold() -> None:
    """A value that would not fit into the log is refused; an operation of many steps makes room as it goes."""
    fs = FaultFileSystem()
    database = open_database(fs)
    session = database.session()
    session.execute("CREATE TABLE t (id INT PRIMARY KEY, s LONGTEXT)")
    with pytest.raises(Error, match="greater than a fifth of the redo log") as refused:
        session.execute("INSERT INTO t VALUES (1, REPEAT('x', 40000))")
    assert refused.value.code == 1118
    session.execute("CREATE TABLE p (id INT PRIMARY KEY)")
    session.execute("CREATE TABLE c (id INT PRIMARY KEY, p INT, s VARCHAR(200), KEY (s), FOREIGN KEY (p) REFERENCES p (id) "
                    "ON DELETE CASCADE)")
    session.execute("INSERT INTO p VALUES (1)")
    for i in range(0, 2000, 100):
        session.execute("INSERT INTO c VALUES " + ",".join(f"({n}, 1, REPEAT('y', {n % 190}))" for n in range(i, i + 100)))
    assert database.durable is not None
    before = database.durable.redo.lsn
    session.execute("DELETE FROM p")  # one row operation, two thousand cascades
    database.purge()
    assert database.durable.redo.lsn - before > 2 * database.durable.redo.capacity
    assert database.failure is None and database.check() == []
    after = open_database(FaultFileSystem(fs.platter().outcome([], 0)))
    assert state_of(after)["test.c"][1] == []
    assert after.check() == []
