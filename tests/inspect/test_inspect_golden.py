"""What every sub-command says of a small database after a crash, as text that a person can read, and as JSON that programs can."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.inspect.inspect_kit import COMMANDS, GOLDEN, closed, crashed, inspect, write


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A crashed database in directory ``data``."""
    monkeypatch.chdir(tmp_path)
    write(crashed(), tmp_path / "data")
    return "data"


@pytest.mark.parametrize("name", COMMANDS)
def test_text(data: str, name: str) -> None:
    done = inspect(data, *COMMANDS[name])
    assert done.output == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    assert done.exit_code == 0


KEYS = {
    "tablespaces": ["directory", "closed_properly", "notes", "tablespaces", "indexes", "myisam_tables", "other_files"],
    "pages": ["path", "space_id", "pages", "free_pages", "pages_with_problems", "notes", "page_list"],
    "pages_summary": ["path", "space_id", "pages", "free_pages", "pages_with_problems", "notes", "summary"],
    "page_header": ["path", "page", "kind", "index", "used", "records", "problems", "notes", "header", "body", "extents",
                    "meta_entries"],
    "page_leaf": ["path", "page", "kind", "index", "used", "records", "problems", "notes", "header", "record_list", "hex"],
    "page_node": ["path", "page", "kind", "index", "used", "records", "problems", "notes", "header", "children"],
    "page_off_page": ["path", "page", "kind", "index", "used", "records", "problems", "notes", "header", "chain"],
    "index": ["path", "index", "kind", "root", "height", "pages", "leaf_pages", "records", "live", "delete_marked", "notes",
              "page_list", "record_list"],
    "undo": ["logs", "active", "committed", "purged", "records", "notes", "log_list", "record_list"],
    "history": ["transactions", "records", "notes", "history"],
    "redo_summary": ["checkpoint", "checkpoint_number", "epoch", "capacity", "start", "end", "end_reason", "end_detail", "groups",
                     "records", "notes", "header_0", "header_1", "checkpoint_0", "checkpoint_1", "summary"],
    "myd_dynamic": ["path", "format", "pages", "rows", "holes", "damaged", "header_rows", "header_deleted", "header_free",
                    "header_end", "header_first_hole", "notes", "page_list", "block_list", "hole_chain"],
    "myi": ["path", "pages", "open_count", "crashed", "rows", "deleted", "free", "end", "first_hole", "auto_increment", "keys",
            "notes", "trees", "entries"],
    "check": ["directory", "closed_properly", "pages_checked", "tables_checked", "problems", "notes", "problem_list"],
}


@pytest.mark.parametrize("name", KEYS)
def test_json_keys(data: str, name: str) -> None:
    done = inspect(data, *COMMANDS[name], "--json")
    assert list(json.loads(done.output)) == KEYS[name]


def found(data: str, *args: str) -> Any:
    return json.loads(inspect(data, *args, "--json").output)


def test_json_has_values_whole_and_typed(data: str) -> None:
    records = found(data, "page", "t", "3")["record_list"]
    assert records[1] == {"offset": 100, "length": 32, "values": {
        "id": 2, "DB_TRX_ID": 5, "DB_ROLL_PTR": {"page": 1, "slot": 1}, "delete mark": 0, "a": 9, "s": "s2"}}
    notes = found(data, "page", "notes", "1")["record_list"]
    assert notes[0]["values"]["body"] == {"page": 2, "length": 20000, "is_text": True}
    blocks = found(data, "myd", "m")["block_list"]
    assert [b["values"]["s"] for b in blocks if b["values"]] == [None, "y" * 60, "five"]
    assert found(data, "page", "t", "3")["hex"] == (Path(data) / "test" / "t.ibd").read_bytes()[3 * 16384 : 4 * 16384].hex()


def test_a_level_and_a_place_in_the_log_can_be_chosen(data: str) -> None:
    assert {line["level"] for line in found(data, "index", "t", "a", "--level", "1")["page_list"]} == {1}
    whole = found(data, "redo")["records"]
    groups = sorted({line["lsn"] for line in whole})
    part = found(data, "redo", "--from", str(groups[-2]))
    assert part["records"] == [line for line in whole if line["lsn"] in groups[-2:]]
    limited = found(data, "redo", "--limit", "1")
    assert limited["records"] == [line for line in whole if line["lsn"] == groups[0]]
    assert limited["groups"] == len(groups)
    assert f"{len(groups) - 1} more groups are not shown; --limit 0 shows all" in limited["notes"]


