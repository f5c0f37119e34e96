"""Functions about the session and about values' character sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minidb.errors import SqlError
from minidb.query.functions import result_types as rt
from minidb.query.functions.registry import always_nullable, function, never_null
from minidb.types import coerce
from minidb.types.sqltype import Family, SqlType

Types = Sequence[SqlType]


@function("VERSION", 0, result=rt.always(rt.text(60)), needs_session=True)
def version(session: Any) -> str:
    return str(session.variable("", "version"))


@function("DATABASE SCHEMA", 0, result=rt.always(rt.text(64)), needs_session=True, nullable=always_nullable)
def database(session: Any) -> str | None:
    name: str | None = session.database
    return name


@function("USER CURRENT_USER SESSION_USER SYSTEM_USER", 0, result=rt.always(rt.text(288)), needs_session=True)
def user(session: Any) -> str:
    return session.user if "@" in session.user else f"{session.user}@localhost"


@function("CURRENT_ROLE", 0, result=rt.always(rt.text(128)), nullable=always_nullable)
def current_role() -> str | None:
    """Always NULL: there are no roles."""
    return None


@function("CONNECTION_ID", 0, result=rt.always(rt.BIGINT), needs_session=True)
def connection_id(session: Any) -> int:
    return int(session.connection_id)


@function("LAST_INSERT_ID", 0, 1, result=rt.always(rt.UNSIGNED), null_propagates=False, needs_session=True, deterministic=False,
          params="i")
def last_insert_id(session: Any, *value: Any) -> int | None:
    """The first AUTO_INCREMENT value of the last INSERT; with an argument, remembers and returns it."""
    if value:
        if value[0] is None:
            session.last_insert_id = 0
            return None
        session.last_insert_id = coerce.to_int(value[0]) & ((1 << 64) - 1)
    return int(session.last_insert_id)


@function("ROW_COUNT", 0, result=rt.always(rt.BIGINT), needs_session=True)
def row_count(session: Any) -> int:
    return int(session.row_count)


@function("FOUND_ROWS", 0, result=rt.always(rt.BIGINT), needs_session=True)
def found_rows(session: Any) -> int:
    return int(session.found_rows)


def _charset_of(types: Types) -> tuple[str, str]:
    t = types[0] if types else None
    if t is None or t.family is Family.STRING:
        return (t.charset if t else None) or "utf8mb4", (t.collation if t else None) or rt.DEFAULT_COLLATION
    return "binary", "binary"


def _make_charset(types: Types, collation: str | None) -> Callable[..., Any]:
    name = _charset_of(types)[0]
    return lambda value: name


@function("CHARSET", 1, result=rt.always(rt.text(64)), null_propagates=False, nullable=never_null, make=_make_charset)
def charset(value: Any) -> str:
    return "utf8mb4" if isinstance(value, str) else "binary"


def _make_collation(types: Types, collation: str | None) -> Callable[..., Any]:
    name = _charset_of(types)[1]
    return lambda value: name


@function("COLLATION", 1, result=rt.always(rt.text(64)), null_propagates=False, nullable=never_null, make=_make_collation)
def collation_(value: Any) -> str:
    return rt.DEFAULT_COLLATION if isinstance(value, str) else "binary"


def _make_coercibility(types: Types, collation: str | None) -> Callable[..., Any]:
    t = types[0] if types else rt.NULL
    level = 6 if t.family is Family.NULL else 5 if t.family not in (Family.STRING, Family.BYTES) else 4
    return lambda value: level


@function("COERCIBILITY", 1, result=rt.always(rt.INT), null_propagates=False, nullable=never_null, make=_make_coercibility)
def coercibility(value: Any) -> int:
    """4 for strings, 5 for numbers and dates, 6 for NULL (explicit and column collations are not told apart)."""
    return 6 if value is None else 4 if isinstance(value, (str, bytes)) else 5


@function("SLEEP", 1, result=rt.always(rt.INT), needs_session=True, deterministic=False, params="n")
def sleep(session: Any, seconds: Any) -> int:
    """Waits; raises 1210 for a negative number.  The session does the waiting, on its scheduler's clock."""
    duration = coerce.to_double(seconds)
    if duration < 0:
        raise SqlError.of(1210, "sleep.")
    session.sleep(duration)
    return 0
