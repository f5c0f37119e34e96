"""The variables of one session, and what follows from them: `SessionSettings` is the part of `Session` that holds settings.

What a hot path asks often (autocommit, limits, modes) is kept in plain attributes, brought up to date when a variable is set.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minidb.engine import Isolation
from minidb.errors import SqlError
from minidb.query.look.virtual import SYSTEM_DATABASES
from minidb.statements.variables import SessionVariables, parse_zone

if TYPE_CHECKING:
    from minidb.database import Database
    from minidb.innodb.trx import InnodbTrx
    from minidb.scheduler import Scheduler

EPOCH = datetime.datetime(1970, 1, 1)
ISOLATION_NAMES = {"READ-UNCOMMITTED": Isolation.READ_UNCOMMITTED, "READ-COMMITTED": Isolation.READ_COMMITTED,
                   "REPEATABLE-READ": Isolation.REPEATABLE_READ, "SERIALIZABLE": Isolation.SERIALIZABLE}
SETTINGS = frozenset({"sql_mode", "collation_connection", "character_set_connection", "foreign_key_checks",
                      "check_constraint_checks", "div_precision_increment", "sql_auto_is_null"})


class SessionSettings:
    """Variables of a session (see the module's docstring).  Mixed into `Session`, which provides the rest."""

    __slots__ = (
        "autocommit", "connection_id", "database", "explicit", "fixed_time", "foreign_key_checks", "instance", "isolation",
        "isolation_variable", "last_insert_id", "lock_wait_seconds", "low_priority", "max_errors", "modes", "noted",
        "notes_wanted", "read_only", "read_only_variable", "scheduler", "seconds_per_statement", "select_limit", "trx",
        "user_variables", "variables",
    )

    instance: Database
    scheduler: Scheduler
    trx: InnodbTrx
    connection_id: int
    database: str | None
    last_insert_id: int
    explicit: bool
    noted: list[tuple[str, int, str]] | None
    variables: SessionVariables
    user_variables: dict[str, Any]
    fixed_time: float | None
    isolation_variable: str
    read_only_variable: str
    autocommit: bool
    isolation: Isolation
    read_only: bool
    modes: frozenset[str]
    foreign_key_checks: bool
    lock_wait_seconds: float
    seconds_per_statement: float
    select_limit: int
    max_errors: int
    notes_wanted: bool
    low_priority: bool

    def start_variables(self) -> None:
        """Begin with a copy of the global values."""
        computed: dict[str, Callable[[], Any]] = {
            "last_insert_id": lambda: self.last_insert_id, "identity": lambda: self.last_insert_id,
            "pseudo_thread_id": lambda: self.connection_id, "timestamp": self._timestamp,
            "in_transaction": lambda: int(self.in_transaction),
            "warning_count": lambda: len(self.noted or ()),
            "error_count": lambda: sum(1 for w in self.noted or () if w[0] == "Error"),
        }
        self.variables = SessionVariables(self.instance.variables, computed)
        self.user_variables = {}
        self.fixed_time = None
        self.isolation_variable = "tx_isolation" if "tx_isolation" in self.variables.world.table else "transaction_isolation"
        self.read_only_variable = self.isolation_variable.replace("isolation", "read_only")
        for name in ("autocommit", self.isolation_variable, self.read_only_variable, "sql_mode", "foreign_key_checks",
                     "lock_wait_timeout", "innodb_lock_wait_timeout", "innodb_snapshot_isolation", "max_statement_time",
                     "sql_select_limit",
                     "max_error_count", "sql_notes", "low_priority_updates"):
            if name in self.variables.values:
                self._keep(name, self.variables.values[name])
        self.trx.autocommit = self.autocommit
        self.trx.isolation = self.isolation

    # ---- provided by Session
    @property
    def in_transaction(self) -> bool:
        raise AttributeError("in_transaction")

    def reset_transaction(self) -> None:
        raise AttributeError("reset_transaction")

    def commit_transaction(self) -> None:
        raise AttributeError("commit_transaction")

    def refresh(self) -> None:
        raise AttributeError("refresh")

    def change_setting(self) -> None:
        raise AttributeError("change_setting")

    def warn(self, level: str, code: int, message: str) -> None:
        raise AttributeError("warn")

    # ---- reading
    def variable(self, scope: str, name: str) -> Any:
        """Value of @x ('user'), @@x (''), @@session.x ('session') or @@global.x ('global'); raises 1193, 1238."""
        if scope == "user":
            return self.user_variables.get(name.lower())
        if scope == "global":
            return self.variables.world.get(name)
        return self.variables.get(name, scope == "session")

    def set_user_variable(self, name: str, value: Any) -> None:
        self.user_variables[name.lower()] = value

    def sql_mode(self) -> frozenset[str]:
        return self.modes

    # ---- setting
    def set_variable(self, scope: str, name: str, value: Any) -> None:
        """SET [SESSION | GLOBAL] name = value, the value not yet checked; raises 1193, 1228, 1229, 1231, 1232, 1238 ..."""
        if scope == "global":
            if name == "lock_profile":
                self.instance.use_lock_profile(str(self.variables.world.check(name, value, self.warn)))
            stored = self.variables.world.set(name, value, self.warn)
            if name == "innodb_deadlock_detect":
                self.instance.innodb.locks.detect = bool(stored)
            self._partners(name, stored, self.variables.world.values)
            return
        stored = self.variables.check(name, value, scope == "session", self.warn)
        self.variables.values[name] = stored
        self._partners(name, stored, self.variables.values)
        before = self.autocommit
        self._keep(name, stored)
        if name != "autocommit":
            self._after(name)
        elif before is not self.autocommit:  # else a transaction begun with BEGIN goes on
            if self.autocommit:
                self.commit_transaction()
            self.trx.autocommit = self.autocommit and not self.explicit
            self.refresh()

    def _partners(self, name: str, stored: Any, values: dict[str, Any]) -> None:
        """Charset and collation variables change together; storage_engine is the old name of default_storage_engine."""
        from minidb.types import collation

        if name.startswith("character_set_") and stored is not None:
            partner = name.replace("character_set_", "collation_")
            if partner in values:
                values[partner] = collation.default_collation(stored).name
        elif name.startswith("collation_"):
            values[name.replace("collation_", "character_set_")] = collation.get_collation(stored).charset
        elif name in ("storage_engine", "default_storage_engine"):
            values["storage_engine"] = values["default_storage_engine"] = stored

    def _keep(self, name: str, value: Any) -> None:
        """Bring the attribute that mirrors variable `name` up to date."""
        if name == "autocommit":
            self.autocommit = bool(value)
        elif name == self.isolation_variable:
            self.isolation = ISOLATION_NAMES[value]
        elif name == self.read_only_variable:
            self.read_only = bool(value)
        elif name == "sql_mode":
            self.modes = frozenset(value.split(",")) if value else frozenset()
        elif name == "foreign_key_checks":
            self.foreign_key_checks = bool(value)
            self.trx.foreign_key_checks = bool(value)
        elif name == "lock_wait_timeout":
            self.lock_wait_seconds = float(value)
        elif name == "innodb_lock_wait_timeout":
            self.trx.lock_wait_timeout = float(value)
        elif name == "innodb_snapshot_isolation":
            self.trx.snapshot_isolation = bool(value)
        elif name == "max_statement_time":
            self.seconds_per_statement = float(value)
        elif name == "sql_select_limit":
            self.select_limit = int(value)
        elif name == "max_error_count":
            self.max_errors = int(value)
        elif name == "sql_notes":
            self.notes_wanted = bool(value)
        elif name == "low_priority_updates":
            self.low_priority = bool(value)

    def _after(self, name: str) -> None:
        if name in (self.isolation_variable, self.read_only_variable):
            if not self.in_transaction:
                self.reset_transaction()
        elif name in ("last_insert_id", "identity"):
            self.last_insert_id = self.variables.values[name]
        elif name == "timestamp":
            seconds = self.variables.values[name]
            self.fixed_time = float(seconds) if seconds else None
        elif name in SETTINGS:
            self.change_setting()
        self.refresh()

    # ---- time
    def zone_seconds(self) -> int | None:
        """Offset of the session's time zone, None for the system's."""
        return parse_zone(self.variables.values["time_zone"])

    def moment(self) -> datetime.datetime:
        """Now in the session's time zone; SET timestamp fixes it."""
        offset = self.zone_seconds()
        if self.fixed_time is None and offset is None:
            return self.scheduler.wall_clock()
        seconds = self.fixed_time
        if seconds is None:
            seconds = self.scheduler.wall_clock().timestamp()
        if offset is None:
            return datetime.datetime.fromtimestamp(seconds)
        return EPOCH + datetime.timedelta(seconds=offset, microseconds=round(seconds * 1e6))

    def _timestamp(self) -> float:
        return self.fixed_time if self.fixed_time is not None else self.scheduler.wall_clock().timestamp()

    def set_names(self, charset: str | None, collation_name: str | None) -> None:
        """SET NAMES; raises 1115, 1273, 1253."""
        from minidb.query.define.ddl_columns import resolve_charset

        if charset is None:
            world = self.variables.world.values
            charset, collation_name = world["character_set_client"], world["collation_connection"]
        chosen, collation_name = resolve_charset(charset, collation_name, ("utf8mb4", "utf8mb4_general_ci"))
        values = self.variables.values
        values["character_set_client"] = values["character_set_results"] = values["character_set_connection"] = chosen
        values["collation_connection"] = collation_name
        self.change_setting()

    def use(self, name: str) -> None:
        """USE: make `name` the current database; raises 1049."""
        if name.lower() in SYSTEM_DATABASES:
            name, charset, collation_name = name.lower(), "utf8mb3", "utf8mb3_general_ci"
        else:
            found = self.instance.dictionary.database(name)
            charset, collation_name = found.charset, found.collation
        self.database = name
        self.variables.values["character_set_database"] = charset
        self.variables.values["collation_database"] = collation_name
        self.change_setting()

    def current_database(self) -> str:
        """The current database; raises 1046 if there is none."""
        if self.database is None:
            raise SqlError.of(1046)
        return self.database
