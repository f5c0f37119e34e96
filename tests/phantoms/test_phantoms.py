"""The phantom suite (facts F28, F29, F35-F42): what a locking read keeps out, for every kind of index and every form of predicate.

A holds a locking read in a transaction; B tries to bring a row that A's predicate would match.  At REPEATABLE READ each such insert
must wait (B's timeout is 0: error 1205 at once); at READ COMMITTED none does, and A then sees the phantom.  The lock footprints of
the facts are read from the lock table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from minidb.database import Database
from minidb.errors import Error
from minidb.lab.record import lock_line, lock_order
from minidb.scheduler import StepScheduler
from minidb.session import Session

KINDS = {
    "primary": "CREATE TABLE t (k INT PRIMARY KEY, v INT) ENGINE=InnoDB",
    "unique": "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, k INT, v INT, UNIQUE KEY k (k)) ENGINE=InnoDB",
    "non-unique": "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, k INT, v INT, KEY k (k)) ENGINE=InnoDB",
    "composite": "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, k INT, v INT, KEY k (k, v)) ENGINE=InnoDB",
    "none": "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, k INT, v INT) ENGINE=InnoDB",
}
KEYS = (10, 20, 30, 40, 50)


@dataclass(frozen=True)
class Form:
    """A predicate with its tail and the keys whose insertion would be a phantom (none of them stored yet)."""

    where: str
    phantoms: tuple[int, ...]
    tail: str = ""


FORMS = {
    "equality, a miss": Form("k = 25", (25,)),
    "equality after the end": Form("k = 99", (99,)),
    "range inside": Form("k BETWEEN 15 AND 35", (15, 22, 35)),
    "range open above": Form("k > 35", (36, 45, 51, 999)),
    "range open below": Form("k < 25", (-5, 9, 15, 24)),
    "closed bounds that hit": Form("k >= 20 AND k <= 40", (21, 29, 35)),
    "empty range": Form("k BETWEEN 31 AND 39", (31, 35, 39)),
    "IN": Form("k IN (20, 25, 45)", (25, 45)),
    "ORDER BY DESC": Form("k BETWEEN 15 AND 35", (15, 22, 35), " ORDER BY k DESC"),
    "LIMIT": Form("k > 15", (16, 19), " ORDER BY k LIMIT 1"),
    "ORDER BY DESC LIMIT": Form("k < 45", (41, 44), " ORDER BY k DESC LIMIT 1"),
    "OR": Form("k < 15 OR k > 45", (5, 12, 46, 60)),
}
# Without an index ORDER BY ... LIMIT reads, and locks, everything; the keys above are kept out all the same.


class World:
    """Two sessions on one table."""

    def __init__(self, ddl: str, level: str = "REPEATABLE READ", profile: str = "mariadb-10.11") -> None:
        self.database = Database(":memory:", scheduler=StepScheduler(), profile=profile, purge="manual")
        self.a, self.b = self.database.session("A"), self.database.session("B")
        for session in (self.a, self.b):
            session.execute("USE test")
            session.execute(f"SET SESSION TRANSACTION ISOLATION LEVEL {level}")
            session.execute("SET innodb_lock_wait_timeout = " + ("0" if profile.startswith("mariadb") else "1"))
        self.a.execute(ddl)
        self.a.execute("INSERT INTO t (k, v) VALUES " + ",".join(f"({k},{k})" for k in KEYS))
        self.database.purge()

    def rows(self, session: Session, sql: str) -> list[tuple[object, ...]]:
        rows = session.execute(sql).rows
        assert rows is not None
        return [tuple(r) for r in rows]

    def waits(self, sql: str) -> bool:
        """Whether B's statement has to wait; B's transaction is rolled back afterwards."""
        self.b.execute("BEGIN")
        try:
            self.b.execute(sql)
        except Error as error:
            assert error.code == 1205, error
            return True
        finally:
            self.b.execute("ROLLBACK")
        return False

    def locks(self) -> list[str]:
        """A's record locks."""
        rows = sorted((x for x in self.database.locks() if x.session == "A" and x.index), key=lock_order)
        return [lock_line(x).removeprefix("lock A ") for x in rows]


