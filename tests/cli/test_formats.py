"""Result sets as text."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import pytest

from minidb.cli.formats import FORMATS
from minidb.query.plan import ResultColumn
from minidb.types.sqltype import Family, SqlType

COLUMNS = (
    ResultColumn("id", SqlType(Family.INT, "int")),
    ResultColumn("name", SqlType(Family.STRING, "varchar", 20)),
    ResultColumn("price", SqlType(Family.DECIMAL, "decimal", 8, 2)),
)
ROWS = [(1, "plain", Decimal("1.50")), (20, None, None), (3, 'tab\tquote"', Decimal("-2.25")), (4, "東京", None), (5, "", None)]

EXPECTED = {
    "table": """\
+----+------------+-------+
| id | name       | price |
+----+------------+-------+
|  1 | plain      |  1.50 |
| 20 | NULL       |  NULL |
|  3 | tab\tquote" | -2.25 |
|  4 | 東京       |  NULL |
|  5 |            |  NULL |
+----+------------+-------+
""",
    "tsv": 'id\tname\tprice\n1\tplain\t1.50\n20\tNULL\tNULL\n3\ttab\\tquote"\t-2.25\n4\t東京\tNULL\n5\t\tNULL\n',
    "csv": 'id,name,price\n1,plain,1.50\n20,,\n3,"tab\tquote""",-2.25\n4,東京,\n5,"",\n',
}


def written(name: str, header: bool = True) -> str:
    return "".join(FORMATS[name](COLUMNS, ROWS, header))


@pytest.mark.parametrize("name", ["tsv", "csv"])
def test_exact_text(name: str) -> None:
    assert written(name) == EXPECTED[name]


def test_table_lines_are_equally_wide() -> None:
    columns, rows = COLUMNS, [r for r in ROWS if "\t" not in (r[1] or "")]
    text = "".join(FORMATS["table"](columns, rows, True))
    assert text == (
        "+----+-------+-------+\n| id | name  | price |\n+----+-------+-------+\n|  1 | plain |  1.50 |\n| 20 | NULL  |  NULL |\n"
        "|  4 | 東京  |  NULL |\n|  5 |       |  NULL |\n+----+-------+-------+\n")


def test_csv_tells_null_from_empty() -> None:
    assert list(csv.reader(io.StringIO(written("csv"))))[3] == ["3", 'tab\tquote"', "-2.25"]
    assert written("csv").splitlines()[2] == "20,,"
    assert written("csv").splitlines()[-1] == '5,"",'


def test_json_is_json() -> None:
    data = json.loads(written("json"))
    assert data[0] == {"id": 1, "name": "plain", "price": "1.50"}
    assert data[1]["name"] is None
    assert json.loads(written("json", header=False))[3] == [4, "東京", None]


def test_vertical() -> None:
    text = written("vertical")
    assert text.startswith("*************************** 1. row ***************************\n   id: 1\n name: plain\nprice: 1.50\n")
    assert text.count(". row ***") == len(ROWS)


def test_large_results_take_the_plain_path() -> None:
    rows = [(i, f"n{i}", None) for i in range(5000)]
    text = "".join(FORMATS["table"](COLUMNS, rows, True))
    assert text.count("\n") == 5004
    assert "| 4999 | n4999 |  NULL |" in text


@pytest.mark.parametrize("name", ["tsv", "table"])
def test_header_can_be_left_out(name: str) -> None:
    assert "price" not in written(name, header=False)
