"""Snapshots of the pages of a pool: against a model, and what they cost."""

from __future__ import annotations

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from minidb.storage.btree import BTree
from minidb.storage.snapshot import PageSnapshot
from tests.storage.storage_kit import fill, keys_of, make_row, new_tree

SEED = 20240612
KEYS = st.integers(0, 60)
WORDS = st.sampled_from(["put", "put", "put", "delete", "take", "restore", "clear", "flush"])
STEPS = st.lists(st.tuples(WORDS, KEYS), max_size=80)


def take(tree: BTree) -> PageSnapshot:
    pool = tree.space.pool
    made = pool.snapshots.take([tree.space])
    pool.start_snapshot()
    return made


def restore(tree: BTree, snapshot: PageSnapshot) -> None:
    pool = tree.space.pool
    pool.snapshots.restore(snapshot)
    pool.arrange({tree.space.path: tree.space})


def sound(tree: BTree) -> None:
    assert tree.check() == []
    assert tree.space.check(tree.page_numbers()) == []
    assert tree.space.pool.check() == []
    assert tree.space.verify_file() == []


def change(tree: BTree, what: str, key: int) -> None:
    mtr = tree.space.pool.mtr()
    if what == "put" and tree.get(key) is None:
        tree.insert(mtr, key, make_row(key, key * 20))
    elif what == "put":
        tree.replace(mtr, key, make_row(key, 5))
    elif what == "delete" and tree.get(key) is not None:
        tree.delete(mtr, key)
    elif what == "clear" and key > 50:
        tree.clear(mtr)
    elif what == "flush":
        tree.space.pool.flush()
    mtr.commit()
    tree.space.pool.trim()


def records(tree: BTree) -> list[tuple[int, object]]:
    return [(key, tree.get(key)) for key in keys_of(tree)]


def test_random_changes_and_restores() -> None:
    print(f"seed {SEED}")

    @seed(SEED)
    @settings(max_examples=300, deadline=None, database=None)
    @given(STEPS, st.sampled_from([None, 1, 4]))
    def holds(steps: list[tuple[str, int]], limit: int | None) -> None:
        tree = new_tree(4, limit)
        held: list[tuple[PageSnapshot, list[tuple[int, object]]]] = []
        for what, key in steps:
            if what == "take":
                held = [*held[-2:], (take(tree), records(tree))]
            elif what == "restore" and held:
                snapshot, expected = held[key % len(held)]
                restore(tree, snapshot)
                assert records(tree) == expected
            else:
                change(tree, what, key)
            sound(tree)
            for snapshot, _ in held:
                assert tree.space.pool.snapshots.check(snapshot) == []
        for snapshot, expected in reversed(held):
            restore(tree, snapshot)
            assert records(tree) == expected
            sound(tree)

    holds()


def test_a_restore_touches_what_has_changed_only() -> None:
    tree = new_tree(4)
    fill(tree, range(200))
    snapshot = take(tree)
    pages = {page: page.rows for page in tree.space.frames.values()}
    change(tree, "put", 7)
    change(tree, "put", 7)
    assert snapshot.size == 1
    before = next(iter(snapshot.images[tree.space].values()))
    restore(tree, snapshot)
    assert snapshot.size == 0
    for page, rows in pages.items():
        assert page.rows is rows or page.rows is before[4]  # handed back, not copied
    assert tree.space.pool.dirty == {}
    del snapshot
    change(tree, "put", 7)
    assert tree.space.pool.snapshots.base() is None


def test_a_dropped_file_keeps_its_pages_for_a_snapshot_only() -> None:
    tree = new_tree(4)
    fill(tree, range(20))
    pool, space = tree.space.pool, tree.space
    snapshot = take(tree)
    space.drop()
    assert pool.resident == 0 and space.frames
    restore(tree, snapshot)
    assert keys_of(tree) == list(range(20))
    assert pool.check() == []
    del snapshot
    pool.fs.open("t.ibd", create=True)
    space.drop()
    assert not space.frames
