"""What MariaDB thinks reading costs, for statements whose path decides which rows they lock.

A snapshot read uses any usable index: that is deterministic and, with rows in memory, never far off.  For a locking read or a
change of one small table the path is part of the semantics, so it is chosen at each execution as MariaDB 10.11 does.  The
formulas are fitted to its choices on tables of 3 to 60 rows (unit: one page read; comparing five rows costs as much)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from minidb.engine import FULL, KeyRange, Table
from minidb.query import ast
from minidb.query.bind.nodes import Source
from minidb.query.bind.types_of import Typer
from minidb.query.codegen.expressions import ExprGen
from minidb.query.codegen.ordering import limit_sources
from minidb.query.codegen.scans import equality_key, ranges_of, tuple_of
from minidb.query.codegen.unit import Unit
from minidb.query.context import ExecContext
from minidb.query.optimize.access import Access, is_clustered, part_length
from minidb.query.optimize.optimizer import JoinPlan, has_subquery

ROWS_PER_COMPARE = 5.0
SMALL = 500  # rows; beyond that an index range is taken unasked
BLOCK = 16384
SCAN = -1  # the choice of a scan instead of any index


def full_scan_cost(rows: int) -> float:
    """Reading the whole (small) table."""
    return rows / ROWS_PER_COMPARE + 4


def index_scan_cost(rows: int, entry: int) -> float:
    """Reading all entries of a covering index; entry: bytes of one."""
    return rows / _per_block(entry) + 2 + rows / ROWS_PER_COMPARE


def _per_block(entry: int) -> float:
    return BLOCK * 3 // 4 // entry + 1


def range_cost(rows: int, ranges: int, clustered: bool, covering_entry: int | None) -> float:
    """Reading `rows` rows in `ranges` ranges of an index; covering_entry: bytes of an entry if no row has to be fetched."""
    seek = 0.97 + ranges * 2 / 15 + rows / ROWS_PER_COMPARE
    if clustered:
        return seek if ranges == 1 else seek + ranges
    if covering_entry is not None:
        return seek + rows / _per_block(covering_entry)
    return seek + rows


Limit = Callable[[ExecContext, tuple[Any, ...]], int]


@dataclass(slots=True)
class Candidate:
    """One usable index: `ranges(x, p)` gives what would be read."""

    index: int
    clustered: bool
    covering_entry: int | None
    ranges: Callable[[ExecContext, tuple[Any, ...]], tuple[KeyRange, ...]]


class PathChooser:
    """Chooses between the usable indexes of one table and a scan of it.  shortest: bytes of an entry of the shortest index that
    covers; limit: gives LIMIT, which makes a scan of the table less welcome; forced: by hint, that is no choice at all."""

    __slots__ = ("candidates", "forced", "limit", "number", "shortest")

    def __init__(self, number: int, candidates: list[Candidate], shortest: int | None, limit: Limit | None, forced: bool) -> None:
        self.number = number
        self.candidates = candidates
        self.shortest = shortest
        self.limit = limit
        self.forced = forced

    def __call__(self, x: ExecContext, p: tuple[Any, ...]) -> int | None:
        """The index to use, SCAN, or None for the path chosen when the statement was compiled."""
        return self.choose(x.tables[self.number], x, p)

    def choose(self, table: Table, x: ExecContext, p: tuple[Any, ...]) -> int | None:
        rows = max(table.stats().rows, 1)
        if rows > SMALL:
            return None
        best = full_scan_cost(rows)
        if self.forced or (self.limit is not None and self.limit(x, p) < rows):
            best = math.inf
        if self.shortest is not None:
            best = min(best, index_scan_cost(rows, self.shortest))
        choice = SCAN
        for candidate in self.candidates:
            try:
                ranges = candidate.ranges(x, p)
            except Exception:  # a value that does not fit the index: the compiled plan knows what to do
                return None
            if not ranges:
                return candidate.index
            found = sum(table.estimate(candidate.index, r) for r in ranges)
            cost = range_cost(found, len(ranges), candidate.clustered, candidate.covering_entry)
            if cost < best:
                best, choice = cost, candidate.index
        return choice


class WholeRange:
    """MySQL's choice for a forced clustered index: a range that holds every record is read as a scan of the whole index."""

    __slots__ = ("candidates", "number")

    def __init__(self, number: int, candidate: Candidate) -> None:
        self.number = number
        self.candidates = [candidate]

    def __call__(self, x: ExecContext, p: tuple[Any, ...]) -> int | None:
        """SCAN or the index; None for the path chosen when the statement was compiled."""
        candidate, table = self.candidates[0], x.tables[self.number]
        try:
            ranges = candidate.ranges(x, p)
        except Exception:  # a value that does not fit the index: the compiled plan knows what to do
            return None
        found = sum(table.estimate(candidate.index, r) for r in ranges)
        return SCAN if found and found >= table.estimate(candidate.index, FULL) else candidate.index


