"""The room's README names tests that exist, and every sub-command and file."""

from __future__ import annotations

import re
from pathlib import Path

from minidb.cli.inspecting import inspect

HERE = Path(__file__).resolve().parent
README = HERE.parents[1] / "minidb" / "inspect" / "README.md"


def test_every_rule_names_a_test_that_exists() -> None:
    text = README.read_text(encoding="utf-8")
    rules = re.split(r"^\d+\. ", text[text.index("## Rules") : text.index("## Where this differs")], flags=re.M)[1:]
    assert len(rules) == 9
    for rule in rules:
        named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", rule)
        assert named, rule
        for file, test in named:
            assert f"def {test}(" in (HERE / file).read_text(encoding="utf-8"), (file, test)


def test_every_sub_command_and_file_is_listed() -> None:
    text = README.read_text(encoding="utf-8")
    for name in inspect.commands:
        assert re.search(rf"`{name}[ `]", text), name
    for path in README.parent.glob("[a-z]*.py"):
        assert re.search(rf"\b{path.stem}\b", text[: text.index("## Terms")]), path.name
