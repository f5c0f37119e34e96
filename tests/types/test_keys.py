"""Order keys: NULL and MAX, keys of columns, and values that index access may or may not look for."""

from __future__ import annotations

import pickle
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidb.catalog import Column, IndexDef, IndexPart, TableDef
from minidb.index_key import entry_maker, key_maker, key_parts_source
from minidb.types.atoms import decode_atoms, encode_atoms
from minidb.types.keys import (
    MAX,
    NULL,
    Descending,
    NotSargable,
    bare_key,
    comparable,
    key_function,
    order_key,
    part_key,
    prefix_value,
)
from minidb.types.parse import make_type
from tests.types.literals import type_of


@pytest.mark.parametrize("value", [0, -1, 1.5, "", "a", b"", Decimal(0), date.min, datetime.min, timedelta(0), (1,)])
def test_null_sorts_first_and_max_last(value: Any) -> None:
    assert NULL < value < MAX
    assert value > NULL and value < MAX
    assert sorted([MAX, value, NULL]) == [NULL, value, MAX]
    assert sorted([(MAX, 1), (value, 1), (NULL, 1)]) == [(NULL, 1), (value, 1), (MAX, 1)]
    assert value != NULL and value != MAX


def test_null_and_max_among_themselves() -> None:
    assert NULL < MAX and not MAX < NULL
    assert NULL <= NULL and NULL >= NULL and not NULL < NULL and not NULL > NULL
    assert MAX <= MAX and MAX >= MAX and not MAX < MAX and not MAX > MAX
    assert pickle.loads(pickle.dumps((NULL, MAX))) == (NULL, MAX)


def test_enum_sorts_by_ordinal_and_set_by_mask() -> None:
    enum = type_of("enum('z','a')")
    assert [order_key(v, enum) for v in ("z", "a", "")] == [1, 2, 0]
    members = type_of("set('x','y','z')")
    assert [order_key(v, members) for v in ("", "x", "y", "x,z")] == [0, 1, 2, 5]
    assert order_key(None, enum) is NULL


def test_collated_keys() -> None:
    assert order_key("Ä ", type_of("varchar(5)")) == "A"
    assert key_function(type_of("int")) is None
    assert key_function(type_of("varbinary(5)")) is None
    assert prefix_value("Äpfel", type_of("varchar(5)"), 2) == "AP"
    assert prefix_value(None, type_of("varchar(5)"), 2) is NULL


@pytest.mark.parametrize(("type_text", "value", "expected"), [
    ("int", 5, (5, True)), ("int", "5", (5, True)), ("int", "5x", (5, True)), ("int", 1.5, (1.5, True)),
    ("int", Decimal("1.5"), (Decimal("1.5"), True)), ("int", True, (1, True)), ("decimal(5,2)", 0.1, (Decimal("0.1"), True)),
    ("double", Decimal("0.5"), (0.5, True)), ("varchar(5)", "ab", ("AB", True)), ("varbinary(5)", "ab", (b"ab", True)),
    ("date", "2020-01-02", (date(2020, 1, 2), True)), ("date", "2020-01-02 10:00:00", (date(2020, 1, 2), False)),
    ("date", 20200102, (date(2020, 1, 2), True)), ("datetime", date(2020, 1, 2), (datetime(2020, 1, 2), True)),
    ("datetime", "2020-1-2 3:4", (datetime(2020, 1, 2, 3, 4), True)), ("time", "10:00", (timedelta(hours=10), True)),
    ("enum('a','b')", "B", (2, True)), ("enum('a','b')", 1, (1, True)), ("set('a','b')", "b,a", (3, True)),
    ("int", None, (NULL, True)),
])
def test_comparable(type_text: str, value: Any, expected: tuple[Any, bool]) -> None:
    assert comparable(value, type_of(type_text)) == expected


