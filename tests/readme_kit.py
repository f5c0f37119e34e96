"""What the READMEs of the rooms have in common: numbered rules, each of which names the tests that hold it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path


def rules_of(readme: Path) -> list[str]:
    """The texts of the rules."""
    text = readme.read_text(encoding="utf-8")
    return re.split(r"^\d+\. ", text[text.index("## Rules") : text.index("## Where this differs")], flags=re.M)[1:]


def assert_rules_name_tests(rules: Sequence[str], *directories: Path) -> None:
    """Each rule names a test at least, and each test named is in its file, in the first of `directories` that has it."""
    for rule in rules:
        named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", rule)
        assert named, rule
        for file, test in named:
            path = next((d / file for d in directories if (d / file).exists()), directories[-1] / file)
            assert f"def {test}(" in path.read_text(encoding="utf-8"), (file, test)
