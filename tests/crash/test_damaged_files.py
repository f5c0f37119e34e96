"""A closed database whose files are damaged by more than a bit: pages that are empty, swapped, foreign or out of date; files that
are cut, empty, missing, or longer than they were.  A clear error that names the file, or the right answer; never wrong rows.

The last pages of InnoDB have copies in the doublewrite file, from which they are restored; hence every damage is done again where
that file is empty.  A page that is whole, but out of date, is then the one thing that may stay unseen (rule 27 of
minidb/storage/README.md).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from minidb.errors import Error
from minidb.storage.fault_file import FaultFileSystem
from minidb.storage.page import PAGE_SIZE
from minidb.storage.platter import Image
from tests.conftest import Tell
from tests.crash.crash_kit import open_database
from tests.crash.damage_kit import answers, closed_database, named

IMAGES = closed_database()
BEFORE, NOW = IMAGES[-2], IMAGES[-1]
PATHS = sorted(path for path in NOW.names if path != "minidb.lock")
PAGED = [path for path in PATHS if not path.startswith(("ib_logfile", "minidb"))]
Damage = tuple[str, Image]


def without_copies() -> Image:
    image = NOW.copy()
    del image.own(image.names["ib_doublewrite"])[:]
    return image


BASES = {"with copies": NOW, "without copies": without_copies()}


def changed(base: Image, path: str, data: bytes) -> Image:
    image = base.copy()
    image.own(image.names[path])[:] = data
    return image


def content(path: str, image: Image = NOW) -> bytes:
    return bytes(image.files[image.names[path]])


def zeroed(base: Image, path: str) -> Iterator[Damage]:
    """Each page, and each sector, as if it had never been written; or full of ones."""
    data = content(path, base)
    for size in (PAGE_SIZE, 512):
        for start in range(0, len(data), size * (1 if size > 512 else 7)):
            for fill in (b"\0", b"\xff"):
                yield f"{size} bytes of {fill!r} at {start}", changed(base, path, data[:start] + fill * size + data[start + size :])


def swapped(base: Image, path: str) -> Iterator[Damage]:
    """Each page in the place of each other one, and both exchanged."""
    data = content(path, base)
    starts = range(0, len(data), PAGE_SIZE)
    for a in starts:
        for b in starts:
            moved = bytearray(data)
            moved[b : b + PAGE_SIZE] = data[a : a + PAGE_SIZE]
            yield f"page at {a} also at {b}", changed(base, path, bytes(moved))
            if a < b:
                moved[a : a + PAGE_SIZE] = data[b : b + PAGE_SIZE]
                yield f"pages at {a} and {b} exchanged", changed(base, path, bytes(moved))


def foreign(base: Image, path: str) -> Iterator[Damage]:
    """Each page of each other file in the place of the page of that number, and the whole file of another."""
    data = content(path, base)
    for other in PAGED:
        theirs = content(other, base)
        if other != path:
            yield f"the whole of {other}", changed(base, path, theirs)
            for start in range(0, min(len(data), len(theirs)), PAGE_SIZE):
                mixed = data[:start] + theirs[start : start + PAGE_SIZE] + data[start + PAGE_SIZE :]
                yield f"page at {start} of {other}", changed(base, path, mixed)


def cut(base: Image, path: str) -> Iterator[Damage]:
    """The file ends at each border of a page, within each page, at once; it is missing; it has grown."""
    data = content(path, base)
    for end in sorted({*range(0, len(data), PAGE_SIZE), *range(100, len(data), 3000), len(data) - 1}):
        yield f"cut at {end}", changed(base, path, data[:end])
    missing = base.copy()
    del missing.names[path]
    yield "missing", missing
    for more in (b"\0", b"x", bytes(PAGE_SIZE), b"garbage" * 3000, data[:PAGE_SIZE]):
        yield f"{len(more)} bytes more", changed(base, path, data + more)


def outcome(path: str, what: str, image: Image, expected: list[object]) -> bool:
    """True: the right answers; False: a clear error.  Anything else fails the test."""
    try:
        found = answers(FaultFileSystem(image))
    except Error as error:
        assert named(error, path), f"{path}, {what}: {error!r}"
        return False
    assert found == expected, f"{path}, {what}: wrong rows"
    return True


@pytest.mark.parametrize("copies", BASES)
@pytest.mark.parametrize("path", PATHS)
def test_a_damaged_file(path: str, copies: str, tell: Tell) -> None:
    base = BASES[copies]
    expected = answers(FaultFileSystem(base))
    kinds = (zeroed, cut) if path not in PAGED else (zeroed, cut, swapped, foreign)
    results = [outcome(path, what, image, expected) for kind in kinds for what, image in kind(base, path)]
    assert len(results) > 5
    tell(f"{path} {copies}: {results.count(False)} clear errors, {results.count(True)} right answers")


@pytest.mark.parametrize("copies", BASES)
@pytest.mark.parametrize("path", PAGED)
def test_a_page_that_is_out_of_date(path: str, copies: str, tell: Tell) -> None:
    """What a lost write leaves."""
    base = BASES[copies]
    data, old = content(path, base), content(path, BEFORE)
    right = answers(FaultFileSystem(base))
    unseen = []
    for start in range(0, len(old), PAGE_SIZE):
        image = changed(base, path, data[:start] + old[start : start + PAGE_SIZE] + data[start + PAGE_SIZE :])
        try:
            if answers(FaultFileSystem(image)) != right and open_database(FaultFileSystem(image)).check() == []:
                unseen.append(start // PAGE_SIZE)
        except Error as error:
            either = path.rpartition(".")[0] or path  # the files of a table contradict each other
            assert error.code == 1194 or named(error, either), f"{path}, page {start // PAGE_SIZE}: {error!r}"
    assert not unseen, unseen
    tell(f"{path} {copies}: {len(old) // PAGE_SIZE} pages out of date")
