"""Which versions a consistent read sees: the four levels, own changes, secondary indexes."""

from __future__ import annotations

import pytest

from minidb.engine import FULL, Isolation, KeyRange, ReadMode
from minidb.errors import Error
from tests.door.world import World, definition

RU, RC, RR, SER = Isolation
LEVELS = [RU, RC, RR, SER]


@pytest.fixture
def world() -> World:
    return World()


def table_of(world: World):
    table = world.create("id INT NOT NULL,k INT,v INT", "PRIMARY id", "KEY k")
    world.insert(table, *((i, i * 10, 0) for i in range(1, 9)))
    return table


def set_v(world: World, table, key: int, v: int, trx) -> None:
    world.update(table, lambda r: r[0] == key, lambda r: (r[0], r[1], v), trx)


def set_k(world: World, table, key: int, k: int, trx) -> None:
    world.update(table, lambda r: r[0] == key, lambda r: (r[0], k, r[2]), trx)


def value(table, trx, key: int):
    row = table.get(trx, 0, key)
    return None if row is None else row[2]


@pytest.mark.parametrize("level", LEVELS)
def test_dirty_read_only_at_read_uncommitted(world: World, level: Isolation) -> None:
    table = table_of(world)
    a, b = world.trx("A"), world.trx("B", level)
    world.engine.begin(a)
    world.engine.begin(b)
    set_v(world, table, 3, 99, a)
    assert value(table, b, 3) == (99 if level == RU else 0)
    world.engine.rollback(a)
    assert value(table, b, 3) == 0


@pytest.mark.parametrize("level", LEVELS)
def test_non_repeatable_read_below_repeatable_read(world: World, level: Isolation) -> None:
    table = table_of(world)
    a, b = world.trx("A"), world.trx("B", level)
    world.engine.begin(b)
    assert value(table, b, 3) == 0
    world.engine.end_statement(b, True)
    set_v(world, table, 3, 7, a)
    world.insert(table, (20, 200, 1), trx=a)
    world.delete(table, lambda r: r[0] == 1, a)
    stable = level >= RR
    assert value(table, b, 3) == (0 if stable else 7)
    assert value(table, b, 20) == (None if stable else 1)
    assert value(table, b, 1) == (0 if stable else None)
    assert len(world.rows(table, b)) == 8
    world.engine.commit(b)
    assert value(table, b, 3) == 7


@pytest.mark.parametrize("level", [RC, RR])
def test_own_changes_are_seen_at_once(world: World, level: Isolation) -> None:
    table = table_of(world)
    b = world.trx("B", level)
    world.engine.begin(b)
    world.rows(table, b)
    world.insert(table, (50, 500, 5), trx=b)
    set_v(world, table, 2, 22, b)
    world.delete(table, lambda r: r[0] == 4, b)
    assert [r[0] for r in world.rows(table, b)] == [1, 2, 3, 5, 6, 7, 8, 50]
    assert value(table, b, 2) == 22
    assert value(table, world.trx("A"), 2) == 0


def test_the_view_is_made_by_the_first_read_not_by_begin(world: World) -> None:
    table = table_of(world)
    a, b = world.trx("A"), world.trx("B")
    world.engine.begin(b)
    set_v(world, table, 3, 1, a)
    assert value(table, b, 3) == 1
    set_v(world, table, 3, 2, a)
    assert value(table, b, 3) == 1
    world.engine.commit(b)
    world.engine.begin(b, snapshot=True)
    set_v(world, table, 3, 3, a)
    assert value(table, b, 3) == 2


def test_one_view_for_all_tables(world: World) -> None:
    first, second = table_of(world), world.create("id INT NOT NULL,k INT,v INT", "PRIMARY id", name="s")
    a, b = world.trx("A"), world.trx("B")
    world.engine.begin(b)
    assert value(first, b, 1) == 0
    world.insert(second, (1, 1, 1), trx=a)
    assert world.rows(second, b) == []


@pytest.mark.parametrize("covering", [False, True])
def test_a_secondary_index_shows_the_old_key(world: World, covering: bool) -> None:
    table = table_of(world)
    a, b = world.trx("A"), world.trx("B")
    world.engine.begin(b)
    world.rows(table, b)
    set_k(world, table, 3, 35, a)
    set_k(world, table, 5, 31, a)
    set_k(world, table, 3, 30, a)
    world.delete(table, lambda r: r[0] == 4, a)
    at = 0 if covering else 1
    read = [r[at] for r in world.rows(table, b, index=1, ranges=[KeyRange((30,), (50,))], covering=covering)]
    assert read == [30, 40, 50]
    now = [r[at] for r in world.rows(table, a, index=1, ranges=[KeyRange((30,), (50,))], covering=covering)]
    assert now == [30, 31]
    assert [r[0] for r in table.lookup(b, 1, (50,))] == [5] and table.lookup(a, 1, (50,)) == []
    world.engine.commit(a)
    world.engine.commit(b)
    world.innodb.purge_all()
    assert table.check().ok


