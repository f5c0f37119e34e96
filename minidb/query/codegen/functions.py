"""Calls of SQL functions, casts, LIKE and REGEXP in generated code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minidb.query import ast, patterns
from minidb.query.ast import Expr
from minidb.query.bind.types_of import arguments, spec_of
from minidb.query.codegen.comparisons import Kind, operand
from minidb.query.collations import COMPARING, combined
from minidb.query.context import SessionState
from minidb.query.functions.registry import FunctionSpec
from minidb.types.coerce import to_double, to_text
from minidb.types.collation import get_collation
from minidb.types.convert import cast_function
from minidb.types.sqltype import Family

if TYPE_CHECKING:
    from minidb.query.codegen.expressions import ExprGen

_UNIFYING = frozenset(("IF", "IFNULL", "COALESCE", "NVL", "NVL2"))


def assign(session: SessionState, name: str, value: Any) -> Any:
    """@name := value."""
    session.set_user_variable(name, value)
    return value


def call(gen: ExprGen, e: ast.Call) -> str:
    """Source of a function call."""
    spec = spec_of(e)
    args = arguments(e)
    if e.name in _UNIFYING:
        return _choice(gen, e)
    if e.name == "NULLIF":
        return f"(None if {gen.true(ast.Binary('=', args[0], args[1]))} else {gen.value(args[0])})"
    types = tuple(gen.typed(a).type for a in args)
    inline = spec.inline_source(types)
    if inline is not None:
        return gen.lift(lambda *names: f"({inline.format(*names)})", *args)
    texts = [a for a in args if gen.typed(a).type.family is Family.STRING]
    function = spec.bind(types, _collation(gen, e, texts))
    name = gen.unit.const(function, f"f_{e.name.lower()}_")
    session = f"{gen.session}{', ' if args else ''}" if spec.needs_session else ""

    def build(*sources: str) -> str:
        shown = [_shaped(gen, spec, i, args[i], source) for i, source in enumerate(sources)]
        return f"{name}({session}{', '.join(shown)})"

    if spec.null_propagates:
        return gen.lift(build, *args)
    return f"{name}({session}{', '.join(_optional(gen, spec, i, a) for i, a in enumerate(args))})"


def _collation(gen: ExprGen, e: ast.Call, texts: list[Expr]) -> str | None:
    """The collation that the function works under; functions that compare need one (1267)."""
    if not texts:
        return None
    if e.name in COMPARING:
        shown = texts[::-1] if e.name == "LOCATE" else texts  # MySQL keeps LOCATE's arguments in the order of INSTR's
        return gen.typer.collation(*shown, operation="locate" if e.name == "INSTR" else e.name.lower())
    found = combined((d for d in map(gen.typer.derivation, texts) if d is not None), e.name.lower())
    return None if found is None else found.collation


def _shaped(gen: ExprGen, spec: FunctionSpec, index: int, e: Expr, source: str) -> str:
    """A non-NULL argument in the form that the parameter wants: text by the argument's static type."""
    t = gen.typed(e).type
    if spec.param(index) == "n" and t.family is Family.STRING:
        return f"{gen.unit.named('to_double', to_double)}({source}, {gen.warn})"
    if spec.param(index) != "t" or t.family in (Family.STRING, Family.BYTES, Family.NULL):
        return source
    return gen.text_template(t).format(source)


def _optional(gen: ExprGen, spec: FunctionSpec, index: int, e: Expr) -> str:
    t = gen.typed(e).type
    if spec.param(index) != "t" or t.family in (Family.STRING, Family.BYTES, Family.NULL):
        return gen.value(e)
    return gen.text(e)


