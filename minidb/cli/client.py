"""`Client`: what the prompt and scripts share: a database, its sessions, the output format, mysql's backslash commands."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from minidb.cli.failing import error_line
from minidb.cli.formats import FORMATS
from minidb.database import Database
from minidb.errors import Error, SqlSyntaxError
from minidb.session import Result, Session

HELP = """\
List of all client commands:
?         (\\?) Synonym for `help'.
clear     (\\c) Clear the current input statement.
connect   (\\r) Reconnect to the database.  Optional argument: db.
delimiter (\\d) Set statement delimiter.
edit      (\\e) Edit command with $EDITOR.
ego       (\\G) Send command, display result vertically.
go        (\\g) Send command.
help      (\\h) Display this help.
nopager   (\\n) Disable pager, print to stdout.
notee     (\\t) Don't write into outfile.
pager     (\\P) Set PAGER [to_pager].  Print the query results via PAGER.
print     (\\p) Print current command.
quit      (\\q) Quit (also: exit).
session   (\\session NAME) Switch to another session of this window, opening it at first use.
sessions  (\\sessions) List the sessions of this window.
source    (\\.) Execute an SQL script file.  Takes a file name as an argument.
status    (\\s) Get status information.
system    (\\!) Execute a system shell command.
tee       (\\T) Set outfile [to_outfile].  Append everything into given outfile.
use       (\\u) Use another database.  Takes database name as argument.
warnings  (\\W) Show warnings after every statement.
nowarning (\\w) Don't show warnings after every statement.
"""


class Quit(Exception):
    """The user asked to leave."""


@dataclass(slots=True)
class Client:
    """State of one window.  `out` and `err` are where results and errors go."""

    database: Database
    session: Session
    out: IO[str] = field(default_factory=lambda: sys.stdout)
    err: IO[str] = field(default_factory=lambda: sys.stderr)
    format: str = "table"
    header: bool = True
    interactive: bool = False
    color: bool = False
    show_warnings: bool = False
    delimiter: str = ";"
    pager: str | None = None
    tee: IO[str] | None = None
    sessions: dict[str, Session] = field(default_factory=dict)
    run_statement: Callable[[Session, str], Result] | None = None

    # ---- statements
    def execute(self, statement: str, vertical: bool = False) -> None:
        """Run one statement in the present session and print what it brings.  Raises minidb's errors."""
        start = self.database.scheduler.now()
        session = self.session
        result = self.run_statement(session, statement) if self.run_statement else session.execute(statement)
        self.show(result, vertical, self.database.scheduler.now() - start)

    def show(self, result: Result, vertical: bool = False, seconds: float = 0.0) -> None:
        """Print a result: its rows in the chosen format, and at a prompt the line about rows and time."""
        if result.rows is not None:
            if result.rows or self.format in ("csv", "json", "tsv"):
                writer = FORMATS["vertical" if vertical else self.format]
                self._print_all(writer(result.columns, result.rows, self.header))
            if self.interactive:
                count = len(result.rows)
                text = "Empty set" if not count else f"{count} row{'' if count == 1 else 's'} in set"
                self.print(f"{text}{self._warning_count(result)} ({seconds:.3f} sec)\n\n")
        elif self.interactive:
            count = result.affected
            rows = f"{count} row{'' if count == 1 else 's'}"
            self.print(f"Query OK, {rows} affected{self._warning_count(result)} ({seconds:.3f} sec)\n")
            self.print(f"{result.info}\n\n" if result.info else "\n")
        if self.show_warnings:
            for level, code, message in result.warnings:
                self.print(f"{level} (Code {code}): {message}\n")

    @staticmethod
    def _warning_count(result: Result) -> str:
        count = len(result.warnings)
        return f", {count} warning{'' if count == 1 else 's'}" if count else ""

    def _print_all(self, pieces: Iterable[str]) -> None:
        if self.pager and self.interactive:
            process = subprocess.Popen(self.pager, shell=True, stdin=subprocess.PIPE, text=True)
            assert process.stdin is not None
            try:
                for piece in pieces:
                    process.stdin.write(piece)
                process.stdin.close()
            except BrokenPipeError:
                pass  # the reader left the pager early
            process.wait()
            return
        for piece in pieces:
            self.print(piece)

    def print(self, text: str) -> None:
        self.out.write(text)
        if self.tee is not None:
            self.tee.write(text)

    def print_error(self, error: Error, place: str = "") -> None:
        """`error_line`, with a caret under the place of a syntax error."""
        text = error_line(error, place)
        if self.color:
            text = f"\x1b[31m{text}\x1b[0m"
        lines = [text]
        if isinstance(error, SqlSyntaxError) and error.text:
            lines += ["  " + line for line in error.caret().split("\n")]
        self.out.flush()
        for line in lines:
            self.err.write(line + "\n")
            if self.tee is not None:
                self.tee.write(line + "\n")
        self.err.flush()

    # ---- several sessions in one window
    def switch(self, name: str) -> Session:
        """Make session `name` the present one; a new one starts in the present database."""
        if not self.sessions:
            self.sessions["main"] = self.session
        if name not in self.sessions:
            session = self.database.session(name)
            if self.session.database:
                session.execute(f"USE `{self.session.database.replace('`', '``')}`")
            self.sessions[name] = session
        self.session = self.sessions[name]
        return self.session

    # ---- backslash commands
    def command(self, line: str) -> bool:
        """Run `line` if it is a client command (``\\s``, ``status``, ``source FILE`` ...); False if it is not."""
        words = line.strip().rstrip(";").split(None, 1)
        if not words:
            return False
        name, rest = words[0], (words[1].strip() if len(words) > 1 else "")
        if name.startswith("\\") and len(name) > 2 and name not in ("\\session", "\\sessions"):
            name, rest = name[:2], (name[2:] + " " + rest).strip()
        handler = _COMMANDS.get(name if name.startswith("\\") else name.lower())
        if handler is None or (not name.startswith("\\") and name.lower() not in _BARE):
            return False
        handler(self, rest)
        return True

    def _help(self, rest: str) -> None:
        self.print(HELP)

    def _quit(self, rest: str) -> None:
        raise Quit

    def _use(self, rest: str) -> None:
        name = rest.strip("`")
        self.session.execute(f"USE `{name.replace('`', '``')}`")
        if self.interactive:
            self.print("Database changed\n")

    def _source(self, rest: str) -> None:
        from minidb.cli.script import run_file

        run_file(self, Path(rest.strip("'\"")).expanduser())

    def _status(self, rest: str) -> None:
        session = self.session
        lines = [
            "--------------",
            f"Connection id:\t\t{session.connection_id}",
            f"Current database:\t{session.database or ''}",
            f"Current user:\t\t{session.user}",
            f"Data directory:\t\t{self.database.path}",
            f"Server version:\t\t{session.variable('global', 'version')}",
            f"Lock profile:\t\t{self.database.profile}",
            f"Transaction:\t\t{'open' if session.in_transaction else 'none'}",
            f"Using delimiter:\t{self.delimiter}",
            f"Using outfile:\t\t'{self.tee.name if self.tee else ''}'",
            f"Current pager:\t\t{self.pager or 'stdout'}",
            "--------------",
            "",
        ]
        self.print("\n".join(lines) + "\n")

    def _pager(self, rest: str) -> None:
        self.pager = rest or "less -SFX"
        self.print(f"PAGER set to '{self.pager}'\n")

    def _nopager(self, rest: str) -> None:
        self.pager = None
        self.print("PAGER set to stdout\n")

    def _tee(self, rest: str) -> None:
        self._notee("")
        self.tee = Path(rest.strip("'\"")).expanduser().open("a", encoding="utf-8")
        self.print(f"Logging to file '{rest}'\n")

    def _notee(self, rest: str) -> None:
        if self.tee is not None:
            self.tee.close()
            self.tee = None

    def _system(self, rest: str) -> None:
        self.out.flush()
        subprocess.run(rest, shell=True, check=False)

    def _warnings_on(self, rest: str) -> None:
        self.show_warnings = True
        self.print("Show warnings enabled.\n")

    def _warnings_off(self, rest: str) -> None:
        self.show_warnings = False
        self.print("Show warnings disabled.\n")

    def _delimiter(self, rest: str) -> None:
        if rest:
            self.delimiter = rest.split()[0]
        else:
            self.err.write("DELIMITER must be followed by a 'delimiter' character or string\n")

    def _reconnect(self, rest: str) -> None:
        name = next((n for n, s in self.sessions.items() if s is self.session), "")
        database = rest.strip("`") or self.session.database
        self.session.close()
        self.session = self.database.session(name)
        if name:
            self.sessions[name] = self.session
        if database:
            self._use(database)

    def _session(self, rest: str) -> None:
        words = shlex.split(rest)
        if len(words) != 1:
            self.err.write("usage: \\session NAME\n")
        else:
            self.switch(words[0])

    def _list_sessions(self, rest: str) -> None:
        waiting = self.database.waiting()
        for name, session in (self.sessions or {"main": self.session}).items():
            state = "waits" if session.connection_id in waiting else "in transaction" if session.in_transaction else "idle"
            self.print(f"{'*' if session is self.session else ' '} {name}\t{state}\n")


_COMMANDS: dict[str, Callable[[Client, str], None]] = {
    "\\h": Client._help, "\\?": Client._help, "help": Client._help, "?": Client._help,
    "\\q": Client._quit, "quit": Client._quit, "exit": Client._quit,
    "\\u": Client._use, "use": Client._use,
    "\\.": Client._source, "source": Client._source,
    "\\s": Client._status, "status": Client._status,
    "\\P": Client._pager, "pager": Client._pager,
    "\\n": Client._nopager, "nopager": Client._nopager,
    "\\T": Client._tee, "tee": Client._tee,
    "\\t": Client._notee, "notee": Client._notee,
    "\\!": Client._system, "system": Client._system,
    "\\W": Client._warnings_on, "warnings": Client._warnings_on,
    "\\w": Client._warnings_off, "nowarning": Client._warnings_off,
    "\\d": Client._delimiter, "delimiter": Client._delimiter,
    "\\r": Client._reconnect, "connect": Client._reconnect,
    "\\session": Client._session, "\\sessions": Client._list_sessions,
}
_BARE = frozenset(name for name in _COMMANDS if not name.startswith("\\"))
