"""REPAIR TABLE: new files from whatever of the data file can be read.

The index file is believed in nothing but its auto-increment counter, and not even in that with USE_FRM.  The rows that can be read
go into new files in the order of their addresses, packed; a row whose unique key is there already is left out.  The new files take
the place of the old ones only when they are complete.  Between the two renames new rows stand beside old keys: the old index file
is marked as crashed before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from minidb.catalog import TableDef
from minidb.engine import Trx
from minidb.errors import Error, SqlError
from minidb.myisam.files import CRASHED, HEAP, TableFiles, data_path, key_path
from minidb.myisam.heap import HeapCache
from minidb.myisam.keyfile import DuplicateRow
from minidb.myisam.row_format import make_heap
from minidb.myisam.state import HeapState
from minidb.storage.buffer_pool import BufferPool
from minidb.storage.file import describe
from minidb.storage.mtr import Mtr

SUFFIX = "#repair"


@dataclass(frozen=True, slots=True)
class Repaired:
    """rows: kept.  duplicates: left out because of a unique key.  lost_pages: pages of the data file that could not be read.
    rows_before: what was counted before, None if that could not be read."""

    rows: int
    duplicates: int
    lost_pages: int
    rows_before: int | None


def repair_table(tdef: TableDef, pool: BufferPool, mtr: Mtr, capacity: int, before: HeapState | None = None) -> Repaired:
    """Rebuild the closed table `tdef`.  before: its counters, if they are known better than from the index file.  Raises 1146
    without a data file, 1026 / 1114 (then the old files are as they were)."""
    fs = pool.fs
    if not fs.exists(data_path(tdef)):
        raise SqlError.of(1146, tdef.db, tdef.name)
    before = before or _old_state(tdef, pool)
    try:
        file = fs.open(data_path(tdef))
    except OSError as error:
        raise SqlError.of(1016, data_path(tdef), describe(error)) from error
    try:
        heap = make_heap(tdef, file, HeapState(), HeapCache())
        heap.file.settle()
        rows, lost = heap.salvage()
    finally:
        file.close()
    work = replace(tdef, name=tdef.name + SUFFIX)
    _remove(pool, work)
    new = TableFiles.create(work, pool, HeapCache(), mtr, capacity)
    try:
        if before is not None:
            new.state.auto_increment = max(1, before.auto_increment)
        trx = Trx(0, "repair")
        duplicates = 0
        for row in rows:
            try:
                new.insert(trx, row[:-1])
            except DuplicateRow:
                duplicates += 1
        new.flush()
        kept = new.state.rows
    except BaseException:
        new.abandon()
        _remove(pool, work)
        raise
    new.close()
    _mark_crashed(tdef, pool, mtr)
    fs.rename(data_path(work), data_path(tdef))
    fs.rename(key_path(work), key_path(tdef))
    fs.sync_dir(tdef.db)
    return Repaired(kept, duplicates, lost, None if before is None else before.rows)


def _old_state(tdef: TableDef, pool: BufferPool) -> HeapState | None:
    """What the header of the index file says, if it can be read."""
    try:
        space = pool.open_space(key_path(tdef))
    except Error:
        return None
    try:
        return HeapState.from_meta(space.meta[HEAP])
    except (KeyError, ValueError, TypeError):
        return None
    finally:
        space.abandon()


def _mark_crashed(tdef: TableDef, pool: BufferPool, mtr: Mtr) -> None:
    """Whoever opens the table now is told to repair it, unless its index file cannot be read: then that is noticed."""
    try:
        space = pool.open_space(key_path(tdef))
    except Error:
        return
    try:
        space.set_meta(mtr, CRASHED, 1)
        mtr.commit()
        pool.flush(space)
    finally:
        space.abandon()


def _remove(pool: BufferPool, tdef: TableDef) -> None:
    for path in (data_path(tdef), key_path(tdef)):
        if pool.fs.exists(path):
            pool.fs.remove(path)
