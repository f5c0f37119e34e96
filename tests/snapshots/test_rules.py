"""The rules of statements/snapshots, one by one."""

from __future__ import annotations

import gc
import threading
from typing import Any

import pytest
from snapshot_kit import SHAPES, code_of, contents, new_database, rows, sound

from minidb import connect
from minidb.database import Database
from minidb.errors import Error, InterfaceError
from minidb.scheduler import StepScheduler
from minidb.session import Session

SCHEMA = (
    "CREATE TABLE p (id INT PRIMARY KEY)",
    "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v INT, w LONGTEXT, p INT, KEY (v), FOREIGN KEY (p) REFERENCES p (id))",
    "CREATE TABLE hidden (v INT)",
    "CREATE TABLE m (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(40), KEY (v)) ENGINE=MyISAM",
    "CREATE TABLE f (id INT PRIMARY KEY, v INT) ENGINE=MyISAM",
    "INSERT INTO p VALUES (1), (2)", "INSERT INTO t (v, p) VALUES (1, 1), (2, 2), (3, NULL)", "INSERT INTO hidden VALUES (1), (2)",
    "INSERT INTO m (v) VALUES ('a'), ('b'), ('c')", "INSERT INTO f VALUES (1, 1), (2, 2)",
)


@pytest.fixture(params=SHAPES)
def database(request: pytest.FixtureRequest) -> Any:
    made = new_database(request.param)
    session = made.session("A")
    for text in SCHEMA:
        session.execute(text)
    yield made
    made.close()


@pytest.fixture
def a(database: Database) -> Session:
    return next(iter(database.sessions.values()))


def transcript(database: Database, a: Session, b: Session) -> list[str]:
    """A schedule with ids of all kinds in what it says: transactions, row versions, locks, AUTO_INCREMENT, hidden rows, time."""
    scheduler = database.scheduler
    assert isinstance(scheduler, StepScheduler)
    said: list[str] = []

    def say(session: Session, text: str) -> None:
        try:
            result = session.execute(text)
            said.append(f"{session.name} {text}: {result.rows} {result.insert_id}")
        except Error as error:
            said.append(f"{session.name} {text}: {error.args}")

    for text in ("BEGIN", "INSERT INTO t (v, w) VALUES (9, REPEAT('long', 9000))", "UPDATE t SET v = v + 10 WHERE v < 3",
                 "INSERT INTO hidden VALUES (3)", "SELECT * FROM hidden WHERE v > 1 FOR UPDATE"):
        say(a, text)
    say(b, "SELECT * FROM performance_schema.data_locks ORDER BY 1, 2, 3")
    say(b, "SELECT trx_id, trx_state FROM information_schema.innodb_trx")
    scheduler.execute("B", lambda: say(b, "UPDATE t SET v = 0 WHERE id = 1"))
    said.append(str(sorted(database.waiting().items())))
    scheduler.run_timeouts()
    for text in ("COMMIT", "SHOW VERSIONS FROM t", "INSERT INTO m (v) VALUES ('z')", "DELETE FROM m WHERE id = 2",
                 "SELECT NOW(), RAND()", "CREATE TABLE late (id INT PRIMARY KEY, v INT, KEY (v))",
                 "INSERT INTO late VALUES (1, 1)", "BEGIN", "UPDATE late SET v = 2", "DROP TABLE f"):
        say(a, text)
    say(b, "SELECT * FROM performance_schema.data_locks ORDER BY 1, 2, 3")
    say(a, "ROLLBACK")
    said += database.dictionary.dump().splitlines()[1:]
    return said


def test_the_same_schedule_takes_the_same_course_to_the_byte(database: Database, a: Session) -> None:
    b = database.session("B")
    snapshot = database.snapshot()
    first = transcript(database, a, b)
    for _ in range(3):
        database.restore(snapshot)
        assert transcript(database, a, b) == first
        sound(database)


def test_open_transactions_do_not_belong_to_a_snapshot(database: Database, a: Session) -> None:
    before = contents(database)
    a.execute("BEGIN")
    a.execute("INSERT INTO t (id, v, w) VALUES (50, 7, REPEAT('w', 30000))")
    a.execute("UPDATE t SET v = 70 WHERE id = 1")
    a.execute("DELETE FROM p WHERE id = 3")
    a.execute("DELETE FROM hidden WHERE v = 1")
    snapshot = database.snapshot()
    fork = database.fork()
    a.execute("UPDATE t SET v = 71 WHERE id = 2")
    a.execute("COMMIT")
    assert rows(a, "SELECT v FROM t WHERE id IN (1, 2, 50)") == [(70,), (71,), (7,)]
    for _ in range(2):
        database.restore(snapshot)
        assert not a.in_transaction
        assert [line for line in contents(database) if "AUTO_INCREMENT=" not in line] == [
            line for line in before if "AUTO_INCREMENT=" not in line]
        sound(database)
    assert contents(fork) == contents(database)
    sound(fork)


