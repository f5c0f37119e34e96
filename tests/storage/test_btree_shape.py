"""The shape of B+ trees: fill, edges, long records, bulk load, estimates, and what check and dump say."""

from __future__ import annotations

import random
from typing import Any

import pytest

from minidb.errors import Error, InternalError
from minidb.storage.btree import MAX_RECORD, BTree, DuplicateKey
from minidb.storage.btree_cursor import LeafCursor
from minidb.storage.page import PAGE_ROOM, PageKind
from minidb.types.keys import MAX, NULL
from tests.storage.storage_kit import assert_sound, content, fill, keys_of, make_row, new_tree, spec


def leaves(tree: BTree) -> list[int]:
    """Records per leaf, left to right."""
    return [info.records for info in tree.dump() if info.level == 0]


def test_ascending_keys_fill_pages_completely() -> None:
    tree = new_tree(capacity=8)
    fill(tree, range(100))
    assert leaves(tree) == [8] * 12 + [4]
    assert_sound(tree)


def test_descending_keys_fill_pages_completely() -> None:
    tree = new_tree(capacity=8)
    fill(tree, range(100, 0, -1))
    assert leaves(tree) == [4] + [8] * 12
    assert_sound(tree)


def test_random_keys_leave_pages_half_full_at_least() -> None:
    tree = new_tree(capacity=16)
    keys = random.Random(7).sample(range(10_000), 3000)
    fill(tree, keys)
    assert min(leaves(tree)[1:-1]) >= 8
    mtr = tree.space.pool.mtr()
    for key in keys[:2500]:
        tree.delete(mtr, key)
        mtr.commit()
    assert_sound(tree)
    assert min(leaves(tree)[1:-1]) >= 8
    assert sorted(keys[2500:]) == keys_of(tree)


def test_root_keeps_its_page_number() -> None:
    tree = new_tree(capacity=4)
    root = tree.root_no
    fill(tree, range(200))
    assert tree.height >= 4 and tree.dump()[0].page == root
    mtr = tree.space.pool.mtr()
    for key in range(200):
        tree.delete(mtr, key)
    mtr.commit()
    assert tree.height == 1 and tree.dump()[0].page == root
    assert_sound(tree)


def test_pages_split_by_bytes_before_they_overflow() -> None:
    tree = new_tree(capacity=256)
    fill(tree, random.Random(3).sample(range(200), 200), length=3000)
    assert max(leaves(tree)) == 5
    assert all(info.nbytes <= PAGE_ROOM for info in tree.dump())
    assert_sound(tree)


def test_a_growing_record_splits_its_page() -> None:
    tree = new_tree()
    fill(tree, range(50), length=300)
    mtr = tree.space.pool.mtr()
    for key in (25, 26, 0, 49):
        page = tree.replace(mtr, key, make_row(key, 7900))
        assert page.rows[page.keys.index(key)] == make_row(key, 7900)
    mtr.commit()
    assert_sound(tree)
    assert [len(row[1]) for _, row in content(tree) if row[0] in (0, 25, 26, 49)] == [7900] * 4


def test_longest_record_and_one_byte_more() -> None:
    tree = new_tree()
    mtr = tree.space.pool.mtr()
    longest = MAX_RECORD - tree.size(make_row(1, 128)) + 128
    assert tree.size(make_row(1, longest)) == MAX_RECORD
    for key in range(1, 20):
        tree.insert(mtr, key, make_row(key, longest))
    with pytest.raises(Error) as caught:
        tree.insert(mtr, 30, make_row(30, longest + 1))
    assert caught.value.code == 1118
    with pytest.raises(Error) as caught:
        tree.replace(mtr, 7, make_row(7, longest + 1))
    assert caught.value.code == 1118
    assert_sound(tree)
    assert leaves(tree) == [2] * 9 + [1]


