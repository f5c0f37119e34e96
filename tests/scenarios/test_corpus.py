"""Every recorded schedule under sql/scenarios plays as the real server played it.

The MariaDB records are compared at level `state` (outcomes with messages and warnings, blocking, resumption, lock tables, read
views), those of MySQL 8 at the level their folder says, under `mysql-8.4`.  Each is played twice, byte for byte the same.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from minidb.lab.record import compare
from minidb.lab.runner import play
from minidb.lab.scenario import load

ROOT = Path(__file__).resolve().parent.parent.parent / "sql" / "scenarios"
MARIADB = sorted(p for p in ROOT.rglob("*.scenario") if "mysql8" not in p.parts and p.with_suffix(".expected").exists())
MYSQL = sorted((ROOT / "mysql8").rglob("*.scenario"))
OUT_OF_REACH = {
    "nowait/skip-locked-timeout-zero": "a defect of the recorded server (1180 for SKIP LOCKED with a timeout of 0), not a target",
}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT).with_suffix(""))


def check(path: Path, level: str, profile: str | None) -> None:
    scenario = load(path)
    played = play(scenario, profile)
    result = compare(path.with_suffix(".expected").read_text(encoding="utf-8"), played, level)
    if name(path) in OUT_OF_REACH:
        assert not result.agrees, "it agrees now: take it off the list"
    else:
        assert result.agrees, "\n".join(result.diff)
    assert play(scenario, profile) == played, "the same schedule gave two transcripts"


@pytest.mark.parametrize("path", MARIADB, ids=name)
def test_mariadb_record(path: Path) -> None:
    check(path, "state", "mariadb-10.11")


@pytest.mark.parametrize("path", MYSQL, ids=name)
def test_mysql_record(path: Path) -> None:
    check(path, path.parent.name if path.parent.name == "outcome" else "locks", "mysql-8.4")


def test_the_records_are_there() -> None:
    assert len(MARIADB) >= 480
    assert len(MYSQL) >= 55
