"""The grammar's tables: computed by lark, kept in a cache file, never trusted blindly."""

from __future__ import annotations

import marshal
from pathlib import Path

import pytest

from minidb.query.parse import parser, tables


@pytest.fixture(scope="module")
def packed() -> tuple[object, ...]:
    return tables.compute(Path(tables.GRAMMAR).read_text(encoding="utf-8"))


def test_every_rule_has_its_function(packed: tuple[object, ...]) -> None:
    actions = parser._actions()
    needed = [rule.action for rule in tables._unpack(packed).rules if rule.action and not rule.transparent]
    assert [action for action in needed if action not in actions] == []


def test_every_function_has_its_rule(packed: tuple[object, ...]) -> None:
    used = {rule.action for rule in tables._unpack(packed).rules}
    helpers = {"split_variable", "Nested", "JoinPart"}
    assert set(parser._actions()) - used - helpers == set()


def test_cache_is_written_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: tuple[object, ...]) -> None:
    calls: list[str] = []

    def compute(grammar: str) -> tuple[object, ...]:
        calls.append(grammar)
        return packed

    monkeypatch.setattr(tables, "compute", compute)
    monkeypatch.setattr(tables, "_places", lambda: [str(tmp_path / "file" / "x"), str(tmp_path / "cache")])
    (tmp_path / "file").write_text("not a directory")
    first = tables.load()
    assert tables.load() == first
    assert len(calls) == 1
    (file,) = (tmp_path / "cache").iterdir()
    for damaged in (b"", b"rubbish", marshal.dumps((1, 2)), file.read_bytes()[:1000]):
        file.write_bytes(damaged)
        assert tables.load() == first
    assert len(calls) == 5


def test_works_without_any_cache(monkeypatch: pytest.MonkeyPatch, packed: tuple[object, ...]) -> None:
    monkeypatch.setattr(tables, "compute", lambda grammar: packed)
    monkeypatch.setattr(tables, "_places", lambda: ["/dev/null/nowhere"])
    assert tables.load().terminals["SELECT"] == "SELECT"
