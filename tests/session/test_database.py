"""A database directory: made, locked, refused, closed, opened again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from minidb.database import Database
from minidb.dictionary import FILE_NAME, Dictionary
from minidb.errors import OperationalError
from minidb.storage.file import RealFileSystem


def fill(database: Database) -> None:
    session = database.session()
    session.execute("CREATE TABLE p (id INT PRIMARY KEY, name VARCHAR(20) UNIQUE)")
    session.execute("CREATE TABLE m (id INT AUTO_INCREMENT PRIMARY KEY, v TEXT, KEY (v(3))) ENGINE=MyISAM")
    session.execute("INSERT INTO p VALUES (1,'one'),(2,'two')")
    session.execute("INSERT INTO m (v) VALUES ('a'),('b')")
    session.execute("CREATE DATABASE other CHARACTER SET latin1")
    session.execute("CREATE TABLE other.c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES test.p (id))")
    session.execute("INSERT INTO other.c VALUES (1,1)")


def test_a_fresh_database_has_test_selected() -> None:
    with Database() as database:
        session = database.session()
        assert session.database == "test"
        assert session.execute("SHOW DATABASES").rows == [("information_schema",), ("performance_schema",), ("test",)]


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    path = str(tmp_path / "data")
    with Database(path) as database:
        fill(database)
        before = database.session().execute("SHOW CREATE TABLE m").rows
    with Database(path) as database:
        session = database.session()
        assert session.execute("SELECT * FROM p ORDER BY id").rows == [(1, "one"), (2, "two")]
        assert session.execute("SELECT * FROM m ORDER BY id").rows == [(1, "a"), (2, "b")]
        assert session.execute("SHOW CREATE TABLE m").rows == before
        assert session.execute("SELECT p.name FROM other.c JOIN p ON p.id = c.p").rows == [("one",)]
        assert session.execute("INSERT INTO m (v) VALUES ('c')").insert_id == 3
        assert database.check() == []
    with Database(path) as database:
        assert database.session().execute("SELECT COUNT(*) FROM m").rows == [(3,)]


def test_ddl_survives_reopening(tmp_path: Path) -> None:
    path = str(tmp_path)
    with Database(path) as database:
        session = database.session()
        fill(database)
        session.execute("ALTER TABLE p ADD COLUMN n INT NOT NULL DEFAULT 7, ADD INDEX (n)")
        session.execute("ALTER TABLE m ENGINE=InnoDB")
        session.execute("RENAME TABLE p TO q")
        session.execute("DROP TABLE other.c")
        session.execute("TRUNCATE m")
    with Database(path) as database:
        session = database.session()
        assert session.execute("SELECT * FROM q WHERE n = 7 ORDER BY id").rows == [(1, "one", 7), (2, "two", 7)]
        assert session.execute("SHOW TABLES").rows == [("m",), ("q",)]
        assert session.execute("SHOW TABLES FROM other").rows == []
        assert session.execute("SELECT COUNT(*) FROM m").rows == [(0,)]
        assert database.check() == []


def test_a_directory_that_is_not_ours_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OperationalError, match="not a minidb database"):
        Database(str(tmp_path))
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("notes.txt", "mine")]


def test_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    with pytest.raises(OperationalError, match="not a directory"):
        Database(str(path))


def test_an_empty_directory_and_a_missing_one_become_databases(tmp_path: Path) -> None:
    Database(str(tmp_path)).close()
    assert (tmp_path / FILE_NAME).exists()
    Database(str(tmp_path / "a" / "b")).close()
    assert (tmp_path / "a" / "b" / FILE_NAME).exists()


def test_a_second_opener_is_refused(tmp_path: Path) -> None:
    with Database(str(tmp_path)):
        with pytest.raises(OperationalError, match="in use"):
            Database(str(tmp_path))
        code = (f"from minidb.database import Database\ntry: Database({str(tmp_path)!r})\n"
                "except Exception as e: print(type(e).__name__, e)")
        root = Path(__file__).parents[2]
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
        assert out.stdout.startswith("OperationalError") and "in use" in out.stdout
    Database(str(tmp_path)).close()


def test_a_directory_that_was_not_closed_is_recovered(tmp_path: Path) -> None:
    code = (f"import os\nfrom minidb.database import Database\nd = Database({str(tmp_path)!r})\n"
            "s = d.session()\ns.execute('CREATE TABLE t (a INT)')\ns.execute('INSERT INTO t VALUES (1)')\n"
            "s.execute('BEGIN')\ns.execute('INSERT INTO t VALUES (2)')\nos._exit(1)")
    subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2])
    with Database(str(tmp_path)) as database:
        assert database.session().execute("SELECT * FROM t").rows == [(1,)]
        assert database.check() == []
    with Database(str(tmp_path)) as database:
        assert database.recovered == []


def test_a_program_that_forgets_to_close_leaves_a_closed_directory(tmp_path: Path) -> None:
    code = (f"from minidb.database import Database\nd = Database({str(tmp_path)!r})\n"
            "d.session().execute('CREATE TABLE t (a INT)')\nd.session().execute('INSERT INTO t VALUES (1)')")
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
    with Database(str(tmp_path)) as database:
        assert database.session().execute("SELECT * FROM t").rows == [(1,)]


def test_reading_alone_leaves_the_directory_closed(tmp_path: Path) -> None:
    with Database(str(tmp_path)) as database:
        fill(database)
    with Database(str(tmp_path)) as database:
        database.session().execute("SELECT * FROM p")
        assert Dictionary.load(RealFileSystem(str(tmp_path))).clean


def test_a_damaged_dictionary_is_named(tmp_path: Path) -> None:
    with Database(str(tmp_path)) as database:
        fill(database)
    path = tmp_path / FILE_NAME
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(bytes(data))
    with pytest.raises(OperationalError, match="damaged"):
        Database(str(tmp_path))


def test_a_closed_database_gives_no_sessions(tmp_path: Path) -> None:
    database = Database(str(tmp_path))
    session = database.session()
    database.close()
    database.close()
    with pytest.raises(OperationalError):
        database.session()
    with pytest.raises(OperationalError) as caught:
        session.execute("SELECT 1")
    assert caught.value.code == 1927


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(OperationalError) as caught:
        Database(profile="oracle")
    assert caught.value.code == 1231


def test_small_pools_work(tmp_path: Path) -> None:
    with Database(str(tmp_path), buffer_pool_pages=16, leaf_capacity=8) as database:
        session = database.session()
        session.execute("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(50), KEY (v))")
        session.execute_many("INSERT INTO t VALUES (%s, %s)", [(i, f"value {i * 7919 % 1000}") for i in range(1000)])
        assert session.execute("SELECT COUNT(*), MIN(id), MAX(id) FROM t").rows == [(1000, 0, 999)]
        assert session.execute("SELECT id FROM t WHERE v = 'value 5'").rows == [(i,) for i in range(1000) if i * 7919 % 1000 == 5]
        assert database.check() == []
