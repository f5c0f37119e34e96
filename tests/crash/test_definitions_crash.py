"""A crash at any moment of a statement that changes definitions: all tables are the old ones or all are the new ones, with rows and
indexes, and no file is left over.

MINIDB_CRASH=long recovers every point; the default a sample.
"""

from __future__ import annotations

import os
import random

import pytest

from minidb.errors import Error
from minidb.storage.fault_file import FaultFileSystem, Image
from minidb.storage.platter import Bound
from tests.conftest import Tell
from tests.crash.crash_kit import crashes, difference
from tests.crash.definition_scenes import NAMES, SCENES, Scene, allowed, assert_sound, open_scene, picture, prepared, run

LONG = os.environ.get("MINIDB_CRASH") == "long"
SAMPLE = 1 if LONG else 8
FEW = Bound(subset=1, singles=False, tears=0, random=4)


def play(engine: str, scene: Scene, pool_pages: int | None = None) -> tuple[FaultFileSystem, int, list]:
    """Run the statement of a scene: the disk with its events, where they begin, and the states before and after."""
    fs, database = prepared(engine, scene, pool_pages)
    states = allowed(engine, scene, picture(database))
    start = len(fs.events)
    fs.mark("ack 0")
    error = run(database, engine, scene.statement)
    assert (0 if error is None else error.code) == scene.error, error
    fs.mark("ack 1")
    states.append(picture(database))
    assert (states[0] == states[-1]) == (scene.name.endswith("refused") or scene.name in ("force", "optimize")), scene.name
    assert_sound(database, "after the statement")
    database.make_log_durable()
    return fs, start, states


def recovered(image: Image, scene: Scene, states: list, where: str) -> None:
    """Recover, compare, work on, close and open."""
    fs = FaultFileSystem(image)
    database = open_scene(fs, scene)
    found = picture(database)
    assert found in states, f"{where}: {database.recovered}\n{difference(found, states[0])}\n{difference(found, states[-1])}"
    assert_sound(database, where)
    session = database.session()
    session.execute("CREATE TABLE test.after_crash (a INT PRIMARY KEY, b TEXT) ENGINE=MyISAM")
    session.execute("ALTER TABLE test.after_crash ADD INDEX (b(3)), ENGINE=InnoDB, RENAME TO test.altered")
    database.close()
    again = open_scene(FaultFileSystem(fs.image), scene)
    assert again.recovered == [] and again.dictionary.pending == [], where
    now = picture(again)
    assert "test.altered" in now
    del now["test.altered"]
    assert now == found, where
    again.close()


@pytest.mark.parametrize(("engine", "scene"), SCENES, ids=NAMES)
def test_old_or_new(engine: str, scene: Scene, tell: Tell) -> None:
    fs, start, states = play(engine, scene)
    count = visited = 0
    for position, acknowledged, variant, image in crashes(fs, random.Random(17), 3 if LONG else 1, start):
        count += 1
        if count % SAMPLE and not (fs.events[position].kind in ("rename", "remove") and variant == "all"):
            continue
        visited += 1
        where = f"{engine} {scene.statement}, event {position} ({fs.events[position].kind} {fs.events[position].path}), {variant}"
        recovered(image, scene, states[-1:] if acknowledged and position > last_of(fs) else states, where)
    tell("", visited)


def last_of(fs: FaultFileSystem) -> int:
    """Position of the mark behind the statement."""
    return max(i for i, event in enumerate(fs.events) if event.kind == "mark")


@pytest.mark.parametrize(("engine", "scene"), SCENES, ids=NAMES)
def test_what_was_acknowledged_is_there(engine: str, scene: Scene) -> None:
    """Whatever the disk may lose after the statement has returned."""
    fs, _, states = play(engine, scene)
    for variant, image in fs.platter().variants(random.Random(5), FEW):
        recovered(image, scene, states[-1:], f"{engine} {scene.statement}, {variant}")


