"""Plays lock scripts: a few words per line, no engine underneath.

    A lock t.PRIMARY X next-key 10 [nowait|skip]     ask for a record lock (key: 10, 'a', 50,5 or supremum)
    A wants to insert before t.PRIMARY 20            insert intention
    A modifies t.PRIMARY 10                          X on a record about to be changed, implicit unless it has to wait
    A inserted t.PRIMARY 15 before 20                the new record inherits from its successor
    A met B on t.PRIMARY 15                          A finds B's implicit lock: it is written down for B
    removed t.PRIMARY 15 before 20                   rollback of an insert, or purge
    A table t IX [nowait|skip]                       table lock
    A unlock t.PRIMARY X rec 10                      gives back one lock early
    A statement ends                                 gives back AUTO-INC
    A ends                                           end of transaction
    A gives up                                       lock wait timeout
    A weighs 3 | A at READ_COMMITTED | A mixed | A duplicates | A checks | A timeout 0        settings
    profile mysql-8.4

Behind ``->`` stands what happens: ``held``, ``locked`` (need not be written), ``waits``, ``skipped``, ``error 1213``; then, of
other sessions, ``B goes on`` (granted, or its record is gone) and ``B is the victim``.  Lines beginning with ``=`` are the whole
lock table at that point.  ``why`` lines give `explain_waits`.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from minidb.engine import Isolation, WaitPolicy
from minidb.errors import Error
from minidb.innodb.lock import HELD, LOCKED, LockSystem, LockWait
from minidb.innodb.lock_listing import explain_waits, locks
from minidb.innodb.lock_modes import KIND_NAMES, MODE_NAMES, SUPREMUM, TABLE_MODE_NAMES
from minidb.innodb.lock_objects import IndexLocks, TableLocks, TrxLocks
from minidb.innodb.profile import get_profile
from minidb.scheduler import StepScheduler

POLICIES = {"": WaitPolicy.WAIT, "nowait": WaitPolicy.NOWAIT, "skip": WaitPolicy.SKIP_LOCKED}


class Actor:
    """The transaction of one session."""

    def __init__(self, number: int, name: str) -> None:
        self.id = 0
        self.session_id = number
        self.session_name = name
        self.isolation = Isolation.REPEATABLE_READ
        self.undo_records = 0
        self.changed_non_transactional = False
        self.locks = TrxLocks(self)


def key_of(text: str) -> Any:
    if text == "supremum":
        return SUPREMUM
    return ast.literal_eval(text)


def flags_of(mode: str, kind: str) -> int:
    return KIND_NAMES.index(kind) << 1 | MODE_NAMES.index(mode)


class Stage:
    """A lock system with sessions, tables and indexes made as they are named."""

    def __init__(self, profile: str = "mariadb-10.11") -> None:
        self.system = LockSystem(StepScheduler(), get_profile(profile))
        self.actors: dict[str, Actor] = {}
        self.tables: dict[str, TableLocks] = {}
        self.indexes: dict[str, IndexLocks] = {}

    def actor(self, name: str) -> Actor:
        if name not in self.actors:
            self.actors[name] = Actor(len(self.actors) + 1, name)
        return self.actors[name]

    def table(self, name: str) -> TableLocks:
        if name not in self.tables:
            self.tables[name] = self.system.add_table("db", name)
        return self.tables[name]

    def index(self, name: str) -> IndexLocks:
        if name not in self.indexes:
            table, index = name.split(".")
            self.indexes[name] = self.system.add_index(self.table(table), index, index == "PRIMARY")
        return self.indexes[name]

    def step(self, line: str) -> list[str]:
        """Do what `line` says; what happened, in the words of the script."""
        waiting = list(self.system.waiting)
        session = line.split()[0]
        try:
            said = self._do(line)
            told = [said] if said else []
        except LockWait:
            told = ["waits"]
        except Error as error:
            told = [f"error {error.code}"]
        for holder in waiting:
            if holder.waiting is None and holder.owner.session_name != session:
                told.append(f"{holder.owner.session_name} " + ("is the victim" if holder.victim else "goes on"))
        broken = self.system.check()
        assert not broken, broken
        return told

    def _do(self, line: str) -> str:
        system = self.system
        if m := re.match(r"profile (\S+)$", line):
            system.profile = get_profile(m[1])
            return ""
        if m := re.match(r"removed (\S+) (\S+) before (\S+)$", line):
            system.inherit_on_removal(self.index(m[1]), key_of(m[2]), key_of(m[3]))
            return ""
        name, rest = line.split(" ", 1)
        actor = self.actor(name)
        holder = actor.locks
        if m := re.match(r"lock (\S+) (\S) (\S+) (\S+) ?(\w*)$", rest):
            got = system.lock(holder, self.index(m[1]), key_of(m[4]), flags_of(m[2], m[3]), POLICIES[m[5]])
            return {HELD: "held", LOCKED: ""}.get(got, "skipped")
        if m := re.match(r"wants to insert before (\S+) (\S+)$", rest):
            system.lock_insert(holder, self.index(m[1]), key_of(m[2]))
        elif m := re.match(r"modifies (\S+) (\S+)$", rest):
            system.lock_modify(holder, self.index(m[1]), key_of(m[2]))
        elif m := re.match(r"inserted (\S+) (\S+) before (\S+)$", rest):
            system.inherit_on_insert(self.index(m[1]), key_of(m[2]), key_of(m[3]))
        elif m := re.match(r"met (\S+) on (\S+) (\S+)$", rest):
            system.convert_implicit(self.actor(m[1]).locks, self.index(m[2]), key_of(m[3]))
        elif m := re.match(r"table (\S+) (\S+) ?(\w*)$", rest):
            got = system.lock_table(holder, self.table(m[1]), TABLE_MODE_NAMES.index(m[2]), POLICIES[m[3]])
            return {HELD: "held", LOCKED: ""}.get(got, "skipped")
        elif m := re.match(r"unlock (\S+) (\S) (\S+) (\S+)$", rest):
            system.unlock(holder, self.index(m[1]), key_of(m[4]), flags_of(m[2], m[3]))
        else:
            self._set(actor, rest)
        return ""

    def _set(self, actor: Actor, rest: str) -> None:
        holder = actor.locks
        if rest == "statement ends":
            self.system.release_auto_inc(holder)
        elif rest == "ends":
            self.system.release_all(holder)
            actor.undo_records = 0
        elif rest == "gives up":
            self.system.cancel(holder)
        elif rest == "mixed":
            actor.changed_non_transactional = True
        elif rest == "duplicates":
            holder.duplicates = True
        elif rest == "checks":
            holder.constraint_check = True
        elif m := re.match(r"weighs (\d+)$", rest):
            actor.undo_records = int(m[1])
        elif m := re.match(r"timeout (\d+)$", rest):
            holder.timeout = int(m[1])
        elif m := re.match(r"at (\w+)$", rest):
            actor.isolation = Isolation[m[1]]
        else:
            raise ValueError(f"not a line of a lock script: {rest!r}")

    def rows(self) -> list[str]:
        return [str(row) for row in locks(self.system)]


def play(text: str) -> None:
    """Play a script and assert everything it says."""
    stage = Stage()
    expected: list[str] = []
    reasons: list[str] = []
    line = ""

    def compare() -> None:
        if expected:
            rows = stage.rows()
            assert rows == ([] if expected == ["nothing"] else expected), f"after {line!r}: the lock table is {rows}"
            expected.clear()
        if reasons:
            assert explain_waits(stage.system) == reasons, f"after {line!r}"
            reasons.clear()

    for raw in text.splitlines():
        content = raw.split("#")[0].strip()
        if not content:
            continue
        if content.startswith("= "):
            expected.append(content[2:])
            continue
        if content.startswith("why "):
            reasons.append(content[4:])
            continue
        compare()
        line, _, answer = (part.strip() for part in content.partition("->"))
        told = stage.step(line)
        wanted = [w.strip() for w in answer.split(",") if w.strip() and w.strip() != "locked"]
        assert told == wanted, f"{line!r}: {told}, the script says {wanted}"
    compare()
