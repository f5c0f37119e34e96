"""Mini-transactions: all or nothing, and enough said to a redo log to do everything again."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest

from minidb.storage.btree import BTree
from minidb.storage.buffer_pool import BufferPool
from minidb.storage.file import MemoryFileSystem
from minidb.storage.mtr import LogRecord, Op
from minidb.storage.page import PAGE_SIZE, Page
from minidb.storage.page_codec import encode_page
from tests.storage.storage_kit import assert_sound, content, fill, make_row, new_tree, spec


class Recorder:
    """A redo log in memory: what was handed over, as bytes and values."""

    def __init__(self) -> None:
        self.lsn = 1000
        self.units: list[tuple[list[tuple[int, int, Any]], list[tuple[int, bytes]]]] = []
        self.durable = 0

    def append(self, records: Iterable[LogRecord], images: Iterable[Page], freed: Iterable[Page]) -> int:
        lsn = self.lsn
        self.lsn += 10
        self.units.append(([(op, page.no, payload) for op, page, payload in records], [(p.no, encode_page(p)) for p in images]))
        return lsn

    def fail(self, error: BaseException) -> None:
        raise AssertionError(error)

    def write_up_to(self, lsn: int) -> None:
        self.durable = max(self.durable, lsn)


def replay(fs: MemoryFileSystem, recorder: Recorder, capacity: int, root: int) -> BTree:
    """Do what was logged again, from the files as they were before: records on decoded pages, images as they are."""
    for records, images in recorder.units:
        pool = BufferPool(fs)
        space = pool.open_space("t.ibd")
        tree = BTree(space, root, spec(capacity))
        for op, no, payload in records:
            redo(space.page(no), op, payload)
        space.close()
        for no, data in images:
            fs.open("t.ibd").write_at(no * PAGE_SIZE, data)
    space = BufferPool(fs).open_space("t.ibd")
    return BTree(space, tree.root_no, spec(capacity))


def redo(page: Page, op: int, payload: Any) -> None:
    page.space.pool.mtr().touch(page)
    if op == Op.META:
        name, value = payload
        page.body[name] = value
        return
    if op == Op.INSERT:
        i, key, row = payload
        page.keys.insert(i, key)
        page.rows.insert(i, row)
    elif op == Op.REPLACE:
        i, key, row = payload
        assert page.keys[i] == key
        page.rows[i] = row
    else:
        del page.keys[payload], page.rows[payload]
    page.nbytes = sum(map(page.space.trees[page.tree].spec.size, page.rows))


@pytest.mark.parametrize("capacity", [4, 16])
def test_the_log_alone_rebuilds_every_page(capacity: int) -> None:
    fs = MemoryFileSystem()
    tree = new_tree(capacity, fs=fs)
    fill(tree, range(0, 300, 3))
    pool = tree.space.pool
    pool.flush()
    before = MemoryFileSystem()
    before.files = {name: bytearray(data) for name, data in fs.files.items()}
    recorder = Recorder()
    pool.attach_redo(recorder)
    mtr = pool.mtr()
    rng = random.Random(capacity)
    for step in range(400):
        for _ in range(rng.choice((1, 1, 3))):  # several operations in one mini-transaction are one unit too
            key = rng.randrange(300)
            if tree.get(key) is None:
                tree.insert(mtr, key, make_row(key, rng.choice((0, 900))))
            elif rng.random() < 0.6:
                tree.delete(mtr, key)
            else:
                tree.replace(mtr, key, make_row(key, rng.choice((1, 700))))
        tree.space.set_meta(mtr, "steps", step)
        mtr.commit()
    twin = replay(before, recorder, capacity, tree.root_no)
    assert content(twin) == content(tree)
    assert_sound(twin)
    assert twin.space.meta == tree.space.meta
    assert list(twin.space.used_pages()) == list(tree.space.used_pages())
    for no in tree.page_numbers():
        assert twin.page(no).image() == tree.page(no).image()


def test_one_record_is_one_small_log_record() -> None:
    tree = new_tree()
    fill(tree, range(10))
    recorder = Recorder()
    tree.space.pool.attach_redo(recorder)
    mtr = tree.space.pool.mtr()
    tree.insert(mtr, 20, make_row(20))
    tree.replace(mtr, 3, make_row(3, 5))
    tree.delete(mtr, 4)
    mtr.commit()
    no = tree.root_no
    assert recorder.units == [
        ([(Op.INSERT, no, (10, 20, make_row(20))), (Op.REPLACE, no, (3, 3, make_row(3, 5))), (Op.DELETE, no, 4)], [])
    ]
    mtr.commit()
    assert len(recorder.units) == 1


def test_pages_get_the_lsn_of_their_mini_transaction_and_wait_for_the_log() -> None:
    tree = new_tree()
    fill(tree, range(10))
    pool = tree.space.pool
    pool.flush()
    recorder = Recorder()
    pool.attach_redo(recorder)
    mtr = pool.mtr()
    page = tree.insert(mtr, 20, make_row(20))
    mtr.commit()
    first = page.lsn
    assert first == page.oldest_lsn == 1000  # where its group begins
    tree.insert(mtr, 21, make_row(21))
    mtr.commit()
    assert page.lsn > first == page.oldest_lsn
    pool.flush()
    assert recorder.durable == page.lsn and page.oldest_lsn == 0


def test_rolled_back_operations_are_not_logged() -> None:
    tree = new_tree(capacity=4)
    fill(tree, range(4))
    recorder = Recorder()
    tree.space.pool.attach_redo(recorder, atomic=True)
    mtr = tree.space.pool.mtr()
    before = content(tree)
    tree.insert(mtr, 10, make_row(10))
    tree.delete(mtr, 0)
    mtr.rollback()
    mtr.commit()
    assert recorder.units == []
    assert content(tree) == before
    assert_sound(tree)


def test_a_failed_operation_leaves_no_record_in_its_unit() -> None:
    """Records that were logged after a mark vanish with the rollback to it; those before it stay."""
    tree = new_tree(capacity=8)
    fill(tree, range(4))
    recorder = Recorder()
    tree.space.pool.attach_redo(recorder, atomic=True)
    mtr = tree.space.pool.mtr()
    tree.insert(mtr, 10, make_row(10))
    mark = mtr.mark()
    tree.insert(mtr, 11, make_row(11))
    mtr.rollback_to(mark)
    mtr.commit()
    assert [record[:3] for unit in recorder.units for record in unit[0]] == [(Op.INSERT, tree.root_no, (4, 10, make_row(10)))]


def test_an_atomic_mini_transaction_undoes_everything() -> None:
    tree = new_tree(capacity=5)
    fill(tree, range(0, 100, 2))
    pool = tree.space.pool
    before = content(tree)
    used = list(tree.space.used_pages())
    pool.attach_redo(None, atomic=True)
    mtr = pool.mtr()
    rng = random.Random(6)
    for _ in range(30):
        for _ in range(20):
            key = rng.randrange(100)
            if tree.get(key) is None:
                tree.insert(mtr, key, make_row(key))
            else:
                tree.delete(mtr, key)
        tree.space.set_meta(mtr, "x", 1)
        mtr.rollback()
        assert_sound(tree)
        assert content(tree) == before and list(tree.space.used_pages()) == used and tree.space.meta == {}


def test_marks_nest() -> None:
    tree = new_tree(capacity=4)
    fill(tree, range(4))
    pool = tree.space.pool
    pool.attach_redo(None, atomic=True)
    mtr = pool.mtr()
    outer = mtr.mark()
    tree.insert(mtr, 10, make_row(10))
    inner = mtr.mark()
    for key in range(20, 40):
        tree.insert(mtr, key, make_row(key))
    mtr.rollback_to(inner)
    assert [key for key, _ in content(tree)] == [0, 1, 2, 3, 10]
    mtr.rollback_to(outer)
    assert [key for key, _ in content(tree)] == [0, 1, 2, 3]
    assert_sound(tree)


def test_the_pool_hands_out_one_mini_transaction() -> None:
    tree = new_tree()
    pool = tree.space.pool
    assert pool.mtr() is pool.mtr()


def test_a_page_that_is_rolled_back_is_as_dirty_as_before() -> None:
    """A page with the content of its file must not be written under another LSN, and one with logged changes not be forgotten."""
    tree = new_tree(capacity=4)
    fill(tree, range(12))
    space = tree.space
    pool = space.pool
    pool.flush()
    recorder = Recorder()
    pool.attach_redo(recorder)
    clean, changed = (space.page(no) for no in tree.page(tree.root_no).children[:2])
    pool.mtr().save(changed)
    pool.mtr().commit()
    state = clean.lsn, changed.lsn, changed.oldest_lsn
    assert changed.oldest_lsn == changed.lsn < recorder.lsn
    pool.mtr().save(clean)
    space.free(pool.mtr(), changed)
    pool.mtr().rollback()
    assert not clean.dirty and clean not in pool.dirty
    assert changed.dirty and changed in pool.dirty
    assert (clean.lsn, changed.lsn, changed.oldest_lsn) == state
    assert pool.check() == []
