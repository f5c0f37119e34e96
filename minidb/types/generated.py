"""Code objects of generated functions, kept by their source: tables of equal shape, in whatever database, compile nothing anew."""

from __future__ import annotations

from functools import lru_cache
from types import CodeType

LIMIT = 4096


@lru_cache(LIMIT)
def code(source: str, mode: str = "eval") -> CodeType:
    """`source` compiled.  mode: 'eval' for an expression, 'exec' for definitions."""
    return compile(source, "<generated>", mode)
