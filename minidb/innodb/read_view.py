"""`ReadView`: which transactions' changes a consistent read sees.

A view is made of four things known at the moment it is opened: the smallest transaction id still active (`up_limit`), the next id
to be given out (`low_limit`), the ids active in between, and the transaction that opened it, whose own changes are always seen.
Views are immutable but for the creator, so that transactions without an id share one object while nobody writes.
"""

from __future__ import annotations

from collections.abc import Sequence


class ReadView:
    """up_limit: ids below it are committed.  low_limit: ids from it on did not exist.  active: ids between them that were open.
    low_limit_no: undo of transactions whose commit number is below it is not needed by this view.  creator: id of the
    transaction that reads through the view, 0 if it has none."""

    __slots__ = ("active", "creator", "low_limit", "low_limit_no", "up_limit")

    def __init__(self, up_limit: int, low_limit: int, active: Sequence[int], creator: int = 0) -> None:
        self.up_limit = up_limit
        self.low_limit = low_limit
        self.low_limit_no = low_limit
        self.active = frozenset(active)
        self.creator = creator

    def sees(self, trx_id: int) -> bool:
        """True if a version written by `trx_id` is visible."""
        if trx_id < self.up_limit:
            return True
        return trx_id == self.creator or (trx_id < self.low_limit and trx_id not in self.active)

    def for_creator(self, trx_id: int) -> ReadView:
        """The same view, read through by transaction `trx_id`."""
        return ReadView(self.up_limit, self.low_limit, tuple(self.active), trx_id)

    def __repr__(self) -> str:
        active = ",".join(map(str, sorted(self.active)))
        return f"ReadView(up={self.up_limit} low={self.low_limit} active=[{active}] creator={self.creator})"
