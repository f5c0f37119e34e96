"""What the storage tests share: a record format, pools on memory files, file systems that fail on demand."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

from minidb.storage.btree import BTree, TreeSpec
from minidb.storage.btree_cursor import LeafCursor
from minidb.storage.buffer_pool import BufferPool
from minidb.storage.file import File, FileSystem, Lock, MemoryFileSystem
from minidb.storage.page import RECORD_PREFIX
from minidb.types.atoms import decode_atoms, encode_atoms


def encode(key: Any, row: Any) -> bytes:
    return encode_atoms((key, row))


def decode(data: bytes, offset: int) -> tuple[Any, Any, int]:
    (key, row), end = decode_atoms(data, offset)
    return key, row, end


def size(row: Any) -> int:
    """Records are (key, row) with rows (key, payload): the key is measured through the row."""
    return RECORD_PREFIX + len(encode_atoms((row[0], row)))


def spec(capacity: int = 256, name: str = "d.t.i") -> TreeSpec:
    return TreeSpec(name, encode, decode, size, capacity)


def make_row(key: Any, length: int = 0) -> tuple[Any, str]:
    return (key, "x" * length)


def new_tree(capacity: int = 256, limit: int | None = None, fs: FileSystem | None = None) -> BTree:
    pool = BufferPool(fs or MemoryFileSystem(), limit)
    space = pool.open_space("t.ibd", create=True)
    mtr = pool.mtr()
    tree = BTree.create(space, mtr, spec(capacity))
    mtr.commit()
    return tree


def fill(tree: BTree, keys: Any, length: int = 0) -> None:
    mtr = tree.space.pool.mtr()
    for key in keys:
        tree.insert(mtr, key, make_row(key, length))
        mtr.commit()
        tree.space.pool.trim()


def keys_of(tree: BTree, reverse: bool = False, **bounds: Any) -> list[Any]:
    cursor = LeafCursor(tree, reverse=reverse, **bounds)
    found: list[Any] = []
    while (piece := cursor.next_slice()) is not None:
        found += reversed(piece[0]) if reverse else piece[0]
        tree.space.pool.trim()
    return found


def content(tree: BTree) -> list[tuple[Any, Any]]:
    cursor = LeafCursor(tree)
    found: list[tuple[Any, Any]] = []
    while (piece := cursor.next_slice()) is not None:
        found += zip(*piece, strict=True)
    return found


def assert_sound(tree: BTree) -> None:
    """The tree, the free list and the pool agree with one another; the tablespace holds nothing but this tree."""
    assert tree.check() == []
    assert tree.space.check(tree.page_numbers()) == []
    assert tree.space.pool.check() == []


class WatchedFile(File):
    def __init__(self, inner: File, fs: WatchedFileSystem) -> None:
        self.name = inner.name
        self.inner = inner
        self.fs = fs

    def read_at(self, offset: int, size: int) -> bytes:
        self.fs.note("read", self.name, offset)
        return self.inner.read_at(offset, size)

    def write_at(self, offset: int, data: bytes) -> None:
        self.fs.note("write", self.name, offset)
        self.inner.write_at(offset, data)

    def sync(self) -> None:
        self.fs.note("sync", self.name, 0)
        self.inner.sync()

    def size(self) -> int:
        return self.inner.size()

    def truncate(self, size: int) -> None:
        self.inner.truncate(size)

    def close(self) -> None:
        self.inner.close()


class WatchedFileSystem(FileSystem):
    """Memory files whose calls are counted; call number `fail_at` of kind `fail_kind` raises OSError(fail_errno), and so do all
    later ones of the kind if `for_good`."""

    persistent = False

    def __init__(self) -> None:
        self.memory = MemoryFileSystem()
        self.calls: list[tuple[str, str, int]] = []
        self.fail_kind = ""
        self.fail_at = 0
        self.fail_errno = errno.EIO
        self.for_good = False

    def fail(self, kind: str, at: int, number: int = errno.EIO, for_good: bool = False) -> None:
        self.calls.clear()
        self.fail_kind, self.fail_at, self.fail_errno, self.for_good = kind, at, number, for_good

    def heal(self) -> None:
        self.fail("", 0)

    def count(self, kind: str) -> int:
        return sum(1 for call in self.calls if call[0] == kind)

    def note(self, kind: str, name: str, offset: int) -> None:
        self.calls.append((kind, name, offset))
        if kind == self.fail_kind:
            n = self.count(kind)
            if n == self.fail_at or (self.for_good and n > self.fail_at):
                raise OSError(self.fail_errno, "injected")

    def open(self, path: str, create: bool = False) -> File:
        return WatchedFile(self.memory.open(path, create), self)

    def exists(self, path: str) -> bool:
        return self.memory.exists(path)

    def remove(self, path: str) -> None:
        self.memory.remove(path)

    def rename(self, old: str, new: str) -> None:
        self.memory.rename(old, new)

    def listdir(self, path: str) -> list[str]:
        return self.memory.listdir(path)

    def mkdir(self, path: str) -> None:
        self.memory.mkdir(path)

    def rmdir(self, path: str) -> None:
        self.memory.rmdir(path)

    def sync_dir(self, path: str) -> None:
        self.memory.sync_dir(path)

    def lock(self, path: str) -> Lock:
        return self.memory.lock(path)

    def close(self) -> None:
        self.memory.close()


def evict_all(tree: BTree) -> None:
    """Write everything and empty the pool."""
    pool = tree.space.pool
    pool.flush()
    limit, pool.limit = pool.limit, 0
    pool.trim()
    pool.limit = limit


def outcome(action: Callable[[], Any]) -> Any:
    """The result of `action`, or the exception that it raised."""
    try:
        return action()
    except Exception as error:
        return error
