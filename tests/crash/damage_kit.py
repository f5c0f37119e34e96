"""What the tests of damaged files share: a small closed database, the answers it has to give, errors that are clear."""

from __future__ import annotations

from typing import Any

from minidb.errors import Error
from minidb.storage.fault_file import FaultFile, FaultFileSystem
from minidb.storage.file import File
from minidb.storage.platter import Image
from tests.crash.crash_kit import open_database

QUERIES = (
    "SELECT * FROM t ORDER BY id", "SELECT id FROM t WHERE a = 2 ORDER BY id", "SELECT COUNT(*), SUM(a) FROM t",
    "SELECT * FROM m ORDER BY id", "SELECT id FROM m WHERE a = 2 ORDER BY id", "SELECT COUNT(*), SUM(a) FROM m", "SHOW TABLES",
)
CLEAR = {1016, 1017, 1024, 1033, 1034, 1194, 1877, 1932}


class WatchedFile(FaultFile):
    """A file that notes which of its bytes are read."""

    __slots__ = ("seen",)

    def __init__(self, fs: FaultFileSystem, name: str, inode: int, seen: bytearray) -> None:
        super().__init__(fs, name, inode)
        self.seen = seen

    def read_at(self, offset: int, size: int) -> bytes:
        found = super().read_at(offset, size)
        self.seen[offset : offset + len(found)] = b"\1" * len(found)
        return found


class WatchedFileSystem(FaultFileSystem):
    """A disk that notes which bytes are read.  seen: by inode, a 1 for every byte that was."""

    def __init__(self, image: Image) -> None:
        super().__init__(image)
        self.seen = {inode: bytearray(len(data)) for inode, data in image.files.items()}

    def open(self, path: str, create: bool = False) -> File:
        file = super().open(path, create)
        assert isinstance(file, FaultFile)
        return WatchedFile(self, path, file.inode, self.seen.setdefault(file.inode, bytearray()))


def closed_database(rounds: int = 3) -> list[Image]:
    """A small database of one table of each engine, closed after each of some changes: the disks."""
    fs = FaultFileSystem()
    images = []
    for round_ in range(rounds):
        database = open_database(fs)
        session = database.session()
        for table, engine in (("t", "InnoDB"), ("m", "MyISAM")):
            if not round_:
                session.execute(f"CREATE TABLE {table} (id INT PRIMARY KEY, a INT, s VARCHAR(90), KEY (a)) ENGINE={engine}")
                session.execute(f"INSERT INTO {table} VALUES (1, 1, 'one'), (2, 2, 'two'), (3, 3, 'three'), (4, 2, 'four')")
            else:
                session.execute(f"UPDATE {table} SET a = a + 1, s = CONCAT(s, '-{round_}') WHERE id > 1")
                session.execute(f"INSERT INTO {table} VALUES ({round_ + 10}, 2, 'new')")
        database.close()
        images.append(fs.image.copy())
    return images


def answers(fs: FaultFileSystem) -> list[Any]:
    """What the queries return.  Raises the first error."""
    session = open_database(fs).session()
    return [session.execute(text).rows for text in QUERIES]


def named(error: Error, path: str) -> bool:
    """Does `error` have a number that people can look up, and does it name file `path`?"""
    return error.code in CLEAR and path in error.message
