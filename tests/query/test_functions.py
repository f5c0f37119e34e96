"""SQL functions against the recorded answers of a MariaDB 10.11 (tests/golden/functions/scalar.json)."""

from __future__ import annotations

import importlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from minidb.errors import Error
from minidb.query.functions import MODULES, function_names, lookup
from minidb.query.functions.intervals import unit_type
from minidb.query.functions.registry import REGISTRY
from minidb.query.types_of import type_of_value
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
        return text, unit_type(text)
    value = value_of(text)
    return value, type_of_value(value).type


def call(case: dict[str, Any]) -> tuple[Any, SqlType, FakeSession]:
    spec = lookup(case["name"])
    assert spec is not None
    session = FakeSession()
    pairs = [argument(case["name"], a) for a in case["args"]]
    types = tuple(t for _, t in pairs)
    return spec.evaluate(session, [v for v, _ in pairs], types), spec.result(types), session


def label(case: dict[str, Any]) -> str:
    return f"{case['name']}({', '.join(case['args'])})"[:70]


@pytest.mark.parametrize("case", CASES, ids=label)
def test_value_as_the_server_has_it(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(Error) as caught:
            call(case)
        assert caught.value.code == case["error"][0]
        return
    value, t, _ = call(case)
    shown = "0x" + value.hex() if isinstance(value, bytes) else to_text(value, t if t.family is not Family.TIME else None)
    assert shown == case["value"]


@pytest.mark.parametrize("case", [c for c in CASES if c.get("type")], ids=label)
def test_result_type(case: dict[str, Any]) -> None:
    value, t, _ = call(case)
    expected = FAMILIES[case["type"].split("(")[0]]
    if Family.NULL not in (expected, t.family):
        assert t.family is expected, f"{t.name} against {case['type']}"


@pytest.mark.parametrize("case", [c for c in CASES if c.get("warnings")], ids=label)
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
