"""Compiled INSERT, REPLACE, UPDATE and DELETE over the list-backed fake table."""

from __future__ import annotations

import datetime
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from minidb.catalog import Check, Column, Default
from minidb.engine import Isolation, ReadMode, ScanPurpose, TableLock
from minidb.errors import Error
from tests.query.compile_kit import BIGINT, DATETIME, INT, Kit, decimal, table, varchar

T = replace(
    table("t", [Column("id", INT, False, auto_increment=True), Column("k", INT),
                Column("name", varchar(10), False, Default("none")), Column("v", decimal(6, 2)),
                Column("at", DATETIME, True, Default(current_timestamp=True), on_update_now=True)],
          ("PRIMARY", "id"), ("uk", "k")),
    _by_name={})
N = table("n", [Column("a", INT, False), Column("b", BIGINT, False)], ("PRIMARY", "a"))
M = table("m", [Column("a", INT, False), Column("b", INT)], ("PRIMARY", "a"), engine="MyISAM")
NOW = datetime.datetime(2024, 5, 6, 7, 8, 9)


@pytest.fixture
def kit() -> Kit:
    made = Kit(T, N, M)
    made.fill("n", (1, 10), (2, 20), (3, 30))
    return made


def counts(kit: Kit) -> tuple[Any, ...]:
    x = kit.context
    assert x is not None
    return x.affected, x.records, x.duplicates, x.insert_id


def error_of(kit: Kit, text: str) -> int:
    with pytest.raises(Error) as caught:
        kit.run(text)
    return caught.value.code


# ---- INSERT
def test_insert_generates_ids_and_defaults(kit: Kit) -> None:
    kit.run("INSERT INTO t (k) VALUES (5)")
    assert kit.values("t") == [(1, 5, "none", None, NOW)]
    assert counts(kit) == (1, None, None, 1)
    kit.run("INSERT INTO t (id, k) VALUES (0, 6), (NULL, 7), (20, 8), (DEFAULT, 9)")
    assert [row[0] for row in kit.values("t")] == [1, 2, 3, 20, 21]
    assert counts(kit) == (4, 4, 0, 2)


def test_given_id_is_reported_but_is_not_the_last_insert_id(kit: Kit) -> None:
    kit.run("INSERT INTO t (id) VALUES (50)")
    assert kit.context is not None
    assert (kit.context.insert_id, kit.context.explicit_id) == (0, 50)
    assert kit.tables["t"].counter == 51


def test_values_see_columns_to_their_left(kit: Kit) -> None:
    kit.run("INSERT INTO n (a, b) VALUES (7, a + 1)")
    assert kit.values("n")[-1] == (7, 8)


def test_conversion_into_columns(kit: Kit) -> None:
    kit.run("INSERT INTO t (k, v, at) VALUES ('12', 1.239, '2020-02-03')")
    assert kit.values("t") == [(1, 12, "none", Decimal("1.24"), datetime.datetime(2020, 2, 3))]
    assert kit.session.warnings == [("Note", 1265, "Data truncated for column 'v' at row 1")]


@pytest.mark.parametrize(("text", "code"), [
    ("INSERT INTO n VALUES (1, 1)", 1062), ("INSERT INTO n VALUES (9)", 1136), ("INSERT INTO n (a, zz) VALUES (9, 9)", 1054),
    ("INSERT INTO n (a, a) VALUES (9, 9)", 1110), ("INSERT INTO n (a) VALUES (9)", 1364), ("INSERT INTO n VALUES (9, NULL)", 1048),
    ("INSERT INTO t (k) VALUES (3000000000)", 1264), ("INSERT INTO t (k) VALUES ('x')", 1366),
    ("INSERT INTO t (name) VALUES ('much too long')", 1406), ("INSERT INTO t (at) VALUES ('2020-02-30')", 1292),
    ("INSERT INTO n VALUES (9, 1 / 0)", 1365), ("INSERT INTO n SELECT 1", 1136), ("INSERT INTO gone VALUES (1)", 1146),
])
def test_insert_errors(kit: Kit, text: str, code: int) -> None:
    assert error_of(kit, text) == code


