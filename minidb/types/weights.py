"""Weights of characters: which letters a case-insensitive collation takes for equal, and how it orders them.

Each table maps a code point to the code point of its weight, for ``str.translate``.  The Unicode tables are computed
character by character on first use (`Lazy`), from the standard decomposition and upper-case data plus lists of where MySQL's
older tables differ; the latin1 tables are given as the runs in which they differ from upper case.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable


class Lazy(dict[int, int | str]):
    """A translation table that computes and keeps the weight of a code point when it is first met."""

    def __init__(self, weigh: Callable[[int], int | str]) -> None:
        super().__init__()
        self._weigh = weigh

    def __missing__(self, code: int) -> int | str:
        weight = self._weigh(code)
        self[code] = weight
        return weight


# ---- utf8mb4_general_ci: one weight per character of the Basic Multilingual Plane
_FOLDED = ((0xC0, 0x24F), (0x386, 0x4FF), (0x1E00, 0x1FFF))  # accents removed, then upper case
_UPPER = ((0x61, 0x7A), (0xB5, 0xB5), (0x250, 0x2AE), (0x345, 0x345), (0x560, 0x587), (0x2170, 0x217F), (0x24D0, 0x24E9),
          (0xFF41, 0xFF5A))
# characters that got an upper case or a decomposition only after the collation was defined: their own weight
_ITSELF = frozenset(map(ord, (
    "ƀƚƞȼȿɀɂɇɉɋɍɏɐɑɒɜɡɥɦɪɫɬɱɽʂʇʉʌʝʞϗϙϳϵϸϻЙҋӆӊӎӏӷӻӽӿỻỽỿ"
    "\u0387\u1fbb\u1fc1\u1fc9\u1fcb\u1fcd\u1fce\u1fcf\u1fd3\u1fdb\u1fdd\u1fde\u1fdf\u1fe3\u1feb\u1fed\u1fee\u1fef"
    "\u1ff9\u1ffb\u1ffd"
)))
_OTHER = {0xDF: 0x53, 0x3F2: 0x3A3, 0x439: 0x419, 0x1F71: 0x1FBB, 0x1F73: 0x1FC9, 0x1F75: 0x1FCB, 0x1F77: 0x1FDB,
          0x1F79: 0x1FF9, 0x1F7B: 0x1FEB, 0x1F7D: 0x1FFB}
_BEYOND_BMP = 0xFFFD


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= code <= high for low, high in ranges)


def general_weight(code: int) -> int:
    """Weight of one character in utf8mb4_general_ci; all characters beyond the BMP weigh the same."""
    if code > 0xFFFF:
        return _BEYOND_BMP
    if code in _OTHER:
        return _OTHER[code]
    if code in _ITSELF:
        return code
    if _within(code, _FOLDED):
        base = unicodedata.normalize("NFD", chr(code))[0]
    elif _within(code, _UPPER):
        base = chr(code)
    else:
        return code
    upper = base.upper()
    return ord(upper if len(upper) == 1 else base)


# ---- the Unicode collation algorithm, primary level (utf8mb4_unicode_ci, utf8mb4_0900_ai_ci), for the common scripts
_PUNCTUATION = "\t\n\x0b\x0c\r\x85\u2028\u2029 _‿-–—,;:!?./`´^¯'\"«»()[]{}§¶@*\\&#%°+±÷×<=>|~¦$¢£¤¥€"
_PUNCTUATION_RANK = {ord(c): i for i, c in enumerate(_PUNCTUATION)}
_LETTERS = 0x10000  # letters follow everything else: weights are shifted into planes of their own, four places for each
_DIGITS = 0xF000
_EXPANDED = {"\u0152": "oe", "\u0153": "oe", "\xdf": "ss", "\u1e9e": "ss"}
_EXPANDED_520 = {**_EXPANDED, "\xc6": "ae", "\xe6": "ae", "\xd8": "o", "\xf8": "o", "\u0141": "l", "\u0142": "l", "\u0110": "d",
                 "\u0111": "d"}
# letters of their own, and the letter that each follows
_FOLLOWING = {"\u0131": "i", "\xfe": "z"}
_FOLLOWING_400 = {**_FOLLOWING, "\xe6": "a", "\u0111": "d", "\u0142": "l", "\xf8": "o"}


def _unicode_weigher(expanded: dict[str, str], following: dict[str, str]) -> Callable[[int], str]:
    def primary(char: str) -> str:
        code = ord(char)
        if code in _PUNCTUATION_RANK:
            return chr(0x200 + _PUNCTUATION_RANK[code])
        if char in following:
            return chr(_LETTERS + 4 * ord(following[char]) + 1)
        kind = unicodedata.category(char)
        if kind in ("Cc", "Cf", "Mn"):
            return ""
        if kind == "Nd":
            return chr(_DIGITS + unicodedata.digit(char))
        if kind[0] == "L":
            return chr(_LETTERS + 4 * code if code <= 0xFFFF else min(0x50000 + code, 0x10FFFF))
        return chr(code if code < 0xF000 else 0xEFFF)

    def weigh(code: int) -> str:
        """Primary weights of one character as a string ('' for characters that are ignored)."""
        char = chr(code)
        if char in expanded:
            return "".join(map(primary, expanded[char]))
        folded = unicodedata.normalize("NFKD", char).casefold()
        return "".join(primary(c) for c in folded if not unicodedata.combining(c))

    return weigh


# ---- latin1 (which in MySQL is Windows' code page 1252)
def _latin1_char(byte: int) -> int:
    """Code point of a byte of code page 1252; its five holes stand for themselves."""
    try:
        return ord(bytes((byte,)).decode("cp1252"))
    except UnicodeDecodeError:
        return byte


def _latin1_table(runs: dict[int, str]) -> dict[int, int | str]:
    """Weights by code point from `runs`: first byte -> hexadecimal weights of the bytes from there on."""
    weights = list(range(256))
    weights[0x61:0x7B] = range(0x41, 0x5B)
    for start, text in runs.items():
        values = bytes.fromhex(text)
        weights[start : start + len(values)] = values
    return {_latin1_char(byte): weight for byte, weight in enumerate(weights)}


LATIN1_SWEDISH = _latin1_table({
    0xC0: "414141415C5B5C434545454549494949444E4F4F4F4F5DD7D85555555959DEDF",
    0xE0: "414141415C5B5C434545454549494949444E4F4F4F4F5DF7D85555555959DEFF",
})
LATIN1_GERMAN1 = _latin1_table({
    0xC0: "41414141414141434545454549494949D04E4F4F4F4F4FD74F5555555559DE53",
    0xE0: "41414141414141434545454549494949D04E4F4F4F4F4FF74F5555555559DEFF",
})
LATIN1_DANISH = _latin1_table({
    0xC0: "414141415B5D5B434545454549494949444E4F4F4F4F5CD75C5555555959DEDF",
    0xE0: "414141415B5D5B434545454549494949444E4F4F4F4F5CF75C5555555959DEFF",
})
_GENERAL_TAIL = "BABBBCBF" + "".join(f"{b:02X}" for b in range(0xC0, 0x100))
_GENERAL_LETTERS = "4151 53 57 5B 65 67 69 6B 75 77 79 7B 7D 81 8F 91 93 95 98 9A A4 A6 A8 AA AF B3 B4 B5 B6 B7 B8".replace(" ", "")
LATIN1_GENERAL = _latin1_table({
    0x41: _GENERAL_LETTERS,
    0x61: _GENERAL_LETTERS[:52] + "B9" + _GENERAL_TAIL,
    0xC0: "434547494B4D4F555D5F61636D6F7173597F838587898BBD8D9C9EA0A2ACB197",
    0xE0: "434547494B4D4F555D5F61636D6F7173597F838587898BBE8D9C9EA0A2ACB1AE",
})
LATIN1_SPANISH = _latin1_table({
    0x41: _GENERAL_LETTERS,
    0x61: _GENERAL_LETTERS[:52] + "B9" + _GENERAL_TAIL,
    0xC0: "41414141414141535B5B5B5B6B6B6B6B577F8181818181BD819A9A9A9AAAB197",
    0xE0: "41414141414141535B5B5B5B6B6B6B6B577F8181818181BE819A9A9A9AAAB1AA",
})
LATIN1_BINARY = {_latin1_char(byte): byte for byte in range(256)}
GENERAL = Lazy(general_weight)
UNICODE = Lazy(_unicode_weigher(_EXPANDED, _FOLLOWING_400))
UNICODE_520 = Lazy(_unicode_weigher(_EXPANDED_520, _FOLLOWING))
