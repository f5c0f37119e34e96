"""What the crash tests share: a database on a simulated disk, a workload whose every commit is noted, the comparison afterwards.

The workload runs once and leaves a list of events (writes, syncs, names) with marks between them: "ack n" after the n-th commit
(or definition) was acknowledged.  A crash between two events may leave the state after the last acknowledged commit, or after the
one that was being made; nothing else, and never half of one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from minidb.database import Database
from minidb.errors import Error
from minidb.scheduler import StepScheduler
from minidb.session import Session
from minidb.storage.fault_file import FaultFileSystem
from minidb.storage.platter import Bound, Choice, Image, Platter

LOG_BYTES = 1 << 16
Rows = list[tuple[Any, ...]]
State = dict[str, tuple[tuple[str, ...], Rows]]
Log = dict[str, list[Rows]]  # of each MyISAM table, what it held after each statement


def open_database(fs: FaultFileSystem, pool_pages: int | None = None) -> Database:
    """Small pages where everything is in memory, fuller ones (worth tearing) where the pool is small; small batches, so that
    checkpoints leave dirty pages behind."""
    database = Database("disk", scheduler=StepScheduler(), file_system=fs, log_bytes=LOG_BYTES, buffer_pool_pages=pool_pages,
                        leaf_capacity=6 if pool_pages is None else 30)
    assert database.durable is not None
    database.durable.writer.batch = 4
    return database


def state_of(database: Database) -> State:
    """Every InnoDB table: its columns and indexes by name, and its rows."""
    found: State = {}
    session = database.session()
    for tdef in database.dictionary.all_tables():
        if tdef.engine == "InnoDB":
            rows = session.execute(f"SELECT * FROM `{tdef.db}`.`{tdef.name}`").rows or []
            names = (*(c.name for c in tdef.columns), *sorted(i.name for i in tdef.indexes))
            found[f"{tdef.db}.{tdef.name}"] = names, sorted(rows, key=repr)
    session.close()
    return found


class Play:
    """A running workload.  states: after each acknowledged commit, the first one before any.  log: of the MyISAM tables."""

    def __init__(self, fs: FaultFileSystem, database: Database) -> None:
        self.fs = fs
        self.database = database
        self.sessions: dict[str, Session] = {}
        self.states = [state_of(database)]
        self.log: Log = {name: [rows] for name, rows in myisam_rows(database).items() if rows is not None}
        fs.mark("ack 0")

    def __call__(self, who: str, text: str) -> None:
        """A statement that commits nothing, inside somebody's transaction."""
        if who not in self.sessions:
            self.sessions[who] = self.database.session(who)
        self.sessions[who].execute(text)

    def clean(self) -> None:
        """Let the page cleaner work if it was called."""
        scheduler = self.database.scheduler
        assert isinstance(scheduler, StepScheduler)
        if "page-cleaner" in scheduler.poked:
            scheduler.step_worker("page-cleaner")

    def commit(self, who: str, text: str = "COMMIT") -> None:
        """A statement that commits."""
        self(who, text)
        self.acknowledge()

    def acknowledge(self) -> None:
        """What is committed now has been acknowledged."""
        self.clean()
        self.fs.mark(f"ack {len(self.states)}")
        self.states.append(state_of(self.database))
        for name, rows in myisam_rows(self.database).items():
            assert rows is not None
            self.log.setdefault(name, [[]]).append(rows)


class Crash(NamedTuple):
    """A power cut behind event `position`, when `acknowledged` commits had been acknowledged, that left `choice` of `platter`."""

    position: int
    acknowledged: int
    choice: Choice
    platter: Platter

    def image(self) -> Image:
        """The disk afterwards.  Only until the next crash is taken from the iterator."""
        return self.platter.outcome(self.choice.data, self.choice.names)


def crash_points(fs: FaultFileSystem, rng: random.Random, bound: Bound = Bound(), start: int = 0) -> Iterator[Crash]:
    """Every place of a crash from event `start` on (writes, syncs, changes of names), in every loss up to `bound`."""
    platter = Platter(fs.base)
    acknowledged = 0
    for position, event in enumerate(fs.events):
        platter.replay(event)
        if event.kind == "mark":
            acknowledged = int(event.path.removeprefix("ack "))
        elif position >= start:
            for choice in platter.choices(bound, rng):
                yield Crash(position, acknowledged, choice, platter)


def crashes(fs: FaultFileSystem, rng: random.Random, extra: int = 1, start: int = 0,
            stride: int = 1) -> Iterator[tuple[int, int, str, Image]]:
    """(position, commits acknowledged before it, loss, disk) at one place in `stride`, in few losses, `extra` of them random."""
    for crash in crash_points(fs, rng, Bound(subset=2, singles=False, tears=0, random=extra), start):
        if crash.position % stride == 0:
            yield crash.position, crash.acknowledged, crash.choice.text, crash.image()


