"""`InnodbSnapshot`: what the engine knows beside its pages at one moment: counters, history list, running transactions, tables.

The pages are kept by `storage/snapshot`; here is the rest, to be recalled when they have been restored.  Transactions that were
running do not belong to a snapshot: their undo is in the pages, and they are rolled back as after a crash.
"""

from __future__ import annotations

from typing import NamedTuple

from minidb.catalog import TableDef
from minidb.innodb.core import Core
from minidb.innodb.dict_table import DictTable, SecondaryIndex, path_of
from minidb.innodb.engine import InnodbEngine
from minidb.innodb.recovery import revive
from minidb.storage.snapshot import Source
from minidb.storage.space import Tablespace


class OpenTable(NamedTuple):
    """An open table.  tdef, secondaries: its definition and indexes.  changed, rebuilt: its def_trx_id and rebuilt_trx_id."""

    table: DictTable
    tdef: TableDef
    secondaries: tuple[SecondaryIndex, ...]
    changed: int
    rebuilt: int


class Running(NamedTuple):
    """A transaction that had written undo."""

    trx_id: int
    pages: tuple[int, ...]
    start: int
    records: int


class InnodbSnapshot:
    """tables: by id, those that belong to the snapshot.  Latch held in all methods."""

    def __init__(self, core: Core, definitions: list[TableDef]) -> None:
        system = core.system
        self.space = core.space
        self.next_id, self.next_row_id = system.next_id, system.next_row_id
        self.history = tuple(system.history)
        self.purge_view = system.purge_view
        self.running = [
            Running(trx.id, tuple(trx.log_pages), trx.log_start, trx.undo_records)
            for trx in system.active.values() if trx.log_pages
        ]
        self.undo = core.undo.bookkeeping()
        self.last_no = core.locks.last_no
        self.tables: dict[int, OpenTable] = {}
        for tdef in definitions:
            t = core.table(tdef)
            self.tables[tdef.id] = OpenTable(t, t.tdef, tuple(t.secondaries), t.def_trx_id, t.rebuilt_trx_id)

    def spaces(self) -> dict[str, Tablespace]:
        """The tablespaces by path."""
        return {self.space.path: self.space, **{path_of(one.tdef): one.table.space for one in self.tables.values()}}

    # ---- restoring
    def close_others(self, core: Core) -> None:
        """Before the pages are restored: forget the tables that the snapshot does not know."""
        for number, table in list(core.tables.items()):
            known = self.tables.get(number)
            if known is None or known.table is not table:
                del core.tables[number]
                table.space.abandon()

    def recall(self, engine: InnodbEngine, definitions_changed: bool) -> None:
        """After the pages were restored: know again what was known, and roll back what was running.  No transaction is open, nobody
        has locks."""
        core = engine.core
        self._recall_counters(core)
        core.locks.last_no = self.last_no
        for trx in core.system.transactions():
            trx.locks.spare.clear()  # indexes with the numbers of those locks may be others from now on
        if definitions_changed:
            engine.forget_handles()
            self._recall_tables(core)
        for table in core.tables.values():
            table.read_counters()
        self._roll_back(core)

    def _recall_counters(self, core: Core) -> None:
        system = core.system
        system.next_id, system.next_row_id = self.next_id, self.next_row_id
        system.history.clear()
        system.history.extend(self.history)
        system.purge_view = self.purge_view
        system.latest = None
        core.undo.recall(self.undo)

    def _recall_tables(self, core: Core) -> None:
        """Tables are what they were, dropped ones too, with the indexes that they had."""
        core.tables.clear()
        for number, one in self.tables.items():
            table = core.tables[number] = one.table
            table.secondaries = list(one.secondaries)
            table.describe_by(one.tdef)
            table.leaving.clear()
            table.def_trx_id, table.rebuilt_trx_id = one.changed, one.rebuilt
            for index in (table.clustered, *table.secondaries):
                index.tree.attach()
        core.locks.arrange([i.locks for t in core.tables.values() for i in (t.clustered, *t.secondaries)])

    def _roll_back(self, core: Core) -> None:
        for one in sorted(self.running, reverse=True):
            core.rollback(revive(core, one.trx_id, one.pages, one.start, one.records))

    # ---- forking
    def copy_to(self, core: Core, source: Source) -> None:
        """Give another, empty engine the contents of the snapshot."""
        core.space.copy_from(source.origin(self.space))
        for number, one in self.tables.items():
            core.pool.open_copy(path_of(one.tdef), one.table.space.id, source.origin(one.table.space))
            table = core.tables[number] = DictTable.open(core.pool, core.locks, one.tdef, core.capacity)
            table.def_trx_id, table.rebuilt_trx_id = one.changed, one.rebuilt
            for mine, index in zip(table.secondaries, one.secondaries, strict=True):
                mine.def_trx_id = index.def_trx_id
        self._recall_counters(core)
        self._roll_back(core)
