"""Descending index parts: stored in descending order in both engines, found by every kind of range, and invisible in results: each
statement gives what it gives on a twin table without any index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidb.database import Database
from minidb.errors import Error
from minidb.session import Session

SHAPES = [
    "PRIMARY KEY (id DESC), KEY k (a DESC, b)",
    "PRIMARY KEY (id), KEY k (a, b DESC)",
    "PRIMARY KEY (id DESC), KEY k (a DESC, b DESC)",
    "PRIMARY KEY (id DESC), KEY k (id, a DESC)",
    "PRIMARY KEY (id), UNIQUE KEY k (a DESC, b, id DESC), KEY s (s DESC)",
    "PRIMARY KEY (b DESC, id), KEY k (a DESC), KEY p (s(2) DESC)",
    "PRIMARY KEY (id, b DESC), UNIQUE u (id DESC), KEY k (s DESC, a)",
    "UNIQUE KEY (id DESC), KEY k (a, s DESC, b)",
]
ENGINES = ["InnoDB", "MyISAM"]
small = st.integers(-1, 6)
nullable = st.one_of(st.none(), st.integers(0, 5))
text = st.one_of(st.none(), st.sampled_from(["", "a", "A", "ab", "abc", "b", "bcd", "zz"]))
rows = st.lists(st.tuples(nullable, st.integers(0, 4), text), min_size=0, max_size=25)


def literal(value: Any) -> str:
    return "NULL" if value is None else repr(value)


@st.composite
def conditions(draw: st.DrawFn) -> str:
    column = draw(st.sampled_from(["id", "a", "b", "s"]))
    value = draw(text.filter(lambda v: v is not None) if column == "s" else small)
    kind = draw(st.sampled_from(["=", "<", "<=", ">", ">=", "<>", "BETWEEN", "IN", "IS NULL", "IS NOT NULL", "<=>"]))
    if kind.startswith("IS"):
        return f"{column} {kind}"
    other = draw(text.filter(lambda v: v is not None) if column == "s" else small)
    if kind == "BETWEEN":
        return f"{column} BETWEEN {value!r} AND {other!r}"
    if kind == "IN":
        return f"{column} IN ({value!r}, {other!r})"
    return f"{column} {kind} {value!r}"


wheres = st.lists(conditions(), min_size=1, max_size=3).map(" AND ".join)
orders = st.lists(st.tuples(st.sampled_from(["id", "a", "b", "s"]), st.booleans()), max_size=3, unique_by=lambda o: o[0])


def order_by(columns: list[tuple[str, bool]]) -> str:
    named = [f"{name} DESC" if down else name for name, down in columns]
    return f" ORDER BY {', '.join(named)}" if named else ""


@pytest.fixture
def session() -> Iterator[Session]:
    with Database() as database:
        yield database.session()


def make(session: Session, shape: str, engine: str, values: list[tuple[Any, ...]]) -> None:
    columns = "id INT NOT NULL, a INT, b INT NOT NULL, s VARCHAR(10)"
    session.execute(f"CREATE TABLE t ({columns}, {shape}) ENGINE={engine}")
    session.execute(f"CREATE TABLE plain ({columns}) ENGINE={engine}")
    for number, row in enumerate(values):
        line = ", ".join(literal(v) for v in (number * 7 % 25, *row))
        for table in ("t", "plain"):
            session.execute(f"INSERT INTO {table} VALUES ({line})")


def ask(session: Session, tail: str, columns: list[tuple[str, bool]]) -> tuple[list[Any], list[Any]]:
    """The answers over both tables: as sets of rows, and of the columns that are ordered in order (the rest may come in any)."""
    names = ", ".join(f"LOWER({c})" if c == "s" else c for c, _ in columns)
    wanted = []
    for table in ("t", "plain"):
        whole = session.execute(f"SELECT id, a, b, s FROM {table} WHERE {tail}{order_by(columns)}").rows
        part = session.execute(f"SELECT {names} FROM {table} WHERE {tail}{order_by(columns)}").rows if columns else []
        wanted.append([sorted(map(repr, whole)), part])
    return wanted[0], wanted[1]


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(SHAPES), st.sampled_from(ENGINES), rows, st.lists(st.tuples(wheres, orders), min_size=1, max_size=6),
       st.sampled_from(["", " FOR UPDATE"]))
def test_reads_answer_as_without_an_index(shape: str, engine: str, values: list[tuple[Any, ...]],
                                          asked: list[tuple[str, list[tuple[str, bool]]]], lock: str) -> None:
    with Database() as database:
        session = database.session()
        make(session, shape, engine, values)
        for where, columns in asked:
            mine, plain = ask(session, where, columns)
            assert mine == plain
            locked = session.execute(f"SELECT id, a, b, s FROM t WHERE {where}{order_by(columns)}{lock}").rows
            assert sorted(map(repr, locked)) == plain[0]
        for expr in ("MIN(id)", "MAX(id)", "MIN(a)", "MAX(a)", "COUNT(DISTINCT a)", "MIN(s)", "MAX(b)"):
            found = [session.execute(f"SELECT {expr} FROM {table}").rows for table in ("t", "plain")]
            assert str(found[0]).lower() == str(found[1]).lower()
        assert session.execute("CHECK TABLE t").rows[0][-1] == "OK"


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(SHAPES), st.sampled_from(ENGINES), rows, wheres, wheres, small)
def test_changes_leave_what_they_leave_without_an_index(shape: str, engine: str, values: list[tuple[Any, ...]], one: str,
                                                        other: str, value: int) -> None:
    with Database() as database:
        session = database.session()
        make(session, shape, engine, values)
        for table in ("t", "plain"):
            session.execute(f"UPDATE {table} SET a = {value}, s = 'new' WHERE {one}")
            session.execute(f"DELETE FROM {table} WHERE {other}")
        left = [sorted(map(repr, session.execute(f"SELECT * FROM {table}").rows)) for table in ("t", "plain")]
        assert left[0] == left[1]
        assert session.execute("CHECK TABLE t EXTENDED").rows[0][-1] == "OK"


@pytest.mark.parametrize("engine", ENGINES)
def test_entries_stand_in_descending_order(session: Session, engine: str) -> None:
    make(session, SHAPES[0], engine, [(1, 1, None), (2, 2, None), (3, 0, None), (None, 1, None), (2, 1, None)])
    shown = session.execute("SELECT a, b FROM t FORCE INDEX (k) WHERE a > 0 OR a IS NULL").rows
    assert shown == [(3, 0), (2, 1), (2, 2), (1, 1), (None, 1)]
    if engine == "InnoDB":
        assert session.execute("SELECT id FROM t WHERE id >= 0").rows == [(21,), (14,), (7,), (3,), (0,)]


def test_appended_key_columns_keep_their_direction(session: Session) -> None:
    session.execute("CREATE TABLE t (id INT, a INT, PRIMARY KEY (id DESC), KEY (a))")
    session.execute("INSERT INTO t VALUES (1, 1), (2, 1), (3, 0)")
    assert session.execute("SELECT a, id FROM t FORCE INDEX (a) WHERE a >= 0").rows == [(0, 3), (1, 2), (1, 1)]


def extra(session: Session, tail: str) -> str:
    return str(session.execute(f"EXPLAIN SELECT a, b FROM t {tail}").rows[0][-1])


def test_order_by_uses_an_index_of_mixed_directions_both_ways(session: Session) -> None:
    make(session, SHAPES[0], "InnoDB", [(i % 3, i % 4, None) for i in range(12)])
    for tail in ("ORDER BY a DESC, b", "ORDER BY a, b DESC", "ORDER BY a DESC, b, id DESC", "WHERE a = 2 ORDER BY b, id DESC"):
        assert "filesort" not in extra(session, tail), tail
    for tail in ("ORDER BY a, b", "ORDER BY a DESC, b DESC", "WHERE a = 2 ORDER BY b, id"):
        assert "filesort" in extra(session, tail), tail


def test_show_tells_the_direction(session: Session) -> None:
    make(session, SHAPES[1], "InnoDB", [])
    assert "KEY `k` (`a`,`b` DESC)" in session.execute("SHOW CREATE TABLE t").rows[0][1]
    assert [(r[2], r[4], r[5]) for r in session.execute("SHOW INDEX FROM t").rows] == [
        ("PRIMARY", "id", "A"), ("k", "a", "A"), ("k", "b", "D")]


def test_unique_keys_are_kept(session: Session) -> None:
    for engine in ENGINES:
        session.execute(f"CREATE TABLE {engine} (id INT, u INT, PRIMARY KEY (id DESC), UNIQUE (u DESC)) ENGINE={engine}")
        session.execute(f"INSERT INTO {engine} VALUES (1, 10), (2, NULL), (3, NULL)")
        for values in ("(1, 11)", "(4, 10)"):
            with pytest.raises(Error) as caught:
                session.execute(f"INSERT INTO {engine} VALUES {values}")
            assert caught.value.code == 1062
        session.execute(f"INSERT INTO {engine} VALUES (9, 10) ON DUPLICATE KEY UPDATE u = 12")
        assert session.execute(f"SELECT id FROM {engine} WHERE u = 12").rows == [(1,)]
        assert session.execute(f"SELECT id FROM {engine} WHERE u IS NULL ORDER BY id").rows == [(2,), (3,)]


def test_foreign_keys_over_descending_keys(session: Session) -> None:
    session.execute("CREATE TABLE p (id INT, PRIMARY KEY (id DESC))")
    session.execute("CREATE TABLE c (id INT PRIMARY KEY, p INT, KEY (p DESC), FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE)")
    session.execute("INSERT INTO p VALUES (1), (2), (3)")
    session.execute("INSERT INTO c VALUES (1, 1), (2, 3), (3, 3), (4, NULL)")
    with pytest.raises(Error) as caught:
        session.execute("INSERT INTO c VALUES (5, 4)")
    assert caught.value.code == 1452
    session.execute("DELETE FROM p WHERE id = 3")
    assert session.execute("SELECT id FROM c ORDER BY id").rows == [(1,), (4,)]
    session.execute("CREATE TABLE d (p INT)")
    session.execute("INSERT INTO d VALUES (1), (2)")
    session.execute("ALTER TABLE d ADD FOREIGN KEY (p) REFERENCES p (id)")


def test_auto_increment_goes_on_behind_the_largest_value(session: Session) -> None:
    for engine in ENGINES:
        session.execute(f"CREATE TABLE {engine} (id INT AUTO_INCREMENT, PRIMARY KEY (id DESC)) ENGINE={engine}")
        session.execute(f"INSERT INTO {engine} VALUES (3), (9), (5)")
        session.execute(f"ALTER TABLE {engine} AUTO_INCREMENT = 4")
        assert session.execute(f"INSERT INTO {engine} VALUES (NULL)").insert_id == 10
    session.execute("CREATE TABLE g (a INT, id INT AUTO_INCREMENT, PRIMARY KEY (a, id DESC)) ENGINE=MyISAM")
    session.execute("INSERT INTO g VALUES (1, NULL), (1, NULL), (2, NULL), (1, NULL)")
    assert session.execute("SELECT a, id FROM g ORDER BY a, id").rows == [(1, 1), (1, 2), (1, 3), (2, 1)]


def test_descending_indexes_survive_reopening(tmp_path: Path) -> None:
    with Database(str(tmp_path)) as database:
        session = database.session()
        for engine in ENGINES:
            session.execute(f"CREATE TABLE {engine} (id INT, s VARCHAR(20), PRIMARY KEY (id DESC), KEY (s DESC)) ENGINE={engine}")
            session.execute(f"INSERT INTO {engine} VALUES " + ", ".join(f"({i}, 'text {i % 97}')" for i in range(1500)))
    with Database(str(tmp_path)) as database:
        session = database.session()
        for engine in ENGINES:
            session.execute(f"INSERT INTO {engine} VALUES (2000, NULL)")
            assert session.execute(f"SELECT id FROM {engine} WHERE id > 1490 ORDER BY id LIMIT 2").rows == [(1491,), (1492,)]
            assert session.execute(f"SELECT id FROM {engine} WHERE s = 'text 96' ORDER BY id LIMIT 1").rows == [(96,)]
        assert database.check() == []


def test_locks_are_listed_by_value(session: Session) -> None:
    session.execute("CREATE TABLE t (id INT, PRIMARY KEY (id DESC))")
    session.execute("INSERT INTO t VALUES (1), (5), (3)")
    session.execute("BEGIN")
    session.execute("SELECT * FROM t WHERE id < 5 FOR UPDATE")
    listed = [(lock.kind, lock.key) for lock in session.instance.locks()]
    assert listed == [("table", ()), ("next-key", (1,)), ("next-key", (3,)), ("next-key", ("supremum",))]


def test_values_of_an_in_list_are_read_forwards_in_a_backward_scan(session: Session) -> None:
    """Measured on MariaDB 10.11: an equality on all of an index's own columns keeps the order of the clustered key."""
    session.execute("CREATE TABLE t (id INT PRIMARY KEY, a INT, KEY k (a), KEY d (a DESC))")
    session.execute("INSERT INTO t VALUES (1, 10), (2, 10), (3, 20), (4, 0), (5, 0)")
    for lock in ("", " FOR UPDATE"):
        for index, tail in (("k", "ORDER BY a DESC"), ("d", "ORDER BY a")):
            wanted = [(3,), (1,), (2,), (4,), (5,)] if index == "k" else [(4,), (5,), (1,), (2,), (3,)]
            assert session.execute(f"SELECT id FROM t FORCE INDEX ({index}) WHERE a IN (0, 10, 20) {tail}{lock}").rows == wanted
        rows = session.execute(f"SELECT id FROM t FORCE INDEX (k) WHERE a IN (0, 10) ORDER BY a DESC, id DESC{lock}").rows
        assert rows == [(2,), (1,), (5,), (4,)]
