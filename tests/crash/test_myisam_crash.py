"""MyISAM has no recovery, by design: a table that was being changed when the process died is marked as crashed, REPAIR rebuilds it
from the data file, and a table at rest is whole.

A killed process loses no finished statement, for what it wrote stays with the operating system.  A power cut may lose what was
written since the last flush; then REPAIR finds rows that once were.  Only a row over the border of two pages may come back with an
end that is older than its beginning, or younger, as in a real MyISAM table without row checksums.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from minidb.database import Database
from minidb.errors import Error
from minidb.session import Session
from minidb.storage.fault_file import Event, FaultFileSystem, Image
from tests.crash.crash_kit import crashes, open_database

Rows = list[tuple[int, int, str]]
FIXED, DYNAMIC = "CHAR(60)", "VARCHAR(9000)"
KERNEL_PAGE = 4096  # a killed write ends at such a border


class Work:
    """A table that is changed by all kinds of statements.  states: its rows before the first statement and after each one.
    inserts: numbers of the statements that only add rows."""

    def __init__(self, kind: str) -> None:
        self.fs = FaultFileSystem()
        self.database = open_database(self.fs)
        self.session = self.database.session()
        self.session.execute("CREATE TABLE rest (id INT PRIMARY KEY, s VARCHAR(30)) ENGINE=MyISAM")
        self.session.execute("INSERT INTO rest VALUES (1, 'a'), (2, 'b')")
        self.session.execute(f"CREATE TABLE busy (id INT PRIMARY KEY, v INT, s {kind}, KEY (v)) ENGINE=MyISAM")
        self.session.execute("FLUSH TABLES")
        self.start = len(self.fs.events)
        self.states: list[Rows] = [[]]
        self.inserts: set[int] = set()
        self.fs.mark("ack 0")

    def run(self, text: str, fails: int = 0) -> None:
        """One statement; fails: the error that it ends with, some rows changed."""
        if text.startswith("INSERT"):
            self.inserts.add(len(self.states))
        try:
            self.session.execute(text)
            assert not fails
        except Error as error:
            assert error.code == fails, text
        self.fs.mark(f"ack {len(self.states)}")
        self.states.append(rows_of(self.session))


def rows_of(session: Session) -> Rows:
    return sorted(session.execute("SELECT id, v, s FROM busy").rows or [])  # type: ignore[arg-type]


def text(key: int, version: int, kind: str) -> str:
    """A value that shows where it comes from in every place; rows of the dynamic table go over the borders of pages."""
    one = f"<{key}.{version}>"
    return one * (1 if kind == FIXED else 1 + key * 37 % 900)


def play(kind: str) -> Work:
    work = Work(kind)
    run = work.run
    for i in range(26):
        run(f"INSERT INTO busy VALUES ({i}, 0, '{text(i, 0, kind)}')")
        if i % 4 == 3:
            work.session.execute("FLUSH TABLES")
    run(f"INSERT INTO busy VALUES (30, 0, '{text(30, 0, kind)}'), (31, 0, '{text(31, 0, kind)}'), (3, 0, 'again')", 1062)
    for i in range(0, 26, 2):
        run(f"UPDATE busy SET v = {i % 5}, s = '{text(i, 1, kind)}' WHERE id = {i}")
    run("DELETE FROM busy WHERE id % 3 = 1")
    run("LOCK TABLES busy WRITE")
    for i in range(40, 52):
        run(f"INSERT INTO busy VALUES ({i}, 0, '{text(i, 2, kind)}')")
    run("UPDATE busy SET id = id + 1 WHERE v = 0 ORDER BY id LIMIT 8", 1062)
    run("UNLOCK TABLES")
    run("INSERT INTO busy VALUES " + ",".join(f"({i}, 9, '{text(i, 3, kind)}')" for i in range(60, 90)))
    run("UPDATE busy SET v = v + 1")
    run("DELETE FROM busy WHERE id > 70")
    for i in range(90, 94):
        run(f"REPLACE INTO busy VALUES ({i - 85}, 7, '{text(i, 4, kind)}')")
    run("DELETE FROM busy")
    run(f"INSERT INTO busy VALUES (1, 1, '{text(1, 5, kind)}')")
    return work


def killed(work: Work, rng: random.Random) -> Iterator[tuple[int, int, Image]]:
    """(position, statements finished, disk) of a process killed at every event: all that it wrote is there, of a write that it was
    in the middle of, some pages of the kernel."""
    image = work.fs.base.copy()
    finished = 0
    for position, event in enumerate(work.fs.events):
        if event.kind == "mark":
            finished = int(event.path.removeprefix("ack "))
        elif position >= work.start and event.kind == "write" and len(event.data) > KERNEL_PAGE:
            part = image.copy()
            part.apply(cut_short(event, rng))
            yield position, finished, part
        image.apply(event)
        if position >= work.start and event.kind in ("write", "truncate"):
            yield position, finished, image.copy()


def cut_short(event: Event, rng: random.Random) -> Event:
    first = KERNEL_PAGE - event.offset % KERNEL_PAGE
    stop = first + KERNEL_PAGE * rng.randrange((len(event.data) - first) // KERNEL_PAGE + 1)
    return event._replace(data=event.data[: min(stop, len(event.data) - 1)])


def repaired(image: Image) -> tuple[Database, Session, Rows, bool]:
    """(database, session, rows, whether it had to be repaired) after the start on `image`."""
    database = open_database(FaultFileSystem(image))
    session = database.session()
    assert session.execute("SELECT * FROM rest").rows == [(1, "a"), (2, "b")]
    try:
        return database, session, rows_of(session), False
    except Error as error:
        assert error.code in (1194, 1877), repr(error)
    assert session.execute("REPAIR TABLE busy").rows[-1][2:] == ("status", "OK")  # type: ignore[index]
    rows = rows_of(session)
    assert session.execute("CHECK TABLE busy EXTENDED").rows[-1][2:] == ("status", "OK")  # type: ignore[index]
    return database, session, rows, True


@pytest.mark.parametrize("kind", [FIXED, DYNAMIC])
def test_a_killed_process_loses_no_finished_statement(kind: str) -> None:
    work = play(kind)
    points = marked = half = 0
    for position, finished, image in killed(work, random.Random(5)):
        _, _, rows, repair = repaired(image)
        before, after = work.states[finished], work.states[min(finished + 1, len(work.states) - 1)]
        if rows not in (before, after):
            assert finished + 1 in work.inserts, f"event {position}, after statement {finished}"
            assert set(before) <= set(rows) <= set(after), f"event {position}, after statement {finished}"
            half += 1
        points, marked = points + 1, marked + repair
    print(f"{points} places to be killed at, {marked} repairs, {half} half statements")
    assert marked > 100


def begins(row: tuple[int, int, str], ever: set[tuple[int, int, str]]) -> bool:
    """Whether the row begins like one that once was."""
    return any(row[:2] == once[:2] and row[2][:5] == once[2][:5] for once in ever)


@pytest.mark.parametrize("kind", [FIXED, DYNAMIC])
def test_a_power_cut_is_always_noticed_and_leaves_only_what_once_was(kind: str) -> None:
    work = play(kind)
    ever = {row for state in work.states for row in state}
    whole = marked = mixed = 0
    for number, (position, _, variant, image) in enumerate(crashes(work.fs, random.Random(2), 1, work.start)):
        if number % 5:
            continue
        _, session, rows, repair = repaired(image)
        if repair:
            strange = [row for row in rows if row not in ever]
            assert not strange or kind == DYNAMIC, f"event {position}, {variant}"
            assert all(begins(row, ever) for row in strange), f"event {position}, {variant}"
            mixed += len(strange)
            marked += 1
        else:
            assert rows in work.states, f"event {position}, {variant}"
            whole += 1
        assert session.execute("INSERT INTO busy VALUES (1000, 1, 'new')").affected == 1
    print(f"{whole} tables at rest, {marked} repairs, {mixed} rows over a border half old")
    assert mixed <= marked
    assert whole > 2 and marked > 50


def test_a_full_disk_fails_the_statement_which_is_handed_over_with_the_next() -> None:
    work = Work(DYNAMIC)
    work.run(f"INSERT INTO busy VALUES (1, 1, '{text(1, 0, DYNAMIC)}')")
    work.fs.room["test/busy.MYD"] = 16384
    work.run("INSERT INTO busy VALUES (2, 2, 'no room for its after-image')", 1114)
    assert [row[0] for row in work.states[-1]] == [1, 2]  # nothing is taken back in MyISAM
    del work.fs.room["test/busy.MYD"]
    work.session = work.database.session("another")
    work.run("INSERT INTO busy VALUES (3, 3, 'room again')")
    _, _, rows, repair = repaired(work.fs.image.copy())
    assert repair and rows == work.states[-1]
