"""A page that a killed process left half written comes whole out of the after-image behind the last page."""

from __future__ import annotations

import random

from minidb.errors import CorruptPageError
from minidb.myisam import after_image
from minidb.myisam.datafile import PAGE_SIZE, PAYLOAD, DataFile
from minidb.storage.fault_file import FaultFileSystem, Image

PAGES = 3


def opened(fs: FaultFileSystem, create: bool = False) -> DataFile:
    made = DataFile(fs.open("t.MYD", create), "t", 1)
    made.guarded = True
    return made


def content(image: Image) -> list[bytes | None]:
    """The pages after `settle`, None where one cannot be read."""
    data = opened(FaultFileSystem(image))
    data.settle()
    found: list[bytes | None] = []
    for no in range(PAGES):
        try:
            found.append(data.read(no * PAYLOAD, PAYLOAD))
        except CorruptPageError:
            found.append(None)
    return found


def test_every_write_cut_short_anywhere_leaves_the_old_or_the_new_content() -> None:
    rng = random.Random(3)
    fs = FaultFileSystem()
    data = opened(fs, create=True)
    before: list[bytes | None] = [rng.randbytes(PAYLOAD) for _ in range(PAGES)]
    data.write(0, b"".join(page or b"" for page in before))
    data.write_out()
    for _ in range(6):
        image = fs.image.copy()
        start = len(fs.events)
        changed = sorted(rng.sample(range(PAGES), rng.randint(1, PAGES)))
        after = [rng.randbytes(PAYLOAD) if no in changed else page for no, page in enumerate(before)]
        for no in changed:
            data.write(no * PAYLOAD, after[no] or b"")
        data.write_out()
        kinds = set()
        for event in fs.events[start:]:
            for cut in range(0, len(event.data), 4096):
                part = image.copy()
                part.apply(event._replace(data=event.data[:cut]))
                assert content(part) in (before, after)
                kinds.add(content(part) == after)
            image.apply(event)
        assert content(image) == after and kinds == {False, True}
        before = after


def test_the_newest_counts_although_the_file_has_grown() -> None:
    fs = FaultFileSystem()
    data = opened(fs, create=True)
    for no, byte in enumerate(b"abc"):
        data.write(no * PAYLOAD, bytes([byte]) * PAYLOAD)
        data.write_out()  # a page that was not there needs none
        assert after_image.find(data.file) is None or no
        data.write(no * PAYLOAD, bytes([byte - 32]) * PAYLOAD)
        data.write_out()
        found = after_image.find(data.file)
        assert found is not None and found[0] == no + 1 and [number for number, _ in found[1]] == [no]
    data.trim()
    assert after_image.find(data.file) is None and data.file.size() == PAGES * PAGE_SIZE
    assert content(fs.image) == [bytes([byte]) * PAYLOAD for byte in b"ABC"]


def test_a_damaged_after_image_is_none() -> None:
    fs = FaultFileSystem()
    data = opened(fs, create=True)
    data.write(0, b"x" * PAYLOAD)
    data.write_out()
    data.write(0, b"y" * PAYLOAD)
    data.write_out()
    inode = fs.image.names["t.MYD"]
    for offset in (*range(PAGE_SIZE, PAGE_SIZE + 24), PAGE_SIZE + 24 + 5000):
        fs.image.files[inode][offset] ^= 1
        assert after_image.find(data.file) is None, offset
        fs.image.files[inode][offset] ^= 1
    assert after_image.find(data.file) is not None
