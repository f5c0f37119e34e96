"""PEP 249 over `Session`, with PyMySQL's habits: `connect`, `Connection`, the cursors, type objects.

paramstyle is 'pyformat': ``%s`` with a sequence, ``%(name)s`` with a mapping; with no arguments the text is taken as it is.  A new
connection is not in autocommit mode (PEP 249).  Errors are `minidb.errors`' classes, ``err.args == (code, message)``.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from minidb import errors
from minidb.cursors import Cursor, DictCursor, SSCursor, SSDictCursor
from minidb.database import MEMORY, Database
from minidb.errors import Error, InterfaceError
from minidb.session import Result, Session

apilevel = "2.0"
threadsafety = 1
paramstyle = "pyformat"
IGNORED = frozenset({
    "host", "port", "unix_socket", "password", "passwd", "ssl", "ssl_ca", "ssl_cert", "ssl_key", "ssl_disabled", "ssl_verify_cert",
    "ssl_verify_identity", "ssl_key_password", "read_timeout", "write_timeout", "connect_timeout", "client_flag", "compress",
    "named_pipe", "local_infile", "max_allowed_packet", "auth_plugin_map", "server_public_key", "binary_prefix", "program_name",
    "bind_address", "use_unicode", "conv", "read_default_file", "read_default_group", "defer_connect",
})


class Connection:
    """One session.  Closing it rolls back; the database is closed with it if `connect` opened it from a path."""

    Warning = errors.Warning
    Error = errors.Error
    InterfaceError = errors.InterfaceError
    DatabaseError = errors.DatabaseError
    DataError = errors.DataError
    OperationalError = errors.OperationalError
    IntegrityError = errors.IntegrityError
    InternalError = errors.InternalError
    ProgrammingError = errors.ProgrammingError
    NotSupportedError = errors.NotSupportedError

    def __init__(self, session: Session, cursorclass: type[Cursor] = Cursor, owned: Database | None = None) -> None:
        self.session = session
        self.cursorclass = cursorclass
        self._owned = owned
        self._last = Result()

    # ---- PEP 249
    def cursor(self, cursor: type[Cursor] | None = None) -> Cursor:
        """A new cursor, of class `cursor` if given."""
        self._check()
        return (cursor or self.cursorclass)(self)

    def commit(self) -> None:
        self.query("COMMIT")

    def rollback(self) -> None:
        self.query("ROLLBACK")

    def close(self) -> None:
        """Roll back and end the session.  Raises Error if closed already."""
        self._check()
        self._close()

    def _close(self) -> None:
        self.session.close()
        if self._owned is not None:
            self._owned.close()
            self._owned = None

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Commit, or roll back after an exception; then close."""
        if not self.open:
            return
        try:
            if kind is None:
                self.commit()
            else:
                self.rollback()
        finally:
            if self.open:
                self._close()

    # ---- as PyMySQL has it
    @property
    def open(self) -> bool:
        """Whether the connection can be used."""
        return not self.session.closed

    def _check(self) -> None:
        if self.session.closed:
            raise InterfaceError(0, "The connection is closed")

    def query(self, sql: str, args: Any = None) -> Result:
        """Run one statement on the session."""
        self._check()
        self._last = self.session.execute(sql, args)
        return self._last

    def begin(self) -> None:
        self.query("BEGIN")

    def autocommit(self, value: bool) -> None:
        """Switch autocommit mode; switching it on commits an open transaction."""
        if bool(value) != self.session.autocommit:
            self.query(f"SET AUTOCOMMIT = {int(bool(value))}")

    def get_autocommit(self) -> bool:
        return self.session.autocommit

    def select_db(self, db: str) -> None:
        """Make `db` the current database."""
        self.query(f"USE `{db.replace('`', '``')}`")

    def ping(self, reconnect: bool = True) -> None:
        """Raises Error if the connection is closed; there is nothing to reconnect to."""
        self._check()

    def thread_id(self) -> int:
        return self.session.connection_id

    def insert_id(self) -> int:
        """The AUTO_INCREMENT value that the last statement of the connection generated first, 0 if none."""
        return self._last.insert_id

    def affected_rows(self) -> int:
        return self._last.affected

    def show_warnings(self) -> list[tuple[str, int, str]]:
        return list(self.session.execute("SHOW WARNINGS").rows or ())

    def escape(self, value: Any, mapping: object = None) -> str:
        """`value` as an SQL literal."""
        from minidb.types.text import sql_literal

        if isinstance(value, (list, tuple, set, frozenset)):
            return "(" + ",".join(self.escape(v) for v in value) + ")"
        return sql_literal(value)

    literal = escape

    def escape_string(self, value: str) -> str:
        """`value` as it stands between the quotes of a literal."""
        return self.escape(value)[1:-1]

    def kill(self, thread_id: int) -> None:
        self.query(f"KILL {int(thread_id)}")

    def set_charset(self, charset: str, collation: str | None = None) -> None:
        self.query(f"SET NAMES {charset}" + (f" COLLATE {collation}" if collation else ""))

    set_character_set = set_charset

    def character_set_name(self) -> str:
        return str(self.session.variable("", "character_set_client"))

    def get_server_info(self) -> str:
        return str(self.session.variable("global", "version"))

    def get_host_info(self) -> str:
        return f"minidb in this process, {self.session.instance.path}"

    def get_proto_info(self) -> int:
        return int(self.session.variable("global", "protocol_version"))

    @property
    def server_version(self) -> str:
        return self.get_server_info()

    @property
    def database(self) -> Database:
        """The database that the connection is open to, for `snapshot`, `restore`, `fork`, `check` ..."""
        return self.session.instance

    @property
    def db(self) -> str | None:
        return self.session.database

    def __repr__(self) -> str:
        return f"<Connection {self.session.connection_id} to {self.session.instance.path!r}{'' if self.open else ' closed'}>"

    def __del__(self) -> None:
        """A forgotten connection is closed.  The collector may call this in the middle of anything, also while this very thread
        holds the latch: then the closing is left to whoever opens the next session."""
        session = getattr(self, "session", None)
        if session is None or session.closed:
            return
        latch = session.scheduler.latch
        if latch.acquire(False):
            latch.release()
            self._close()
        else:
            session.instance.abandoned.append(self._close)


