"""Table locks on the step scheduler: who waits for whom, and in which order they go on."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidb.engine import TableLock
from minidb.errors import Error
from minidb.myisam.engine import MyisamEngine
from minidb.myisam.state import HeapState
from minidb.myisam.table_lock import Request, TableLocks, merged
from minidb.scheduler import ThreadScheduler, Waiter

READ, LOCAL = TableLock.READ, TableLock.READ_LOCAL
INSERT, LOW, WRITE = TableLock.CONCURRENT_INSERT, TableLock.WRITE_LOW_PRIORITY, TableLock.WRITE


class Club:
    """Sessions A, B, C ... that take locks through the engine; `lock` says who got one and who waits."""

    def __init__(self, world: Any, tables: dict[str, Any]) -> None:
        self.world = world
        self.tables = tables
        self.trx: dict[str, Any] = {}
        self.timeout: float | None = None

    def of(self, session: str) -> Any:
        if session not in self.trx:
            self.trx[session] = self.world.engine.new_trx(len(self.trx) + 1, session)
        return self.trx[session]

    def play(self, session: str, work: Any) -> str:
        """Let `session` do `work`; names of the sessions that finished, then of those that wait."""
        report = self.world.scheduler.execute(session, work)
        for task in report.finished:
            task.outcome()
        done = "".join(task.session for task in report.finished)
        return f"{done}|{''.join(task.session for task in report.blocked)}"

    def lock(self, session: str, *wanted: tuple[str, TableLock], high: bool = False) -> str:
        requests = [(self.tables[name], kind) for name, kind in wanted]
        return self.play(session, lambda: self.world.engine.lock_tables(self.of(session), requests, self.timeout, high))

    def unlock(self, session: str) -> str:
        outcome = self.play(session, lambda: self.world.engine.unlock_tables(self.of(session)))
        for table in self.tables.values():
            assert table.locks.check() == []
        return outcome


@pytest.fixture
def club(world: Any, define: Any) -> Club:
    columns, keys = ["id INT NOT NULL", "v INT"], ["PRIMARY id"]
    return Club(world, {
        name: world.table(define(columns, keys, name, i), (1, 1), (2, 2), (3, 3)) for i, name in enumerate("tu", 1)
    })


def test_readers_share(club: Club) -> None:
    assert club.lock("A", ("t", READ)) == "A|"
    assert club.lock("B", ("t", READ)) == "B|"


def test_writer_waits_for_all_readers(club: Club) -> None:
    club.lock("A", ("t", READ))
    club.lock("B", ("t", LOCAL))
    assert club.lock("C", ("t", WRITE)) == "|C"
    assert club.unlock("A") == "A|C"
    assert club.unlock("B") == "BC|"


def test_writer_stops_everyone(club: Club) -> None:
    club.lock("A", ("t", WRITE))
    assert club.lock("B", ("t", WRITE)) == "|B"
    assert club.lock("C", ("t", LOCAL)) == "|BC"
    assert club.lock("D", ("t", INSERT)) == "|BCD"
    assert club.unlock("A") == "AB|CD"


def test_waiting_writers_go_before_waiting_readers(club: Club) -> None:
    club.lock("A", ("t", WRITE))
    club.lock("B", ("t", LOCAL))
    club.lock("C", ("t", WRITE))
    assert club.unlock("A") == "AC|B"
    assert club.unlock("C") == "CB|"


def test_new_reader_waits_behind_a_waiting_writer(club: Club) -> None:
    club.lock("A", ("t", READ))
    club.lock("B", ("t", WRITE))
    assert club.lock("C", ("t", LOCAL)) == "|BC"
    assert club.unlock("A") == "AB|C"


def test_high_priority_reader_passes_a_waiting_writer(club: Club) -> None:
    club.lock("A", ("t", READ))
    club.lock("B", ("t", WRITE))
    assert club.lock("C", ("t", LOCAL), high=True) == "C|B"


def test_low_priority_writer_lets_readers_pass(club: Club) -> None:
    """Recorded on a real server: corpus myisam/low-priority."""
    club.lock("A", ("t", READ))
    assert club.lock("B", ("t", LOW)) == "|B"
    assert club.lock("C", ("t", LOCAL)) == "C|B"
    assert club.unlock("A") == "A|B"
    assert club.unlock("C") == "CB|"


def test_high_priority_reader_goes_before_a_low_priority_writer(club: Club) -> None:
    club.lock("A", ("t", WRITE))
    club.lock("B", ("t", LOW))
    club.lock("C", ("t", LOCAL))
    club.lock("D", ("t", LOCAL), high=True)
    assert club.unlock("A") == "ADC|B"


def test_readers_have_their_turn_after_many_writers(club: Club) -> None:
    club.tables["t"].locks.max_writers = 1
    club.lock("A", ("t", WRITE))
    for session in "BCD":
        club.lock(session, ("t", WRITE))
    club.lock("R", ("t", LOCAL))
    assert club.unlock("A") == "AB|CDR"
    assert club.unlock("B") == "BR|CD"


def test_concurrent_insert_beside_a_local_reader(club: Club) -> None:
    """Recorded on a real server: corpus myisam/concurrent-insert."""
    t = club.tables["t"]
    club.lock("A", ("t", LOCAL))
    assert club.lock("B", ("t", INSERT)) == "B|"
    t.insert(club.of("B"), (4, 4))
    assert club.unlock("B") == "B|"
    world, a, b = club.world, club.of("A"), club.of("B")
    assert [r[0] for r in world.rows(t, trx=a)] == [1, 2, 3]
    assert [r[0] for r in world.rows(t, 0, trx=a)] == [1, 2, 3]
    assert [r[0] for r in world.rows(t, 0, trx=a, covering=True)] == [1, 2, 3]
    assert t.get(a, 0, 4) is None
    assert t.lookup(a, 0, (4,)) == []
    assert (t.row_count(a), t.row_count(b)) == (3, 4)
    assert [r[0] for r in world.rows(t, trx=b)] == [1, 2, 3, 4]
    club.unlock("A")
    assert [r[0] for r in world.rows(t, trx=a)] == [1, 2, 3, 4]
    assert t.row_count(a) == 4


def test_reader_that_comes_during_a_concurrent_insert_sees_its_beginning(club: Club) -> None:
    t = club.tables["t"]
    club.lock("B", ("t", INSERT))
    t.insert(club.of("B"), (4, 4))
    assert club.lock("A", ("t", LOCAL)) == "A|"
    t.insert(club.of("B"), (5, 5))
    assert [r[0] for r in club.world.rows(t, trx=club.of("A"))] == [1, 2, 3]
    assert club.lock("C", ("t", READ)) == "|C"
    assert club.unlock("B") == "BC|"
    assert [r[0] for r in club.world.rows(t, trx=club.of("C"))] == [1, 2, 3, 4, 5]


def test_no_concurrent_insert_into_a_heap_with_holes(club: Club) -> None:
    club.world.delete(club.tables["t"], 2)
    club.lock("A", ("t", LOCAL))
    assert club.lock("B", ("t", INSERT)) == "|B"


def test_no_concurrent_insert_beside_a_full_read_lock(club: Club) -> None:
    club.lock("A", ("t", READ))
    assert club.lock("B", ("t", INSERT)) == "|B"


def test_waiting_writer_stops_concurrent_inserts(club: Club) -> None:
    """Recorded on a real server: corpus myisam/concurrent-insert-update."""
    club.lock("A", ("t", LOCAL))
    assert club.lock("B", ("t", WRITE)) == "|B"
    assert club.lock("C", ("t", INSERT)) == "|BC"
    assert club.unlock("A") == "AB|C"
    assert club.unlock("B") == "BC|"


def test_one_concurrent_insert_at_a_time(club: Club) -> None:
    club.lock("A", ("t", INSERT))
    assert club.lock("B", ("t", INSERT)) == "|B"
    assert club.unlock("A") == "AB|"


def test_two_tables_are_taken_in_one_order(club: Club) -> None:
    club.lock("A", ("u", READ))
    assert club.lock("B", ("u", WRITE), ("t", WRITE)) == "|B"
    assert club.lock("C", ("t", LOCAL), ("u", LOCAL)) == "|BC"
    assert club.unlock("A") == "AB|C"
    assert club.unlock("B") == "BC|"


def test_reading_what_one_inserts_into_needs_a_write_lock(club: Club) -> None:
    t, u = club.tables["t"], club.tables["u"]
    assert merged([(u, LOCAL), (t, INSERT), (t, LOCAL), (u, READ)]) == [(t.locks, WRITE), (u.locks, READ)]
    assert merged([(t, LOW), (t, LOCAL), (u, TableLock.NONE)]) == [(t.locks, LOW)]


def test_timeout_leaves_nothing_behind(club: Club) -> None:
    club.lock("A", ("u", WRITE))
    club.timeout = 5
    task = club.world.scheduler.submit("B", lambda: club.world.engine.lock_tables(
        club.of("B"), [(club.tables["t"], WRITE), (club.tables["u"], READ)], 5))
    club.world.scheduler.run()
    club.lock("C", ("t", READ))
    club.world.scheduler.advance(6)
    club.world.scheduler.run()
    with pytest.raises(Error) as caught:
        task.outcome()
    assert caught.value.code == 1205
    assert club.tables["t"].locks.dump() == "d.t: held 3:READ, waiting -"
    assert club.world.engine.locks.held(club.of("B")) == []


def test_killed_waiter_lets_those_behind_it_go_on(club: Club) -> None:
    club.lock("A", ("t", READ))
    task = club.world.scheduler.submit("B", lambda: club.world.engine.lock_tables(club.of("B"), [(club.tables["t"], WRITE)]))
    club.world.scheduler.run()
    club.lock("C", ("t", READ))
    club.world.scheduler.interrupt(club.of("B").session_id)
    club.world.scheduler.run()
    with pytest.raises(Error) as caught:
        task.outcome()
    assert caught.value.code == 1317
    assert club.tables["t"].locks.dump() == "d.t: held 1:READ 3:READ, waiting -"


def test_counters(club: Club) -> None:
    before = club.world.engine.status()
    club.lock("A", ("t", WRITE))
    club.lock("B", ("t", WRITE))
    after = club.world.engine.status()
    assert after["Table_locks_immediate"] - before["Table_locks_immediate"] == 1
    assert after["Table_locks_waited"] - before["Table_locks_waited"] == 1


ACTIONS = st.lists(st.tuples(st.integers(1, 6), st.sampled_from([READ, LOCAL, INSERT, LOW, WRITE]), st.booleans(),
                             st.sampled_from(["lock", "lock", "unlock", "withdraw", "hole"])), max_size=60)


@settings(max_examples=200, deadline=None)
@given(ACTIONS)
def test_locks_never_conflict_and_nobody_waits_for_nobody(actions: list[Any]) -> None:
    state = HeapState(end=3, rows=3)
    locks = TableLocks("t", 1, state)
    waiting: dict[int, Request] = {}
    for session, kind, flag, what in actions:
        granted: list[Request] = []
        if what == "hole":
            if not locks.readers and not locks.writer:
                state.first_hole = 0 if flag else -1
        elif what == "lock":
            if session not in waiting and locks.holds(session) is None and not locks.try_lock(session, kind, flag):
                waiting[session] = Request(session, kind, flag, Waiter(session, "", "table", ""))
                locks.enqueue(waiting[session])
        elif what == "unlock":
            if locks.holds(session) is not None:
                granted = locks.release(session)
        elif session in waiting:
            granted = locks.withdraw(waiting.pop(session))
        for request in granted:
            assert waiting.pop(request.session) is request
            assert locks.holds(request.session) == request.kind
        assert locks.check() == []
        assert {r.session for r in (*locks.read_queue, *locks.write_queue)} == set(waiting)
    for session in range(1, 7):
        if locks.holds(session) is not None:
            for request in locks.release(session):
                del waiting[request.session]
    while waiting:
        holder = next(s for s in range(1, 7) if locks.holds(s) is not None)
        for request in locks.release(holder):
            del waiting[request.session]


def test_threads_lose_no_row(make_world: Any, define: Any) -> None:
    """Eight threads insert, each statement under its table lock, some beside readers: every row is there, nobody hangs."""
    world = make_world(capacity=64)
    scheduler = ThreadScheduler()
    engine = MyisamEngine(world.pool, scheduler)
    engine.create_table(define(["id INT NOT NULL", "v INT"], ["PRIMARY id"]))
    table = engine.open_table(define(["id INT NOT NULL", "v INT"], ["PRIMARY id"]))
    seen: list[bool] = []

    def work(number: int) -> None:
        trx = engine.new_trx(number)
        for i in range(60):
            kind = (LOCAL, INSERT, WRITE, LOW)[(i + number) % 4]
            engine.lock_tables(trx, [(table, kind)], 20)
            if kind == LOCAL:
                before = table.row_count(trx)
                seen.append(len(world.rows(table, trx=trx)) == before == table.row_count(trx))
            else:
                table.insert(trx, (number * 1000 + i, i))
            engine.unlock_tables(trx)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert all(seen)
    assert len(seen) == 8 * 15
    assert table.row_count(engine.new_trx(99)) == 8 * 45
    assert table.check().ok
    assert table.locks.dump() == "d.t: held -, waiting -"
    scheduler.stop()
