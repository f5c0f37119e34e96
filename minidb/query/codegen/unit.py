"""The generated text of one plan: lines with indentation, names for constants, temporaries, and the compiled function."""

from __future__ import annotations

import itertools
import linecache
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_serial = itertools.count(1)
MAX_KEPT = 4096  # sources kept readable for tracebacks; older ones are dropped from linecache


class Lines:
    """Source lines being written."""

    __slots__ = ("depth", "out")

    def __init__(self, depth: int = 0) -> None:
        self.out: list[str] = []
        self.depth = depth

    def __call__(self, line: str) -> None:
        self.out.append("    " * self.depth + line)

    @contextmanager
    def indented(self, head: str) -> Iterator[None]:
        self(head)
        self.depth += 1
        yield
        self.depth -= 1

    def extend(self, lines: list[str]) -> None:
        self.out += ["    " * self.depth + line for line in lines]


class Unit:
    """One generated module with one entry function.

    prologue: lines at the head of the entry function (constants of an execution, nested query functions); `once` adds to it.
    env: names that the source refers to."""

    __slots__ = ("_known", "_made", "_temps", "body", "env", "hoisting", "prologue")

    def __init__(self) -> None:
        self.env: dict[str, Any] = {}
        self.prologue = Lines(1)
        self.body = Lines(1)
        self.hoisting = True
        self._known: dict[str, str] = {}
        self._made: dict[tuple[str, int], str] = {}
        self._temps = 0

    def temp(self, prefix: str = "v") -> str:
        """A fresh variable name."""
        self._temps += 1
        return f"{prefix}{self._temps}"

    def const(self, value: Any, prefix: str = "c") -> str:
        """The name of an object that the source needs; the same object gets the same name."""
        mark = (prefix, id(value))
        name = self._made.get(mark)
        if name is None:
            name = f"{prefix}{len(self._made)}"
            self._made[mark] = name
            self.env[name] = value
        return name

    def named(self, name: str, value: Any) -> str:
        """A helper under a fixed readable name."""
        self.env[name] = value
        return name

    def once(self, source: str, prefix: str = "k") -> str:
        """A variable computed once per execution from `source`."""
        name = self._known.get(source)
        if name is None:
            name = self.temp(prefix)
            self.prologue(f"{name} = {source}")
            self._known[source] = name
        return name

    def table(self, number: int) -> str:
        """The variable holding table handle `number`."""
        source = f"x.tables[{number}]"
        if source not in self._known:
            self.prologue(f"t{number} = {source}")
            self._known[source] = f"t{number}"
        return self._known[source]

    def trx(self) -> str:
        if "x.trx" not in self._known:
            self.prologue("trx = x.trx")
            self._known["x.trx"] = "trx"
        return "trx"

    def source(self, head: str = "def run(x, p):") -> str:
        return "\n".join([head, *self.prologue.out, *self.body.out]) + "\n"

    def compile(self, source: str, name: str = "run") -> Callable[..., Any]:
        """The function `name` of `source`; its lines stay readable in tracebacks."""
        serial = next(_serial)
        filename = f"<minidb plan {serial}>"
        linecache.cache.pop(f"<minidb plan {serial - MAX_KEPT}>", None)
        linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
        module: dict[str, Any] = dict(self.env)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # "is with a literal": NULL tests of constants are folded by Python
            code = compile(source, filename, "exec")
        exec(code, module)
        function: Callable[..., Any] = module[name]
        return function
