"""File systems for looking: one that refuses every change, one that keeps changes in memory."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from minidb.errors import OperationalError
from minidb.storage.file import FileSystem, MemoryFileSystem, RealFileSystem
from minidb.storage.overlay import BLOCK, OverlayFileSystem
from minidb.storage.read_only import ReadOnlyFileSystem


def test_read_only_files_refuse_every_change(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_bytes(b"hello")
    fs = ReadOnlyFileSystem(str(tmp_path))
    file = fs.open("d/f")
    assert (file.read_at(1, 3), file.size(), fs.listdir("d")) == (b"ell", 5, ["f"])
    changes: list[Callable[[], object]] = [
        lambda: file.write_at(0, b"x"), lambda: file.truncate(0), lambda: fs.open("new", create=True), lambda: fs.remove("d/f"),
        lambda: fs.rename("d/f", "d/g"), lambda: fs.mkdir("e"), lambda: fs.rmdir("d"),
    ]
    for change in changes:
        with pytest.raises(OSError) as caught:
            change()
        assert caught.value.errno == errno.EROFS
    file.sync()
    fs.sync_dir("d")
    file.close()
    with pytest.raises(IsADirectoryError):
        fs.open("d")
    assert sorted(os.listdir(tmp_path)) == ["d"] and (tmp_path / "d" / "f").read_bytes() == b"hello"


def test_the_holder_of_a_lock_is_named_and_not_disturbed(tmp_path: Path) -> None:
    looking = ReadOnlyFileSystem(str(tmp_path))
    assert looking.lock_holder("lock") is None
    lock = RealFileSystem(str(tmp_path)).lock("lock")
    assert looking.lock_holder("lock") == str(os.getpid())
    with pytest.raises(OperationalError):
        RealFileSystem(str(tmp_path)).lock("lock")
    lock.release()
    assert looking.lock_holder("lock") is None
    RealFileSystem(str(tmp_path)).lock("lock").release()


def test_a_read_only_lock_and_an_owner_exclude_each_other_without_a_trace(tmp_path: Path) -> None:
    looking, owner = ReadOnlyFileSystem(str(tmp_path)), RealFileSystem(str(tmp_path))
    looking.lock("lock").release()
    assert not looking.exists("lock")
    held = owner.lock("lock")
    with pytest.raises(OperationalError, match="in use by process"):
        looking.lock("lock")
    held.release()
    seen = looking.lock("lock")
    with pytest.raises(OperationalError):
        owner.lock("lock")
    seen.release()
    owner.lock("lock").release()


def filled() -> MemoryFileSystem:
    """A file system with two files of several blocks and one directory."""
    fs = MemoryFileSystem()
    fs.mkdir("d")
    rng = random.Random(3)
    for path, size in (("a", 3 * BLOCK + 77), ("d/b", 2 * BLOCK)):
        fs.open(path, create=True).write_at(0, rng.randbytes(size))
    return fs


def step(fs: FileSystem, rng: random.Random) -> str:
    """One random operation; what came of it.  The same generator gives the same operation on every file system."""
    path = rng.choice(("a", "d/b", "c", "d/e", "f/g"))
    offset, size = rng.randrange(5 * BLOCK), rng.randrange(1, BLOCK + 99)
    data = rng.randbytes(size)
    kind = rng.choice(("write", "write", "write", "truncate", "read", "remove", "rename", "create", "mkdir", "rmdir"))
    other = rng.choice(("a", "c", "d/e"))
    try:
        if kind == "write":
            fs.open(path).write_at(offset, data)
        elif kind == "truncate":
            fs.open(path).truncate(offset)
        elif kind == "read":
            return repr(fs.open(path).read_at(offset, size))
        elif kind == "remove":
            fs.remove(path)
        elif kind == "rename":
            fs.rename(path, other)
        elif kind == "create":
            fs.open(path, create=True)
        elif kind == "mkdir":
            fs.mkdir("f")
        else:
            fs.rmdir("f")
    except OSError as error:
        return type(error).__name__
    return "done"


def content(fs: FileSystem) -> dict[str, bytes | list[str]]:
    found: dict[str, bytes | list[str]] = {"": fs.listdir("")}
    for directory in ("", "d", "f"):
        if fs.exists(directory) or not directory:
            for name in fs.listdir(directory):
                path = f"{directory}/{name}" if directory else name
                if path not in ("d", "f"):
                    file = fs.open(path)
                    found[path] = file.read_at(0, file.size() + 9)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_an_overlay_is_a_file_system_of_its_own(seed: int) -> None:
    """It behaves as a copy of the files below would, and these stay as they are."""
    print("seed", seed)
    below = filled()
    copy, overlay = filled(), OverlayFileSystem(below)
    mine, its = random.Random(seed), random.Random(seed)
    for _ in range(60):
        assert step(overlay, its) == step(copy, mine)
        assert content(overlay) == content(copy)
    assert content(below) == content(filled())
    overlay.close()


def test_an_overlay_has_locks_of_its_own() -> None:
    overlay = OverlayFileSystem(filled())
    lock = overlay.lock("lock")
    with pytest.raises(OperationalError):
        overlay.lock("lock")
    lock.release()
    overlay.lock("lock").release()
    assert not overlay.exists("lock")
