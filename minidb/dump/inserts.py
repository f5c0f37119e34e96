"""`Inserts`: the INSERT statements of one table, as many rows in each as fit into `net_buffer_length` bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from minidb.catalog import TableDef
from minidb.dump.literals import literal_of
from minidb.dump.options import DumpOptions
from minidb.engine import Row
from minidb.query.define.ddl_keys import quote

Write = Callable[[str], None]


class Inserts:
    """Turns rows into statements.  rows: number of rows written so far."""

    def __init__(self, tdef: TableDef, options: DumpOptions, write: Write) -> None:
        self._literals = [literal_of(c.type, options.hex_blob) for c in tdef.columns]
        self._write = write
        self._extended = options.extended_insert
        self._room = options.net_buffer_length
        self._begin = beginning(tdef, options)
        self._used = 0  # bytes of the statement that has been begun; 0: none
        self.rows = 0

    def add(self, batch: Iterable[Row]) -> None:
        """Write the rows of `batch` (what follows a row's columns is left out)."""
        literals = self._literals
        made = ["(" + ",".join([literal(value) for literal, value in zip(literals, row, strict=False)]) + ")" for row in batch]
        self.rows += len(made)
        if self._extended:
            self._write("".join(map(self._extend, made)))
        else:
            self._write("".join(f"{self._begin}{row};\n" for row in made))

    def _extend(self, row: str) -> str:
        """`row` as the next of the statement, or as the first of a new one."""
        size = len(row.encode("utf-8", "surrogateescape")) + 2  # with the comma and the end of the line before it
        if self._used and self._used + size < self._room:
            self._used += size
            return ",\n" + row
        before = ";\n" if self._used else ""
        self._used = size + len(self._begin.encode()) + 4
        return before + self._begin + row

    def end(self) -> None:
        """The last row has been written."""
        if self._used:
            self._write(";\n")


def beginning(tdef: TableDef, options: DumpOptions) -> str:
    """What comes before the rows.  Columns are named where asked for, and where some are invisible."""
    words = "REPLACE INTO" if options.replace else "INSERT IGNORE INTO" if options.insert_ignore else "INSERT INTO"
    if options.complete_insert or any(c.invisible for c in tdef.columns):
        return f"{words} {quote(tdef.name)} ({', '.join(quote(c.name) for c in tdef.columns)}) VALUES "
    return f"{words} {quote(tdef.name)} VALUES" + ("\n" if options.extended_insert else " ")
