"""Where a broken statement is pointed at (places as a MariaDB 10.11 reports them), and that nothing else escapes the parser."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidb.errors import Error, NotSupportedError, SqlSyntaxError
from minidb.query import ast
from minidb.query.parse.parser import load, parse

PLACES = [
    ("SELEC 1", "SELEC 1"),
    ("SELECT", ""),
    ("SELECT * FROM", ""),
    ("SELECT * FORM t", "FORM t"),
    ("SELECT a b c FROM t", "c FROM t"),
    ("SELECT * FROM t WHERE a = = 1", "= 1"),
    ("SELECT * FROM t WHERE a = 1)", ")"),
    ("SELECT * FROM t ORDER a", "a"),
    ("SELECT 'abc", "'abc"),
    ("SELECT `abc", "`abc"),
    ("INSERT t (a,) VALUES (1)", ") VALUES (1)"),
    ("UPDATE t a = 1", "= 1"),
    ("DELETE t WHERE a = 1", "WHERE a = 1"),
    ("CREATE TABLE t (a)", ")"),
    ("CREATE TABLE t (a INT,)", ")"),
    ("CREATE TABLE select (a INT)", "select (a INT)"),
    ("CREATE TABLE t (key INT)", "INT)"),
    ("DROP t", "t"),
    ("SELECT * FROM t1 LEFT JOIN t2", ""),
    ("SELECT count(* FROM t", "FROM t"),
    ("ALTER TABLE t FOO a", ""),
    ("SELECT a FROM t WHERE a IN ()", ")"),
    ("BEGIN x", "x"),
    ("SELECT x'4'", "x'4'"),
    ("SELECT 1; SELECT 2", "SELECT 2"),
]


@pytest.mark.parametrize(("statement", "near"), PLACES)
def test_place(statement: str, near: str) -> None:
    with pytest.raises(SqlSyntaxError) as caught:
        parse(statement)
    error = caught.value
    assert error.code == 1064
    assert statement[error.position :] == near
    assert f"near '{near}' at line 1" in error.message


def test_caret_and_line() -> None:
    with pytest.raises(SqlSyntaxError) as caught:
        parse("SELECT a,\n\tb\n  FORM t\nWHERE 1")
    error = caught.value
    assert (error.line, error.column) == (3, 8)
    assert error.caret() == "  FORM t\n       ^"
    assert "at line 3" in error.message


@pytest.mark.parametrize("text", ["", "  ", ";", "-- nothing", "/* nothing */ ;"])
def test_nothing_to_run(text: str) -> None:
    with pytest.raises(Error) as caught:
        parse(text)
    assert caught.value.code in (1064, 1065)


def test_reserved_words_need_quotes() -> None:
    for word in ("key", "order", "rows", "int", "desc"):
        with pytest.raises(SqlSyntaxError):
            parse(f"SELECT {word} FROM t")
        tree = parse(f"SELECT `{word}`, t.{word} FROM t")
        assert isinstance(tree, ast.Select)
        assert [item.expr for item in tree.items] == [ast.ColumnRef(word), ast.ColumnRef(word, "t")]


def _words() -> list[str]:
    terminals = load().tables.terminals
    others = [
        "t", "a", "b", "1", "2.5", "1e3", "'x'", '"y"', "`z`", "0x1F", "x'41'", "@v", "@@w", "?", "count(", "(", ")", ",", ".", "*",
        "=", "/*", "*/", "/*!", "--", "#", "\\", "'", "INT", "ON DUPLICATE KEY UPDATE", "GEOMETRY", "{", "\x00",
    ]
    return sorted(terminals) + others


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_token_soup(data: st.DataObject) -> None:
    words = data.draw(st.lists(st.sampled_from(_words()), min_size=1, max_size=14))
    try:
        parse(" ".join(words))
    except (SqlSyntaxError, NotSupportedError):
        pass
    except Error as error:  # a statement that parses, but says something impossible (1221, 1248, unknown type ...)
        assert error.code not in (0, 1064)


_SEEDS = [
    "SELECT a, b + 1 AS c FROM t LEFT JOIN u ON t.id = u.id WHERE a IN (1, 2) AND b LIKE 'x%' GROUP BY a HAVING COUNT(*) > 1",
    "INSERT INTO t (a, b) VALUES (1, 'x'), (2, DEFAULT) ON DUPLICATE KEY UPDATE a = VALUES(a)",
    "CREATE TABLE t (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, b VARCHAR(20) DEFAULT 'x', KEY k (b(5))) ENGINE=InnoDB",
    "ALTER TABLE t ADD COLUMN c INT AFTER b, DROP INDEX k, ADD CONSTRAINT f FOREIGN KEY (c) REFERENCES u (id) ON DELETE CASCADE",
]


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_damaged_statements(data: st.DataObject) -> None:
    words = data.draw(st.sampled_from(_SEEDS)).split(" ")
    place = data.draw(st.integers(0, len(words) - 1))
    change = data.draw(st.sampled_from(["drop", "twice", "replace", "cut"]))
    if change == "drop":
        del words[place]
    elif change == "twice":
        words.insert(place, words[place])
    elif change == "cut":
        words = words[:place]
    else:
        words[place] = data.draw(st.sampled_from(_words()))
    try:
        parse(" ".join(words))
    except Error as error:
        assert error.code
