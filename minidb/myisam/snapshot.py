"""`MyisamSnapshot`: which tables were open at one moment, and as what.  Their pages and counters are kept by `storage/snapshot`."""

from __future__ import annotations

from typing import NamedTuple

from minidb.catalog import TableDef
from minidb.errors import Error
from minidb.myisam.engine import MyisamEngine
from minidb.myisam.files import TableFiles, key_path
from minidb.myisam.heap import Heap
from minidb.storage.snapshot import Source
from minidb.storage.space import Tablespace


class OpenTable(NamedTuple):
    """An open table and its definition."""

    files: TableFiles
    tdef: TableDef


class MyisamSnapshot:
    """tables: by id.  A table that cannot be opened (it is marked as crashed) is just its files.  Latch held in all methods.
    """

    def __init__(self, engine: MyisamEngine, definitions: list[TableDef]) -> None:
        self.tables: dict[int, OpenTable] = {}
        for tdef in definitions:
            try:
                files = engine.opened(tdef).files
            except Error:
                continue
            self.tables[tdef.id] = OpenTable(files, tdef)

    def spaces(self) -> dict[str, Tablespace]:
        """The tablespaces of the indexes by path."""
        return {key_path(one.tdef): one.files.keys.space for one in self.tables.values()}

    def heaps(self) -> list[Heap]:
        """The heaps of all tables."""
        return [one.files.heap for one in self.tables.values()]

    # ---- restoring
    def close_others(self, engine: MyisamEngine) -> None:
        """Before the pages are restored: forget the tables that the snapshot does not know."""
        for number, table in list(engine.tables.items()):
            known = self.tables.get(number)
            if known is None or known.files is not table.files:
                del engine.tables[number]
                table.files.abandon()

    def recall(self, engine: MyisamEngine, definitions_changed: bool) -> None:
        """After the pages were restored: tables are what they were, dropped ones too.  Nobody has locks."""
        for one in self.tables.values():
            one.files.restored(one.tdef if definitions_changed else None)
            if definitions_changed:
                engine.handle(one.tdef, one.files)

    # ---- forking
    def copy_to(self, engine: MyisamEngine, source: Source) -> None:
        """Give another, empty engine the contents of the snapshot."""
        for one in self.tables.values():
            engine.copy_table(one.files, one.tdef, source)
