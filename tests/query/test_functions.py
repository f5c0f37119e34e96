"""SQL functions against the recorded answers of a MariaDB 10.11 (tests/golden/functions/scalar.json)."""

from __future__ import annotations

import importlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from minidb.errors import Error
from minidb.query.bind.types_of import type_of_value
from minidb.query.functions import MODULES, function_names, lookup
from minidb.query.functions.registry import REGISTRY
from minidb.types.sqltype import Family, SqlType
from minidb.types.text import to_text
from tests.types.literals import value_of

CASES = json.loads((Path(__file__).parent.parent / "golden" / "functions" / "scalar.json").read_text(encoding="utf-8"))
MOMENT = datetime(2020, 1, 2, 3, 4, 5, 123456)
FAMILIES = {"int": Family.INT, "bigint": Family.INT, "tinyint": Family.INT, "decimal": Family.DECIMAL, "double": Family.FLOAT,
            "varchar": Family.STRING, "longtext": Family.STRING, "char": Family.STRING, "mediumtext": Family.STRING,
            "text": Family.STRING, "varbinary": Family.BYTES, "longblob": Family.BYTES, "blob": Family.BYTES, "date": Family.DATE,
            "datetime": Family.DATETIME, "time": Family.TIME, "binary": Family.NULL}


class FakeSession:
    """What functions ask of a session, with a fixed clock."""

    connection_id = 7
    database: str | None = "shop"
    user = "root@localhost"
    last_insert_id = 3
    row_count = -1
    found_rows = 2

    def __init__(self) -> None:
        self.warnings: list[list[Any]] = []
        self.slept: list[float] = []

    def variable(self, scope: str, name: str) -> Any:
        return {"version": "10.11-minidb"}[name]

    def statement_time(self) -> datetime:
        return MOMENT

    def sql_mode(self) -> frozenset[str]:
        return frozenset(("STRICT_TRANS_TABLES", "ERROR_FOR_DIVISION_BY_ZERO"))

    def random(self) -> float:
        return 0.25

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def warn(self, level: str, code: int, message: str) -> None:
        if [level, code, message] not in self.warnings:
            self.warnings.append([level, code, message])


def argument(name: str, text: str) -> tuple[Any, SqlType]:
    """Value and type of an argument; bare words are units."""
    if text.isupper() and text.replace("_", "").isalpha() and text not in ("NULL", "TRUE", "FALSE"):
        return text, type_of_value(text).type
    value = value_of(text)
    return value, type_of_value(value).type


def label(case: dict[str, Any]) -> str:
    return f"{case['name']}({', '.join(case['args'])})"[:70]


def call(case: dict[str, Any]) -> tuple[Any, SqlType, FakeSession]:
    spec = lookup(case["name"])
    assert spec is not None
    session = FakeSession()
    pairs = [argument(case["name"], a) for a in case["args"]]
    types, values = tuple(t for _, t in pairs), [v for v, _ in pairs]
    return spec.evaluate(session, values, types), spec.result_for(types, values), session