def test_a_restore_ends_what_sessions_have_begun(database: Database, a: Session) -> None:
    snapshot = database.snapshot()
    b = database.session("B")
    b.execute("SET SESSION sql_mode = ''")
    b.execute("CREATE TEMPORARY TABLE mine (v INT)")
    b.execute("INSERT INTO mine VALUES (1)")
    b.execute("BEGIN")
    b.execute("SELECT * FROM t FOR UPDATE")
    a.execute("LOCK TABLES m WRITE, f READ")
    assert database.locks()
    database.restore(snapshot)
    assert database.locks() == []
    assert database.metadata_locks.locks() == []
    assert not b.in_transaction
    assert code_of(b.execute, "SELECT * FROM mine") == 1146
    assert rows(b, "SELECT @@sql_mode") == [("",)]
    assert rows(b, "SELECT COUNT(*) FROM m") == [(3,)]
    b.execute("CREATE TEMPORARY TABLE mine (v INT)")
    sound(database)


def test_temporary_tables_do_not_come_back(database: Database, a: Session) -> None:
    a.execute("CREATE TEMPORARY TABLE mine (v INT)")
    snapshot = database.snapshot()
    database.restore(snapshot)
    assert code_of(a.execute, "SELECT * FROM mine") == 1146
    a.execute("CREATE TEMPORARY TABLE mine (v INT)")
    sound(database)


def test_a_read_view_ends_and_sees_the_restored_rows_afterwards(database: Database, a: Session) -> None:
    snapshot = database.snapshot()
    a.execute("UPDATE t SET v = 100")
    b = database.session("B")
    b.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
    assert rows(b, "SELECT DISTINCT v FROM t") == [(100,)]
    database.restore(snapshot)
    assert database.read_views() == []
    assert rows(b, "SELECT v FROM t ORDER BY v") == [(1,), (2,), (3,)]


def test_the_history_waits_for_purge_as_it_did(database: Database, a: Session) -> None:
    a.execute("UPDATE t SET v = v + 1")
    a.execute("DELETE FROM hidden WHERE v = 1")
    waiting = database.history_length()
    assert waiting
    snapshot = database.snapshot()
    for _ in range(2):
        database.purge()
        assert database.history_length() == 0
        database.restore(snapshot)
        assert database.history_length() == waiting
        sound(database)
    fork = database.fork()
    fork.purge()
    assert fork.history_length() == 0
    assert database.history_length() == waiting
    sound(fork)


def test_long_values_come_back(database: Database, a: Session) -> None:
    a.execute("UPDATE t SET w = REPEAT('abc', 20000) WHERE id = 1")
    snapshot = database.snapshot()
    a.execute("UPDATE t SET w = 'short' WHERE id = 1")
    database.purge()
    a.execute("UPDATE t SET w = REPEAT('x', 50000) WHERE id = 2")
    database.restore(snapshot)
    assert rows(a, "SELECT w = REPEAT('abc', 20000) FROM t WHERE id = 1") == [(1,)]
    assert rows(a, "SELECT w FROM t WHERE id = 2") == [(None,)]
    sound(database)


def test_numbers_are_given_out_again(database: Database, a: Session) -> None:
    snapshot = database.snapshot()
    for _ in range(3):
        assert a.execute("INSERT INTO t (v) VALUES (1)").insert_id == 4
        assert a.execute("INSERT INTO m (v) VALUES ('x')").insert_id == 4
        database.restore(snapshot)


def test_foreign_keys_hold_after_a_restore(database: Database, a: Session) -> None:
    snapshot = database.snapshot()
    a.execute("DELETE FROM t")
    a.execute("DROP TABLE t")
    a.execute("DROP TABLE p")
    database.restore(snapshot)
    assert code_of(a.execute, "INSERT INTO t (p) VALUES (7)") == 1452
    assert code_of(a.execute, "DELETE FROM p WHERE id = 1") == 1451