def first_mark(fs: FaultFileSystem) -> int:
    """Where the workload begins, behind the creation of the database."""
    return next(i for i, event in enumerate(fs.events) if event.kind == "mark")


def recovered(image: Image, where: str, again: bool = False, pool_pages: int | None = None, log: Log | None = None) -> State:
    """Recover `image` and verify that everything is sound; what was found.  again: also work on, close and open.  log: what the
    MyISAM tables may hold (a table may also be marked as crashed)."""
    database = open_database(FaultFileSystem(image), pool_pages)
    found = state_of(database)
    database.purge()
    problems = [*database.dictionary.check(), *innodb_problems(database)]
    assert problems == [], f"{where}: {problems} {database.recovered}"
    assert not orphans(database), f"{where}: {orphans(database)}"
    for name, rows in myisam_rows(database).items():
        assert log is None or rows is None or rows in log[name], f"{where}: {name} {rows}"
    if again:
        work_on(database, where, pool_pages)
    return found


def innodb_problems(database: Database) -> list[str]:
    """What is wrong with InnoDB tables."""
    return [f"{tdef.name}: {text}" for tdef in database.dictionary.all_tables() if tdef.engine == "InnoDB"
            for text in database.open_table(tdef.db, tdef.name).check(extended=True).messages]


def myisam_rows(database: Database) -> dict[str, Rows | None]:
    """The rows of every MyISAM table; None: it is marked as crashed, or damaged."""
    found: dict[str, Rows | None] = {}
    session = database.session()
    for tdef in database.dictionary.all_tables():
        if tdef.engine == "MyISAM":
            try:
                found[tdef.name] = sorted(session.execute(f"SELECT * FROM `{tdef.db}`.`{tdef.name}`").rows or [], key=repr)
            except Error as error:
                assert error.code in (1194, 1877, 1034), repr(error)
                found[tdef.name] = None
    session.close()
    return found


def work_on(database: Database, where: str, pool_pages: int | None) -> None:
    """A recovered database works: tables can be made, filled, repaired, and are there after a clean shutdown."""
    session = database.session()
    session.execute("CREATE TABLE after_crash (a INT PRIMARY KEY, b TEXT)")
    session.execute("INSERT INTO after_crash VALUES (1, REPEAT('x', 20000)), (2, 'y')")
    for name, rows in myisam_rows(database).items():
        if rows is None:
            session.execute(f"REPAIR TABLE {name}")
            assert session.execute(f"CHECK TABLE {name} EXTENDED").rows[-1][2:] == ("status", "OK"), where  # type: ignore[index]
    expected = state_of(database), myisam_rows(database)
    database.close()
    assert isinstance(database.fs, FaultFileSystem)
    database = open_database(FaultFileSystem(database.fs.image), pool_pages)
    assert database.recovered == [], where
    assert (state_of(database), myisam_rows(database)) == expected, where
    assert database.check() == [], where
    database.close()


class Explorer:
    """Recovers crash points of one workload.  points: how many; known: what was found on each distinct disk, by its digest."""

    def __init__(self, states: list[State], pool_pages: int | None = None, log: Log | None = None) -> None:
        self.states = states
        self.pool_pages = pool_pages
        self.log = log
        self.points = 0
        self.known: dict[bytes, State] = {}

    def visit(self, crash: Crash, where: str) -> None:
        """Recover it: the state after the last acknowledged commit is found, or the one that was being made.  Every 20th
        distinct disk is worked on afterwards."""
        self.points += 1
        where = f"{where}, event {crash.position}, {crash.choice.text}"
        image = crash.image()
        digest = image.digest()
        found = self.known.get(digest)
        if found is None:
            found = self.known[digest] = recovered(image, where, len(self.known) % 20 == 0, self.pool_pages, self.log)
        allowed = self.states[crash.acknowledged : crash.acknowledged + 2]
        assert found in allowed, f"{where}\n{difference(found, allowed[0])}"


def difference(found: State, wanted: State) -> str:
    """The tables that differ, for people."""
    names = sorted({*found, *wanted})
    return "\n".join(f"{n}: found {found.get(n)}\n   wanted {wanted.get(n)}" for n in names if found.get(n) != wanted.get(n))


def orphans(database: Database) -> list[str]:
    """Table files that belong to no definition."""
    from minidb.statements.table_files import EXTENSIONS, files_of

    known = {path for tdef in database.dictionary.all_tables() for path in files_of(tdef)}
    names = database.fs.image.names if isinstance(database.fs, FaultFileSystem) else {}
    return [path for path in names if path.endswith(EXTENSIONS) and path not in known]


def record(workload: Callable[[Play], None], pool_pages: int | None = None) -> tuple[FaultFileSystem, Play]:
    """Run a workload from a new database on; the disk with its events, and what was played."""
    fs = FaultFileSystem()
    database = open_database(fs, pool_pages)
    play = Play(fs, database)
    workload(play)
    return fs, play
