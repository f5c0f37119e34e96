"""The statement cache.

Two levels.  A Database keeps, for each *setting* (current database, sql_mode, connection collation ...), the exact texts it has
seen (`Texts`); entries hold plans bound to the database's table handles.  Behind it one table for the whole process keeps compiled
plans by normalised text, setting and parameter types, with the definitions they were compiled for: a fresh database with equal
tables compiles nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from minidb.catalog import TableDef
from minidb.engine import Engine, Table, TableLock
from minidb.metadata_lock import SHARED_READ, SHARED_WRITE
from minidb.query.plan import Plan

TEXT_LIMIT = 2000
PLAN_LIMIT = 5000
Types = tuple[type, ...]

# what the plan of a change of one row by its key does not do; assigning a variable may not be repeated
NOT_SINGLE = re.compile(r"\bfor\b|\bwhile\b|\btry\b|\.scan\(|\.lookup\(|\bassign\(|duplicate_of|\.get\(.*\.get\(", re.DOTALL)


class Prepared:
    """A plan bound to one database: handles in the order of its tables, names to lock, engines to tell.

    reads / writes: names for metadata locks, `wanted` both with modes, `noted` with modes as bits. simple: a consistent read of
    InnoDB tables only. quick: a change of InnoDB tables only. single: and of one row at most, found by its key. virtual: some
    tables exist only while they are read. version: the database's definitions at binding. counts_rows: sets FOUND_ROWS by
    itself. limited: has a LIMIT of its own. high_priority: reads before writers that wait for a MyISAM table. table_locks:
    (handle, lock) of MyISAM tables.
    """

    __slots__ = ("changes", "columns", "counts_rows", "engines", "handles", "high_priority", "limited", "noted", "plan", "quick",
                 "reads", "run", "simple", "single", "table_locks", "uses_tables", "version", "virtual", "wanted", "writes")

    def __init__(self, plan: Plan, handles: list[Table], engines: tuple[Engine, ...], version: int, virtual: bool,
                 counts_rows: bool, limited: bool, high_priority: bool = False) -> None:
        self.plan = plan
        self.run = plan.run
        self.columns = plan.columns
        self.changes = plan.changes
        self.handles = handles
        self.engines = engines
        self.version = version
        self.virtual = virtual
        self.counts_rows = counts_rows
        self.limited = limited
        self.high_priority = high_priority
        self.uses_tables = bool(plan.tables)
        real = [t for t, h in zip(plan.tables, handles, strict=True) if h.tdef.id]
        wanted = {(t.db, t.name) for t in real if t.write or t.lock >= TableLock.CONCURRENT_INSERT}
        self.writes = tuple(sorted(wanted))
        self.reads = tuple(sorted({(t.db, t.name) for t in real} - wanted))
        self.wanted = tuple((n, SHARED_WRITE if n in wanted else SHARED_READ) for n in sorted((*self.reads, *self.writes)))
        self.noted = {n: 1 << mode for n, mode in self.wanted}
        self.table_locks = tuple((h, t.lock) for t, h in zip(plan.tables, handles, strict=True) if h.tdef.engine == "MyISAM")
        self.simple = (plan.consistent_read and not plan.changes and not virtual and not self.table_locks and not self.writes
                       and plan.kind == "select" and not counts_rows and bool(handles))
        self.quick = plan.changes and not virtual and len(engines) == 1 and engines[0].transactional
        self.single = (self.quick and len(plan.tables) == 1 and plan.kind in ("insert", "update", "delete") and not plan.columns
                       and NOT_SINGLE.search(plan.source) is None)


class Entry:
    """What the cache knows of one exact text.

    Without arguments: `prepared` and `params` (literals lifted out of the text), or `tree` for a statement that is not a plan.
    rows: those of a multi-row INSERT of literals (never kept in the cache).
    With arguments: `bind` makes the parameters of a call's arguments (None: they are the parameters), `by_types` holds the plans.
    """

    __slots__ = ("bind", "by_types", "key", "params", "prepared", "rows", "tree")

    def __init__(self) -> None:
        self.key = ""
        self.params: tuple[Any, ...] = ()
        self.prepared: Prepared | None = None
        self.tree: Any = None
        self.rows: list[tuple[Any, ...]] | None = None
        self.bind: Callable[[Any], tuple[Any, ...]] | None = None
        self.by_types: dict[Types, Prepared] = {}


class Texts:
    """The exact texts, and the normalised ones, that a database has seen in one setting."""

    __slots__ = ("keys", "plain", "with_args")

    def __init__(self) -> None:
        self.plain: dict[str, Entry] = {}
        self.with_args: dict[str, Entry] = {}
        self.keys: dict[tuple[str, Types], Prepared] = {}

    def clear(self) -> None:
        """Forget everything (definitions have changed)."""
        self.plain.clear()
        self.with_args.clear()
        self.keys.clear()

    def bound(self) -> None:
        """Keep the number of texts within its limit."""
        if len(self.plain) > TEXT_LIMIT:
            self.plain.clear()
        if len(self.with_args) > TEXT_LIMIT:
            self.with_args.clear()
        if len(self.keys) > TEXT_LIMIT:
            self.keys.clear()


# ---- plans of the whole process
class CompiledPlan:
    """A plan, and the definitions (without ids) that it was compiled for, in the order of its tables."""

    __slots__ = ("counts_rows", "high_priority", "limited", "needs", "plan")

    def __init__(self, plan: Plan, needs: tuple[TableDef, ...], counts_rows: bool, limited: bool,
                 high_priority: bool = False) -> None:
        self.plan = plan
        self.needs = needs
        self.counts_rows = counts_rows
        self.limited = limited
        self.high_priority = high_priority


_plans: dict[Any, list[CompiledPlan]] = {}
_trees: dict[str, Any] = {}


def plans_for(key: Any) -> list[CompiledPlan]:
    """The compiled plans of one (normalised text, setting, parameter types)."""
    found = _plans.get(key)
    if found is None:
        if len(_plans) > PLAN_LIMIT:
            _plans.clear()
        found = _plans[key] = []
    return found


def tree_of(text: str, parse: Callable[[str], Any]) -> Any:
    """The syntax tree of `text`, parsed once per process."""
    tree = _trees.get(text)
    if tree is None:
        tree = parse(text)
        if len(_trees) > TEXT_LIMIT:
            _trees.clear()
        if len(text) < 10000:
            _trees[text] = tree
    return tree


def clear_process_cache() -> None:
    """Forget all compiled plans and trees (benchmarks, tests)."""
    _plans.clear()
    _trees.clear()


def signature(tdef: TableDef) -> TableDef:
    """The definition without what differs between databases of equal tables: ids, version, counter, comment."""
    return replace(tdef, _by_name={}, id=0, version=0, auto_increment=1, comment="",
                   indexes=tuple(replace(x, id=0, comment="") for x in tdef.indexes))
