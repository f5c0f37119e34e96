"""Damaged directories: what is wrong is said, what can be read is shown, and nothing ends in a traceback."""

from __future__ import annotations

import io
import json
import random
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minidb.errors import Error
from minidb.inspect import heap, index, keys, page, pages, redo, tablespaces, undo
from minidb.inspect.check import Check
from minidb.inspect.directory import Directory
from minidb.inspect.rendering import write as render
from minidb.inspect.report import Report
from minidb.storage.fault_file import FaultFileSystem, Image
from minidb.storage.file import MemoryFileSystem
from minidb.storage.log_files import AREA, START_LSN
from minidb.storage.page import PAGE_SIZE
from tests.inspect.inspect_kit import closed, crashed, inspect, write


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write(closed(), tmp_path)
    return tmp_path


@pytest.fixture
def broken_off(tmp_path: Path) -> Path:
    """The files after a crash."""
    write(crashed(), tmp_path)
    return tmp_path


def flip(path: Path, *offsets: int) -> None:
    content = bytearray(path.read_bytes())
    for offset in offsets:
        content[offset] ^= 0x40
    path.write_bytes(bytes(content))


def found(directory: Path, *args: str) -> Any:
    done = inspect(directory, *args, "--json")
    assert done.exit_code == (1 if args[0] == "check" and json.loads(done.output)["problems"] else 0), done.output
    return json.loads(done.output)


def problems(directory: Path) -> list[tuple[str, str]]:
    """(category, where) of what `check` finds; it must find something."""
    done = inspect(directory, "check", "--json")
    assert done.exit_code == 1, done.output
    return [(line["category"], line["where"]) for line in json.loads(done.output)["problem_list"]]


# ---- the dictionary
@pytest.mark.parametrize("how", [lambda path: flip(path, 100), Path.unlink], ids=["damaged", "missing"])
def test_without_a_dictionary_files_and_roots_are_found(data: Path, how: Callable[[Path], None]) -> None:
    whole = found(data, "index", "t", "--records")
    how(data / "minidb.dictionary")
    spaces = found(data, "tablespaces")
    assert "tables are known by their files only" in spaces["notes"][0]
    assert [s["table"] for s in spaces["tablespaces"]] == [None, "test.f", "test.m", "test.notes", "test.t"]
    assert [(i["path"], i["index"], i["root"]) for i in spaces["indexes"]] == [
        ("test/m.MYI", "root:3", 1), ("test/m.MYI", "root:4", 2), ("test/notes.ibd", "root:0", 1), ("test/t.ibd", "root:1", 1),
        ("test/t.ibd", "root:2", 2)]
    raw = found(data, "index", "t", "root:1", "--records")
    assert (raw["height"], raw["records"]) == (whole["height"], whole["records"])
    assert bytes.fromhex(raw["record_list"][1]["values"]["raw bytes"]["hex"]).endswith(b"s2")
    assert [block["what"] for block in found(data, "myd", "m")["block_list"]] == ["hole", "part", "row", "row", "row", "part"]
    assert "without the table's definition" in found(data, "myd", "f")["notes"][-1]
    assert ("dictionary", "minidb.dictionary") in problems(data)


def test_undo_and_redo_without_a_dictionary(broken_off: Path) -> None:
    groups = found(broken_off, "redo")["groups"]
    (broken_off / "minidb.dictionary").unlink()
    assert found(broken_off, "undo", "--replay")["active"] == 1
    assert {line["content"]["table"] for line in found(broken_off, "undo")["record_list"]} == {"table id 1"}
    assert found(broken_off, "redo")["groups"] == groups > 5


# ---- pages
def test_a_page_that_fails_its_checksum(data: Path) -> None:
    path = data / "test" / "t.ibd"
    stored = int.from_bytes(path.read_bytes()[3 * PAGE_SIZE :][:4], "little")
    flip(path, 3 * PAGE_SIZE + 69)  # inside of the first record
    computed = zlib.crc32(path.read_bytes()[3 * PAGE_SIZE + 4 : 4 * PAGE_SIZE])
    made = found(data, "page", "t", "3")
    assert made["problems"] == [f"fails its checksum: stored {stored:#010x}, computed {computed:#010x}"]
    assert [line["values"].get("id") for line in made["record_list"]][1:] == [2, 4]  # the others are still shown
    line = next(line for line in found(data, "pages", "t")["page_list"] if line["page"] == 3)
    assert (line["checksum"], line["problem"]) == ("BAD", made["problems"][0])
    assert ("pages", "test/t.ibd") in problems(data) and ("tables", "test.t") in problems(data)


