"""Compiled queries over the list-backed fake table: results, and which way the door was used."""

from __future__ import annotations

import datetime
import gc
import weakref
from decimal import Decimal
from typing import Any

import pytest

from minidb.catalog import Column
from minidb.engine import KeyRange, ReadMode
from minidb.errors import Error
from tests.query.compile_kit import DATE, INT, Kit, decimal, serializable, table, varchar

T = table("t", [Column("id", INT, False), Column("k", INT), Column("name", varchar(20)), Column("v", decimal(10, 2)),
                Column("d", DATE)], ("PRIMARY", "id"), ("k", "k"), ("nv", "name,v"))
U = table("u", [Column("id", INT, False), Column("tid", INT), Column("x", varchar(20), False)], ("PRIMARY", "id"), ("tid", "tid"))
M = table("m", [Column("id", INT, False), Column("x", INT)], ("PRIMARY", "id"), engine="MyISAM")


@pytest.fixture
def kit() -> Kit:
    made = Kit(T, U, M)
    for i in range(1, 11):
        made.fill("t", (i, None if i == 7 else i % 3, f"Name{i % 4}", Decimal("1.50") * i, datetime.date(2020, 1, i)))
    for i in range(1, 8):
        made.fill("u", (i, i % 5, f"x{i}"))
    made.fill("m", (1, 10), (2, 20), (3, None))
    return made


def ids(rows: list[tuple[Any, ...]] | None) -> list[Any]:
    assert rows is not None
    return [row[0] for row in rows]


# ---- access paths
def test_point_select_is_one_get(kit: Kit) -> None:
    assert kit.run("SELECT name FROM t WHERE id = 3") == [("Name3",)]
    assert kit.tables["t"].gets == [(0, 3, ReadMode.SNAPSHOT)]
    assert not kit.tables["t"].scans


def test_primary_range_is_one_scan(kit: Kit) -> None:
    assert ids(kit.run("SELECT id FROM t WHERE id BETWEEN 2 AND 4")) == [2, 3, 4]
    (scan,) = kit.tables["t"].scans
    assert scan.index == 0
    assert scan.ranges == (KeyRange((2,), (4,)),)


def test_string_key_is_collated_once(kit: Kit) -> None:
    assert ids(kit.run("SELECT id FROM t WHERE name = 'NAME1 '")) == [1, 5, 9]


def test_string_column_compared_with_a_number_scans(kit: Kit) -> None:
    kit.fill("t", (20, 1, "12abc", None, None))
    assert ids(kit.run("SELECT id FROM t WHERE name = 12")) == [20]
    assert kit.tables["t"].scans[-1].ranges[0].low is None


def test_unusable_value_falls_back_to_a_scan(kit: Kit) -> None:
    dated = table("dated", [Column("id", INT, False), Column("d", DATE)], ("PRIMARY", "id"), ("d", "d"))
    other = Kit(dated)
    other.fill("dated", (1, datetime.date(2020, 1, 1)), (2, None))
    assert other.run("SELECT id FROM dated WHERE d = '2020-01-01'") == [(1,)]
    assert other.run("SELECT id FROM dated WHERE d = 'no date'") == []


def test_in_list_gives_sorted_disjoint_ranges(kit: Kit) -> None:
    assert ids(kit.run("SELECT id FROM t WHERE id IN (9, 2, 9, NULL)")) == [2, 9]
    assert kit.tables["t"].scans[-1].ranges == (KeyRange((2,), (2,)), KeyRange((9,), (9,)))


def test_or_on_one_column_is_a_union_of_ranges(kit: Kit) -> None:
    assert ids(kit.run("SELECT id FROM t WHERE id < 2 OR id > 9 OR id = 5")) == [1, 5, 10]
    assert len(kit.tables["t"].scans[-1].ranges) == 3


def test_closed_range_is_narrowed_by_the_next_part(kit: Kit) -> None:
    kit.run("SELECT id FROM t WHERE name >= 'Name1' AND v = 4.5 FOR UPDATE")
    (one,) = kit.tables["t"].scans[-1].ranges
    assert one.low == ("NAME1", Decimal("4.5"))
    assert one.high is None


