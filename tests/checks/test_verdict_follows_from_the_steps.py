"""Rulings roll up to the worst; a control that failed takes the meaning from what it controls."""

from collections.abc import Mapping
from typing import Any

import pytest

from aiconform.checks.framework import (
    Answer,
    Ruling,
    Sighting,
    Sightings,
    conclude,
    errored,
    failed,
    passed,
    rule,
    settled,
    skipped,
    unknown,
    warned,
)
from aiconform.model.outcome import Outcome
from aiconform.model.records import StepProblem

ANSWERS = {
    "PASS": passed("ok"),
    "FAIL": failed("Bad", "bad"),
    "WARN": warned("Meh", "meh"),
    "UNKNOWN": unknown("Dark", "dark"),
    "ERROR": errored("Broke", "broke"),
    "SKIP": skipped("Other", "other"),
}


def seen(**steps: Mapping[str, Any] | StepProblem) -> Sightings:
    told = {
        name: Sighting("j1", name, 1.0, 2.0, {} if isinstance(said, StepProblem) else said,
                       said if isinstance(said, StepProblem) else None)
        for name, said in steps.items()
    }  # fmt: skip
    return Sightings(check="dra_support", steps=told, files=frozenset({"steps.jsonl"}))


def ruling(outcome: str, *, step: str = "s", mandatory: bool = True) -> Ruling:
    sightings = seen(**{step: {}})
    return rule(sightings, step, lambda _: ANSWERS[outcome], mandatory=mandatory)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["PASS"], "PASS"),
        (["PASS", "WARN"], "WARN"),
        (["WARN", "UNKNOWN"], "UNKNOWN"),
        (["UNKNOWN", "ERROR"], "ERROR"),
        (["ERROR", "FAIL", "PASS"], "FAIL"),
        (["PASS", "SKIP"], "PASS"),
        (["SKIP"], "UNKNOWN"),
        ([], "UNKNOWN"),
    ],
)
def test_worst_step_decides(outcomes: list[str], expected: str) -> None:
    rulings = [ruling(outcome, step=f"s{n}") for n, outcome in enumerate(outcomes)]

    assert conclude(rulings, passed="all is well").outcome == expected


def test_optional_step_is_told_and_decides_nothing() -> None:
    found = conclude([ruling("PASS"), ruling("FAIL", step="t", mandatory=False)], passed="well")

    assert found.outcome is Outcome.PASS
    assert [step.mandatory for step in found.steps] == [True, False]


def test_step_that_was_not_carried_out_is_unknown() -> None:
    found = rule(seen(), "never", lambda _: passed("never asked"))

    assert (found.outcome, found.answer.reason) == (Outcome.UNKNOWN, "NotExecuted")


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("forbidden", "UNKNOWN"),
        ("time_box", "UNKNOWN"),
        ("unavailable", "UNKNOWN"),
        ("image", "ERROR"),
        ("refused", "ERROR"),
        ("api", "ERROR"),
        ("broken", "ERROR"),
    ],
)
def test_trouble_is_never_judged_by_the_facts(kind: Any, outcome: str) -> None:
    problem = StepProblem(kind=kind, reason="Why", sentence="why")

    found = rule(seen(s=problem), "s", lambda _: passed("not asked"))

    assert (found.outcome, found.answer.reason) == (outcome, "Why")


def test_facts_that_cannot_be_read_are_our_error() -> None:
    def wants(facts: Mapping[str, Any]) -> Answer:
        return passed(facts["missing"])

    found = rule(seen(s={}), "s", wants)

    assert (found.outcome, found.answer.reason) == (Outcome.ERROR, "Unreadable")


@pytest.mark.parametrize(
    ("control", "expected"),
    [("PASS", "PASS"), ("WARN", "PASS"), ("FAIL", "ERROR"), ("UNKNOWN", "UNKNOWN"),
     ("ERROR", "UNKNOWN")],
)  # fmt: skip
def test_refusal_counts_only_with_its_control(control: str, expected: str) -> None:
    found = ruling("PASS").controlled_by(ruling(control, step="control"))

    assert found.outcome == expected
    if control == "FAIL":
        assert found.answer.reason == "ControlInvalid"


def test_fail_whose_control_failed_is_no_fail() -> None:
    assert ruling("FAIL").controlled_by(ruling("FAIL", step="c")).outcome is Outcome.ERROR


def test_pass_without_its_control_is_a_warning() -> None:
    found = ruling("PASS").shown_against(ruling("UNKNOWN", step="control"))

    assert (found.outcome, found.answer.reason) == (Outcome.WARN, "NoControl")
    assert ruling("PASS").shown_against(ruling("PASS", step="c")).outcome is Outcome.PASS


def test_claim_cannot_be_settled_without_steps() -> None:
    with pytest.raises(ValueError, match="conclude"):
        settled(passed("just so"))

    assert settled(unknown("NothingInstalled", "nothing")).outcome is Outcome.UNKNOWN
