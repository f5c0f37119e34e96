"""Binding of queries: tables are opened, names resolved, select lists expanded.  The result is a tree of `BoundQuery`."""

from __future__ import annotations

from dataclasses import replace

from minidb.engine import ReadMode, TableLock
from minidb.errors import SqlError, unsupported
from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.bind.bind_expr import FIELDS, GROUP, HAVING, ORDER, WHERE, ExprBinder, alias_names, grouped_names, has_aggregate
from minidb.query.bind.bind_from import FromBinder
from minidb.query.bind.nodes import Block, BoundQuery, Col, Output, SetBlock, ValuesBlock, children, conjuncts
from minidb.query.bind.scope import Scope
from minidb.query.bind.types_of import Typer, literal_of, unify
from minidb.query.environment import CommonEntry, Compilation
from minidb.query.locking_clauses import bind_clauses
from minidb.query.plan import ResultColumn
from minidb.types.sqltype import Family, SqlType


class Binder:
    """Binds the queries of one statement."""

    def __init__(self, state: Compilation) -> None:
        self.state = state
        assert state.env is not None
        self.typer = Typer(state.params, state.env)

    # ---- queries
    def query(self, query: ast.Query, parent: Scope | None, kind: str) -> BoundQuery:
        """Bind a query; `kind` is EXPLAIN's select_type of its first block.  Raises 1052, 1054, 1066, 1146, 1222, 1241 ..."""
        recursive = getattr(query, "recursive", False)
        self.state.ctes.append({c.name.lower(): CommonEntry(c, recursive) for c in getattr(query, "ctes", ())})
        try:
            if isinstance(query, ast.Select):
                return self.select(query, parent, kind)
            if isinstance(query, ast.SetOperation):
                return self._set_operation(query, parent, kind)
            return self._values(query, parent, kind)
        finally:
            self.state.ctes.pop()

    def _set_operation(self, query: ast.SetOperation, parent: Scope | None, kind: str) -> BoundQuery:
        left = self.query(query.left, parent, "PRIMARY" if kind == "SIMPLE" else kind)
        right = self.query(query.right, parent, query.op.split()[0])
        if len(left.columns) != len(right.columns):
            raise SqlError.of(1222)
        block = SetBlock(query.op, left, right)
        block.select_id, block.kind_text = left.select_id, kind
        block.outer_slots = left.outer_slots | right.outer_slots
        block.columns = tuple(
            ResultColumn(a.name, self._united(block, i, unify([a.type, b.type])), a.nullable or b.nullable)
            for i, (a, b) in enumerate(zip(left.columns, right.columns, strict=True))
        )
        for item in query.order_by:
            block.order_by.append((self._output_position(item.expr, block.columns), item.descending))
        block.limit = query.limit
        return block

    def _united(self, block: SetBlock, column: int, t: SqlType) -> SqlType:
        """The type `t` of a column of a set operation with the collation that wins; raises 1271."""
        if t.family is not Family.STRING or t.name in ("enum", "set"):
            return t
        found = self.typer.column_derivation(block, column)
        return t if found is None or found.collation == t.collation else replace(t, collation=found.collation)

    def _output_position(self, expr: Expr, columns: tuple[ResultColumn, ...]) -> int:
        if isinstance(expr, ast.Literal) and isinstance(expr.value, int):
            return self._position(expr.value, len(columns), ORDER)
        if isinstance(expr, ast.ColumnRef) and expr.table is None:
            for i, column in enumerate(columns):
                if column.name.lower() == expr.name.lower():
                    return i
            raise SqlError.of(1054, expr.name, ORDER)
        raise unsupported("expressions in ORDER BY of a set operation")

    @staticmethod
    def _position(value: int, width: int, clause: str) -> int:
        if not 1 <= value <= width:
            raise SqlError.of(1054, value, clause)
        return value - 1

    def _values(self, query: ast.TableValues, parent: Scope | None, kind: str) -> BoundQuery:
        binder = ExprBinder(self, Scope(parent), FIELDS)
        rows = [tuple(binder.bind(e) for e in row) for row in query.rows]
        if any(len(row) != len(rows[0]) for row in rows):
            raise SqlError.of(1222)
        block = ValuesBlock(rows)
        block.select_id, block.kind_text = self.state.next_select_id(), kind
        typed = [[self.typer.typed(e) for e in row] for row in rows]
        block.columns = tuple(
            ResultColumn(getattr(query.rows[0][i], "text", "") or f"column_{i}", unify([row[i].type for row in typed]),
                         any(row[i].nullable for row in typed))
            for i in range(len(rows[0]))
        )
        return block

    # ---- SELECT
    def select(self, query: ast.Select, parent: Scope | None, kind: str) -> Block:
        block = Block()
        block.select_id, block.kind_text = self.state.next_select_id(), kind
        block.options, block.distinct, block.limit = query.options, query.distinct, query.limit
        block.found_rows = "SQL_CALC_FOUND_ROWS" in query.options
        scope = Scope(parent, block)
        if query.from_ is not None:
            FromBinder(self, scope, block).bind(query.from_)
        block.join.straight = block.join.straight or "STRAIGHT_JOIN" in query.options
        self._locking(query, block, scope)
        block.where = self.conditions(query.where, scope, WHERE)
        self._outputs(query, scope, block)
        self._group_by(query, scope, block)
        if query.having is not None:
            names = grouped_names(scope, block, HAVING)
            block.having = ExprBinder(self, scope, HAVING, block.aggregates, names).bind(query.having)
        self._order_by(query.order_by, scope, block)
        block.grouped = bool(block.group_by or block.aggregates)
        if block.grouped and "ONLY_FULL_GROUP_BY" in self.state.mode:
            self._check_full_group_by(block)
        if block.limit is not None:
            numbers = ExprBinder(self, Scope(), FIELDS)
            offset = block.limit.offset
            block.limit = ast.Limit(numbers.bind(block.limit.count), None if offset is None else numbers.bind(offset))
        if not block.group_by and block.grouped:
            self._null_rows(scope, block)
        block.columns = tuple(o.column for o in block.outputs)
        return block

    def _null_rows(self, scope: Scope, block: Block) -> None:
        """Over no rows, plain columns beside aggregates are NULL."""
        shown = [o.expr for o in block.outputs] + [e for e, _ in block.order_by] + ([block.having] if block.having else [])
        if not any(_ungrouped(e, []) for e in shown):
            return
        for source in scope.sources:
            source.null_row = True
        self.typer.forget()
        block.outputs = [Output(o.expr, self.output_column(o.expr, o.column.name)) for o in block.outputs]

    def conditions(self, expr: Expr | None, scope: Scope, clause: str) -> list[Expr]:
        """The bound conjuncts of a condition."""
        return [] if expr is None else conjuncts(ExprBinder(self, scope, clause).bind(expr))

    def _locking(self, query: ast.Select, block: Block, scope: Scope) -> None:
        if not query.locking:
            return
        block.locks = bind_clauses(query.locking, scope.sources, self.state.rules)
        block.lock_mode = max(ReadMode.EXCLUSIVE if c.mode == "UPDATE" else ReadMode.SHARED for c in query.locking)
        for source in scope.sources:
            locking = block.locks.get(source.slot)
            if locking is not None and locking.mode is ReadMode.EXCLUSIVE:
                source.write = source.transactional
                if not source.transactional:
                    source.lock = TableLock.WRITE

    def _outputs(self, query: ast.Select, scope: Scope, block: Block) -> None:
        binder = ExprBinder(self, scope, FIELDS, block.aggregates)
        for item in query.items:
            if isinstance(item.expr, ast.Star):
                for name, expr in self.star(item.expr, scope):
                    block.outputs.append(Output(expr, self.output_column(expr, name)))
                continue
            bound = binder.bind(item.expr)
            name = item.alias or (item.expr.name if isinstance(item.expr, ast.ColumnRef) else item.text)
            block.outputs.append(Output(bound, self.output_column(bound, name)))
            if item.alias is not None:
                scope.aliases.setdefault(name.lower(), bound)

    def star(self, star: ast.Star, scope: Scope) -> list[tuple[str, Expr]]:
        """The columns of ``*`` or ``t.*`` with their names as declared; raises 1051 for an unknown table."""
        if star.table is None:
            if not scope.sources:
                raise SqlError.text(1096, "No tables used")
            return [(_declared(name, expr), expr) for name, expr in scope.visible if not _invisible(expr)]
        for source in scope.sources:
            if source.alias == star.table and (star.db is None or star.db == source.db):
                columns = [Col(source.slot, i, source) for i in range(len(source.columns))]
                return [(c.name, c) for c in columns if not _invisible(c)]
        raise SqlError.of(1051, star.table)

    def output_column(self, expr: Expr, name: str) -> ResultColumn:
        if isinstance(expr, Col):
            return expr.source.result_column(expr.ordinal, name)
        typed = self.typer.typed(expr)
        return ResultColumn(name, typed.type, typed.nullable)

    def _group_by(self, query: ast.Select, scope: Scope, block: Block) -> None:
        binder = ExprBinder(self, scope, GROUP, None, alias_names(scope, GROUP, alias_first=False))
        for item in query.group_by:
            expr = item.expr
            if isinstance(expr, ast.Literal) and type(expr.value) is int:
                bound = block.outputs[self._position(expr.value, len(block.outputs), GROUP)].expr
            else:
                bound = binder.bind(expr)
            if has_aggregate(bound):
                raise SqlError.of(1056, item.expr.name if isinstance(item.expr, ast.ColumnRef) else "aggregate")
            block.group_by.append(bound)
            block.group_desc.append(item.descending)
        block.rollup = query.with_rollup

    def _order_by(self, items: tuple[ast.OrderItem, ...], scope: Scope, block: Block) -> None:
        binder = ExprBinder(self, scope, ORDER, block.aggregates, alias_names(scope, ORDER, alias_first=True))
        for item in items:
            expr = item.expr
            if isinstance(expr, ast.Literal):
                if type(expr.value) is int:
                    position = self._position(expr.value, len(block.outputs), ORDER)
                    block.order_by.append((block.outputs[position].expr, item.descending))
                continue
            if isinstance(expr, ast.Param):
                continue
            block.order_by.append((binder.bind(expr), item.descending))

    def _check_full_group_by(self, block: Block) -> None:
        """ONLY_FULL_GROUP_BY: every column of the select list stands in GROUP BY or inside an aggregate (1055, 1140)."""
        for output in block.outputs:
            stray = next(iter(_ungrouped(output.expr, block.group_by)), None)
            if stray is None:
                continue
            if not block.group_by:
                raise SqlError.of(1140)
            raise SqlError.of(1055, f"{stray.source.db}.{stray.source.alias}.{stray.name}")

    # ---- helpers for statements that change rows
    def default_of(self, expr: Expr) -> Expr:
        """DEFAULT(col); raises 1364 when the column has none."""
        if not isinstance(expr, Col) or expr.source.tdef is None:
            raise unsupported("DEFAULT() of an expression")
        column = expr.source.tdef.columns[expr.ordinal]
        if column.default is None:
            if column.nullable:
                return ast.Literal(None)
            raise SqlError.of(1364, column.name)
        if column.default.current_timestamp:
            return ast.Call("NOW")
        if column.default.expression is not None:
            raise unsupported("DEFAULT() of an expression default")
        return literal_of(column.default.value)


def _declared(name: str, expr: Expr) -> str:
    if isinstance(expr, Col):
        return expr.name
    inner = next((a for a in getattr(expr, "args", ()) if isinstance(a, Col)), None)
    return inner.name if inner is not None else name


def _invisible(expr: Expr) -> bool:
    if not isinstance(expr, Col) or expr.source.tdef is None:
        return False
    return expr.source.tdef.columns[expr.ordinal].invisible


def _ungrouped(expr: Expr, group_by: list[Expr]) -> list[Col]:
    if expr in group_by or isinstance(expr, ast.Aggregate):
        return []
    if isinstance(expr, Col):
        return [expr]
    return [c for child in children(expr) for c in _ungrouped(child, group_by)]

