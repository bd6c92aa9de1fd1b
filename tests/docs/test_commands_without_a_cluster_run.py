"""
What the docs show of commands that need no cluster is run, page by page, in the order shown.

A verdict may make the exit code anything that is promised; wrong usage and a broken run may not.
"""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from aiconform.cli.main import COMMANDS, aiconform
from tests.docs.shell import PAGES, ROOT, Command, commands
from tests.docs.site import lay_out

# Exit codes that say something about the results, by command; 0 always does.
OFFLINE = {
    "report": {1, 3, 4},  # 4: the recorded run had trouble of its own
    "diff": {1, 3},
    "redact": set[int](),
    "sign": set[int](),
    "verify": set[int](),
    "submission": {1, 2},
    "simulate": set[int](),
    "completion": set[int](),
}


def runs_here(command: Command) -> bool:
    words = command.arguments
    return command.program == "aiconform" and (words[0] in OFFLINE or "--help" in words)


SHOWN = {page: found for page in PAGES if (found := [c for c in commands(page) if runs_here(c)])}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("original"))


@pytest.fixture
def here(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the site's files, and nothing that an earlier page made of them."""
    folder = tmp_path / "site"
    shutil.copytree(original, folder)
    (folder / "v1.37" / "turbo-encabulator").rmdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("page", [pytest.param(p, id=str(p.relative_to(ROOT))) for p in SHOWN])
def test_page_is_followed(page: Path, here: Path) -> None:
    for command in SHOWN[page]:
        done = CliRunner().invoke(aiconform, command.arguments, standalone_mode=False)

        assert done.exception is None, f"{command}: {done.exception}"
        allowed = {0, None, *OFFLINE.get(command.arguments[0], set())}
        assert done.return_value in allowed, f"{command}: {done.output}"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command_can_be_read(name: str) -> None:
    done = CliRunner().invoke(aiconform, [name, "--help"])

    assert done.exit_code == 0
    assert done.output.startswith("Usage: ")


def test_commands_that_need_no_cluster_are_shown_and_run() -> None:
    """Each offline command is on some page; a page that is read wrongly would run nothing."""
    run = {command.arguments[0] for found in SHOWN.values() for command in found}

    assert run >= {"report", "diff", "redact", "sign", "verify", "submission", "simulate"}