def test_long_separators_leave_two_children_at_least() -> None:
    tree = new_tree()
    mtr = tree.space.pool.mtr()
    keys = [("k" * 3500 + f"{n:04}",) for n in random.Random(5).sample(range(300), 300)]
    for key in keys:
        tree.insert(mtr, key, make_row(key))
        mtr.commit()
    assert tree.height > 4
    assert_sound(tree)
    for key in keys[:280]:
        tree.delete(mtr, key)
        mtr.commit()
        assert tree.check() == []
    assert_sound(tree)
    assert keys_of(tree) == sorted(keys[280:])


def test_internal_nodes_split_by_bytes_where_long_separators_gather() -> None:
    tree = new_tree(capacity=40)
    tree.size = tree.spec.size = lambda row: 60
    rng = random.Random(1)
    short = [f"{n:05}" for n in range(700)]
    long = [f"{n:05}" + "k" * 7800 for n in range(90_000, 90_400)]
    mtr = tree.space.pool.mtr()
    for key in rng.sample(short, len(short)) + rng.sample(long, len(long)):
        tree.insert(mtr, key, None)
        mtr.commit()
        assert tree.check() == []
    assert keys_of(tree) == short + long


def test_an_only_child_is_left_alone_until_it_is_empty() -> None:
    """An internal node may be left with one child where its parent has no room for another separator: made by hand here."""
    tree = new_tree(capacity=4)
    fill(tree, range(12))
    mtr = tree.space.pool.mtr()
    root = tree.page(tree.root_no)
    assert [len(root.children), root.level] == [3, 1]
    only = tree.space.allocate(mtr, PageKind.INDEX)
    rest = tree.space.allocate(mtr, PageKind.INDEX)
    for page, children, keys in ((only, root.children[:1], []), (rest, root.children[1:], root.keys[1:])):
        page.tree, page.level, page.children, page.keys = tree.root_no, 1, children, keys
        page.nbytes = 4 * len(children) + sum(len(tree.spec.encode_key(key)) for key in keys)
    only.next, rest.prev = rest.no, only.no
    root.level, root.children, root.keys = 2, [only.no, rest.no], root.keys[:1]
    root.nbytes = 8 + len(tree.spec.encode_key(root.keys[0]))
    mtr.commit()
    assert_sound(tree)
    for left in range(1, 12):
        tree.delete(mtr, left - 1)
        mtr.commit()
        assert_sound(tree)
        assert keys_of(tree) == list(range(left, 12))


def test_a_key_too_long_for_an_internal_node_is_refused() -> None:
    tree = new_tree()
    huge = spec()
    huge.size = lambda row: 5000
    tree = BTree(tree.space, tree.root_no, huge)
    mtr = tree.space.pool.mtr()
    for n in range(3):
        tree.insert(mtr, f"{n}" * 9000, None)
    before = content(tree)
    with pytest.raises(Error) as caught:
        tree.insert(mtr, "9" * 9000, None)
    assert caught.value.code == 1071
    assert content(tree) == before and tree.check() == []


def test_estimate_is_exact_on_neighbouring_leaves_and_close_elsewhere() -> None:
    tree = new_tree(capacity=32)
    fill(tree, random.Random(11).sample(range(0, 40_000, 2), 20_000))
    assert tree.estimate(100, 99) == 0
    assert tree.estimate(100, 100) == 1
    assert tree.estimate(101, 101) == 0
    for low in range(0, 39_000, 3333):
        assert tree.estimate(low, low + 20) == len(range(low + low % 2, low + 21, 2))
        for width in (2000, 9000, 30_000):
            true = len(range(low + low % 2, min(low + width, 39_998) + 1, 2))
            assert true * 0.6 <= tree.estimate(low, low + width) <= true * 1.6
    assert 14_000 <= tree.estimate(None, None) <= 28_000


def test_estimate_of_an_ascending_load_is_not_misled_by_the_last_page() -> None:
    tree = new_tree()
    fill(tree, range(10_000))
    assert tree.estimate(None, None) == 10_000
    assert tree.estimate(5000, None) == 5000
    assert new_tree().estimate(None, None) == 0


