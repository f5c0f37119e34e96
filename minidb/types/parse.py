"""`make_type`: from the words of a column definition to a `SqlType`, with MySQL's defaults and limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from minidb.errors import Error, OperationalError, RolledBack, SqlError
from minidb.types.collation import CHARSETS, check_pair
from minidb.types.sqltype import Family, SqlType

_INTEGERS = {"TINYINT": "tinyint", "SMALLINT": "smallint", "MEDIUMINT": "mediumint", "INT": "int", "INTEGER": "int",
             "BIGINT": "bigint", "INT1": "tinyint", "INT2": "smallint", "INT3": "mediumint", "MIDDLEINT": "mediumint",
             "INT4": "int", "INT8": "bigint"}
_DECIMALS = ("DECIMAL", "NUMERIC", "DEC", "FIXED", "NUMBER")
_DOUBLES = ("DOUBLE", "DOUBLE PRECISION", "REAL", "FLOAT8")
_TEXTS = (("tinytext", 255), ("text", 65_535), ("mediumtext", 16_777_215), ("longtext", 4_294_967_295))
_CHARS = {"CHAR": "char", "CHARACTER": "char", "NCHAR": "char", "NATIONAL CHAR": "char", "NATIONAL CHARACTER": "char",
          "VARCHAR": "varchar", "NVARCHAR": "varchar", "NATIONAL VARCHAR": "varchar", "NATIONAL CHARACTER VARYING": "varchar",
          "NCHAR VARCHAR": "varchar", "NATIONAL CHAR VARYING": "varchar", "NCHAR VARYING": "varchar",
          "CHARACTER VARYING": "varchar", "CHAR VARYING": "varchar", "VARCHARACTER": "varchar"}
TEXT_BYTES = dict(_TEXTS) | {name.replace("text", "blob"): size for name, size in _TEXTS}
MAX_ROW_BYTES = 65_535
MAX_PRECISION, MAX_SCALE, MAX_FRACTION, MAX_WIDTH, MAX_BITS, MAX_CHAR = 65, 38, 6, 255, 64, 255


def make_type(name: str, length: int | None = None, scale: int | None = None, unsigned: bool = False, zerofill: bool = False,
              charset: str | None = None, collation: str | None = None, members: Sequence[str] = (), *,
              column: str = "") -> SqlType:
    """The type written as `name` (any case) with its modifiers.  charset and collation stay None when neither is written: see
    `with_charset`.  `column` is named in errors: 1074 1425 1426 1427 1439 (limits), 1115 1253 1273 (character set), 1291."""
    word = " ".join(name.upper().split())
    unsigned = unsigned or zerofill
    if word in _INTEGERS:
        if length is not None and length > MAX_WIDTH:
            raise SqlError.of(1439, column, MAX_WIDTH)
        return SqlType(Family.INT, _INTEGERS[word], length, unsigned=unsigned, zerofill=zerofill)
    if word in ("BOOL", "BOOLEAN"):
        return SqlType(Family.INT, "tinyint", 1)
    if word == "SERIAL":
        return SqlType(Family.INT, "bigint", unsigned=True)
    if word in _DECIMALS:
        return _decimal(length, scale, unsigned, zerofill, column)
    if word in _DOUBLES or word in ("FLOAT", "FLOAT4"):
        return _float(word, length, scale, unsigned, zerofill, column)
    if word == "BIT":
        return SqlType(Family.INT, "bit", _limited(length or 1, MAX_BITS, 1439, column), unsigned=True)
    if word == "YEAR":
        return SqlType(Family.INT, "year", 4, unsigned=True, zerofill=True)
    if word in ("DATE", "DATETIME", "TIMESTAMP", "TIME"):
        return _temporal(word, length, column)
    return _character_type(word, length, charset, collation, members, column)


_CASTS = {"SIGNED": "BIGINT", "SIGNED INTEGER": "BIGINT", "SIGNED INT": "BIGINT", "INTEGER": "BIGINT", "INT": "BIGINT",
          "UNSIGNED": "BIGINT", "UNSIGNED INTEGER": "BIGINT", "UNSIGNED INT": "BIGINT"}


def cast_type(name: str, length: int | None = None, scale: int | None = None, charset: str | None = None) -> SqlType:
    """The type of CAST(x AS name(length, scale) CHARACTER SET charset).  CHAR and BINARY without a length have no limit."""
    word = " ".join(name.upper().split())
    if word in _CASTS:
        return make_type(_CASTS[word], unsigned=word.startswith("UNSIGNED"))
    if word in ("BINARY", "VARBINARY") or (charset or "").lower() == "binary":
        return SqlType(Family.BYTES, "binary" if length is not None else "varbinary", length)
    if word in _CHARS:
        made_charset, collation = check_pair(charset or ("utf8mb3" if word.startswith("N") else None), None)
        return SqlType(Family.STRING, "varchar", length, charset=made_charset, collation=collation)
    return make_type(word, length, scale)


def _limited(value: int, limit: int, code: int, column: str) -> int:
    if value > limit:
        raise SqlError.of(code, column, limit)
    return value


def _decimal(length: int | None, scale: int | None, unsigned: bool, zerofill: bool, column: str) -> SqlType:
    precision, digits = (10 if length in (None, 0) else int(length or 0)), scale or 0
    if digits > MAX_SCALE:
        raise SqlError.of(1425, digits, column, MAX_SCALE)
    if precision > MAX_PRECISION:
        raise SqlError.of(1426, precision, column, MAX_PRECISION)
    if precision < digits:
        raise SqlError.of(1427, column)
    return SqlType(Family.DECIMAL, "decimal", precision, digits, unsigned, zerofill)


def _float(word: str, length: int | None, scale: int | None, unsigned: bool, zerofill: bool, column: str) -> SqlType:
    single = word in ("FLOAT", "FLOAT4")
    if scale is None:
        if length is not None and single and length > 53:
            raise SqlError.of(1063, column)
        name = "float" if single and (length is None or length <= 24) else "double"
        return SqlType(Family.FLOAT, name, unsigned=unsigned, zerofill=zerofill)
    if length is not None and length < scale:
        raise SqlError.of(1427, column)
    return SqlType(Family.FLOAT, "float" if single else "double", length, scale, unsigned, zerofill)


def _temporal(word: str, digits: int | None, column: str) -> SqlType:
    family = {"DATE": Family.DATE, "TIME": Family.TIME}.get(word, Family.DATETIME)
    if digits is not None and digits > MAX_FRACTION:
        raise SqlError.of(1426, digits, column, MAX_FRACTION)
    return SqlType(family, word.lower(), scale=None if word == "DATE" else digits or 0)


def _character_type(word: str, length: int | None, charset: str | None, collation: str | None, members: Sequence[str],
                    column: str) -> SqlType:
    if charset is not None and charset.lower() == "binary" and (word in _CHARS or word in _TEXT_WORDS):
        word, charset, collation = _AS_BINARY.get(_CHARS.get(word, word), word), None, None
    if word == "BINARY":
        return SqlType(Family.BYTES, "binary", _limited(1 if length is None else length, MAX_CHAR, 1074, column))
    if word in ("VARBINARY", "CHAR BYTE"):
        return SqlType(Family.BYTES, "varbinary", _limited(1 if length is None else length, MAX_ROW_BYTES, 1074, column))
    if word in _BLOB_WORDS:
        return SqlType(Family.BYTES, _sized(_BLOB_WORDS[word], length), None)
    if word == "JSON":
        return SqlType(Family.STRING, "json", charset="utf8mb4", collation="utf8mb4_bin")
    if charset is None and collation is None and (word.startswith("N") and word != "NUMBER"):
        charset = "utf8mb3"
    charset, collation = check_pair(charset, collation)
    if word in ("ENUM", "SET"):
        return _member_type(word, charset, collation, members, column)
    if word in _TEXT_WORDS:
        return SqlType(Family.STRING, _sized(_TEXT_WORDS[word], length), charset=charset, collation=collation)
    if word not in _CHARS:
        raise SqlError.of(1235, word)
    kind = _CHARS[word]
    size = 1 if length is None else length
    _limited(size, MAX_CHAR if kind == "char" else _most_characters(charset), 1074, column)
    return SqlType(Family.STRING, kind, size, charset=charset, collation=collation)


_TEXT_WORDS = {"TINYTEXT": "tinytext", "TEXT": "text", "MEDIUMTEXT": "mediumtext", "LONGTEXT": "longtext",
               "LONG": "mediumtext", "LONG VARCHAR": "mediumtext"}
_BLOB_WORDS = {"TINYBLOB": "tinyblob", "BLOB": "blob", "MEDIUMBLOB": "mediumblob", "LONGBLOB": "longblob",
               "LONG VARBINARY": "mediumblob"}
_AS_BINARY = {"char": "BINARY", "varchar": "VARBINARY", "TINYTEXT": "TINYBLOB", "TEXT": "BLOB", "MEDIUMTEXT": "MEDIUMBLOB",
              "LONGTEXT": "LONGBLOB"}


def _most_characters(charset: str | None) -> int:
    return MAX_ROW_BYTES if charset is None else MAX_ROW_BYTES // CHARSETS[charset].width


def _sized(name: str, length: int | None) -> str:
    """TEXT(n) and BLOB(n) are the smallest of their kind that holds n bytes."""
    if length is None or name not in ("text", "blob"):
        return name
    suffix = name
    return next((text.replace("text", suffix) for text, size in _TEXTS if length <= size), "long" + suffix)


def _member_type(word: str, charset: str | None, collation: str | None, members: Sequence[str], column: str) -> SqlType:
    stripped = tuple(m.rstrip(" ") for m in members)
    seen: set[str] = set()
    for member in stripped:
        if member.lower() in seen:
            raise _duplicate_member(column, member, word)
        seen.add(member.lower())
    if word == "SET" and (len(stripped) > MAX_BITS or any("," in m for m in stripped)):
        raise SqlError.of(1063, column)
    return SqlType(Family.STRING, word.lower(), charset=charset, collation=collation, members=stripped)


def _duplicate_member(column: str, member: str, word: str) -> Error:
    message = f"Column '{column}' has duplicated value '{member}' in {word}"
    return SqlError.make(OperationalError, 1291, message, "ER_DUPLICATED_VALUE_IN_TYPE", "HY000", RolledBack.NOTHING)


def with_charset(t: SqlType, charset: str, collation: str, *, column: str = "") -> SqlType:
    """`t` with the table's character set and collation where it is a string without its own.  Raises 1074 when the characters
    asked for do not fit a row in that character set."""
    if t.family is not Family.STRING or t.collation is not None:
        return t
    if t.name == "varchar":
        _limited(t.length or 0, _most_characters(charset), 1074, column)
    return replace(t, charset=charset, collation=collation)


def max_octets(t: SqlType) -> int:
    """Bytes that a value of the string or binary type `t` can take at most (CHARACTER_OCTET_LENGTH, key_len)."""
    if t.name in TEXT_BYTES:
        return TEXT_BYTES[t.name]
    if t.name == "json":
        return TEXT_BYTES["longtext"]
    width = CHARSETS[t.charset or "utf8mb4"].width if t.family is Family.STRING else 1
    if t.name == "enum":
        return max((len(m) for m in t.members), default=0) * width
    if t.name == "set":
        return len(",".join(t.members)) * width
    return (t.length or 0) * width
