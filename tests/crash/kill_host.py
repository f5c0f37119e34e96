"""The process that test_kill.py kills children of: it has everything imported, and forks a child for every line it reads.

    python kill_host.py DIRECTORY

It says "pid N" for each child and "dead" when that is gone.  In between the child says what it has committed: "w WHO N" for the
N-th transaction of thread WHO, "d STEP" for a definition.
"""

from __future__ import annotations

import os
import sys
import threading

from minidb.database import Database
from minidb.errors import Error

WRITERS = 3
KEPT = 40  # rows of each writer
ACCOUNTS = 10
DEFINITIONS = [
    "DROP TABLE IF EXISTS d, e",
    "CREATE TABLE d (id INT PRIMARY KEY, v INT)",
    "INSERT INTO d VALUES (1, 1), (2, 2)",
    "ALTER TABLE d ADD INDEX iv (v)",
    "ALTER TABLE d ADD COLUMN w INT DEFAULT 7",
    "RENAME TABLE d TO e",
    "TRUNCATE TABLE e",
]


def open_database(path: str) -> Database:
    """Small, so that pages are evicted and the log goes round."""
    return Database(path, buffer_pool_pages=40, leaf_capacity=16, log_bytes=1 << 17)


def say(*words: object) -> None:
    """One line, in one piece whoever else writes."""
    os.write(1, " ".join(map(str, (*words, "\n"))).encode())


def write(database: Database, who: int) -> None:
    """Transactions without end: a new row, an old one gone, money from one account to another."""
    session = database.session()
    last = session.execute(f"SELECT MAX(n) FROM log WHERE who = {who}").rows[0][0]  # type: ignore[index]
    n = 0 if last is None else last + 1
    while True:
        low, high = sorted((n % ACCOUNTS, (n * 7 + who + 1) % ACCOUNTS))
        try:
            session.execute("BEGIN")
            session.execute("INSERT INTO log VALUES (%s, %s, %s)", (who, n, "x" * (n % 7 * 900)))
            session.execute("DELETE FROM log WHERE who = %s AND n = %s", (who, n - KEPT))
            session.execute("UPDATE account SET money = money - 1 WHERE id = %s", (low,))
            session.execute("UPDATE account SET money = money + 1 WHERE id = %s", (high,))
            session.execute("COMMIT")
        except Error as error:
            assert error.code in (1205, 1213), error
            session.execute("ROLLBACK")
            continue
        say("w", who, n)
        n += 1


def define(database: Database) -> None:
    """Definitions without end."""
    session = database.session()
    while True:
        for step, text in enumerate(DEFINITIONS):
            session.execute(text)
            say("d", step)


def child(path: str) -> None:
    database = open_database(path)
    threads = [threading.Thread(target=write, args=(database, who)) for who in range(WRITERS)]
    threads.append(threading.Thread(target=define, args=(database,)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main(path: str) -> None:
    for _ in sys.stdin:
        pid = os.fork()
        if not pid:
            try:
                child(path)
            finally:
                os._exit(1)
        say("pid", pid)
        os.waitpid(pid, 0)
        say("dead")


if __name__ == "__main__":
    main(sys.argv[1])