@pytest.fixture
def make_world() -> Iterator[type[World]]:
    made: list[World] = []

    class Tracked(World):
        def __init__(self, *args: str, **options: str) -> None:
            super().__init__(*args, **options)
            made.append(self)

    yield Tracked
    for world in made:
        world.database.close()


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lock", ["FOR UPDATE", "LOCK IN SHARE MODE"])
def test_no_phantom_enters_a_locking_read(make_world: type[World], kind: str, form: Form, lock: str) -> None:
    """F29: next-key locks keep phantoms out of locking reads at REPEATABLE READ."""
    world = make_world(KINDS[kind])
    query = f"SELECT k FROM t WHERE {form.where}{form.tail} {lock}"
    world.a.execute("BEGIN")
    before = world.rows(world.a, query)
    for key in form.phantoms:
        assert world.waits(f"INSERT INTO t (k, v) VALUES ({key}, 1)"), key
    assert world.rows(world.a, query) == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_read_committed_lets_them_in(make_world: type[World], kind: str, form: Form) -> None:
    """F28: without gap locks an insert between the rows read is not stopped."""
    world = make_world(KINDS[kind], "READ COMMITTED")
    query = f"SELECT k FROM t WHERE {form.where}{form.tail} FOR UPDATE"
    world.a.execute("BEGIN")
    before = world.rows(world.a, query)
    key = form.phantoms[0]
    world.b.execute(f"INSERT INTO t (k, v) VALUES ({key}, 1)")
    assert world.rows(world.a, query) != before


@pytest.mark.parametrize("kind", KINDS)
def test_a_snapshot_sees_no_phantom_and_stops_none(make_world: type[World], kind: str) -> None:
    """F29: versions keep phantoms out of snapshot reads, but an update reaches the row that the snapshot does not show."""
    world = make_world(KINDS[kind])
    world.a.execute("BEGIN")
    assert world.rows(world.a, "SELECT COUNT(*) FROM t WHERE k > 35") == [(2,)]
    world.b.execute("INSERT INTO t (k, v) VALUES (45, 1)")
    assert world.rows(world.a, "SELECT COUNT(*) FROM t WHERE k > 35") == [(2,)]
    assert world.a.execute("UPDATE t SET v = v + 1 WHERE k > 35").changed == 3
    assert world.rows(world.a, "SELECT COUNT(*) FROM t WHERE k > 35") == [(3,)]


@pytest.mark.parametrize("kind", KINDS)
def test_updates_of_rows_read_are_stopped(make_world: type[World], kind: str) -> None:
    """F28: the rows themselves are locked at every level."""
    for level in ("READ COMMITTED", "REPEATABLE READ"):
        world = make_world(KINDS[kind], level)
        world.a.execute("BEGIN")
        world.rows(world.a, "SELECT * FROM t WHERE k IN (20, 30) FOR UPDATE")
        assert world.waits("UPDATE t SET v = 0 WHERE k = 30")
        assert world.waits("DELETE FROM t WHERE k = 20")


def test_f35_both_changes_become_visible(make_world: type[World]) -> None:
    """F35: A's own update of a row that B changed shows A both columns."""
    world = make_world("CREATE TABLE t (k INT PRIMARY KEY, v INT, w INT DEFAULT 0) ENGINE=InnoDB")
    world.a.execute("BEGIN")
    assert world.rows(world.a, "SELECT v, w FROM t WHERE k = 10") == [(10, 0)]
    world.b.execute("UPDATE t SET v = 11 WHERE k = 10")
    assert world.rows(world.a, "SELECT v, w FROM t WHERE k = 10") == [(10, 0)]
    world.a.execute("UPDATE t SET w = 1 WHERE k = 10")
    assert world.rows(world.a, "SELECT v, w FROM t WHERE k = 10") == [(11, 1)]


def test_f36_a_next_key_lock_is_record_and_gap(make_world: type[World]) -> None:
    world = make_world(KINDS["non-unique"])
    world.a.execute("BEGIN")
    world.rows(world.a, "SELECT v FROM t WHERE k = 30 FOR UPDATE")
    assert world.locks() == ["t.PRIMARY X rec (3)", "t.k X next-key (30, 3)", "t.k X gap (40, 4)"]
    assert world.waits("INSERT INTO t (k, v) VALUES (25, 1)")  # the gap before the record
    assert world.waits("UPDATE t SET v = 1 WHERE k = 30")  # the record
    assert world.waits("INSERT INTO t (k, v) VALUES (35, 1)")  # F38: the gap behind the last match
    assert not world.waits("INSERT INTO t (k, v) VALUES (45, 1)")
    assert not world.waits("UPDATE t SET v = 1 WHERE k = 40")


