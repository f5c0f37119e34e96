"""MyISAM has no recovery, by design: a table that was being changed when the power went is marked as crashed, REPAIR rebuilds it,
and a table at rest is whole."""

from __future__ import annotations

import random

from minidb.errors import Error
from minidb.storage.fault_file import FaultFileSystem
from tests.crash.crash_kit import crashes, open_database


def test_a_crash_is_always_noticed_and_can_be_repaired() -> None:
    fs = FaultFileSystem()
    database = open_database(fs)
    session = database.session()
    session.execute("CREATE TABLE rest (id INT PRIMARY KEY, s VARCHAR(30)) ENGINE=MyISAM")
    session.execute("INSERT INTO rest VALUES (1, 'a'), (2, 'b')")
    session.execute("CREATE TABLE busy (id INT PRIMARY KEY, s VARCHAR(30), KEY (s)) ENGINE=MyISAM")
    session.execute("CREATE TABLE inno (id INT PRIMARY KEY)")
    session.execute("FLUSH TABLES")
    start = len(fs.events)
    history = [[]]
    for i in range(40):
        session.execute(f"INSERT INTO busy VALUES ({i}, 's{i}')")
        history.append([(n, f"s{n}") for n in range(i + 1)])
        if i % 10 == 9:
            session.execute("FLUSH TABLES")
        if i % 4 == 0:
            session.execute(f"INSERT INTO inno VALUES ({i})")
    whole = marked = 0
    fs.events = [event for event in fs.events if event.kind != "mark"]
    for number, (_, _, _, image) in enumerate(crashes(fs, random.Random(2), 1, start)):
        if number % 3:
            continue
        after = open_database(FaultFileSystem(image))
        again = after.session()
        assert again.execute("SELECT * FROM rest").rows == [(1, "a"), (2, "b")]
        try:
            rows = again.execute("SELECT * FROM busy").rows
            assert rows in history
            whole += 1
        except Error as error:
            assert error.code in (1194, 1877), repr(error)
            marked += 1
            assert again.execute("REPAIR TABLE busy").rows[-1][2:] == ("status", "OK")  # type: ignore[index]
            assert again.execute("SELECT * FROM busy").rows in history
            assert again.execute("CHECK TABLE busy").rows[-1][2:] == ("status", "OK")  # type: ignore[index]
        assert again.execute("INSERT INTO busy VALUES (1000, 'new')").affected == 1
    assert whole > 3 and marked > 10