@pytest.mark.parametrize("name", ["rename cycle across databases", "rename family", "index and counter", "exchange indexes"])
def test_a_crash_while_the_change_is_finished(name: str, tell: Tell) -> None:
    """A crash during the recovery from a crash in the middle of the change."""
    engine, scene = next((e, s) for e, s in SCENES if s.name == name)
    fs, start, states = play(engine, scene)
    rng = random.Random(29)
    count = 0
    for _, _, variant, image in crashes(fs, rng, 1, start):
        if variant != "all" and not variant.startswith("no write"):
            continue
        second = FaultFileSystem(image)
        found = picture(open_scene(second, scene))
        assert found in states
        for position, _, how, again in crashes(second, rng, 0):
            count += 1
            if count % (8 * SAMPLE) == 0:
                recovered(again, scene, [found], f"{scene.statement}, event {position} of recovery, {how}")
    tell(f"{count} crash points inside recovery", count // (8 * SAMPLE))


def test_unflushed_rows_of_myisam_do_not_endanger_the_definition() -> None:
    """Rows of a MyISAM table that were never flushed may be lost, and the table then says so; its definition is one of the two."""
    scene = next(s for _, s in SCENES if s.name == "rename swap")
    for statement in ("RENAME TABLE t TO w", "ALTER TABLE t ADD INDEX (s)", "ALTER TABLE t COMMENT='c', ALTER n SET DEFAULT 2"):
        fs, database = prepared("MyISAM", scene)
        session = database.session()
        shown = {str(session.execute("SHOW CREATE TABLE t").rows)}
        session.execute("UPDATE t SET s = CONCAT(s, '!') WHERE id < 20")
        start = len(fs.events)
        fs.mark("ack 0")
        session.execute(statement)
        name = "w" if "RENAME" in statement else "t"
        shown.add(str(session.execute(f"SHOW CREATE TABLE {name}").rows))
        marked = 0
        for _, _, _, image in crashes(fs, random.Random(3), 2, start, 3):
            after = open_scene(FaultFileSystem(image), scene)
            again = after.session()
            table = next(n for n in after.dictionary.tables("test") if n in ("t", "w"))
            torn = False  # a data page that was being written is lost as a whole
            try:
                again.execute(f"SELECT COUNT(*) FROM {table}")
            except Error as error:
                assert error.code in (1194, 1877)
                marked += 1
                told = again.execute(f"REPAIR TABLE {table}").rows or []
                assert told[-1][2:] == ("status", "OK")
                torn = "cannot be read" in str(told[0])
            assert str(again.execute(f"SHOW CREATE TABLE {table}").rows) in shown
            assert torn or again.execute(f"SELECT COUNT(*) FROM {table}").rows == [(30,)]
            assert_sound(after, statement)
        assert marked > 0, statement


def test_a_crash_while_a_healthy_table_is_repaired_is_noticed() -> None:
    """REPAIR packs the rows: keys that lead to where they were must not be taken for sound."""
    scene = next(s for _, s in SCENES if s.name == "rename")
    fs, database = prepared("MyISAM", scene)
    session = database.session()
    session.execute("DELETE FROM t WHERE id IN (3, 4, 11)")
    session.execute("FLUSH TABLES")
    rows = sorted(session.execute("SELECT * FROM t").rows or [])
    start = len(fs.events)
    fs.mark("ack 0")
    assert session.execute("REPAIR TABLE t").rows[-1][2:] == ("status", "OK")  # type: ignore[index]
    marked = 0
    for position, _, variant, image in crashes(fs, random.Random(3), 3, start):
        after = open_scene(FaultFileSystem(image), scene)
        again = after.session()
        try:
            found = again.execute("SELECT * FROM t").rows or []
        except Error as error:
            assert error.code in (1194, 1877)
            marked += 1
            assert again.execute("REPAIR TABLE t").rows[-1][2:] == ("status", "OK")  # type: ignore[index]
            found = again.execute("SELECT * FROM t").rows or []
        assert sorted(found) == rows, (position, variant)
        assert_sound(after, f"event {position}, {variant}")
    assert marked > 0
