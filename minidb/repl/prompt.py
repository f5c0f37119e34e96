"""`Prompt`: the interactive window.  Multi-line until the delimiter, history file, completion, toolbar, mysql's commands.

Ctrl-C while a statement runs tells the engine to stop it (KILL QUERY, error 1317); nothing is torn out of the engine's hands.
Ctrl-C at the prompt clears the input, Ctrl-D leaves.
"""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from types import FrameType

from prompt_toolkit import PromptSession
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import HTML
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import PygmentsLexer
from pygments.lexers.sql import MySqlLexer

from minidb import __version__
from minidb.cli.client import Client, Quit
from minidb.cli.script import ScriptFailed
from minidb.errors import Error
from minidb.query.splitter import split_statements
from minidb.repl.completer import SqlCompleter
from minidb.session import Result, Session

_COMMAND_LINE = re.compile(
    r"\s*(?:\\(?![cgGpe])\S.*|(?:help|\?|quit|exit|status|source|tee|notee|pager|nopager|system|warnings|nowarning|delimiter|use|connect)"
    r"(?:\s+[^\n;]*)?;?\s*)\Z", re.I | re.S)
_ENDS = re.compile(r"(\\[gGpce])\s*\Z")


def history_file() -> Path:
    """$MINIDB_HISTFILE, else ~/.minidb_history."""
    return Path(os.environ.get("MINIDB_HISTFILE") or Path.home() / ".minidb_history")


class Prompt:
    """Reads statements at a terminal and runs them in the client's present session."""

    def __init__(self, client: Client) -> None:
        self.client = client
        client.run_statement = self._interruptible
        self.prompt: PromptSession[str] = PromptSession(
            history=self._history(),
            lexer=PygmentsLexer(MySqlLexer) if client.color else None,
            completer=SqlCompleter(client),
            complete_while_typing=False,
            multiline=Condition(self._wants_more),
            bottom_toolbar=self._toolbar,
            prompt_continuation=lambda width, line, wrapped: "-> ".rjust(width),
            key_bindings=self._keys(),
            enable_open_in_editor=True,
            tempfile_suffix=".sql",
        )

    @staticmethod
    def _history() -> History:
        path = history_file()
        try:
            path.touch(mode=0o600)
        except OSError:  # a home that cannot be written to: remember within the session
            return InMemoryHistory()
        return FileHistory(str(path))

    # ---- reading
    def _wants_more(self) -> bool:
        """Enter inserts a line break while the statement is not finished."""
        return not self.is_complete(self.prompt.default_buffer.document)

    def is_complete(self, document: Document) -> bool:
        text = document.text
        if not text.strip() or _COMMAND_LINE.match(text) or _ENDS.search(text):
            return True
        if not text.rstrip().endswith(self.client.delimiter):
            return False
        last = None
        for statement, start, _ in split_statements(text, self.client.delimiter):
            last = (statement, start)
        return last is None or text[last[1] + len(last[0]) :].strip() != ""

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("c-c")
        def clear(event: KeyPressEvent) -> None:
            event.app.current_buffer.reset()

        return keys

    def _message(self) -> HTML:
        """``B minidb [db] [blocked: A]> ``; the session's name is left out while there is only one."""
        session = self.client.session
        name = next((f"{n} " for n, s in self.client.sessions.items() if s is session), "")
        where = f" [{session.database}]" if session.database else ""
        blocked = self._blocked()
        marks = f" [blocked: {' '.join(blocked)}]" if blocked else ""
        return HTML("{}<b>minidb</b>{}<ansired>{}</ansired>> ").format(name, where, marks)

    def _blocked(self) -> list[str]:
        waiting = self.client.database.waiting()
        return [n for n, s in self.client.sessions.items() if s.connection_id in waiting]

    def _toolbar(self) -> str:
        session = self.client.session
        name = next((n for n, s in self.client.sessions.items() if s is session), "main")
        state = "transaction open" if session.in_transaction else "autocommit" if session.trx.autocommit else "no transaction"
        parts = [self.client.database.path, f"database {session.database or '-'}", f"session {name} (id {session.connection_id})",
                 state, str(session.variable("", "tx_isolation"))]
        return " " + " | ".join(parts)

    # ---- the loop
    def run(self) -> int:
        """Read and run until the end; the exit status."""
        client = self.client
        client.print(f"minidb {__version__}.  Commands end with {client.delimiter} or \\g.  Type 'help;' or '\\h' for help.\n\n")
        text = ""
        while True:
            try:
                text = self.prompt.prompt(self._message(), default=text)
            except KeyboardInterrupt:
                text = ""
                continue
            except EOFError:
                break
            try:
                text = self.handle(text)
            except Quit:
                break
            client.out.flush()
        client.print("Bye\n")
        return 0

    def handle(self, text: str) -> str:
        """Run one input; the text that the next prompt starts with (``\\e``, ``\\p``)."""
        client = self.client
        end = _ENDS.search(text)
        if end is not None and end[1] in ("\\c", "\\p", "\\e"):
            body = text[: end.start()]
            if end[1] == "\\p":
                client.print(f"--------------\n{body}\n--------------\n\n")
                return body
            return self._edit(body) if end[1] == "\\e" else ""
        try:
            if _COMMAND_LINE.match(text) and client.command(text):
                return ""
            vertical = end is not None and end[1] == "\\G"
            for statement, _, _ in split_statements(text[: end.start()] if end else text, client.delimiter):
                client.execute(statement, vertical)
        except ScriptFailed:  # a script's errors have been printed
            client.print("\n")
        except Error as error:
            client.print_error(error)
            client.print("\n")
        return ""

    @staticmethod
    def _edit(text: str) -> str:
        import click

        edited = click.edit(text, extension=".sql")
        return (text if edited is None else edited).rstrip("\n")

    def _interruptible(self, session: Session, statement: str) -> Result:
        """Run a statement with Ctrl-C meaning KILL QUERY for it."""

        def stop(number: int, frame: FrameType | None) -> None:
            session.cancel()

        before = signal.signal(signal.SIGINT, stop)
        try:
            return session.execute(statement)
        finally:
            signal.signal(signal.SIGINT, before)
