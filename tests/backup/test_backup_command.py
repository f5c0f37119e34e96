"""`minidb backup` as a process."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from minidb.database import Database
from minidb.errors import Error

ROOT = Path(__file__).resolve().parents[2]


def minidb(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "minidb", *args], capture_output=True, text=True, timeout=120, cwd=cwd,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"})


def test_a_backup_of_an_open_database_and_its_restoration(tmp_path: Path) -> None:
    with Database(str(tmp_path / "data")) as database:
        session = database.session()
        session.execute("CREATE TABLE t (id INT PRIMARY KEY, s TEXT)")
        session.execute("CREATE TABLE m (id INT PRIMARY KEY) ENGINE=MyISAM")
        session.execute("INSERT INTO t VALUES (1, 'one')")
        session.execute("INSERT INTO m VALUES (1), (2), (3)")
        database.flush()
        session.execute("INSERT INTO m VALUES (4)")
        other = database.session()
        other.execute("BEGIN")
        other.execute("INSERT INTO t VALUES (2, 'never')")
        database.flush()
        session.execute("INSERT INTO m VALUES (5)")
        done = minidb("backup", "data", "copy", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("backup of 'data' in 'copy': LSN ") and "2 tables, " in done.stdout
        assert ", 1 transactions rolled back, " in done.stdout
        assert done.stderr.startswith("warning: MyISAM table test.m was being changed while it was copied, or marked as crashed: "
                                      "repaired, ") and done.stderr.endswith(" rows kept\n")
        raw = minidb("backup", "data", "raw", "--no-prepare", cwd=tmp_path)
        assert raw.returncode == 0 and ", not prepared, " in raw.stdout and "it needs REPAIR TABLE" in raw.stderr
    shown = minidb("copy", "-D", "test", "-N", "-e", "SELECT * FROM t; SELECT COUNT(*) >= 4 FROM m; CHECK TABLE m", cwd=tmp_path)
    assert (shown.returncode, shown.stdout) == (0, "1\tone\n1\ntest.m\tcheck\tstatus\tOK\n")
    shown = minidb("raw", "-D", "test", "-N", "-e", "SELECT * FROM t; REPAIR TABLE m; CHECK TABLE m, t", cwd=tmp_path)
    assert shown.stdout.startswith("1\tone\n") and shown.stdout.endswith("test.m\tcheck\tstatus\tOK\ntest.t\tcheck\tstatus\tOK\n")


def test_targets_that_are_refused(tmp_path: Path) -> None:
    with Database(str(tmp_path / "data")) as database:
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "mine").write_text("keep me")
        (tmp_path / "file").write_text("keep me")
        for target, message in (("full", "'full' exists and is not empty; nothing was changed"),
                                ("file", "'file' exists and is not empty; nothing was changed"),
                                ("data/copy", "'data/copy' is inside the database's own directory"),
                                ("data", "'data' is inside the database's own directory")):
            done = minidb("backup", "data", target, cwd=tmp_path)
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr == f"ERROR 1007 (HY000): Can't create the backup: {message}\n"
            with pytest.raises(Error) as refused:
                database.backup(str(tmp_path / target))
            assert refused.value.code == 1007
        assert (tmp_path / "full" / "mine").read_text() == (tmp_path / "file").read_text() == "keep me"
        (tmp_path / "empty").mkdir()
        assert minidb("backup", "data", "empty", cwd=tmp_path).returncode == 0
    done = minidb("backup", "nowhere", "copy", cwd=tmp_path)
    assert done.stderr == "ERROR 1033 (HY000): 'nowhere' is not a minidb database: it holds no 'minidb.dictionary'\n"
    assert not (tmp_path / "copy").exists()


def test_a_failure_leaves_no_target(tmp_path: Path) -> None:
    with Database(str(tmp_path / "data")) as database:
        database.session().execute("CREATE TABLE t (id INT PRIMARY KEY)")
    with (tmp_path / "data" / "ibdata1").open("r+b") as file:
        file.seek(5000)
        file.write(b"damage")
    (tmp_path / "data" / "ib_doublewrite").unlink()
    done = minidb("backup", "data", "copy", cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.startswith("ERROR 1877 (HY000): page 0 of file 'ibdata1' is neither sound nor")
    assert not (tmp_path / "copy").exists()


def test_a_database_in_memory_has_no_backup() -> None:
    with Database() as database, pytest.raises(Error) as refused:
        database.backup("nowhere")
    assert refused.value.code == 1235


def test_the_disk_of_the_target_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwrite

    def full(fd: int, data: bytes, offset: int) -> int:
        if "copy" in os.readlink(f"/proc/self/fd/{fd}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(fd, data, offset)

    with Database(str(tmp_path / "data")) as database:
        session = database.session()
        session.execute("CREATE TABLE t (id INT PRIMARY KEY)")
        database.flush()
        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(Error) as failed:
            database.backup(str(tmp_path / "copy"))
        assert failed.value.code == 1114 and not (tmp_path / "copy").exists()
        monkeypatch.undo()
        session.execute("INSERT INTO t VALUES (1)")
        database.backup(str(tmp_path / "copy"))
    with Database(str(tmp_path / "copy")) as backup:
        assert backup.session().execute("SELECT * FROM t").rows == [(1,)]
