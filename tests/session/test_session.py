"""Session: the statement cache, several sessions, KILL, metadata locks, bulk inserts, time limits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from minidb.database import Database
from minidb.errors import Error
from minidb.scheduler import StepScheduler, Task
from minidb.session import Session
from minidb.statements import cache


@pytest.fixture
def database() -> Iterator[Database]:
    with Database() as made:
        yield made


@pytest.fixture
def session(database: Database) -> Session:
    made = database.session("A")
    made.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT, KEY (v))")
    made.execute("INSERT INTO t VALUES (1,10),(2,20),(3,30)")
    return made


def code_of(session: Session, text: str, args: object = None) -> int:
    with pytest.raises(Error) as caught:
        session.execute(text, args)
    return caught.value.code


# ---- the cache
def test_a_repeated_text_runs_the_same_plan(session: Session) -> None:
    session.execute("SELECT v FROM t WHERE id = 1")
    first = session.last_plan
    assert session.execute("SELECT v FROM t WHERE id = 1").rows == [(10,)]
    assert session.last_plan is first


def test_texts_that_differ_in_literals_share_a_plan(session: Session) -> None:
    assert session.execute("SELECT v FROM t WHERE id = 1").rows == [(10,)]
    first = session.last_plan
    assert session.execute("SELECT v FROM t WHERE id = 2").rows == [(20,)]
    assert session.last_plan is first


def test_plans_depend_on_parameter_types(session: Session) -> None:
    for value in (2, "2", 2.0):
        assert session.execute("SELECT v FROM t WHERE id = %s", (value,)).rows == [(20,)]
    assert len(session.texts.with_args["SELECT v FROM t WHERE id = %s"].by_types) == 3


def test_a_second_database_with_equal_tables_compiles_nothing(session: Session) -> None:
    session.execute("SELECT v FROM t WHERE id = 1")
    assert session.last_plan is not None
    plan = session.last_plan.plan
    with Database() as other:
        again = other.session()
        again.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT, KEY (v))")
        again.execute("INSERT INTO t VALUES (1, 77)")
        assert again.execute("SELECT v FROM t WHERE id = 1").rows == [(77,)]
        assert again.last_plan is not None and again.last_plan.plan is plan


def test_ddl_makes_cached_plans_void(session: Session) -> None:
    assert session.execute("SELECT * FROM t WHERE id = 1").rows == [(1, 10)]
    session.execute("ALTER TABLE t ADD COLUMN w INT DEFAULT 5")
    assert session.execute("SELECT * FROM t WHERE id = 1").rows == [(1, 10, 5)]
    session.execute("DROP TABLE t")
    assert code_of(session, "SELECT * FROM t WHERE id = 1") == 1146
    session.execute("CREATE TABLE t (id VARCHAR(5) PRIMARY KEY)")
    session.execute("INSERT INTO t VALUES ('1')")
    assert session.execute("SELECT * FROM t WHERE id = 1").rows == [("1",)]


def test_use_and_sql_mode_change_what_a_text_means(session: Session) -> None:
    session.execute("CREATE DATABASE other")
    session.execute("CREATE TABLE other.t (id INT PRIMARY KEY, v INT)")
    assert session.execute("SELECT COUNT(*) FROM t").rows == [(3,)]
    session.execute("USE other")
    assert session.execute("SELECT COUNT(*) FROM t").rows == [(0,)]
    session.execute("USE test")
    assert session.execute("SELECT COUNT(*) FROM t").rows == [(3,)]
    assert code_of(session, "INSERT INTO t VALUES (9, 'x')") == 1366
    session.execute("SET sql_mode = ''")
    result = session.execute("INSERT INTO t VALUES (9, 'x')")
    assert [w[1] for w in result.warnings] == [1366]


def test_the_cache_stays_within_its_limit(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "TEXT_LIMIT", 20)
    for i in range(100):
        assert session.execute(f"SELECT v + {i} FROM t WHERE id = 1").rows == [(10 + i,)]
    assert len(session.texts.plain) <= 21


def test_a_temporary_table_hides_the_other_in_its_session_only(database: Database, session: Session) -> None:
    other = database.session("B")
    assert session.execute("SELECT COUNT(*) FROM t").rows == [(3,)]
    session.execute("CREATE TEMPORARY TABLE t (x INT)")
    assert session.execute("SELECT COUNT(*) FROM t").rows == [(0,)]
    assert other.execute("SELECT COUNT(*) FROM t").rows == [(3,)]
    session.close()
    assert other.execute("SELECT COUNT(*) FROM t").rows == [(3,)]
    assert not [name for name in database.fs.listdir("") if name.startswith("#tmp") and database.fs.listdir(name)]


# ---- bulk
def test_one_multi_row_insert_is_all_or_nothing_in_innodb_only(session: Session) -> None:
    session.execute("CREATE TABLE m (id INT PRIMARY KEY) ENGINE=MyISAM")
    session.execute("CREATE TABLE i (id INT PRIMARY KEY)")
    for table, kept in (("m", [(1,), (2,)]), ("i", [])):
        assert code_of(session, f"INSERT INTO {table} VALUES (1),(2),(1),(3)") == 1062
        assert session.execute(f"SELECT * FROM {table}").rows == kept


def test_execute_many_counts_as_one_statement(session: Session) -> None:
    result = session.execute_many("INSERT INTO t VALUES (%s, %s)", [(i, i) for i in range(10, 500)])
    assert (result.affected, result.records, result.duplicates) == (490, 490, 0)
    assert session.execute("SELECT COUNT(*) FROM t").rows == [(493,)]
    with pytest.raises(Error) as caught:
        session.execute_many("INSERT INTO t VALUES (%s, %s)", [(1000, 1), (1001, "x")])
    assert caught.value.message == "Incorrect integer value: 'x' for column `test`.`t`.`v` at row 2"
    assert session.execute("SELECT COUNT(*) FROM t").rows == [(493,)]


# ---- results
def test_counters(session: Session) -> None:
    result = session.execute("UPDATE t SET v = 10 WHERE id < 3")
    assert (result.affected, result.matched, result.changed, result.found) == (1, 2, 1, 2)
    assert result.info == "Rows matched: 2  Changed: 1  Warnings: 0"
    assert session.execute("INSERT INTO t VALUES (4,4),(5,5)").info == "Records: 2  Duplicates: 0  Warnings: 0"
    assert session.execute("SELECT ROW_COUNT()").rows == [(2,)]
    assert session.execute("DELETE FROM t").affected == 5
    assert session.execute("SELECT 1").info == ""


def test_scripts_run_statement_by_statement(session: Session) -> None:
    results = list(session.execute_script("SELECT 1; SET @a = 'x;y';\nSELECT @a;"))
    assert [r.rows for r in results] == [[(1,)], None, [("x;y",)]]


def test_the_now_of_a_statement_is_one_moment(session: Session) -> None:
    rows = session.execute("SELECT NOW(6) = NOW(6), SLEEP(0.001), NOW(6) = NOW(6)").rows
    assert rows == [(1, 0, 1)]
    session.execute("SET timestamp = 1000000000.5, time_zone = '+00:00'")
    assert str(session.execute("SELECT NOW(1)").rows) == "[(datetime.datetime(2001, 9, 9, 1, 46, 40, 500000),)]"


def test_sql_select_limit(session: Session) -> None:
    session.execute("SET sql_select_limit = 2")
    assert len(session.execute("SELECT * FROM t").rows or ()) == 2
    assert len(session.execute("SELECT * FROM t LIMIT 3").rows or ()) == 3


def test_max_statement_time(session: Session) -> None:
    session.execute("SET max_statement_time = 0.05")
    assert code_of(session, "SELECT SLEEP(10)") == 1969
    assert session.execute("SELECT COUNT(*) FROM t").rows == [(3,)]


def test_surprises_become_internal_errors_and_the_session_goes_on(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise ZeroDivisionError("surprise")

    session.execute("BEGIN")
    session.execute("INSERT INTO t VALUES (4, 40)")
    with monkeypatch.context() as patch:
        patch.setattr("minidb.statements.preparing.prepare_key", broken)
        assert code_of(session, "SELECT 'never seen before'") == 1815
    assert session.execute("SELECT COUNT(*) FROM t").rows == [(4,)]
    session.execute("ROLLBACK")
    assert session.execute("SELECT COUNT(*) FROM t").rows == [(3,)]


# ---- several sessions, step by step
class Stage:
    """Sessions on a StepScheduler: `run` hands a statement over and tells whether it is still waiting."""

    def __init__(self) -> None:
        self.scheduler = StepScheduler()
        self.database = Database(scheduler=self.scheduler)
        self.sessions: dict[str, Session] = {}
        self.tasks: dict[str, Task] = {}

    def run(self, name: str, text: str) -> object:
        if name not in self.sessions:
            self.sessions[name] = self.database.session(name)
        session = self.sessions[name]
        self.tasks[name] = self.scheduler.submit(name, lambda: session.execute(text))
        self.scheduler.run()
        return self.outcome(name)

    def outcome(self, name: str) -> object:
        task = self.tasks[name]
        if not task.done:
            return "blocked"
        if task.error is not None:
            if not isinstance(task.error, Error):
                raise task.error
            return task.error.code
        return task.result.rows if task.result.rows is not None else task.result.affected


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    made.run("A", "CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    made.run("A", "INSERT INTO t VALUES (1,1),(2,2)")
    yield made
    made.scheduler.stop()
    made.database.close()


def test_ddl_waits_for_open_transactions_and_the_other_way_round(stage: Stage) -> None:
    stage.run("A", "BEGIN")
    assert stage.run("A", "SELECT COUNT(*) FROM t") == [(2,)]
    assert stage.run("B", "ALTER TABLE t ADD COLUMN w INT") == "blocked"
    assert stage.run("C", "SELECT * FROM t") == "blocked"
    stage.run("A", "COMMIT")
    assert stage.outcome("B") == 0
    assert stage.outcome("C") == [(1, 1, None), (2, 2, None)]


def test_a_plan_is_made_anew_when_the_table_changed_while_it_waited(stage: Stage) -> None:
    assert stage.run("B", "SELECT * FROM t WHERE id = 1") == [(1, 1)]
    stage.run("A", "LOCK TABLES t WRITE")
    assert stage.run("B", "SELECT * FROM t WHERE id = 1") == "blocked"
    stage.run("A", "ALTER TABLE t DROP COLUMN v")
    stage.run("A", "UNLOCK TABLES")
    assert stage.outcome("B") == [(1,)]


def test_a_table_dropped_while_a_statement_waited_is_gone(stage: Stage) -> None:
    stage.run("A", "LOCK TABLES t WRITE")
    assert stage.run("B", "INSERT INTO t VALUES (3,3)") == "blocked"
    stage.run("A", "DROP TABLE t")
    stage.run("A", "UNLOCK TABLES")
    assert stage.outcome("B") == 1146


def test_kill_query_ends_a_wait_and_leaves_no_lock(stage: Stage) -> None:
    stage.run("A", "BEGIN")
    stage.run("A", "UPDATE t SET v = 5 WHERE id = 1")
    assert stage.run("B", "UPDATE t SET v = 6 WHERE id = 1") == "blocked"
    victim = stage.sessions["B"]
    assert stage.run("C", f"KILL QUERY {victim.connection_id}") == 0
    assert stage.outcome("B") == 1317
    assert {row.session for row in stage.database.locks()} == {"A"}
    assert stage.run("B", "SELECT v FROM t WHERE id = 2") == [(2,)]


def test_kill_connection_rolls_back_and_closes(stage: Stage) -> None:
    stage.run("A", "BEGIN")
    stage.run("A", "UPDATE t SET v = 5 WHERE id = 1")
    stage.run("B", f"KILL {stage.sessions['A'].connection_id}")
    assert stage.sessions["A"].closed
    assert stage.run("A", "SELECT 1") == 1927
    assert stage.run("B", "SELECT v FROM t WHERE id = 1") == [(1,)]
    assert stage.database.locks() == []


def test_a_lock_wait_timeout_undoes_the_statement_only(stage: Stage) -> None:
    stage.run("B", "SET innodb_lock_wait_timeout = 3")
    stage.run("B", "BEGIN")
    stage.run("B", "UPDATE t SET v = 9 WHERE id = 2")
    stage.run("A", "BEGIN")
    stage.run("A", "UPDATE t SET v = 5 WHERE id = 1")
    assert stage.run("B", "UPDATE t SET v = 6 WHERE id = 1") == "blocked"
    stage.scheduler.run_timeouts("B")
    assert stage.outcome("B") == 1205
    assert stage.sessions["B"].in_transaction
    stage.run("B", "COMMIT")
    assert stage.run("C", "SELECT v FROM t WHERE id = 2") == [(9,)]


def test_the_victim_of_a_deadlock_has_no_transaction_any_more(stage: Stage) -> None:
    for name, number in (("A", 1), ("B", 2)):
        stage.run(name, "BEGIN")
        stage.run(name, f"UPDATE t SET v = 7 WHERE id = {number}")
    assert stage.run("A", "UPDATE t SET v = 8 WHERE id = 2") == "blocked"
    assert stage.run("B", "UPDATE t SET v = 8 WHERE id = 1") == 1213
    assert not stage.sessions["B"].in_transaction
    assert stage.outcome("A") == 1


def test_the_global_read_lock_stops_writers_and_not_readers(stage: Stage) -> None:
    stage.run("A", "FLUSH TABLES WITH READ LOCK")
    assert stage.run("B", "SELECT COUNT(*) FROM t") == [(2,)]
    assert stage.run("B", "INSERT INTO t VALUES (3,3)") == "blocked"
    assert stage.run("A", "INSERT INTO t VALUES (4,4)") == 1223
    stage.run("A", "UNLOCK TABLES")
    assert stage.outcome("B") == 1


def test_myisam_writers_wait_for_a_lock_and_readers_for_the_writer(stage: Stage) -> None:
    stage.run("A", "CREATE TABLE m (id INT PRIMARY KEY) ENGINE=MyISAM")
    stage.run("A", "LOCK TABLES m READ")
    assert stage.run("B", "INSERT INTO m VALUES (1)") == "blocked"
    stage.run("A", "UNLOCK TABLES")
    assert stage.outcome("B") == 1
    assert stage.run("A", "SELECT * FROM m") == [(1,)]


def test_processlist_tells_who_waits(stage: Stage) -> None:
    stage.run("A", "BEGIN")
    stage.run("A", "SELECT * FROM t")
    stage.run("B", "DROP TABLE t")
    question = "SELECT user, db, command, state, info FROM information_schema.processlist ORDER BY id"
    rows = stage.run("C", question)
    assert rows == [
        ("root", "test", "Sleep", "", None), ("root", "test", "Query", "Waiting for table metadata lock", "DROP TABLE t"),
        ("root", "test", "Query", "starting", question),
    ]


def test_closing_a_session_gives_its_locks_back(stage: Stage) -> None:
    stage.run("A", "BEGIN")
    stage.run("A", "UPDATE t SET v = 5 WHERE id = 1")
    assert stage.run("B", "UPDATE t SET v = 6 WHERE id = 1") == "blocked"
    stage.sessions["A"].close()
    stage.scheduler.run()
    assert stage.outcome("B") == 1
