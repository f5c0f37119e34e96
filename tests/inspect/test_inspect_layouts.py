"""The field names in the output are those of the layout tables in the documentation."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from minidb.innodb import undo
from minidb.inspect.heap import BLOCK_COLUMNS
from minidb.myisam import blocks, datafile, fixed_heap
from minidb.myisam import files as myisam_files
from minidb.storage import log_files, redo_record
from minidb.storage.page_codec import DESCRIPTOR_LAYOUT
from tests.inspect.inspect_kit import crashed, inspect, write

README = Path(log_files.__file__).parent / "README.md"
Row = tuple[int, int, str]


def layout(text: str, heading: str = "") -> list[Row]:
    """(offset, size, field) of the first table of `text` behind `heading`; fields of no fixed place or size are left out."""
    table = text[text.index(heading) :]
    table = table[table.index("OFFSET") :].split("\n", 1)[1].split("\n\n")[0].split("```")[0]
    return [(int(m[1]), int(m[2]), m[3]) for m in re.finditer(r"^ *(\d+) +(\d+) {2,}(\w+)", table, re.M)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("data")
    write(crashed(), directory)
    return directory


def fields(data: Path, key: str, *args: str) -> list[Row]:
    made = json.loads(inspect(data, *args, "--json").output)
    return [(f["offset"], f["size"], f["field"]) for f in made[key]]


def test_page_header(data: Path) -> None:
    wanted = layout(README.read_text(encoding="utf-8"), "Every page")
    assert fields(data, "header", "page", "t", "3") == [row for row in wanted if row[2] != "body"]
    assert wanted[-1] == (64, 16320, "body")


def test_tablespace_header(data: Path) -> None:
    wanted = layout(README.read_text(encoding="utf-8"), "Header (page 0)")
    assert [row for row in fields(data, "body", "page", "t", "0") if row[2] not in ("bitmaps", "meta")] == wanted
    names = re.findall(r"^\S+ +\S.*? {2,}(bitmaps|meta) ", README.read_text(encoding="utf-8"), re.M)
    assert names[:2] == ["bitmaps", "meta"]


def test_descriptor_page() -> None:
    wanted = layout(README.read_text(encoding="utf-8"), "Descriptor page")
    assert [(f.offset, f.size, f.name) for f in DESCRIPTOR_LAYOUT.read(bytes(128), 64)] == wanted


def test_log_header_and_checkpoints(data: Path) -> None:
    text = log_files.__doc__ or ""
    header = layout(text)
    assert fields(data, "header_0", "redo") == header[:5]
    assert [row for row in header if row[2] == "checkpoint"] == [(512, 28, "checkpoint"), (1024, 28, "checkpoint")]
    wanted = layout(text, "Checkpoint\n")
    assert fields(data, "checkpoint_0", "redo") == [(offset + 512, size, name) for offset, size, name in wanted]


def test_groups_and_records(data: Path) -> None:
    text = redo_record.__doc__ or ""
    assert [(f.offset, f.size, f.name) for f in redo_record.GROUP_LAYOUT.read(bytes(64))] == layout(text, "Group\n")
    assert [(f.offset, f.size, f.name) for f in redo_record.RECORD_LAYOUT.read(bytes(64))] == layout(text, "Record\n")
    shown = json.loads(inspect(data, "redo", "--json").output)["records"][0]
    assert {"operation", "page", "flags", "max_trx_id", "lsn", "epoch"} <= set(shown)


def test_undo_records(data: Path) -> None:
    table = re.findall(r"^ +\((\w+), ([^)]+)\)", undo.__doc__ or "", re.M)
    wanted = {kind: tuple(name.strip() for name in names.split(",")) for kind, names in table}
    assert wanted == dict(zip(undo.KIND_NAMES, undo.FIELDS, strict=True))
    for line in json.loads(inspect(data, "page", "ibdata1", "1", "--json").output)["record_list"]:
        assert set(line["content"]) <= set(wanted[line["kind"]])


def test_heap_pages_and_blocks(data: Path) -> None:
    wanted = layout(datafile.__doc__ or "")
    assert fields(data, "header", "myd", "m", "--page", "0") == [row for row in wanted if row[2] != "payload"]
    assert {name for _, _, name in layout(blocks.__doc__ or "")} <= set(BLOCK_COLUMNS)
    assert [name for _, _, name in layout(fixed_heap.__doc__ or "")] == ["flag", "next"]
    named = re.findall(r"^\s+\d (\w+)|\d (WHOLE|FIRST|MIDDLE|LAST|DELETED)", blocks.__doc__ or "", re.M)
    assert [b for _, b in named if b] == list(blocks.KIND_NAMES.values())


def test_meta_of_the_index_file(data: Path) -> None:
    names = re.findall(r"^    (\w+) {2,}", myisam_files.__doc__ or "", re.M)
    assert names == ["heap", "open_count", "crashed", "upkeep", "keys"]
    made: dict[str, Any] = json.loads(inspect(data, "myi", "m", "--json").output)
    counted = re.search(r"^    heap +([\w, ]+\w) +\(see", myisam_files.__doc__ or "", re.M)
    assert counted is not None
    assert {"open_count", "crashed", "keys", *counted[1].split(", ")} <= set(made)
