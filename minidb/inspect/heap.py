"""`myd t`: the heap of a MyISAM table: its pages, and every row, part of a row and hole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minidb.catalog import TableDef
from minidb.errors import Error, SqlError
from minidb.inspect.directory import DATA, SPACES, Directory
from minidb.inspect.records import RAW, RecordReader, Values, heap_reader, rows_table
from minidb.inspect.report import Fields, Hex, Report, Table
from minidb.inspect.values import ABSENT, Raw, hexadecimal, readable
from minidb.myisam.blocks import KIND_NAMES
from minidb.myisam.datafile import PAGE_SIZE
from minidb.myisam.files import HEAP
from minidb.myisam.fixed_heap import KIND_NAMES as FIXED_KINDS
from minidb.myisam.heap_bytes import Block, HeapBytes
from minidb.myisam.row_format import DYNAMIC, FIXED, fixed_length, format_of
from minidb.myisam.state import NO_ADDRESS
from minidb.storage.file import describe
from minidb.storage.layout import DECODE_ERRORS

BLOCK_COLUMNS = ["address", "length", "kind", "what", "used", "next", "prev", "total", "problem"]
FORMATS = {FIXED: "fixed", DYNAMIC: "dynamic"}


@dataclass(slots=True)
class _Heap:
    """A data file, open.  state: what the header of the index file counts, {} if it cannot be read."""

    path: str
    data: HeapBytes
    tdef: TableDef | None
    fmt: int
    state: dict[str, int]
    reader: RecordReader

    def end(self) -> int | None:
        """Where the heap ends by the header."""
        return self.state.get("end")

    def blocks(self) -> list[Block]:
        """Everything in the heap; nothing where the length of fixed rows is not known."""
        if self.fmt == DYNAMIC:
            return list(self.data.blocks(self.end()))
        if self.fmt == FIXED and self.tdef is not None:
            return list(self.data.rows(fixed_length(self.tdef, _codec(self.reader)), self.end()))
        return []


def report(directory: Directory, name: str, page: int | None = None, hex_dump: bool = True) -> Report:
    """What `myd` says.  page: show this page of the file instead.  Raises 1146, 1016, 1024, 1210."""
    path = directory.find(name, (DATA,))
    try:
        file = directory.fs.open(path)
    except OSError as error:
        raise SqlError.of(1016, path, describe(error)) from error
    try:
        heap = _open(directory, path, HeapBytes(file))
        return _heap_report(directory, heap) if page is None else _page_report(directory, heap, page, hex_dump)
    except OSError as error:
        raise SqlError.of(1024, path, describe(error)) from error
    finally:
        file.close()


def _open(directory: Directory, path: str, data: HeapBytes) -> _Heap:
    tdef = directory.definition(path)
    state: Any = {}
    try:
        keys = directory.space(path.removesuffix(DATA) + SPACES[1])
        state = (keys.meta or {}).get(HEAP)
        keys.close()
    except Error:
        pass  # the heap can be read without what the index file counts
    counted = {name: n for name, n in state.items() if isinstance(n, int)} if isinstance(state, dict) else {}
    reader = RecordReader() if tdef is None else heap_reader(tdef)
    return _Heap(path, data, tdef, data.format() if tdef is None else format_of(tdef), counted, reader)


def _heap_report(directory: Directory, heap: _Heap) -> Report:
    blocks = heap.blocks()
    kinds = [block.what for block in blocks]
    made = Report(f"heap '{heap.path}'", {"path": heap.path, "format": FORMATS.get(heap.fmt, "unknown"),
                                          "pages": heap.data.page_count}, directory.notes())
    made.facts |= {"rows": kinds.count("row"), "holes": kinds.count("hole"), "damaged": kinds.count("damaged")}
    made.facts |= {f"header_{name}": heap.state.get(name) for name in ("rows", "deleted", "free", "end", "first_hole")}
    if heap.fmt == FIXED and heap.tdef is None:
        made.notes.append("the length of a row is not known without the table's definition: see the pages' bytes with --page")
    pages = _pages(heap)
    made.problems = kinds.count("damaged") + sum(row[-1] is not None for row in pages.rows)
    made.sections = [pages, _blocks(heap, blocks), _chain(heap, blocks)]
    return made


def _pages(heap: _Heap) -> Table:
    table = Table("page_list", "pages", ["page", "checksum", "first_block", "format", "problem"])
    for no in range(heap.data.page_count):
        fields = {field.name: field.value for field in heap.data.header(no)}
        table.rows.append([no, hexadecimal(fields.get("checksum", 0)), fields.get("first_block"), fields.get("format"),
                           heap.data.problem(no, heap.fmt)])
    return table


def _blocks(heap: _Heap, blocks: list[Block]) -> Table:
    by_address = {block.address: block for block in blocks}
    values = [_values(heap, block, by_address) for block in blocks]
    names, rows = rows_table(heap.reader, values)
    table = Table("block_list", "blocks" if heap.fmt == DYNAMIC else "rows", [*BLOCK_COLUMNS, *names], nested=len(BLOCK_COLUMNS))
    for block, row in zip(blocks, rows, strict=True):
        kind = (KIND_NAMES if heap.fmt == DYNAMIC else FIXED_KINDS).get(block.flag)
        links = [None if link == NO_ADDRESS else link for link in (block.next, block.prev)]
        table.rows.append([block.address, block.length, kind or str(block.flag), block.what, block.used, *links,
                           block.total or None, block.problem or None, *row])
    return table


def _values(heap: _Heap, block: Block, by_address: dict[int, Block]) -> Values:
    """The columns of the row that begins in `block`; nothing for what is no row."""
    if block.what != "row":
        return {name: ABSENT for name in heap.reader.names}
    data = heap.data.row_bytes(block, by_address) if heap.fmt == DYNAMIC else block.data
    values = None if data is None else heap.reader.read(data) if heap.fmt == DYNAMIC else _padded(heap.reader, data)
    return {RAW: Raw(block.data)} if values is None else values


def _padded(reader: RecordReader, data: bytes) -> Values | None:
    """A fixed row: zeros follow its bytes."""
    try:
        values, _ = _codec(reader).decode(data, 0)
    except DECODE_ERRORS:
        return None
    return reader.name(values)


def _codec(reader: RecordReader) -> Any:
    assert reader.codec is not None, "only asked where the definition is known"
    return reader.codec


def _chain(heap: _Heap, blocks: list[Block]) -> Table:
    """The holes as they will be taken: from the head of the chain on."""
    table = Table("hole_chain", "chain of holes, the next to be taken first", ["address", "length", "next", "problem"])
    holes = {block.address: block for block in blocks if block.what == "hole"}
    address, seen = heap.state.get("first_hole", NO_ADDRESS), set[int]()
    while address != NO_ADDRESS:
        hole = holes.get(address)
        if hole is None or address in seen:
            table.rows.append([address, None, None, "the chain comes back here" if address in seen else "no hole begins here"])
            break
        seen.add(address)
        table.rows.append([address, hole.length, None if hole.next == NO_ADDRESS else hole.next, None])
        address = hole.next
    return table


def _page_report(directory: Directory, heap: _Heap, no: int, hex_dump: bool) -> Report:
    if not 0 <= no < heap.data.page_count:
        raise SqlError.text(1210, f"'{heap.path}' has {heap.data.page_count} pages, numbered from 0: there is no page {no}")
    problem = heap.data.problem(no, heap.fmt)
    made = Report(f"page {no} of '{heap.path}'", {"path": heap.path, "page": no, "problem": problem}, directory.notes())
    made.problems = int(problem is not None)
    made.sections.append(Fields("header", "page header", readable(heap.data.header(no))))
    if hex_dump:
        made.sections.append(Hex("hex", "bytes", heap.data.page(no), no * PAGE_SIZE))
    return made
