"""The parsing tables of grammar.lark: lark computes them once, later processes load them from a cache file in milliseconds.

Cache places, in this order: a directory `__pycache__` beside the grammar (as Python does with its own compiled files), else
`$XDG_CACHE_HOME/minidb` or `~/.cache/minidb`.  Where neither can be written the tables are computed in every process.

A table has one dict per state.  It maps the name of a symbol to a number: n >= 0 goes to state n (shift, goto), n < 0 reduces by
rule ~n.  The most frequent reduction of a state is its default, taken for every token that the state does not name: errors are
noticed a few reductions later, but before the next token is taken.
"""

from __future__ import annotations

import marshal
import os
import sys
import zlib
from dataclasses import dataclass
from typing import Any

from minidb.query.parse.keywords import RESERVED

GRAMMAR = os.path.join(os.path.dirname(__file__), "grammar.lark")
_FORMAT = 4
NO_DEFAULT = 1

# kept children: (place in the right-hand side, is an inlined list, Nones before it)
Shape = tuple[tuple[int, bool, int], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """lhs <- size symbols.  action: name of the building function, '' for an inlined list (helper rules of `*` and `+`).  shape
    None: all children are kept as they are.  tail: Nones behind the last child.  transparent: a single child passes through."""

    lhs: str
    size: int
    action: str
    shape: Shape | None
    tail: int
    transparent: bool


@dataclass(frozen=True, slots=True)
class Tables:
    """start: first state; defaults: per state the default reduction (negative) or NO_DEFAULT; terminals: text -> symbol name."""

    states: list[dict[str, int]]
    defaults: list[int]
    rules: list[Rule]
    start: int
    terminals: dict[str, str]


def load() -> Tables:
    """The tables of the grammar as it is now, from the cache if possible."""
    with open(GRAMMAR, "rb") as file:
        source = file.read()
    name = f"grammar.{sys.implementation.cache_tag}-{_FORMAT}-{len(source):x}-{zlib.crc32(source):08x}.tables"
    places = _places()
    for place in places:
        try:
            with open(os.path.join(place, name), "rb") as file:
                return _unpack(marshal.loads(file.read()))
        except (OSError, ValueError, EOFError, TypeError, IndexError):
            continue
    packed = compute(source.decode())
    for place in places:
        if _write(place, name, marshal.dumps(packed)):
            break
    return _unpack(packed)


def _places() -> list[str]:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return [os.path.join(os.path.dirname(GRAMMAR), "__pycache__"), os.path.join(home, "minidb")]


def _write(place: str, name: str, data: bytes) -> bool:
    """Write atomically: another process may do the same at this moment."""
    temporary = os.path.join(place, f"{name}.{os.getpid()}")
    try:
        os.makedirs(place, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(data)
        os.replace(temporary, os.path.join(place, name))
    except OSError:
        return False
    return True


def _unpack(packed: Any) -> Tables:
    states, defaults, rules, start, terminals = packed
    return Tables(states, defaults, [Rule(*rule) for rule in rules], start, terminals)


def compute(grammar: str) -> tuple[Any, ...]:
    """Tables from grammar text, by lark; plain values that marshal can write.  Raises lark's errors for a broken grammar."""
    import lark
    from lark.lexer import Lexer as LarkLexer

    class NoLexer(LarkLexer):
        """lark asks for a lexer class; ours works outside of lark."""

        def __init__(self, conf: Any) -> None:
            pass

        def lex(self, lexer_state: Any, parser_state: Any) -> Any:
            return iter(())

    parser = lark.Lark(grammar, parser="lalr", lexer=NoLexer, start="start")
    table = parser.parser.parser._parse_table
    numbers: dict[Any, int] = {}
    rules: list[tuple[Any, ...]] = []
    for state in table.states.values():
        for _, argument in state.values():
            if not isinstance(argument, int) and argument not in numbers:
                numbers[argument] = len(rules)
                rules.append(_rule(argument))
    terminals = {t.pattern.value: t.name for t in parser.terminals}
    order = sorted(table.states)
    assert order == list(range(len(order)))
    words = {name for text, name in terminals.items() if text.isidentifier() and text not in RESERVED}
    states, defaults = [], []
    for number in order:
        actions = {
            symbol: argument if isinstance(argument, int) else ~numbers[argument]
            for symbol, (_, argument) in table.states[number].items()
        }
        default = _collapse(actions, words)
        states.append(actions)
        defaults.append(default)
    return states, defaults, rules, table.start_states["start"], terminals


def _collapse(actions: dict[str, int], words: set[str]) -> int:
    """Take the most frequent reduction out of `actions` and return it as the default.  A soft keyword keeps its entry where an
    identifier would do something else: the parser tries it as an identifier before it takes the default."""
    counts: dict[int, int] = {}
    for action in actions.values():
        if action < 0:
            counts[action] = counts.get(action, 0) + 1
    if not counts:
        return NO_DEFAULT
    default = max(counts, key=lambda action: (counts[action], action))
    as_name = actions.get("IDENT", default)
    for symbol in [s for s, action in actions.items() if action == default]:
        if as_name == default or symbol not in words:
            del actions[symbol]
    return default


def _rule(rule: Any) -> tuple[Any, ...]:
    origin, symbols = str(rule.origin.name), rule.expansion
    options = rule.options
    nones = [0] * (len(symbols) + 1)
    if options.empty_indices:
        place = 0
        for empty in options.empty_indices:
            if empty:
                nones[place] += 1
            else:
                place += 1
    shape, pending = [], 0
    for i, symbol in enumerate(symbols):
        pending += nones[i]
        if options.keep_all_tokens or not (symbol.is_term and symbol.filter_out):
            shape.append((i, not symbol.is_term and symbol.name.startswith("_"), pending))
            pending = 0
    tail = pending + nones[len(symbols)]
    simple = len(shape) == len(symbols) and not tail and not any(inlined or before for _, inlined, before in shape)
    action = "" if origin.startswith("_") else str(rule.alias or origin)
    transparent = bool(options.expand1) and not rule.alias
    return origin, len(symbols), action, None if simple else tuple(shape), tail, transparent