def reseal(content: bytearray, no: int) -> None:
    """Give page `no` the checksum of what it holds now."""
    start = no * PAGE_SIZE
    content[start : start + 4] = zlib.crc32(content[start + 4 : start + PAGE_SIZE]).to_bytes(4, "little")


def test_a_page_in_the_wrong_place_and_of_another_tablespace(data: Path) -> None:
    path = data / "test" / "t.ibd"
    content = bytearray(path.read_bytes())
    content[4 * PAGE_SIZE : 5 * PAGE_SIZE] = content[3 * PAGE_SIZE : 4 * PAGE_SIZE]
    content[5 * PAGE_SIZE + 8 : 5 * PAGE_SIZE + 12] = (7).to_bytes(4, "little")
    reseal(content, 5)
    path.write_bytes(bytes(content))
    assert found(data, "page", "t", "4")["problems"] == ["page number stored 3, expected 4"]
    assert found(data, "page", "t", "5")["problems"] == ["space id stored 7, expected 1"]
    assert "has siblings" in next(n["problem"] for n in found(data, "index", "t")["page_list"] if n["page"] == 4)


def test_a_record_whose_length_is_wrong(data: Path) -> None:
    path = data / "test" / "t.ibd"
    content = bytearray(path.read_bytes())
    content[3 * PAGE_SIZE + 98 : 3 * PAGE_SIZE + 100] = (60000).to_bytes(2, "little")
    reseal(content, 3)
    path.write_bytes(bytes(content))
    assert "(1 of 3 can be told apart)" in inspect(data, "page", "t", "3").output


def test_a_damaged_header_page(data: Path) -> None:
    flip(data / "test" / "t.ibd", 66)
    made = found(data, "pages", "t")
    assert "fails its checksum" in made["notes"][0] and "what is free cannot be told" in made["notes"][0]
    assert made["pages"] == 9
    assert found(data, "index", "t", "page:1")["records"] == 8
    assert found(data, "index", "t", "page:1")["index"] == "page:1"
    assert ("pages", "test/t.ibd") in problems(data)


def test_a_file_that_is_cut_short(data: Path) -> None:
    path = data / "test" / "t.ibd"
    path.write_bytes(path.read_bytes()[: 6 * PAGE_SIZE + 100])
    made = found(data, "pages", "t")
    assert made["page_list"][-1]["problem"] == "is cut short: 100 of 16384 bytes"
    assert made["notes"] == ["the file ends at page 7, the header calls these pages used too: 7-8"]
    assert len(found(data, "page", "t", "6")["header"]) == 14
    path.write_bytes(path.read_bytes()[: 6 * PAGE_SIZE + 10])
    assert [f["field"] for f in found(data, "page", "t", "6")["header"]] == ["checksum", "page"]
    path.write_bytes(b"")
    assert found(data, "pages", "t")["page_list"] == []
    assert ("pages", "test/t.ibd") in problems(data)


def test_a_file_that_is_missing_and_one_too_many(data: Path) -> None:
    (data / "test" / "t.ibd").rename(data / "test" / "stray.ibd")
    assert {("files", "test/t.ibd"), ("files", "test/stray.ibd")} <= set(problems(data))
    assert found(data, "tablespaces")["tablespaces"][-1]["problem"] == "belongs to no table of the dictionary"


# ---- the redo log
def test_a_damaged_header_of_the_redo_log(broken_off: Path) -> None:
    whole = found(broken_off, "redo")
    flip(broken_off / "ib_logfile0", 12)
    made = found(broken_off, "redo")
    assert made["records"] == whole["records"] and "the header of 'ib_logfile0' is not sound" in made["notes"][1]
    assert ("redo log", "ib_logfile0") in problems(broken_off) and ("recovery", str(broken_off)) in problems(broken_off)


