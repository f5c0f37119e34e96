"""EXPLAIN, and golden files of generated plans: tests/golden/plans/NAME.txt holds statement, EXPLAIN and source.

A change of the generator shows here as a difference to be read.  `MINIDB_RECORD=1 pytest tests/query/test_compiler_plans.py` writes
the files anew."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

import pytest

from minidb.catalog import Column
from minidb.engine import Work
from tests.query.compile_kit import DATE, INT, Kit, decimal, table, varchar

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "plans"

T = table("t", [Column("id", INT, False), Column("k", INT), Column("name", varchar(20)), Column("v", decimal(10, 2)),
                Column("d", DATE)], ("PRIMARY", "id"), ("k", "k"), ("nv", "name,v"))
U = table("u", [Column("id", INT, False), Column("tid", INT), Column("x", varchar(20), False)], ("PRIMARY", "id"), ("tid", "tid"))
M = table("m", [Column("id", INT, False, auto_increment=True), Column("x", INT)], ("PRIMARY", "id"), engine="MyISAM")

STATEMENTS = {
    "point": "SELECT name FROM t WHERE id = 3",
    "range": "SELECT id, v FROM t WHERE id BETWEEN 10 AND 20 AND v > 1.5",
    "range_locking": "SELECT * FROM t WHERE k > 10 AND v > 1 FOR UPDATE",
    "in_list": "SELECT name FROM t WHERE id IN (1, 5, 9)",
    "ref_text": "SELECT id FROM t WHERE name = 'abc'",
    "join_eq_ref": "SELECT t.name, u.x FROM u STRAIGHT_JOIN t ON t.id = u.tid WHERE u.x < 'm'",
    "left_join": "SELECT t.id, u.id FROM t LEFT JOIN u ON u.tid = t.id",
    "hash_join": "SELECT a.id FROM t a JOIN u b ON a.d = b.x",
    "count": "SELECT COUNT(*), SUM(v), MAX(name) FROM t WHERE k = 1",
    "group_by": "SELECT k, COUNT(*), AVG(v) FROM t GROUP BY k ORDER BY 2 DESC LIMIT 3",
    "group_text": "SELECT name, COUNT(*) FROM t GROUP BY name HAVING COUNT(*) > 1",
    "order_top": "SELECT id FROM t ORDER BY v DESC, name DESC LIMIT 10",
    "distinct": "SELECT DISTINCT name, k FROM t",
    "subqueries": "SELECT id, (SELECT COUNT(*) FROM u WHERE u.tid = t.id) FROM t WHERE k IN (SELECT tid FROM u)",
    "union": "SELECT id FROM t UNION SELECT x FROM u ORDER BY 1",
    "recursive": "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i FROM n",
    "insert": "INSERT INTO t (id, k, name) VALUES (1, 2, 'three')",
    "insert_auto": "INSERT INTO m (x) VALUES (1), (2)",
    "insert_select": "INSERT INTO m (x) SELECT id FROM u WHERE id > 3",
    "on_duplicate": "INSERT INTO m VALUES (1, 2) ON DUPLICATE KEY UPDATE x = x + VALUES(x)",
    "replace": "REPLACE INTO m VALUES (1, 2)",
    "update_point": "UPDATE t SET v = v + 1 WHERE id = 5",
    "update_scan": "UPDATE t SET v = 0 WHERE k > 2 AND name <> 'x'",
    "update_join": "UPDATE t JOIN u ON u.tid = t.id SET t.v = u.id",
    "delete_range": "DELETE FROM t WHERE k < 10 ORDER BY id LIMIT 5",
}


@pytest.fixture
def kit() -> Kit:
    return Kit(T, U, M)


@pytest.mark.parametrize("name", STATEMENTS)
def test_golden_plan(kit: Kit, name: str) -> None:
    text = STATEMENTS[name]
    lines = ["\t".join("NULL" if v is None else str(v) for v in row) for row in kit.explain(text)]
    shown = "\n".join([text, "", *lines, "", kit.plan(text).source])
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("MINIDB_RECORD"):
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


def test_every_golden_file_belongs_to_a_statement() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(STATEMENTS)


@pytest.mark.parametrize(("text", "kind", "key", "length", "ref", "extra"), [
    ("SELECT * FROM t WHERE id = 1", "const", "PRIMARY", "4", "const", ""),
    ("SELECT * FROM t WHERE k = 1", "ref", "k", "5", "const", ""),
    ("SELECT * FROM t WHERE k = 1 AND v > 2", "ref", "k", "5", "const", "Using where"),
    ("SELECT * FROM t FORCE INDEX (k) WHERE k > 1", "range", "k", "5", None, "Using index condition"),
    ("SELECT * FROM t WHERE id > 1", "range", "PRIMARY", "4", None, "Using where"),
    ("SELECT k FROM t FORCE INDEX (k) WHERE k > 1", "range", "k", "5", None, "Using where; Using index"),
    ("SELECT * FROM t FORCE INDEX (nv) WHERE name = 'a' AND v = 1", "ref", "nv", "89", "const,const", ""),
    ("SELECT * FROM t WHERE name LIKE 'a%'", "range", "nv", "83", None, "Using index condition"),
    ("SELECT * FROM t WHERE v = 1", "ALL", None, None, None, "Using where"),
    ("SELECT * FROM t", "ALL", None, None, None, ""),
    ("SELECT k FROM t", "index", "k", "5", None, "Using index"),
    ("SELECT * FROM t ORDER BY id", "index", "PRIMARY", "4", None, ""),
    ("SELECT * FROM t ORDER BY d", "ALL", None, None, None, "Using filesort"),
    ("SELECT d, COUNT(*) FROM t GROUP BY d", "ALL", None, None, None, "Using temporary; Using filesort"),
    ("UPDATE t SET v = 1 WHERE d = '2020-01-01'", "index", "PRIMARY", "4", None, "Using where"),
    ("DELETE FROM t WHERE d = '2020-01-01'", "ALL", None, None, None, "Using where"),
])
def test_explain(kit: Kit, text: str, kind: str, key: str | None, length: str | None, ref: str | None, extra: str) -> None:
    kit.fill("t", *[(i, i % 3, f"n{i}", None, None) for i in range(20)])
    (row,) = kit.explain(text)
    assert (row[3], row[5], row[6], row[7], row[9]) == (kind, key, length, ref, extra)


def test_explain_shows_nested_queries(kit: Kit) -> None:
    rows = kit.explain("SELECT id FROM t WHERE k = (SELECT MAX(v) FROM t) UNION SELECT id FROM (SELECT id FROM u LIMIT 1) d")
    assert [(r[0], r[1], r[2]) for r in rows] == [
        (1, "PRIMARY", "t"), (2, "SUBQUERY", "t"), (3, "UNION", "<derived4>"), (4, "DERIVED", "u"),
        (None, "UNION RESULT", "<union1,3>")]


@pytest.mark.parametrize(("text", "message"), [
    ("SELECT 1", "No tables used"), ("SELECT * FROM t WHERE 1 = 0", "Impossible WHERE"),
    ("SELECT MAX(id) FROM t", "Select tables optimized away"), ("DELETE FROM t", "Deleting all rows"),
])
def test_explain_without_tables(kit: Kit, text: str, message: str) -> None:
    assert kit.explain(text)[0][9] == message


def test_explain_analyze_counts_work(kit: Kit) -> None:
    kit.fill("t", *[(i, i % 3, f"n{i}", None, None) for i in range(20)])
    (row,) = kit.explain("SELECT * FROM t WHERE id < 5", "ANALYZE")
    counted = dict(zip(("descents", "hit", "missed", "examined", "returned"), row[10:], strict=False))
    assert (counted["descents"], counted["returned"]) == (1, 5)
    assert kit.tables["t"].work == Work()


def test_explain_python_shows_the_source(kit: Kit) -> None:
    source = "\n".join(line for (line,) in kit.explain("SELECT name FROM t WHERE id = 3", "FORMAT=PYTHON"))
    assert source == kit.plan("SELECT name FROM t WHERE id = 3").source.rstrip("\n")


def test_traceback_shows_the_generated_line(kit: Kit) -> None:
    plan = kit.plan("SELECT name FROM t WHERE id = 3")
    context = kit.make_context(plan)
    context.tables = [None]  # type: ignore[list-item]
    with pytest.raises(AttributeError) as caught:
        plan.run(context, ())
    assert "t0.get(trx, 0, 3)" in "".join(traceback.format_exception(caught.value))
