"""Files behind one small interface: real ones under a root directory, and files in memory that behave the same.

Everything above this module reaches the disk through `File` and `FileSystem` only, so that a twin which loses, tears or fails
writes can take their place.  Paths are relative to the file system's root and use ``/``.  Offsets and sizes are bytes.
Failures of the operating system leave this module as `OSError`; `read_failed` and `write_failed` turn them into MySQL's
numbers.
"""

from __future__ import annotations

import errno
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

from minidb.errors import Error, SqlError

_DISK_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_sync = getattr(os, "fdatasync", os.fsync)  # times of access and change need not survive; sizes do, and fdatasync keeps them


def describe(error: OSError) -> str:
    """MySQL's rendering of an operating-system error: number and text, ``5 "Input/output error"``."""
    number = error.errno or errno.EIO
    return f'{number} "{os.strerror(number)}"'


def read_failed(name: str, error: OSError) -> Error:
    """1024 for a failed read of file `name`; the caller raises it."""
    return SqlError.of(1024, name, describe(error))


def write_failed(name: str, table: str, error: OSError) -> Error:
    """1114 when the disk is full (it names the table), else 1026; the caller raises it."""
    if error.errno in _DISK_FULL:
        return SqlError.of(1114, table)
    return SqlError.of(1026, name, describe(error))