def test_prefix_bounds() -> None:
    tree = new_tree(capacity=4)
    keys = [(g, n) for g in (NULL, 1, 2, 3) for n in range(10)]
    fill(tree, keys)
    assert keys_of(tree, low=(2,), high=(2, MAX)) == [(2, n) for n in range(10)]
    assert keys_of(tree, low=(NULL,), high=(NULL, MAX), reverse=True) == [(NULL, n) for n in reversed(range(10))]
    assert keys_of(tree, low=(1, MAX), high=(3,)) == [(2, n) for n in range(10)]
    assert tree.estimate((2,), (2, MAX)) == 10


@pytest.mark.parametrize(("capacity", "limit"), [(4, 8), (16, None), (256, 2)])
def test_bulk_load_is_full_and_sound(capacity: int, limit: int | None) -> None:
    tree = new_tree(capacity, limit)
    mtr = tree.space.pool.mtr()
    count = tree.bulk_load(mtr, ((n, make_row(n)) for n in range(3000)))
    assert count == 3000 and keys_of(tree) == list(range(3000))
    assert set(leaves(tree)[:-1]) == {capacity}
    assert tree.bulk_load(mtr, [(n, make_row(n, 4000)) for n in range(3000, 3020)]) == 20
    assert tree.bulk_load(mtr, []) == 0
    assert_sound(tree)
    assert tree.record_count() == 3020


def test_bulk_load_refuses_duplicates_and_disorder() -> None:
    tree = new_tree(capacity=4)
    mtr = tree.space.pool.mtr()
    with pytest.raises(DuplicateKey):
        tree.bulk_load(mtr, [(n, make_row(n)) for n in (1, 2, 2)])
    mtr.rollback()
    with pytest.raises(InternalError):
        tree.bulk_load(mtr, [(n, make_row(n)) for n in (5, 4)])
    mtr.rollback()
    assert_sound(tree)


def test_bulk_load_may_read_a_tree_that_shares_its_pool() -> None:
    source = new_tree(capacity=4, limit=4)
    fill(source, range(500))
    pool = source.space.pool
    mtr = pool.mtr()
    target = BTree.create(pool.open_space("copy.ibd", create=True), mtr, spec(4))

    def items() -> Any:
        cursor = LeafCursor(source)
        while (piece := cursor.next_slice()) is not None:
            pool.trim()
            yield from zip(*piece, strict=True)

    assert target.bulk_load(mtr, items()) == 500
    assert content(target) == content(source)
    assert_sound(target)


def test_clear_and_free_all_give_every_page_back() -> None:
    tree = new_tree(capacity=4)
    empty = tree.space.used_count
    fill(tree, range(300))
    mtr = tree.space.pool.mtr()
    tree.clear(mtr)
    mtr.commit()
    assert_sound(tree)
    assert tree.space.used_count == empty and keys_of(tree) == []
    fill(tree, range(50))
    tree.free_all(mtr)
    mtr.commit()
    assert tree.space.used_count == 1 and tree.space.check([]) == []


def test_splits_hand_down_what_innodb_knows_of_a_page() -> None:
    tree = new_tree(capacity=4)
    fill(tree, range(4))
    page = tree.first_leaf()
    page.max_trx_id, page.has_deleted = 77, True
    fill(tree, [1.5])
    for leaf in (tree.first_leaf(), tree.last_leaf()):
        assert (leaf.max_trx_id, leaf.has_deleted) == (77, True)
    assert tree.page(tree.root_no).max_trx_id == 0


def test_merges_keep_what_innodb_knows_of_both_pages() -> None:
    tree = new_tree(capacity=4)
    fill(tree, [1, 2, 3, 4, 2.5])
    left, right = tree.first_leaf(), tree.last_leaf()
    left.max_trx_id, right.max_trx_id, right.has_deleted = 5, 9, True
    mtr = tree.space.pool.mtr()
    for key in (1, 2, 4):
        tree.delete(mtr, key)
    mtr.commit()
    root = tree.page(tree.root_no)
    assert tree.height == 1 and (root.max_trx_id, root.has_deleted) == (9, True)


