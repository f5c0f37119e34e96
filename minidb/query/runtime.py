"""Helpers that generated plans call: arithmetic with MySQL's ranges, aggregates, sorting, subqueries."""

from __future__ import annotations

import heapq
import json
import math
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation, localcontext
from typing import Any

from minidb.errors import SqlError
from minidb.query.context import SessionState
from minidb.types.coerce import to_text

EXACT = Context(prec=110, rounding=ROUND_HALF_UP)
MAX_SCALE = 38
DIVISION_SCALE = 4
SIGNED = (-(1 << 63), (1 << 63) - 1)
UNSIGNED_MAX = (1 << 64) - 1
_MASK = UNSIGNED_MAX


# ---- arithmetic
def out_of_range(kind: str, text: str) -> Any:
    """Raises 1690."""
    raise SqlError.of(1690, kind, text)


def finite(value: float, text: str) -> float:
    """`value`, or 1690 if a DOUBLE operation overflowed."""
    if math.isfinite(value):
        return value
    raise SqlError.of(1690, "DOUBLE", text)


def scale_of(value: Any) -> int:
    """Digits after the point of a DECIMAL or integer value."""
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return 0


def rescale(value: Decimal, scale: int) -> Decimal:
    """`value` rounded half away from zero to `scale` digits."""
    return value.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_UP, context=EXACT)


def division_by_zero(session: SessionState, strict: bool) -> None:
    """NULL with warning 1365; raises it in a strict change of data."""
    if strict:
        raise SqlError.of(1365)
    session.warn("Warning", 1365, "Division by 0")


def divide(a: Any, b: Any) -> Decimal | None:
    """a / b of exact numbers: the scale of `a` and four digits more."""
    if not b:
        return None
    scale = min(scale_of(a) + DIVISION_SCALE, MAX_SCALE)
    return rescale(EXACT.divide(Decimal(a), Decimal(b)), scale)


def divide_floats(a: Any, b: Any) -> float | None:
    if not b:
        return None
    return finite(float(a) / float(b), "division")


def int_divide(a: Any, b: Any) -> int | None:
    """a DIV b, towards zero."""
    if not b:
        return None
    if isinstance(a, float) or isinstance(b, float):
        a, b = Decimal(repr(float(a))), Decimal(repr(float(b)))
    if isinstance(a, int) and isinstance(b, int):
        quotient = abs(a) // abs(b)
    else:
        try:
            quotient = int(EXACT.divide_int(abs(Decimal(a)), abs(Decimal(b))))
        except InvalidOperation:  # more digits than any number of MySQL's
            quotient = UNSIGNED_MAX + 1
    signed = quotient if (a < 0) == (b < 0) else -quotient
    if not SIGNED[0] <= signed <= UNSIGNED_MAX:
        raise SqlError.of(1690, "BIGINT", "DIV")
    return signed


def modulo(a: Any, b: Any) -> Any:
    """a % b with the sign of `a`."""
    if not b:
        return None
    if isinstance(a, int) and isinstance(b, int):
        rest = abs(a) % abs(b)
        return -rest if a < 0 else rest
    if isinstance(a, float) or isinstance(b, float):
        return math.fmod(a, b)
    return EXACT.remainder(Decimal(a), Decimal(b))


def bits(value: Any) -> int:
    """The operand of a bit operation: a 64-bit unsigned integer."""
    if not isinstance(value, int):
        value = int(Decimal(repr(value) if isinstance(value, float) else value).to_integral_value(ROUND_HALF_UP))
    return int(value) & _MASK


def shift_left(a: Any, b: Any) -> int:
    count = bits(b)
    return (bits(a) << count) & _MASK if count < 64 else 0


def shift_right(a: Any, b: Any) -> int:
    count = bits(b)
    return bits(a) >> count if count < 64 else 0


def exact(method: str) -> Callable[[Any, Any], Decimal]:
    """DECIMAL arithmetic beyond Python's default precision: 'add', 'subtract', 'multiply'."""
    function: Callable[[Any, Any], Decimal] = getattr(EXACT, method)
    return function


# ---- aggregates
def exact_sum(values: Iterable[Any]) -> Decimal:
    """Sum of DECIMALs without rounding."""
    with localcontext(EXACT):
        return sum(values, Decimal(0))


def average(total: Any, count: int, scale: int) -> Decimal:
    """AVG of exact numbers: `scale` is that of the result."""
    return rescale(EXACT.divide(Decimal(total), Decimal(count)), scale)


