"""Random statements of two sessions, a crash at a random place, recovery, more statements, another crash ... against what was
acknowledged.  MyISAM tables beside: what they hold is from after some statement, or they are marked as crashed.

MINIDB_CRASH=long: 400 histories instead of 24.  A failure prints its seed.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from minidb.database import Database
from minidb.errors import Error
from minidb.storage.fault_file import FaultFileSystem
from minidb.storage.platter import Bound, Choice, Image
from tests.crash.crash_kit import (
    Crash,
    Play,
    crash_points,
    difference,
    first_mark,
    innodb_problems,
    myisam_rows,
    open_database,
    orphans,
    state_of,
)

SEEDS = range(400 if os.environ.get("MINIDB_CRASH") == "long" else 24)
CRASHES = 4
HARMLESS = {1051, 1205, 1364, 1213, 1062, 1451, 1452, 1091, 1061, 1060, 1050, 1146, 1701, 1054, 1118, 1136}
COLUMNS = "(id INT AUTO_INCREMENT PRIMARY KEY, k INT, s TEXT"


class Players:
    """Sessions A and B, each now and then within a transaction.  What fails because of the other one or a constraint is skipped."""

    def __init__(self, play: Play, rng: random.Random) -> None:
        self.play = play
        self.rng = rng
        self.within = {"A": False, "B": False}

    def do(self, who: str, text: str, ends: bool = False) -> None:
        """Execute a statement; ends: it commits.  What is open is committed before a definition: two steps, two states."""
        if ends and self.within[who]:
            self.play.commit(who)
            self.within[who] = False
        try:
            self.play(who, text)
        except Error as error:
            assert error.code in HARMLESS, f"{text}: {error!r}"
        if ends or not self.within[who]:  # even a definition that fails has committed what was open
            self.play.acknowledge()
            self.within[who] = False

    def step(self) -> None:
        """Something that one of them does."""
        rng = self.rng
        who = rng.choice("AB")
        chance = rng.random()
        if chance < 0.16:
            self.do(who, self.definition(rng.choice("abc")), ends=True)
        elif chance < 0.22:
            self.do(who, self.foreign(), ends=False)
        elif chance < 0.32:
            self.play.commit(who)
            self.within[who] = False
        elif chance < 0.36:
            self.play(who, "ROLLBACK")
            self.within[who] = False
        elif chance < 0.46:
            self.play.commit(who, rng.choice(("BEGIN", "START TRANSACTION")))  # commits what is open, too
            self.within[who] = True
        elif chance < 0.52 and self.within[who]:
            self.play(who, "SAVEPOINT s")
            self.do(who, self.change(rng.choice("abc")))
            self.play(who, "ROLLBACK TO s")
        elif chance < 0.57:
            self.do(who, f"INSERT INTO m VALUES ({rng.randrange(1000)}, REPEAT('m', {rng.randrange(200)}))")
        elif chance < 0.60:
            self.scratch(who)
        else:
            self.do(who, self.change(rng.choice("abc")))
        if rng.random() < 0.15:
            self.play.database.purge()
        if rng.random() < 0.05:
            self.play.database.flush()

    def definition(self, table: str) -> str:
        other = self.rng.choice("abc")
        return self.rng.choice((
            f"CREATE TABLE {table} {COLUMNS}, KEY k (k))", f"CREATE TABLE {table} {COLUMNS})", f"DROP TABLE {table}",
            f"TRUNCATE TABLE {table}", f"ALTER TABLE {table} DROP INDEX k", f"ALTER TABLE {table} ADD INDEX k (k)",
            f"ALTER TABLE {table} FORCE", f"ALTER TABLE {table} ADD COLUMN x INT DEFAULT 5", f"ALTER TABLE {table} DROP COLUMN x",
            f"RENAME TABLE {table} TO {other}", f"CREATE TABLE {table} AS SELECT * FROM {other}", "DROP TABLE m",
            "CREATE TABLE m (id INT PRIMARY KEY, s VARCHAR(200)) ENGINE=MyISAM", "ALTER TABLE m ADD INDEX s (s)", "FLUSH TABLES",
        ))

    def foreign(self) -> str:
        key = self.rng.randrange(12)
        return self.rng.choice((
            f"INSERT INTO parent VALUES ({key}, REPEAT('p', {key * 700}))", f"INSERT INTO child VALUES ({key * 3}, {key})",
            f"INSERT INTO child VALUES ({key * 3 + 1}, {key})", f"DELETE FROM parent WHERE id = {key}",
            f"UPDATE parent SET id = {key} + 20 WHERE id = {key}",
        ))

    def change(self, table: str) -> str:
        rng = self.rng
        key = rng.randrange(30)
        return rng.choice((
            f"REPLACE INTO {table} (id, k, s) VALUES ({key + 1}, {key % 5}, REPEAT('{key % 10}', {rng.choice((1, 300, 9000))}))",
            f"INSERT INTO {table} (k, s) VALUES ({key}, 'x'), ({key + 1}, REPEAT('y', {key * 30}))",
            f"UPDATE {table} SET k = k + 1, s = CONCAT(s, '+') WHERE id >= {key}",
            f"DELETE FROM {table} WHERE id = {key}", f"DELETE FROM {table} WHERE k = {key % 5}",
            f"UPDATE IGNORE {table} SET id = id + 100 WHERE id = {key}",
        ))

    def scratch(self, who: str) -> None:
        """A temporary table comes, is filled, and goes."""
        self.play(who, f"CREATE TEMPORARY TABLE scratch {COLUMNS})")
        self.play(who, f"INSERT INTO scratch (k, s) VALUES (1, REPEAT('t', {self.rng.choice((10, 9000))}))")
        self.play(who, "DROP TEMPORARY TABLE scratch")


def prepare(database: Database) -> None:
    """What the statements need; MyISAM tables that a crash has marked are repaired."""
    session = database.session()
    for text in ("CREATE TABLE IF NOT EXISTS parent (id INT PRIMARY KEY, s TEXT)",
                 "CREATE TABLE IF NOT EXISTS child (id INT PRIMARY KEY, p INT, KEY (p), FOREIGN KEY (p) REFERENCES parent (id) "
                 "ON DELETE CASCADE ON UPDATE CASCADE)",
                 f"CREATE TABLE IF NOT EXISTS a {COLUMNS}, KEY k (k))"):
        session.execute(text)
    for name, rows in myisam_rows(database).items():
        if rows is None:
            session.execute(f"REPAIR TABLE {name}")
    session.close()


class Chosen(NamedTuple):
    """A crash with the disk that it left."""

    position: int
    acknowledged: int
    choice: Choice
    disk: Image


def one_of(crashes: Iterator[Crash], rng: random.Random) -> Chosen | None:
    """One of them, each as likely as the others; None if there is none."""
    chosen: tuple[Crash, Image] | None = None
    for number, crash in enumerate(crashes, 1):
        if rng.random() * number < 1:
            chosen = crash, crash.image()
    return chosen and Chosen(*chosen[0][:3], chosen[1])


@pytest.mark.parametrize("seed", SEEDS)
def test_random_statements_and_crashes(seed: int) -> None:
    rng = random.Random(seed)
    pool_pages = rng.choice((None, 10))
    fs = FaultFileSystem()
    for number in range(CRASHES):
        database = open_database(fs, pool_pages)
        prepare(database)
        play = Play(fs, database)
        players = Players(play, rng)
        for _ in range(rng.randint(5, 25)):
            players.step()
        crash = one_of(crash_points(fs, rng, Bound(tears=2, random=3), first_mark(fs)), rng)
        if crash is None:
            fs = FaultFileSystem(fs.image)
            continue
        fs = FaultFileSystem(crash.disk)
        where = f"seed {seed}, crash {number} at event {crash.position}, {crash.choice.text}"
        database = open_database(fs, pool_pages)
        found = state_of(database)
        allowed = play.states[crash.acknowledged : crash.acknowledged + 2]
        assert found in allowed, f"{where}: {database.recovered}\n{difference(found, allowed[0])}"
        assert innodb_problems(database) == [], where
        assert orphans(database) == [], where
        for name, rows in myisam_rows(database).items():
            assert rows is None or rows in play.log[name], f"{where}: {name} {rows}"
        if rng.random() < 0.5:  # the next round begins after a clean shutdown, or after yet another crash
            database.close()
        fs = FaultFileSystem(fs.image)
