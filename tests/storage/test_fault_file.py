"""The simulated disk keeps what a disk must keep, and loses what it may lose."""

from __future__ import annotations

import errno
import random

import pytest

from minidb.storage.fault_file import Fault, FaultFileSystem, Image


def content(image: Image, path: str) -> bytes | None:
    inode = image.names.get(path)
    return None if inode is None else bytes(image.files.get(inode, b""))


def prepared() -> FaultFileSystem:
    fs = FaultFileSystem()
    file = fs.open("a", create=True)
    file.write_at(0, b"old" * 1000)
    file.sync()
    fs.sync_dir("")
    return fs


def test_what_was_synced_is_in_every_variant() -> None:
    fs = prepared()
    fs.open("a").write_at(0, b"new" * 1000)
    fs.open("b", create=True).write_at(0, b"b")
    seen = {content(image, "a") for _, image in fs.platter().variants(random.Random(3), 40)}
    assert {b"old" * 1000, b"new" * 1000} <= seen
    assert len(seen) > 2  # torn ones too
    for data in seen:
        assert data is not None and len(data) == 3000
        for start in range(0, 3000, 512):  # torn at borders of sectors only
            sector = data[start : start + 512]
            assert sector in ((b"old" * 1000)[start : start + 512], (b"new" * 1000)[start : start + 512])
    fs.open("a").sync()
    assert {content(image, "a") for _, image in fs.platter().variants(random.Random(3), 40)} == {b"new" * 1000}


def test_names_need_a_sync_of_their_directory_and_change_in_order() -> None:
    fs = prepared()
    fs.rename("a", "c")
    fs.open("d", create=True).sync()
    names = {tuple(sorted(image.names)) for _, image in fs.platter().variants(random.Random(1), 30)}
    assert names == {("a",), ("c", "d")}
    fs.open("d").write_at(0, b"x")
    fs.open("d").write_at(1, b"y")
    names = {tuple(sorted(image.names)) for _, image in fs.platter().variants(random.Random(1), 30)}
    assert names == {("a",), ("c",), ("c", "d")}  # never d without c
    fs.sync_dir("")
    assert {tuple(sorted(i.names)) for _, i in fs.platter().variants(random.Random(1), 30)} == {("c", "d")}


def test_a_lying_disk_loses_what_was_synced() -> None:
    fs = prepared()
    fs.lying = True
    file = fs.open("a")
    file.write_at(0, b"NEW")
    file.sync()
    assert content(fs.platter().outcome([], 0), "a") == b"old" * 1000


def test_the_nth_call_fails_once_or_for_good() -> None:
    fs = prepared()
    file = fs.open("a")
    for for_good in (False, True):
        fs.fail(Fault(2, errno.ENOSPC, for_good, kinds=frozenset(("write",))))
        file.write_at(0, b"1")
        with pytest.raises(OSError, match="No space"):
            file.write_at(0, b"2")
        if for_good:
            with pytest.raises(OSError, match="No space"):
                file.write_at(0, b"3")
        else:
            file.write_at(0, b"3")
        file.sync()
    fs.fail(Fault(1, short=True))
    with pytest.raises(OSError):
        file.write_at(0, b"abcdef")
    assert file.read_at(0, 6) == b"abcold"


def test_a_file_that_is_gone_can_be_read_by_who_has_it_open() -> None:
    fs = prepared()
    file = fs.open("a")
    fs.remove("a")
    assert file.read_at(0, 3) == b"old" and not fs.exists("a")
    with pytest.raises(FileNotFoundError):
        fs.open("a")