class File(ABC):
    """An open file.  `name` is its path in the file system."""

    name: str

    @abstractmethod
    def read_at(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`; fewer only where the file ends."""

    @abstractmethod
    def write_at(self, offset: int, data: bytes) -> None:
        """Write all of `data`; a gap before `offset` reads as zeros.  Raises OSError; then any part may have been written."""

    @abstractmethod
    def sync(self) -> None:
        """Return only when what was written will survive a loss of power.  Raises OSError."""

    @abstractmethod
    def size(self) -> int: ...

    @abstractmethod
    def truncate(self, size: int) -> None:
        """Cut the file to `size` bytes or extend it with zeros."""

    @abstractmethod
    def close(self) -> None:
        """Idempotent."""


class Lock(ABC):
    """A held directory lock."""

    @abstractmethod
    def release(self) -> None:
        """Idempotent."""


class FileSystem(ABC):
    """A tree of files.  `persistent`: what is written outlives the process."""

    persistent: bool

    @abstractmethod
    def open(self, path: str, create: bool = False) -> File:
        """Open for reading and writing.  create: make the file, which must not exist (FileExistsError); else it must
        (FileNotFoundError)."""

    @abstractmethod
    def exists(self, path: str) -> bool: ...

    @abstractmethod
    def remove(self, path: str) -> None:
        """Take away the name of a file; handles that are open go on working, and its bytes go with the last one."""

    @abstractmethod
    def rename(self, old: str, new: str) -> None:
        """Atomically give `old` the name `new`, replacing a file of that name."""

    @abstractmethod
    def listdir(self, path: str) -> list[str]:
        """Sorted names of the files and directories in `path` (``""`` is the root)."""

    @abstractmethod
    def mkdir(self, path: str) -> None: ...

    @abstractmethod
    def rmdir(self, path: str) -> None:
        """Remove an empty directory."""

    @abstractmethod
    def sync_dir(self, path: str) -> None:
        """Make creations, removals and renames in directory `path` durable."""

    @abstractmethod
    def lock(self, path: str) -> Lock:
        """Take the exclusive lock file `path` or raise OperationalError 1015 at once if it is held, here or by another
        process.  The lock vanishes with the process."""

    @abstractmethod
    def close(self) -> None: ...


def locked_error(what: str) -> Error:
    """1015: the directory is in use; the caller raises it."""
    return SqlError.text(1015, f"Can't lock the database directory: {what}")


# ---------------------------------------------------------------------------------------------------------------- real files
class RealFile(File):
    """A file of the operating system, read and written at offsets (no shared file position)."""

    __slots__ = ("_fd", "name")

    def __init__(self, name: str, fd: int) -> None:
        self.name = name
        self._fd = fd

    def read_at(self, offset: int, size: int) -> bytes:
        data = os.pread(self._fd, size, offset)
        while data and len(data) < size:
            more = os.pread(self._fd, size - len(data), offset + len(data))
            if not more:
                break
            data += more
        return data

    def write_at(self, offset: int, data: bytes) -> None:
        done = os.pwrite(self._fd, data, offset)
        while done < len(data):
            step = os.pwrite(self._fd, data[done:], offset + done)
            if step == 0:
                raise OSError(errno.EIO, "short write", self.name)
            done += step

    def sync(self) -> None:
        _sync(self._fd)

    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def truncate(self, size: int) -> None:
        os.ftruncate(self._fd, size)

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class RealLock(Lock):
    """An flock on an open descriptor; the file keeps the holder's process id for people."""

    __slots__ = ("_fd",)

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def release(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class RealFileSystem(FileSystem):
    """The files below the existing directory `root`."""

    persistent = True

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)

    def _real(self, path: str) -> str:
        parts = path.split("/") if path else []
        if any(part in ("", ".", "..") for part in parts):
            raise ValueError(f"not a path below the database directory: {path!r}")
        return os.path.join(self.root, *parts)

    def open(self, path: str, create: bool = False) -> File:
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT | os.O_EXCL if create else 0)
        return RealFile(path, os.open(self._real(path), flags, 0o666))

    def exists(self, path: str) -> bool:
        return os.path.exists(self._real(path))

    def remove(self, path: str) -> None:
        os.unlink(self._real(path))

    def rename(self, old: str, new: str) -> None:
        os.replace(self._real(old), self._real(new))

    def listdir(self, path: str) -> list[str]:
        return sorted(os.listdir(self._real(path)))

    def mkdir(self, path: str) -> None:
        os.mkdir(self._real(path))

    def rmdir(self, path: str) -> None:
        os.rmdir(self._real(path))

    def sync_dir(self, path: str) -> None:
        fd = os.open(self._real(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def lock(self, path: str) -> Lock:
        import fcntl

        fd = os.open(self._real(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError:
            holder = os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            raise locked_error(f"'{self.root}' is in use by process {holder}") from None
        except OSError as error:
            os.close(fd)
            raise SqlError.of(1015, path, describe(error)) from error
        return RealLock(fd)

    def close(self) -> None:
        """Nothing is held open by the file system itself."""


# ------------------------------------------------------------------------------------------------------------ files in memory
class MemoryFile(File):
    """A handle on bytes that live in a `MemoryFileSystem`; handles of one file share them."""

    __slots__ = ("_data", "name")

    def __init__(self, name: str, data: bytearray) -> None:
        self.name = name
        self._data = data

    def read_at(self, offset: int, size: int) -> bytes:
        return bytes(self._data[offset : offset + size])

    def write_at(self, offset: int, data: bytes) -> None:
        if offset > len(self._data):
            self._data.extend(bytes(offset - len(self._data)))
        self._data[offset : offset + len(data)] = data

    def sync(self) -> None:
        """Memory has nothing to wait for."""

    def size(self) -> int:
        return len(self._data)

    def truncate(self, size: int) -> None:
        if size < len(self._data):
            del self._data[size:]
        else:
            self._data.extend(bytes(size - len(self._data)))

    def close(self) -> None:
        """The bytes stay with the file system."""


class MemoryLock(Lock):
    __slots__ = ("_held", "_path")

    def __init__(self, held: set[str], path: str) -> None:
        self._held = held
        self._path = path

    def release(self) -> None:
        self._held.discard(self._path)
        self._path = ""  # a second release must not give back a later holder's lock


class MemoryFileSystem(FileSystem):
    """A file system that lives as long as this object; opening it again finds what was written."""

    persistent = False

    def __init__(self) -> None:
        self.files: dict[str, bytearray] = {}
        self.directories: set[str] = {""}
        self._locks: set[str] = set()

    def _parent(self, path: str) -> str:
        parent = path.rpartition("/")[0]
        if parent not in self.directories:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return parent

    def _find(self, path: str) -> bytearray:
        data = self.files.get(path)
        if data is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return data

    def open(self, path: str, create: bool = False) -> File:
        if not create:
            return MemoryFile(path, self._find(path))
        self._parent(path)
        if self.exists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        data = self.files[path] = bytearray()
        return MemoryFile(path, data)

    def exists(self, path: str) -> bool:
        return path in self.files or path in self.directories

    def remove(self, path: str) -> None:
        self._find(path)
        del self.files[path]

    def rename(self, old: str, new: str) -> None:
        data = self._find(old)
        self._parent(new)
        del self.files[old]
        self.files[new] = data

    def listdir(self, path: str) -> list[str]:
        if path not in self.directories:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        below = path + "/" if path else ""
        names = [*self.files, *(d for d in self.directories if d)]
        return sorted(n[len(below) :] for n in names if n.startswith(below) and "/" not in n[len(below) :])

    def mkdir(self, path: str) -> None:
        self._parent(path)
        if self.exists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        self.directories.add(path)

    # ---- snapshots and forks
    def files_at(self, paths: Iterable[str]) -> dict[str, bytearray]:
        """The contents of those files of `paths` that exist, shared with them, for `put_back`."""
        return {path: self.files[path] for path in paths if path in self.files}

    def put_back(self, files: Mapping[str, bytearray], directories: Iterable[str]) -> None:
        """Let there be these files and directories and no others."""
        self.files = dict(files)
        self.directories = {"", *directories}

    def make_directories(self, directories: Iterable[str]) -> None:
        """Make those of `directories` that do not exist."""
        self.directories.update(directories)

    def rmdir(self, path: str) -> None:
        if self.listdir(path):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), path)
        self.directories.discard(path)

    def sync_dir(self, path: str) -> None:
        """Memory has nothing to wait for."""

    def lock(self, path: str) -> Lock:
        if path in self._locks:
            raise locked_error(f"'{path}' is in use by this process")
        self._locks.add(path)
        return MemoryLock(self._locks, path)

    def close(self) -> None:
        """The files live as long as the object."""
