"""The statement cache's second level: text with its literals lifted out, so that statements differing only in values share a
plan.

A literal is lifted where its value decides nothing about the plan: beside an operator, in an IN list, in VALUES, behind BETWEEN,
AND, LIMIT.  It stays in the key in select lists (it is the column heading), behind GROUP BY and ORDER BY (it may be a position, or
have to equal a selected expression), in arguments of functions and types, behind LIKE, INTERVAL, DATE and so on.  Staying is always
right, it only costs a plan of its own; so everything that is not known to be safe stays."""

from __future__ import annotations

import re
from typing import Any

from minidb.query.parse.lexer import number_value, unquote
from minidb.query.parse.literal_rows import read_rows
from minidb.query.parse.placeholders import resolve
from minidb.types.coerce import negated

Row = tuple[Any, ...]


class Normalized:
    """key: text with ``?`` for lifted literals.  params: their values in order.  rows: for INSERT and REPLACE of several literal
    rows the rows; `key` then has one row of ``?`` and `params` is empty."""

    __slots__ = ("key", "params", "rows")

    def __init__(self, key: str, params: Row = (), rows: list[Row] | None = None) -> None:
        self.key = key
        self.params = params
        self.rows = rows

    def __repr__(self) -> str:
        return f"Normalized({self.key!r}, {self.params!r}, {self.rows!r})"


_HEAD = re.compile(r"\s*(?:(SELECT)|(INSERT|REPLACE)|UPDATE|DELETE)\b", re.IGNORECASE).match
# Everything that holds or may hide a literal.  The first characters form one set, which makes the search fast.
_LITERAL = re.compile(
    r"""(\d[\w.$]*(?:(?<=[eE])[+-]\d+)?|'(?:[^'\\]++|\\.|'')*+'|"(?:[^"\\]++|\\.|"")*+"|`[^`]*`|/\*|--|\#|\?)""", re.DOTALL
)
_split = _LITERAL.split
_LAST_WORD = re.compile(r"([^\W\d][\w$]*)\s*\Z").search
_SAFE_WORDS = frozenset(["AND", "BETWEEN", "OR", "LIMIT", "OFFSET", "THEN", "ELSE", "WHEN", "DIV", "XOR", "NOT"])
_LIST_OPENERS = ("in", "values", "value")


def normalize(text: str, args: Any = None) -> Normalized:
    """Key and parameters of statement `text`.  With `args` (a sequence or mapping) its ``%s`` / ``%(name)s`` placeholders are the
    parameters and literals stay.  Raises InterfaceError when placeholders and arguments do not fit."""
    if args is not None:
        return Normalized(*resolve(text, args))
    head = _HEAD(text)
    if head is None:
        return Normalized(text)
    kind = head.lastindex
    if kind == 2:
        found = read_rows(text)
        if found is not None:
            key, rows = found
            return Normalized(key, rows[0]) if len(rows) == 1 else Normalized(key, (), rows)
    parts = _split(text)
    if len(parts) == 1:
        return Normalized(text)
    if kind != 2:
        params = _lift_simple(parts, kind == 1)
        if params is not None:
            return Normalized("".join(parts), params)
    return _lift_scanned(text)


def _lift_simple(parts: list[str], select: bool) -> Row | None:
    """Lift in place in the parts of a simple statement; None (parts spoilt) if it needs the scan."""
    first = parts[0].lower()
    if select:
        place = first.find(" from ")
        if place < 0 or first.count("(", 0, place) != first.count(")", 0, place):
            return None
    if "select" in first[8:] or " by " in first:
        return None
    params: list[Any] = []
    add = params.append
    lifted = False
    before = parts[0]
    for i in range(1, len(parts), 2):
        literal = parts[i]
        start = literal[0]
        if start in "`?/-#":
            return None
        if i > 1:
            before = parts[i - 1]
            lower = before.lower()
            if "select" in lower or "by" in lower or "having" in lower:
                return None
        bare = before.rstrip()
        if not bare:
            return None
        last = bare[-1]
        if last in "=<>+*/%":
            lifted = bare[-2:] not in ("->", ">>")
        elif last == ",":
            lifted = lifted and bare.lstrip() == ","
        elif last == "(":
            lifted = bare[:-1].rstrip().lower().endswith(_LIST_OPENERS) and not _in_name(bare)
        elif last == "-":
            bare = bare[:-1].rstrip()
            if not bare or bare[-1] not in "=<>" or start in "'\"":
                return None
            parts[i - 1] = bare
            literal = "-" + literal
            lifted = True
        else:
            lifted = before[-1].isspace() and bare.rsplit(None, 1)[-1].upper() in _SAFE_WORDS
        if lifted:
            if literal.isdigit():
                add(int(literal))
            elif start == "'" or start == '"':
                add(literal[1:-1] if "\\" not in literal and start not in literal[1:-1] else unquote(literal))
            else:
                value = _number(literal)
                if value is None:
                    return None
                add(value)
            parts[i] = "?"
    return tuple(params)


