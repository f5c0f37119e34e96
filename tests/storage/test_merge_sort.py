"""Sorting with bounded memory: what comes out is what went in, in order, however little memory there is; nothing is left behind."""

from __future__ import annotations

import errno
import random
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidb.errors import Error
from minidb.storage.fault_file import Fault, FaultFileSystem
from minidb.storage.file import MemoryFileSystem, RealFileSystem
from minidb.storage.merge_sort import BLOCK, FILE_NAME, LEAST, MergeSort
from tests.storage.storage_kit import make_row, spec

Item = tuple[int, tuple[int, str]]


def shuffled(count: int, length: int = 0, seed: int = 3) -> list[Item]:
    keys = list(range(count))
    random.Random(seed).shuffle(keys)
    return [(key, make_row(key, length)) for key in keys]


@given(st.lists(st.tuples(st.integers(-1000, 1000), st.integers(0, 3000))), st.booleans())
@settings(max_examples=60, derandomize=True, deadline=None)
def test_what_comes_out_is_sorted(records: list[tuple[int, int]], spills: bool) -> None:
    items = [(key, make_row(key, length)) for key, length in records]
    fs = MemoryFileSystem()
    with MergeSort(spec(), 1, fs if spills else None) as sort:
        sort.add(items)
        assert list(sort.sorted()) == sorted(items, key=lambda item: item[0])
        assert sort.check() == []
    assert fs.listdir("") == []


def test_runs_are_merged_in_several_passes() -> None:
    items = shuffled(3000, 400)
    with MergeSort(spec(), LEAST, MemoryFileSystem()) as sort:  # a merge may read two runs
        sort.add(items)
        before = len(sort.runs)
        assert [key for key, _ in sort.sorted()] == list(range(3000))
        assert before > 16 and len(sort.runs) == 2
        assert sort.check() == []
        assert sort.dump().startswith("run 0: bytes 0 to ")


def test_memory_stays_within_the_limit(tmp_path: Path) -> None:
    limit = 8 * BLOCK
    tracemalloc.start()
    try:
        with MergeSort(spec(), limit, RealFileSystem(str(tmp_path))) as sort:
            for key in range(4000):
                sort.add([(-key, make_row(-key, 1000))])
            assert sum(1 for _ in sort.sorted()) == 4000
            assert len(sort.runs) <= 8
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * limit < 4000 * 1000 // 4


def test_a_sort_that_fits_writes_nothing() -> None:
    fs = FaultFileSystem()
    with MergeSort(spec(), 1 << 20, fs) as sort:
        sort.add(shuffled(100))
        assert [key for key, _ in sort.sorted()] == list(range(100))
    assert fs.events == []


def test_the_file_has_no_name_and_a_left_over_one_is_no_hindrance(tmp_path: Path) -> None:
    fs = RealFileSystem(str(tmp_path))
    fs.open(FILE_NAME, create=True).close()
    with MergeSort(spec(), 1, fs) as sort:
        sort.add(shuffled(500, 300))
        assert sort.runs and fs.listdir("") == []
        assert [key for key, _ in sort.sorted()] == list(range(500))


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, 1114), (errno.EIO, 1026)])
def test_every_call_may_fail(number: int, code: int) -> None:
    failed = set()
    for at in range(1, 60):
        fs = FaultFileSystem()
        fs.fail(Fault(at, number, kinds=frozenset(("create", "remove", "write", "read", "open"))))
        try:
            with MergeSort(spec(), 1, fs) as sort:
                sort.add(shuffled(300, 300))
                assert [key for key, _ in sort.sorted()] == list(range(300))
        except Error as error:
            failed.add(error.code)
    assert failed == {code, 1024}


def test_no_flipped_byte_passes() -> None:
    fs = FaultFileSystem()
    rng = random.Random(9)
    with MergeSort(spec(), 1, fs) as sort:
        sort.add(shuffled(120, 300))
        assert sort.check() == []
        data = next(iter(fs.image.files.values()))
        for offset in [*range(16), *(rng.randrange(len(data)) for _ in range(60))]:
            bit = 1 << rng.randrange(8)
            data[offset] ^= bit
            with pytest.raises(Error) as damaged:
                sort.check()
            assert damaged.value.code == 1877
            data[offset] ^= bit
