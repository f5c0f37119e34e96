"""What a cursor tells of the last statement beyond PEP 249, and purge left to the program."""

from __future__ import annotations

import minidb


def test_info_and_warnings() -> None:
    with minidb.connect(":memory:") as connection:
        cursor = connection.cursor()
        assert (cursor.info, cursor.warnings) == ("", [])
        cursor.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
        cursor.execute("INSERT INTO t VALUES (1, 1), (2, 2)")
        assert cursor.info == "Records: 2  Duplicates: 0  Warnings: 0"
        cursor.execute("UPDATE t SET v = 2")
        assert cursor.info == "Rows matched: 2  Changed: 1  Warnings: 0"
        cursor.execute("INSERT IGNORE INTO t VALUES (1, 1)")
        assert cursor.warnings == [("Warning", 1062, "Duplicate entry '1' for key 'PRIMARY'")]
        cursor.execute("SELECT 1")
        assert (cursor.info, cursor.warnings) == ("", [])


def test_manual_purge_keeps_the_history_until_told() -> None:
    with minidb.Database(purge="manual") as database:
        session = database.session()
        session.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
        session.execute("INSERT INTO t VALUES (1, 0)")
        for _ in range(500):  # many times what wakes the background purge
            session.execute("UPDATE t SET v = v + 1")
        assert database.history_length() == 500
        database.purge()
        assert database.history_length() == 0
