"""`pages t`: one line for each page of a tablespace file."""

from __future__ import annotations

from collections import Counter

from minidb.inspect.directory import Directory
from minidb.inspect.page_bytes import PageBytes
from minidb.inspect.report import Report, Table
from minidb.inspect.space_file import SpaceFile
from minidb.inspect.values import ranges
from minidb.storage.page import PAGE_ROOM, PageKind

COLUMNS = ["page", "kind", "index", "level", "prev", "next", "records", "used_bytes", "fill_percent", "lsn", "max_trx_id",
           "checksum", "problem"]


def report(directory: Directory, name: str, summary: bool = False) -> Report:
    """What `pages` says of table or file `name`.  summary: counts by kind only."""
    space = directory.space(directory.find(name))
    try:
        return _report(directory, space, summary)
    finally:
        space.close()


def _report(directory: Directory, space: SpaceFile, summary: bool) -> Report:
    made = Report(f"pages of '{space.path}'", {"path": space.path, "space_id": space.id or None, "pages": space.page_count},
                  directory.notes())
    if space.header_problem:
        made.notes.append(f"page 0 {space.header_problem}; what is free cannot be told" if not space.bitmaps else
                          f"page 0 {space.header_problem}")
    lines = Table("page_list", "pages", COLUMNS)
    kinds: Counter[tuple[str, str]] = Counter()
    used: Counter[tuple[str, str]] = Counter()
    free: list[int] = []
    for page in space.pages():
        if space.is_used(page.no) is False:
            free.append(page.no)
            continue
        row = _line(space, page)
        group = str(row[1]), str(row[2] or "")
        kinds[group] += 1
        used[group] += page.used_bytes()
        made.problems += row[-1] is not None
        lines.rows.append(row)
    made.facts["free_pages"] = ranges(free) or None
    made.facts["pages_with_problems"] = made.problems
    beyond = [no for no in space.used_numbers() if no >= space.page_count]
    if beyond:
        made.notes.append(f"the file ends at page {space.page_count}, the header calls these pages used too: {ranges(beyond)}")
    totals = Table("summary", "pages by kind and index", ["kind", "index", "pages", "used_bytes", "fill_percent"])
    totals.rows = [[kind, index or None, count, used[kind, index], percent(used[kind, index], count)]
                   for (kind, index), count in sorted(kinds.items())]
    made.sections = [totals] if summary else [lines]
    return made


def percent(used: int, pages: int = 1) -> int:
    """How full pages are."""
    return round(100 * used / (PAGE_ROOM * pages))


def record_count(page: PageBytes) -> int | None:
    """Records of a leaf or undo page, children of a node."""
    if page.kind == PageKind.UNDO:
        return len(page.places())
    if page.kind == PageKind.INDEX:
        return page.value("count") + bool(page.value("level"))
    return None


def _line(space: SpaceFile, page: PageBytes) -> list[object]:
    index = page.kind == PageKind.INDEX
    tree = space.tree_of(page) if index else None
    linked = index or page.kind == PageKind.LOB
    used = page.used_bytes()
    problems = page.problems()
    if index and tree is None:
        problems.append(f"belongs to tree {page.value('tree')}, which the header does not name")
    return [
        page.no, page.kind_name, tree.name if tree else None, page.value("level") if index else None,
        page.value("prev") if linked else None, page.value("next") if linked else None, record_count(page), used, percent(used),
        page.value("lsn"), page.value("max_trx_id") or None, "ok" if page.checksum_ok else "BAD", "; ".join(problems) or None,
    ]
