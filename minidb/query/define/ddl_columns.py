"""Columns of CREATE and ALTER TABLE: `ColumnSpec` of the syntax tree -> `Column` of the catalog.

Rules
1. A character column without a charset takes the table's; a collation alone brings its charset; charset and collation must
   agree (1253).
2. A DEFAULT is converted to the column's type when the table is defined; what cannot be stored unchanged is 1067.
3. Anything but a constant or CURRENT_TIMESTAMP is kept as the expression's text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from minidb.catalog import Column, Default
from minidb.dictionary import Dictionary
from minidb.errors import DataError, Error, IntegrityError, SqlError, unsupported
from minidb.query import ast
from minidb.query.define.expression_text import default_text
from minidb.types.coerce import negated
from minidb.types.sqltype import Family, SqlType

if TYPE_CHECKING:
    from minidb.types.collation import Collation

NAME_LIMIT = 64
COMMENT_LIMIT = 1024
NOW_NAMES = frozenset({"NOW", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP"})
AUTO_FAMILIES = frozenset({Family.INT, Family.FLOAT})


def _no_warning(level: str, code: int, message: str) -> None:
    """Where nobody listens to notes."""


@dataclass(slots=True)
class DefineEnv:
    """What a definition is made in: the dictionary (ids, other tables), the session's modes, and where notes go."""

    dictionary: Dictionary
    db: str
    engines: tuple[str, ...] = ("InnoDB", "MyISAM")
    default_engine: str = "InnoDB"
    sql_mode: frozenset[str] = frozenset()
    foreign_key_checks: bool = True
    warn: Callable[[str, int, str], None] = _no_warning
    find: Callable[[str, str], Any] | None = None  # (db, name) -> TableDef | None; temporary tables before the dictionary's
    temporary: bool = field(default=False)
    descending_engines: tuple[str, ...] = ("InnoDB", "MyISAM")  # whose indexes may have DESC parts

    @property
    def strict(self) -> bool:
        return bool(self.sql_mode & {"STRICT_TRANS_TABLES", "STRICT_ALL_TABLES"})


def check_name(name: str, code: int) -> str:
    """`name`, if it may name a database (code 1102), table (1103) or column (1166); raises `code` or 1059."""
    if len(name) > NAME_LIMIT:
        raise SqlError.of(1059, name)
    if not name or name.endswith(" ") or "\0" in name:
        raise SqlError.of(code, name)
    if code in (1102, 1103) and (name.startswith("#") or "/" in name or name in (".", "..")):
        raise SqlError.of(code, name)
    return name


# ---- charsets
def find_collation(name: str) -> Collation:
    """The collation called `name`; raises 1273."""
    from minidb.types import collation

    try:
        return collation.get_collation(name)
    except (KeyError, Error):
        raise SqlError.of(1273, name) from None


def charset_default(charset: str) -> str:
    """Name of the default collation of `charset`; raises 1115."""
    from minidb.types import collation

    try:
        return collation.default_collation(charset).name
    except (KeyError, Error):
        raise SqlError.of(1115, charset) from None


def resolve_charset(charset: str | None, collation: str | None, default: tuple[str, str]) -> tuple[str, str]:
    """(charset, collation) from what was written and the default of the level above (rule 1)."""
    if charset is not None:
        charset = "utf8mb3" if charset.lower() == "utf8" else charset.lower()
    if collation is not None:
        found = find_collation(collation)
        if charset is not None and found.charset != charset:
            raise SqlError.of(1253, found.name, charset)
        return found.charset, found.name
    if charset is not None:
        return charset, charset_default(charset)
    return default


def charset_options(options: tuple[tuple[str, str], ...], default: tuple[str, str]) -> tuple[str, str]:
    """(charset, collation) of the CHARSET and COLLATE options of a table or database."""
    charset = collation = None
    for name, value in options:
        if name in ("CHARSET", "CHARACTER SET", "DEFAULT CHARSET", "DEFAULT CHARACTER SET"):
            charset = None if value.upper() == "DEFAULT" else value
        elif name in ("COLLATE", "DEFAULT COLLATE"):
            collation = value
    return resolve_charset(charset, collation, default)


def is_character(t: SqlType) -> bool:
    """Whether the type has a character set."""
    return t.family is Family.STRING


def with_charset(t: SqlType, default: tuple[str, str]) -> SqlType:
    """`t` with charset and collation filled in (rule 1), and its length checked against them (1074)."""
    if not is_character(t):
        return t
    if t.name == "json":
        return replace(t, charset="utf8mb4", collation="utf8mb4_bin")
    if t.charset == "binary":
        return _binary_twin(t)
    charset, collation = resolve_charset(t.charset, t.collation, default)
    return replace(t, charset=charset, collation=collation)


_BINARY_NAMES = {"char": "binary", "varchar": "varbinary", "tinytext": "tinyblob", "text": "blob", "mediumtext": "mediumblob",
                 "longtext": "longblob"}


