"""`page t N`: one page, decoded and in bytes."""

from __future__ import annotations

from typing import Any

from minidb.errors import SqlError
from minidb.inspect.directory import Directory
from minidb.inspect.page_bytes import PageBytes
from minidb.inspect.records import rows_table
from minidb.inspect.report import Fields, Hex, Report, Section, Table
from minidb.inspect.space_file import SpaceFile, bitmap_words
from minidb.inspect.undo_records import described
from minidb.inspect.values import ABSENT, ranges, readable
from minidb.storage.layout import Field
from minidb.storage.page import PAGE_HEADER, PageKind
from minidb.storage.page_codec import DESCRIPTOR_LAYOUT, SPACE_LAYOUT
from minidb.storage.space import EXTENT_PAGES


def report(directory: Directory, name: str, number: int, hex_dump: bool = True) -> Report:
    """What `page` says of page `number` of table or file `name`.  Raises 1210 if the file has no such page."""
    space = directory.space(directory.find(name))
    try:
        if not 0 <= number < space.page_count:
            raise SqlError.text(1210, f"'{space.path}' has {space.page_count} pages, numbered from 0: there is no page {number}")
        return _report(directory, space, space.page(number), hex_dump)
    finally:
        space.close()


def _report(directory: Directory, space: SpaceFile, page: PageBytes, hex_dump: bool) -> Report:
    tree = space.tree_of(page) if page.kind == PageKind.INDEX else None
    problems = page.problems()
    facts: dict[str, Any] = {
        "path": space.path, "page": page.no, "kind": page.kind_name, "index": tree.name if tree else None,
        "used": space.is_used(page.no), "records": len(page.places()) or None, "problems": problems or None,
    }
    made = Report(f"page {page.no} of '{space.path}'", facts, directory.notes(), [], len(problems))
    made.sections.append(Fields("header", "page header", readable(page.fields)))
    made.sections += _body(directory, space, page)
    if hex_dump:
        made.sections.append(Hex("hex", "bytes", page.data))
    return made


def _body(directory: Directory, space: SpaceFile, page: PageBytes) -> list[Section]:
    if page.kind == PageKind.INDEX:
        return [_children(page)] if page.value("level") else [_leaf(space, page)]
    if page.kind in (PageKind.HEADER, PageKind.DESCRIPTOR):
        return _bitmaps(space, page)
    if page.kind == PageKind.UNDO:
        return [_undo(directory, page)]
    if page.kind == PageKind.LOB:
        return [_chain(space, page)]
    return []


def _leaf(space: SpaceFile, page: PageBytes) -> Table:
    reader = space.reader_of(page)
    places = page.places()
    names, rows = rows_table(reader, [reader.shown(place.data) for place in places])
    table = Table("record_list", f"records of the leaf ({_told_apart(page, len(places))})", ["offset", "length", *names], nested=2)
    table.rows = [[place.offset, len(place.data), *row] for place, row in zip(places, rows, strict=True)]
    return table


def _told_apart(page: PageBytes, found: int) -> str:
    count = page.value("count")
    return str(found) if found == count else f"{found} of {count} can be told apart"


def _children(page: PageBytes) -> Table:
    """The children; a separator stands with the child to its right."""
    table = Table("children", "children of the node", ["offset", "child", "separator"], nested=2)
    found = page.children()
    table.rows = [[child.offset, child.page, ABSENT if place == 0 else child.separator] for place, child in enumerate(found)]
    return table


def _bitmaps(space: SpaceFile, page: PageBytes) -> list[Section]:
    header = page.kind == PageKind.HEADER
    layout = SPACE_LAYOUT if header else DESCRIPTOR_LAYOUT
    fields = layout.read(page.data, PAGE_HEADER)
    words = bitmap_words(page)
    at = PAGE_HEADER + layout.size
    fields.append(Field(at, 8 * len(words), "bitmaps", f"{len(words)} extents"))
    meta = Table("meta_entries", "meta", ["name", "value"], nested=None)
    if header and space.meta is not None:
        length = next((field.value for field in fields if field.name == "meta_length"), 0)
        fields.append(Field(at + 8 * len(words), length, "meta", f"{len(space.meta)} entries"))
        meta.rows = [[name, value] for name, value in space.meta.items()]
    extents = Table("extents", "extents", ["offset", "extent", "first_page", "used", "used_pages"])
    first = page.no // EXTENT_PAGES
    for i, word in enumerate(words):
        if word:
            base = (first + i) * EXTENT_PAGES
            used = [base + bit for bit in range(EXTENT_PAGES) if word >> bit & 1]
            extents.rows.append([at + 8 * i, first + i, base, len(used), ranges(used)])
    sections: list[Section] = [Fields("body", "tablespace header" if header else "descriptor page", readable(fields)), extents]
    return [*sections, meta] if header else sections


def _undo(directory: Directory, page: PageBytes) -> Table:
    table = Table("record_list", "undo records", ["offset", "length", "slot", "kind", "content"])
    for slot, (place, record) in enumerate(zip(page.places(), page.undo_records(), strict=True)):
        kind, content = described(directory, record, place.data)
        table.rows.append([place.offset, len(place.data), slot, kind, content])
    return table


def _chain(space: SpaceFile, page: PageBytes) -> Table:
    """The pages of the off-page value that `page` belongs to, from its first one on."""
    table = Table("chain", "off-page value", ["page", "prev", "next", "nbytes", "problem"])
    no, seen = page.no, {page.no}
    while (before := space.page(no).value("prev")) and before not in seen and before < space.page_count:
        no = before
        seen.add(no)
    listed: set[int] = set()
    while no and no not in listed and no < space.page_count:
        listed.add(no)
        link = page if no == page.no else space.page(no)
        problems = [] if link.kind == PageKind.LOB else [f"is a page of kind {link.kind_name}"]
        problems += link.problems()
        table.rows.append([no, link.value("prev"), link.value("next"), link.value("nbytes"), "; ".join(problems) or None])
        no = link.value("next")
    return table


