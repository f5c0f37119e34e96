"""`Upkeep`: what CHECK, ANALYZE and OPTIMIZE TABLE need not do again, for nothing has changed since.

The state bits of a real .MYI header (STATE_CHANGED, STATE_NOT_ANALYZED, STATE_NOT_SORTED_PAGES): statements that find nothing to do
say "Table is already up to date".  They are kept in the header page as a list of three numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

UNSORTED = -1


@dataclass(slots=True)
class Upkeep:
    """checked: no row has changed since CHECK found no fault.  analyzed: nor since the statistics were made.  sorted_pages: pages
    of the index file when its pages were last in order; UNSORTED: they are not."""

    checked: bool = True
    analyzed: bool = True
    sorted_pages: int = 0

    def changed(self) -> None:
        """A row changes."""
        self.checked = self.analyzed = False

    def to_meta(self) -> list[int]:
        return [int(self.checked), int(self.analyzed), self.sorted_pages]

    @classmethod
    def from_meta(cls, meta: Sequence[int] | None) -> Upkeep:
        """From the header page; a table of an earlier version has everything still to do."""
        return cls(False, False, UNSORTED) if meta is None else cls(bool(meta[0]), bool(meta[1]), int(meta[2]))
