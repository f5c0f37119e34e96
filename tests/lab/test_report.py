"""minidb run: statuses, comparison, JUnit, profiles side by side, and bad files among good ones."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from minidb.cli import main

GOOD = """\
title: {title}
setup:
  CREATE TABLE t (id INT PRIMARY KEY, k INT, UNIQUE KEY k (k)) ENGINE=InnoDB;
  INSERT INTO t VALUES (1,10),(2,20);
steps:
  A: BEGIN
  A: SELECT * FROM t WHERE k=10 FOR UPDATE
  B: BEGIN
  B: SELECT * FROM t WHERE k=20 FOR UPDATE
"""
WAITS = GOOD + "  B: UPDATE t SET k=11 WHERE id=1\n"
BROKEN = GOOD + "  @sleep 3\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, text in (("good", GOOD), ("waits", WAITS), ("broken", BROKEN)):
        (tmp_path / f"{name}.scenario").write_text(text.format(title=name))
    return tmp_path


def run(*args: object) -> Result:
    return CliRunner().invoke(main, ["run", *map(str, args)])


def test_narration_names_the_blocker(files: Path) -> None:
    done = run(files / "waits.scenario")
    assert ">> B waits for" in done.output
    assert "B waits for A" in done.output
    assert "still waits" in done.output  # a statement that never resumes is an error
    assert done.exit_code == 1


def test_one_bad_file_does_not_stop_the_others(files: Path) -> None:
    done = run("-q", files)
    assert done.exit_code == 1
    assert f"{files}/broken.scenario:10: unknown directive '@sleep 3'" in done.output
    assert "3 scenarios, 2 failed" in done.output
    assert run("-q", files / "good.scenario").exit_code == 0


def test_record_then_expect(files: Path) -> None:
    good = files / "good.scenario"
    assert run("--expect", good).exit_code == 1  # nothing to compare with
    assert run("--record", good).exit_code == 0
    assert run("--expect", "--level", "full", good).exit_code == 0
    expected = good.with_suffix(".expected")
    expected.write_text(expected.read_text().replace("next-key (10, 1)", "rec (10, 1)"))
    assert run("--expect", "--level", "outcome", good).exit_code == 0
    done = run("--expect", "--level", "locks", good)
    assert done.exit_code == 1
    assert "-    lock + A t.k X rec (10, 1)" in done.output
    assert "+    lock + A t.k X next-key (10, 1)" in done.output


def test_junit(files: Path) -> None:
    run("--record", files / "good.scenario")
    report = files / "report.xml"
    assert run("--expect", "--junit", report, files).exit_code == 1
    suite = ElementTree.parse(report).getroot()
    assert suite.attrib["tests"] == "3"
    assert suite.attrib["errors"] == "2"
    assert {c.attrib["name"] for c in suite if len(c)} == {"broken", "waits"}


def test_profiles_side_by_side(files: Path) -> None:
    done = run("--compare-profiles", files / "good.scenario")
    assert done.exit_code == 0
    assert "2 A> SELECT * FROM t WHERE k=10 FOR UPDATE\n" in done.output
    assert "    mariadb-10.11  lock + A t.k X next-key (10, 1)\n" in done.output
    assert "    mysql-8.4      lock + A t.k X rec (10, 1)\n" in done.output
    assert "2 of 4 steps differ" in done.output


def test_a_file_may_name_its_profile(files: Path) -> None:
    own = files / "own.scenario"
    own.write_text(GOOD.format(title="own").replace("setup:", "profile: mysql-8.4\nsetup:", 1))
    assert "t.k X rec (10, 1)" in run(own).output
    assert "t.k X next-key (10, 1)" in run("--profile", "mariadb-10.11", own).output


def test_no_files_is_an_error(tmp_path: Path) -> None:
    assert run(tmp_path).exit_code == 1
