"""GROUP BY and implicit grouping: rows are collected in lists by key, aggregates run over the lists.

A group by collated text collects by the raw text first (one dict access a row) and joins the groups of equal texts afterwards."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from minidb.query import ast, runtime
from minidb.query.ast import Expr
from minidb.query.bind.nodes import Block, Col, walk
from minidb.query.codegen.aggregates import AggregateGen, numbers
from minidb.query.codegen.unit import Lines
from minidb.types.keys import key_function
from minidb.types.sqltype import Family

if TYPE_CHECKING:
    from minidb.query.codegen.expressions import ExprGen

_STREAMED = frozenset(("COUNT", "SUM", "AVG", "MIN", "MAX"))


def key_tuple(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"


class GroupSink:
    """Collects rows by group key into the dict `groups`."""

    def __init__(self, gen: ExprGen, block: Block, target: str) -> None:
        self.gen = gen
        self.block = block
        self.target = target
        self.groups = gen.unit.temp("g")
        self.count_only = self._counts_only()

    def _counts_only(self) -> bool:
        """Nothing but COUNT(*) and the keys themselves is wanted: a Counter does."""
        block = self.block
        if block.rollup or any(self.fold(e) for e in block.group_by):
            return False
        stars = all(a.name == "COUNT" and isinstance(a.args[0], ast.Star) for a in block.aggregates)
        shown = [o.expr for o in block.outputs] + [e for e, _ in block.order_by] + ([block.having] if block.having else [])
        return stars and all(_only_keys(e, block.group_by) for e in shown)

    def fold(self, e: Expr) -> str | None:
        """Name of the function that makes equal values of a key equal in Python."""
        t = self.gen.typed(e).type
        if t.family is not Family.STRING or t.name in ("enum", "set"):
            return None
        make = key_function(t)
        return None if make is None else self.gen.unit.const(make, "ck")

    def open(self, lines: Lines) -> None:
        if self.count_only:
            lines(f"{self.groups} = {self.gen.unit.named('Counter', Counter)}()")
        else:
            lines(f"{self.groups} = {self.gen.unit.named('defaultdict', defaultdict)}(list)")

    def key(self) -> str:
        return key_tuple([self.gen.value(e) for e in self.block.group_by])

    def row(self, lines: Lines) -> None:
        if self.count_only:
            lines(f"{self.groups}[{self.key()}] += 1")
        else:
            lines(f"{self.groups}[{self.key()}].append({self.target})")

    def rows(self, lines: Lines, variable: str, iterable: str, condition: str) -> bool:
        if self.count_only:
            lines(f"{self.groups}.update([{self.key()} for {variable} in {iterable}{' if ' + condition if condition else ''}])")
            return True
        return False

    def close(self, lines: Lines) -> str:
        """Join groups equal under their collation; source of an iterable of row lists."""
        folds = [self.fold(e) for e in self.block.group_by]
        if not any(folds):
            return f"{self.groups}.values()"
        parts = []
        for i, fold in enumerate(folds):
            value = "k" if len(folds) == 1 else f"k[{i}]"
            parts.append(value if fold is None else f"{value} and {fold}({value})")
        merged = self.gen.unit.temp("g")
        helper = self.gen.unit.named("merge_groups", runtime.merge_groups)
        lines(f"{merged} = {helper}({self.groups}, lambda k: {key_tuple(parts)})")
        return merged


def _only_keys(e: Expr, keys: list[Expr]) -> bool:
    if e in keys or isinstance(e, ast.Aggregate):
        return True
    from minidb.query.bind.nodes import Sub, children

    if isinstance(e, (Col, Sub)):
        return False
    return all(_only_keys(c, keys) for c in children(e))


class ListSink:
    """Collects all rows of an implicit group in one list."""

    def __init__(self, gen: ExprGen, target: str) -> None:
        self.target = target
        self.name = gen.unit.temp("g")

    def open(self, lines: Lines) -> None:
        lines(f"{self.name} = []")

    def row(self, lines: Lines) -> None:
        lines(f"{self.name}.append({self.target})")

    def rows(self, lines: Lines, variable: str, iterable: str, condition: str) -> bool:
        if self.target == variable and not condition:
            lines(f"{self.name} += {iterable}")
        else:
            lines(f"{self.name} += [{self.target} for {variable} in {iterable}{' if ' + condition if condition else ''}]")
        return True


class StreamSink:
    """COUNT, SUM, AVG, MIN and MAX without GROUP BY: batch by batch, nothing kept."""

    def __init__(self, gen: ExprGen, block: Block) -> None:
        self.gen = gen
        self.aggregates = [(e, numbers(gen, e)) for e in block.aggregates]
        self.count = gen.unit.temp("n")
        self.sums: dict[Expr, tuple[str, str]] = {}
        self.ends: dict[ast.Aggregate, str] = {}

    @staticmethod
    def fits(gen: ExprGen, block: Block) -> bool:
        """Only streamable aggregates, and no column outside of them."""
        if not all(a.name in _STREAMED and not a.distinct and len(a.args) == 1 for a in block.aggregates):
            return False
        if any(gen.typed(a.args[0]).type.name in ("enum", "set") for a in block.aggregates if not isinstance(a.args[0], ast.Star)):
            return False
        shown = [o.expr for o in block.outputs] + [e for e, _ in block.order_by] + ([block.having] if block.having else [])
        return all(_only_keys(e, []) for e in shown) and not any(
            isinstance(x, ast.AssignVariable) for e in block.aggregates for x in walk(e))

    def open(self, lines: Lines) -> None:
        lines(f"{self.count} = 0")
        for _, e in self.aggregates:
            if isinstance(e.args[0], ast.Star):
                continue
            if e.name in ("MIN", "MAX"):
                self.ends[e] = self.gen.unit.temp("e")
                lines(f"{self.ends[e]} = None")
            elif e.args[0] not in self.sums:
                total, count = self.gen.unit.temp("s"), self.gen.unit.temp("n")
                self.sums[e.args[0]] = (total, count)
                lines(f"{total} = {count} = 0")

    def _needs_rows(self) -> bool:
        return bool(self.sums or self.ends)

    def row(self, lines: Lines) -> None:
        """One row at a time (locking reads): the batch is that row's value."""
        lines(f"{self.count} += 1")
        helper = AggregateGen(self.gen, "_", "(0,)")
        for e, (total, count) in self.sums.items():
            self._add(lines, helper, e, total, count)
        for e, end in self.ends.items():
            self._end(lines, helper, e, end)

    def rows(self, lines: Lines, variable: str, iterable: str, condition: str) -> bool:
        where = f" if {condition}" if condition else ""
        if not self._needs_rows():
            counted = f"[None for {variable} in {iterable}{where}]" if condition else iterable
            lines(f"{self.count} += len({counted})")
            return True
        if condition:
            kept = self.gen.unit.temp("b")
            lines(f"{kept} = [{variable} for {variable} in {iterable}{where}]")
            iterable = kept
        lines(f"{self.count} += len({iterable})")
        helper = AggregateGen(self.gen, variable, iterable)
        for e, (total, count) in self.sums.items():
            self._add(lines, helper, e, total, count)
        for e, end in self.ends.items():
            self._end(lines, helper, e, end)
        return True

    def _add(self, lines: Lines, helper: AggregateGen, e: Expr, total: str, count: str) -> None:
        if not any(a.name in ("SUM", "AVG") and a.args[0] == e for _, a in self.aggregates):
            _, test = helper.argument(e)
            rows = f"[None for {helper.target} in {helper.rows} if {test}]" if test else helper.rows
            lines(f"{count} += len({rows})")
            return
        values = self.gen.unit.temp("w")
        lines(f"{values} = {helper.values(e, False)}")
        lines(f"{count} += len({values})")
        lines(f"{total} += {helper.add_up(ast.Aggregate('SUM', (e,)), values)}" if not self._is_decimal(e) else
              f"{total} = {self.gen.unit.named('exact_sum', runtime.exact_sum)}([{total}, *{values}])")

    def _is_decimal(self, e: Expr) -> bool:
        return self.gen.typed(e).type.family is Family.DECIMAL

    def _end(self, lines: Lines, helper: AggregateGen, e: ast.Aggregate, end: str) -> None:
        values = self.gen.unit.temp("w")
        lines(f"{values} = {helper.values(e.args[0], False)}")
        with lines.indented(f"if {values}:"):
            lines(f"if {end} is not None: {values}.append({end})")
            lines(f"{end} = {helper.reduce(e, values)}")

    def close(self, lines: Lines) -> None:
        """Bind each aggregate to its value."""
        helper = AggregateGen(self.gen, "_", "()")
        for original, e in self.aggregates:
            if isinstance(e.args[0], ast.Star):
                self.gen.replaced[original] = self.count
            elif e.name == "COUNT":
                self.gen.replaced[original] = self.sums[e.args[0]][1]
            elif e.name in ("MIN", "MAX"):
                self.gen.replaced[original] = self.ends[e]
            else:
                total, count = self.sums[e.args[0]]
                name = self.gen.unit.temp("a")
                lines(f"{name} = {helper.finish(e, total, count)} if {count} else None")
                self.gen.replaced[original] = name


def bind_aggregates(gen: ExprGen, lines: Lines, block: Block, target: str, rows: str) -> None:
    """Compute every aggregate of a group from its list `rows`."""
    helper = AggregateGen(gen, target, rows)
    for e in block.aggregates:
        source = helper.source(numbers(gen, e))
        if gen.is_atom(source):
            gen.replaced[e] = source
            continue
        name = gen.unit.temp("a")
        lines(f"{name} = {source}")
        gen.replaced[e] = name
