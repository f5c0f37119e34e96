"""Looking changes nothing: not a byte, not a time, not a name; not even where nothing could be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.inspect.inspect_kit import COMMANDS, closed, crashed, inspect, write


def fingerprint(directory: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """Every file and directory: mode, time of the last change in ns, size, content."""
    found = {}
    for path in sorted([directory, *directory.rglob("*")]):
        status = path.stat()
        content = b"" if path.is_dir() else path.read_bytes()
        found[str(path.relative_to(directory))] = status.st_mode, status.st_mtime_ns, status.st_size, content
    return found


def run_all(directory: Path) -> None:
    for args in COMMANDS.values():
        done = inspect(directory, *args)
        assert done.exit_code == 0, done.output
        assert inspect(directory, *args, "--replay").exit_code == 0 or args[0] == "page"


@pytest.mark.parametrize("image", [crashed, closed], ids=["crashed", "closed"])
def test_nothing_changes(tmp_path: Path, image: object) -> None:
    assert callable(image)
    write(image(), tmp_path)
    for path in [tmp_path, *tmp_path.rglob("*")]:
        os.utime(path, ns=(1_000_000_000, 1_000_000_000))
    before = fingerprint(tmp_path)
    for name, args in COMMANDS.items():
        inspect(tmp_path, *args)
        inspect(tmp_path, *args, "--replay", "--json")
        assert fingerprint(tmp_path) == before, name
    assert "minidb.lock" not in before


def test_a_tree_that_cannot_be_written(tmp_path: Path) -> None:
    """Files and directories without permission to write; the command runs as somebody who has to respect that."""
    write(crashed(), tmp_path)
    for path in [*tmp_path.rglob("*"), tmp_path]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        run_all(tmp_path)
    finally:
        for path in [tmp_path, *tmp_path.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_files_are_opened_for_reading_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permissions do not bind everybody (root): look at what is asked of the operating system."""
    write(crashed(), tmp_path)
    flags: list[int] = []
    real = os.open

    def watched(path: str, how: int, mode: int = 0o777) -> int:
        if str(path).startswith(str(tmp_path)):
            flags.append(how)
        return real(path, how, mode)

    monkeypatch.setattr(os, "open", watched)
    run_all(tmp_path)
    assert flags and not any(how & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC) for how in flags)


HOLD = """
import sys
from minidb.database import Database
database = Database(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
database.close()
"""


def test_a_directory_in_use_is_read_and_said_to_be(tmp_path: Path) -> None:
    write(closed(), tmp_path)
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])})
    assert holder.stdout is not None and holder.stdout.readline() == "open\n"
    done = inspect(tmp_path, "pages", "t")
    holder.communicate("\n")
    assert holder.returncode == 0
    assert done.exit_code == 0
    assert done.stderr == f"minidb: '{tmp_path}' is in use by process {holder.pid}: what is read may change underfoot\n"
    assert "pages of 'test/t.ibd'" in done.stdout
    assert inspect(tmp_path, "pages", "t").stderr == ""
