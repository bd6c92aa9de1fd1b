"""What a CI system sees: a failure, an error, a skip; an UNKNOWN is never green."""

from pathlib import Path

import pytest
from junitparser import JUnitXml

from aiconform.model.verdict import Judgement, Outcome, RunVerdict
from aiconform.report.items import Telling
from aiconform.report.junit import junit
from tests.report.sample import entries, judgement, verdict


def written(told: Judgement) -> bytes:
    return b"".join(junit(Telling.of(entries(), told)))


def cases(*verdicts: object, tmp_path: Path) -> dict[str, list[str]]:
    told = judgement().model_copy(update={"verdicts": verdicts})
    path = tmp_path / "junit.xml"
    path.write_bytes(written(told))
    return {
        case.name: [type(result).__name__ for result in case.result]
        for suite in JUnitXml.fromfile(str(path))
        for case in suite
    }


@pytest.mark.parametrize(
    ("outcome", "required", "expected"),
    [
        (Outcome.PASS, True, []),
        (Outcome.WARN, True, []),
        (Outcome.FAIL, True, ["Failure"]),
        (Outcome.FAIL, False, ["Failure"]),
        (Outcome.ERROR, True, ["Error"]),
        (Outcome.ERROR, False, ["Error"]),
        (Outcome.UNKNOWN, True, ["Error"]),
        (Outcome.UNKNOWN, False, ["Skipped"]),
        (Outcome.SKIP, True, ["Skipped"]),
    ],
)
def test_outcome_becomes(
    outcome: Outcome, required: bool, expected: list[str], tmp_path: Path
) -> None:
    assert cases(verdict(outcome, required=required), tmp_path=tmp_path) == {"node1": expected}


def test_warning_is_told_in_system_out() -> None:
    told = judgement(verdict(Outcome.WARN, sentence="a bit slow"))

    assert b"<system-out>WARN: a bit slow</system-out>" in written(told)


def test_run_without_verdicts_is_not_green(tmp_path: Path) -> None:
    assert cases(tmp_path=tmp_path) == {"cluster": ["Error"]}


def test_characters_that_xml_forbids_do_not_break_the_file(tmp_path: Path) -> None:
    hostile = verdict(Outcome.FAIL, device="cpu\x00\x1b\ufffe", sentence="]]>\x08<&")

    assert list(cases(hostile, tmp_path=tmp_path).values()) == [["Failure"]]


def test_counts_of_a_suite_add_up(tmp_path: Path) -> None:
    outcomes = [Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.SKIP]
    told = Judgement(
        run="demo", verdict=RunVerdict.FAIL, sentence="", findings=(), ledger=(),
        verdicts=tuple(verdict(o, node=f"n{i}") for i, o in enumerate(outcomes)),
    )  # fmt: skip
    path = tmp_path / "junit.xml"
    path.write_bytes(written(told))

    (suite,) = JUnitXml.fromfile(str(path))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (4, 1, 1, 1)
