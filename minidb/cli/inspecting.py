"""`minidb inspect DIR ...`: what stands in the files of a closed database.  The commands only: minidb/inspect does the work."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from minidb.cli.failing import fail

if TYPE_CHECKING:
    from minidb.inspect.directory import Directory
    from minidb.inspect.report import Report

Make = Callable[["Directory"], "Report"]
TABLE = click.argument("table", metavar="TABLE")


@dataclass(frozen=True, slots=True)
class Options:
    """The options that hold for every sub-command."""

    directory: str
    as_json: bool
    no_header: bool
    width: int | None
    replay: bool


def _command(function: Callable[..., None]) -> click.Command:
    """A sub-command of `inspect`: `function` with the options of all, which it gets as one argument."""

    @click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
    @click.option("-N", "--no-header", is_flag=True, help="No titles and column names.")
    @click.option("--width", type=click.IntRange(min=40), help="Fold tables to this many columns.")
    @click.option("--replay", is_flag=True, help="Show the files as the redo log makes them, in memory.")
    @click.pass_obj
    @wraps(function)
    def run(directory: str, /, as_json: bool, no_header: bool, width: int | None, replay: bool, **own: Any) -> None:
        function(Options(directory, as_json, no_header, width, replay), **own)

    return inspect.command(function.__name__)(run)


@click.group("inspect", context_settings={"help_option_names": ["--help"]})
@click.argument("directory")
@click.pass_context
def inspect(ctx: click.Context, directory: str) -> None:
    """Look into the files of the database in DIRECTORY, closed or damaged.  Nothing is ever changed.

    TABLE is `table`, `db.table` or the path of a file below DIRECTORY, such as ibdata1.
    """
    ctx.obj = directory


def _run(options: Options, make: Make, failing: bool = False) -> None:
    """Print the report that `make` gives.  failing: exit with 1 if it tells of problems."""
    from minidb.errors import Error
    from minidb.inspect.directory import Directory

    try:
        directory = Directory.open(options.directory)
        holder = directory.holder()
        if holder is not None:
            click.echo(f"minidb: '{options.directory}' is in use by process {holder}: what is read may change underfoot", err=True)
        if options.replay:
            directory.replay()
        report = make(directory)
    except Error as error:
        sys.exit(fail(error))
    except OSError as error:
        from minidb.errors import SqlError
        from minidb.storage.file import describe

        sys.exit(fail(SqlError.of(1016, error.filename or options.directory, describe(error))))
    _print(options, report)
    sys.exit(1 if failing and report.problems else 0)


def _print(options: Options, report: Report) -> None:
    if options.as_json:
        import json

        click.echo(json.dumps(report.json(), indent=1))
        return
    from minidb.inspect.rendering import write

    write(report, sys.stdout, not options.no_header, options.width)


@_command
def tablespaces(options: Options) -> None:
    """Every file: what it is, whose, how full."""
    from minidb.inspect import tablespaces as module

    _run(options, module.report)


@_command
@TABLE
@click.option("--summary", is_flag=True, help="Totals by kind and index only.")
def pages(options: Options, table: str, summary: bool) -> None:
    """The pages of TABLE, one line each."""
    from minidb.inspect import pages as module

    _run(options, lambda directory: module.report(directory, table, summary))


@_command
@TABLE
@click.argument("number", type=int)
@click.option("--hex/--no-hex", "hex_dump", default=True, show_default=True, help="The bytes of the page as well.")
def page(options: Options, table: str, number: int, hex_dump: bool) -> None:
    """Page NUMBER of TABLE, decoded and in bytes."""
    from minidb.inspect import page as module

    _run(options, lambda directory: module.report(directory, table, number, hex_dump))


@_command
@TABLE
@click.argument("index", required=False)
@click.option("--level", type=int, help="This level only; 0 are the leaves.")
@click.option("--records", is_flag=True, help="The records of the leaves as well.")
def index(options: Options, table: str, **chosen: Any) -> None:
    """The tree of INDEX of TABLE (default: its first one), level by level."""
    from minidb.inspect import index as module

    _run(options, lambda directory: module.report(directory, table, **chosen))


@_command
@click.option("--from", "start", type=int, metavar="LSN", help="Begin here instead of at the checkpoint.")
@click.option("--limit", type=click.IntRange(min=0), default=1000, show_default=True, help="Most groups shown; 0: all.")
@click.option("--summary", is_flag=True, help="Totals by page instead of groups.")
def redo(options: Options, **chosen: Any) -> None:
    """The redo log: headers, checkpoints, groups, where it ends and why."""
    from minidb.inspect import redo as module

    _run(options, lambda directory: module.report(directory, **chosen))


@_command
@click.option("--records/--no-records", default=True, show_default=True, help="The changes of every log as well.")
def undo(options: Options, records: bool) -> None:
    """The undo logs of all transactions."""
    from minidb.inspect import undo as module

    _run(options, lambda directory: module.undo_report(directory, records))


@_command
def history(options: Options) -> None:
    """Committed transactions whose old versions wait for purge."""
    from minidb.inspect import undo as module

    _run(options, module.history_report)


@_command
@TABLE
@click.option("--page", type=int, help="This page of the file, decoded and in bytes, instead of the blocks.")
@click.option("--hex/--no-hex", "hex_dump", default=True, show_default=True, help="With --page: its bytes as well.")
def myd(options: Options, table: str, **chosen: Any) -> None:
    """The heap of MyISAM TABLE: rows, parts of rows, holes."""
    from minidb.inspect import heap as module

    _run(options, lambda directory: module.report(directory, table, **chosen))


@_command
@TABLE
@click.option("--records/--no-records", default=True, show_default=True, help="The entries of every index as well.")
def myi(options: Options, table: str, records: bool) -> None:
    """The index file of MyISAM TABLE: its header, its trees, the addresses they lead to."""
    from minidb.inspect import keys as module

    _run(options, lambda directory: module.report(directory, table, records))


@_command
def check(options: Options) -> None:
    """Verify all that can be verified from the files; exit status 1 if something is wrong."""
    from minidb.inspect.check import Check

    _run(options, lambda directory: Check(directory).run(), failing=True)
