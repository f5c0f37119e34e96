"""`SqlType`: the declared type of a column or the derived type of an expression.

Python value of each family (what rows hold, what clients get): INT, BIGINT, YEAR, BIT -> int; DECIMAL -> Decimal (scaled to the
column's scale); DOUBLE, FLOAT -> float; CHAR, VARCHAR, TEXT, ENUM, SET, JSON -> str; BINARY, VARBINARY, BLOB -> bytes;
DATE -> date; DATETIME, TIMESTAMP -> datetime (naive); TIME -> timedelta; NULL -> None.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Family(enum.Enum):
    """Which Python type holds a value, hence how it compares and how it is encoded."""

    NULL = "null"
    INT = "int"
    DECIMAL = "decimal"
    FLOAT = "float"
    STRING = "string"
    BYTES = "bytes"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class SqlType:
    """One SQL type.  `name` is MySQL's lower-case base name (``int``, ``varchar``, ``decimal`` ...).

    length: characters of CHAR/VARCHAR, bytes of BINARY/VARBINARY, precision of DECIMAL, display width of integers (None when
    not given), fractional digits go to `scale` (DECIMAL scale, DATETIME/TIME fsp).  members: ENUM/SET.
    """

    family: Family
    name: str
    length: int | None = None
    scale: int | None = None
    unsigned: bool = False
    zerofill: bool = False
    charset: str | None = None
    collation: str | None = None
    members: tuple[str, ...] = ()

    def is_numeric(self) -> bool:
        return self.family in (Family.INT, Family.DECIMAL, Family.FLOAT)

    def is_temporal(self) -> bool:
        return self.family in (Family.DATE, Family.DATETIME, Family.TIME)