def _binary_twin(t: SqlType) -> SqlType:
    """CHAR CHARACTER SET binary is BINARY, TEXT ... BLOB."""
    name = _BINARY_NAMES.get(t.name)
    if name is None:
        return replace(t, charset="binary", collation="binary")
    return replace(t, family=Family.BYTES, name=name, charset=None, collation=None)


MAX_BYTES = {"utf8mb4": 4, "utf8mb3": 3, "utf8": 3, "ucs2": 2, "utf16": 4, "utf16le": 4, "utf32": 4}


def char_bytes(t: SqlType) -> int:
    """The most bytes that one character of the type takes (1 for binary strings)."""
    return MAX_BYTES.get(t.charset or "", 1)


def check_length(t: SqlType, column: str) -> None:
    """1074 for a CHAR longer than 255 or a VARCHAR that cannot fit into a row."""
    if t.length is None:
        return
    if t.name in ("char", "binary") and t.length > 255:
        raise SqlError.of(1074, column, 255)
    if t.name in ("varchar", "varbinary") and t.length * char_bytes(t) > 65535:
        raise SqlError.of(1074, column, 65535 // char_bytes(t))


# ---- defaults
def is_now(expr: ast.Expr | None) -> bool:
    return isinstance(expr, ast.Call) and expr.name in NOW_NAMES


def constant_of(expr: ast.Expr) -> tuple[bool, Any]:
    """(True, value) if `expr` is a literal, possibly signed; else (False, None)."""
    if isinstance(expr, ast.Literal):
        return True, expr.value
    if isinstance(expr, ast.Unary) and expr.op in ("-", "+"):
        known, value = constant_of(expr.operand)
        if (known and isinstance(value, (int, float))) or (known and type(value).__name__ == "Decimal"):
            return True, negated(value) if expr.op == "-" else value
    return False, None


def stored_constant(value: Any, t: SqlType, column: str) -> Any:
    """`value` as a column of type `t` stores it; raises 1067 if it cannot be stored unchanged."""
    from minidb.types import convert

    context = convert.StoreContext(column=column, table=("", ""), row=1, strict=True, ignore=False, warn=_no_warning)
    try:
        return convert.storer(t, True)(value, context)
    except (DataError, IntegrityError):
        raise SqlError.of(1067, column) from None


def default_of(expr: ast.Expr | None, t: SqlType, column: str, nullable: bool) -> Default | None:
    """The DEFAULT clause as the catalog keeps it; None when there is none, and for DEFAULT NULL."""
    if expr is None:
        return None
    if is_now(expr) and t.name in ("datetime", "timestamp"):
        return Default(current_timestamp=True)
    known, value = constant_of(expr)
    if not known:
        return Default(expression=default_text(expr))
    if value is None:
        if not nullable:
            raise SqlError.of(1067, column)
        return None
    return Default(stored_constant(value, t, column))


# ---- columns
def build_column(spec: ast.ColumnSpec, default_charset: tuple[str, str], *, forced_not_null: bool = False) -> Column:
    """One column.  `forced_not_null`: it belongs to the primary key.  Raises 1063 1067 1074 1115 1166 1235 1253 1294."""
    check_name(spec.name, 1166)
    if spec.generated is not None:
        raise unsupported("generated columns")
    if len(spec.comment) > COMMENT_LIMIT:
        raise SqlError.text(1105, f"Comment for field '{spec.name}' is too long (max = {COMMENT_LIMIT})")
    t = with_charset(spec.type, default_charset)
    check_length(t, spec.name)
    nullable = spec.nullable is not False and not forced_not_null and not spec.primary and not spec.auto_increment
    if spec.auto_increment:
        if t.family not in AUTO_FAMILIES or t.name in ("bit", "year"):
            raise SqlError.of(1063, spec.name)
        if spec.default is not None:
            raise SqlError.of(1067, spec.name)
    on_update = spec.on_update is not None
    if on_update and (t.name not in ("datetime", "timestamp") or not is_now(spec.on_update)):
        raise SqlError.of(1294, spec.name)
    explicit_null = isinstance(spec.default, ast.Literal) and spec.default.value is None
    if explicit_null and forced_not_null and spec.nullable is not False:
        default = None
    else:
        default = default_of(spec.default, t, spec.name, nullable)
    return Column(spec.name, t, nullable, default, spec.auto_increment, spec.comment, on_update, spec.invisible)


def implicit_default(t: SqlType) -> Any:
    """The value that a NOT NULL column without DEFAULT takes when it has to take one (ADD COLUMN, INSERT IGNORE)."""
    import datetime

    if t.name == "enum" and t.members:
        return t.members[0]
    if t.family is Family.INT:
        return 0
    if t.family is Family.FLOAT:
        return 0.0
    if t.family is Family.DECIMAL:
        from decimal import Decimal

        return Decimal(0).scaleb(-(t.scale or 0))
    if t.family is Family.BYTES:
        return b"\0" * (t.length or 1) if t.name == "binary" else b""
    if t.family is Family.TIME:
        return datetime.timedelta(0)
    if t.family is Family.DATE:
        return stored_constant("0000-00-00", t, "")
    if t.family is Family.DATETIME:
        return stored_constant("0000-00-00 00:00:00", t, "")
    return ""
