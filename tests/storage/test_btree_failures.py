"""An operation that cannot read or allocate a page in the middle of a structure change leaves everything as it was."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from minidb.errors import CorruptPageError, Error
from minidb.storage import space as space_module
from minidb.storage.btree import BTree
from minidb.storage.page import PAGE_SIZE
from tests.storage.storage_kit import WatchedFileSystem, assert_sound, content, evict_all, fill, make_row, new_tree, outcome


def grown(fs: WatchedFileSystem, capacity: int = 4) -> BTree:
    """A tree of several levels, every node full, entirely on its file."""
    tree = new_tree(capacity, None, fs)
    fill(tree, range(0, 4 * 4 * 4 * 4 * 10, 10))
    evict_all(tree)
    return tree


def about_to_split_deeply(fs: WatchedFileSystem) -> tuple[BTree, int]:
    """(tree, key): inserting the key will split pages on three levels at least.  A twin goes ahead to find it."""
    tree, twin = grown(fs), grown(WatchedFileSystem())
    for key in range(1001, 1800):
        if key % 10:
            splits = twin.state.splits
            fill(twin, [key])
            if twin.state.splits >= splits + 3:
                evict_all(tree)
                return tree, key
            fill(tree, [key])
    raise AssertionError("no deep split found")


def insert(key: int) -> Callable[[BTree], Any]:
    return lambda tree: tree.insert(tree.space.pool.mtr(), key, make_row(key))


def delete(key: int) -> Callable[[BTree], Any]:
    return lambda tree: tree.delete(tree.space.pool.mtr(), key)


def replace(key: int) -> Callable[[BTree], Any]:
    return lambda tree: tree.replace(tree.space.pool.mtr(), key, make_row(key, 8000))


def thin_out(tree: BTree) -> None:
    """Bring all leaves to their minimum, so that the next delete merges on several levels."""
    mtr = tree.space.pool.mtr()
    for key in [k for i, (k, _) in enumerate(content(tree)) if i % 2]:
        tree.delete(mtr, key)
        mtr.commit()


@pytest.mark.parametrize("name", ["split", "delete", "replace", "clear", "free_all"])
def test_every_failing_read_leaves_the_tree_as_it_was(name: str) -> None:
    fs = WatchedFileSystem()
    tree, key = about_to_split_deeply(fs)
    if name == "delete":
        thin_out(tree)
        key = next(key for key, _ in content(tree) if len(tree.find_leaf(key).keys) == 2)
    action: Callable[[BTree], Any] = {
        "split": insert(key), "delete": delete(key), "replace": replace(1250),
        "clear": lambda tree: tree.clear(tree.space.pool.mtr()), "free_all": lambda tree: tree.free_all(tree.space.pool.mtr()),
    }[name]
    if name == "replace":
        for other in (1240, 1260):
            replace(other)(tree)
    tree.space.pool.mtr().commit()
    before = content(tree)
    mtr = tree.space.pool.mtr()
    failures = 0
    while True:
        evict_all(tree)
        fs.fail("read", failures + 1)
        result = outcome(lambda: action(tree))
        fs.heal()
        if not isinstance(result, Exception):
            break
        assert isinstance(result, Error) and result.code == 1024 and "t.ibd" in result.message
        mtr.commit()
        failures += 1
        assert_sound(tree)
        assert content(tree) == before
    mtr.commit()
    assert failures >= (1 if name in ("clear", "free_all") else 4)
    if name != "free_all":
        assert_sound(tree)
        assert content(tree) != before


def test_random_operations_with_random_failing_reads() -> None:
    rng = random.Random(4711)
    fs = WatchedFileSystem()
    tree = new_tree(4, 6, fs)
    pool = tree.space.pool
    mtr = pool.mtr()
    model: dict[int, Any] = {}
    failed = 0
    for step in range(3000):
        key = rng.randrange(400)
        row = make_row(key, rng.choice((0, 10, 5000)))
        choice = rng.random()
        fs.fail("read", rng.randrange(1, 12))
        if key not in model:
            result, after = outcome(lambda: tree.insert(mtr, key, row)), row  # noqa: B023
        elif choice < 0.6:
            result, after = outcome(lambda: tree.delete(mtr, key)), None  # noqa: B023
        else:
            result, after = outcome(lambda: tree.replace(mtr, key, row)), row  # noqa: B023
        fs.heal()
        mtr.commit()
        if isinstance(result, Exception):
            assert isinstance(result, Error) and result.code == 1024
            failed += 1
        elif after is None:
            del model[key]
        else:
            model[key] = after
        if step % 50 == 0:
            assert_sound(tree)
            assert content(tree) == sorted(model.items())
        pool.trim()
    assert failed > 100
    assert_sound(tree)
    assert content(tree) == sorted(model.items())


def test_corrupt_sibling_during_a_split_changes_nothing() -> None:
    fs = WatchedFileSystem()
    tree = grown(fs)
    sibling = tree.find_leaf(1255).next
    before = content(tree)
    evict_all(tree)
    good = bytes(fs.memory.files["t.ibd"])
    fs.memory.files["t.ibd"][sibling * PAGE_SIZE + 5000] ^= 1
    with pytest.raises(CorruptPageError, match=rf"page {sibling} of file 't.ibd'"):
        insert(1255)(tree)
    tree.space.pool.mtr().commit()
    fs.memory.files["t.ibd"][:] = good
    assert_sound(tree)
    assert content(tree) == before


def test_full_tablespace_during_a_split_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = grown(WatchedFileSystem())
    before = content(tree)
    monkeypatch.setattr(space_module, "MAX_PAGES", tree.space.size // 64 * 64)
    mtr = tree.space.pool.mtr()
    refused = 0
    for key in range(1, 2500, 10):
        result = outcome(lambda: tree.insert(mtr, key, make_row(key)))  # noqa: B023
        mtr.commit()
        if isinstance(result, Exception):
            assert isinstance(result, Error) and result.code == 1114 and "'t'" in result.message
            refused += 1
            assert tree.get(key) is None
    assert refused > 0
    assert_sound(tree)
    assert [item for item in content(tree) if item[0] % 10 == 0] == before


def test_interrupt_in_the_middle_of_a_split_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tree, key = about_to_split_deeply(WatchedFileSystem())
    before = content(tree)
    allocate = space_module.Tablespace.allocate
    calls = 0

    def interrupted(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return allocate(*args)

    monkeypatch.setattr(space_module.Tablespace, "allocate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        insert(key)(tree)
    tree.space.pool.mtr().commit()
    assert_sound(tree)
    assert content(tree) == before
