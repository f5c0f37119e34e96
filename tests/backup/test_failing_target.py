"""For all n the n-th call to the target's disk fails, or the power goes: what is there is a whole backup or not taken for one."""

from __future__ import annotations

import errno
import random

import pytest

from minidb.backup.backup import copy_database
from minidb.dictionary import Dictionary
from minidb.errors import Error
from minidb.scheduler import StepScheduler
from minidb.storage.fault_file import Fault, FaultFileSystem, Platter
from tests.backup.backup_kit import World, sql
from tests.conftest import Tell
from tests.crash.crash_kit import State, open_database, state_of

CHANGING = frozenset(("write", "sync", "truncate", "create", "remove", "rename", "sync_dir", "mkdir", "rmdir"))


def source() -> tuple[World, State]:
    world = World()
    for action in (sql("CREATE TABLE t (id INT PRIMARY KEY, s TEXT, KEY (s(10)))"), sql("CREATE TABLE m (a INT) ENGINE=MyISAM"),
                   sql("INSERT INTO t VALUES (1, 'one'), (2, REPEAT('two', 6000))"), sql("INSERT INTO m VALUES (1), (2)"),
                   sql("BEGIN", "B"), sql("DELETE FROM t", "B")):
        action(world)
    world.note()
    return world, world.states[0]


def copy(world: World, target: FaultFileSystem, prepared: bool) -> None:
    copy_database(world.fs, target, prepared=prepared, leaf_capacity=30, scheduler=StepScheduler())


def is_whole_or_nothing(target: FaultFileSystem, expected: State, where: str, prepared: bool) -> bool:
    """Is there a backup?  If so it is whole."""
    if not Dictionary.exists(target):
        return False
    database = open_database(target, 12)
    assert state_of(database) == expected, where
    if prepared:
        assert database.recovered == [] and database.check() == [], where
    return True


@pytest.mark.parametrize("prepared", [True, False])
@pytest.mark.parametrize(("number", "for_good", "short"), [(errno.EIO, False, False), (errno.ENOSPC, True, True)])
def test_every_call_to_the_target_fails(number: int, for_good: bool, short: bool, prepared: bool) -> None:
    world, expected = source()
    target = FaultFileSystem()
    target.fail(Fault(1 << 60, kinds=CHANGING))
    copy(world, target, prepared)
    total = target.calls
    assert total > 50 and is_whole_or_nothing(target, expected, "no failure", prepared)
    for at in range(1, total + 1):
        target = FaultFileSystem()
        target.fail(Fault(at, number, for_good, short, CHANGING))
        with pytest.raises((Error, OSError)):
            copy(world, target, prepared)
        target.fail(None)
        found = is_whole_or_nothing(target, expected, f"call {at} of {total}", prepared)
        if not for_good:
            assert not found and target.listdir("") == [], f"call {at}"


def test_every_call_to_the_source_fails() -> None:
    world, _ = source()
    world.fs.fail(Fault(1 << 60))
    copy(world, FaultFileSystem(), True)
    for at in range(1, world.fs.calls + 1):
        target = FaultFileSystem()
        world.fs.fail(Fault(at, errno.EIO))
        with pytest.raises((Error, OSError)):
            copy(world, target, True)
        assert target.listdir("") == [], f"call {at}"
    world.fs.fail(None)


def test_the_power_goes_anywhere(tell: Tell) -> None:
    """What is on the target's disk after a power cut is a whole backup or refused; when success was reported it is whole."""
    world, expected = source()
    target = FaultFileSystem()
    copy(world, target, True)
    rng = random.Random(3)
    platter = Platter(target.base)
    found = {True: 0, False: 0}
    for position, event in enumerate(target.events):
        platter.replay(event)
        for variant, image in platter.variants(rng):
            found[is_whole_or_nothing(FaultFileSystem(image), expected, f"event {position}, {variant}", True)] += 1
    assert found[True] and found[False]
    assert is_whole_or_nothing(FaultFileSystem(platter.outcome([], 0)), expected, "the end", True)
    tell(f"{found[True]} whole, {found[False]} nothing")
