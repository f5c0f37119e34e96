"""The room's README names tests that exist."""

from __future__ import annotations

from pathlib import Path

from tests.readme_kit import assert_rules_name_tests, rules_of

HERE = Path(__file__).resolve().parent
README = HERE.parents[1] / "minidb" / "storage" / "README.md"


def test_every_rule_names_a_test_that_exists() -> None:
    rules = rules_of(README)
    assert len(rules) >= 20
    assert_rules_name_tests(rules, HERE, HERE.parent / "crash")


def test_every_file_of_the_room_is_listed() -> None:
    text = README.read_text(encoding="utf-8")
    for path in README.parent.glob("*.py"):
        assert path.name == "__init__.py" or f"`{path.name}`" in text, path.name
