"""Records: what a played scenario looks like as text, and how two records are compared.

Each step is a heading and indented lines whose first word says what they are (`ok`, `rows`, `row`, `error`, `warning`, `note`,
`blocked`, `resume`, `plan`, `lock`, `view`), so that a comparison can leave kinds of lines out (`LEVELS`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from minidb.errors import Error, symbol_of
from minidb.types.text import to_text

LEVELS: dict[str, tuple[str, ...]] = {
    "outcome": ("plan ", "lock ", "view "),
    "locks": ("plan ", "view "),
    "state": ("plan ",),
    "full": (),
}


class LockLike(Protocol):
    """A row of the lock table as `Database.locks()` lists it.  kind: 'table' 'next-key' 'gap' 'rec' 'insert-intention'."""

    @property
    def session(self) -> str: ...
    @property
    def table(self) -> str: ...
    @property
    def index(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def key(self) -> tuple[Any, ...]: ...
    @property
    def deleted(self) -> bool: ...
    @property
    def waiting(self) -> bool: ...


class ResultLike(Protocol):
    columns: Sequence[Any]
    rows: list[tuple[Any, ...]] | None
    affected: int
    insert_id: int
    matched: int | None
    changed: int | None
    records: int | None
    duplicates: int | None


def value_text(value: Any) -> str:
    """A value as records write it: strings in quotes, everything else bare; ``row#3`` bare too."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, bytes):
        return "'" + value.decode("latin-1") + "'"
    if isinstance(value, str):
        return value if value.startswith("row#") else f"'{value}'"
    return to_text(value, None) or ""


def outcome_lines(result: ResultLike | Error, warnings: Iterable[tuple[str, int, str]], plan: Iterable[str]) -> list[str]:
    """The lines of one finished statement."""
    if isinstance(result, Error):
        lines = [f"error {result.code} ({result.sqlstate}) {result.symbol}: {result.message}"]
    elif result.rows is not None:
        lines = ["rows " + ", ".join(c.name for c in result.columns)]
        lines += ["row " + ", ".join(map(value_text, row)) for row in result.rows] or ["row (none)"]
    else:
        lines = [_ok_line(result)]
    lines += [f"{level.lower()} {code} {symbol_of(code)}: {message}" for level, code, message in warnings]
    return lines + ["plan " + p for p in plan]


def _ok_line(result: ResultLike) -> str:
    line = "ok"
    if result.matched is not None:
        line += f" matched={result.matched} changed={result.changed}"
    elif result.records is not None:
        line += f" affected={result.affected} records={result.records} duplicates={result.duplicates}"
    elif result.affected:
        line += f" affected={result.affected}"
    if result.insert_id:
        line += f" insert_id={result.insert_id}"
    return line


def _key_order(key: tuple[Any, ...]) -> tuple[Any, ...]:
    def part(value: Any) -> tuple[Any, ...]:
        if isinstance(value, str) and value.startswith("row#"):
            return (True, True, (len(value), value))
        return (value is not None, isinstance(value, str), value if value is not None else 0)

    return tuple(part(v) for v in key)


def lock_order(lock: LockLike) -> tuple[Any, ...]:
    """Canonical order: session, table, table locks first, clustered index before secondary ones, keys ascending, supremum last."""
    supremum = lock.key == ("supremum",)
    secondary = lock.index not in ("PRIMARY", "GEN_CLUST_INDEX")
    return (lock.session, lock.table, lock.index != "", secondary, lock.index, supremum,
            () if supremum else _key_order(lock.key), lock.kind, lock.mode, lock.waiting)


def lock_line(lock: LockLike) -> str:
    wait = " WAITING" if lock.waiting else ""
    if not lock.index:
        return f"lock {lock.session} {lock.table} {lock.mode}{wait}"
    key = "supremum" if lock.key == ("supremum",) else "(" + ", ".join(map(value_text, lock.key)) + ")"
    mark = " delete-marked" if lock.deleted else ""
    return f"lock {lock.session} {lock.table}.{lock.index} {lock.mode} {lock.kind} {key}{mark}{wait}"


def state_lines(locks: Iterable[LockLike], views: Iterable[str]) -> list[str]:
    """The whole lock table and the open read views, in canonical order, equal rows once."""
    lines = dict.fromkeys(lock_line(lock) for lock in sorted(locks, key=lock_order))
    return [*lines, *(f"view {v}" for v in sorted(views))]


def delta(old: list[str], new: list[str]) -> list[str]:
    """What changed from state `old` to `new`; a session that lost all its locks is written ``lock - A all``."""
    present, before = set(new), set(old)
    gone = [line for line in old if line not in present]
    come = [line for line in new if line not in before]
    lines: list[str] = []
    for session in sorted({line.split()[1] for line in gone if line.startswith("lock ")}):
        prefix = f"lock {session} "
        if any(line.startswith(prefix) for line in new):
            lines += ["lock - " + line[5:] for line in gone if line.startswith(prefix)]
        else:
            lines.append(f"lock - {session} all")
    lines += ["lock + " + line[5:] for line in come if line.startswith("lock ")]
    lines += ["view - " + line[5:] for line in gone if line.startswith("view ")]
    return lines + ["view + " + line[5:] for line in come if line.startswith("view ")]


def at_level(text: str, level: str) -> str:
    """`text` without the kinds of lines that `level` leaves out.  Raises KeyError for an unknown level."""
    drop = LEVELS[level]
    kept = []
    for line in text.splitlines():
        if line.startswith("    "):
            body = re.sub(r"^    (resume \w+#\d+ )?", "", line)
            if drop and body.startswith(drop):
                continue
        kept.append(line)
    return "\n".join(kept) + "\n"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A played record against the expected one at `level`; `diff` is empty when they agree."""

    level: str
    diff: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        return not self.diff


_NAMELESS = re.compile(r"\b((?:error|warning|note) (\d+)(?: \(\w+\))?) ER_\?:")
_NAMED = re.compile(r"\b((?:error|warning|note) (\d+)(?: \(\w+\))?) \w+:")


def _forget_names(expected: str, played: str) -> str:
    """`played` with ``ER_?`` for the numbers whose symbol the recorder of `expected` did not know."""
    nameless = {m[2] for m in _NAMELESS.finditer(expected)}
    return _NAMED.sub(lambda m: f"{m[1]} ER_?:" if m[2] in nameless else m[0], played) if nameless else played


def compare(expected: str, played: str, level: str) -> Comparison:
    """Compare two records at a level of `LEVELS`."""
    left = at_level(expected, level).splitlines()
    right = at_level(_forget_names(expected, played), level).splitlines()
    if left == right:
        return Comparison(level, ())
    return Comparison(level, tuple(difflib.unified_diff(left, right, "expected", "played", lineterm="", n=3)))
