"""`Prompt`: the interactive window.  Multi-line until the delimiter, history file, completion, toolbar, mysql's commands.

Ctrl-C while a statement runs tells the engine to stop it (KILL QUERY, error 1317); nothing is torn out of the engine's hands.
Ctrl-C at the prompt clears the input, Ctrl-D leaves.

Several sessions live in one window (``\\session B``).  A statement that has to wait for another session gives the prompt back,
which then shows who is blocked; its result is printed when the other session lets it go on, or at the next input after its time.
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
from minidb.query.parse.splitter import split_statements
from minidb.repl.completer import SqlCompleter
from minidb.scheduler import ConsoleScheduler, Task
from minidb.session import Result, Session

_COMMAND_LINE = re.compile(
    r"\s*(?:\\(?-i:(?![cgGpe]))\S.*|(?:help|\?|quit|exit|status|source|tee|notee|pager|nopager|system|warnings|nowarning|delimiter|use"
    r"|connect)(?:\s+[^\n;]*)?;?\s*)\Z", re.I | re.S)
_ENDS = re.compile(r"(\\[gGpce])\s*\Z")


def history_file() -> Path:
    """$MINIDB_HISTFILE, else ~/.minidb_history."""
    return Path(os.environ.get("MINIDB_HISTFILE") or Path.home() / ".minidb_history")


class Blocked(Exception):
    """The statement waits for another session of this window; the text says for what."""


class Prompt:
    """Reads statements at a terminal and runs them in the client's present session."""

    def __init__(self, client: Client) -> None:
        self.client = client
        client.run_statement = self._run_in_session
        assert isinstance(client.database.scheduler, ConsoleScheduler)
        self.scheduler = client.database.scheduler
        self.statements: dict[str, str] = {}
        self.resumed: list[Task] = []
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
        # What follows a finished statement is a statement of its own; what follows an open string or statement is part of it.
        following = list(split_statements(text + "\n0", self.client.delimiter))
        return bool(following) and following[-1][0].strip() == "0"

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
            self._show_resumed()
            try:
                text = self.handle(text)
            except Quit:
                break
            self._show_resumed()
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
        except Blocked as blocked:
            client.print(f"-- {blocked}\n\n")
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

    # ---- sessions that may wait
    def _run_in_session(self, session: Session, statement: str) -> Result:
        """Run a statement; Ctrl-C means KILL QUERY for it.  Raises Blocked if it waits for another session of this window."""
        scheduler = self.scheduler
        if any(s is session and n in scheduler.waiting() for n, s in self._sessions()):
            raise Blocked(f"session {session.name} still waits; switch to another one (\\session NAME), or KILL QUERY "
                          f"{session.connection_id} there")

        def stop(number: int, frame: FrameType | None) -> None:
            session.cancel()

        before = signal.signal(signal.SIGINT, stop)
        try:
            task = scheduler.submit(session.name, lambda: session.execute(statement))
            self.statements[session.name] = statement
            others = scheduler.run().finished
            if task.waiter is not None and (task.waiter.kind == "sleep" or len(self.client.sessions) < 2):
                others += scheduler.outlast(task).finished
        finally:
            signal.signal(signal.SIGINT, before)
        self.resumed += [t for t in others if t is not task]
        if task.waiter is not None:
            raise Blocked(f"{session.name} waits: {self.client.database.why_waits(task.waiter)}")
        result: Result = task.outcome()
        return result

    def _sessions(self) -> list[tuple[str, Session]]:
        return list(self.client.sessions.items()) or [(self.client.session.name, self.client.session)]

    def _show_resumed(self) -> None:
        """Print what became of statements that had waited."""
        self.resumed += self.scheduler.catch_up().finished
        done, self.resumed = self.resumed, []
        for task in done:
            self.client.print(f"-- session {task.session} goes on: {self.statements.pop(task.session, '')}\n")
            try:
                self.client.show(task.outcome())
            except Error as error:
                self.client.print_error(error)
        self.scheduler.idle()
