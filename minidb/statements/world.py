"""`SessionWorld`: what information_schema and SHOW see of a session's database."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from minidb.catalog import IndexDef, TableDef
from minidb.engine import Row, Table, TableStats
from minidb.errors import Error, SqlError
from minidb.query.look.infoschema import Process
from minidb.query.look.show import Headings
from minidb.query.look.virtual import BIG_UNSIGNED, LONG_TEXT

if TYPE_CHECKING:
    from minidb.session import Session

KINDS = {"bool": "BOOLEAN", "int": "BIGINT UNSIGNED", "double": "DOUBLE", "str": "VARCHAR", "enum": "ENUM", "set": "SET",
         "charset": "ENUM", "collation": "ENUM", "zone": "VARCHAR", "engine": "VARCHAR"}
SCOPES = {"both": "SESSION", "global": "GLOBAL", "session": "SESSION ONLY"}
WAIT_STATES = {"meta": "Waiting for table metadata lock", "table": "Waiting for table level lock", "row": "Updating",
               "sleep": "User sleep", "user": "User lock"}


class SessionWorld:
    """The answers (see `infoschema.World`, `show.ShowWorld`)."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.dictionary = session.instance.dictionary
        self.database = session.database

    # ---- tables
    def show_table(self, db: str | None, name: str) -> TableDef:
        """The definition under the name that the user gave it."""
        from dataclasses import replace

        session = self.session
        tdef = session.open(db, name).tdef
        if tdef.temporary:
            return replace(tdef, _by_name={}, db=db or session.current_database())
        return tdef

    def _handle(self, tdef: TableDef) -> Table:
        temporary = self.session.temporary.get(tdef.full_name)
        return self.session.instance.open_table(tdef.db, tdef.name) if temporary is None else temporary

    def table_stats(self, tdef: TableDef) -> TableStats:
        try:
            return self._handle(tdef).stats()
        except Error as error:
            self.session.warn("Warning", error.code, error.message)
            return TableStats(0, 0, 0, 0, 0, None, "Dynamic")

    def key_cardinality(self, tdef: TableDef, index: IndexDef) -> int | None:
        """Estimated number of different values of an index; None where MyISAM has not counted."""
        if tdef.engine == "MyISAM" and not index.unique:
            return None
        return self.table_stats(tdef).rows if tdef.id else None

    def created_at(self, tdef: TableDef) -> datetime.datetime | None:
        return self.session.instance.created.get(tdef.id)

    def open_tables(self) -> list[Row]:
        return [(t.db, t.name, 0, 0) for t in self.dictionary.all_tables()]

    def tree_rows(self, tdef: TableDef, index: str | None) -> list[Row]:
        """SHOW TREE; raises 1176 for an unknown index."""
        ordinal = None
        if index is not None:
            ordinal = tdef.index_named(index)
            if ordinal is None:
                raise SqlError.of(1176, index, tdef.name)
        rows = self._handle(tdef).dump_tree(ordinal)
        return [tuple(str(v) if isinstance(v, tuple) else v for v in row) for row in rows]

    def version_rows(self, tdef: TableDef) -> tuple[Headings, list[Row]]:
        """SHOW VERSIONS: the columns and the creating transaction of each row version that the table stores now."""
        headings: Headings = tuple((c.name, c.type) for c in tdef.columns)
        if tdef.engine != "InnoDB":
            raise SqlError.of(1178, "SHOW VERSIONS")
        return (*headings, ("Created_by", BIG_UNSIGNED), ("Ended_by", BIG_UNSIGNED), ("Seen_by", LONG_TEXT)), self._versions(tdef)

    def _versions(self, tdef: TableDef) -> list[Row]:
        from minidb.statements.versions import version_rows

        return version_rows(self.session.instance, tdef)

    # ---- the server
    def processes(self) -> list[Process]:
        instance = self.session.instance
        now = instance.scheduler.now()
        waits = {w.session_id: WAIT_STATES.get(w.kind, "Waiting") for w in instance.scheduler.waiters()}
        found = []
        for number in sorted(instance.sessions):
            s = instance.sessions[number]
            running = s.current is not None
            state = waits.get(number, "starting") if running else ""
            seconds = max(0.0, now - s.began) if s.began else 0.0
            found.append(Process(number, s.user, s.host, s.database, "Query" if running else "Sleep", seconds, state, s.current))
        return found

    def variable_rows(self, scope: str) -> Iterable[tuple[str, str]]:
        return self.session.variables.rows(scope)

    def status_rows(self, scope: str) -> Iterable[tuple[str, str]]:
        return ((n, str(v)) for n, v in self.session.instance.status())

    def system_variable_rows(self) -> Iterator[Row]:
        from minidb.statements.variables import display

        variables = self.session.variables
        for name, v in variables.world.table.items():
            session_value = None if v.scope == "global" else display(v, variables.get(name))
            global_value = None if v.scope == "session" else display(v, variables.world.values[name])
            numeric = v.kind == "int"
            yield (name.upper(), session_value, global_value, "COMPILE-TIME", display(v, v.default), SCOPES[v.scope],
                   KINDS[v.kind], "", str(v.low) if numeric else None, str(v.high) if numeric else None, "1" if numeric else None,
                   ",".join(v.choices) if v.choices else "OFF,ON" if v.kind == "bool" else None,
                   "YES" if v.read_only else "NO", None, None)

    def transaction_rows(self) -> Iterator[Row]:
        """INNODB_TRX."""
        instance = self.session.instance
        waiting = {w.session_id: w for w in instance.scheduler.waiters() if w.kind == "row"}
        for trx in instance.innodb.core.system.transactions():
            if not trx.active or not trx.started:
                continue
            s = instance.sessions.get(trx.session_id)
            wait = waiting.get(trx.session_id)
            level = trx.isolation.name.replace("_", " ")
            yield (trx.id, "LOCK WAIT" if wait else "RUNNING", None, wait.what if wait else None, None, trx.undo_records,
                   trx.session_id, s.current if s else None, "", 0, 0, 0, 0, 0, trx.undo_records, 0, level, 1,
                   int(trx.foreign_key_checks), None, int(trx.read_only), 0)

    # ---- locks
    def data_locks(self) -> list[Row]:
        """performance_schema.data_locks."""
        from minidb.innodb import lock_listing

        instance = self.session.instance
        with instance.scheduler.latch:
            return lock_listing.data_locks(instance.innodb.locks)

    def data_lock_waits(self) -> list[Row]:
        """performance_schema.data_lock_waits."""
        from minidb.innodb import lock_listing

        instance = self.session.instance
        with instance.scheduler.latch:
            return lock_listing.data_lock_waits(instance.innodb.locks)

    def metadata_locks(self) -> list[Row]:
        """performance_schema.metadata_locks."""
        instance = self.session.instance
        with instance.scheduler.latch:
            locks = instance.metadata_locks.locks()
        return [("GLOBAL" if not lock.table else "TABLE", lock.db or None, lock.table or None, None, 0, lock.mode, lock.duration,
                 lock.status, "", lock.session_id, None) for lock in locks]

    def innodb_locks(self) -> list[Row]:
        """information_schema.INNODB_LOCKS: the locks that somebody waits for, and the requests that wait."""
        involved = {lock_id for wait in self.data_lock_waits() for lock_id in (wait[1], wait[6])}
        return [(r[1], r[2], r[12].split(",")[0], r[11], f"`{r[5]}`.`{r[6]}`", r[9], None, None, None, r[14])
                for r in self.data_locks() if r[1] in involved]

    def innodb_lock_waits(self) -> list[Row]:
        """information_schema.INNODB_LOCK_WAITS."""
        return [(w[2], w[1], w[7], w[6]) for w in self.data_lock_waits()]

    def innodb_metrics(self) -> list[Row]:
        """information_schema.INNODB_METRICS: the engine's counters under their status names."""
        found = self.session.instance.innodb.status()
        return [(name.removeprefix("Innodb_").lower(), "innodb", value, 1, "status_counter", name)
                for name, value in sorted(found.items()) if isinstance(value, int)]

    def engine_status(self, engine: str) -> list[Row]:
        """SHOW ENGINE ... STATUS."""
        instance = self.session.instance
        found: Any = next((e for n, e in instance.engines.items() if n.lower() == engine.lower()), None)
        if found is None:
            raise SqlError.of(1286, engine)
        monitor = getattr(found, "monitor", None)
        text = monitor() if monitor is not None else "\n".join(f"{n} {v}" for n, v in sorted(found.status().items()))
        return [(found.name, "", text)]

    def warning_rows(self) -> list[tuple[str, int, str]]:
        return list(self.session.noted or ())
