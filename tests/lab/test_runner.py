"""The player: who is blocked is known, purge and time move only when told, a wrong schedule names its line."""

from __future__ import annotations

import pytest

from minidb.lab.runner import Player, play
from minidb.lab.scenario import ScenarioError, parse

SETUP = """\
title: x
setup:
  CREATE TABLE t (id INT PRIMARY KEY, v INT) ENGINE=InnoDB;
  INSERT INTO t VALUES (1,0),(2,0);
steps:
"""


def record(steps: str, profile: str | None = None) -> list[str]:
    text = SETUP + "".join(f"  {s.strip()}\n" for s in steps.strip().splitlines())
    return play(parse(text, "x.scenario"), profile).splitlines()[2:]


def test_a_blocked_statement_resumes_in_the_step_that_lets_it() -> None:
    assert record("""
        A: BEGIN
        A: UPDATE t SET v=1 WHERE id=1
        B: UPDATE t SET v=2 WHERE id=1
        A: COMMIT
    """) == [
        "1 A> BEGIN", "    ok",
        "2 A> UPDATE t SET v=1 WHERE id=1", "    ok matched=1 changed=1", "    plan t range PRIMARY",
        "    lock + A t IX", "    lock + A t.PRIMARY X rec (1)",
        "3 B> UPDATE t SET v=2 WHERE id=1", "    blocked", "    lock + B t IX", "    lock + B t.PRIMARY X rec (1) WAITING",
        "4 A> COMMIT", "    ok", "    resume B#3 ok matched=1 changed=1", "    resume B#3 plan t range PRIMARY",
        "    lock - A all", "    lock - B all",
    ]  # fmt: skip


def test_virtual_time_ends_a_wait() -> None:
    lines = record("""
        A: BEGIN
        A: UPDATE t SET v=1 WHERE id=1
        B: SET innodb_lock_wait_timeout=1000000
        B: UPDATE t SET v=2 WHERE id=1
        @wait B
    """)
    assert "    resume B#4 error 1205 (HY000) ER_LOCK_WAIT_TIMEOUT: Lock wait timeout exceeded; try restarting transaction" in lines


def test_purge_stands_still_until_told() -> None:
    lines = record("""
        A: DELETE FROM t WHERE id=1
        B: BEGIN
        B: SELECT * FROM t WHERE id=1 FOR UPDATE
        B: ROLLBACK
        @purge
        B: BEGIN
        B: SELECT * FROM t WHERE id=1 FOR UPDATE
    """)
    assert "    lock + B t.PRIMARY X rec (1) delete-marked" in lines
    assert "    lock + B t.PRIMARY X gap (2)" in lines


def test_a_step_for_a_waiting_session_names_file_and_line() -> None:
    with pytest.raises(ScenarioError, match=r"x\.scenario:9: session B still waits in its step 3: DELETE FROM t"):
        record("A: BEGIN\nA: UPDATE t SET v=1\nB: DELETE FROM t\nB: SELECT 1")


def test_waiting_for_a_session_that_does_not_wait() -> None:
    with pytest.raises(ScenarioError, match=r"x\.scenario:7: session A does not wait"):
        record("A: BEGIN\n@wait A")


def test_a_set_up_that_fails() -> None:
    with pytest.raises(ScenarioError, match="setup: 'INSERT INTO nowhere"):
        play(parse("title: x\nsetup:\n  INSERT INTO nowhere VALUES (1);\nsteps:\n  A: SELECT 1\n", "x.scenario"))


def test_what_still_waits_at_the_end_is_said() -> None:
    assert record("A: BEGIN\nA: UPDATE t SET v=1\nB: DELETE FROM t")[-1] == "end B#3 still waits"


def test_the_player_says_who_waits_for_whom() -> None:
    steps = "  A: BEGIN\n  A: UPDATE t SET v=1 WHERE id=2\n  B: SELECT * FROM t WHERE id=2 FOR UPDATE\n"
    scenario = parse(SETUP + steps, "x.scenario")
    with Player(scenario) as player:
        played = list(player.steps())
    (session, what, why), = played[-1].waits
    assert session == "B"
    assert "t.PRIMARY" in what
    assert why.startswith("B waits for A")


def test_nothing_is_left_behind_by_a_player_closed_in_the_middle() -> None:
    scenario = parse(SETUP + "  A: BEGIN\n  A: UPDATE t SET v=1\n  B: DELETE FROM t\n", "x.scenario")
    player = Player(scenario)
    for step in scenario.steps:
        player.play(step)
    player.close()
    assert player.database.locks() == []
    assert player.scheduler.waiting() == {}
