"""The B+ tree against sortedcontainers.SortedDict: random operations, small and large pages, with and without room in the pool."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sortedcontainers import SortedDict

from minidb.storage.btree import BTree, DuplicateKey, KeyMissing
from minidb.storage.btree_cursor import LeafCursor
from minidb.storage.file import MemoryFileSystem
from minidb.types.keys import NULL
from tests.storage.storage_kit import assert_sound, content, evict_all, keys_of, make_row, new_tree

KEYS = st.integers(0, 60)
# payload lengths: many short records, some that fill half a page, so that bytes decide before counts do
LENGTHS = st.sampled_from([0, 0, 0, 5, 40, 2000, 7000])
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), KEYS, LENGTHS),
        st.tuples(st.just("delete"), KEYS, st.just(0)),
        st.tuples(st.just("replace"), KEYS, LENGTHS),
        st.tuples(st.just("seek"), KEYS, st.just(0)),
        st.tuples(st.just("scan"), KEYS, st.integers(0, 30)),
    ),
    max_size=120,
)
SHAPES = st.sampled_from(["int", "tuple", "nullable"])


def shaped(shape: str, number: int) -> Any:
    if shape == "int":
        return number
    if shape == "tuple":
        return (f"k{number // 7}", number)
    return (NULL if number < 9 else number // 5, number)


def apply(tree: BTree, model: SortedDict, op: str, key: Any, argument: int) -> None:
    """One operation on both; results must agree."""
    mtr = tree.space.pool.mtr()
    if op == "insert":
        row = make_row(key, argument)
        if key in model:
            with pytest.raises(DuplicateKey) as caught:
                tree.insert(mtr, key, row)
            assert caught.value.page.keys[caught.value.position] == key
        else:
            page = tree.insert(mtr, key, row)
            assert page.rows[page.keys.index(key)] == row
            model[key] = row
    elif op == "delete":
        if key in model:
            assert tree.delete(mtr, key) == model.pop(key)
        else:
            with pytest.raises(KeyMissing):
                tree.delete(mtr, key)
    elif op == "replace":
        row = make_row(key, argument)
        if key in model:
            page = tree.replace(mtr, key, row)
            assert page.rows[page.keys.index(key)] == row
            model[key] = row
        else:
            with pytest.raises(KeyMissing):
                tree.replace(mtr, key, row)
    elif op == "seek":
        compare_seeks(tree, model, key)
    mtr.commit()


def compare_seeks(tree: BTree, model: SortedDict, key: Any) -> None:
    assert tree.get(key) == model.get(key)
    page, i, found = tree.locate(key)
    assert found == (key in model)
    for inclusive in (True, False):
        at = model.bisect_left(key) if inclusive else model.bisect_right(key)
        page, i = tree.seek(key, inclusive)
        assert (None if page is None else page.keys[i]) == (model.keys()[at] if at < len(model) else None)
        at = (model.bisect_right(key) if inclusive else model.bisect_left(key)) - 1
        page, i = tree.seek_last(key, inclusive)
        assert (None if page is None else page.keys[i]) == (model.keys()[at] if at >= 0 else None)


def compare_scans(tree: BTree, model: SortedDict, low: Any, high: Any) -> None:
    for low_inclusive in (True, False):
        for high_inclusive in (True, False):
            expected = list(model.irange(low, high, (low_inclusive, high_inclusive)))
            bounds = {"low": low, "high": high, "low_inclusive": low_inclusive, "high_inclusive": high_inclusive}
            assert keys_of(tree, **bounds) == expected
            assert keys_of(tree, reverse=True, **bounds) == expected[::-1]


@settings(derandomize=True, max_examples=400, deadline=None)
@given(operations=OPERATIONS, capacity=st.sampled_from([4, 5, 7, 16, 64, 256]), shape=SHAPES, limit=st.sampled_from([None, 1, 8]))
def test_random_operations(operations: list[tuple[str, int, int]], capacity: int, shape: str, limit: int | None) -> None:
    tree = new_tree(capacity, limit)
    model: SortedDict = SortedDict()
    for op, number, argument in operations:
        if op == "scan":
            compare_scans(tree, model, shaped(shape, number), shaped(shape, number + argument))
        else:
            apply(tree, model, op, shaped(shape, number), argument)
        assert_sound(tree)
        tree.space.pool.trim()
    assert content(tree) == list(model.items())
    assert tree.record_count() == len(model)


@pytest.mark.parametrize("capacity", [4, 6, 31, 100, 256])
@pytest.mark.parametrize("limit", [None, 8])
def test_long_random_runs(capacity: int, limit: int | None) -> None:
    """Grow to thousands of records and shrink to none; a seeded run each, checked as it goes."""
    rng = random.Random(f"{capacity}/{limit}")
    tree = new_tree(capacity, limit)
    model: SortedDict = SortedDict()
    for step in range(4000):
        growing = step < 2200
        if not growing and model and rng.random() < 0.8:
            key, op = rng.choice(model.keys()), "delete"
        else:
            key, op = rng.randrange(6000), rng.choices(("insert", "replace", "delete", "seek"), (8 if growing else 1, 1, 1, 1))[0]
        apply(tree, model, op, key, rng.choice((0, 0, 3, 300)))
        tree.space.pool.trim()
        if step % 400 == 0:
            assert_sound(tree)
            low = rng.randrange(6000)
            compare_scans(tree, model, low, low + 500)
    assert_sound(tree)
    assert content(tree) == list(model.items())
    for key in list(model):
        tree.delete(tree.space.pool.mtr(), key)
        tree.space.pool.mtr().commit()
    assert_sound(tree)
    assert tree.height == 1 and len(tree.page_numbers()) == 1


@settings(derandomize=True, max_examples=200, deadline=None)
@given(
    start=st.sets(KEYS, max_size=50),
    changes=st.lists(st.lists(st.tuples(st.sampled_from(["insert", "delete"]), KEYS), max_size=6), max_size=25),
    reverse=st.booleans(),
    capacity=st.sampled_from([4, 5, 9]),
    limit=st.sampled_from([None, 1]),
    bounds=st.tuples(st.none() | KEYS, st.none() | KEYS),
)
def test_cursor_survives_changes_between_calls(
    start: set[int], changes: list[list[tuple[str, int]]], reverse: bool, capacity: int, limit: int | None,
    bounds: tuple[int | None, int | None],
) -> None:
    """A cursor delivers, in order and once, exactly what is in the tree ahead of it at the moment of each call."""
    tree = new_tree(capacity, limit)
    model: SortedDict = SortedDict()
    for key in sorted(start):
        apply(tree, model, "insert", key, 0)
    low, high = bounds
    cursor = LeafCursor(tree, low, high, reverse=reverse)
    last: int | None = None
    for batch in [*changes, *([[]] * 60)]:
        piece = cursor.next_slice()
        if reverse:
            ahead = [k for k in model.irange(low, high) if last is None or k < last][::-1]
            got = None if piece is None else piece[0][::-1]
        else:
            ahead = [k for k in model.irange(low, high) if last is None or k > last]
            got = None if piece is None else piece[0]
        if got is None:
            assert ahead == []
            break
        assert got == ahead[: len(got)] and got
        last = got[-1]
        for op, key in batch:
            if (op == "insert") != (key in model):
                apply(tree, model, op, key, 0)
        tree.space.pool.trim()
    else:
        pytest.fail("the cursor never ended")


@settings(derandomize=True, max_examples=40, deadline=None)
@given(keys=st.sets(st.integers(-1000, 1000), max_size=200), capacity=st.sampled_from([4, 8, 256]), length=LENGTHS)
def test_reopened_tree_is_the_same(keys: set[int], capacity: int, length: int) -> None:
    fs = MemoryFileSystem()
    tree = new_tree(capacity, None, fs)
    model: SortedDict = SortedDict()
    for key in sorted(keys, key=lambda k: k * 7919 % 2003):
        apply(tree, model, "insert", key, length)
    evict_all(tree)
    assert_sound(tree)
    assert content(tree) == list(model.items())


@pytest.mark.parametrize("seed", range(6))
def test_keys_of_very_different_lengths(seed: int) -> None:
    """Separators from a few bytes to nearly half a page: internal nodes split, merge and borrow by bytes."""
    rng = random.Random(seed)
    tree = new_tree(rng.choice((4, 8, 256)))
    tree.size = tree.spec.size = lambda row: 60  # a leaf takes many records, an internal node few keys; no page is written here
    mtr = tree.space.pool.mtr()
    model: SortedDict = SortedDict()
    lengths = (1, 1, 10, 500, 3900, 7800) if seed % 2 else (1, 3900)

    def new_key() -> str:
        return f"{rng.randrange(300):03}" + "k" * rng.choice(lengths)

    for step in range(1500):
        if model and rng.random() < (0.35 if step < 800 else 0.75):
            key = rng.choice(model.keys())
            assert tree.delete(mtr, key) == model.pop(key)
        elif (key := new_key()) not in model:
            tree.insert(mtr, key, (len(key), ""))
            model[key] = (len(key), "")
        mtr.commit()
        if step % 10 == 0:
            assert_sound(tree)
    assert_sound(tree)
    assert content(tree) == list(model.items())
    for key in list(model):
        tree.delete(mtr, key)
        mtr.commit()
        assert tree.check() == []
    assert tree.page_numbers() == [tree.root_no]
