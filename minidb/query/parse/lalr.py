"""The LALR(1) automaton: tokens in, syntax tree out, in one pass.  Nodes are built at each reduction; there is no parse tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minidb.errors import syntax_error
from minidb.query.parse.lexer import Lexer, Token
from minidb.query.parse.tables import NO_DEFAULT, Shape, Tables

# (left-hand side, size, function or None for an inlined list, shape, Nones at the end, single child passes, wants the source text)
_Compiled = tuple[str, int, "Callable[..., Any] | None", "Shape | None", int, bool, bool]
_SPANNED: set[Callable[..., Any]] = set()


class Misplaced(Exception):
    """Raised by a building function where the grammar allows more than the dialect: becomes 1064 at the next token."""


def spanned(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a building function: its first argument is the source text of the rule, as written."""
    _SPANNED.add(function)
    return function


class Automaton:
    """Tables bound to building functions.  Shared by all threads: it keeps no state between calls."""

    def __init__(self, tables: Tables, actions: Mapping[str, Callable[..., Any]]) -> None:
        self.tables = tables
        self._rules: list[_Compiled] = [
            (
                rule.lhs,
                rule.size,
                None if not rule.action or (rule.transparent and rule.action not in actions) else actions[rule.action],
                rule.shape,
                rule.tail,
                rule.transparent,
                actions.get(rule.action) in _SPANNED,
            )
            for rule in tables.rules
        ]
        self._chains: dict[tuple[int, str, str], int] = {}

    def _follow(self, base: int, lhs: str, token: Token) -> int:
        """The state behind `lhs` on top of state `base`, after all reductions that pass a single child through: an operand climbs
        from primary to expr in one step.  Remembered, since it depends on the kind of the next token only."""
        rows, defaults, rules = self.tables.states, self.tables.defaults, self.tables.rules
        state = rows[base][lhs]
        while True:
            action = rows[state].get(token.kind)
            if action is None and token.soft:
                action = rows[state].get("IDENT")
            if action is None:
                action = defaults[state]
            if action >= 0:  # a shift, or NO_DEFAULT
                break
            rule = rules[~action]
            if rule.size != 1 or not rule.transparent or rule.shape is not None:
                break
            state = rows[base][rule.lhs]
        self._chains[base, lhs, token.kind] = state
        return state

    def parse(self, text: str) -> Any:
        """The value of the start rule.  Raises 1064 with the place of the offending token."""
        lexer = Lexer(text, self.tables.terminals)
        tokens = lexer.tokens()
        tokens.append(Token("$END", None, len(text), len(text)))
        rows, defaults, rules, chains = self.tables.states, self.tables.defaults, self._rules, self._chains
        state = self.tables.start
        stack: list[int] = [state]
        values: list[Any] = []
        starts: list[int] = []
        last_end, end = 0, rows[state]["start"]
        for token in tokens:
            kind = token.kind
            while True:
                row = rows[state]
                action = row.get(kind)
                if action is None:
                    if token.soft:
                        action = row.get("IDENT")
                    if action is None:
                        action = defaults[state]
                        if action == NO_DEFAULT:
                            if state == end and kind == "$END":
                                return values[0]
                            raise syntax_error(text, token.start)
                if action >= 0:
                    state = action
                    stack.append(state)
                    values.append(token)
                    starts.append(token.start)
                    last_end = token.end
                    break
                lhs, size, function, shape, tail, transparent, wants_text = rules[~action]
                if size:
                    children = values[-size:]
                    begin = starts[-size]
                    del values[-size:], starts[-size:], stack[-size:]
                else:
                    children = []
                    begin = token.start
                if shape is not None:
                    children = _shaped(children, shape, tail)
                if transparent and len(children) == 1:
                    value = children[0]
                elif function is None:
                    value = children
                else:
                    try:
                        if wants_text:
                            value = function(text[begin:last_end].strip(), *children)
                        else:
                            value = function(*children)
                    except Misplaced:
                        raise syntax_error(text, token.start) from None
                base = stack[-1]
                known = chains.get((base, lhs, kind))
                state = self._follow(base, lhs, token) if known is None else known
                stack.append(state)
                values.append(value)
                starts.append(begin)
        raise AssertionError("unreachable: the last token is accepted or refused")


def _shaped(children: list[Any], shape: Shape, tail: int) -> list[Any]:
    kept: list[Any] = []
    for place, inlined, nones in shape:
        if nones:
            kept += [None] * nones
        if inlined:
            if kept:
                kept += children[place]
            else:  # left recursion: the list of the helper rule grows in place
                kept = children[place]
        else:
            kept.append(children[place])
    if tail:
        kept += [None] * tail
    return kept
