"""Random histories: granted locks never conflict, nobody waits without reason, nothing is left when everybody has ended."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from minidb.engine import Isolation, WaitPolicy
from minidb.errors import Error
from minidb.innodb.lock import LockWait
from minidb.innodb.lock_modes import (
    CONFLICTS,
    CONFLICTS_SUPREMUM,
    COVERED_BY,
    KINDS,
    S_GAP,
    S_NEXT_KEY,
    S_REC,
    SUPREMUM,
    X_GAP,
    X_INSERT,
    X_NEXT_KEY,
    X_REC,
)
from minidb.innodb.lock_objects import RecordLock, Request
from tests.innodb_locks.stage import Stage

SESSIONS = "ABCD"
KEYS: list[Any] = [10, 20, 30, SUPREMUM]
REQUESTS = [S_NEXT_KEY, X_NEXT_KEY, S_GAP, X_GAP, S_REC, X_REC]

session = st.sampled_from(SESSIONS)
operation = st.one_of(
    st.tuples(st.just("lock"), session, st.sampled_from(KEYS), st.sampled_from(REQUESTS), st.sampled_from(WaitPolicy)),
    st.tuples(st.just("insert"), session, st.sampled_from(KEYS)),
    st.tuples(st.just("implicit"), session, st.sampled_from(KEYS[:3])),
    st.tuples(st.just("inherit"), st.sampled_from([(20, 30), (10, 20), (30, SUPREMUM)])),
    st.tuples(st.just("remove"), st.sampled_from([(20, 30), (10, 20), (30, SUPREMUM)])),
    st.tuples(st.just("unlock"), session, st.sampled_from(KEYS), st.sampled_from(REQUESTS)),
    st.tuples(st.just("table"), session, st.integers(0, 4)),
    st.tuples(st.just("statement"), session),
    st.tuples(st.just("cancel"), session),
    st.tuples(st.just("end"), session),
)


def perform(stage: Stage, step: tuple[Any, ...]) -> None:
    """One step, if its session can make it (not waiting, not a victim)."""
    system, index = stage.system, stage.index("t.PRIMARY")
    match step:
        case ("inherit", (key, successor)):
            if key not in index:  # a record is inserted once
                system.inherit_on_insert(index, key, successor)
            return
        case ("remove", (key, successor)):
            system.inherit_on_removal(index, key, successor)
            return
    name, rest = step[1], step[2:]
    holder = stage.actor(name).locks
    if step[0] == "cancel":
        system.cancel(holder)
    elif step[0] == "end" or holder.victim:
        system.release_all(holder)
    elif holder.waiting is None:
        try:
            match step[0], *rest:
                case "lock", key, flags, policy:
                    system.lock(holder, index, key, flags, policy)
                case "insert", key:
                    system.lock_insert(holder, index, key)
                case "implicit", key:
                    others = [e for e in system.entries(index, key) if e.holder is not holder and e.flags & ~1 in (0, 4)]
                    if not others:  # else the record could not have been changed
                        system.convert_implicit(holder, index, key)
                case "unlock", key, flags:
                    system.unlock(holder, index, key, flags)
                case "table", mode:
                    system.lock_table(holder, stage.table("t"), mode)
                case ("statement",):
                    system.release_auto_inc(holder)
        except (LockWait, Error):
            pass


def ungranted(stage: Stage) -> list[str]:
    """Waiting record requests in front of which nothing is left that conflicts (an independent reading of the queue)."""
    found = []
    for index in stage.system.indexes.values():
        for key in index:
            queue = stage.system.entries(index, key)
            masks = CONFLICTS_SUPREMUM if key is SUPREMUM else CONFLICTS
            for place, entry in enumerate(queue):
                if isinstance(entry, Request) and not any(
                    masks[entry.flags] >> other.flags & 1 for other in queue[:place] if other.holder is not entry.holder
                ):
                    found.append(f"{entry!r} could be granted")
    return found


def finish(stage: Stage) -> None:
    """Everybody ends; nothing may be left."""
    for actor in stage.actors.values():
        stage.system.release_all(actor.locks)
        assert actor.locks.empty and actor.locks.objects == 0
    assert stage.rows() == []
    assert not any(stage.system.indexes[no] for no in stage.system.indexes)
    assert stage.system.waiting == {}


def weak(stage: Stage, step: tuple[Any, ...]) -> None:
    """D is at READ COMMITTED."""
    stage.actor("D").isolation = Isolation.READ_COMMITTED
    perform(stage, step)


@settings(max_examples=250, deadline=None)
@given(st.lists(operation, max_size=40))
def test_mariadb_queues(steps: list[tuple[Any, ...]]) -> None:
    stage = Stage()
    for step in steps:
        weak(stage, step)
        assert stage.system.check() == []
        assert ungranted(stage) == []
    finish(stage)


@settings(max_examples=150, deadline=None)
@given(st.lists(operation, max_size=40))
def test_mysql_queues(steps: list[tuple[Any, ...]]) -> None:
    stage = Stage("mysql-8.4")
    for step in steps:
        weak(stage, step)
        assert stage.system.check() == []
    finish(stage)


@settings(max_examples=100, deadline=None)
@given(st.lists(operation, max_size=30))
def test_a_history_gives_the_same_table_twice(steps: list[tuple[Any, ...]]) -> None:
    tables = []
    for _ in range(2):
        stage = Stage()
        for step in steps:
            weak(stage, step)
        tables.append((stage.rows(), stage.system.latest_deadlock))
        finish(stage)
    assert tables[0] == tables[1]


@given(st.sampled_from(REQUESTS), st.lists(st.sampled_from(REQUESTS), max_size=4))
def test_what_one_transaction_asks_it_has_afterwards(request: int, before: list[int]) -> None:
    stage = Stage()
    holder, index = stage.actor("A").locks, stage.index("t.PRIMARY")
    for flags in [*before, request]:
        stage.system.lock(holder, index, 10, flags)
    held = {e.flags for e in stage.system.entries(index, 10) if isinstance(e, RecordLock)}
    covered = any(COVERED_BY[request] >> flags & 1 for flags in held)
    mode = request & 1
    in_parts = any(f & ~1 == 4 and f & 1 >= mode for f in held) and any(f & ~1 == 2 and f & 1 >= mode for f in held)
    assert covered or in_parts


def test_matrices_agree_with_the_rules_in_words() -> None:
    real = [f for f in range(KINDS) if f != X_INSERT - 1]
    for held in real:
        assert not CONFLICTS[S_GAP] >> held & 1 and not CONFLICTS[X_GAP] >> held & 1
        assert CONFLICTS[X_INSERT] >> held & 1 == (held in (S_GAP, X_GAP, S_NEXT_KEY, X_NEXT_KEY))
        assert CONFLICTS[S_REC] >> held & 1 == (held in (X_REC, X_NEXT_KEY))
        assert CONFLICTS[X_REC] >> held & 1 == (held in (S_REC, X_REC, S_NEXT_KEY, X_NEXT_KEY))
        assert CONFLICTS[X_NEXT_KEY] == CONFLICTS[X_REC] and CONFLICTS[S_NEXT_KEY] == CONFLICTS[S_REC]
        for request in real:
            assert not CONFLICTS[request] >> X_INSERT & 1
            assert bool(CONFLICTS_SUPREMUM[request]) == (request == X_INSERT)
