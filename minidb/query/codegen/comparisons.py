"""How two values of given static types are compared: as numbers, doubles, collated text, bytes, moments or spans of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minidb.query.ast import Expr
from minidb.query.codegen.arithmetic import as_double, is_quotient
from minidb.query.types_of import CONNECTION_COLLATION, Typer
from minidb.types.coerce import to_bytes, to_datetime, to_double, to_time
from minidb.types.collation import get_collation
from minidb.types.keys import key_function
from minidb.types.sqltype import Family, SqlType

if TYPE_CHECKING:
    from minidb.query.codegen.expressions import ExprGen


class Kind(NamedTuple):
    """way: 'null' 'plain' 'double' 'text' 'bytes' 'datetime' 'time'; collation for text."""

    way: str
    collation: str = ""


PLAIN, DOUBLE, BYTES = Kind("plain"), Kind("double"), Kind("bytes")
MOMENT, SPAN, UNKNOWN = Kind("datetime"), Kind("time"), Kind("null")
_DAYS = (Family.DATE, Family.DATETIME)


def kind_of(typer: Typer, a: Expr, b: Expr) -> Kind:
    """The way MySQL compares `a` with `b`; raises 1267 for collations that do not mix."""
    ta, tb = typer.typed(a).type, typer.typed(b).type
    fa, fb = ta.family, tb.family
    if fa is Family.NULL or fb is Family.NULL:
        return UNKNOWN
    if fa is Family.STRING and fb is Family.STRING:
        return Kind("text", typer.collation(a, b))
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
    return DOUBLE


def collation_key(gen: ExprGen, name: str) -> str | None:
    """The name of a collation's key function, None where text is its own key."""
    collation = get_collation(name or CONNECTION_COLLATION)
    if collation.binary and not collation.pad_space and collation.table is None:
        return None
    return gen.unit.const(collation.key, "ck")


def wrapper(gen: ExprGen, t: SqlType, kind: Kind) -> tuple[str, bool]:
    """Template that turns a non-NULL value of type `t` into what is compared, and whether that may be None."""
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
        return f"{gen.unit.named('to_double', to_double)}({{}}, {gen.warn()})", False
    if way == "bytes":
        return ("{}" if t.family is Family.BYTES else f"{gen.unit.named('to_bytes', to_bytes)}({{}})"), False
    if way == "datetime":
        if t.family is Family.DATETIME:
            return "{}", False
        return f"{gen.unit.named('to_datetime', to_datetime)}({{}})", t.family is not Family.DATE
    if way == "time":
        return ("{}", False) if t.family is Family.TIME else (f"{gen.unit.named('to_time', to_time)}({{}})", True)
    return "{}", True


class Operand(NamedTuple):
    """source: evaluates the operand; check: source that is true when it is NULL (None: cannot be NULL); use: what to compare
    once the check has been made."""

    check: str | None
    use: str


def operand(gen: ExprGen, expr: Expr, kind: Kind) -> Operand:
    """Code for one side of a comparison of kind `kind`."""
    typed = gen.typer.typed(expr)
    template, fallible = wrapper(gen, typed.type, kind)
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
