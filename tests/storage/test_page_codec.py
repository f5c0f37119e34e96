"""Pages as bytes: the documented layout, and that no damage passes unnoticed."""

from __future__ import annotations

import random
import re
import struct
import zlib
from pathlib import Path

import pytest

from minidb.errors import CorruptPageError, InternalError
from minidb.storage import lob, page_codec
from minidb.storage.btree import BTree
from minidb.storage.buffer_pool import BufferPool
from minidb.storage.file import MemoryFileSystem
from minidb.storage.page import PAGE_HEADER, PAGE_SIZE, PageKind
from minidb.storage.page_codec import decode_page, encode_page
from tests.storage.storage_kit import content, evict_all, fill, make_row, new_tree, outcome, spec

README = Path(__file__).resolve().parents[2] / "minidb" / "storage" / "README.md"


def small_database() -> tuple[MemoryFileSystem, BTree, int]:
    """A file with a header, a two-level tree and an off-page value; (files, tree, first page of the value)."""
    fs = MemoryFileSystem()
    tree = new_tree(capacity=8, fs=fs)
    fill(tree, range(20), length=100)
    mtr = tree.space.pool.mtr()
    value = lob.store(mtr, tree.space, b"long" * 5000)
    tree.space.set_meta(mtr, "root", tree.root_no)
    mtr.commit()
    evict_all(tree)
    return fs, tree, value


def test_header_fields_are_where_the_readme_says() -> None:
    text = README.read_text(encoding="utf-8")
    table = text[text.index("Every page") : text.index("Index page, leaf")]
    fields = {m[3]: (int(m[1]), int(m[2])) for m in re.finditer(r"^ *(\d+) +(\d+) +(\w+)", table, re.M)}
    _, tree, _ = small_database()
    leaf = tree.last_leaf()
    leaf.lsn, leaf.max_trx_id, leaf.has_deleted = 11, 12, True
    data = encode_page(leaf)
    assert len(data) == PAGE_SIZE

    def field(name: str) -> int:
        offset, size = fields[name]
        return int.from_bytes(data[offset : offset + size], "little")

    assert field("checksum") == zlib.crc32(data[4:])
    assert (field("page"), field("space")) == (leaf.no, tree.space.id)
    assert (field("kind"), field("level"), field("lsn")) == (PageKind.INDEX, 0, 11)
    assert (field("prev"), field("next"), field("tree")) == (leaf.prev, leaf.next, tree.root_no)
    assert (field("count"), field("flags"), field("max_trx_id"), field("nbytes")) == (len(leaf.keys), 1, 12, leaf.nbytes)
    offset, size = fields["reserved"]
    assert offset + size == PAGE_HEADER and not any(data[offset : offset + size])
    again = decode_page(tree.space, leaf.no, data)
    assert (again.lsn, again.max_trx_id, again.has_deleted) == (11, 12, True)
    assert again.image() == leaf.image()


def test_every_flipped_byte_of_a_page_is_noticed() -> None:
    _, tree, _ = small_database()
    leaf = tree.first_leaf()
    good = encode_page(leaf)
    damaged = bytearray(good)
    for i in range(PAGE_SIZE):
        damaged[i] ^= 1 << i % 8
        with pytest.raises(CorruptPageError):
            decode_page(tree.space, leaf.no, bytes(damaged))
        damaged[i] = good[i]
    assert decode_page(tree.space, leaf.no, good).keys == leaf.keys


