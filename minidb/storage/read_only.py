"""`ReadOnlyFileSystem`: real files that can be read and nothing else.

Files are opened for reading only, so that this works on a directory without permission to write, and so that nothing in it, not
even a time of change, can differ afterwards.  The lock file is not made, and taken for reading only.
"""

from __future__ import annotations

import errno
import os
from typing import NoReturn

from minidb.storage.file import File, Lock, RealFile, RealFileSystem, RealLock, locked_error


def _refuse(what: str) -> NoReturn:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), what)


class ReadOnlyFile(RealFile):
    """An open file that refuses to be changed (EROFS)."""

    __slots__ = ()

    def write_at(self, offset: int, data: bytes) -> None:
        _refuse(self.name)

    def sync(self) -> None:
        """Nothing was written."""

    def truncate(self, size: int) -> None:
        _refuse(self.name)


class ReadOnlyFileSystem(RealFileSystem):
    """The files below the existing directory `root`; whatever would change one of them raises OSError (EROFS)."""

    def open(self, path: str, create: bool = False) -> File:
        if create:
            _refuse(path)
        if os.path.isdir(self._real(path)):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        return ReadOnlyFile(path, os.open(self._real(path), os.O_RDONLY | os.O_CLOEXEC))

    def remove(self, path: str) -> None:
        _refuse(path)

    def rename(self, old: str, new: str) -> None:
        _refuse(old)

    def mkdir(self, path: str) -> None:
        _refuse(path)

    def rmdir(self, path: str) -> None:
        _refuse(path)

    def sync_dir(self, path: str) -> None:
        """Nothing was changed."""

    def lock(self, path: str) -> Lock:
        """Keep an owner out as long as the lock is held, without leaving a trace; refuse as he does when he is there."""
        lock, holder = self._share(path)
        if lock is None:
            raise locked_error(f"'{self.root}' is in use by process {holder}")
        return lock

    def lock_holder(self, path: str) -> str | None:
        """The process that holds the lock file `path` (its id as the file gives it), None if nobody does or none can tell."""
        try:
            lock, holder = self._share(path)
        except OSError:
            return None
        if lock is not None:
            lock.release()
        return holder

    def _share(self, path: str) -> tuple[Lock | None, str | None]:
        """(a shared lock, None) or (None, who holds the lock file): of a descriptor open for reading; of the directory where there
        is no such file."""
        import fcntl

        fd = os.open(self._real(path) if self.exists(path) else self.root, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            return None, holder
        except OSError:
            os.close(fd)
            raise
        return RealLock(fd), None