def test_is_null_and_is_not_null_use_the_index(kit: Kit) -> None:
    assert ids(kit.run("SELECT id FROM t FORCE INDEX (k) WHERE k IS NULL")) == [7]
    assert sorted(ids(kit.run("SELECT id FROM t FORCE INDEX (k) WHERE k IS NOT NULL"))) == [1, 2, 3, 4, 5, 6, 8, 9, 10]


def test_like_prefix_is_a_range(kit: Kit) -> None:
    assert ids(kit.run("SELECT id FROM t WHERE name LIKE 'name3%' ORDER BY id")) == [3, 7]
    assert kit.tables["t"].scans[-1].index == 2


def test_covering_scan_reads_entries(kit: Kit) -> None:
    assert kit.run("SELECT k, id FROM t WHERE k > 1") == [(2, 2), (2, 5), (2, 8)]
    assert kit.tables["t"].scans[-1].covering


def test_order_by_primary_key_needs_no_sort(kit: Kit) -> None:
    plan = kit.plan("SELECT id FROM t ORDER BY id DESC LIMIT 2")
    assert "sort" not in plan.source
    assert ids(kit.run("SELECT id FROM t ORDER BY id DESC LIMIT 2")) == [10, 9]


def test_order_of_a_constant_column_does_not_turn_the_scan(kit: Kit) -> None:
    kit.run("SELECT * FROM t WHERE k = 1 ORDER BY k DESC FOR UPDATE")
    assert not kit.tables["t"].scans[-1].reverse


def test_hints(kit: Kit) -> None:
    kit.run("SELECT * FROM t IGNORE INDEX (PRIMARY) WHERE id = 3")
    assert kit.tables["t"].gets == []
    with pytest.raises(Error, match="Key 'nope' doesn't exist in table 't'"):
        kit.run("SELECT * FROM t FORCE INDEX (nope)")


# ---- locking
def test_for_update_reads_row_by_row_and_gives_back_what_does_not_match(kit: Kit) -> None:
    assert ids(kit.run("SELECT id FROM t FORCE INDEX (PRIMARY) WHERE id > 7 AND name = 'Name1' FOR UPDATE")) == [9]
    assert kit.tables["t"].scans[-1].mode is ReadMode.EXCLUSIVE
    assert ids(kit.tables["t"].unlocked) == [8, 10]


def test_secondary_range_pushes_the_index_condition(kit: Kit) -> None:
    kit.run("SELECT * FROM t WHERE k > 1 FOR UPDATE")
    condition = kit.tables["t"].scans[-1].condition
    assert condition is not None
    assert condition((2, 1))
    assert not condition((1, 1))


def test_limit_stops_locking(kit: Kit) -> None:
    assert ids(kit.run("SELECT id FROM t WHERE id > 2 LIMIT 2 FOR UPDATE")) == [3, 4]
    assert kit.tables["t"].work.rows_returned == 2


def test_serializable_reads_share_lock_inside_a_transaction_only(kit: Kit) -> None:
    plan = kit.plan("SELECT * FROM t WHERE id = 1")
    plan.run(kit.make_context(plan), ())
    serializable(kit)
    plan.run(kit.make_context(plan), ())
    assert [mode for _, _, mode in kit.tables["t"].gets] == [ReadMode.SNAPSHOT, ReadMode.SHARED]


def test_contradiction_reads_nothing(kit: Kit) -> None:
    assert kit.run("SELECT * FROM t WHERE id = 1 AND id IN (2, 3) FOR UPDATE") == []
    assert not kit.tables["t"].gets
    assert not kit.tables["t"].scans


# ---- joins
def test_eq_ref_join(kit: Kit) -> None:
    rows = kit.run("SELECT u.id, t.id FROM u STRAIGHT_JOIN t ON t.id = u.tid ORDER BY u.id")
    assert rows == [(1, 1), (2, 2), (3, 3), (4, 4), (6, 1), (7, 2)]
    assert not any(scan.index is not None for scan in kit.tables["t"].scans)


def test_left_join_completes_with_nulls(kit: Kit) -> None:
    rows = kit.run("SELECT t.id, u.id FROM t LEFT JOIN u ON u.tid = t.id AND u.id > 3 ORDER BY t.id, u.id")
    assert rows is not None
    assert rows[:5] == [(1, 6), (2, 7), (3, None), (4, 4), (5, None)]


