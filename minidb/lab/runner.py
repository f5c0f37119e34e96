"""Plays a scenario on the StepScheduler and records what happened; the scheduler *knows* who is blocked, nothing is polled.

A `Player` holds a fresh in-memory database.  `play(step)` gives a `Played`: the step's own outcome, the statements that resumed
during it, what changed in the lock table, and (for people) who waits for what and why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from minidb.database import Database
from minidb.errors import Error
from minidb.lab.record import delta, outcome_lines, state_lines
from minidb.lab.scenario import Scenario, ScenarioError, Step
from minidb.scheduler import Report, StepScheduler, Task
from minidb.session import Result, Session

DATABASE = "db"
_WITH_PLAN = re.compile(r"\s*\(?(select|update|delete|with)\b|\s*(insert|replace)\b.*\bselect\b", re.I | re.S)
_EXTRAS = ("Using index", "Using filesort", "Using temporary", "Using index condition")


@dataclass(slots=True)
class Played:
    """One played step.  lines: its record below the heading, not indented.  waits: (session, what it waits for, why) of every
    session that is blocked now.  state: the whole lock table and the open read views after the step."""

    step: Step
    lines: list[str]
    waits: list[tuple[str, str, str]] = field(default_factory=list)
    state: list[str] = field(default_factory=list)

    def record(self) -> list[str]:
        return [self.step.heading, *("    " + line for line in self.lines)]


def plan_lines(session: Session) -> list[str]:
    """The access paths of the session's last plan, as records write them."""
    lines = []
    for row in session.last_explain():
        wanted = [x for x in (row.extra or "").split("; ") if x in _EXTRAS or x.startswith("Impossible") or "optimized away" in x
                  or "no matching row" in x.lower() or x == "No tables used"]
        if row.table is None and not row.extra:
            continue
        text = " ".join(str(x) if x is not None else "NULL" for x in (row.table, row.type, row.key))
        text = text.replace("NULL NULL NULL", "-")
        lines.append(text + (f" [{'; '.join(wanted)}]" if wanted else ""))
    return lines


class Player:
    """Plays one scenario.  Raises ScenarioError (file and line) for a step given to a session that still waits, a `@wait` for a
    session that does not wait, and a set-up statement that fails."""

    def __init__(self, scenario: Scenario, profile: str | None = None) -> None:
        self.scenario = scenario
        self.scheduler = StepScheduler()
        self.database = Database(":memory:", scheduler=self.scheduler,
                                 profile=profile or scenario.header.get("profile") or "mariadb-10.11", purge="manual")
        self.sessions: dict[str, Session] = {}
        self.results: dict[int, Result | Error] = {}  # by step number, of finished statements
        self._pending: dict[str, Step] = {}
        self._tasks: dict[str, Task] = {}
        self._state: list[str] = []
        self._set_up()

    def __enter__(self) -> Player:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _set_up(self) -> None:
        session = self.database.session("setup")
        for statement in (f"CREATE DATABASE {DATABASE} CHARACTER SET latin1", f"USE {DATABASE}", *self.scenario.setup):
            try:
                session.execute(statement)
            except Error as error:
                self.database.close()
                raise ScenarioError(self.scenario.path, 0, f"setup: {statement!r}: {error.code} {error.message}") from error
        session.close()
        self.database.purge()

    def close(self) -> None:
        """Break off what still waits, roll everything back, close the database."""
        self.scheduler.stop()
        self.database.close()

    # ---- playing
    def session(self, name: str) -> Session:
        if name not in self.sessions:
            session = self.sessions[name] = self.database.session(name)
            session.execute(f"USE {DATABASE}")
        return self.sessions[name]

    def steps(self) -> Iterator[Played]:
        """Play all steps in order."""
        for step in self.scenario.steps:
            yield self.play(step)

    def play(self, step: Step) -> Played:
        if step.session:
            report = self._statement(step)
        elif step.text == "purge":
            report = self._purge()
        else:
            report = self._wait(step)
        lines = self._outcomes(step, report)
        state = state_lines(self.database.locks(), self._views())
        lines += delta(self._state, state)
        self._state = state
        return Played(step, lines, self.waits(), state)

    def _statement(self, step: Step) -> Report:
        if step.session in self._pending:
            waiting = self._pending[step.session]
            raise ScenarioError(self.scenario.path, step.line,
                                f"session {step.session} still waits in its step {waiting.number}: {waiting.text}")
        session = self.session(step.session)
        self._pending[step.session] = step
        self._tasks[step.session] = self.scheduler.submit(step.session, lambda: session.execute(step.text))
        return self.scheduler.run()

    def _purge(self) -> Report:
        self.database.purge()
        return self.scheduler.run()

    def _wait(self, step: Step) -> Report:
        name = step.text.split()[1]
        if name not in self._pending:
            raise ScenarioError(self.scenario.path, step.line, f"session {name} does not wait")
        report = self.scheduler.run_timeouts(name)
        if name in self.scheduler.waiting():
            raise ScenarioError(self.scenario.path, step.line, f"session {name} waits without a time limit")
        return report

    def _outcomes(self, step: Step, report: Report) -> list[str]:
        """The step's own outcome first, then the statements that resumed, by step number."""
        done = {self._pending[t.session].number: t for t in self._tasks.values() if t.done and t.session in self._pending}
        lines: list[str] = []
        if step.session:
            own = done.pop(step.number, None)
            lines += ["blocked"] if own is None else self._lines_of(own)
        for number in sorted(done):
            task = done[number]
            lines += [f"resume {task.session}#{number} {line}" for line in self._lines_of(task)]
        return lines

    def _lines_of(self, task: Task) -> list[str]:
        step = self._pending.pop(task.session)
        del self._tasks[task.session]
        session = self.sessions[task.session]
        if task.error is not None:
            if not isinstance(task.error, Error):
                raise task.error
            self.results[step.number] = task.error
            return outcome_lines(task.error, (), ())
        self.results[step.number] = task.result
        warnings: Any = () if step.text.upper().startswith(("EXPLAIN", "SHOW")) else task.result.warnings
        return outcome_lines(task.result, warnings, plan_lines(session) if _WITH_PLAN.match(step.text) else ())

    # ---- looking
    def _views(self) -> list[str]:
        names = {s.connection_id: name for name, s in self.sessions.items()}
        return [names[i] for i in self.database.read_views() if i in names]

    def waits(self) -> list[tuple[str, str, str]]:
        """(session, what, why) of every blocked session, longest waiting first."""
        return [(name, waiter.what, self.database.why_waits(waiter)) for name, waiter in self.scheduler.waiting().items()]

    def unfinished(self) -> list[str]:
        """The closing lines of a record: statements that still wait."""
        return [f"end {name}#{step.number} still waits" for name, step in sorted(self._pending.items())]


def play(scenario: Scenario, profile: str | None = None) -> str:
    """The record of `scenario` as text."""
    with Player(scenario, profile) as player:
        lines = [f"title: {scenario.title}", ""]
        for played in player.steps():
            lines += played.record()
        lines += player.unfinished()
    return "\n".join(lines) + "\n"
