"""Building functions for SELECT and its parts, and for the statements that change rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from minidb.errors import SqlError
from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.parse.build_joins import JoinPart
from minidb.query.parse.lalr import spanned
from minidb.query.parse.lexer import Token


@dataclass(frozen=True, slots=True)
class Nested:
    """A query in parentheses that may still get a clause of its own from outside."""

    query: ast.Query


def _plain(query: Any) -> Any:
    return query.query if isinstance(query, Nested) else query


# ---- queries


Locking = tuple[ast.Locking, ...]


def nested_query(query: ast.Query) -> Nested:
    return Nested(query)


def query(body: Any, order: tuple[ast.OrderItem, ...], limit: ast.Limit | None, locking: Locking) -> ast.Query:
    """A query block or set operation with what follows it."""
    if not order and limit is None and not locking:
        result: ast.Query = _plain(body)
        return result
    if isinstance(body, Nested):
        body = _enclosed(body.query)
    if isinstance(body, ast.SetOperation):
        result = replace(body, order_by=order, limit=limit)
        return result if not locking else replace(result, right=_locked(result.right, locking))
    if isinstance(body, ast.TableValues):
        body = ast.Select((ast.SelectItem(ast.Star()),), ast.DerivedTable(body, "tvc_0"))
    block: ast.Select = body
    return replace(block, order_by=order, limit=limit, locking=locking or block.locking)


def _enclosed(query: ast.Query) -> ast.Query:
    """`query` as a block that can take ORDER BY and LIMIT: itself while it has none, else SELECT * FROM (query)."""
    if not isinstance(query, ast.TableValues) and not query.order_by and query.limit is None:
        return query
    return ast.Select((ast.SelectItem(ast.Star()),), ast.DerivedTable(query, "__1"))


def _locked(query: ast.Query, locking: Locking) -> ast.Query:
    return replace(query, locking=locking) if isinstance(query, ast.Select) else query


def with_query(recursive: bool, ctes: tuple[ast.CommonTable, ...], body: Any, order: tuple[ast.OrderItem, ...],
               limit: ast.Limit | None, locking: Locking) -> ast.Query:
    result = query(body, order, limit, locking)
    if isinstance(result, ast.TableValues) or result.ctes:
        result = ast.Select((ast.SelectItem(ast.Star()),), ast.DerivedTable(result, "__1"))
    return replace(result, ctes=ctes, recursive=recursive)


def cte(token: Token, columns: tuple[str, ...], query: ast.Query) -> ast.CommonTable:
    return ast.CommonTable(token.value, columns, query)


def set_operator(word: Token, extent: Token | None) -> str:
    name = word.value.upper()
    return f"{name} ALL" if extent is not None and extent.value.upper() == "ALL" else str(name)


def set_operation(left: Any, op: str, right: Any) -> ast.SetOperation:
    return ast.SetOperation(op, _plain(left), _plain(right))


def table_values(rows: tuple[tuple[Expr, ...], ...]) -> ast.TableValues:
    return ast.TableValues(rows)


def select(options: tuple[str, ...], items: tuple[ast.SelectItem, ...], from_: ast.FromItem | None, where: Expr | None,
           group: tuple[tuple[ast.OrderItem, ...], bool] | None, having: Expr | None,
           windows: tuple[tuple[str, ast.WindowSpec], ...]) -> ast.Select:
    distinct = "DISTINCT" in options or "DISTINCTROW" in options
    if distinct and "ALL" in options:
        raise SqlError.of(1221, "ALL", "DISTINCT")
    kept = tuple(o for o in options if o not in ("ALL", "DISTINCT", "DISTINCTROW"))
    group_by, rollup = group or ((), False)
    return ast.Select(items, from_, where, group_by, rollup, having, distinct=distinct, options=kept, windows=windows)


def named_window(token: Token, spec: ast.WindowSpec) -> tuple[str, ast.WindowSpec]:
    return token.value, spec


@spanned
def select_item(text: str, expr: Expr, alias: str | None) -> ast.SelectItem:
    if alias is not None:
        return ast.SelectItem(expr, alias, alias)
    if isinstance(expr, ast.ColumnRef):
        return ast.SelectItem(expr, None, expr.name)
    if isinstance(expr, ast.Literal):
        if isinstance(expr.value, str):
            text = expr.value.lstrip()
        elif expr.value is None or isinstance(expr.value, bool):
            text = text.upper()
    return ast.SelectItem(expr, None, text)


def select_star(*tokens: Token) -> ast.SelectItem:
    names = [token.value for token in tokens]
    table = names[-1] if names else None
    return ast.SelectItem(ast.Star(table, names[0] if len(names) == 2 else None), None, "*")


def group_clause(items: tuple[ast.OrderItem, ...], rollup: bool) -> tuple[tuple[ast.OrderItem, ...], bool]:
    return items, rollup


def order_item(expr: Expr, descending: bool) -> ast.OrderItem:
    return ast.OrderItem(expr, descending)


def limit(count: Expr, offset: Expr | None = None) -> ast.Limit:
    return ast.Limit(count, offset)


def limit_comma(offset: Expr, count: Expr) -> ast.Limit:
    return ast.Limit(count, offset)


def fetch_first(*parts: Any) -> ast.Limit:
    """[offset ROWS] FETCH FIRST [count] ROWS ONLY; ROW comes as a token, ROWS does not come at all."""
    offset, count = [part for part in parts if not isinstance(part, Token)]
    return ast.Limit(ast.Literal(1) if count is None else count, offset)


# ---- locking clauses


def locking(strength: str, tables: tuple[ast.TableRef, ...], wait: tuple[str, int | None]) -> ast.Locking:
    return ast.Locking(strength, wait[0], wait[1], tables)


def share_mode(wait: tuple[str, int | None]) -> ast.Locking:
    return ast.Locking("SHARE", wait[0], wait[1], share_mode=True)


def no_wait_clause() -> tuple[str, int | None]:
    return "", None


def lock_nowait() -> tuple[str, int | None]:
    return "NOWAIT", None


def lock_skip() -> tuple[str, int | None]:
    return "SKIP LOCKED", None


def lock_wait_seconds(token: Token) -> tuple[str, int | None]:
    return "", token.value


# ---- FROM


def comma_join(first: ast.FromItem, *others: ast.FromItem) -> ast.FromItem:
    result = first
    for other in others:
        result = ast.Join(result, other)
    return result


def join_kind(*tokens: Token | None) -> tuple[str, ...]:
    return tuple(token.value.upper() for token in tokens if token is not None)


def join_with(kind: tuple[str, ...], table: ast.FromItem) -> JoinPart:
    return JoinPart(kind, table)


def join_on(condition: Expr) -> JoinPart:
    return JoinPart(on=condition)


def join_using(names: tuple[str, ...]) -> JoinPart:
    return JoinPart(using=names)


def table_name(*tokens: Token) -> ast.TableRef:
    if len(tokens) == 1:
        return ast.TableRef(tokens[0].value, pos=tokens[0].start)
    return ast.TableRef(tokens[1].value, tokens[0].value, pos=tokens[0].start)


def table_factor(table: ast.TableRef, alias: str | None, hints: tuple[ast.IndexHint, ...]) -> ast.TableRef:
    if alias is None and not hints:
        return table
    return ast.TableRef(table.name, table.db, alias, hints, table.pos)


def derived_table(query: ast.Query, alias: str | None, columns: tuple[str, ...]) -> ast.DerivedTable:
    if alias is None:
        raise SqlError.of(1248)
    return ast.DerivedTable(query, alias, columns)


def index_hint(kind: str, scope: str, names: tuple[str, ...] | None) -> ast.IndexHint:
    return ast.IndexHint(kind, names or (), scope)


def primary_name() -> str:
    return "PRIMARY"


# ---- INSERT, REPLACE


def last_name(*tokens: Token) -> str:
    return str(tokens[-1].value)


InsertSource = tuple[tuple[str, ...] | None, tuple[tuple[Expr, ...], ...] | None, ast.Query | None]


def insert_query(query: ast.Query) -> InsertSource:
    if isinstance(query, ast.TableValues):
        return None, query.rows, None
    return None, None, query


def insert_columns_query(columns: tuple[str, ...], query: ast.Query) -> InsertSource:
    if isinstance(query, ast.TableValues):
        return columns, query.rows, None
    return columns, None, query


def insert_set(assignments: tuple[ast.Assignment, ...]) -> InsertSource:
    return tuple(a.column.name for a in assignments), (tuple(a.value for a in assignments),), None


def _insert(options: tuple[str, ...], table: ast.TableRef, source: InsertSource, returning: tuple[ast.SelectItem, ...],
            **more: Any) -> ast.Insert:
    columns, rows, query = source
    priority = next((o for o in options if o != "IGNORE"), "")
    return ast.Insert(table, columns, rows, query, ignore="IGNORE" in options, priority=priority, returning=returning, **more)


def insert(options: tuple[str, ...], table: ast.TableRef, source: InsertSource, alias: tuple[Token, tuple[str, ...]] | None,
           on_duplicate: tuple[ast.Assignment, ...], returning: tuple[ast.SelectItem, ...]) -> ast.Insert:
    row_alias, row_columns = (alias[0].value, alias[1]) if alias is not None else (None, ())
    return _insert(options, table, source, returning, on_duplicate=on_duplicate, row_alias=row_alias, row_columns=row_columns)


def replace_(options: tuple[str, ...], table: ast.TableRef, source: InsertSource,
             returning: tuple[ast.SelectItem, ...]) -> ast.Insert:
    return _insert(options, table, source, returning, replace=True)


def assignment(column: ast.ColumnRef, value: Expr) -> ast.Assignment:
    return ast.Assignment(column, value)


# ---- UPDATE, DELETE, DO


def update(options: tuple[str, ...], from_: ast.FromItem, assignments: tuple[ast.Assignment, ...], where: Expr | None,
           order: tuple[ast.OrderItem, ...], limit: ast.Limit | None) -> ast.Update:
    if isinstance(from_, ast.Join) and (order or limit is not None):
        raise SqlError.of(1221, "UPDATE", "ORDER BY" if order else "LIMIT")
    return ast.Update(from_, assignments, where, order, limit, "IGNORE" in options, "LOW_PRIORITY" in options)


def _change_flags(options: tuple[str, ...]) -> tuple[bool, bool, bool]:
    return "IGNORE" in options, "QUICK" in options, "LOW_PRIORITY" in options


def delete_one(options: tuple[str, ...], table: ast.TableRef, alias: str | None, where: Expr | None,
               order: tuple[ast.OrderItem, ...], limit: ast.Limit | None, returning: tuple[ast.SelectItem, ...]) -> ast.Delete:
    target = table_factor(table, alias, ())
    ignore, quick, low_priority = _change_flags(options)
    return ast.Delete(target, (), where, order, limit, ignore, quick, low_priority, returning)


def delete_many(options: tuple[str, ...], targets: tuple[ast.TableRef, ...], from_: ast.FromItem,
                where: Expr | None) -> ast.Delete:
    ignore, quick, low_priority = _change_flags(options)
    return ast.Delete(from_, targets, where, ignore=ignore, quick=quick, low_priority=low_priority)


def do(exprs: tuple[Expr, ...]) -> ast.Do:
    return ast.Do(exprs)
