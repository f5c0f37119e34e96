"""Statements that change several definitions at once: all of it or nothing, as seen by sessions."""

from __future__ import annotations

import pytest

from minidb.database import Database
from minidb.errors import Error


def code_of(session, text: str) -> int:
    with pytest.raises(Error) as caught:
        session.execute(text)
    return caught.value.code


def tables(session, db: str = "test") -> list[str]:
    return [row[0] for row in session.execute(f"SHOW TABLES FROM {db}").rows]


def test_names_are_exchanged_with_foreign_keys_following() -> None:
    with Database() as database:
        session = database.session()
        session.execute("CREATE DATABASE d2")
        session.execute("CREATE TABLE p (id INT PRIMARY KEY)")
        session.execute("CREATE TABLE c (x INT, FOREIGN KEY (x) REFERENCES p (id))")
        session.execute("CREATE TABLE m (a INT, KEY (a)) ENGINE=MyISAM")
        session.execute("INSERT INTO p VALUES (1), (2)")
        session.execute("INSERT INTO c VALUES (2)")
        session.execute("INSERT INTO m VALUES (7)")
        session.execute("RENAME TABLE p TO x, m TO p, x TO d2.m, c TO m")
        assert session.execute("SELECT * FROM p").rows == [(7,)]
        assert session.execute("SELECT * FROM d2.m").rows == [(1,), (2,)]
        shown = session.execute("SHOW CREATE TABLE m").rows[0][1]
        assert "CONSTRAINT `m_ibfk_1` FOREIGN KEY (`x`) REFERENCES `d2`.`m` (`id`)" in shown
        assert code_of(session, "DELETE FROM d2.m WHERE id = 2") == 1451
        assert code_of(session, "INSERT INTO m VALUES (9)") == 1452
        assert database.check() == []


def test_a_list_of_names_with_a_wrong_one_changes_nothing() -> None:
    with Database() as database:
        session = database.session()
        for name in "abc":
            session.execute(f"CREATE TABLE {name} (n INT)")
        for text, code in (("RENAME TABLE a TO x, missing TO y", 1146), ("RENAME TABLE a TO x, b TO c", 1050),
                           ("RENAME TABLE a TO x, b TO nowhere.b", 1049)):
            assert code_of(session, text) == code
            assert tables(session) == ["a", "b", "c"]
        assert code_of(session, "ALTER TABLE a ADD COLUMN z INT, RENAME TO b") == 1050
        assert "z" not in session.execute("SHOW CREATE TABLE a").rows[0][1]


def test_mariadb_drops_what_can_be_dropped_and_mysql_all_or_none() -> None:
    for profile, left in (("mariadb-10.11", ["par"]), ("mysql-8.4", ["a", "b", "chi", "par"])):
        with Database(profile=profile) as database:
            session = database.session()
            for text in ("CREATE TABLE a (n INT)", "CREATE TABLE b (n INT)", "CREATE TABLE par (id INT PRIMARY KEY)",
                         "CREATE TABLE chi (p INT, FOREIGN KEY (p) REFERENCES par (id))"):
                session.execute(text)
            assert code_of(session, "DROP TABLE a, missing, b") == 1051
            if profile == "mysql-8.4":
                assert tables(session) == left
                session.execute("DROP TABLE par, chi")  # parent and child go together
                assert tables(session) == ["a", "b"]
            else:
                assert code_of(session, "DROP TABLE par, chi") == 1451  # the parent is refused, the child goes
                assert tables(session) == left