def variance(values: Sequence[Any], sample: bool, digits: int | None = None) -> float | None:
    """VAR_POP / VAR_SAMP over non-NULL numbers; digits: decimals shown (of exact arguments)."""
    count = len(values)
    if count < (2 if sample else 1):
        return None
    mean, squares = 0.0, 0.0
    for n, value in enumerate(values, 1):
        value = float(value)
        delta = value - mean
        mean += delta / n
        squares += delta * (value - mean)
    found = squares / (count - 1 if sample else count)
    return found if digits is None else round(found, digits)


def deviation(values: Sequence[Any], sample: bool, digits: int | None = None) -> float | None:
    """STDDEV_POP / STDDEV_SAMP."""
    found = variance(values, sample)
    if found is None:
        return None
    return math.sqrt(found) if digits is None else round(math.sqrt(found), digits)


def fold_bits(name: str, values: Iterable[Any]) -> int:
    """BIT_AND, BIT_OR, BIT_XOR."""
    result = _MASK if name == "BIT_AND" else 0
    for value in values:
        one = bits(value)
        result = result & one if name == "BIT_AND" else result | one if name == "BIT_OR" else result ^ one
    return result


def distinct_by(values: Iterable[Any], key: Callable[[Any], Any]) -> list[Any]:
    """The first of each group of values equal under `key`, in order."""
    seen: dict[Any, Any] = {}
    for value in values:
        seen.setdefault(key(value), value)
    return list(seen.values())


def group_concat(rows: list[tuple[Any, ...]], sorts: list[tuple[Callable[[Any], Any], bool]], unique: Callable[[str], Any] | None,
                 separator: str, session: SessionState) -> str | None:
    """GROUP_CONCAT of (text, sort values ...) tuples; cut at group_concat_max_len with warning 1260."""
    if unique is not None:
        rows = distinct_by(rows, lambda row: unique(row[0]))
    if not rows:
        return None
    for key, descending in sorts:
        rows.sort(key=key, reverse=descending)
    text = separator.join(row[0] for row in rows)
    limit = int(session.variable("", "group_concat_max_len"))
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    session.warn("Warning", 1260, f"Row {len(rows)} was cut by GROUP_CONCAT()")
    return encoded[:limit].decode(errors="ignore")


def json_aggregate(name: str, rows: list[tuple[Any, ...]]) -> str | None:
    """JSON_ARRAYAGG and JSON_OBJECTAGG."""
    if not rows:
        return None
    if name == "JSON_ARRAYAGG":
        return "[" + ",".join(_json_text(row[0]) for row in rows) + "]"
    return "{" + ", ".join(f"{json.dumps(str(key), ensure_ascii=False)}:{_json_text(value)}" for key, value in rows) + "}"


def _json_text(value: Any) -> str:
    if isinstance(value, (int, float, str)) or value is None:
        return json.dumps(value, ensure_ascii=False)
    return str(value) if isinstance(value, Decimal) else json.dumps(to_text(value), ensure_ascii=False)


# ---- rows
def top_rows(rows: list[Any], count: int, key: Callable[[Any], Any], descending: bool) -> list[Any]:
    """The first `count` rows in sorted order (stable), by a heap when that is little of the whole."""
    if count * 4 < len(rows):
        return heapq.nlargest(count, rows, key) if descending else heapq.nsmallest(count, rows, key)
    rows.sort(key=key, reverse=descending)
    return rows


def merge_groups(groups: dict[Any, list[Any]], fold: Callable[[Any], Any]) -> list[list[Any]]:
    """Groups of rows by raw value, joined where `fold` makes the values equal."""
    merged: dict[Any, list[Any]] = {}
    for value, rows in groups.items():
        folded = fold(value)
        if folded in merged:
            merged[folded] += rows
        else:
            merged[folded] = rows
    return list(merged.values())


def rollup(groups: list[tuple[tuple[Any, ...], list[Any]]], sorts: list[tuple[Callable[[Any], Any], bool]]) \
        -> list[tuple[tuple[Any, ...], list[Any]]]:
    """Groups (key tuple, rows) in key order, each level followed by its super-aggregate with NULL keys; the grand total last.
    sorts: per key the function that orders it, under which equal keys are one, and whether descending."""
    if not groups:
        return []
    for position in range(len(sorts) - 1, -1, -1):
        key, descending = sorts[position]
        groups.sort(key=lambda group: key(group[0]), reverse=descending)
    width = len(sorts)
    out: list[tuple[tuple[Any, ...], list[Any]]] = []

    def level(part: list[tuple[tuple[Any, ...], list[Any]]], depth: int) -> list[Any]:
        rows: list[Any] = []
        if depth == width:
            for group in part:
                out.append(group)
                rows += group[1]
            return rows
        start = 0
        for i in range(1, len(part) + 1):
            if i == len(part) or sorts[depth][0](part[i][0]) != sorts[depth][0](part[start][0]):
                rows += level(part[start:i], depth + 1)
                start = i
        out.append(((*part[-1][0][:depth], *(None,) * (width - depth)), rows))
        return rows

    level(groups, 0)
    return out


