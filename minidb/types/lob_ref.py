"""`ExternalValue`: stands in a stored row for a long value that lives on pages of its own (storage/lob.py)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExternalValue:
    """page: first page of the chain.  length: bytes of the whole value.  is_text: UTF-8 text, else bytes."""

    page: int
    length: int
    is_text: bool
