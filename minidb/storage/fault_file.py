"""A simulated disk: files in memory that a power cut treats as badly as the rules of disks allow (`platter`), and calls that fail
on demand.

A `Fault` makes the n-th call fail.  `Misplacing`: the disk acknowledges the n-th write to some files and drops it, or puts it
elsewhere.  A file system that *lies* reports syncs that never happened.
"""

from __future__ import annotations

import errno
import os
from typing import NamedTuple

from minidb.storage.file import File, FileSystem, Lock, MemoryLock, locked_error
from minidb.storage.platter import Event, Image, Platter, directory_of


class Fault(NamedTuple):
    """Call number `at` (from 1) among those of `kinds` (empty: all) on files whose names end in `suffix` raises OSError(number);
    with for_good all later ones too.  short: a failing write writes half of its bytes first."""

    at: int
    number: int = errno.EIO
    for_good: bool = False
    short: bool = False
    kinds: frozenset[str] = frozenset()
    suffix: str = ""


class Misplacing(NamedTuple):
    """Write number `at` (from 1) among those to files whose names end in one of `suffixes` is acknowledged, but lost; or, where
    `shift` is not 0, lands so many bytes behind its place (before it, if negative; lost if that is before the file begins)."""

    at: int
    suffixes: tuple[str, ...]
    shift: int = 0


class FaultFile(File):
    """An open file of a `FaultFileSystem`."""

    __slots__ = ("_fs", "inode", "name")

    def __init__(self, fs: FaultFileSystem, name: str, inode: int) -> None:
        self._fs = fs
        self.name = name
        self.inode = inode

    def read_at(self, offset: int, size: int) -> bytes:
        self._fs.call("read", self.name)
        return bytes(memoryview(self._fs.image.files[self.inode])[offset : offset + size])

    def write_at(self, offset: int, data: bytes) -> None:
        event = Event("write", self.name, self.inode, offset, bytes(data))
        if offset + len(data) > self._fs.room.get(self.name, 1 << 62):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        try:
            self._fs.call("write", self.name)
        except OSError:
            if self._fs.fault is not None and self._fs.fault.short:
                self._fs.happen(event._replace(data=event.data[: len(data) // 2]))
            raise
        where = self._fs.lands_at(self.name, offset)
        if where is not None:
            self._fs.happen(event._replace(offset=where))

    def sync(self) -> None:
        self._fs.call("sync", self.name)
        if not self._fs.lying:
            self._fs.happen(Event("sync", self.name, self.inode))

    def size(self) -> int:
        return len(self._fs.image.files[self.inode])

    def truncate(self, size: int) -> None:
        self._fs.call("truncate", self.name)
        self._fs.happen(Event("truncate", self.name, self.inode, size))

    def close(self) -> None:
        """Closing a file makes nothing durable."""


class FaultFileSystem(FileSystem):
    """A disk in memory.  image: what a running program sees.  base: what it was at the beginning.  events: what happened since.
    lying: syncs of files do nothing.  fault: what fails; calls: how many calls of its kinds were made since it was set.
    misplacing: what is lost or lands elsewhere; writes: how many writes to its files were made since it was set.
    room: bytes to which files of these names may grow (ENOSPC beyond)."""

    persistent = True

    def __init__(self, image: Image | None = None) -> None:
        self.base = Image() if image is None else image
        self.image = self.base.copy()
        self.events: list[Event] = []
        self.lying = False
        self.fault: Fault | None = None
        self.calls = 0
        self.misplacing: Misplacing | None = None
        self.writes = 0
        self.room: dict[str, int] = {}
        self._next_inode = max(self.image.files, default=0) + 1
        self._locks: set[str] = set()

    # ---- what tests do
    def fail(self, fault: Fault | None) -> None:
        """Make calls fail from now on as `fault` says; None: no more failures."""
        self.fault = fault
        self.calls = 0

    def misplace(self, misplacing: Misplacing | None) -> None:
        """Lose or misplace a write to come; None: no more of that."""
        self.misplacing = misplacing
        self.writes = 0

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
    def call(self, kind: str, path: str) -> None:
        """One call of `kind` is made; raises OSError if it is its turn to fail."""
        fault = self.fault
        if fault is None or (fault.kinds and kind not in fault.kinds) or not path.endswith(fault.suffix):
            return
        self.calls += 1
        if self.calls == fault.at or (fault.for_good and self.calls > fault.at):
            raise OSError(fault.number, os.strerror(fault.number))

    def lands_at(self, name: str, offset: int) -> int | None:
        """Where a write to file `name` at `offset` really goes; None: nowhere."""
        misplacing = self.misplacing
        if misplacing is None or not name.endswith(misplacing.suffixes):
            return offset
        self.writes += 1
        if self.writes != misplacing.at:
            return offset
        elsewhere = offset + misplacing.shift
        return elsewhere if misplacing.shift and elsewhere >= 0 else None

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
        self.call("create" if create else "open", path)
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
        self.call("remove", path)
        if path not in self.image.names:
            raise self._missing(path)
        self.happen(Event("remove", path))

    def rename(self, old: str, new: str) -> None:
        self.call("rename", old)
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
        self.call("mkdir", path)
        self._parent(path)
        if self.exists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        self.happen(Event("mkdir", path))

    def rmdir(self, path: str) -> None:
        self.call("rmdir", path)
        if self.listdir(path):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), path)
        self.happen(Event("rmdir", path))

    def sync_dir(self, path: str) -> None:
        self.call("sync_dir", path)
        self.happen(Event("sync_dir", path))

    def lock(self, path: str) -> Lock:
        if path in self._locks:
            raise locked_error(f"'{path}' is in use by this process")
        self._locks.add(path)
        return MemoryLock(self._locks, path)

    def close(self) -> None:
        """The disk lives as long as the object."""
