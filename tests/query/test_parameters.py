"""A statement with parameters answers like the same statement with literals, whatever it was first compiled for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from minidb.database import Database
from minidb.types.text import sql_literal

SHORT, LONG = Decimal("1.5"), Decimal("1.2345678")
CASES: list[tuple[str, tuple[Any, ...], tuple[Any, ...]]] = [
    ("SELECT CASE WHEN id = %s THEN %s ELSE %s END FROM t", (1, SHORT, 2), (1, LONG, 2)),
    ("SELECT COALESCE(NULL, %s), IF(1, %s, 2)", (SHORT, SHORT), (LONG, LONG)),
    ("SELECT %s UNION SELECT %s", (SHORT, SHORT), (LONG, SHORT)),
    ("SELECT SUM(n * %s), AVG(n + %s) FROM t", (SHORT, SHORT), (LONG, LONG)),
    ("SELECT ROUND(m, %s) FROM t", (1,), (3,)),
    ("SELECT id FROM t WHERE m IN (%s, %s)", (SHORT, 1), (Decimal("1.2345"), 1)),
    ("SELECT id FROM t WHERE m = %s", ("1.2345",), ("2.5",)),
]


@pytest.mark.parametrize(("text", "first", "second"), CASES, ids=[c[0] for c in CASES])
def test_parameters_are_as_good_as_literals(text: str, first: tuple[Any, ...], second: tuple[Any, ...]) -> None:
    with Database() as database:
        session = database.session()
        session.execute("CREATE TABLE t (id INT PRIMARY KEY, m DECIMAL(10,4), n INT)")
        session.execute("INSERT INTO t VALUES (1, 1.2345, 7), (2, 2.5, 8)")
        for args in (first, second, first):
            written = text % tuple(map(sql_literal, args))
            assert repr(session.execute(text, args).rows) == repr(session.execute(written).rows)
