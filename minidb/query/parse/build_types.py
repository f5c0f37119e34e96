"""Column and CAST types: from the words of the grammar to `SqlType`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minidb.errors import SqlError, unsupported
from minidb.query.parse.lalr import Misplaced
from minidb.types.parse import make_type
from minidb.types.sqltype import SqlType

_GEOMETRY = frozenset(
    ["GEOMETRY", "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"]
)
_UNSUPPORTED = _GEOMETRY | frozenset(["INET4", "INET6", "UUID", "XMLTYPE", "ROW"])
_KNOWN = frozenset(
    [
        "TINYINT", "SMALLINT", "MEDIUMINT", "MIDDLEINT", "INT", "INTEGER", "BIGINT", "INT1", "INT2", "INT3", "INT4", "INT8",
        "BOOL", "BOOLEAN", "SERIAL", "DECIMAL", "NUMERIC", "DEC", "FIXED", "NUMBER", "FLOAT", "FLOAT4", "FLOAT8", "DOUBLE",
        "REAL", "BIT", "YEAR", "DATE", "DATETIME", "TIMESTAMP", "TIME", "CHAR", "CHARACTER", "NCHAR", "VARCHAR", "VARCHARACTER",
        "NVARCHAR", "VARCHAR2", "TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT", "CLOB", "TINYBLOB", "BLOB", "MEDIUMBLOB",
        "LONGBLOB", "BINARY", "VARBINARY", "RAW", "ENUM", "SET", "JSON",
    ]
)
_ALIASES = {"VARCHAR2": "VARCHAR", "CLOB": "LONGTEXT", "RAW": "VARBINARY"}


def column_sql_type(name: str, size: Sequence[Any], attributes: dict[str, Any], column: str) -> SqlType:
    """The type of a column definition.  size: what stood in parentheses (numbers, or members of ENUM and SET).  attributes: keys
    unsigned, zerofill, charset, collation, binary.  Raises 1235 for types that minidb lacks, 4161 for unknown ones, and what
    `make_type` raises."""
    word = name.upper()
    if word in _UNSUPPORTED:
        raise unsupported(f"{word} columns")
    if word not in _KNOWN:
        raise SqlError.of(4161, name)
    word = _ALIASES.get(word, word)
    charset, collation = attributes.get("charset"), attributes.get("collation")
    if attributes.get("binary") and collation is None and charset is not None:
        collation = f"{charset}_bin"
    unsigned, zerofill = bool(attributes.get("unsigned")), bool(attributes.get("zerofill"))
    if word in ("ENUM", "SET"):
        members = tuple(str(item) for item in size)
        return make_type(word, charset=charset, collation=collation, members=members, column=column)
    length, scale = _numbers(size)
    return make_type(word, length, scale, unsigned, zerofill, charset, collation, column=column)


def _numbers(size: Sequence[Any]) -> tuple[int | None, int | None]:
    if len(size) > 2 or any(type(item) is not int for item in size):
        raise Misplaced
    return (size[0] if size else None), (size[1] if len(size) > 1 else None)


def cast_sql_type(name: str, size: Sequence[Any], attributes: Sequence[Any]) -> SqlType:
    """The type of CAST(x AS ...): SIGNED and UNSIGNED [INTEGER] are bigint; the others as in column definitions."""
    charset: str | None = None
    collation: str | None = None
    unsigned = name.upper() == "UNSIGNED"
    for attribute in attributes:
        if isinstance(attribute, tuple):
            kind, text = attribute
            if kind == "charset":
                charset = text.lower()
            else:
                collation = text.lower()
        elif attribute == "UNSIGNED":
            unsigned = True
    word = name.upper()
    if word in ("SIGNED", "UNSIGNED", "INT", "INTEGER", "BIGINT"):
        return make_type("BIGINT", unsigned=unsigned)
    if word in ("DOUBLE", "REAL", "FLOAT") and not size:
        return make_type(word)
    given = {"charset": charset, "collation": collation, "unsigned": unsigned}
    if word in ("CHAR", "CHARACTER", "NCHAR", "VARCHAR", "BINARY") and not size:
        return column_sql_type("LONGTEXT" if word != "BINARY" else "LONGBLOB", (), given, "")
    if word in ("CHAR", "CHARACTER", "NCHAR"):
        return column_sql_type("VARCHAR", size, given, "")
    return column_sql_type("VARBINARY" if word == "BINARY" else name, size, given, "")
