"""
The recipes of how-to-ci are followed: their YAML read, their scripts run by a real shell.

`aiconform run` is stood in for by a program that leaves a recorded run; `diff` is the real one.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from aiconform.report import archive, write_results
from tests.docs.recorded import judged, write_run
from tests.docs.shell import ROOT, Command, blocks, simple
from tests.docs.taken import parse
from tests.support.journals import sound_journal

PAGE = ROOT / "docs" / "how-to-ci.md"
GITHUB, GITLAB, TEKTON = (yaml.safe_load(b.text) for b in blocks(PAGE) if b.language == "yaml")
(JENKINS,) = (b.text for b in blocks(PAGE) if b.language == "groovy")
GITLAB_JOB = GITLAB["aiconform"]
RUN = "ci-7-1"

# Our program's stand-in: `run` leaves results/<name>, says FAIL; anything else is the real one.
STAND_IN = """\
#!/bin/bash
set -eu
if [ "$1" = run ]; then
    name=$3
    mkdir -p results
    cp -r {recorded}/test-run "results/$name"
    cp {recorded}/test-run.tar.gz "results/$name.tar.gz"
    exit {code}
fi
exec {python} -m aiconform.cli "$@"
"""


def jenkins_scripts() -> list[str]:
    return re.findall(r"(?:\bsh |script: )'([^'\n]+)'", JENKINS)


SCRIPTS: Mapping[str, list[str]] = {
    "github": [step["run"] for step in GITHUB["jobs"]["validate"]["steps"] if "run" in step],
    "gitlab": ["\n".join(GITLAB_JOB["script"])],
    "jenkins": jenkins_scripts(),
    "tekton": [step["script"] for step in TEKTON["spec"]["steps"]],
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    write_run(folder, name="test-run")
    return folder


class Runner:
    """A checkout on a runner: runs the scripts of a recipe, each in a shell of its own."""

    def __init__(self, folder: Path, recorded: Path) -> None:
        self.folder, self._recorded = folder, recorded
        self._bin = folder / ".venv" / "bin"
        self._bin.mkdir(parents=True)
        self._program("make", "#!/bin/sh\n")

    def follow(self, scripts: list[str], *, code: int) -> list[subprocess.CompletedProcess[str]]:
        """Run them one after the other, as if each step went on after a failure."""
        text = STAND_IN.format(recorded=self._recorded, code=code, python=sys.executable)
        self._program("aiconform", text)
        shutil.rmtree(self.folder / "results", ignore_errors=True)
        environment = {
            "PATH": f"{self._bin}:{os.environ['PATH']}",
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
            "RUN": RUN,
            "GITHUB_STEP_SUMMARY": str(self.folder / "step-summary.md"),
        }
        return [
            subprocess.run(
                ["bash", "-e", "-c", script], cwd=self.folder, env=environment, text=True,
                capture_output=True, timeout=120,
            )
            for script in scripts
        ]  # fmt: skip

    def _program(self, name: str, text: str) -> None:
        (self._bin / name).write_text(text)
        (self._bin / name).chmod(0o755)


@pytest.fixture
def runner(tmp_path: Path, recorded: Path) -> Runner:
    folder = tmp_path / "checkout"
    folder.mkdir()
    return Runner(folder, recorded)


@pytest.mark.parametrize("system", SCRIPTS)
@pytest.mark.parametrize("code", [0, 1, 3, 4])
def test_exit_code_of_the_run_is_the_pipelines(system: str, code: int, runner: Runner) -> None:
    done = runner.follow(SCRIPTS[system], code=code)

    told = [each.returncode for each in done]
    assert max(told) == code, [each.stderr for each in done]
    assert (runner.folder / "last.tar.gz").is_file()


@pytest.mark.parametrize("system", ["github", "gitlab", "tekton"])
def test_second_run_is_compared_with_the_first(system: str, runner: Runner) -> None:
    runner.follow(SCRIPTS[system], code=0)
    again = runner.follow(SCRIPTS[system], code=0)

    shown = "".join(each.stdout for each in again)
    assert "0 worse, 0 not tested any more" in shown, shown
    assert {each.returncode for each in again} == {0}


def test_jenkins_compares_with_what_it_copied(runner: Runner, recorded: Path) -> None:
    """Its first script clears the workspace; then the last run is copied into it."""
    clean, *scripts = SCRIPTS["jenkins"]
    runner.follow([clean], code=0)
    shutil.copy(recorded / "test-run.tar.gz", runner.folder / "last.tar.gz")

    shown = "".join(each.stdout for each in runner.follow(scripts, code=0))
    assert "0 worse, 0 not tested any more" in shown


@pytest.mark.parametrize("system", ["gitlab", "tekton"])
def test_worse_than_the_last_run_is_told_by_the_exit_code(
    system: str, runner: Runner, tmp_path: Path
) -> None:
    sound = sound_journal(nodes=6)
    write_results(tmp_path / "sound", sound, judged(sound))
    archive(tmp_path / "sound", runner.folder / "last.tar.gz")

    (done,) = runner.follow(SCRIPTS[system], code=0)
    assert done.returncode == 1, done.stderr


@pytest.mark.parametrize("system", SCRIPTS)
def test_run_that_broke_before_it_had_results_keeps_the_last_ones(
    system: str, runner: Runner
) -> None:
    runner.follow(SCRIPTS[system], code=0)
    before = (runner.folder / "last.tar.gz").read_bytes()
    keeps = [s for s in SCRIPTS[system] if not s.startswith("rm ")]
    broken = [s.replace("aiconform run", "false; aiconform missing") for s in keeps]

    runner.follow(broken, code=4)

    assert (runner.folder / "last.tar.gz").read_bytes() == before


def test_files_that_are_kept_are_there(runner: Runner) -> None:
    runner.follow(SCRIPTS["github"], code=0)

    junits = GITLAB_JOB["artifacts"]["reports"]["junit"]
    assert len(list(runner.folder.glob(junits))) == 1
    assert f"'{junits}'" in JENKINS
    assert (runner.folder / "step-summary.md").read_text().startswith("## aiconform: ")
    kept = [*GITLAB_JOB["artifacts"]["paths"], *GITLAB_JOB["cache"]["paths"]]
    assert all((runner.folder / path).exists() for path in kept)


def test_names_of_runs_are_taken() -> None:
    """As the systems fill them in; a TaskRun's uid is the longest."""
    longest = "ci-123e4567-e89b-12d3-a456-426614174000"

    for name in ("ci-16200000000-12", "ci-9876543210", "ci-4711", longest):
        command = Command(PAGE, 0, ("aiconform", "run", "--name", name))
        parse(list(command.arguments))


@pytest.mark.parametrize("system", SCRIPTS)
def test_commands_of_the_scripts_are_ours(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        command
        for script in SCRIPTS[system]
        for line in script.splitlines()
        for command in simple(line.replace("$RUN", RUN), page=PAGE, line=0)
        if command.program == "aiconform"
    ]

    assert {command.arguments[0] for command in found} == {"run", "diff"}
    for command in found:
        if command.arguments[0] == "run":
            parse(list(command.arguments))


def test_variables_that_tekton_fills_in_are_declared() -> None:
    spec = TEKTON["spec"]
    used = set(re.findall(r"\$\((params|workspaces)\.([a-z-]+)", str(spec)))

    declared = {("params", each["name"]) for each in spec["params"]}
    assert used == declared | {("workspaces", each["name"]) for each in spec["workspaces"]}


def test_braces_of_the_jenkinsfile_are_closed() -> None:
    bare = re.sub(r"'[^']*'|\"[^\"]*\"|//.*", "", JENKINS)

    for opening, closing in ("{}", "()", "[]"):
        assert bare.count(opening) == bare.count(closing)
