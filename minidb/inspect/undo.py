"""`undo` and `history`: the undo logs in the system tablespace, found as recovery finds them."""

from __future__ import annotations

from typing import Any

from minidb.innodb.engine import SYSTEM_SPACE
from minidb.innodb.undo import KIND, KIND_NAMES
from minidb.innodb.undo_log import UndoLog, undo_logs
from minidb.inspect.directory import Directory
from minidb.inspect.page_bytes import UndoRecord
from minidb.inspect.report import Report, Table
from minidb.inspect.undo_records import content, well_formed
from minidb.inspect.values import RollPointer
from minidb.storage.page import PageKind

MALFORMED = (-1,)  # stands for what cannot be decoded; a log ends before it


def found_logs(directory: Directory, notes: list[str]) -> list[UndoLog]:
    """Every undo log of the directory; what hampers the search is added to `notes`.  Raises 1016, 1024."""
    space = directory.space(SYSTEM_SPACE)
    pages: dict[int, list[UndoRecord]] = {}
    try:
        if space.header_problem:
            notes.append(f"page 0 of '{SYSTEM_SPACE}' {space.header_problem}")
        for page in space.pages():
            if page.kind != PageKind.UNDO or space.is_used(page.no) is False:
                continue
            notes += [f"undo page {page.no} {problem}" for problem in page.problems()]
            pages[page.no] = [record if well_formed(record) else MALFORMED for record in page.undo_records()]
            if MALFORMED in pages[page.no]:
                notes.append(f"undo page {page.no} holds records that cannot be decoded")
    finally:
        space.close()
    return list(undo_logs(pages))


def undo_report(directory: Directory, records: bool = True) -> Report:
    """What `undo` says.  records: list the changes of every log."""
    made = Report(f"undo logs of '{directory.path}'", {}, directory.notes())
    logs = found_logs(directory, made.notes)
    states = [log.state for log in logs]
    made.facts = {"logs": len(logs), **{state: states.count(state) for state in ("active", "committed", "purged")},
                  "records": sum(len(log.records) for log in logs)}
    made.sections.append(_logs_table(logs))
    if records:
        made.sections.append(_records_table(directory, logs))
    return made


def history_report(directory: Directory) -> Report:
    """What `history` says: committed logs in commit order, as purge will take them."""
    made = Report(f"history list of '{directory.path}'", {}, directory.notes())
    logs = sorted((log for log in found_logs(directory, made.notes) if log.state == "committed"), key=lambda log: log.number)
    made.facts = {"transactions": len(logs), "records": sum(len(log.records) for log in logs)}
    table = Table("history", "committed, waiting for purge", ["commit_number", "transaction", "records", "pages", "tables"])
    for log in logs:
        tables = dict.fromkeys(directory.table_name(record[1]) for record in log.records)
        table.rows.append([log.number, log.trx_id, len(log.records), log.pages, ", ".join(tables) or None])
    made.sections.append(table)
    return made


def _logs_table(logs: list[UndoLog]) -> Table:
    columns = ["transaction", "state", "commit_number", "records", "pages", "header_slot", "end_slot"]
    rows: list[list[Any]] = [
        [log.trx_id, log.state, log.number if log.state == "committed" else None, len(log.records), log.pages, log.start, log.end]
        for log in logs
    ]
    return Table("log_list", "undo logs", columns, rows)


def _records_table(directory: Directory, logs: list[UndoLog]) -> Table:
    table = Table("record_list", "undo records", ["transaction", "roll_pointer", "kind", "content"])
    for log in logs:
        for place, record in zip(log.places, log.records, strict=True):
            table.rows.append([log.trx_id, RollPointer(*place), KIND_NAMES[record[KIND]], content(directory, record)])
    return table