def test_replay_shows_what_the_log_holds(data: str) -> None:
    before = found(data, "pages", "t")["page_list"]
    after = found(data, "pages", "t", "--replay")["page_list"]
    assert [line["page"] for line in after] == [*(line["page"] for line in before), 9]
    logged = [line["lsn"] for line in found(data, "redo")["records"] if line["path"] == "test/t.ibd"]
    assert max(line["lsn"] for line in after) == max(logged) > max(line["lsn"] for line in before)


def test_no_header_and_width(data: str) -> None:
    plain = inspect(data, "history", "-N").output.splitlines()
    last = found(data, "history")["history"][-1]
    assert plain[-1].split() == [str(last["commit_number"]), str(last["transaction"]), "1", "1", "test.t"]
    assert not any("commit_number" in line for line in plain)
    narrow = inspect(data, "redo", "--width", "60").output.splitlines()
    assert max(len(line) for line in narrow[narrow.index("groups and their records") :]) <= 60


def test_a_closed_database_is_in_order(tmp_path: Path) -> None:
    write(closed(), tmp_path)
    done = inspect(tmp_path, "check")
    assert done.exit_code == 0 and "closed properly: true" in done.output and "no problems" in done.output
    assert json.loads(inspect(tmp_path, "undo", "--json").output)["logs"] == 0
    assert json.loads(inspect(tmp_path, "redo", "--json").output)["groups"] == 0


@pytest.mark.parametrize(("args", "message"), [
    (["pages", "nope"], "ERROR 1146 (42S02): Table 'test.nope' doesn't exist"),
    (["pages", "other.t"], "ERROR 1146 (42S02): Table 'other.t' doesn't exist"),
    (["page", "t", "99"], "ERROR 1210 (HY000): 'test/t.ibd' has 9 pages, numbered from 0: there is no page 99"),
    (["index", "t", "zz"], "ERROR 1176 (42000): Key 'zz' doesn't exist in 'test/t.ibd'; indexes found there: PRIMARY, a"),
    (["myd", "ibdata1"], "ERROR 1146 (42S02): Table 'test.ibdata1' doesn't exist"),
    (["myd", "t"], "ERROR 1146 (42S02): Table 'test.t' doesn't exist"),
    (["myd", "m", "--page", "1"], "ERROR 1210 (HY000): 'test/m.MYD' has 1 pages, numbered from 0: there is no page 1"),
])
def test_errors(data: str, args: list[str], message: str) -> None:
    done = inspect(data, *args)
    assert (done.exit_code, done.stderr.strip(), done.stdout) == (1, message, "")


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("hello")
    done = inspect(tmp_path, "tablespaces")
    assert done.exit_code == 1
    assert done.stderr == f"ERROR 1033 (HY000): '{tmp_path}' is not a minidb database: it holds none of its files\n"
    gone = inspect(tmp_path / "gone", "tablespaces")
    assert gone.stderr == f"ERROR 1033 (HY000): '{tmp_path / 'gone'}' is not a directory\n"


def test_names_may_be_ambiguous(tmp_path: Path) -> None:
    write(closed(), tmp_path)
    for db in ("a", "b"):
        (tmp_path / db).mkdir()
        (tmp_path / db / "u.ibd").write_bytes((tmp_path / "test" / "t.ibd").read_bytes())
        (tmp_path / db / "t.ibd").write_bytes(b"")
    assert inspect(tmp_path, "pages", "u").stderr == "ERROR 1066 (42000): Not unique table/alias: 'u'\n"
    assert inspect(tmp_path, "pages", "b.u").exit_code == 0
    assert "pages of 'test/t.ibd'" in inspect(tmp_path, "pages", "t").output  # of several, the one in the default database
    assert "pages of 'a/u.ibd'" in inspect(tmp_path, "pages", "a/u.ibd").output
