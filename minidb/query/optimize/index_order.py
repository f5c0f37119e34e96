"""ORDER BY through an index: when the first table's path already delivers its rows in the order asked for."""

from __future__ import annotations

from minidb.query.ast import Expr
from minidb.query.bind.needs import Needs
from minidb.query.bind.nodes import Block, Col, Source, slots_of
from minidb.query.optimize.access import Access, allowed_indexes, is_clustered
from minidb.query.optimize.optimizer import JoinPlan, Step


def use_index_order(block: Block, plan: JoinPlan, needs: Needs) -> bool:
    """Whether no sort is needed.  May turn the first path around, or a table scan into an index scan."""
    if not block.order_by:
        return True
    if block.grouped:
        return False
    known: set[int] = set()
    first: Step | None = None
    for step in plan.steps:
        if isinstance(step, Step) and step.access.kind == "const":
            known.add(step.source.slot)
            continue
        first = step if isinstance(step, Step) else None
        break
    wanted = [(e, d) for e, d in block.order_by if slots_of(e) - known]
    if not wanted:
        return True
    if first is None or first.source.tdef is None or first.hash_on:
        return False
    columns = _columns(wanted, first.source)
    return columns is not None and _fit(first, columns, block, needs)


Ordered = list[tuple[int, bool]]  # (column, descending)


def _columns(wanted: list[tuple[Expr, bool]], source: Source) -> Ordered | None:
    found: Ordered = []
    for e, descending in wanted:
        if not isinstance(e, Col) or e.slot != source.slot:
            return None
        if all(e.ordinal != column for column, _ in found):  # a column that comes again orders nothing
            found.append((e.ordinal, descending))
    return found


def _fit(step: Step, columns: Ordered, block: Block, needs: Needs) -> bool:
    access = step.access
    if access.kind == "eq_ref":
        return True
    if access.index is not None:
        reverse = _direction(access.source, access.index, _fixed(access), columns)
        if reverse is not None and (access.kind == "index" or access.facts):
            if reverse and access.kind == "range":
                access.pushed = []  # nothing is pushed down to a backward scan
                ranged = {part.column for part in access.parts}
                access.point_turns = {c for c, _ in columns} <= ranged and access.parts[-1].prefix is None
            access.reverse, access.ordered = reverse, True
            constant = {column for column, _ in index_columns(access.source, access.index)[:_fixed(access)]}
            access.order_parts = _fixed(access) + sum(column not in constant for column, _ in columns)
            return True
    if access.kind not in ("ALL", "index") or access.facts:
        return False
    return _scan_in_order(step, columns, block, needs)


def _fixed(access: Access) -> int:
    """How many leading index parts are compared with one value each."""
    count = 0
    for facts in access.facts:
        single = len(facts) == 1 and (facts[0].kind == "eq" or (access.kind == "ref"))
        if not single:
            break
        count += 1
    return count


def index_columns(source: Source, index: int) -> Ordered:
    """Columns that order the entries of an index: its own whole parts, then (InnoDB) the primary key's."""
    tdef = source.tdef
    assert tdef is not None
    found: Ordered = []
    for part in tdef.indexes[index].parts:
        if part.prefix is not None:
            return found
        found.append((part.column, part.descending))
    clustered = tdef.clustered_index() if source.transactional else None
    if clustered is not None and clustered != index:
        present = {column for column, _ in found}
        found += [(p.column, p.descending) for p in tdef.indexes[clustered].parts if p.column not in present]
    return found


def _direction(source: Source, index: int, fixed: int, columns: Ordered) -> bool | None:
    """Whether the index has to be read backwards to deliver rows in the order of `columns`; None if it cannot.  Its first `fixed`
    parts have one value each."""
    ordered = index_columns(source, index)
    constant = {column for column, _ in ordered[:fixed]}
    rest = [(column, descending) for column, descending in columns if column not in constant]
    present = ordered[fixed:fixed + len(rest)]
    if [column for column, _ in present] != [column for column, _ in rest]:
        return None
    turns = {here != wanted for (_, here), (_, wanted) in zip(present, rest, strict=True)}
    return None if len(turns) > 1 else True in turns


def _scan_in_order(step: Step, columns: Ordered, block: Block, needs: Needs) -> bool:
    """Scan an index from end to end instead of the table: the clustered one always, another if it covers, is forced, or LIMIT stops
    the scan early."""
    source = step.source
    tdef = source.tdef
    assert tdef is not None
    allowed, forced = allowed_indexes(source)
    fitting = [(i, reverse) for i in allowed if tdef.indexes[i].kind != "FULLTEXT"
               and (reverse := _direction(source, i, 0, columns)) is not None]
    needed = needs.of(source)
    ranked = sorted(fitting, key=lambda found: (not is_clustered(source, found[0]), found[0]))
    for index, reverse in ranked:
        clustered = is_clustered(source, index)
        covering = needed <= (set(tdef.indexes[index].columns) if clustered else set(source.layouts[index]))
        if clustered or covering or forced or block.limit is not None:
            rows, possible = step.access.rows, step.access.possible
            step.access = Access(source, "index", index, covering=covering, reverse=reverse, possible=possible, rows=rows)
            step.access.ordered = True
            return True
    return False
