"""Rollback of rows, statements, savepoints and transactions; the undo log's pages."""

from __future__ import annotations

import pytest

from minidb.errors import Error
from minidb.innodb.undo import MAX_SLOTS
from tests.door.world import World


@pytest.fixture
def world() -> World:
    return World()


def table_of(world: World, rows: int = 20):
    table = world.create("id INT NOT NULL,u INT,k INT,s VARCHAR(20)", "PRIMARY id", "UNIQUE u", "KEY k s")
    world.insert(table, *((i, i, i % 3, f"s{i % 5}") for i in range(rows)))
    return table


def churn(world: World, table, trx) -> None:
    """All kinds of changes, some of them over one another."""
    world.update(table, lambda r: r[0] % 2 == 0, lambda r: (r[0], r[1], r[2] + 10, r[3]), trx)
    world.delete(table, lambda r: r[0] % 5 == 0, trx)
    world.insert(table, (5, 500, 1, "again"), (100, 100, 1, "new"), trx=trx)
    world.update(table, lambda r: r[0] == 7, lambda r: (70, r[1], r[2], r[3]), trx)
    world.update(table, lambda r: r[0] == 100, lambda r: (r[0], 101, 5, "changed"), trx)
    world.delete(table, lambda r: r[0] == 100, trx)
    world.update(table, lambda r: r[0] == 70, lambda r: (7, r[1], 99, r[3]), trx)


def test_rollback_restores_everything(world: World) -> None:
    table = table_of(world)
    before = world.rows(table)
    trx = world.trx()
    world.engine.begin(trx)
    churn(world, table, trx)
    assert world.rows(table) != before
    world.engine.rollback(trx)
    assert world.rows(table) == before
    assert table.check().ok
    assert trx.undo_records == 0 and trx.id == 0 and not trx.active


def test_rollback_while_somebody_reads_the_old_versions(world: World) -> None:
    table = table_of(world)
    reader, trx = world.trx("R"), world.trx()
    world.engine.begin(reader)
    before = world.rows(table, reader)
    for end in (world.engine.commit, world.engine.rollback):
        world.engine.begin(trx)
        churn(world, table, trx)
        end(trx)
        world.innodb.purge_all()
        assert world.rows(table, reader) == before
        assert [r for k in range(3) for r in world.rows(table, reader, index=2)][: len(before)] == sorted(
            before, key=lambda r: (r[2], r[3], r[0])
        )
        assert table.check().ok
    world.engine.commit(reader)
    world.innodb.purge_all()
    assert table.check().ok


def test_a_failed_row_leaves_nothing(world: World) -> None:
    """The clustered record and the first index entry are in when the unique key refuses."""
    table = table_of(world)
    trx = world.trx()
    world.engine.begin(trx)
    before = world.rows(table, trx)
    world.engine.begin_statement(trx)
    table.insert(trx, (200, 200, 0, "x"))
    with pytest.raises(Error):
        table.insert(trx, (201, 5, 0, "x"))
    world.engine.end_statement(trx, True)
    assert [r[0] for r in world.rows(table, trx) if r not in before] == [200]
    assert trx.undo_records == 1
    world.engine.commit(trx)
    assert table.check().ok


def test_a_failed_statement_is_undone_and_the_transaction_goes_on(world: World) -> None:
    table = table_of(world)
    trx = world.trx()
    world.engine.begin(trx)
    world.insert(table, (300, 300, 0, "kept"), trx=trx)
    with pytest.raises(Error):
        world.insert(table, (301, 301, 0, "a"), (302, 5, 0, "duplicate"), trx=trx)
    assert trx.active and trx.undo_records == 1
    world.engine.commit(trx)
    assert {r[0] for r in world.rows(table)} & {300, 301, 302} == {300}


def test_savepoints(world: World) -> None:
    table = table_of(world, 3)
    engine, trx = world.engine, world.trx()
    engine.begin(trx)
    world.insert(table, (10, 10, 0, "a"), trx=trx)
    engine.savepoint(trx, "s1")
    world.insert(table, (11, 11, 0, "b"), trx=trx)
    engine.savepoint(trx, "s2")
    world.delete(table, lambda r: r[0] == 10, trx)
    assert engine.rollback_to(trx, "S1"), "names ignore case"
    assert [r[0] for r in world.rows(table, trx)] == [0, 1, 2, 10]
    assert not engine.rollback_to(trx, "s2"), "a later savepoint is gone"
    assert engine.rollback_to(trx, "s1"), "the savepoint itself stays"
    engine.savepoint(trx, "other")
    engine.savepoint(trx, "s1")
    assert engine.release_savepoint(trx, "other") and not engine.rollback_to(trx, "s1"), "releasing takes later ones along"
    engine.commit(trx)
    assert not engine.release_savepoint(trx, "other")
    assert [r[0] for r in world.rows(table)] == [0, 1, 2, 10]


