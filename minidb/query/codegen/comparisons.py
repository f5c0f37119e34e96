"""How two values of given static types are compared: as numbers, doubles, collated text, bytes, moments or spans of time."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from minidb.query.ast import Expr, Literal, Param
from minidb.query.bind.nodes import Col
from minidb.query.bind.types_of import CONNECTION_COLLATION, Typer
from minidb.query.codegen.arithmetic import as_double, is_quotient
from minidb.query.context import SessionState
from minidb.types import temporal
from minidb.types.coerce import Warn, incorrect, to_bytes, to_decimal, to_double, truncated
from minidb.types.collation import get_collation
from minidb.types.keys import key_function
from minidb.types.sqltype import Family, SqlType

if TYPE_CHECKING:
    from minidb.query.codegen.expressions import ExprGen


class Kind(NamedTuple):
    """way: 'null' 'plain' 'double' 'decimal' 'text' 'bytes' 'datetime' 'time'; collation for text."""

    way: str
    collation: str = ""


PLAIN, DOUBLE, DECIMAL, BYTES = Kind("plain"), Kind("double"), Kind("decimal"), Kind("bytes")
MOMENT, SPAN, UNKNOWN = Kind("datetime"), Kind("time"), Kind("null")
_DAYS = (Family.DATE, Family.DATETIME)
ZERO_MOMENT = datetime.datetime.min  # stands for 0000-00-00 00:00:00: below every date


def moment(value: Any, warn: Warn | None) -> datetime.datetime:
    """A value beside a DATE or DATETIME in a comparison; what is no date counts as 0000-00-00, with warning 1292."""
    found = temporal.parse_datetime(value)
    if found is not None:
        return found
    if not temporal.is_zero_date(value):
        truncated(warn, "datetime", value)
    return ZERO_MOMENT


def column_moment(value: Any, warn: Warn | None, column: str) -> datetime.datetime:
    """`moment` of a column's value: the warning names the column."""
    found = temporal.parse_datetime(value)
    if found is not None:
        return found
    if not temporal.is_zero_date(value):
        incorrect(warn, "datetime", value, column)
    return ZERO_MOMENT


def moment_today(value: datetime.timedelta, session: SessionState) -> datetime.datetime:
    """A TIME beside a DATE or DATETIME: that time today."""
    return datetime.datetime.combine(session.statement_time().date(), datetime.time()) + value


def span(value: Any, warn: Warn | None) -> datetime.timedelta:
    """A value beside a TIME in a comparison; what is no time counts as 00:00:00, with warning 1292."""
    if isinstance(value, str):
        found = temporal.read_time(value)
        if found is None or not found[1]:
            truncated(warn, "time", value)
        return temporal.clip_time(found[0]) if found is not None else datetime.timedelta()
    made = temporal.parse_time(value)
    if made is None:
        truncated(warn, "time", value)
        return datetime.timedelta()
    return made


def column_span(value: Any, warn: Warn | None, column: str) -> datetime.timedelta:
    """`span` of a column's value: the warning names the column."""
    found = temporal.read_time(value) if isinstance(value, str) else None
    if isinstance(value, str) and (found is None or not found[1]):
        incorrect(warn, "time", value, column)
        return temporal.clip_time(found[0]) if found is not None else datetime.timedelta()
    return span(value, warn)


def kind_of(typer: Typer, a: Expr, b: Expr, operation: str = "=") -> Kind:
    """The way MySQL compares `a` with `b`; raises 1267 for collations that do not mix."""
    ta, tb = typer.typed(a).type, typer.typed(b).type
    fa, fb = ta.family, tb.family
    if fa is Family.NULL or fb is Family.NULL:
        return UNKNOWN
    if fa is Family.STRING and fb is Family.STRING:
        return Kind("text", typer.collation(a, b, operation=operation))
    if fa in _DAYS and fb in _DAYS:
        return PLAIN if fa is fb else MOMENT
    if fa is fb:
        return PLAIN
    if fa in _DAYS or fb in _DAYS:
        return MOMENT
    if fa is Family.TIME or fb is Family.TIME:
        return SPAN
    if ta.is_numeric() and tb.is_numeric():
        return DOUBLE if Family.FLOAT in (fa, fb) and Family.DECIMAL in (fa, fb) else PLAIN
    if {fa, fb} == {Family.STRING, Family.BYTES}:
        return BYTES
    if ta.name in ("enum", "set") or tb.name in ("enum", "set"):
        return PLAIN
    return DECIMAL if Family.INT in (fa, fb) or _decimal_column(a, b) else DOUBLE


