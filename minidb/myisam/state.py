"""`HeapState`: what the header of a table counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

NO_ADDRESS = -1
"""End of a chain: no such row or hole."""
END = 3
"""Place of `end` in `HeapState.counts`."""


@dataclass(slots=True)
class HeapState:
    """The counters of one table.

    rows: live rows.  deleted: holes.  free: bytes in holes.  end: first address behind the heap (a row number for fixed rows, a
    byte offset for dynamic ones).  first_hole: head of the chain of holes, the one freed last.  auto_increment: next value.
    """

    rows: int = 0
    deleted: int = 0
    free: int = 0
    end: int = 0
    first_hole: int = NO_ADDRESS
    auto_increment: int = 1

    def clear(self) -> None:
        """An empty heap; the auto-increment counter stays."""
        self.rows = self.deleted = self.free = self.end = 0
        self.first_hole = NO_ADDRESS

    def counts(self) -> tuple[int, ...]:
        """All counters, for `recall`."""
        return self.rows, self.deleted, self.free, self.end, self.first_hole, self.auto_increment

    def recall(self, counts: tuple[int, ...]) -> None:
        """Count again as `counts` says."""
        self.rows, self.deleted, self.free, self.end, self.first_hole, self.auto_increment = counts

    def to_meta(self) -> dict[str, int]:
        """As the header page of the .MYI file keeps it."""
        return asdict(self)

    @classmethod
    def from_meta(cls, meta: dict[str, Any]) -> HeapState:
        return cls(**{name: int(meta[name]) for name in cls.__slots__})
