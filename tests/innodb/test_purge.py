"""Purge: what it removes, what it must leave, and in which order."""

from __future__ import annotations

import pytest

from minidb.engine import KeyRange, ReadMode
from minidb.trace import Recorder, RecordPurged
from tests.door.world import World


@pytest.fixture
def world() -> World:
    return World()


def table_of(world: World):
    table = world.create("id INT NOT NULL,k INT", "PRIMARY id", "KEY k")
    world.insert(table, *((i, i) for i in range(10)))
    return table


def stored(table, index: int | None = None) -> int:
    """Records that are physically there, delete-marked ones too."""
    data = table.dict_table
    return (data.clustered if index is None else data.by_ordinal[index]).tree.record_count()


def test_deleted_rows_stay_until_purge(world: World) -> None:
    table = table_of(world)
    world.delete(table, lambda r: r[0] < 4)
    assert (stored(table), stored(table, 1)) == (10, 10)
    assert world.innodb.purge_all() == 1
    assert (stored(table), stored(table, 1)) == (6, 6)
    assert table.check().ok


def test_an_old_view_holds_purge_back(world: World) -> None:
    table = table_of(world)
    reader = world.trx("R")
    world.engine.begin(reader)
    world.rows(table, reader)
    world.delete(table, lambda r: r[0] < 4)
    world.update(table, lambda r: r[0] == 5, lambda r: (5, 50))
    assert world.innodb.purge_all() == 0
    assert world.innodb.status()["Innodb_history_list_length"] == 2
    world.engine.commit(reader)
    assert world.innodb.purge_all() == 2
    assert (stored(table), stored(table, 1)) == (6, 6)


def test_a_view_in_the_middle_lets_the_older_half_go(world: World) -> None:
    table = table_of(world)
    world.delete(table, lambda r: r[0] == 1)
    reader = world.trx("R")
    world.engine.begin(reader)
    world.rows(table, reader)
    world.delete(table, lambda r: r[0] == 2)
    assert world.innodb.purge_all() == 1
    assert stored(table) == 9


def test_a_record_in_use_again_is_left_alone(world: World) -> None:
    table = table_of(world)
    world.delete(table, lambda r: r[0] == 3)
    world.insert(table, (3, 3))
    world.update(table, lambda r: r[0] == 4, lambda r: (4, 40))
    world.update(table, lambda r: r[0] == 4, lambda r: (4, 4))
    world.innodb.purge_all()
    assert world.rows(table) == [(i, i) for i in range(10)]
    assert (stored(table), stored(table, 1)) == (10, 10)
    assert table.check().ok


def test_rollback_after_purge_of_the_deletion_removes_the_record(world: World) -> None:
    """The record was used again while purge passed by; when that is undone nobody else will remove it."""
    table = table_of(world)
    world.delete(table, lambda r: r[0] == 3)
    writer = world.trx("W")
    world.engine.begin(writer)
    world.insert(table, (3, 3), trx=writer)
    world.innodb.purge_all()
    world.engine.rollback(writer)
    assert stored(table) == 9 and stored(table, 1) == 9
    assert table.check().ok and len(world.rows(table)) == 9


def test_an_entry_that_an_active_version_needs_stays(world: World) -> None:
    table = table_of(world)
    world.update(table, lambda r: r[0] == 4, lambda r: (4, 40))
    writer = world.trx("W")
    world.engine.begin(writer)
    world.update(table, lambda r: r[0] == 4, lambda r: (4, 4), writer)
    world.innodb.purge_all()
    world.engine.rollback(writer)
    assert [r[0] for r in table.lookup(world.trx(), 1, (40,))] == [4]
    assert table.lookup(world.trx(), 1, (4,)) == []
    assert table.check().ok


def test_locks_of_a_purged_record_go_to_its_successor(world: World) -> None:
    table = table_of(world)
    world.delete(table, lambda r: r[0] == 3)
    holder = world.trx("H")
    world.engine.begin(holder)
    world.locked(table, holder, 0, [KeyRange((3,), (3,))], mode=ReadMode.SHARED)
    locks = world.innodb.locks
    assert "S rec (3) delete-marked" in " ".join(locks.held_by(holder.locks))
    world.innodb.purge_all()
    assert "S gap (4)" in " ".join(locks.held_by(holder.locks))
    assert locks.check() == []


def test_purge_tells_what_it_removes(world: World) -> None:
    table = table_of(world)
    world.delete(table, lambda r: r[0] == 3)
    recorder = Recorder()
    with world.scheduler.trace.to(recorder):
        world.innodb.purge_all()
    assert [(e.index, e.key) for e in recorder.of(RecordPurged)] == [("k", "(3, 3)"), ("PRIMARY", "3")]


def test_purge_forgets_dropped_and_truncated_tables(world: World) -> None:
    table, other = table_of(world), world.create("id INT NOT NULL,body TEXT", "PRIMARY id", name="o")
    world.insert(other, (1, "x" * 50_000))
    world.delete(table, lambda r: r[0] == 3)
    world.delete(other, lambda r: r[0] == 1)
    world.engine.drop_table(table.tdef)
    world.engine.truncate_table(other.tdef)
    assert world.innodb.purge_all() == 2
    assert world.rows(other) == [] and other.check().ok


def test_closing_purges_everything(world: World) -> None:
    table = table_of(world)
    world.delete(table, lambda r: r[0] < 4)
    world.engine.begin(world.trx("open"))
    world.insert(table, (100, 100), trx=world.trx("open"))
    world.reopen()
    table = world.open(table)
    assert (stored(table), stored(table, 1)) == (6, 6)
    assert world.innodb.core.space.used_count == 1, "no undo page is left"
    assert world.innodb.core.system.next_id > 3, "ids go on"