def connect(path: str | None = None, *, database: str | Database | None = None, db: str | None = None, user: str | None = None,
            cursorclass: type[Cursor] = Cursor, autocommit: bool | None = False, charset: str = "", collation: str | None = None,
            sql_mode: str | None = None, init_command: str | None = None, profile: str | None = None, **options: Any) -> Connection:
    """Open a connection.

    path: a directory (made if it does not exist) or ":memory:", the default.  database: a `Database` to share, or, as PyMySQL has
    it, the name of the current database (also `db`); without it ``test`` is selected, which a fresh minidb has.  autocommit: False
    as PEP 249 demands; None leaves the server's default.  buffer_pool_pages, leaf_capacity, default_engine, profile, scheduler go
    to `Database`.  What PyMySQL needs to find a server (host, user, password, ssl ...) is accepted and ignored.
    Raises OperationalError if the directory is in use or not a database, 1049 for an unknown database name."""
    for name in list(options):
        if name in IGNORED:
            del options[name]
    if profile is not None:
        options["profile"] = profile
    owned: Database | None = None
    if isinstance(database, Database):
        if path is not None or options:
            raise InterfaceError(0, "a shared Database is open already: no path and no options can be given")
        shared, name_of = database, db
    else:
        shared = owned = Database(MEMORY if path is None else path, **options)
        name_of = database if database is not None else db
    try:
        session = shared.session(user=user or "root")
        made = Connection(session, cursorclass, owned)
        if name_of is not None:
            session.use(name_of)
        _prepare(made, charset, collation, sql_mode, init_command)
        if autocommit is not None:
            made.autocommit(bool(autocommit))
    except BaseException:
        if owned is not None:
            owned.close()
        raise
    return made


Connect = connect


def _prepare(made: Connection, charset: str, collation: str | None, sql_mode: str | None, init_command: str | None) -> None:
    """The settings that a client sends after connecting."""
    if charset:
        made.set_charset(charset, collation)
    if sql_mode is not None:
        made.query("SET sql_mode = %s", (sql_mode,))
    if init_command:
        for _ in made.session.execute_script(init_command):
            pass


# ---- type objects and constructors
class DBAPISet(frozenset[int]):
    """A type object: compares equal to each of its type codes."""

    def __eq__(self, other: object) -> bool:
        return other in self if isinstance(other, int) else frozenset.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return frozenset.__hash__(self)


STRING = DBAPISet({247, 253, 254})
BINARY = DBAPISet({249, 250, 251, 252})
NUMBER = DBAPISet({0, 1, 2, 3, 4, 5, 8, 9, 13, 16, 246})
DATE = DBAPISet({10, 14})
TIME = DBAPISet({11})
TIMESTAMP = DBAPISet({7, 12})
DATETIME = TIMESTAMP
ROWID = DBAPISet()
Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime


def DateFromTicks(ticks: float) -> datetime.date:
    return datetime.date.fromtimestamp(ticks)


def TimeFromTicks(ticks: float) -> datetime.time:
    return datetime.datetime.fromtimestamp(ticks).time()


def TimestampFromTicks(ticks: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(ticks)


def Binary(value: bytes | bytearray | memoryview | Iterable[int]) -> bytes:
    return bytes(value)


__all__ = [
    "BINARY", "DATE", "DATETIME", "NUMBER", "ROWID", "STRING", "TIME", "TIMESTAMP", "Binary", "Connect", "Connection", "Cursor",
    "Date", "DateFromTicks", "DictCursor", "Error", "SSCursor", "SSDictCursor", "Time", "TimeFromTicks", "Timestamp",
    "TimestampFromTicks", "apilevel", "connect", "paramstyle", "threadsafety",
]
