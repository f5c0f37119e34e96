"""The after-image: what a write is about to put into pages of a data file, behind its last page, so that a process that is killed
in the middle of the write loses nothing.

The operating system keeps what a killed process has written, but a write of a page may end at any 4 KiB border of it.  Pages that
are in the file already are therefore written twice: all of them in one piece behind the end, then each in its place.  No sync is
needed, for the order in which a process wrote is kept when it is killed (not when the power goes).

    OFFSET  SIZE     FIELD
    0       4        magic "mMYW"
    4       4        n: number of pages
    8       4        page number of the place where the after-image begins
    12      4        CRC-32 of the entries
    16      8 n      entries: page number, checksum of the page
    ...     16384 n  the pages, in the order of the entries

An after-image begins at the page behind the last page at that time, so a later one never begins before an earlier one: the last
whole one in the file is the newest.  If its pages are in place already, putting them there again changes nothing.
"""

from __future__ import annotations

import struct
import zlib

from minidb.storage.file import File
from minidb.storage.page import PAGE_SIZE

MAGIC = b"mMYW"
_HEAD = struct.Struct("<4sIII")
_ENTRY = struct.Struct("<II")
MOST_PAGES = 1024  # more are never written at once; a head that says so is none

Pages = list[tuple[int, bytes | bytearray]]
"""(page number, sealed page)."""


def encode(place: int, pages: Pages) -> bytes:
    """The after-image of sealed `pages`, to be written at page `place` of the file."""
    entries = b"".join([_ENTRY.pack(no, int.from_bytes(page[:4], "little")) for no, page in pages])
    return b"".join([_HEAD.pack(MAGIC, len(pages), place, zlib.crc32(entries)), entries, *[page for _, page in pages]])


def find(file: File) -> tuple[int, Pages] | None:
    """(page where it begins, its pages) of the newest whole after-image of `file`, None if there is none.  Raises OSError."""
    for place in reversed(range(file.size() // PAGE_SIZE + 1)):
        pages = _read(file, place)
        if pages is not None:
            return place, pages
    return None


def _read(file: File, place: int) -> Pages | None:
    """The pages of the after-image at page `place`, None if no whole one is there."""
    start = place * PAGE_SIZE
    head = file.read_at(start, _HEAD.size)
    if len(head) < _HEAD.size:
        return None
    magic, count, said, checksum = _HEAD.unpack(head)
    if magic != MAGIC or said != place or not 0 < count <= MOST_PAGES:
        return None
    entries = file.read_at(start + _HEAD.size, _ENTRY.size * count)
    if len(entries) < _ENTRY.size * count or zlib.crc32(entries) != checksum:
        return None
    first = start + _HEAD.size + len(entries)
    pages: Pages = []
    for i, (no, expected) in enumerate(_ENTRY.iter_unpack(entries)):
        page = file.read_at(first + i * PAGE_SIZE, PAGE_SIZE)
        if len(page) < PAGE_SIZE or zlib.crc32(page[4:]) != expected:
            return None
        pages.append((no, page))
    return pages
