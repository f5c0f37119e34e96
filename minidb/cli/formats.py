"""Result sets as text: table, vertical, csv, json, tsv.

Each writer takes the column names, their types and the rows and yields pieces of text that end in a newline.  A table of more than
`WIDE_LIMIT` rows measures widths by character count only (the plain fast path); smaller ones know wide characters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from minidb.query.plan import ResultColumn
from minidb.types.text import to_text

Rows = Sequence[tuple[Any, ...]]
WIDE_LIMIT = 2000
CHUNK_ROWS = 1000


def _texts(columns: Sequence[ResultColumn], rows: Rows, null: str) -> Iterator[list[str]]:
    """Rows as text, NULL as `null`."""
    types = [c.type for c in columns]
    for row in rows:
        yield [null if v is None else v if type(v) is str else to_text(v, t) or "" for v, t in zip(row, types, strict=False)]


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    width = wcswidth(text)
    return width if width >= 0 else len(text)


def _printable(text: str) -> str:
    """Line breaks and tabs would tear the table: mysql prints them raw, so do we, but NUL bytes are shown as spaces."""
    return text.replace("\0", " ")


def table(columns: Sequence[ResultColumn], rows: Rows, header: bool = True) -> Iterator[str]:
    """mysql's boxed table; numbers to the right."""
    cells = [[_printable(c) for c in r] for r in _texts(columns, rows, "NULL")]
    names = [c.name for c in columns]
    measure: Callable[[str], int] = len if len(cells) > WIDE_LIMIT else _width
    widths = [max([measure(name), *map(measure, column)]) if cells else measure(name)
              for name, column in zip(names, zip(*cells, strict=True) if cells else [()] * len(names), strict=True)]
    rule = "+" + "+".join("-" * (w + 2) for w in widths) + "+\n"
    right = [c.type.is_numeric() for c in columns]

    def line(values: Sequence[str], to_right: Sequence[bool]) -> str:
        padded = []
        for value, width, numeric in zip(values, widths, to_right, strict=True):
            fill = " " * (width - measure(value))
            padded.append(f" {fill}{value} " if numeric else f" {value}{fill} ")
        return "|" + "|".join(padded) + "|\n"

    yield rule
    if header:
        yield line(names, [False] * len(names))
        yield rule
    for start in range(0, len(cells), CHUNK_ROWS):
        yield "".join([line(c, right) for c in cells[start : start + CHUNK_ROWS]])
    if cells:
        yield rule


def vertical(columns: Sequence[ResultColumn], rows: Rows, header: bool = True) -> Iterator[str]:
    """One line a column, as \\G prints it."""
    names = [c.name for c in columns]
    width = max(map(len, names), default=0)
    for number, cells in enumerate(_texts(columns, rows, "NULL"), 1):
        title = f" {number}. row "
        stars = "*" * 27
        yield f"{stars}{title}{stars}\n"
        yield "".join(f"{name:>{width}}: {value}\n" if header else f"{value}\n" for name, value in zip(names, cells, strict=True))


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\0": "\\0"})


def tsv(columns: Sequence[ResultColumn], rows: Rows, header: bool = True) -> Iterator[str]:
    """mysql's batch format: tab-separated, tab, newline and backslash escaped, NULL as NULL."""
    if header:
        yield "\t".join(c.name.translate(_ESCAPES) for c in columns) + "\n"
    for start in range(0, len(rows), CHUNK_ROWS):
        chunk = _texts(columns, rows[start : start + CHUNK_ROWS], "NULL")
        yield "".join(["\t".join([c.translate(_ESCAPES) for c in cells]) + "\n" for cells in chunk])


def csv(columns: Sequence[ResultColumn], rows: Rows, header: bool = True) -> Iterator[str]:
    """RFC 4180; NULL is an empty, unquoted field, the empty string a quoted one."""
    import csv as library
    import io

    buffer = io.StringIO()
    writer = library.writer(buffer, lineterminator="\n")
    if header:
        writer.writerow([c.name for c in columns])
    types = [c.type for c in columns]
    for row in rows:
        cells = [None if v is None else to_text(v, t) for v, t in zip(row, types, strict=False)]
        if "" in cells:
            buffer.write(",".join('""' if c == "" else _csv_field(library, c) for c in cells) + "\n")
        else:
            writer.writerow(cells)
    yield buffer.getvalue()


def _csv_field(library: Any, value: str | None) -> str:
    import io

    if value is None:
        return ""
    out = io.StringIO()
    library.writer(out, lineterminator="").writerow([value])
    return out.getvalue()


def json(columns: Sequence[ResultColumn], rows: Rows, header: bool = True) -> Iterator[str]:
    """One array of objects (of arrays without `header`); exact numbers stay numbers, everything else is a string."""
    import json as library

    def plain(value: Any, kind: ResultColumn) -> Any:
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        return to_text(value, kind.type)

    names = [c.name for c in columns]
    lines = []
    for row in rows:
        values = [plain(v, c) for v, c in zip(row, columns, strict=False)]
        lines.append(library.dumps(dict(zip(names, values, strict=True)) if header else values, ensure_ascii=False))
    yield "[" + ",\n ".join(lines) + "]\n"


FORMATS: dict[str, Callable[[Sequence[ResultColumn], Rows, bool], Iterator[str]]] = {
    "table": table,
    "vertical": vertical,
    "csv": csv,
    "json": json,
    "tsv": tsv,
}
