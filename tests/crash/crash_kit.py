"""What the crash tests share: a database on a simulated disk, a workload whose every commit is noted, the comparison afterwards.

The workload runs once and leaves a list of events (writes, syncs, names) with marks between them: "ack n" after the n-th commit
(or definition) was acknowledged.  A crash between two events may leave the state after the last acknowledged commit, or after the
one that was being made; nothing else, and never half of one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from minidb.database import Database
from minidb.scheduler import StepScheduler
from minidb.session import Session
from minidb.storage.fault_file import Event, FaultFileSystem, Image, Platter

LOG_BYTES = 1 << 16
State = dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]]


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
    """A running workload.  states: after each acknowledged commit, the first one before any."""

    def __init__(self, fs: FaultFileSystem, database: Database) -> None:
        self.fs = fs
        self.database = database
        self.sessions: dict[str, Session] = {}
        self.states = [state_of(database)]
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
        self.clean()
        self.fs.mark(f"ack {len(self.states)}")
        self.states.append(state_of(self.database))


def crashes(fs: FaultFileSystem, rng: random.Random, extra: int = 1, start: int = 0,
            stride: int = 1) -> Iterator[tuple[int, int, str, Image]]:
    """(position, commits acknowledged before it, variant, disk) for every place of a crash, from event `start` on."""
    platter = Platter(fs.base)
    acknowledged = 0
    for position, event in enumerate(fs.events):
        platter.replay(event)
        if event.kind == "mark":
            acknowledged = int(event.path.removeprefix("ack "))
        elif position >= start and position % stride == 0:
            for variant, image in platter.variants(rng, extra):
                yield position, acknowledged, variant, image


def first_mark(fs: FaultFileSystem) -> int:
    """Where the workload begins, behind the creation of the database."""
    return next(i for i, event in enumerate(fs.events) if event.kind == "mark")


def recovered(image: Image, states: list[State], acknowledged: int, where: str, again: bool = False,
              pool_pages: int | None = None) -> FaultFileSystem:
    """Recover `image` and verify everything; with `again` also work on, close and open."""
    fs = FaultFileSystem(image)
    database = open_database(fs, pool_pages)
    found = state_of(database)
    allowed = states[acknowledged : acknowledged + 2]
    assert found in allowed, f"{where}: {database.recovered}\n{difference(found, allowed[0])}"
    database.purge()
    problems = database.check()
    assert problems == [], f"{where}: {problems} {database.recovered}"
    assert not orphans(database), f"{where}: {orphans(database)}"
    if again:
        session = database.session()
        session.execute("CREATE TABLE after_crash (a INT PRIMARY KEY, b TEXT)")
        session.execute("INSERT INTO after_crash VALUES (1, REPEAT('x', 20000)), (2, 'y')")
        expected = state_of(database)
        database.close()
        database = open_database(FaultFileSystem(fs.image))
        assert database.recovered == [], where
        assert state_of(database) == expected, where
        database.close()
    return fs


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


def record(workload: Callable[[Play], None], pool_pages: int | None = None) -> tuple[FaultFileSystem, list[State]]:
    """Run a workload from a new database on; the disk with its events, and the states."""
    fs = FaultFileSystem()
    database = open_database(fs, pool_pages)
    play = Play(fs, database)
    workload(play)
    return fs, play.states


def events_of(fs: FaultFileSystem) -> list[Event]:
    return [event for event in fs.events if event.kind != "mark"]
