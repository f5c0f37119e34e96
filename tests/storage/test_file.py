"""Real and memory files behave alike; the directory lock holds against another process."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from minidb.errors import OperationalError
from minidb.storage.file import FileSystem, MemoryFileSystem, RealFileSystem, read_failed, write_failed


@pytest.fixture(params=["real", "memory"])
def fs(request: pytest.FixtureRequest, tmp_path: Path) -> FileSystem:
    return RealFileSystem(str(tmp_path)) if request.param == "real" else MemoryFileSystem()


def test_reading_and_writing(fs: FileSystem) -> None:
    file = fs.open("a", create=True)
    assert file.size() == 0 and file.read_at(0, 10) == b""
    file.write_at(4, b"abcd")
    assert file.read_at(0, 100) == b"\0\0\0\0abcd"
    file.write_at(2, b"xyz")
    assert file.read_at(1, 5) == b"\0xyzb" and file.size() == 8
    file.truncate(5)
    file.truncate(7)
    assert file.read_at(0, 100) == b"\0\0xyz\0\0"
    file.sync()
    file.close()
    file.close()
    again = fs.open("a")
    assert again.read_at(0, 100) == b"\0\0xyz\0\0" and again.name == "a"
    again.close()


def test_two_handles_see_the_same_bytes(fs: FileSystem) -> None:
    one, two = fs.open("a", create=True), fs.open("a")
    one.write_at(0, b"hello")
    assert two.read_at(0, 5) == b"hello"
    one.close()
    two.close()


def test_names(fs: FileSystem) -> None:
    fs.mkdir("d")
    for name in ("b", "d/c", "d/a"):
        fs.open(name, create=True).close()
    assert fs.listdir("") == ["b", "d"] and fs.listdir("d") == ["a", "c"]
    assert fs.exists("d/a") and fs.exists("d") and not fs.exists("d/x")
    fs.rename("b", "d/a")
    assert fs.listdir("") == ["d"] and fs.listdir("d") == ["a", "c"]
    with pytest.raises(OSError, match="not empty"):
        fs.rmdir("d")
    fs.remove("d/a")
    fs.remove("d/c")
    fs.sync_dir("")
    fs.rmdir("d")
    assert fs.listdir("") == []
    fs.close()


def test_missing_and_present_files(fs: FileSystem) -> None:
    for action in (
        lambda: fs.open("x"), lambda: fs.remove("x"), lambda: fs.rename("x", "y"), lambda: fs.listdir("x"),
        lambda: fs.open("no/x", create=True), lambda: fs.mkdir("no/x"),
    ):
        with pytest.raises(FileNotFoundError):
            action()
    fs.open("x", create=True).close()
    with pytest.raises(FileExistsError):
        fs.open("x", create=True)
    with pytest.raises(FileExistsError):
        fs.mkdir("x")


def test_a_lock_is_exclusive_until_released(fs: FileSystem) -> None:
    lock = fs.lock("lock")
    with pytest.raises(OperationalError, match="in use by"):
        fs.lock("lock")
    lock.release()
    lock.release()
    second = fs.lock("lock")
    lock.release()
    with pytest.raises(OperationalError) as caught:
        fs.lock("lock")
    assert caught.value.args[0] == 1015
    second.release()


def test_a_second_process_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    lock = RealFileSystem(str(tmp_path)).lock("lock")
    program = (
        "import sys\nfrom minidb.storage.file import RealFileSystem\n"
        "try:\n    RealFileSystem(sys.argv[1]).lock('lock')\nexcept Exception as e:\n    print(type(e).__name__, e.args[1])\n"
        "else:\n    print('taken')\n"
    )

    def second() -> str:
        return subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True,
            cwd=Path(__file__).resolve().parents[2],
        ).stdout.strip()

    assert second() == f"OperationalError Can't lock the database directory: '{tmp_path}' is in use by process {os.getpid()}"
    lock.release()
    assert second() == "taken"


def test_paths_stay_below_the_root(tmp_path: Path) -> None:
    fs = RealFileSystem(str(tmp_path))
    for path in ("../x", "a/../../x", "/etc/passwd", "a//b", "./a"):
        with pytest.raises(ValueError, match="below the database directory"):
            fs.open(path)


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pwrite, pread = os.pwrite, os.pread
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: pwrite(fd, bytes(data)[:3], offset))
    monkeypatch.setattr(os, "pread", lambda fd, size, offset: pread(fd, min(size, 2), offset))
    file = RealFileSystem(str(tmp_path)).open("a", create=True)
    file.write_at(1, b"0123456789")
    assert file.read_at(0, 50) == b"\x000123456789"
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: 0)
    with pytest.raises(OSError, match="short write"):
        file.write_at(0, b"x")
    file.close()


def test_operating_system_errors_get_mysql_numbers() -> None:
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        error = write_failed("d/t.ibd", "d.t", OSError(number, "x"))
        assert (error.code, error.message) == (1114, "The table 'd.t' is full")
    error = write_failed("d/t.ibd", "d.t", OSError(errno.EIO, "x"))
    assert error.code == 1026 and "d/t.ibd" in error.message and '5 "Input/output error"' in error.message
    assert read_failed("d/t.ibd", OSError(errno.EIO, "x")).code == 1024
