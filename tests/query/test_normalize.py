"""Lifting literals: what is lifted, what stays, and that a key with its parameters means what the text meant."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidb.errors import Error, InterfaceError
from minidb.query import ast
from minidb.query.parse.normalize import normalize
from minidb.query.parse.parser import parse, parse_normalized
from minidb.query.parse.splitter import split_statements
from tests.query.trees import with_values

LIFTED = [
    ("SELECT * FROM t WHERE id = 42", "SELECT * FROM t WHERE id = ?", (42,)),
    ("select c1 from t1 where a='x''y' and b between 1 and 2.5", "select c1 from t1 where a=? and b between ? and ?",
     ("x'y", 1, Decimal("2.5"))),
    ("select a from t where id in (1,2, 3) limit 5,10", "select a from t where id in (?,?, ?) limit ?,?", (1, 2, 3, 5, 10)),
    ("update t set a=a+1,b='x' where id=-3", "update t set a=a+?,b=? where id=?", (1, "x", -3)),
    ("delete from t where id=7 limit 1", "delete from t where id=? limit ?", (7, 1)),
    ("insert into t values (1,'a\\n',null)", "insert into t values (?,?,?)", (1, "a\n", None)),
    ("SELECT * FROM `t5` WHERE 3 > id", "SELECT * FROM `t5` WHERE 3 > id", ()),
]
STAYING = [
    ("select a+5 from t where b=5 group by a+5, 2 having count(*)>3 order by 1 limit 3",
     "select a+5 from t where b=? group by a+5, 2 having count(*)>? order by 1 limit ?"),
    ("select 5, 'x' from t where a=5", "select 5, 'x' from t where a=?"),
    ("select * from t where d > date'2020-01-01' and e like 'x%'", None),
    ("select * from t where j->'$.a' > 3", "select * from t where j->'$.a' > ?"),
    ("select * from t where a + interval 3 day > now(6)", None),
    ("select cast(a as decimal(10,2)) from t where cast(a as char(5)) = 'x'",
     "select cast(a as decimal(10,2)) from t where cast(a as char(5)) = ?"),
    ("select * from (select a, b=5 from t where c=3) d", "select * from (select a, b=5 from t where c=?) d"),
    ("select * from t where a=1 for update wait 5", "select * from t where a=? for update wait 5"),
    ("select extract(year from d)=5 from t where a=1", "select extract(year from d)=5 from t where a=?"),
    ("select * from t where a=0x1F and b=x'41' and c=N'x' and d=_utf8'y' and e='a' 'b'", None),
    ("select /*! 5 */ a from t where a = 5", None),
    ("select * from t where a = 1 and b = ?", None),
    ("select c1, t2.c3 from t1 join t2 where t1.c1 = t2.c2", None),
    ("create table t (a int default 5)", None),
    ("set @a = 5", None),
]


@pytest.mark.parametrize(("text", "key", "params"), LIFTED)
def test_lifted(text: str, key: str, params: tuple[Any, ...]) -> None:
    found = normalize(text)
    assert (found.key, found.params, found.rows) == (key, params, None)


@pytest.mark.parametrize(("text", "key"), STAYING)
def test_what_stays(text: str, key: str | None) -> None:
    assert normalize(text).key == (text if key is None else key)


GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "parser"


def _same_meaning(text: str) -> None:
    found = normalize(text)
    original = parse(text)
    tree = parse_normalized(found.key)
    if found.rows is not None:
        assert isinstance(tree, ast.Insert) and isinstance(original, ast.Insert) and tree.rows is not None
        assert original.rows == tuple(with_values(tree.rows[0], row) for row in found.rows)
    elif "?" not in text:
        assert with_values(tree, found.params) == original


def test_same_meaning_of_golden_statements() -> None:
    for name in ("queries", "changes"):
        for text, _, _ in split_statements((GOLDEN / f"{name}.sql").read_text(encoding="utf-8")):
            _same_meaning(text)


_LITERALS = st.sampled_from([
    "1", "-2", "3.50", "1e3", "'a'", "'it''s'", '"q"', "'\\\\'", "'--'", "'/*'", "'a?b'", "''", "NULL", "0x41", "'FROM'",
])
_COLUMNS = st.sampled_from(["a", "`b 1`", "t1.c2", "v9"])


@st.composite
def _conditions(draw: st.DrawFn) -> str:
    column, literal, other = draw(_COLUMNS), draw(_LITERALS), draw(_LITERALS)
    return draw(st.sampled_from([
        f"{column} = {literal}", f"{column}={literal}", f"{column} IN ({literal}, {other})",
        f"{column} BETWEEN {literal} AND {other}", f"{column} LIKE {literal}", f"{column} + {literal} <> {other}",
        f"f({literal}, {column}) > {other}", f"NOT {column} < -{literal}",
        f"({column}, 5) = ({literal}, {other})", f"{column} IN (SELECT {literal} FROM u WHERE x = {other})",
        f"CASE {column} WHEN {literal} THEN {other} ELSE 7 END", f"{column} - 1 = 2 /* {literal} */",
    ]))


@st.composite
def _statements(draw: st.DrawFn) -> str:
    where = " AND ".join(draw(st.lists(_conditions(), min_size=1, max_size=3)))
    literal = draw(_LITERALS)
    return draw(st.sampled_from([
        f"SELECT a FROM t1 WHERE {where}", f"SELECT {literal}, a + 3 FROM t1 WHERE {where} LIMIT 5",
        f"SELECT a FROM t1 WHERE {where} GROUP BY a, 2 HAVING COUNT(*) > 5 ORDER BY 1, a + 2 LIMIT 3, 4",
        f"UPDATE t1 SET a = {literal}, b = a + 1 WHERE {where} LIMIT 5", f"DELETE FROM t1 WHERE {where}",
        f"INSERT INTO t1 (a, b) SELECT {literal}, 5 FROM u WHERE {where}",
        f"INSERT INTO t1 VALUES ({literal}, 5, ''), (6, {literal}, 'x')", f"REPLACE INTO t1 (a) VALUES ({literal})",
        f"INSERT INTO t1 VALUES (f(2), {literal}) ON DUPLICATE KEY UPDATE a = a + {literal}",
        f"SELECT 1 FROM t1 WHERE {where} UNION SELECT 2 FROM t2 WHERE {where} ORDER BY 1",
        f"SELECT * FROM (SELECT a, a = {literal} FROM t2 WHERE {where}) d WHERE d.a = 3",
    ]))


@settings(max_examples=500, deadline=None)
@given(_statements())
def test_same_meaning(text: str) -> None:
    _same_meaning(text)


# ---- rows of literals


def test_rows() -> None:
    found = normalize("INSERT INTO t (a, b) VALUES (1, 'x'), (-2,NULL) , (3.5, \"it\\'s\"),(0x41, N'ü');")
    assert found.key == "INSERT INTO t (a, b) VALUES (?,?)"
    assert found.rows == [(1, "x"), (-2, None), (Decimal("3.5"), "it's"), (b"A", "ü")]
    tree = parse_normalized(found.key)
    assert isinstance(tree, ast.Insert) and tree.rows == ((ast.Param(0), ast.Param(1)),)


@pytest.mark.parametrize("text", [
    "INSERT INTO t VALUES (1, 2), (3)",
    "INSERT INTO t VALUES (1), (NOW())",
    "INSERT INTO t VALUES (1), (DEFAULT)",
    "INSERT INTO t VALUES (1, 'a' 'b'), (2, 'c')",
    "INSERT INTO t VALUES (1), (2",
    "INSERT INTO t VALUES (1), (2),",
    "INSERT INTO t VALUES (1) (2)",
])
def test_no_rows(text: str) -> None:
    assert normalize(text).rows is None


def test_rows_with_a_tail() -> None:
    found = normalize("INSERT INTO t VALUES (1,2),(3,4) ON DUPLICATE KEY UPDATE a = a + 5")
    assert found.key == "INSERT INTO t VALUES (?,?) ON DUPLICATE KEY UPDATE a = a + 5"
    assert found.rows == [(1, 2), (3, 4)]


# ---- arguments


@pytest.mark.parametrize(("text", "args", "key", "params"), [
    ("SELECT * FROM t WHERE a = %s AND b = 5", (1,), "SELECT * FROM t WHERE a = ? AND b = 5", (1,)),
    ("SELECT %(x)s + %(y)s + %(x)s", {"x": 1, "y": 2}, "SELECT ? + ? + ?", (1, 2, 1)),
    ("SELECT '%s' LIKE 'a%%', 5 %% 3, %s", (7,), "SELECT '%s' LIKE 'a%', 5 % 3, ?", (7,)),
    ("SELECT * FROM t WHERE a IN %s AND b = %s", ([1, 2], 3), "SELECT * FROM t WHERE a IN (?,?) AND b = ?", (1, 2, 3)),
    ("SELECT * FROM t WHERE a IN (%s)", ((1, 2),), "SELECT * FROM t WHERE a IN (?,?)", (1, 2)),
    ("SELECT * FROM t WHERE a = ? AND b = '?'", (1,), "SELECT * FROM t WHERE a = ? AND b = '?'", (1,)),
    ("SELECT %s", "abc", "SELECT ?", ("abc",)),
])
def test_arguments(text: str, args: Any, key: str, params: tuple[Any, ...]) -> None:
    for _ in range(2):  # the second time from memory
        found = normalize(text, args)
        assert (found.key, found.params) == (key, params)


@pytest.mark.parametrize(("text", "args"), [
    ("SELECT %s", (1, 2)), ("SELECT %s, %s", (1,)), ("SELECT %(a)s", {"b": 1}), ("SELECT %(a)s", (1,)), ("SELECT %s", {"a": 1}),
    ("SELECT %d", (1,)), ("SELECT %s, %(a)s", (1,)), ("SELECT 1", (1,)),
])
def test_arguments_that_do_not_fit(text: str, args: Any) -> None:
    with pytest.raises(InterfaceError):
        normalize(text, args)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="SELECTFROMWHEREBYVALUES ()'\"`,.=-+/*#%?0123456789abx\\\n", max_size=60))
def test_any_text(body: str) -> None:
    for head in ("SELECT ", "INSERT INTO t VALUES (", "UPDATE t SET "):
        text = head + body
        try:
            original = parse(text)
        except Error:
            normalize(text)
            continue
        found = normalize(text)
        if "?" not in text and found.rows is None:
            assert with_values(parse_normalized(found.key), found.params) == original