def test_borrowing_keeps_what_innodb_knows_of_both_pages() -> None:
    tree = new_tree(capacity=4)
    fill(tree, [1, 2, 3, 4, 2.5, 3.5])
    left, right = tree.first_leaf(), tree.last_leaf()
    left.max_trx_id, right.max_trx_id = 5, 9
    mtr = tree.space.pool.mtr()
    tree.delete(mtr, 1)
    mtr.commit()
    assert leaves(tree) == [2, 3] and tree.state.merges == 0
    tree.delete(mtr, 2)
    mtr.commit()
    assert tree.height == 1 or (left.max_trx_id, right.max_trx_id) == (9, 9)


def test_handles_share_the_structure_counter() -> None:
    tree = new_tree(capacity=4)
    other = BTree(tree.space, tree.root_no, tree.spec)
    before = other.state.smo
    fill(tree, range(5))
    assert other.state.smo > before


def test_counted_handle_counts_what_it_does() -> None:
    class Counts:
        descents = pages_hit = pages_missed = 0

    tree = new_tree(capacity=4)
    fill(tree, range(64))
    work = Counts()
    view = tree.counted(work)
    height = tree.height
    assert view.get(17) == make_row(17)
    assert (work.descents, work.pages_hit, work.pages_missed) == (1, height, 0)
    assert len(keys_of(view, low=8, high=23)) == 16
    assert work.descents == 2 and work.pages_hit >= 2 * height + 3
    pages_hit = work.pages_hit
    tree.space.pool.flush()
    tree.space.pool.limit = 1
    tree.space.pool.trim()
    assert view.get(17) == make_row(17)
    assert work.pages_missed >= 1 and work.pages_hit + work.pages_missed == pages_hit + height


def test_dump_lists_every_page_once() -> None:
    tree = new_tree(capacity=4)
    fill(tree, range(30))
    lines = tree.dump()
    assert [line.page for line in lines] == tree.page_numbers()
    assert sum(line.records for line in lines if line.level == 0) == 30
    assert str(lines[0]).lstrip().startswith(f"level {tree.height - 1} page {tree.root_no}")
    assert all(0 <= line.fill <= 100 for line in lines)


def swap_keys(tree: BTree) -> None:
    keys = tree.first_leaf().keys
    keys[0], keys[1] = keys[1], keys[0]


def lose_sibling(tree: BTree) -> None:
    tree.first_leaf().next = 0


def shift_separator(tree: BTree) -> None:
    tree.page(tree.root_no).keys[0] += 100


def raise_level(tree: BTree) -> None:
    tree.first_leaf().level = 1


def miscount(tree: BTree) -> None:
    tree.last_leaf().nbytes += 1


def free_a_used_page(tree: BTree) -> None:
    no = tree.last_leaf().no
    tree.space.descriptors[0].rows[0] &= ~(1 << no)


def empty_a_leaf(tree: BTree) -> None:
    leaf = tree.first_leaf()
    leaf.keys.clear()
    leaf.rows.clear()
    leaf.nbytes = 0


def adopt_a_stranger(tree: BTree) -> None:
    tree.first_leaf().tree = 99


def point_twice(tree: BTree) -> None:
    page = tree.page(tree.root_no)
    page.children[1] = page.children[0]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (swap_keys, "out of order"), (lose_sibling, "siblings"), (shift_separator, "separator"), (raise_level, "level"),
        (miscount, "bytes"), (free_a_used_page, "free list"), (empty_a_leaf, "0 records"), (adopt_a_stranger, "tree 99"),
        (point_twice, "reached twice"),
    ],
)
def test_check_finds_damage(damage: Any, words: str) -> None:
    tree = new_tree(capacity=4)
    fill(tree, range(12))
    assert tree.check() == []
    damage(tree)
    assert any(words in problem for problem in tree.check()), tree.check()


def test_capacity_has_a_lower_bound() -> None:
    with pytest.raises(ValueError, match="capacity"):
        spec(capacity=3)
