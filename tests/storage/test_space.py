"""Space management: allocation, reuse, descriptors, meta, and what survives a reopen."""

from __future__ import annotations

import errno
import random
from pathlib import Path

import pytest

from minidb.errors import Error, InternalError
from minidb.storage.buffer_pool import BufferPool
from minidb.storage.file import FileSystem, MemoryFileSystem, RealFileSystem
from minidb.storage.page import PAGE_SIZE, PageKind
from minidb.storage.space import DESCRIBED_PAGES, EXTENT_PAGES, Tablespace, table_of
from tests.storage.storage_kit import WatchedFileSystem, new_tree


def new_space(fs: FileSystem | None = None, path: str = "t.ibd") -> Tablespace:
    return BufferPool(fs or MemoryFileSystem()).open_space(path, create=True)


def allocate(space: Tablespace, count: int, near: int = 0) -> list[int]:
    mtr = space.pool.mtr()
    numbers = [space.allocate(mtr, PageKind.SYSTEM, near).no for _ in range(count)]
    mtr.commit()
    return numbers


def test_pages_are_numbered_without_gaps_and_reused_lowest_first() -> None:
    space = new_space()
    assert allocate(space, 200) == list(range(1, 201))
    mtr = space.pool.mtr()
    for no in (150, 3, 77):
        space.free(mtr, space.page(no))
    mtr.commit()
    assert allocate(space, 4) == [3, 77, 150, 201]
    assert space.size == 202 and space.used_count == 202
    assert list(space.used_pages()) == list(range(202))


def test_allocation_near_a_page_takes_its_successor_or_its_extent() -> None:
    space = new_space()
    allocate(space, 2 * EXTENT_PAGES)
    mtr = space.pool.mtr()
    for no in (10, 70, 90):
        space.free_number(mtr, no)
    mtr.commit()
    assert allocate(space, 1, near=89) == [90]
    assert allocate(space, 1, near=100) == [70]
    assert allocate(space, 1, near=100) == [10]


def test_random_allocation_and_release_against_a_set() -> None:
    rng = random.Random(8)
    space = new_space()
    mtr = space.pool.mtr()
    used: list[int] = []
    for _ in range(3000):
        if used and rng.random() < 0.45:
            space.free_number(mtr, used.pop(rng.randrange(len(used))))
        else:
            near = rng.choice(used) if used and rng.random() < 0.5 else 0
            used.append(space.allocate(mtr, PageKind.SYSTEM, near).no)
        mtr.commit()
    assert sorted(used) == list(space.used_pages())[1:]
    assert space.check(used) == []
    assert space.pool.check() == []


