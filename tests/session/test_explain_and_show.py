"""EXPLAIN ANALYZE, SHOW TREE, SHOW VERSIONS, INNODB_TRX: statements that look inside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from minidb.database import Database
from minidb.errors import Error
from minidb.session import Session


@pytest.fixture
def session() -> Iterator[Session]:
    with Database(leaf_capacity=16) as database:
        made = database.session("A")
        made.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT, w VARCHAR(10), KEY (v))")
        made.execute_many("INSERT INTO t VALUES (%s, %s, %s)", [(i, i % 10, str(i)) for i in range(200)])
        made.execute("CREATE TABLE m (id INT PRIMARY KEY, v INT, w VARCHAR(10), KEY (v)) ENGINE=MyISAM AS SELECT * FROM t")
        yield made


def analysed(session: Session, text: str) -> dict[str, Any]:
    result = session.execute(f"EXPLAIN ANALYZE {text}")
    assert result.rows is not None
    return dict(zip([c.name for c in result.columns], result.rows[0], strict=True))


def test_a_secondary_index_descends_two_trees_in_innodb_and_one_in_myisam(session: Session) -> None:
    innodb = analysed(session, "SELECT * FROM t WHERE v = 3")
    myisam = analysed(session, "SELECT * FROM m WHERE v = 3")
    assert (innodb["rows_returned"], innodb["clustered_lookups"], innodb["descents"]) == (20, 20, 21)
    assert (myisam["rows_returned"], myisam["address_reads"], myisam["descents"]) == (20, 20, 1)


def test_explain_analyze_of_a_change_changes_and_can_be_rolled_back(session: Session) -> None:
    session.execute("BEGIN")
    analysed(session, "UPDATE t SET w = 'new' WHERE v = 3")
    assert session.execute("SELECT COUNT(*) FROM t WHERE w = 'new'").rows == [(20,)]
    session.execute("ROLLBACK")
    assert session.execute("SELECT COUNT(*) FROM t WHERE w = 'new'").rows == [(0,)]
    analysed(session, "DELETE FROM t WHERE v = 3")
    assert session.execute("SELECT COUNT(*) FROM t").rows == [(180,)]


def test_explain_analyze_that_fails_changes_nothing(session: Session) -> None:
    with pytest.raises(Error) as caught:
        analysed(session, "UPDATE t SET id = 5 WHERE v = 3")
    assert caught.value.code == 1062
    assert session.execute("SELECT COUNT(*) FROM t WHERE v = 3").rows == [(20,)]
    assert session.instance.locks() == []


def test_show_tree_has_one_line_a_page(session: Session) -> None:
    rows = session.execute("SHOW TREE FROM t").rows or []
    leaves = [r for r in rows if r[0] == 0]
    assert sum(r[4] for r in leaves) == 200
    assert [r[3] for r in leaves[:-1]] == [r[1] for r in leaves[1:]]
    assert session.execute("SHOW TREE FROM m INDEX v").rows
    with pytest.raises(Error) as caught:
        session.execute("SHOW TREE FROM t INDEX nosuch")
    assert caught.value.code == 1176


def test_show_versions_tells_who_made_and_ended_each_version(session: Session) -> None:
    reader = session.instance.session("B")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM t WHERE id = 1")
    session.execute("BEGIN")
    session.execute("UPDATE t SET v = 99 WHERE id = 1")
    session.execute("SELECT * FROM t WHERE id = 2")
    newest, older = session.execute("SHOW VERSIONS FROM t WHERE id = 1").rows or []
    assert (newest[1], newest[4], newest[5]) == (99, None, "A")
    assert (older[1], older[4], older[5]) == (1, newest[3], "B")
    rows = session.execute("SELECT trx_mysql_thread_id, trx_state, trx_rows_modified FROM information_schema.innodb_trx").rows
    assert rows == [(session.connection_id, "RUNNING", 1), (reader.connection_id, "RUNNING", 0)]


def test_where_of_show_is_an_expression_over_its_columns(session: Session) -> None:
    assert session.execute("SHOW INDEX FROM t WHERE Key_name <> 'PRIMARY' AND Seq_in_index = 1").rows
    assert session.execute("SHOW COLUMNS FROM t WHERE Field IN ('v', 'w') AND `Key` = 'MUL'").rows == [
        ("v", "int(11)", "YES", "MUL", None, "")]
    with pytest.raises(Error) as caught:
        session.execute("SHOW TABLES WHERE nosuch = 1")
    assert caught.value.code == 1054


def test_status_counts(session: Session) -> None:
    rows = dict(session.execute("SHOW GLOBAL STATUS").rows or [])
    assert rows["Threads_connected"] == "1"
    assert int(rows["Innodb_buffer_pool_read_requests"]) > 0


def test_statements_that_minidb_lacks_are_named(session: Session) -> None:
    for text in ("CREATE VIEW v AS SELECT 1", "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a = 1",
                 "GRANT ALL ON *.* TO a", "CREATE TABLE g (a INT, b INT AS (a + 1))", "CREATE TABLE s (a INT, FULLTEXT KEY (a))"):
        with pytest.raises(Error) as caught:
            session.execute(text)
        assert caught.value.code == 1235, text
