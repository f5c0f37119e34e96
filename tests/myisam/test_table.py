"""A MyISAM table against a plain model: rows, indexes, unique keys, ranges, reopening."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidb.engine import FULL, KeyRange, ReadMode, Scan, Work
from minidb.errors import Error
from minidb.types.keys import NULL

PAIR = ["id INT NOT NULL", "v INT"]
FORMATS = {
    "fixed": ["id INT NOT NULL", "k INT NOT NULL", "u INT", "s CHAR(20)"],
    "dynamic": ["id INT NOT NULL", "k INT NOT NULL", "u INT", "s VARCHAR(200)"],
}
KEYS = ["PRIMARY id", "UNIQUE u", "k", "s(3)", "k,s"]


def fold(text: str | None) -> tuple[int, str]:
    return (0, "") if text is None else (1, text.upper())


def nullable(value: int | None) -> tuple[int, int]:
    return (0, 0) if value is None else (1, value)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["insert"] * 4 + ["update", "delete", "reopen"]),
        st.integers(0, 25),
        st.integers(0, 4),
        st.one_of(st.none(), st.integers(0, 12)),
        st.one_of(st.none(), st.text("abAB", max_size=6), st.sampled_from(["x" * 150, "y" * 20])),
    ),
    max_size=50,
)


@settings(max_examples=120, deadline=None)
@given(STEPS, st.sampled_from(["fixed", "dynamic"]), st.sampled_from([None, 2]), st.sampled_from([4, 256]))
def test_table_is_a_dict_with_indexes(
    make_world: Any, define: Any, steps: list[Any], fmt: str, pool_pages: int | None, capacity: int
) -> None:
    world = make_world(capacity, pool_pages)
    tdef = define(FORMATS[fmt], KEYS)
    table = world.table(tdef)
    model: dict[int, tuple[Any, ...]] = {}
    for what, ident, k, u, s in steps:
        if fmt == "fixed" and s is not None:
            s = s[:20]
        row = (ident, k, u, s)
        taken = {r[2]: r for r in model.values() if r[2] is not None}
        if what == "insert":
            if ident in model or u in taken:
                with pytest.raises(Error) as caught:
                    table.insert(world.trx, row)
                assert caught.value.code == 1062
                violated, there = table.duplicate_of(world.trx) or (9, ())
                assert (violated, there[:-1]) == ((0, model[ident]) if ident in model else (1, taken[u]))
            else:
                table.insert(world.trx, row)
                model[ident] = row
        elif what == "reopen":
            world.restart()
            table = world.engine.open_table(tdef)
        elif ident in model:
            old = table.get(world.trx, 0, ident, ReadMode.EXCLUSIVE)
            assert old is not None
            assert old[:-1] == model[ident]
            if what == "delete":
                table.delete(world.trx, old)
                del model[ident]
            elif u is not None and u in taken and taken[u][0] != ident:
                with pytest.raises(Error):
                    table.update(world.trx, old, row)
            else:
                table.update(world.trx, old, row)
                model[ident] = row
    verify(world, table, model)
    world.restart()
    verify(world, world.engine.open_table(tdef), model)


def verify(world: Any, table: Any, model: dict[int, tuple[Any, ...]]) -> None:
    trx = world.trx
    rows = sorted(model.values())
    assert table.check().messages == []
    assert table.row_count(trx) == len(model)
    assert sorted(world.rows(table), key=lambda r: r[0]) == rows
    assert world.rows(table, None, reverse=True) == world.rows(table)[::-1]
    assert world.rows(table, 0) == rows
    assert world.rows(table, 0, reverse=True) == rows[::-1]
    assert [r[2] for r in world.rows(table, 1)] == sorted((r[2] for r in rows), key=nullable)
    assert [r[1] for r in world.rows(table, 2)] == sorted(r[1] for r in rows)
    assert [fold(r[3])[1][:3] for r in world.rows(table, 3)] == sorted(fold(r[3])[1][:3] for r in rows)
    assert [(k, fold(s)) for k, s in world.rows(table, 4, covering=True)] == sorted((r[1], fold(r[3])) for r in rows)
    for k in range(5):
        same = [r[:-1] for r in table.lookup(trx, 2, (k,))]
        assert sorted(same) == [r for r in rows if r[1] == k]
        between = world.rows(table, 2, KeyRange((k,), (k + 1,), False, True))
        assert sorted(between) == [r for r in rows if k < r[1] <= k + 1]
    assert sorted(r[0] for r in table.lookup(trx, 1, (NULL,))) == [r[0] for r in rows if r[2] is None]
    for ident in range(26):
        found = table.get(trx, 0, ident)
        assert (found[:-1] if found else None) == model.get(ident)


def test_equal_keys_come_by_address(world: Any, define: Any) -> None:
    table = world.table(define(PAIR, ["PRIMARY id", "v"]), (5, 1), (4, 2), (3, 1), (2, 1))
    assert world.rows(table, 1) == [(5, 1), (3, 1), (2, 1), (4, 2)]
    world.delete(table, 5)
    table.insert(world.trx, (9, 1))  # takes the hole, hence comes first
    assert [r[0] for r in table.lookup(world.trx, 1, (1,))] == [9, 3, 2]


def test_rows_carry_their_address_as_tail(world: Any, define: Any) -> None:
    table = world.table(define(PAIR, ["PRIMARY id"]), (5, 1), (4, 2))
    assert table.get(world.trx, 0, 4) == (4, 2, 1)


def test_nulls_are_not_equal_in_unique_keys(world: Any, define: Any) -> None:
    table = world.table(define(["a INT", "b INT"], ["UNIQUE a,b"]), (1, None), (1, None), (None, 1), (None, None), (1, 1))
    with pytest.raises(Error, match="Duplicate entry '1-1' for key 'a'"):
        table.insert(world.trx, (1, 1))
    assert len(table.lookup(world.trx, 0, (1,))) == 3
    assert table.get(world.trx, 0, (1, 1)) == (1, 1, 4)
    assert table.check().ok


def test_failed_insert_leaves_nothing(world: Any, define: Any) -> None:
    table = world.table(define(["a INT NOT NULL", "b INT", "c INT"], ["PRIMARY a", "b", "UNIQUE c"]), (1, 1, 1))
    with pytest.raises(Error, match="Duplicate entry '1' for key 'c'"):
        table.insert(world.trx, (2, 2, 1))
    assert world.rows(table, 1) == [(1, 1, 1)]
    assert table.check().ok
    assert table.duplicate_of(world.trx) == (2, (1, 1, 1, 0))


def test_update_to_a_taken_key_changes_nothing(world: Any, define: Any) -> None:
    table = world.table(define(PAIR, ["PRIMARY id", "UNIQUE v"]), (1, 1), (2, 2))
    row = table.get(world.trx, 0, 2)
    with pytest.raises(Error, match="Duplicate entry '1' for key 'v'"):
        table.update(world.trx, row, (3, 1))
    assert world.rows(table) == [(1, 1), (2, 2)]
    table.update(world.trx, row, (2, 2))
    assert table.check().ok


def test_collated_keys_find_any_case_and_covering_tells_it(world: Any, define: Any) -> None:
    table = world.table(define(["n VARCHAR(10) NOT NULL", "v INT"], ["PRIMARY n"]), ("Bee", 1), ("ant", 2))
    key = table.key_maker(0)(("BEE",))
    assert table.get(world.trx, 0, key)[:2] == ("Bee", 1)
    assert world.rows(table, 0, covering=True) == [("ant",), ("Bee",)]
    row = table.get(world.trx, 0, key)
    table.update(world.trx, row, ("bEE", 1))
    assert world.rows(table, 0, covering=True) == [("ant",), ("bEE",)]
    assert table.check().ok


def test_prefix_key_entries_cannot_be_read(world: Any, define: Any) -> None:
    table = world.table(define(["a INT NOT NULL", "s VARCHAR(50)"], ["s(2),a"]), (1, "abc"), (2, "abd"))
    assert table.entry_layout(0) == (-1, 0)


def test_several_ranges_and_condition(world: Any, define: Any) -> None:
    table = world.table(define(PAIR, ["PRIMARY id"]), *[(i, i % 3) for i in range(50)])
    ranges = (KeyRange((3,), (5,)), KeyRange((10,), (12,), False, False), KeyRange((48,), None))
    assert [r[0] for r in world.rows(table, 0, *ranges)] == [3, 4, 5, 11, 48, 49]
    assert [r[0] for r in world.rows(table, 0, *ranges, reverse=True)] == [49, 48, 11, 5, 4, 3]
    cursor = table.scan(world.trx, Scan(0, (FULL,), condition=lambda entry: entry[0] % 10 == 7))
    found: list[Any] = []
    while (batch := cursor.next_batch()) is not None:
        found += batch
    assert [r[0] for r in found] == [7, 17, 27, 37, 47]


@pytest.mark.parametrize("index", [None, 0])
def test_rows_changed_under_a_locking_scan(world: Any, define: Any, index: int | None) -> None:
    table = world.table(define(PAIR, ["PRIMARY id"]), *[(i, 0) for i in range(10)])
    cursor = table.scan(world.trx, Scan(index, mode=ReadMode.EXCLUSIVE))
    first = cursor.next_row()
    table.delete(world.trx, table.get(world.trx, 0, 1))
    table.update(world.trx, table.get(world.trx, 0, 2), (2, 77))
    assert first == (0, 0, 0)
    assert cursor.next_row() == (2, 77, 2)
    assert cursor.lock_current() == (2, 77, 2)
    assert not cursor.semi_consistent


def test_estimate_and_counts(world: Any, define: Any) -> None:
    table = world.table(define(PAIR, ["PRIMARY id", "v"]), *[(i, i % 5) for i in range(500)])
    assert table.estimate(0, KeyRange((7,), (7,))) == 1
    assert 40 <= table.estimate(1, KeyRange((2,), (2,))) <= 200
    assert table.estimate(0, KeyRange((600,), None)) == 0
    assert table.row_count(world.trx) == 500


def test_counted_twin_tells_descents_and_address_reads(world: Any, define: Any) -> None:
    table = world.table(define(PAIR, ["PRIMARY id", "v"]), *[(i, i % 50) for i in range(500)])
    work = Work()
    twin = table.counted(work)
    assert len(twin.lookup(world.trx, 1, (3,))) == 10
    assert (work.descents, work.address_reads, work.clustered_lookups) == (1, 10, 0)
    before = work.pages_hit
    twin.get(world.trx, 0, 5)
    assert work.descents == 2
    assert work.pages_hit > before
    world.rows(twin)
    assert work.rows_examined == 10 + 1 + 500
    assert table.get(world.trx, 0, 5) is not None
    assert work.descents == 2


def test_show_tree(world: Any, define: Any) -> None:
    table = world.table(define(PAIR, ["PRIMARY id"]), *[(i, 0) for i in range(20)])
    lines = table.dump_tree(0)
    assert lines[0][0] > 0
    assert lines[0][4] >= 2
    leaves = [line for line in lines if line[0] == 0]
    assert sum(line[4] for line in leaves) == 20
    assert leaves[0][8].startswith("addresses 0 1 2")
    world.delete(table, 3)
    assert table.dump_tree(None) == [(0, 0, None, None, 19, 95, 0, 19, "1 deleted")]


def test_stats(world: Any, define: Any) -> None:
    table = world.table(define(["id INT NOT NULL AUTO_INCREMENT", "s VARCHAR(300)"], ["PRIMARY id"]),
                        *[(i, "x" * 100) for i in range(1, 11)])
    stats = table.stats()
    assert (stats.rows, stats.auto_increment, stats.row_format, stats.data_free) == (10, 11, "Dynamic", 0)
    assert 100 <= stats.avg_row_length <= 130
    assert stats.data_length == 10 * stats.avg_row_length
    world.delete(table, 5)
    assert table.stats().data_free == stats.avg_row_length


def test_partial_statement_stays_and_is_noted(world: Any, define: Any) -> None:
    table = world.table(define(PAIR, ["PRIMARY id"]), (1, 1), (2, 2))
    trx = world.engine.new_trx(2)
    world.engine.begin_statement(trx)
    with pytest.raises(Error):
        table.insert(trx, (1, 0))
    assert not trx.changed_non_transactional
    table.insert(trx, (10, 0))
    with pytest.raises(Error):
        table.insert(trx, (2, 0))
    world.engine.end_statement(trx, ok=False)
    world.engine.rollback(trx)
    assert world.rows(table) == [(1, 1), (2, 2), (10, 0)]
    assert trx.changed_non_transactional


def test_delete_all_forgets_holes_and_keeps_the_counter(world: Any, define: Any) -> None:
    table = world.table(define(["id INT NOT NULL AUTO_INCREMENT"], ["PRIMARY id"]), (1,), (2,), (3,))
    assert table.delete_all(world.trx) == 3
    assert table.row_count(world.trx) == 0
    assert table.next_auto_increment(world.trx, 1) == 4
    for i in (9, 1):
        table.insert(world.trx, (i,))
    assert world.rows(table) == [(9,), (1,)]
    assert table.check().ok


def test_duplicate_names_what_the_key_holds(world: Any, define: Any) -> None:
    """Texts of a real server: the prefix as inserted, the decimal with its scale."""
    columns = ["s VARCHAR(20)", "d DECIMAL(10)", "x DATETIME"]
    when = datetime.datetime(2020, 1, 1, 10)
    table = world.table(define(columns, ["UNIQUE s(3),d", "UNIQUE x"]), ("abcdef", Decimal(2), when))
    with pytest.raises(Error, match="Duplicate entry 'ABC-2' for key 's'"):
        table.insert(world.trx, ("ABCzzz", Decimal(2), None))
    with pytest.raises(Error, match="Duplicate entry '2020-01-01 10:00:00' for key 'x'"):
        table.insert(world.trx, (None, None, when))
    table.insert(world.trx, (None, Decimal(2), None))
    assert table.check().ok
    world.restart()
    table = world.engine.open_table(table.tdef)
    assert table.check().ok
    assert world.rows(table, 1) == [(None, Decimal(2), None), ("abcdef", Decimal(2), when)]
