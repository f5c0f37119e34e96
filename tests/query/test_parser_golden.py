"""The trees of all statements in tests/golden/parser/*.sql, as recorded in the .trees file beside each.

``MINIDB_UPDATE_GOLDEN=1 pytest tests/query/test_parser_golden.py`` writes the recordings anew: read the difference before keeping
it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from minidb.errors import NotSupportedError
from minidb.query.parse.parser import parse
from minidb.query.parse.splitter import split_statements
from tests.query.trees import shown

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "parser"
UPDATE = os.environ.get("MINIDB_UPDATE_GOLDEN") == "1"


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.sql")), ids=lambda p: p.stem)
def test_trees(path: Path) -> None:
    statements = [statement for statement, _, _ in split_statements(path.read_text(encoding="utf-8"))]
    assert len(statements) > 10
    found = "".join(f"{statement}\n    {shown(parse(statement))}\n" for statement in statements)
    recorded = path.with_suffix(".trees")
    if UPDATE:
        recorded.write_text(found, encoding="utf-8")
    assert found == recorded.read_text(encoding="utf-8")


REFUSED = (GOLDEN / "refused.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("statement", REFUSED)
def test_known_by_name_only(statement: str) -> None:
    with pytest.raises(NotSupportedError) as caught:
        parse(statement)
    assert caught.value.code == 1235


def test_name_of_what_is_missing() -> None:
    for statement, name in (
        ("CREATE ALGORITHM=MERGE DEFINER=`a`@`b` SQL SECURITY DEFINER VIEW v AS SELECT 1", "CREATE VIEW"),
        ("load data infile 'x' into table t", "LOAD DATA"),
        ("GRANT ALL ON *.* TO a", "GRANT"),
        ("SELECT 1 INTO @a", "SELECT ... INTO"),
    ):
        with pytest.raises(NotSupportedError, match=f"'{name}'"):
            parse(statement)
