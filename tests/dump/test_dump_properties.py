"""Random tables with random rows: dump, load, dump again.  The text is the same to the last byte, and so is the content."""

from __future__ import annotations

import datetime
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from minidb.database import Database
from tests.dump.dump_kit import PLAIN, content, dumped, loaded

SEED = 20240117
TEXT = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from([
    "'", "\\", "\\'", "''", '"', "\0\n\r\x1a", "\\Z", "%_", "é𝄞", " "])
LATIN = st.text(st.characters(max_codepoint=255, min_codepoint=160), max_size=8)
BYTES = st.binary(max_size=20) | st.sampled_from([b"\xff'\\\0\x1a\n", b"\xc3", b"\xed\xa0\x80", b"\\"])
MOMENT = st.datetimes(datetime.datetime(1000, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59))
STAMP = st.datetimes(datetime.datetime(1970, 1, 2), datetime.datetime(2038, 1, 18))
SPAN = st.timedeltas(datetime.timedelta(hours=-838, minutes=-59), datetime.timedelta(hours=838, minutes=59))

KINDS: dict[str, st.SearchStrategy[Any]] = {
    "TINYINT": st.integers(-128, 127),
    "INT UNSIGNED": st.integers(0, 2**32 - 1),
    "BIGINT": st.integers(-(2**63), 2**63 - 1),
    "INT(7) ZEROFILL": st.integers(0, 2**32 - 1),
    "DECIMAL(20,6)": st.decimals(-(10**13), 10**13, places=6).map(Decimal),
    "DECIMAL(65,0)": st.integers(-(10**65) + 1, 10**65 - 1).map(Decimal),
    "FLOAT": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "DOUBLE": st.floats(allow_nan=False, allow_infinity=False),
    "BIT(1)": st.integers(0, 1),
    "BIT(64)": st.integers(0, 2**64 - 1),
    "DATE": st.dates(datetime.date(1000, 1, 1)),
    "TIME": SPAN.map(lambda span: datetime.timedelta(seconds=int(span.total_seconds()))),
    "TIME(6)": SPAN,
    "DATETIME(6)": MOMENT,
    "DATETIME": MOMENT.map(lambda moment: moment.replace(microsecond=0)),
    "TIMESTAMP(3) NULL": STAMP.map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)),
    "YEAR": st.integers(1901, 2155) | st.just(0),
    "CHAR(12) CHARACTER SET utf8mb4": TEXT,
    "VARCHAR(12) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin": TEXT,
    "VARCHAR(8) CHARACTER SET latin1": LATIN,
    "TEXT CHARACTER SET utf8mb4": TEXT | TEXT.map(lambda text: text * 1500),
    "BINARY(20)": BYTES,
    "VARBINARY(20)": BYTES,
    "BLOB": BYTES | BYTES.map(lambda data: data * 900),
    "ENUM('a','b''c','ü')": st.sampled_from(["a", "b'c", "ü"]),
    "SET('x','y','z')": st.sampled_from(["", "x", "x,z", "x,y,z"]),
    "JSON": st.sampled_from(["null", "[]", '{"a": "\\u00e9\\n\'"}', '"\\\\"']),
}
NAME = st.text(st.characters(codec="utf-8", min_codepoint=33, max_codepoint=0x2FF), min_size=1, max_size=9).filter(
    lambda name: "/" not in name and "." not in name and not name.startswith("#"))


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, str, list[tuple[Any, ...]]]:
    """(CREATE TABLE, INSERT with placeholders, rows) of a random table."""
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=6))
    names = draw(st.lists(NAME, min_size=len(kinds), max_size=len(kinds), unique_by=lambda name: name.casefold()))
    key = draw(st.sampled_from(["", "AUTO_INCREMENT PRIMARY KEY", "AUTO_INCREMENT UNIQUE"]))
    columns = [f"{quoted(name)} {kind}" for name, kind in zip(names, kinds, strict=True)]
    values: list[st.SearchStrategy[Any]] = [st.none() | KINDS[kind] for kind in kinds]
    if key:
        columns.append(f"id INT NOT NULL {key}")
        names = [*names, "id"]
    comment = draw(TEXT).replace("\\", "\\\\").replace("'", "''")
    engine = draw(st.sampled_from(["InnoDB", "MyISAM"]))
    create = f"CREATE TABLE {quoted(draw(NAME))} ({', '.join(columns)}) ENGINE={engine} COMMENT='{comment}'"
    rows = draw(st.lists(st.tuples(*values), max_size=8))
    if key:
        numbers = draw(st.permutations(range(len(rows))))
        rows = [(*row, 3 * number - 2 or 100) for row, number in zip(rows, numbers, strict=True)]
    insert = f"({', '.join(map(quoted, names))}) VALUES ({', '.join(['%s'] * len(names))})"
    return create, insert, rows


@seed(SEED)
@settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(tables(), st.booleans(), st.booleans(), st.sampled_from([4096, PLAIN.net_buffer_length]))
def test_dump_load_dump(table: tuple[str, str, list[tuple[Any, ...]]], hex_blob: bool, extended: bool, length: int) -> None:
    create, insert, rows = table
    database = Database()
    session = database.session()
    session.execute(create)
    name = quoted(database.dictionary.tables("test")[0]).replace("%", "%%")
    for row in rows:
        session.execute(f"INSERT INTO {name} {insert.replace('%', '%%').replace('%%s', '%s')}", row)
    options = replace(PLAIN, hex_blob=hex_blob, extended_insert=extended, net_buffer_length=length)
    script = dumped(database, options=options)
    again = loaded(script)
    assert content(again) == content(database)
    assert dumped(again, options=options) == script
    assert again.check() == []
