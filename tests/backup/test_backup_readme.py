"""The room's README names tests and files that exist."""

from __future__ import annotations

from pathlib import Path

from tests.readme_kit import assert_rules_name_tests, rules_of

HERE = Path(__file__).resolve().parent
README = HERE.parents[1] / "minidb" / "backup" / "README.md"


def test_every_rule_names_a_test_that_exists() -> None:
    rules = rules_of(README)
    assert len(rules) >= 12
    assert_rules_name_tests(rules, HERE)


def test_every_file_of_the_room_is_listed() -> None:
    text = README.read_text(encoding="utf-8")
    for path in README.parent.glob("*.py"):
        assert path.name == "__init__.py" or path.name in text, path.name
