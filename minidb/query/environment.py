"""What the compiler asks of its surroundings, and what one compilation keeps while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from minidb.engine import Table
from minidb.query import ast
from minidb.query.bind.nodes import RecursiveBlock, Source, SourceColumn
from minidb.query.context import SessionState
from minidb.query.plan import PlanTable


class ServerRules(Protocol):
    """What the server that minidb stands for understands, as far as compiling depends on it.

    for_share_allowed: FOR SHARE, OF tables, several locking clauses.  wait_clause_allowed: WAIT n, and NOWAIT behind LOCK IN SHARE
    MODE.  forced_range_may_scan: a forced index whose range holds the whole table is read from end to end."""

    for_share_allowed: bool
    wait_clause_allowed: bool
    forced_range_may_scan: bool


class CompileEnv(Protocol):
    """The compiler's view of the session that compiles."""

    session: SessionState
    foreign_key_checks: bool

    @property
    def rules(self) -> ServerRules: ...

    def open(self, db: str | None, name: str) -> Table:
        """A handle on the table; raises 1046, 1049, 1146."""

    def sql_mode(self) -> frozenset[str]: ...


@dataclass(slots=True)
class CommonEntry:
    """A WITH definition in force.  recursive: WITH RECURSIVE; running: set while its recursive part is being bound."""

    table: ast.CommonTable
    recursive: bool
    running: RecursiveBlock | None = None
    hidden: bool = False


class Compilation:
    """State of one compilation: the tables met so far and the numbers given out."""

    __slots__ = ("all_sources", "ctes", "env", "mode", "params", "rules", "select_ids", "slots", "sources", "subqueries")

    def __init__(self, env: CompileEnv, params: tuple[Any, ...]) -> None:
        self.env: CompileEnv | None = env
        self.rules = env.rules
        self.params = params
        self.mode = env.sql_mode()
        self.slots = 0
        self.subqueries = 0
        self.select_ids = 0
        self.sources: list[Source] = []
        self.all_sources: list[Source] = []
        self.ctes: list[dict[str, CommonEntry]] = []

    def source(self, alias: str, columns: tuple[SourceColumn, ...]) -> Source:
        """A new row source with the next slot."""
        made = Source(self.slots, alias, columns)
        self.slots += 1
        self.all_sources.append(made)
        return made

    def open(self, ref: ast.TableRef) -> Source:
        """A source for a base table; raises 1046, 1049, 1146."""
        assert self.env is not None
        handle = self.env.open(ref.db, ref.name)
        tdef = handle.tdef
        columns = tuple(SourceColumn(c.name, c.type, c.nullable) for c in tdef.columns)
        made = self.source(ref.alias or tdef.name, columns)
        made.db, made.name, made.tdef, made.handle, made.hints = tdef.db, tdef.name, tdef, handle, ref.hints
        made.number = len(self.sources)
        made.layouts = tuple(handle.entry_layout(i) for i in range(len(tdef.indexes)))
        self.sources.append(made)
        return made

    def release(self) -> None:
        """Let go of the session and of table handles."""
        self.env = None
        for source in self.all_sources:
            source.handle = None

    def next_select_id(self) -> int:
        self.select_ids += 1
        return self.select_ids

    def next_subquery(self) -> int:
        self.subqueries += 1
        return self.subqueries

    def common_table(self, name: str) -> CommonEntry | None:
        """The innermost WITH definition called `name`."""
        for layer in reversed(self.ctes):
            entry = layer.get(name.lower())
            if entry is not None and not entry.hidden:
                return entry
        return None

    def plan_tables(self) -> tuple[PlanTable, ...]:
        return tuple(PlanTable(s.db, s.name, s.alias, s.lock, s.write) for s in self.sources)
