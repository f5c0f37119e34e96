"""Types from their words, their limits, and back to words."""

from __future__ import annotations

from typing import Any

import pytest

from minidb.errors import Error
from minidb.types.parse import cast_type, make_type, max_octets, with_charset
from minidb.types.sqltype import Family
from minidb.types.text import type_text
from tests.types.literals import type_of


@pytest.mark.parametrize(("words", "expected"), [
    (("INT",), "int(11)"), (("integer", 5), "int(5)"), (("TINYINT", None, None, True), "tinyint(3) unsigned"),
    (("BIGINT",), "bigint(20)"), (("SMALLINT", None, None, True, True), "smallint(5) unsigned zerofill"),
    (("MEDIUMINT",), "mediumint(9)"),
    (("BOOL",), "tinyint(1)"), (("SERIAL",), "bigint(20) unsigned"), (("DECIMAL",), "decimal(10,0)"),
    (("NUMERIC", 5, 2), "decimal(5,2)"),
    (("DEC", 4), "decimal(4,0)"), (("FIXED", 4, 1, True), "decimal(4,1) unsigned"), (("FLOAT",), "float"), (("FLOAT", 24), "float"),
    (("FLOAT", 25), "double"), (("FLOAT", 7, 3), "float(7,3)"), (("DOUBLE  precision",), "double"), (("REAL",), "double"),
    (("CHAR",), "char(1)"), (("VARCHAR", 20), "varchar(20)"), (("NVARCHAR", 5), "varchar(5)"),
    (("NATIONAL VARCHAR", 5), "varchar(5)"),
    (("TEXT",), "text"), (("TEXT", 100), "tinytext"), (("TEXT", 70_000), "mediumtext"), (("BLOB", 200), "tinyblob"),
    (("LONGBLOB",), "longblob"), (("BINARY",), "binary(1)"), (("VARBINARY", 9), "varbinary(9)"), (("DATE",), "date"),
    (("DATETIME",), "datetime"), (("DATETIME", 6), "datetime(6)"), (("TIMESTAMP", 3), "timestamp(3)"), (("TIME",), "time"),
    (("YEAR",), "year(4)"), (("BIT",), "bit(1)"), (("BIT", 8), "bit(8)"), (("JSON",), "longtext"),
])
def test_words_and_back(words: tuple[Any, ...], expected: str) -> None:
    assert type_text(make_type(*words)) == expected


def test_members() -> None:
    t = make_type("ENUM", members=["a ", "it's"])
    assert t.members == ("a", "it's")
    assert type_text(t) == "enum('a','it''s')"
    with pytest.raises(Error) as caught:
        make_type("SET", members=["a", "A"], column="s")
    assert caught.value.code == 1291


@pytest.mark.parametrize(("words", "code"), [
    (("DECIMAL", 66), 1426), (("DECIMAL", 65, 39), 1425), (("DECIMAL", 5, 6), 1427), (("INT", 256), 1439), (("BIT", 65), 1439),
    (("CHAR", 256), 1074), (("VARCHAR", 65_536), 1074), (("DATETIME", 7), 1426), (("FLOAT", 3, 5), 1427), (("GEOMETRY",), 1235),
])
def test_limits(words: tuple[Any, ...], code: int) -> None:
    with pytest.raises(Error) as caught:
        make_type(*words, column="c")
    assert caught.value.code == code


def test_character_sets() -> None:
    written = make_type("VARCHAR", 10, charset="latin1")
    assert (written.charset, written.collation) == ("latin1", "latin1_swedish_ci")
    bare = make_type("VARCHAR", 10)
    assert bare.collation is None
    assert with_charset(bare, "utf8mb4", "utf8mb4_bin").collation == "utf8mb4_bin"
    assert with_charset(written, "utf8mb4", "utf8mb4_bin") is written
    assert make_type("NCHAR", 5).charset == "utf8mb3"
    assert make_type("TEXT", charset="binary").family is Family.BYTES
    with pytest.raises(Error) as caught:
        with_charset(make_type("VARCHAR", 20_000), "utf8mb4", "utf8mb4_general_ci", column="c")
    assert caught.value.code == 1074


def test_octets() -> None:
    assert max_octets(type_of("varchar(10)")) == 40
    assert max_octets(type_of("varchar(10) character set latin1")) == 10
    assert max_octets(type_of("text")) == 65_535
    assert max_octets(type_of("varbinary(10)")) == 10
    assert max_octets(type_of("json")) == 4_294_967_295


def test_types_of_casts() -> None:
    assert cast_type("SIGNED").name == "bigint" and not cast_type("SIGNED INTEGER").unsigned
    assert cast_type("UNSIGNED").unsigned
    assert cast_type("CHAR").length is None and cast_type("CHAR", 5).length == 5
    assert cast_type("BINARY").name == "varbinary" and cast_type("BINARY", 3).name == "binary"
    assert cast_type("DECIMAL", 5, 2).scale == 2
    assert cast_type("DATETIME", 3).scale == 3
    assert cast_type("CHAR", 5, charset="latin1").collation == "latin1_swedish_ci"
