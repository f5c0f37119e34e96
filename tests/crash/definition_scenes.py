"""Scenes for the crash tests of definitions: what is there, and one statement that changes it.

In the texts ENGINE stands for the engine under test, OTHER for the other one.  The tables hold enough rows for trees of several
levels with the small pages of these tests.
"""

from __future__ import annotations

from typing import NamedTuple

from minidb.database import Database
from minidb.errors import Error
from minidb.scheduler import StepScheduler
from minidb.storage.fault_file import FaultFileSystem
from tests.crash.crash_kit import LOG_BYTES, orphans

Picture = dict[str, tuple[str, list[tuple[object, ...]]]]

ROWS = ",".join(f"({i}, {i * 7 % 10}, 'name {i * 31 % 40}')" for i in range(1, 31))
TABLE = "CREATE TABLE t (id INT PRIMARY KEY, n INT, s VARCHAR(60), KEY n (n)) ENGINE=ENGINE"
BASE = (TABLE, f"INSERT INTO t VALUES {ROWS}")
LONG_VALUES = ("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, n INT, s TEXT, KEY n (n)) ENGINE=ENGINE",
               "INSERT INTO t (n, s) VALUES " + ",".join(f"({i}, REPEAT('{i}', {i * 900}))" for i in range(9)))
THREE = (*BASE, "CREATE TABLE u (a INT, KEY (a)) ENGINE=OTHER", "INSERT INTO u VALUES (1), (2), (3)",
         "CREATE DATABASE d2", "CREATE TABLE d2.v (b INT, KEY (b)) ENGINE=ENGINE", "INSERT INTO d2.v VALUES (7), (8)")
FAMILY = ("CREATE TABLE p (id INT PRIMARY KEY, code INT, UNIQUE (code)) ENGINE=InnoDB", "INSERT INTO p VALUES (1, 10), (2, 20)",
          "CREATE TABLE c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id)) ENGINE=InnoDB",
          "CREATE TABLE k (code INT, FOREIGN KEY (code) REFERENCES p (code)) ENGINE=InnoDB",
          "INSERT INTO c VALUES (1, 1), (2, 2), (3, 1)", "INSERT INTO k VALUES (20)")
KEYLESS = ("CREATE TABLE t (id INT NOT NULL, n INT) ENGINE=ENGINE",
           "INSERT INTO t VALUES " + ",".join(f"({i * 17 % 30}, {i % 7})" for i in range(30)))


class Scene(NamedTuple):
    """name; what is there before; the statement; states between old and new that a crash may leave as well, as statements that lead
    to them; the profile; the error that the statement ends with, 0 for none."""

    name: str
    before: tuple[str, ...]
    statement: str
    between: tuple[str, ...] = ()
    profile: str = "mariadb-10.11"
    error: int = 0


