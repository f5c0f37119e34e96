"""minidb: a miniature MySQL that you import.

    import minidb

    with minidb.connect(":memory:") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
        cursor.execute("INSERT INTO t VALUES (%s, %s)", (1, 10))
        cursor.execute("SELECT * FROM t WHERE id = %s FOR UPDATE", (1,))
        print(cursor.fetchone())

The life of that last statement:

 1. `Cursor.execute` hands text and arguments to `Session.execute`, which looks the text up in the statement cache
    (statements/cache.py).  It is new, so it is normalised (query/parse/normalize.py), parsed (query/parse/parser.py), bound to
    tables and types (query/bind/binder.py), given an access path (query/optimize/optimizer.py) and turned into a Python function
    (query/codegen/).
 2. The session takes the metadata lock of the table (metadata_lock.py), so that nobody alters it meanwhile.
 3. The plan runs: one call through the door (engine.py), `Table.get(trx, index, key, ReadMode.EXCLUSIVE)`.
 4. Below the door (innodb/row_select.py) the latch is taken, the B+ tree descended (storage/btree.py) and the record locked
    (innodb/lock.py).  If another transaction holds it, the request is queued, the session parks in the scheduler, and the
    operation is repeated when the lock is granted.
 5. The row comes back up, `Result` goes to the cursor; the lock stays to the end of the transaction: leaving the ``with``
    block commits.

PEP 249 names are here; `Database` is for sharing one database between connections and threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minidb.errors import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
)

if TYPE_CHECKING:
    from minidb.cursors import Cursor, DictCursor, SSCursor, SSDictCursor
    from minidb.database import Database
    from minidb.dbapi import (
        BINARY,
        DATE,
        DATETIME,
        NUMBER,
        ROWID,
        STRING,
        TIME,
        TIMESTAMP,
        Binary,
        Connection,
        Date,
        DateFromTicks,
        Time,
        TimeFromTicks,
        Timestamp,
        TimestampFromTicks,
        connect,
    )
    from minidb.session import Result, Session

__version__ = "0.1.0"
apilevel = "2.0"
threadsafety = 1
paramstyle = "pyformat"

_HOMES = {
    "Database": "minidb.database", "Session": "minidb.session", "Result": "minidb.session", "Cursor": "minidb.cursors",
    "DictCursor": "minidb.cursors", "SSCursor": "minidb.cursors", "SSDictCursor": "minidb.cursors",
}

__all__ = [
    "BINARY", "DATE", "DATETIME", "NUMBER", "ROWID", "STRING", "TIME", "TIMESTAMP", "Binary", "Connection", "Cursor", "DataError",
    "Database", "DatabaseError", "Date", "DateFromTicks", "DictCursor", "Error", "IntegrityError", "InterfaceError",
    "InternalError", "NotSupportedError", "OperationalError", "ProgrammingError", "Result", "SSCursor", "SSDictCursor", "Session",
    "Time", "TimeFromTicks", "Timestamp", "TimestampFromTicks", "Warning", "apilevel", "connect", "paramstyle", "threadsafety",
]


def __getattr__(name: str) -> Any:
    """Load a public name at its first use: importing the package alone stays quick."""
    if name.startswith("_") or name not in __all__:
        raise AttributeError(f"module 'minidb' has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(_HOMES.get(name, "minidb.dbapi")), name)
    globals()[name] = found
    return found