def test_one_broken_checkpoint_leaves_the_other(broken_off: Path) -> None:
    whole = found(broken_off, "redo")
    flip(broken_off / "ib_logfile0", 520)
    made = found(broken_off, "redo")
    assert (made["checkpoint"], made["checkpoint_number"]) == (START_LSN, 1)
    assert made["notes"][1] == "the checkpoint at 512 is not sound"
    assert made["groups"] > whole["groups"] and made["end"] == whole["end"]
    flip(broken_off / "ib_logfile0", 1032)
    made = found(broken_off, "redo")
    assert made["notes"][3] == f"no checkpoint can be read: shown from position {START_LSN} on" and made["end"] == whole["end"]


def test_a_torn_group_ends_the_log(broken_off: Path) -> None:
    whole = found(broken_off, "redo")
    *_, torn, last = sorted({line["lsn"] for line in whole["records"]})
    place = torn - START_LSN + AREA
    flip(broken_off / "ib_logfile0", place + 30)
    made = found(broken_off, "redo")
    assert (made["end"], made["end_reason"], made["groups"]) == (torn, "torn", whole["groups"] - 2)
    assert made["end_detail"] == f"the group of {last - torn} bytes fails its checksum"
    assert found(broken_off, "check")["problems"] == 0  # a crash may leave that
    path = broken_off / "ib_logfile0"
    path.write_bytes(path.read_bytes()[: place + 100])
    assert found(broken_off, "redo")["end_detail"] == f"100 of {last - torn} bytes of the group are there"


def test_without_a_redo_log(data: Path) -> None:
    (data / "ib_logfile0").unlink()
    done = inspect(data, "redo")
    assert (done.exit_code, done.stderr) == (1, "ERROR 1033 (HY000): There is no redo log: 'ib_logfile0' is missing\n")
    assert ("redo log", "ib_logfile0") in problems(data)


# ---- undo
def test_a_damaged_undo_page(broken_off: Path) -> None:
    second = found(broken_off, "page", "ibdata1", "1")["record_list"][1]
    flip(broken_off / "ibdata1", PAGE_SIZE + second["offset"])  # the count of its members
    made = found(broken_off, "undo")
    assert any("undo page 1 fails its checksum" in note for note in made["notes"])
    assert "undo page 1 holds records that cannot be decoded" in made["notes"]
    assert [log["records"] for log in made["log_list"]] == [0, 1]
    assert [line["kind"] for line in found(broken_off, "page", "ibdata1", "1")["record_list"]] == [
        "HEADER", "damaged", "HEADER", "DELETE"]


# ---- MyISAM
def test_a_damaged_heap(data: Path) -> None:
    flip(data / "test" / "m.MYD", 16 + 72)  # the kind of the third block
    made = found(data, "myd", "m")
    assert made["page_list"][0]["problem"].startswith("checksum does not match (stored 0x")
    assert [(b["address"], b["what"]) for b in made["block_list"]] == [(0, "hole"), (24, "part"), (72, "damaged")]
    assert made["block_list"][2]["problem"] == "a block begins with 65"
    assert ("pages", "test/m.MYD") in problems(data) and ("tables", "test.m") in problems(data)


def test_a_heap_without_its_index_file(data: Path) -> None:
    (data / "test" / "m.MYI").unlink()
    assert found(data, "myd", "m")["rows"] == 3
    assert found(data, "tablespaces")["myisam_tables"][-1]["problem"] == "its index file is missing"
    assert ("tables", "test.m") in problems(data)


def test_a_table_that_was_being_changed_is_marked(tmp_path: Path) -> None:
    from minidb.database import Database
    from minidb.scheduler import StepScheduler

    fs = FaultFileSystem(closed())
    session = Database("disk", scheduler=StepScheduler(), file_system=fs).session()
    session.execute("INSERT INTO m VALUES (9, 'nine')")
    write(fs.image, tmp_path)
    assert found(tmp_path, "myi", "m")["open_count"] == 1
    assert ("tables", "test.m") in problems(tmp_path)


def test_an_index_that_disagrees_with_its_rows(data: Path) -> None:
    """Every page in order by itself: only the comparison tells."""
    path = data / "test" / "t.ibd"
    content = bytearray(path.read_bytes())
    place = content.index(b"s2", 3 * PAGE_SIZE) - 3 * PAGE_SIZE
    a = content.index((9).to_bytes(4, "little"), 3 * PAGE_SIZE, 3 * PAGE_SIZE + place)
    content[a] = 8
    reseal(content, 3)
    path.write_bytes(bytes(content))
    what = {line["what"] for line in found(data, "check")["problem_list"]}
    assert "index t.a: row 2 has no entry" in what
    assert {line["category"] for line in found(data, "check")["problem_list"]} == {"tables"}


