"""Workloads for the crash tests: small, but with a split, a merge, an off-page value, an open transaction or a definition at every
corner."""

from __future__ import annotations

import random

from tests.crash.crash_kit import Play


def transactions(play: Play) -> None:
    """Inserts, updates, deletes, rollbacks and savepoints of two sessions, with checkpoints and purge between them."""
    play.commit("A", "CREATE TABLE t (id INT PRIMARY KEY, a INT, s VARCHAR(150), KEY (a), UNIQUE (s))")
    play.commit("A", "CREATE TABLE n (v INT, w TEXT)")  # rows by hidden id, long values
    play.commit("A", "CREATE TABLE o (v INT PRIMARY KEY, w TEXT, a INT, KEY (a))")
    play.commit("A", "INSERT INTO o VALUES (1, 'one', 1), (2, 'two', 2), (3, REPEAT('three', 3000), 3), (4, 'four', 4)")
    rng, dashes = random.Random(7), "--"
    ids: set[int] = set()
    for step in range(22):
        play("A", "BEGIN")
        for _ in range(rng.randint(1, 4)):
            key = rng.randrange(60)
            if key not in ids:
                play("A", f"INSERT INTO t VALUES ({key}, {rng.randrange(9)}, 's{key}-{step}{dashes * (key % 50)}')")
                ids.add(key)
            elif rng.random() < 0.5:
                play("A", f"UPDATE t SET a = {rng.randrange(9)}, s = 'u{key}-{step}{dashes * key}' WHERE id = {key}")
            else:
                play("A", f"DELETE FROM t WHERE id = {key}")
                ids.discard(key)
        play.commit("A")
        if step % 5 == 0:
            play.commit("A", f"INSERT INTO n VALUES ({step}, REPEAT('{step % 10}', {rng.choice((10, 9000, 20000))}))")
        if step == 6:
            play("B", "BEGIN")  # open until the very end: rolled back by every recovery
            play("B", "INSERT INTO o VALUES (1000, 'never', 1), (1001, REPEAT('never', 4000), 2)")
            play("B", "UPDATE o SET w = REPEAT('neither', 3000), a = a + 1")
            play("B", "DELETE FROM o WHERE v < 3")
            play("B", "INSERT INTO o VALUES (2, 'back', 2)")
        if step == 9:
            play("A", "BEGIN")
            play("A", "INSERT INTO t SELECT id + 200, a, CONCAT('c', s) FROM t WHERE id < 100")
            play("A", "SAVEPOINT s")
            play("A", "DELETE FROM t WHERE id >= 200 AND id < 1000")
            play("A", "ROLLBACK TO s")
            play("A", "UPDATE t SET a = a + 1 WHERE id BETWEEN 200 AND 210")
            play.commit("A")
        if step == 12:
            play("A", "BEGIN")
            play("A", "DELETE FROM t WHERE id BETWEEN 200 AND 999")
            play("A", "ROLLBACK")
        if step % 7 == 3:
            play.database.purge()
        if step == 15:
            play.database.flush()
        if step == 16:
            play.commit("A", "DELETE FROM t WHERE id BETWEEN 200 AND 999")
    play.commit("A", "UPDATE t SET s = CONCAT(s, '!') WHERE id < 1000")


def definitions(play: Play) -> None:
    """CREATE, ALTER in place and by copying, RENAME, TRUNCATE, DROP, with rows before and after."""
    play.commit("A", "CREATE TABLE p (id INT AUTO_INCREMENT PRIMARY KEY, a INT, b VARCHAR(20))")
    play.commit("A", "INSERT INTO p (a, b) VALUES " + ",".join(f"({i % 5}, 'b{i}')" for i in range(25)))
    play.commit("A", "CREATE TABLE c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id))")
    play.commit("A", "INSERT INTO c VALUES (1, 1), (2, 2), (3, 3)")
    play.commit("A", "ALTER TABLE p ADD INDEX ia (a), ADD UNIQUE ub (b)")
    play.commit("A", "DELETE FROM p WHERE id > 20")
    play.commit("A", "ALTER TABLE p ADD COLUMN x INT DEFAULT 7")
    play.commit("A", "ALTER TABLE p DROP INDEX ia, ADD INDEX ix (x, a)")
    play.commit("A", "CREATE TABLE gone (a INT)")
    play.commit("A", "INSERT INTO gone VALUES (1), (2)")
    play.commit("A", "TRUNCATE TABLE gone")
    play.commit("A", "INSERT INTO gone VALUES (3)")
    play.commit("A", "RENAME TABLE gone TO moved")
    play.commit("A", "ALTER TABLE p RENAME TO q")
    play.commit("A", "INSERT INTO moved VALUES (4)")
    play.commit("A", "CREATE DATABASE other")
    play.commit("A", "CREATE TABLE other.t (a INT PRIMARY KEY)")
    play.commit("A", "RENAME TABLE moved TO other.moved")
    play.commit("A", "CREATE TABLE copy AS SELECT * FROM q")
    play.commit("A", "DROP TABLE copy")
    play.commit("A", "DROP DATABASE other")
    play.commit("A", "UPDATE q SET a = a + 1 WHERE id < 5")