@pytest.mark.parametrize("engine", ["InnoDB", "MyISAM"])
def test_a_table_is_replaced_only_by_a_complete_one(engine: str) -> None:
    with Database() as database:
        session = database.session()
        session.execute(f"CREATE TABLE t (a INT) ENGINE={engine}")
        session.execute("INSERT INTO t VALUES (1), (1)")
        session.execute("CREATE TABLE s AS SELECT * FROM t")
        assert code_of(session, "CREATE OR REPLACE TABLE t (PRIMARY KEY (a)) AS SELECT * FROM s") == 1062
        assert code_of(session, "CREATE OR REPLACE TABLE t AS SELECT * FROM t") == 1093
        assert code_of(session, "CREATE OR REPLACE TABLE t AS SELECT * FROM missing") == 1146
        assert session.execute("SELECT * FROM t").rows == [(1,), (1,)]
        assert session.execute("CREATE OR REPLACE TABLE t AS SELECT a + 1 AS b FROM s").affected == 2
        assert session.execute("SELECT b FROM t").rows == [(2,), (2,)]
        assert tables(session) == ["s", "t"] and database.check() == []


def test_create_select_commits_by_itself() -> None:
    with Database() as database:
        session = database.session()
        session.execute("SET autocommit = 0")
        session.execute("CREATE TABLE t AS SELECT 1 AS a")
        session.execute("ROLLBACK")
        assert session.execute("SELECT * FROM t").rows == [(1,)]


def test_a_child_made_by_a_query_needs_its_parents() -> None:
    with Database() as database:
        session = database.session()
        session.execute("CREATE TABLE p (id INT PRIMARY KEY)")
        session.execute("INSERT INTO p VALUES (1)")
        make = "CREATE TABLE c (x INT, FOREIGN KEY (x) REFERENCES p (id)) AS SELECT {} AS x"
        assert code_of(session, make.format(2)) == 1452
        assert tables(session) == ["p"]
        session.execute(make.format(1))
        assert code_of(session, "DELETE FROM p") == 1451


def test_several_indexes_are_built_or_none() -> None:
    with Database() as database:
        session = database.session()
        session.execute("CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, KEY a (a))")
        session.execute("INSERT INTO t VALUES " + ",".join(f"({i}, {i % 5}, {i % 7})" for i in range(100)))
        shown = session.execute("SHOW CREATE TABLE t").rows
        assert code_of(session, "ALTER TABLE t DROP INDEX a, ADD INDEX ab (a, b), ADD UNIQUE b (b)") == 1062
        assert session.execute("SHOW CREATE TABLE t").rows == shown
        assert len(session.execute("SELECT id FROM t FORCE INDEX (a) WHERE a = 3").rows) == 20
        assert database.check() == []


def test_the_sort_buffer_is_a_variable() -> None:
    with Database() as database:
        session = database.session()
        assert session.execute("SELECT @@innodb_sort_buffer_size, @@myisam_sort_buffer_size").rows == [(1048576, 134216704)]
        session.execute("SET GLOBAL innodb_sort_buffer_size = 65536")
        assert session.execute("SELECT @@innodb_sort_buffer_size").rows == [(65536,)]
        assert code_of(session, "SET SESSION innodb_sort_buffer_size = 65536") == 1229


def test_a_damaged_table_can_be_renamed_and_dropped() -> None:
    from minidb.scheduler import StepScheduler
    from minidb.storage.fault_file import FaultFileSystem

    fs = FaultFileSystem()
    database = Database("disk", scheduler=StepScheduler(), file_system=fs)
    session = database.session()
    for name, engine in (("i", "InnoDB"), ("m", "MyISAM")):
        session.execute(f"CREATE TABLE {name} (id INT PRIMARY KEY) ENGINE={engine}")
        session.execute(f"INSERT INTO {name} VALUES (1)")
    database.close()
    for path in ("test/i.ibd", "test/m.MYI"):
        fs.image.files[fs.image.names[path]][100] ^= 1
    again = Database("disk", scheduler=StepScheduler(), file_system=fs)
    session = again.session()
    session.execute("RENAME TABLE i TO j, m TO n")
    assert code_of(session, "SELECT * FROM j") == 1877
    assert code_of(session, "SELECT * FROM n") == 1877
    session.execute("DROP TABLE j, n")
    assert again.failure is None and fs.listdir("test") == []
    again.close()
