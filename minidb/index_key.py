"""Functions from rows to index keys, generated from a table's definition.

A key is made of order keys (`minidb.types.keys`): ``lambda r: (r[1], r[0])`` for two NOT NULL integer columns,
``(NULL if r[2] is None else k2(r[2]))`` for a nullable collated one, ``DESC(r[3])`` for a descending part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minidb.catalog import IndexDef, IndexPart, TableDef
from minidb.types.generated import code
from minidb.types.keys import NULL, Descending, key_function

Row = Sequence[Any]


def key_parts_source(tdef: TableDef, parts: Sequence[IndexPart], row: str = "r") -> tuple[list[str], dict[str, Any]]:
    """One Python expression per key part over the row variable `row`, and the names that the expressions need."""
    sources: list[str] = []
    env: dict[str, Any] = {}
    for part in parts:
        column = tdef.columns[part.column]
        value = f"{row}[{part.column}]"
        source = value if part.prefix is None else f"{value}[:{part.prefix}]"
        function = key_function(column.type)
        if function is not None:
            name = f"k{part.column}"
            env[name] = function
            source = f"{name}({source})"
        if column.nullable:
            env["NULL"] = NULL
            source = f"(NULL if {value} is None else {source})"
        if part.descending:
            env["DESC"] = Descending
            source = f"DESC({source})"
        sources.append(source)
    return sources, env


def _compile(source: str, env: dict[str, Any]) -> Callable[[Row], Any]:
    made: Callable[[Row], Any] = eval(code(source), env)
    return made


def key_maker(tdef: TableDef, index: IndexDef, suffix: Sequence[int | IndexPart] = (),
              bare_single: bool = False) -> Callable[[Row], Any]:
    """Function row -> key of `index`, followed by the columns `suffix` (ordinals, or parts where a prefix is wanted).
    bare_single: a key of one part is the bare value instead of a 1-tuple."""
    extra = [s if isinstance(s, IndexPart) else IndexPart(s) for s in suffix]
    sources, env = key_parts_source(tdef, [*index.parts, *extra])
    if bare_single and len(sources) == 1:
        return _compile(f"lambda r: {sources[0]}", env)
    return _compile(f"lambda r: ({', '.join(sources)},)", env)


def entry_maker(tdef: TableDef, ordinals: Sequence[int]) -> Callable[[Row], tuple[Any, ...]]:
    """Function row -> tuple of the raw values of the columns `ordinals`."""
    if any(not 0 <= i < len(tdef.columns) for i in ordinals):
        raise IndexError(f"{tdef.name} has {len(tdef.columns)} columns")
    return _compile("lambda r: (" + "".join(f"r[{i}], " for i in ordinals) + ")", {})
