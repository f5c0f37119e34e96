"""`minidb [DIR]`: opens the database and hands over to -e, a script from standard input, or the prompt."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from minidb.cli.client import Client, Quit
from minidb.cli.failing import fail
from minidb.cli.script import ScriptFailed, run_script
from minidb.database import Database
from minidb.errors import Error
from minidb.scheduler import ConsoleScheduler


def open_shell(
    directory: str,
    statements: Sequence[str],
    database: str | None,
    format_: str | None,
    as_table: bool,
    vertical: bool,
    skip_column_names: bool,
    force: bool,
    show_warnings: bool,
    default_engine: str,
    profile: str,
    buffer_pool_pages: int | None,
    leaf_capacity: int,
    color: bool | None,
) -> int:
    """Run the client; the process's exit status."""
    interactive = not statements and sys.stdin.isatty()
    chosen = format_ or ("vertical" if vertical else "table" if as_table or interactive or sys.stdout.isatty() else "tsv")
    try:
        db = Database(directory, default_engine=default_engine, profile=profile, buffer_pool_pages=buffer_pool_pages,
                      leaf_capacity=leaf_capacity, scheduler=ConsoleScheduler() if interactive else None)
    except Error as error:
        return fail(error)
    with db:
        if color is None:
            color = sys.stderr.isatty() and "NO_COLOR" not in os.environ
        client = Client(db, db.session("main"), format=chosen, header=not skip_column_names, interactive=interactive, color=color,
                        show_warnings=show_warnings)
        try:
            return _serve(client, statements, database, force)
        except Quit:
            return 0
        except BrokenPipeError:  # the reader of our output left
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        finally:
            client.command("\\t")


def _serve(client: Client, statements: Sequence[str], database: str | None, force: bool) -> int:
    try:
        if database:
            client.session.execute(f"USE `{database.replace('`', '``')}`")
    except Error as error:
        client.print_error(error)
        return 1
    if client.interactive:
        from minidb.repl import Prompt

        return Prompt(client).run()
    try:
        if statements:
            for number, text in enumerate(statements, 1):
                run_script(client, text, "-e" if len(statements) == 1 else f"-e #{number}", force)
        else:
            name = getattr(sys.stdin, "name", "<stdin>")
            run_script(client, sys.stdin.buffer.read().decode("utf-8", errors="surrogateescape"), _stdin_name(name), force)
    except ScriptFailed:
        return 1
    except KeyboardInterrupt:
        client.err.write("interrupted\n")
        return 130
    finally:
        client.out.flush()
    return 0


def _stdin_name(name: object) -> str:
    """The file behind a redirected standard input where the system tells, else ``<stdin>``."""
    try:
        target = os.readlink("/proc/self/fd/0")
    except OSError:
        return str(name)
    return Path(target).name if target.startswith("/") and not target.startswith("/dev/") else "<stdin>"
