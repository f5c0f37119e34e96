"""Backups of directories that a crash left: what recovery would make of them, without touching them.  Damage is told."""

from __future__ import annotations

import random

import pytest

from minidb.backup.backup import copy_database
from minidb.backup.copying import Copying
from minidb.backup.log_copy import LogCopy
from minidb.backup.target import Target
from minidb.errors import Error
from minidb.scheduler import StepScheduler
from minidb.storage.fault_file import FaultFileSystem, Image
from minidb.storage.log_reader import LogReader, Overrun
from minidb.storage.page import PAGE_SIZE
from minidb.storage.page_codec import header_of
from tests.backup.backup_kit import Running, World, sql
from tests.conftest import Tell
from tests.crash import workloads
from tests.crash.crash_kit import crashes, first_mark, open_database, orphans, record, state_of


def backup_of(image: Image, prepared: bool = True) -> tuple[FaultFileSystem, FaultFileSystem]:
    """(source, target) after a backup."""
    source, target = FaultFileSystem(image), FaultFileSystem()
    copy_database(source, target, prepared=prepared, leaf_capacity=30, scheduler=StepScheduler())
    return source, target


@pytest.mark.parametrize(("name", "stride"), [("transactions", 6), ("definitions", 2)])
def test_a_crashed_directory(name: str, stride: int, tell: Tell) -> None:
    """Crashes all over a workload, with lost and torn writes: the backup holds what recovery brings; the source is as it was."""
    rng = random.Random(19)
    fs, play = record(getattr(workloads, name), pool_pages=12)
    states = play.states
    count = 0
    for position, acknowledged, variant, image in crashes(fs, rng, 1, first_mark(fs), stride):
        count += 1
        if count % 4:
            continue
        source, target = backup_of(image, prepared=count % 8 == 0)
        assert source.events == []
        database = open_database(FaultFileSystem(target.platter().outcome([], 0)), 12)
        expected = state_of(open_database(source, 12))
        found = state_of(database)
        where = f"event {position}, {variant}"
        assert found == expected and found in states[acknowledged : acknowledged + 2], where
        assert database.check() == [] and not orphans(database), where
    assert count > 100
    tell(f"{count // 4} crashed directories")


def crashed_world() -> tuple[World, str]:
    world = World(pool_pages=None)
    for action in (sql("CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(200))"),
                   sql("INSERT INTO t VALUES " + ",".join(f"({i}, REPEAT('x', {i}))" for i in range(90)))):
        action(world)
    world.database.flush()
    assert world.database.durable is not None
    world.database.durable.redo.checkpoint(world.database.durable.redo.lsn)
    return world, "test/t.ibd"


def tear(fs: FaultFileSystem, path: str, no: int) -> None:
    """Page `no` is half something else from now on."""
    data = fs.image.files[fs.image.names[path]]
    data[no * PAGE_SIZE + 5000 : (no + 1) * PAGE_SIZE] = b"\xa5" * (PAGE_SIZE - 5000)


def used_leaf(world: World) -> int:
    table = world.database.innodb.core.table(world.database.dictionary.table("test", "t"))
    leaf = table.clustered.tree.first()[0]
    assert leaf is not None
    return leaf.no


def test_a_torn_page_comes_from_the_doublewrite_file() -> None:
    world, path = crashed_world()
    no = used_leaf(world)
    doublewrite = world.fs.image.files[world.fs.image.names["ib_doublewrite"]]
    whole = bytes(world.fs.image.files[world.fs.image.names[path]][no * PAGE_SIZE : (no + 1) * PAGE_SIZE])
    doublewrite[:PAGE_SIZE] = whole
    world.note()
    tear(world.fs, path, no)
    Running(world).finish("torn")


def test_a_torn_page_comes_from_the_log() -> None:
    world, path = crashed_world()
    sql("DELETE FROM t WHERE id < 88")(world)
    sql("INSERT INTO t VALUES " + ",".join(f"({i}, REPEAT('y', 150))" for i in range(200, 300)))(world)
    world.note()
    copy = LogCopy(LogReader.open(world.fs), FaultFileSystem())
    copy.follow()
    brought = sorted(no for space, no in copy.restored()[0] if space == 1)
    assert brought, "the log brings no page of the table"
    world.fs.image.files[world.fs.image.names["ib_doublewrite"]].clear()
    for no in brought:
        if len(world.fs.image.files[world.fs.image.names[path]]) > no * PAGE_SIZE:
            tear(world.fs, path, no)
    Running(world).finish("torn")


@pytest.mark.parametrize("prepared", [True, False])
def test_a_page_that_nobody_has_is_an_error(prepared: bool) -> None:
    world, path = crashed_world()
    no = used_leaf(world)
    world.fs.image.files[world.fs.image.names["ib_doublewrite"]].clear()
    tear(world.fs, path, no)
    target = FaultFileSystem()
    with pytest.raises(Error) as failed:
        copy_database(world.fs, target, prepared=prepared, scheduler=StepScheduler())
    assert failed.value.code == 1877 and f"page {no} of file '{path}' is neither sound nor" in failed.value.message
    assert target.listdir("") == []


