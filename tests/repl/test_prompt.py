"""The prompt: when an input is complete, client commands, completion, several sessions in one window."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import to_plain_text
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from minidb.cli.client import Client, Quit
from minidb.database import Database
from minidb.repl import Prompt
from minidb.scheduler import ConsoleScheduler


class Window:
    """A prompt over a database in memory; what it prints is in `out` and `err`."""

    def __init__(self) -> None:
        self.database = Database(":memory:", scheduler=ConsoleScheduler())
        self.client = Client(self.database, self.database.session("main"), out=io.StringIO(), err=io.StringIO(), interactive=True)
        self.prompt = Prompt(self.client)

    def type(self, text: str) -> str:
        """One input; all that was printed for it."""
        for stream in (self.client.out, self.client.err):
            assert isinstance(stream, io.StringIO)
            stream.seek(0)
            stream.truncate()
        self.prompt._show_resumed()
        self.left = self.prompt.handle(text)
        self.prompt._show_resumed()
        assert isinstance(self.client.out, io.StringIO)
        assert isinstance(self.client.err, io.StringIO)
        return self.client.out.getvalue() + self.client.err.getvalue()

    def shown(self) -> str:
        return to_plain_text(self.prompt._message())


@pytest.fixture
def window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setenv("MINIDB_HISTFILE", str(tmp_path / "history"))
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        made = Window()
        yield made
        made.database.close()


@pytest.mark.parametrize(("text", "complete"), [
    ("", True), ("select 1", False), ("select 1;", True), ("select ';'", False), ("select ';\n", False), ("select 1\\G", True),
    ("insert into t values\n(1)", False), ("\\s", True), ("help", True), ("use test", True), ("source x.sql", True), ("exit", True),
    ("select 1 -- ;", False), ("select 1; -- done", True), ("/* ; */", True), ("/* ;", False), ("select 1; select 2;", True),
    ("x \\c", True),
])
def test_enter_ends_a_complete_input(window: Window, text: str, complete: bool) -> None:
    assert window.prompt.is_complete(Document(text)) is complete


def test_statements_and_formats(window: Window) -> None:
    assert "Query OK, 0 rows affected" in window.type("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9));")
    assert "Query OK, 2 rows affected" in window.type("INSERT INTO t VALUES (1,'a'),(2,'b');")
    assert "|  2 | b |\n+----+---+\n2 rows in set" in window.type("SELECT * FROM t;")
    assert "*** 1. row ***" in window.type("SELECT * FROM t WHERE id = 1\\G")
    assert "Empty set" in window.type("SELECT * FROM t WHERE id = 9;")
    assert "ERROR 1054 (42S22): Unknown column 'x'" in window.type("SELECT x FROM t;")


def test_commands(window: Window, tmp_path: Path) -> None:
    assert "source    (\\.)" in window.type("\\h")
    assert "Connection id:\t\t1\n" in window.type("status")
    assert "Database changed" in window.type("use information_schema")
    assert "information_schema" in window.shown()
    assert "Unknown database" in window.type("\\u nowhere")
    script = tmp_path / "s.sql"
    script.write_text("SELECT 40 + 2 AS answer;\nSELECT nope;\nSELECT 1;\n")
    printed = window.type(f"\\. {script}")
    assert "|     42 |" in printed
    assert f"ERROR 1054 (42S22) at line 2 in {script}" in printed
    assert "PAGER set to 'cat'" in window.type("\\P cat")
    assert "PAGER set to stdout" in window.type("nopager")
    log = tmp_path / "log.txt"
    window.type(f"tee {log}")
    window.type("SELECT 7 AS seven;")
    window.type("notee")
    assert "| seven |" in log.read_text()
    assert "cannot read" in window.type("source nowhere.sql")
    with pytest.raises(Quit):
        window.type("\\q")
    with pytest.raises(Quit):
        window.type("exit;")


def test_clear_and_print(window: Window) -> None:
    assert window.type("SELECT nonsense FROM \\c") == ""
    assert "SELECT 1" in window.type("SELECT 1 \\p")
    assert window.left == "SELECT 1 "


def test_warnings_can_be_shown(window: Window) -> None:
    window.type("\\W")
    assert "Note (Code 1051): Unknown table" in window.type("DROP TABLE IF EXISTS nothing;")


def test_completion(window: Window) -> None:
    window.type("CREATE TABLE people (person_id INT PRIMARY KEY, full_name VARCHAR(20));")

    def complete(text: str) -> list[str]:
        event = CompleteEvent(completion_requested=True)
        return [c.text for c in window.prompt.prompt.completer.get_completions(Document(text), event)]  # type: ignore[union-attr]

    assert complete("SELECT * FROM peo") == ["people"]
    assert complete("SELECT p.fu FROM people p"[:11]) == []
    assert complete("SELECT person FROM people WHERE per") == ["person_id"]
    assert complete("SELECT * FROM people p WHERE p.f") == ["full_name"]
    assert complete("use te") == ["test"]
    assert "SELECT" in complete("SEL")
    assert "select" in complete("sel")


def test_a_session_that_waits_gives_the_prompt_back(window: Window) -> None:
    window.type("CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 0);")
    window.type("\\session B")
    window.type("BEGIN; UPDATE t SET v = 1;")
    window.type("\\session main")
    printed = window.type("UPDATE t SET v = v + 10;")
    assert "main waits for B" in printed
    assert "[blocked: main]" in window.shown()
    assert "still waits" in window.type("SELECT 1;")
    window.type("\\session B")
    assert "main\twaits" in window.type("\\sessions")
    printed = window.type("COMMIT;")
    assert "-- session main goes on: UPDATE t SET v = v + 10" in printed
    assert "Rows matched: 1  Changed: 1" in printed
    assert "blocked" not in window.shown()
    assert "| 11 |" in window.type("SELECT v FROM t;")


def test_a_deadlock_in_one_window(window: Window) -> None:
    window.type("CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 0), (2, 0);")
    window.type("BEGIN; UPDATE t SET v = 1 WHERE id = 1;")
    window.type("\\session B")
    window.type("BEGIN; UPDATE t SET v = 2 WHERE id = 2;")
    window.type("\\session main")
    window.type("UPDATE t SET v = 1 WHERE id = 2;")
    window.type("\\session B")
    assert "ERROR 1213 (40001)" in window.type("UPDATE t SET v = 2 WHERE id = 1;")


def test_control_c_stops_the_statement_only(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    execute = window.client.session.execute

    def interrupted(statement: str) -> object:
        os.kill(os.getpid(), signal.SIGINT)  # handled by the main thread, which waits for this one
        return execute(statement)

    monkeypatch.setattr(type(window.client.session), "execute", lambda self, statement, args=None: interrupted(statement))
    assert "ERROR 1317 (70100): Query execution was interrupted" in window.type("SELECT SLEEP(600);")
    monkeypatch.undo()
    assert "|  1 |" in window.type("SELECT 1 AS id;")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
