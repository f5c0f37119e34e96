"""``_binary '...'`` is a string of bytes, and text may carry bytes that are no UTF-8 into binary columns, as dumps of real servers
do.  The values are those of a MariaDB 10.11."""

from __future__ import annotations

import pytest

from minidb.database import Database
from minidb.errors import Error

RAW = b"\xff\xfe\x80\\0\\'\xc3".decode("utf-8", "surrogateescape")


def test_the_value_of_a_binary_literal() -> None:
    session = Database().session()
    rows = session.execute("SELECT LENGTH(_binary 'é'), CHAR_LENGTH(_binary 'é'), HEX(_binary 'é'), 'A' = _binary 'a', "
                           "_binary '12' + 1, _binary x'41', _binary'a' 'b'").rows
    assert rows == [(2, 2, "C3A9", 0, 13, b"A", b"ab")]


@pytest.mark.parametrize("values", [
    "(_binary '{0}', '{0}'), (NULL, NULL), ('', _binary '')",  # literals only: read without parsing
    "(CONCAT(_binary '{0}', ''), '{0}'), (NULL, NULL), ('', _binary '')",
])
def test_bytes_arrive_in_binary_columns(values: str) -> None:
    session = Database().session()
    session.execute("CREATE TABLE t (a BLOB, b VARBINARY(20))")
    session.execute("INSERT INTO t VALUES " + values.format(RAW))
    data = b"\xff\xfe\x80\0'\xc3"
    assert session.execute("SELECT a, b FROM t").rows == [(data, data), (None, None), (b"", b"")]


def test_bytes_that_are_no_text_are_refused_in_text_columns() -> None:
    session = Database().session()
    session.execute("CREATE TABLE t (a TEXT)")
    with pytest.raises(Error) as info:
        session.execute(f"INSERT INTO t VALUES ('{RAW}')")
    assert info.value.code == 1366
    session.execute("INSERT INTO t VALUES (_binary 'é')")
    assert session.execute("SELECT a FROM t").rows == [("é",)]


def test_half_of_a_pair_of_surrogates_is_no_byte() -> None:
    session = Database().session()
    session.execute("CREATE TABLE t (a BLOB)")
    session.execute("INSERT INTO t VALUES (%s)", ("x\ud800y",))
    assert session.execute("SELECT a FROM t").rows == [(b"x?y",)]
