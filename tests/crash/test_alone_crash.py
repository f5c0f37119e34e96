"""Statements that are alone change their row in one group of the redo log, without undo: a crash leaves all of one or nothing of
it, and Ctrl-C in the middle takes it back."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from minidb.innodb import row_alone
from minidb.session import Session
from minidb.storage.btree import BTree
from minidb.storage.fault_file import FaultFileSystem
from tests.conftest import Tell
from tests.crash.crash_kit import Play, crashes, first_mark, open_database, record, recovered, state_of

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, a INT, s VARCHAR(40), KEY (a), KEY (s, a))"


def single_changes(play: Play) -> None:
    """Random single-row statements in autocommit mode; leaves fill and empty, so that some go the ordinary way."""
    play.database.innodb.alone = True
    play.commit("A", TABLE)
    rng = random.Random(17)
    present: set[int] = set()
    for step in range(70):
        key = rng.randrange(25)
        if step % 2 == 0:
            play.database.purge()  # a row with history is not deleted alone
        if key not in present:
            present.add(key)
            play.commit("A", f"INSERT INTO t VALUES ({key}, {rng.randrange(9)}, '{key}-{step}')")
        elif rng.random() < 0.3:
            present.discard(key)
            play.commit("A", f"DELETE FROM t WHERE id = {key}")
        else:
            play.commit("A", f"UPDATE t SET a = a + {rng.randrange(3)}, s = '{key}-{step}' WHERE id = {key}")


def test_a_crash_anywhere_leaves_whole_statements(monkeypatch: pytest.MonkeyPatch, tell: Tell) -> None:
    taken = dict.fromkeys(("insert_alone", "update_alone", "delete_alone"), 0)

    def counting(name: str) -> Callable[..., bool]:
        function = getattr(row_alone, name)

        def counted(*args: Any) -> bool:
            done: bool = function(*args)
            taken[name] += done
            return done

        return counted

    for name in taken:
        monkeypatch.setattr(f"minidb.innodb.table.{name}", counting(name))
    fs, play = record(single_changes)
    states = play.states
    assert min(taken.values()) > 4, taken  # the short road was taken, and so was the other
    assert sum(taken.values()) < len(states) - 2
    count = 0
    for position, acknowledged, variant, image in crashes(fs, random.Random(3), 1, first_mark(fs)):
        count += 1
        where = f"event {position}, {variant}"
        assert recovered(image, where, again=count % 40 == 0) in states[acknowledged : acknowledged + 2], where
    tell(f"{count} crash points", count)


class Stop(BaseException):
    """Ctrl-C as it strikes."""


def interrupted_session(monkeypatch: pytest.MonkeyPatch, method: str, number: int) -> tuple[FaultFileSystem, Session]:
    """A database whose `number`-th call of BTree.`method` from now on is interrupted after its work."""
    fs = FaultFileSystem()
    database = open_database(fs)
    database.innodb.alone = True
    session = database.session()
    session.execute(TABLE)
    for key in (1, 2, 3):
        session.execute(f"INSERT INTO t VALUES ({key}, {key}, 'x{key}')")
        session.execute(f"UPDATE t SET a = a + 1, s = CONCAT(s, '!') WHERE id = {key}")
    session.execute("DELETE FROM t WHERE id = 3")
    session.execute("INSERT INTO t VALUES (3, 3, 'x3')")
    original = getattr(BTree, method)
    left = [number]

    def interrupting(*args: Any) -> Any:
        result = original(*args)
        left[0] -= 1
        if left[0] == 0:
            raise Stop
        return result

    monkeypatch.setattr(BTree, method, interrupting)
    return fs, session


@pytest.mark.parametrize(("statement", "method", "number"), [
    ("INSERT INTO t VALUES (9, 9, 'x9')", "insert_at", 1), ("INSERT INTO t VALUES (9, 9, 'x9')", "insert_at", 2),
    ("INSERT INTO t VALUES (9, 9, 'x9')", "insert_at", 3), ("DELETE FROM t WHERE id = 2", "delete_at", 1),
    ("DELETE FROM t WHERE id = 2", "delete_at", 2), ("DELETE FROM t WHERE id = 2", "delete_at", 3),
    ("UPDATE t SET a = a + 7, s = CONCAT(s, '?') WHERE id = 1", "replace_at", 1),
    ("UPDATE t SET a = a + 7, s = CONCAT(s, '?') WHERE id = 1", "delete_at", 1),
    ("UPDATE t SET a = a + 7, s = CONCAT(s, '?') WHERE id = 1", "insert_at", 2),
])
def test_an_interrupted_statement_leaves_nothing(monkeypatch: pytest.MonkeyPatch, statement: str, method: str,
                                                 number: int) -> None:
    fs, session = interrupted_session(monkeypatch, method, number)
    database = session.instance
    before = state_of(database)
    with pytest.raises(Stop):
        session.execute(statement)
    monkeypatch.undo()
    assert state_of(database) == before and database.check() == []
    session.execute("INSERT INTO t VALUES (50, 5, 'later')")
    expected = state_of(database)
    after = open_database(FaultFileSystem(fs.platter().outcome([], 0)))
    assert state_of(after) == expected and after.check() == []


def test_an_interrupt_between_pages_and_log_stops_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows then whether they agree: what was acknowledged is in the log, the next start has it."""
    fs, session = interrupted_session(monkeypatch, "get", 1 << 30)
    database = session.instance
    before = state_of(database)
    assert database.durable is not None
    redo = type(database.durable.redo)
    original = redo.append

    def interrupted(*args: Any) -> int:
        original(*args)
        raise Stop

    monkeypatch.setattr(redo, "append", interrupted)
    with pytest.raises(Stop):
        session.execute("UPDATE t SET a = a + 7 WHERE id = 1")
    monkeypatch.undo()
    with pytest.raises(Exception, match="has stopped"):
        session.execute("SELECT 1")
    after = open_database(FaultFileSystem(fs.platter().outcome([], 0)))
    assert state_of(after) == before and after.check() == []