def _in_name(bare: str) -> bool:
    """True if the word before a closing "(" only ends like IN or VALUES (it is a function's name: MIN, JSON_VALUE)."""
    word = _LAST_WORD(bare[:-1])
    return word is None or word.group(1).lower() not in _LIST_OPENERS


_NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?\Z").match


def _number(text: str) -> Any:
    """The value of a decimal number, None for 0x1F, 1st and the like."""
    if _NUMBER(text) is None:
        return None
    return negated(number_value(text[1:])) if text[0] == "-" else number_value(text)


# ---- the scan: words, parentheses and literals, with the clause of each level of parentheses

_SCAN = re.compile(
    r"""\s*+(?:(?P<word>[@:]*[^\W\d][\w$]*|@+[\w$.]*)|(?P<number>(?:\d[\w.$]*|\.\d[\w.$]*)(?:(?<=[eE])[+-]\d+)?)
    |(?P<string>'(?:[^'\\]++|\\.|'')*+'|"(?:[^"\\]++|\\.|"")*+")|(?P<quoted>`[^`]*`)
    |(?P<stop>/\*M?!|\?)|(?P<comment>/\*.*?\*/|--(?=\s)[^\n]*|\#[^\n]*)|(?P<symbol>->>|->|<=>|<=|>=|<>|!=|:=|<<|>>|.))""",
    re.VERBOSE | re.DOTALL,
)
_LIFT, _COMPARE, _STAY = 2, 1, 0
_CLAUSES = {"SELECT": _STAY, "FROM": _LIFT, "WHERE": _LIFT, "BY": _STAY, "HAVING": _COMPARE, "LIMIT": _LIFT, "RETURNING": _STAY,
            "VALUES": _LIFT, "VALUE": _LIFT, "SET": _LIFT, "ON": _LIFT, "WINDOW": _STAY, "UPDATE": _LIFT, "WITH": _STAY}
# Words before "(" that are not names of functions: what stands inside is read as what stands around.
_GROUPING = _SAFE_WORDS | frozenset(
    ["IN", "VALUES", "VALUE", "WHERE", "ON", "HAVING", "SELECT", "FROM", "JOIN", "ANY", "ALL", "SOME", "EXISTS", "UNION", "EXCEPT",
     "INTERSECT", "AS", "CASE", "LIKE", "BY", "DISTINCT"]
)
_COMPARISONS = frozenset(["=", "<", ">", "<=", ">=", "<>", "!=", "<=>"])
_NEVER_AFTER = frozenset(["->", "->>", ".", "@", ":"])


def _lift_scanned(text: str) -> Normalized:
    """Lift with regard to clauses and parentheses.  Text with executable comments, ``?`` or 'a' 'b' strings is left alone."""
    out: list[str] = []
    params: list[Any] = []
    levels: list[tuple[int, bool, bool, bool]] = []
    mode, in_call = _LIFT, False
    heading = frozen = False  # in a select list; in a subquery of one, whose whole text is a heading
    previous, previous_kind = "", ""
    done = 0
    for m in _SCAN.finditer(text):
        kind = str(m.lastgroup)
        if kind == "comment":
            continue
        if kind == "stop":
            return Normalized(text)
        piece = m.group(kind)
        if kind == "word":
            piece = piece.upper()
            if piece in _CLAUSES and (not in_call or piece == "SELECT"):
                mode, in_call = _STAY if frozen else _CLAUSES[piece], False
                heading = piece in ("SELECT", "RETURNING")
        elif kind == "symbol":
            if piece == "(":
                levels.append((mode, in_call, heading, frozen))
                frozen = frozen or heading
                if previous_kind == "quoted" or (previous_kind == "word" and previous not in _GROUPING):
                    mode, in_call = _STAY, True
            elif piece == ")":
                if not levels:
                    return Normalized(text)
                mode, in_call, heading, frozen = levels.pop()
        elif kind in ("number", "string"):
            if kind == previous_kind == "string":
                return Normalized(text)
            if _may_lift(mode, previous, previous_kind):
                value = unquote(piece) if kind == "string" else _number(piece)
                if value is not None:
                    out.append(text[done : m.start(kind)])
                    out.append("?")
                    params.append(value)
                    done = m.end()
        previous, previous_kind = piece, kind
    if not params:
        return Normalized(text)
    out.append(text[done:])
    return Normalized("".join(out), tuple(params))


def _may_lift(mode: int, previous: str, previous_kind: str) -> bool:
    if previous_kind == "word":
        return mode == _LIFT and previous in _SAFE_WORDS
    if previous_kind != "symbol" or previous in _NEVER_AFTER:
        return False
    return mode == _LIFT or (mode == _COMPARE and previous in _COMPARISONS)
