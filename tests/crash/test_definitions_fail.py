"""For all n (a sample unless MINIDB_CRASH=long): the n-th call to the disk fails while definitions change.  The statement ends with
a clear number and all of the old definitions, or it has happened; the database goes on, or says that it has stopped; no file is
left over in either case."""

from __future__ import annotations

import errno
import os

import pytest

from minidb.database import Database
from minidb.errors import Error
from minidb.storage.fault_file import Fault, FaultFileSystem
from tests.crash.crash_kit import difference
from tests.crash.definition_scenes import (
    NAMES,
    SCENES,
    Picture,
    Scene,
    allowed,
    assert_sound,
    open_scene,
    picture,
    prepared,
    run,
    text_for,
)

LONG = os.environ.get("MINIDB_CRASH") == "long"
CODES = {1005, 1006, 1016, 1024, 1026, 1030, 1114}
CALLS = frozenset(("write", "sync", "truncate", "create", "open", "read", "remove", "rename", "sync_dir", "mkdir", "rmdir"))
POOL_PAGES = 10
WAYS = [(errno.EIO, False, False), (errno.ENOSPC, False, False), (errno.EIO, True, False), (errno.ENOSPC, True, True)]


def states_and_calls(engine: str, scene: Scene) -> tuple[list[Picture], int]:
    """The states that may be there afterwards, and how many calls the statement makes."""
    fs, database = prepared(engine, scene, POOL_PAGES)
    states = allowed(engine, scene, picture(database))
    fs.fail(Fault(1 << 60, kinds=CALLS))
    run(database, engine, scene.statement)
    calls = fs.calls
    fs.fail(None)
    states.append(picture(database))
    return states, calls


def outcome(database: Database, engine: str, scene: Scene) -> tuple[Error | None, list[tuple[object, ...]]]:
    """Run the statement; what OPTIMIZE says instead of an error is in its rows."""
    session = database.session()
    try:
        return None, session.execute(text_for(scene.statement, engine)).rows or []
    except Error as error:
        return error, []
    finally:
        session.close()


@pytest.mark.parametrize(("number", "for_good", "short"), WAYS, ids=["EIO", "ENOSPC", "EIO for good", "ENOSPC for good"])
@pytest.mark.parametrize(("engine", "scene"), SCENES, ids=NAMES)
def test_every_call_fails(engine: str, scene: Scene, number: int, for_good: bool, short: bool) -> None:
    states, calls = states_and_calls(engine, scene)
    step = 1 if LONG else max(1, calls // 3)
    for at in range(1 + number % step, calls + 1, step):
        where = f"{engine} {scene.statement}, call {at}"
        fs, database = prepared(engine, scene, POOL_PAGES)
        fs.fail(Fault(at, number, for_good, short, CALLS))
        error, rows = outcome(database, engine, scene)
        fs.fail(None)
        if error is not None and error.code != scene.error:
            assert error.code in CODES, f"{where}: {error!r}"
        if database.failure is None:
            found = picture(database)
            assert found in states, f"{where}: {error!r}\n{difference(found, states[0])}\n{difference(found, states[-1])}"
            assert_sound(database, where)
            if error is None and not any("failed" in str(row) for row in rows):
                assert found == states[-1], where
            elif found == states[0]:
                again, _ = outcome(database, engine, scene)
                assert (0 if again is None else again.code) == scene.error, f"{where}: {again!r}"
                assert picture(database) == states[-1], where
                found = states[-1]
        else:
            assert error is not None or rows, where
            with pytest.raises(Error) as refused:
                database.session()
            assert refused.value.code == 1026 and "stopped" in refused.value.message
            found = None
        close(database)
        after = open_scene(FaultFileSystem(fs.image), scene)
        now = picture(after)
        assert now == found if found is not None else now in states, f"{where}: {error!r} {after.recovered}"
        assert_sound(after, where)
        after.close()


def close(database: Database) -> None:
    """Close; a database that has stopped just lets go."""
    try:
        database.close()
    except Error:
        assert database.failure is not None


@pytest.mark.parametrize("engine", ["InnoDB", "MyISAM"])
@pytest.mark.parametrize("statement", [
    "ALTER TABLE t ADD COLUMN z INT DEFAULT 7", "ALTER TABLE t ADD INDEX wide (s(200), n)", "CREATE TABLE u AS SELECT * FROM t",
    "ALTER TABLE t ENGINE=OTHER", "CREATE OR REPLACE TABLE v AS SELECT * FROM t", "OPTIMIZE TABLE t",
])
def test_a_full_disk(engine: str, statement: str) -> None:
    """ENOSPC in the new files, or in what an index build spills: 1114, everything is as it was, and the next attempt succeeds."""
    scene = Scene("wide", ("CREATE TABLE t (id INT PRIMARY KEY, n INT, s VARCHAR(600), KEY (s(200))) ENGINE=ENGINE",
                           "INSERT INTO t VALUES " + ",".join(f"({i}, {i}, REPEAT('{i % 9}', 500))" for i in range(300)),
                           "CREATE TABLE v (a INT) ENGINE=ENGINE", "SET GLOBAL innodb_sort_buffer_size = 65536",
                           "SET SESSION myisam_sort_buffer_size = 65536"), statement)
    for spilled in (False, True):
        fs, database = prepared(engine, scene, POOL_PAGES)
        before = picture(database)
        session = database.session()
        session.execute("SET SESSION myisam_sort_buffer_size = 65536")
        fs.room = {"#sort": 16384} if spilled else Room(fs)
        try:
            said = str(session.execute(text_for(statement, engine)).rows)
        except Error as error:
            said = f"{error.code} {error.message}"
        if not spilled or "INDEX" in statement or "ALTER" in statement or "OPTIMIZE" in statement:
            assert "is full" in said and "#sql" not in said, said
            assert database.failure is None
            assert picture(database) == before
            assert_sound(database, statement)
            fs.room = {}
            assert run(database, engine, statement) is None
        database.close()


class Room(dict[str, int]):
    """Files that exist may not grow any more, new ones get two pages; the log and the dictionary are spared."""

    def __init__(self, fs: FaultFileSystem) -> None:
        super().__init__()
        self.fs = fs
        self.sizes = {name: len(fs.image.files[inode]) for name, inode in fs.image.names.items()}

    def get(self, name: str, default: int = 0) -> int:  # type: ignore[override]
        if not name.endswith((".ibd", ".MYD", ".MYI")):
            return default
        return self.sizes.get(name, 2 * 16384)