def test_definitions_are_undone(database: Database, a: Session) -> None:
    expected = contents(database)
    snapshot = database.snapshot()
    for text in ("DROP TABLE f", "ALTER TABLE t ADD c INT, DROP KEY v", "ALTER TABLE t ADD KEY two (v, id)",
                 "RENAME TABLE m TO q, p TO m", "TRUNCATE hidden", "CREATE TABLE new (v INT)",
                 "CREATE DATABASE other", "CREATE TABLE other.t (v INT)", "USE other"):
        a.execute(text)
    changed = database.snapshot()
    there = contents(database)
    for _ in range(2):
        database.restore(snapshot)
        assert contents(database) == expected
        sound(database)
        assert a.database is None
        database.restore(changed)
        assert contents(database) == there
        sound(database)
    a.execute("USE test")
    database.restore(snapshot)
    a.execute("CREATE TABLE new (v INT)")
    assert rows(a, "SELECT v FROM t WHERE v > 1 ORDER BY v") == [(2,), (3,)]


def test_back_and_forth_between_snapshots(database: Database, a: Session) -> None:
    held = []
    for number in range(5):
        held.append((database.snapshot(), contents(database)))
        a.execute(f"UPDATE t SET v = v + {number}")
        a.execute(f"INSERT INTO m (v) VALUES ('{number}')")
    for place in (0, 4, 2, 2, 1, 3, 0, 4):
        snapshot, expected = held[place]
        database.restore(snapshot)
        assert contents(database) == expected
        assert snapshot.check() == []
        a.execute("DELETE FROM t")
        a.execute("DELETE FROM f WHERE id = 1")
    sound(database)


def test_plans_and_handles_stay_if_only_rows_changed(database: Database, a: Session) -> None:
    snapshot = database.snapshot()
    a.execute("SELECT v FROM t WHERE id = 1")
    plan, version = a.last_plan, database.version
    a.execute("UPDATE t SET v = 9 WHERE id = 1")
    database.restore(snapshot)
    assert rows(a, "SELECT v FROM t WHERE id = 1") == [(1,)]
    assert a.last_plan is plan
    assert database.version == version
    a.execute("ALTER TABLE t ADD KEY (p, v)")
    database.restore(snapshot)
    assert database.version > version
    assert rows(a, "SELECT v FROM t WHERE id = 1") == [(1,)]
    version = database.version
    database.restore(snapshot)  # with the definitions of the snapshot in force again
    assert database.version == version


def test_nothing_is_copied_when_no_snapshot_is_held(database: Database, a: Session) -> None:
    snapshot = database.snapshot()
    a.execute("UPDATE t SET v = 5")
    assert snapshot.pages.size > 0
    assert database.pool.snapshots.watching
    del snapshot
    a.execute("UPDATE t SET v = 6")
    a.execute("INSERT INTO p VALUES (9)")
    assert database.pool.snapshots.base() is None
    assert not database.pool.snapshots.watching
    sound(database)


def test_an_older_snapshot_that_is_dropped_goes_a_newer_one_stays(database: Database, a: Session) -> None:
    older = database.snapshot()
    a.execute("UPDATE t SET v = 5")
    newer, expected = database.snapshot(), contents(database)
    del older
    a.execute("UPDATE t SET v = 6")
    assert newer.pages.newer is None
    database.restore(newer)
    assert contents(database) == expected


def test_dump_tells_the_way_to_the_present(database: Database, a: Session) -> None:
    snapshot = database.snapshot()
    assert snapshot.dump() == "8 stores, 0 of them changed: 0 pages kept"
    a.execute("INSERT INTO p VALUES (9)")
    later = database.snapshot()
    first, second = snapshot.dump().splitlines()
    assert first.startswith("8 stores, ") and not first.endswith(": 0 pages kept")
    assert second == later.dump() == "8 stores, 0 of them changed: 0 pages kept"


def test_from_a_connection() -> None:
    connection = connect(autocommit=True)
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE t (v INT)")
    empty = connection.database.snapshot()
    cursor.execute("INSERT INTO t VALUES (1)")
    with connect(database=connection.database.fork()) as fork:
        connection.database.restore(empty)
        assert cursor.execute("SELECT * FROM t") == 0
        assert fork.cursor().execute("SELECT * FROM t") == 1
    connection.close()


# ---- what is refused
def test_a_waiting_statement_refuses_a_restore_and_nothing_changes(database: Database, a: Session) -> None:
    b = database.session("B")
    snapshot = database.snapshot()
    a.execute("BEGIN")
    a.execute("UPDATE t SET v = 8 WHERE id = 1")
    scheduler = database.scheduler
    assert isinstance(scheduler, StepScheduler)
    scheduler.execute("B", lambda: b.execute("UPDATE t SET v = 9 WHERE id = 1"))
    assert database.waiting()
    assert code_of(database.restore, snapshot) == 1192
    assert database.waiting() and a.in_transaction
    a.execute("COMMIT")
    scheduler.run()
    assert rows(a, "SELECT v FROM t WHERE id = 1") == [(9,)]
    database.restore(snapshot)
    assert rows(a, "SELECT v FROM t WHERE id = 1") == [(1,)]