FOR_BOTH = (
    Scene("create", BASE, "CREATE TABLE a (id INT PRIMARY KEY, s TEXT, KEY (s(10))) ENGINE=ENGINE"),
    Scene("create like", BASE, "CREATE TABLE a LIKE t"),
    Scene("create select", BASE, "CREATE TABLE a (KEY (n)) ENGINE=ENGINE AS SELECT id, n FROM t WHERE id < 20"),
    Scene("create select refused", BASE, "CREATE TABLE a (PRIMARY KEY (n)) ENGINE=ENGINE AS SELECT id, n FROM t", error=1062),
    Scene("create or replace", BASE, "CREATE OR REPLACE TABLE t (x INT, KEY (x)) ENGINE=ENGINE"),
    Scene("create or replace by the other", BASE, "CREATE OR REPLACE TABLE t (x INT, KEY (x)) ENGINE=OTHER"),
    Scene("replace select", THREE, "CREATE OR REPLACE TABLE t (KEY (a)) ENGINE=ENGINE AS SELECT a FROM u"),
    Scene("replace select refused", THREE, "CREATE OR REPLACE TABLE t (PRIMARY KEY (x)) ENGINE=ENGINE AS SELECT 1 AS x FROM u",
          error=1062),
    Scene("drop", LONG_VALUES, "DROP TABLE t"),
    Scene("drop one by one", THREE, "DROP TABLE t, missing, u, d2.v", ("DROP TABLE t", "DROP TABLE u"), error=1051),
    Scene("drop all at once", THREE, "DROP TABLE t, u, d2.v", profile="mysql-8.4"),
    Scene("drop database", THREE, "DROP DATABASE d2"),
    Scene("create database", BASE, "CREATE DATABASE d3 CHARACTER SET latin1"),
    Scene("replace database", THREE, "CREATE OR REPLACE DATABASE d2 CHARACTER SET latin1"),
    Scene("rename", BASE, "RENAME TABLE t TO w"),
    Scene("rename swap", THREE, "RENAME TABLE t TO x, u TO t, x TO u"),
    Scene("rename chain", THREE, "RENAME TABLE u TO w, t TO u"),
    Scene("rename cycle across databases", THREE, "RENAME TABLE t TO x, d2.v TO t, u TO d2.v, x TO u"),
    Scene("rename refused", THREE, "RENAME TABLE t TO x, u TO t, missing TO u", error=1146),
    Scene("truncate", LONG_VALUES, "TRUNCATE TABLE t"),
    Scene("add indexes", BASE, "ALTER TABLE t ADD INDEX ns (n, s), ADD UNIQUE s (s)"),
    Scene("exchange indexes", BASE, "ALTER TABLE t DROP INDEX n, ADD INDEX n (n, s), ADD INDEX (s)"),
    Scene("exchange indexes refused", BASE, "ALTER TABLE t DROP INDEX n, ADD INDEX s (s), ADD UNIQUE u (n)", error=1062),
    Scene("create index", LONG_VALUES, "CREATE INDEX s ON t (s(20), n)"),
    Scene("drop index", BASE, "DROP INDEX n ON t"),
    Scene("rename index", BASE, "ALTER TABLE t RENAME INDEX n TO nn, COMMENT='renamed'"),
    Scene("add column", BASE, "ALTER TABLE t ADD COLUMN z INT DEFAULT 3 AFTER id, ADD INDEX (z)"),
    Scene("modify", LONG_VALUES, "ALTER TABLE t MODIFY s VARCHAR(9000)"),
    Scene("modify refused", BASE, "ALTER TABLE t MODIFY s VARCHAR(3)", error=1406),
    Scene("other engine", LONG_VALUES, "ALTER TABLE t ENGINE=OTHER"),
    Scene("force", LONG_VALUES, "ALTER TABLE t FORCE"),
    Scene("optimize", BASE, "OPTIMIZE TABLE t"),
    Scene("drop primary key", BASE, "ALTER TABLE t DROP PRIMARY KEY"),
    Scene("add primary key", KEYLESS, "ALTER TABLE t ADD PRIMARY KEY (id), ADD INDEX (n)"),
    Scene("add primary key refused", KEYLESS, "ALTER TABLE t ADD INDEX (id), ADD PRIMARY KEY (n)", error=1062),
    Scene("alter and rename", BASE, "ALTER TABLE t ADD COLUMN z INT, RENAME TO w"),
    Scene("index and rename", BASE, "ALTER TABLE t DROP INDEX n, ADD INDEX (s), RENAME TO w"),
    Scene("index and counter", LONG_VALUES, "ALTER TABLE t ADD INDEX (s(5)), AUTO_INCREMENT = 1000"),
    Scene("counter", LONG_VALUES, "ALTER TABLE t AUTO_INCREMENT = 500"),
    Scene("default", BASE, "ALTER TABLE t ALTER n SET DEFAULT 5"),
)
FOR_INNODB = (
    Scene("rename parent", FAMILY, "RENAME TABLE p TO q"),
    Scene("rename family", FAMILY, "RENAME TABLE p TO x, c TO p, x TO c"),
    Scene("rename parent's column", FAMILY, "ALTER TABLE p CHANGE code kode INT, RENAME TO q"),
    Scene("rename child's table", FAMILY, "ALTER TABLE c RENAME TO d, ADD INDEX (id, p)"),
    Scene("add foreign key", (*FAMILY, "CREATE TABLE f (x INT)", "INSERT INTO f VALUES (1), (NULL), (2)"),
          "ALTER TABLE f ADD FOREIGN KEY (x) REFERENCES p (id)"),
    Scene("add foreign key refused", (*FAMILY, "CREATE TABLE f (x INT)", "INSERT INTO f VALUES (1), (3)"),
          "ALTER TABLE f ADD INDEX y (x), ADD FOREIGN KEY (x) REFERENCES p (id)", error=1452),
    Scene("create child by query", FAMILY, "CREATE TABLE f (x INT, FOREIGN KEY (x) REFERENCES p (id)) AS SELECT p AS x FROM c"),
    Scene("drop child then parent", FAMILY, "DROP TABLE c, k, p", ("DROP TABLE c", "DROP TABLE k")),
    Scene("drop parent first", FAMILY, "DROP TABLE p, c", error=1451),
)
SCENES = [*((engine, scene) for scene in FOR_BOTH for engine in ("InnoDB", "MyISAM")), *(("InnoDB", scene) for scene in FOR_INNODB)]
NAMES = [f"{scene.name}, {engine}" for engine, scene in SCENES]