def _choice(gen: ExprGen, e: ast.Call) -> str:
    """IF, IFNULL, COALESCE: only the branch taken is evaluated."""
    t = gen.typed(e).type
    gen.branches += 1
    try:
        if e.name == "IF":
            return f"({gen.coerced(e.args[1], t)} if {gen.true(e.args[0])} else {gen.coerced(e.args[2], t)})"
        if e.name == "NVL2":
            return f"({gen.coerced(e.args[1], t)} if {gen.value(e.args[0])} is not None else {gen.coerced(e.args[2], t)})"
        out = gen.coerced(e.args[-1], t)
        for arg in reversed(e.args[:-1]):
            source = gen.coerced(arg, t)
            if not gen.nullable(arg):
                out = source
            elif gen.is_atom(source):
                out = f"({source} if {source} is not None else {out})"
            else:
                held = gen.unit.temp()
                out = f"({held} if ({held} := {source}) is not None else {out})"
        return out
    finally:
        gen.branches -= 1


def cast(gen: ExprGen, e: ast.Cast) -> str:
    """CAST(x AS type)."""
    mine = gen.typed(e.operand).type
    if mine.family is Family.STRING and e.type.family is Family.STRING and e.type.length is None:
        return gen.value(e.operand)
    name = gen.unit.const(cast_function(e.type), f"cast_{e.type.name}_")
    template = "{}"
    if e.type.family is Family.STRING and mine.family not in (Family.STRING, Family.BYTES):
        template = gen.text_template(mine)
    return gen.lift(lambda a: f"{name}({template.format(a)}, {gen.warn})", e.operand)


def convert_using(gen: ExprGen, e: ast.ConvertUsing) -> str:
    """CONVERT(x USING charset)."""
    if gen.typed(e.operand).type.family is Family.BYTES:
        name = gen.unit.named("coerce_text", to_text)
        return gen.lift(lambda a: f"{name}({a})", e.operand)
    return gen.text(e.operand)


def pattern(gen: ExprGen, e: ast.Like | ast.Regexp, wanted: bool) -> str:
    """Condition source for [NOT] LIKE and [NOT] REGEXP."""
    if Family.NULL in (gen.typed(e.operand).type.family, gen.typed(e.pattern).type.family):
        return "False"
    matcher, checks = _matcher(gen, e)
    subject = operand(gen, e.operand, Kind("plain")) if gen.typed(e.operand).type.family is Family.STRING else None
    if subject is not None:
        check, text = subject.check, subject.use
    else:
        source = gen.text(e.operand)
        text = gen.unit.temp()
        check = f"({text} := {source}) is None"
    if check is not None:
        checks.insert(0, f"{check.removesuffix(' is None')} is not None")
    test = f"{'' if wanted else 'not '}{matcher}({text})"
    return f"({' and '.join([*checks, test])})" if checks else f"({test})"


def _matcher(gen: ExprGen, e: ast.Like | ast.Regexp) -> tuple[str, list[str]]:
    """Source of the function that tests a text, and checks that the pattern is not NULL."""
    binary = Family.BYTES in (gen.typed(e.operand).type.family, gen.typed(e.pattern).type.family)
    texts = [x for x in (e.operand, e.pattern) if gen.typed(x).type.family is Family.STRING]
    operation = "regexp" if isinstance(e, ast.Regexp) else "like"
    collation = None if binary else gen.typer.collation(*texts, operation=operation)
    checks: list[str] = []
    source = gen.text(e.pattern)
    if gen.nullable(e.pattern):
        name = source
        if not gen.is_atom(source):
            name = gen.unit.temp()
            checks.append(f"({name} := {source}) is not None")
        else:
            checks.append(f"{source} is not None")
        source = name
    if isinstance(e, ast.Regexp):
        insensitive = collation is not None and not get_collation(collation).binary
        made = f"{gen.unit.named('regexp_matcher', patterns.regexp_matcher)}({source}, {insensitive})"
    else:
        made = f"{gen.unit.named('like_matcher', patterns.like_matcher)}({source}, {_escape(gen, e)}, {collation!r})"
    if not checks and gen.is_const(e.pattern) and gen.unit.hoisting and not gen.branches:
        return gen.unit.once(made, "like"), checks
    return made, checks


def _escape(gen: ExprGen, e: ast.Like) -> str:
    if e.escape is None:
        return "''" if "NO_BACKSLASH_ESCAPES" in gen.typer.mode else repr("\\")
    return gen.value(e.escape)
