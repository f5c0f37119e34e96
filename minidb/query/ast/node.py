"""`node`: the decorator behind every class of the syntax tree: a frozen dataclass with slots, made cheaply.

`dataclass(frozen=True, slots=True)` compiles six functions for each class; ninety classes take 60 ms of every start.  Here a class
gets its ``__init__`` compiled when its first node is made, and comparison, hash and text are written once, in `Node`.
`dataclasses.fields` and `dataclasses.replace` work as on any dataclass, and ordinary frozen dataclasses may inherit from nodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from typing import Any, ClassVar, TypeVar, dataclass_transform

T = TypeVar("T")
_compared: dict[type, tuple[str, ...]] = {}


def _first_init(self: Any, *args: Any, **kwargs: Any) -> None:
    """Stands for ``__init__`` until the first node of a class is made: compiles the real one, installs it, calls it."""
    cls = type(self)
    env: dict[str, Any] = {"put": object.__setattr__}
    parameters, body = ["self"], []
    for f in fields(cls):
        text = f.name
        if f.default is not MISSING:
            env[f"default_{f.name}"] = f.default
            text += f"=default_{f.name}"
        parameters.append(text)
        body.append(f"    put(self, {f.name!r}, {f.name})")
    source = f"def __init__({', '.join(parameters)}):\n" + ("\n".join(body) or "    pass")
    exec(source, env)
    init: Callable[..., None] = env["__init__"]
    cls.__init__ = init
    init(self, *args, **kwargs)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def node(cls: type[T]) -> type[T]:
    """Make `cls`, a subclass of `Node` (or `Node` itself), a class of the syntax tree."""
    _declare_frozen(cls.__mro__[1:], False)
    made = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    made.__init__ = _first_init  # type: ignore[method-assign]  # mypy knows the generated signature only
    _declare_frozen(made.__mro__, True)
    return made


def _declare_frozen(classes: tuple[type, ...], frozen: bool) -> None:
    """Node refuses assignments, so its classes say that they are frozen; `dataclass` wants them unfrozen while it adds to them."""
    for cls in classes:
        if "__dataclass_params__" in vars(cls):
            vars(cls)["__dataclass_params__"].frozen = frozen


@node
class Node:
    """Base of the syntax tree.  Nodes cannot be changed; equal ones have equal fields (places in the text are not compared)."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __setattr__(self, name: str, value: Any) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _compared_names(self.__class__))

    def __hash__(self) -> int:
        return hash((self.__class__, *[getattr(self, name) for name in _compared_names(self.__class__)]))

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in [f.name for f in fields(self)])
        return f"{self.__class__.__qualname__}({inside})"

    def __reduce__(self) -> tuple[Any, ...]:
        return self.__class__, tuple(getattr(self, name) for name in [f.name for f in fields(self)])


def _compared_names(cls: type[Node]) -> tuple[str, ...]:
    names = _compared.get(cls)
    if names is None:
        names = _compared[cls] = tuple([f.name for f in fields(cls) if f.compare])
    return names
