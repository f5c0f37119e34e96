"""Command line: ``minidb [DIR]`` opens a database (prompt, ``-e``, or a script from standard input); sub-commands do the rest."""

from __future__ import annotations

import sys
from typing import Any

import click

from minidb import __version__
from minidb.cli.formats import FORMATS
from minidb.cli.inspecting import inspect


class ShellByDefault(click.Group):
    """A group whose first argument may also be a directory: then the `shell` command is meant."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "--version")):
            args.insert(0, "shell")
        return super().parse_args(ctx, args)


@click.group(cls=ShellByDefault, context_settings={"help_option_names": ["--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="minidb")
def main() -> None:
    """A miniature MySQL in Python.

    \b
    minidb [DIR]           open the database in DIR (none: in memory); see `minidb shell --help`
    minidb DIR < dump.sql  run a script
    minidb run FILE...     play scenario files
    minidb inspect DIR ... look into the files of a closed database; see `minidb inspect --help`
    minidb backup DIR TO   copy a database while others write to it
    minidb recover DIR     put in order what a crash left
    minidb dump DIR [DB]   write the database as SQL
    """


@main.command()
@click.argument("directory", default=":memory:")
@click.option("-e", "--execute", "statements", multiple=True, metavar="SQL", help="Execute SQL and quit.")
@click.option("-D", "--database", metavar="NAME", help="Database to use.")
@click.option("--format", "format_", type=click.Choice(sorted(FORMATS)),
              help="How to print results (table on a terminal, else tsv).")
@click.option("-t", "--table", "as_table", is_flag=True, help="The same as --format table.")
@click.option("-E", "--vertical", is_flag=True, help="The same as --format vertical.")
@click.option("-N", "--skip-column-names", is_flag=True, help="No column names in results.")
@click.option("-f", "--force", is_flag=True, help="Go on after an SQL error.")
@click.option("--show-warnings", is_flag=True, help="Show warnings after every statement.")
@click.option("--default-engine", type=click.Choice(["InnoDB", "MyISAM"], case_sensitive=False), default="InnoDB",
              show_default=True, help="Engine of tables that do not name one.")
@click.option("--profile", default="mariadb-10.11", show_default=True,
              help="Server whose locking rules hold: mariadb-10.11, mysql-8.4.")
@click.option("--buffer-pool-pages", type=click.IntRange(min=8), help="Limit of the buffer pool, in pages of 16 KiB.")
@click.option("--leaf-capacity", type=click.IntRange(min=4), default=256, show_default=True,
              help="Records a page, 4 for pictures.")
@click.option("--color/--no-color", default=None, help="Colour (default: on a terminal, unless NO_COLOR is set).")
def shell(**options: Any) -> None:
    """Open the database in DIRECTORY, or one in memory."""
    from minidb.cli.shell import open_shell

    sys.exit(open_shell(**options))


main.add_command(inspect)


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.option("--expect", is_flag=True, help="Compare with the .expected file beside each scenario.")
@click.option("--record", is_flag=True, help="Write the .expected file beside each scenario.")
@click.option("--level", type=click.Choice(["outcome", "locks", "state", "full"]), default="state", show_default=True,
              help="What --expect compares.")
@click.option("--step", is_flag=True, help="Wait for a key before each step.")
@click.option("--profile", help="Server profile (default: the file's own, else mariadb-10.11).")
@click.option("--compare-profiles", is_flag=True, help="Play under both profiles and print where they differ.")
@click.option("--junit", type=click.Path(dir_okay=False), metavar="XML", help="Write a JUnit report (with --expect).")
@click.option("-q", "--quiet", is_flag=True, help="Print failures and the summary only.")
def run(**options: Any) -> None:
    """Play scenario FILES (a directory stands for all .scenario files below it)."""
    from minidb.lab.report import run_files

    sys.exit(run_files(**options))


@main.command()
@click.argument("directory")
@click.argument("target")
@click.option("--prepare/--no-prepare", default=True, show_default=True,
              help="Recover and check the copy; else its first opening does.")
@click.option("--leaf-capacity", type=click.IntRange(min=4), default=256, show_default=True,
              help="Records a page, as the database was made with.")
def backup(**options: Any) -> None:
    """Copy the database in DIRECTORY to TARGET, which must not exist or be empty.

    The database may be open in another process, whose work goes on.  To restore a backup, open it: it is a database directory.
    """
    from minidb.cli.upkeep import run_backup

    sys.exit(run_backup(**options))


@main.command()
@click.argument("directory")
@click.option("--explain", is_flag=True, help="Tell everything that was done.")
@click.option("-n", "--dry-run", is_flag=True, help="Tell what would be done; change nothing.")
@click.option("--leaf-capacity", type=click.IntRange(min=4), default=256, show_default=True,
              help="Records a page, as the database was made with.")
def recover(**options: Any) -> None:
    """Open the database in DIRECTORY, which puts in order what a crash left, and close it properly."""
    from minidb.cli.upkeep import run_recover

    sys.exit(run_recover(**options))


@main.command()
@click.argument("directory", type=click.Path())
@click.argument("names", nargs=-1, metavar="[DB [TABLE]...]")
@click.option("-B", "--databases", is_flag=True, help="All names are databases; write CREATE DATABASE and USE for each.")
@click.option("-A", "--all-databases", is_flag=True, help="All databases (the default when none is named).")
@click.option("--ignore-table", "ignored", multiple=True, metavar="DB.TABLE", help="Leave this table out.")
@click.option("-r", "--result-file", type=click.Path(dir_okay=False), help="Write to this file instead of standard output.")
@click.option("-d", "--no-data", is_flag=True, help="No rows.")
@click.option("-t", "--no-create-info", is_flag=True, help="No CREATE TABLE.")
@click.option("-n", "--no-create-db", is_flag=True, help="No CREATE DATABASE.")
@click.option("--add-drop-database", is_flag=True, help="DROP DATABASE before each CREATE DATABASE.")
@click.option("--add-drop-table/--skip-add-drop-table", default=True, help="DROP TABLE before each CREATE TABLE (default).")
@click.option("--add-locks/--skip-add-locks", default=True, help="LOCK TABLES around the rows (default).")
@click.option("-K", "--disable-keys/--skip-disable-keys", default=True, help="ALTER TABLE DISABLE KEYS around the rows (default).")
@click.option("-c", "--complete-insert", is_flag=True, help="Name the columns in INSERT.")
@click.option("-e", "--extended-insert/--skip-extended-insert", default=True, help="Many rows in one INSERT (default).")
@click.option("--net-buffer-length", type=click.IntRange(min=4096), metavar="BYTES", help="Length of an INSERT, about 1 MiB.")
@click.option("--replace", is_flag=True, help="REPLACE INTO instead of INSERT INTO.")
@click.option("--insert-ignore", is_flag=True, help="INSERT IGNORE instead of INSERT.")
@click.option("--hex-blob", is_flag=True, help="Binary values as 0x...")
@click.option("-w", "--where", metavar="EXPRESSION", help="Only rows for which this is true.")
@click.option("--order-by-primary", is_flag=True, help="Rows in the order of the primary, else of the first unique key.")
@click.option("--no-autocommit", is_flag=True, help="The rows of each table as one transaction.")
@click.option("-l", "--lock-tables/--skip-lock-tables", default=True, help="Lock MyISAM tables while they are read (default).")
@click.option("--single-transaction", is_flag=True, help="InnoDB tables as of one moment: so it is in any case.")
@click.option("--tz-utc/--skip-tz-utc", default=True, help="SET TIME_ZONE='+00:00' (default).")
@click.option("--set-charset/--skip-set-charset", default=True, help="SET NAMES utf8mb4 (default).")
@click.option("-i", "--comments/--skip-comments", default=True, help="Comments (default).")
@click.option("--dump-date/--skip-dump-date", default=True, help="The date at the end (default).")
@click.option("--compact", is_flag=True, help="Definitions and rows, nothing around them.")
def dump(**options: Any) -> None:
    """Write the database in DIRECTORY as SQL that minidb, MariaDB and MySQL load."""
    from minidb.cli.dumping import dump_directory

    sys.exit(dump_directory(**options))
