"""Random transactions against a multi-version model.

The model keeps the committed states in order, and for each open transaction the state it began with (its snapshot) and its own
changes.  Writers touch rows nobody else has written to (so that nothing waits: waiting is tested elsewhere).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from minidb.engine import FULL, Isolation, KeyRange, ReadMode, Row
from minidb.engine import Trx as DoorTrx
from tests.door.world import World

SESSIONS = ("A", "B", "C")
KEYS = 12
State = dict[int, Row]


@dataclass
class Open:
    """An open transaction of the model.  changes: None = deleted.  marks: savepoint -> changes at that time."""

    snapshot: State | None = None
    changes: dict[int, Row | None] = field(default_factory=dict)
    marks: dict[str, dict[int, Row | None]] = field(default_factory=dict)


step = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(SESSIONS), st.integers(0, KEYS - 1), st.integers(0, 4), st.sampled_from("abAB")),
    st.tuples(st.just("delete"), st.sampled_from(SESSIONS), st.integers(0, KEYS - 1)),
    st.tuples(st.just("move"), st.sampled_from(SESSIONS), st.integers(0, KEYS - 1), st.integers(0, KEYS - 1)),
    st.tuples(st.just("read"), st.sampled_from(SESSIONS)),
    st.tuples(st.sampled_from(["commit", "rollback", "mark", "back"]), st.sampled_from(SESSIONS)),
    st.tuples(st.just("purge")),
)


class Play:
    """The engine and the model side by side."""

    def __init__(self, capacity: int, level: Isolation) -> None:
        self.world = World(capacity=capacity)
        self.table = self.world.create("id INT NOT NULL,k INT,s VARCHAR(5)", "PRIMARY id", "KEY k", "KEY s k")
        self.committed: State = {}
        self.open: dict[str, Open] = {}
        self.level = level

    def begin(self, name: str) -> tuple[DoorTrx, Open]:
        trx = self.world.trx(name, self.level)
        if name not in self.open:
            self.world.engine.begin(trx)
            self.open[name] = Open()
        return trx, self.open[name]

    def seen(self, mine: Open, newest: bool = False) -> State:
        base = self.committed if newest or mine.snapshot is None else mine.snapshot
        state = {**base, **{k: v for k, v in mine.changes.items() if v is not None}}
        return {k: v for k, v in state.items() if mine.changes.get(k, v) is not None}

    def taken(self, name: str, key: int) -> bool:
        return any(key in other.changes for n, other in self.open.items() if n != name)

    def do(self, action: tuple) -> None:
        if action[0] == "purge":
            self.world.innodb.purge_all()
            return
        kind, name, *rest = action
        trx, mine = self.begin(name)
        getattr(self, kind)(name, trx, mine, *rest)

    def write(self, name: str, trx: DoorTrx, mine: Open, key: int, k: int, s: str) -> None:
        if self.taken(name, key):
            return
        row = (key, k, s)
        if key in self.seen(mine, newest=True):
            self.change(trx, key, row)
        else:
            self.world.insert(self.table, row, trx=trx)
        mine.changes[key] = row

    def change(self, trx: DoorTrx, key: int, row: Row) -> None:
        found = self.table.get(trx, 0, key, ReadMode.EXCLUSIVE)
        assert found is not None
        self.world.change(trx, lambda: self.table.update(trx, found, row))

    def delete(self, name: str, trx: DoorTrx, mine: Open, key: int) -> None:
        if self.taken(name, key) or key not in self.seen(mine, newest=True):
            return
        found = self.table.get(trx, 0, key, ReadMode.EXCLUSIVE)
        assert found is not None
        self.world.change(trx, lambda: self.table.delete(trx, found))
        mine.changes[key] = None

    def move(self, name: str, trx: DoorTrx, mine: Open, key: int, to: int) -> None:
        now = self.seen(mine, newest=True)
        if key == to or self.taken(name, key) or self.taken(name, to) or key not in now or to in now:
            return
        row = (to, *now[key][1:])
        self.change(trx, key, row)
        mine.changes[key], mine.changes[to] = None, row

    def read(self, name: str, trx: DoorTrx, mine: Open) -> None:
        if self.level == Isolation.REPEATABLE_READ and mine.snapshot is None:
            mine.snapshot = dict(self.committed)
        self.compare(trx, self.seen(mine))

    def compare(self, trx: DoorTrx, wanted: State) -> None:
        rows = self.world.rows
        assert rows(self.table, trx) == [wanted[k] for k in sorted(wanted)]
        by_k = sorted(wanted.values(), key=lambda r: (r[1], r[0]))
        assert rows(self.table, trx, index=1) == by_k
        assert rows(self.table, trx, index=1, reverse=True) == by_k[::-1]
        assert rows(self.table, trx, index=1, covering=True) == [(r[1], r[0]) for r in by_k]
        assert rows(self.table, trx, index=1, ranges=[KeyRange((2,), (3,))]) == [r for r in by_k if 2 <= r[1] <= 3]
        by_s = sorted(wanted.values(), key=lambda r: (r[2].upper(), r[1], r[0]))
        assert rows(self.table, trx, index=2, covering=True, ranges=[FULL]) == [(r[2], r[1], r[0]) for r in by_s]
        for key in range(KEYS):
            found = self.table.get(trx, 0, key)
            assert (None if found is None else found[:3]) == wanted.get(key)
        self.world.engine.end_statement(trx, True)

    def commit(self, name: str, trx: DoorTrx, mine: Open) -> None:
        self.world.engine.commit(trx)
        self.committed = self.seen(mine, newest=True)
        del self.open[name]

    def rollback(self, name: str, trx: DoorTrx, mine: Open) -> None:
        self.world.engine.rollback(trx)
        del self.open[name]

    def mark(self, name: str, trx: DoorTrx, mine: Open) -> None:
        if mine.changes:
            self.world.engine.savepoint(trx, "s")
            mine.marks["s"] = dict(mine.changes)

    def back(self, name: str, trx: DoorTrx, mine: Open) -> None:
        if "s" in mine.marks:
            assert self.world.engine.rollback_to(trx, "s")
            mine.changes = dict(mine.marks["s"])


@settings(max_examples=120, deadline=None)
@given(st.lists(step, max_size=60), st.sampled_from([4, 5, 64]),
       st.sampled_from([Isolation.REPEATABLE_READ, Isolation.READ_COMMITTED]))
def test_every_read_is_as_the_model_says(actions: list[tuple], capacity: int, level: Isolation) -> None:
    play = Play(capacity, level)
    for action in actions:
        play.do(action)
        assert play.world.innodb.locks.check() == []
    for name in list(play.open):
        play.do(("read", name))
        play.do(("rollback", name))
    play.compare(play.world.trx("Z"), play.committed)
    play.world.engine.commit(play.world.trx("Z"))
    assert play.table.check().ok
    play.world.innodb.purge_all()
    assert play.table.check().messages == []
    data = play.table.dict_table
    for index in (data.clustered, *data.secondaries):
        assert index.tree.record_count() == len(play.committed), "purge leaves live records only"
    play.compare(play.world.trx("Z"), play.committed)
    assert play.world.innodb.core.undo.check() == []
