"""CAST, run-time coercions and texts of values, against recorded answers of a MariaDB 10.11."""

from __future__ import annotations

import json
import struct
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from minidb.types import coerce
from minidb.types.cast import cast_function
from minidb.types.parse import cast_type
from minidb.types.text import float_text, single_text, sql_literal, to_text
from tests.types.literals import type_of, value_of

GOLDEN = Path(__file__).parent.parent / "golden" / "types"
CASTS = json.loads((GOLDEN / "cast.json").read_text(encoding="utf-8"))
FLOATS = json.loads((GOLDEN / "floats.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASTS, ids=lambda c: f"{c['value']} as {c['type']}{c['args'] or ''}")
def test_cast(case: dict[str, Any]) -> None:
    t = cast_type(case["type"], *case["args"])
    warnings: list[list[Any]] = []
    value = cast_function(t)(value_of(case["value"]), lambda *w: warnings.append(list(w)))
    shown = "0x" + value.hex() if isinstance(value, bytes) else to_text(value, t)
    for warning in (*warnings, *case["warnings"]):
        if warning[1] == 1264:
            warning[2] = ""  # names the expression, which is not known here
    assert (shown, warnings) == (case["result"], case["warnings"])


@pytest.mark.parametrize(("literal", "double", "single"), FLOATS, ids=lambda x: str(x))
def test_floating_point_texts(literal: str, double: str, single: str) -> None:
    assert float_text(float(literal)) == double
    try:
        rounded = struct.unpack("<f", struct.pack("<f", float(literal)))[0]
    except OverflowError:
        return
    assert single_text(rounded) == single


@pytest.mark.parametrize(("value", "type_text", "expected"), [
    (5, "int", "5"), (True, None, "1"), (7, "year", "0007"), (Decimal("1.50"), None, "1.50"), (Decimal("-0.00"), None, "0.00"),
    (Decimal("1E+3"), None, "1000"), (date(20, 1, 2), None, "0020-01-02"),
    (datetime(2020, 1, 2), "datetime", "2020-01-02 00:00:00"),
    (datetime(2020, 1, 2, 3, 4, 5, 600), None, "2020-01-02 03:04:05.000600"),
    (datetime(2020, 1, 2, 3, 4, 5, 600000), "datetime(2)", "2020-01-02 03:04:05.60"),
    (timedelta(hours=-838, minutes=-59, seconds=-59), "time", "-838:59:59"),
    (timedelta(microseconds=-1), "time(6)", "-00:00:00.000001"),
    (b"abc", None, "abc"), (1.5, "double(6,2)", "1.50"), (0.1, "float", "0.1"), (None, "int", None), ("x", None, "x"),
])
def test_texts(value: Any, type_text: str | None, expected: str | None) -> None:
    assert to_text(value, type_of(type_text) if type_text else None) == expected


def test_zerofill() -> None:
    from minidb.types.parse import make_type

    assert to_text(7, make_type("int", 5, zerofill=True)) == "00007"
    assert to_text(7, make_type("int", zerofill=True)) == "0000000007"
    assert to_text(Decimal("1.50"), make_type("decimal", 6, 2, zerofill=True)) == "00001.50"


@pytest.mark.parametrize(("value", "expected"), [
    (None, "NULL"), (5, "5"), (Decimal("1.50"), "1.50"), (1.5, "1.5e0"), (1e20, "1e20"), ("it's\n\\", r"'it\'s\n\\'"),
    (b"\x00\xff", "X'00FF'"), (b"", "''"), (date(2020, 1, 2), "'2020-01-02'"), (timedelta(seconds=1), "'00:00:01'"), (True, "1"),
])
def test_literals(value: Any, expected: str) -> None:
    assert sql_literal(value) == expected


@pytest.mark.parametrize(("value", "number", "warned"), [
    ("12", 12.0, False), ("12abc", 12.0, True), ("abc", 0.0, True), ("", 0.0, True), (" 1.5 ", 1.5, False), ("1e3", 1000.0, False),
    ("1_0", 1.0, True), ("nan", 0.0, True), ("inf", 0.0, True), ("0x10", 0.0, True), (b"7", 7.0, False), (True, 1, False),
    (Decimal("1.5"), Decimal("1.5"), False), (date(2020, 1, 2), 20200102, False), (timedelta(hours=1), 10000, False),
    (datetime(2020, 1, 2, 3, 4, 5, 500000), Decimal("20200102030405.5"), False), ("٣", 0.0, True),
])
def test_numbers_from_anything(value: Any, number: Any, warned: bool) -> None:
    warnings: list[Any] = []
    found = coerce.to_number(value, lambda *w: warnings.append(w))
    assert found == number and type(found) is type(number)
    assert bool(warnings) is warned
    if warned:
        assert warnings == [("Warning", 1292, f"Truncated incorrect DOUBLE value: '{value}'")]


@pytest.mark.parametrize(("value", "expected"), [
    (1.5, 2), (2.5, 2), (Decimal("2.5"), 3), (Decimal("-2.5"), -3), ("2.9", 2), ("-7x", -7), (float("inf"), 2**63 - 1),
    ("1e400", 1),
    (timedelta(seconds=1, microseconds=900000), 1),
])
def test_integers_from_anything(value: Any, expected: int) -> None:
    assert coerce.to_int(value) == expected


@pytest.mark.parametrize(("value", "truth"), [(None, None), (0, False), ("0", False), ("a", False), ("1a", True), (0.1, True),
                                              (Decimal("0.0"), False), ("0.5", True), (date(2020, 1, 1), True)])
def test_truth(value: Any, truth: bool | None) -> None:
    assert coerce.is_true(value) is truth


def test_the_callers_decimal_context_does_not_matter() -> None:
    import decimal

    with decimal.localcontext(decimal.Context(prec=3)):
        assert coerce.round_half_away(Decimal("123456.785"), 2) == Decimal("123456.79")
        warn: list[Any] = []
        cast = cast_function(cast_type("DECIMAL", 20, 4))
        assert cast("1234567890.12345", lambda *w: warn.append(w)) == Decimal("1234567890.1235")
