"""Recovery, second half: what the redo log has restored is made consistent.

1. Indexes: one that a crash left half built or half dropped is freed if the definition does not know it, else built anew.
2. Undo logs are found in the undo pages.  Those without a commit number belonged to transactions that were running: they are rolled
   back.  The others form the history list again, for purge.
3. Counters: ids of transactions begin behind all that were given out, hidden row ids behind the largest present.
   (AUTO_INCREMENT counters are in the tables' headers, under the log.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from minidb.catalog import TableDef
from minidb.innodb.core import Core
from minidb.innodb.ddl import sorted_entries
from minidb.innodb.dict_table import DictTable, SecondaryIndex, path_of, root_name
from minidb.innodb.layout import clustered_definition
from minidb.innodb.read_view import ReadView
from minidb.innodb.trx import CommittedLog, InnodbTrx
from minidb.innodb.undo import CONTINUED, HEADER, INSERT, KIND, PURGED, TABLE, Record
from minidb.storage.btree import BTree
from minidb.storage.page import Page, PageKind
from minidb.storage.space import Tablespace
from minidb.storage.tree_spec import TreeSpec

ROOT = "root:"
UNBUILT = "unbuilt"  # meta: ids of indexes whose entries recovery is filling in


class FoundLog:
    """An undo log as it stands in the undo pages.  pages: in order.  start: slot of its header.  end: slot behind its last record.
    number: of its commit, 0 if the transaction was running."""

    __slots__ = ("end", "number", "pages", "records", "start", "trx_id")

    def __init__(self, trx_id: int, number: int, page: int, start: int) -> None:
        self.trx_id = trx_id
        self.number = number
        self.pages = [page]
        self.start = start
        self.end = start + 1
        self.records: list[Record] = []


class InnodbRecovery:
    """One run, at the start of an engine.  definitions: every InnoDB table.  crashed: the directory was not closed properly."""

    def __init__(self, core: Core, definitions: Callable[[], Iterator[TableDef]], crashed: bool) -> None:
        self.core = core
        self.tables = {tdef.id: tdef for tdef in definitions()}
        self.crashed = crashed
        self.highest_table = 0  # ids that undo records name: not to be given to new tables while the records live

    def run(self) -> Iterator[str]:
        """Do it; a sentence for everything worth telling."""
        if self.crashed:
            for tdef in self.tables.values():
                yield from self._restore_indexes(tdef)
            self._count_row_ids()
        logs = self._find_logs()
        if logs:
            yield from self._use(logs)

    # ---- indexes
    def _restore_indexes(self, tdef: TableDef) -> Iterator[str]:
        core = self.core
        mtr = core.mtr
        space = core.pool.open_space(path_of(tdef))
        definitions = {root_name(d): d for d in (*tdef.indexes, clustered_definition(tdef))}
        for name in [n for n in space.meta if n.startswith(ROOT) and n not in definitions]:
            free_unknown_tree(core, space, space.meta[name])
            space.set_meta(mtr, name, None)
            mtr.commit()
            yield f"an unfinished index of {tdef.db}.{tdef.name} was removed"
        missing = [d.id for name, d in definitions.items() if name not in space.meta]
        unbuilt = [*space.meta.get(UNBUILT, ()), *missing]
        if not unbuilt:
            return
        for definition_id in missing:
            space.set_meta(mtr, f"{ROOT}{definition_id}", BTree.create(space, mtr, OPAQUE).root_no)
        space.set_meta(mtr, UNBUILT, unbuilt)
        mtr.commit()
        self._build(core.table(tdef), unbuilt)
        space.set_meta(mtr, UNBUILT, None)
        mtr.commit()
        yield f"{len(unbuilt)} index(es) of {tdef.db}.{tdef.name} were built anew"

    def _build(self, table: DictTable, ids: list[int]) -> None:
        for index in table.secondaries:
            if index.definition.id in ids:
                index.tree.clear(self.core.mtr)
                self.core.mtr.commit()
                self._fill(table, index)

    def _fill(self, table: DictTable, index: SecondaryIndex) -> None:
        index.tree.bulk_load(self.core.mtr, iter(sorted_entries(self.core, table, index)))
        self.core.mtr.commit()

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
    def _find_logs(self) -> list[FoundLog]:
        """Every log that is active or waits for purge; the undo space learns which pages are in use."""
        space = self.core.space
        pages = []
        for number in list(space.used_pages()):
            page = space.page(number)
            if page.kind == PageKind.UNDO:
                pages.append(number)
        follows: dict[tuple[int, int], int] = {}  # (page before, transaction) -> page that continues its log
        for number in pages:
            rows = space.page(number).rows
            if rows and rows[0][KIND] == CONTINUED:
                follows[rows[0][2], rows[0][1]] = number
        logs: list[FoundLog] = []
        for number in pages:
            page = space.page(number)
            for slot, record in enumerate(page.rows):
                if record[KIND] == HEADER and record[2] != PURGED:
                    logs.append(self._read(FoundLog(record[1], record[2], number, slot), page, follows))
        self.core.undo.rebuild(pages, {n for log in logs if not log.number for n in log.pages}, [log.pages for log in logs])
        return logs

    def _read(self, log: FoundLog, page: Page, follows: dict[tuple[int, int], int]) -> FoundLog:
        slot = log.start + 1
        while True:
            rows = page.rows
            while slot < len(rows) and rows[slot][KIND] >= INSERT:
                log.records.append(rows[slot])
                self.highest_table = max(self.highest_table, rows[slot][TABLE])
                slot += 1
            log.end = slot
            following = follows.get((page.no, log.trx_id)) if slot == len(rows) else None
            if following is None:
                return log
            log.pages.append(following)
            page, slot = self.core.space.page(following), 1

    def _use(self, logs: list[FoundLog]) -> Iterator[str]:
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
        for trx in [revive(core, log.trx_id, log.pages, log.start, len(log.records)) for log in running]:
            number, count = trx.id, trx.undo_records
            core.rollback(trx)
            yield f"transaction {number} was rolled back: {count} row change(s) undone"
        system.purge_view = ReadView(system.next_id, system.next_id, ())
        if system.history:
            yield f"{len(system.history)} committed transaction(s) wait for purge"


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
    """Give back the pages of a tree whose records nobody can read."""
    BTree(space, root, OPAQUE).free_all(core.mtr)
    core.mtr.commit()
