"""The room's README names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
README = HERE.parents[1] / "minidb" / "storage" / "README.md"


def test_every_rule_names_a_test_that_exists() -> None:
    text = README.read_text(encoding="utf-8")
    rules = re.split(r"^\d+\. ", text[text.index("## Rules") : text.index("## Where this differs")], flags=re.M)[1:]
    assert len(rules) >= 20
    for rule in rules:
        named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", rule)
        assert named, rule
        for file, test in named:
            path = HERE / file if (HERE / file).exists() else HERE.parent / "crash" / file
            assert f"def {test}(" in path.read_text(encoding="utf-8"), (file, test)


def test_every_file_of_the_room_is_listed() -> None:
    text = README.read_text(encoding="utf-8")
    for path in README.parent.glob("*.py"):
        assert path.name == "__init__.py" or f"`{path.name}`" in text, path.name
