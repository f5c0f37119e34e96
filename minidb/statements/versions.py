"""SHOW VERSIONS: every version of every row of an InnoDB table, newest first, with the transaction that created and ended it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from minidb.catalog import TableDef
from minidb.engine import Row
from minidb.innodb.layout import DELETED, TRX_ID
from minidb.innodb.read_view import ReadView
from minidb.storage.page import Page

if TYPE_CHECKING:
    from minidb.database import Database

Views = list[tuple[str, ReadView]]


def version_rows(instance: Database, tdef: TableDef) -> list[Row]:
    """(columns..., created by, ended by, sessions whose read view sees it), in clustered order.  `ended by` is None for the newest
    version of a row that has not been deleted."""
    core = instance.innodb.core
    width = len(tdef.columns)
    found: list[Row] = []
    with instance.scheduler.latch:
        table = core.table(tdef)
        resolve = core.resolver(table)
        tree = table.clustered.tree
        views = [(trx.session_name, view) for trx, view in core.system.open_views()]
        page: Page | None = tree.first_leaf()
        while page is not None:
            for row in list(page.rows):
                found += _versions(core.versions.chain(row), width, resolve, views)
            page = tree.next_leaf(page)
    return found


def _versions(versions: Iterable[Row], width: int, resolve: Callable[[Row], Row] | None, views: Views) -> list[Row]:
    """One row's versions, newest first.  A delete mark is the end of the version below it, not a version."""
    made: list[Row] = []
    ended: int | None = None
    claimed: set[str] = set()
    for row in versions:
        creator = row[TRX_ID]
        seen = [name for name, view in views if name not in claimed and view.sees(creator)]
        claimed.update(seen)
        if not row[DELETED]:
            values = row if resolve is None else resolve(row)
            made.append((*values[:width], creator, ended, ", ".join(seen)))
        ended = creator
    return made
