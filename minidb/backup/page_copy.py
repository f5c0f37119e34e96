"""Copying a file of pages while somebody writes to it.

All data files, of both engines, are arrays of pages of 16 KiB that begin with the CRC-32 of the rest.  A page that is being written
while it is read may come half old, half new: it fails its checksum and is read again.  What stays unsound was left so by a power
cut, or was never written, or is damage; that is for the caller to judge.
"""

from __future__ import annotations

from collections.abc import Iterator

from minidb.storage.doublewrite import sound
from minidb.storage.file import File, read_failed, write_failed
from minidb.storage.page import PAGE_SIZE
from minidb.storage.page_codec import header_of, lsn_of

READINGS = 8  # of a page that is not sound


class PageCopy:
    """The copy of one file.  space: id that every page has to name; None: pages name themselves in another way, or not at all.
    pages: copied so far.  unsound: pages that could not be read whole -> was anything written there?  highest: the greatest LSN."""

    __slots__ = ("closed", "highest", "pages", "source", "space", "target", "unsound")

    def __init__(self, source: File, target: File, space: int | None) -> None:
        self.source = source
        self.target = target
        self.space = space
        self.pages = 0
        self.unsound: dict[int, bool] = {}
        self.highest = 0
        self.closed = False

    def steps(self, at_once: int) -> Iterator[None]:
        """Copy everything, `at_once` pages a step, up to where the file ends then.  Raises 1024, 1026, 1114."""
        while True:
            data = self._read(self.pages, at_once)
            if not data:
                return
            numbers = range(self.pages, self.pages + -(-len(data) // PAGE_SIZE))
            pieces = [data[i * PAGE_SIZE : (i + 1) * PAGE_SIZE] for i in range(len(numbers))]
            self._write(self.pages, b"".join(map(self._take, numbers, pieces)))
            self.pages = numbers.stop
            yield

    def _read(self, no: int, count: int = 1) -> bytes:
        try:
            return self.source.read_at(no * PAGE_SIZE, count * PAGE_SIZE)
        except OSError as error:
            raise read_failed(self.source.name, error) from error

    def _write(self, no: int, data: bytes) -> None:
        try:
            self.target.write_at(no * PAGE_SIZE, data)
        except OSError as error:
            raise write_failed(self.target.name, self.source.name, error) from error

    def _take(self, no: int, data: bytes) -> bytes:
        """Page `no`, which was read as `data`, read again if need be."""
        for _ in range(READINGS):
            if self.is_sound(no, data):
                self.highest = max(self.highest, lsn_of(data))
                return data
            data = self._read(no)
        self.unsound[no] = any(data)
        return data.ljust(PAGE_SIZE, b"\0")

    def is_sound(self, no: int, data: bytes) -> bool:
        """Is `data` page `no`, whole?"""
        return sound(data) and (self.space is None or header_of(data)[1:3] == (no, self.space))

    def read_again(self, copies: dict[int, bytes]) -> None:
        """Another try at the unsound pages, in the file and then among `copies` (page number -> bytes, sound)."""
        missing, self.unsound = self.unsound, {}
        for no in missing:
            data = self._take(no, self._read(no))
            if no in self.unsound and no in copies:
                del self.unsound[no]
                data = self._take(no, copies[no])
            self._write(no, data)

    def close(self) -> None:
        """Make the copy durable.  Raises OSError.  Idempotent."""
        if not self.closed:
            try:
                self.target.sync()
            finally:
                self.abandon()

    def abandon(self) -> None:
        """Close both files; idempotent."""
        self.closed = True
        self.source.close()
        self.target.close()
