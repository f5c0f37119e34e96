"""A crash between any two writes: every acknowledged commit is there, nothing else is, and everything is sound.

MINIDB_CRASH=long recovers every one, with more random losses; the default recovers a sample.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.crash import workloads
from tests.crash.crash_kit import crashes, first_mark, record, recovered

SAMPLE = 7
LONG = os.environ.get("MINIDB_CRASH") == "long"


@pytest.mark.parametrize(("name", "pool_pages"), [("transactions", None), ("transactions", 12), ("definitions", None)])
def test_a_crash_anywhere(name: str, pool_pages: int | None, capsys: pytest.CaptureFixture[str]) -> None:
    fs, states = record(getattr(workloads, name), pool_pages)
    rng = random.Random(11)
    count = 0
    for position, acknowledged, variant, image in crashes(fs, rng, 4 if LONG else 1, first_mark(fs)):
        count += 1
        if not LONG and count % SAMPLE:
            continue
        where = f"{name}, event {position} ({fs.events[position].kind} {fs.events[position].path}), {variant}"
        recovered(image, states, acknowledged, where, again=count % (3 * SAMPLE) == 0, pool_pages=pool_pages)
    with capsys.disabled():
        print(f" [{name}: {len(fs.events)} events, {count} crash points{'' if LONG else f', one in {SAMPLE} recovered'}]", end="")
