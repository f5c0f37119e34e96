"""PEP 249 cursors: `Cursor` gives tuples, `DictCursor` dicts; the SS ones are the same under PyMySQL's names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from minidb.errors import InterfaceError, ProgrammingError, unsupported
from minidb.query.plan import ResultColumn
from minidb.types.sqltype import Family, SqlType

if TYPE_CHECKING:
    from minidb.dbapi import Connection
    from minidb.session import Result

TYPE_CODES = {
    "tinyint": 1, "smallint": 2, "int": 3, "float": 4, "double": 5, "timestamp": 7, "bigint": 8, "mediumint": 9, "date": 10,
    "time": 11, "datetime": 12, "year": 13, "bit": 16, "decimal": 246, "enum": 254, "set": 254, "tinytext": 252, "text": 252,
    "mediumtext": 252, "longtext": 252, "json": 252, "tinyblob": 252, "blob": 252, "mediumblob": 252, "longblob": 252, "char": 254,
    "binary": 254, "varchar": 253, "varbinary": 253,
}
FAMILY_CODES = {Family.NULL: 6, Family.INT: 8, Family.DECIMAL: 246, Family.FLOAT: 5, Family.STRING: 253, Family.BYTES: 253,
                Family.DATE: 10, Family.DATETIME: 12, Family.TIME: 11}
Description = tuple[str, int, None, int | None, int | None, int, bool]


def type_code(t: SqlType) -> int:
    """MySQL's number of a column type."""
    return TYPE_CODES.get(t.name) or FAMILY_CODES[t.family]


def describe(column: ResultColumn) -> Description:
    """The 7-tuple of PEP 249."""
    t = column.type
    return (column.name, type_code(t), None, t.length, t.length, t.scale or 0, column.nullable)


