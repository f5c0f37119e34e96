"""DECIMALs keep all of their digits, whatever the precision that Python's own arithmetic works with."""

from __future__ import annotations

from decimal import Decimal

import pytest

from minidb.database import Database

LONG = "12345678901234567890123456789012345.0123456789"


@pytest.mark.parametrize("text", [f"-{LONG}", f"-({LONG})", f"- -{LONG}", f"-(-{LONG})"])
def test_a_sign_rounds_nothing(text: str) -> None:
    session = Database().session()
    wanted = Decimal(LONG) if text.count("-") == 2 else Decimal("-" + LONG)
    assert session.execute(f"SELECT {text}").rows == [(wanted,)]
    session.execute(f"CREATE TABLE t (a INT, d DECIMAL(60,10) DEFAULT ({text}))")
    session.execute("INSERT INTO t (a) VALUES (1)")
    session.execute(f"INSERT INTO t VALUES (2, {text})")
    session.execute(f"INSERT INTO t VALUES (3 + 0, {text}), (4, {text})")
    assert session.execute("SELECT a, d FROM t").rows == [(n, wanted) for n in (1, 2, 3, 4)]
    assert session.execute(f"SELECT -d FROM t WHERE d = {text} LIMIT 1").rows == [(wanted.copy_negate(),)]