def text_for(text: str, engine: str) -> str:
    """A statement for the engine under test."""
    return text.replace("=ENGINE", f"={engine}").replace("=OTHER", "=MyISAM" if engine == "InnoDB" else "=InnoDB")


def open_scene(fs: FaultFileSystem, scene: Scene, pool_pages: int | None = None) -> Database:
    """The database of a scene."""
    return Database("disk", scheduler=StepScheduler(), file_system=fs, log_bytes=LOG_BYTES, leaf_capacity=6, profile=scene.profile,
                    buffer_pool_pages=pool_pages)


def prepared(engine: str, scene: Scene, pool_pages: int | None = None) -> tuple[FaultFileSystem, Database]:
    """The disk and the database before the statement; everything is durable."""
    fs = FaultFileSystem()
    database = open_scene(fs, scene, pool_pages)
    session = database.session()
    for text in scene.before:
        session.execute(text_for(text, engine))
    database.flush()
    return fs, database


def run(database: Database, engine: str, text: str) -> Error | None:
    """Run one statement; the error it ends with."""
    session = database.session()
    try:
        session.execute(text_for(text, engine))
    except Error as error:
        return error
    finally:
        session.close()
    return None


def picture(database: Database) -> Picture:
    """Every table as SHOW CREATE TABLE has it, with its rows; every database."""
    session = database.session()
    found: Picture = {}
    for name in database.dictionary.databases():
        found[name] = str(session.execute(f"SHOW CREATE DATABASE `{name}`").rows), []
        for table in database.dictionary.tables(name):
            shown = session.execute(f"SHOW CREATE TABLE `{name}`.`{table}`").rows or []
            rows = session.execute(f"SELECT * FROM `{name}`.`{table}`").rows or []
            found[f"{name}.{table}"] = str(shown[0][1]), sorted(rows, key=repr)
    session.close()
    return found


def allowed(engine: str, scene: Scene, old: Picture) -> list[Picture]:
    """The states that a crash may leave but for the last one, in order."""
    found = [old]
    if scene.between:
        _, database = prepared(engine, scene)
        for text in scene.between:
            assert run(database, engine, text) is None
            found.append(picture(database))
    return found


def assert_sound(database: Database, where: str) -> None:
    """Nothing is broken, and no file is there that belongs to nothing."""
    assert database.check() == [], f"{where}: {database.recovered}"
    assert not orphans(database), f"{where}: {orphans(database)}"
    names = database.fs.listdir("")
    assert "#sort" not in names and not [n for n in names if n.startswith("d") and n not in database.dictionary.schemas], where
    assert database.dictionary.pending == [], where
