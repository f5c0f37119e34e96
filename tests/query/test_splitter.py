"""Scripts into statements: quotes, comments, DELIMITER, lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidb.errors import NotSupportedError
from minidb.query.parse.parser import parse
from minidb.query.parse.splitter import split_statements


def texts(script: str, delimiter: str = ";") -> list[str]:
    return [statement for statement, _, _ in split_statements(script, delimiter)]


@pytest.mark.parametrize(("script", "statements"), [
    ("a; b ;c", ["a", "b", "c"]),
    (";;a;;", ["a"]),
    ("a 'x;y' \"p;q\" `r;s`; b", ["a 'x;y' \"p;q\" `r;s`", "b"]),
    ("a 'it''s;' '\\';' ; b", ["a 'it''s;' '\\';'", "b"]),
    ("-- x; y\na -- z; w\n+ 1; # ;\nb", ["a -- z; w\n+ 1", "b"]),
    ("/* ; */ a /* ; */; b", ["a /* ; */", "b"]),
    ("/*!40101 SET x=1 */; a", ["/*!40101 SET x=1 */", "a"]),
    ("a--b; c", ["a--b", "c"]),
    ("a - b / c # d", ["a - b / c # d"]),
    ("a 'never ends; b", ["a 'never ends; b"]),
    ("", []),
    ("  \n -- only\n", []),
    ("DELIMITER $$\nCREATE x BEGIN a; b; END$$\ndelimiter ;\nc; d", ["CREATE x BEGIN a; b; END", "c", "d"]),
    ("delimiter //\na; b//\nDELIMITER ; \nc;", ["a; b", "c"]),
    ("a delimiter x; b", ["a delimiter x", "b"]),
])
def test_statements(script: str, statements: list[str]) -> None:
    assert texts(script) == statements


def test_places_and_lines() -> None:
    script = "a;\n\n-- c\n  b\n c; d;\n/* x\n */ e"
    found = list(split_statements(script))
    assert [(s, script[p : p + len(s)] == s, line) for s, p, line in found] == [
        ("a", True, 1), ("b\n c", True, 4), ("d", True, 5), ("e", True, 7)
    ]


def test_other_delimiter_from_the_caller() -> None:
    assert texts("a; b // c", "//") == ["a; b", "c"]


@given(st.lists(st.sampled_from(["a", " ", ";", "'", "\"", "`", "\\", "--", "/*", "*/", "#", "\n", "x y"]), max_size=30))
def test_nothing_is_lost(pieces: list[str]) -> None:
    script = "".join(pieces)
    for statement, place, line in split_statements(script):
        assert script[place : place + len(statement)] == statement
        assert line == script.count("\n", 0, place) + 1


DUMPS = Path(__file__).resolve().parent.parent.parent.parent / "shared" / "data"


@pytest.mark.skipif(not DUMPS.is_dir(), reason="the sample dumps are not beside the project")
@pytest.mark.parametrize("name", ["chinook/Chinook_MySql.sql", "sakila/sakila-mv-schema.sql"])
def test_dumps_parse(name: str) -> None:
    refused = 0
    statements = list(split_statements((DUMPS / name).read_text(encoding="utf-8")))
    for statement, _, _ in statements:
        try:
            parse(statement)
        except NotSupportedError:  # views, triggers, routines
            refused += 1
    assert len(statements) > 30
    assert refused == (0 if "chinook" in name else 16)
