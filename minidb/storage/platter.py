"""`Platter`: what a power cut may leave of what was written to a disk.

Every change is an `Event`.  A `Platter` replays events and knows, at each moment, what is on the disk for certain and what is not:

* a write or truncation is certain once its file has been synced;
* a creation, removal or rename is certain once its directory has been synced; names change in order, but any number of the last
  changes may be missing, whatever happened to the data;
* of the writes that are not certain any subset may have happened, in any order, each one torn at borders of 512 bytes or 4 KiB.

`choices` enumerates them up to a `Bound`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple, Protocol

SECTOR, BLOCK = 512, 4096
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


class Image:
    """The content of a disk: files by inode, names, directories.  Copies share the bytes of a file until one of them changes it, so
    whoever changes bytes does it through `apply` or `own`."""

    __slots__ = ("_shared", "directories", "files", "names")

    def __init__(self) -> None:
        self.files: dict[int, bytearray] = {}
        self.names: dict[str, int] = {}
        self.directories: set[str] = {""}
        self._shared: set[int] = set()

    def copy(self) -> Image:
        """An independent copy."""
        made = Image()
        made.files = dict(self.files)
        made.names = dict(self.names)
        made.directories = set(self.directories)
        self._shared = set(self.files)
        made._shared = set(self.files)
        return made

    def own(self, inode: int) -> bytearray:
        """The bytes of a file, to be changed; made if need be."""
        data = self.files.get(inode)
        if data is None:
            data = self.files[inode] = bytearray()
        elif inode in self._shared:
            data = self.files[inode] = bytearray(data)
            self._shared.discard(inode)
        return data

    def apply(self, event: Event) -> None:
        """Let `event` happen.  Events on things that are not there do nothing."""
        kind = event.kind
        if kind == "write":
            data = self.own(event.inode)
            if event.offset > len(data):
                data.extend(bytes(event.offset - len(data)))
            data[event.offset : event.offset + len(event.data)] = event.data
        elif kind == "truncate":
            data = self.own(event.inode)
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

    def digest(self) -> bytes:
        """Equal for disks that a program cannot tell apart."""
        made = hashlib.sha1(repr((sorted(self.directories), sorted(self.names))).encode(), usedforsecurity=False)
        for _, inode in sorted(self.names.items()):
            data = self.files.get(inode, b"")
            made.update(len(data).to_bytes(8, "little"))
            made.update(data)
        return made.digest()


class Bound(NamedTuple):
    """How far `Platter.choices` goes.  Of the writes that are not certain: every subset of the last `subset` ones (all earlier ones
    having happened).  singles: every single one missing, and alone.  tears: so many of the last ones torn in each class of `tears`.
    random: that many further subsets, chosen at random and torn at random, each with some of the changes of names."""

    subset: int = 3
    singles: bool = True
    tears: int = 1
    random: int = 1


class Choice(NamedTuple):
    """One thing that a power cut may leave: exactly `data` of the uncertain writes, and the first `names` changes of names."""

    text: str
    data: list[Event]
    names: int


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

    def choices(self, bound: Bound, rng: Chance) -> Iterator[Choice]:
        """What a power cut may leave, up to `bound`, each once: everything; every number of changes of names with none and with all
        of the writes; then what `Bound` says."""
        seen: set[tuple[object, ...]] = set()
        for choice in self._choices(bound, rng):
            key = (choice.names, *((e.inode, e.offset, len(e.data), e.data[:16]) for e in choice.data))
            if key not in seen:
                seen.add(key)
                yield choice

    def _choices(self, bound: Bound, rng: Chance) -> Iterator[Choice]:
        data, names = self.data, len(self.names)
        yield Choice("all", data, names)
        for n in range(names + 1):
            yield Choice(f"no write, {n} name(s)", [], n)
            yield Choice(f"all writes, {n} name(s)", data, n)
        for chosen in _subsets(len(data), bound.subset):
            yield Choice(f"writes {chosen} of the last", [*data[: -bound.subset], *(data[i] for i in chosen)], names)
        for i in range(len(data) if bound.singles else 0):
            yield Choice(f"write {i} lost", [*data[:i], *data[i + 1 :]], names)
            yield Choice(f"write {i} alone", [data[i]], names)
        for i in range(len(data) - 1, max(-1, len(data) - 1 - bound.tears), -1):
            for kind, pieces in tears(data[i]):
                yield Choice(f"write {i} torn: {kind}", [*data[:i], *pieces, *data[i + 1 :]], names)
        if len(data) > 1:
            for i in range(bound.random):
                yield Choice(f"random {i}", self._some(rng), rng.randint(0, names))

    def variants(self, rng: Chance, bound: Bound = Bound()) -> Iterator[tuple[str, Image]]:
        """(description, disk) of every choice."""
        for choice in self.choices(bound, rng):
            yield choice.text, self.outcome(choice.data, choice.names)

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


def _subsets(count: int, last: int) -> Iterator[tuple[int, ...]]:
    """Every subset of the last `last` of `count` numbers from 0."""
    numbers = range(max(0, count - last), count)
    for size in range(len(numbers) + 1):
        yield from combinations(numbers, size)


def torn(event: Event, rng: Chance) -> list[Event]:
    """Pieces of a write, cut at sector borders, of which some are missing."""
    return [piece for piece in pieces(event, (SECTOR, BLOCK)[rng.randrange(2)]) if rng.random() < 0.5]


def pieces(event: Event, size: int) -> list[Event]:
    """A write cut at multiples of `size` in the file; none for other events."""
    if event.kind != "write":
        return []
    found: list[Event] = []
    start, end = event.offset, event.offset + len(event.data)
    while start < end:
        stop = min(end, (start // size + 1) * size)
        found.append(event._replace(offset=start, data=event.data[start - event.offset : stop - event.offset]))
        start = stop
    return found


def tears(event: Event) -> Iterator[tuple[str, list[Event]]]:
    """The classes of torn writes: for sectors of 512 bytes and blocks of 4 KiB the first alone, the first half, all but the last,
    all but the first, every other one.  A write within one sector is not torn."""
    for size in (SECTOR, BLOCK):
        parts = pieces(event, size)
        if len(parts) > 1:
            yield f"first {size} bytes", parts[:1]
            yield f"first half at {size}", parts[: len(parts) // 2]
            yield f"without the last {size} bytes", parts[:-1]
            yield f"without the first {size} bytes", parts[1:]
            yield f"every other {size} bytes", parts[1::2]
