"""CHECK, ANALYZE, OPTIMIZE and REPAIR TABLE: the rows that a MariaDB 10.11 gave for the same script (tests/golden/maintenance), and
what OPTIMIZE does to files."""

from __future__ import annotations

from pathlib import Path

import pytest

from minidb.database import Database
from minidb.errors import Error
from minidb.session import Session

GOLDEN = Path(__file__).parent.parent / "golden" / "maintenance"


@pytest.mark.parametrize("where", ["memory", "directory"])
def test_rows_are_those_of_the_recorded_server(where: str, tmp_path: Path) -> None:
    with Database(":memory:" if where == "memory" else str(tmp_path / "data")) as database:
        session = database.session()
        lines = [
            "\t".join(str(value) for value in row)
            for result in session.execute_script((GOLDEN / "rows.sql").read_text()) for row in result.rows or []
        ]
    assert lines == (GOLDEN / "rows.expected").read_text().splitlines()


def last(session: Session, statement: str) -> tuple[str, str]:
    """(Msg_type, Msg_text) of the last row."""
    rows = session.execute(statement).rows
    assert rows
    return rows[-1][2], rows[-1][3]


def test_tables_of_the_server_itself() -> None:
    session = Database().session()
    assert last(session, "CHECK TABLE information_schema.tables")[0] == "note"
    for what in ("ANALYZE", "OPTIMIZE", "REPAIR"):
        with pytest.raises(Error) as info:
            session.execute(f"{what} TABLE information_schema.tables")
        assert info.value.code == 1044


@pytest.mark.parametrize("engine", ["InnoDB", "MyISAM"])
def test_optimize_gives_the_room_of_deleted_rows_back(engine: str, tmp_path: Path) -> None:
    with Database(str(tmp_path / "data")) as database:
        session = database.session()
        session.execute(f"CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(200), KEY (s)) ENGINE={engine}")
        session.execute_many("INSERT INTO t VALUES (%s, %s)", [(i, f"{i}." * 30) for i in range(3000)])
        session.execute("DELETE FROM t WHERE id % 10 <> 0")
        database.purge()
        session.execute("FLUSH TABLES")
        files = sorted((tmp_path / "data" / "test").iterdir())
        before = [file.stat().st_size for file in files]
        assert last(session, "OPTIMIZE TABLE t") == ("status", "OK")
        session.execute("FLUSH TABLES")
        after = [file.stat().st_size for file in sorted((tmp_path / "data" / "test").iterdir())]
        assert sum(after) < sum(before) / 3
        assert session.execute("SELECT COUNT(*), SUM(id) FROM t").rows == [(300, 448500)]
        assert last(session, "CHECK TABLE t EXTENDED") == ("status", "OK")
        if engine == "MyISAM":
            assert session.execute("SHOW TABLE STATUS LIKE 't'").rows[0][9] == 0  # type: ignore[index]  # Data_free
            assert last(session, "OPTIMIZE TABLE t") == ("status", "Table is already up to date")


def test_what_is_left_to_do_is_known_after_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "data")
    with Database(path) as database:
        session = database.session()
        session.execute("CREATE TABLE t (id INT PRIMARY KEY) ENGINE=MyISAM")
        session.execute("INSERT INTO t VALUES (1), (2)")
    for text in ("OK", "Table is already up to date"):
        with Database(path) as database:
            assert last(database.session(), "OPTIMIZE TABLE t") == ("status", text)
            assert last(database.session(), "CHECK TABLE t CHANGED") == ("status", "Table is already up to date")
    with Database(path) as database:
        database.session().execute("DELETE FROM t WHERE id = 1")
    for text in ("OK", "Table is already up to date"):
        with Database(path) as database:
            assert last(database.session(), "CHECK TABLE t CHANGED") == ("status", text)


def test_repair_says_what_it_kept(tmp_path: Path) -> None:
    path = str(tmp_path / "data")
    with Database(path) as database:
        session = database.session()
        session.execute("CREATE TABLE t (id INT PRIMARY KEY, s CHAR(200)) ENGINE=MyISAM")
        session.execute_many("INSERT INTO t VALUES (%s, 'x')", [(i,) for i in range(200)])
    file = tmp_path / "data" / "test" / "t.MYD"
    data = bytearray(file.read_bytes())
    data[20] ^= 1
    file.write_bytes(data)
    with Database(path) as database:
        session = database.session()
        with pytest.raises(Error):
            session.execute("SELECT * FROM t")
        assert last(session, "CHECK TABLE t") == ("error", "Corrupt")
        rows = session.execute("REPAIR TABLE t").rows
        assert rows is not None
        kept = session.execute("SELECT COUNT(*) FROM t").rows[0][0]  # type: ignore[index]
        assert 0 < kept < 200
        assert [row[2:] for row in rows] == [
            ("info", "Found 1 pages of the data file that cannot be read"),
            ("warning", f"Number of rows changed from 200 to {kept}"), ("status", "OK")]


def test_a_crashed_table_is_said_to_be_corrupt_by_everybody(tmp_path: Path) -> None:
    path = str(tmp_path / "data")
    with Database(path) as database:
        session = database.session()
        session.execute("CREATE TABLE t (id INT PRIMARY KEY) ENGINE=MyISAM")
        session.execute("INSERT INTO t VALUES (1), (2), (3)")
    file = tmp_path / "data" / "test" / "t.MYI"
    with Database(path) as database:
        files = database.open_table("test", "t").files  # type: ignore[attr-defined]
        files.mark_crashed()
        database.pool.flush(files.keys.space)
        damaged = file.read_bytes()
    file.write_bytes(damaged)
    with Database(path) as database:
        session = database.session()
        for what in ("ANALYZE", "OPTIMIZE"):
            assert [row[2:] for row in session.execute(f"{what} TABLE t").rows or []] == [
                ("Error", "Table 't' is marked as crashed and should be repaired"), ("error", "Corrupt")]
        assert [row[2:] for row in session.execute("CHECK TABLE t FAST").rows or []] == [
            ("warning", "Table is marked as crashed"), ("warning", "1 client is using or hasn't closed the table properly"),
            ("status", "OK")]
        assert session.execute("SELECT * FROM t").rows == [(1,), (2,), (3,)]
