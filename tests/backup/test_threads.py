"""Backups of an open database while real threads transfer money, change definitions and write to both engines; and from outside,
of a process that does the same over a small log."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from minidb.backup.backup import backup_directory
from minidb.database import Database

ACCOUNTS, MONEY = 20, 100
BACKUPS = 5
ROOT = Path(__file__).parents[2]


def transfer(database: Database, who: int, stop: threading.Event, done: list[int], failures: list[BaseException]) -> None:
    """Move money between accounts, keep a log in both engines, until told to stop.  done[who]: commits acknowledged."""
    try:
        session = database.session()
        n = 0
        while not stop.is_set():
            n += 1
            first, second = sorted(((n * 7 + who) % ACCOUNTS, (n * 11 + 3 * who + 1) % ACCOUNTS))
            session.execute("BEGIN")
            session.execute("UPDATE account SET money = money - 1 WHERE id = %s", (first,))
            session.execute("UPDATE account SET money = money + 1 WHERE id = %s", (second,))
            session.execute("INSERT INTO journal VALUES (%s, %s, %s)", (who, n, "x" * (n % 9 * 150)))
            session.execute("COMMIT")
            done[who] = n
            session.execute("INSERT INTO notes VALUES (%s, %s)", (who, n))
    except BaseException as error:
        failures.append(error)


def define(database: Database, stop: threading.Event, failures: list[BaseException]) -> None:
    """Tables that come, change and go."""
    try:
        session = database.session()
        while not stop.is_set():
            session.execute("CREATE TABLE c (id INT PRIMARY KEY, s TEXT)")
            session.execute("INSERT INTO c VALUES (1, REPEAT('c', 5000))")
            session.execute("ALTER TABLE c ADD COLUMN z INT DEFAULT 3")
            session.execute("ALTER TABLE c ADD INDEX z (z)")
            session.execute("RENAME TABLE c TO d")
            session.execute("DROP TABLE d")
    except BaseException as error:
        failures.append(error)


def verify(path: str, before: list[int]) -> None:
    """One moment, not before the backup began."""
    with Database(path, leaf_capacity=16) as backup:
        assert backup.recovered == [] and backup.check() == []
        session = backup.session()
        assert session.execute("SELECT SUM(money) FROM account").rows == [(ACCOUNTS * MONEY,)]
        rows = session.execute("SELECT who, MAX(n), COUNT(*) FROM journal GROUP BY who ORDER BY who").rows or []
        journal = {who: n for who, n, count in rows if n == count}
        assert len(journal) == len(rows)
        for who, n in enumerate(before):
            assert journal.get(who, 0) >= n, f"commit {n} of thread {who} was acknowledged before the backup began"
        notes = {w: n for w, n in session.execute("SELECT who, MAX(n) FROM notes GROUP BY who").rows or []}
        for who, n in journal.items():  # each thread: commit, then the note: the engines are of one moment
            assert notes.get(who, 0) in (n, n - 1), (who, n, notes)


def test_backups_while_threads_write(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "d"), buffer_pool_pages=40, leaf_capacity=16, log_bytes=1 << 18)
    session = database.session()
    session.execute("CREATE TABLE account (id INT PRIMARY KEY, money INT)")
    session.execute("CREATE TABLE journal (who INT, n INT, s TEXT, PRIMARY KEY (who, n))")
    session.execute("CREATE TABLE notes (who INT, n INT, PRIMARY KEY (who, n)) ENGINE=MyISAM")
    session.execute("INSERT INTO account VALUES " + ",".join(f"({i}, {MONEY})" for i in range(ACCOUNTS)))
    stop, failures, done = threading.Event(), list[BaseException](), [0, 0, 0]
    threads = [threading.Thread(target=transfer, args=(database, who, stop, done, failures)) for who in range(len(done))]
    threads.append(threading.Thread(target=define, args=(database, stop, failures)))
    for thread in threads:
        thread.start()
    try:
        for i in range(BACKUPS):
            before = list(done)
            report = database.backup(str(tmp_path / f"b{i}"))
            assert report.warnings == [] and report.rolled_back is not None
            verify(str(tmp_path / f"b{i}"), before)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert min(done) > 0
    assert database.check() == []
    database.close()


CHILD = """
import sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from minidb.database import Database
database = Database(sys.argv[1], buffer_pool_pages=40, leaf_capacity=16, log_bytes=1 << 17)
session, other = database.session(), database.session()
other.execute("BEGIN")
other.execute("INSERT INTO open VALUES (1, 'never committed')")
n = 0
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
while not stop.is_set():
    n += 1
    session.execute("BEGIN")
    session.execute("UPDATE account SET money = money - 1 WHERE id = %s", (n * 7 % 20,))
    session.execute("UPDATE account SET money = money + 1 WHERE id = %s", (n * 3 % 20,))
    session.execute("INSERT INTO journal VALUES (0, %s, %s)", (n, "x" * (n % 9 * 150)))
    session.execute("COMMIT")
    print(n, flush=True)
    if n % 40 == 0:
        session.execute(f"CREATE TABLE c{n} (id INT PRIMARY KEY)")
        session.execute(f"ALTER TABLE c{n} ADD COLUMN s TEXT")
        session.execute(f"INSERT INTO c{n} VALUES (1, 'here')")
    if n % 40 == 20 and n > 40:
        session.execute(f"DROP TABLE c{n - 20}")
    if n % 500 == 0:
        session.execute("DELETE FROM journal WHERE n < %s", (n - 400,))
assert database.durable.redo.lsn > 0
print("lsn", database.durable.redo.lsn, database.durable.redo.capacity, database.check(), flush=True)
database.close()
"""


def test_backups_of_another_process(tmp_path: Path) -> None:
    path = str(tmp_path / "d")
    with Database(path, leaf_capacity=16, log_bytes=1 << 17) as database:
        session = database.session()
        session.execute("CREATE TABLE account (id INT PRIMARY KEY, money INT)")
        session.execute("CREATE TABLE journal (who INT, n INT, s TEXT, PRIMARY KEY (who, n))")
        session.execute("INSERT INTO account VALUES " + ",".join(f"({i}, {MONEY})" for i in range(ACCOUNTS)))
        session.execute("CREATE TABLE open (id INT PRIMARY KEY, s TEXT)")
    command = [sys.executable, "-c", CHILD, path, str(ROOT)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdin is not None
    last = 0
    try:
        for i in range(BACKUPS):
            target = str(tmp_path / f"b{i}")
            said = last + 150
            while last < said:
                last = int(child.stdout.readline())
            report = backup_directory(path, target, leaf_capacity=16)
            assert report.warnings == [] and report.rolled_back is not None and report.rolled_back >= 1
            with Database(target, leaf_capacity=16) as backup:
                assert backup.recovered == [] and backup.check() == []
                session = backup.session()
                assert session.execute("SELECT SUM(money) FROM account").rows == [(ACCOUNTS * MONEY,)]
                ((found, low, count),) = session.execute("SELECT MAX(n), MIN(n), COUNT(*) FROM journal").rows or []
                assert found >= last and count == found - low + 1
                assert session.execute("SELECT * FROM open").rows == []
    finally:
        out, _ = child.communicate("", timeout=60)
    word, lsn, capacity, problems = out.splitlines()[-1].split(maxsplit=3)
    assert (word, problems) == ("lsn", "[]") and int(lsn) > int(capacity)
    assert child.returncode == 0
