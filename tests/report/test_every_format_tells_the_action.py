"""Each finding says which action of the closed set it asks for, wherever it is shown."""

import json
from pathlib import Path

import pytest

from aiconform.model.outcome import Outcome
from aiconform.model.verdict import Action
from aiconform.report import write_results
from aiconform.report.rows import requirement_action
from aiconform.report.terminal import plain_lines
from tests.browser.runs import requirement
from tests.report.sample import entries, judgement


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("results") / "demo"
    write_results(directory, entries(), judgement())
    return directory


def test_summary_and_ctrf_have_it_as_a_word(written: Path) -> None:
    summary = json.loads((written / "summary.json").read_text())
    ctrf = json.loads((written / "ctrf.json").read_text())

    assert summary["findings"][0]["action_kind"] == "check_cabling"
    (found,) = ctrf["results"]["extra"]["findings"]
    assert found["code"] == "AIC-NET-001"
    assert found["where"] == "node1 sending"
    assert found["action_kind"] == "check_cabling"


@pytest.mark.parametrize("name", ["summary.md", "report.html"])
def test_files_for_people_have_it_in_words(written: Path, name: str) -> None:
    assert "check cabling" in (written / name).read_text()


def test_terminal_has_it_before_the_advice() -> None:
    assert "    → check cabling: look at its NIC" in plain_lines(judgement())


@pytest.mark.parametrize(
    ("outcome", "reason", "action"),
    [
        (Outcome.UNKNOWN, "NotPermitted", Action.GRANT_RIGHTS),
        (Outcome.UNKNOWN, "NoFreeDevice", Action.FREE_CAPACITY),
        (Outcome.UNKNOWN, "TimeBox", Action.LOOK_CLOSER),
        (Outcome.FAIL, "Visible", Action.FIX_PLATFORM_SETTING),
    ],
)
def test_requirement_that_was_not_shown_asks_for_one_too(
    outcome: Outcome, reason: str, action: Action
) -> None:
    told = requirement("gang_scheduling", outcome, "as seen")

    assert requirement_action(told.model_copy(update={"reason": reason})) is action
