"""The room's README names tests that exist, and every sub-command and file."""

from __future__ import annotations

import re
from pathlib import Path

from minidb.cli.inspecting import inspect
from tests.readme_kit import assert_rules_name_tests, rules_of

HERE = Path(__file__).resolve().parent
README = HERE.parents[1] / "minidb" / "inspect" / "README.md"


def test_every_rule_names_a_test_that_exists() -> None:
    rules = rules_of(README)
    assert len(rules) == 9
    assert_rules_name_tests(rules, HERE)


def test_every_sub_command_and_file_is_listed() -> None:
    text = README.read_text(encoding="utf-8")
    for name in inspect.commands:
        assert re.search(rf"`{name}[ `]", text), name
    for path in README.parent.glob("[a-z]*.py"):
        assert re.search(rf"\b{path.stem}\b", text[: text.index("## Terms")]), path.name
