"""How the commands tell of errors: mysql's line, and exit status 1."""

from __future__ import annotations

import sys

from minidb.errors import Error


def error_line(error: Error, place: str = "") -> str:
    """``ERROR 1064 (42000)[ at line N in FILE]: message``."""
    return f"ERROR {error.code} ({error.sqlstate}){place}: {error.message}"


def fail(error: Error) -> int:
    """Tell of `error` on stderr, whatever is in the names of files; the process's exit status."""
    sys.stderr.write(error_line(error).encode("utf-8", "backslashreplace").decode() + "\n")
    return 1
