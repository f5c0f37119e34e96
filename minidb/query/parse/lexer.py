"""From statement text to tokens: words, numbers, strings, operators; comments are dropped, executable ones are entered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from minidb.errors import syntax_error
from minidb.query.parse.keywords import CALLED_WORDS, CHARSETS, PAREN_WORDS, RESERVED, TEMPORAL_WORDS

SERVER_VERSION = 101100  # /*!NNNNN ... */ runs up to this version
_FOREIGN_VERSIONS = range(50700, 100000)  # MySQL 5.7 and later, which MariaDB does not run


class Token:
    """One word of a statement.  kind: name of a terminal of the grammar; value: decoded (name, number, string); start, end: its
    place in the text; soft: a keyword that may also be a name."""

    __slots__ = ("end", "kind", "soft", "start", "value")

    def __init__(self, kind: str, value: Any, start: int, end: int, soft: bool = False) -> None:
        self.kind = kind
        self.value = value
        self.start = start
        self.end = end
        self.soft = soft

    def __repr__(self) -> str:
        return f"Token({self.kind}, {self.value!r}, {self.start})"


_TOKEN = re.compile(
    r"""
    (?P<space>\s+|\#[^\n]*|--(?=[\s\x00-\x1f]|$)[^\n]*)
    |(?P<hex>0x[0-9a-fA-F]++(?![\w$])|0b[01]++(?![\w$])|[xX]'[0-9a-fA-F]*'|[bB]'[01]*')
    |(?P<national>[nN](?='))
    |(?P<word>[^\W\d][\w$]*|\$[\w$]*)
    |(?P<number>(?>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![\w$]))
    |(?P<digitword>\d+[\w$]+)
    |(?P<string>'(?:[^'\\]++|\\.|'')*+'|"(?:[^"\\]++|\\.|"")*+")
    |(?P<quoted>`(?:[^`]++|``)++`)
    |(?P<system>@@[\w$.`]+)
    |(?P<user>@(?:[\w$.]+|`(?:[^`]|``)+`|'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"))
    |(?P<comment>/\*(?P<run>M?!)?(?P<version>(?<=!)\d{5,6})?)
    |(?P<null>\\N\b)
    |(?P<operator><=>|->>|->|:=|\|\||&&|<=|>=|<>|!=|<<|>>|[-+*/%^&|~!=<>(),.;?@])
    """,
    re.VERBOSE | re.DOTALL,
)
_SPACE = re.compile(r"(?:\s+|/\*(?!M?!).*?\*/|#[^\n]*\n|--\s[^\n]*\n)*", re.DOTALL)
_DUPLICATE_KEY = re.compile(r"\s+DUPLICATE\s+KEY\b", re.IGNORECASE)
_STRING = re.compile(r"""'((?:[^'\\]++|\\.|'')*+)'|"((?:[^"\\]++|\\.|"")*+)\"""", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
_ESCAPE_DOUBLE = re.compile(r'\\(.)|""', re.DOTALL)
_ESCAPED = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "Z": "\x1a", "%": "\\%", "_": "\\_"}


def _escape(match: re.Match[str]) -> str:
    char = match.group(1)
    if char is None:
        return match.group()[0]
    return _ESCAPED.get(char, char)


def unquote(text: str) -> str:
    """The value of a string literal written with its quotes: backslash escapes and doubled quotes resolved."""
    quote, body = text[0], text[1:-1]
    if "\\" not in body and quote not in body:
        return body
    return (_ESCAPE if quote == "'" else _ESCAPE_DOUBLE).sub(_escape, body)


def number_value(text: str) -> int | Decimal | float:
    """1 -> int, 1.5 -> Decimal, 1e3 -> float."""
    if text.isdigit():
        return int(text)
    if "e" in text or "E" in text:
        return float(text)
    return Decimal(text)


def hex_value(text: str) -> bytes:
    """The bytes of x'4D', 0x4D, b'0101', 0b0101 (bits are padded on the left to whole bytes)."""
    digits = text[2:-1] if text.endswith("'") else text[2:]
    if text[0] in "bB" or text[1] == "b":
        return int(digits, 2).to_bytes((len(digits) + 7) // 8, "big") if digits else b""
    if text[0] == "0" and len(digits) % 2:
        digits = "0" + digits
    return bytes.fromhex(digits)


class Lexer:
    """Tokens of one statement.  `terminals` maps the text of keywords and operators to the grammar's names for them."""

    __slots__ = ("params", "terminals", "text")

    def __init__(self, text: str, terminals: Mapping[str, str]) -> None:
        self.text = text
        self.terminals = terminals
        self.params = 0

    def tokens(self) -> list[Token]:
        """All tokens.  Raises 1064 where no token begins."""
        text, terminals = self.text, self.terminals
        found: list[Token] = []
        add, match = found.append, _TOKEN.match
        pos, end, inside = 0, len(text), 0
        while pos < end:
            m = match(text, pos)
            if m is None:
                raise syntax_error(text, pos)
            kind, start, pos = m.lastgroup, pos, m.end()
            if kind == "space":
                continue
            if kind == "word":
                pos = self._word(m.group(), start, pos, found)
            elif kind == "operator":
                operator = m.group()
                if operator == "*" and inside and text.startswith("/", pos):
                    inside -= 1
                    pos += 1
                elif operator == "?":
                    add(Token("PARAM", self.params, start, pos))
                    self.params += 1
                else:
                    add(Token(terminals.get(operator, "NOWHERE"), operator, start, pos))
            elif kind == "number":
                digits = m.group()
                add(Token("INTEGER" if digits.isdigit() else "NUMBER", number_value(digits), start, pos))
            elif kind == "string":
                pos = self._string(start, pos, found)
            elif kind == "quoted":
                add(Token("IDENT", m.group()[1:-1].replace("``", "`"), start, pos))
            elif m.lastgroup in ("comment", "run", "version"):
                entered, pos = self._comment(m, start)
                inside += entered
            else:
                add(self._other(str(kind), m.group(), start, pos))
        return found

    def _word(self, word: str, start: int, pos: int, found: list[Token]) -> int:
        """Add the token of a word; returns the place behind it."""
        text, upper = self.text, word.upper()
        if found and found[-1].kind == "DOT" and found[-1].end == start:
            kind, soft = "IDENT", False
        elif upper in CALLED_WORDS:
            kind, soft = (CALLED_WORDS[upper] if text.startswith("(", pos) else "IDENT"), True
        else:
            known = self.terminals.get(upper)
            if upper in RESERVED:
                kind, soft = known or "NOWHERE", False
                if upper == "ON" and (m := _DUPLICATE_KEY.match(text, pos)):
                    kind, pos = "ON_DUPLICATE_KEY", m.end()
            elif upper in TEMPORAL_WORDS:
                kind, soft = ("TEMPORAL" if self._next(pos) in ("'", '"') else "IDENT"), True
            elif upper in PAREN_WORDS and self._next(pos) != "(":
                kind, soft = "ROW_WORD" if upper == "ROW" else "IDENT", True
            elif word[0] == "_" and word[1:].lower() in CHARSETS and self._next(pos) in ("'", '"', "x", "X", "0", "b", "B"):
                kind, soft = "INTRODUCER", True
            else:
                kind, soft = known or "IDENT", known is not None
        found.append(Token(kind, word, start, pos, soft))
        return pos

    def _next(self, pos: int) -> str:
        m = _SPACE.match(self.text, pos)
        return self.text[m.end() : m.end() + 1] if m else ""

    def _string(self, start: int, pos: int, found: list[Token]) -> int:
        """Add a string with those that follow it directly ('a' 'b' is 'ab'); returns the place behind."""
        text = self.text
        value = unquote(text[start:pos])
        while True:
            gap = _SPACE.match(text, pos)
            following = _STRING.match(text, gap.end()) if gap else None
            if following is None:
                break
            value += unquote(following.group())
            pos = following.end()
        found.append(Token("STRING", value, start, pos))
        return pos

    def _comment(self, m: re.Match[str], start: int) -> tuple[bool, int]:
        """(entered, place to go on).  A comment to be run is entered: its closing mark is skipped later."""
        text, version = self.text, m.group("version")
        if m.group("run"):
            number = int(version or 0)
            foreign = m.group("run") == "!" and number in _FOREIGN_VERSIONS
            if number <= SERVER_VERSION and not foreign:
                return True, m.end()
        close = text.find("*/", m.start() + 2)
        if close < 0:
            raise syntax_error(text, start)
        return False, close + 2

    def _other(self, kind: str, piece: str, start: int, pos: int) -> Token:
        if kind == "hex":
            if piece[-1] == "'" and piece[0] in "xX" and len(piece) % 2 == 0:
                raise syntax_error(self.text, start)
            return Token("HEX", hex_value(piece), start, pos)
        if kind == "digitword":
            return Token("IDENT", piece, start, pos)
        if kind == "null":
            return Token("NULL", piece, start, pos)
        if kind == "national":
            return Token("INTRODUCER", "_utf8mb3", start, pos)
        if kind == "system":
            return Token("SYSTEM_VARIABLE", piece[2:].replace("`", ""), start, pos)
        name = piece[1:]
        if name[0] == "`":
            name = name[1:-1].replace("``", "`")
        elif name[0] in "'\"":
            name = unquote(name)
        return Token("USER_VARIABLE", name, start, pos)
