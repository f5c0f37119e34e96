"""Off-page values."""

from __future__ import annotations

import random

import pytest

from minidb.errors import CorruptPageError, Error
from minidb.storage import lob
from minidb.storage import space as space_module
from minidb.storage.buffer_pool import BufferPool
from minidb.storage.file import MemoryFileSystem
from minidb.storage.page import PAGE_ROOM, PageKind
from minidb.storage.space import Tablespace
from tests.storage.storage_kit import WatchedFileSystem, outcome


def new_space(limit: int | None = None) -> Tablespace:
    return BufferPool(WatchedFileSystem(), limit).open_space("d.ibd", create=True)


@pytest.mark.parametrize("length", [0, 1, PAGE_ROOM - 1, PAGE_ROOM, PAGE_ROOM + 1, 10 * PAGE_ROOM + 17])
def test_values_of_every_length_come_back(length: int) -> None:
    fs = MemoryFileSystem()
    space = BufferPool(fs).open_space("t.ibd", create=True)
    mtr = space.pool.mtr()
    data = random.Random(length).randbytes(length)
    no = lob.store(mtr, space, data)
    mtr.commit()
    assert lob.load(space, no, length) == data
    assert space.check(lob.chain(space, no)) == []
    space.close()
    space = BufferPool(fs, 2).open_space("t.ibd")
    assert lob.load(space, no, length) == data
    lob.free(mtr := space.pool.mtr(), space, no)
    mtr.commit()
    assert space.used_count == 1


def test_pages_of_freed_values_are_used_again() -> None:
    space = new_space(limit=4)
    mtr = space.pool.mtr()
    rng = random.Random(12)
    values: dict[int, bytes] = {}
    for _ in range(200):
        if values and rng.random() < 0.5:
            no = rng.choice(list(values))
            assert lob.load(space, no, len(values[no])) == values.pop(no)
            lob.free(mtr, space, no)
        else:
            data = rng.randbytes(rng.randrange(60_000))
            values[lob.store(mtr, space, data)] = data
        mtr.commit()
        space.pool.trim()
    assert space.check(n for no in values for n in lob.chain(space, no)) == []
    assert space.size < 150


def test_a_wrong_reference_is_corruption_not_a_wrong_value() -> None:
    space = new_space()
    mtr = space.pool.mtr()
    no = lob.store(mtr, space, b"x" * 40_000)
    other = space.allocate(mtr, PageKind.SYSTEM).no
    mtr.commit()
    for wrong, length in ((no, 39_999), (no, 40_001), (no + 1, 40_000 - PAGE_ROOM), (other, 5), (other + 50, 5), (0, 5)):
        with pytest.raises(CorruptPageError, match="page"):
            lob.load(space, wrong, length)


def test_a_value_that_does_not_fit_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    space = new_space()
    monkeypatch.setattr(space_module, "MAX_PAGES", 64)
    mtr = space.pool.mtr()
    result = outcome(lambda: lob.store(mtr, space, b"x" * 100 * PAGE_ROOM))
    assert isinstance(result, Error) and result.code == 1114
    mtr.commit()
    assert space.used_count == 1 and space.pool.check() == [] and len(space.frames) == 1
