"""A PASS is earned, the worst decides, and every run verdict has its exit code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aiconform.model.verdict import (
    FailOn,
    Outcome,
    RunVerdict,
    Subject,
    Verdict,
    exit_code,
    worst,
)


def verdict(outcome: Outcome, rests_on: tuple[str, ...] = ()) -> Verdict:
    return Verdict(
        item="node", outcome=outcome, reason="Why", sentence="so it is", rests_on=rests_on
    )


def test_pass_without_a_record_cannot_be_made() -> None:
    with pytest.raises(ValidationError, match="rests on no record"):
        verdict(Outcome.PASS)


def test_pass_with_a_record_can() -> None:
    assert verdict(Outcome.PASS, ("j1",)).rests_on == ("j1",)


def test_nothing_at_all_is_unknown() -> None:
    assert worst(()) is Outcome.UNKNOWN


@given(st.lists(st.sampled_from(Outcome), min_size=1))
def test_a_failure_is_never_hidden_by_anything(outcomes: list[Outcome]) -> None:
    assert (worst(outcomes) is Outcome.FAIL) == (Outcome.FAIL in outcomes)
    assert (worst(outcomes) is Outcome.PASS) == (
        set(outcomes) <= {Outcome.PASS, Outcome.SKIP} and Outcome.PASS in outcomes
    )


def test_exit_codes_tell_the_verdicts_apart() -> None:
    codes = {each.value: each.exit_code for each in RunVerdict}

    assert codes == {
        "pass": 0, "pass_with_warnings": 0, "fail": 1, "incomplete": 3, "error": 4
    }  # fmt: skip


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (Subject(), "cluster"),
        (Subject(node="a"), "a"),
        (Subject(node="a", peer="b"), "a → b"),
        (Subject(node="a", device="gpu0"), "a gpu0"),
        (Subject(node="a", direction="send"), "a sending"),
        (Subject(node="a", direction="receive"), "a receiving"),
    ],
)
def test_subjects_read_as_a_person_would_say_them(subject: Subject, text: str) -> None:
    assert str(subject) == text


@pytest.mark.parametrize(
    ("verdict", "codes"),
    [
        ("pass", {"never": 0, "fail": 0, "incomplete": 0, "warn": 0}),
        ("pass_with_warnings", {"never": 0, "fail": 0, "incomplete": 0, "warn": 1}),
        ("fail", {"never": 0, "fail": 1, "incomplete": 1, "warn": 1}),
        ("incomplete", {"never": 0, "fail": 0, "incomplete": 3, "warn": 3}),
        ("error", {"never": 4, "fail": 4, "incomplete": 4, "warn": 4}),
    ],
)
def test_fail_on_moves_the_line(verdict: str, codes: dict[FailOn, int]) -> None:
    assert {line: exit_code(RunVerdict(verdict), line) for line in codes} == codes
