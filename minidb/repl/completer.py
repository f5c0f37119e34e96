"""Completion of keywords, databases, tables and columns from the catalog, and of client commands and file names after ``\\.``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from minidb.cli.client import Client

KEYWORDS = (
    "ADD", "ALL", "ALTER", "ANALYZE", "AND", "AS", "ASC", "AUTO_INCREMENT", "AVG", "BEGIN", "BETWEEN", "BIGINT", "BY",
    "CASCADE", "CASE", "CHAR", "CHARSET", "CHECK", "COLLATE", "COLUMN", "COMMENT", "COMMIT", "CONSISTENT", "CONSTRAINT",
    "COUNT", "CREATE", "CROSS", "CURRENT_TIMESTAMP", "DATABASE", "DATABASES", "DATE", "DATETIME", "DECIMAL", "DEFAULT",
    "DELETE", "DESC", "DESCRIBE", "DISTINCT", "DOUBLE", "DROP", "DUPLICATE", "ELSE", "END", "ENGINE", "ENGINES", "EXISTS",
    "EXPLAIN", "FLUSH", "FORCE", "FOREIGN", "FORMAT", "FROM", "FULL", "GROUP", "GROUP_CONCAT", "HAVING", "IF", "IGNORE", "IN",
    "INDEX", "INNER", "INNODB", "INSERT", "INT", "INTO", "IS", "ISOLATION", "JOIN", "KEY", "KILL", "LEFT", "LEVEL", "LIKE",
    "LIMIT", "LOCK", "LOCKED", "MAX", "MIN", "MODE", "MODIFY", "MYISAM", "NOT", "NOWAIT", "NULL", "ON", "OPTIMIZE", "OR",
    "ORDER", "OUTER", "PRIMARY", "PROCESSLIST", "PYTHON", "READ", "REFERENCES", "RENAME", "REPEATABLE", "REPLACE", "RIGHT",
    "ROLLBACK", "SAVEPOINT", "SCHEMA", "SELECT", "SERIALIZABLE", "SESSION", "SET", "SHARE", "SHOW", "SKIP", "SNAPSHOT", "START",
    "STATUS", "STRAIGHT_JOIN", "SUM", "TABLE", "TABLES", "TEXT", "THEN", "TO", "TRANSACTION", "TREE", "TRUNCATE", "UNCOMMITTED",
    "COMMITTED", "UNION", "UNIQUE", "UNLOCK", "UPDATE", "USE", "USING", "VALUES", "VARCHAR", "VARIABLES", "VERSIONS",
    "WARNINGS", "WHEN", "WHERE", "WITH", "WRITE",
)
_TABLE_PLACE = re.compile(
    r"\b(?:from|join|into|update|table|describe|desc|tables|truncate|tree|versions|index from)\s+(?:`?\w+`?\s*,\s*)*$", re.I)
_USE_PLACE = re.compile(r"(?:^|;)\s*(?:use|\\u)\s+$", re.I)
_WORD = re.compile(r"[`\w$]+$")
_QUALIFIED = re.compile(r"`?([\w$]+)`?\.`?([\w$]*)$")
_NAMED_TABLES = re.compile(r"\b(?:from|join|update|into|,)\s*`?([\w$]+)`?(?:\s+(?:as\s+)?`?([\w$]+)`?)?", re.I)


class SqlCompleter(Completer):
    """What may stand at the cursor, most likely first."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        text = document.text_before_cursor
        source = re.match(r"\s*(?:\\\.|source|\\T|tee)\s+(.*)$", text, re.S | re.I)
        if source is not None:
            yield from self.paths.get_completions(Document(source[1]), complete_event)
            return
        qualified = _QUALIFIED.search(text)
        if qualified is not None:
            yield from _matching(self.columns_of(qualified[1], document.text), qualified[2], "column")
            return
        match = _WORD.search(text)
        word = match[0].lstrip("`") if match else ""
        before = text[: len(text) - len(match[0])] if match else text
        if _USE_PLACE.search(before):
            yield from _matching(self.databases(), word, "database")
        elif _TABLE_PLACE.search(before):
            yield from _matching(self.tables(), word, "table")
        elif word:
            named = [t for t, _ in _NAMED_TABLES.findall(document.text)]
            yield from _matching(dict.fromkeys(c for t in named for c in self.columns_of(t, document.text)), word, "column")
            yield from _matching(self.tables(), word, "table")
            upper = not word.islower()
            yield from _matching((k if upper else k.lower() for k in KEYWORDS), word, "keyword")

    def databases(self) -> list[str]:
        return self.client.database.dictionary.databases()

    def tables(self) -> list[str]:
        name = self.client.session.database
        return self.client.database.dictionary.tables(name) if name else []

    def columns_of(self, name: str, text: str) -> list[str]:
        """Columns of table (or alias) `name` as the statement `text` uses it."""
        aliases = {alias.lower(): table for table, alias in _NAMED_TABLES.findall(text) if alias}
        database = self.client.session.database
        if not database:
            return []
        tdef = self.client.database.dictionary.find_table(database, aliases.get(name.lower(), name))
        return [c.name for c in tdef.columns] if tdef is not None else []


def _matching(names: Iterable[str], word: str, kind: str) -> Iterator[Completion]:
    lowered = word.lower()
    for name in names:
        if name.lower().startswith(lowered):
            shown = name if re.fullmatch(r"[\w$]+", name) else f"`{name}`"
            yield Completion(shown, start_position=-len(word), display=name, display_meta=kind)
