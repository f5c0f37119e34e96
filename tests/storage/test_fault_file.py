"""The simulated disk keeps what a disk must keep, and loses what it may lose."""

from __future__ import annotations

import errno
import random

import pytest

from minidb.storage.fault_file import Fault, FaultFileSystem, Misplacing
from minidb.storage.platter import Bound, Event, Image, tears


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
    seen = {content(image, "a") for _, image in fs.platter().variants(random.Random(3), Bound(random=40))}
    assert {b"old" * 1000, b"new" * 1000} <= seen
    assert len(seen) > 2  # torn ones too
    for data in seen:
        assert data is not None and len(data) == 3000
        for start in range(0, 3000, 512):  # torn at borders of sectors only
            sector = data[start : start + 512]
            assert sector in ((b"old" * 1000)[start : start + 512], (b"new" * 1000)[start : start + 512])
    fs.open("a").sync()
    assert {content(image, "a") for _, image in fs.platter().variants(random.Random(3), Bound(random=40))} == {b"new" * 1000}


def test_names_need_a_sync_of_their_directory_and_change_in_order() -> None:
    fs = prepared()
    fs.rename("a", "c")
    fs.open("d", create=True).sync()
    names = {tuple(sorted(image.names)) for _, image in fs.platter().variants(random.Random(1), Bound(random=30))}
    assert names == {("a",), ("c",), ("c", "d")}
    fs.open("d").write_at(0, b"x")
    fs.open("d").write_at(1, b"y")
    names = {tuple(sorted(image.names)) for _, image in fs.platter().variants(random.Random(1), Bound(random=30))}
    assert names == {("a",), ("c",), ("c", "d")}  # never d without c
    fs.sync_dir("")
    assert {tuple(sorted(i.names)) for _, i in fs.platter().variants(random.Random(1), Bound(random=30))} == {("c", "d")}


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


def test_the_choices_of_a_power_cut_are_enumerated_up_to_the_bound() -> None:
    """Four writes of one sector each, of which the last three in every subset, each missing, each alone: no more, each once."""
    fs = FaultFileSystem()
    file = fs.open("a", create=True)
    file.sync()
    fs.sync_dir("")
    for i in range(4):
        file.write_at(512 * i, b"%d" % i * 512)
    choices = list(fs.platter().choices(Bound(subset=3, tears=1, random=0), random.Random(1)))
    found = {"".join(str(e.offset // 512) for e in choice.data) for choice in choices}
    assert found == {"0123", "", "0", "01", "02", "03", "012", "013", "023", "1", "2", "3", "123"}
    assert len(found) == len(choices)


def test_a_write_is_torn_in_every_class() -> None:
    whole = Event("write", "a", 1, 0, bytes(range(256)) * 64)
    found = {kind: sum(len(piece.data) for piece in left) for kind, left in tears(whole)}
    assert found == {
        "first 512 bytes": 512, "first half at 512": 8192, "without the last 512 bytes": 15872,
        "without the first 512 bytes": 15872, "every other 512 bytes": 8192,
        "first 4096 bytes": 4096, "first half at 4096": 8192, "without the last 4096 bytes": 12288,
        "without the first 4096 bytes": 12288, "every other 4096 bytes": 8192,
    }
    assert not list(tears(Event("write", "a", 1, 600, b"x" * 400)))


def test_copies_of_a_disk_are_independent() -> None:
    first = prepared().image
    second = first.copy()
    assert first.digest() == second.digest()
    second.apply(Event("write", "a", second.names["a"], 0, b"NEW"))
    assert content(first, "a") == b"old" * 1000 and content(second, "a") == b"NEW" + b"old" * 999
    assert first.digest() != second.digest()
    third = second.copy()
    second.apply(Event("truncate", "a", second.names["a"], 3))
    assert content(second, "a") == b"NEW" and content(third, "a") == b"NEW" + b"old" * 999


def test_the_nth_write_is_lost_or_lands_elsewhere() -> None:
    for shift, expected in ((0, b"1bcd33"), (3, b"1bcd3322"), (-3, b"22cd33")):
        fs = FaultFileSystem()
        file, other = fs.open("t.ibd", create=True), fs.open("log", create=True)
        file.write_at(0, b"abcdef")
        fs.misplace(Misplacing(2, (".ibd",), shift))
        file.write_at(0, b"1")
        other.write_at(0, b"untouched")
        file.write_at(3, b"22")
        file.write_at(4, b"33")
        assert content(fs.image, "t.ibd") == expected
        assert content(fs.image, "log") == b"untouched"