def _decimal_column(a: Expr, b: Expr) -> bool:
    """A constant beside a DECIMAL column is converted to the column's type."""
    pairs = ((a, b), (b, a))
    return any(isinstance(x, Col) and x.type.family is Family.DECIMAL and isinstance(y, (Literal, Param)) for x, y in pairs)


def collation_key(gen: ExprGen, name: str) -> str | None:
    """The name of a collation's key function, None where text is its own key."""
    collation = get_collation(name or CONNECTION_COLLATION)
    if collation.binary and not collation.pad_space and collation.table is None:
        return None
    return gen.unit.const(collation.key, "ck")


def wrapper(gen: ExprGen, t: SqlType, kind: Kind, column: Col | None = None) -> tuple[str, bool]:
    """Template that turns a non-NULL value of type `t` into what is compared, and whether that may be None.  column: where the
    value comes from, for warnings."""
    way = kind.way
    if way == "text":
        key = collation_key(gen, kind.collation)
        return ("{}" if key is None else f"{key}({{}})"), False
    if way == "plain":
        if t.name in ("enum", "set") and kind == PLAIN:
            order = key_function(t)
            return f"{gen.unit.const(order, 'member')}({{}})", False
        return "{}", False
    if way == "double":
        if t.family in (Family.INT, Family.FLOAT):
            return "{}", False
        if t.family is Family.DECIMAL:
            return "float({})", False
        return f"{gen.unit.named('to_double', to_double)}({{}}, {gen.warn})", False
    if way == "decimal":
        if t.is_numeric():
            return "{}", False
        return f"{gen.unit.named('to_decimal', to_decimal)}({{}}, {gen.warn})", False
    if way == "bytes":
        return ("{}" if t.family is Family.BYTES else f"{gen.unit.named('to_bytes', to_bytes)}({{}})"), False
    if way == "datetime":
        if t.family is Family.DATETIME:
            return "{}", False
        if t.family is Family.DATE:
            return f"{gen.unit.named('midnight', temporal.parse_datetime)}({{}})", False
        if t.family is Family.TIME:
            return f"{gen.unit.named('moment_today', moment_today)}({{}}, x.session)", False
        if column is not None and column.source.tdef is not None:
            return f"{gen.unit.named('column_moment', column_moment)}({{}}, {gen.warn}, {_full_name(column)!r})", False
        return f"{gen.unit.named('moment', moment)}({{}}, {gen.warn})", False
    if way == "time":
        if t.family is Family.TIME:
            return "{}", False
        if column is not None and column.source.tdef is not None:
            return f"{gen.unit.named('column_span', column_span)}({{}}, {gen.warn}, {_full_name(column)!r})", False
        return f"{gen.unit.named('span', span)}({{}}, {gen.warn})", False
    return "{}", True


def _full_name(column: Col) -> str:
    tdef = column.source.tdef
    assert tdef is not None
    return f"`{tdef.db}`.`{tdef.name}`.`{tdef.columns[column.ordinal].name}`"


class Operand(NamedTuple):
    """source: evaluates the operand; check: source that is true when it is NULL (None: cannot be NULL); use: what to compare
    once the check has been made."""

    check: str | None
    use: str


def operand(gen: ExprGen, expr: Expr, kind: Kind) -> Operand:
    """Code for one side of a comparison of kind `kind`."""
    typed = gen.typer.typed(expr)
    template, fallible = wrapper(gen, typed.type, kind, expr if isinstance(expr, Col) else None)
    if kind.way == "double" and is_quotient(gen, expr):
        template, source = "{}", as_double(gen, expr)
    else:
        source = gen.value(expr)
    nullable = typed.nullable or source == "None"
    if gen.is_const(expr) and (template != "{}" or not gen.is_atom(source)) and gen.unit.hoisting:
        whole = template.format(source)
        if nullable and template != "{}":
            whole = f"None if {source} is None else {template.format(source)}"
        name = gen.unit.once(whole)
        return Operand(f"{name} is None" if nullable or fallible else None, name)
    if fallible:
        name = gen.unit.temp()
        inner = f"None if {source} is None else {template.format(source)}" if nullable and gen.is_atom(source) else None
        if inner is None and nullable:
            raw = gen.unit.temp()
            inner = f"None if ({raw} := {source}) is None else {template.format(raw)}"
        return Operand(f"({name} := {inner or template.format(source)}) is None", name)
    if not nullable:
        return Operand(None, template.format(source))
    if gen.is_atom(source):
        return Operand(f"{source} is None", template.format(source))
    name = gen.unit.temp()
    return Operand(f"({name} := {source}) is None", template.format(name))
