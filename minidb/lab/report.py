"""`minidb run`: plays scenario files for people and for CI: narration, comparison with records, JUnit XML.

A file that cannot be played (malformed, a step for a waiting session, a statement that never resumes) is reported with file and
line; the other files still run, and the exit status is 1.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from minidb.lab.profiles import compare_profiles
from minidb.lab.record import compare
from minidb.lab.runner import Played, Player
from minidb.lab.scenario import Scenario, ScenarioError, find, load
from minidb.scheduler import ThreadScheduler


@dataclass(slots=True)
class FileReport:
    """What became of one file.  status: 'played', 'agrees', 'differs', 'recorded' or 'error'; detail: the diff or the reason."""

    path: str
    status: str = "played"
    detail: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        return self.status in ("differs", "error")


@dataclass(slots=True)
class Options:
    expect: bool = False
    record: bool = False
    level: str = "state"
    step: bool = False
    profile: str | None = None
    compare_profiles: bool = False
    quiet: bool = False


def run_files(files: Sequence[str], expect: bool, record: bool, level: str, step: bool, profile: str | None, compare_profiles: bool,
              junit: str | None, quiet: bool) -> int:
    """Play all files; print; the exit status (0 = nothing failed)."""
    options = Options(expect, record, level, step, profile, compare_profiles, quiet)
    clock = ThreadScheduler()
    begun = clock.now()
    reports = []
    for path in find(list(files)):
        start = clock.now()
        report = run_file(str(path), options)
        report.seconds = clock.now() - start
        reports.append(report)
        if report.failed or (not quiet and report.status in ("agrees", "recorded")):
            _print_report(report)
    seconds = clock.now() - begun
    if junit:
        write_junit(reports, Path(junit))
    failed = sum(r.failed for r in reports)
    if expect or record or len(reports) > 1 or failed:
        print(f"{len(reports)} scenarios, {failed} failed, {seconds:.1f} s ({len(reports) / max(seconds, 1e-9):.0f} a second)")
    if not reports:
        print("no scenario files found", file=sys.stderr)
    return 1 if failed or not reports else 0


def _print_report(report: FileReport) -> None:
    print(f"{report.status:8} {report.path}" if report.status != "error" else f"error    {report.detail[0]}")
    for line in report.detail[report.status == "error" :]:
        print("  " + line)


def run_file(path: str, options: Options) -> FileReport:
    """Play one file as `options` say.  Never raises for what is wrong with the file."""
    report = FileReport(path)
    try:
        scenario = load(path)
        if options.compare_profiles:
            report.detail = compare_profiles(scenario)
            print("\n".join(report.detail))
        else:
            _play(scenario, options, report)
    except ScenarioError as error:
        report.status, report.detail = "error", [str(error)]
    except Exception as error:  # a defect of minidb: the other files still run
        lines = traceback.format_exc().splitlines()
        report.status, report.detail = "error", [f"{path}: internal error: {error!r}", *lines]
    return report


def _play(scenario: Scenario, options: Options, report: FileReport) -> None:
    quiet = options.quiet or options.expect or options.record
    expected = Path(scenario.path).with_suffix(".expected")
    if options.expect and not expected.exists():
        raise ScenarioError(scenario.path, 0, f"nothing to compare with: {expected.name} is not there")
    lines = [f"title: {scenario.title}", ""]
    with Player(scenario, options.profile) as player:
        if not quiet or options.step:
            _narrate_head(scenario, player)
        for step in scenario.steps:
            if options.step:
                _wait_for_key(step.heading)
            played = player.play(step)
            lines += played.record()
            if not quiet or options.step:
                narrate(played)
        unfinished = player.unfinished()
        lines += unfinished
    text = "\n".join(lines) + "\n"
    if options.record:
        expected.write_text(text, encoding="utf-8")
        report.status = "recorded"
    elif options.expect:
        outcome = compare(expected.read_text(encoding="utf-8"), text, options.level)
        report.status, report.detail = ("agrees", []) if outcome.agrees else ("differs", list(outcome.diff))
    elif unfinished:
        raise ScenarioError(scenario.path, 0, "; ".join(unfinished).replace("end ", ""))


# ---- narration
def _narrate_head(scenario: Scenario, player: Player) -> None:
    print(f"== {scenario.title}  [{player.database.profile}]  {scenario.path}")
    if scenario.header.get("shows"):
        print(f"   {scenario.header['shows']}")
    for statement in scenario.setup:
        print(f"   setup> {statement}")


def narrate(played: Played, out: IO[str] | None = None) -> None:
    """Print a step: what it brought, who is blocked by what and why, and the whole lock table."""
    out = out or sys.stdout
    print(f"\n{played.step.heading}", file=out)
    for line in played.lines:
        print(f"    {line}", file=out)
    for session, what, why in played.waits:
        print(f"    >> {session} waits for {what}", file=out)
        for sentence in why.splitlines():
            print(f"       {sentence}", file=out)
    if played.state:
        print("    -- locks and read views now", file=out)
        for line in played.state:
            print(f"       {line}", file=out)


def _wait_for_key(heading: str) -> None:
    import click

    if sys.stdin.isatty():
        click.echo(f"\n-- next: {heading}   (any key; q quits)", nl=False)
        key = click.getchar()
        click.echo()
        if key in ("q", "Q", "\x03", "\x04"):
            raise SystemExit(0)


def write_junit(reports: Sequence[FileReport], path: Path) -> None:
    """One test case a file, the difference as its failure text."""
    suite = ElementTree.Element("testsuite", name="minidb scenarios", tests=str(len(reports)),
                                failures=str(sum(r.status == "differs" for r in reports)),
                                errors=str(sum(r.status == "error" for r in reports)),
                                time=f"{sum(r.seconds for r in reports):.3f}")
    for report in reports:
        file = Path(report.path)
        case = ElementTree.SubElement(suite, "testcase", classname=file.parent.name, name=file.stem, time=f"{report.seconds:.3f}")
        if report.failed:
            node = ElementTree.SubElement(case, "failure" if report.status == "differs" else "error",
                                          message=report.detail[0] if report.status == "error" else "the record differs")
            node.text = "\n".join(report.detail)
    ElementTree.ElementTree(suite).write(path, encoding="unicode", xml_declaration=True)
