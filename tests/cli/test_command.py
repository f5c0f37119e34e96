"""The minidb command as a process: scripts, -e, errors with file and line, exit statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def minidb(*args: str, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "minidb", *args], input=stdin, capture_output=True, text=True, timeout=120,
                          cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"})


def test_script_from_standard_input() -> None:
    script = "USE test; CREATE TABLE t (id INT, v VARCHAR(9)); INSERT INTO t VALUES (1,'a'),(2,NULL);\nSELECT * FROM t;\n"
    done = minidb(stdin=script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "id\tv\n1\ta\n2\tNULL\n", "")


def test_execute_and_formats() -> None:
    sql = "SELECT 1 AS one, 'x' AS two"
    assert minidb("-e", sql).stdout == "one\ttwo\n1\tx\n"
    assert minidb("-t", "-e", sql).stdout == "+-----+-----+\n| one | two |\n+-----+-----+\n|   1 | x   |\n+-----+-----+\n"
    assert minidb("-N", "-e", sql).stdout == "1\tx\n"
    assert json.loads(minidb("--format", "json", "-e", sql).stdout) == [{"one": 1, "two": "x"}]
    assert minidb("--format", "csv", "-e", sql).stdout == "one,two\n1,x\n"
    assert "one: 1\ntwo: x\n" in minidb("-e", sql + "\\G").stdout


def test_a_directory_keeps_what_was_written(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    assert minidb(data, "-D", "test", "-e", "CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (7)").returncode == 0
    assert minidb(data, "-D", "test", "-N", "-e", "SELECT id FROM t").stdout == "7\n"


def test_default_engine_option(tmp_path: Path) -> None:
    done = minidb("--default-engine", "MyISAM", "-D", "test", "-N", "-e", "CREATE TABLE t (id INT); SHOW CREATE TABLE t")
    assert "ENGINE=MyISAM" in done.stdout


def test_a_broken_script_stops_with_file_line_and_caret(tmp_path: Path) -> None:
    script = tmp_path / "broken.sql"
    script.write_text("USE test;\nCREATE TABLE t (id INT);\n-- a comment\nINSERT INTO t VALUES (1);\n"
                      "SELECT id\n  FORM t;\nDROP TABLE t;\n")
    done = minidb("-e", f"source {script}")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0].startswith(f"ERROR 1064 (42000) at line 6 in {script}: You have an error in your SQL syntax")
    assert lines[1] == "    FORM t"
    assert lines[2].rstrip() == "         ^"
    assert f"{script}: stopped at a failing statement; 3 statements before it had been executed" in done.stderr


def test_an_error_names_the_line_of_its_statement() -> None:
    done = minidb(stdin="SELECT 1;\n\nSELECT *\nFROM nowhere.t;\nSELECT 2;\n")
    assert done.returncode == 1
    assert "ERROR 1146 (42S02) at line 3" in done.stderr
    assert done.stdout == "1\n1\n"


def test_force_goes_on_and_still_fails() -> None:
    done = minidb("--force", stdin="SELECT 1;\nSELECT nope;\nSELECT 2;\n")
    assert done.returncode == 1
    assert done.stdout == "1\n1\n2\n2\n"
    assert "2 statements executed, 1 failed" in done.stderr


def test_delimiter_and_comments() -> None:
    done = minidb(stdin="DELIMITER //\nSELECT 'a;b' //\nDELIMITER ;\n/* x */ SELECT 2; # end\n")
    assert done.stdout == "a;b\na;b\n2\n2\n"


def test_a_directory_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    done = minidb(str(tmp_path), "-e", "SELECT 1")
    assert done.returncode == 1
    assert "ERROR" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["letter.txt"]


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    code = ("import minidb, sys; c = minidb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.readline(); c.close()")
    first = subprocess.Popen([sys.executable, "-c", code, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                             env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert first.stdout is not None
    assert first.stdout.readline() == "open\n"
    done = minidb(str(data), "-e", "SELECT 1")
    assert done.returncode == 1
    assert f"is in use by process {first.pid}" in done.stderr
    first.communicate("\n", timeout=30)
    assert minidb(str(data), "-N", "-e", "SELECT 1").stdout == "1\n"


@pytest.mark.parametrize(("sql", "code"), [
    ("SELECT * FROM t WHERE nope = 1", 1054), ("SELECT * FROM missing", 1146), ("INSERT INTO t VALUES (1, 'x')", 1062),
    ("INSERT INTO t VALUES (99999999999, 'x')", 1264), ("INSERT INTO t VALUES ('abc', 'x')", 1366),
    ("INSERT INTO t VALUES (5, 'too long for it')", 1406), ("CREATE VIEW v AS SELECT 1", 1235), ("SELEC 1", 1064),
    ("INSERT INTO t (id) VALUES (NULL)", 1048), ("USE nowhere", 1049),
])
def test_error_numbers(sql: str, code: int) -> None:
    setup = "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v VARCHAR(5)); INSERT INTO t VALUES (1, 'a')"
    done = minidb("-D", "test", "-e", setup, "-e", sql)
    assert done.returncode == 1
    assert f"ERROR {code} (" in done.stderr


def test_version_and_help() -> None:
    assert minidb("--version").stdout.startswith("minidb, version ")
    assert "--default-engine" in minidb("shell", "--help").stdout
    assert "run" in minidb("--help").stdout