def test_wrong_snapshots_and_closed_databases(database: Database) -> None:
    other = new_database()
    snapshot = other.snapshot()
    with pytest.raises(InterfaceError):
        database.restore(snapshot)
    with pytest.raises(InterfaceError):
        database.fork(snapshot)
    other.close()
    for call in (other.snapshot, other.fork, lambda: other.restore(snapshot)):
        assert code_of(call) == 1053
    assert snapshot.fork().check() == []


def test_a_directory_has_no_snapshots(tmp_path: Any) -> None:
    with Database(str(tmp_path / "d")) as database:
        assert code_of(database.snapshot) == 1235
        assert code_of(database.fork) == 1235


def test_an_unwritten_page_is_written_by_a_flush(database: Database, a: Session) -> None:
    snapshot = database.snapshot()
    a.execute("UPDATE t SET v = 5")
    database.restore(snapshot)
    database.flush()
    assert database.pool.stats.dirty == 0
    for space in database.pool.spaces.values():
        assert space.verify_file() == []
    sound(database)


# ---- forks
def test_parent_and_fork_go_their_own_ways(database: Database, a: Session) -> None:
    expected = contents(database)
    fork = database.fork()
    a.execute("UPDATE t SET v = 500")
    a.execute("DROP TABLE m")
    a.execute("DELETE FROM hidden")
    assert contents(fork) == expected
    mine = fork.session("F")
    mine.execute("INSERT INTO t (v) VALUES (77)")
    mine.execute("TRUNCATE f")
    grandchild = fork.fork()
    there = contents(fork)
    database.close()
    mine.execute("DELETE FROM t")
    fork.close()
    del fork, mine, database
    gc.collect()
    assert contents(grandchild) == there
    sound(grandchild)


def test_a_fork_has_the_settings_of_its_parent(database: Database, a: Session) -> None:
    a.execute("SET GLOBAL sql_mode = 'ANSI_QUOTES'")
    a.execute("SET GLOBAL lock_profile = 'mysql-8.4'")
    fork = database.fork()
    session = fork.session("F")
    assert rows(session, "SELECT @@sql_mode, @@lock_profile") == [("ANSI_QUOTES", "mysql-8.4")]
    assert fork.profile == database.profile
    assert fork.pool.limit == database.pool.limit
    assert type(fork.scheduler) is type(database.scheduler)
    assert fork.scheduler is not database.scheduler
    assert fork.scheduler.wall_clock() == database.scheduler.wall_clock()


def test_a_fork_reads_only_the_pages_that_it_needs() -> None:
    database = new_database("small leaves")
    a = database.session("A")
    a.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    for number in range(200):
        a.execute(f"INSERT INTO t VALUES ({number}, {number})")
    fork = database.fork()
    assert fork.pool.resident == 0
    assert rows(fork.session("F"), "SELECT v FROM t WHERE id = 100") == [(100,)]
    assert 0 < fork.pool.resident < 10 < database.pool.resident


def test_repair_in_a_fork_finds_every_row(database: Database) -> None:
    fork = database.fork()
    session = fork.session("F")
    assert rows(session, "REPAIR TABLE m, f")[0][2:] == ("status", "OK")
    assert rows(session, "SELECT v FROM m ORDER BY id") == [("a",), ("b",), ("c",)]
    assert rows(session, "SELECT COUNT(*) FROM f") == [(2,)]
    sound(fork)


def test_forks_in_other_threads_while_the_parent_changes() -> None:
    database = Database(leaf_capacity=4)
    a = database.session("A")
    a.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT, KEY (v))")
    for number in range(300):
        a.execute(f"INSERT INTO t VALUES ({number}, 0)")
    failures: list[BaseException] = []

    def use(fork: Database, number: int) -> None:
        try:
            session = fork.session(f"F{number}")
            for key in range(300):
                assert rows(session, f"SELECT v FROM t WHERE id = {key}") == [(0,)]
                session.execute(f"UPDATE t SET v = {number} WHERE id = {key}")
            assert rows(session, "SELECT DISTINCT v FROM t") == [(number,)]
            assert fork.check() == []
            fork.close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=use, args=(database.fork(), number)) for number in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for key in range(300):
        a.execute(f"UPDATE t SET v = 9 WHERE id = {key}")
    for thread in threads:
        thread.join()
    assert failures == []
    assert rows(a, "SELECT DISTINCT v FROM t") == [(9,)]
    assert database.check() == []
