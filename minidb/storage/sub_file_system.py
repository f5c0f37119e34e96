"""`SubFileSystem`: one directory of a file system, as a file system of its own."""

from __future__ import annotations

from minidb.storage.file import File, FileSystem, Lock


class SubFileSystem(FileSystem):
    """What is below the existing directory `top` of `fs`.  Failures name the paths of `fs`."""

    def __init__(self, fs: FileSystem, top: str) -> None:
        self.fs = fs
        self.top = top
        self.persistent = fs.persistent

    def _path(self, path: str) -> str:
        return f"{self.top}/{path}" if path else self.top

    def open(self, path: str, create: bool = False) -> File:
        return self.fs.open(self._path(path), create)

    def exists(self, path: str) -> bool:
        return self.fs.exists(self._path(path))

    def remove(self, path: str) -> None:
        self.fs.remove(self._path(path))

    def rename(self, old: str, new: str) -> None:
        self.fs.rename(self._path(old), self._path(new))

    def listdir(self, path: str) -> list[str]:
        return self.fs.listdir(self._path(path))

    def mkdir(self, path: str) -> None:
        self.fs.mkdir(self._path(path))

    def rmdir(self, path: str) -> None:
        self.fs.rmdir(self._path(path))

    def sync_dir(self, path: str) -> None:
        self.fs.sync_dir(self._path(path))

    def lock(self, path: str) -> Lock:
        return self.fs.lock(self._path(path))

    def close(self) -> None:
        """The file system around it stays open."""
