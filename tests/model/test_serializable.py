"""SERIALIZABLE histories have no dependency cycle: random transactions, the reads and writes recorded, the graph checked.

Every write stores a value never used before, so a read names the write it saw.  Edges (Adya): ww in the order of versions of a row,
wr from a version's writer to its readers, rw from a reader to the writer of the next version.
"""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import pairwise

import pytest

from minidb.database import Database
from minidb.errors import Error
from minidb.scheduler import StepScheduler
from minidb.session import Session

ROWS = 4
SESSIONS = 3
STEPS = 60


class History:
    """Reads and writes of committed transactions.  A version is (row, value); value 0 is the initial one."""

    def __init__(self) -> None:
        self.reads: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.writes: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.versions: dict[int, list[tuple[int, int]]] = {row: [(0, 0)] for row in range(ROWS)}  # row -> [(value, writer)]

    def commit(self, trx: int) -> None:
        for row, value in dict(self.writes[trx]).items():  # a transaction's last write of a row is its version
            self.versions[row].append((value, trx))

    def edges(self, committed: set[int]) -> dict[int, set[int]]:
        graph: dict[int, set[int]] = defaultdict(set)
        for versions in self.versions.values():
            for (_, first), (_, second) in pairwise(versions):
                graph[first].add(second)
        for trx in committed:
            for row, value in self.reads[trx]:
                values = [v for v, _ in self.versions[row]]
                if value not in values:
                    continue  # its own write, overwritten by itself later
                place = values.index(value)
                writer = self.versions[row][place][1]
                if writer != trx:
                    graph[writer].add(trx)
                if place + 1 < len(values) and self.versions[row][place + 1][1] != trx:
                    graph[trx].add(self.versions[row][place + 1][1])
        return graph


def cycle_in(graph: dict[int, set[int]]) -> list[int] | None:
    """A cycle of `graph`, or None."""
    state: dict[int, int] = {}
    path: list[int] = []

    def visit(node: int) -> list[int] | None:
        state[node] = 1
        path.append(node)
        for successor in sorted(graph.get(node, ())):
            if state.get(successor) == 1:
                return path[path.index(successor) :]
            if successor not in state:
                found = visit(successor)
                if found:
                    return found
        state[node] = 2
        path.pop()
        return None

    for node in sorted(graph):
        if node not in state:
            found = visit(node)
            if found:
                return found
    return None


class Play:
    """Random transactions on a StepScheduler; one value counter makes every written value unique."""

    def __init__(self, seed: int, level: str) -> None:
        self.rng = random.Random(seed)
        self.scheduler = StepScheduler()
        self.database = Database(":memory:", scheduler=self.scheduler)
        self.history = History()
        self.committed: set[int] = set()
        self.value = 0
        self.next_trx = 0
        self.trx: dict[str, int] = {}
        setup = self.database.session("setup")
        setup.execute("USE test")
        setup.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT) ENGINE=InnoDB")
        setup.execute("INSERT INTO t VALUES " + ",".join(f"({i},0)" for i in range(ROWS)))
        self.sessions: dict[str, Session] = {}
        self.pending: dict[str, tuple[str, int, int]] = {}
        for name in "ABC"[:SESSIONS]:
            session = self.sessions[name] = self.database.session(name)
            session.execute("USE test")
            session.execute(f"SET SESSION TRANSACTION ISOLATION LEVEL {level}")

    def run(self) -> None:
        for _ in range(STEPS):
            free = [n for n in self.sessions if n not in self.scheduler.waiting()]
            self.one(self.rng.choice(free))
        for name in [*self.sessions, *self.sessions]:
            if name in self.trx and name not in self.scheduler.waiting():
                self.submit(name, "COMMIT", ("commit", 0, 0))
        self.scheduler.stop()
        self.database.close()

    def one(self, name: str) -> None:
        if name not in self.trx:
            self.next_trx += 1
            self.submit(name, "BEGIN", ("begin", 0, 0))
            self.trx[name] = self.next_trx
            return
        kind = self.rng.choice(["read", "read", "write", "write", "commit", "scan"])
        row = self.rng.randrange(ROWS)
        if kind == "read":
            self.submit(name, f"SELECT v FROM t WHERE id = {row}", ("read", row, 0))
        elif kind == "scan":
            self.submit(name, "SELECT id, v FROM t ORDER BY id", ("scan", 0, 0))
        elif kind == "write":
            self.value += 1
            self.submit(name, f"UPDATE t SET v = {self.value} WHERE id = {row}", ("write", row, self.value))
        else:
            self.submit(name, "COMMIT", ("commit", 0, 0))

    def submit(self, name: str, sql: str, action: tuple[str, int, int]) -> None:
        session = self.sessions[name]
        self.pending[name] = action
        self.scheduler.submit(name, lambda: session.execute(sql))
        for task in self.scheduler.run().finished:
            self.finished(task.session, task)

    def finished(self, name: str, task: object) -> None:
        kind, row, value = self.pending.pop(name)
        trx = self.trx.get(name, 0)
        try:
            result = task.outcome()  # type: ignore[attr-defined]
        except Error as error:
            assert error.code in (1205, 1213), error
            if error.code == 1213:
                self.trx.pop(name, None)  # rolled back as a whole
            return
        if kind == "read":
            self.history.reads[trx].append((row, result.rows[0][0]))
        elif kind == "scan":
            self.history.reads[trx] += [tuple(r) for r in result.rows]
        elif kind == "write":
            self.history.writes[trx].append((row, value))
        elif kind == "commit":
            self.history.commit(trx)
            self.committed.add(trx)
            del self.trx[name]


@pytest.mark.parametrize("seed", range(25))
def test_serializable_has_no_cycle(seed: int) -> None:
    play = Play(seed, "SERIALIZABLE")
    play.run()
    assert len(play.committed) > 2
    found = cycle_in(play.history.edges(play.committed))
    assert found is None, f"seed {seed}: transactions {found} depend on each other in a circle"


def test_the_checker_finds_the_cycles_of_repeatable_read() -> None:
    """Write skew and lost updates make cycles at REPEATABLE READ: the checker must see some in the same schedules."""
    cycles = 0
    for seed in range(25):
        play = Play(seed, "REPEATABLE READ")
        play.run()
        cycles += cycle_in(play.history.edges(play.committed)) is not None
    assert cycles > 0
