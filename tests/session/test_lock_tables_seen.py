"""What one sees of locks, transactions and versions through SQL: performance_schema, INNODB_TRX, PROCESSLIST, SHOW ..."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from minidb.database import Database
from minidb.errors import Error
from minidb.scheduler import StepScheduler
from minidb.session import Session

Rows = list[tuple[object, ...]]


class Stage:
    """Sessions A, B and an onlooker; A and B run on the StepScheduler, so that a wait is just a fact."""

    def __init__(self) -> None:
        self.scheduler = StepScheduler()
        self.database = Database(":memory:", scheduler=self.scheduler, purge="manual")
        self.sessions: dict[str, Session] = {n: self.database.session(n) for n in ("A", "B", "onlooker")}
        self.look("CREATE TABLE t (id INT PRIMARY KEY, v INT, KEY v (v)) ENGINE=InnoDB")
        self.look("INSERT INTO t VALUES (10, 1), (20, 2), (30, 3)")
        self.database.purge()

    def run(self, session: str, *statements: str) -> None:
        for statement in statements:
            self.scheduler.execute(session, partial(self.sessions[session].execute, statement))

    def look(self, sql: str) -> Rows:
        return [tuple(r) for r in self.sessions["onlooker"].execute(sql).rows or []]


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.scheduler.stop()
    made.database.close()


def test_data_locks_have_mysqls_columns_and_words(stage: Stage) -> None:
    stage.run("A", "BEGIN", "SELECT * FROM t WHERE id >= 20 FOR UPDATE", "SELECT v FROM t WHERE v = 1 LOCK IN SHARE MODE")
    rows = stage.look("SELECT OBJECT_SCHEMA, OBJECT_NAME, INDEX_NAME, LOCK_TYPE, LOCK_MODE, LOCK_STATUS, LOCK_DATA, THREAD_ID "
                      "FROM performance_schema.data_locks")
    assert rows == [
        ("test", "t", None, "TABLE", "IX", "GRANTED", None, 1),
        ("test", "t", "PRIMARY", "RECORD", "X,REC_NOT_GAP", "GRANTED", "20", 1),
        ("test", "t", "PRIMARY", "RECORD", "X", "GRANTED", "30", 1),
        ("test", "t", "PRIMARY", "RECORD", "X", "GRANTED", "supremum pseudo-record", 1),
        ("test", "t", "v", "RECORD", "S", "GRANTED", "1, 10", 1),
        ("test", "t", "v", "RECORD", "S,GAP", "GRANTED", "2, 20", 1),
    ]
    assert [r[0] for r in stage.look("SHOW TABLES FROM performance_schema")] == [
        "data_lock_waits", "data_locks", "metadata_locks", "threads"]


def test_a_wait_shows_who_blocks_whom(stage: Stage) -> None:
    stage.run("A", "BEGIN", "UPDATE t SET v = 5 WHERE id = 20")
    stage.run("B", "DELETE FROM t WHERE id = 20")
    join = ("SELECT w.REQUESTING_THREAD_ID, w.BLOCKING_THREAD_ID, r.LOCK_MODE, r.LOCK_STATUS, b.LOCK_DATA "
            "FROM performance_schema.data_lock_waits w "
            "JOIN performance_schema.data_locks r ON r.ENGINE_LOCK_ID = w.REQUESTING_ENGINE_LOCK_ID "
            "JOIN performance_schema.data_locks b ON b.ENGINE_LOCK_ID = w.BLOCKING_ENGINE_LOCK_ID")
    assert stage.look(join) == [(2, 1, "X,REC_NOT_GAP", "WAITING", "20")]
    assert len(stage.look("SELECT * FROM information_schema.INNODB_LOCKS")) == 2
    assert len(stage.look("SELECT * FROM information_schema.INNODB_LOCK_WAITS")) == 1
    states = dict(stage.look("SELECT trx_mysql_thread_id, trx_state FROM information_schema.INNODB_TRX"))  # type: ignore[arg-type]
    assert states == {1: "RUNNING", 2: "LOCK WAIT"}
    processes = {r[0]: (r[4], r[6], r[7]) for r in stage.look("SHOW PROCESSLIST")}
    assert processes[2] == ("Query", "Updating", "DELETE FROM t WHERE id = 20")
    assert processes[1][0] == "Sleep"
    text = str(stage.look("SHOW ENGINE INNODB STATUS")[0][2])
    assert "TRX IS WAITING FOR THIS LOCK TO BE GRANTED:" in text
    assert "B waits for A" in text
    stage.run("A", "COMMIT")
    assert stage.look(join) == []
    assert stage.look("SELECT * FROM performance_schema.data_locks") == []


def test_kill_leaves_no_lock_behind(stage: Stage) -> None:
    stage.run("A", "BEGIN", "UPDATE t SET v = 5 WHERE id = 20")
    stage.run("B", "BEGIN", "UPDATE t SET v = 6 WHERE id = 20")
    stage.look("KILL QUERY 2")
    stage.scheduler.run()
    waiting = "SELECT * FROM performance_schema.data_locks WHERE LOCK_STATUS = 'WAITING'"
    assert stage.look(waiting) == []
    stage.run("B", "UPDATE t SET v = 6 WHERE id = 20")
    assert len(stage.look(waiting)) == 1
    stage.look("KILL 2")
    stage.scheduler.run()
    assert stage.look("SELECT DISTINCT THREAD_ID FROM performance_schema.data_locks") == [(1,)]
    assert 2 not in [r[0] for r in stage.look("SHOW PROCESSLIST")]


def test_a_metadata_lock_wait(stage: Stage) -> None:
    stage.run("A", "BEGIN", "SELECT * FROM t")
    stage.run("B", "DROP TABLE t")
    rows = stage.look("SELECT OBJECT_NAME, LOCK_TYPE, LOCK_STATUS, OWNER_THREAD_ID FROM performance_schema.metadata_locks "
                      "WHERE OBJECT_SCHEMA = 'test'")
    assert ("t", "SHARED_READ", "GRANTED", 1) in rows
    assert ("t", "EXCLUSIVE", "PENDING", 2) in rows
    assert {r[0]: r[6] for r in stage.look("SHOW PROCESSLIST")}[2] == "Waiting for table metadata lock"
    stage.run("A", "COMMIT")
    with pytest.raises(Error, match="doesn't exist"):
        stage.look("SELECT * FROM t")


def test_the_latest_deadlock_as_text(stage: Stage) -> None:
    stage.run("A", "BEGIN", "UPDATE t SET v = 5 WHERE id = 10")
    stage.run("B", "BEGIN", "UPDATE t SET v = 5 WHERE id = 20", "UPDATE t SET v = 6 WHERE id = 10")
    stage.run("A", "UPDATE t SET v = 6 WHERE id = 20")
    text = str(stage.look("SHOW ENGINE INNODB STATUS")[0][2])
    assert "LATEST DETECTED DEADLOCK" in text
    assert "session A" in text
    assert "session B" in text
    assert "*** WE ROLL BACK TRANSACTION (1)" in text
    assert dict(stage.look("SHOW STATUS LIKE 'Innodb_deadlocks'"))["Innodb_deadlocks"] == "1"  # type: ignore[arg-type]
    metrics = dict(stage.look("SELECT NAME, COUNT FROM information_schema.INNODB_METRICS"))  # type: ignore[arg-type]
    assert metrics["deadlocks"] == 1


def test_a_long_reader_holds_the_history_back(stage: Stage) -> None:
    """F34, with the number that proves it."""
    stage.run("A", "START TRANSACTION WITH CONSISTENT SNAPSHOT")
    for _ in range(5):
        stage.run("B", "UPDATE t SET v = v + 1 WHERE id = 10")

    def history() -> int:
        return int(str(stage.look("SHOW STATUS LIKE 'Innodb_history_list_length'")[0][1]))

    assert history() == 5
    stage.database.purge()
    assert history() == 5
    assert "History list length 5" in str(stage.look("SHOW ENGINE INNODB STATUS")[0][2])
    stage.run("A", "COMMIT")
    stage.database.purge()
    assert history() == 0


def test_versions_have_a_creating_and_an_ending_transaction(stage: Stage) -> None:
    """F30, F31: who made each version, who ended it, which open views see it."""
    stage.run("A", "START TRANSACTION WITH CONSISTENT SNAPSHOT")
    stage.run("B", "UPDATE t SET v = 7 WHERE id = 10", "DELETE FROM t WHERE id = 20")
    rows = stage.look("SHOW VERSIONS FROM t")
    ten = [r for r in rows if r[0] == 10]
    assert [r[1] for r in ten] == [7, 1]
    assert ten[0][3] is None
    assert ten[0][2] == ten[1][3]  # the newer version's creator ended the older one
    assert [r[4] for r in ten] == ["", "A"]
    twenty = next(r for r in rows if r[0] == 20)
    assert twenty[3] is not None  # deleted: ended, but still seen
    assert twenty[4] == "A"
    assert [r[0] for r in stage.look("SHOW VERSIONS FROM t WHERE Ended_by IS NOT NULL")] == [10, 20]
    stage.run("A", "COMMIT")
    stage.database.purge()
    assert [(r[0], r[1]) for r in stage.look("SHOW VERSIONS FROM t")] == [(10, 7), (30, 3)]


def test_system_databases_cannot_be_changed(stage: Stage) -> None:
    assert {"information_schema", "performance_schema"} <= {str(r[0]) for r in stage.look("SHOW DATABASES")}
    for sql in ("CREATE TABLE performance_schema.x (a INT)", "DROP DATABASE performance_schema"):
        with pytest.raises(Error) as caught:
            stage.look(sql)
        assert caught.value.code == 1044
    with pytest.raises(Error) as caught:
        stage.look("SELECT * FROM performance_schema.nothing")
    assert caught.value.code == 1146
    stage.look("USE performance_schema")
    assert stage.look("SELECT COUNT(*) FROM threads") == [(3,)]
