"""Statements, checkpoints, purges and definitions between any two steps of a backup: it holds a state that was acknowledged between
its begin and its end, and is sound.  Deterministic and exhaustive over the positions of a small database."""

from __future__ import annotations

import os

import pytest

from minidb.storage.fault_file import FaultFileSystem
from tests.backup.backup_kit import Action, Running, TickingFileSystem, World, sql
from tests.conftest import Tell

LONG = os.environ.get("MINIDB_CRASH") == "long"

PREPARE = [
    sql("CREATE TABLE t (id INT PRIMARY KEY, a INT, s VARCHAR(150), KEY (a))"),
    sql("CREATE TABLE gone (id INT PRIMARY KEY, w TEXT)"),
    sql("INSERT INTO t VALUES " + ",".join(f"({i}, {i % 7}, REPEAT('s', {i * 2}))" for i in range(70))),
    sql("INSERT INTO gone VALUES (1, REPEAT('one', 3000)), (2, 'two')"),
    lambda world: world.database.flush(),
]


def checkpoint(world: World) -> None:
    world.database.flush()
    assert world.database.durable is not None
    redo = world.database.durable.redo
    redo.checkpoint(redo.lsn)


ROWS: list[Action] = [
    sql("UPDATE t SET a = a + 10, s = CONCAT(s, '!') WHERE id < 35"),
    sql("BEGIN", "B"),
    sql("INSERT INTO gone VALUES (100, REPEAT('never', 2500))", "B"),
    sql("DELETE FROM t WHERE id BETWEEN 10 AND 30"),
    checkpoint,
    sql("INSERT INTO t SELECT id + 200, a, s FROM t"),
    lambda world: world.database.purge(),
    sql("ROLLBACK", "B"),
    sql("UPDATE gone SET w = REPEAT('w', 20000) WHERE id = 2"),
    checkpoint,
]
DEFINITIONS: list[Action] = [
    sql("ALTER TABLE t ADD INDEX s (s), DROP INDEX a"),
    sql("CREATE TABLE c AS SELECT id, a FROM t"),
    sql("ALTER TABLE t ADD COLUMN z INT DEFAULT 7"),
    sql("RENAME TABLE gone TO moved"),
    checkpoint,
    sql("CREATE TABLE gone (other INT)"),
    sql("TRUNCATE TABLE c"),
    sql("INSERT INTO gone VALUES (5)"),
    sql("DROP TABLE moved"),
    sql("CREATE DATABASE d2"),
    sql("RENAME TABLE gone TO d2.gone"),
    sql("DROP TABLE c"),
    sql("ALTER TABLE d2.gone RENAME d2.again"),
    sql("DROP DATABASE d2"),
]


def new_world(fs: FaultFileSystem | None = None) -> World:
    world = World(fs=fs)
    for action in PREPARE:
        action(world)
    world.note()
    return world


def length() -> int:
    """Steps of an undisturbed backup."""
    running = Running(new_world())
    running.finish("alone")
    return running.count


@pytest.mark.parametrize("actions", [ROWS, DEFINITIONS], ids=["rows", "definitions"])
@pytest.mark.parametrize("together", [1, 3, 99])
def test_things_happen_between_two_steps(actions: list[Action], together: int, tell: Tell) -> None:
    """For every position in the backup and every action: it and those behind it, so many together, happen there.  (Every other
    position for the parts unless MINIDB_CRASH=long.)"""
    total, count = length(), 0
    assert total > 8
    whole = together > len(actions)
    for first in range(1 if whole else len(actions)):
        for position in range(first % 3, total, 1 if whole or LONG else 3):
            world = new_world()
            for action in actions[:first]:
                action(world)
                world.note()
            running = Running(world)
            running.step(position)
            if running.done:
                break
            for action in actions[first : first + together]:
                action(world)
                world.note()
            running.finish(f"actions {first} and behind at position {position}", prepared=(first + position) % 3 != 0)
            count += 1
    tell(f"{count} interleavings")


@pytest.mark.parametrize("actions", [ROWS, DEFINITIONS], ids=["rows", "definitions"])
@pytest.mark.parametrize("burst", [1, 2, 5])
def test_one_thing_after_each_step(actions: list[Action], burst: int, tell: Tell) -> None:
    """The backup begins before each of the actions; then `burst` of its steps and one action take turns."""
    count = 0
    for first in range(len(actions)):
        world = new_world()
        for action in actions[:first]:
            action(world)
            world.note()
        running = Running(world)
        for action in actions[first:]:
            running.step(burst)
            if running.done:
                break
            action(world)
            world.note()
        running.finish(f"begun before action {first}, burst {burst}", prepared=first % 3 != 0)
        count += running.count
    tell(f"{count} steps")


class Ticker:
    """Begins a backup at the `start`-th tick and makes `burst` of its steps at each tick from there on."""

    def __init__(self, start: int, burst: int) -> None:
        self.start = start
        self.burst = burst
        self.ticks = 0
        self.running: Running | None = None

    def __call__(self, world: World) -> None:
        self.ticks += 1
        if self.ticks == self.start:
            self.running = Running(world)
        elif self.running is not None:
            self.running.step(self.burst)


def play_ticking(actions: list[Action], ticker: Ticker) -> None:
    fs = TickingFileSystem()
    fs.world = new_world(fs)
    fs.tick = ticker
    for action in actions:
        action(fs.world)
        fs.tick = None
        fs.world.note()
        fs.tick = ticker
    fs.tick = None


@pytest.mark.parametrize("actions", [ROWS, DEFINITIONS], ids=["rows", "definitions"])
@pytest.mark.parametrize("burst", [1, 6])
def test_steps_inside_statements(actions: list[Action], burst: int, tell: Tell) -> None:
    """The backup goes on whenever the owner has called the disk, and in the middle of every write: pages are seen torn, groups of
    the log half written, files before they are renamed.  (A sample of the beginnings unless MINIDB_CRASH=long.)"""
    idle = Ticker(0, 0)
    play_ticking(actions, idle)
    count = 0
    for start in range(1, idle.ticks, 1 if LONG else 11):
        ticker = Ticker(start, burst)
        play_ticking(actions, ticker)
        assert ticker.running is not None
        ticker.running.finish(f"begun at tick {start}, burst {burst}", prepared=start % 3 != 0)
        count += 1
    tell(f"{count} of {idle.ticks} beginnings")
