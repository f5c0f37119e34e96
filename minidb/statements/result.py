"""`Result`: what one statement gave: a result set, or counters as the server's OK packet has them."""

from __future__ import annotations

from typing import Any

from minidb.query.plan import ResultColumn

Warnings = list[tuple[str, int, str]]
NO_COLUMNS: tuple[ResultColumn, ...] = ()


class Result:
    """columns, rows: the result set; rows is None for a statement that has none.  affected: changed rows.  insert_id: the first
    generated AUTO_INCREMENT value, 0 if none.  matched / changed: UPDATE.  records / duplicates: multi-row INSERT, REPLACE,
    INSERT ... SELECT.  info: the OK packet's text.  found: rows matched, for clients that count those (CLIENT_FOUND_ROWS)."""

    __slots__ = ("__dict__", "columns", "rows")

    affected: int = 0
    insert_id: int = 0
    matched: int | None = None
    changed: int | None = None
    records: int | None = None
    duplicates: int | None = None
    noted: Warnings | None = None

    def __init__(self, columns: tuple[ResultColumn, ...] = NO_COLUMNS, rows: list[tuple[Any, ...]] | None = None) -> None:
        self.columns = columns
        self.rows = rows

    @property
    def warnings(self) -> Warnings:
        """(level, code, message) of each warning, as SHOW WARNINGS lists them."""
        return self.noted or []

    @property
    def found(self) -> int:
        return self.affected if self.matched is None else self.matched

    @property
    def info(self) -> str:
        """'Rows matched: 2  Changed: 1  Warnings: 0', 'Records: 3  Duplicates: 0  Warnings: 0', or ''."""
        count = len(self.noted or ())
        if self.matched is not None:
            return f"Rows matched: {self.matched}  Changed: {self.changed or 0}  Warnings: {count}"
        if self.records is not None:
            return f"Records: {self.records}  Duplicates: {self.duplicates or 0}  Warnings: {count}"
        return ""

    def __repr__(self) -> str:
        return f"<Result {'no rows' if self.rows is None else f'{len(self.rows)} rows'} affected={self.affected}>"


def done(affected: int = 0) -> Result:
    """The result of a statement without result set."""
    made = Result()
    if affected:
        made.affected = affected
    return made
