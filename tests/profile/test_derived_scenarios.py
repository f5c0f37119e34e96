"""mysql-8.4 where no recording exists: schedules whose records follow from MySQL's source text or from the scripts of its tests.

Each file in `scenarios` says in its ``derived:`` line from which; its record is played at level locks.  What MySQL itself recorded
is under `sql/scenarios/mysql8`."""

from __future__ import annotations

from pathlib import Path

import pytest

from minidb.lab.record import compare
from minidb.lab.runner import play
from minidb.lab.scenario import ScenarioError, load

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.scenario"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_derived_scenario(path: Path) -> None:
    scenario = load(path)
    assert scenario.header["profile"] == "mysql-8.4" and scenario.header["derived"]
    assert compare(path.with_suffix(".expected").read_text(encoding="utf-8"), play(scenario), "locks").agrees


def test_the_default_profile_differs_in_most_of_them() -> None:
    different = []
    for path in SCENARIOS:
        try:
            played = play(load(path), "mariadb-10.11")
        except ScenarioError:  # a step is sent to a session that waits: the schedule does not even fit
            different.append(path.stem)
            continue
        if not compare(path.with_suffix(".expected").read_text(encoding="utf-8"), played, "locks").agrees:
            different.append(path.stem)
    assert {"unique-secondary-hit", "unique-hit-on-delete-marked", "rc-unlocks-through-secondary", "rollback-to-leaves-gap",
            "upgrade-passes-waiting-writers", "nowait-error"} <= set(different)
    assert not {"equality-without-hit", "rc-foreign-key-takes-no-gap", "secondary-range-end"} & set(different)
