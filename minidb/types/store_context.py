"""`StoreContext`: what storing a value may need to know and say: where the value goes, how strict to be, whom to warn."""

from __future__ import annotations

from collections.abc import Callable

from minidb.errors import TABLE, SqlError


def _ignore_warning(level: str, code: int, message: str) -> None:
    """The default receiver of warnings."""


class StoreContext:
    """column and row (1-based) change from value to value; the rest belongs to the statement.

    strict: an unsuitable value is an error (STRICT_TRANS_TABLES); otherwise, and with ignore (INSERT IGNORE), the nearest
    suitable value is stored with a warning.  null_warns: without strict, NULL in a NOT NULL column, too, is only a warning.
    relaxed: the mode is strict, but what has been stored cannot be taken back: warnings have the numbers of the errors.
    """

    __slots__ = ("column", "ignore", "null_warns", "relaxed", "row", "strict", "table", "warn")

    def __init__(self, table: tuple[str, str] = ("", ""), column: str = "", row: int = 1, strict: bool = True,
                 ignore: bool = False, warn: Callable[[str, int, str], None] = _ignore_warning, null_warns: bool = False) -> None:
        self.table = table
        self.column = column
        self.row = row
        self.strict = strict
        self.ignore = ignore
        self.warn = warn
        self.null_warns = null_warns
        self.relaxed = False

    def reject(self, code: int, loose_code: int | None = None) -> None:
        """The value does not fit (1264, 1265, 1406): raises when strict, else warns with `loose_code` (default: the same)."""
        if self.strict and not self.ignore:
            raise SqlError.of(code, self.column, self.row)
        self._warn("Warning", code if self.relaxed else loose_code or code)

    def reject_value(self, code: int, kind: str, text: str, loose_code: int | None = None) -> None:
        """`text` is no `kind` (1366, 1292): raises when strict, else warns, with `loose_code` in its own words if given."""
        if self.strict and not self.ignore:
            raise SqlError.of(code, kind, text, *self.table, self.column, self.row)
        if loose_code is not None and not self.relaxed:
            self._warn("Warning", loose_code)
        else:
            self.warn("Warning", code, TABLE[code][3].format(kind, text, *self.table, self.column, self.row))

    def note_truncated(self) -> None:
        """Note 1265: something insignificant was cut off."""
        self._warn("Note", 1265)

    def _warn(self, level: str, code: int) -> None:
        self.warn(level, code, TABLE[code][3].format(self.column, self.row))

    def null(self) -> None:
        """NULL for a NOT NULL column: raises 1048, or warns under IGNORE and where a statement stores several rows loosely."""
        if not self.ignore and (self.strict or not self.null_warns):
            raise SqlError.of(1048, self.column)
        self.warn("Warning", 1048, TABLE[1048][3].format(self.column))
