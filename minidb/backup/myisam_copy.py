"""Copying a MyISAM table.  No log helps here: a copy is good if the table did not change while it was made.

The header of the index file says so: `open_count` is 1 from before the first change to after the last, and every writing of the
header gives it another number (its LSN field).  A header that says 0, and is the same before and after, brackets a copy of one
moment.  Any other copy is kept as it stands and marked as crashed: REPAIR gets the rows that can be read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from minidb.backup.definitions import Definitions
from minidb.backup.page_copy import PageCopy
from minidb.catalog import TableDef
from minidb.errors import CorruptPageError, Error
from minidb.myisam.files import CRASHED, OPEN_COUNT
from minidb.storage.doublewrite import sound
from minidb.storage.file import File, FileSystem
from minidb.storage.mtr import Op
from minidb.storage.page import PAGE_SIZE
from minidb.storage.page_codec import split_header_page
from minidb.storage.raw_page import RawPage
from minidb.storage.redo_record import Record


class MyisamCopy:
    """One table.  header: the header page that brackets the copy.  settled: the copy is of one moment.  marked: the table was
    marked as being changed, or crashed, before; waiting does not help.  pages: copied."""

    __slots__ = ("definition", "header", "marked", "pages", "settled", "target", "work")

    def __init__(self, definition: TableDef, target: FileSystem, work: str) -> None:
        """The copy goes to the files `work`.MYD and `work`.MYI of `target`."""
        self.definition = definition
        self.target = target
        self.work = work
        self.header = b""
        self.settled = self.marked = False
        self.pages = 0

    @property
    def data_name(self) -> str:
        """The copy of the data file."""
        return f"{self.work}.MYD"

    @property
    def key_name(self) -> str:
        """The copy of the index file."""
        return f"{self.work}.MYI"

    def steps(self, definitions: Definitions, at_once: int) -> Iterator[None]:
        """Copy both files anew.  Raises Moved, OSError, 1877 for a page that is damaged where nothing is being changed."""
        self.settled = self.marked = False
        self.pages = 0  # until the copy is complete
        data, keys = definitions.open_myisam(self.definition)
        copies: list[PageCopy] = []
        try:
            self.header = _header(keys)
            for source, name in ((data, self.data_name), (keys, self.key_name)):
                if self.target.exists(name):
                    self.target.remove(name)
                copies.append(PageCopy(source, self.target.open(name, create=True), None))
                yield from copies[-1].steps(at_once)
            self.marked = _is_marked(self.header)
            self.settled = not self.marked and _header(keys) == self.header
            for copy in copies:
                copy.close()
        finally:
            for copy in copies:
                copy.abandon()
            data.close()
            keys.close()
        self.pages = sum(copy.pages for copy in copies)
        damaged = [(copy.source.name, no) for copy in copies for no, written in copy.unsound.items() if written]
        if self.settled and damaged:
            raise _damage(self.definition, *damaged[0])

    def still_good(self, definitions: Definitions) -> bool:
        """Has the table not changed since it was copied?  Raises Moved, OSError."""
        data, keys = definitions.open_myisam(self.definition)
        try:
            return self.settled and _header(keys) == self.header  # data files change only while the header says so
        finally:
            data.close()
            keys.close()

    def mark(self) -> None:
        """Mark the copy as crashed.  (A header that cannot be read says so by itself.)  Raises OSError."""
        self.settled = False
        file = self.target.open(self.key_name)
        try:
            header = _header(file)
            if sound(header):
                page = RawPage(header)
                page.apply(Record(Op.META, 0, 0, False, 0, data=json.dumps([CRASHED, 1]).encode()))
                file.write_at(0, page.encode())
                file.sync()
        except ValueError:
            return  # no header either
        finally:
            file.close()


def _header(keys: File) -> bytes:
    return keys.read_at(0, PAGE_SIZE)


def _is_marked(header: bytes) -> bool:
    """Does the header of an index file say that the table is being changed, or crashed?"""
    if not sound(header):
        return True
    try:
        meta = json.loads(split_header_page(header)[1])
    except ValueError:
        return True
    return bool(meta.get(OPEN_COUNT) or meta.get(CRASHED))


def _damage(tdef: TableDef, name: str, no: int) -> Error:
    error = CorruptPageError(1877, f"Table '{tdef.db}.{tdef.name}' is corrupt: page {no} of file '{name}' fails its checksum")
    error.code, error.symbol = 1877, "ER_TABLE_CORRUPT"
    return error