class Cursor:
    """Runs statements and hands out their rows as tuples.  `rowcount`: rows of the result set, or rows changed; -1 before the
    first statement.  `lastrowid`: the first AUTO_INCREMENT value that the last statement generated, 0 if none."""

    arraysize: int = 1
    _shapes = False  # rows are not handed out as they are

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.rowcount = -1
        self.lastrowid = 0
        self.rownumber: int | None = None
        self._result: Result | None = None
        self._rows: Sequence[Any] = ()
        self._position = 0
        self._closed = False

    # ---- running
    def execute(self, query: str, args: Any = None) -> int:
        """Run one statement; `rowcount` is returned, as PyMySQL does."""
        connection = self.connection
        session = connection.session
        if self._closed or session.closed:
            self._session()
        if args is not None and type(args) is not tuple and not isinstance(args, (tuple, list, Mapping)):
            args = (args,)
        self._result = None
        result = session.execute(query, args)
        rows = result.rows
        if rows is not None and self._shapes:
            self._take(result)
            return self.rowcount
        self._result = connection._last = result  # `_take`, written out
        self._position = 0
        self.lastrowid = result.insert_id
        if rows is None:
            self._rows = ()
            self.rownumber = None
            self.rowcount = count = result.affected
        else:
            self._rows = rows
            self.rownumber = 0
            self.rowcount = count = len(rows)
        return count

    def executemany(self, query: str, args: Sequence[Any]) -> int:
        """Run one statement for each element of `args`; an INSERT ... VALUES becomes one multi-row statement."""
        rows = args if isinstance(args, (list, tuple)) else list(args)
        self._result = None
        self._take(self._session().execute_many(query, rows))
        return self.rowcount

    def _session(self) -> Any:
        if self._closed:
            raise ProgrammingError(0, "Cursor closed")
        session = self.connection.session
        if session.closed:
            raise InterfaceError(0, "The connection is closed")
        return session

    def _take(self, result: Result) -> None:
        self._result = self.connection._last = result
        self._position = 0
        rows = result.rows
        if rows is None:
            self._rows = ()
            self.rownumber = None
            self.rowcount = result.affected
        else:
            self._rows = self._shape(rows, result.columns)
            self.rownumber = 0
            self.rowcount = len(rows)
        self.lastrowid = result.insert_id

    @property
    def info(self) -> str:
        """What the last statement said of itself ("Rows matched: 1  Changed: 1  Warnings: 0"), '' if nothing."""
        return "" if self._result is None else self._result.info

    @property
    def warnings(self) -> list[tuple[str, int, str]]:
        """(level, number, message) of each warning of the last statement."""
        return [] if self._result is None else list(self._result.warnings)

    def _shape(self, rows: list[tuple[Any, ...]], columns: tuple[ResultColumn, ...]) -> Sequence[Any]:
        return rows

    def callproc(self, procname: str, args: Sequence[Any] = ()) -> Sequence[Any]:
        """Stored procedures do not exist: raises 1235."""
        raise unsupported("CALL")

    def mogrify(self, query: str, args: Any = None) -> str:
        """The statement with the arguments written into it."""
        if args is None:
            return query
        from minidb.statements.preparing import interpolated

        return interpolated(query, args)

    # ---- fetching
    @property
    def description(self) -> tuple[Description, ...] | None:
        """The columns of the result set; None if there is none."""
        if self._result is None or self._result.rows is None:
            return None
        return tuple([describe(c) for c in self._result.columns])

    def _check_result(self) -> None:
        if self._closed:
            raise ProgrammingError(0, "Cursor closed")
        if self._result is None:
            raise ProgrammingError(0, "execute() first")

    def fetchone(self) -> Any:
        """The next row, None at the end."""
        if self._result is None:
            self._check_result()
        position = self._position
        if position >= len(self._rows):
            return None
        self._position = self.rownumber = position + 1
        return self._rows[position]

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """The next `size` rows (`arraysize` by default)."""
        self._check_result()
        start = self._position
        end = min(start + (self.arraysize if size is None else size), len(self._rows))
        self._position = self.rownumber = max(start, end)
        return list(self._rows[start:end])

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        self._check_result()
        start = self._position
        self._position = self.rownumber = len(self._rows)
        return list(self._rows[start:])

    def scroll(self, value: int, mode: str = "relative") -> None:
        """Move in the result set; raises IndexError beyond its ends."""
        self._check_result()
        if mode not in ("relative", "absolute"):
            raise ProgrammingError(0, f"unknown scroll mode {mode!r}")
        target = self._position + value if mode == "relative" else value
        if not 0 <= target < len(self._rows):
            raise IndexError("out of range")
        self._position = self.rownumber = target

    def __iter__(self) -> Iterator[Any]:
        self._check_result()
        return self

    def __next__(self) -> Any:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    def nextset(self) -> bool | None:
        """There is never a second result set."""
        return None

    def setinputsizes(self, *args: object) -> None:
        """Does nothing (PEP 249 allows it)."""

    def setoutputsizes(self, *args: object) -> None:
        """Does nothing (PEP 249 allows it)."""

    setoutputsize = setoutputsizes

    # ---- life
    def close(self) -> None:
        self._closed = True
        self._rows = ()
        self._result = None

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    @property
    def warning_count(self) -> int:
        return 0 if self._result is None else len(self._result.warnings)

    @property
    def explain(self) -> tuple[Any, ...]:
        """The access paths of the statement run last (EXPLAIN's rows)."""
        explained: tuple[Any, ...] = self.connection.session.last_explain()
        return explained

class DictCursor(Cursor):
    """Rows as dicts; a column name that occurs twice is prefixed by its table's."""

    _shapes = True

    def _shape(self, rows: list[tuple[Any, ...]], columns: tuple[ResultColumn, ...]) -> Sequence[Any]:
        names: list[str] = []
        for c in columns:
            names.append(f"{c.table}.{c.name}" if c.name in names else c.name)
        return [dict(zip(names, row, strict=True)) for row in rows]


class SSCursor(Cursor):
    """PyMySQL's unbuffered cursor; here rows are in memory in any case."""


class SSDictCursor(DictCursor):
    """As `SSCursor`, with dicts."""
