"""How a Database comes by its sessions without knowing the class: `database` is below `session`, this file beside both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minidb.session import Session

if TYPE_CHECKING:
    from minidb.database import Database

__all__ = ["Session", "open_session"]


def open_session(database: Database, number: int, name: str, user: str, host: str) -> Session:
    """A session of `database` with connection id `number`."""
    return Session(database, number, name, user, host)
