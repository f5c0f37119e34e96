"""The isolation anomalies as schedules, played at every isolation level.

Each `Anomaly` is a schedule of two or three transactions and a test on what they saw.  `run` plays it; a statement of a session
that waits is put off until the session is free again, and after a deadlock the victim rolls back instead of going on.  Whether the
anomaly happened, and what prevented it (a block, an abort, the snapshot), is read off the play, never typed in.

Sources: Berenson et al., "A Critique of ANSI SQL Isolation Levels" (P0-P4, A5); Adya, "Weak Consistency" (G0-G2, PMP, OTV);
Fekete, O'Neil, O'Neil, "A Read-Only Transaction Anomaly Under Snapshot Isolation".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from minidb.errors import Error
from minidb.lab.runner import Player
from minidb.lab.scenario import Scenario, Step

LEVELS = ("READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
SETUP = ["CREATE TABLE test (id INT PRIMARY KEY, value INT) ENGINE=InnoDB", "INSERT INTO test VALUES (1,10),(2,20)"]


@dataclass(slots=True)
class Seen:
    """What a play showed.  reads[i]: rows of schedule line i (None: it failed or never ran); final: the table afterwards;
    committed: sessions whose COMMIT worked; blocked / aborted: schedule lines that waited / were deadlock victims or timed out."""

    reads: dict[int, list[tuple[Any, ...]] | None] = field(default_factory=dict)
    final: dict[int, int] = field(default_factory=dict)
    committed: set[str] = field(default_factory=set)
    blocked: list[int] = field(default_factory=list)
    aborted: list[int] = field(default_factory=list)

    def value(self, line: int) -> Any:
        """The single value that the SELECT of line `line` returned, None if it returned no row."""
        rows = self.reads.get(line)
        return rows[0][-1] if rows else None


@dataclass(frozen=True, slots=True)
class Anomaly:
    """name as in the literature; `schedule` lines are ``A: statement``; happened(seen): whether it occurred.  guarded: the lines
    whose waiting prevents it (None: any); two writers of one row wait for each other whatever the readers see."""

    name: str
    explains: str
    schedule: tuple[str, ...]
    happened: Callable[[Seen], bool]
    guarded: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """how: 'happens', 'block', 'abort' or 'snapshot'; transcript: the record of the play."""

    anomaly: Anomaly
    level: str
    how: str
    transcript: tuple[str, ...]


_W = "UPDATE test SET value = {} WHERE id = {}"
_R = "SELECT value FROM test WHERE id = {}"


def _set(session: str, key: int, value: int) -> str:
    return f"{session}: " + _W.format(value, key)


def _get(session: str, key: int) -> str:
    return f"{session}: " + _R.format(key)


ANOMALIES: tuple[Anomaly, ...] = (
    Anomaly("dirty write", "G0, P0: two writers interleave and both leave a part behind",
            (_set("A", 1, 11), _set("B", 1, 12), _set("A", 2, 21), "A: COMMIT", _set("B", 2, 22), "B: COMMIT"),
            lambda s: {s.final[1], s.final[2]} not in ({11, 21}, {12, 22})),
    Anomaly("dirty read", "P1: reading what another has not committed",
            (_set("A", 1, 101), _get("B", 1), "A: COMMIT", "B: COMMIT"),
            lambda s: s.value(1) == 101 and 1 not in s.blocked),
    Anomaly("aborted read", "G1a: reading what is then rolled back",
            (_set("A", 1, 101), _get("B", 1), "A: ROLLBACK", _get("B", 1), "B: COMMIT"),
            lambda s: 101 in (s.value(1), s.value(3))),
    Anomaly("intermediate read", "G1b: reading a value that is not the transaction's last",
            (_set("A", 1, 101), _get("B", 1), _set("A", 1, 11), "A: COMMIT", "B: COMMIT"),
            lambda s: s.value(1) == 101),
    Anomaly("non-repeatable read", "P2: the same row read twice, changed in between",
            (_get("A", 1), _set("B", 1, 12), "B: COMMIT", _get("A", 1), "A: COMMIT"),
            lambda s: s.value(3) is not None and s.value(0) != s.value(3)),
    Anomaly("lost update", "P4: two read 10, both write 10 + 1, one increment is gone",
            (_get("A", 1), _get("B", 1), _set("A", 1, 11), _set("B", 1, 11), "A: COMMIT", "B: COMMIT"),
            lambda s: s.committed == {"A", "B"} and s.value(0) == s.value(1) == 10),
    Anomaly("read skew", "A5A, G-single: one row from before and one from after another's commit",
            (_get("A", 1), _set("B", 1, 12), _set("B", 2, 18), "B: COMMIT", _get("A", 2), "A: COMMIT"),
            lambda s: s.value(0) == 10 and s.value(4) == 18),
    Anomaly("write skew", "A5B, G2-item: each reads both rows and changes the other one",
            ("A: SELECT * FROM test WHERE id IN (1,2)", "B: SELECT * FROM test WHERE id IN (1,2)", _set("A", 1, 11),
             _set("B", 2, 21), "A: COMMIT", "B: COMMIT"),
            lambda s: s.committed == {"A", "B"}),
    Anomaly("phantom", "P3: the same condition read twice, a row has come",
            ("A: SELECT * FROM test WHERE value >= 30", "B: INSERT INTO test VALUES (3,30)", "B: COMMIT",
             "A: SELECT * FROM test WHERE value >= 30", "A: COMMIT"),
            lambda s: bool(s.reads.get(3)) and not s.reads.get(0)),
    Anomaly("predicate-many-preceders", "PMP: a later predicate read meets a row that an earlier one could not",
            ("A: SELECT * FROM test WHERE value = 30", "B: INSERT INTO test VALUES (3,30)", "B: COMMIT",
             "A: SELECT * FROM test WHERE value % 3 = 0", "A: COMMIT"),
            lambda s: bool(s.reads.get(3))),
    Anomaly("observed-transaction-vanishes", "OTV: a reader sees a transaction, then sees it half overwritten",
            (_set("A", 1, 11), _set("A", 2, 19), _set("B", 1, 12), "A: COMMIT", _get("C", 1), _set("B", 2, 18), _get("C", 2),
             "B: COMMIT", "C: COMMIT"),
            lambda s: s.value(6) == 18 and 6 not in s.blocked and 4 not in s.blocked, guarded=(4, 6)),
    Anomaly("read-only anomaly", "Fekete: a reader's report fits no order of the two writers",
            ("B: SELECT * FROM test WHERE id IN (1,2)", _set("A", 2, 40), "A: COMMIT", "C: SELECT * FROM test WHERE id IN (1,2)",
             "C: COMMIT", _set("B", 1, -1), "B: COMMIT"),
            lambda s: s.committed == {"A", "B", "C"} and s.reads.get(3) == [(1, 10), (2, 40)]),
)


class _Play:
    """Plays one schedule at one level with the put-off rule."""

    def __init__(self, anomaly: Anomaly, level: str, profile: str | None) -> None:
        self.lines = [(line[0], line[3:]) for line in anomaly.schedule]
        self.todo = [(i, s, t) for i, (s, t) in enumerate(self.lines)]
        self.player = Player(Scenario(f"<{anomaly.name}>", {"title": anomaly.name}, SETUP), profile)
        self.seen = Seen()
        self.transcript: list[str] = []
        self.number = 0
        self.of_step: dict[int, int] = {}  # step number -> schedule line
        self.dead: set[str] = set()
        for session in dict.fromkeys(s for s, _ in self.lines):
            self.step(session, f"SET SESSION TRANSACTION ISOLATION LEVEL {level}", -1)
            self.step(session, "BEGIN", -1)

    def step(self, session: str, text: str, line: int) -> None:
        self.number += 1
        self.of_step[self.number] = line
        played = self.player.play(Step(self.number, session, text, 0))
        if line >= 0:
            self.transcript += [x for x in played.record() if not x.strip().startswith(("plan ", "view "))]
        if "blocked" in played.lines:
            self.seen.blocked.append(line)
        for number, result in self.player.results.items():
            self.note(self.of_step[number], result)
        self.player.results.clear()

    def note(self, line: int, result: Any) -> None:
        if line < 0:
            return
        session, text = self.lines[line]
        if isinstance(result, Error):
            self.seen.reads[line] = None
            self.seen.aborted.append(line)
            self.dead.add(session)
        elif result.rows is not None:
            self.seen.reads[line] = [tuple(r) for r in result.rows]
        elif text == "COMMIT":
            self.seen.committed.add(session)

    def run(self, anomaly: Anomaly) -> Seen:
        waiting = self.player.scheduler.waiting
        while self.todo:
            ready = next((x for x in self.todo if self._may_run(x, waiting())), None)
            if ready is None:
                raise RuntimeError(f"{anomaly.name}: nobody can go on")
            self.todo.remove(ready)
            line, session, text = ready
            if session in self.dead:
                if text not in ("COMMIT", "ROLLBACK"):
                    continue
                text = "ROLLBACK"
            self.step(session, text, line if session not in self.dead else -1)
        reader = self.player.database.session("reader")
        reader.execute("USE db")
        self.seen.final = dict(reader.execute("SELECT id, value FROM test").rows or [])
        return self.seen

    def _may_run(self, item: tuple[int, str, str], waiting: dict[str, Any]) -> bool:
        """A line runs when its session is free and no earlier line of the session is still to come."""
        line, session, _ = item
        return session not in waiting and not any(s == session and i < line for i, s, _ in self.todo)


def run(anomaly: Anomaly, level: str, profile: str | None = None) -> Verdict:
    """Play `anomaly` at `level`."""
    play = _Play(anomaly, level, profile)
    try:
        seen = play.run(anomaly)
    finally:
        play.player.close()
    if anomaly.happened(seen):
        how = "happens"
    elif seen.aborted:
        how = "abort"
    else:
        waited = seen.blocked if anomaly.guarded is None else set(seen.blocked).intersection(anomaly.guarded)
        how = "block" if waited else "snapshot"
    return Verdict(anomaly, level, how, tuple(play.transcript))


def matrix(profile: str | None = None) -> list[list[Verdict]]:
    """All anomalies at all levels."""
    return [[run(a, level, profile) for level in LEVELS] for a in ANOMALIES]
