"""The room's README names tests and files that exist."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
README = HERE.parents[1] / "minidb" / "backup" / "README.md"


def test_every_rule_names_a_test_that_exists() -> None:
    text = README.read_text(encoding="utf-8")
    rules = re.split(r"^\d+\. ", text[text.index("## Rules") : text.index("## Where this differs")], flags=re.M)[1:]
    assert len(rules) >= 12
    for rule in rules:
        named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", rule)
        assert named, rule
        for file, test in named:
            assert f"def {test}(" in (HERE / file).read_text(encoding="utf-8"), (file, test)


def test_every_file_of_the_room_is_listed() -> None:
    text = README.read_text(encoding="utf-8")
    for path in README.parent.glob("*.py"):
        assert path.name == "__init__.py" or path.name in text, path.name
