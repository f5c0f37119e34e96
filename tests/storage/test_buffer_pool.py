"""The buffer pool: the limit, what stays and what goes, dirty pages, many tablespaces, failing writes."""

from __future__ import annotations

import errno
import random

import pytest

from minidb.errors import Error
from minidb.storage.btree import BTree
from minidb.storage.buffer_pool import BufferPool
from minidb.storage.file import MemoryFileSystem
from tests.storage.storage_kit import WatchedFileSystem, assert_sound, content, fill, keys_of, make_row, new_tree, outcome, spec


def test_a_table_larger_than_the_pool() -> None:
    tree = new_tree(capacity=16, limit=8)
    pool = tree.space.pool
    keys = random.Random(1).sample(range(5000), 5000)
    mtr = pool.mtr()
    for key in keys:
        tree.insert(mtr, key, make_row(key))
        mtr.commit()
        pool.trim()
        assert pool.resident <= 8
    assert pool.stats.evicted > 300 and tree.space.used_count > 300
    assert keys_of(tree) == list(range(5000))
    for key in keys[:500]:
        assert tree.get(key) == make_row(key)
        pool.trim()
    assert_sound(tree)


def test_many_tablespaces_share_eight_pages() -> None:
    fs = MemoryFileSystem()
    pool = BufferPool(fs, 8)
    mtr = pool.mtr()
    trees = []
    for n in range(12):
        tree = BTree.create(pool.open_space(f"t{n}.ibd", create=True), mtr, spec(8))
        mtr.commit()
        trees.append(tree)
    rng = random.Random(2)
    model: list[dict[int, object]] = [{} for _ in trees]
    for _ in range(3000):
        n = rng.randrange(12)
        key = rng.randrange(1000)
        if key in model[n]:
            assert trees[n].delete(mtr, key) == model[n].pop(key)
        else:
            trees[n].insert(mtr, key, make_row(key))
            model[n][key] = make_row(key)
        mtr.commit()
        pool.trim()
        assert pool.resident <= 8
    pool.flush()
    for space in list(pool.spaces.values()):
        space.close()
    assert pool.resident == 0 and not pool.dirty and pool.check() == []
    for n, tree in enumerate(trees):
        space = pool.open_space(f"t{n}.ibd")
        again = BTree(space, tree.root_no, spec(8))
        assert content(again) == sorted(model[n].items())
        assert_sound(again)


def test_a_scan_does_not_displace_what_is_used_again_and_again() -> None:
    tree = new_tree(capacity=8, limit=20)
    pool = tree.space.pool
    fill(tree, range(2000))
    hot = [tree.find_leaf(key).no for key in (100, 500, 900)]
    for _ in range(30):
        for key in (100, 500, 900):
            tree.get(key)
            pool.trim()
        keys_of(tree, low=1200, high=1300)
    keys_of(tree)
    assert all(no in tree.frames for no in hot)
    assert pool.stats.made_young > 0


def test_internal_nodes_outlive_their_leaves() -> None:
    tree = new_tree(capacity=8, limit=12)
    fill(tree, range(4000))
    keys_of(tree)
    assert tree.root_no in tree.frames


def test_hit_ratio_and_counts() -> None:
    tree = new_tree(capacity=8)
    pool = tree.space.pool
    fill(tree, range(500))
    pool.flush()
    stats, height = pool.stats, tree.height
    assert (stats.reads, stats.hit_ratio, stats.dirty) == (0, 1.0, 0)
    assert stats.written == tree.space.used_count == stats.resident + 1
    assert stats.young + stats.old == stats.resident
    pool.limit = 4
    pool.trim()
    for key in range(0, 500, 10):
        tree.get(key)
        pool.trim()
    after = pool.stats
    assert 0.0 < after.hit_ratio < 1.0
    assert after.requests - stats.requests == 50 * height
    assert after.reads > 0 and after.evicted >= after.reads


def test_flush_writes_each_dirty_page_once() -> None:
    fs = WatchedFileSystem()
    tree = new_tree(capacity=8, fs=fs)
    fill(tree, range(100))
    pool = tree.space.pool
    dirty = {page.no for page in pool.dirty}
    fs.heal()
    pool.flush()
    assert sorted(offset // 16384 for kind, _, offset in fs.calls if kind == "write") == sorted(dirty)
    assert fs.calls[-1][0] == "sync"
    fs.heal()
    pool.flush()
    assert fs.calls == []
    assert tree.space.verify_file() == []


@pytest.mark.parametrize(
    ("kind", "number", "code"), [("write", errno.EIO, 1026), ("write", errno.ENOSPC, 1114), ("sync", errno.EIO, 1026)]
)
def test_a_failed_flush_says_so_and_loses_nothing(kind: str, number: int, code: int) -> None:
    fs = WatchedFileSystem()
    tree = new_tree(capacity=8, fs=fs)
    fill(tree, range(100))
    pool = tree.space.pool
    dirty = list(pool.dirty)
    for at in range(1, 40):
        fs.fail(kind, at, number)
        result = outcome(pool.flush)
        fs.heal()
        if result is None:
            break
        assert isinstance(result, Error) and result.code == code
        assert ("'t'" if code == 1114 else f"{number} ") in result.message
        assert list(pool.dirty) == dirty and pool.check() == []
    assert result is None and at > 1
    assert not pool.dirty and tree.space.verify_file() == []


def test_a_failed_eviction_says_so_and_keeps_the_page() -> None:
    fs = WatchedFileSystem()
    tree = new_tree(capacity=8, fs=fs)
    fill(tree, range(300))
    pool = tree.space.pool
    before = content(tree)
    pool.limit = 3
    fs.fail("write", 5, errno.ENOSPC, for_good=True)
    for _ in range(3):
        with pytest.raises(Error) as caught:
            pool.trim()
        assert caught.value.code == 1114
        assert pool.check() == []
    fs.heal()
    pool.trim()
    assert pool.resident == 3
    assert content(tree) == before
    assert_sound(tree)


def test_a_pool_needs_a_page() -> None:
    with pytest.raises(ValueError, match="at least one page"):
        BufferPool(MemoryFileSystem(), 0)


def test_check_finds_a_page_on_no_list() -> None:
    tree = new_tree()
    fill(tree, range(10))
    pool = tree.space.pool
    assert pool.check() == []
    del pool.old[tree.page(tree.root_no)]
    assert any("0 lists" in problem for problem in pool.check())
