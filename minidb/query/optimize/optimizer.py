"""Join order and access paths of one block: rule-based, with the engine's estimates to choose between usable indexes.

The outcome is a `JoinPlan`: steps in the order in which tables are read, each with its path and the conditions that can be tested
as soon as its row is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.bind.needs import Needs
from minidb.query.bind.nodes import Col, JoinGroup, JoinLeaf, Source, Sub, rebuild, slots_of, walk
from minidb.query.bind.types_of import Typer
from minidb.query.optimize.access import RANKS, Access, AccessFinder
from minidb.query.optimize.facts import facts_about
from minidb.types.sqltype import Family

EXHAUSTIVE = 5  # up to so many inner-joined tables every order is tried


@dataclass(slots=True)
class Step:
    """Read one table: `filters` are tested on each of its rows.  hash_on: equalities for a hash table when no index serves."""

    access: Access
    filters: list[Expr] = field(default_factory=list)
    hash_on: list[tuple[Expr, Expr, Expr]] = field(default_factory=list)  # (own side, other side, condition)

    @property
    def source(self) -> Source:
        return self.access.source


@dataclass(slots=True)
class LeftStep:
    """An outer-joined part: where `plan` finds nothing, its sources are NULL rows.  `filters` are tested after that."""

    plan: JoinPlan
    filters: list[Expr] = field(default_factory=list)


@dataclass(slots=True)
class JoinPlan:
    """constant: conditions without any table (tested before anything is read).  candidates, covering: of a plan with one table
    only, the usable accesses and the indexes that cover."""

    steps: list[Step | LeftStep] = field(default_factory=list)
    candidates: list[Access] = field(default_factory=list)
    covering: list[int] = field(default_factory=list)
    constant: list[Expr] = field(default_factory=list)

    def tables(self) -> list[Step]:
        """All tables in the order they are read, outer-joined ones included."""
        found: list[Step] = []
        for step in self.steps:
            found += [step] if isinstance(step, Step) else step.plan.tables()
        return found


class Optimizer:
    """Plans the joins of one statement.  estimate: rows that an access path finds; rows: rows of a whole source."""

    def __init__(self, typer: Typer, needs: Needs, estimate: Callable[[Access], float], changing: set[int] | None = None) -> None:
        self.typer = typer
        self.needs = needs
        self.estimate = estimate
        self.changing = changing or set()
        self.whole: set[int] = set()  # sources whose rows must be delivered whole, not as entries of a covering index
        self.use_indexes = True
        self.choices: dict[int, int] = {}  # slot -> index, where a variant for a certain path is being made
        self.sized = False  # row estimates even where nothing depends on them (EXPLAIN)

    def plan(self, join: JoinGroup, where: list[Expr], outer: set[int]) -> JoinPlan:
        """The plan of a FROM tree under `where`; `outer`: slots of enclosing blocks."""
        where = simplify_outer_joins(join, where)
        self.typer.forget()
        return self._plan(join, [*where, *join.conditions], outer, outer)

    def _plan(self, group: JoinGroup, conditions: list[Expr], available: set[int], const: set[int]) -> JoinPlan:
        plan = JoinPlan()
        own = {s.slot for s in group.sources()}
        pending: list[Expr] = []
        for condition in conditions:
            if slots_of(condition) & own or _has_volatile(condition):
                pending.append(condition)
            else:
                plan.constant.append(condition)
        if any(never_true(c, self.typer) for c in pending):
            plan.constant.append(ast.Literal(False))
        pending, settled = propagate(pending, self.typer)
        plan.constant += settled
        pending = pending + implied(pending, self.typer)
        leaves = [i.source for i in group.items if isinstance(i, JoinLeaf)]
        parts = [i for i in group.items if isinstance(i, JoinGroup)]
        finders = {s.slot: self._finder(s, pending, self.sized or len(leaves) > 1) for s in leaves}
        placed, const = set(available), set(const)
        if len(leaves) == 1 and not parts and leaves[0].is_base:
            finder = finders[leaves[0].slot]
            plan.candidates, plan.covering = finder.candidates(placed, const), finder.covering_indexes()
        for step in self._ordered(leaves, finders, group.straight, placed, const):
            placed.add(step.source.slot)
            plan.steps.append(step)
            self._attach(step, pending, placed)
        for part in parts:
            inner = self._plan(part, part.conditions, placed, const)
            placed |= {s.slot for s in part.sources()}
            left = LeftStep(inner)
            plan.steps.append(left)
            left.filters = [c for c in pending if slots_of(c) <= placed]
            pending = [c for c in pending if c not in left.filters]
        if not plan.steps:
            plan.constant += pending
        return plan

    def _finder(self, source: Source, conditions: list[Expr], sized: bool) -> AccessFinder:
        facts = facts_about(source, conditions, self.typer)
        finder = AccessFinder(source, facts, self.needs.of(source), self.estimate, source.slot in self.changing,
                              source.slot in self.whole)
        finder.sized = sized
        finder.choice = self.choices.get(source.slot)
        if not self.use_indexes:
            finder.forbid_indexes()
        return finder

    # ---- order of the inner-joined tables
    def _ordered(self, leaves: list[Source], finders: dict[int, AccessFinder], straight: bool, placed: set[int],
                 const: set[int]) -> list[Step]:
        chosen: list[Step] = []
        rest = list(leaves)
        constants: set[int] = set()
        progress = True
        while progress and rest:  # tables of one row come first, whatever the order
            progress = False
            for source in rest:
                finders[source.slot].const_tables = constants
                access = finders[source.slot].best(placed | constants, const | constants)
                if access.kind == "const":
                    chosen.append(Step(access))
                    constants.add(source.slot)
                    rest.remove(source)
                    progress = True
                    break
        const |= constants
        if straight or len(rest) < 2:
            order = rest
        elif len(rest) <= EXHAUSTIVE:
            order = self._cheapest_order(rest, finders, placed | constants, const)
        else:
            order = self._greedy_order(rest, finders, placed | constants, const)
        seen = placed | constants
        for source in order:
            finders[source.slot].const_tables = constants
            chosen.append(Step(finders[source.slot].best(seen, const)))
            seen = seen | {source.slot}
        return chosen

    def _cheapest_order(self, rest: list[Source], finders: dict[int, AccessFinder], placed: set[int],
                        const: set[int]) -> list[Source]:
        known: dict[tuple[int, frozenset[int]], Access] = {}

        def path(source: Source, seen: frozenset[int]) -> Access:
            found = known.get((source.slot, seen))
            if found is None:
                found = known[(source.slot, seen)] = finders[source.slot].best(set(seen), const)
            return found

        best: tuple[float, list[Source]] = (float("inf"), rest)

        def extend(order: list[Source], seen: frozenset[int], fanout: float, cost: float) -> None:
            nonlocal best
            if cost >= best[0]:
                return
            if len(order) == len(rest):
                best = (cost, order)
                return
            for source in rest:
                if source in order:
                    continue
                access = path(source, seen)
                work = fanout * (access.rows + 1.0)
                extend([*order, source], seen | {source.slot}, fanout * max(access.rows, 0.1), cost + work)

        extend([], frozenset(placed), 1.0, 0.0)
        return best[1]

    def _greedy_order(self, rest: list[Source], finders: dict[int, AccessFinder], placed: set[int],
                      const: set[int]) -> list[Source]:
        order: list[Source] = []
        left, seen = list(rest), set(placed)
        while left:
            accesses = [(finders[s.slot].best(seen, const), i) for i, s in enumerate(left)]
            _, position = min(accesses, key=lambda a: (a[0].rows, RANKS[a[0].kind], a[1]))
            source = left.pop(position)
            order.append(source)
            seen.add(source.slot)
        return order

    # ---- conditions
    def _attach(self, step: Step, pending: list[Expr], placed: set[int]) -> None:
        """Give the step the conditions that can be tested now, less what its path guarantees."""
        done = step.access.done
        for condition in list(pending):
            if not slots_of(condition) <= placed:
                continue
            pending.remove(condition)
            if any(condition is d for d in done):
                continue
            step.filters.append(condition)
        if step.access.kind in ("ALL", "index") and placed - {step.source.slot}:
            self._find_hash(step)
        step.access.pushed = [] if step.source.slot in self.changing else pushable(step)

    def _find_hash(self, step: Step) -> None:
        slot = step.source.slot
        for condition in step.filters:
            if not isinstance(condition, ast.Binary) or condition.op != "=" or isinstance(condition.left, ast.RowExpr):
                continue
            a, b = condition.left, condition.right
            for own, other in ((a, b), (b, a)):
                others = slots_of(other)
                if slots_of(own) == {slot} and others and slot not in others and not has_subquery(condition):
                    step.hash_on.append((own, other, condition))
                    break


def has_subquery(e: Expr) -> bool:
    """Whether an expression has a subquery in it."""
    return any(isinstance(x, Sub) for x in walk(e))


def _has_volatile(e: Expr) -> bool:
    from minidb.query.codegen.expressions import VOLATILE

    return any((isinstance(x, ast.Call) and x.name in VOLATILE) or isinstance(x, ast.AssignVariable) for x in walk(e))


def pushable(step: Step) -> list[Expr]:
    """Index condition pushdown: conditions on a secondary, non-covering index range that need the entry only."""
    access = step.access
    source = access.source
    if access.kind not in ("range", "ref", "eq_ref") or access.covering or access.is_clustered() or not source.is_base:
        return []
    if access.index is None or access.unique:
        return []
    held = {c for c in source.layouts[access.index] if c >= 0}
    tested = list(step.filters)
    if access.kind == "range":
        tested = [f.condition for part in access.facts for f in part] + tested
    pushed: list[Expr] = []
    for condition in tested:
        if condition in pushed or has_subquery(condition) or slots_of(condition) != {source.slot}:
            continue
        if all(x.ordinal in held for x in walk(condition) if isinstance(x, Col)):
            pushed.append(condition)
    return pushed


def implied(conditions: list[Expr], typer: Typer) -> list[Expr]:
    """Equalities that follow from others: a = b and b = 5 give a = 5; a = b and b = c give a = c."""
    classes: list[list[Expr]] = []
    for condition in conditions:
        if not isinstance(condition, ast.Binary) or condition.op != "=":
            continue
        a, b = condition.left, condition.right
        sides = [s for s in (a, b) if isinstance(s, Col)]
        constant = [s for s in (a, b) if not slots_of(s) and isinstance(s, (ast.Literal, ast.Param))]
        if not sides or len(sides) + len(constant) != 2 or not _same_equality(typer, a, b):
            continue
        touched = [c for c in classes if any(s in c for s in sides)]
        merged: list[Expr] = []
        for c in touched:
            merged += [m for m in c if m not in merged]
            classes.remove(c)
        classes.append([*merged, *(s for s in (a, b) if s not in merged)])
    known = [frozenset(_pair(c)) for c in conditions if isinstance(c, ast.Binary) and c.op == "="]
    derived: list[Expr] = []
    for group in classes:
        if len(group) < 3:
            continue
        columns = [m for m in group if isinstance(m, Col)]
        constants = [m for m in group if not isinstance(m, Col)]
        pairs = [(c, constants[0]) for c in columns] if constants else [
            (a, b) for i, a in enumerate(columns) for b in columns[i + 1:] if a.slot != b.slot]
        derived += [ast.Binary("=", a, b) for a, b in pairs if frozenset((a, b)) not in known]
    return derived


def never_true(e: Expr, typer: Typer) -> bool:
    """Whether a comparison has NULL on one side."""
    if isinstance(e, ast.Binary) and e.op in ("=", "<>", "<", "<=", ">", ">="):
        return any(not isinstance(s, ast.RowExpr) and typer.family(s) is Family.NULL for s in (e.left, e.right))
    return isinstance(e, ast.Literal) and not e.value


def propagate(conditions: list[Expr], typer: Typer) -> tuple[list[Expr], list[Expr]]:
    """Conditions on columns that an equality fixes to a constant: tested on the constant, before anything is read.  Returns the
    conditions left and those that have become constant."""
    fixed: dict[Expr, Expr] = {}
    for e in conditions:
        if not isinstance(e, ast.Binary) or e.op != "=":
            continue
        for column, value in ((e.left, e.right), (e.right, e.left)):
            if isinstance(column, Col) and isinstance(value, (ast.Literal, ast.Param)) and column not in fixed:
                if typer.family(value) is column.type.family and column.type.family is not Family.STRING:
                    fixed[column] = value
                    break
    if not fixed:
        return conditions, []
    makers = {id(e) for e in conditions if (isinstance(e, ast.Binary) and e.op == "=" and fixed.get(e.left) is e.right)
              or (isinstance(e, ast.Binary) and e.op == "=" and fixed.get(e.right) is e.left)}

    def replaced(e: Expr) -> Expr:
        return fixed.get(e) or (e if isinstance(e, (Col, Sub)) else rebuild(e, replaced))

    left: list[Expr] = []
    settled: list[Expr] = []
    for e in conditions:
        made = e if id(e) in makers or has_subquery(e) else replaced(e)
        if made is not e and not slots_of(made):
            settled.append(made)
        else:
            left.append(e)
    return left, settled


def _pair(e: ast.Binary) -> tuple[Expr, Expr]:
    return (e.left, e.right)


def _same_equality(typer: Typer, a: Expr, b: Expr) -> bool:
    """Whether a = b means that both are the same value for every further comparison."""
    ta, tb = typer.typed(a).type, typer.typed(b).type
    members = ("enum", "set")
    return ta.family is tb.family and ta.collation == tb.collation and ta.name not in members and tb.name not in members


def simplify_outer_joins(group: JoinGroup, where: list[Expr], optional: bool = False) -> list[Expr]:
    """Turn outer joins into inner ones where a condition rejects their NULL rows (MySQL does so too).  optional: the whole group
    is the right side of an outer join that stays."""
    where = list(where)
    changed = True
    while changed:
        changed = False
        for part in [i for i in group.items if isinstance(i, JoinGroup) and i.left]:
            slots = {s.slot for s in part.sources()}
            if any(rejects_null(c, slots) for c in [*where, *group.conditions]):
                position = group.items.index(part)
                group.items[position:position + 1] = part.items
                group.conditions = [*group.conditions, *part.conditions]
                for item in part.items:
                    if isinstance(item, JoinLeaf):
                        item.source.outer = optional
                changed = True
                break
    for item in group.items:
        if isinstance(item, JoinGroup):
            simplify_outer_joins(item, [], optional or item.left)
    return where


def rejects_null(e: Expr, slots: set[int]) -> bool:
    """Whether the condition cannot be TRUE when the columns of one of `slots` are NULL (conservative)."""
    if isinstance(e, ast.Binary):
        if e.op == "AND":
            return rejects_null(e.left, slots) or rejects_null(e.right, slots)
        if e.op == "OR":
            return rejects_null(e.left, slots) and rejects_null(e.right, slots)
        return e.op in ("=", "<>", "<", "<=", ">", ">=") and (_strict_in(e.left, slots) or _strict_in(e.right, slots))
    if isinstance(e, (ast.Between, ast.Like, ast.InList)):
        return _strict_in(e.operand, slots)
    if isinstance(e, ast.IsTest):
        return e.what == "NULL" and e.negated and _strict_in(e.operand, slots)
    return False


def _strict_in(e: Expr, slots: set[int]) -> bool:
    """Whether `e` is NULL as soon as a column of `slots` in it is."""
    if isinstance(e, Col):
        return e.slot in slots
    if isinstance(e, ast.Binary) and e.op in ("+", "-", "*", "/"):
        return _strict_in(e.left, slots) or _strict_in(e.right, slots)
    return False
