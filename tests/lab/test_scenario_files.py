"""Scenario files: their form, and what is said of malformed ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from minidb.lab.scenario import ScenarioError, find, parse

GOOD = """\
title: two writers
family: demo
shows: who waits
  and for what

setup:
  CREATE TABLE t (id INT PRIMARY KEY,
                  v VARCHAR(9));
  INSERT INTO t VALUES (1,'a;b');
# a comment
steps:
  A: BEGIN
  @purge
  B2: UPDATE t SET v=2;
  @wait B2
teardown:
  DROP TABLE t;
"""


def test_a_file_is_read_whole() -> None:
    scenario = parse(GOOD, "x.scenario")
    assert scenario.title == "two writers"
    assert scenario.header["shows"] == "who waits and for what"
    assert scenario.setup == ["CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9))", "INSERT INTO t VALUES (1,'a;b')"]
    assert scenario.teardown == ["DROP TABLE t"]
    assert [s.heading for s in scenario.steps] == ["1 A> BEGIN", "2 @purge", "3 B2> UPDATE t SET v=2", "4 @wait B2"]
    assert [s.line for s in scenario.steps] == [12, 13, 14, 15]
    assert scenario.sessions == ["A", "B2"]


@pytest.mark.parametrize(("text", "line", "reason"), [
    ("title: x\nsteps:\n  @sleep 3\n", 3, "unknown directive '@sleep 3'"),
    ("title: x\nsteps:\n  @wait\n", 3, "unknown directive '@wait'"),
    ("title: x\nsteps:\n  SELECT 1\n", 3, 'expected "SESSION: statement"'),
    ("title: x\nnonsense\n", 2, 'expected "key:"'),
    ("  A: BEGIN\n", 1, "text before any section"),
    ("title: x\nsteps:\n", 0, "no steps"),
    ("steps:\n  A: BEGIN\n", 0, "no title"),
])
def test_malformed_files_name_the_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(ScenarioError, match=r"bad\.scenario") as caught:
        parse(text, "bad.scenario")
    assert caught.value.line == line
    assert reason in caught.value.reason


def test_a_directory_stands_for_the_files_below_it(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/2.scenario", "1.scenario", "b/x.expected"):
        (tmp_path / name).write_text(GOOD)
    assert find([str(tmp_path), "other.scenario"]) == [tmp_path / "1.scenario", tmp_path / "b/2.scenario", Path("other.scenario")]
