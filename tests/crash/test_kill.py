"""A real process on real files, killed with SIGKILL at random moments: nothing that it said was committed is lost.

Three threads commit (in groups), a fourth defines tables; some children die while they recover from the death of the one before.
MINIDB_KILLS=n: n kills instead of 104.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from minidb.database import Database
from minidb.statements.table_files import EXTENSIONS, files_of
from tests.conftest import Tell
from tests.crash.kill_host import ACCOUNTS, DEFINITIONS, KEPT, WRITERS, open_database

PARTS = 2
ROUNDS = int(os.environ.get("MINIDB_KILLS", "104")) // PARTS
Tables = dict[str, tuple[tuple[str, ...], list[Any]]]


def prepare(path: str) -> None:
    with open_database(path) as database:
        session = database.session()
        session.execute("CREATE TABLE log (who INT, n INT, s TEXT, PRIMARY KEY (who, n))")
        session.execute("CREATE TABLE account (id INT PRIMARY KEY, money INT)")
        session.execute("INSERT INTO account VALUES " + ",".join(f"({i}, 100)" for i in range(ACCOUNTS)))


def defined(database: Database) -> Tables:
    """The tables of the fourth thread: columns and indexes, and rows."""
    session = database.session()
    found: Tables = {}
    for tdef in database.dictionary.all_tables():
        if tdef.name in "de":
            names = (*(c.name for c in tdef.columns), *sorted(i.name for i in tdef.indexes))
            found[tdef.name] = names, session.execute(f"SELECT * FROM {tdef.name}").rows or []
    return found


def after_each_definition() -> list[Tables]:
    database = Database()
    session = database.session()
    found = []
    for text in DEFINITIONS:
        session.execute(text)
        found.append(defined(database))
    return found


class Said:
    """What the children have said so far.  writers: the last commit of each.  step: the last definition; None: the child was killed
    before the first, `tables` is what there was then."""

    def __init__(self) -> None:
        self.writers = dict.fromkeys(range(WRITERS), -1)
        self.step: int | None = None
        self.tables: Tables = {}

    def hear(self, line: str) -> None:
        kind, *numbers = line.split()
        if kind == "w":
            self.writers[int(numbers[0])] = int(numbers[1])
        elif kind == "d":
            self.step = int(numbers[0])


def verify(path: str, said: Said, states: list[Tables], where: str) -> None:
    with open_database(path) as database:
        session = database.session()
        for who, last in said.writers.items():
            rows = session.execute(f"SELECT n, LENGTH(s) FROM log WHERE who = {who} ORDER BY n").rows or []
            found = rows[-1][0] if rows else -1
            assert found in (last, last + 1), f"{where}: {who} committed {last}, found {found}"
            assert rows == [(n, n % 7 * 900) for n in range(max(0, found - KEPT + 1), found + 1)], where
            said.writers[who] = found
        assert session.execute("SELECT SUM(money) FROM account").rows == [(ACCOUNTS * 100,)], where
        tables = defined(database)
        if said.step is None:
            assert tables in (said.tables, states[0]), f"{where}: {tables}"
        else:
            following = (said.step + 1) % len(states)
            assert tables in (states[said.step], states[following]), f"{where}: step {said.step}, {tables}"
        said.step, said.tables = None, tables
        assert database.check() == [], where
        known = {file for tdef in database.dictionary.all_tables() for file in files_of(tdef)}
        present = {f"test/{name}" for name in database.fs.listdir("test") if name.endswith(EXTENSIONS)}
        assert present == known, where


def spin(turns: int) -> None:
    """Let some microseconds pass."""
    for _ in range(turns):
        pass


def kill_one(host: subprocess.Popen[str], lines: Iterator[str], said: Said, rng: random.Random) -> int:
    """Start a child, kill it after a random number of commits (or none), and hear it out.  How many commits it acknowledged."""
    assert host.stdin is not None
    host.stdin.write("\n")
    host.stdin.flush()
    pid, heard = 0, 0
    wanted = rng.choice((0, rng.randint(1, 10), rng.randint(1, 60)))
    for line in lines:
        if line.startswith("dead"):
            break
        if line.startswith("pid"):
            pid = int(line.split()[1])
        else:
            said.hear(line)
            heard += 1
        if pid and heard >= wanted:
            spin(rng.randrange(300_000 if not wanted else 20_000))
            os.kill(pid, signal.SIGKILL)
            wanted = 1 << 60
    return heard


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_random(part: int, tmp_path: Path, tell: Tell) -> None:
    path = str(tmp_path / "data")
    prepare(path)
    states = after_each_definition()
    rng = random.Random(42 + part)
    said, commits = Said(), 0
    host = subprocess.Popen([sys.executable, "-m", "tests.crash.kill_host", path], text=True, cwd=Path(__file__).parents[2],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert host.stdin is not None and host.stdout is not None
    with host:
        lines = iter(host.stdout.readline, "")
        for number in range(ROUNDS):
            commits += kill_one(host, lines, said, rng)
            verify(path, said, states, f"part {part}, kill {number}")
        host.stdin.close()
    assert commits > ROUNDS
    tell(f"{ROUNDS} kills after {commits} acknowledged commits")
