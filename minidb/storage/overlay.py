"""`OverlayFileSystem`: a file system over another one that it never changes.  What is written stays in memory, block by block
(copy-on-write); what is not written is read from below.

With it a directory can be opened, recovered and checked as if in earnest, and is afterwards what it was before.
"""

from __future__ import annotations

import errno
import os

from minidb.storage.file import File, FileSystem, Lock, MemoryLock, locked_error

BLOCK = 4096  # bytes copied at once


class _Node:
    """The content of one file.  base: the file below, None for a new one.  kept: bytes below that still count (a truncation forgets
    the rest).  blocks: those written, by number.  size: bytes of the file as it is seen."""

    __slots__ = ("base", "blocks", "kept", "size")

    def __init__(self, base: File | None) -> None:
        self.base = base
        self.size = self.kept = 0 if base is None else base.size()
        self.blocks: dict[int, bytearray] = {}

    def below(self, offset: int, size: int) -> bytes:
        """`size` bytes as they are below; zeros where there is nothing."""
        there = max(0, min(size, self.kept - offset))
        data = b"" if self.base is None or not there else self.base.read_at(offset, there)
        return data.ljust(size, b"\0")

    def block(self, number: int) -> bytearray:
        """Block `number`, to be written to."""
        found = self.blocks.get(number)
        if found is None:
            found = self.blocks[number] = bytearray(self.below(number * BLOCK, BLOCK))
        return found


class OverlayFile(File):
    """An open file of an `OverlayFileSystem`."""

    __slots__ = ("_node", "name")

    def __init__(self, name: str, node: _Node) -> None:
        self.name = name
        self._node = node

    def read_at(self, offset: int, size: int) -> bytes:
        node = self._node
        size = max(0, min(size, node.size - offset))
        if not node.blocks:
            return node.below(offset, size)
        found = bytearray()
        while size:
            number, start = divmod(offset, BLOCK)
            step = min(size, BLOCK - start)
            block = node.blocks.get(number)
            found += node.below(offset, step) if block is None else block[start : start + step]
            offset, size = offset + step, size - step
        return bytes(found)

    def write_at(self, offset: int, data: bytes) -> None:
        node = self._node
        done = 0
        while done < len(data):
            number, start = divmod(offset + done, BLOCK)
            step = min(len(data) - done, BLOCK - start)
            node.block(number)[start : start + step] = data[done : done + step]
            done += step
        node.size = max(node.size, offset + len(data))

    def sync(self) -> None:
        """Memory has nothing to wait for."""

    def size(self) -> int:
        return self._node.size

    def truncate(self, size: int) -> None:
        node = self._node
        if size < node.size:
            node.kept = min(node.kept, size)
            for number in [n for n in node.blocks if n * BLOCK >= size]:
                del node.blocks[number]
            number, start = divmod(size, BLOCK)
            if start and number in node.blocks:
                node.blocks[number][start:] = bytes(BLOCK - start)
        node.size = size

    def close(self) -> None:
        """The content stays with the file system."""


class OverlayFileSystem(FileSystem):
    """The files of `base`, as they are when first opened, and what was done to them through this object."""

    persistent = True

    def __init__(self, base: FileSystem) -> None:
        self.base = base
        self._nodes: dict[str, _Node | None] = {}  # None: removed
        self._directories: dict[str, bool] = {}  # made (True) or removed
        self._locks: set[str] = set()
        self._below: list[File] = []

    def _missing(self, path: str) -> FileNotFoundError:
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)

    def _find(self, path: str) -> _Node:
        node = self._nodes.get(path)
        if node is None:
            if path in self._nodes:
                raise self._missing(path)
            file = self.base.open(path)
            self._below.append(file)
            node = self._nodes[path] = _Node(file)
        return node

    def open(self, path: str, create: bool = False) -> File:
        if not create:
            return OverlayFile(path, self._find(path))
        parent = path.rpartition("/")[0]
        if parent and not self.exists(parent):
            raise self._missing(parent)
        if self.exists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        node = self._nodes[path] = _Node(None)
        return OverlayFile(path, node)

    def exists(self, path: str) -> bool:
        if path in self._nodes:
            return self._nodes[path] is not None
        return self._directories[path] if path in self._directories else self.base.exists(path)

    def remove(self, path: str) -> None:
        if not self.exists(path):
            raise self._missing(path)
        self._nodes[path] = None

    def rename(self, old: str, new: str) -> None:
        node = self._find(old)
        self._nodes[old] = None
        self._nodes[new] = node

    def listdir(self, path: str) -> list[str]:
        below = path + "/" if path else ""
        names = [] if self._directories.get(path) else self.base.listdir(path)
        known = (*names, *(p[len(below) :] for p in (*self._nodes, *self._directories) if p.startswith(below) and p))
        return sorted({name for name in known if "/" not in name and self.exists(below + name)})

    def mkdir(self, path: str) -> None:
        if self.exists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        self._directories[path] = True

    def rmdir(self, path: str) -> None:
        if self.listdir(path):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), path)
        self._directories[path] = False

    def sync_dir(self, path: str) -> None:
        """Memory has nothing to wait for."""

    def lock(self, path: str) -> Lock:
        if path in self._locks:
            raise locked_error(f"'{path}' is in use by this process")
        self._locks.add(path)
        return MemoryLock(self._locks, path)

    def close(self) -> None:
        """Close the files below; nothing of what was written is kept."""
        for file in self._below:
            file.close()
