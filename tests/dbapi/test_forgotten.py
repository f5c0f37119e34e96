"""Connections that nobody closes."""

from __future__ import annotations

import minidb


def test_a_forgotten_connection_gives_its_locks_back() -> None:
    with minidb.Database() as database:
        database.session().execute("CREATE TABLE t (id INT PRIMARY KEY)")
        connection = minidb.connect(database=database)
        connection.cursor().execute("INSERT INTO t VALUES (1)")
        assert database.locks()
        del connection
        assert database.locks() == []


def test_one_collected_while_the_latch_is_held_is_closed_by_the_next_session() -> None:
    with minidb.Database() as database:
        database.session().execute("CREATE TABLE t (id INT PRIMARY KEY)")
        connection = minidb.connect(database=database)
        connection.cursor().execute("INSERT INTO t VALUES (1)")
        with database.scheduler.latch:
            del connection  # as the collector may do in the middle of an operation
        assert database.locks()
        database.session()
        assert database.locks() == []
