"""Binding of expressions: names become `Col`, subqueries `Sub`, aliases what they stand for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minidb.errors import SqlError, unsupported
from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.bind.nodes import Block, BoundQuery, Sub, rebuild, walk
from minidb.query.bind.scope import Scope

if TYPE_CHECKING:
    from minidb.query.bind.binder import Binder

WHERE = "where clause"
FIELDS = "field list"
ORDER = "order clause"
GROUP = "group statement"
HAVING = "having clause"
ON = "on clause"


class ExprBinder:
    """Binds expressions of one clause in one scope.

    aggregates: where to note the aggregate calls met, None where none may stand (1111).
    names: how to resolve an unqualified or qualified name; the scope's own way by default."""

    __slots__ = ("aggregates", "binder", "clause", "names", "on_default", "scope", "values_of")

    def __init__(self, binder: Binder, scope: Scope, clause: str, aggregates: list[ast.Aggregate] | None = None,
                 names: Callable[[ast.ColumnRef], Expr] | None = None) -> None:
        self.binder = binder
        self.scope = scope
        self.clause = clause
        self.aggregates = aggregates
        self.names = names or (lambda ref: scope.resolve(ref, clause))
        self.values_of: Callable[[ast.ColumnRef], Expr] | None = None
        self.on_default: Callable[[ast.DefaultValue], Expr] | None = None

    def bind(self, expr: Expr) -> Expr:
        """The bound form of `expr`; raises 1052, 1054, 1111, 1241 and what subqueries raise."""
        if isinstance(expr, ast.ColumnRef):
            return self.names(expr)
        if isinstance(expr, (ast.Literal, ast.Param, ast.Variable)):
            return expr
        if isinstance(expr, ast.Aggregate):
            return self._aggregate(expr)
        if isinstance(expr, (ast.Subquery, ast.Exists, ast.InSubquery, ast.Quantified)):
            return self._subquery(expr)
        if isinstance(expr, ast.Window):
            raise unsupported("window functions")
        if isinstance(expr, ast.Match):
            raise unsupported("MATCH ... AGAINST")
        if isinstance(expr, ast.ValuesRef):
            return self.values_of(expr.column) if self.values_of is not None else ast.Literal(None)
        if isinstance(expr, ast.DefaultValue):
            return self._default(expr)
        if isinstance(expr, ast.Star):
            raise SqlError.of(1064, "You have an error in your SQL syntax; unexpected '*'", "*", 1)
        return rebuild(expr, self.bind)

    def _default(self, expr: ast.DefaultValue) -> Expr:
        if self.on_default is not None:
            return self.on_default(expr)
        if expr.column is None:
            raise unsupported("DEFAULT outside of INSERT and UPDATE")
        return self.binder.default_of(self.names(expr.column))

    def _aggregate(self, expr: ast.Aggregate) -> Expr:
        if self.aggregates is None:
            raise SqlError.of(1111)
        inner = ExprBinder(self.binder, self.scope, self.clause, None)
        if expr.args and isinstance(expr.args[0], ast.Star):
            bound = expr
        else:
            bound = ast.Aggregate(expr.name, tuple(inner.bind(a) for a in expr.args), expr.distinct,
                                  tuple(ast.OrderItem(inner.bind(o.expr), o.descending) for o in expr.order_by), expr.separator)
        if bound not in self.aggregates:
            self.aggregates.append(bound)
        return bound

    def _subquery(self, expr: Expr) -> Expr:
        number = self.binder.state.next_subquery()
        if isinstance(expr, ast.Exists):
            return Sub("exists", self._query(expr.query), number=number)
        if isinstance(expr, ast.Subquery):
            return Sub("scalar", self._query(expr.query), number=number)
        assert isinstance(expr, (ast.InSubquery, ast.Quantified))
        operand = self.bind(expr.operand)
        query = self._query(expr.query)
        width = len(operand.items) if isinstance(operand, ast.RowExpr) else 1
        if len(query.columns) != width:
            raise SqlError.of(1241, width)
        if isinstance(expr, ast.InSubquery):
            return Sub("in", query, operand, "=", expr.negated, number)
        if expr.quantifier == "ANY" and expr.op == "=":
            return Sub("in", query, operand, "=", False, number)
        if expr.quantifier == "ALL" and expr.op == "<>":
            return Sub("in", query, operand, "=", True, number)
        return Sub(expr.quantifier.lower(), query, operand, expr.op, False, number)

    def _query(self, query: ast.Query) -> BoundQuery:
        bound = self.binder.query(query, self.scope, "SUBQUERY")
        # what the subquery reads from beyond this block, this block's own subquery (if it is one) reads as well
        block = self.scope.block
        if block is not None:
            block.outer_slots |= bound.outer_slots - self.scope.own_slots()
        if bound.outer_slots and bound.kind_text == "SUBQUERY":
            bound.kind_text = "DEPENDENT SUBQUERY"
        return bound


def has_aggregate(expr: Expr) -> bool:
    return any(isinstance(e, ast.Aggregate) for e in walk(expr))


def grouped_names(scope: Scope, block: Block, clause: str) -> Callable[[ast.ColumnRef], Expr]:
    """How HAVING resolves a name: the select list first, then GROUP BY's columns, then enclosing blocks; raises 1054."""

    def resolve(ref: ast.ColumnRef) -> Expr:
        if ref.table is None and ref.name.lower() in scope.aliases:
            return scope.aliases[ref.name.lower()]
        found = scope.local(ref, clause)
        if found is not None and (found in block.group_by or any(o.expr == found for o in block.outputs)):
            return found
        if found is None and scope.parent is not None:
            return scope.resolve(ref, clause)
        raise SqlError.of(1054, ".".join(p for p in (ref.db, ref.table, ref.name) if p), clause)

    return resolve


def alias_names(scope: Scope, clause: str, alias_first: bool) -> Callable[[ast.ColumnRef], Expr]:
    """How ORDER BY (aliases first) and GROUP BY (columns first) resolve a name."""

    def resolve(ref: ast.ColumnRef) -> Expr:
        alias = scope.aliases.get(ref.name.lower()) if ref.table is None else None
        if alias_first and alias is not None:
            return alias
        if alias is not None and scope.local(ref, clause) is None:
            return alias
        return scope.resolve(ref, clause)

    return resolve
