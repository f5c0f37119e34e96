"""``minidb dump DIR``: what is dumped by which names, options, files, errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from minidb.database import Database
from tests.dump.dump_kit import SAMPLE, content, run


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dump") / "data"
    with Database(str(path)) as database:
        session = database.session()
        run(session, "CREATE TABLE other (a INT PRIMARY KEY) ENGINE=MyISAM; INSERT INTO other VALUES (1);" + SAMPLE)
    return path


def command(*arguments: str | Path, script: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "minidb", *map(str, arguments)], input=script, capture_output=True, timeout=120)


def test_everything_goes_into_a_new_directory(directory: Path, tmp_path: Path) -> None:
    made = command("dump", directory)
    assert made.returncode == 0 and made.stderr == b"" and b"\n-- Dump completed on 20" in made.stdout
    assert command(tmp_path / "new", script=made.stdout).returncode == 0
    with Database(str(directory)) as old, Database(str(tmp_path / "new")) as new:
        assert content(old) == content(new)
        assert new.check() == []


def test_names_and_options(directory: Path, tmp_path: Path) -> None:
    one = command("dump", directory, "shop", "storage", "--compact", "--hex-blob", "--where", "k > 3", "--order-by-primary").stdout
    assert one.endswith(b"INSERT INTO `storage` VALUES\n(4,'d'),\n(9,'z');\n") and b"CREATE DATABASE" not in one
    several = command("dump", "--databases", directory, "test", "shop", "-d", "--ignore-table=shop.kinds").stdout
    assert several.index(b"USE `test`") < several.index(b"USE `shop`") and b"`kinds`" not in several and b"INSERT" not in several
    target = tmp_path / "out.sql"
    assert command("dump", directory, "-A", "-t", "--skip-extended-insert", "-c", "--replace", "--skip-comments",
                   "--skip-add-locks", "--skip-disable-keys", "--single-transaction", "-l", "-r", target).stdout == b""
    text = target.read_bytes()
    assert b"REPLACE INTO `storage` (`k`, `v`) VALUES (4,'d');\n" in text and b"-- " not in text


@pytest.mark.parametrize(("arguments", "status", "message"), [
    (["shop", "nothing"], 1, b"ERROR 1146 (42S02): Table 'shop.nothing' doesn't exist\n"),
    (["nowhere"], 1, b"ERROR 1049 (42000): Unknown database 'nowhere'\n"),
    (["shop", "--where", "nothing = 1"], 1, b"ERROR 1054 (42S22): Unknown column 'nothing' in"),
    (["shop", "-r", "/no/such/place"], 1, b"ERROR: cannot write the dump: [Errno 2]"),
    (["-A", "shop"], 2, b"--all-databases takes no names"),
    (["--ignore-table=storage"], 2, b"--ignore-table needs DB.TABLE"),
])
def test_errors(directory: Path, arguments: list[str], status: int, message: bytes) -> None:
    made = command("dump", directory, *arguments)
    assert made.returncode == status and message in made.stderr and b"Traceback" not in made.stderr


def test_a_directory_that_is_not_there_stays_so(tmp_path: Path) -> None:
    made = command("dump", tmp_path / "nowhere")
    assert made.returncode == 1 and made.stderr.startswith(b"ERROR 1049 (42000): There is no database directory")
    assert not (tmp_path / "nowhere").exists()


def test_a_directory_in_use_is_refused(directory: Path) -> None:
    with Database(str(directory)):
        made = command("dump", directory)
    assert made.returncode == 1 and made.stderr.startswith(b"ERROR 1015 (HY000): Can't lock the database directory")
