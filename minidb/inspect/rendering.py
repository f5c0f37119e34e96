"""Reports as text.  On a terminal tables are drawn by rich, within its width; elsewhere they are columns of plain text, as wide as
they need to be, so that the same report is always the same text (and soon there: rich takes a millisecond for a row)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TextIO

from minidb.inspect.report import Fields, Hex, Report, Section, Table
from minidb.inspect.values import shown

ROW = 16  # bytes in a line of a hex dump
NUMBERS = (int, float)


def write(report: Report, out: TextIO, header: bool = True, width: int | None = None) -> None:
    """Write `report` to `out`.  header: titles, and the heads of tables.  width: in columns, None: as wide as the terminal, or as
    needed elsewhere."""
    lines = [report.title] if header else []
    lines += [f"note: {note}" for note in report.notes]
    lines += [f"{name.replace('_', ' ')}: {cell(value)}" for name, value in report.facts.items() if value is not None]
    out.writelines(f"{visible(line)}\n" for line in lines)
    for section in report.sections:
        if header:
            out.write(f"\n{section.title}\n")
        out.writelines(f"{line.rstrip()}\n" for line in _section_lines(section, out, header, width))


def _section_lines(section: Section, out: TextIO, header: bool, width: int | None) -> Iterator[str]:
    if isinstance(section, Hex):
        return hex_lines(section)
    grid = Grid(section, header)
    if not grid.rows:
        return iter(("(none)",))
    return grid.drawn(out, width) if out.isatty() or width is not None else grid.plain()


class Grid:
    """A table as text: names of its columns, cells, and which columns hold nothing but numbers."""

    def __init__(self, section: Fields | Table, header: bool) -> None:
        columns, rows, nested = _content(section)
        self.header = header
        self.names = [visible(name) for name in columns]
        self.rows = [[visible(cell(value, nested is not None and i >= nested)) for i, value in enumerate(row)] for row in rows]
        self.numeric = [
            name != "VALUE" and any(isinstance(row[i], NUMBERS) for row in rows)
            and all(row[i] is None or isinstance(row[i], NUMBERS) for row in rows)
            for i, name in enumerate(columns)]

    def plain(self) -> Iterator[str]:
        """Columns as wide as they need to be, two spaces between them."""
        from rich.cells import cell_len

        lines = [self.names, *self.rows] if self.header else self.rows
        widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            pads = [" " * (width - cell_len(text)) for text, width in zip(line, widths, strict=True)]
            cells = zip(line, pads, self.numeric, strict=True)
            yield "  ".join(pad + text if numeric else text + pad for text, pad, numeric in cells)

    def drawn(self, out: TextIO, width: int | None) -> Iterator[str]:
        """A drawn table within `width` columns (None: those of the terminal); long cells take several lines."""
        from rich import box
        from rich.console import Console
        from rich.table import Table as RichTable

        terminal = out.isatty()
        made = RichTable(box=box.SIMPLE_HEAD if terminal else None, show_header=self.header, pad_edge=False, padding=(0, 2, 0, 0))
        for name, numeric in zip(self.names, self.numeric, strict=True):
            made.add_column(name, justify="right" if numeric else "left", no_wrap=numeric, overflow="fold")
        for row in self.rows:
            made.add_row(*row)
        console = Console(file=out, width=width, highlight=False, markup=False, emoji=False, legacy_windows=False)
        with console.capture() as captured:
            console.print(made)
        return (line for line in captured.get().splitlines() if line.strip())


def cell(value: Any, quoted: bool = False) -> str:
    """A cell of a table; `quoted`: it is the value of a record, and text stands in quotes."""
    if value is None:
        return "NULL" if quoted else ""
    return value if isinstance(value, str) and not quoted else shown(value)


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
