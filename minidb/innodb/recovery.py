"""Recovery, second half: what the redo log has restored is made consistent.

1. Indexes that the definition does not know are freed: a crash came while they were built, or before they were dropped.
2. Undo logs are found in the undo pages.  Those without a commit number belonged to transactions that were running: they are rolled
   back.  The others form the history list again, for purge.
3. Counters: ids of transactions begin behind all that were given out, hidden row ids behind the largest present.
   (AUTO_INCREMENT counters are in the tables' headers, under the log.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from minidb.catalog import TableDef
from minidb.innodb.core import Core
from minidb.innodb.dict_table import path_of, root_name
from minidb.innodb.layout import clustered_definition
from minidb.innodb.read_view import ReadView
from minidb.innodb.trx import CommittedLog, InnodbTrx
from minidb.innodb.undo import PURGED, TABLE
from minidb.innodb.undo_log import UndoLog, undo_logs
from minidb.storage.btree import BTree
from minidb.storage.page import PageKind
from minidb.storage.space import Tablespace
from minidb.storage.tree_spec import TreeSpec

ROOT = "root:"


@dataclass(slots=True)
class RolledBack:
    """A transaction that was running.  changes: number of row changes undone; tables: the same by table, in the order of the first
    change (a table that is gone is named by its id)."""

    trx_id: int
    changes: int
    tables: dict[str, int]


@dataclass(slots=True)
class InnodbReport:
    """What was done.  removed: tables of which an index was removed that their definition does not know.  history: committed
    transactions that wait for purge.  next_trx_id, next_row_id: counters from now on."""

    rolled_back: list[RolledBack] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    history: int = 0
    next_trx_id: int = 0
    next_row_id: int = 0


class InnodbRecovery:
    """One run, at the start of an engine.  definitions: every InnoDB table.  crashed: the directory was not closed properly."""

    def __init__(self, core: Core, definitions: Callable[[], Iterator[TableDef]], crashed: bool) -> None:
        self.core = core
        self.tables = {tdef.id: tdef for tdef in definitions()}
        self.crashed = crashed
        self.report = InnodbReport()
        self.highest_table = 0  # ids that undo records name: not to be given to new tables while the records live

    def run(self) -> Iterator[str]:
        """Do it; a sentence for everything worth telling."""
        if self.crashed:
            for tdef in self.tables.values():
                yield from self._remove_unknown_indexes(tdef)
            self._count_row_ids()
        logs = self._find_logs()
        if logs:
            yield from self._use(logs)
        system = self.core.system
        self.report.history = len(system.history)
        self.report.next_trx_id, self.report.next_row_id = system.next_id, system.next_row_id

    # ---- indexes
    def _remove_unknown_indexes(self, tdef: TableDef) -> Iterator[str]:
        """Free the trees that the definition does not know: they were being built, or about to be freed."""
        core = self.core
        space = core.pool.open_space(path_of(tdef), space_id=tdef.id, logged=True)
        known = {root_name(d) for d in (*tdef.indexes, clustered_definition(tdef))}
        for name in [n for n in space.meta if n.startswith(ROOT) and n not in known]:
            free_unknown_tree(core, space, space.meta[name])
            space.set_meta(core.mtr, name, None)
            core.mtr.commit()
            self.report.removed.append(f"{tdef.db}.{tdef.name}")
            yield f"an index of {tdef.db}.{tdef.name} that its definition does not know was removed"

    # ---- counters
    def _count_row_ids(self) -> None:
        system = self.core.system
        for tdef in self.tables.values():
            if tdef.clustered_index() is None:
                page, i = self.core.table(tdef).clustered.tree.last()
                if page is not None:
                    system.next_row_id = max(system.next_row_id, page.keys[i] + 1)
                self.core.trim()

    # ---- undo
    def _find_logs(self) -> list[UndoLog]:
        """Every log that is active or waits for purge; the undo space learns which pages are in use."""
        space = self.core.space
        pages = {page.no: page.rows for page in map(space.page, list(space.used_pages())) if page.kind == PageKind.UNDO}
        logs = [log for log in undo_logs(pages) if log.number != PURGED]
        self.highest_table = max((record[TABLE] for log in logs for record in log.records), default=0)
        running = {n for log in logs if not log.number for n in log.pages}
        self.core.undo.rebuild(list(pages), running, [log.pages for log in logs])
        return logs

    def _use(self, logs: list[UndoLog]) -> Iterator[str]:
        core = self.core
        system = core.system
        system.next_id = max(system.next_id, *(max(log.trx_id, log.number) + 1 for log in logs))
        for table in dict.fromkeys(record[TABLE] for log in logs for record in log.records):
            if table in self.tables:
                core.table(self.tables[table])
        for log in sorted((log for log in logs if log.number), key=lambda log: log.number):
            system.history.append(CommittedLog(log.number, log.trx_id, tuple(log.pages), log.start, log.end))
        ids = tuple(sorted(log.trx_id for log in logs if not log.number))
        system.purge_view = ReadView(ids[0] if ids else system.next_id, system.next_id, ids)
        running = sorted((log for log in logs if not log.number), key=lambda log: log.trx_id, reverse=True)
        revived = [revive(core, log.trx_id, log.pages, log.start, len(log.records)) for log in running]
        for trx, log in zip(revived, running, strict=True):
            number, count = trx.id, trx.undo_records
            core.rollback(trx)
            tables = Counter(self._name(record[TABLE]) for record in log.records)
            self.report.rolled_back.append(RolledBack(number, count, dict(tables)))
            yield f"transaction {number} was rolled back: {count} row change(s) undone"
        system.purge_view = ReadView(system.next_id, system.next_id, ())
        if system.history:
            yield f"{len(system.history)} committed transaction(s) wait for purge"

    def _name(self, table: int) -> str:
        tdef = self.tables.get(table)
        return f"table {table}, which is gone" if tdef is None else f"{tdef.db}.{tdef.name}"


def revive(core: Core, trx_id: int, pages: Sequence[int], start: int, records: int) -> InnodbTrx:
    """The transaction of an undo log, as it was when the database stopped.  start: slot of the log's header in the first of its
    `pages`.  records: their number."""
    trx = InnodbTrx(0, f"recovered {trx_id}")
    trx.id = trx_id
    trx.log_pages = list(pages)
    trx.log_start = start
    trx.log_bytes = core.undo.bytes_before(pages[0], start)
    trx.undo_records = records
    trx.active = trx.started = True
    core.system.active[trx.id] = trx
    core.system.latest = None
    return trx


def _opaque_record(data: bytes, offset: int) -> tuple[int, bytes, int]:
    end = offset + int.from_bytes(data[offset - 2 : offset], "little")
    return offset, data[offset:end], end


OPAQUE = TreeSpec("unknown", lambda key, row: bytes(row), _opaque_record, lambda row: len(row) + 2)


def free_unknown_tree(core: Core, space: Tablespace, root: int) -> None:
    """Give back the pages of a tree whose records nobody can read; the caller commits."""
    BTree(space, root, OPAQUE).free_all(core.mtr)
