"""What people see of the lock table: scenario rows, MySQL's two tables, sentences, invariants."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from minidb.innodb.lock_listing import (
    DATA_LOCK_WAITS_COLUMNS,
    DATA_LOCKS_COLUMNS,
    data_lock_waits,
    data_locks,
    explain_wait,
    explain_waits,
    locks,
)
from minidb.innodb.lock_modes import X_NEXT_KEY, X_REC
from minidb.innodb.lock_objects import RecordLock, RowNumber
from minidb.trace import ImplicitLockConverted, LockInherited, LocksReleased, Recorder
from tests.innodb_locks.stage import Stage


def stage_of(*lines: str) -> Stage:
    stage = Stage()
    for line in lines:
        stage.step(line)
    return stage


def column(columns: tuple[str, ...], rows: list[tuple[Any, ...]], *names: str) -> list[tuple[Any, ...]]:
    assert all(len(row) == len(columns) for row in rows)
    return [tuple(row[columns.index(name)] for name in names) for row in rows]


def test_canonical_order() -> None:
    stage = stage_of(
        "B lock t.k X next-key supremum", "B lock t.k S gap (50,5)", "B lock t.k X next-key (50,5)", "B lock t.PRIMARY X rec 7",
        "B table t IX", "A lock u.PRIMARY X rec 100", "A lock u.PRIMARY X rec 20", "A table u IS", "B lock t.k X rec (5,9)",
    )  # fmt: skip
    assert stage.rows() == [
        "A u IS", "A u.PRIMARY X rec (20)", "A u.PRIMARY X rec (100)",
        "B t IX", "B t.PRIMARY X rec (7)", "B t.k X rec (5, 9)", "B t.k S gap (50, 5)", "B t.k X next-key (50, 5)",
        "B t.k X next-key supremum",
    ]  # fmt: skip


def test_entries_are_described_by_the_index() -> None:
    stage = Stage()
    shown: dict[int, tuple[tuple[Any, ...], bool]] = {
        1: ((None, "it's", 5), False),
        2: ((RowNumber(3),), True),
        3: ((Decimal("1.50"), datetime.date(2020, 1, 2), b"ab", 2.5), False),
    }
    table = stage.table("t")
    index = stage.system.add_index(table, "GEN_CLUST_INDEX", True, shown.__getitem__)
    for key in shown:
        stage.system.lock(stage.actor("A").locks, index, key, X_REC)
    assert [row.removeprefix("A t.GEN_CLUST_INDEX X rec ") for row in stage.rows()] == [
        "(NULL, 'it's', 5)", "(row#3) delete-marked", "(1.50, '2020-01-02', 'ab', 2.5)",
    ]  # fmt: skip


def test_data_locks_and_their_waits() -> None:
    stage = stage_of(
        "A table t IX", "A lock t.PRIMARY X rec 10", "A lock t.PRIMARY X gap 20", "A lock t.PRIMARY X next-key supremum",
        "B table t IX", "B lock t.PRIMARY X rec 10", "C wants to insert before t.PRIMARY 20",
        "D wants to insert before t.PRIMARY supremum",
        "E table t S",
    )  # fmt: skip
    stage.actor("A").id = 501
    rows = data_locks(stage.system)
    names = ("THREAD_ID", "OBJECT_NAME", "INDEX_NAME", "LOCK_TYPE", "LOCK_MODE", "LOCK_STATUS", "LOCK_DATA")
    assert column(DATA_LOCKS_COLUMNS, rows, *names) == [
        (1, "t", None, "TABLE", "IX", "GRANTED", None),
        (1, "t", "PRIMARY", "RECORD", "X,REC_NOT_GAP", "GRANTED", "10"),
        (1, "t", "PRIMARY", "RECORD", "X,GAP", "GRANTED", "20"),
        (1, "t", "PRIMARY", "RECORD", "X", "GRANTED", "supremum pseudo-record"),
        (2, "t", None, "TABLE", "IX", "GRANTED", None),
        (2, "t", "PRIMARY", "RECORD", "X,REC_NOT_GAP", "WAITING", "10"),
        (3, "t", "PRIMARY", "RECORD", "X,GAP,INSERT_INTENTION", "WAITING", "20"),
        (4, "t", "PRIMARY", "RECORD", "X,INSERT_INTENTION", "WAITING", "supremum pseudo-record"),
        (5, "t", None, "TABLE", "S", "WAITING", None),
    ]
    assert len({row[1] for row in rows}) == len(rows)  # lock ids are unique
    waits = data_lock_waits(stage.system)
    pairs = column(DATA_LOCK_WAITS_COLUMNS, waits, "REQUESTING_THREAD_ID", "BLOCKING_THREAD_ID", "BLOCKING_ENGINE_TRANSACTION_ID")
    assert pairs == [(2, 1, 501), (3, 1, 501), (4, 1, 501), (5, 1, 501), (5, 2, 0)]
    ids = {row[1]: row for row in rows}
    for requesting, blocking in column(DATA_LOCK_WAITS_COLUMNS, waits, "REQUESTING_ENGINE_LOCK_ID", "BLOCKING_ENGINE_LOCK_ID"):
        assert ids[requesting][-2] == "WAITING"
        assert ids[blocking][-2] == "GRANTED"


def test_waits_in_words() -> None:
    stage = stage_of("A lock t.PRIMARY S next-key 20", "B lock t.PRIMARY X next-key 20", "C wants to insert before t.PRIMARY 20")
    assert explain_waits(stage.system) == [
        "B waits for A: wants X next-key on t.PRIMARY (20), where S next-key is held",
        "C waits for A: wants to insert into the gap before (20) in t.PRIMARY, which is locked (S next-key)",
        "C waits for B: X insert-intention on t.PRIMARY (20) stands in the queue behind a request for X next-key",
    ]
    assert explain_wait(stage.system, stage.actor("B").session_id) == (
        "B waits for A (wants X next-key on t.PRIMARY (20), where S next-key is held)"
    )
    assert explain_wait(stage.system, stage.actor("A").session_id) == ""


def test_events_tell_what_the_table_does_not() -> None:
    stage, events = Stage(), Recorder()
    with stage.system.trace.to(events):
        for line in (
            "B met A on t.PRIMARY 15", "A lock t.PRIMARY X gap 30", "A inserted t.PRIMARY 25 before 30",
            "removed t.PRIMARY 15 before 20", "A ends",
        ):  # fmt: skip
            stage.step(line)
    assert stage.system.trace.sink is None
    assert [str(e) for e in events.of(ImplicitLockConverted) + events.of(LockInherited) + events.of(LocksReleased)] == [
        "ImplicitLockConverted(session='A', lock='t.PRIMARY X rec (15)')",
        "LockInherited(session='A', lock='t.PRIMARY X gap (25)', reason='insert')",
        "LockInherited(session='A', lock='t.PRIMARY X gap (20)', reason='removal')",
        "LocksReleased(session='A', objects=2)",
    ]


def test_check_finds_what_is_wrong() -> None:
    stage = stage_of("A lock t.PRIMARY X rec 10", "B table t IX", "A table t IX")
    system, index = stage.system, stage.index("t.PRIMARY")
    assert system.check() == []
    intruder = RecordLock(stage.actor("B").locks, index, X_NEXT_KEY)
    mine = system.entries(index, 10)[0]
    index[10] = [mine, intruder]
    stage.table("t").strong = 1
    found = "\n".join(system.check())
    assert "are both granted" in found
    assert "is unknown to its transaction" in found
    assert "1 strong locks counted, 0 found" in found


def test_dropped_tables_and_indexes_are_forgotten() -> None:
    stage = stage_of("A lock t.PRIMARY X rec 10", "A lock t.k X rec 10", "A ends", "B lock u.PRIMARY X rec 1")
    stage.system.remove_index(stage.index("t.k"))
    stage.system.remove_table(stage.table("t"))
    assert [index.table.name for index in stage.system.indexes.values()] == ["u"]
    assert [str(row) for row in locks(stage.system)] == ["B u.PRIMARY X rec (1)"]


def test_the_locks_of_a_transaction_in_words() -> None:
    stage = stage_of(
        "A table t IX", "A lock t.PRIMARY X rec 1", "A lock t.PRIMARY X rec 2", "A lock t.k S gap 5", "A unlock t.PRIMARY X rec 1",
    )  # fmt: skip
    holder = stage.actor("A").locks
    everything = ["t IX", "t.PRIMARY X rec (2)", "t.k S gap (5)"]
    assert stage.system.held_by(holder) == everything
    assert stage.system.held_by(holder, 2) == everything
    assert stage.system.held_by(holder, 1) == ["t IX", "t.PRIMARY X rec (2)", "... (3 lock objects in all)"]