def recurse(seed: list[Any], step: Callable[[list[Any]], list[Any]], key: Callable[[Any], Any] | None, rounds: int,
            session: SessionState) -> list[Any]:
    """The rows of a recursive common table: `step` over the last round's new rows until there are none; key: UNION DISTINCT.
    Stops with warning 1931 after `rounds` rounds."""
    seen: dict[Any, Any] = {}

    def fresh(rows: list[Any]) -> list[Any]:
        if key is None:
            return rows
        found = []
        for row in rows:
            mark = key(row)
            if mark not in seen:
                seen[mark] = row
                found.append(row)
        return found

    last = fresh(seed)
    out = list(last)
    for _ in range(rounds):
        if not last:
            return out
        session.check_interrupted()
        last = fresh(step(last))
        out += last
    if last:
        session.warn("Warning", 1931, f"Query execution was interrupted. The query exceeded max_recursive_iterations = {rounds}. "
                     "The query result may be incomplete")
    return out


def scalar(rows: list[Any]) -> Any:
    """The value of a scalar subquery: NULL without rows; raises 1242 for more than one."""
    if not rows:
        return None
    if len(rows) > 1:
        raise SqlError.of(1242)
    return rows[0][0]


class Once:
    """A value that is computed when it is first asked for: ``once()``."""

    __slots__ = ("_make", "_value")

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make: Callable[[], Any] | None = make
        self._value: Any = None

    def __call__(self) -> Any:
        if self._make is not None:
            self._value = self._make()
            self._make = None
        return self._value


class Members:
    """The materialised rows of an IN subquery as comparison keys."""

    __slots__ = ("has_null", "keys")

    def __init__(self, keys: Iterable[Any]) -> None:
        self.keys = set(keys)
        self.has_null = None in self.keys
        self.keys.discard(None)

    def test(self, value: Any) -> int | None:
        """value IN (...): 1, 0 or None."""
        if not self.keys and not self.has_null:
            return 0
        if value is None:
            return None
        if value in self.keys:
            return 1
        return None if self.has_null else 0


class RowMembers:
    """Like `Members` for rows of several columns, None where a column is NULL."""

    __slots__ = ("complete", "partial")

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        keys = set(rows)
        self.partial = [k for k in keys if None in k]
        self.complete = keys.difference(self.partial)

    def test(self, value: tuple[Any, ...]) -> int | None:
        """(a, b) IN (...): unknown where only NULLs keep the rows from being different."""
        if value in self.complete:
            return 1
        rows: Iterable[tuple[Any, ...]] = self.partial if None not in value else [*self.complete, *self.partial]
        return None if any(all(a is None or b is None or a == b for a, b in zip(value, k, strict=True)) for k in rows) else 0


def negate(truth: int | None) -> int | None:
    return None if truth is None else 1 - truth


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def compare_any(value: Any, op: str, keys: Sequence[Any]) -> int | None:
    """value op ANY (keys)."""
    if not keys:
        return 0
    if value is None:
        return None
    test = _COMPARE[op]
    if any(key is not None and test(value, key) for key in keys):
        return 1
    return None if None in keys else 0


def compare_all(value: Any, op: str, keys: Sequence[Any]) -> int | None:
    """value op ALL (keys)."""
    if not keys:
        return 1
    if value is None:
        return None
    test = _COMPARE[op]
    if any(key is not None and not test(value, key) for key in keys):
        return 0
    return None if None in keys else 1


def except_rows(left: list[Any], right: list[Any], key: Callable[[Any], Any], every: bool) -> list[Any]:
    """left EXCEPT [ALL] right."""
    counts = Counter(map(key, right))
    if not every:
        return [row for row in distinct_by(left, key) if key(row) not in counts]
    kept = []
    for row in left:
        if counts[key(row)] > 0:
            counts[key(row)] -= 1
        else:
            kept.append(row)
    return kept


def intersect_rows(left: list[Any], right: list[Any], key: Callable[[Any], Any], every: bool) -> list[Any]:
    """left INTERSECT [ALL] right."""
    counts = Counter(map(key, right))
    if not every:
        return [row for row in distinct_by(left, key) if key(row) in counts]
    kept = []
    for row in left:
        if counts[key(row)] > 0:
            counts[key(row)] -= 1
            kept.append(row)
    return kept
