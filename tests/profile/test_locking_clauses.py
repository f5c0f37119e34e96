"""FOR UPDATE, FOR SHARE, OF, NOWAIT, SKIP LOCKED, WAIT n under both profiles.

The statements and answers under mysql-8.4 are those that MySQL's own test of locking clauses records; MariaDB 10.11 was asked
itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from minidb.database import Database
from minidb.errors import Error
from minidb.session import Session

MYSQL, MARIADB = "mysql-8.4", "mariadb-10.11"


@pytest.fixture(params=[MYSQL, MARIADB])
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    with Database(profile=request.param) as database:
        made = database.session()
        made.execute("CREATE TABLE t1 (a INT PRIMARY KEY, b INT)")
        made.execute("CREATE TABLE t2 (a INT PRIMARY KEY)")
        made.execute("INSERT INTO t1 VALUES (1, 1)")
        made.execute("INSERT INTO t2 VALUES (1)")
        yield made


def mysql(session: Session) -> bool:
    return session.instance.profile == MYSQL


def failure(session: Session, text: str) -> tuple[int, str]:
    with pytest.raises(Error) as caught:
        session.execute(text)
    return caught.value.code, caught.value.message


@pytest.mark.parametrize("tail", ["FOR UPDATE", "FOR UPDATE NOWAIT", "FOR UPDATE SKIP LOCKED", "LOCK IN SHARE MODE"])
def test_clauses_of_both(session: Session, tail: str) -> None:
    assert session.execute(f"SELECT * FROM t1 {tail}").rows == [(1, 1)]
    assert session.execute(f"(SELECT * FROM t1 {tail}) LIMIT 1").rows == [(1, 1)]
    assert session.execute(f"SELECT MIN(a) FROM t1 GROUP BY b {tail}").rows == [(1,)]
    assert session.execute(f"SELECT DISTINCT a FROM t1 {tail}").rows == [(1,)]


@pytest.mark.parametrize("tail", [
    "FOR SHARE", "FOR SHARE NOWAIT", "FOR SHARE SKIP LOCKED", "FOR SHARE OF t1, t2 NOWAIT", "FOR UPDATE OF t1, t2 SKIP LOCKED",
    "FOR SHARE OF t1 FOR UPDATE OF t2", "FOR SHARE OF t1 NOWAIT FOR SHARE OF t2 NOWAIT", "FOR UPDATE OF t2, test.t1",
])  # fmt: skip
def test_clauses_of_mysql_only(session: Session, tail: str) -> None:
    text = f"SELECT * FROM t1, t2 {tail}"
    if mysql(session):
        assert session.execute(text).rows == [(1, 1, 1)]
    else:
        assert failure(session, text)[0] == 1064


@pytest.mark.parametrize(("tail", "near"), [("FOR UPDATE WAIT 3", "WAIT 3"), ("LOCK IN SHARE MODE NOWAIT", "NOWAIT"),
                                            ("LOCK IN SHARE MODE WAIT 2", "WAIT 2")])
def test_clauses_of_mariadb_only(session: Session, tail: str, near: str) -> None:
    text = f"SELECT * FROM t1 {tail}"
    if mysql(session):
        code, message = failure(session, text)
        assert code == 1064 and message.endswith(f"that corresponds to your MySQL server version for the right syntax to use near "
                                                 f"'{near}' at line 1")
    else:
        assert session.execute(text).rows == [(1, 1)]


@pytest.mark.parametrize(("statement", "code", "message"), [
    ("SELECT * FROM t1 FOR SHARE OF t2", 3568, "Unresolved table name `t2` in locking clause."),
    ("SELECT * FROM t1 t1a FOR SHARE OF t1", 3568, "Unresolved table name `t1` in locking clause."),
    ("SELECT * FROM t1 t1a, t2 t2a FOR SHARE OF t1a, t2", 3568, "Unresolved table name `t2` in locking clause."),
    ("SELECT * FROM t1 FOR SHARE OF no_such_database.t1", 3568, "Unresolved table name `no_such_database`.`t1` in locking clause."),
    ("SELECT * FROM t1 FOR UPDATE OF t1 FOR SHARE OF t1", 3569, "Table `t1` appears in multiple locking clauses."),
    ("SELECT * FROM t1, t2 FOR UPDATE OF t2 FOR SHARE OF t1 FOR UPDATE OF t2", 3569,
     "Table `t2` appears in multiple locking clauses."),
    ("SELECT * FROM t1, t2 FOR UPDATE FOR SHARE OF t2", 3569, "Table `t2` appears in multiple locking clauses."),
    ("SELECT * FROM t1, t2 FOR UPDATE OF t2 FOR SHARE", 3569, "Table t2 appears in multiple locking clauses."),
])  # fmt: skip
def test_tables_that_cannot_be_locked_so(session: Session, statement: str, code: int, message: str) -> None:
    if mysql(session):
        assert failure(session, statement) == (code, message)
    else:
        assert failure(session, statement)[0] == 1064


def test_each_table_is_locked_as_its_clause_says() -> None:
    with Database(profile=MYSQL) as database:
        session = database.session()
        for name in ("t1", "t2", "t3"):
            session.execute(f"CREATE TABLE {name} (a INT PRIMARY KEY)")
            session.execute(f"INSERT INTO {name} VALUES (1)")
        session.execute("BEGIN")
        session.execute("SELECT * FROM t1, t2, t3 WHERE t1.a = 1 AND t2.a = 1 AND t3.a = 1 FOR SHARE OF t1 FOR UPDATE OF t3")
        assert [(lock.table, lock.mode) for lock in database.locks() if lock.kind != "table"] == [("t1", "S"), ("t3", "X")]


def test_waiting_for_metadata_locks(session: Session) -> None:
    for number, words in enumerate(("NOWAIT", "WAIT 3")):
        text = f"ALTER TABLE t1 {words} ADD COLUMN c{number} INT"
        if mysql(session):
            assert failure(session, text)[0] == 1064
        else:
            session.execute(text)


def test_variables_and_names(session: Session) -> None:
    isolation, other = ("transaction_isolation", "tx_isolation") if mysql(session) else ("tx_isolation", "transaction_isolation")
    assert session.execute(f"SELECT @@{isolation}").rows == [("REPEATABLE-READ",)]
    assert failure(session, f"SELECT @@{other}")[0] == 1193
    session.execute("SET innodb_lock_wait_timeout = 0")
    modes = session.execute("SELECT @@innodb_lock_wait_timeout, @@innodb_autoinc_lock_mode").rows
    assert modes == [(1, 2) if mysql(session) else (0, 1)]
    assert session.execute("SELECT VERSION()").rows == [("8.4.0-minidb" if mysql(session) else "10.11.19-MariaDB-minidb",)]
    key = "t1.PRIMARY" if mysql(session) else "PRIMARY"
    assert failure(session, "INSERT INTO t1 VALUES (1, 2)") == (1062, f"Duplicate entry '1' for key '{key}'")


def test_the_lock_profile_can_be_changed_while_nothing_is_locked() -> None:
    with Database() as database:
        session = database.session()
        session.execute("CREATE TABLE t (a INT PRIMARY KEY, u INT UNIQUE)")
        session.execute("INSERT INTO t VALUES (1, 1)")
        kinds = []
        for profile in (MARIADB, MYSQL, MARIADB):
            session.execute(f"SET GLOBAL lock_profile = '{profile}'")
            assert session.execute("SELECT @@lock_profile").rows == [(profile,)]
            session.execute("BEGIN")
            session.execute("SELECT * FROM t WHERE u = 1 FOR UPDATE")
            kinds += [lock.kind for lock in database.locks() if lock.index == "u"]
            assert failure(session, "SET GLOBAL lock_profile = 'mysql-8.4'")[0] == 1568
            session.execute("COMMIT")
        assert kinds == ["next-key", "rec", "next-key"]
        assert failure(session, "SET GLOBAL lock_profile = 'oracle'")[0] == 1231


def test_descending_indexes_of_myisam(session: Session) -> None:
    text = "CREATE TABLE m (a INT, b INT, KEY (a, b DESC)) ENGINE=MyISAM"
    if mysql(session):
        assert failure(session, text) == (1178, "The storage engine for the table doesn't support descending indexes")
    else:
        session.execute(text)
    session.execute("CREATE TABLE i (a INT, b INT, KEY (a, b DESC)) ENGINE=InnoDB")
