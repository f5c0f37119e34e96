"""Access paths: how the rows of one table are found, MySQL's names for it, and how many rows that gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from minidb.catalog import IndexDef, IndexPart, TableDef
from minidb.errors import SqlError
from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.bind.nodes import Source
from minidb.query.optimize.facts import ColumnFacts, Fact
from minidb.types.collation import CHARSETS
from minidb.types.sqltype import Family

RANKS = {"system": 0, "const": 0, "eq_ref": 1, "ref": 2, "range": 3, "index": 5, "ALL": 6}


@dataclass(slots=True)
class Access:
    """One way to read `source`.

    kind: MySQL's type column.  facts: per index part used, the facts it uses (one 'eq' fact for all parts of const / eq_ref / ref).
    done: conditions that the path itself guarantees.  needed: columns of the source that the statement reads.
    pushed: index condition (ICP).  rows: estimated rows found."""

    source: Source
    kind: str
    index: int | None = None
    facts: list[list[Fact]] = field(default_factory=list)
    done: list[Expr] = field(default_factory=list)
    covering: bool = False
    reverse: bool = False
    ordered: bool = False
    order_parts: int = 0  # leading key parts that the order asked for spans
    point_turns: bool = False  # read backwards only if the range is more than one value
    unique: bool = False
    pushed: list[Expr] = field(default_factory=list)
    possible: list[int] = field(default_factory=list)
    rows: float = 1.0

    @property
    def index_def(self) -> IndexDef:
        assert self.source.tdef is not None and self.index is not None
        return self.source.tdef.indexes[self.index]

    @property
    def parts(self) -> list[IndexPart]:
        """The key parts that are used."""
        assert self.index is not None
        return index_parts(self.source, self.index)[: len(self.facts)]

    def is_clustered(self) -> bool:
        return self.index is not None and is_clustered(self.source, self.index)

    def key_len(self) -> int:
        """Bytes of the key that are used, as EXPLAIN counts them."""
        assert self.source.tdef is not None
        parts = self.parts if self.kind not in ("index",) else list(self.index_def.parts)
        return sum(part_length(self.source.tdef, part) for part in parts)


def is_clustered(source: Source, index: int) -> bool:
    return source.transactional and source.tdef is not None and source.tdef.clustered_index() == index


def index_parts(source: Source, index: int) -> list[IndexPart]:
    """The parts that conditions may use: a non-unique InnoDB index goes on with the primary key's columns (extended keys)."""
    tdef = source.tdef
    assert tdef is not None
    definition = tdef.indexes[index]
    parts = list(definition.parts)
    clustered = tdef.clustered_index() if source.transactional else None
    if clustered is None or clustered == index or definition.unique or definition.kind == "FULLTEXT":
        return parts
    return parts + [p for p in tdef.indexes[clustered].parts if p.column not in definition.columns]


_FIXED = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 8, "year": 1, "float": 4, "double": 8, "date": 3}
_PACKED = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)
_VARYING = ("varchar", "varbinary", "text", "blob")


def part_length(tdef: TableDef, part: IndexPart) -> int:
    """Bytes of one key part: the column's size, 2 for a length, 1 if it is nullable."""
    column = tdef.columns[part.column]
    t = column.type
    if t.name in _FIXED:
        size = _FIXED[t.name]
    elif t.family is Family.DECIMAL:
        scale = t.scale or 0
        whole = (t.length or 10) - scale
        size = whole // 9 * 4 + _PACKED[whole % 9] + scale // 9 * 4 + _PACKED[scale % 9]
    elif t.is_temporal():
        base = {"datetime": 5, "timestamp": 4, "time": 3}.get(t.name, 5)
        size = base + ((t.scale or 0) + 1) // 2
    elif t.name == "enum":
        size = 1 if len(t.members) < 256 else 2
    elif t.name == "set":
        size = next(n for n in (1, 2, 3, 4, 8) if len(t.members) <= 8 * n)
    elif t.name == "bit":
        size = ((t.length or 1) + 7) // 8
    else:
        width = CHARSETS[t.charset].width if t.family is Family.STRING and t.charset in CHARSETS else 1
        size = (part.prefix or t.length or 1) * width
        if any(t.name.endswith(name) for name in _VARYING):
            size += 2
    return size + column.nullable