def test_insert_ignore_warns(kit: Kit) -> None:
    kit.run("INSERT IGNORE INTO n VALUES (1, 1), (8, NULL), (9, 99)")
    assert kit.values("n")[3:] == [(8, 0), (9, 99)]
    assert counts(kit)[:3] == (2, 3, 1)
    assert [code for _, code, _ in kit.session.warnings] == [1062, 1048]


def test_on_duplicate_key_update_counts(kit: Kit) -> None:
    kit.run("INSERT INTO n VALUES (1, 5), (4, 40), (2, 20) ON DUPLICATE KEY UPDATE b = VALUES(b)")
    assert kit.values("n") == [(1, 5), (2, 20), (3, 30), (4, 40)]
    assert counts(kit)[:3] == (3, 3, 1)  # one changed (2), one new (1), one as it was (0)


def test_replace_counts_deleted_rows(kit: Kit) -> None:
    kit.run("INSERT INTO t (id, k) VALUES (1, 10), (2, 20)")
    kit.run("REPLACE INTO t (id, k) VALUES (1, 20)")
    assert [row[:2] for row in kit.values("t")] == [(1, 20)]
    assert counts(kit)[0] == 3


def test_engine_is_told_of_duplicate_handling(kit: Kit) -> None:
    seen: list[bool] = []
    insert = kit.tables["n"].insert
    kit.tables["n"].insert = lambda trx, values: (seen.append(trx.duplicates), insert(trx, values))[1]  # type: ignore[method-assign]
    kit.run("REPLACE INTO n VALUES (7, 7)")
    kit.run("INSERT INTO n VALUES (8, 8)")
    assert seen == [True, False]
    assert not kit.trx.duplicates


def test_insert_select_locks_its_source_by_isolation_level(kit: Kit) -> None:
    kit.run("INSERT INTO t (k) SELECT b FROM n WHERE a > 1")
    assert [row[1] for row in kit.values("t")] == [20, 30]
    assert counts(kit) == (2, 2, 0, 1)
    assert kit.tables["n"].scans[-1].mode is ReadMode.SHARED
    kit.trx.isolation = Isolation.READ_COMMITTED
    kit.run("INSERT INTO t (k) SELECT b + 5 FROM n WHERE a > 1")
    assert kit.tables["n"].scans[-1].mode is ReadMode.SNAPSHOT


def test_insert_select_from_itself(kit: Kit) -> None:
    kit.run("INSERT INTO n SELECT a + 10, b FROM n")
    assert len(kit.values("n")) == 6


def test_returning(kit: Kit) -> None:
    assert kit.run("INSERT INTO t (k) VALUES (1), (2) RETURNING id, k * 2 AS twice") == [(1, 2), (2, 4)]


def test_check_constraint(kit: Kit) -> None:
    checked = Kit(replace(N, checks=(Check("positive", "b > 0"),), _by_name={}))
    checked.run("INSERT INTO n VALUES (1, 1)")
    assert error_of(checked, "INSERT INTO n VALUES (2, 0)") == 4025
    assert error_of(checked, "UPDATE n SET b = -1") == 4025
    checked.run("INSERT IGNORE INTO n VALUES (3, 0)")
    assert checked.values("n") == [(1, 1)]


# ---- UPDATE
def test_update_by_primary_key_is_one_get(kit: Kit) -> None:
    kit.run("UPDATE n SET b = b + 1, b = b * 2 WHERE a = 2")
    assert kit.values("n")[1] == (2, 42)
    assert kit.tables["n"].gets == [(0, 2, ReadMode.EXCLUSIVE)]
    assert kit.context is not None
    assert (kit.context.matched, kit.context.changed, kit.context.affected) == (1, 1, 1)


def test_update_counts_unchanged_rows_as_matched(kit: Kit) -> None:
    kit.run("UPDATE n SET b = 20 WHERE a >= 2")
    assert kit.context is not None
    assert (kit.context.matched, kit.context.changed) == (2, 1)
    assert kit.tables["n"].scans[-1].purpose is ScanPurpose.UPDATE


def test_update_touches_the_timestamp_only_when_something_changes(kit: Kit) -> None:
    kit.fill("t", (1, 1, "a", None, None))
    kit.run("UPDATE t SET k = 1")
    assert kit.values("t")[0][4] is None
    kit.run("UPDATE t SET k = 2")
    assert kit.values("t")[0][4] == NOW


