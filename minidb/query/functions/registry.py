"""`FunctionSpec`: all that the compiler knows of an SQL function, and the table of functions by name.

How a call is compiled: `check_count`, then `result_for(types, constants)` and `may_be_null(nullables)` for its type, then either
`inline_source(types)`, a template over the argument sources ``{0}``, ``{1}``, or a call of `bind(types, collation)` with the
argument values (the session goes first if `needs_session`).  With `null_propagates` the compiled code answers NULL itself when an
argument is NULL; the implementation never sees None then.

Special forms become plain arguments: ``DATE_ADD(x, INTERVAL a unit)`` is DATE_ADD(x, a, 'UNIT'), ``EXTRACT(unit FROM x)`` is
EXTRACT('UNIT', x), ``TRIM(side remove FROM x)`` is TRIM('SIDE', remove, x), TIMESTAMPDIFF('UNIT', a, b).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from minidb.errors import SqlError
from minidb.types.sqltype import Family, SqlType

Result = Callable[[Sequence[SqlType]], SqlType]
Nullable = Callable[[Sequence[bool]], bool]
Refine = Callable[[Sequence[SqlType], Sequence[Any]], SqlType]
Maker = Callable[[Sequence[SqlType], str | None], Callable[..., Any]]
F = TypeVar("F", bound=Callable[..., Any])

UNKNOWN: Any = object()  # stands for an argument that is no constant


def never_null(arguments: Sequence[bool]) -> bool:
    return False


def always_nullable(arguments: Sequence[bool]) -> bool:
    return True


def null_if_any(arguments: Sequence[bool]) -> bool:
    return any(arguments)


def null_if_all(arguments: Sequence[bool]) -> bool:
    return all(arguments)


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One SQL function.

    max_args None: any number.  impl(*values), or impl(session, *values) with needs_session.  make(types, collation): gives an
    implementation for these argument types, preferred over impl.  params: one letter for each parameter, the last one repeating:
    t text, n number, i integer, d date or time, x as it is; implementations coerce for themselves, but a compiler that knows the
    static type should render 't' arguments by it (a FLOAT has six digits).  inline: template usable when every argument is NOT
    NULL and of a family in inline_families.  deterministic: same arguments, same result, within a statement.
    refine(types, constants): a better result type where arguments are constants (the digits of ROUND, the unit of DATE_ADD).
    """

    name: str
    min_args: int
    max_args: int | None
    result: Result
    impl: Callable[..., Any]
    null_propagates: bool = True
    needs_session: bool = False
    deterministic: bool = True
    inline: str | None = None
    inline_families: frozenset[Family] = frozenset()
    nullable: Nullable = null_if_any
    make: Maker | None = None
    params: str = "x"
    refine: Refine | None = None

    def result_for(self, types: Sequence[SqlType], constants: Sequence[Any] = ()) -> SqlType:
        """The type of a call with arguments of `types`; `constants` holds the value of each argument that is a constant and
        UNKNOWN for the others."""
        if self.refine is None or len(constants) != len(types):
            return self.result(types)
        return self.refine(types, constants)

    def check_count(self, count: int) -> None:
        """Raises 1582 if the function does not take `count` arguments."""
        if count < self.min_args or (self.max_args is not None and count > self.max_args):
            raise SqlError.of(1582, self.name)

    def may_be_null(self, arguments: Sequence[bool]) -> bool:
        """Whether the result may be NULL, given which arguments may be."""
        return self.nullable(arguments)

    def param(self, index: int) -> str:
        """The letter of parameter `index`."""
        return self.params[min(index, len(self.params) - 1)]

    def bind(self, types: Sequence[SqlType], collation: str | None = None) -> Callable[..., Any]:
        """The implementation for arguments of `types`; `collation` governs comparisons of strings inside it."""
        return self.impl if self.make is None else self.make(types, collation)

    def inline_source(self, types: Sequence[SqlType]) -> str | None:
        """The inline template, if it is right for arguments of `types`."""
        if self.inline is None or any(t.family not in self.inline_families for t in types):
            return None
        return self.inline

    def evaluate(self, session: Any, values: Sequence[Any], types: Sequence[SqlType] = (), collation: str | None = None) -> Any:
        """Call the function on `values`, NULL handling included; raises 1582."""
        self.check_count(len(values))
        if self.null_propagates and None in values:
            return None
        function = self.bind(types, collation)
        return function(session, *values) if self.needs_session else function(*values)


REGISTRY: dict[str, FunctionSpec] = {}


def function(name: str, min_args: int, max_args: int | None = -1, *, result: Result, null_propagates: bool = True,
             needs_session: bool = False, deterministic: bool = True, inline: str | None = None,
             families: Sequence[Family] = (), nullable: Nullable | None = None, make: Maker | None = None,
             params: str = "x", refine: Refine | None = None) -> Callable[[F], F]:
    """Register the decorated implementation under `name` and its synonyms ('CEIL CEILING').  max_args -1: as min_args."""
    if nullable is None:
        nullable = null_if_any if null_propagates else always_nullable

    def register(impl: F) -> F:
        for word in name.split():
            assert word not in REGISTRY, f"{word} is registered twice"
            REGISTRY[word] = FunctionSpec(
                word, min_args, min_args if max_args == -1 else max_args, result, impl, null_propagates, needs_session,
                deterministic, inline, frozenset(families), nullable, make, params, refine)
        return impl

    return register
