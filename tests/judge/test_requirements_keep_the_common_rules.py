"""What holds for every requirement, whatever its own evaluator says."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from aiconform.judge import judge
from aiconform.judge.sightings import Conclusion, Evaluator
from aiconform.model.outcome import Outcome
from aiconform.model.plan import Checks, Cost, Plan, RunConfig
from aiconform.model.records import (
    CheckBegan,
    CheckEnded,
    EvidenceFile,
    JournalRecord,
    Planned,
    RunClosed,
    RunOpened,
    Sighted,
    Surveyed,
)
from aiconform.model.requirement import RequirementVerdict, Step
from aiconform.model.verdict import Judgement, RunVerdict
from aiconform.model.waiver import Waiver
from tests.support.records import JournalWriter

GANG, SCALING = "gang_scheduling", "cluster_autoscaling"


def conclusion(outcome: str = "PASS", *, evidence: Sequence[str] = ("steps.jsonl",)) -> Conclusion:
    step = Step(name="it", outcome=Outcome(outcome), sentence="it was seen")
    return Conclusion(
        Outcome(outcome), "Ok", "well", steps=(step,), evidence=tuple(evidence)
    )  # fmt: skip


def always(outcome: str, **parts: Any) -> Evaluator:
    return lambda seen: conclusion(outcome, **parts)


def judged(
    evaluate: Evaluator,
    *,
    check: str = GANG,
    begun: bool = True,
    ended: CheckEnded | str | None = "complete",
    version: str = "v1.37.2",
    files: Sequence[str] = (),
    config: dict[str, Any] | None = None,
    checklist: str = "",
    waivers: Sequence[Waiver] | None = None,
) -> Judgement:
    settings = Checks(enabled=(check,), **(config or {}))
    probes = {"compute": False, "memory": False, "tcp": False}
    run = RunConfig.model_validate({"name": "r", "probes": probes, "checks": settings})
    plan = Plan(groups=(), checks=(check,), cost=Cost(seconds=0, bytes=0))
    records: list[JournalRecord] = [
        RunOpened(run="r", version="0", config=run),
        Surveyed(server_version=version, nodes=()),
        Planned(plan=plan),
    ]
    if begun:
        records.append(CheckBegan(check=check, time_box_s=60))
        records.append(Sighted(check=check, step="it", began=1.0, ended=2.0))
        records += [EvidenceFile(check=check, path=path, text="x") for path in files]
    if ended == "complete":
        records.append(CheckEnded(check=check, how="complete"))
    elif isinstance(ended, CheckEnded):
        records.append(ended)
    records.append(RunClosed(how="complete"))
    writer = JournalWriter()
    writer.add(*records)
    return judge(writer.entries, evaluators={check: evaluate}, checklist=checklist, waivers=waivers)


def requirement(*arguments: Any, **parts: Any) -> RequirementVerdict:
    (found,) = judged(*arguments, **parts).requirements
    return found


def test_pass_with_its_evidence_stands() -> None:
    found = requirement(always("PASS"))

    assert (found.outcome, found.level, found.reason) == ("PASS", "MUST", "Ok")
    assert found.duration_s is not None


@pytest.mark.parametrize(
    ("parts", "outcome", "reason"),
    [
        ({"begun": False, "ended": None}, "UNKNOWN", "NotRun"),
        ({"ended": None}, "UNKNOWN", "Interrupted"),
        ({"ended": CheckEnded(check=GANG, how="time_box")}, "UNKNOWN", "TimeBox"),
        ({"ended": CheckEnded(check=GANG, how="broken", sentence="KeyError")}, "ERROR",
         "CheckBroken"),
        ({"ended": CheckEnded(check=GANG, how="complete", leftovers=("pods a/b",))}, "WARN",
         "Leftovers"),
        ({"version": "unknown"}, "UNKNOWN", "NoVersion"),
    ],
)  # fmt: skip
def test_pass_is_taken_away(parts: dict[str, Any], outcome: str, reason: str) -> None:
    found = requirement(always("PASS"), **parts)

    assert (found.outcome, found.reason) == (outcome, reason)


def test_fail_stands_though_the_check_did_not_end() -> None:
    assert requirement(always("FAIL"), ended=None).outcome == "FAIL"


def test_claim_needs_every_file_it_names() -> None:
    evaluate = always("PASS", evidence=("steps.jsonl", "objects/a.yaml"))

    assert requirement(evaluate, files=["objects/a.yaml"]).outcome == "PASS"
    missing = requirement(evaluate)
    assert (missing.outcome, missing.reason) == ("UNKNOWN", "EvidenceMissing")
    assert missing.evidence == ("steps.jsonl",)


def test_claim_without_evidence_is_a_defect() -> None:
    found = requirement(always("PASS", evidence=()))

    assert (found.outcome, found.reason) == ("ERROR", "NoEvidence")


def test_evaluator_that_contradicts_itself_is_a_defect() -> None:
    def evaluate(_: object) -> Conclusion:
        step = Step(name="it", outcome=Outcome.FAIL, sentence="bad")
        return Conclusion(Outcome.PASS, "Ok", "well", steps=(step,), evidence=("steps.jsonl",))

    assert requirement(evaluate).reason == "Contradiction"


def test_evaluator_that_stumbles_is_a_defect_of_its_check_alone() -> None:
    def evaluate(_: object) -> Conclusion:
        raise KeyError("facts")

    found = requirement(evaluate)

    assert (found.outcome, found.reason) == ("ERROR", "Unreadable")


def test_check_that_this_program_does_not_know_is_unknown() -> None:
    writer = JournalWriter()
    config = RunConfig(name="r", checks=Checks(enabled=("from_the_future",)))
    plan = Plan(groups=(), checks=("from_the_future",), cost=Cost(seconds=0, bytes=0))
    writer.add(
        RunOpened(run="r", version="9", config=config),
        Surveyed(server_version="v1.37.0", nodes=()),
        Planned(plan=plan),
        CheckBegan(check="from_the_future", time_box_s=1),
    )

    (found,) = judge(writer.entries).requirements

    assert found.outcome == "UNKNOWN"


def test_only_conditional_requirements_can_be_skipped() -> None:
    def skip(_: object) -> Conclusion:
        return Conclusion(Outcome.SKIP, "NoAutoscaler", "there is no autoscaler")

    assert requirement(skip, check=SCALING).outcome == "SKIP"
    refused = requirement(skip, check=GANG)
    assert (refused.outcome, refused.reason) == ("UNKNOWN", "SkipNotAllowed")


def test_checklist_decides_the_level_and_newer_ones_are_told() -> None:
    evaluate = always("PASS")

    assert requirement(evaluate, version="v1.33.4+vendor").level == "MUST"
    newer = requirement(evaluate, version="v1.38.0")
    assert newer.outcome == "PASS"
    assert "not known here" in newer.notes[0]
    assert requirement(evaluate, check="dra_support").reason == "NotInVersion"
    assert requirement(evaluate, check="dra_support", config={"version": "1.35"}).outcome == "PASS"
    assert requirement(evaluate, check="dra_support", checklist="1.34").outcome == "PASS"


@pytest.mark.parametrize(
    ("outcome", "run"),
    [
        ("PASS", RunVerdict.PASS),
        ("WARN", RunVerdict.PASS_WITH_WARNINGS),
        ("FAIL", RunVerdict.FAIL),
        ("UNKNOWN", RunVerdict.INCOMPLETE),
        ("ERROR", RunVerdict.INCOMPLETE),
    ],
)
def test_must_requirement_decides_with_the_run(outcome: str, run: RunVerdict) -> None:
    assert judged(always(outcome)).verdict is run


def test_skip_of_a_must_is_a_warning_of_the_run() -> None:
    def skip(_: object) -> Conclusion:
        return Conclusion(Outcome.SKIP, "NoAutoscaler", "there is no autoscaler")

    assert judged(skip, check=SCALING).verdict is RunVerdict.PASS_WITH_WARNINGS


def test_should_requirement_decides_nothing() -> None:
    """With nothing else in the run there is nothing that was required."""
    judgement = judged(always("FAIL"), check="gpu_sharing")

    assert judgement.requirements[0].outcome == "FAIL"
    assert judgement.verdict is not RunVerdict.FAIL


def test_check_that_began_again_begins_from_nothing() -> None:
    """What an interrupted attempt saw is no part of the one that ended."""
    writer = JournalWriter()
    config = RunConfig(name="r", checks=Checks(enabled=(GANG,)))
    plan = Plan(groups=(), checks=(GANG,), cost=Cost(seconds=0, bytes=0))
    writer.add(
        RunOpened(run="r", version="9", config=config),
        Surveyed(server_version="v1.37.0", nodes=()),
        Planned(plan=plan),
        CheckBegan(check=GANG, time_box_s=1),
        Sighted(check=GANG, step="early", began=1.0, ended=2.0),
        CheckBegan(check=GANG, time_box_s=1),
        Sighted(check=GANG, step="it", began=1.0, ended=2.0),
        CheckEnded(check=GANG, how="complete"),
    )
    seen: list[str] = []

    def evaluate(sightings: Any) -> Conclusion:
        seen.extend(sightings.steps)
        return conclusion()

    judge(writer.entries, evaluators={GANG: evaluate})

    assert seen == ["it"]


WAIVER = Waiver(id=GANG, scope="cluster", reason="r", owner="o", expiry=date(2999, 1, 1))


@pytest.mark.parametrize("outcome", ["FAIL", "UNKNOWN"])
def test_waived_requirement_keeps_its_verdict(outcome: str) -> None:
    told = judged(always(outcome), waivers=[WAIVER])

    (found,) = told.requirements
    assert (found.outcome, found.waived) == (Outcome(outcome), WAIVER)
    # Nothing else passed, so there is nothing that the run could count as.
    assert told.counted is RunVerdict.INCOMPLETE


def test_waiver_of_a_requirement_that_passes_is_unused() -> None:
    told = judged(always("PASS"), waivers=[WAIVER])

    assert told.requirements[0].waived is None
    assert told.counted is told.verdict is RunVerdict.PASS
    assert told.waivers[0].state == "unused"
