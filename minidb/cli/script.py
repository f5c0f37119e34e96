"""Scripts: statements from a file or standard input, run one after the other.

A failing statement stops the script with file and line (the caret of a syntax error under its place) and the number of statements
done, unless `force` says to go on.  A long script shows a progress bar on stderr when that is a terminal.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from minidb.cli.client import Client
from minidb.errors import Error
from minidb.query.parse.splitter import split_statements

PROGRESS_BYTES = 200_000
_VERTICAL = re.compile(r"\\G\s*\Z")
_CLIENT_LINE = re.compile(
    r"(?:\\[.uTtPnsWw!]|(?:source|tee|notee|pager|nopager|status|system|warnings|nowarning)\b)[^\n]*", re.I)


class ScriptFailed(Exception):
    """A statement failed and the script was not told to go on.  The error has been printed.  done: statements that worked."""

    def __init__(self, done: int) -> None:
        super().__init__(done)
        self.done = done


def run_file(client: Client, path: Path, force: bool = False) -> int:
    """Run the script in file `path`; the number of statements done.  Raises ScriptFailed, its errors printed."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        client.err.write(f"ERROR: cannot read '{path}': {error}\n")
        raise ScriptFailed(0) from error
    return run_script(client, text, str(path), force)


def run_script(client: Client, text: str, name: str, force: bool = False) -> int:
    """Run the statements of `text`; `name` is the file's name for messages.  Raises ScriptFailed."""
    advance, finish = _progress(name, len(text))
    done = failed = 0
    try:
        for statement, start, line in split_statements(text, client.delimiter):
            try:
                _run_one(client, statement)
                done += 1
            except Error as error:
                client.print_error(error, f" at line {_line_of(error, line)} in {name}")
                failed += 1
                if not force:
                    raise ScriptFailed(done) from error
            advance(start + len(statement))
    except ScriptFailed:
        client.err.write(f"{name}: stopped at a failing statement; {_count(done)} before it had been executed\n")
        raise
    finally:
        finish()
    if failed:
        client.err.write(f"{name}: {_count(done)} executed, {failed} failed\n")
        raise ScriptFailed(done)
    return done


def _count(number: int) -> str:
    return f"{number} statement{'' if number == 1 else 's'}"


def _line_of(error: Error, first: int) -> int:
    """The line in the file: a syntax error knows its line inside the statement."""
    return first + getattr(error, "line", 1) - 1


def _run_one(client: Client, statement: str) -> None:
    match = _CLIENT_LINE.fullmatch(statement.strip())
    if match is not None and client.command(statement):
        return
    vertical = _VERTICAL.search(statement)
    client.execute(statement[: vertical.start()] if vertical else statement, vertical is not None)


def _progress(name: str, total: int) -> tuple[Callable[[int], None], Callable[[], None]]:
    """(advance to an offset, finish): a bar on stderr for a long script on a terminal, else nothing."""
    if total < PROGRESS_BYTES or not sys.stderr.isatty():
        return (lambda offset: None), (lambda: None)
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn(),
                   console=Console(stderr=True), transient=True)
    task = bar.add_task(Path(name).name, total=total)
    bar.start()
    return (lambda offset: bar.update(task, completed=offset)), bar.stop
