"""A simulated disk: files in memory that a power cut treats as badly as the rules of disks allow, and calls that fail on demand.

Every change is an `Event`.  A `Platter` replays events and knows, at each moment, what is on the disk for certain and what is not:

* a write or truncation is certain once its file has been synced;
* a creation, removal or rename is certain once its directory has been synced; names change in order, but any number of the last
  changes may be missing, whatever happened to the data;
* of the writes that are not certain any subset may have happened, in any order, each one torn at borders of 512 bytes or 4 KiB.

A file system that *lies* reports syncs that never happened.  A `Fault` makes the n-th call fail.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from minidb.storage.file import File, FileSystem, Lock, MemoryLock, locked_error

SECTORS = (512, 4096)
DATA_KINDS = frozenset(("write", "truncate"))
NAME_KINDS = frozenset(("create", "remove", "rename", "mkdir", "rmdir"))


class Chance(Protocol):
    """What a generator of random numbers offers (`Scheduler.random`, or a test's own)."""

    def random(self) -> float: ...

    def randint(self, a: int, b: int) -> int: ...

    def randrange(self, stop: int, /) -> int: ...


class Event(NamedTuple):
    """One thing that happened to the disk.  inode: the file's number.  offset: of a write, or the size after a truncation.
    'mark' events are the test's own notes (`path` holds the text)."""

    kind: str
    path: str = ""
    inode: int = 0
    offset: int = 0
    data: bytes = b""
    target: str = ""


class Fault(NamedTuple):
    """Call number `at` (from 1) among those of `kinds` (empty: all) raises OSError(number); with for_good all later ones too.
    short: a failing write writes half of its bytes first."""

    at: int
    number: int = errno.EIO
    for_good: bool = False
    short: bool = False
    kinds: frozenset[str] = frozenset()


class Image:
    """The content of a disk: files by inode, names, directories."""

    __slots__ = ("directories", "files", "names")

    def __init__(self) -> None:
        self.files: dict[int, bytearray] = {}
        self.names: dict[str, int] = {}
        self.directories: set[str] = {""}

    def copy(self) -> Image:
        """An independent copy."""
        made = Image()
        made.files = {inode: bytearray(data) for inode, data in self.files.items()}
        made.names = dict(self.names)
        made.directories = set(self.directories)
        return made

    def apply(self, event: Event) -> None:
        """Let `event` happen.  Events on things that are not there do nothing."""
        kind = event.kind
        if kind == "write":
            data = self.files.setdefault(event.inode, bytearray())
            if event.offset > len(data):
                data.extend(bytes(event.offset - len(data)))
            data[event.offset : event.offset + len(event.data)] = event.data
        elif kind == "truncate":
            data = self.files.setdefault(event.inode, bytearray())
            del data[event.offset :]
            data.extend(bytes(event.offset - len(data)))
        elif kind == "create":
            self.files.setdefault(event.inode, bytearray())
            self.names[event.path] = event.inode
        elif kind == "remove":
            self.names.pop(event.path, None)
        elif kind == "rename":
            inode = self.names.pop(event.path, None)
            if inode is not None:
                self.names[event.target] = inode
        elif kind == "mkdir":
            self.directories.add(event.path)
        elif kind == "rmdir":
            self.directories.discard(event.path)


def directory_of(path: str) -> str:
    """The directory that holds `path`."""
    return path.rpartition("/")[0]


class Platter:
    """Replays events; see the module's rules.  certain: what survives in any case.  data, names: what may be lost, in order."""

    def __init__(self, image: Image) -> None:
        self.certain = image.copy()
        self.data: list[Event] = []
        self.names: list[Event] = []

    def replay(self, event: Event) -> None:
        """Let `event` happen to the disk."""
        kind = event.kind
        if kind in DATA_KINDS:
            self.data.append(event)
        elif kind in NAME_KINDS:
            self.names.append(event)
        elif kind == "sync":
            kept = []
            for waiting in self.data:
                if waiting.inode == event.inode:
                    self.certain.apply(waiting)
                else:
                    kept.append(waiting)
            self.data = kept
        elif kind == "sync_dir":
            self._settle(event.path)

    def _settle(self, directory: str) -> None:
        """Names in `directory` are certain now; what happened before to other directories is as well (names change in order)."""
        last = 0
        for i, event in enumerate(self.names, 1):
            if directory in (directory_of(event.path), directory_of(event.target or event.path)):
                last = i
        for event in self.names[:last]:
            self.certain.apply(event)
        del self.names[:last]

    # ---- what a power cut may leave
    def outcome(self, data: list[Event], names: int) -> Image:
        """The disk if exactly `data` of the uncertain writes and the first `names` uncertain name changes happened."""
        image = self.certain.copy()
        for event in data:
            image.apply(event)
        for event in self.names[:names]:
            image.apply(event)
        return image

    def variants(self, rng: Chance, extra: int = 1) -> Iterator[tuple[str, Image]]:
        """(description, disk) of a bounded choice: everything happened, nothing did, the last write is missing, torn, or the only
        one; then `extra` random subsets."""
        data, names = self.data, len(self.names)
        yield "all", self.outcome(data, names)
        if not data and not names:
            return
        yield "none", self.outcome([], 0)
        if names:
            yield "names only", self.outcome([], names)
            if data:
                yield "data only", self.outcome(data, 0)
        if data:
            yield "last torn", self.outcome([*data[:-1], *torn(data[-1], rng)], names)
        if len(data) > 1:
            yield "last lost", self.outcome(data[:-1], names)
            yield "only last", self.outcome(data[-1:], names)
            for i in range(extra):
                yield f"random {i}", self.outcome(self._some(rng), rng.randint(0, names))

    def _some(self, rng: Chance) -> list[Event]:
        """A random subset of the uncertain writes, some of them torn."""
        found: list[Event] = []
        for event in self.data:
            chance = rng.random()
            if chance < 0.4:
                found.append(event)
            elif chance < 0.7:
                found += torn(event, rng)
        return found


def torn(event: Event, rng: Chance) -> list[Event]:
    """Pieces of a write, cut at sector borders, of which some are missing."""
    if event.kind != "write":
        return []
    sector = SECTORS[rng.randrange(len(SECTORS))]
    pieces: list[Event] = []
    start = event.offset
    end = start + len(event.data)
    while start < end:
        stop = min(end, (start // sector + 1) * sector)
        if rng.random() < 0.5:
            pieces.append(event._replace(offset=start, data=event.data[start - event.offset : stop - event.offset]))
        start = stop
    return pieces


class FaultFile(File):
    """An open file of a `FaultFileSystem`."""

    __slots__ = ("_fs", "inode", "name")

    def __init__(self, fs: FaultFileSystem, name: str, inode: int) -> None:
        self._fs = fs
        self.name = name
        self.inode = inode

    def read_at(self, offset: int, size: int) -> bytes:
        self._fs.call("read")
        return bytes(self._fs.image.files[self.inode][offset : offset + size])

    def write_at(self, offset: int, data: bytes) -> None:
        event = Event("write", self.name, self.inode, offset, bytes(data))
        if offset + len(data) > self._fs.room.get(self.name, 1 << 62):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        try:
            self._fs.call("write")
        except OSError:
            if self._fs.fault is not None and self._fs.fault.short:
                self._fs.happen(event._replace(data=event.data[: len(data) // 2]))
            raise
        self._fs.happen(event)

    def sync(self) -> None:
        self._fs.call("sync")
        if not self._fs.lying:
            self._fs.happen(Event("sync", self.name, self.inode))

    def size(self) -> int:
        return len(self._fs.image.files[self.inode])

    def truncate(self, size: int) -> None:
        self._fs.call("truncate")
        self._fs.happen(Event("truncate", self.name, self.inode, size))

    def close(self) -> None:
        """Closing a file makes nothing durable."""


class FaultFileSystem(FileSystem):
    """A disk in memory.  image: what a running program sees.  base: what it was at the beginning.  events: what happened since.
    lying: syncs of files do nothing.  fault: what fails; calls: how many calls of its kinds were made since it was set.
    room: bytes to which files of these names may grow (ENOSPC beyond)."""

    persistent = True

    def __init__(self, image: Image | None = None) -> None:
        self.base = Image() if image is None else image
        self.image = self.base.copy()
        self.events: list[Event] = []
        self.lying = False
        self.fault: Fault | None = None
        self.calls = 0
        self.room: dict[str, int] = {}
        self._next_inode = max(self.image.files, default=0) + 1
        self._locks: set[str] = set()

    # ---- what tests do
    def fail(self, fault: Fault | None) -> None:
        """Make calls fail from now on as `fault` says; None: no more failures."""
        self.fault = fault
        self.calls = 0

    def mark(self, text: str) -> None:
        """Note `text` in the list of events."""
        self.events.append(Event("mark", text))

    def platter(self) -> Platter:
        """The disk as it would be after all events so far."""
        made = Platter(self.base)
        for event in self.events:
            made.replay(event)
        return made

    # ---- what files do
    def call(self, kind: str) -> None:
        """One call of `kind` is made; raises OSError if it is its turn to fail."""
        fault = self.fault
        if fault is None or (fault.kinds and kind not in fault.kinds):
            return
        self.calls += 1
        if self.calls == fault.at or (fault.for_good and self.calls > fault.at):
            raise OSError(fault.number, os.strerror(fault.number))

    def happen(self, event: Event) -> None:
        """Note `event` and let it show."""
        self.events.append(event)
        self.image.apply(event)

    # ---- FileSystem
    def _missing(self, path: str) -> FileNotFoundError:
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)

    def _parent(self, path: str) -> None:
        if directory_of(path) not in self.image.directories:
            raise self._missing(path)

    def open(self, path: str, create: bool = False) -> File:
        self.call("create" if create else "open")
        if not create:
            inode = self.image.names.get(path)
            if inode is None:
                raise self._missing(path)
            return FaultFile(self, path, inode)
        self._parent(path)
        if self.exists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        inode = self._next_inode
        self._next_inode += 1
        self.happen(Event("create", path, inode))
        return FaultFile(self, path, inode)

    def exists(self, path: str) -> bool:
        return path in self.image.names or path in self.image.directories

    def remove(self, path: str) -> None:
        self.call("remove")
        if path not in self.image.names:
            raise self._missing(path)
        self.happen(Event("remove", path))

    def rename(self, old: str, new: str) -> None:
        self.call("rename")
        if old not in self.image.names:
            raise self._missing(old)
        self._parent(new)
        self.happen(Event("rename", old, target=new))

    def listdir(self, path: str) -> list[str]:
        if path not in self.image.directories:
            raise self._missing(path)
        below = path + "/" if path else ""
        names = [*self.image.names, *(d for d in self.image.directories if d)]
        return sorted(n[len(below) :] for n in names if n.startswith(below) and "/" not in n[len(below) :])

    def mkdir(self, path: str) -> None:
        self.call("mkdir")
        self._parent(path)
        if self.exists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        self.happen(Event("mkdir", path))

    def rmdir(self, path: str) -> None:
        self.call("rmdir")
        if self.listdir(path):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), path)
        self.happen(Event("rmdir", path))

    def sync_dir(self, path: str) -> None:
        self.call("sync_dir")
        self.happen(Event("sync_dir", path))

    def lock(self, path: str) -> Lock:
        if path in self._locks:
            raise locked_error(f"'{path}' is in use by this process")
        self._locks.add(path)
        return MemoryLock(self._locks, path)

    def close(self) -> None:
        """The disk lives as long as the object."""
