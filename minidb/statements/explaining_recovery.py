"""What the start of a database has done, as text: `Database.recovery` with the names of tables and indexes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from minidb.catalog import TableDef
from minidb.errors import Error
from minidb.innodb.dict_table import path_of, root_name
from minidb.innodb.layout import clustered_definition
from minidb.myisam.files import CRASHED, OPEN_COUNT, key_path
from minidb.statements.recovering import RecoveryAccount
from minidb.statements.table_files import BARRIER, COUNTER
from minidb.storage.page import PageKind
from minidb.storage.recovery import RecoveryReport

if TYPE_CHECKING:
    from minidb.database import Database

KINDS = {PageKind.HEADER: "header", PageKind.DESCRIPTOR: "descriptor", PageKind.INDEX: "index", PageKind.LOB: "off-page value",
         PageKind.HEAP: "heap", PageKind.UNDO: "undo", PageKind.SYSTEM: "system"}


def explain(database: Database) -> Iterator[str]:
    """Line by line.  The database has been opened just now."""
    account = database.recovery
    yield f"Recovery of '{database.path}'"
    if nothing_to_do(database):
        yield "  nothing to do: the directory was closed properly" if account.clean else "  nothing to do"
    else:
        yield "  the directory was closed properly" if account.clean else "  the directory was not closed properly"
        yield from _section("Files", _files(database))
        if account.log is not None:
            yield from _section("Redo log", _log(database, account.log))
        yield from _section("Transactions", _transactions(database))
        yield from _section("Indexes", _indexes(database))
    yield from _section("MyISAM", _myisam(database))
    yield from _section("Counters", _counters(database))
    yield f"Time: {account.seconds:.3f} s"


def nothing_to_do(database: Database) -> bool:
    """Did the start find everything in order?"""
    account = database.recovery
    log, innodb = account.log, account.innodb
    done = account.pending or account.orphans or innodb.rolled_back or innodb.removed
    return not done and not innodb.history and (log is None or not (log.groups or log.restored))


def summary(database: Database) -> Iterator[str]:
    """The same in short: a line for each kind of thing that was done."""
    account = database.recovery
    if nothing_to_do(database):
        yield "nothing to do"
        return
    innodb, log = account.innodb, account.log
    yield from _finished(account)
    if account.orphans:
        yield f"{len(account.orphans)} files without a table removed"
    if log is not None:
        yield (f"redo log read from LSN {log.start} to {log.end}: {log.records - log.skipped} of {log.records} records applied to "
               f"{len(log.applied)} pages, {len(log.restored)} torn pages restored")
    yield f"{len(innodb.rolled_back)} transactions rolled back, {innodb.history} committed ones wait for purge"
    if innodb.removed:
        yield f"{len(innodb.removed)} unfinished indexes removed"
    yield from (f"MyISAM: {line}" for line in _myisam(database))


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield title
        yield from (f"  {line}" for line in found)


def _finished(account: RecoveryAccount) -> Iterator[str]:
    """What was left to do of the last change of definitions."""
    for kind, *words in account.pending:
        if kind == COUNTER:
            yield f"finished: AUTO_INCREMENT of {words[0]}.{words[1]} set to {words[2]}"
        elif kind != BARRIER:
            yield f"finished: {kind} " + " to ".join(f"'{path}'" for path in words)


def _files(database: Database) -> Iterator[str]:
    account = database.recovery
    yield from _finished(account)
    for path in account.orphans:
        yield f"removed '{path}', which belongs to no table"


# ---- the redo log
def _log(database: Database, log: RecoveryReport) -> Iterator[str]:
    yield (f"checkpoint {log.checkpoint} at LSN {log.start}, end of the log at LSN {log.end}: {log.end - log.start} bytes, "
           f"epoch {log.epoch}")
    for path, no in log.restored:
        yield f"page {no} of '{path}' was torn and came from the doublewrite file"
    yield f"{log.groups} groups with {log.records} records"
    if log.applied:
        yield f"{log.records - log.skipped} records applied to {len(log.applied)} pages"
        yield from _pages(database, log)
    for reason, count in log.skips.items():
        if count:
            yield f"{count} records skipped: {reason}"


def _pages(database: Database, log: RecoveryReport) -> Iterator[str]:
    """One line for each page that was changed: what it is, how many records were applied to it."""
    tables = {path_of(tdef): tdef for tdef in database.dictionary.all_tables() if tdef.engine == "InnoDB"}
    names = {path: _tree_names(database, path, tables.get(path)) for path in dict.fromkeys(path for path, _ in log.applied)}
    last = ""
    for (path, no), count in sorted(log.applied.items()):
        if path != last:
            yield f"  {path}"
            last = path
        kind, level, tree = log.pages[path, no]
        what = KINDS.get(PageKind(kind), "free")
        if kind == PageKind.INDEX:
            place = "root" if no == tree else "leaf" if not level else "node"
            what = f"index {names[path].get(tree, 'that is gone')}, {place}, level {level}"
        yield f"    page {no}: {what}: {count}"


def _tree_names(database: Database, path: str, tdef: TableDef | None) -> dict[int, str]:
    """Root page -> name of the index, in a table's file."""
    if tdef is None:
        return {}
    meta = database.pool.open_space(path).meta
    indexes = {root_name(index): index.name for index in (clustered_definition(tdef), *tdef.indexes)}
    return {meta[root]: name for root, name in indexes.items() if root in meta}


# ---- the engines
def _transactions(database: Database) -> Iterator[str]:
    innodb = database.recovery.innodb
    for trx in innodb.rolled_back:
        tables = "".join(f", {name} {count}" for name, count in trx.tables.items())
        yield f"transaction {trx.trx_id} was rolled back: {trx.changes} row changes undone{tables.replace(',', ':', 1)}"
    if innodb.history:
        yield f"{innodb.history} committed transactions wait for purge"


def _indexes(database: Database) -> Iterator[str]:
    for name in database.recovery.innodb.removed:
        yield f"an unfinished index of {name} was removed"


def _myisam(database: Database) -> Iterator[str]:
    for tdef in database.dictionary.all_tables():
        if tdef.engine == "MyISAM":
            try:
                marked = _is_marked(database, key_path(tdef))
            except Error as error:
                yield f"{tdef.db}.{tdef.name}: {error.message}"
                continue
            if marked:
                yield f"{tdef.db}.{tdef.name} is marked as crashed and should be repaired"


def _is_marked(database: Database, path: str) -> bool:
    """Does the index file at `path` say that its table crashed?  Raises 1016, CorruptPageError."""
    pool = database.pool
    if path in pool.spaces:
        return False  # in use, hence not crashed
    space = pool.open_space(path)
    try:
        return bool(space.meta.get(OPEN_COUNT) or space.meta.get(CRASHED))
    finally:
        space.abandon()


def _counters(database: Database) -> Iterator[str]:
    system = database.recovery.innodb
    yield f"next transaction id {system.next_trx_id}, next row id {system.next_row_id}"
    for tdef in database.dictionary.all_tables():
        if tdef.engine == "InnoDB" and tdef.auto_increment_column is not None:
            yield f"next AUTO_INCREMENT of {tdef.db}.{tdef.name}: {database.innodb.core.table(tdef).auto_increment}"
