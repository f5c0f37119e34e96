"""DATE_FORMAT, TIME_FORMAT and STR_TO_DATE: dates by patterns of %-specifiers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from minidb.query.functions import result_types as rt
from minidb.query.functions.dates import DAY_NAMES, MONTH_NAMES, week_of
from minidb.query.functions.registry import always_nullable, function
from minidb.query.functions.values import text
from minidb.types import coerce, temporal
from minidb.types.sqltype import SqlType


def _ordinal(day: int) -> str:
    suffix = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{suffix}"


Writer = Callable[[datetime], str]
_DATE_WRITERS: dict[str, Writer] = {
    "a": lambda d: DAY_NAMES[d.weekday()][:3], "b": lambda d: MONTH_NAMES[d.month - 1][:3], "c": lambda d: str(d.month),
    "D": lambda d: _ordinal(d.day), "d": lambda d: f"{d.day:02d}", "e": lambda d: str(d.day),
    "j": lambda d: f"{d.timetuple().tm_yday:03d}", "M": lambda d: MONTH_NAMES[d.month - 1], "m": lambda d: f"{d.month:02d}",
    "U": lambda d: f"{week_of(d.date(), 0)[1]:02d}", "u": lambda d: f"{week_of(d.date(), 1)[1]:02d}",
    "V": lambda d: f"{week_of(d.date(), 2)[1]:02d}", "v": lambda d: f"{week_of(d.date(), 3)[1]:02d}",
    "W": lambda d: DAY_NAMES[d.weekday()], "w": lambda d: str(d.isoweekday() % 7),
    "X": lambda d: f"{week_of(d.date(), 2)[0]:04d}", "x": lambda d: f"{week_of(d.date(), 3)[0]:04d}",
    "Y": lambda d: f"{d.year:04d}", "y": lambda d: f"{d.year % 100:02d}",
}


def _clock_text(specifier: str, hours: int, minutes: int, seconds: int, micros: int) -> str | None:
    """The text of a specifier of the clock; None if it is none."""
    twelve = (hours + 11) % 12 + 1
    half = "AM" if hours % 24 < 12 else "PM"
    found = {
        "f": f"{micros:06d}", "H": f"{hours:02d}", "h": f"{twelve:02d}", "I": f"{twelve:02d}", "i": f"{minutes:02d}",
        "k": str(hours), "l": str(twelve), "p": half, "r": f"{twelve:02d}:{minutes:02d}:{seconds:02d} {half}",
        "S": f"{seconds:02d}", "s": f"{seconds:02d}", "T": f"{hours:02d}:{minutes:02d}:{seconds:02d}",
    }
    return found.get(specifier)


_SPECIFIER = re.compile(r"%(.)", re.S)


def format_moment(moment: datetime, layout: str) -> str:
    """`moment` by a DATE_FORMAT pattern; unknown specifiers stand for their letter."""

    def expand(found: re.Match[str]) -> str:
        letter = found[1]
        writer = _DATE_WRITERS.get(letter)
        if writer is not None:
            return writer(moment)
        clock = _clock_text(letter, moment.hour, moment.minute, moment.second, moment.microsecond)
        return letter if clock is None else clock

    return _SPECIFIER.sub(expand, layout)


@function("DATE_FORMAT", 2, 3, result=rt.always(rt.text(255)), needs_session=True, nullable=always_nullable, params="dtt")
def date_format(session: Any, value: Any, layout: Any, locale: Any = None) -> str | None:
    moment = coerce.to_datetime(value, session.warn)
    return None if moment is None else format_moment(moment, text(layout))


@function("TIME_FORMAT", 2, result=rt.always(rt.text(255)), needs_session=True, nullable=always_nullable, params="dt")
def time_format(session: Any, value: Any, layout: Any) -> str | None:
    """A span of time by a pattern; hours may exceed 23, specifiers of dates give zeros."""
    span = coerce.to_time(value, session.warn)
    if span is None:
        return None
    total = temporal.span_micros(span)
    seconds, micros = divmod(abs(total), 1_000_000)

    def expand(found: re.Match[str]) -> str:
        letter = found[1]
        clock = _clock_text(letter, seconds // 3600, seconds // 60 % 60, seconds % 60, micros)
        if clock is not None:
            return clock
        return {"Y": "0000", "y": "00", "m": "00", "d": "00", "c": "0", "e": "0"}.get(letter, letter)

    return ("-" if total < 0 else "") + _SPECIFIER.sub(expand, text(layout))


class _Reader:
    """Reads a text by a pattern; `fields` collects the numbers of the specifiers."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.pos = 0
        self.fields: dict[str, int] = {}

    def number(self, field: str, width: int) -> bool:
        found = re.compile(rf"\d{{1,{width}}}").match(self.source, self.pos)
        if found is None:
            return False
        self.pos = found.end()
        self.fields[field] = int(found[0])
        if field == "f":
            self.fields[field] = int(f"{found[0]:0<6}")
        elif field == "y" or (field == "Y" and len(found[0]) == 2):
            self.fields["Y"] = temporal.full_year(int(found[0]), 2)
        return True

    def word(self, field: str, words: list[str]) -> bool:
        rest = self.source[self.pos :].lower()
        for i, word in enumerate(words):
            if rest.startswith(word.lower()):
                self.pos += len(word)
                self.fields[field] = i + 1
                return True
        return False

    def half(self) -> bool:
        mark = self.source[self.pos : self.pos + 2].upper()
        if mark not in ("AM", "PM"):
            return False
        self.fields["p"] = int(mark == "PM")
        self.pos += 2
        return True

    def specifier(self, letter: str) -> bool:
        if letter in _NUMBERS:
            return self.number(*_NUMBERS[letter])
        if letter in _WORDS:
            return self.word(*_WORDS[letter])
        if letter == "p":
            return self.half()
        if letter == "D":
            if not self.number("d", 2):
                return False
            self.pos += 2
            return True
        if letter in ("T", "r"):
            return self.read("%H:%i:%S" if letter == "T" else "%h:%i:%S %p")
        return self.literal(letter)

    def literal(self, letter: str) -> bool:
        if self.source[self.pos : self.pos + 1] != letter:
            return False
        self.pos += 1
        return True

    def skip_spaces(self) -> None:
        while self.source[self.pos : self.pos + 1].isspace():
            self.pos += 1

    def read(self, layout: str) -> bool:
        """Read by `layout` as far as the text goes; False where the text does not follow it."""
        i = 0
        while i < len(layout):
            self.skip_spaces()
            if self.pos >= len(self.source):
                break
            letter = layout[i]
            if letter == "%" and i + 1 < len(layout):
                i += 1
                if not self.specifier(layout[i]):
                    return False
            elif not letter.isspace() and not self.literal(letter):
                return False
            i += 1
        return True


