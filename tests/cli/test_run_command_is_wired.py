"""`aiconform run` and `fetch` as commands: options reach the run, its verdict is the exit code."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aiconform.cli.main import aiconform
from aiconform.model.plan import RunConfig
from tests.cli.site import FakeSite


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSite:
    site = FakeSite(tmp_path / "pod", config=RunConfig(name="demo"))
    site.on_install = site.finish
    monkeypatch.setattr("aiconform.cli.kubectl_site.KubectlSite", lambda: site)
    return site


def call(tmp_path: Path, command: str, *words: str) -> Result:
    where = ["--results", str(tmp_path / "results")]
    return CliRunner().invoke(aiconform, [command, *where, *words], standalone_mode=False)


@pytest.mark.parametrize(("fail_on", "code"), [("incomplete", 1), ("never", 0)])
@pytest.mark.usefixtures("site")
def test_exit_code_is_the_verdicts_after_fail_on(tmp_path: Path, fail_on: str, code: int) -> None:
    shown = call(tmp_path, "run", "--name", "demo", "--fail-on", fail_on)

    assert shown.return_value == code
    assert "demo: FAIL" in shown.stdout
    assert "node1" in shown.stdout


@pytest.mark.usefixtures("site")
def test_json_alone_is_on_stdout(tmp_path: Path) -> None:
    shown = call(tmp_path, "run", "--name", "demo", "-o", "json")

    assert json.loads(shown.stdout)["verdict"] == "fail"


def test_broken_run_shows_what_there_is_and_is_4(tmp_path: Path, site: FakeSite) -> None:
    site.on_install = lambda: site.finish(archived=False)

    shown = call(tmp_path, "run", "--name", "demo", "--fail-on", "never")

    assert shown.return_value == 4
    assert "no space left on the volume" in shown.stderr
    assert (tmp_path / "results" / "demo").is_dir()


def test_fetch_brings_results_and_releases(tmp_path: Path, site: FakeSite) -> None:
    site.releases = {"aiconform": "manifest"}
    site.job = {"kind": "Job"}
    site.finish()

    shown = call(tmp_path, "fetch")

    assert shown.return_value == 1
    assert (tmp_path / "results" / "demo.tar.gz").exists()
    assert "aiconform release" in site.calls


def test_fetch_without_release_leaves_the_pod(tmp_path: Path, site: FakeSite) -> None:
    site.releases = {"aiconform": "manifest"}
    site.job = {"kind": "Job"}
    site.finish()

    call(tmp_path, "fetch", "--no-release")

    assert "aiconform release" not in site.calls
