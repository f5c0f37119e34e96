"""JSON functions that give a changed copy of a document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minidb.query.functions import result_types as rt
from minidb.query.functions.json_path import Step, dump, from_sql, select
from minidb.query.functions.json_values import by_types, document_of, path_of
from minidb.query.functions.registry import always_nullable, function
from minidb.types.sqltype import SqlType

Types = Sequence[SqlType]
_MISSING = object()
Change = Callable[[Any, Step, Any], None]


def _present(parent: Any, step: Step) -> bool:
    if step[0] == "key":
        return isinstance(parent, dict) and step[1] in parent
    return isinstance(parent, list) and -len(parent) <= step[1] < len(parent)


def _assign(parent: Any, step: Step, value: Any) -> None:
    if step[0] == "key":
        if isinstance(parent, dict):
            parent[step[1]] = value
    elif isinstance(parent, list):
        if _present(parent, step):
            parent[step[1]] = value
        else:
            parent.append(value)


def _insert(parent: Any, step: Step, value: Any) -> None:
    if not _present(parent, step):
        _assign(parent, step, value)


def _replace(parent: Any, step: Step, value: Any) -> None:
    if _present(parent, step):
        _assign(parent, step, value)


def _append(parent: Any, step: Step, value: Any) -> None:
    if _present(parent, step):
        old = parent[step[1]]
        parent[step[1]] = [*old, value] if isinstance(old, list) else [old, value]


def _change(session: Any, name: str, change: Change, value: Any, pairs: tuple[Any, ...], flags: tuple[bool, ...]) -> str | None:
    """`value` with `change` made at each path; NULL if the document or a path is NULL or bad."""
    if value is None or None in pairs[::2]:
        return None
    ok, document = document_of(session, value, name)
    if not ok:
        return None
    kinds = flags or (False,) * (len(pairs) + 1)
    for place in range(0, len(pairs), 2):
        steps = path_of(session, pairs[place], name, place + 2)
        if steps is None:
            return None
        new = from_sql(pairs[place + 1], kinds[place + 2])
        if not steps:
            document = _whole(document, change, new)
            continue
        for parent in select(document, steps[:-1])[:1]:
            change(parent, steps[-1], new)
    return dump(document)


def _whole(document: Any, change: Change, value: Any) -> Any:
    """A change at the path '$'."""
    if change is _append:
        return [*document, value] if isinstance(document, list) else [document, value]
    return document if change is _insert else value


def _register(name: str, change: Change) -> None:
    lowered = name.lower()

    def implementation(session: Any, value: Any, *pairs: Any, json: tuple[bool, ...] = ()) -> str | None:
        return _change(session, lowered, change, value, pairs, json)

    function(name, 3, None, result=rt.always(rt.JSON), null_propagates=False, needs_session=True, nullable=always_nullable,
             make=by_types(lowered, {lowered: implementation}), params="ttx")(implementation)


_register("JSON_SET", _assign)
_register("JSON_INSERT", _insert)
_register("JSON_REPLACE", _replace)
_register("JSON_ARRAY_APPEND", _append)


@function("JSON_REMOVE", 2, None, result=rt.always(rt.JSON), needs_session=True, nullable=always_nullable, params="t")
def json_remove(session: Any, value: Any, *paths: Any) -> str | None:
    """The document without what the paths lead to."""
    ok, document = document_of(session, value, "json_remove")
    if not ok:
        return None
    for place, path in enumerate(paths, 2):
        steps = path_of(session, path, "json_remove", place)
        if not steps:
            return None
        for parent in select(document, steps[:-1])[:1]:
            if _present(parent, steps[-1]):
                del parent[steps[-1][1]]
    return dump(document)


def _merge_preserve(a: Any, b: Any) -> Any:
    if isinstance(a, dict) and isinstance(b, dict):
        merged = dict(a)
        for key, value in b.items():
            merged[key] = _merge_preserve(a[key], value) if key in a else value
        return merged
    return [*(a if isinstance(a, list) else [a]), *(b if isinstance(b, list) else [b])]


def _merge_patch(a: Any, b: Any) -> Any:
    if not isinstance(b, dict):
        return b
    merged = dict(a) if isinstance(a, dict) else {}
    for key, value in b.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge_patch(merged.get(key), value)
    return merged


def _merged(session: Any, name: str, merge: Callable[[Any, Any], Any], values: tuple[Any, ...]) -> str | None:
    result: Any = _MISSING
    for place, value in enumerate(values, 1):
        ok, document = document_of(session, value, name, place)
        if not ok:
            return None
        result = document if result is _MISSING else merge(result, document)
    return dump(result)


@function("JSON_MERGE JSON_MERGE_PRESERVE", 2, None, result=rt.always(rt.JSON), needs_session=True, nullable=always_nullable,
          params="t")
def json_merge(session: Any, *values: Any) -> str | None:
    """Objects joined member by member, everything else as arrays."""
    return _merged(session, "json_merge_preserve", _merge_preserve, values)


@function("JSON_MERGE_PATCH", 2, None, result=rt.always(rt.JSON), needs_session=True, nullable=always_nullable, params="t")
def json_merge_patch(session: Any, *values: Any) -> str | None:
    """RFC 7396: later members win, null removes."""
    return _merged(session, "json_merge_patch", _merge_patch, values)


@function("JSON_COMPACT", 1, result=rt.always(rt.JSON), needs_session=True, nullable=always_nullable, params="t")
def json_compact(session: Any, value: Any) -> str | None:
    """The document without white space."""
    ok, document = document_of(session, value, "json_compact")
    return _compact(document) if ok else None


def _compact(document: Any) -> str:
    if isinstance(document, dict):
        return "{" + ",".join(f"{dump(k)}:{_compact(v)}" for k, v in document.items()) + "}"
    if isinstance(document, list):
        return "[" + ",".join(map(_compact, document)) + "]"
    return dump(document)
