"""`aiconform profile`: answers, exit codes, and profiles of one's own."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aiconform.cli.main import aiconform
from aiconform.journal import dump
from aiconform.model.errors import ConfigError
from tests.support.journals import Faults, run_journal

NETWORK = """\
profiles:
  - id: talker
    title: Talker
    needs: [{measured: tcp.path, why: it talks}, {measured: tcp.rate, why: a lot}]
"""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.ndjson"
    path.write_bytes(b"".join(dump(run_journal())))
    return path


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "talker.yaml"
    path.write_text(NETWORK)
    return path


def call(*words: object) -> Result:
    return CliRunner().invoke(aiconform, ["profile", *map(str, words)], standalone_mode=False)


def test_what_was_not_checked_is_not_known(journal: Path) -> None:
    shown = call(journal)

    assert shown.return_value == 3
    assert "UNKNOWN Notebooks (notebooks): not known" in shown.stdout
    assert "NotChecked" in shown.stdout


def test_profile_of_ones_own_is_answered_from_what_was_measured(
    journal: Path, own: Path, tmp_path: Path
) -> None:
    assert call(journal, "--file", own).return_value == 0

    slow = tmp_path / "slow.ndjson"
    slow.write_bytes(b"".join(dump(run_journal(Faults(slow={("node3", "send"): 0.3})))))
    shown = call(slow, "--file", own, "-o", "json")

    assert shown.return_value == 1
    (answer,) = json.loads(shown.stdout)["profiles"]
    assert (answer["answer"], answer["missing"]) == ("not ready", ["tcp.rate"])


def test_damaged_results_are_never_ready(journal: Path, own: Path) -> None:
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:-3], b"{broken\n", *lines[-3:]]))

    assert call(journal, "--file", own).return_value != 0


def test_one_profile_can_be_asked_for_by_name(journal: Path) -> None:
    shown = call(journal, "--profile", "llm_serving", "-o", "json")

    assert [p["id"] for p in json.loads(shown.stdout)["profiles"]] == ["llm_serving"]


def test_unknown_name_is_refused_with_those_there_are(journal: Path, own: Path) -> None:
    shown = call(journal, "--profile", "notebook")

    assert isinstance(shown.exception, ConfigError)
    assert "notebooks" in shown.exception.hint
    assert isinstance(call(journal, "--file", own, "--profile", "x").exception, ConfigError)
