"""`minidb recover`: what it tells of a deterministic crash, with and without changing anything; errors; all kinds of findings."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from minidb.database import Database
from minidb.scheduler import StepScheduler
from minidb.statements.explaining_recovery import explain, nothing_to_do, summary
from minidb.storage.fault_file import FaultFileSystem, Image, Platter
from minidb.storage.page import PAGE_SIZE
from minidb.storage.page_codec import header_of
from tests.crash import workloads
from tests.crash.crash_kit import crashes, first_mark, open_database, record

ROOT = Path(__file__).parents[2]
EXPLAINED = """\
Recovery of 'data'
  the directory was not closed properly
Files
  finished: rename 'test/r.ibd' to 'test/renamed.ibd'
  removed 'test/#sql-alter-99.ibd', which belongs to no table
Redo log
  checkpoint 2 at LSN 16384, end of the log at LSN 22663: 6279 bytes, epoch 1
  page 1 of 'test/t.ibd' was torn and came from the doublewrite file
  36 groups with 72 records
  12 records applied to 6 pages
    ibdata1
      page 2: undo: 6
    test/renamed.ibd
      page 1: index PRIMARY, root, level 0: 1
    test/t.ibd
      page 0: header: 2
      page 1: index PRIMARY, root, level 1: 1
      page 6: index PRIMARY, leaf, level 0: 1
      page 7: index PRIMARY, leaf, level 0: 1
  55 records skipped: the page had seen them
  4 records skipped: the page was given back
  1 records skipped: their table is gone
Transactions
  transaction 7 was rolled back: 6 row changes undone: test.t 5, test.o 1
  1 committed transactions wait for purge
MyISAM
  test.m is marked as crashed and should be repaired
Counters
  next transaction id 257, next row id 1
  next AUTO_INCREMENT of test.t: 32
