"""A crash between any two writes, syncs or changes of names: what was acknowledged is there, nothing else is, and all is sound.

At each place the disk may have lost what `Bound` says (minidb/storage/platter.py): of the writes that were not synced every subset
of the last three, every single one missing or alone, the last one torn in every class, every number of changes of names with all
and with none of the writes, and a random subset torn at random.  The default recovers a sample of some thousands (`WORKLOADS`),
MINIDB_CRASH=long all of them.

Disks that are equal byte for byte are recovered once; the counts say how many were distinct.
"""

from __future__ import annotations

import os
import random

import pytest

from minidb.storage.platter import Bound
from tests.conftest import Tell
from tests.crash import workloads
from tests.crash.crash_kit import Explorer, crash_points, first_mark, record

LONG = os.environ.get("MINIDB_CRASH") == "long"
BOUND = Bound(subset=3, tears=1, random=1)
PARTS = 2
WORKLOADS = [  # name, pages in the pool; one in so many is recovered: of the disks that have lost nothing, of the others
    ("transactions", None, 2, 20), ("transactions", 12, 2, 14), ("definitions", None, 1, 4),
    ("mixed", None, 8, 200), ("mixed", 12, 8, 200),
]


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(("name", "pool_pages", "whole", "others"), WORKLOADS)
def test_a_crash_anywhere(name: str, pool_pages: int | None, whole: int, others: int, part: int,
                          tell: Tell) -> None:
    fs, play = record(getattr(workloads, name), pool_pages)
    explorer = Explorer(play.states, pool_pages, play.log)
    count = 0
    lossless = 0
    for crash in crash_points(fs, random.Random(11), BOUND, first_mark(fs)):
        if crash.position % PARTS != part:
            continue
        count += 1
        all_there = crash.choice.text == "all"
        lossless += all_there
        if LONG or (lossless % whole == 0 if all_there else count % others == 0):
            explorer.visit(crash, name)
    assert explorer.points > 100
    tell(f"{name} {part + 1}/{PARTS}: {len(fs.events)} events, {count} crash points, {explorer.points} recovered, "
         f"{len(explorer.known)} distinct", explorer.points)
