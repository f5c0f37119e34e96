"""`minidb dump DIR`: opens the database and writes it as SQL."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

import click

from minidb.cli.failing import fail
from minidb.database import Database
from minidb.dump import DumpOptions
from minidb.dump import dump as write_dump
from minidb.errors import Error, SqlError


def dump_directory(directory: str, names: Sequence[str], databases: bool, all_databases: bool, ignored: Sequence[str],
                   result_file: str | None, single_transaction: bool, compact: bool, net_buffer_length: int | None,
                   **options: Any) -> int:
    """Write the dump; the process's exit status.  single_transaction is what happens in any case."""
    if all_databases and names:
        raise click.UsageError("--all-databases takes no names")
    leave_out = {_table(one) for one in ignored}
    if net_buffer_length is not None:
        options["net_buffer_length"] = net_buffer_length
    chosen = DumpOptions(**options)
    if compact:
        chosen = chosen.compact()
    db, tables = (names[0], names[1:]) if names and not databases and not all_databases else (None, ())
    try:
        if not os.path.isdir(directory):
            raise SqlError.text(1049, f"There is no database directory '{directory}'")
        with Database(directory) as database, _opened(result_file) as out:
            write_dump(database, out, db, tables, databases=names if databases else None,
                       ignored=leave_out, options=chosen)
    except Error as error:
        return fail(error)
    except BrokenPipeError:  # the reader of our output left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        sys.stderr.write(f"ERROR: cannot write the dump: {error}\n")
        return 1
    return 0


def _table(name: str) -> tuple[str, str]:
    """The table called DB.TABLE."""
    db, dot, table = name.partition(".")
    if not (db and dot and table):
        raise click.UsageError(f"--ignore-table needs DB.TABLE, not '{name}'")
    return db, table


@contextmanager
def _opened(path: str | None) -> Iterator[BinaryIO]:
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    else:
        with open(path, "wb") as file:
            yield file
