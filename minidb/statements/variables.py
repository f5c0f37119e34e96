"""System variables at work: checking values (1231, 1232, 1238), global and session scopes, how they are shown.

`GlobalVariables` belongs to a Database; every session starts with a copy of it.  Values that the session computes itself
(last_insert_id, timestamp, warning_count ...) are in `SessionVariables.computed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from minidb.errors import Error, SqlError
from minidb.statements.variable_table import COMBINED_MODES, VariableDef, variable_table

Warn = Callable[[str, int, str], None]
TRUTH = {"on": 1, "true": 1, "off": 0, "false": 0, "1": 1, "0": 0}


def shown(value: Any) -> str:
    """A value inside an error message."""
    return "NULL" if value is None else str(value)


def wrong_value(name: str, value: Any) -> Error:
    return SqlError.of(1231, name, shown(value))


def checked(v: VariableDef, value: Any, warn: Warn) -> Any:
    """`value` as variable `v` stores it; raises 1231 or 1232, warns 1292 where it is clipped."""
    return _CHECKS[v.kind](v, value, warn)


def _bool(v: VariableDef, value: Any, warn: Warn) -> int:
    if isinstance(value, (float, Decimal)):
        raise SqlError.of(1232, v.name)
    if value is None:
        raise wrong_value(v.name, value)
    found = TRUTH.get(str(int(value) if isinstance(value, bool) else value).lower())
    if found is None:
        raise wrong_value(v.name, value)
    return found


def _int(v: VariableDef, value: Any, warn: Warn) -> int:
    if type(value) is bool:
        value = int(value)
    if type(value) is not int:
        raise SqlError.of(1232, v.name)
    clipped = min(max(value, v.low), v.high)
    if clipped != value:
        warn("Warning", 1292, f"Truncated incorrect {v.name} value: '{value}'")
    return clipped


def _double(v: VariableDef, value: Any, warn: Warn) -> float:
    if isinstance(value, (str, bytes)) or value is None:
        raise SqlError.of(1232, v.name)
    clipped = min(max(float(value), float(v.low)), float(v.high))
    if clipped != float(value):
        warn("Warning", 1292, f"Truncated incorrect {v.name} value: '{value}'")
    return clipped


def _text(v: VariableDef, value: Any, warn: Warn) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if value is not None and not isinstance(value, str):
        raise SqlError.of(1232, v.name)
    return value


def _enum(v: VariableDef, value: Any, warn: Warn) -> str:
    if isinstance(value, int):
        if 0 <= value < len(v.choices):
            return v.choices[int(value)]
        raise wrong_value(v.name, value)
    if isinstance(value, (float, Decimal)):
        raise SqlError.of(1232, v.name)
    if value is not None:
        upper = str(value).upper()
        for choice in v.choices:
            if choice.upper() == upper:
                return choice
    raise wrong_value(v.name, value)


def _set(v: VariableDef, value: Any, warn: Warn) -> str:
    if type(value) is int:
        names = [n for i, n in enumerate(v.choices) if value >> i & 1]
        if value >> len(v.choices):
            raise wrong_value(v.name, value)
    elif isinstance(value, str):
        names = [n.strip() for n in value.split(",") if n.strip()]
    else:
        raise wrong_value(v.name, value) if value is None else SqlError.of(1232, v.name)
    chosen: set[str] = set()
    for written in names:
        name = written.upper()
        if name not in v.choices:
            raise wrong_value(v.name, written if isinstance(value, str) else value)
        chosen.add(name)
        chosen.update(COMBINED_MODES.get(name, ()))
    return ",".join(n for n in v.choices if n in chosen)


def _charset(v: VariableDef, value: Any, warn: Warn) -> str | None:
    from minidb.types import collation

    if value is None:
        if v.name == "character_set_results":
            return None
        raise wrong_value(v.name, value)
    if type(value) is int:
        raise SqlError.of(1115, str(value))
    return collation.canonical_charset(str(value))


def _collation(v: VariableDef, value: Any, warn: Warn) -> str:
    from minidb.types import collation

    if value is None:
        raise wrong_value(v.name, value)
    return collation.get_collation(str(value)).name


def parse_zone(text: str) -> int | None:
    """Offset of a time zone '+hh:mm' in seconds, None for SYSTEM; raises 1298 (named zones are not loaded)."""
    if text.upper() == "SYSTEM":
        return None
    sign = {"+": 1, "-": -1}.get(text[:1])
    hours, colon, minutes = text[1:].partition(":")
    if sign and colon and hours.isdigit() and minutes.isdigit() and len(minutes) == 2 and int(minutes) < 60:
        seconds = sign * (int(hours) * 3600 + int(minutes) * 60)
        if -46800 < seconds <= 50400:
            return seconds
    raise SqlError.of(1298, text)


def _zone(v: VariableDef, value: Any, warn: Warn) -> str:
    if not isinstance(value, str):
        raise SqlError.of(1298, shown(value))
    return "SYSTEM" if parse_zone(value) is None else value


def _engine(v: VariableDef, value: Any, warn: Warn) -> str:
    for name in ("InnoDB", "MyISAM"):
        if isinstance(value, str) and value.lower() == name.lower():
            return name
    if value in (None, "") and v.name == "default_tmp_storage_engine":
        return ""
    raise SqlError.of(1286, value) if isinstance(value, str) else wrong_value(v.name, value)


_CHECKS: dict[str, Callable[[VariableDef, Any, Warn], Any]] = {
    "bool": _bool, "int": _int, "double": _double, "str": _text, "enum": _enum, "set": _set, "charset": _charset,
    "collation": _collation, "zone": _zone, "engine": _engine,
}


def display(v: VariableDef, value: Any) -> str:
    """A value as SHOW VARIABLES has it."""
    if v.kind == "bool":
        return "ON" if value else "OFF"
    if v.kind == "double":
        return f"{float(value):.6f}"
    return "" if value is None else str(value)


class GlobalVariables:
    """The global values of one database."""

    def __init__(self, profile: str) -> None:
        self.table = variable_table(profile)
        self.values: dict[str, Any] = {n: v.default for n, v in self.table.items() if v.scope != "session"}

    def find(self, name: str) -> VariableDef:
        """The variable called `name` in lower case; raises 1193."""
        v = self.table.get(name)
        if v is None:
            raise SqlError.of(1193, name)
        return v

    def get(self, name: str) -> Any:
        """@@global.name; raises 1193, 1238."""
        v = self.find(name)
        if v.scope == "session":
            raise SqlError.of(1238, name, "SESSION")
        return self.values[name]

    def set(self, name: str, value: Any, warn: Warn) -> Any:
        """SET GLOBAL name = value; raises 1193, 1228, 1231, 1232, 1238.  Returns the stored value."""
        stored = self.values[name] = self.check(name, value, warn)
        return stored

    def check(self, name: str, value: Any, warn: Warn) -> Any:
        """The value that SET GLOBAL name = value would store; raises 1193, 1228, 1231, 1232, 1238."""
        v = self.find(name)
        if v.read_only:
            raise SqlError.of(1238, name, "read only")
        if v.scope == "session":
            raise SqlError.of(1228, name)
        return checked(v, value, warn)


class SessionVariables:
    """The session's values: its own copy of what has session scope."""

    __slots__ = ("computed", "values", "world")

    def __init__(self, world: GlobalVariables, computed: dict[str, Callable[[], Any]]) -> None:
        self.world = world
        self.values = dict(world.values)
        self.computed = computed

    def get(self, name: str, explicit_session: bool = False) -> Any:
        """@@name or @@session.name; raises 1193, 1238."""
        if name in self.computed:
            return self.computed[name]()
        v = self.world.find(name)
        if v.scope == "global":
            if explicit_session:
                raise SqlError.of(1238, name, "GLOBAL")
            return self.world.values[name]
        return self.values.get(name, v.default)

    def check(self, name: str, value: Any, explicit_session: bool, warn: Warn) -> Any:
        """The value that SET [SESSION] name = value would store; raises 1193, 1229, 1231, 1232, 1238, 1621."""
        v = self.world.find(name)
        if v.read_only:
            raise SqlError.of(1238, name, "read only")
        if v.scope == "global":
            raise SqlError.of(1229, name)
        if name in ("max_allowed_packet", "net_buffer_length"):
            raise SqlError.of(1621, "SESSION", name, "Use SET GLOBAL to assign the value")
        return checked(v, value, warn)

    def default(self, name: str, scope: str) -> Any:
        """What SET name = DEFAULT assigns: the global value, or for GLOBAL the compiled-in one."""
        v = self.world.find(name)
        if scope == "global" or v.scope == "session":
            return v.default
        return self.world.values[name]

    def rows(self, scope: str) -> Iterator[tuple[str, str]]:
        """(name, shown value) of SHOW [GLOBAL] VARIABLES, by name."""
        for name, v in self.world.table.items():
            if scope == "global":
                if v.scope != "session":
                    yield name, display(v, self.world.values[name])
            else:
                yield name, display(v, self.get(name))
