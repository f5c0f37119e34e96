"""A closed database with one byte flipped: a clear error that names the file, or the right answer; never wrong rows.

MINIDB_CRASH=long flips every byte of every file that is read at all, one at a time (one that is not read changes nothing); the
default takes the fields of each page's header and a sample of the rest.
"""

from __future__ import annotations

import os
import random

import pytest

from minidb.errors import Error
from minidb.storage.fault_file import FaultFileSystem
from minidb.storage.log_files import AREA
from minidb.storage.page import PAGE_SIZE
from minidb.storage.platter import Image
from tests.conftest import Tell
from tests.crash.damage_kit import WatchedFileSystem, answers, closed_database, named

LONG = os.environ.get("MINIDB_CRASH") == "long"
PARTS = 2


def places(path: str, size: int, rng: random.Random) -> list[int]:
    """The bytes of file `path` that are flipped."""
    if LONG:
        return list(range(size))
    if path.startswith("ib_logfile"):
        return [*range(28), *range(512, 540), *range(1024, 1052), *(rng.randrange(AREA, size) for _ in range(20) if size > AREA)]
    if path == "minidb.dictionary":
        return rng.sample(range(size), 60)
    fields = (0, 4, 8, 12, 14, 16, 24, 28, 32, 36, 38, 40, 48, 52)  # of a page's header
    return [start + place for start in range(0, size, PAGE_SIZE) for place in (*fields, *rng.sample(range(64, PAGE_SIZE), 3))]


def flipped(image: Image, inode: int, place: int) -> Image:
    made = image.copy()
    made.own(inode)[place] ^= 1 << place % 8
    return made


@pytest.mark.parametrize("part", range(PARTS))
def test_one_flipped_byte(part: int, tell: Tell) -> None:
    image = closed_database(1)[-1]
    fs = WatchedFileSystem(image)
    expected = answers(fs)
    rng = random.Random(8)
    refused = right = unread = 0
    for path, inode in sorted(image.names.items()):
        for place in places(path, len(image.files[inode]), rng)[part::PARTS]:
            if LONG and not fs.seen[inode][place]:
                unread += 1
                continue
            try:
                found = answers(FaultFileSystem(flipped(image, inode, place)))
            except Error as error:
                assert named(error, path), f"{path} byte {place}: {error!r}"
                refused += 1
            else:
                assert found == expected, f"{path} byte {place}: wrong rows"
                right += 1
    assert refused > 50 and right > 50
    left = f", {unread} are never read" if unread else ""
    tell(f"{refused + right} bytes flipped one at a time: {refused} clear errors, {right} right answers{left}")
