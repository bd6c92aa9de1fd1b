"""The program as it is called: start-up, help, errors, exit codes, JSON."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aiconform.cli.main import COMMANDS, aiconform, main, program_name
from aiconform.report import archive, write_results
from tests.cli.programs import Programs
from tests.report.sample import entries, judgement


def call(*words: str) -> Result:
    return CliRunner().invoke(aiconform, words, standalone_mode=False)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    write_results(tmp_path / "demo", entries(), judgement())
    archive(tmp_path / "demo", tmp_path / "demo.tar.gz")
    return tmp_path


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_help_of_each_command_teaches_by_an_example(command: str) -> None:
    shown = call(command, "--help")

    assert shown.exit_code == 0
    assert "Example" in shown.output


def test_internal_command_is_not_listed_and_still_there() -> None:
    assert "coordinate" not in call("--help").output
    assert call("coordinate", "--help").exit_code == 0


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["report", "--help"]])
def test_start_loads_no_library_of_the_cluster(words: list[str]) -> None:
    script = (
        "import sys; from aiconform.cli.main import main; main(sys.argv[1:]);"
        "bad = {'kubernetes', 'kopf', 'aiohttp', 'rich', 'yaml'} & set(sys.modules);"
        "sys.exit(f'loaded {bad}' if bad else 0)"
    )
    subprocess.run([sys.executable, "-c", script, *words], check=True, capture_output=True)


def test_report_loads_no_library_of_the_cluster(results: Path) -> None:
    script = (
        "import sys; from aiconform.cli.main import main; main(sys.argv[1:]);"
        "bad = {'kubernetes', 'kopf', 'aiohttp'} & set(sys.modules);"
        "sys.exit(f'loaded {bad}' if bad else 0)"
    )
    words = ["report", str(results / "demo.tar.gz")]
    subprocess.run([sys.executable, "-c", script, *words], check=True, capture_output=True)


def test_report_gives_the_same_document_from_tarball_directory_and_journal(results: Path) -> None:
    paths = ("demo.tar.gz", "demo", "demo/journal.ndjson.gz")
    told = [call("report", str(results / path), "-o", "json").stdout for path in paths]

    assert told[0] == told[1] == told[2]
    document = json.loads(told[0])
    assert {"verdict", "verdicts", "findings", "ledger", "sentence"} <= document.keys()


def test_report_writes_every_file_again(results: Path) -> None:
    shown = call("report", str(results / "demo.tar.gz"), "--write", str(results / "again"))

    assert (results / "again" / "report.html").exists()
    assert (results / "again" / "SHA256SUMS").exists()
    assert shown.return_value in {0, 1, 3, 4}


def test_report_warns_of_a_changed_file(results: Path) -> None:
    (results / "demo" / "summary.json").write_text("{}")

    assert "summary.json was changed" in call("report", str(results / "demo")).stderr


def test_error_is_told_with_its_hint_and_4(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "/nowhere"]) == 4

    told = capsys.readouterr().err
    assert told.startswith("Error: /nowhere does not exist")
    assert "  → " in told


@pytest.mark.parametrize("words", [["nix"], ["report"], ["run", "--nix"], ["run", "-o", "xml"]])
def test_wrong_usage_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert "Usage" in capsys.readouterr().err


def test_bad_run_name_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--name", "../../etc"]) == 2
    assert "--name" in capsys.readouterr().err


def test_missing_tool_is_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert main(["run"]) == 2


def test_unreachable_cluster_is_4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = Programs(tmp_path / "bin", monkeypatch)
    programs.answer("helm", "version", out="v4")
    programs.answer("kubectl", "version", err="connection refused", code=1)

    assert main(["run", "--results", str(tmp_path / "results")]) == 4


def test_defect_is_4_and_never_a_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("aiconform.report.load_results", broken)

    assert main(["report", "/tmp"]) == 4
    assert "defect of aiconform" in capsys.readouterr().err


def test_reader_that_goes_away_is_no_failure(results: Path) -> None:
    command = [sys.executable, "-m", "aiconform.cli", "report", str(results / "demo")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        errors = process.stderr.read()

    assert process.returncode not in {1, 3}
    assert b"Traceback" not in errors


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_our_program(shell: str) -> None:
    assert "_AICONFORM_COMPLETE" in call("completion", shell).output


def test_release_makes_the_file_that_ends_the_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICONFORM_RESULTS", str(tmp_path))

    assert main(["release"]) == 0
    assert (tmp_path / ".released").exists()


def test_release_elsewhere_says_where_it_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AICONFORM_RESULTS", raising=False)

    assert main(["release"]) == 2


@pytest.mark.parametrize(
    ("argv0", "name"),
    [
        ("/usr/bin/aiconform", "aiconform"),
        ("/x/kubectl-aiconform", "kubectl aiconform"),
        ("kubectl_aiconform", "kubectl aiconform"),
        ("/x/aiconform/cli/__main__.py", "aiconform"),
    ],
)
def test_name_in_help_is_how_it_was_called(argv0: str, name: str) -> None:
    assert program_name(argv0) == name


def test_plain_output_has_no_colour_without_a_terminal(results: Path) -> None:
    command = [sys.executable, "-m", "aiconform.cli", "report", str(results / "demo")]
    shown = subprocess.run(
        command, capture_output=True, env={**os.environ, "LC_ALL": "C"}, check=False
    )

    assert b"\x1b" not in shown.stdout
    assert b"node1" in shown.stdout