def test_where_on_the_inner_table_makes_it_an_inner_join(kit: Kit) -> None:
    assert kit.run("SELECT t.id FROM t LEFT JOIN u ON u.tid = t.id WHERE u.x = 'x4'") == [(4,)]
    assert kit.run("SELECT COUNT(*) FROM t LEFT JOIN u ON u.tid = t.id WHERE u.id IS NULL") == [(6,)]


def test_nested_outer_joins(kit: Kit) -> None:
    rows = kit.run("SELECT a.id, b.id, c.id FROM u a LEFT JOIN (t b JOIN u c ON c.tid = b.id) ON b.id = a.id "
                   "WHERE a.id IN (1, 5) ORDER BY 1, 3")
    assert rows == [(1, 1, 1), (1, 1, 6), (5, None, None)]


def test_hash_join_when_no_index_serves(kit: Kit) -> None:
    plan = kit.plan("SELECT a.id, b.id FROM t a JOIN t b ON a.v = b.v * 2")
    assert ".setdefault(" in plan.source
    assert sorted(plan.run(kit.make_context(plan), ()) or []) == [(2, 1), (4, 2), (6, 3), (8, 4), (10, 5)]


def test_using_and_natural_show_common_columns_once(kit: Kit) -> None:
    plan = kit.plan("SELECT * FROM t JOIN u USING (id)")
    assert [c.name for c in plan.columns] == ["id", "k", "name", "v", "d", "tid", "x"]
    assert [c.name for c in kit.plan("SELECT * FROM u NATURAL JOIN m").columns] == ["id", "x", "tid"]


# ---- grouping
def test_group_by_with_having_and_order(kit: Kit) -> None:
    rows = kit.run("SELECT k, COUNT(*) c, SUM(v) FROM t GROUP BY k HAVING c > 1 ORDER BY c, k DESC")
    assert rows == [(2, 3, Decimal("22.50")), (1, 3, Decimal("22.50")), (0, 3, Decimal("27.00"))]


def test_groups_of_collated_text_are_joined(kit: Kit) -> None:
    kit.fill("t", (11, 1, "NAME1", None, None))
    assert kit.run("SELECT UPPER(name), COUNT(*) FROM t GROUP BY name HAVING COUNT(*) > 3") == [("NAME1", 4)]


def test_aggregates_over_nothing(kit: Kit) -> None:
    assert kit.run("SELECT COUNT(*), SUM(v), MIN(name), name FROM t WHERE id > 100") == [(0, None, None, None)]
    assert kit.run("SELECT k, COUNT(*) FROM t WHERE id > 100 GROUP BY k") == []


def test_aggregates(kit: Kit) -> None:
    assert kit.run("SELECT COUNT(k), COUNT(DISTINCT k), AVG(k), MAX(d), BIT_OR(id), "
                   "GROUP_CONCAT(id ORDER BY id DESC SEPARATOR '-') FROM t WHERE id > 6") == [
                       (3, 3, Decimal("1.0000"), datetime.date(2020, 1, 10), 15, "10-9-8-7")]


def test_rollup(kit: Kit) -> None:
    rows = kit.run("SELECT k, COUNT(*) FROM t WHERE id < 4 GROUP BY k WITH ROLLUP")
    assert rows == [(0, 1), (1, 1), (2, 1), (None, 3)]


def test_stored_row_count_and_index_ends_need_no_rows(kit: Kit) -> None:
    assert kit.run("SELECT COUNT(*), MAX(id) FROM m") == [(3, 3)]
    assert kit.run("SELECT MIN(k), MAX(k) FROM t") == [(0, 2)]
    assert kit.explain("SELECT MIN(k) FROM t")[0][-1] == "Select tables optimized away"


