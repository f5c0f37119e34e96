"""`myi t`: the index file of a MyISAM table: what its header counts, and its trees with the addresses that they lead to."""

from __future__ import annotations

from typing import Any

from minidb.inspect import index
from minidb.inspect.directory import SPACES, Directory
from minidb.inspect.records import rows_table
from minidb.inspect.report import Report, Table
from minidb.inspect.space_file import SpaceFile, Tree
from minidb.myisam.files import CRASHED, HEAP, KEYS, OPEN_COUNT


def report(directory: Directory, name: str, records: bool = True) -> Report:
    """What `myi` says.  records: list the entries of every tree.  Raises 1146, 1016, 1024."""
    space = directory.space(directory.find(name, SPACES[1:]))
    try:
        made = Report(f"index file '{space.path}'", {"path": space.path, "pages": space.page_count}, directory.notes())
        if space.header_problem:
            made.problems += 1
            made.notes.append(f"page 0 {space.header_problem}")
        made.facts |= _state(space)
        trees = Table("trees", "indexes", ["index", "root", "height", "pages", "entries", "problems"])
        made.sections.append(trees)
        for tree in space.trees():
            _add_tree(made, trees, space, tree, records)
        return made
    finally:
        space.close()


def _state(space: SpaceFile) -> dict[str, Any]:
    """What the header says, under the names of the layout table."""
    meta = space.meta or {}
    heap = meta.get(HEAP)
    counted = heap if isinstance(heap, dict) else {}
    return {OPEN_COUNT: meta.get(OPEN_COUNT), CRASHED: meta.get(CRASHED, 0) if meta else None, **counted, KEYS: meta.get(KEYS)}


def _add_tree(made: Report, trees: Table, space: SpaceFile, tree: Tree, records: bool) -> None:
    nodes = index.walk(space, tree)
    values = [entry for node in nodes for entry in node.values]
    wrong = [f"page {node.page.no} {problem}" for node in nodes for problem in node.problems]
    made.problems += bool(wrong)
    trees.rows.append([tree.name, tree.root, nodes[0].level + 1, len(nodes), len(values), "; ".join(wrong) or None])
    if records:
        names, rows = rows_table(tree.reader, values)
        places = [(tree.name, node.page.no, i) for node in nodes for i in range(len(node.values))]
        table = Table("entries", f"entries of {tree.name}", ["index", "page", "position", *names], nested=3)
        table.rows = [[*place, *row] for place, row in zip(places, rows, strict=True)]
        made.sections.append(table)
