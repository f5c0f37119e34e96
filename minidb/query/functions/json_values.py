"""JSON functions that read and build documents.  Bad JSON gives NULL with warning 4038, a bad path NULL with warning 4042."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minidb.errors import SqlError
from minidb.query.functions import result_types as rt
from minidb.query.functions.json_path import (
    BadPath,
    Number,
    Step,
    contains,
    depth,
    dump,
    from_sql,
    is_exact,
    load,
    parse_path,
    select,
)
from minidb.query.functions.registry import Maker, always_nullable, function, never_null
from minidb.query.functions.values import text
from minidb.types.sqltype import SqlType

Types = Sequence[SqlType]


def document_of(session: Any, value: Any, name: str, place: int = 1) -> tuple[bool, Any]:
    """(True, document) or, with a warning, (False, None)."""
    try:
        return True, load(text(value))
    except ValueError as error:
        position = getattr(error, "pos", 0) + 1
        session.warn("Warning", 4038, f"Syntax error in JSON text in argument {place} to function '{name}' at position {position}")
        return False, None


def path_of(session: Any, value: Any, name: str, place: int) -> tuple[Step, ...] | None:
    """The steps of a path; None with a warning if it is none."""
    try:
        return parse_path(text(value))
    except BadPath as error:
        position = error.args[0]
        session.warn("Warning", 4042, f"Syntax error in JSON path in argument {place} to function '{name}' at position {position}")
        return None


def by_types(name: str, home: dict[str, Any]) -> Maker:
    """Maker of an implementation that is told, as `json`, which arguments are JSON documents rather than strings."""

    def make(types: Types, collation: str | None) -> Callable[..., Any]:
        flags = tuple(t.name == "json" or t == rt.JSON for t in types)
        implementation = home[name]
        return lambda *args: implementation(*args, json=flags)

    return make


@function("JSON_VALID", 1, result=rt.always(rt.BOOLEAN), params="t")
def json_valid(value: Any) -> int:
    try:
        load(text(value))
    except ValueError:
        return 0
    return 1


@function("JSON_EXTRACT", 2, None, result=rt.always(rt.JSON), needs_session=True, nullable=always_nullable, params="t")
def json_extract(session: Any, value: Any, *paths: Any) -> str | None:
    """What the paths lead to: one value for one exact path, else an array of all."""
    ok, document = document_of(session, value, "json_extract")
    if not ok:
        return None
    found: list[Any] = []
    single = len(paths) == 1
    for place, path in enumerate(paths, 2):
        steps = path_of(session, path, "json_extract", place)
        if steps is None:
            return None
        single = single and is_exact(steps)
        found += select(document, steps)
    if not found:
        return None
    return dump(found[0] if single else found)


@function("JSON_UNQUOTE", 1, result=rt.string_like(rt.first_length), params="t")
def json_unquote(value: Any) -> str:
    """A JSON string without its quotes; everything else as it is."""
    shown = text(value)
    if shown[:1] != '"' or shown[-1:] != '"':
        return shown
    try:
        document = load(shown)
    except ValueError:
        return shown
    return document if isinstance(document, str) else shown


@function("JSON_QUOTE", 1, result=lambda types: rt.text(rt.characters(types[0]) * 2 + 2), nullable=always_nullable)
def json_quote(value: Any) -> str | None:
    """Text as a JSON string; NULL for what is no text."""
    return dump(value) if isinstance(value, str) else None


@function("JSON_ARRAY", 0, None, result=rt.always(rt.JSON), null_propagates=False, nullable=never_null,
          make=by_types("json_array", globals()))
def json_array(*values: Any, json: tuple[bool, ...] = ()) -> str:
    flags = json or (False,) * len(values)
    return dump([from_sql(v, flag) for v, flag in zip(values, flags, strict=True)])


@function("JSON_OBJECT", 0, None, result=rt.always(rt.JSON), null_propagates=False, nullable=never_null,
          make=by_types("json_object", globals()))
def json_object(*values: Any, json: tuple[bool, ...] = ()) -> str:
    """Key, value, key, value ...; raises 1582 for an odd count."""
    if len(values) % 2:
        raise SqlError.of(1582, "json_object")
    flags = json or (False,) * len(values)
    pairs = [f"{dump('NULL' if k is None else text(k))}: {dump(from_sql(v, flag))}"
             for k, v, flag in zip(values[::2], values[1::2], flags[1::2], strict=True)]
    return "{" + ", ".join(pairs) + "}"


def _placed(session: Any, name: str, value: Any, path: Any) -> list[Any]:
    """The values at `path` (the document itself without one)."""
    ok, document = document_of(session, value, name)
    if not ok:
        return []
    if path is None:
        return [document]
    steps = path_of(session, path, name, 2)
    return [] if steps is None else select(document, steps)


@function("JSON_LENGTH", 1, 2, result=rt.always(rt.BIGINT), needs_session=True, nullable=always_nullable, params="t")
def json_length(session: Any, value: Any, path: Any = None) -> int | None:
    """Members of an object, items of an array, 1 for a scalar."""
    found = _placed(session, "json_length", value, path)
    if not found:
        return None
    return len(found[0]) if isinstance(found[0], (dict, list)) else 1


@function("JSON_KEYS", 1, 2, result=rt.always(rt.JSON), needs_session=True, nullable=always_nullable, params="t")
def json_keys(session: Any, value: Any, path: Any = None) -> str | None:
    found = _placed(session, "json_keys", value, path)
    return dump(list(found[0])) if found and isinstance(found[0], dict) else None


@function("JSON_DEPTH", 1, result=rt.always(rt.BIGINT), needs_session=True, nullable=always_nullable, params="t")
def json_depth(session: Any, value: Any) -> int | None:
    found = _placed(session, "json_depth", value, None)
    return depth(found[0]) if found else None


def _type_name(document: Any) -> str:
    if document is None:
        return "NULL"
    if isinstance(document, bool):
        return "BOOLEAN"
    names: tuple[tuple[type, str], ...] = ((dict, "OBJECT"), (list, "ARRAY"), (str, "STRING"), (int, "INTEGER"), (Number, "DOUBLE"))
    return next((name for kind, name in names if isinstance(document, kind)), "DOUBLE")


@function("JSON_TYPE", 1, result=rt.always(rt.text(12)), needs_session=True, nullable=always_nullable, params="t")
def json_type(session: Any, value: Any) -> str | None:
    found = _placed(session, "json_type", value, None)
    return _type_name(found[0]) if found else None


@function("JSON_VALUE", 2, result=rt.string_like(rt.first_length), needs_session=True, nullable=always_nullable, params="t")
def json_value(session: Any, value: Any, path: Any) -> str | None:
    """The scalar at a path as text; NULL for objects and arrays."""
    for document in _placed(session, "json_value", value, path):
        if not isinstance(document, (dict, list)):
            if document is None:
                return None
            if isinstance(document, bool):
                return str(int(document))
            return document if isinstance(document, str) else dump(document)
    return None


@function("JSON_CONTAINS", 2, 3, result=rt.always(rt.BOOLEAN), needs_session=True, nullable=always_nullable, params="t")
def json_contains(session: Any, value: Any, wanted: Any, path: Any = None) -> int | None:
    found = _placed(session, "json_contains", value, path)
    ok, candidate = document_of(session, wanted, "json_contains", 2)
    if not found or not ok:
        return None
    return int(contains(found[0], candidate))


@function("JSON_CONTAINS_PATH", 3, None, result=rt.always(rt.BOOLEAN), needs_session=True, nullable=always_nullable, params="t")
def json_contains_path(session: Any, value: Any, how: Any, *paths: Any) -> int | None:
    """Whether 'one' or 'all' of the paths lead somewhere."""
    ok, document = document_of(session, value, "json_contains_path")
    steps = [path_of(session, p, "json_contains_path", i) for i, p in enumerate(paths, 3)]
    if not ok or None in steps or text(how).lower() not in ("one", "all"):
        return None
    hits = [bool(select(document, s)) for s in steps if s is not None]
    return int(any(hits) if text(how).lower() == "one" else all(hits))

