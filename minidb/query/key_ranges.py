"""Bounds and ranges over index keys, computed by generated plans at run time."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from minidb.engine import KeyRange
from minidb.query.patterns import like_prefix
from minidb.types.collation import get_collation
from minidb.types.keys import MAX, NULL, Descending, comparable
from minidb.types.sqltype import SqlType


class NoRows(Exception):
    """A bound turned out to be NULL: the comparison is never true."""


def key_of(value: Any, t: SqlType) -> Any:
    """Order key to find `value` by equality in a column of type `t`; None where no column value can equal it (NULL, a moment
    looked for among days).  Raises NotSargable."""
    if value is None:
        return None
    key, is_exact = comparable(value, t)
    return key if is_exact else None


def prefix_key(value: Any, t: SqlType, length: int) -> Any:
    """Like `key_of` for an index part that holds the first `length` characters."""
    return None if value is None else comparable(value[:length], t)[0]


Bound = tuple[Any, bool]
LOWEST: Bound = (NULL, False)  # above NULL: comparisons are never true of NULL
HIGHEST: Bound = (MAX, True)


def low_bound(value: Any, t: SqlType, inclusive: bool, length: int | None = None) -> Bound:
    """The lower end of ``col > value`` (``>=`` if inclusive); length: of a prefix part."""
    if value is None:
        raise NoRows
    if length is not None:
        return comparable(value[:length], t)[0], True
    key, is_exact = comparable(value, t)
    return key, inclusive and is_exact


def high_bound(value: Any, t: SqlType, inclusive: bool, length: int | None = None) -> Bound:
    """The upper end of ``col < value`` (``<=`` if inclusive); length: of a prefix part."""
    if value is None:
        raise NoRows
    if length is not None:
        return comparable(value[:length], t)[0], True
    key, is_exact = comparable(value, t)
    return key, inclusive or not is_exact


Interval = tuple[Any, bool, Any, bool]  # low, inclusive, high, inclusive
NULL_POINT: list[Interval] = [(NULL, True, NULL, True)]
NOT_NULL: list[Interval] = [(*LOWEST, *HIGHEST)]


def point(key: Any) -> list[Interval]:
    return [(key, True, key, True)]


def points(values: Iterable[Any], t: SqlType, length: int | None = None) -> list[Interval]:
    """One point for each value of an IN list; NULLs and impossible values match nothing."""
    found: list[Interval] = []
    for value in values:
        key = key_of(value, t) if length is None else prefix_key(value, t, length)
        if key is not None:
            found += point(key)
    return found


def between(low: Bound, high: Bound) -> list[Interval]:
    return [(low[0], low[1], high[0], high[1])]


def guarded(make: Callable[[], list[Interval]]) -> list[Interval]:
    """`make()`, or no interval where a bound is NULL (one branch of an OR)."""
    try:
        return make()
    except NoRows:
        return []


def safe_ranges(make: Callable[[], tuple[KeyRange, ...]]) -> tuple[KeyRange, ...]:
    """`make()`, or no range where a bound is NULL."""
    try:
        return make()
    except NoRows:
        return ()


def like_range(pattern: Any, escape: str, t: SqlType, length: int | None = None) -> list[Interval]:
    """The interval of texts that can match a LIKE pattern; the whole index for a pattern that begins with a wildcard."""
    if pattern is None:
        raise NoRows
    text, whole = like_prefix(str(pattern), escape)
    if not text:
        return NOT_NULL
    collation = get_collation(t.collation)
    if length is not None:
        text, whole = text[:length], whole and len(text) <= length
    high = collation.fold(text) + "\U0010ffff"
    return [(collation.key(text if whole else text.rstrip(" ")), True, high, True)]


def _empty(interval: Interval) -> bool:
    low, low_in, high, high_in = interval
    return bool(low > high or (low == high and not (low_in and high_in)))


def _higher(a: Bound, b: Bound) -> Bound:
    if a[0] == b[0]:
        return a if not a[1] else b
    return a if a[0] > b[0] else b


def _lower(a: Bound, b: Bound) -> Bound:
    if a[0] == b[0]:
        return a if not a[1] else b
    return a if a[0] < b[0] else b


def intersect(a: list[Interval], b: list[Interval]) -> list[Interval]:
    """The intervals common to both lists."""
    found = []
    for x in a:
        for y in b:
            one: Interval = (*_higher(x[:2], y[:2]), *_lower(x[2:], y[2:]))
            if not _empty(one):
                found.append(one)
    return found


def union(intervals: list[Interval]) -> list[Interval]:
    """Sorted, disjoint, neighbours joined."""
    live = [i for i in intervals if not _empty(i)]
    live.sort(key=lambda i: (_Sortable(i[0]), not i[1]))
    merged: list[Interval] = []
    for one in live:
        if merged:
            low, low_in, high, high_in = merged[-1]
            if one[0] < high or (one[0] == high and (one[1] or high_in)):
                top = _lower_of_max((high, high_in), one[2:])
                merged[-1] = (low, low_in, *top)
                continue
        merged.append(one)
    return merged


def _lower_of_max(a: Bound, b: Bound) -> Bound:
    if a[0] == b[0]:
        return (a[0], a[1] or b[1])
    return a if a[0] > b[0] else b


@functools.total_ordering
class _Sortable:
    """Key parts sort with NULL and MAX among them, which order themselves against everything."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Sortable) and bool(self.key == other.key)

    def __lt__(self, other: _Sortable) -> bool:
        return bool(self.key < other.key)