def whole_range_for(plan: JoinPlan, typer: Typer) -> WholeRange | None:
    """The choice for a plan that reads one table through a range of its clustered index, which a hint forces."""
    if len(plan.candidates) != 1 or plan.candidates[0].kind != "range" or not plan.candidates[0].is_clustered():
        return None
    access = plan.candidates[0]
    if not any(h.kind == "FORCE" for h in access.source.hints) or access.index is None:
        return None
    if any(f.slots or has_subquery(f.condition) for facts in access.facts for f in facts):
        return None
    return WholeRange(access.source.number, Candidate(access.index, True, None, _ranges(access, typer)))


def chooser_for(plan: JoinPlan, limit: ast.Limit | None, typer: Typer) -> PathChooser | None:
    """The chooser for a plan of one table; None where there is nothing to choose (no index fits, one finds at most one row, a hint
    forces one, a bound is not known before execution).  limit: LIMIT that ends the scan early."""
    accesses = plan.candidates
    if not accesses or any(a.unique for a in accesses):
        return None
    source = accesses[0].source
    forced = any(h.kind == "FORCE" for h in source.hints)
    if not source.transactional or (forced and not plan.covering):
        return None
    candidates = []
    for access in accesses:
        if any(f.slots or has_subquery(f.condition) for facts in access.facts for f in facts) or access.index is None:
            return None
        entry = _entry_length(source, access.index) if access.covering else None
        candidates.append(Candidate(access.index, is_clustered(source, access.index), entry, _ranges(access, typer)))
    shortest = min((_entry_length(source, i) for i in plan.covering), default=None)
    return PathChooser(source.number, candidates, shortest, _limit(limit, typer), forced)


def _limit(limit: ast.Limit | None, typer: Typer) -> Limit | None:
    if limit is None:
        return None
    unit = Unit()
    unit.hoisting = False
    end = limit_sources(ExprGen(unit, typer), limit)[1]
    return unit.compile(f"def limit(x, p):\n    return {end}\n", "limit")


def _entry_length(source: Source, index: int) -> int:
    """Bytes of an index entry, the primary key in it included."""
    tdef = source.tdef
    assert tdef is not None
    size = sum(part_length(tdef, p) for p in tdef.indexes[index].parts)
    clustered = tdef.clustered_index()
    if clustered is not None and clustered != index:
        size += sum(part_length(tdef, p) for p in tdef.indexes[clustered].parts)
    return size


def _ranges(access: Access, typer: Typer) -> Callable[[ExecContext, tuple[Any, ...]], tuple[KeyRange, ...]]:
    unit = Unit()
    unit.hoisting = False
    gen = ExprGen(unit, typer)
    if access.kind == "ref":
        key = tuple_of(equality_key(gen, access).parts)
        unit.named("KeyRange", KeyRange)
        source = f"def ranges(x, p):\n    key = {key}\n    return (KeyRange(key, key),)\n"
    else:
        found = ranges_of(gen, access)
        source = f"def ranges(x, p):\n    return {'()' if found is None else found.source}\n"
    return unit.compile(source, "ranges")
