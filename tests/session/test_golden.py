"""Scripts whose answers a real MariaDB 10.11 recorded (golden_kit.py tells how)."""

from __future__ import annotations

from pathlib import Path

import pytest
from golden_kit import GOLDEN, play

SCRIPTS = sorted(GOLDEN.glob("*.sql"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_answers_are_those_of_the_real_server(path: Path) -> None:
    assert play(path) == path.with_suffix(".expected").read_text(encoding="utf-8")
