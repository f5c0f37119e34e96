"""The `minidb` command."""

from minidb.cli.main import main

__all__ = ["main"]