Time: 0.000 s
"""


def crashed() -> Image:
    """A checkpoint, open and committed transactions, flushed pages, then a crash in the middle of RENAME TABLE; a page was torn,
    and an earlier ALTER TABLE has left a file."""
    fs = FaultFileSystem()
    database = open_database(fs)
    a, b = database.session(), database.session()
    a.execute("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT, s VARCHAR(100))")
    a.execute("CREATE TABLE o (id INT PRIMARY KEY, v INT, KEY v (v))")
    a.execute("CREATE TABLE gone (id INT PRIMARY KEY)")
    a.execute("CREATE TABLE m (id INT) ENGINE=MyISAM")
    a.execute("INSERT INTO t (v, s) VALUES " + ",".join(f"({i}, 'row {i}')" for i in range(30)))
    a.execute("INSERT INTO o VALUES (1, 1), (2, 2), (3, 3)")
    database.flush()
    assert database.durable is not None
    database.durable.redo.checkpoint(database.durable.redo.lsn)
    a.execute("INSERT INTO gone VALUES (1)")
    b.execute("BEGIN")
    b.execute("UPDATE t SET v = v + 100 WHERE id <= 5")
    b.execute("INSERT INTO o VALUES (100, 100)")
    a.execute("DELETE FROM t WHERE id BETWEEN 12 AND 20")
    database.purge()
    a.execute("DELETE FROM t WHERE id = 25")
    database.flush()
    a.execute("INSERT INTO t (v, s) VALUES (32, 'newer')")
    a.execute("INSERT INTO m VALUES (1)")
    a.execute("DROP TABLE gone")
    a.execute("CREATE TABLE r (id INT PRIMARY KEY)")
    a.execute("INSERT INTO r VALUES (7)")
    before = len(fs.events)
    a.execute("RENAME TABLE r TO renamed")
    platter = Platter(fs.base)
    for position, event in enumerate(fs.events):
        if position >= before and event.path == "test/r.ibd":
            break
        platter.replay(event)
    image = platter.outcome(platter.data, len(platter.names))
    doublewrite = image.files[image.names["ib_doublewrite"]]
    kept = [header_of(doublewrite[at:])[1:4] for at in range(0, len(doublewrite), PAGE_SIZE)]
    tear(image, "test/t.ibd", next(no for no, space, kind in kept if (space, kind) == (1, 3)))
    image.files[999] = bytearray(b"half a table")
    image.names["test/#sql-alter-99.ibd"] = 999
    return image


def tear(image: Image, path: str, no: int) -> None:
    """Only the first sector of the last write of page `no` has reached the disk; behind it is something else."""
    image.own(image.names[path])[no * PAGE_SIZE + 512 : (no + 1) * PAGE_SIZE] = b"\xa5" * (PAGE_SIZE - 512)


def open_as(fs: FaultFileSystem) -> Database:
    return Database("data", file_system=fs, scheduler=StepScheduler(), leaf_capacity=6, purge="manual")


def write_out(image: Image, path: Path) -> None:
    """The files of `image` as real ones."""
    for directory in sorted(image.directories):
        (path / directory).mkdir(parents=True, exist_ok=True)
    for name, inode in image.names.items():
        (path / name).write_bytes(image.files[inode])


def files_in(path: Path) -> dict[str, bytes]:
    """All files but that of the lock."""
    return {str(p.relative_to(path)): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file() and p.name != "minidb.lock"}


def minidb(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "minidb", *args], capture_output=True, text=True, timeout=120, cwd=cwd,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"})


# ---- what is told
def test_everything_is_told() -> None:
    fs = FaultFileSystem(crashed())
    database = open_as(fs)
    assert "\n".join(explain(database)) + "\n" == EXPLAINED
    database.session().execute("REPAIR TABLE test.m")
    assert database.check() == []
    database.close()
    again = open_as(fs)
    assert nothing_to_do(again)
    assert list(explain(again))[1] == "  nothing to do: the directory was closed properly"
    assert list(summary(again)) == ["nothing to do"]


def test_every_kind_of_finding_is_met() -> None:
    """Over the crashes of a workload of definitions; telling never fails, and agrees with what was told on stderr before."""
    fs, _ = record(workloads.definitions)
    lines: dict[str, None] = {}
    for *_, image in crashes(fs, random.Random(8), 1, first_mark(fs), 2):
        database = open_database(FaultFileSystem(image))
        found = list(explain(database))
        assert nothing_to_do(database) == (len(database.recovered) == 0), found
        assert len(list(summary(database))) >= 1
        lines.update(dict.fromkeys(found))
    text = "\n".join(lines)
    for wanted in ("finished: rename 'test/#sql-alter-", "finished: remove 'test/", "which belongs to no table",
                   "an unfinished index of test.", "the page had seen them",
                   "the page was given back", "their table is gone", "next AUTO_INCREMENT of test.p: 26"):
        assert wanted in text, wanted


# ---- the command
def test_the_command(tmp_path: Path) -> None:
    write_out(crashed(), tmp_path / "data")
    before = files_in(tmp_path / "data")
    args = ("data", "--leaf-capacity", "6")
    dry = minidb("recover", "--explain", "--dry-run", *args, cwd=tmp_path)
    assert (dry.returncode, dry.stderr) == (0, "")
    *told, seconds, last = dry.stdout.splitlines()
    assert told == EXPLAINED.splitlines()[:-1] and seconds.startswith("Time: ")
    assert last == "dry run: nothing was changed"
    assert files_in(tmp_path / "data") == before and not (tmp_path / "data" / "minidb.lock").exists()
    short = minidb("recover", "-n", *args, cwd=tmp_path)
    assert "1 transactions rolled back" in short.stdout and "MyISAM: test.m is marked as crashed" in short.stdout
    real = minidb("recover", "--explain", *args, cwd=tmp_path)
    assert real.stdout.splitlines()[:-1] == told
    assert files_in(tmp_path / "data") != before
    again = minidb("recover", *args, cwd=tmp_path)
    assert (again.returncode, again.stdout, again.stderr) == (0, "nothing to do\n", "")


def test_what_cannot_be_recovered(tmp_path: Path) -> None:
    image = crashed()
    log = image.files[image.names["ib_logfile0"]]
    log[512] ^= 1
    log[1024] ^= 1
    write_out(image, tmp_path / "data")
    before = files_in(tmp_path / "data")
    for options in (("--explain", "-n"), ("--explain",)):
        done = minidb("recover", *options, "data", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert "-n" not in options or files_in(tmp_path / "data") == before
        assert done.stderr == "ERROR 1033 (HY000): The redo log 'ib_logfile0' is damaged: neither of its checkpoints can be read\n"
    image = crashed()
    image.files[image.names["ib_doublewrite"]].clear()
    tear(image, "test/o.ibd", 1)
    write_out(image, tmp_path / "torn")
    done = minidb("recover", "-n", "torn", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("ERROR 1877 (HY000): Recovery failed: page 1 of file 'test/o.ibd' is neither sound nor in the ")
    (tmp_path / "other").mkdir()
    done = minidb("recover", "other", cwd=tmp_path)
    assert done.stderr == "ERROR 1033 (HY000): 'other' is not a minidb database: it holds no 'minidb.dictionary'\n"
    assert list((tmp_path / "other").iterdir()) == []


def test_a_directory_in_use_is_refused(tmp_path: Path) -> None:
    with Database(str(tmp_path / "data")) as database:
        database.session().execute("CREATE TABLE t (id INT)")
        for option in ("--explain", "-n"):
            done = minidb("recover", option, "data", cwd=tmp_path)
            assert done.returncode == 1 and f"is in use by process {os.getpid()}" in done.stderr and "ERROR 1015" in done.stderr
