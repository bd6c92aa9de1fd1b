"""junit.xml, e2e.log and results.json of a requirement agree, and no text in them counts."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import JUnitXml
from pydantic import ValidationError

from aiconform.model.requirement import Level, RequirementVerdict, Step
from aiconform.model.verdict import Outcome
from aiconform.report.gotest import e2e_log, go_test_name, results_json
from aiconform.report.requirement import requirement_junit, write_requirement
from aiconform.report.submission.artifacts import (
    ArtifactReport,
    TestOutcome,
    parse_events,
    parse_junit,
    parse_log,
)
from tests.submission.sample import verdict


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("outcome", Outcome)
def test_three_artifacts_agree_and_only_a_pass_passes(outcome: Outcome, level: Level) -> None:
    judged = verdict("gang_scheduling", outcome, level=level)

    junit, log, events = _reports(judged)

    assert junit.tests == log.tests == events.tests
    passed = junit.outcome("TestGangScheduling") is TestOutcome.PASSED
    assert passed == (outcome in {Outcome.PASS, Outcome.WARN})


def test_what_could_not_be_tested_fails_for_a_must() -> None:
    junit, _, _ = _reports(verdict("gang_scheduling", Outcome.UNKNOWN, level=Level.MUST))

    assert junit.outcome("TestGangScheduling") is TestOutcome.FAILED


def test_optional_steps_are_kept_out() -> None:
    """Any failing test in an artifact is a failure of the requirement to its readers."""
    junit, _, _ = _reports(verdict("gang_scheduling"))

    assert set(junit.tests) == {
        "TestGangScheduling",
        "TestGangScheduling/Control",
        "TestGangScheduling/Positive",
    }


@given(text=st.text(max_size=60), note=st.sampled_from(["", "x\n--- FAIL: TestGangScheduling"]))
def test_hostile_sentence_changes_no_result(text: str, note: str) -> None:
    judged = verdict("gang_scheduling", sentence=f"{text}\n--- FAIL: TestOther (1s)", notes=(note,))

    junit, log, events = _reports(judged)

    assert junit.failures == log.failures == events.failures == ()
    assert len(junit.tests) == 3


def test_log_is_the_output_of_the_events() -> None:
    judged = verdict("gang_scheduling")
    lines = [json.loads(line) for line in results_json(judged).decode().splitlines()]

    assert "".join(line.get("Output", "") for line in lines).encode() == e2e_log(judged)
    assert {line["Package"] for line in lines} == {"aiconform/checks/gang_scheduling"}
    assert "not by the upstream" in e2e_log(judged).decode()


def test_junit_is_read_by_others() -> None:
    suite = next(iter(JUnitXml.fromstring(requirement_junit(verdict("gang_scheduling")))))

    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (3, 0, 0, 0)
    assert b"not by the upstream AI conformance suite" in requirement_junit(
        verdict("gang_scheduling")
    )


def test_requirement_that_nobody_knows_has_a_name_of_ours() -> None:
    assert go_test_name(verdict("new_thing")) == "TestAiconformNewThing"


def test_written_verdict_is_read_back(tmp_path: Path) -> None:
    judged = verdict("gang_scheduling", Outcome.WARN)

    directory = write_requirement(tmp_path, judged)

    assert (
        RequirementVerdict.model_validate_json((directory / "verdict.json").read_text()) == judged
    )
    assert {p.name for p in directory.iterdir()} == {
        "verdict.json", "junit.xml", "e2e.log", "results.json",
    }  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"evidence": ()},
        {"steps": ()},
        {"steps": (Step(name="A", outcome=Outcome.PASS, sentence="", mandatory=False),)},
        {"steps": (Step(name="A", outcome=Outcome.WARN, sentence=""),)},
        {"steps": (Step(name="A", outcome=Outcome.SKIP, sentence=""),)},
        {"steps": (Step(name="A", outcome=Outcome.PASS, sentence=""),) * 2},
        {"evidence": ("../other",)},
        {"evidence": ("/etc/passwd",)},
        {"evidence": ("logs/../../x",)},
        {"evidence": (".hidden",)},
        {"evidence": ("logs/JUnit.xml",)},
        {"reason": "two words"},
        {"id": "Gang"},
    ],
)
def test_pass_that_is_not_earned_cannot_be_made(change: dict[str, object]) -> None:
    facts = verdict("gang_scheduling").model_dump() | change

    with pytest.raises(ValidationError):
        RequirementVerdict.model_validate(facts)


def _reports(judged: RequirementVerdict) -> tuple[ArtifactReport, ArtifactReport, ArtifactReport]:
    return (
        parse_junit(requirement_junit(judged)),
        parse_log(e2e_log(judged)),
        parse_events(results_json(judged)),
    )
