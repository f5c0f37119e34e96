"""mysql-8.4: what a locking range read of a clustered index locks at REPEATABLE READ, for keys of either direction.

The rules are those that MySQL's recorded lock tables show (mysql-server, lock_end_of_range): they are written down here a second
time, over plain lists of entries, and compared with the lock table on random tables and ranges."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from minidb.database import Database

Entry = tuple[int, ...]
SUPREMUM = "supremum"


class Bound(NamedTuple):
    """An end of a range in physical order: a prefix of the key, and whether it belongs to the range."""

    prefix: Entry
    closed: bool


class Index(NamedTuple):
    """Entries in physical order; turned: which parts are descending."""

    entries: list[Entry]
    turned: tuple[bool, ...]

    def place(self, entry: Entry) -> Entry:
        """The entry as numbers that ascend physically."""
        return tuple(-v if t else v for v, t in zip(entry, self.turned, strict=False))

    def before(self, entry: Entry, low: Bound | None) -> bool:
        if low is None:
            return False
        mine, end = self.place(entry[: len(low.prefix)]), self.place(low.prefix)
        return mine < end or (mine == end and not low.closed)

    def behind(self, entry: Entry, high: Bound | None) -> bool:
        if high is None:
            return False
        mine, end = self.place(entry[: len(high.prefix)]), self.place(high.prefix)
        return mine > end or (mine == end and not high.closed)


def forwards(index: Index, low: Bound | None, high: Bound | None) -> set[tuple[str, Any]]:
    """In the physical order: a closed lower end that names an entry is locked alone; behind the range only the gap is locked, and
    nothing at all where the closed upper end named the last entry in full."""
    locks: set[tuple[str, Any]] = set()
    first = True
    for entry in index.entries:
        if index.before(entry, low):
            continue
        if index.behind(entry, high):
            return locks | {("gap", entry)}
        named = first and low is not None and low.closed and low.prefix == entry
        locks.add(("rec" if named else "next-key", entry))
        first = False
        if high is not None and high.closed and high.prefix == entry:
            return locks
    return locks | {("next-key", SUPREMUM)}


def backwards(index: Index, low: Bound | None, high: Bound | None) -> set[tuple[str, Any]]:
    """Against it: the gap behind the range first, then every entry with its gap down to and including the first below the range."""
    inside = [e for e in index.entries if not index.behind(e, high)]
    beyond = [e for e in index.entries if index.behind(e, high)]
    locks: set[tuple[str, Any]] = {("gap", beyond[0]) if beyond else ("next-key", SUPREMUM)}
    for entry in reversed(inside):
        locks.add(("next-key", entry))
        if index.before(entry, low):
            break
    return locks


def found(database: Database) -> set[tuple[str, Any]]:
    return {(lock.kind, SUPREMUM if lock.key == (SUPREMUM,) else lock.key) for lock in database.locks() if lock.kind != "table"}


def condition(column: str, low: tuple[int, bool] | None, high: tuple[int, bool] | None) -> list[str]:
    out = []
    if low is not None:
        out.append(f"{column} {'>=' if low[1] else '>'} {low[0]}")
    if high is not None:
        out.append(f"{column} {'<=' if high[1] else '<'} {high[0]}")
    return out


end = st.one_of(st.none(), st.tuples(st.integers(-1, 12), st.booleans()))


@settings(max_examples=250, deadline=None)
@given(st.sets(st.integers(0, 11), min_size=1, max_size=8), st.booleans(), st.booleans(), end, end)
def test_ranges_of_one_column(keys: set[int], turned: bool, descending: bool, low: tuple[int, bool] | None,
                              high: tuple[int, bool] | None) -> None:
    inside = [k for k in keys if (low is None or k > low[0] or (low[1] and k == low[0]))
              and (high is None or k < high[0] or (high[1] and k == high[0]))]
    if low is None and high is None:
        return
    if low is not None and high is not None and low[0] >= high[0]:
        return  # no range, or one value
    with Database(profile="mysql-8.4") as database:
        session = database.session()
        session.execute(f"CREATE TABLE t (id INT NOT NULL, PRIMARY KEY (id{' DESC' if turned else ''}))")
        session.execute(f"INSERT INTO t VALUES {', '.join(f'({k})' for k in keys)}")
        session.execute("BEGIN")
        rows = session.execute(f"SELECT * FROM t FORCE INDEX (PRIMARY) WHERE {' AND '.join(condition('id', low, high))} "
                               f"ORDER BY id {'DESC' if descending else 'ASC'} FOR UPDATE").rows
        assert [k for k, in rows or []] == sorted(inside, reverse=descending)
        index = Index([(k,) for k in sorted(keys, reverse=turned)], (turned,))
        first, last = (None if b is None else Bound((b[0],), b[1]) for b in ((high, low) if turned else (low, high)))
        if len(inside) == len(keys):
            wanted = {("next-key", e) for e in index.entries} | {("next-key", SUPREMUM)}
        else:
            wanted = (backwards if descending != turned else forwards)(index, first, last)
        assert found(database) == wanted


@settings(max_examples=250, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=10), st.booleans(), st.booleans(),
       st.booleans(), st.integers(-1, 5), end, end)
def test_ranges_behind_an_equality(keys: set[Entry], turned_a: bool, turned_b: bool, backward: bool, a: int,
                                   low: tuple[int, bool] | None, high: tuple[int, bool] | None) -> None:
    if (low is None and high is None) or (low is not None and high is not None and low[0] >= high[0]):
        return
    turned = (turned_a, turned_b)
    with Database(profile="mysql-8.4") as database:
        session = database.session()
        words = [f"{c}{' DESC' if t else ''}" for c, t in zip("ab", turned, strict=True)]
        session.execute(f"CREATE TABLE t (a INT NOT NULL, b INT NOT NULL, PRIMARY KEY ({', '.join(words)}))")
        session.execute(f"INSERT INTO t VALUES {', '.join(map(str, keys))}")
        session.execute("BEGIN")
        order = [f"{c}{' DESC' if t != backward else ''}" for c, t in zip("ab", turned, strict=True)]
        session.execute(f"SELECT * FROM t FORCE INDEX (PRIMARY) WHERE a = {a} AND {' AND '.join(condition('b', low, high))} "
                        f"ORDER BY {', '.join(order)} FOR UPDATE")
        index = Index(sorted(keys, key=Index([], turned).place), turned)
        first, last = (Bound((a,), True) if b is None else Bound((a, b[0]), b[1])
                       for b in ((high, low) if turned_b else (low, high)))
        inside = [e for e in index.entries if not index.before(e, first) and not index.behind(e, last)]
        if len(inside) == len(keys):
            wanted = {("next-key", e) for e in index.entries} | {("next-key", SUPREMUM)}
        else:
            wanted = (backwards if backward else forwards)(index, first, last)
        assert found(database) == wanted


@settings(max_examples=150, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 2)), min_size=1, max_size=10), st.booleans(), st.booleans(), end, end)
def test_ranges_of_a_prefix(keys: set[Entry], turned: bool, backward: bool, low: tuple[int, bool] | None,
                            high: tuple[int, bool] | None) -> None:
    if (low is None and high is None) or (low is not None and high is not None and low[0] >= high[0]):
        return
    with Database(profile="mysql-8.4") as database:
        session = database.session()
        session.execute(f"CREATE TABLE t (a INT NOT NULL, b INT NOT NULL, PRIMARY KEY (a{' DESC' if turned else ''}, b))")
        session.execute(f"INSERT INTO t VALUES {', '.join(map(str, keys))}")
        session.execute("BEGIN")
        order = f"a{' DESC' if turned != backward else ''}, b{' DESC' if backward else ''}"
        session.execute(f"SELECT * FROM t FORCE INDEX (PRIMARY) WHERE {' AND '.join(condition('a', low, high))} "
                        f"ORDER BY {order} FOR UPDATE")
        index = Index(sorted(keys, key=Index([], (turned, False)).place), (turned, False))
        first, last = (None if b is None else Bound((b[0],), b[1]) for b in ((high, low) if turned else (low, high)))
        inside = [e for e in index.entries if not index.before(e, first) and not index.behind(e, last)]
        if len(inside) == len(keys):
            wanted = {("next-key", e) for e in index.entries} | {("next-key", SUPREMUM)}
        else:
            wanted = (backwards if backward else forwards)(index, first, last)
        assert found(database) == wanted
