"""A dump shows one moment although others write while it is being made, and stands in nobody's way for longer than it must."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from minidb.database import Database
from minidb.dump import dump
from minidb.errors import Error
from tests.dump.dump_kit import PLAIN, content, loaded

ACCOUNTS = 400


class Meddler(io.BytesIO):
    """A file that lets others work each time something is written into it."""

    def __init__(self, work: Callable[[int], None]) -> None:
        super().__init__()
        self.work = work
        self.written = 0

    def write(self, data: object) -> int:
        self.written += 1
        self.work(self.written)
        return super().write(data)  # type: ignore[arg-type]


def dumped_under(database: Database, work: Callable[[int], None]) -> tuple[bytes, int]:
    out = Meddler(work)
    dump(database, out, "test", options=PLAIN)
    return out.getvalue(), out.written


@pytest.fixture
def database() -> Database:
    database = Database(leaf_capacity=16, purge="manual")
    session = database.session()
    session.execute("CREATE TABLE account (id INT PRIMARY KEY, money INT, s TEXT, KEY (money))")
    session.execute("CREATE TABLE book (n INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(30))")
    session.execute("CREATE TABLE side (a INT, KEY (a)) ENGINE=MyISAM")
    session.execute_many("INSERT INTO account VALUES (%s, 100, %s)", [(i, f"text {i}") for i in range(ACCOUNTS)])
    session.execute_many("INSERT INTO side VALUES (%s)", [(i,) for i in range(300)])
    return database


def test_writers_of_innodb_tables_go_on_and_are_not_seen(database: Database) -> None:
    before = content(database)
    writer = database.session()

    def work(turn: int) -> None:
        writer.execute("BEGIN")
        writer.execute("UPDATE account SET money = money - %s, s = REPEAT('x', 900) WHERE id = %s", (turn, turn * 7 % ACCOUNTS))
        writer.execute("UPDATE account SET money = money + %s WHERE id = %s", (turn, turn * 3 % ACCOUNTS))
        writer.execute("DELETE FROM account WHERE id = %s", (ACCOUNTS - turn,))
        writer.execute("INSERT INTO account VALUES (%s, 0, 'new')", (1000 + turn,))
        writer.execute("INSERT INTO book (what) VALUES ('written')")
        writer.execute("COMMIT")
        database.purge()

    text, turns = dumped_under(database, work)
    assert turns > 30
    again = content(loaded(text))
    assert {k: v[1] for k, v in again.items()} == {k: v[1] for k, v in before.items()}
    assert len(writer.execute("SELECT * FROM book").rows or []) == turns
    database.purge()
    assert database.history_length() == 0  # the view of the dump is gone


def test_what_was_not_committed_is_not_seen(database: Database) -> None:
    before = content(database)
    writer = database.session()
    writer.execute("BEGIN")
    writer.execute("UPDATE account SET money = 0")
    text, _ = dumped_under(database, lambda turn: None)
    writer.execute("ROLLBACK")
    assert content(loaded(text)) == before


def test_myisam_tables_are_read_under_a_lock(database: Database) -> None:
    writer = database.session()
    writer.execute("SET lock_wait_timeout = 0")
    refused: list[int] = []

    def work(turn: int) -> None:
        writer.execute("INSERT INTO side VALUES (1000)")  # at the end of the heap, beside its readers
        try:
            writer.execute("UPDATE side SET a = -a WHERE a < 1000")
        except Error as error:
            refused.append(error.code)

    text, turns = dumped_under(database, work)
    assert refused == [1205] * turns
    assert content(loaded(text))["`test`.`side`"][1] == [(i,) for i in range(300)]
    assert writer.execute("UPDATE side SET a = -a WHERE a < 1000").affected == 299


def test_without_lock_tables_myisam_writers_go_on(database: Database) -> None:
    from dataclasses import replace

    writer = database.session()
    out = Meddler(lambda turn: (writer.execute("UPDATE side SET a = a + 1"), None)[1])
    dump(database, out, "test", ["side"], options=replace(PLAIN, lock_tables=False))
    assert len(content(loaded(out.getvalue()))["`test`.`side`"][1]) == 300


def test_definitions_wait_for_the_end_of_the_dump(database: Database) -> None:
    other = database.session()
    other.execute("SET lock_wait_timeout = 0")
    refused: list[int] = []

    def work(turn: int) -> None:
        for statement in ("DROP TABLE account", "ALTER TABLE book ADD COLUMN x INT", "TRUNCATE TABLE side"):
            try:
                other.execute(statement)
            except Error as error:
                refused.append(error.code)

    _, turns = dumped_under(database, work)
    assert refused == [1205] * 3 * turns
    other.execute("DROP TABLE account")


def test_a_table_larger_than_memory_is_dumped_page_by_page() -> None:
    database = Database(buffer_pool_pages=24)
    session = database.session()
    for engine in ("InnoDB", "MyISAM"):
        session.execute(f"CREATE TABLE {engine} (id INT PRIMARY KEY, s VARCHAR(400)) ENGINE={engine}")
        session.execute_many(f"INSERT INTO {engine} VALUES (%s, %s)", [(i, f"{i}." * 60) for i in range(6000)])
    sizes: list[int] = []

    class Noting(io.BytesIO):
        def write(self, data: object) -> int:
            sizes.append(len(data))  # type: ignore[arg-type]
            return super().write(data)  # type: ignore[arg-type]

    out = Noting()
    dump(database, out, "test", options=PLAIN)
    assert max(sizes) < 150_000 and sum(sizes) > 2_500_000
    assert len(content(loaded(out.getvalue()))["`test`.`InnoDB`"][1]) == 6000


def test_a_dump_that_is_broken_off_gives_everything_back(database: Database) -> None:
    def fail(turn: int) -> None:
        if turn == 10:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        dumped_under(database, fail)
    other = database.session()
    other.execute("SET lock_wait_timeout = 0")
    other.execute("ALTER TABLE account ADD COLUMN x INT")
    assert other.execute("UPDATE side SET a = 0").affected == 299
    assert len(database.sessions) == 2  # the one that filled the tables, and `other`
