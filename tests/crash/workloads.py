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


def mixed(play: Play) -> None:
    """Transactions that stay open while others define tables; both engines side by side; cascades, counters, temporary tables,
    values off the page, and a log so small that it goes round."""
    play.commit("A", "CREATE TABLE parent (id INT AUTO_INCREMENT PRIMARY KEY, v INT, s TEXT, KEY (v))")
    play.commit("A", "CREATE TABLE child (id INT PRIMARY KEY, p INT, w VARCHAR(100), KEY (p), "
                     "FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE ON UPDATE CASCADE)")
    play.commit("A", "CREATE TABLE z LIKE parent")
    play.commit("A", "INSERT INTO z (v, s) VALUES (1, REPEAT('z', 10000)), (2, 'z')")
    play.commit("A", "CREATE TABLE rest (id INT PRIMARY KEY, s VARCHAR(20)) ENGINE=MyISAM")
    play.commit("A", "INSERT INTO rest VALUES (1, 'a'), (2, 'b')")
    play.commit("A", "FLUSH TABLES")
    play.commit("A", "CREATE TABLE busy (id INT PRIMARY KEY, s VARCHAR(20), KEY (s)) ENGINE=MyISAM")
    play.commit("A", "INSERT INTO parent (v, s) VALUES " + ", ".join(f"({i % 4}, REPEAT('p', {i * 10}))" for i in range(12)))
    play.commit("A", "INSERT INTO child VALUES " + ", ".join(f"({i}, {i % 12 + 1}, 'w{i}')" for i in range(30)))
    for who in "AC":
        play(who, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")  # they read what others are changing
    play("Z", "BEGIN")  # never committed
    play("Z", "INSERT INTO z (v, s) VALUES (99, REPEAT('never', 4000))")
    play("Z", "DELETE FROM z WHERE id = 1")
    for step, definition in enumerate(MIXED_DEFINITIONS):
        play("B", "BEGIN")
        play("B", f"INSERT INTO parent (v, s) VALUES ({step}, REPEAT('{step % 10}', {step % 3 * 9000}))")
        play("B", f"UPDATE child SET w = CONCAT(w, '{step}') WHERE id BETWEEN {step} AND {step + 8}")
        play.commit("A", definition)
        play("B", "SAVEPOINT s")
        play("B", f"UPDATE parent SET id = id + 1000 * ({step} + 1) WHERE id = {step // 2 + 1}")
        if step % 3 == 0:
            play("B", "ROLLBACK TO s")
        play("C", "CREATE TEMPORARY TABLE scratch (id INT PRIMARY KEY, s TEXT)")
        play("C", "INSERT INTO scratch SELECT id, s FROM parent")
        play.commit("B", "ROLLBACK" if step % 5 == 4 else "COMMIT")
        play.commit("A", f"INSERT INTO busy (id, s) VALUES ({step}, 's{step}')")
        play("C", "UPDATE scratch SET s = CONCAT(s, 'x')")
        play("C", "DROP TEMPORARY TABLE scratch")
        if step % 4 == 1:
            play.commit("A", f"DELETE FROM parent WHERE v = {step % 3}")
            play.database.purge()
        if step == 9:
            play.database.flush()


MIXED_DEFINITIONS = [
    "CREATE TABLE x (id INT AUTO_INCREMENT PRIMARY KEY, a INT, s TEXT)",
    "INSERT INTO x (a, s) SELECT v, s FROM parent",
    "ALTER TABLE x ADD INDEX ia (a)",
    "ALTER TABLE x ADD COLUMN b VARCHAR(30) DEFAULT 'new'",
    "UPDATE x SET a = a + 1, s = CONCAT(s, 'y')",
    "CREATE TABLE m ENGINE=MyISAM AS SELECT id, a FROM x",
    "RENAME TABLE x TO y",
    "ALTER TABLE y DROP INDEX ia, ADD UNIQUE ub (id, b)",
    "ALTER TABLE m ENGINE=InnoDB",
    "TRUNCATE TABLE y",
    "INSERT INTO y (a, s) VALUES (1, REPEAT('z', 12000)), (2, 'z')",
    "DROP TABLE m",
    "ALTER TABLE busy ADD COLUMN n INT",
    "CREATE TABLE w LIKE y",
    "DROP TABLE y",
]
