"""Storing values: what a real MariaDB 10.11 stored, refused and warned of, recorded in tests/golden/types/store.json."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from minidb.errors import DataError, Error, IntegrityError
from minidb.types.convert import StoreContext, implicit_default, inline_check, storer
from minidb.types.text import to_text
from tests.types.literals import type_of, value_of

GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "types" / "store.json").read_text(encoding="utf-8"))


def store(type_text: str, literal: str, strict: bool, ignore: bool = False) -> list[Any]:
    """["ok", text, warnings] or ["error", code, message], as the golden file has them."""
    t = type_of(type_text)
    warnings: list[list[Any]] = []
    ctx = StoreContext(("tt", "s1"), "c", 1, strict, ignore, lambda *w: warnings.append(list(w)))
    try:
        stored = storer(t, "not null" not in type_text)(value_of(literal), ctx)
    except Error as error:
        return ["error", error.code, error.message]
    return ["ok", to_text(stored, t), warnings]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda c: f"{c['type']} <- {c['value'][:40]}")
@pytest.mark.parametrize("mode", ["strict", "loose"])
def test_as_the_server_does(case: dict[str, Any], mode: str) -> None:
    assert store(case["type"], case["value"], mode == "strict") == case[mode]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda c: f"{c['type']} <- {c['value'][:40]}")
def test_inline_check_agrees_with_the_storer(case: dict[str, Any]) -> None:
    t = type_of(case["type"])
    check = inline_check(t, "v")
    if check is None:
        return
    source, env = check
    value = value_of(case["value"])
    if eval(source, dict(env), {"v": value}):
        stored = storer(t, True)(value, StoreContext(("tt", "s1"), "c", warn=lambda *w: pytest.fail(f"warned {w}")))
        assert stored == value and type(stored) is type(value) and to_text(stored, t) == to_text(value, t)


@pytest.mark.parametrize(("type_text", "value"), [
    ("int", 5), ("bigint unsigned", 2**64 - 1), ("decimal(5,2)", Decimal("1.50")), ("double", 1.5), ("varchar(5)", "abc"),
    ("char(5)", "abc"), ("text", "abc"), ("varbinary(5)", b"abc"), ("blob", b"abc"), ("date", date(2020, 1, 2)),
    ("datetime", datetime(2020, 1, 2, 3, 4, 5)), ("enum('a','b')", "b"), ("year", 2020),
])
def test_inline_check_accepts_the_common_case(type_text: str, value: Any) -> None:
    check = inline_check(type_of(type_text), "v")
    assert check is not None
    assert eval(check[0], dict(check[1]), {"v": value})


def test_ignore_clips_in_strict_mode() -> None:
    assert store("tinyint", "300", strict=True, ignore=True) == [
        "ok", "127", [["Warning", 1264, "Out of range value for column 'c' at row 1"]]]
    assert store("int not null", "NULL", strict=True, ignore=True) == [
        "ok", "0", [["Warning", 1048, "Column 'c' cannot be null"]]]


def test_the_zero_date_cannot_be_held() -> None:
    strict = StoreContext(("d", "t"), "c")
    loose = StoreContext(("d", "t"), "c", strict=False)
    for type_text in ("date", "datetime", "timestamp"):
        with pytest.raises(DataError) as caught:
            storer(type_of(type_text), True)("0000-00-00", strict)
        assert caught.value.code == 1292
        assert storer(type_of(type_text), True)("0000-00-00", loose) is None
        with pytest.raises(DataError):
            storer(type_of(type_text), False)("0000-00-00", loose)


def test_python_values_of_every_kind() -> None:
    ctx = StoreContext(("d", "t"), "c")
    assert storer(type_of("time"), True)(time(1, 2, 3), ctx) == timedelta(hours=1, minutes=2, seconds=3)
    assert storer(type_of("varchar(20)"), True)(time(1, 2, 3), ctx) == "01:02:03"
    assert storer(type_of("int"), True)(True, ctx) == 1
    assert type(storer(type_of("int"), True)(True, ctx)) is int
    assert storer(type_of("blob"), True)(bytearray(b"ab"), ctx) == b"ab"
    with pytest.raises(DataError):
        storer(type_of("int"), True)(float("inf"), ctx)
    with pytest.raises(DataError):
        storer(type_of("double"), True)(float("nan"), ctx)
    with pytest.raises(DataError):
        storer(type_of("decimal(5,2)"), True)(Decimal("NaN"), ctx)
    with pytest.raises(DataError):
        storer(type_of("varchar(5)"), True)("\ud800", ctx)


def test_null_into_not_null() -> None:
    with pytest.raises(IntegrityError) as caught:
        storer(type_of("int"), False)(None, StoreContext(("d", "t"), "c"))
    assert caught.value.code == 1048


@pytest.mark.parametrize("type_text", ["int", "decimal(5,2)", "double", "char(3)", "binary(3)", "date", "timestamp", "time",
                                       "enum('x','y')", "set('x')", "text"])
def test_implicit_defaults_can_be_stored(type_text: str) -> None:
    t = type_of(type_text)
    default = implicit_default(t)
    assert storer(t, False)(default, StoreContext(("d", "t"), "c")) == default
