"""What the inspector's tests share: a small database with both engines on a simulated disk, and its files in a directory.

Everything is deterministic: the same statements give the same bytes.  Run this file to write the golden outputs again.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path

from click.testing import CliRunner, Result

from minidb.cli.main import main
from minidb.database import Database
from minidb.scheduler import StepScheduler
from minidb.storage.fault_file import FaultFileSystem, Image

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "inspect"
LOADED = (
    "CREATE TABLE t (id INT PRIMARY KEY, a INT, s VARCHAR(20), KEY (a))",
    "INSERT INTO t VALUES (1,1,'s1'),(2,2,'s2'),(3,0,'s3'),(4,1,'s4'),(5,2,'s5'),(6,0,'s6'),(7,1,NULL),(8,2,'s8'),(9,0,'s9')",
    "CREATE TABLE notes (n INT, body LONGTEXT)",
    "INSERT INTO notes VALUES (1, REPEAT('long ', 4000)), (2, 'short')",
    "CREATE TABLE m (id INT PRIMARY KEY, s VARCHAR(200), KEY (s)) ENGINE=MyISAM",
    "INSERT INTO m VALUES (1,'one'), (2,REPEAT('x',30)), (3,NULL), (4,'four'), (5,'five')",
    "DELETE FROM m WHERE id IN (2, 4)",
    "INSERT INTO m VALUES (6,REPEAT('y',60))",
    "DELETE FROM m WHERE id = 1",
    "CREATE TABLE f (id INT, c CHAR(4)) ENGINE=MyISAM",
    "INSERT INTO f VALUES (1,'one'), (2,'two'), (3,'tri')",
    "DELETE FROM f WHERE id = 2",
)
CHANGED = ("UPDATE t SET a = 9 WHERE id = 2", "DELETE FROM t WHERE id = 3")
OPEN = ("BEGIN", "INSERT INTO t VALUES (100, 1, 'open')", "UPDATE t SET s = 'changed' WHERE id = 1")
COMMANDS = {
    "tablespaces": ["tablespaces"],
    "pages": ["pages", "t"],
    "pages_summary": ["pages", "t", "--summary"],
    "page_header": ["page", "t", "0", "--no-hex"],
    "page_node": ["page", "test.t", "1", "--no-hex"],
    "page_leaf": ["page", "`test`.`t`", "3"],
    "page_secondary": ["page", "t", "5", "--no-hex"],
    "page_undo": ["page", "ibdata1", "1", "--no-hex"],
    "page_off_page": ["page", "notes", "3", "--no-hex"],
    "page_hidden_key": ["page", "notes", "1", "--no-hex"],
    "index": ["index", "t", "a", "--records"],
    "redo": ["redo"],
    "redo_summary": ["redo", "--summary"],
    "undo": ["undo"],
    "undo_replayed": ["undo", "--replay"],
    "history": ["history"],
    "myd_dynamic": ["myd", "m"],
    "myd_fixed": ["myd", "f"],
    "myd_page": ["myd", "f", "--page", "0"],
    "myi": ["myi", "m"],
    "check": ["check"],
}


def _play(fs: FaultFileSystem) -> Database:
    """The database with its tables loaded, written out, and a few changes after that."""
    database = Database("disk", scheduler=StepScheduler(), file_system=fs, log_bytes=1 << 16, leaf_capacity=4, purge="manual")
    session = database.session()
    for text in LOADED:
        session.execute(text)
    database.flush()
    assert database.durable is not None
    database.durable.redo.checkpoint(database.durable.redo.lsn)
    for text in CHANGED:
        session.execute(text)
    database.flush()
    return database


@functools.cache
def crashed() -> Image:
    """The disk after a crash: a transaction was open, and what it did stands in the log only, behind what was written."""
    fs = FaultFileSystem()
    database = _play(fs)
    session = database.session()
    for text in OPEN:
        session.execute(text)
    other = database.session()
    other.execute("UPDATE t SET s = 'later' WHERE id = 5")  # its commit makes the open transaction's log records durable
    return fs.platter().outcome([], 0)


@functools.cache
def closed() -> Image:
    """The disk after a clean shutdown."""
    fs = FaultFileSystem()
    _play(fs).close()
    return fs.image


def write(image: Image, directory: Path) -> None:
    """The files of `image` below `directory`."""
    for name in sorted(image.directories):
        (directory / name).mkdir(parents=True, exist_ok=True)
    for path, inode in image.names.items():
        (directory / path).write_bytes(bytes(image.files[inode]))


def inspect(directory: Path | str, *args: str) -> Result:
    """What the command says."""
    return CliRunner().invoke(main, ["inspect", str(directory), *args])


def record() -> None:
    """Write the golden outputs."""
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        write(crashed(), Path("data"))
        for name, args in COMMANDS.items():
            (GOLDEN / f"{name}.txt").write_text(inspect("data", *args).output, encoding="utf-8")


if __name__ == "__main__":
    record()
