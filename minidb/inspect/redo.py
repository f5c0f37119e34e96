"""`redo`: the redo log as its files have it: headers, checkpoints, groups of records, and where it ends."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from minidb.errors import Error, SqlError
from minidb.inspect.directory import Directory
from minidb.inspect.page_bytes import PageBytes, atoms
from minidb.inspect.report import Fields, Report, Section, Table
from minidb.inspect.space_file import SpaceFile
from minidb.inspect.undo_records import described
from minidb.inspect.values import Raw, Word, readable
from minidb.storage.file import describe
from minidb.storage.layout import DECODE_ERRORS
from minidb.storage.log_files import SLOTS, LogEnd, LogFiles, file_name, head_fields, read_head, read_slot, slot_fields
from minidb.storage.mtr import Op
from minidb.storage.page import PAGE_SIZE, PageKind
from minidb.storage.redo_record import Record, decode_group

COLUMNS = ["lsn", "epoch", "operation", "path", "page", "position", "flags", "max_trx_id", "content"]
GROUPS = 1000  # shown unless asked otherwise
PageId = tuple[int, int]


@dataclass(slots=True)
class PageTotal:
    """What the log holds for one page.  first, last: positions of groups."""

    records: int = 0
    first: int = 0
    last: int = 0
    operations: dict[str, int] = field(default_factory=dict)


def report(directory: Directory, start: int | None = None, limit: int = GROUPS, summary: bool = False) -> Report:
    """What `redo` says.  start: position of the first group, None: the checkpoint.  limit: most groups shown, 0: all.  summary:
    totals per page instead of groups.  Raises 1033 if there is no log, 1024."""
    made = Report(f"redo log of '{directory.path}'", {}, directory.notes())
    log: LogFiles | None = None
    try:
        log = LogFiles.salvage(directory.fs)
        if log is None:
            raise SqlError.text(1033, f"There is no redo log: '{file_name(0)}' is missing")
        made.sections += _headers(log, made)
        _Reading(directory, log, made, limit, summary).run(log.checkpoint.lsn if start is None else start)
    except OSError as error:
        raise SqlError.of(1024, file_name(0), describe(error)) from error
    finally:
        if log is not None:
            log.close()
    return made


def _headers(log: LogFiles, made: Report) -> list[Section]:
    sections: list[Section] = []
    for i, file in enumerate(log.files):
        head = read_head(file)
        fields = readable(head_fields(file))
        sections.append(Fields(f"header_{i}", f"header of '{file.name}' ({file.size()} bytes)", fields))
        if not head.sound:
            made.problems += 1
            made.notes.append(f"the header of '{file.name}' is not sound; places are worked out with {log.bytes_each} bytes a file")
        elif head.files != len(log.files):
            made.problems += 1
            made.notes.append(f"'{file.name}' speaks of {head.files} files, {len(log.files)} are there")
    slots = [(offset, read_slot(log.files[0], offset), slot_fields(log.files[0], offset)) for offset in SLOTS]
    for i, (offset, slot, fields) in enumerate(slots):
        sections.append(Fields(f"checkpoint_{i}", f"checkpoint at {offset}", readable(fields)))
        if slot is None and any(f.value for f in fields):
            made.problems += 1
            made.notes.append(f"the checkpoint at {offset} is not sound")
    if not any(slot for _, slot, _ in slots):
        made.problems += 1
        made.notes.append(f"no checkpoint can be read: shown from position {log.checkpoint.lsn} on")
    made.facts = {"checkpoint": log.checkpoint.lsn, "checkpoint_number": log.checkpoint.number, "epoch": log.checkpoint.epoch,
                  "capacity": log.capacity}
    return sections


class _Reading:
    """One pass over the groups.  kinds: (kind, level, tree) of pages that images in the log have told of."""

    def __init__(self, directory: Directory, log: LogFiles, made: Report, limit: int, summary: bool) -> None:
        self.directory = directory
        self.log = log
        self.made = made
        self.limit = limit
        self.summary = summary
        self.paths = directory.space_paths()
        self.spaces: dict[int, SpaceFile | None] = {}
        self.pages: dict[PageId, PageBytes] = {}
        self.rows: list[list[Any]] = []
        self.totals: dict[PageId, PageTotal] = {}

    def run(self, start: int) -> None:
        """Read from `start` to the end, and put it all into the report."""
        groups = records = 0
        end = LogEnd(start, "end", "")
        for found in self.log.scan(start):
            if isinstance(found, LogEnd):
                end = found
                break
            groups += 1
            records += self._group(*found, shown=not self.limit or groups <= self.limit)
        self.made.facts |= {"start": start, "end": end.lsn, "end_reason": end.why, "end_detail": end.detail, "groups": groups,
                            "records": records}
        if self.summary:
            self.made.sections.append(self._totals())
        else:
            self.made.sections.append(Table("records", "groups and their records", COLUMNS, self.rows))
            if self.limit and groups > self.limit:
                self.made.notes.append(f"{groups - self.limit} more groups are not shown; --limit 0 shows all")
        for space in self.spaces.values():
            if space is not None:
                space.close()

    def _group(self, lsn: int, epoch: int, data: bytes, shown: bool) -> int:
        try:
            records = decode_group(data)
        except ValueError as error:
            self.made.problems += 1
            self.rows.append([lsn, epoch, "damaged", *[None] * 5, str(error)])
            return 0
        for record in records:
            self._count(lsn, record)
            if shown and not self.summary:
                self.rows.append(self._line(lsn, epoch, record))
            if record.op == Op.IMAGE:
                self.pages[record.space, record.page] = PageBytes(record.page, record.data.ljust(PAGE_SIZE, b"\0"), record.space)
        return len(records)

    def _count(self, lsn: int, record: Record) -> None:
        total = self.totals.setdefault((record.space, record.page), PageTotal(first=lsn))
        total.records += 1
        total.last = lsn
        name = Op(record.op).name
        total.operations[name] = total.operations.get(name, 0) + 1

    def _line(self, lsn: int, epoch: int, record: Record) -> list[Any]:
        placed = record.op in (Op.INSERT, Op.REPLACE, Op.DELETE, Op.CUT)
        return [lsn, epoch, Op(record.op).name, self.paths.get(record.space, f"tablespace {record.space}"), record.page,
                record.position if placed else None, int(record.has_deleted), record.max_trx_id, self._content(record)]

    # ---- what a record holds
    def _content(self, record: Record) -> Any:
        if record.op == Op.META:
            try:
                name, value = json.loads(record.data)
                return {name: value}
            except DECODE_ERRORS:
                return {"raw bytes": Raw(record.data)}
        if record.op == Op.IMAGE:
            page = PageBytes(record.page, record.data.ljust(PAGE_SIZE, b"\0"), record.space)
            header = {name: page.value(name) for name in ("level", "tree", "count", "nbytes")}
            return {"kind": Word(page.kind_name), **header, "bytes": len(record.data)}
        if record.op in (Op.INSERT, Op.REPLACE):
            return self._record(record)
        return None

    def _record(self, record: Record) -> dict[str, Any]:
        page = self._page(record)
        space = self._space(record.space)
        if page is not None and page.kind == PageKind.UNDO:
            kind, content = described(self.directory, atoms(record.data), record.data)
            return {"kind": Word(kind), **content}
        if page is None or space is None or page.kind != PageKind.INDEX:
            return {"raw bytes": Raw(record.data)}
        return space.reader_of(page).shown(record.data)

    def _page(self, record: Record) -> PageBytes | None:
        """The page of a record: as the last image before says, else as it stands in the file."""
        where = record.space, record.page
        space = self._space(record.space)
        if where not in self.pages and space is not None:
            self.pages[where] = space.page(record.page)
        return self.pages.get(where)

    def _space(self, number: int) -> SpaceFile | None:
        if number not in self.spaces:
            self.spaces[number] = None
            path = self.paths.get(number)
            if path is not None and self.directory.fs.exists(path):
                try:
                    self.spaces[number] = self.directory.space(path)
                except Error:
                    pass  # the file cannot be opened: its records stay bytes
        return self.spaces[number]

    def _totals(self) -> Table:
        table = Table("summary", "records by page", ["path", "page", "records", "first_lsn", "last_lsn", "lsn_in_file", "in_file",
                                                     "operations"])
        for (number, no), total in sorted(self.totals.items()):
            space = self._space(number)
            page = None if space is None else space.page(no)
            sound = page is not None and page.checksum_ok
            lsn = page.value("lsn") if page is not None and sound else None
            table.rows.append([self.paths.get(number, f"tablespace {number}"), no, total.records, total.first, total.last, lsn,
                               None if lsn is None else lsn >= total.last, total.operations])
        return table