def test_descriptor_pages_of_a_large_file(tmp_path: Path) -> None:
    fs = RealFileSystem(str(tmp_path))  # the file is sparse
    space = new_space(fs)
    mtr = space.pool.mtr()
    header = space.descriptors[0]
    mtr.touch(header)
    header.rows = [(1 << EXTENT_PAGES) - 1] * (DESCRIBED_PAGES // EXTENT_PAGES)  # as if a whole gibibyte were in use
    mark = mtr.mark()
    assert space.allocate(mtr, PageKind.LOB).no == DESCRIBED_PAGES + 1
    mtr.rollback_to(mark)
    assert len(space.descriptors) == 1 and DESCRIBED_PAGES not in space.frames
    page = space.allocate(mtr, PageKind.LOB)
    page.body = b"far away"
    mtr.commit()
    assert [d.no for d in space.descriptors] == [0, DESCRIBED_PAGES]
    assert space.used_count == DESCRIBED_PAGES + 2 and space.size == DESCRIBED_PAGES + 2
    space.close()
    again = BufferPool(fs).open_space("t.ibd")
    assert again.used_count == DESCRIBED_PAGES + 2
    assert again.page(DESCRIBED_PAGES + 1).body == b"far away"
    with pytest.raises(InternalError):
        again.free_number(again.pool.mtr(), DESCRIBED_PAGES)


def test_a_page_cannot_be_freed_twice_nor_read_when_free() -> None:
    space = new_space()
    (no,) = allocate(space, 1)
    mtr = space.pool.mtr()
    space.free_number(mtr, no)
    for wrong in (no, 0, 99):
        with pytest.raises(InternalError):
            space.free_number(mtr, wrong)
    with pytest.raises(Error, match="marked free") as caught:
        space.page(no)
    assert caught.value.code == 1877


def test_check_finds_leaks_double_use_and_use_of_free_pages() -> None:
    space = new_space()
    allocate(space, 3)
    assert space.check([1, 2, 3]) == []
    assert "[2]" in space.check([1, 3])[0]
    assert "used twice" in space.check([1, 2, 3, 3])[0]
    assert "marked free" in space.check([1, 2, 3, 9])[0]


def test_meta_goes_through_mini_transactions_and_survives() -> None:
    fs = MemoryFileSystem()
    space = new_space(fs, "t.ibd")
    mtr = space.pool.mtr()
    meta = space.meta
    space.set_meta(mtr, "root", 3)
    space.set_meta(mtr, "names", ["a", "b"])
    space.set_meta(mtr, "gone", "x")
    space.set_meta(mtr, "gone", None)
    space.set_meta(mtr, "never", None)
    mtr.commit()
    assert meta == {"root": 3, "names": ["a", "b"]}
    space.close()
    assert BufferPool(fs).open_space("t.ibd").meta == {"root": 3, "names": ["a", "b"]}


def test_meta_is_small() -> None:
    space = new_space()
    with pytest.raises(InternalError):
        for n in range(1000):
            space.set_meta(space.pool.mtr(), f"entry {n}", "x" * 50)
    space.pool.flush()
    assert space.verify_file() == []


def test_rolled_back_allocation_and_release() -> None:
    space = new_space()
    (keep,) = allocate(space, 1)
    space.page(keep).body = b"kept"
    mtr = space.pool.mtr()
    space.set_meta(mtr, "a", 1)
    mark = mtr.mark()
    fresh = space.allocate(mtr, PageKind.SYSTEM).no
    space.free(mtr, space.page(keep))
    mtr.rollback_to(mark)
    assert list(space.used_pages()) == [0, keep] and fresh not in space.frames
    assert space.page(keep).body == b"kept" and space.meta == {"a": 1}
    assert space.pool.check() == []


def test_opening_what_is_not_there_and_creating_what_is() -> None:
    pool = BufferPool(MemoryFileSystem())
    with pytest.raises(Error) as caught:
        pool.open_space("missing.ibd")
    assert caught.value.code == 1016 and "missing.ibd" in caught.value.message
    space = pool.open_space("t.ibd", create=True)
    assert pool.open_space("t.ibd") is space
    with pytest.raises(Error) as caught:
        pool.open_space("t.ibd", create=True)
    assert caught.value.code == 1016
    assert pool.spaces == {"t.ibd": space}


def test_a_file_that_is_no_tablespace_is_refused_and_left_alone() -> None:
    fs = MemoryFileSystem()
    for content in (b"", b"hello", b"\0" * PAGE_SIZE, bytes(range(256)) * 64):
        fs.files["x.ibd"] = bytearray(content)
        with pytest.raises(Error, match=r"page 0 of file 'x\.ibd'"):
            BufferPool(fs).open_space("x.ibd")
        assert fs.files["x.ibd"] == content


def test_a_failed_creation_leaves_no_file() -> None:
    fs = WatchedFileSystem()
    fs.fail("write", 1, errno.ENOSPC)
    pool = BufferPool(fs)
    with pytest.raises(Error) as caught:
        pool.open_space("d.ibd", create=True)
    assert (caught.value.code, caught.value.message) == (1114, "The table 'd' is full")
    assert not fs.exists("d.ibd") and pool.spaces == {}
    assert pool.open_space("d.ibd", create=True).used_count == 1


def test_a_name_in_use_is_not_taken() -> None:
    pool = BufferPool(MemoryFileSystem())
    first, second = pool.open_space("a.ibd", create=True), pool.open_space("b.ibd", create=True)
    with pytest.raises(InternalError):
        first.rename("b.ibd")
    assert pool.spaces == {"a.ibd": first, "b.ibd": second}


def test_rename_and_drop() -> None:
    fs = MemoryFileSystem()
    fs.mkdir("d")
    tree = new_tree(fs=fs)
    space = tree.space
    space.rename("d/u.ibd")
    assert (space.path, space.table) == ("d/u.ibd", "d.u")
    assert space.pool.open_space("d/u.ibd") is space and not fs.exists("t.ibd")
    space.close()
    assert list(fs.files) == ["d/u.ibd"]
    space = space.pool.open_space("d/u.ibd")
    space.drop()
    assert fs.files == {} and space.pool.spaces == {} and space.pool.check() == []


def test_tablespaces_get_different_ids() -> None:
    pool = BufferPool(MemoryFileSystem())
    first = pool.open_space("a.ibd", create=True)
    second = pool.open_space("b.ibd", create=True, space_id=first.id + 1)
    assert second.id == first.id + 1
    pool.open_space("a.ibd").rename("c.ibd")
    assert pool.open_space("a.ibd", create=True).id not in (first.id, second.id)


def test_real_files(tmp_path: Path) -> None:
    fs = RealFileSystem(str(tmp_path))
    fs.mkdir("d")
    space = new_space(fs, "d/t.ibd")
    mtr = space.pool.mtr()
    page = space.allocate(mtr, PageKind.SYSTEM)
    page.body = b"on disk"
    space.set_meta(mtr, "here", page.no)
    mtr.commit()
    space.close()
    again = BufferPool(fs).open_space("d/t.ibd")
    assert again.page(int(again.meta["here"])).body == b"on disk"
    assert again.verify_file() == []


def test_names_of_tables() -> None:
    assert table_of("shop/orders.ibd") == "shop.orders"
    assert table_of("ibdata1") == "ibdata1"