# ---- anything
def reports(directory: Directory) -> list[Callable[[], Report]]:
    """Every sub-command on every table."""
    made: list[Callable[[], Report]] = [
        lambda: tablespaces.report(directory), lambda: redo.report(directory), lambda: redo.report(directory, summary=True),
        lambda: undo.undo_report(directory), lambda: undo.history_report(directory), lambda: Check(directory).run(),
        lambda: keys.report(directory, "m"), lambda: keys.report(directory, "f"),
        lambda: heap.report(directory, "m"), lambda: heap.report(directory, "f"), lambda: heap.report(directory, "m", 0),
    ]
    for name in ("ibdata1", "t", "notes", "m"):
        made.append(lambda name=name: pages.report(directory, name))  # type: ignore[misc]
        made += [lambda name=name, no=no: page.report(directory, name, no) for no in range(9)]  # type: ignore[misc]
        made.append(lambda name=name: index.report(directory, name, None, None, True))  # type: ignore[misc]
    return made


def run_all(fs: Any) -> tuple[int, int]:
    """(reports made, clear errors instead)."""
    shown = refused = 0
    directory = Directory("data", fs)
    for make in reports(directory):
        try:
            report = make()
        except Error as error:
            assert error.code in (1016, 1024, 1033, 1146, 1176, 1210), repr(error)
            refused += 1
            continue
        json.dumps(report.json())
        render(report, io.StringIO())
        shown += 1
    return shown, refused


def changed(image: Image, rng: random.Random, sealed: bool) -> str:
    """Flip a few bytes of one file, most of them where something is; sealed: pages get sound checksums afterwards."""
    path = rng.choice([p for p in sorted(image.names) if image.files[image.names[p]]])
    content = image.own(image.names[path])
    for _ in range(rng.randint(1, 6)):
        no = rng.randrange(-(-len(content) // PAGE_SIZE))
        offset = no * PAGE_SIZE + rng.choice((rng.randrange(64), rng.randrange(64, 400), rng.randrange(PAGE_SIZE)))
        if offset < len(content):
            content[offset] = rng.randrange(256)
            if sealed and path.endswith((".ibd", ".MYI", ".MYD", "ibdata1")) and len(content) >= (no + 1) * PAGE_SIZE:
                reseal(content, no)
    return path


@pytest.mark.parametrize("sealed", [False, True], ids=["flipped", "flipped-and-sealed"])
@pytest.mark.parametrize("seed", range(25))
def test_random_bytes_never_end_in_a_traceback(seed: int, sealed: bool) -> None:
    rng = random.Random(seed)
    image = (crashed if seed % 2 else closed)().copy()
    print("seed", seed, "changed", [changed(image, rng, sealed) for _ in range(1 + seed % 3)])
    shown, _ = run_all(FaultFileSystem(image))
    assert shown


@pytest.mark.parametrize("seed", range(4))
def test_files_cut_off_anywhere(seed: int) -> None:
    rng = random.Random(100 + seed)
    image = crashed().copy()
    for path in sorted(image.names):
        content = image.own(image.names[path])
        del content[rng.randrange(len(content) + 1) :]
    print("seed", seed)
    shown, _ = run_all(FaultFileSystem(image))
    assert shown


def test_reads_that_fail_are_named() -> None:
    """EIO at the n-th read, for good: a clear error or a report, from every sub-command."""
    from minidb.storage.fault_file import Fault

    outcomes = set()
    for at in range(1, 60, 3):
        fs = FaultFileSystem(crashed())
        directory = Directory("data", fs)
        for make in reports(directory)[:12]:
            fs.fail(Fault(at, for_good=True, kinds=frozenset(("read",))))
            try:
                json.dumps(make().json())
                outcomes.add("shown")
            except Error as error:
                outcomes.add(str(error.code))
    assert outcomes == {"shown", "1024"}


def test_an_empty_directory_of_nothing_but_names() -> None:
    fs = MemoryFileSystem()
    fs.mkdir("test")
    for path in ("ibdata1", "ib_logfile0", "test/t.ibd", "test/m.MYI", "test/m.MYD", "test/f.MYI", "test/f.MYD", "test/notes.ibd"):
        fs.open(path, create=True)
    shown, refused = run_all(fs)
    assert shown > 10 and refused > 10
