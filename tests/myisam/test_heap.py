"""Both heaps against a plain dict: random inserts, updates, deletes, evictions and reopening."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidb.catalog import Column, TableDef
from minidb.errors import CorruptPageError
from minidb.myisam.datafile import PAGE_SIZE
from minidb.myisam.heap import Heap, HeapCache
from minidb.myisam.row_format import fixed_length, format_of, make_heap
from minidb.myisam.state import HeapState
from minidb.storage.file import MemoryFileSystem
from minidb.types.codec import RowCodec
from minidb.types.parse import make_type


def definition(*types: str, row_format: str | None = None) -> TableDef:
    columns = []
    for i, text in enumerate(types):
        name, _, length = text.partition("(")
        columns.append(Column(f"c{i}", make_type(name, int(length[:-1]) if length else None)))
    return TableDef(1, "d", "t", "MyISAM", tuple(columns), row_format=row_format)


FIXED = definition("INT", "CHAR(30)")
WIDE = definition("INT", "CHAR(255)", *["CHAR(255)"] * 20)  # a row longer than a page
DYNAMIC = definition("INT", "VARCHAR(60000)")


class Harness:
    """A heap, the file system under it, and the dict that says what the heap must hold."""

    def __init__(self, tdef: TableDef, limit: int | None = None) -> None:
        self.tdef = tdef
        self.fs = MemoryFileSystem()
        self.file = self.fs.open("t.MYD", create=True)
        self.cache = HeapCache(limit)
        self.heap: Heap = make_heap(tdef, self.file, HeapState(), self.cache)
        self.model: dict[int, tuple[object, ...]] = {}

    def insert(self, *values: object) -> int:
        place = self.heap.place()
        row = self.heap.insert(values)
        assert row == (*values, place)
        assert place not in self.model
        self.model[place] = values
        return place

    def update(self, address: int, *values: object) -> None:
        row = self.heap.read(address)
        assert row is not None
        assert self.heap.update(row, values) == (*values, address)
        self.model[address] = values

    def delete(self, address: int) -> None:
        row = self.heap.read(address)
        assert row is not None
        self.heap.delete(row)
        del self.model[address]

    def reopen(self) -> None:
        self.heap.flush()
        state = replace(self.heap.state)
        self.cache = HeapCache(self.cache.limit)
        self.heap = make_heap(self.tdef, self.fs.open("t.MYD"), state, self.cache)

    def stored(self) -> list[tuple[object, ...]]:
        heap = self.heap
        return [row for no in range(heap.page_count()) for row in heap.rows_of(no)]

    def verify(self) -> None:
        expected = [(*values, address) for address, values in sorted(self.model.items())]
        assert self.stored() == expected
        assert self.heap.fetch(sorted(self.model)) == expected
        assert self.heap.check() == []
        assert self.heap.state.rows == len(self.model)

    def order(self) -> list[object]:
        return [row[0] for row in self.stored()]


OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["insert", "insert", "update", "delete", "trim", "reopen"]),
              st.integers(0, 10_000),
              st.one_of(st.integers(0, 90), st.integers(0, 700), st.integers(15_000, 40_000))),
    max_size=60,
)


def play(harness: Harness, operations: list[tuple[str, int, int]], longest: int) -> None:
    for what, pick, size in operations:
        values = (pick, "é" * (size % longest) if pick % 7 == 0 else "x" * (size % longest))
        addresses = sorted(harness.model)
        if what == "insert":
            harness.insert(*values)
        elif what == "update" and addresses:
            harness.update(addresses[pick % len(addresses)], *values)
        elif what == "delete" and addresses:
            harness.delete(addresses[pick % len(addresses)])
        elif what == "trim":
            harness.cache.trim()
        elif what == "reopen":
            harness.reopen()
        if pick % 3 == 0:  # a check decodes all pages, which must not be needed
            assert harness.heap.check() == []
    harness.verify()
    harness.reopen()
    harness.verify()


@settings(max_examples=150, deadline=None)
@given(OPERATIONS, st.sampled_from([None, 1, 2]))
def test_dynamic_heap_is_a_dict(operations: list[tuple[str, int, int]], limit: int | None) -> None:
    play(Harness(DYNAMIC, limit), operations, 25_000)


@settings(max_examples=100, deadline=None)
@given(OPERATIONS)
def test_small_dynamic_rows_split_and_merge(operations: list[tuple[str, int, int]]) -> None:
    play(Harness(DYNAMIC), operations, 150)


@settings(max_examples=60, deadline=None)
@given(OPERATIONS, st.sampled_from([None, 1]))
def test_fixed_heap_is_a_dict(operations: list[tuple[str, int, int]], limit: int | None) -> None:
    play(Harness(FIXED, limit), operations, 31)


def test_fixed_addresses_are_row_numbers() -> None:
    h = Harness(FIXED)
    assert [h.insert(i, "") for i in range(3)] == [0, 1, 2]


def test_dynamic_addresses_are_byte_offsets() -> None:
    h = Harness(DYNAMIC)
    first, second = h.insert(1, "x" * 100), h.insert(2, "")
    assert first == 0
    assert second > 100


def test_fixed_row_longer_than_a_page() -> None:
    h = Harness(WIDE, limit=1)
    for i in range(4):
        h.insert(i, *["ü" * 255] * 21)
        h.cache.trim()
    h.delete(1)
    h.reopen()
    h.insert(9, *["y"] * 21)
    h.verify()
    assert h.order() == [0, 9, 2, 3]


def test_hole_freed_last_is_taken_first() -> None:
    """The order a real server shows for the same statements (recorded: corpus myisam/delete-limit-order)."""
    h = Harness(FIXED)
    addresses = {v: h.insert(v, "") for v in (5, 1, 3)}
    h.delete(addresses[1])
    h.insert(9, "")
    assert h.order() == [5, 9, 3]
    h.insert(2, "")
    h.delete(addresses[3])
    h.delete(addresses[5])
    for v in (7, 8, 10):
        h.insert(v, "")
    assert h.order() == [7, 9, 8, 2, 10]


def test_small_rows_take_the_hole_of_a_long_one() -> None:
    """Storage order measured on MariaDB 10.11: the rest of a split hole is the next one taken."""
    h = Harness(DYNAMIC)
    a = [h.insert(1, "a" * 200), h.insert(2, "b" * 50), h.insert(3, "c" * 100), h.insert(4, "d")]
    h.delete(a[0])
    for v in (5, 6, 7):
        h.insert(v, "x")
    assert h.order() == [5, 6, 7, 2, 3, 4]
    h.verify()


def test_long_row_goes_on_in_the_next_hole() -> None:
    """A long row begins in the hole freed last and needs more blocks; it is delivered where it begins."""
    h = Harness(DYNAMIC)
    a = [h.insert(i, "x" * 100) for i in range(5)]
    h.delete(a[3])
    h.delete(a[1])
    assert h.insert(20, "L" * 300) == a[1]
    assert h.order() == [0, 20, 2, 4]
    assert [what for _, _, what in h.heap.dump()].count("continued") == 1
    assert h.heap.state.deleted == 0
    h.reopen()
    h.verify()
    h.delete(a[1])
    h.verify()


def test_freed_neighbours_merge() -> None:
    h = Harness(DYNAMIC)
    a = [h.insert(i, "x" * 40) for i in range(4)]
    h.delete(a[2])
    h.delete(a[1])
    assert [what for _, _, what in h.heap.dump()] == ["row", "deleted", "row"]
    assert h.heap.state.deleted == 1
    h.delete(a[0])
    assert h.heap.state.deleted == 1
    h.verify()


def test_row_grows_into_the_hole_behind_it_and_at_the_end() -> None:
    h = Harness(DYNAMIC)
    a = [h.insert(i, "x" * 40) for i in range(3)]
    h.delete(a[1])
    h.update(a[0], 0, "y" * 70)
    assert h.heap.state.deleted == 0
    h.update(a[2], 2, "z" * 5000)
    assert [what for _, _, what in h.heap.dump()] == ["row", "row"]
    h.verify()


def test_clear_leaves_an_empty_file() -> None:
    h = Harness(DYNAMIC)
    for i in range(400):
        h.insert(i, "x" * 100)
    h.heap.flush()
    h.heap.clear()
    h.model.clear()
    assert h.file.size() == 0
    h.insert(1, "again")
    h.reopen()
    h.verify()


def test_cache_stays_within_its_limit() -> None:
    h = Harness(DYNAMIC, limit=3)
    for i in range(2000):
        h.insert(i, "x" * 100)
        if h.cache.over:
            h.cache.trim()
    assert len(h.heap.pages) <= 3
    assert h.heap.page_count() > 10
    h.cache.trim()
    assert sum(1 for no in range(h.heap.page_count()) for _ in h.heap.rows_of(no)) == 2000


@pytest.mark.parametrize("tdef", [FIXED, DYNAMIC], ids=["fixed", "dynamic"])
def test_any_flipped_byte_is_noticed(tdef: TableDef) -> None:
    h = Harness(tdef)
    for i in range(300):
        h.insert(i, "x" * 25)
    for address in sorted(h.model)[5:50:3]:
        h.delete(address)
    h.heap.flush()
    data = h.fs.files["t.MYD"]
    for position in [*range(40), *range(40, len(data), 211), len(data) - 1]:
        data[position] ^= 0x41
        heap = make_heap(tdef, h.fs.open("t.MYD"), replace(h.heap.state), HeapCache())
        with pytest.raises(CorruptPageError, match=r"'d\.t'.*page \d+ of file 't\.MYD'"):
            for no in range(heap.page_count()):
                heap.rows_of(no)
        data[position] ^= 0x41
    h.reopen()
    h.verify()


def test_pages_in_the_wrong_order_are_noticed() -> None:
    h = Harness(DYNAMIC)
    for i in range(400):
        h.insert(i, "x" * 100)
    h.heap.flush()
    data = h.fs.files["t.MYD"]
    data[:PAGE_SIZE], data[PAGE_SIZE : 2 * PAGE_SIZE] = data[PAGE_SIZE : 2 * PAGE_SIZE], data[:PAGE_SIZE]
    h.heap.drop_pages()
    with pytest.raises(CorruptPageError, match="says it is page 1"):
        h.heap.rows_of(0)


@pytest.mark.parametrize("tdef", [FIXED, DYNAMIC], ids=["fixed", "dynamic"])
def test_salvage_reads_around_a_damaged_page(tdef: TableDef) -> None:
    h = Harness(tdef)
    for i in range(600):
        h.insert(i, "x" * 29)
    for address in sorted(h.model)[::10]:
        h.delete(address)
    h.insert(1000, "y" * (29 if tdef is FIXED else 500))
    h.heap.flush()

    def salvaged() -> tuple[list[tuple[object, ...]], int]:
        return make_heap(tdef, h.fs.open("t.MYD"), HeapState(), HeapCache()).salvage()

    rows, lost = salvaged()
    assert sorted(rows) == sorted((*v, a) for a, v in h.model.items())
    assert lost == 0
    h.fs.files["t.MYD"][PAGE_SIZE + 100] ^= 1
    rows, lost = salvaged()
    assert lost >= 1
    assert 0 < len(rows) < len(h.model)
    assert {(*v, a) for a, v in h.model.items()}.issuperset(rows)


def test_row_formats() -> None:
    assert format_of(FIXED) == 1
    assert format_of(DYNAMIC) == 2
    assert format_of(definition("INT", "TEXT", row_format="fixed")) == 2
    assert format_of(definition("INT", "VARCHAR(5)", row_format="fixed")) == 1
    assert format_of(definition("INT", "CHAR(5)", row_format="dynamic")) == 2


def test_fixed_length_holds_the_longest_row() -> None:
    tdef = definition("INT", "CHAR(10)", "DECIMAL(40)", "BINARY(5)", "BIGINT")
    codec = RowCodec([c.type for c in tdef.columns])
    longest = codec.encode((-1, "\U0001f600" * 10, Decimal("-" + "9" * 40), b"\xff" * 5, -(2**63)))
    assert 1 + len(longest) <= fixed_length(tdef, codec)