# ---- NULL logic and types
@pytest.mark.parametrize(("text", "value"), [
    ("NULL = 1", None), ("NULL <=> NULL", 1), ("1 IN (2, NULL)", None), ("1 NOT IN (1, NULL)", 0), ("NULL AND 0", 0),
    ("NULL OR 1", 1), ("NOT NULL", None), ("NULL XOR 1", None), ("NULL IS UNKNOWN", 1), ("2 BETWEEN 1 AND NULL", None),
    ("0 BETWEEN 1 AND NULL", 0), ("'a' = 'A '", 1), ("BINARY 'a' = 'A'", 0), ("'10' = 10.0", 1), ("1 = '1abc'", 1),
    ("5 / 2", Decimal("2.5000")), ("5 DIV 2", 2), ("-5 % 3", -2), ("1 / 0", None), ("(1, 2) < (1, 3)", 1),
    ("(1, NULL) = (1, 2)", None), ("(1, NULL) = (2, 2)", 0), ("'abc' LIKE 'A_c'", 1), ("'a%c' LIKE 'a\\%c'", 1),
    ("CASE 2 WHEN 1 THEN 'x' WHEN 2 THEN 'y' END", "y"), ("COALESCE(NULL, 1, 2.5)", Decimal("1")), ("NULLIF(1, 1)", None),
    ("~0", 18446744073709551615), ("5 & 6 | 8", 12), ("1 << 3", 8), ("IF(NULL, 1, 2)", 2),
    ("DATE'2020-01-31' + INTERVAL 1 MONTH", datetime.date(2020, 2, 29)),
])
def test_expression(kit: Kit, text: str, value: Any) -> None:
    rows = kit.run(f"SELECT {text}")
    assert rows is not None
    assert rows[0][0] == value


def test_condition_on_nullable_column_is_unknown_for_null(kit: Kit) -> None:
    assert 7 not in ids(kit.run("SELECT id FROM t IGNORE INDEX (k) WHERE k <> 1"))
    assert 7 not in ids(kit.run("SELECT id FROM t IGNORE INDEX (k) WHERE NOT (k = 1)"))
    assert ids(kit.run("SELECT id FROM t WHERE (k = 1) IS UNKNOWN")) == [7]


def test_overflow(kit: Kit) -> None:
    with pytest.raises(Error) as caught:
        kit.run("SELECT 9223372036854775807 + 1")
    assert caught.value.code == 1690


def test_parameters_are_typed(kit: Kit) -> None:
    assert kit.run("SELECT id FROM t WHERE id = 2") == [(2,)]
    assert ids(kit.run("SELECT id FROM t WHERE v > 13.4")) == [9, 10]


# ---- subqueries, derived tables, set operations
def test_scalar_subqueries(kit: Kit) -> None:
    assert ids(kit.run("SELECT id FROM t WHERE id = (SELECT MAX(tid) FROM u)")) == [4]
    rows = kit.run("SELECT id, (SELECT COUNT(*) FROM u WHERE u.tid = t.id) FROM t WHERE id < 4")
    assert rows == [(1, 2), (2, 2), (3, 1)]
    with pytest.raises(Error, match="Subquery returns more than 1 row"):
        kit.run("SELECT (SELECT id FROM u)")


def test_in_and_exists(kit: Kit) -> None:
    assert ids(kit.run("SELECT id FROM t WHERE id IN (SELECT tid FROM u) ORDER BY id")) == [1, 2, 3, 4]
    assert ids(kit.run("SELECT id FROM t WHERE id NOT IN (SELECT tid FROM u) ORDER BY id")) == [5, 6, 7, 8, 9, 10]
    assert kit.run("SELECT id FROM t WHERE id NOT IN (SELECT k FROM t)") == []
    assert ids(kit.run("SELECT id FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.tid = t.id) ORDER BY id")) == [5, 6, 7, 8, 9, 10]
    assert ids(kit.run("SELECT id FROM t WHERE (id, k) IN (SELECT tid, 1 FROM u) ORDER BY id")) == [1, 4]


def test_any_and_all(kit: Kit) -> None:
    assert ids(kit.run("SELECT id FROM t WHERE id > ALL (SELECT id FROM u) ORDER BY id")) == [8, 9, 10]
    assert ids(kit.run("SELECT id FROM t WHERE id < ANY (SELECT id FROM u WHERE id < 3) ORDER BY id")) == [1]


def test_subqueries_of_a_locking_read_are_not_locked(kit: Kit) -> None:
    kit.run("SELECT * FROM t WHERE id IN (SELECT tid FROM u) FOR UPDATE")
    assert kit.tables["u"].scans[-1].mode is ReadMode.SNAPSHOT


def test_derived_tables_and_common_tables(kit: Kit) -> None:
    assert kit.run("SELECT d.c FROM (SELECT k, COUNT(*) c FROM t GROUP BY k) d WHERE d.k IS NULL") == [(1,)]
    assert kit.run("WITH x AS (SELECT id FROM u WHERE id > 5) SELECT COUNT(*) FROM x a, x b") == [(4,)]
    assert kit.run("WITH RECURSIVE n (i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 4) SELECT SUM(i) FROM n") == [(10,)]


