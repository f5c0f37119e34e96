"""Statements and clauses of MySQL that minidb knows by name only: they are refused with 1235 instead of 1064."""

from __future__ import annotations

from minidb.errors import SqlSyntaxError, unsupported
from minidb.query.parse.lexer import Token

# Words that may stand between CREATE / ALTER / DROP and the kind of object.
_FILLERS = frozenset(
    ["OR", "REPLACE", "TEMPORARY", "AGGREGATE", "ALGORITHM", "=", "UNDEFINED", "MERGE", "TEMPTABLE", "SQL", "SECURITY", "INVOKER",
     "IF", "NOT", "EXISTS"]
)
_OBJECTS = frozenset(
    ["VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "USER", "ROLE", "SERVER", "SEQUENCE", "PACKAGE", "TABLESPACE", "LOGFILE",
     "RESOURCE", "SPATIAL", "DATABASE", "SCHEMA", "INSTANCE"]
)
_FIRST_WORDS = frozenset(
    ["GRANT", "REVOKE", "HANDLER", "XA", "CALL", "HELP", "INSTALL", "UNINSTALL", "CHANGE", "PURGE", "RESET", "BINLOG", "CACHE",
     "SIGNAL", "RESIGNAL", "GET", "SHUTDOWN", "CLONE", "IMPORT", "RESTART", "BACKUP", "TABLE", "DECLARE"]
)
_FIRST_PAIRS = frozenset(
    ["LOAD DATA", "LOAD XML", "LOAD INDEX", "SET PASSWORD", "SET ROLE", "SET DEFAULT", "SET STATEMENT", "SET RESOURCE",
     "START SLAVE", "START REPLICA", "START ALL", "START GROUP_REPLICATION", "STOP SLAVE", "STOP REPLICA", "STOP ALL",
     "STOP GROUP_REPLICATION",
     "RENAME USER", "EXPLAIN FOR", "DESCRIBE FOR", "SHOW BINLOG", "SHOW RELAYLOG", "SHOW PROFILE", "SHOW PROFILES",
     "EXECUTE IMMEDIATE", "SHOW EXPLAIN", "SHOW ANALYZE", "BEGIN NOT", "ALTER USER"]
)
# Clauses: word at which the parser stopped -> name of what is missing.
_CLAUSES = {"PARTITION": "PARTITION", "INTO": "SELECT ... INTO", "LATERAL": "LATERAL", "JSON_TABLE": "JSON_TABLE",
            "PROCEDURE": "PROCEDURE"}


def _word(token: Token) -> str:
    return str(token.value).upper() if isinstance(token.value, str) and token.kind != "STRING" else ""


def refuse(tokens: list[Token], error: SqlSyntaxError) -> None:
    """Raise 1235 if the statement (its tokens, not none) is one that minidb knows by name only; return if `error` stands."""
    words = [_word(token) for token in tokens[:16]]
    first, pair = words[0], " ".join(words[:2])
    if first in ("CREATE", "ALTER", "DROP"):
        kind = _object(words)
        if kind:
            raise unsupported(f"{first} {kind}")
    if pair in _FIRST_PAIRS:
        raise unsupported(pair)
    if first in _FIRST_WORDS and _plausible(first, words):
        raise unsupported(first)
    if first == "SHOW" and words[1:2] == ["CREATE"] and len(words) > 2 and words[2] in _OBJECTS:
        raise unsupported(f"SHOW CREATE {words[2]}")
    at = next((token for token in tokens if token.start == error.position), None)
    if at is not None and _word(at) in _CLAUSES and first in ("CREATE", "ALTER", "SELECT", "INSERT", "UPDATE", "DELETE", "WITH"):
        raise unsupported(_CLAUSES[_word(at)])


def _plausible(first: str, words: list[str]) -> bool:
    """A first word alone is a statement only for a few."""
    return len(words) > 1 or first in ("SHUTDOWN", "RESTART", "RESIGNAL", "HELP")


def _object(words: list[str]) -> str:
    """The kind of object that CREATE, ALTER or DROP names, '' if it is one that the grammar knows."""
    place = 1
    while place < len(words):
        word = words[place]
        if word in _OBJECTS:
            return word if word not in ("DATABASE", "SCHEMA", "SPATIAL") or words[0] == "ALTER" else ""
        if word == "DEFINER" and words[place + 1 : place + 2] == ["="]:
            place += 2
            while place < len(words) and words[place] not in _OBJECTS and words[place] not in ("SQL", "AGGREGATE"):
                place += 1
        elif word in _FILLERS or word == "DEFINER":
            place += 1
        else:
            return ""
    return ""
