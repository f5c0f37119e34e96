"""A miniature session for compiler tests: parses, compiles and runs statements over fake tables."""

from __future__ import annotations

import datetime
from typing import Any

from minidb.catalog import Column, IndexDef, IndexPart, TableDef
from minidb.engine import Isolation, Table, Trx
from minidb.errors import SqlError
from minidb.query import ast
from minidb.query.compiler import compile_statement
from minidb.query.context import ExecContext
from minidb.query.look.explain import explain
from minidb.query.parse.parser import parse
from minidb.query.plan import Plan
from minidb.types.sqltype import Family, SqlType
from tests.query.fake_table import FakeTable

MODE = frozenset(("STRICT_TRANS_TABLES", "ERROR_FOR_DIVISION_BY_ZERO", "NO_ENGINE_SUBSTITUTION"))
INT = SqlType(Family.INT, "int", 11)
BIGINT = SqlType(Family.INT, "bigint", 20)
DOUBLE = SqlType(Family.FLOAT, "double")
DATE = SqlType(Family.DATE, "date")
DATETIME = SqlType(Family.DATETIME, "datetime", scale=0)


def varchar(n: int) -> SqlType:
    return SqlType(Family.STRING, "varchar", n, charset="utf8mb4", collation="utf8mb4_general_ci")


def decimal(digits: int, scale: int) -> SqlType:
    return SqlType(Family.DECIMAL, "decimal", digits, scale)


def table(name: str, columns: list[Column], *indexes: tuple[str, str], engine: str = "InnoDB") -> TableDef:
    """indexes: (name, 'a,b(3)') ; PRIMARY and names beginning with u are unique."""
    names = [c.name for c in columns]
    made = []
    for i, (index, text) in enumerate(indexes):
        parts = []
        for piece in text.split(","):
            column, _, prefix = piece.rstrip(")").partition("(")
            parts.append(IndexPart(names.index(column), int(prefix) if prefix else None))
        made.append(IndexDef(i + 1, index, tuple(parts), index == "PRIMARY" or index.startswith("u"), index == "PRIMARY"))
    return TableDef(1, "test", name, engine, tuple(columns), tuple(made))


class FakeSession:
    connection_id = 1
    database = "test"
    user = "root@localhost"
    last_insert_id = 0
    row_count = 0
    found_rows = 0

    def __init__(self) -> None:
        self.warnings: list[tuple[str, int, str]] = []
        self.user_variables: dict[str, Any] = {}

    def variable(self, scope: str, name: str) -> Any:
        if scope == "user":
            return self.user_variables.get(name)
        known = {"group_concat_max_len": 1048576, "sql_mode": ",".join(sorted(MODE))}
        if name not in known:
            raise SqlError.of(1193, name)
        return known[name]

    def set_user_variable(self, name: str, value: Any) -> None:
        self.user_variables[name] = value

    def statement_time(self) -> datetime.datetime:
        return datetime.datetime(2024, 5, 6, 7, 8, 9)

    def random(self) -> float:
        return 0.5

    def warn(self, level: str, code: int, message: str) -> None:
        self.warnings.append((level, code, message))

    def sql_mode(self) -> frozenset[str]:
        return MODE

    def check_interrupted(self) -> None:
        return None


class FakeRules:
    """A server that understands everything."""

    for_share_allowed = True
    wait_clause_allowed = True
    forced_range_may_scan = False


class Kit:
    """The environment of compilation and execution at once."""

    foreign_key_checks = True
    rules = FakeRules()

    def __init__(self, *tables: TableDef) -> None:
        self.session = FakeSession()
        self.tables = {t.name: FakeTable(t) for t in tables}
        self.trx = Trx(1)
        self.mode = MODE
        self.context: ExecContext | None = None

    def open(self, db: str | None, name: str) -> Table:
        if db not in (None, "test"):
            raise SqlError.of(1049, db)
        if name not in self.tables:
            raise SqlError.of(1146, db or "test", name)
        return self.tables[name]

    def sql_mode(self) -> frozenset[str]:
        return self.mode

    def plan(self, text: str, *params: Any) -> Plan:
        return compile_statement(parse(text), self, params)

    def make_context(self, plan: Plan) -> ExecContext:
        self.context = ExecContext(self.session, self.trx, [self.tables[t.name] for t in plan.tables])
        return self.context

    def run(self, text: str, *params: Any) -> list[tuple[Any, ...]] | None:
        """Compile and run; the visible rows."""
        plan = self.plan(text, *params)
        return plan.run(self.make_context(plan), params)

    def explain(self, text: str, option: str = "") -> list[tuple[Any, ...]]:
        statement = parse(f"EXPLAIN {option} {text}")
        assert isinstance(statement, ast.Explain)
        return explain(statement, self, (), self.make_context)[1]

    def fill(self, name: str, *rows: tuple[Any, ...]) -> None:
        for row in rows:
            self.tables[name].insert(self.trx, row)

    def values(self, name: str) -> list[tuple[Any, ...]]:
        return [r[:-1] for r in self.tables[name].rows.values()]


def serializable(kit: Kit) -> None:
    kit.trx.isolation, kit.trx.autocommit, kit.trx.active = Isolation.SERIALIZABLE, False, True