def test_set_operations(kit: Kit) -> None:
    assert kit.run("SELECT 1 UNION SELECT 2 UNION SELECT 1") == [(1,), (2,)]
    assert kit.run("SELECT id FROM m UNION ALL SELECT 'x' ORDER BY 1 DESC LIMIT 2") == [("x",), ("3",)]
    assert kit.run("SELECT id FROM u EXCEPT SELECT id FROM m ORDER BY id") == [(4,), (5,), (6,), (7,)]
    assert kit.run("SELECT id FROM u INTERSECT SELECT id FROM m WHERE id > 1 ORDER BY 1") == [(2,), (3,)]
    assert kit.run("VALUES (1, 'a'), (2, 'b')") == [(1, "a"), (2, "b")]
    with pytest.raises(Error, match="different number of columns"):
        kit.run("SELECT 1 UNION SELECT 1, 2")


def test_distinct_is_collated(kit: Kit) -> None:
    kit.fill("t", (11, 1, "NAME1", None, None))
    rows = kit.run("SELECT DISTINCT name FROM t ORDER BY name")
    assert rows is not None
    assert [name.lower() for (name,) in rows] == ["name0", "name1", "name2", "name3"]


def test_user_variables(kit: Kit) -> None:
    assert kit.run("SELECT @n := 5, @n + 1") == [(5, 6)]


# ---- errors of names
@pytest.mark.parametrize(("text", "code", "message"), [
    ("SELECT nope FROM t", 1054, "Unknown column 'nope' in 'field list'"),
    ("SELECT id FROM t WHERE t.nope = 1", 1054, "Unknown column 't.nope' in 'where clause'"),
    ("SELECT id FROM t ORDER BY nope", 1054, "Unknown column 'nope' in 'order clause'"),
    ("SELECT id FROM t GROUP BY nope", 1054, "Unknown column 'nope' in 'group statement'"),
    ("SELECT id FROM t GROUP BY id HAVING v > 1", 1054, "Unknown column 'v' in 'having clause'"),
    ("SELECT t.id FROM t JOIN u ON t.id = u.nope", 1054, "Unknown column 'u.nope' in 'on clause'"),
    ("SELECT id FROM t, u", 1052, "Column 'id' in field list is ambiguous"),
    ("SELECT 1 FROM t, t", 1066, "Not unique table/alias: 't'"),
    ("SELECT 1 FROM missing", 1146, "Table 'test.missing' doesn't exist"),
    ("SELECT id FROM t WHERE COUNT(*) > 1", 1111, "Invalid use of group function"),
    ("SELECT nofunction(1)", 1305, "FUNCTION NOFUNCTION does not exist"),
    ("SELECT (1, 2) = 1", 1241, "Operand should contain 2 column(s)"),
    ("SELECT id FROM t WHERE id IN (SELECT id, tid FROM u)", 1241, "Operand should contain 1 column(s)"),
    ("SELECT id, ROW_NUMBER() OVER () FROM t", 1235, "window functions"),
])
def test_name_errors(kit: Kit, text: str, code: int, message: str) -> None:
    with pytest.raises(Error) as caught:
        kit.run(text)
    assert caught.value.code == code
    assert message in caught.value.message


def test_plan_keeps_no_session() -> None:
    kit = Kit(T, U, M)
    plans = [kit.plan(text) for text in (
        "SELECT * FROM t WHERE k > 1 FOR UPDATE", "INSERT INTO m (id) SELECT id FROM u WHERE id IN (SELECT k FROM t)",
        "UPDATE t SET v = 1 WHERE k = 2", "SELECT COUNT(*) FROM t, u WHERE t.id = u.tid AND d = 'x'")]
    gone = weakref.ref(kit)
    del kit
    gc.collect()
    assert gone() is None
    assert len(plans) == 4


def test_plan_keeps_no_handle(kit: Kit) -> None:
    plan = kit.plan("SELECT * FROM t WHERE k = 1")
    other = Kit(T, U, M)
    other.fill("t", (50, 1, "other", None, None))
    assert ids(plan.run(other.make_context(plan), ())) == [50]
