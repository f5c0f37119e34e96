"""Dumps: their text, loading them again, what the options do, errors."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from minidb import __version__
from minidb.database import Database
from minidb.dump import DumpOptions, dump
from minidb.errors import Error
from tests.dump.dump_kit import PLAIN, content, dumped, loaded, run, sample

GOLDEN = Path(__file__).parent.parent / "golden" / "dump"


@pytest.fixture(scope="module")
def database() -> Database:
    return sample()


def golden(name: str, text: bytes) -> None:
    """Compare with a golden file; MINIDB_RECORD=1 writes it."""
    path = GOLDEN / name
    made = text.replace(f"minidb dump {__version__}".encode(), b"minidb dump VERSION")
    if os.environ.get("MINIDB_RECORD"):
        path.write_bytes(made)
    assert made == path.read_bytes()


def test_the_text_is_laid_out_as_mariadb_dump_does(database: Database) -> None:
    golden("shop.sql", dumped(database, databases=["shop"]))


def test_the_text_of_other_options(database: Database) -> None:
    options = DumpOptions(hex_blob=True, complete_insert=True, extended_insert=False, replace=True, order_by_primary=True,
                          add_drop_table=False, no_autocommit=True, where="1 = 1", dump_date=False)
    golden("shop_options.sql", dumped(database, "shop", options=options))
    golden("shop_compact.sql", dumped(database, "shop", ["alpha", "storage"], options=PLAIN.compact()))


@pytest.mark.parametrize("options", [
    PLAIN, replace(PLAIN, hex_blob=True), replace(PLAIN, extended_insert=False, complete_insert=True),
    replace(PLAIN, net_buffer_length=4096, no_autocommit=True), replace(PLAIN, replace=True, order_by_primary=True),
    replace(PLAIN, comments=False), replace(PLAIN, insert_ignore=True, add_locks=False, disable_keys=False),
], ids=["plain", "hex", "single", "small", "replace", "bare", "ignore"])
def test_what_is_loaded_is_what_was_dumped(database: Database, options: DumpOptions) -> None:
    script = dumped(database, options=options)
    again = loaded(script)
    if not options.order_by_primary:
        assert content(again) == content(database)
    assert dumped(again, options=options) == script


@pytest.mark.parametrize("settings", [
    {"sql_mode": "NO_BACKSLASH_ESCAPES"}, {"sql_mode": "ANSI"}, {"time_zone": "+05:00"}, {"autocommit": 0},
    {"sql_mode": "STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO"},
], ids=["no_backslash", "ansi", "zone", "no_autocommit", "strict"])
def test_the_settings_of_the_loading_session_do_not_matter_and_come_back(database: Database, settings: dict[str, object]) -> None:
    again = loaded(dumped(database), **settings)
    assert content(again) == content(database)
    session = again.session()
    before = [session.variable("session", name) for name in settings]
    for name, value in settings.items():
        session.execute(f"SET {name} = %s", (value,))
    wanted = [session.variable("session", name) for name in settings]
    assert before != wanted
    run(session, dumped(database))
    assert [session.variable("session", name) for name in settings] == wanted


def test_a_dump_of_one_database_goes_where_it_is_loaded(database: Database) -> None:
    again = Database()
    session = again.session()
    session.execute("CREATE DATABASE elsewhere")
    session.execute("USE elsewhere")
    run(session, dumped(database, "shop"))
    assert again.dictionary.tables("elsewhere") == database.dictionary.tables("shop")


def test_rows_and_definitions_alone(database: Database) -> None:
    definitions = dumped(database, "shop", options=replace(PLAIN, no_data=True))
    rows = dumped(database, "shop", options=replace(PLAIN, no_create_info=True))
    assert b"INSERT" not in definitions and b"CREATE TABLE" not in rows
    assert b"UNIQUE_CHECKS" in definitions and b"UNIQUE_CHECKS" not in rows
    again = loaded(definitions + rows)
    assert {k.split(".")[1]: v for k, v in content(again).items()} == {k.split(".")[1]: v for k, v in content(database).items()}


def test_some_rows(database: Database) -> None:
    text = dumped(database, "shop", ["zeta"], options=replace(PLAIN, where="id > 1 AND name IS NULL"))
    assert b"\n-- WHERE:  id > 1 AND name IS NULL\n" in text
    assert b"VALUES\n(5,NULL,NULL);" in text


def test_what_is_left_out(database: Database) -> None:
    text = dumped(database, databases=["shop"], ignored={("shop", "kinds"), ("shop", "zeta")},
                  options=replace(PLAIN, no_create_db=True, add_drop_database=True))
    assert b"`kinds`" not in text and b"TABLE `zeta`" not in text and b"TABLE `alpha`" in text
    assert b"CREATE DATABASE" not in text and b"/*!40000 DROP DATABASE IF EXISTS `shop`*/;" in text


@pytest.mark.parametrize(("names", "code"), [
    (("nowhere",), 1049), (("shop", ["nothing"]), 1146), (("shop", ["alpha", "ALPHA"]), 1146),
])
def test_what_is_not_there(database: Database, names: tuple[object, ...], code: int) -> None:
    with pytest.raises(Error) as info:
        dumped(database, *names)
    assert info.value.code == code


def test_an_insert_keeps_below_the_length_that_was_asked_for() -> None:
    database = Database()
    session = database.session()
    session.execute("CREATE TABLE t (a INT PRIMARY KEY, s VARCHAR(2000))")
    for n in range(120):
        session.execute("INSERT INTO t VALUES (%s, %s)", (n, "é" * (n * 37 % 900)))
    text = dumped(database, "test", options=replace(PLAIN, net_buffer_length=8192))
    inserts = [part.split(b";\n")[0] for part in text.split(b"INSERT INTO ")[1:]]
    assert len(inserts) > 10
    assert all(len(one) < 8192 for one in inserts)
    assert all(len(one) + len(two.split(b",\n")[0]) > 8192 - 40 for one, two in pairwise(inserts))


def test_a_table_that_cannot_be_read_leaves_no_end(tmp_path: Path) -> None:
    """The last line tells a whole dump from one that was broken off."""
    path = str(tmp_path / "data")
    with Database(path) as database:
        session = database.session()
        session.execute("CREATE TABLE a (a INT PRIMARY KEY)")
        session.execute("CREATE TABLE b (b TEXT) ENGINE=MyISAM")
        session.execute("INSERT INTO a VALUES (1)")
        session.execute("INSERT INTO b VALUES (REPEAT('b', 20000))")
    file = next(tmp_path.glob("data/**/b.MYD"))
    data = bytearray(file.read_bytes())
    data[data.index(b"b" * 1000)] ^= 1
    file.write_bytes(data)
    out = io.BytesIO()
    with Database(path) as database:
        with pytest.raises(Error) as info:
            dump(database, out, "test")
        assert info.value.code == 1877
        assert b"INSERT INTO `a`" in out.getvalue() and b"Dump completed" not in out.getvalue()
        database.session().execute("DROP TABLE a")  # no lock was left behind
