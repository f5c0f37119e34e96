"""Single changes without lock and undo: nobody may be able to tell, but for the time they take."""

from __future__ import annotations

import random

import pytest

from minidb.database import Database
from minidb.engine import ChangedMeanwhile, ReadMode
from minidb.errors import Error
from minidb.innodb import row_alone
from minidb.session import Session

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, a INT, b VARCHAR(9), KEY (a), UNIQUE KEY (b)) ENGINE=InnoDB"


def sessions(count: int, purge: str = "background") -> list[Session]:
    database = Database(purge=purge)
    made = [database.session() for _ in range(count)]
    made[0].execute("CREATE DATABASE d")
    for session in made:
        session.execute("USE d")
    made[0].execute(TABLE)
    made[0].execute("INSERT INTO t VALUES (1, 10, 'x'), (2, 20, 'y')")
    made[0].instance.purge()
    return made


def history(session: Session) -> int:
    return len(session.instance.innodb.core.system.history)


def rows(session: Session, text: str = "SELECT * FROM t") -> list[tuple[object, ...]]:
    found = session.execute(text).rows
    assert found is not None
    return found


def test_a_change_that_nobody_sees_leaves_no_history() -> None:
    (a,) = sessions(1)
    for value in (11, 12, 13):
        a.execute("UPDATE t SET a = %s WHERE id = 1", (value,))
        a.execute("DELETE FROM t WHERE id = 2")
        a.execute("INSERT INTO t VALUES (2, 5, 'z')")
        if value == 11:
            a.instance.purge()  # a text's first time is not in the cache and goes the ordinary way
    assert rows(a, "SELECT * FROM t ORDER BY id") == [(1, 13, "x"), (2, 5, "z")]
    assert rows(a, "SELECT id FROM t FORCE INDEX (a) WHERE a < 100") == [(2,), (1,)]
    assert history(a) == 0 and a.instance.innodb.locks.check() == []


def test_a_row_with_old_entries_is_deleted_the_ordinary_way() -> None:
    """An entry that waits for purge needs its row: CHECK TABLE would miss it, and so would purge."""
    (a,) = sessions(1)
    a.execute("UPDATE t SET b = 'new' WHERE id = 1")  # a unique index changes: the old entry is delete-marked
    a.execute("DELETE FROM t WHERE id = 1")
    assert rows(a, "CHECK TABLE t EXTENDED")[0][-1] == "OK"
    a.instance.purge()
    assert rows(a, "CHECK TABLE t EXTENDED")[0][-1] == "OK"
    assert [x.tree.record_count() for x in a.instance.innodb.core.table(a.open("d", "t").tdef).secondaries] == [1, 1]


def test_manual_purge_finds_what_there_is_to_purge() -> None:
    (a,) = sessions(1, purge="manual")
    a.execute("UPDATE t SET a = 11 WHERE id = 1")
    a.execute("UPDATE t SET a = 12 WHERE id = 1")
    assert history(a) == 2


def test_an_open_view_keeps_what_it_sees() -> None:
    a, b = sessions(2)
    b.execute("BEGIN")
    before = rows(b)
    for _ in range(2):
        a.execute("UPDATE t SET a = a + 1, b = CONCAT(b, '!') WHERE id = %s", (1,))
        a.execute("DELETE FROM t WHERE id = %s", (2,))
        a.execute("INSERT INTO t VALUES (%s, 3, 'new')", (2,))
    assert rows(b) == before
    assert rows(b, "SELECT id FROM t FORCE INDEX (a) WHERE a >= 10 ORDER BY a") == [(1,), (2,)]
    assert rows(a, "SELECT * FROM t ORDER BY id") == [(1, 12, "x!!"), (2, 3, "new")]
    assert history(a) > 0


@pytest.mark.parametrize("change", ["UPDATE t SET a = 0 WHERE id = 1", "DELETE FROM t WHERE id = 1"])
@pytest.mark.parametrize("lock", ["SELECT * FROM t WHERE id = 1 FOR UPDATE", "SELECT a FROM t WHERE a = 10 LOCK IN SHARE MODE",
                                  "UPDATE t SET b = 'q' WHERE id = 1"])
def test_locked_rows_are_waited_for(change: str, lock: str) -> None:
    a, b = sessions(2)
    a.execute("SET innodb_lock_wait_timeout = 0")
    for _ in range(2):  # the second time from the cache
        b.execute("BEGIN")
        b.execute(lock)
        with pytest.raises(Error) as caught:
            a.execute(change)
        assert caught.value.code == 1205
        b.execute("ROLLBACK")
    assert rows(a) == [(1, 10, "x"), (2, 20, "y")]


def test_gap_locks_keep_inserts_out() -> None:
    a, b = sessions(2)
    a.execute("SET innodb_lock_wait_timeout = 0")
    for key in (7, 8):
        b.execute("BEGIN")
        b.execute("SELECT * FROM t WHERE id > 2 FOR UPDATE")
        with pytest.raises(Error) as caught:
            a.execute("INSERT INTO t VALUES (%s, 1, 'n')", (key,))
        assert caught.value.code == 1205
        b.execute("ROLLBACK")
    a.execute("INSERT INTO t VALUES (%s, 1, 'n')", (7,))
    assert rows(b, "SELECT id FROM t ORDER BY id") == [(1,), (2,), (7,)]


def test_duplicates_are_found_in_every_unique_index() -> None:
    (a,) = sessions(1)
    for values, key in (((1, 1, "n"), "PRIMARY"), ((3, 1, "y"), "b"), ((4, 1, "Y"), "b")):
        for _ in range(2):
            with pytest.raises(Error) as caught:
                a.execute("INSERT INTO t VALUES (%s, %s, %s)", values)
            assert caught.value.code == 1062 and key in caught.value.message
    with pytest.raises(Error) as caught:
        a.execute("UPDATE t SET b = 'y' WHERE id = 1")
    assert caught.value.code == 1062
    assert rows(a) == [(1, 10, "x"), (2, 20, "y")]


