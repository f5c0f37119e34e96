"""What the snapshot tests share: everything that a database holds, as text; databases of several shapes; errors by number."""

from __future__ import annotations

from typing import Any

import pytest

from minidb.database import Database
from minidb.errors import Error
from minidb.scheduler import StepScheduler
from minidb.session import Session

SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")
SHAPES: dict[str, dict[str, Any]] = {
    "wide": {},
    "small leaves": {"leaf_capacity": 4},
    "bounded pool": {"leaf_capacity": 4, "buffer_pool_pages": 6},
}


def new_database(shape: str = "wide", **more: Any) -> Database:
    """A database under a `StepScheduler`."""
    return Database(scheduler=StepScheduler(seed=1), purge="manual", **SHAPES[shape], **more)


def contents(database: Database) -> list[str]:
    """All committed rows and all definitions, a line each."""
    session = database.session("observer")
    lines = []
    try:
        for (db,) in session.execute("SHOW DATABASES").rows or ():
            if db not in SYSTEM:
                lines += [f"database {db}", *tables_of(session, db)]
    finally:
        session.close()
    return lines


def tables_of(session: Session, db: str) -> list[str]:
    lines = []
    for (table,) in session.execute(f"SHOW TABLES FROM `{db}`").rows or ():
        name = f"`{db}`.`{table}`"
        lines += [str(row[1]) for row in session.execute(f"SHOW CREATE TABLE {name}").rows or ()]
        lines += sorted(f"{table}: {row!r}" for row in session.execute(f"SELECT * FROM {name}").rows or ())
    return lines


def rows(session: Session, text: str) -> list[tuple[Any, ...]]:
    return list(session.execute(text).rows or ())


def code_of(call: Any, *args: Any) -> int:
    """The number of the error that `call` raises."""
    with pytest.raises(Error) as caught:
        call(*args)
    return int(caught.value.code)


def sound(database: Database) -> None:
    """Every structure is as it should be."""
    assert database.check() == []
    with database.scheduler.latch:
        assert database.pool.check() == []
        assert database.innodb.core.undo.check() == []
    assert database.metadata_locks.check() == []
    assert database.innodb.locks.check() == []
