"""A crash during recovery is recovered from, as often as it comes; recovery of what is recovered changes nothing."""

from __future__ import annotations

import os
import random

import pytest

from minidb.scheduler import StepScheduler
from minidb.storage.fault_file import FaultFileSystem
from minidb.storage.platter import Bound, Image
from tests.conftest import Tell
from tests.crash import workloads
from tests.crash.crash_kit import Explorer, State, crash_points, crashes, first_mark, open_database, record, state_of

LONG = os.environ.get("MINIDB_CRASH") == "long"
BOUND = Bound(subset=2, tears=1, random=1)


def interesting(name: str, rng: random.Random, wanted: int) -> list[tuple[int, Image, list[State]]]:
    """Some disks after a crash, spread over the workload."""
    fs, play = record(getattr(workloads, name))
    found = [(ack, image) for _, ack, variant, image in crashes(fs, rng, 1, first_mark(fs), 3) if variant in ("all", "random 0")]
    step = max(1, len(found) // wanted)
    return [(ack, image, play.states) for ack, image in found[::step]]


@pytest.mark.parametrize(("name", "sample"), [("transactions", 13), ("definitions", 5), ("mixed", 10)])
def test_a_crash_during_recovery(name: str, sample: int, tell: Tell) -> None:
    """A crash behind every event of a recovery, and behind every event of the recovery after that one: a sample of them."""
    rng = random.Random(23)
    count = visited = inner = distinct = 0
    for acknowledged, image, states in interesting(name, rng, 30 if LONG else 6):
        fs = FaultFileSystem(image)
        found = state_of(open_database(fs))
        assert found in states[acknowledged : acknowledged + 2]
        explorer = Explorer([found])
        for crash in crash_points(fs, rng, BOUND):
            count += 1
            if count % sample and not LONG:
                continue
            explorer.visit(crash, f"{name}, in recovery")
            if explorer.points % 25 == 0:
                second = FaultFileSystem(crash.image())
                assert state_of(open_database(second)) == found
                for again in list(crash_points(second, rng, BOUND))[:: 3 if LONG else 25]:
                    explorer.visit(again, f"{name}, event {crash.position}, {crash.choice.text}, in recovery of recovery")
                    inner += 1
        visited += explorer.points
        distinct += len(explorer.known)
    assert visited > 50 and inner > 5
    tell(f"{name}: {count} crash points inside recovery, {visited} recovered, {inner} of them inside the recovery of such a "
         f"recovery, {distinct} distinct", visited)


def test_recovery_twice_is_recovery_once() -> None:
    for _, image, _ in interesting("transactions", random.Random(5), 6):
        first = FaultFileSystem(image)
        once = state_of(open_database(first))
        second = FaultFileSystem(first.platter().outcome(first.platter().data, len(first.platter().names)))
        assert state_of(open_database(second)) == once


def test_counters_go_on_behind_what_was_given_out() -> None:
    fs = FaultFileSystem()
    database = open_database(fs)
    session = database.session()
    session.execute("CREATE TABLE a (id INT AUTO_INCREMENT PRIMARY KEY, v INT)")
    session.execute("CREATE TABLE h (v INT)")
    for i in range(300):
        session.execute(f"INSERT INTO a (v) VALUES ({i})")
        session.execute(f"INSERT INTO h VALUES ({i})")
    session.execute("DELETE FROM a WHERE id > 290")
    before = database.innodb.core.system.next_id
    after = open_database(FaultFileSystem(fs.platter().outcome([], 0)))
    assert after.innodb.core.system.next_id >= before
    again = after.session()
    assert again.execute("INSERT INTO a (v) VALUES (1)").insert_id == 301
    again.execute("INSERT INTO h VALUES (1000)")
    assert again.execute("SELECT COUNT(*) FROM h").rows == [(301,)]
    assert after.check() == []


def test_old_versions_survive_and_purge_goes_on() -> None:
    fs = FaultFileSystem()
    database = open_database(fs)
    session = database.session()
    session.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT, w TEXT, KEY (v))")
    session.execute("INSERT INTO t VALUES " + ",".join(f"({i}, {i}, REPEAT('x', 9000))" for i in range(20)))
    for i in range(5):
        session.execute(f"UPDATE t SET v = v + 100, w = REPEAT('{i}', 9000 + {i}) WHERE id < 10")
    session.execute("DELETE FROM t WHERE id > 15")
    waiting = database.history_length()
    assert waiting == 6
    after = open_database(FaultFileSystem(fs.platter().outcome([], 0)))
    assert after.history_length() == waiting
    assert "6 committed transaction(s) wait for purge" in after.recovered
    after.purge()
    assert after.history_length() == 0
    assert after.check() == []
    index = after.innodb.core.table(after.dictionary.table("test", "t")).secondaries[0]
    assert index.tree.record_count() == 16  # nothing delete-marked is left
    after.close()


