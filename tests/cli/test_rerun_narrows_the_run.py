"""`run --rerun-failed`: it says what it takes, tells the chart, and does nothing without cause."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from aiconform.cli.main import aiconform
from aiconform.journal import dump
from aiconform.model.errors import ResultsError
from aiconform.model.plan import RunConfig
from aiconform.model.records import Entry
from tests.cli.site import FakeSite
from tests.support.journals import Faults, run_journal, sound_journal


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSite:
    site = FakeSite(tmp_path / "pod", config=RunConfig(name="demo"))
    site.on_install = site.finish
    monkeypatch.setattr("aiconform.cli.kubectl_site.KubectlSite", lambda: site)
    return site


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    def call(entries: Iterable[Entry], *words: str) -> Result:
        earlier = tmp_path / "journal.ndjson"
        earlier.write_bytes(b"".join(dump(entries)))
        where = ["--results", str(tmp_path / "results"), "--rerun-failed", str(earlier)]
        command = ["run", *where, "--name", "demo", *words]
        return CliRunner().invoke(aiconform, command, standalone_mode=False)

    return call


def test_nothing_failed_is_0_without_asking_the_cluster(
    site: FakeSite, run: Callable[..., Result]
) -> None:
    shown = run(sound_journal())

    assert shown.return_value == 0
    assert "nothing to run again" in shown.stderr
    assert site.calls == []


def test_run_is_told_first_and_narrowed_last(site: FakeSite, run: Callable[..., Result]) -> None:
    """Ours is the last values file, so a site's own does not widen it again."""
    seen: list[dict[str, Any]] = []

    def look() -> None:
        assert site.arguments is not None
        seen.append(json.loads(Path(site.arguments.value_files[-1]).read_text()))
        site.finish()

    site.on_install = look

    shown = run(run_journal(Faults(corrupt={"node2": True})))

    assert seen == [{"run": {"checks": {"enabled": "none"}, "nodes": ["node2"]}}]
    assert shown.stderr.index("node2 (FAIL)") < shown.stderr.index("answers; run demo")
    assert site.arguments is not None
    assert not Path(site.arguments.value_files[-1]).exists()


def test_checks_are_chosen_by_it_alone(site: FakeSite, run: Callable[..., Result]) -> None:
    shown = run(run_journal(Faults(corrupt={"node2": True})), "--checks", "all")

    assert isinstance(shown.exception, click.UsageError)
    assert site.calls == []


def test_what_is_no_result_is_an_error(site: FakeSite, tmp_path: Path) -> None:
    command = ["run", "--rerun-failed", str(tmp_path / "none.tar.gz")]

    shown = CliRunner().invoke(aiconform, command, standalone_mode=False)

    assert isinstance(shown.exception, ResultsError)
    assert site.calls == []