def test_update_of_the_scanned_key_collects_first(kit: Kit) -> None:
    assert "rows.append" in kit.plan("UPDATE n SET a = a + 1 WHERE a > 0").source
    kit.run("UPDATE n SET a = a + 10")
    assert kit.values("n") == [(11, 10), (12, 20), (13, 30)]


def test_update_order_and_limit(kit: Kit) -> None:
    kit.run("UPDATE n SET b = 0 ORDER BY b DESC LIMIT 2")
    assert kit.values("n") == [(1, 10), (2, 0), (3, 0)]


def test_rejected_rows_are_unlocked(kit: Kit) -> None:
    kit.run("UPDATE n SET b = 0 WHERE b = 20")
    assert [row[0] for row in kit.tables["n"].unlocked] == [1, 3]


def test_multi_table_update(kit: Kit) -> None:
    kit.fill("t", (1, 2, "a", None, None), (2, 3, "b", None, None), (3, 9, "c", None, None))
    kit.run("UPDATE t JOIN n ON n.a = t.k SET t.v = n.b, n.b = 0")
    assert [row[3] for row in kit.values("t")] == [Decimal("20.00"), Decimal("30.00"), None]
    assert kit.values("n") == [(1, 10), (2, 0), (3, 0)]


def test_update_with_subquery_on_itself(kit: Kit) -> None:
    kit.run("UPDATE n SET b = (SELECT MAX(b) FROM n x WHERE x.a <= n.a) + 1")
    assert kit.values("n") == [(1, 11), (2, 21), (3, 31)]


def test_impossible_condition_reports_no_match_count(kit: Kit) -> None:
    kit.run("UPDATE n SET b = 1 WHERE a = 1 AND a = 2")
    assert kit.context is not None
    assert kit.context.matched is None
    assert not kit.tables["n"].gets


def test_update_errors(kit: Kit) -> None:
    assert error_of(kit, "UPDATE n SET zz = 1") == 1054
    assert error_of(kit, "UPDATE n SET b = NULL WHERE a = 1") == 1048
    assert error_of(kit, "UPDATE n SET a = 1 WHERE a = 2") == 1062


# ---- DELETE
def test_delete(kit: Kit) -> None:
    kit.run("DELETE FROM n WHERE b BETWEEN 15 AND 25")
    assert kit.values("n") == [(1, 10), (3, 30)]
    assert counts(kit)[0] == 1
    assert kit.run("DELETE FROM n WHERE a = 3 RETURNING b") == [(30,)]
    kit.run("DELETE FROM n")
    assert kit.values("n") == []


def test_delete_order_and_limit(kit: Kit) -> None:
    kit.run("DELETE FROM n ORDER BY a DESC LIMIT 1")
    assert kit.values("n") == [(1, 10), (2, 20)]


def test_multi_table_delete(kit: Kit) -> None:
    kit.fill("m", (1, 2), (2, 2), (3, None))
    kit.run("DELETE m, n FROM m JOIN n ON n.a = m.b")
    assert kit.values("m") == [(3, None)]
    assert kit.values("n") == [(1, 10), (3, 30)]
    assert counts(kit)[0] == 3
    assert error_of(kit, "DELETE x FROM m JOIN n ON n.a = m.b") == 1109


def test_locks_that_statements_ask_of_whole_tables(kit: Kit) -> None:
    def lock(text: str) -> list[tuple[TableLock, bool]]:
        return [(t.lock, t.write) for t in kit.plan(text).tables]

    assert lock("INSERT INTO m VALUES (9, 9)") == [(TableLock.CONCURRENT_INSERT, True)]
    assert lock("REPLACE INTO m VALUES (9, 9)") == [(TableLock.WRITE, True)]
    assert lock("UPDATE LOW_PRIORITY m SET b = 1") == [(TableLock.WRITE_LOW_PRIORITY, True)]
    assert lock("DELETE m FROM m JOIN n ON n.a = m.b") == [(TableLock.WRITE, True), (TableLock.READ, False)]
    assert lock("SELECT * FROM n FOR UPDATE") == [(TableLock.READ_LOCAL, True)]
    assert lock("SELECT * FROM m") == [(TableLock.READ_LOCAL, False)]
