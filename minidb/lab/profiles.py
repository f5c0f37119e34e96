"""Plays one scenario under two server profiles and says where they differ, step by step."""

from __future__ import annotations

from minidb.lab.runner import Played, Player
from minidb.lab.scenario import Scenario, ScenarioError, Step

PROFILES = ("mariadb-10.11", "mysql-8.4")


class _Side:
    """One profile's play; it stops being played when the schedule no longer fits it."""

    def __init__(self, scenario: Scenario, profile: str) -> None:
        self.player = Player(scenario, profile)
        self.stopped = ""

    def play(self, step: Step) -> Played:
        if self.stopped:
            return Played(step, [f"(not played: {self.stopped})"])
        try:
            return self.player.play(step)
        except ScenarioError as error:
            self.stopped = error.reason
            return Played(step, [f"(not played: {error.reason})"])


def compare_profiles(scenario: Scenario, profiles: tuple[str, str] = PROFILES) -> list[str]:
    """Lines for people: the title, then each step where outcome or lock table differ, the two sides marked with the profile."""
    sides = [_Side(scenario, p) for p in profiles]
    lines = [f"== {scenario.title}: {profiles[0]} against {profiles[1]}"]
    width = max(map(len, profiles))
    different = 0
    try:
        for step in scenario.steps:
            left, right = (side.play(step) for side in sides)
            if left.lines == right.lines:
                continue
            different += 1
            lines.append(step.heading)
            for name, mine, other in ((profiles[0], left, right), (profiles[1], right, left)):
                own = [x for x in mine.lines if x not in other.lines] or ["(as the other)"]
                lines += [f"    {name:{width}}  {line}" for line in own]
    finally:
        for side in sides:
            side.player.close()
    lines.append(f"{different} of {len(scenario.steps)} steps differ" if different else "no difference")
    return lines
