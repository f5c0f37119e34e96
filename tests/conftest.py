"""What tests have counted is printed at the end of the run, also of one that is spread over several processes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

TOLD = "told"
Tell = Callable[..., None]


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """tell(text, recovered=0): a line for the summary, if any; recovered: crash points that were recovered and verified."""

    def told(text: str, recovered: int = 0) -> None:
        record_property(TOLD, [text, recovered])

    return told


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines, recovered = [], 0
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == TOLD:
                if value[0]:
                    lines.append(f"{report.nodeid.removeprefix('tests/')}: {value[0]}")
                recovered += value[1]
    if lines:
        terminalreporter.section("what was counted")
        for line in sorted(lines):
            terminalreporter.write_line(line)
        terminalreporter.write_line(f"crash points recovered and verified: {recovered}")