def test_a_flipped_byte_anywhere_in_a_file_gives_an_error_or_the_right_answer() -> None:
    fs, tree, value = small_database()
    good = bytes(fs.files["t.ibd"])
    expected = content(tree), b"long" * 5000
    rng = random.Random(99)
    offsets = [*range(PAGE_HEADER), *rng.sample(range(PAGE_SIZE), 40)]
    places = [no * PAGE_SIZE + i for no in range(len(good) // PAGE_SIZE) for i in offsets]
    wrong = 0
    for place in places:
        fs.files["t.ibd"][:] = good
        fs.files["t.ibd"][place] ^= 0x40

        def answer() -> object:
            space = BufferPool(fs).open_space("t.ibd")
            again = BTree(space, int(space.meta["root"]), spec(8))
            return content(again), lob.load(space, value, 20_000)

        result = outcome(answer)
        if result != expected:
            assert isinstance(result, CorruptPageError), (place, result)
            assert f"Table 't' is corrupt: page {place // PAGE_SIZE} of file 't.ibd'" in result.message
            assert result.code == 1877
            wrong += 1
    assert wrong == len(places)


def test_misplaced_missing_and_foreign_pages_are_noticed() -> None:
    fs, tree, _ = small_database()
    leaf, other = tree.first_leaf().no, tree.last_leaf().no
    evict_all(tree)
    file = fs.files["t.ibd"]
    good = bytes(file)
    page = slice(leaf * PAGE_SIZE, (leaf + 1) * PAGE_SIZE)

    def fails(words: str) -> None:
        with pytest.raises(CorruptPageError, match=words):
            tree.get(0)
        evict_all(tree)
        file[:] = good

    tree.get(0)
    evict_all(tree)
    file[page] = good[other * PAGE_SIZE : (other + 1) * PAGE_SIZE]
    fails(f"page {leaf} of file 't.ibd' holds page {other}")
    file[page] = bytes(PAGE_SIZE)
    fails("checksum")
    foreign = bytearray(good[page])
    struct.pack_into("<I", foreign, 8, tree.space.id ^ 1)
    struct.pack_into("<I", foreign, 0, zlib.crc32(foreign[4:]))
    file[page] = foreign
    fails("belongs to tablespace")
    del file[leaf * PAGE_SIZE + 100 :]
    fails("cut short: 100 of 16384")


def test_sound_bytes_with_impossible_content_are_refused() -> None:
    fs, tree, _ = small_database()
    leaf = tree.first_leaf().no
    evict_all(tree)
    file = fs.files["t.ibd"]

    def change(offset: int, data: bytes) -> None:
        page = bytearray(file[leaf * PAGE_SIZE : (leaf + 1) * PAGE_SIZE])
        page[offset : offset + len(data)] = data
        struct.pack_into("<I", page, 0, zlib.crc32(page[4:]))
        file[leaf * PAGE_SIZE : (leaf + 1) * PAGE_SIZE] = page

    change(PAGE_HEADER, b"\xff" * 40)
    with pytest.raises(CorruptPageError, match="cannot be decoded"):
        tree.get(0)
    change(32, struct.pack("<I", 4242))
    with pytest.raises(CorruptPageError, match="tree 4242, which is not open"):
        tree.get(0)


def test_verify_file_names_each_damaged_page() -> None:
    fs, tree, value = small_database()
    fs.files["t.ibd"][value * PAGE_SIZE + 9000] ^= 8
    fs.files["t.ibd"][tree.root_no * PAGE_SIZE + 20] ^= 8
    assert [re.findall(r"page (\d+)", p)[0] for p in tree.space.verify_file()] == [str(tree.root_no), str(value)]


def test_records_that_do_not_fit_are_an_error_not_a_short_page() -> None:
    tree = new_tree()
    fill(tree, range(3))
    tree.first_leaf().rows[1] = make_row(1, 17_000)
    with pytest.raises(InternalError, match="room is"):
        tree.space.pool.flush()


def test_engines_may_bring_their_own_codec() -> None:
    class Numbers:
        def encode_body(self, page: page_codec.Page) -> bytes:
            return struct.pack(f"<{len(page.rows)}I", *page.rows)

        def decode_body(self, page: page_codec.Page, data: bytes, count: int) -> None:
            page.rows = list(struct.unpack_from(f"<{page.nbytes // 4}I", data, PAGE_HEADER))

    fs = MemoryFileSystem()
    space = BufferPool(fs).open_space("t.ibd", create=True)
    space.codecs[PageKind.HEAP] = Numbers()
    mtr = space.pool.mtr()
    page = space.allocate(mtr, PageKind.HEAP)
    page.rows = [1, 1 << 31, 7]
    mtr.commit()
    space.close()
    space = BufferPool(fs).open_space("t.ibd")
    space.codecs[PageKind.HEAP] = Numbers()
    assert space.page(page.no).rows == [1, 1 << 31, 7]
