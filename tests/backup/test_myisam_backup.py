"""MyISAM tables in a backup: exact where the owner makes it, else of one moment or marked, repaired and told."""

from __future__ import annotations

from pathlib import Path

import pytest

from minidb.backup.backup import backup_directory, copy_database
from minidb.backup.copying import TRIES
from minidb.database import Database
from minidb.errors import Error
from minidb.scheduler import StepScheduler
from minidb.storage.fault_file import FaultFileSystem
from tests.backup.backup_kit import Running, World, sql
from tests.crash.crash_kit import open_database

TABLES = [
    sql("CREATE TABLE m (id INT PRIMARY KEY, s VARCHAR(300), KEY (s)) ENGINE=MyISAM"),
    sql("CREATE TABLE f (id INT PRIMARY KEY) ENGINE=MyISAM"),
    sql("INSERT INTO m VALUES " + ",".join(f"({i}, REPEAT('m', {i}))" for i in range(150))),
    sql("INSERT INTO f VALUES (1), (2)"),
]


def world_with_tables() -> World:
    world = World()
    for action in TABLES:
        action(world)
    world.database.flush()
    world.note()
    return world


def rows(database: Database, table: str) -> int:
    (((count,),)) = database.session().execute(f"SELECT COUNT(*) FROM {table}").rows or []
    return int(count)


def test_the_owner_copies_all_tables_at_one_moment(tmp_path: Path) -> None:
    with Database(str(tmp_path / "d")) as database:
        session = database.session()
        session.execute("CREATE TABLE m (id INT PRIMARY KEY, s VARCHAR(30)) ENGINE=MyISAM")
        session.execute("INSERT INTO m VALUES (1, 'one'), (2, 'two')")
        report = database.backup(str(tmp_path / "b"))
        session.execute("INSERT INTO m VALUES (3, 'three')")
        assert report.warnings == [] and report.tables == 1
        session.execute("LOCK TABLES m WRITE")
        session.execute("UNLOCK TABLES")  # the global read lock is given back
        assert len(database.sessions) == 1
    with Database(str(tmp_path / "b")) as backup:
        assert backup.recovered == [] and backup.check() == []
        assert backup.session().execute("SELECT * FROM m").rows == [(1, "one"), (2, "two")]


def test_somebody_who_does_not_let_go_of_a_table(tmp_path: Path) -> None:
    with Database(str(tmp_path / "d"), scheduler=StepScheduler()) as database:
        session = database.session()
        session.execute("CREATE TABLE m (id INT) ENGINE=MyISAM")
        session.execute("LOCK TABLES m WRITE")
        session.execute("SET GLOBAL lock_wait_timeout = 0")
        with pytest.raises(Error) as failed:
            database.backup(str(tmp_path / "b"))
        assert failed.value.code == 1205
        assert not (tmp_path / "b").exists()
        session.execute("INSERT INTO m VALUES (1)")
        assert len(database.sessions) == 1


def test_tables_that_change_at_every_position() -> None:
    """From outside: a table that is being changed is marked, repaired and told; one that is not is exact, whatever happened."""
    alone = Running(world_with_tables())
    while not alone.done:
        alone.step()
    assert alone.copying.marked == []
    exact = marked = 0
    for position in range(alone.count + 1):
        for flushed in (False, True):
            world = world_with_tables()
            running = Running(world)
            running.step(position)
            sql("INSERT INTO m SELECT id + 1000, s FROM m WHERE id < 60")(world)
            sql("DELETE FROM m WHERE id BETWEEN 5 AND 9")(world)
            world.note()
            if flushed:
                world.database.myisam.flush()
            database = running.finish(f"position {position}, flushed {flushed}")
            names = [tdef.name for tdef in running.copying.marked]
            warnings = running.copying.report.warnings
            assert len(warnings) == len(names)
            if names:
                marked += 1
                assert names == ["m"] and "MyISAM table test.m was being changed" in warnings[0] and "rows kept" in warnings[0]
                assert not flushed
            else:
                exact += 1
                assert rows(database, "m") in (150, 205)
            assert rows(database, "f") == 2
    assert exact > 10 and marked > 3


def test_a_table_that_changes_all_the_time() -> None:
    world = world_with_tables()
    running = Running(world)
    changes = 0
    while not running.done:
        running.step()
        changes += 1
        sql(f"INSERT INTO m VALUES ({1000 + changes}, 'again')")(world)
        world.database.myisam.flush()
        world.note()
    assert [tdef.name for tdef in running.copying.marked] == ["m"]
    assert running.copying.report.rounds > TRIES
    database = running.finish("all the time", prepared=True)
    assert 150 <= rows(database, "m") <= 150 + changes


def test_crashed_tables_are_repaired_or_stay_marked() -> None:
    world = world_with_tables()
    sql("INSERT INTO m VALUES (5000, 'lost')")(world)
    crashed = FaultFileSystem(world.fs.platter().outcome([], 0))
    target = FaultFileSystem()
    report = copy_database(crashed, target, scheduler=StepScheduler(), leaf_capacity=30)
    assert [w for w in report.warnings if "test.m " in w] and "repaired" in report.warnings[0]
    assert rows(open_database(target), "m") >= 150
    unprepared = FaultFileSystem()
    report = copy_database(crashed, unprepared, prepared=False)
    assert "needs REPAIR TABLE" in report.warnings[0]
    database = open_database(unprepared)
    session = database.session()
    with pytest.raises(Error) as refused:
        session.execute("SELECT * FROM m")
    assert refused.value.code == 1194
    session.execute("REPAIR TABLE m")
    assert rows(database, "m") >= 150


def test_damage_in_a_table_at_rest_is_an_error() -> None:
    world = world_with_tables()
    world.database.myisam.flush()
    world.fs.image.files[world.fs.image.names["test/m.MYD"]][3000] ^= 1
    target = FaultFileSystem()
    with pytest.raises(Error) as failed:
        copy_database(world.fs, target, scheduler=StepScheduler())
    assert failed.value.code == 1877 and "page 0 of file 'test/m.MYD' fails its checksum" in failed.value.message
    assert target.listdir("") == []


def test_closed_directory_with_both_engines(tmp_path: Path) -> None:
    with Database(str(tmp_path / "d")) as database:
        session = database.session()
        session.execute("CREATE TABLE m (id INT PRIMARY KEY) ENGINE=MyISAM")
        session.execute("CREATE TABLE t (id INT PRIMARY KEY)")
        session.execute("INSERT INTO m VALUES (1)")
        session.execute("INSERT INTO t VALUES (1)")
    before = {path: path.read_bytes() for path in sorted((tmp_path / "d").rglob("*")) if path.is_file()}
    report = backup_directory(str(tmp_path / "d"), str(tmp_path / "b"))
    assert before == {path: path.read_bytes() for path in sorted((tmp_path / "d").rglob("*")) if path.is_file()}
    assert report.warnings == [] and report.rolled_back == 0 and report.seconds > 0
    with Database(str(tmp_path / "b")) as backup:
        assert rows(backup, "m") == rows(backup, "t") == 1
