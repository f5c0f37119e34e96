"""ORDER BY, DISTINCT and LIMIT over lists of tuples."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from minidb.query import ast, runtime
from minidb.query.ast import Expr
from minidb.query.codegen.unit import Lines
from minidb.types.keys import key_function
from minidb.types.sqltype import Family, SqlType

if TYPE_CHECKING:
    from minidb.query.codegen.expressions import ExprGen


class SortKey(NamedTuple):
    """Sort by element `position` of the tuples."""

    position: int
    descending: bool
    type: SqlType
    nullable: bool


def _parts(gen: ExprGen, key: SortKey) -> list[str]:
    """Sources over tuple `r` that order as the column does, NULL first."""
    source = f"r[{key.position}]"
    make = key_function(key.type) if key.type.family is Family.STRING else None
    name = None if make is None else gen.unit.const(make, "ck")
    if not key.nullable:
        return [source if name is None else f"{name}({source})"]
    if name is None:
        return [f"{source} is not None", source]
    return [f"{source} is not None", f"{source} and {name}({source})" if key.type.name not in ("enum", "set") else
            f"None if {source} is None else {name}({source})"]


def key_source(gen: ExprGen, keys: list[SortKey]) -> str:
    """Source of a key function for keys of one direction."""
    if len(keys) == 1 and not keys[0].nullable and _parts(gen, keys[0])[0] == f"r[{keys[0].position}]":
        return f"{gen.unit.named('itemgetter', itemgetter)}({keys[0].position})"
    parts = [p for key in keys for p in _parts(gen, key)]
    return f"lambda r: {parts[0]}" if len(parts) == 1 else f"lambda r: ({', '.join(parts)})"


def sort(gen: ExprGen, lines: Lines, rows: str, keys: list[SortKey], top: str | None) -> None:
    """Sort list `rows` in place by `keys`; `top`: source of the number of rows that will be wanted."""
    runs: list[list[SortKey]] = []
    for key in keys:
        if runs and runs[-1][0].descending == key.descending:
            runs[-1].append(key)
        else:
            runs.append([key])
    if len(runs) == 1 and top is not None:
        helper = gen.unit.named("top_rows", runtime.top_rows)
        lines(f"{rows} = {helper}({rows}, {top}, {key_source(gen, keys)}, {keys[0].descending})")
        return
    for run in reversed(runs):  # list.sort is stable: the least significant keys go first
        reverse = ", reverse=True" if run[0].descending else ""
        lines(f"{rows}.sort(key={key_source(gen, run)}{reverse})")


def distinct(gen: ExprGen, lines: Lines, rows: str, types: list[SqlType]) -> None:
    """Keep the first of equal rows; `types` are those of the visible columns (hidden sort keys stand behind them)."""
    parts, folded = [], False
    for i, t in enumerate(types):
        make = key_function(t) if t.family is Family.STRING and t.name not in ("enum", "set") else None
        if make is None:
            parts.append(f"r[{i}]")
        else:
            folded = True
            parts.append(f"r[{i}] and {gen.unit.const(make, 'ck')}(r[{i}])")
    if folded:
        helper = gen.unit.named("distinct_by", runtime.distinct_by)
        lines(f"{rows} = {helper}({rows}, lambda r: ({', '.join(parts)},))")
    else:
        lines(f"{rows} = list(dict.fromkeys({rows}))")


def limit_sources(gen: ExprGen, limit: ast.Limit) -> tuple[str, str]:
    """Sources of (first row wanted, one behind the last)."""

    def number(e: Expr) -> str:
        source = gen.value(e)
        return source if isinstance(e, ast.Literal) else f"int({source})"

    count = number(limit.count)
    if limit.offset is None:
        return "0", count
    offset = number(limit.offset)
    if count.isdigit() and offset.isdigit():
        return offset, str(int(count) + int(offset))
    return offset, f"{offset} + {count}"


def cut(lines: Lines, rows: str, bounds: tuple[str, str]) -> str:
    """Source of the rows wanted."""
    first, end = bounds
    return f"{rows}[:{end}]" if first == "0" else f"{rows}[{first}:{end}]"
