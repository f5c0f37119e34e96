"""A real dump (Chinook: 15,607 rows, foreign keys by ALTER) loads unmodified through the CLI on both engines, and 22 queries over
it return what a MariaDB 10.11 returned (tests/golden/chinook/queries.expected).  The dump is not ours to ship: without it the
tests skip and say so.  Put it at $MINIDB_DATA/chinook/ or ../shared/data/chinook/."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import minidb

ROOT = Path(__file__).resolve().parent.parent.parent
DUMP = Path(os.environ.get("MINIDB_DATA", ROOT.parent / "shared" / "data")) / "chinook" / "Chinook_MySql.sql"
GOLDEN = ROOT / "tests" / "golden" / "chinook"

pytestmark = pytest.mark.skipif(not DUMP.exists(), reason=f"the Chinook dump is not here ({DUMP.name}); set MINIDB_DATA")

TABLES = ("Album", "Artist", "Customer", "Employee", "Genre", "Invoice", "InvoiceLine", "MediaType", "Playlist", "PlaylistTrack",
          "Track")


@pytest.fixture(scope="module", params=["InnoDB", "MyISAM"])
def directory(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database directory into which the CLI has loaded the dump."""
    target = tmp_path_factory.mktemp(request.param) / "data"
    subprocess.run([sys.executable, "-m", "minidb", str(target), "--default-engine", request.param],
                   stdin=DUMP.open("rb"), check=True, capture_output=True, timeout=300)
    return target


def cell(value: object) -> str:
    return "NULL" if value is None else str(value)


def test_every_row_is_there_after_reopening(directory: Path) -> None:
    with minidb.connect(str(directory), database="Chinook") as connection:
        cursor = connection.cursor()
        total = 0
        for table in TABLES:
            cursor.execute(f"SELECT COUNT(*) FROM {table}")
            total += cursor.fetchone()[0]
            cursor.execute(f"CHECK TABLE {table}")
            assert cursor.fetchall()[-1][3] == "OK", table
        assert total == 15607


def test_queries_return_what_mariadb_returned(directory: Path) -> None:
    expected = (GOLDEN / "queries.expected").read_text(encoding="utf-8")
    lines: list[str] = []
    with minidb.connect(str(directory), database="Chinook") as connection:
        cursor = connection.cursor()
        for query in (GOLDEN / "queries.sql").read_text(encoding="utf-8").strip().split("\n"):
            cursor.execute(query.rstrip(";"))
            lines += ["> " + query, "\t".join(d[0] for d in cursor.description)]
            lines += ["\t".join(map(cell, row)) for row in cursor.fetchall()]
            lines.append("")
    assert "\n".join(lines) == expected


def test_foreign_keys_of_the_dump_are_stored(directory: Path) -> None:
    with minidb.connect(str(directory), database="Chinook") as connection:
        cursor = connection.cursor()
        cursor.execute("SHOW CREATE TABLE Album")
        text = cursor.fetchone()[1]
        stored = "CONSTRAINT `FK_AlbumArtistId` FOREIGN KEY (`ArtistId`) REFERENCES `Artist` (`ArtistId`)" in text
        assert stored == ("ENGINE=InnoDB" in text)  # MyISAM parses and ignores foreign keys
