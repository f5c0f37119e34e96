"""`OverlayFileSystem`: changes kept in memory over files that stay as they are.

What is written goes into blocks of 16 KiB in memory, names are changed in memory only; everything else is read from below.  A
program that works on such a file system shows what it would do.
"""

from __future__ import annotations

import errno
import os

from minidb.storage.file import File, FileSystem, Lock

BLOCK = 1 << 14


class _Content:
    """One file: `base` up to `floor` bytes, with `blocks` in front of it."""

    __slots__ = ("base", "blocks", "floor", "size")

    def __init__(self, base: File | None) -> None:
        self.base = base
        self.floor = self.size = 0 if base is None else base.size()
        self.blocks: dict[int, bytearray] = {}

    def block(self, number: int) -> bytearray:
        """Block `number`, of full length; to be kept by whoever writes to it."""
        kept = self.blocks.get(number)
        if kept is not None:
            return kept
        start = number * BLOCK
        below = self.base.read_at(start, min(BLOCK, self.floor - start)) if self.base is not None and start < self.floor else b""
        return bytearray(below.ljust(BLOCK, b"\0"))

    def truncate(self, size: int) -> None:
        if size < self.size:
            self.blocks = {number: block for number, block in self.blocks.items() if number * BLOCK < size}
            number, used = divmod(size, BLOCK)
            if used:
                last = self.block(number)
                last[used:] = bytes(BLOCK - used)
                self.blocks[number] = last
            self.floor = min(self.floor, size)
        self.size = size


class OverlayFile(File):
    """An open file; all handles of one file share its content."""

    __slots__ = ("_content", "name")

    def __init__(self, name: str, content: _Content) -> None:
        self.name = name
        self._content = content

    def read_at(self, offset: int, size: int) -> bytes:
        content = self._content
        end = min(offset + size, content.size)
        pieces = []
        while offset < end:
            number, start = divmod(offset, BLOCK)
            stop = min(BLOCK, start + end - offset)
            pieces.append(bytes(content.block(number)[start:stop]))
            offset += stop - start
        return b"".join(pieces)

    def write_at(self, offset: int, data: bytes) -> None:
        content = self._content
        done = 0
        while done < len(data):
            number, start = divmod(offset + done, BLOCK)
            step = min(BLOCK - start, len(data) - done)
            block = content.block(number)
            block[start : start + step] = data[done : done + step]
            content.blocks[number] = block
            done += step
        content.size = max(content.size, offset + len(data))

    def sync(self) -> None:
        """Memory has nothing to wait for."""

    def size(self) -> int:
        return self._content.size

    def truncate(self, size: int) -> None:
        self._content.truncate(size)

    def close(self) -> None:
        """The file below stays open as long as the file system."""


class OverlayFileSystem(FileSystem):
    """`base`, which is only read, with changes in memory.  Its names are read once, at the beginning."""

    def __init__(self, base: FileSystem) -> None:
        self.base = base
        self.persistent = base.persistent
        self.directories = {""}
        self._contents: dict[str, _Content | None] = {}  # None: not opened yet, under the same name below
        self._scan("")

    def _scan(self, path: str) -> None:
        for name in self.base.listdir(path):
            below = f"{path}/{name}" if path else name
            try:
                self._scan(below)
            except NotADirectoryError:
                self._contents[below] = None
            else:
                self.directories.add(below)

    def _content(self, path: str) -> _Content:
        if path not in self._contents:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        content = self._contents[path]
        if content is None:
            content = self._contents[path] = _Content(self.base.open(path))
        return content

    def _parent(self, path: str) -> None:
        if path.rpartition("/")[0] not in self.directories:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)

    def open(self, path: str, create: bool = False) -> File:
        if create:
            self._parent(path)
            if self.exists(path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
            self._contents[path] = _Content(None)
        return OverlayFile(path, self._content(path))

    def exists(self, path: str) -> bool:
        return path in self._contents or path in self.directories

    def remove(self, path: str) -> None:
        self._content(path)
        del self._contents[path]

    def rename(self, old: str, new: str) -> None:
        self._parent(new)
        self._contents[new] = self._content(old)
        del self._contents[old]

    def listdir(self, path: str) -> list[str]:
        if path not in self.directories:
            kind = NotADirectoryError if path in self._contents else FileNotFoundError
            number = errno.ENOTDIR if path in self._contents else errno.ENOENT
            raise kind(number, os.strerror(number), path)
        below = path + "/" if path else ""
        names = [*self._contents, *(d for d in self.directories if d)]
        return sorted(n[len(below) :] for n in names if n.startswith(below) and "/" not in n[len(below) :])

    def mkdir(self, path: str) -> None:
        self._parent(path)
        if self.exists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        self.directories.add(path)

    def rmdir(self, path: str) -> None:
        if self.listdir(path):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), path)
        self.directories.discard(path)

    def sync_dir(self, path: str) -> None:
        """Memory has nothing to wait for."""

    def lock(self, path: str) -> Lock:
        return self.base.lock(path)

    def close(self) -> None:
        for content in self._contents.values():
            if content is not None and content.base is not None:
                content.base.close()
        self.base.close()
