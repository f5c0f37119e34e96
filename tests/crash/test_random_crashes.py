"""Random statements, a crash at a random place, recovery, more statements, another crash ... against what was acknowledged.

MINIDB_CRASH=long: 300 histories instead of 12.  A failure prints its seed.
"""

from __future__ import annotations

import os
import random

import pytest

from minidb.storage.fault_file import FaultFileSystem
from tests.crash.crash_kit import Play, crashes, difference, first_mark, open_database, state_of

SEEDS = range(300 if os.environ.get("MINIDB_CRASH") == "long" else 12)
CRASHES = 4


def statements(play: Play, rng: random.Random) -> None:
    """A few random transactions and definitions on tables a, b, c."""
    known = {name: columns for name, (columns, _) in play.states[-1].items()}
    for _ in range(rng.randint(2, 7)):
        table = rng.choice("abc")
        columns = known.get(f"test.{table}")
        chance = rng.random()
        if columns is None:
            play.commit("A", f"CREATE TABLE {table} (id INT PRIMARY KEY, k INT, s TEXT{', KEY k (k)' if chance < 0.5 else ''})")
        elif chance < 0.06:
            play.commit("A", f"DROP TABLE {table}")
        elif chance < 0.12:
            play.commit("A", f"TRUNCATE TABLE {table}")
        elif chance < 0.18:
            play.commit("A", f"ALTER TABLE {table} {'DROP INDEX k' if 'k' in columns[3:] else 'ADD INDEX k (k)'}")
        elif chance < 0.22:
            play.commit("A", f"ALTER TABLE {table} FORCE")
        else:
            transaction(play, rng, table)
        known = {name: columns for name, (columns, _) in play.states[-1].items()}
        if rng.random() < 0.3:
            play.database.purge()
        if rng.random() < 0.1:
            play.database.flush()


def transaction(play: Play, rng: random.Random, table: str) -> None:
    play("A", "BEGIN")
    for _ in range(rng.randint(1, 6)):
        key = rng.randrange(30)
        play("A", rng.choice((
            f"REPLACE INTO {table} VALUES ({key}, {rng.randrange(5)}, REPEAT('{key % 10}', {rng.choice((1, 300, 9000))}))",
            f"UPDATE {table} SET k = k + 1, s = CONCAT(s, '+') WHERE id >= {key}",
            f"DELETE FROM {table} WHERE id = {key}",
            f"UPDATE IGNORE {table} SET id = id + 100 WHERE id = {key}",
        )))
    if rng.random() < 0.2:
        play("A", "ROLLBACK")
    else:
        play.commit("A", rng.choice(("COMMIT", "COMMIT", "BEGIN")))  # BEGIN commits what is open, too


@pytest.mark.parametrize("seed", SEEDS)
def test_random_statements_and_crashes(seed: int) -> None:
    rng = random.Random(seed)
    pool_pages = rng.choice((None, 10))
    fs = FaultFileSystem()
    for number in range(CRASHES):
        database = open_database(fs, pool_pages)
        play = Play(fs, database)
        statements(play, rng)
        points = list(crashes(fs, rng, 2, first_mark(fs)))
        if not points:
            fs = FaultFileSystem(fs.image)
            continue
        position, acknowledged, variant, image = rng.choice(points)
        fs = FaultFileSystem(image)
        database = open_database(fs, pool_pages)
        found = state_of(database)
        allowed = play.states[acknowledged : acknowledged + 2]
        where = f"seed {seed}, crash {number} at event {position}, {variant}"
        assert found in allowed, f"{where}: {database.recovered}\n{difference(found, allowed[0])}"
        assert database.check() == [], where
        if rng.random() < 0.5:  # the next round begins after a clean shutdown, or after yet another crash
            database.close()
        fs = FaultFileSystem(fs.image)
