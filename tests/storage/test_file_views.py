"""File systems in front of others: read-only, a directory as a whole, changes kept in memory."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from minidb.errors import OperationalError
from minidb.storage.file import File, FileSystem, MemoryFileSystem, ReadOnlyFileSystem, RealFileSystem
from minidb.storage.overlay_file import BLOCK, OverlayFileSystem
from minidb.storage.sub_file_system import SubFileSystem


def content(fs: FileSystem, path: str) -> bytes:
    file = fs.open(path)
    try:
        return file.read_at(0, file.size())
    finally:
        file.close()


def put(fs: FileSystem, path: str, data: bytes) -> None:
    file = fs.open(path, create=True)
    file.write_at(0, data)
    file.close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_bytes(b"hello")
    (tmp_path / "d" / "x").mkdir()
    (tmp_path / "d" / "x" / "g").write_bytes(b"g" * (BLOCK + 5))
    return tmp_path / "d"


def test_read_only_reads_and_refuses(directory: Path) -> None:
    fs = ReadOnlyFileSystem(str(directory))
    assert content(fs, "f") == b"hello" and fs.listdir("x") == ["g"] and fs.exists("x/g")
    file = fs.open("f")
    refused: list[Callable[[], object]] = [
        lambda: fs.open("new", create=True), lambda: fs.remove("f"), lambda: fs.rename("f", "h"), lambda: fs.mkdir("y"),
        lambda: fs.rmdir("x"), lambda: fs.sync_dir(""), lambda: file.write_at(0, b"x"), lambda: file.truncate(0),
    ]
    for call in refused:
        with pytest.raises(OSError):
            call()
    file.close()
    assert content(fs, "f") == b"hello" and sorted(p.name for p in directory.iterdir()) == ["f", "x"]


def test_a_read_only_lock_and_an_owner_exclude_each_other_without_a_trace(directory: Path) -> None:
    fs, owner = ReadOnlyFileSystem(str(directory)), RealFileSystem(str(directory))
    fs.lock("lock").release()
    assert not fs.exists("lock")
    held = owner.lock("lock")
    with pytest.raises(OperationalError, match="in use by process"):
        fs.lock("lock")
    held.release()
    seen = fs.lock("lock")
    with pytest.raises(OperationalError):
        owner.lock("lock")
    seen.release()
    owner.lock("lock").release()


def test_a_directory_as_a_file_system() -> None:
    around = MemoryFileSystem()
    around.mkdir("top")
    fs = SubFileSystem(around, "top")
    put(fs, "a", b"1")
    fs.mkdir("d")
    fs.rename("a", "d/b")
    assert around.files.keys() == {"top/d/b"} and content(fs, "d/b") == b"1"
    assert fs.listdir("") == ["d"] and fs.exists("d/b") and not fs.exists("a")
    lock = fs.lock("lock")
    with pytest.raises(OperationalError):
        around.lock("top/lock")
    lock.release()
    fs.remove("d/b")
    fs.rmdir("d")
    fs.sync_dir("")
    fs.close()
    assert around.listdir("top") == []


def test_an_overlay_is_a_copy(tmp_path: Path) -> None:
    """Random calls on an overlay and on a real copy of what is below give the same; below nothing changes."""
    seed = 77
    rng = random.Random(seed)
    below, copy = MemoryFileSystem(), MemoryFileSystem()
    for fs in (below, copy):
        fs.mkdir("d")
        for name, size in (("a", 0), ("d/b", 100), ("d/c", 3 * BLOCK + 17)):
            put(fs, name, bytes(i * 7 % 251 for i in range(size)))
    before = {path: bytes(data) for path, data in below.files.items()}
    overlay = OverlayFileSystem(_NoWriting(below))
    names = ["a", "d/b", "d/c", "d/new", "e"]
    for _ in range(3000):
        name, other = rng.choice(names), rng.choice(names)
        offset, size = rng.randrange(4 * BLOCK), rng.choice((1, 50, BLOCK, 2 * BLOCK + 3))
        data = rng.randbytes(size)
        action: Callable[[FileSystem], object] = rng.choice([
            lambda fs, n=name, o=offset, d=data: fs.open(n).write_at(o, d),
            lambda fs, n=name, o=offset, s=size: fs.open(n).read_at(o, s),
            lambda fs, n=name, o=offset: fs.open(n).truncate(o),
            lambda fs, n=name: fs.open(n).size(),
            lambda fs, n=name: fs.open(n, create=True).size(),
            lambda fs, n=name: fs.remove(n),
            lambda fs, n=name, o=other: fs.rename(n, o) if n != o else None,
            lambda fs, n=name: (fs.exists(n), fs.listdir(""), fs.listdir("d")),
        ])
        assert outcome(action, overlay) == outcome(action, copy), f"seed {seed}"
    for name in names:
        assert outcome(lambda fs, n=name: content(fs, n), overlay) == outcome(lambda fs, n=name: content(fs, n), copy), name
    assert {path: bytes(data) for path, data in below.files.items()} == before
    with pytest.raises(OSError):
        overlay.rmdir("d")
    overlay.mkdir("empty")
    overlay.rmdir("empty")
    overlay.sync_dir("")
    overlay.close()


def outcome(action: Callable[[FileSystem], object], fs: FileSystem) -> object:
    """What a call returns, or the kind of its failure."""
    try:
        return action(fs)
    except OSError as error:
        return type(error)


class _NoWriting(MemoryFileSystem):
    """The files of another file system in memory, with directories told from files as a real one does; nothing may be changed."""

    def __init__(self, fs: MemoryFileSystem) -> None:
        super().__init__()
        self.files, self.directories = fs.files, fs.directories

    def open(self, path: str, create: bool = False) -> File:
        assert not create
        return super().open(path)

    def listdir(self, path: str) -> list[str]:
        if path in self.files:
            raise NotADirectoryError(path)
        return super().listdir(path)
