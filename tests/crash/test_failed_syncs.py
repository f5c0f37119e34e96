"""A sync that fails leaves it open what the disk holds, and cannot be repeated (rule 24 of minidb/storage/README.md): the database
stops, whoever waits is woken, nothing is written any more, and opening it again recovers."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from minidb.database import Database
from minidb.errors import Error
from minidb.scheduler import StepScheduler
from minidb.storage.fault_file import Fault, FaultFileSystem
from tests.crash.crash_kit import open_database, state_of


def statement(text: str) -> Callable[[Database], None]:
    return lambda database: database.session("C").execute(text) and None


def relieve(database: Database) -> None:
    assert database.durable is not None
    database.durable.writer.relieve()


SYNCS: dict[str, tuple[str, str, Callable[[Database], None]]] = {  # what is synced: kind of the call, file, what brings it about
    "log at a commit": ("sync", "ib_logfile0", statement("INSERT INTO t VALUES (10, 0)")),
    "log before a page": ("sync", "ib_logfile0", Database.flush),
    "checkpoint": ("sync", "ib_logfile0", relieve),
    "data file": ("sync", "test/t.ibd", Database.flush),
    "MyISAM data file": ("sync", "test/m.MYD", statement("FLUSH TABLES m")),
    "MyISAM index file": ("sync", "test/m.MYI", statement("FLUSH TABLES m")),
    "system tablespace": ("sync", "ibdata1", Database.flush),
    "doublewrite file": ("sync", "ib_doublewrite", Database.flush),
    "data file of a new table": ("sync", "new.ibd", statement("CREATE TABLE new (id INT)")),
    "directory": ("sync_dir", "test", statement("CREATE TABLE new (id INT)")),
    "dictionary": ("sync", "minidb.dictionary.new", statement("CREATE TABLE new (id INT)")),
    "directory of the dictionary": ("sync_dir", "", statement("CREATE TABLE new (id INT)")),
    "dictionary at DROP": ("sync", "minidb.dictionary.new", statement("DROP TABLE other")),
}


@pytest.mark.parametrize("what", SYNCS)
def test_a_failed_sync_stops_the_database(what: str) -> None:
    kind, suffix, action = SYNCS[what]
    fs = FaultFileSystem()
    database = open_database(fs)
    steps = database.scheduler
    assert isinstance(steps, StepScheduler)
    a, w, idle = database.session("A"), database.session("W"), database.session("idle")
    a.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    a.execute("CREATE TABLE other (id INT)")
    if "MyISAM" in what:
        a.execute("CREATE TABLE m (id INT) ENGINE=MyISAM")
        a.execute("INSERT INTO m VALUES (1), (2)")
    a.execute("INSERT INTO t VALUES (1, 0), (2, 0)")
    steps.execute("A", lambda: a.execute("BEGIN"))
    steps.execute("A", lambda: a.execute("UPDATE t SET v = 1 WHERE id = 1"))
    waiting = steps.execute("W", lambda: w.execute("UPDATE t SET v = 2 WHERE id = 1")).blocked
    assert [task.session for task in waiting] == ["W"]

    fs.fail(Fault(2 if what == "checkpoint" else 1, errno.EIO, kinds=frozenset((kind,)), suffix=suffix))
    report = steps.execute("C", lambda: action(database))
    fs.fail(None)
    with pytest.raises(Error) as failed:
        next(task for task in report.finished if task.session == "C").outcome()
    assert failed.value.code == 1026, failed.value
    assert database.failure is not None

    if "stop-sessions" in steps.poked:
        steps.step_worker("stop-sessions")
    steps.run()
    with pytest.raises(Error) as woken:
        waiting[0].outcome()
    assert woken.value.code in (1026, 1317)
    for session in (a, w, idle):
        for text in ("SELECT 1", "COMMIT", "ROLLBACK", "INSERT INTO t VALUES (3, 3)", "CREATE TABLE q (a INT)"):
            with pytest.raises(Error) as refused:
                session.execute(text)
            assert refused.value.code == 1026 and "stopped" in refused.value.message
    with pytest.raises(Error, match="stopped"):
        database.session()
    events = len(fs.events)
    database.close()
    assert len(fs.events) == events, fs.events[events:]  # nothing was written any more

    for left in (fs.image, fs.platter().outcome([], 0)):
        again = open_database(FaultFileSystem(left))
        found = state_of(again)
        assert set(found) in ({"test.t", "test.other"}, {"test.t"} if "DROP" in what else {"test.t", "test.other", "test.new"})
        assert sorted(found["test.t"][1]) in ([(1, 0), (2, 0)], [(1, 0), (2, 0), (10, 0)])
        if "MyISAM" in what:
            assert again.session().execute("REPAIR TABLE m").rows[-1][2:] == ("status", "OK")  # type: ignore[index]
            assert again.session().execute("SELECT id FROM m").rows in ([(1,), (2,)], [])
        assert again.check() == []
        again.session().execute("INSERT INTO t VALUES (3, 3)")
        again.close()
