"""`SpaceFile`: a tablespace file read as it stands: its header as far as it is sound, its pages, its trees by their roots."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from minidb.catalog import TableDef
from minidb.innodb.dict_table import path_of
from minidb.innodb.engine import SYSTEM_SPACE, SYSTEM_SPACE_ID
from minidb.innodb.layout import clustered_definition
from minidb.innodb.recovery import ROOT
from minidb.inspect.page_bytes import PageBytes
from minidb.inspect.records import RecordReader, clustered_reader, myisam_reader, secondary_reader
from minidb.storage.file import File, FileSystem, read_failed
from minidb.storage.layout import DECODE_ERRORS
from minidb.storage.page import PAGE_HEADER, PAGE_SIZE, PageKind
from minidb.storage.page_codec import DESCRIPTOR_LAYOUT, SPACE_LAYOUT, split_header_page
from minidb.storage.space import DESCRIBED_PAGES, EXTENT_PAGES


@dataclass(slots=True)
class Tree:
    """An index in a file.  root: its page.  kind: 'clustered', 'secondary', 'keys' (MyISAM), 'unknown'."""

    name: str
    root: int
    kind: str
    reader: RecordReader


class SpaceFile:
    """An open tablespace file.  tdef: the table's definition if one is known.  meta: None if the header page is damaged.
    bitmaps: words of used pages, by extent; of damaged descriptor pages there are none."""

    def __init__(self, fs: FileSystem, path: str, tdef: TableDef | None) -> None:
        self.path = path
        self.tdef = tdef
        self.file: File = fs.open(path)
        self.bytes = self.file.size()
        self.page_count = -(-self.bytes // PAGE_SIZE)
        self.meta: dict[str, Any] | None = None
        self.bitmaps: dict[int, int] = {}
        self.header_problem = ""
        self.id = self._expected_id()
        self._trees: list[Tree] | None = None
        self._read_header()

    @property
    def engine(self) -> str:
        return "MyISAM" if self.path.endswith(".MYI") else "InnoDB"

    @property
    def kind(self) -> str:
        """'system', 'table' or 'keys'."""
        return "system" if self.path == SYSTEM_SPACE else "keys" if self.engine == "MyISAM" else "table"

    def _expected_id(self) -> int:
        """The id that every page should have, 0 if nothing but the pages tells."""
        if self.path == SYSTEM_SPACE:
            return SYSTEM_SPACE_ID
        return self.tdef.id if self.tdef is not None and self.path == path_of(self.tdef) else 0

    def _read_header(self) -> None:
        page = self.page(0)
        problems = page.problems()
        if page.kind != PageKind.HEADER:
            problems.append("is not a tablespace header")
        try:
            self.meta = json.loads(split_header_page(page.data)[1])
            if not isinstance(self.meta, dict):
                self.meta = None
        except DECODE_ERRORS as error:
            problems.append(f"cannot be decoded ({error})")
        self.header_problem = "; ".join(problems)
        if not self.id and page.checksum_ok:
            self.id = page.value("space")
        for no in range(0, self.page_count, DESCRIBED_PAGES):
            described = page if no == 0 else self.page(no)
            if described.checksum_ok:
                for extent, word in enumerate(bitmap_words(described)):
                    self.bitmaps[no // EXTENT_PAGES + extent] = word

    # ---- pages
    def page(self, no: int) -> PageBytes:
        """Page `no` as it stands in the file; without a byte if the file has no such page.  Raises 1024."""
        there = 0 <= no < self.page_count
        return PageBytes(no, self._read(no * PAGE_SIZE, PAGE_SIZE) if there else b"", self.id)

    def _read(self, offset: int, size: int) -> bytes:
        try:
            return self.file.read_at(offset, size)
        except OSError as error:
            raise read_failed(self.path, error) from error

    def pages(self) -> Iterator[PageBytes]:
        """All pages of the file, a cut-off one at the end included."""
        return map(self.page, range(self.page_count))

    def is_used(self, no: int) -> bool | None:
        """What the bitmaps say of page `no`; None where they cannot be read."""
        word = self.bitmaps.get(no // EXTENT_PAGES)
        if word is None:
            return None if not self.bitmaps or self._undescribed(no) else False
        return bool(word >> no % EXTENT_PAGES & 1)

    def _undescribed(self, no: int) -> bool:
        return no // DESCRIBED_PAGES * (DESCRIBED_PAGES // EXTENT_PAGES) not in self.bitmaps

    def used_numbers(self) -> list[int]:
        """Numbers of all pages that the bitmaps call used, ascending."""
        return [extent * EXTENT_PAGES + bit for extent, word in sorted(self.bitmaps.items())
                for bit in range(EXTENT_PAGES) if word >> bit & 1]

    # ---- trees
    def trees(self) -> list[Tree]:
        """The indexes: those that the header names, in the definition's order, then roots that are only found by their pages."""
        if self._trees is None:
            named = {name.removeprefix(ROOT): root for name, root in (self.meta or {}).items()
                     if name.startswith(ROOT) and isinstance(root, int)}
            self._trees = [*self._defined(named), *(_unknown(f"{ROOT}{id_}", root) for id_, root in sorted(named.items()))]
            if self.header_problem:
                known = {tree.root for tree in self._trees}
                self._trees += [_unknown(f"page:{no}", no) for no in self._roots() if no not in known]
        return self._trees

    def _defined(self, named: dict[str, int]) -> Iterator[Tree]:
        """Trees of indexes that the definition knows; taken out of `named`."""
        tdef = self.tdef
        if tdef is None:
            return
        if self.engine == "MyISAM":
            for ordinal, definition in enumerate(tdef.indexes):
                if str(definition.id) in named:
                    yield Tree(definition.name, named.pop(str(definition.id)), "keys", myisam_reader(tdef, ordinal))
            return
        clustered = clustered_definition(tdef)
        for definition in (clustered, *(d for d in tdef.indexes if d.id != clustered.id)):
            if str(definition.id) in named:
                reader = clustered_reader(tdef) if definition is clustered else secondary_reader(tdef, definition)
                kind = "clustered" if definition is clustered else "secondary"
                yield Tree(definition.name, named.pop(str(definition.id)), kind, reader)

    def _roots(self) -> list[int]:
        """Index pages that say they are the root of their tree."""
        return [page.no for page in self.pages() if page.kind == PageKind.INDEX and page.value("tree") == page.no]

    def tree_of(self, page: PageBytes) -> Tree | None:
        """The tree that an index page says it belongs to."""
        root = page.value("tree")
        return next((tree for tree in self.trees() if tree.root == root), None)

    def reader_of(self, page: PageBytes) -> RecordReader:
        """How the records of an index page are read."""
        tree = self.tree_of(page)
        return RecordReader() if tree is None else tree.reader

    def close(self) -> None:
        self.file.close()


def _unknown(name: str, root: int) -> Tree:
    return Tree(name, root, "unknown", RecordReader())


def bitmap_words(page: PageBytes) -> list[int]:
    """The words of a header or descriptor page; none if it holds less than it says."""
    layout = SPACE_LAYOUT if page.kind == PageKind.HEADER else DESCRIPTOR_LAYOUT
    fields = {field.name: field.value for field in layout.read(page.data, PAGE_HEADER)}
    start, count = PAGE_HEADER + layout.size, fields.get("extents", 0)
    if start + 8 * count > len(page.data):
        return []
    return [int.from_bytes(page.data[at : at + 8], "little") for at in range(start, start + 8 * count, 8)]