def test_undo_of_a_table_that_came_later_is_not_mistaken() -> None:
    """A temporary table's id is not in the dictionary on disk: after a crash no new table may get it while undo names it."""
    fs = FaultFileSystem()
    database = open_database(fs)
    session = database.session()
    session.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    session.execute("CREATE TEMPORARY TABLE x (id INT PRIMARY KEY, w TEXT)")
    session.execute("INSERT INTO x VALUES (1, REPEAT('a', 9000))")
    session.execute("UPDATE x SET w = REPEAT('b', 9000)")
    session.execute("INSERT INTO t VALUES (1)")
    after = open_database(FaultFileSystem(fs.platter().outcome(fs.platter().data, len(fs.platter().names))))
    again = after.session()
    again.execute("CREATE TABLE y (id INT PRIMARY KEY, w TEXT)")
    again.execute("INSERT INTO y VALUES (1, REPEAT('c', 9000))")
    after.purge()
    assert again.execute("SELECT LENGTH(w), LEFT(w, 1) FROM y").rows == [(9000, "c")]
    assert after.check() == []
    assert not [name for name in after.fs.listdir("") if name.startswith("#tmp")]


def test_commits_may_be_left_to_the_background() -> None:
    """innodb_flush_log_at_trx_commit = 0: a commit is lost with the power, unless a second has passed; never half of it."""
    fs = FaultFileSystem()
    database = open_database(fs)
    session = database.session()
    session.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    session.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 0")
    syncs = sum(event.kind == "sync" for event in fs.events)
    for i in range(10):
        session.execute(f"INSERT INTO t VALUES ({i}), ({i + 100})")
    assert sum(event.kind == "sync" for event in fs.events) == syncs
    lost = open_database(FaultFileSystem(fs.platter().outcome([], 0)))
    assert lost.session().execute("SELECT * FROM t").rows == []
    scheduler = database.scheduler
    assert isinstance(scheduler, StepScheduler)
    assert scheduler.step_worker("innodb-log-flush") == 1.0
    kept = open_database(FaultFileSystem(fs.platter().outcome([], 0)))
    assert len(kept.session().execute("SELECT * FROM t").rows or []) == 20


def test_a_table_does_not_get_pages_of_a_lost_one_that_had_its_id() -> None:
    """The power goes before the dictionary knows of a table: the next one gets its id, but none of its pages."""
    fs = FaultFileSystem()
    database = open_database(fs, 12)
    session = database.session()
    session.execute("CREATE TABLE t (id INT PRIMARY KEY, s TEXT)")
    session.execute("CREATE TEMPORARY TABLE x (id INT PRIMARY KEY, s TEXT)")
    session.execute("INSERT INTO x VALUES " + ", ".join(f"({i}, REPEAT('x', 9000))" for i in range(20)))
    after = open_database(FaultFileSystem(fs.image), 12)
    again = after.session()
    again.execute("CREATE TABLE y (id INT PRIMARY KEY)")
    after.close()
    last = open_database(FaultFileSystem(after.fs.image), 12)
    assert last.recovered == []


def test_a_page_written_without_a_log_record_does_not_outrun_the_log() -> None:
    """A structure change that failed leaves its pages as they were.  Writing them must not give them an LSN beyond that
    of changes to come: recovery would take those for seen.  (MyISAM's page writes count on: the counter may be far ahead.)"""
    fs = FaultFileSystem()
    database = open_database(fs)
    session = database.session()
    session.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    session.execute("INSERT INTO t VALUES (1, 1)")
    database.flush()
    database.pool.lsn += 100_000
    core = database.innodb.core
    page = core.table(database.dictionary.table("test", "t")).clustered.tree.first()[0]
    assert page is not None and database.durable is not None
    core.mtr.save(page)
    core.mtr.rollback()
    database.flush()
    assert not page.dirty
    session.execute("UPDATE t SET v = 2")
    after = open_database(FaultFileSystem(fs.platter().outcome([], 0)))
    assert after.session().execute("SELECT v FROM t").rows == [(2,)]
