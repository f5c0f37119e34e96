"""`LockedTables`: what LOCK TABLES has given a session, and what it may do under it (1099, 1100)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minidb.engine import TableLock
from minidb.errors import SqlError

if TYPE_CHECKING:
    from minidb.session import Session
    from minidb.statements.cache import Prepared


class LockedTables:
    """Tables by (alias, database, name) with 'READ' or 'WRITE'."""

    def __init__(self, session: Session, modes: dict[tuple[str, str, str], str]) -> None:
        self.session = session
        self.modes = modes

    def check(self, prepared: Prepared) -> None:
        """Raises 1100 for a table (by alias) that is not locked, else 1099 for one locked for reading that is to be changed or
        read FOR UPDATE."""
        read_only: list[str] = []
        for table, handle in zip(prepared.plan.tables, prepared.handles, strict=True):
            if handle.tdef.id == 0 or handle.tdef.temporary:
                continue
            mode = self.modes.get((table.alias, table.db, table.name))
            if mode is None:
                raise SqlError.of(1100, table.alias)
            if mode == "READ" and (table.write or table.lock >= TableLock.WRITE_LOW_PRIORITY):
                read_only.append(table.alias)
        if read_only:
            raise SqlError.of(1099, read_only[0])

    def check_definition(self, db: str, name: str) -> None:
        """DDL on a table needs a WRITE lock on it: 1100, 1099."""
        found = [m for (_, d, n), m in self.modes.items() if (d, n) == (db, name)]
        if not found:
            raise SqlError.of(1100, name)
        if "WRITE" not in found:
            raise SqlError.of(1099, name)

    def check_maintenance(self, db: str, name: str, changes: bool) -> None:
        """CHECK and ANALYZE need the table to be locked (1100), OPTIMIZE and REPAIR a WRITE lock on it (1099)."""
        if changes or (db, name) not in self.names():
            self.check_definition(db, name)

    def names(self) -> set[tuple[str, str]]:
        return {(d, n) for _, d, n in self.modes}

    def release(self) -> None:
        """UNLOCK TABLES."""
        session = self.session
        session.locked = None
        session.instance.myisam.unlock_tables(session.trx)
        session.instance.metadata_locks.release_explicit(session.owner)
        session.refresh()