_NUMBERS = {"Y": ("Y", 4), "y": ("y", 2), "m": ("m", 2), "c": ("m", 2), "d": ("d", 2), "e": ("d", 2), "H": ("H", 2), "k": ("H", 2),
            "h": ("h", 2), "I": ("h", 2), "l": ("h", 2), "i": ("i", 2), "s": ("s", 2), "S": ("s", 2), "f": ("f", 6), "j": ("j", 3)}
_WORDS = {"M": ("m", list(MONTH_NAMES)), "b": ("m", [m[:3] for m in MONTH_NAMES]), "W": ("w", list(DAY_NAMES)),
          "a": ("w", [d[:3] for d in DAY_NAMES])}
_CLOCK_LETTERS = frozenset("HhisfpkIlSTr")
_DATE_LETTERS = frozenset("YymcdejMbDaWUuVvXxw")


Found = date | datetime | timedelta | None


def read_by_format(source: str, layout: str) -> tuple[Found, bool]:
    """What `source` says by a STR_TO_DATE pattern (a date, a time or both, as the pattern has it; None where it does not fit),
    and whether all of `source` was read."""
    reader = _Reader(source)
    if not reader.read(layout):
        return None, False
    return _assemble(reader.fields, layout), not source[reader.pos :].strip()


def _assemble(fields: dict[str, int], layout: str) -> Found:
    hour = fields.get("H", 0)
    if "h" in fields:
        if not 1 <= fields["h"] <= 12:
            return None
        hour = fields["h"] % 12 + 12 * fields.get("p", 0)
    minute, second, micro = fields.get("i", 0), fields.get("s", 0), fields.get("f", 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    clock = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micro)
    kind = _kind_of(layout).name
    if kind == "time":
        return clock
    day = _day_of(fields)
    if day is None:
        return None
    return datetime(day.year, day.month, day.day) + clock if kind == "datetime" else day


def _day_of(fields: dict[str, int]) -> date | None:
    try:
        if "j" in fields:
            first = date(fields["Y"], 1, 1)
            day = date.fromordinal(first.toordinal() + fields["j"] - 1)
            return day if day.year == first.year else None
        return date(fields["Y"], fields["m"], fields["d"])
    except (KeyError, ValueError):
        return None


def _kind_of(layout: str) -> SqlType:
    """What a pattern gives: a date, a time or both."""
    letters = set(_SPECIFIER.findall(layout))
    timed, dated = bool(letters & _CLOCK_LETTERS), bool(letters & _DATE_LETTERS)
    scale = 6 if "f" in letters else 0
    if timed:
        return replace(rt.DATETIME if dated else rt.TIME, scale=scale)
    return rt.DATE


def _read_type(types: Sequence[SqlType], constants: Sequence[Any]) -> SqlType:
    return _kind_of(constants[1]) if isinstance(constants[1], str) else rt.DATETIME6


@function("STR_TO_DATE", 2, result=rt.always(rt.DATETIME6), refine=_read_type, needs_session=True,
          nullable=always_nullable, params="t")
def str_to_date(session: Any, value: Any, layout: Any) -> date | datetime | timedelta | None:
    found, complete = read_by_format(text(value), text(layout))
    if found is not None and not complete:
        coerce.truncated(session.warn, _kind_of(text(layout)).name, value)
    if found is None:
        session.warn("Warning", 1411, f"Incorrect datetime value: '{text(value)}' for function str_to_date")
    return found


_FORMATS = {
    "DATE": {"USA": "%m.%d.%Y", "JIS": "%Y-%m-%d", "ISO": "%Y-%m-%d", "EUR": "%d.%m.%Y", "INTERNAL": "%Y%m%d"},
    "TIME": {"USA": "%h:%i:%s %p", "JIS": "%H:%i:%s", "ISO": "%H:%i:%s", "EUR": "%H.%i.%s", "INTERNAL": "%H%i%s"},
    "DATETIME": {"USA": "%Y-%m-%d %H.%i.%s", "JIS": "%Y-%m-%d %H:%i:%s", "ISO": "%Y-%m-%d %H:%i:%s", "EUR": "%Y-%m-%d %H.%i.%s",
                 "INTERNAL": "%Y%m%d%H%i%s"},
}


@function("GET_FORMAT", 2, result=rt.always(rt.text(17)), nullable=always_nullable, params="xt")
def get_format(kind: str, region: Any) -> str | None:
    """The customary pattern of a region: GET_FORMAT(DATE, 'EUR')."""
    return _FORMATS.get(kind.upper(), {}).get(text(region).upper())
