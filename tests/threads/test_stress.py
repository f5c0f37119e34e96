"""Eight threads on one database under the ThreadScheduler: nothing lost, nothing doubled, nothing left behind."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest

import minidb

THREADS = 8
ROUNDS = 40
LEVELS = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]
RETRY = (1205, 1213)


def in_threads(work: Callable[[int], None]) -> None:
    """Run work(0..7) at once; the first exception of any of them is raised here.  A thread that hangs fails the test."""
    errors: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(n,), daemon=True) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(t.is_alive() for t in threads), "a thread hangs"
    if errors:
        raise errors[0]


def assert_clean(database: minidb.Database, *tables: str) -> None:
    """All trees sound, no lock and no undo left after the last commit."""
    session = database.session("check")
    for table in tables:
        rows = session.execute(f"CHECK TABLE test.{table}").rows
        assert rows is not None
        assert rows[-1][3] == "OK", rows
    assert list(database.locks()) == []
    assert list(database.waiting()) == []
    database.purge()
    assert database.history_length() == 0


def connect(database: minidb.Database, level: str = "REPEATABLE READ") -> minidb.Connection:
    connection = minidb.connect(database=database, db="test")
    connection.cursor().execute(f"SET SESSION TRANSACTION ISOLATION LEVEL {level}")
    return connection


@pytest.mark.parametrize("level", LEVELS)
def test_transfers_keep_the_total(level: str) -> None:
    with minidb.Database() as database:
        with connect(database) as setup:
            cursor = setup.cursor()
            cursor.execute("CREATE TABLE account (id INT PRIMARY KEY, balance INT NOT NULL) ENGINE=InnoDB")
            cursor.executemany("INSERT INTO account VALUES (%s, 100)", [(i,) for i in range(10)])
        deadlocks = [0] * THREADS

        def transfer(number: int) -> None:
            rng = random.Random(number)
            connection = connect(database, level)
            cursor = connection.cursor()
            done = 0
            while done < ROUNDS:
                source, target = rng.sample(range(10), 2)
                amount = rng.randrange(1, 20)
                try:
                    cursor.execute("SELECT balance FROM account WHERE id = %s FOR UPDATE", (source,))
                    balance = cursor.fetchone()[0]
                    cursor.execute("SELECT balance FROM account WHERE id = %s FOR UPDATE", (target,))
                    other = cursor.fetchone()[0]
                    cursor.execute("UPDATE account SET balance = %s WHERE id = %s", (balance - amount, source))
                    cursor.execute("UPDATE account SET balance = %s WHERE id = %s", (other + amount, target))
                    connection.commit()
                    done += 1
                except minidb.OperationalError as error:
                    assert error.args[0] in RETRY, error
                    deadlocks[number] += error.args[0] == 1213
                    connection.rollback()
            connection.close()

        in_threads(transfer)
        with connect(database) as last:
            cursor = last.cursor()
            cursor.execute("SELECT SUM(balance), COUNT(*) FROM account")
            assert cursor.fetchone() == (1000, 10)
        assert_clean(database, "account")


def test_counters_with_for_update_lose_nothing() -> None:
    with minidb.Database() as database:
        with connect(database) as setup:
            cursor = setup.cursor()
            cursor.execute("CREATE TABLE counter (id INT PRIMARY KEY, n INT NOT NULL, KEY (n)) ENGINE=InnoDB")
            cursor.execute("INSERT INTO counter VALUES (1, 0)")

        def count(number: int) -> None:
            connection = connect(database)
            cursor = connection.cursor()
            for _ in range(ROUNDS):
                cursor.execute("SELECT n FROM counter WHERE id = 1 FOR UPDATE")
                value = cursor.fetchone()[0]
                cursor.execute("UPDATE counter SET n = %s WHERE id = 1", (value + 1,))
                connection.commit()
            connection.close()

        in_threads(count)
        with connect(database) as last:
            cursor = last.cursor()
            cursor.execute("SELECT n FROM counter")
            assert cursor.fetchone() == (THREADS * ROUNDS,)
        assert_clean(database, "counter")


def test_a_unique_index_has_exactly_one_winner() -> None:
    with minidb.Database() as database:
        with connect(database) as setup:
            setup.cursor().execute("CREATE TABLE seat (id INT AUTO_INCREMENT PRIMARY KEY, number INT NOT NULL, who INT, "
                                   "UNIQUE (number)) ENGINE=InnoDB")
        won: list[list[int]] = [[] for _ in range(THREADS)]

        def book(number: int) -> None:
            connection = connect(database)
            connection.autocommit(True)
            cursor = connection.cursor()
            seats = list(range(60))
            random.Random(number).shuffle(seats)
            for seat in seats:
                while True:
                    try:
                        cursor.execute("INSERT INTO seat (number, who) VALUES (%s, %s)", (seat, number))
                        won[number].append(seat)
                    except minidb.IntegrityError as error:
                        assert error.args[0] == 1062
                    except minidb.OperationalError as error:
                        assert error.args[0] in RETRY, error
                        continue
                    break
            connection.close()

        in_threads(book)
        assert sorted(seat for seats in won for seat in seats) == list(range(60))
        with connect(database) as last:
            cursor = last.cursor()
            cursor.execute("SELECT COUNT(*), COUNT(DISTINCT number) FROM seat")
            assert cursor.fetchone() == (60, 60)
        assert_clean(database, "seat")


def test_mixed_writers_leave_sound_trees() -> None:
    with minidb.Database(leaf_capacity=8) as database:
        with connect(database) as setup:
            cursor = setup.cursor()
            cursor.execute("CREATE TABLE t (id INT PRIMARY KEY, a INT, b VARCHAR(20), KEY (a), KEY (b, a)) ENGINE=InnoDB")
            cursor.executemany("INSERT INTO t VALUES (%s, %s, %s)", [(i, i % 7, f"x{i % 5}") for i in range(0, 200, 2)])

        def work(number: int) -> None:
            rng = random.Random(100 + number)
            connection = connect(database, rng.choice(LEVELS))
            cursor = connection.cursor()
            for _ in range(ROUNDS):
                try:
                    for _ in range(rng.randrange(1, 4)):
                        key = rng.randrange(200)
                        kind = rng.randrange(4)
                        if kind == 0:
                            cursor.execute("REPLACE INTO t VALUES (%s, %s, %s)", (key, rng.randrange(7), "new"))
                        elif kind == 1:
                            cursor.execute("DELETE FROM t WHERE id BETWEEN %s AND %s", (key, key + 2))
                        elif kind == 2:
                            cursor.execute("UPDATE t SET a = a + 1 WHERE a = %s", (rng.randrange(7),))
                        else:
                            cursor.execute("SELECT COUNT(*), SUM(a) FROM t WHERE id > %s", (key,))
                            cursor.fetchall()
                    connection.commit() if rng.random() < 0.7 else connection.rollback()
                except minidb.OperationalError as error:
                    assert error.args[0] in RETRY, error
                    connection.rollback()
            connection.close()

        in_threads(work)
        assert_clean(database, "t")