def test_a_savepoint_before_the_first_use_gives_the_locks_back(world: World) -> None:
    table = table_of(world)
    engine, trx = world.engine, world.trx()
    engine.begin(trx)
    engine.savepoint(trx, "early")
    world.rows(table, trx)
    world.delete(table, lambda r: r[0] == 1, trx)
    assert trx.locks.objects and trx.view is not None
    assert engine.rollback_to(trx, "early")
    assert not trx.locks.objects and trx.view is None and trx.active
    assert engine.rollback_to(trx, "early")


def test_a_log_over_many_pages(world: World) -> None:
    table = world.create("id INT NOT NULL,v VARCHAR(200)", "PRIMARY id")
    trx = world.trx()
    world.insert(table, *((i, "x" * 150) for i in range(200)))
    before = world.rows(table)
    world.engine.begin(trx)
    for n in range(5):
        world.update(table, lambda r: True, lambda r, n=n: (r[0], str(n) * 150), trx)
    assert len(trx.log_pages) > 3
    assert trx.undo_records == 1000
    reader = world.trx("R")
    world.engine.begin(reader)
    assert world.rows(table, reader) == before
    world.engine.rollback(trx)
    assert world.rows(table) == before
    assert world.innodb.core.undo.check() == []


def test_undo_of_inserts_is_dropped_at_commit(world: World) -> None:
    table = table_of(world, 0)
    undo, pages = world.innodb.core.undo, world.innodb.core.space.used_count
    for n in range(10):
        world.insert(table, *((n * MAX_SLOTS + i, None, 0, "x") for i in range(MAX_SLOTS)))
    assert not world.innodb.core.system.history
    assert world.innodb.core.space.used_count <= pages + 2
    assert undo.check() == []


def test_undo_pages_come_back_after_purge(world: World) -> None:
    table = table_of(world)
    core = world.innodb.core
    for _ in range(300):
        world.update(table, lambda r: r[0] < 5, lambda r: (*r[:2], r[2] + 1, r[3]))
    used = core.space.used_count
    assert len(core.system.history) == 300 and used > 3
    world.innodb.purge_all()
    assert not core.system.history and core.space.used_count < used
    assert core.undo.check() == [] and table.check().ok


def test_long_values_are_freed_when_their_last_version_goes(world: World) -> None:
    table = world.create("id INT NOT NULL,k INT,body TEXT", "PRIMARY id", "KEY k")
    space = table.dict_table.space
    empty = space.used_count
    trx = world.trx()
    world.insert(table, (1, 1, "a" * 50_000), (2, 2, "b" * 50_000))
    with_two = space.used_count
    world.engine.begin(trx)
    world.update(table, lambda r: r[0] == 1, lambda r: (1, 5, r[2]), trx)
    assert space.used_count == with_two, "an unchanged value is shared by both versions"
    world.update(table, lambda r: r[0] == 1, lambda r: (1, 5, "c" * 50_000), trx)
    assert space.used_count > with_two
    world.engine.rollback(trx)
    assert space.used_count == with_two
    world.update(table, lambda r: r[0] == 1, lambda r: (1, 1, "short"))
    world.delete(table, lambda r: r[0] == 2)
    world.innodb.purge_all()
    assert space.used_count == empty
    assert world.rows(table) == [(1, 1, "short")] and table.check().ok


def test_a_row_that_cannot_be_shortened_is_refused(world: World) -> None:
    columns = ",".join(f"c{i} VARCHAR(190)" for i in range(60))
    table = world.create(f"id INT NOT NULL,{columns}", "PRIMARY id")
    with pytest.raises(Error) as error:
        world.insert(table, (1, *["x" * 190] * 60))
    assert error.value.code == 1118
    assert world.rows(table) == [] and table.check().ok
