"""The bytes of a heap, read without believing them: what the heap itself says of them, and how far damage reaches."""

from __future__ import annotations

import random

import pytest

from minidb.catalog import Column, TableDef
from minidb.myisam.datafile import PAGE_SIZE, PAYLOAD
from minidb.myisam.dynamic_heap import DynamicHeap
from minidb.myisam.fixed_heap import FixedHeap
from minidb.myisam.heap import Heap, HeapCache
from minidb.myisam.heap_bytes import Block, HeapBytes
from minidb.myisam.row_format import make_heap
from minidb.myisam.state import HeapState
from minidb.storage.file import MemoryFileSystem
from minidb.types.codec import RowCodec
from minidb.types.parse import make_type

DYNAMIC = TableDef(1, "d", "t", "MyISAM", (Column("a", make_type("INT", None)), Column("s", make_type("VARCHAR", 60000))))
FIXED = TableDef(1, "d", "t", "MyISAM", (Column("a", make_type("INT", None)), Column("s", make_type("CHAR", 30))))
WIDE = TableDef(1, "d", "t", "MyISAM", tuple(Column(f"c{i}", make_type("CHAR", 255)) for i in range(22)))  # longer than a page


def grown(tdef: TableDef, seed: int) -> tuple[MemoryFileSystem, Heap, dict[int, tuple[object, ...]]]:
    """A heap with a history: its file, itself, its rows by address."""
    print("seed", seed)
    rng = random.Random(seed)
    fs = MemoryFileSystem()
    heap = make_heap(tdef, fs.open("t.MYD", create=True), HeapState(), HeapCache())
    rows: dict[int, tuple[object, ...]] = {}
    for i in range(250):
        if rows and rng.random() < 0.4:
            address = rng.choice(list(rows))
            row = heap.read(address)
            assert row is not None
            heap.delete(row)
            del rows[address]
        else:
            text = "x" * rng.choice((3, 20, 30)) if len(tdef.columns) == 2 else "w"
            if tdef is DYNAMIC:
                text = text * rng.choice((1, 1, 30, 900))
            values = (i, text) if len(tdef.columns) == 2 else tuple(text for _ in tdef.columns)
            rows[heap.insert(values)[-1]] = values
    heap.flush()
    return fs, heap, rows


def described(block: Block) -> str:
    """As `Heap.dump` has it."""
    word = {"row": "row", "part": "continued", "hole": "deleted"}[block.what]
    return word if block.next < 0 else f"{word}, next {block.next}"


@pytest.mark.parametrize("seed", range(6))
def test_blocks_are_those_of_the_heap(seed: int) -> None:
    fs, heap, rows = grown(DYNAMIC, seed)
    assert isinstance(heap, DynamicHeap)
    data = HeapBytes(fs.open("t.MYD"))
    blocks = list(data.blocks(heap.state.end))
    assert [(b.address, b.length, described(b)) for b in blocks] == heap.dump()
    assert list(data.blocks()) == blocks  # the zeros behind the end are recognized
    by_address = {b.address: b for b in blocks}
    codec = RowCodec([c.type for c in DYNAMIC.columns])
    found = {b.address: data.row_bytes(b, by_address) for b in blocks if b.what == "row"}
    assert {address: codec.decode(row or b"", 0)[0] for address, row in found.items()} == rows
    assert data.format() == 2 and [data.problem(no, 2) for no in range(data.page_count)] == [None] * data.page_count


@pytest.mark.parametrize("tdef", [FIXED, WIDE], ids=["fixed", "longer than a page"])
def test_rows_are_those_of_the_heap(tdef: TableDef) -> None:
    fs, heap, rows = grown(tdef, 7)
    assert isinstance(heap, FixedHeap)
    data = HeapBytes(fs.open("t.MYD"))
    blocks = list(data.rows(heap.length, heap.state.end))
    assert [(b.address, b.length, described(b)) for b in blocks] == heap.dump()
    assert list(data.rows(heap.length)) == blocks
    assert [b.address for b in blocks if b.what == "row"] == sorted(rows)


def test_reading_goes_on_behind_damage() -> None:
    fs, heap, _ = grown(DYNAMIC, 3)
    data = HeapBytes(fs.open("t.MYD"))
    whole = list(data.blocks(heap.state.end))
    assert data.page_count > 3
    victim = next(b for b in whole if b.address // PAYLOAD == 1)
    fs.files["t.MYD"][PAGE_SIZE + 16 + victim.address % PAYLOAD] = 99
    found = list(data.blocks(heap.state.end))
    damaged = next(b for b in found if b.what == "damaged")
    assert (damaged.address, damaged.problem) == (victim.address, "a block begins with 99")
    behind = damaged.address + damaged.length
    assert behind // PAYLOAD >= 2
    assert [b for b in found if b is not damaged] == [b for b in whole if b.address < victim.address or b.address >= behind]
    assert data.problem(1) is not None and data.problem(2) is None
    assert sum(b.length for b in found) == heap.state.end  # nothing is passed over in silence


def test_a_row_whose_parts_are_gone_is_not_put_together() -> None:
    fs = MemoryFileSystem()
    data = HeapBytes(fs.open("t.MYD", create=True))
    head = Block(0, 24, 2, "row", 4, next=24, total=10, data=b"abcd")
    part = Block(24, 24, 4, "part", 6, data=b"efghij")
    assert data.row_bytes(head, {0: head, 24: part}) == b"abcdefghij"
    assert data.row_bytes(head, {0: head}) is None
    assert data.row_bytes(head, {0: head, 24: part._replace(data=b"e")}) is None
    assert data.row_bytes(head, {0: head, 24: part._replace(next=24)}) is None  # a chain that comes back
