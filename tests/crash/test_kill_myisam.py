"""A real process that changes MyISAM tables, killed with SIGKILL at random moments: the tables are marked as crashed, and after
REPAIR every row of every finished statement is there.

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

import pytest

from minidb.database import Database
from minidb.errors import Error
from minidb.session import Session

ROUNDS = int(os.environ.get("MINIDB_KILLS", "20"))
TABLES = ("plain", "long")

CHILD = """
import sys
from minidb.database import Database
first = int(sys.argv[2])
database = Database(sys.argv[1], buffer_pool_pages=40)
session = database.session()
for n in range(first, first + 100000):
    session.execute("INSERT INTO plain VALUES (%s, 0)", (n,))
    session.execute("INSERT INTO `long` VALUES (%s, %s)", (n, "x" * (n % 7 * 900)))
    session.execute("UPDATE plain SET v = v + 1 WHERE id = %s", (n - 3,))
    session.execute("DELETE FROM `long` WHERE id = %s", (n - 200,))
    print(n, flush=True)
"""


def repaired(session: Session, table: str) -> None:
    """The table is marked as crashed; REPAIR puts it right."""
    with pytest.raises(Error) as info:
        session.execute(f"SELECT * FROM `{table}`")
    assert info.value.code == 1194
    assert session.execute(f"REPAIR TABLE `{table}`").rows[-1][2:] == ("status", "OK")  # type: ignore[index]
    assert session.execute(f"CHECK TABLE `{table}`").rows[-1][2:] == ("status", "OK")  # type: ignore[index]


def test_killed_at_random(tmp_path: Path) -> None:
    path = str(tmp_path / "data")
    root = Path(__file__).parents[2]
    with Database(path) as database:
        session = database.session()
        session.execute("CREATE TABLE plain (id INT PRIMARY KEY, v INT, KEY (v)) ENGINE=MyISAM")
        session.execute("CREATE TABLE `long` (id INT PRIMARY KEY, s TEXT) ENGINE=MyISAM")
    rng = random.Random(43)
    first = 0
    for _ in range(ROUNDS):
        child = subprocess.Popen([sys.executable, "-c", CHILD, path, str(first)], stdout=subprocess.PIPE, cwd=root)
        assert child.stdout is not None
        said = int(child.stdout.readline() or -1)
        assert said >= 0, "the child finished no statement"
        time.sleep(rng.random() * 0.2)
        child.send_signal(signal.SIGKILL)
        lines = child.stdout.read().split()
        child.wait()
        said = int(lines[-1]) if lines else said
        with Database(path) as database:
            session = database.session()
            for table in TABLES:
                repaired(session, table)
            plain = session.execute("SELECT id, v FROM plain ORDER BY id").rows
            assert plain is not None
            last = plain[-1][0]
            assert last in (said, said + 1), f"finished {said}, found {last}"
            assert [n for n, _ in plain] == list(range(last + 1))
            assert all(v == (n <= said - 3) for n, v in plain if n != said - 2), f"finished {said}"
            rows = session.execute("SELECT id, LENGTH(s) FROM `long` ORDER BY id").rows
            assert rows is not None
            ids = [n for n, _ in rows]
            assert ids[-1] in (last, last - 1) and ids[-1] >= said
            assert ids == list(range(ids[0], ids[-1] + 1)) and ids[0] in (max(0, said - 199), max(0, said - 198))
            assert all(length == n % 7 * 900 for n, length in rows)
            session.execute(f"DELETE FROM plain WHERE id > {said}")
            session.execute(f"DELETE FROM `long` WHERE id > {said} OR id < {said - 199}")
            session.execute(f"UPDATE plain SET v = 0 WHERE id > {said - 3}")
        first = said + 1
