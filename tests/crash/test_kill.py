"""A real process on real files, killed with SIGKILL at random moments: nothing that it said was committed is lost.

MINIDB_KILLS=n: n rounds instead of 20.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from minidb.database import Database

ROUNDS = int(os.environ.get("MINIDB_KILLS", "20"))

CHILD = """
import sys
from minidb.database import Database
first = int(sys.argv[2])
database = Database(sys.argv[1], buffer_pool_pages=40, leaf_capacity=16, log_bytes=1 << 17)
session = database.session()
for n in range(first, first + 100000):
    session.execute("BEGIN")
    session.execute("INSERT INTO log VALUES (%s, %s)", (n, "x" * (n % 7 * 900)))
    session.execute("UPDATE account SET money = money - 1 WHERE id = %s", (n % 10,))
    session.execute("UPDATE account SET money = money + 1 WHERE id = %s", ((n * 7 + 1) % 10,))
    if n % 5 == 0:
        session.execute("DELETE FROM log WHERE id < %s", (n - 200,))
    session.execute("COMMIT")
    print(n, flush=True)
    if n % 50 == 49:
        session.execute(f"ALTER TABLE account {'DROP' if n % 100 == 99 else 'ADD'} INDEX m" + ("" if n % 100 == 99 else " (money)"))
"""


def test_killed_at_random(tmp_path: Path) -> None:
    path = str(tmp_path / "data")
    root = Path(__file__).parents[2]
    with Database(path, leaf_capacity=16, log_bytes=1 << 17) as database:
        session = database.session()
        session.execute("CREATE TABLE log (id INT PRIMARY KEY, s TEXT)")
        session.execute("CREATE TABLE account (id INT PRIMARY KEY, money INT)")
        session.execute("INSERT INTO account VALUES " + ",".join(f"({i}, 100)" for i in range(10)))
    rng = random.Random(42)
    first = said = 0
    for _ in range(ROUNDS):
        child = subprocess.Popen([sys.executable, "-c", CHILD, path, str(first)], stdout=subprocess.PIPE, cwd=root)
        assert child.stdout is not None
        said = int(child.stdout.readline() or -1)
        assert said >= 0, "the child made no commit"
        time.sleep(rng.random() * 0.3)
        child.send_signal(signal.SIGKILL)
        lines = child.stdout.read().split()
        child.wait()
        said = int(lines[-1]) if lines else said
        with Database(path, leaf_capacity=16) as database:
            session = database.session()
            rows = session.execute("SELECT id, LENGTH(s) FROM log ORDER BY id").rows
            assert rows is not None
            last = rows[-1][0]
            assert last in (said, said + 1), f"committed {said}, found {last}"
            assert [r[0] for r in rows] == list(range(rows[0][0], last + 1))
            assert all(length == n % 7 * 900 for n, length in rows)
            assert session.execute("SELECT SUM(money) FROM account").rows[0][0] == 1000
            assert database.check() == []
        first = last + 1
