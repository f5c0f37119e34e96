"""Rows and atoms survive a round trip, and corrupt bytes raise ValueError and nothing else."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidb.types.codec import RowCodec, decode_atoms, encode_atoms
from minidb.types.keys import MAX, NULL
from minidb.types.lob_ref import ExternalValue
from minidb.types.parse import make_type
from minidb.types.sqltype import Family, SqlType

EVERY_TYPE = [
    (make_type("int"), -5), (make_type("bigint", unsigned=True), 2**64 - 1), (make_type("tinyint"), -128),
    (make_type("smallint"), 3), (make_type("mediumint", unsigned=True), 16_777_215), (make_type("year"), 2024),
    (make_type("bit", 64), 2**64 - 1), (make_type("decimal", 10, 2), Decimal("-12345678.90")),
    (make_type("decimal", 18, 0), Decimal(10**18 - 1)), (make_type("decimal", 65, 30), Decimal("1." + "1" * 30)),
    (make_type("double"), 1e300), (make_type("float"), 1.5), (make_type("varchar", 20), "Grüße ☃"), (make_type("char", 3), "abc"),
    (make_type("text"), "x" * 70_000), (make_type("json"), '{"a": 1}'), (make_type("varbinary", 9), b"\x00\xff"),
    (make_type("blob"), b""), (make_type("date"), date(1000, 1, 1)),
    (make_type("datetime", 6), datetime(9999, 12, 31, 23, 59, 59, 999999)),
    (make_type("timestamp"), datetime(1970, 1, 1, 0, 0, 1)), (make_type("time", 6), timedelta(hours=-838, microseconds=-1)),
    (make_type("enum", members=["a", "b", "c"]), "b"), (make_type("set", members=["x", "y", "z"]), "x,z"),
    (SqlType(Family.NULL, "null"), None),
]


def test_a_row_of_every_type() -> None:
    codec = RowCodec([t for t, _ in EVERY_TYPE])
    row = tuple(v for _, v in EVERY_TYPE)
    codec.check(row)
    codec.check((None,) * len(row))
    decoded, _ = codec.decode(codec.encode(row), 0)
    assert [type(v) for v in decoded] == [type(v) for v in row]
    assert str(decoded[7]) == "-12345678.90"


@pytest.mark.parametrize(("t", "value"), EVERY_TYPE, ids=lambda x: x.name if isinstance(x, SqlType) else "")
def test_each_type_alone_and_at_an_offset(t: SqlType, value: Any) -> None:
    codec = RowCodec([t])
    codec.check((value,))
    data = b"head" + codec.encode((value,)) + b"tail"
    assert codec.decode(memoryview(data), 4) == ((value,), len(data) - 4)


def test_external_values_stand_for_text_and_bytes() -> None:
    codec = RowCodec([make_type("int"), make_type("longtext"), make_type("blob")])
    codec.check((1, ExternalValue(7, 2**33, True), b"inline"))
    codec.check((1, "inline", ExternalValue(8, 5, False)))


def test_values_outside_the_type_are_refused() -> None:
    with pytest.raises(ValueError):
        RowCodec([make_type("tinyint")]).encode((128,))
    with pytest.raises(TypeError):
        RowCodec([make_type("varchar", 5)]).encode((5,))


ROW = [make_type("int"), make_type("varchar", 30), make_type("decimal", 30, 4), make_type("date"), make_type("varbinary", 30)]
ROWS = st.tuples(
    st.none() | st.integers(-2**31, 2**31 - 1), st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-10**20, max_value=10**20),
    st.none() | st.dates(), st.none() | st.binary(max_size=30),
)


@given(ROWS)
def test_random_rows(row: tuple[Any, ...]) -> None:
    RowCodec(ROW).check(row)


@given(ROWS, st.integers(0), st.integers(0, 255))
@settings(max_examples=300)
def test_a_changed_byte_or_a_cut_end_never_escapes_as_another_error(row: tuple[Any, ...], place: int, byte: int) -> None:
    codec = RowCodec(ROW)
    data = bytearray(codec.encode(row))
    with pytest.raises(ValueError):
        codec.decode(bytes(data[: place % len(data)]), 0)
    data[place % len(data)] = byte
    try:
        values, end = codec.decode(bytes(data), 0)
    except ValueError:
        return
    assert len(values) == len(ROW) and end <= len(data)


ATOMS = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(st.characters(exclude_categories=["Cs"])),
        st.binary(), st.decimals(allow_nan=False, allow_infinity=False), st.dates(), st.datetimes(), st.timedeltas(),
        st.sampled_from([NULL, MAX]), st.builds(ExternalValue, st.integers(0, 2**32), st.integers(0, 2**40), st.booleans()),
    ),
    lambda inner: st.lists(inner, max_size=4).map(tuple), max_leaves=8,
)


@given(st.lists(ATOMS, max_size=6).map(tuple))
def test_atoms_round_trip(values: tuple[Any, ...]) -> None:
    data = encode_atoms(values)
    assert decode_atoms(b"xx" + data, 2) == (values, len(data) + 2)


def test_atoms_refuse_what_they_do_not_know() -> None:
    with pytest.raises(TypeError):
        encode_atoms((object(),))


def test_random_bytes_are_no_atoms_or_decode_within_bounds() -> None:
    source = random.Random(5)
    for _ in range(3000):
        data = source.randbytes(source.randrange(40))
        try:
            _, end = decode_atoms(data, 0)
        except ValueError:
            continue
        assert end <= len(data)


def test_deep_nesting_is_corrupt() -> None:
    with pytest.raises(ValueError):
        decode_atoms(b"\x01" + b"(\x01" * 5000 + b"N", 0)
