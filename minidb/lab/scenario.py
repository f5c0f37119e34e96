"""Scenario files: a set-up, a schedule of steps by session, a tear-down.

    title: one line
    profile: mysql-8.4            (optional; otherwise the runner's)

    setup:
      CREATE TABLE t (id INT PRIMARY KEY, v INT) ENGINE=InnoDB;
    steps:
      A: BEGIN
      B: UPDATE t SET v=9 WHERE id=10
      @purge
      @wait B
    teardown:
      DROP TABLE t;

`parse` checks the form only (ScenarioError names file and line); whether a step meets a waiting session shows when it is played.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

_HEADER = re.compile(r"(\w+):\s*(.*)$")
_STEP = re.compile(r"([A-Za-z]\w*):\s*(.+?);?$")
_DIRECTIVE = re.compile(r"@(?:(purge)|(wait)\s+([A-Za-z]\w*))$")
_SECTIONS = ("setup", "steps", "teardown")


class ScenarioError(Exception):
    """A malformed scenario file, or a schedule that cannot be played: `path`, `line` (from 1, 0 = the whole file), `reason`."""

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}" if line else f"{path}: {reason}")
        self.path = path
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Step:
    """Step `number` (from 1, directives are numbered too) on `line` of the file.  session is '' for a directive, whose text is
    'purge' or 'wait B'."""

    number: int
    session: str
    text: str
    line: int

    @property
    def heading(self) -> str:
        return f"{self.number} {self.session}> {self.text}" if self.session else f"{self.number} @{self.text}"


@dataclass(slots=True)
class Scenario:
    path: str
    header: dict[str, str] = field(default_factory=dict)
    setup: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    teardown: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.header.get("title", "")

    @property
    def sessions(self) -> list[str]:
        """Names of the sessions in order of their first step."""
        return list(dict.fromkeys(s.session for s in self.steps if s.session))


def split_statements(text: str) -> list[str]:
    """Statements ended by ``;``, white space folded, quotes respected."""
    statements: list[str] = []
    current: list[str] = []
    quote = ""
    for char in text + ";":
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"`":
            quote = char
        elif char == ";":
            statement = " ".join("".join(current).split())
            if statement:
                statements.append(statement)
            current = []
            continue
        current.append(char)
    return statements


def _directive(path: str, line: int, text: str, number: int) -> Step:
    match = _DIRECTIVE.match(text)
    if match is None:
        raise ScenarioError(path, line, f"unknown directive {text!r} (known: @purge, @wait SESSION)")
    return Step(number, "", match[1] or f"wait {match[3]}", line)


def parse(text: str, path: str = "?") -> Scenario:
    """The scenario in `text`.  Raises ScenarioError."""
    scenario = Scenario(path)
    blocks: dict[str, list[str]] = {"setup": [], "teardown": []}
    section, last = "", ""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.rstrip()
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if not line[0].isspace():
            match = _HEADER.match(line)
            if match is None:
                raise ScenarioError(path, number, f'expected "key:", found {stripped!r}')
            if match[1] in _SECTIONS:
                section = match[1]
            else:
                section, last = "header", match[1]
                scenario.header[last] = match[2]
        elif section == "header":
            scenario.header[last] += " " + stripped
        elif section in blocks:
            blocks[section].append(line)
        elif section == "steps":
            scenario.steps.append(_step(path, number, stripped, len(scenario.steps) + 1))
        else:
            raise ScenarioError(path, number, f"text before any section: {stripped!r}")
    scenario.setup = split_statements("\n".join(blocks["setup"]))
    scenario.teardown = split_statements("\n".join(blocks["teardown"]))
    if not scenario.steps:
        raise ScenarioError(path, 0, "no steps")
    if not scenario.title:
        raise ScenarioError(path, 0, "no title")
    return scenario


def _step(path: str, line: int, text: str, number: int) -> Step:
    if text.startswith("@"):
        return _directive(path, line, text, number)
    match = _STEP.match(text)
    if match is None:
        raise ScenarioError(path, line, f'expected "SESSION: statement" or "@directive", found {text!r}')
    return Step(number, match[1], match[2], line)


def load(path: str | Path) -> Scenario:
    """Read and parse a file.  Raises ScenarioError, also when it cannot be read."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(str(path), 0, f"cannot be read: {error}") from error
    return parse(text, str(path))


def find(paths: list[str]) -> list[Path]:
    """The scenario files among `paths`; a directory stands for all below it, in order of name."""
    found: list[Path] = []
    for name in paths:
        path = Path(name)
        found += sorted(path.rglob("*.scenario")) if path.is_dir() else [path]
    return found
