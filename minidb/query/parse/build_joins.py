"""Which ON belongs to which JOIN.  The grammar reads ``t1 JOIN t2 LEFT JOIN t3 ON c`` as a flat chain; here it becomes a tree.

An ON or USING belongs to the nearest join before it that has none yet, like a closing bracket.  Joins left without a condition
(only inner ones may) are left-associative; what stands between a join and its ON is that join's right side."""

from __future__ import annotations

from dataclasses import dataclass

from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.parse.lalr import Misplaced


@dataclass(slots=True)
class JoinPart:
    """One element behind the first table: a join with its table, or a condition.  close: for a join, place of its condition."""

    kind: tuple[str, ...] = ()
    table: ast.FromItem | None = None
    on: Expr | None = None
    using: tuple[str, ...] = ()
    close: int = -1


def join_chain(first: ast.FromItem, *parts: JoinPart) -> ast.FromItem:
    """The join tree of a chain.  Raises Misplaced where an outer join lacks its ON, or an ON has no join."""
    if not parts:
        return first
    waiting: list[int] = []
    for place, part in enumerate(parts):
        if part.table is not None:
            if "NATURAL" not in part.kind:
                waiting.append(place)
        elif not waiting:
            raise Misplaced
        else:
            parts[waiting.pop()].close = place
    if any("LEFT" in parts[place].kind or "RIGHT" in parts[place].kind for place in waiting):
        raise Misplaced
    return _tree(first, parts, 0, len(parts))


def _tree(first: ast.FromItem, parts: tuple[JoinPart, ...], start: int, end: int) -> ast.FromItem:
    result, place = first, start
    while place < end:
        part = parts[place]
        assert part.table is not None
        if part.close < 0:
            result = _join(result, part.table, part.kind, None)
            place += 1
        else:
            result = _join(result, _tree(part.table, parts, place + 1, part.close), part.kind, parts[part.close])
            place = part.close + 1
    return result


def _join(left: ast.FromItem, right: ast.FromItem, words: tuple[str, ...], condition: JoinPart | None) -> ast.Join:
    kind = next((word for word in words if word in ("LEFT", "RIGHT", "CROSS")), "INNER")
    return ast.Join(left, right, kind, None if condition is None else condition.on, () if condition is None else condition.using,
                    "NATURAL" in words, "STRAIGHT_JOIN" in words)
