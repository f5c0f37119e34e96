"""What the backup tests share: a small database on a simulated disk whose every acknowledged state is noted, and a backup of it
that is made one step at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from minidb.backup.backup import finish_copy
from minidb.backup.copying import Copying
from minidb.backup.target import Target
from minidb.database import Database
from minidb.scheduler import StepScheduler
from minidb.storage.fault_file import Event, FaultFileSystem
from tests.crash.crash_kit import State, open_database, orphans, state_of

Action = Callable[["World"], None]


class TickingFileSystem(FaultFileSystem):
    """Calls `tick` after each change of the disk, and in the middle of each write."""

    def __init__(self) -> None:
        super().__init__()
        self.tick: Action | None = None
        self.world: World

    def happen(self, event: Event) -> None:
        if self.tick is not None and event.kind == "write" and len(event.data) > 1:
            self.image.apply(event._replace(data=event.data[: len(event.data) // 2]))
            self.tick(self.world)
        super().happen(event)
        if self.tick is not None:
            self.tick(self.world)


class World:
    """states: after each acknowledged action, the first one before any."""

    def __init__(self, pool_pages: int | None = 12, fs: FaultFileSystem | None = None) -> None:
        self.fs = FaultFileSystem() if fs is None else fs
        self.database = open_database(self.fs, pool_pages)
        self.sessions = {name: self.database.session(name) for name in "AB"}
        self.states: list[State] = []

    def note(self) -> None:
        self.states.append(state_of(self.database))

    @property
    def durable(self) -> int:
        """How far the log is in its files."""
        assert self.database.durable is not None
        return self.database.durable.redo.durable


def sql(text: str, who: str = "A") -> Action:
    return lambda world: (world.sessions[who].execute(text), None)[1]


class Running:
    """A backup of `world` that is under way; begun: number of states acknowledged when it began."""

    def __init__(self, world: World, at_once: int = 1) -> None:
        self.world = world
        self.target = Target(FaultFileSystem())
        self.copying = Copying(world.fs, self.target.work, at_once=at_once)
        self._steps: Iterator[None] = self.copying.steps()
        self.begun = len(world.states)
        self.count = 0
        self.done = False
        self.seen: list[int] = []  # how far the log was durable before each step

    def step(self, times: int = 1) -> None:
        for _ in range(times):
            if not self.done:
                self.seen.append(self.world.durable)
                self.done = next(self._steps, "end") == "end"
                self.count += 1

    def finish(self, where: str, prepared: bool = True) -> Database:
        """Copy what is left; the backup has to hold one of the states since it began, and be sound.  The database in it."""
        while not self.done:
            self.step()
        assert self.copying.log.end >= self.seen[-2], f"{where}: the log was not read to its end at last"
        allowed = self.world.states[self.begun - 1 :]
        finish_copy(self.copying, self.target, prepared, 30, StepScheduler())
        fs = self.target.fs
        assert isinstance(fs, FaultFileSystem)
        database = open_database(FaultFileSystem(fs.platter().outcome([], 0)), 12)
        if prepared:
            assert database.recovered == [], where
        found = state_of(database)
        assert found in allowed, f"{where}: {database.recovered}\nfound {found}\nallowed {allowed}"
        database.purge()
        assert database.check() == [], where
        assert not orphans(database), where
        names = {"ibdata1", "ib_logfile0", "ib_logfile1", "minidb.dictionary", *database.dictionary.databases()}
        assert sorted(fs.listdir("")) == sorted(names | ({"ib_doublewrite"} if prepared else set())), where
        return database
