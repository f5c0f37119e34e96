"""Databases as SQL text that minidb and a MariaDB or MySQL server load again: `minidb dump`, and `dump` for programs."""

from minidb.dump.dumper import dump
from minidb.dump.options import DumpOptions

__all__ = ["DumpOptions", "dump"]