def test_a_free_page_may_be_damaged() -> None:
    world, path = crashed_world()
    sql("DELETE FROM t WHERE id > 5")(world)
    world.database.purge()
    world.database.flush()
    assert world.database.durable is not None
    world.database.durable.redo.checkpoint(world.database.durable.redo.lsn)
    world.fs.image.files[world.fs.image.names["ib_doublewrite"]].clear()
    space = world.database.pool.spaces[path]
    data = world.fs.image.files[world.fs.image.names[path]]
    free = [no for no in range(len(data) // PAGE_SIZE) if not space.is_used(no)]
    assert free
    for no in free:
        tear(world.fs, path, no)
    world.note()
    Running(world).finish("free pages damaged")


def test_a_page_of_another_place_is_not_taken() -> None:
    world, path = crashed_world()
    no = used_leaf(world)
    data = world.fs.image.files[world.fs.image.names[path]]
    other = next(n for n in range(1, len(data) // PAGE_SIZE) if n != no and header_of(data[n * PAGE_SIZE :])[3] == 3)
    data[no * PAGE_SIZE : (no + 1) * PAGE_SIZE] = data[other * PAGE_SIZE : (other + 1) * PAGE_SIZE]
    world.fs.image.files[world.fs.image.names["ib_doublewrite"]].clear()
    with pytest.raises(Error, match="neither sound"):
        backup_of(world.fs.image)


def test_a_page_younger_than_the_log_is_told() -> None:
    """The log was lost or put back from an older day: pages know changes that it does not."""
    world, _ = crashed_world()
    old = {name: bytes(world.fs.image.files[world.fs.image.names[name]]) for name in ("ib_logfile0", "ib_logfile1")}
    sql("UPDATE t SET s = 'new'")(world)
    world.database.flush()
    for name, data in old.items():
        world.fs.image.files[world.fs.image.names[name]][:] = data
    with pytest.raises(Error) as failed:
        backup_of(world.fs.image)
    assert failed.value.code == 1033 and "a page was changed at" in failed.value.message


# ---- the owner is faster
def spend_log(world: World, times: int = 6) -> None:
    """Write much of the log, with checkpoints."""
    for i in range(times):
        sql(f"UPDATE t SET s = REPEAT('{(len(world.states) + i) % 10}', 190)")(world)
        world.database.flush()
        assert world.database.durable is not None
        world.database.durable.redo.checkpoint(world.database.durable.redo.lsn)
    world.note()


def test_the_log_goes_round_before_it_was_read() -> None:
    world, _ = crashed_world()
    world.note()
    assert world.database.durable is not None
    capacity = world.database.durable.redo.capacity
    running = Running(world, at_once=16)
    running.step(2)
    before = world.durable
    while world.durable < before + 2 * capacity:
        spend_log(world)
    running.finish("log gone round")
    assert running.copying.report.restarts == 1
    assert running.copying.at_once == 4


def test_the_log_goes_round_again_and_again() -> None:
    world, _ = crashed_world()
    world.note()
    assert world.database.durable is not None
    capacity = world.database.durable.redo.capacity
    running = Running(world)
    with pytest.raises(Error) as failed:
        while not running.done:
            running.step(2)
            before = world.durable
            while world.durable < before + capacity + 5000:
                spend_log(world)
    assert failed.value.code == 1105 and "went round 10 times" in failed.value.message


def test_the_reader_knows_the_end_from_an_overrun() -> None:
    world, _ = crashed_world()
    reader = LogReader.open(world.fs)
    assert list(reader.follow()) == [] and reader.lsn == world.durable
    sql("INSERT INTO t VALUES (1000, 'x')")(world)
    read = list(reader.follow())
    assert sum(map(len, read)) == world.durable - reader.start.lsn and reader.lsn == world.durable
    assert world.database.durable is not None
    while world.durable < reader.lsn + world.database.durable.redo.capacity:
        spend_log(world)
    with pytest.raises(Overrun):
        list(reader.follow())
    reader.restart()
    list(reader.follow())
    assert reader.lsn == world.durable


def test_a_log_longer_than_the_circle_is_copied_whole() -> None:
    """While a backup is under way more is written than the owner's log holds at once; the copy has room for it."""
    world, _ = crashed_world()
    world.note()
    running = Running(world)
    while not running.done:
        running.step()
        if running.count < 20:
            spend_log(world, 1)
    report = running.copying.report
    running.finish("long log")
    assert world.database.durable is not None
    assert report.restarts == 0 and report.log_bytes > world.database.durable.redo.capacity


def test_target_is_not_empty() -> None:
    fs = FaultFileSystem()
    fs.mkdir("something")
    with pytest.raises(Error) as refused:
        Target(fs)
    assert refused.value.code == 1007
    assert fs.listdir("") == ["something"]


def test_definitions_that_never_stand_still() -> None:
    world, _ = crashed_world()
    target = Target(FaultFileSystem())
    copying = Copying(world.fs, target.work)
    with pytest.raises(Error) as failed:
        for i, _ in enumerate(copying.steps()):
            sql(f"ALTER TABLE t COMMENT = 'c{i}'")(world)
    assert failed.value.code == 1105 and "Definitions changed 200 times" in failed.value.message


@pytest.mark.parametrize(("extension", "engine"), [("ibd", "InnoDB"), ("MYD", "MyISAM"), ("MYI", "MyISAM")])
def test_a_file_that_is_missing(extension: str, engine: str) -> None:
    path = f"test/gone.{extension}"
    world, _ = crashed_world()
    sql(f"CREATE TABLE gone (id INT) ENGINE={engine}")(world)
    world.database.flush()
    world.fs.remove(path)
    with pytest.raises(Error) as failed:
        backup_of(world.fs.image)
    assert failed.value.message == f"Can't open file: '{path}' (errno: 2 \"No such file or directory\")"
