"""`MyisamLoader`: fills a new table for ALTER TABLE, as MyISAM's bulk insert does: the rows first, one behind the other, then each
index by sorting (mi_repair_by_sort)."""

from __future__ import annotations

from collections.abc import Sequence

from minidb.engine import Loader, Row
from minidb.myisam.files import TableFiles
from minidb.myisam.keyfile import DuplicateRow
from minidb.scheduler import Mutex


class MyisamLoader(Loader):
    """name_in_duplicates: 1062 names the key as 'table.key'.  Made with the latch held."""

    def __init__(self, files: TableFiles, latch: Mutex, sort_bytes: int, name_in_duplicates: bool) -> None:
        self.files = files
        self.sort_bytes = sort_bytes
        self._latch = latch
        self._name_in_duplicates = name_in_duplicates
        files.mark_changed()

    def add(self, rows: Sequence[Row]) -> None:
        files = self.files
        with self._latch:
            for values in rows:
                files.load(values)
            files.tidy()

    def finish(self) -> None:
        files = self.files
        with self._latch:
            try:
                files.build_keys(self.sort_bytes)
            except DuplicateRow as found:
                raise found.index.duplicate(files.current(found.address), self._name_in_duplicates) from None
            files.tidy()