@pytest.mark.parametrize(("profile", "secondary"), [("mariadb-10.11", "next-key"), ("mysql-8.4", "rec")])
def test_f37_unique_equality_hit(make_world: type[World], profile: str, secondary: str) -> None:
    """F37: primary key: the record only, in both profiles; unique secondary key: next-key in MariaDB, record in MySQL 8."""
    world = make_world(KINDS["primary"], "REPEATABLE READ", profile)
    world.a.execute("BEGIN")
    world.rows(world.a, "SELECT v FROM t WHERE k = 30 FOR UPDATE")
    assert world.locks() == ["t.PRIMARY X rec (30)"]
    world = make_world(KINDS["unique"], "REPEATABLE READ", profile)
    world.a.execute("BEGIN")
    world.rows(world.a, "SELECT v FROM t WHERE k = 30 FOR UPDATE")
    assert world.locks() == ["t.PRIMARY X rec (3)", f"t.k X {secondary} (30, 3)"]


@pytest.mark.parametrize(("statement", "expected"), [
    ("SELECT * FROM t WHERE k = 30", []),
    ("SELECT * FROM t WHERE k = 30 LOCK IN SHARE MODE", ["t.PRIMARY S rec (30)"]),
    ("SELECT * FROM t WHERE k = 30 FOR UPDATE", ["t.PRIMARY X rec (30)"]),
    ("UPDATE t SET v = 1 WHERE k = 30", ["t.PRIMARY X rec (30)"]),
    ("DELETE FROM t WHERE k = 30", ["t.PRIMARY X rec (30) delete-marked"]),
    ("INSERT INTO t VALUES (35, 1)", []),  # implicit: shown only when another runs into it
    ("INSERT IGNORE INTO t VALUES (30, 1)", ["t.PRIMARY S rec (30)"]),
    ("REPLACE INTO t VALUES (30, 1)", ["t.PRIMARY X rec (30)"]),
])
def test_f39_which_statements_lock(make_world: type[World], statement: str, expected: list[str]) -> None:
    world = make_world(KINDS["primary"])
    world.a.execute("BEGIN")
    world.a.execute(statement)
    assert world.locks() == expected


def test_f40_footprints_side_by_side(make_world: type[World]) -> None:
    """F40: equality locks one record, a range its rows and a gap, an unindexed predicate everything."""
    footprints = {}
    for where in ("k = 30", "k > 15 AND k < 35", "v = 30"):
        world = make_world(KINDS["primary"])
        world.a.execute("BEGIN")
        world.a.execute(f"UPDATE t SET v = v + 1 WHERE {where}")
        footprints[where] = len(world.locks())
    assert footprints == {"k = 30": 1, "k > 15 AND k < 35": 3, "v = 30": len(KEYS) + 1}


def test_f41_snapshot_and_locking_read_disagree(make_world: type[World]) -> None:
    world = make_world(KINDS["primary"])
    world.a.execute("BEGIN")
    assert world.rows(world.a, "SELECT v FROM t WHERE k = 10") == [(10,)]
    world.b.execute("UPDATE t SET v = 99 WHERE k = 10")
    assert world.rows(world.a, "SELECT v FROM t WHERE k = 10") == [(10,)]
    assert world.rows(world.a, "SELECT v FROM t WHERE k = 10 FOR UPDATE") == [(99,)]
    assert world.rows(world.a, "SELECT v FROM t WHERE k = 10") == [(10,)]


def test_f42_serializable_select_locks(make_world: type[World]) -> None:
    """F42: inside a transaction a plain SELECT is a shared locking read; in autocommit it takes no lock."""
    world = make_world(KINDS["primary"], "SERIALIZABLE")
    world.rows(world.a, "SELECT * FROM t WHERE k = 30")
    assert world.locks() == []
    world.a.execute("BEGIN")
    world.rows(world.a, "SELECT * FROM t WHERE k = 30")
    assert world.locks() == ["t.PRIMARY S rec (30)"]
    assert world.waits("UPDATE t SET v = 0 WHERE k = 30")
