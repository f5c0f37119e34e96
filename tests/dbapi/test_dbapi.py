"""PEP 249 and PyMySQL's habits."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path

import pytest

import minidb
from minidb.database import Database


@pytest.fixture
def connection() -> minidb.Connection:
    return minidb.connect(":memory:")


@pytest.fixture
def cursor(connection: minidb.Connection) -> minidb.Cursor:
    made = connection.cursor()
    made.execute("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT NOT NULL, s VARCHAR(20) UNIQUE, d DECIMAL(8,2), "
                 "m DATETIME)")
    return made


def test_module_attributes() -> None:
    assert (minidb.apilevel, minidb.threadsafety, minidb.paramstyle) == ("2.0", 1, "pyformat")


def test_all_is_complete_and_loads() -> None:
    for name in minidb.__all__:
        assert getattr(minidb, name) is not None
    with pytest.raises(AttributeError):
        minidb.nothing_of_the_kind  # noqa: B018


def test_exceptions_form_pep_249s_tree() -> None:
    assert issubclass(minidb.Warning, Exception) and issubclass(minidb.Error, Exception)
    assert issubclass(minidb.InterfaceError, minidb.Error) and issubclass(minidb.DatabaseError, minidb.Error)
    for name in ("DataError", "OperationalError", "IntegrityError", "InternalError", "ProgrammingError", "NotSupportedError"):
        assert issubclass(getattr(minidb, name), minidb.DatabaseError)
        assert getattr(minidb.Connection, name) is getattr(minidb, name)


def test_insert_and_fetch(cursor: minidb.Cursor) -> None:
    moment = datetime.datetime(2024, 2, 29, 12, 30)
    assert cursor.execute("INSERT INTO t (v, s, d, m) VALUES (%s, %s, %s, %s)", (1, "it's", Decimal("2.50"), moment)) == 1
    assert (cursor.rowcount, cursor.lastrowid, cursor.description) == (1, 1, None)
    assert cursor.execute("SELECT * FROM t WHERE s = %(s)s", {"s": "it's"}) == 1
    assert cursor.fetchone() == (1, 1, "it's", Decimal("2.50"), moment)
    assert cursor.fetchone() is None


def test_description_has_seven_columns_and_type_codes(cursor: minidb.Cursor) -> None:
    cursor.execute("SELECT id, s, d, m, 1.5e0 AS f FROM t")
    described = cursor.description
    assert described is not None
    assert [len(d) for d in described] == [7] * 5
    assert [d[0] for d in described] == ["id", "s", "d", "m", "f"]
    codes = [d[1] for d in described]
    assert codes == [3, 253, 246, 12, 5]
    assert codes[0] == minidb.NUMBER and codes[1] == minidb.STRING and codes[3] == minidb.TIMESTAMP
    assert codes[0] != minidb.STRING
    assert described[2][5] == 2


def test_fetchmany_iteration_and_scroll(cursor: minidb.Cursor) -> None:
    cursor.executemany("INSERT INTO t (v) VALUES (%s)", [(i,) for i in range(5)])
    cursor.execute("SELECT v FROM t ORDER BY v")
    assert cursor.fetchmany() == [(0,)]
    assert cursor.fetchmany(2) == [(1,), (2,)]
    assert list(cursor) == [(3,), (4,)]
    assert cursor.fetchall() == []
    cursor.scroll(0, "absolute")
    assert cursor.fetchall() == [(0,), (1,), (2,), (3,), (4,)]
    with pytest.raises(IndexError):
        cursor.scroll(9, "absolute")
    assert cursor.nextset() is None


def test_executemany_is_one_statement(cursor: minidb.Cursor, connection: minidb.Connection) -> None:
    assert cursor.executemany("INSERT INTO t (v, s) VALUES (%s, %s)", [(1, "a"), (2, "b"), (3, None)]) == 3
    assert cursor.rowcount == 3 and cursor.lastrowid == 1
    with pytest.raises(minidb.IntegrityError) as caught:
        cursor.executemany("INSERT INTO t (v, s) VALUES (%s, %s)", [(4, "c"), (5, "a")])
    assert caught.value.args == (1062, "Duplicate entry 'a' for key 's'")
    with pytest.raises(minidb.DataError, match="row 2"):
        cursor.executemany("INSERT INTO t (v, s) VALUES (%s, %s)", [(6, "d"), (7, "x" * 30)])
    cursor.execute("SELECT COUNT(*) FROM t")
    assert cursor.fetchone() == (3,)
    assert cursor.executemany("UPDATE t SET v = %s WHERE id = %s", [(10, 1), (20, 2), (30, 99)]) == 2
    assert cursor.executemany("INSERT INTO t (v) VALUES (%(v)s)", [{"v": 8}, {"v": 9}]) == 2
    assert cursor.executemany("INSERT INTO t (v) VALUES (%s)", []) == 0


def test_executemany_takes_rows_of_different_types(cursor: minidb.Cursor) -> None:
    cursor.executemany("INSERT INTO t (v, s) VALUES (%s, %s)", [(1, None), ("2", "b"), (Decimal("3"), 5)])
    cursor.execute("SELECT v, s FROM t ORDER BY v")
    assert cursor.fetchall() == [(1, None), (2, "b"), (3, "5")]


def test_a_new_connection_is_not_in_autocommit_mode() -> None:
    with Database() as database:
        one, two = minidb.connect(database=database), minidb.connect(database=database)
        assert not one.get_autocommit()
        a, b = one.cursor(), two.cursor()
        a.execute("CREATE TABLE t (id INT PRIMARY KEY)")
        a.execute("INSERT INTO t VALUES (1)")
        b.execute("SELECT * FROM t")
        assert b.fetchall() == []
        one.commit()
        b.execute("SELECT * FROM t")
        assert b.fetchall() == []  # repeatable read
        two.rollback()
        b.execute("SELECT * FROM t")
        assert b.fetchall() == [(1,)]
        a.execute("INSERT INTO t VALUES (2)")
        one.rollback()
        two.autocommit(True)
        b.execute("SELECT COUNT(*) FROM t")
        assert b.fetchone() == (1,)


def test_context_managers_commit_or_roll_back(tmp_path: Path) -> None:
    with minidb.connect(str(tmp_path)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (id INT PRIMARY KEY)")
        cursor.execute("INSERT INTO t VALUES (1)")
    assert not connection.open
    with pytest.raises(KeyError), minidb.connect(str(tmp_path)) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES (2)")
        raise KeyError
    with minidb.connect(str(tmp_path)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM t")
        assert cursor.fetchall() == [(1,)]


def test_dict_cursor(cursor: minidb.Cursor, connection: minidb.Connection) -> None:
    cursor.execute("INSERT INTO t (v, s) VALUES (1, 'a')")
    dicts = connection.cursor(minidb.DictCursor)
    dicts.execute("SELECT id, v FROM t")
    assert dicts.fetchall() == [{"id": 1, "v": 1}]
    dicts.execute("SELECT a.id, b.id FROM t a JOIN t b ON a.id = b.id")
    assert dicts.fetchone() == {"id": 1, "b.id": 1}
    assert isinstance(minidb.connect(cursorclass=minidb.DictCursor).cursor(), minidb.DictCursor)


@pytest.mark.parametrize(("statement", "kind", "code"), [
    ("SELEC 1", minidb.ProgrammingError, 1064), ("SELECT * FROM nosuch", minidb.ProgrammingError, 1146),
    ("SELECT nosuch FROM t", minidb.OperationalError, 1054), ("INSERT INTO t (v) VALUES (NULL)", minidb.IntegrityError, 1048),
    ("INSERT INTO t (v) VALUES (99999999999)", minidb.DataError, 1264), ("INSERT INTO t (v) VALUES ('x')", minidb.DataError, 1366),
    ("CREATE TABLE t (a INT)", minidb.OperationalError, 1050), ("CALL p()", minidb.NotSupportedError, 1235),
    ("", minidb.ProgrammingError, 1065),
])
def test_errors_have_pymysqls_class_and_args(cursor: minidb.Cursor, statement: str, kind: type[Exception], code: int) -> None:
    with pytest.raises(minidb.Error) as caught:
        cursor.execute(statement)
    assert type(caught.value) is kind or isinstance(caught.value, kind)
    assert caught.value.args[0] == code and isinstance(caught.value.args[1], str)


def test_wrong_arguments(cursor: minidb.Cursor) -> None:
    for query, args in (("SELECT %s", ()), ("SELECT %s, %s", (1,)), ("SELECT 1", (1,)), ("SELECT %(a)s", {"b": 1}),
                        ("SELECT %d", (1,))):
        with pytest.raises(minidb.InterfaceError):
            cursor.execute(query, args)


def test_a_single_argument_and_lists(cursor: minidb.Cursor) -> None:
    cursor.executemany("INSERT INTO t (v) VALUES (%s)", [(1,), (2,), (3,)])
    cursor.execute("SELECT v FROM t WHERE v = %s", 2)
    assert cursor.fetchall() == [(2,)]
    cursor.execute("SELECT v FROM t WHERE v IN %s ORDER BY v", ([1, 3],))
    assert cursor.fetchall() == [(1,), (3,)]
    cursor.execute("SELECT '%%', 10 %% 4", ())
    assert cursor.fetchall() == [("%", 2)]
    cursor.execute("SELECT '%', 10 % 4")
    assert cursor.fetchall() == [("%", 2)]


def test_arguments_in_statements_that_are_no_plans(cursor: minidb.Cursor) -> None:
    cursor.execute("SET @x = %s", ("it's",))
    cursor.execute("SELECT @x")
    assert cursor.fetchone() == ("it's",)
    cursor.execute("SHOW TABLES LIKE %s", ("t",))
    assert cursor.fetchall() == [("t",)]


def test_pymysqls_connection_methods(cursor: minidb.Cursor, connection: minidb.Connection) -> None:
    connection.begin()
    cursor.execute("INSERT INTO t (v) VALUES (7)")
    assert connection.insert_id() == 1 and connection.affected_rows() == 1
    connection.rollback()
    assert connection.thread_id() == connection.session.connection_id
    assert connection.escape("a'b") == "'a\\'b'" and connection.escape([1, None]) == "(1,NULL)"
    assert connection.escape_string("a'b") == "a\\'b"
    cursor.execute("DROP TABLE IF EXISTS nosuch")
    assert connection.show_warnings() == [("Note", 1051, "Unknown table 'test.nosuch'")]
    cursor.execute("CREATE DATABASE other")
    connection.select_db("other")
    assert connection.db == "other"
    with pytest.raises(minidb.OperationalError) as caught:
        connection.select_db("nosuch")
    assert caught.value.args[0] == 1049
    connection.set_charset("latin1")
    assert connection.character_set_name() == "latin1"
    assert connection.get_server_info().startswith("10.11.")
    connection.ping()
    assert cursor.mogrify("SELECT %s, %s", ("a'", 1)) == "SELECT 'a\\'', 1"


def test_closed_things_refuse(cursor: minidb.Cursor, connection: minidb.Connection) -> None:
    with pytest.raises(minidb.ProgrammingError):
        connection.cursor().fetchone()
    cursor.close()
    with pytest.raises(minidb.ProgrammingError):
        cursor.execute("SELECT 1")
    other = connection.cursor()
    connection.close()
    for call in (connection.close, connection.cursor, connection.commit, connection.ping, lambda: other.execute("SELECT 1")):
        with pytest.raises(minidb.InterfaceError):
            call()


def test_callproc_is_refused_by_name(cursor: minidb.Cursor) -> None:
    with pytest.raises(minidb.NotSupportedError) as caught:
        cursor.callproc("p")
    assert caught.value.args[0] == 1235


def test_connect_takes_pymysqls_keywords() -> None:
    made = minidb.connect(host="localhost", port=3306, user="me", password="x", database="test", charset="utf8mb4", autocommit=True,
                          connect_timeout=5, sql_mode="ANSI", init_command="SET @a = 5; SET @b = 6")
    with made.cursor() as cursor:
        cursor.execute("SELECT @a + @b, @@autocommit, CURRENT_USER() LIKE 'me%'")
        assert cursor.fetchone() == (11, 1, 1)
    with pytest.raises(minidb.OperationalError) as caught:
        minidb.connect(database="nosuch")
    assert caught.value.args[0] == 1049
    with pytest.raises(TypeError):
        minidb.connect(nonsense=1)
    with Database() as database, pytest.raises(minidb.InterfaceError):
        minidb.connect("dir", database=database)


def test_constructors_and_type_objects() -> None:
    assert minidb.Date(2020, 1, 2) == datetime.date(2020, 1, 2)
    assert minidb.Timestamp(2020, 1, 2, 3, 4, 5) == datetime.datetime(2020, 1, 2, 3, 4, 5)
    assert minidb.Binary(b"x") == b"x"
    assert isinstance(minidb.DateFromTicks(0), datetime.date) and isinstance(minidb.TimestampFromTicks(0), datetime.datetime)
    assert isinstance(minidb.TimeFromTicks(0), datetime.time)
    assert minidb.STRING != minidb.NUMBER and minidb.STRING == minidb.STRING
    assert len({minidb.STRING, minidb.NUMBER}) == 2


def test_binary_values(cursor: minidb.Cursor) -> None:
    cursor.execute("CREATE TABLE b (id INT PRIMARY KEY, data BLOB)")
    data = bytes(range(256))
    cursor.execute("INSERT INTO b VALUES (1, %s)", (data,))
    cursor.execute("SELECT data FROM b")
    assert cursor.fetchone() == (data,)


def test_importing_the_package_loads_no_parser() -> None:
    import subprocess
    import sys

    code = ("import sys, minidb; "
            "print([m for m in ('lark', 'decimal', 'json', 'asyncio', 'minidb.query.parse.parser') if m in sys.modules])")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert out.stdout.strip() == "[]"
