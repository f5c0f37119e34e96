"""Values on their way into columns: the inline check that lets a fitting value pass, the storer for all others, defaults, CHECK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minidb.catalog import Column, TableDef
from minidb.errors import SqlError
from minidb.query import ast
from minidb.query.ast import Expr
from minidb.query.bind.nodes import Col, Source
from minidb.query.codegen.arithmetic import as_double, is_quotient
from minidb.query.codegen.unit import Lines
from minidb.query.context import ExecContext, SessionState
from minidb.types.convert import implicit_default, inline_check, storer
from minidb.types.sqltype import Family, SqlType
from minidb.types.store_context import StoreContext

if TYPE_CHECKING:
    from minidb.query.codegen.expressions import ExprGen

_AS_IT_IS = (int, str, bytes, type(None))


FIRST_ROW = 2  # strict until the first row is stored: STRICT_TRANS_TABLES for tables that cannot be rolled back


def context(x: ExecContext, table: tuple[str, str], column: str, row: int, strict: int, ignore: bool,
            several: bool) -> StoreContext:
    """What the slow path of storing a value needs.  strict: 0, 1 or FIRST_ROW.  several: the statement may store several rows."""
    row += x.rows_before
    strictly = bool(strict) and (strict != FIRST_ROW or row == 1)
    made = StoreContext(table, column, row, strictly, ignore, x.session.warn, several or x.expected > 1)
    made.relaxed = bool(strict) and not strictly
    return made


def no_default(x: ExecContext, column: str, fallback: Any, row: int, once: bool, strict: bool) -> Any:
    """Warning 1364: a column without default got none in non-strict mode.  One left out in all rows is mentioned in the first
    only (once).  strict: raises it for the first row."""
    first = row + x.rows_before == 1
    if strict and first:
        raise SqlError.of(1364, column)
    if first or not once:
        x.session.warn("Warning", 1364, f"Field '{column}' doesn't have a default value")
    return fallback


def refuse(code: int, *args: Any) -> Any:
    """Raise an error from inside an expression."""
    raise SqlError.of(code, *args)


def note_error(session: SessionState, error: Any, codes: frozenset[int]) -> None:
    """IGNORE: errors of `codes` become warnings; others are raised again."""
    if error.code not in codes:
        raise error
    session.warn("Warning", error.code, error.message)


IGNORABLE = frozenset((1022, 1048, 1062, 1451, 1452, 1216, 1217, 4025))


def check_failed(session: SessionState, name: str, db: str, table: str, ignore: bool) -> bool:
    """A CHECK constraint is false: raises 4025; under IGNORE a warning, and the row is skipped."""
    error = SqlError.of(4025, name, db, table)
    if not ignore:
        raise error
    session.warn("Warning", 4025, error.message)
    return True


class Storing:
    """Writes the code that converts values for one target table."""

    def __init__(self, gen: ExprGen, target: Source, strict: bool, ignore: bool, several: bool = True) -> None:
        assert target.tdef is not None
        self.gen = gen
        self.unit = gen.unit
        self.target = target
        self.tdef: TableDef = target.tdef
        self.strict = strict
        self.ignore = ignore
        self.several = several
        lasting = target.transactional or not gen.typer.mode.isdisjoint(("STRICT_ALL_TABLES", "TRADITIONAL"))
        self.strictness = 0 if not strict else 1 if lasting else FIRST_ROW
        self.strict_source = str(self.strictness)

    def source(self, column: int, e: Expr) -> str:
        """Source of the value of `e` on its way into `column`."""
        if self.tdef.columns[column].type.family is Family.FLOAT and is_quotient(self.gen, e):
            return as_double(self.gen, e)
        return self.gen.value(e)

    def convert(self, lines: Lines, column: int, variable: str, row: str, null_passes: bool = False) -> None:
        """Make the value in `variable` one that the column holds.  null_passes: NULL is dealt with elsewhere (AUTO_INCREMENT)."""
        definition = self.tdef.columns[column]
        check = inline_check(definition.type, variable)
        slow = self._slow(definition, variable, row)
        tests = []
        if definition.nullable or null_passes:
            tests.append(f"{variable} is None")
        if check is not None:
            test, names = check
            for name, value in names.items():
                self.unit.named(name, value)
            tests.append(test)
        lines(f"if not ({' or '.join(tests)}): {slow}" if tests else slow)

    def _slow(self, definition: Column, variable: str, row: str) -> str:
        store = self.unit.const(storer(definition.type, definition.nullable), "store")
        make = self.unit.named("context", context)
        where = f"({self.tdef.db!r}, {self.tdef.name!r}), {definition.name!r}, {row}"
        return f"{variable} = {store}({variable}, {make}(x, {where}, {self.strict_source}, {self.ignore}, {self.several}))"

    # ---- defaults
    def default_source(self, column: int, row: str, omitted: bool = False) -> str:
        """Source of a column's DEFAULT, already of the column's type; it raises 1364 or warns where there is none.  row: source of
        the row's number, '' in an assignment, which is never forgiven.  omitted: the column is left out in all rows."""
        definition = self.tdef.columns[column]
        default = definition.default
        if default is None:
            if definition.nullable or definition.auto_increment:
                return "None"
            return self._missing(definition, row, omitted)
        if default.current_timestamp:
            return self.now_source(definition.type)
        if default.expression is not None:
            return self.gen.value(self.parsed(default.expression))
        return self.constant(default.value)

    def _missing(self, definition: Column, row: str, omitted: bool) -> str:
        if (self.strictness == 1 and not self.ignore) or not row:
            return f"{self.unit.named('refuse', refuse)}(1364, {definition.name!r})"
        fallback = self.constant(implicit_default(definition.type))
        first = self.strictness == FIRST_ROW and not self.ignore
        return f"{self.unit.named('no_default', no_default)}(x, {definition.name!r}, {fallback}, {row}, {omitted}, {first})"

    def initial(self, column: int) -> str:
        """Source of what a column of a row to be inserted holds before it is given its value."""
        definition = self.tdef.columns[column]
        default = definition.default
        if default is not None and default.expression is None and not default.current_timestamp:
            return self.constant(default.value)
        return "None" if definition.nullable else self.constant(implicit_default(definition.type))

    def constant(self, value: Any) -> str:
        return repr(value) if isinstance(value, _AS_IT_IS) else self.unit.const(value, "D")

    def now_source(self, t: SqlType) -> str:
        """The statement's time in the precision of a DATETIME / TIMESTAMP column."""
        digits = t.scale or 0
        moment = "x.session.statement_time()"
        if t.family is Family.DATE:
            return f"{moment}.date()"
        if digits >= 6:
            return moment
        if digits == 0:
            return f"{moment}.replace(microsecond=0)"
        unit = 10 ** (6 - digits)
        held = self.unit.temp()
        return f"({held} := {moment}).replace(microsecond={held}.microsecond // {unit} * {unit})"

    def parsed(self, text: str) -> Expr:
        """An expression of the table's definition, bound to the target's columns."""
        from minidb.query.bind.bind_expr import FIELDS, ExprBinder
        from minidb.query.bind.scope import Scope
        from minidb.query.parse.parser import parse

        tree = parse(f"SELECT {text}")
        assert isinstance(tree, ast.Select)
        scope = Scope()
        scope.sources = [self.target]
        scope.visible = [(c.name.lower(), Col(self.target.slot, i, self.target)) for i, c in enumerate(self.target.columns)]
        assert self.gen.binder is not None
        return ExprBinder(self.gen.binder, scope, FIELDS).bind(tree.items[0].expr)

    # ---- constraints
    def checks(self) -> list[str]:
        """Conditions that are true when a CHECK constraint is violated; they raise, or warn under IGNORE."""
        found = []
        fail = self.unit.named("check_failed", check_failed) if self.tdef.checks else ""
        for check in self.tdef.checks:
            e = self.parsed(check.expression)
            found.append(f"{self.gen.false(e)} and "
                         f"{fail}(x.session, {check.name!r}, {self.tdef.db!r}, {self.tdef.name!r}, {self.ignore})")
        return found