@pytest.mark.parametrize("case", CASES, ids=label)
def test_value_as_the_server_has_it(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(Error) as caught:
            call(case)
        assert caught.value.code == case["error"][0]
        return
    value, t, _ = call(case)
    shown = "0x" + value.hex() if isinstance(value, bytes) else to_text(value, t)
    assert shown == case["value"]


# the server derives these types from a NULL argument, or from a value beyond the type of the argument
OTHER_TYPES = ("ROUND(18446744073709551615, -1)", "UNIX_TIMESTAMP('abc')")


@pytest.mark.parametrize("case", [c for c in CASES if c.get("type") and "NULL" not in c["args"] and label(c) not in OTHER_TYPES],
                         ids=label)
def test_result_type(case: dict[str, Any]) -> None:
    _, t, _ = call(case)
    expected = FAMILIES[case["type"].split("(")[0]]
    if Family.NULL not in (expected, t.family):
        assert t.family is expected, f"{t.name} against {case['type']}"


def can_warn(case: dict[str, Any]) -> bool:
    """Functions that are not given the session read text as numbers without a word."""
    spec = lookup(case["name"])
    return spec is not None and spec.needs_session and "error" not in case


@pytest.mark.parametrize("case", [c for c in CASES if can_warn(c)], ids=label)
def test_warnings(case: dict[str, Any]) -> None:
    _, _, session = call(case)
    assert session.warnings == case["warnings"]


def test_the_index_of_modules_is_right() -> None:
    for module, names in MODULES.items():
        importlib.import_module(f"minidb.query.functions.{module}")
        for name in names.split():
            spec = lookup(name.lower())
            assert spec is not None and spec.name == name
            assert spec.impl.__module__.endswith((f".{module}", ".json_changes"))
    assert sorted(REGISTRY) == function_names()


def test_counts_are_checked() -> None:
    spec = lookup("SUBSTRING")
    assert spec is not None
    for count in (1, 4):
        with pytest.raises(Error) as caught:
            spec.check_count(count)
        assert caught.value.code == 1582
    assert lookup("NO_SUCH_FUNCTION") is None


def evaluate(name: str, *values: Any, session: FakeSession | None = None) -> Any:
    spec = lookup(name)
    assert spec is not None
    return spec.evaluate(session or FakeSession(), list(values), tuple(type_of_value(v).type for v in values))


def test_the_session() -> None:
    session = FakeSession()
    assert evaluate("VERSION") == "10.11-minidb"
    assert evaluate("DATABASE", session=session) == "shop"
    assert evaluate("CURRENT_USER") == "root@localhost"
    assert evaluate("CONNECTION_ID") == 7
    assert evaluate("ROW_COUNT") == -1
    assert evaluate("FOUND_ROWS") == 2
    assert evaluate("LAST_INSERT_ID", session=session) == 3
    assert evaluate("LAST_INSERT_ID", 12, session=session) == 12
    assert evaluate("LAST_INSERT_ID", session=session) == 12
    assert evaluate("SLEEP", 0.5, session=session) == 0
    assert session.slept == [0.5]
    with pytest.raises(Error):
        evaluate("SLEEP", -1)


def test_randomness_comes_from_the_session() -> None:
    assert evaluate("RAND") == 0.25
    made = evaluate("UUID")
    assert len(made) == 36 and made == evaluate("UUID")


def test_impossible_dates_are_null_here() -> None:
    session = FakeSession()
    assert evaluate("STR_TO_DATE", "04/31/2004", "%m/%d/%Y", session=session) is None
    assert session.warnings == [["Warning", 1411, "Incorrect datetime value: '04/31/2004' for function str_to_date"]]
    assert evaluate("STR_TO_DATE", "9", "%m") is None


@pytest.mark.parametrize(("name", "values", "collation", "expected"), [
    ("INSTR", ("xABC", "abc"), "utf8mb4_bin", 0), ("INSTR", ("xABC", "abc"), "utf8mb4_general_ci", 2),
    ("FIND_IN_SET", ("B", "a,b"), "utf8mb4_bin", 0), ("STRCMP", ("a", "A"), "utf8mb4_bin", 1),
    ("FIELD", ("b", "B", "b"), "utf8mb4_bin", 2), ("NULLIF", ("a", "A"), "utf8mb4_bin", "a"),
    ("GREATEST", ("a", "B"), "utf8mb4_bin", "a"), ("GREATEST", ("a", "B"), "utf8mb4_general_ci", "B"),
    ("REGEXP_INSTR", ("xABC", "abc"), "utf8mb4_bin", 0),
])
def test_collations_govern_comparisons(name: str, values: tuple[str, ...], collation: str, expected: Any) -> None:
    spec = lookup(name)
    assert spec is not None
    types = tuple(type_of_value(v).type for v in values)
    assert spec.evaluate(FakeSession(), values, types, collation) == expected


def test_length_counts_bytes_of_the_character_set() -> None:
    spec = lookup("LENGTH")
    assert spec is not None
    latin1 = SqlType(Family.STRING, "varchar", 5, charset="latin1", collation="latin1_swedish_ci")
    assert spec.bind([latin1])("äö") == 2
    assert spec.bind([type_of_value("äö").type])("äö") == 4


def test_inline_templates_agree_with_the_implementations() -> None:
    samples = {Family.STRING: "abc", Family.BYTES: b"abc", Family.DATE: MOMENT.date(), Family.DATETIME: MOMENT}
    checked = 0
    for name in function_names():
        spec = lookup(name)
        assert spec is not None
        for family in spec.inline_families:
            value = samples[family]
            source = spec.inline_source([type_of_value(value).type])
            assert source is not None
            assert eval(source.format("v"), {"v": value}) == spec.evaluate(FakeSession(), [value])
            checked += 1
        assert spec.inline_source([SqlType(Family.FLOAT, "double")]) is None
    assert checked >= 10


def test_json_arguments_that_are_documents_are_embedded() -> None:
    array = lookup("JSON_ARRAY")
    assert array is not None
    json_type = array.result([])
    assert array.bind([json_type, type_of_value("x").type])("[1, 2]", "[1, 2]") == '[[1, 2], "[1, 2]"]'