def is_point(ranges: tuple[KeyRange, ...]) -> bool:
    """Whether the ranges are one single value."""
    return len(ranges) == 1 and ranges[0].is_equality


def turned(intervals: list[Interval]) -> list[Interval]:
    """Sorted intervals of a column as intervals of a DESC index part."""
    return [(Descending(high), high_in, Descending(low), low_in) for low, low_in, high, high_in in reversed(intervals)]


def key_ranges(columns: Sequence[list[Interval]], descending: Sequence[bool] = ()) -> tuple[KeyRange, ...]:
    """The ranges of an index whose first columns are restricted to `columns`: points, then at most one list of real intervals; what
    follows that narrows its included ends.  descending: which parts are DESC, if any is."""
    parts = [union(intervals) for intervals in columns]
    for i, is_descending in enumerate(descending):
        if is_descending:
            parts[i] = turned(parts[i])
    prefixes: list[tuple[Any, ...]] = [()]
    for depth, found in enumerate(parts):
        rest = parts[depth + 1:]
        if not found or not all(rest):
            return ()
        if not rest or any(i[0] != i[2] for i in found):
            return tuple(_key_range(prefix, one, rest) for prefix in prefixes for one in found)
        prefixes = [(*prefix, i[0]) for prefix in prefixes for i in found]
    return ()


def _opens(low: Any) -> bool:
    """Whether a lower end is none at all: before the largest value of a descending part."""
    return isinstance(low, Descending) and low.key is MAX


def _closes_late(high: Any) -> bool:
    """Whether an upper end is none, or only keeps the NULLs of a descending part out."""
    return high is MAX or (isinstance(high, Descending) and high.key is NULL)


def _key_range(prefix: tuple[Any, ...], interval: Interval, rest: list[list[Interval]]) -> KeyRange:
    """One range; `rest`: the intervals of the following columns, which narrow its ends where they are included."""
    low, low_in, high, high_in = interval
    low_key: tuple[Any, ...] | None = (*prefix, low)
    high_key: tuple[Any, ...] | None = (*prefix, high)
    if _opens(low):
        low_key, low_in, rest_of_low = prefix or None, True, []
    else:
        rest_of_low = rest
    for more in rest_of_low:
        first = more[0]
        if not low_in or first[0] is NULL or _opens(first[0]):
            break
        assert low_key is not None
        low_key, low_in = (*low_key, first[0]), first[1]
    if high is MAX:
        return KeyRange(low_key, prefix or None, low_in, True)
    for more in rest:
        last = more[-1]
        if not high_in or _closes_late(last[2]):
            break
        assert high_key is not None
        high_key, high_in = (*high_key, last[2]), last[3]
    return KeyRange(low_key, high_key, low_in, high_in)