class AccessFinder:
    """Finds the best path for one source.

    estimate: how many rows an access finds (asks the engine).  changing: for the target of UPDATE / DELETE, which MySQL always
    scans by range.  whole: rows are wanted, not entries of a covering index."""

    def __init__(self, source: Source, facts: ColumnFacts, needed: set[int], estimate: Callable[[Access], float],
                 changing: bool = False, whole: bool = False) -> None:
        self.source = source
        self.facts = facts
        self.needed = needed
        self.estimate = estimate
        self.changing = changing
        self.whole = whole or changing
        self.const_tables: set[int] = set()
        self.choice: int | None = None  # the index to use whatever the estimates say, SCAN for none
        self.sized = True  # whether estimates are wanted where there is nothing to choose
        self._allowed, self.forced = allowed_indexes(source)

    def forbid_indexes(self) -> None:
        """Scan whatever the conditions: the fallback when a value cannot be compared through an index."""
        self._allowed = []

    def best(self, available: set[int], const_slots: set[int]) -> Access:
        """The path to take when the rows of the slots in `available` are at hand; those in `const_slots` are known before the
        join begins (enclosing blocks excluded)."""
        candidates = self.candidates(available, const_slots)
        if self.choice is not None:
            chosen = [a for a in candidates if a.index == self.choice]
            return chosen[0] if chosen else self._scan()
        possible = [a.index for a in candidates if a.index is not None]
        if not candidates:
            return self._scan()
        for one in candidates:
            if one.kind == "const":
                one.possible = possible
                return one
        if len(candidates) > 1:
            for one in candidates:
                one.rows = self.estimate(one)
            candidates.sort(key=self._preference)
        best = candidates[0]
        best.possible = possible
        if len(candidates) == 1 and self.sized:
            best.rows = self.estimate(best)
        return best

    def candidates(self, available: set[int], const_slots: set[int]) -> list[Access]:
        """One access for each usable index."""
        return [a for i in self._allowed if (a := self._through(i, available, const_slots)) is not None]

    def covering_indexes(self) -> list[int]:
        """Indexes that hold all that is read."""
        tdef = self.source.tdef
        if tdef is None or self.changing:
            return []
        return [i for i in self._allowed if tdef.indexes[i].kind != "FULLTEXT" and self.covers(i)]

    @staticmethod
    def _preference(a: Access) -> tuple[object, ...]:
        return (a.kind != "eq_ref", a.rows, RANKS[a.kind], not a.covering and not a.is_clustered(), -len(a.facts))

    # ---- one index
    def _through(self, index: int, available: set[int], const_slots: set[int]) -> Access | None:
        tdef = self.source.tdef
        assert tdef is not None
        definition = tdef.indexes[index]
        if definition.kind == "FULLTEXT":
            return None
        chosen: list[list[Fact]] = []
        for part in index_parts(self.source, index):
            facts = self.facts.of(part.column, available)
            equal = self._equality(facts)
            if equal is not None:
                chosen.append([equal])
                continue
            points = [f for f in facts if f.kind == "points"]
            ranges = [f for f in facts if f.kind == "range"]
            if not points and not ranges:
                break
            chosen.append(points + ranges)
        # ranges are computed once per execution of the block: their bounds may use enclosing blocks, not rows of this join
        return self._classify(index, definition, self._constant_ranges(chosen, const_slots), const_slots) if chosen else None

    @staticmethod
    def _equality(facts: list[Fact]) -> Fact | None:
        equal = [f for f in facts if f.kind == "eq"]
        return min(equal, key=lambda f: len(f.slots)) if equal else None

    @staticmethod
    def _constant_ranges(chosen: list[list[Fact]], const_slots: set[int]) -> list[list[Fact]]:
        kept: list[list[Fact]] = []
        for facts in chosen:
            if facts[0].kind == "eq":
                kept.append(facts)
                continue
            usable = [f for f in facts if f.slots <= const_slots]
            if not usable or any(f.slots - const_slots for part in kept for f in part):
                break
            kept.append(usable)
            if not any(f.kind == "points" for f in usable) and not any(closed(f.condition) for f in usable):
                break
        return kept

    def _classify(self, index: int, definition: IndexDef, chosen: list[list[Fact]], const_slots: set[int]) -> Access | None:
        if not chosen:
            return None
        all_equal = all(part[0].kind == "eq" for part in chosen)
        null_test = not all_equal and all(_is_null_point(part) or part[0].kind == "eq" for part in chosen)
        whole = all_equal and len(chosen) == len(definition.parts) and definition.unique
        whole = whole and not any(p.prefix for p in definition.parts) and not any(part[0].null_safe for part in chosen)
        constant = all(f.slots <= const_slots for part in chosen for f in part)
        kind = "range"
        if whole:
            known = all(f.slots <= self.const_tables for part in chosen for f in part)
            kind = "const" if constant and known else "eq_ref"
        elif all_equal or null_test:
            kind = "ref"
        if self.changing and constant:
            kind = "range"
        if null_test and not constant:
            return None
        access = Access(self.source, kind, index, chosen, unique=whole)
        prefixed = [p.prefix is not None for p in index_parts(self.source, index)]
        for part, cut in zip(chosen, prefixed, strict=False):
            if not cut:
                access.done += [f.condition for f in part if f.exact]
            if part[0].kind == "range":  # further parts only narrow the ends of this part's range
                break
        access.covering = self.covers(index) and not self.whole
        return access

    def covers(self, index: int) -> bool:
        """Whether the entries of `index` hold all that the statement needs of this table."""
        if not self.source.is_base or self.source.tdef is None:
            return False
        if is_clustered(self.source, index):
            return self.needed <= set(self.source.tdef.indexes[index].columns)
        return self.needed <= set(self.source.layouts[index])

    # ---- no condition fits
    def _scan(self) -> Access:
        """Full scan: through the shortest index that covers, else of the table."""
        tdef = self.source.tdef
        if tdef is None:
            return self._sized(Access(self.source, "ALL"))
        if not self.whole:
            covering = [i for i in self._allowed if not is_clustered(self.source, i) and tdef.indexes[i].kind != "FULLTEXT"
                        and (self.needed or self.source.transactional) and self.covers(i)]
            if covering:
                shortest = min(covering, key=lambda i: sum(part_length(tdef, p) for p in tdef.indexes[i].parts))
                return self._sized(Access(self.source, "index", shortest, covering=True))
            clustered = tdef.clustered_index() if self.source.transactional else None
            if clustered is not None and self.covers(clustered) and clustered in self._allowed:
                return self._sized(Access(self.source, "index", clustered, covering=True))
        return self._sized(Access(self.source, "ALL"))

    def _sized(self, access: Access) -> Access:
        if self.sized:
            access.rows = self.estimate(access)
        return access


