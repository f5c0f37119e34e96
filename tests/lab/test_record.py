"""Records: canonical lock order, differences between lock tables, levels of comparison."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from minidb.lab.record import at_level, compare, delta, state_lines, value_text


@dataclass
class Row:
    session: str
    table: str
    index: str = ""
    mode: str = "IX"
    kind: str = "table"
    key: tuple[Any, ...] = ()
    deleted: bool = False
    waiting: bool = False


def test_values() -> None:
    values = [None, 3, "it", "row#2", Decimal("1.50"), b"ab", datetime.date(2020, 1, 2)]
    assert [value_text(v) for v in values] == ["NULL", "3", "'it'", "row#2", "1.50", "'ab'", "2020-01-02"]


def test_canonical_order_and_lines() -> None:
    locks = [
        Row("B", "t", "PRIMARY", "X", "rec", (10,), waiting=True),
        Row("A", "t", "k", "X", "next-key", ("supremum",)),
        Row("A", "t", "k", "X", "next-key", (None, 7)),
        Row("A", "t", "k", "X", "next-key", (50, 5), deleted=True),
        Row("A", "t", "PRIMARY", "X", "rec", (9,)),
        Row("A", "t", "PRIMARY", "X", "rec", (10,)),
        Row("A", "t", "GEN_CLUST_INDEX", "X", "rec", ("row#10",)),
        Row("A", "t"),
        Row("A", "t"),
    ]
    assert state_lines(locks, ["B", "A"]) == [
        "lock A t IX",
        "lock A t.GEN_CLUST_INDEX X rec (row#10)",
        "lock A t.PRIMARY X rec (9)",
        "lock A t.PRIMARY X rec (10)",
        "lock A t.k X next-key (NULL, 7)",
        "lock A t.k X next-key (50, 5) delete-marked",
        "lock A t.k X next-key supremum",
        "lock B t.PRIMARY X rec (10) WAITING",
        "view A",
        "view B",
    ]


def test_delta_says_all_when_a_session_lost_everything() -> None:
    old = ["lock A t IX", "lock A t.PRIMARY X rec (1)", "lock B t IX", "view A"]
    new = ["lock B t IX", "lock B t.PRIMARY X rec (1)", "view B"]
    assert delta(old, new) == ["lock - A all", "lock + B t.PRIMARY X rec (1)", "view - A", "view + B"]
    assert delta(old, old[1:]) == ["lock - A t IX"]


RECORD = (
    "title: x\n\n1 A> SELECT 1\n    rows 1\n    plan t ALL NULL\n    lock + A t IX\n    resume B#2 plan t ALL NULL\n"
    "    view + A\n"
)


def test_levels_leave_lines_out() -> None:
    assert "plan" not in at_level(RECORD, "state")
    assert "view + A" in at_level(RECORD, "state")
    assert "view" not in at_level(RECORD, "locks")
    assert at_level(RECORD, "outcome") == "title: x\n\n1 A> SELECT 1\n    rows 1\n"
    assert at_level(RECORD, "full") == RECORD


def test_compare_gives_a_diff() -> None:
    other = RECORD.replace("A t IX", "A t IS")
    assert compare(RECORD, other, "outcome").agrees
    difference = compare(RECORD, other, "locks")
    assert not difference.agrees
    assert "-    lock + A t IX" in difference.diff
    assert "+    lock + A t IS" in difference.diff


def test_a_symbol_that_the_recorder_did_not_know_matches_any() -> None:
    expected = ("1 A> X\n    error 1792 (25006) ER_?: no\n    warning 138 ER_?: w\n"
                "2 A> Y\n    error 1205 (HY000) ER_LOCK_WAIT_TIMEOUT: t\n")
    played = expected.replace("(25006) ER_?", "(25006) ER_READ_ONLY").replace("138 ER_?", "138 WARN_X")
    assert compare(expected, played, "state").agrees
    assert not compare(expected, played.replace("1792", "1793"), "state").agrees
    assert not compare(expected, played.replace("ER_LOCK_WAIT_TIMEOUT", "ER_OTHER"), "state").agrees
