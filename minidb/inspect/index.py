"""`index t i`: a B+ tree level by level, as its pages stand in the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from minidb.errors import SqlError
from minidb.inspect.directory import Directory
from minidb.inspect.page_bytes import PageBytes
from minidb.inspect.pages import percent, record_count
from minidb.inspect.records import RecordReader, Values, is_marked, rows_table
from minidb.inspect.report import Report, Table
from minidb.inspect.space_file import SpaceFile, Tree
from minidb.inspect.values import ranges
from minidb.storage.page import PageKind

COLUMNS = ["level", "page", "prev", "next", "records", "marked", "used_bytes", "fill_percent", "first", "last", "children",
           "problem"]


@dataclass(slots=True)
class Node:
    """A page of the tree where its parent says it is.  values: of a leaf's records."""

    page: PageBytes
    level: int
    problems: list[str]
    values: list[Values] = field(default_factory=list)


def report(directory: Directory, name: str, index: str | None, level: int | None = None, records: bool = False) -> Report:
    """What `index` says.  index: its name, or ``root:<id>`` / ``page:<root>`` where the name is not known; None: the first one.
    level: show this one only.  records: list the records of the leaves as well.  Raises 1146, 1176 (no such index)."""
    space = directory.space(directory.find(name))
    try:
        tree = find_tree(space, index)
        return _report(directory, space, tree, level, records)
    finally:
        space.close()


def find_tree(space: SpaceFile, index: str | None) -> Tree:
    """The tree called `index`, or the first one.  Raises 1176."""
    trees = space.trees()
    if index is None and trees:
        return trees[0]
    wanted = (index or "").strip("`").lower()
    for tree in trees:
        if wanted in (tree.name.lower(), f"page:{tree.root}"):
            return tree
    known = ", ".join(tree.name for tree in trees) or "none"
    raise SqlError.text(1176, f"Key '{index or ''}' doesn't exist in '{space.path}'; indexes found there: {known}")


def walk(space: SpaceFile, tree: Tree) -> list[Node]:
    """Every page that the tree's internal nodes lead to, top-down, left to right.  A page is visited once, whatever they say."""
    found: list[Node] = []
    numbers, seen = [tree.root], {tree.root}
    level: int | None = None
    while numbers:
        below: list[int] = []
        for place, no in enumerate(numbers):
            page = space.page(no)
            wanted = page.value("level") if level is None else level
            level = wanted
            before = numbers[place - 1] if place else 0
            after = numbers[place + 1] if place + 1 < len(numbers) else 0
            node = Node(page, wanted, page.problems() + _misplaced(tree, page, wanted, before, after))
            node.values = [tree.reader.shown(p.data) for p in page.places()] if page.kind == PageKind.INDEX else []
            found.append(node)
            for child in page.children():
                if child.page in seen or not 0 < child.page < space.page_count:
                    node.problems.append(f"child {child.page} is reached twice" if child.page in seen
                                         else f"child {child.page} is outside of the file")
                    continue
                seen.add(child.page)
                below.append(child.page)
        numbers = below
        level = (level or 0) - 1
    return found


def _misplaced(tree: Tree, page: PageBytes, level: int, before: int, after: int) -> list[str]:
    if page.kind != PageKind.INDEX:
        return [f"is a page of kind {page.kind_name}"]
    found: list[str] = []
    if page.value("tree") != tree.root:
        found.append(f"says it belongs to tree {page.value('tree')}")
    if page.value("level") != level:
        found.append(f"has level {page.value('level')}, its place demands {level}")
    siblings = page.value("prev"), page.value("next")
    if siblings != (before, after):
        found.append(f"has siblings {siblings[0]} and {siblings[1]}, its parent says {before} and {after}")
    return found


def _report(directory: Directory, space: SpaceFile, tree: Tree, level: int | None, records: bool) -> Report:
    nodes = walk(space, tree)
    leaves = [node for node in nodes if node.level == 0]
    marked = sum(is_marked(values) for node in leaves for values in node.values)
    total = sum(len(node.values) for node in leaves)
    facts: dict[str, Any] = {
        "path": space.path, "index": tree.name, "kind": tree.kind, "root": tree.root, "height": nodes[0].level + 1,
        "pages": len(nodes), "leaf_pages": len(leaves), "records": total, "live": total - marked, "delete_marked": marked,
    }
    made = Report(f"index {tree.name} of '{space.path}'", facts, directory.notes())
    made.problems = sum(bool(node.problems) for node in nodes)
    reached = {node.page.no for node in nodes}
    lost = [page.no for page in space.pages() if page.kind == PageKind.INDEX and page.value("tree") == tree.root
            and page.no not in reached and space.is_used(page.no) is not False]
    if lost:
        made.notes.append(f"pages of this tree that no parent leads to: {ranges(lost)}")
    chosen = [node for node in nodes if level is None or node.level == level]
    made.sections.append(Table("page_list", "pages, level by level", COLUMNS, [_line(tree.reader, node) for node in chosen]))
    if records:
        made.sections.append(_records(tree.reader, [node for node in chosen if node.level == 0]))
    return made


def _line(reader: RecordReader, node: Node) -> list[Any]:
    page = node.page
    children = page.children()
    used = page.used_bytes()
    first = last = None
    if node.values:
        first, last = _key(node.values[0]), _key(node.values[-1])
    elif len(children) > 1:
        first, last = {"separator": children[1].separator}, {"separator": children[-1].separator}
    marked = sum(map(is_marked, node.values)) if node.values else None
    return [
        node.level, page.no, page.value("prev"), page.value("next"), record_count(page), marked, used, percent(used), first, last,
        [child.page for child in children] or None, "; ".join(node.problems) or None,
    ]


def _key(values: Values) -> Values:
    """What identifies a record in a line: its first values, up to the hidden ones."""
    found: Values = {}
    for name, value in values.items():
        if name in ("DB_TRX_ID", "delete mark"):
            break
        found[name] = value
    return found


def _records(reader: RecordReader, leaves: list[Node]) -> Table:
    names, rows = rows_table(reader, [values for node in leaves for values in node.values])
    table = Table("record_list", "records", ["page", "position", *names], nested=2)
    places = [(node.page.no, i) for node in leaves for i in range(len(node.values))]
    table.rows = [[*place, *row] for place, row in zip(places, rows, strict=True)]
    return table
