"""Every command and every example of the README is run here, as written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.S)
COMMANDS = [line[2:].split("  #")[0].strip() for kind, body in BLOCKS if kind == "console" for line in body.splitlines()
            if line.startswith("$ ")]
SETUP_COMMANDS = {"scripts/demo", "scripts/test"}


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A copy of what the commands read, and an environment in which `minidb` and `python` are the ones under test."""
    directory = tmp_path_factory.mktemp("readme")
    for name in ("scripts", "sql", "minidb"):
        (directory / name).symlink_to(ROOT / name)
    bin_directory = directory / "bin"
    bin_directory.mkdir()
    for name, command in (("minidb", f"exec {sys.executable} -m minidb"), ("python", f"exec {sys.executable}")):
        script = bin_directory / name
        script.write_text(f'#!/bin/sh\n{command} "$@"\n')
        script.chmod(0o755)
    path = f"{bin_directory}{os.pathsep}{os.environ['PATH']}"
    return directory, {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}


@pytest.mark.parametrize("code", [body for kind, body in BLOCKS if kind == "python"])
def test_python_examples(code: str) -> None:
    exec(compile(code, "README.md", "exec"), {})


def test_console_commands_in_order(shell: tuple[Path, dict[str, str]]) -> None:
    directory, environment = shell
    commands = [c for c in COMMANDS if c not in SETUP_COMMANDS]
    assert len(commands) >= 7
    for command in commands:
        done = subprocess.run(command, shell=True, cwd=directory, env=environment, capture_output=True, text=True, timeout=120,
                              input="" if command == "minidb" else None)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        if command != "minidb" and "<" not in command:
            assert done.stdout.strip(), command


def test_demo_runs(tmp_path: Path) -> None:
    done = subprocess.run([str(ROOT / "scripts" / "demo"), str(tmp_path / "data")], cwd=ROOT, capture_output=True, text=True,
                          timeout=300,
                          env={**os.environ, "MINIDB_PYTHON": sys.executable, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "InnoDB" in done.stdout
    assert "MyISAM" in done.stdout


def test_test_command_is_what_ci_runs() -> None:
    assert set(COMMANDS) >= SETUP_COMMANDS
    for name in SETUP_COMMANDS:
        assert os.access(ROOT / name, os.X_OK)
    assert "exec scripts/test" in (ROOT / ".ci" / "run").read_text()
    assert shutil.which("bash")


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
