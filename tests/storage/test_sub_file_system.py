"""A directory of a file system as a file system of its own."""

from __future__ import annotations

import pytest

from minidb.errors import OperationalError
from minidb.storage.file import MemoryFileSystem
from minidb.storage.sub_file_system import SubFileSystem


def test_a_directory_as_a_file_system() -> None:
    around = MemoryFileSystem()
    around.mkdir("top")
    fs = SubFileSystem(around, "top")
    fs.open("a", create=True).write_at(0, b"1")
    fs.mkdir("d")
    fs.rename("a", "d/b")
    assert around.files.keys() == {"top/d/b"} and fs.open("d/b").read_at(0, 9) == b"1"
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
