"""The lock system by narrated scripts (scripts/*.txt; the language is in stage.py).  LOCKS.md names them by their numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.innodb_locks.stage import Stage, play

SCRIPTS = Path(__file__).parent / "scripts"


def cases() -> list[tuple[str, str]]:
    found = []
    for path in sorted(SCRIPTS.glob("*.txt")):
        for title, body in re.findall(r"^## (.*)\n((?:(?!## ).*\n?)*)", path.read_text(encoding="utf-8"), re.M):
            found.append((f"{path.stem} {title}", body))
    return found


CASES = cases()


@pytest.mark.parametrize("text", [body for _, body in CASES], ids=[title for title, _ in CASES])
def test_script(text: str) -> None:
    play(text)


def test_a_script_can_fail() -> None:
    with pytest.raises(AssertionError):
        play("A lock t.PRIMARY X rec 1 -> waits\n")
    with pytest.raises(AssertionError):
        play("A lock t.PRIMARY X rec 1\n= nothing\n")


def test_every_rule_of_the_page_has_a_script_and_every_script_a_rule() -> None:
    page = (Path(__file__).parents[2] / "minidb" / "innodb" / "LOCKS.md").read_text(encoding="utf-8")
    numbers = {title.split()[1] for title, _ in CASES}
    assert numbers == set(re.findall(r"\b[CRQITDM]\d+\b", page))


def test_latest_deadlock_is_told_in_words() -> None:
    stage = Stage()
    for line in (
        "A lock t.PRIMARY X rec 10", "B lock t.PRIMARY X rec 20", "A lock t.PRIMARY X rec 20", "B lock t.PRIMARY X rec 10",
    ):  # fmt: skip
        stage.step(line)
    text = stage.system.latest_deadlock
    assert "*** (1) TRANSACTION:" in text and "session B" in text
    assert "WAITING FOR THIS LOCK TO BE GRANTED (blocked by A):\nt.PRIMARY X rec (10)" in text
    assert text.endswith("*** WE ROLL BACK TRANSACTION (1)")