@pytest.mark.parametrize(("type_text", "value"), [
    ("varchar(5)", 5), ("varchar(5)", date(2020, 1, 2)), ("varchar(5)", b"x"), ("date", "abc"), ("date", timedelta(1)),
    ("enum('a','b')", "x"), ("enum('a','b')", 1.5), ("varbinary(5)", 5), ("int", b"5"), ("float", 0.1), ("time", date(2020, 1, 2)),
])
def test_not_sargable(type_text: str, value: Any) -> None:
    with pytest.raises(NotSargable):
        comparable(value, type_of(type_text))


COLUMNS = (Column("id", make_type("int"), nullable=False), Column("name", type_of("varchar(20)")),
           Column("born", make_type("date")), Column("note", type_of("text"), nullable=False))
TABLE = TableDef(1, "d", "t", "InnoDB", COLUMNS)
ROW = (7, "Zoë ", None, "Long text", "private tail")


def index(*parts: IndexPart) -> IndexDef:
    return IndexDef(1, "i", parts)


def test_key_makers() -> None:
    assert key_maker(TABLE, index(IndexPart(0)), bare_single=True)(ROW) == 7
    assert key_maker(TABLE, index(IndexPart(0)))(ROW) == (7,)
    assert key_maker(TABLE, index(IndexPart(1)), suffix=(0,))(ROW) == ("ZOE", 7)
    assert key_maker(TABLE, index(IndexPart(2), IndexPart(0)))(ROW) == (NULL, 7)
    assert key_maker(TABLE, index(IndexPart(3, prefix=4)), suffix=(IndexPart(1, prefix=1),))(ROW) == ("LONG", "Z")
    assert key_maker(TABLE, index(IndexPart(1, prefix=2)))((1, None, None, "")) == (NULL,)


def test_key_sources_are_readable() -> None:
    sources, env = key_parts_source(TABLE, (IndexPart(0), IndexPart(2), IndexPart(1)), "row")
    assert sources == ["row[0]", "(NULL if row[2] is None else row[2])", "(NULL if row[1] is None else k1(row[1]))"]
    assert set(env) == {"NULL", "k1"}


def test_entry_maker() -> None:
    assert entry_maker(TABLE, (1, 0))(ROW) == ("Zoë ", 7)
    assert entry_maker(TABLE, (0,))(ROW) == (7,)
    assert entry_maker(TABLE, ())(ROW) == ()
    with pytest.raises(IndexError):
        entry_maker(TABLE, (4,))


@given(st.lists(st.one_of(st.just(NULL), st.integers(-3, 3))), st.lists(st.integers(-3, 3)))
def test_descending_parts_turn_the_order_around(keys: list[Any], others: list[int]) -> None:
    assert [d.key for d in sorted(map(Descending, keys))] == sorted(keys, reverse=True)
    pairs = list(zip(others, map(Descending, keys), strict=False))
    assert [(a, d.key) for a, d in sorted(pairs)] == sorted(
        sorted([(a, d.key) for a, d in pairs], key=lambda p: (p[1] is not NULL, 0 if p[1] is NULL else p[1]), reverse=True),
        key=lambda p: p[0])
    for a in map(Descending, keys):
        assert a < MAX and a <= MAX and a < MAX and a <= MAX and not a > MAX and not a >= MAX
        for b in map(Descending, keys):
            assert (a < b, a <= b, a > b, a >= b) == (b.key < a.key, b.key <= a.key, b.key > a.key, b.key >= a.key)
            assert (a == b) is (a.key == b.key) and (a != b or hash(a) == hash(b))


def test_a_descending_null_is_found_among_key_parts() -> None:
    assert NULL in (1, Descending(NULL)) and NULL not in (1, Descending(1))
    assert pickle.loads(pickle.dumps(Descending((1, NULL)))) == Descending((1, NULL))
    assert decode_atoms(encode_atoms((Descending(NULL), Descending(3), (Descending("x"), 1))))[0] == (
        Descending(NULL), Descending(3), (Descending("x"), 1))
    assert [bare_key(k) for k in (Descending(2), 2, part_key(5, type_of("int"), True))] == [2, 2, 5]
