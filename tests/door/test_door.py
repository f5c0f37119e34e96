"""What both engines promise at the door, in autocommit mode."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from minidb.catalog import IndexDef, IndexPart
from minidb.engine import KeyRange, ReadMode, Work
from minidb.errors import Error
from tests.door.world import World

LETTERS = "abcdefghij"


@pytest.fixture(params=["InnoDB", "MyISAM"])
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param)


def people(world: World):
    """Twelve rows, keys out of order, with a unique, a plain and a composite index."""
    table = world.create(
        "id INT NOT NULL,name VARCHAR(20),age INT,town VARCHAR(10)", "PRIMARY id", "UNIQUE name", "KEY age", "KEY town age"
    )
    order = [7, 3, 11, 1, 9, 5, 12, 2, 8, 4, 10, 6]
    world.insert(table, *((i, f"name{i:02}", i % 4, "abc"[i % 3]) for i in order))
    return table


def test_rows_come_back_by_key_and_by_scan(world: World) -> None:
    table = people(world)
    trx = world.trx()
    assert table.get(trx, 0, 7)[:4] == (7, "name07", 3, "b")
    assert table.get(trx, 0, 99) is None
    assert table.get(trx, 1, table.key_maker(1)(("NAME03",)))[:1] == (3,), "the collation ignores case"
    assert sorted(r[0] for r in world.rows(table)) == list(range(1, 13))


def test_lookup_by_a_prefix_of_a_composite_index(world: World) -> None:
    table = people(world)
    found = [r[:4] for r in table.lookup(world.trx(), 3, (table.key_maker(1)(("a",)),))]
    assert [r[2] for r in found] == sorted(r[2] for r in found), "in index order"
    assert {r[0] for r in found} == {3, 6, 9, 12}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    ("key_range", "wanted"),
    [
        (KeyRange((3,), (6,)), [3, 4, 5, 6]),
        (KeyRange((3,), (6,), False, False), [4, 5]),
        (KeyRange(None, (3,)), [1, 2, 3]),
        (KeyRange((11,), None, False), [12]),
        (KeyRange((20,), None), []),
        (KeyRange((5,), (5,)), [5]),
    ],
)
def test_ranges_of_the_primary_key(world: World, key_range: KeyRange, wanted: list[int], reverse: bool) -> None:
    table = people(world)
    found = [r[0] for r in world.rows(table, index=0, ranges=[key_range], reverse=reverse)]
    assert found == (wanted[::-1] if reverse else wanted)


def test_several_ranges_are_walked_in_order_and_from_the_last(world: World) -> None:
    table = people(world)
    ranges = [KeyRange((2,), (3,)), KeyRange((9,), (9,)), KeyRange((11,), None)]
    assert [r[0] for r in world.rows(table, index=0, ranges=ranges)] == [2, 3, 9, 11, 12]
    assert [r[0] for r in world.rows(table, index=0, ranges=ranges, reverse=True)] == [12, 11, 9, 3, 2]


def test_a_covering_scan_delivers_entries(world: World) -> None:
    table = people(world)
    layout = table.entry_layout(3)
    assert layout[:2] == (3, 2)
    entries = world.rows(table, index=3, ranges=[KeyRange()], covering=True)
    assert [(e[0], e[1]) for e in entries] == sorted((r[3], r[2]) for r in world.rows(table))


def test_an_index_condition_sees_entries(world: World) -> None:
    table = people(world)
    found = world.rows(table, index=2, ranges=[KeyRange((1,), None)], condition=lambda entry: entry[0] == 3)
    assert sorted(r[0] for r in found) == [3, 7, 11]


def test_duplicate_keys_are_refused_and_told(world: World) -> None:
    table = people(world)
    with pytest.raises(Error) as error:
        world.insert(table, (20, "Name05", 0, "z"))
    assert error.value.code == 1062 and "'Name05' for key" in error.value.message
    with pytest.raises(Error) as error:
        world.insert(table, (5, "new", 0, "z"))
    assert "Duplicate entry '5' for key 'PRIMARY'" in error.value.message
    assert len(world.rows(table)) == 12 and table.check().ok


def test_the_duplicate_row_can_be_had_for_replace(world: World) -> None:
    table = people(world)
    trx = world.trx()
    world.engine.begin_statement(trx)
    with pytest.raises(Error):
        table.insert(trx, (20, "name05", 0, "z"))
    found = table.duplicate_of(trx)
    assert found is not None
    index, row = found
    assert (index, row[:2]) == (1, (5, "name05"))
    table.update(trx, row, (5, "changed", 1, "q"))
    world.engine.end_statement(trx, True)
    world.engine.commit(trx)
    assert table.get(trx, 0, 5)[:4] == (5, "changed", 1, "q")


def test_nulls_are_no_duplicates_of_one_another(world: World) -> None:
    table = world.create("id INT NOT NULL,u INT", "PRIMARY id", "UNIQUE u")
    world.insert(table, (1, None), (2, None), (3, 5))
    assert [r[0] for r in world.rows(table, index=1)] == [1, 2, 3], "NULL sorts first"
    with pytest.raises(Error):
        world.insert(table, (4, 5))


def test_update_moves_index_entries(world: World) -> None:
    table = people(world)
    assert world.update(table, lambda r: r[2] == 1, lambda r: (r[0], r[1], 50, r[3])) == 3
    assert sorted(r[0] for r in world.rows(table, index=2, ranges=[KeyRange((50,), (50,))])) == [1, 5, 9]
    assert world.rows(table, index=2, ranges=[KeyRange((1,), (1,))]) == []
    assert table.check().ok


def test_update_of_the_primary_key(world: World) -> None:
    table = people(world)
    world.update(table, lambda r: r[0] == 4, lambda r: (40, *r[1:]))
    assert table.get(world.trx(), 0, 4) is None and table.get(world.trx(), 0, 40)[1] == "name04"
    with pytest.raises(Error) as error:
        world.update(table, lambda r: r[0] == 40, lambda r: (5, *r[1:]))
    assert error.value.code == 1062
    assert table.get(world.trx(), 0, 40) is not None and table.check().ok


def test_delete_and_insert_again(world: World) -> None:
    table = people(world)
    assert world.delete(table, lambda r: r[0] % 2 == 0) == 6
    assert sorted(r[0] for r in world.rows(table)) == [1, 3, 5, 7, 9, 11]
    world.insert(table, (2, "name02", 9, "z"))
    assert table.get(world.trx(), 0, 2)[:4] == (2, "name02", 9, "z")
    assert table.check().ok


def test_a_table_without_a_primary_key(world: World) -> None:
    table = world.create("a INT,b VARCHAR(5)", "KEY a")
    world.insert(table, (1, "x"), (1, "x"), (2, "y"))
    assert sorted(world.rows(table)) == [(1, "x"), (1, "x"), (2, "y")]
    world.delete(table, lambda r: r[0] == 2)
    assert [r[:2] for r in table.lookup(world.trx(), 0, (1,))] == [(1, "x"), (1, "x")]
    assert table.check().ok


def test_values_of_every_size(world: World) -> None:
    table = world.create("id INT NOT NULL,body TEXT,money DECIMAL(10),raw BLOB", "PRIMARY id", "KEY body(4)")
    long, raw = "ä" * 30_000, bytes(range(256)) * 200
    world.insert(table, (1, long, Decimal(5), raw), (2, "short", None, b""), (3, None, Decimal(7), None))
    assert sorted(world.rows(table), key=lambda r: r[0]) == [
        (1, long, Decimal(5), raw), (2, "short", None, b""), (3, None, Decimal(7), None),
    ]
    world.update(table, lambda r: r[0] == 1, lambda r: (1, long, Decimal(6), raw))
    assert table.get(world.trx(), 0, 1)[:4] == (1, long, Decimal(6), raw)
    world.update(table, lambda r: r[0] == 1, lambda r: (1, "now short", Decimal(6), None))
    world.delete(table, lambda r: r[0] == 2)
    assert table.check().ok
    assert [r[0] for r in world.rows(table)] == [1, 3]


def test_auto_increment_numbers(world: World) -> None:
    table = world.create("id INT NOT NULL AUTO_INCREMENT,v INT", "PRIMARY id", auto_increment=5)
    trx = world.trx()
    assert table.next_auto_increment(trx, 3) == 5
    world.insert(table, (5, 0), (6, 0), (7, 0))
    world.insert(table, (20, 0))
    table.note_auto_increment(trx, 20)
    assert table.next_auto_increment(trx, 1) == 21
    table.set_auto_increment(3)
    assert table.next_auto_increment(trx, 1) == 21, "never below the largest present number + 1"


def test_everything_survives_closing(world: World) -> None:
    table = people(world)
    world.delete(table, lambda r: r[0] == 3)
    before = sorted(world.rows(table))
    world.reopen()
    table = world.open(table)
    assert sorted(world.rows(table)) == before
    assert table.check(extended=True).ok
    world.insert(table, (3, "again", 1, "c"))
    assert len(world.rows(table)) == 12


def test_a_small_pool_reads_pages_back(world: World) -> None:
    world.pool_pages = 8
    world.start()
    table = world.create("id INT NOT NULL,v VARCHAR(30)", "PRIMARY id", "KEY v")
    rows = [(i, f"value {i * 7919 % 1000:04}") for i in range(300)]
    world.insert(table, *rows)
    assert sorted(world.rows(table)) == rows
    assert [r[1] for r in world.rows(table, index=1)] == sorted(v for _, v in rows)
    assert table.check().ok


def test_truncate_drop_and_rename(world: World) -> None:
    table = people(world)
    tdef = table.tdef
    world.engine.truncate_table(tdef)
    assert world.rows(table) == [] and table.check().ok
    world.insert(table, (1, "x", 1, "a"))
    new = tdef.evolve(name="t2")
    world.engine.rename_table(tdef, new)
    moved = world.engine.open_table(new)
    assert world.rows(moved) == [(1, "x", 1, "a")]
    with pytest.raises(Error) as error:
        world.engine.open_table(tdef.evolve(id=77))
    assert error.value.code in (1932, 1017)  # known, but its files are missing: InnoDB, MyISAM
    world.engine.drop_table(new)
    assert not [name for name in world.fs.listdir("d") if name.startswith("t")]


SORT_BYTES = 1 << 20


def test_an_index_is_added_and_removed_in_place() -> None:
    world = World("InnoDB")
    engine = world.innodb
    table = people(world)
    old = table.tdef
    new = old.evolve(indexes=(*old.indexes[:3], IndexDef(900, "town", (IndexPart(3),))))
    engine.build_indexes(old, new, SORT_BYTES)
    engine.update_definition(old, new)
    world.definitions[old.id] = new
    table = world.open(table)
    assert [r[3] for r in world.rows(table, index=3)] == sorted("abc"[i % 3] for i in range(1, 13))
    assert table.check().ok
    world.insert(table, (30, "n", 1, "z"))
    engine.build_indexes(new, old, SORT_BYTES)
    engine.take_back_indexes(new, old)
    table = world.open(table)
    assert [r[3] for r in world.rows(table, index=3)][-1] == "z"
    assert table.check().ok


def test_nothing_is_left_of_indexes_of_which_the_second_is_refused() -> None:
    world = World("InnoDB")
    table = people(world)
    old = table.tdef
    unique = IndexDef(901, "a2", (IndexPart(2),), True)
    for indexes in ((*old.indexes[1:], IndexDef(900, "n", (IndexPart(1),)), unique), (*old.indexes, unique)):
        with pytest.raises(Error) as error:
            world.innodb.build_indexes(old, old.evolve(indexes=indexes), SORT_BYTES)
        assert error.value.code == 1062 and "Duplicate entry '0'" in error.value.message
        table = world.open(table)
        assert table.check().ok and len(world.rows(table)) == 12


@pytest.mark.parametrize("pool_pages", [None, 6])
@pytest.mark.parametrize("descending", [False, True])
def test_a_new_table_is_filled_at_once(world: World, pool_pages: int | None, descending: bool) -> None:
    world.pool_pages = pool_pages
    world.start()
    table = world.create("id INT NOT NULL,name VARCHAR(20),n INT", "PRIMARY id", "UNIQUE name", "KEY n")
    rows = [(i, f"name {i * 7919 % 1000:04}", i % 7) for i in range(700)]
    if descending:
        rows.reverse()
    loader = world.engine.loader(table.tdef, 1)
    for start in range(0, len(rows), 50):
        loader.add(rows[start : start + 50])
    loader.finish()
    table = world.open(table)
    assert sorted(world.rows(table)) == sorted(rows)
    assert [r[1] for r in world.rows(table, index=1)] == sorted(name for _, name, _ in rows)
    assert [r[2] for r in world.rows(table, index=2)] == sorted(n for _, _, n in rows)
    assert table.check().ok
    world.insert(table, (5000, "after", 3))
    assert table.check().ok


@pytest.mark.parametrize("key", ["PRIMARY id", "UNIQUE n"])
def test_a_duplicate_is_noticed_while_a_table_is_filled(world: World, key: str) -> None:
    table = world.create("id INT NOT NULL,n INT", key)
    loader = world.engine.loader(table.tdef, SORT_BYTES)
    with pytest.raises(Error) as error:
        loader.add([(4, 4), (2, 2), (9, 9), (None, None) if key == "UNIQUE n" else (1, 1)])
        loader.add([(2, 2), (7, 7)])
        loader.finish()
    assert error.value.code == 1062 and "'2'" in error.value.message
    world.engine.drop_table(table.tdef)
    assert world.fs.listdir("d") == []


def test_work_is_counted(world: World) -> None:
    table = people(world)
    work = Work()
    counted = table.counted(work)
    counted.get(world.trx(), 0, 5)
    assert work.descents >= 1 and work.pages_hit >= 1
    before = work.descents
    counted.lookup(world.trx(), 2, (1,))
    assert work.descents > before
    world.engine.commit(world.trx())


def test_estimates_are_near(world: World) -> None:
    table = world.create("id INT NOT NULL,k INT", "PRIMARY id", "KEY k")
    world.insert(table, *((i, i // 10) for i in range(400)))
    assert abs(table.estimate(0, KeyRange((100,), (199,))) - 100) <= 60
    assert abs(table.estimate(1, KeyRange((3,), (3,))) - 10) <= 8
    assert table.estimate(0, KeyRange((5,), (4,))) == 0
    assert abs(table.stats().rows - 400) <= 200


def test_the_tree_can_be_drawn(world: World) -> None:
    table = people(world)
    lines = table.dump_tree(0)
    assert lines[0][0] >= 1 and lines[-1][0] == 0, "top-down"
    assert sum(line[4] for line in lines if line[0] == 0) == 12


def test_a_failing_statement_of_many_rows(world: World) -> None:
    """InnoDB undoes it, MyISAM keeps the rows before the failure."""
    table = people(world)
    with pytest.raises(Error):
        world.insert(table, (21, "a", 1, "a"), (22, "b", 1, "a"), (5, "c", 1, "a"), (23, "d", 1, "a"))
    present = {r[0] for r in world.rows(table)} & {21, 22, 23}
    assert present == (set() if world.engine.transactional else {21, 22})
    assert table.check().ok


def test_random_changes_keep_table_and_indexes_in_step(world: World) -> None:
    rng = random.Random(5)
    table = world.create("id INT NOT NULL,u VARCHAR(10),k INT", "PRIMARY id", "UNIQUE u", "KEY k u")
    model: dict[int, tuple[str, int]] = {}
    for _ in range(400):
        i, u, k = rng.randrange(60), rng.choice(LETTERS) * rng.randrange(1, 4), rng.randrange(5)
        taken = any(v[0] == u and key != i for key, v in model.items())
        action = rng.random()
        if action < 0.5:
            if i in model or taken:
                with pytest.raises(Error):
                    world.insert(table, (i, u, k))
            else:
                world.insert(table, (i, u, k))
                model[i] = (u, k)
        elif action < 0.8 and i in model:
            row = table.get(world.trx(), 0, i, ReadMode.EXCLUSIVE)

            def change(row=row, new=(i, u, k)) -> None:
                table.update(world.trx(), row, new)

            world.engine.commit(world.trx())
            if taken:
                with pytest.raises(Error):
                    world.change(world.trx(), change)
            else:
                world.change(world.trx(), change)
                model[i] = (u, k)
        elif i in model:
            world.delete(table, lambda r, i=i: r[0] == i)
            del model[i]
    assert sorted(world.rows(table)) == sorted((i, *v) for i, v in model.items())
    assert [r[1] for r in world.rows(table, index=1)] == sorted(u for u, _ in model.values())
    assert table.check(extended=False).ok
