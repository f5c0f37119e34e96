"""`Doublewrite`: pages are written to a file of their own, and synced, before they are written in place.

A power cut in the middle of a page write leaves a page that is neither old nor new (torn), to which no log record applies.  Its
copy here is whole: a page that fails its checksum in place is taken from here before the log is applied.  The file is an array of
pages; each says itself which page of which tablespace it is.
"""

from __future__ import annotations

import zlib

from minidb.storage.file import File, FileSystem
from minidb.storage.page import PAGE_SIZE
from minidb.storage.page_codec import header_of, lsn_of

FILE_NAME = "ib_doublewrite"
PAGES = 64


class Doublewrite:
    """The file, open.  Methods raise OSError."""

    __slots__ = ("file",)

    def __init__(self, file: File) -> None:
        self.file = file

    @classmethod
    def open(cls, fs: FileSystem) -> Doublewrite:
        """The file, made if need be."""
        return cls(fs.open(FILE_NAME, create=not fs.exists(FILE_NAME)))

    def write(self, pages: list[bytes]) -> None:
        """Keep up to PAGES pages; durable after `sync`.  The pages kept before must be durable in place by now."""
        self.file.write_at(0, b"".join(pages))

    def sync(self) -> None:
        """Make what was written durable."""
        self.file.sync()

    def clear(self) -> None:
        """Forget all copies, durably: every page is durable in place."""
        self.file.truncate(0)
        self.file.sync()

    def copies(self) -> dict[tuple[int, int], bytes]:
        """(space id, page number) -> bytes of every page with a sound copy.  Of several the newest counts: a short batch leaves
        copies of earlier ones behind it."""
        found: dict[tuple[int, int], bytes] = {}
        for i in range(PAGES):
            data = self.file.read_at(i * PAGE_SIZE, PAGE_SIZE)
            if sound(data):
                _, no, space, *_ = header_of(data)
                where = space, no
                if where not in found or lsn_of(data) >= lsn_of(found[where]):
                    found[where] = data
        return found

    def close(self) -> None:
        self.file.close()


def sound(data: bytes) -> bool:
    """Is this a whole page with the right checksum?"""
    return len(data) == PAGE_SIZE and any(data[:64]) and header_of(data)[0] == zlib.crc32(memoryview(data)[4:])
