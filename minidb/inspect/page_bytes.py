"""`PageBytes`: one page of a tablespace as it stands in its file, sound or not."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

from minidb.inspect.values import hexadecimal
from minidb.storage.layout import DECODE_ERRORS, Field
from minidb.storage.page import CHILD_BYTES, PAGE_HEADER, PageKind
from minidb.storage.page_codec import PAGE_LAYOUT, PageFault, page_faults, record_places
from minidb.storage.tree_spec import decode_separator
from minidb.types.codec import decode_atoms

KINDS = {kind.value: kind.name.lower() for kind in PageKind}
UndoRecord = tuple[Any, ...]


class Child(NamedTuple):
    """An entry of an internal node.  offset: of its separator, or of the child's number in the first one, which has none."""

    offset: int
    page: int
    separator: Any


class Place(NamedTuple):
    """A record of a leaf or an undo page.  offset: of its first byte behind the length."""

    offset: int
    data: bytes


class PageBytes:
    """header: the fields by name (fewer if the page is cut short).  faults: what is wrong with length, checksum, numbers."""

    def __init__(self, no: int, data: bytes, space_id: int) -> None:
        self.no = no
        self.data = data
        self.fields: list[Field] = PAGE_LAYOUT.read(data)
        self.header: dict[str, Any] = {field.name: field.value for field in self.fields}
        self.faults = list(page_faults(data, no, space_id))

    # ---- the header
    def value(self, name: str) -> int:
        """A field of the header, 0 if it is missing."""
        return int(self.header.get(name, 0))

    @property
    def kind(self) -> int:
        return self.value("kind")

    @property
    def kind_name(self) -> str:
        """The kind in words; a page of nothing but zeros was never written."""
        if self.data and not any(self.data):
            return "zeros"
        kind = KINDS.get(self.kind, f"unknown ({self.kind})")
        return ("leaf" if not self.value("level") else "node") if self.kind == PageKind.INDEX else kind

    @property
    def checksum_ok(self) -> bool:
        return not any(fault.what in ("checksum", "length") for fault in self.faults)

    def problems(self) -> list[str]:
        """What is wrong, with what is stored and what was expected."""
        return [_describe(fault) for fault in self.faults]

    # ---- the body
    def places(self) -> list[Place]:
        """The records of a leaf or of an undo page, as far as they can be told apart."""
        return self._places

    @cached_property
    def _places(self) -> list[Place]:
        leaf = self.kind == PageKind.INDEX and not self.value("level")
        if not leaf and self.kind != PageKind.UNDO:
            return []
        end = len(self.data) if leaf else min(len(self.data), PAGE_HEADER + self.value("nbytes"))
        count = self.value("count") if leaf else len(self.data)
        return [Place(at, self.data[at : at + size]) for at, size in record_places(self.data, PAGE_HEADER, end, count)]

    def children(self) -> list[Child]:
        """The children of an internal node, as far as they can be decoded."""
        if self.kind != PageKind.INDEX or not self.value("level"):
            return []
        count = min(self.value("count") + 1, (len(self.data) - PAGE_HEADER) // CHILD_BYTES)
        places = range(PAGE_HEADER, PAGE_HEADER + CHILD_BYTES * count, CHILD_BYTES)
        numbers = [int.from_bytes(self.data[at : at + CHILD_BYTES], "little") for at in places]
        found = [Child(PAGE_HEADER, number, None) for number in numbers[:1]]
        offset = PAGE_HEADER + CHILD_BYTES * count
        for number in numbers[1:]:
            try:
                key, end = decode_separator(self.data, offset)
            except DECODE_ERRORS:
                break
            found.append(Child(offset, number, key))
            offset = end
        return found

    def undo_records(self) -> list[UndoRecord]:
        """The records of an undo page; () for one that cannot be decoded."""
        return [atoms(place.data) for place in self.places()] if self.kind == PageKind.UNDO else []

    def used_bytes(self) -> int:
        """Bytes of the body in use, counted as far as it can be decoded, else as the header says."""
        places = self.places()
        if places:
            return places[-1].offset + len(places[-1].data) - PAGE_HEADER
        return 0 if self.kind == PageKind.INDEX and not self.value("level") else self.value("nbytes")


def atoms(data: bytes) -> UndoRecord:
    """The tuple whose bytes are `data`, () if they are none."""
    try:
        record, end = decode_atoms(data, 0)
    except DECODE_ERRORS:
        return ()
    return record if end == len(data) else ()


def _describe(fault: PageFault) -> str:
    if fault.what == "checksum":
        return f"fails its checksum: stored {hexadecimal(fault.stored)}, computed {hexadecimal(fault.expected)}"
    if fault.what == "page":
        return f"page number stored {fault.stored}, expected {fault.expected}"
    if fault.what == "space":
        return f"space id stored {fault.stored}, expected {fault.expected}"
    return str(fault)
