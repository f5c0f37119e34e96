"""Reports as text.  On a terminal tables are drawn by rich, within its width; elsewhere they are columns of plain text, as wide as
they need to be, so that the same report is always the same text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TextIO

from minidb.inspect.report import Fields, Hex, Report, Section, Table
from minidb.inspect.values import shown

if TYPE_CHECKING:
    from rich.table import Table as RichTable

WIDEST = 1 << 14  # columns of plain text, where nothing is folded
ROW = 16  # bytes in a line of a hex dump
NUMBERS = (int, float)


def write(report: Report, out: TextIO, header: bool = True, width: int | None = None) -> None:
    """Write `report` to `out`.  header: titles, and the heads of tables.  width: in columns, None: as wide as the terminal, or as
    needed elsewhere."""
    from rich.console import Console

    terminal = out.isatty()
    if header:
        print(visible(report.title), file=out)
    for note in report.notes:
        print(visible(f"note: {note}"), file=out)
    for name, value in report.facts.items():
        if value is None:
            continue
        print(visible(f"{name.replace('_', ' ')}: {cell(value)}"), file=out)
    console = Console(file=out, width=width if width or terminal else WIDEST, highlight=False, markup=False, emoji=False,
                      legacy_windows=False)
    for section in report.sections:
        if header:
            print(f"\n{section.title}", file=out)
        if isinstance(section, Hex):
            out.writelines(f"{line}\n" for line in hex_lines(section))
            continue
        if isinstance(section, Table) and not section.rows:
            print("(none)", file=out)
            continue
        drawn = table(section, header, plain=not terminal, fold=terminal or width is not None)
        with console.capture() as captured:
            console.print(drawn)
        out.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines() if line.strip())


def cell(value: Any, quoted: bool = False) -> str:
    """A cell of a table; `quoted`: it is the value of a record, and text stands in quotes."""
    if value is None:
        return "NULL" if quoted else ""
    return value if isinstance(value, str) and not quoted else shown(value)


def table(section: Section, header: bool, plain: bool, fold: bool) -> RichTable:
    """The table of `section`.  plain: without lines.  fold: cells may take several lines, to keep within the width."""
    from rich import box
    from rich.table import Table as RichTable

    assert not isinstance(section, Hex)
    made = RichTable(box=None if plain else box.SIMPLE_HEAD, show_header=header, pad_edge=False, padding=(0, 2, 0, 0))
    columns, rows, nested = _content(section)
    for place, name in enumerate(columns):
        numeric = any(isinstance(row[place], NUMBERS) for row in rows) and all(
            row[place] is None or isinstance(row[place], NUMBERS) for row in rows)
        made.add_column(name, justify="right" if numeric and name != "VALUE" else "left", no_wrap=not fold, overflow="fold")
    for row in rows:
        made.add_row(*(visible(cell(value, nested is not None and i >= nested)) for i, value in enumerate(row)))
    return made


def _content(section: Fields | Table) -> tuple[list[str], list[list[Any]], int | None]:
    if isinstance(section, Table):
        return section.columns, section.rows, section.nested
    rows = [[f.offset, f.size, f.name, cell(f.value)] for f in section.fields]
    return ["OFFSET", "SIZE", "FIELD", "VALUE"], rows, None


def visible(text: str) -> str:
    """`text` with what a terminal would obey, or would tear a line, made visible."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def hex_lines(section: Hex) -> Iterator[str]:
    """``offset  16 bytes  characters``; lines that repeat the one before are a single ``*``, as hexdump has it."""
    before = b""
    starred = False
    for start in range(0, len(section.data), ROW):
        piece = section.data[start : start + ROW]
        if piece == before and start + ROW < len(section.data):
            if not starred:
                yield "*"
            starred = True
            continue
        before, starred = piece, False
        digits = f"{piece[:8].hex(' ')}  {piece[8:].hex(' ')}".ljust(3 * ROW)
        characters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece)
        yield f"{section.offset + start:06x}  {digits}  |{characters}|"