def closed(e: Expr) -> bool:
    """Whether a range condition has an end that it includes: the next index part then narrows the range at that end."""
    if isinstance(e, ast.Binary) and e.op in ("AND", "OR"):
        return closed(e.left) or closed(e.right)
    return isinstance(e, ast.Between) or (isinstance(e, ast.Binary) and e.op in ("<=", ">="))


def _is_null_point(facts: list[Fact]) -> bool:
    """IS NULL on a column: MySQL's ref access with NULL."""
    one = facts[0].condition
    if len(facts) != 1:
        return False
    return (isinstance(one, ast.IsTest) and not one.negated) or (isinstance(one, ast.Binary) and one.op == "<=>")


def allowed_indexes(source: Source) -> tuple[list[int], bool]:
    """Indexes left by USE / FORCE / IGNORE INDEX, and whether one is forced; raises 1176 for an unknown name."""
    tdef = source.tdef
    if tdef is None:
        return [], False
    allowed = list(range(len(tdef.indexes)))
    wanted: list[int] | None = None
    forced = False
    for hint in source.hints:
        named = []
        for name in hint.names:
            found = tdef.index_named(name)
            if found is None:
                raise SqlError.of(1176, name, source.alias)
            named.append(found)
        if hint.scope not in ("", "JOIN"):
            continue
        if hint.kind == "IGNORE":
            allowed = [i for i in allowed if i not in named]
        else:
            wanted = (wanted or []) + named
            forced = forced or hint.kind == "FORCE"
    if wanted is not None:
        allowed = [i for i in allowed if i in wanted]
    return allowed, forced
