"""`report --waivers` and `run --waivers`: what is accepted does not count, until its last day."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aiconform.cli.main import aiconform
from aiconform.cli.waivers import read_waivers
from aiconform.journal import dump
from aiconform.model.errors import ConfigError
from aiconform.model.plan import RunConfig
from tests.cli.site import FakeSite
from tests.support.journals import Faults, run_journal

WAIVERS = "- {id: AIC-NET-001, scope: node3 sending, reason: r, owner: o, expiry: 2027-03-31}\n"


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.ndjson"
    path.write_bytes(b"".join(dump(run_journal(Faults(slow={("node3", "send"): 0.3})))))
    return path


@pytest.fixture
def waivers(tmp_path: Path) -> Path:
    path = tmp_path / "my, waivers.yaml"
    path.write_text(WAIVERS)
    return path


def call(*words: object) -> Result:
    return CliRunner().invoke(aiconform, [str(word) for word in words], standalone_mode=False)


def test_exit_code_is_that_of_what_is_left(journal: Path, waivers: Path) -> None:
    def code(*more: str) -> int:
        return int(call("report", journal, *more).return_value)

    given = ("--waivers", str(waivers), "--on", "2027-03-31")
    assert code() == 1
    assert code(*given) == 0
    assert code(*given, "--fail-on", "warn") == 1
    assert code("--waivers", str(waivers), "--on", "2027-04-01") == 1


def test_document_has_both_words(journal: Path, waivers: Path) -> None:
    shown = call("report", journal, "--waivers", waivers, "--on", "2027-03-31", "-o", "json")

    document = json.loads(shown.stdout)
    assert (document["verdict"], document["counts_as"]) == ("fail", "pass_with_warnings")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"- {id: AIC-NET-999, scope: x, reason: r, owner: o, expiry: 2027-03-31}", "AIC-NET-999"),
        (b"- {id: gang_schedulin, scope: x, reason: r, owner: o, expiry: 2027-03-31}", "gang_sch"),
        (b"\xff\xfe", "not UTF-8"),
        (b"- {id: AIC-NET-001}", "entry 1, scope"),
        (None, "No such file"),
    ],
)
def test_wrong_file_is_refused_before_anything_else(
    tmp_path: Path, data: bytes | None, said: str
) -> None:
    path = tmp_path / "waivers.yaml"
    if data is not None:
        path.write_bytes(data)

    with pytest.raises(ConfigError) as raised:
        read_waivers(path)

    assert said in raised.value.problem


def test_example_of_the_docs_is_one(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to-waive.md"
    (example,) = re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)
    (tmp_path / "waivers.yaml").write_text(example)

    assert len(read_waivers(tmp_path / "waivers.yaml").waivers) == 2


def test_run_hands_the_file_to_the_chart(
    tmp_path: Path, waivers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = FakeSite(tmp_path / "pod", config=RunConfig(name="demo"))
    site.on_install = site.finish
    monkeypatch.setattr("aiconform.cli.kubectl_site.KubectlSite", lambda: site)

    call("run", "--results", tmp_path / "r", "--name", "demo", "--waivers", waivers)

    assert site.arguments is not None
    assert site.arguments.set_files == (f"run.waivers={tmp_path}/my\\, waivers.yaml",)


def test_run_with_a_wrong_file_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = FakeSite(tmp_path / "pod", config=RunConfig(name="demo"))
    monkeypatch.setattr("aiconform.cli.kubectl_site.KubectlSite", lambda: site)
    (tmp_path / "bad.yaml").write_text("- 1")

    shown = call("run", "--results", tmp_path / "r", "--waivers", tmp_path / "bad.yaml")

    assert isinstance(shown.exception, ConfigError)
    assert site.calls == []