def test_a_row_changed_meanwhile_is_not_overwritten() -> None:
    a, b = sessions(2)
    table, trx = a.instance.open_table("d", "t"), a.trx
    for change in ("UPDATE t SET a = a + 1 WHERE id = 1", "START TRANSACTION WITH CONSISTENT SNAPSHOT"):
        trx.alone = True
        row = table.get(trx, 0, 1, ReadMode.EXCLUSIVE)
        assert row is not None and trx.alone
        b.execute(change)
        with pytest.raises(ChangedMeanwhile):
            table.update(trx, row, (1, 99, "x"))
        with pytest.raises(ChangedMeanwhile):
            table.delete(trx, row)
    trx.alone = False
    assert rows(a) == [(1, 11, "x"), (2, 20, "y")]


def test_the_statement_runs_anew_when_others_came_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = sessions(2)
    for _ in range(2):
        a.execute("UPDATE t SET a = a + 1 WHERE id = 1")
        b.execute("UPDATE t SET a = 100 WHERE id = 1")
    read = row_alone.read_alone

    def read_and_be_overtaken(*args: object) -> object:
        found = read(*args)  # type: ignore[arg-type]
        monkeypatch.undo()
        a.instance.innodb.core.latch.release()
        b.execute("UPDATE t SET a = 200 WHERE id = 1")
        a.instance.innodb.core.latch.acquire()
        return found

    monkeypatch.setattr("minidb.innodb.table.read_alone", read_and_be_overtaken)
    done = a.execute("UPDATE t SET a = a + 1 WHERE id = 1")
    assert (done.matched, done.changed) == (1, 1)
    assert rows(a, "SELECT a FROM t WHERE id = 1") == [(201,)]


def test_a_referenced_row_goes_the_ordinary_way() -> None:
    (a,) = sessions(1)
    a.execute("CREATE TABLE c (id INT PRIMARY KEY, t INT, FOREIGN KEY (t) REFERENCES t (id) ON DELETE CASCADE) ENGINE=InnoDB")
    a.execute("INSERT INTO c VALUES (1, 1)")
    with pytest.raises(Error) as caught:
        a.execute("INSERT INTO c VALUES (2, 9)")
    assert caught.value.code == 1452
    a.execute("DELETE FROM t WHERE id = 1")
    assert rows(a, "SELECT * FROM c") == []


@pytest.mark.parametrize("definition", [
    "(id INT PRIMARY KEY, a INT, b VARCHAR(9), KEY (a), KEY (b, a))",
    "(id INT NOT NULL, a INT, b VARCHAR(9), KEY (id), KEY (a))",
    "(id VARCHAR(4) COLLATE utf8mb4_general_ci PRIMARY KEY, a INT, b VARCHAR(9), UNIQUE KEY (b), KEY (a DESC))",
])
def test_the_outcome_is_that_of_the_ordinary_way(definition: str) -> None:
    """The same random statements with and without the short way, single changes mixed with transactions of a second session."""
    rng = random.Random(len(definition))
    worlds = []
    for alone in (True, False):
        world = sessions(2)
        world[0].instance.innodb.alone = alone
        world[0].execute(f"CREATE TABLE r {definition} ENGINE=InnoDB")
        for session in world:
            session.execute("SET innodb_lock_wait_timeout = 0")
        worlds.append(world)
    inside = False
    for _ in range(1500):
        who = rng.random() < 0.2
        key, a = str(rng.randrange(60)), rng.choice([None, *range(20)])
        b = rng.choice([None, "p", "P", "q", str(rng.randrange(50))])
        statements: list[tuple[str, tuple[object, ...] | None]] = [
            ("INSERT INTO r VALUES (%s, %s, %s)", (key, a, b)), ("UPDATE r SET a = %s WHERE id = %s", (a, key)),
            ("UPDATE r SET b = %s, a = a + 1 WHERE id = %s", (b, key)), ("DELETE FROM r WHERE id = %s", (key,)),
            ("UPDATE r SET id = %s WHERE id = %s", (str(rng.randrange(60)), key)), ("SELECT * FROM r WHERE a = %s", (a,)),
            ("SELECT * FROM r WHERE id = %s FOR UPDATE", (key,)), ("REPLACE INTO r VALUES (%s, %s, %s)", (key, a, b)),
        ]
        text, args = rng.choice(statements)
        if who and rng.random() < 0.3:
            text, args, inside = ("COMMIT" if inside else "BEGIN"), None, not inside
        seen: list[tuple[object, ...]] = []
        for world in worlds:
            try:
                result = world[who].execute(text, args)
                seen.append((result.affected, result.rows))
            except Error as error:
                seen.append((error.code, error.message))
            world[0].instance.purge()  # what waits for purge is met by locks
            seen[-1] = (*seen[-1], [s.instance.innodb.locks.held_by(s.trx.locks) for s in world], history(world[0]))
        assert seen[0] == seen[1], (text, args)
    for first, second in worlds:
        second.execute("COMMIT")
        first.instance.purge()
    contents = [[sorted(rows(w[0], f"SELECT * FROM r{hint}"), key=repr) for hint in ("", " FORCE INDEX (a)")] for w in worlds]
    assert contents[0] == contents[1] and contents[0][0] == contents[0][1] and contents[0][0]
    for first, _ in worlds:
        assert first.instance.open_table("d", "r").check(True).messages == []
        assert first.instance.innodb.locks.check() == []
