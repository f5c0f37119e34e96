"""Answers of whole statements, compared with what a real MariaDB 10.11 gave: rows, headings, counts, warnings, errors.

`tests/golden/results/NAME.sql` holds the statements, `NAME.expected` the server's answers (`tests/session/golden_kit.py` tells the
format).  To record again: ``python tests/query/test_results.py SOCKET [NAME ...]``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "session"))

from golden_kit import play, record

RESULTS = Path(__file__).resolve().parent.parent / "golden" / "results"
SCRIPTS = sorted(RESULTS.glob("*.sql"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_answers_are_those_of_the_real_server(path: Path) -> None:
    assert play(path) == path.with_suffix(".expected").read_text(encoding="utf-8")


if __name__ == "__main__":
    socket, *names = sys.argv[1:]
    for script in SCRIPTS:
        if not names or script.stem in names:
            script.with_suffix(".expected").write_text(record(script, socket), encoding="utf-8")