def test_a_key_changed_and_changed_back_in_one_transaction(world: World) -> None:
    table = table_of(world)
    a, b = world.trx("A"), world.trx("B")
    world.engine.begin(b)
    world.rows(table, b)
    world.engine.begin(a)
    set_k(world, table, 2, 25, a)
    set_k(world, table, 2, 20, a)
    assert [r[0] for r in table.lookup(b, 1, (20,))] == [2]
    world.engine.rollback(a)
    assert [r[0] for r in table.lookup(b, 1, (20,))] == [2]
    assert [r[0] for r in table.lookup(world.trx("C"), 1, (20,))] == [2]
    assert table.check().ok


def test_a_row_deleted_and_inserted_again_has_both_lives(world: World) -> None:
    table = table_of(world)
    a, b, c = world.trx("A"), world.trx("B"), world.trx("C")
    world.engine.begin(b)
    world.rows(table, b)
    world.delete(table, lambda r: r[0] == 6, a)
    world.engine.begin(c)
    assert value(table, c, 6) is None
    world.insert(table, (6, 61, 6), trx=a)
    assert value(table, b, 6) == 0 and value(table, c, 6) is None and value(table, a, 6) == 6
    assert [r[0] for r in table.lookup(b, 1, (60,))] == [6]
    assert table.lookup(c, 1, (61,)) == []


def test_locking_reads_see_the_newest_version(world: World) -> None:
    table = table_of(world)
    a, b = world.trx("A"), world.trx("B")
    world.engine.begin(b)
    assert value(table, b, 3) == 0
    set_v(world, table, 3, 8, a)
    assert value(table, b, 3) == 0
    assert table.get(b, 0, 3, ReadMode.SHARED)[2] == 8


def test_an_update_makes_an_invisible_version_ones_own(world: World) -> None:
    """Fact F35: after B updates another column of the row, it sees A's change to the first one too."""
    table = table_of(world)
    a, b = world.trx("A"), world.trx("B")
    world.engine.begin(b)
    assert value(table, b, 3) == 0
    set_k(world, table, 3, 77, a)
    set_v(world, table, 3, 5, b)
    assert table.get(b, 0, 3)[:3] == (3, 77, 5)


def test_an_update_that_changes_nothing_does_not(world: World) -> None:
    table = table_of(world)
    a, b = world.trx("A"), world.trx("B")
    world.engine.begin(b)
    assert value(table, b, 3) == 0
    set_v(world, table, 3, 5, a)
    set_v(world, table, 3, 5, b)
    assert value(table, b, 3) == 0


def test_readers_without_writers_share_one_view(world: World) -> None:
    table = table_of(world)
    a, b = world.trx("A"), world.trx("B")
    world.engine.begin(a)
    world.engine.begin(b)
    world.rows(table, a)
    world.rows(table, b)
    assert a.view is b.view
    world.insert(table, (90, 1, 1), trx=a)
    assert a.view is not b.view and a.view.creator == a.id


def test_a_table_younger_than_the_view_is_refused(world: World) -> None:
    table = table_of(world)
    b = world.trx("B")
    world.engine.begin(b)
    world.rows(table, b)
    late = world.create("id INT NOT NULL", "PRIMARY id", name="late")
    for mode in (ReadMode.SNAPSHOT, ReadMode.EXCLUSIVE):
        with pytest.raises(Error) as error:
            late.get(b, 0, 1, mode)
        assert error.value.code == 1412
    world.engine.commit(b)
    assert late.get(b, 0, 1) is None


def test_read_uncommitted_through_a_secondary_index(world: World) -> None:
    table = table_of(world)
    a, b = world.trx("A"), world.trx("B", RU)
    world.engine.begin(a)
    set_k(world, table, 3, 1, a)
    world.delete(table, lambda r: r[0] == 8, a)
    assert [r[0] for r in world.rows(table, b, index=1)] == [3, 1, 2, 4, 5, 6, 7]
    assert b.view is None


def test_the_spelling_of_a_string_key_changes_in_place(world: World) -> None:
    table = world.create("id INT NOT NULL,s VARCHAR(10)", "PRIMARY id", "KEY s")
    world.insert(table, (1, "abc"), (2, "b"))
    a, b = world.trx("A"), world.trx("B")
    world.engine.begin(b)
    world.rows(table, b)
    world.update(table, lambda r: r[0] == 1, lambda r: (1, "ABC"), a)
    assert world.rows(table, b, index=1, covering=True, ranges=[FULL]) == [("abc", 1), ("b", 2)]
    assert world.rows(table, a, index=1, covering=True, ranges=[FULL]) == [("ABC", 1), ("b", 2)]
    assert table.check().ok


def test_definitions_describe_what_the_helper_says() -> None:
    tdef = definition("a INT NOT NULL,b VARCHAR(5)", ["PRIMARY a", "UNIQUE b a"])
    assert [(i.name, i.columns, i.unique) for i in tdef.indexes] == [("PRIMARY", (0,), True), ("b", (1, 0), True)]
