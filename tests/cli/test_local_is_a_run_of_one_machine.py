"""`aiconform local`: the agent as a child process, its records as a journal, judged as any run."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from aiconform.cli import alone
from aiconform.cli.alone import Machine, exercise, log_text, this_machine
from aiconform.cli.main import main
from aiconform.judge import judge
from aiconform.model.records import Delivered, Entry, Refused, RunClosed, RunOpened, Trouble
from aiconform.model.verdict import RunVerdict
from tests.cli.site import Time

MACHINE = Machine(run="local-1", node="box", profile="quick", engine="python")


def run(monkeypatch: pytest.MonkeyPatch, script: str) -> tuple[Entry, ...]:
    monkeypatch.setattr(Machine, "command", [sys.executable, "-c", script])
    return exercise(MACHINE, clock=Time().clock)


def kinds(entries: tuple[Entry, ...], kind: type) -> list[object]:
    return [entry.record for entry in entries if isinstance(entry.record, kind)]


def test_agent_that_breaks_is_an_error_and_never_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = run(monkeypatch, "import sys; print('{}'); sys.exit(7)")

    (trouble,) = kinds(entries, Trouble)
    assert isinstance(trouble, Trouble)
    assert "exit code 7" in trouble.sentence
    assert kinds(entries, Refused)
    assert judge(entries).verdict is RunVerdict.ERROR


def test_silent_agent_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judge(run(monkeypatch, "")).verdict is RunVerdict.INCOMPLETE


def test_agent_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(alone.LIMIT_S, "quick", 0.3)

    entries = run(monkeypatch, "import time; time.sleep(60)")

    (trouble,) = kinds(entries, Trouble)
    assert isinstance(trouble, Trouble)
    assert "did not end within" in trouble.sentence


def test_journal_is_numbered_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = run(monkeypatch, "")

    assert [entry.n for entry in entries] == list(range(len(entries)))
    assert isinstance(entries[0].record, RunOpened)
    assert isinstance(entries[-1].record, RunClosed)


def test_real_agent_gives_records_and_a_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["local", "--engine", "python", "--write", str(tmp_path / "out"), "-o", "json"])

    document = json.loads(capsys.readouterr().out)
    assert code == {"pass": 0, "incomplete": 3}[document["verdict"]]
    assert any(v["item"] == "gemm.known_answer" for v in document["verdicts"])
    assert (tmp_path / "out" / "report.html").exists()


def test_real_agents_records_are_all_accepted() -> None:
    machine = replace(this_machine(run="local-1", profile="quick", engine="python"), node="box")

    entries = exercise(machine, clock=Time().clock)

    assert kinds(entries, Refused) == []
    assert kinds(entries, Delivered)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b'{"event": "exercise.started", "level": "info", "exercise": "x", "reason": ""}\n',
         "exercise.started exercise=x"),
        (b"plain words\n", "plain words"),
        (b"[1]\n", "[1]"),
        (b"\xff\n", "\ufffd"),
    ],
)  # fmt: skip
def test_log_lines_are_told_in_words(line: bytes, told: str) -> None:
    assert log_text(line) == told
