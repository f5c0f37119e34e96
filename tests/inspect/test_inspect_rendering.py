"""Reports as text: columns and hex lines; drawn within the width on a terminal."""

from __future__ import annotations

import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from minidb.inspect.rendering import hex_lines, write
from minidb.inspect.report import Hex, Report, Table
from minidb.inspect.values import ABSENT, Raw, RollPointer, Word, plain, ranges, shown
from minidb.types.keys import MAX, NULL, Descending
from minidb.types.lob_ref import ExternalValue


@pytest.mark.parametrize(("value", "text", "json"), [
    (None, "NULL", None), (7, "7", 7), (True, "true", True), ("it's", "'it\\'s'", "it's"), (Word("leaf"), "leaf", "leaf"),
    (b"\x00\xff", "X'00FF'", {"hex": "00ff"}), (Raw(b"\x01\x02"), "01 02", {"hex": "0102"}), (Decimal("1.50"), "1.50", "1.50"),
    (date(2024, 5, 6), "'2024-05-06'", "2024-05-06"), (timedelta(hours=30), "'30:00:00'", "30:00:00"), (float("inf"), "inf", "inf"),
    (RollPointer(5, 3), "5.3", {"page": 5, "slot": 3}), (RollPointer(0, 0), "-", None), (NULL, "NULL", None),
    (MAX, "MAX", {"max": True}), (Descending("b"), "'b' DESC", {"descending": "b"}), ((1, "x"), "(1, 'x')", [1, "x"]),
    ([3, 4], "3, 4", [3, 4]), ({"a": {"b": 1}}, "a=(b=1)", {"a": {"b": 1}}), (ABSENT, "", None),
    (ExternalValue(4, 9, False), "-> page 4, 9 bytes of binary", {"page": 4, "length": 9, "is_text": False}),
    ("y" * 100, f"'{'y' * 59}... (102 characters)", "y" * 100),
])
def test_values(value: Any, text: str, json: Any) -> None:
    assert shown(value) == text
    if value is not ABSENT:
        assert plain(value) == json


def test_ranges() -> None:
    assert ranges([]) == ""
    assert ranges([0, 1, 2, 5, 7, 8]) == "0-2, 5, 7-8"


def test_hex_lines_star_what_repeats() -> None:
    lines = list(hex_lines(Hex("hex", "bytes", b"abc" + bytes(80), 256)))
    assert lines == [
        "000100  61 62 63 00 00 00 00 00  00 00 00 00 00 00 00 00  |abc.............|",
        "000110  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|",
        "*",
        "000150  00 00 00                                          |...|",
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def table() -> Report:
    section = Table("list", "things", ["n", "what"], [[1, "a long text " * 5], [22, None], [3, "\x1b[31mred\n"]])
    return Report("title", {"fact": None, "other_fact": 4}, ["a note"], [section])


def test_plain_text() -> None:
    out = io.StringIO()
    write(table(), out)
    assert out.getvalue().splitlines() == [
        "title", "note: a note", "other fact: 4", "", "things", " n  what", " 1  " + ("a long text " * 5).strip(), "22",
        " 3  \\x1b[31mred\\n"]


def test_a_terminal_gets_a_drawn_table_within_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("LINES", "25")
    monkeypatch.setenv("TERM", "dumb")
    out = Terminal()
    write(table(), out)
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 40
    assert any(set(line.strip()) == {"─"} for line in lines)
    assert "a long text" in out.getvalue()
