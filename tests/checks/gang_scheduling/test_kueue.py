"""The whole check on a stand-in for Kueue: quota and nodes are two things."""

from typing import Any

from aiconform.checks.framework.fake import FakePlatform
from aiconform.checks.gang_scheduling import CHECK
from aiconform.model.outcome import Outcome
from aiconform.model.requirement import RequirementVerdict
from tests.checks.gang_scheduling.gangs import Gangs, platform
from tests.checks.gang_scheduling.kueues import CLUSTER_QUEUE, Kueue


async def judged(made: FakePlatform, **settings: Any) -> RequirementVerdict:
    return made.verdict(CHECK, await made.run(CHECK, settings=settings))


async def test_quota_that_matches_the_nodes_passes() -> None:
    made = platform()
    Kueue(made, quota=4)
    verdict = await judged(made)
    assert (verdict.outcome, verdict.reason) == (Outcome.PASS, "Ok"), verdict
    assert verdict.sentence.startswith("kueue:")


async def test_smaller_quota_sets_the_size() -> None:
    made = platform()
    Kueue(made, quota=3)
    verdict = await judged(made)
    assert verdict.outcome is Outcome.PASS, verdict
    step = next(s for s in verdict.steps if s.name == "kueue-refused")
    assert "gang of 4 on 4 slots" in step.sentence


async def test_quota_that_nodes_cannot_hold_is_partial_after_admission() -> None:
    made = platform()
    Kueue(made, quota=100)
    verdict = await judged(made)
    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, "PartialAfterAdmission"), verdict


async def test_timeout_that_takes_all_back_is_a_warning_only() -> None:
    made = platform()
    Kueue(made, quota=100, timeout_s=3.0)
    verdict = await judged(made)
    step = next(s for s in verdict.steps if s.name == "kueue-refused")
    assert step.outcome is Outcome.WARN
    assert (verdict.outcome, verdict.reason) == (Outcome.WARN, "TimeBased")
    assert "taken back as a whole" in step.sentence


async def test_jobs_that_kueue_does_not_take_up() -> None:
    made = platform()
    Kueue(made, integrated=False)
    verdict = await judged(made)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "GroupNotMade")


async def test_queue_that_would_reclaim_is_left_alone() -> None:
    made = platform()
    spec = {"preemption": {"withinClusterQueue": "LowerPriority"}}
    queue = Kueue(made, spec=spec)
    (found,) = made.objects.all(CLUSTER_QUEUE)
    made.objects.change(CLUSTER_QUEUE, found, status={"reservingWorkloads": 2})
    verdict = await judged(made)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "WouldReclaim"), queue
    assert not [call for call in made.objects.calls if call.startswith("create pods")]


async def test_no_quota_left() -> None:
    made = platform()
    Kueue(made, quota=1)
    verdict = await judged(made)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "NoQuota")


async def test_named_queue_that_is_not_there() -> None:
    made = platform()
    Kueue(made)
    verdict = await judged(made, queue="other")
    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "NoQueue")


async def test_of_all_solutions_one_that_passes_is_enough() -> None:
    """Kubernetes' own is broken, and stands beside."""
    made = platform()
    Gangs(made, way="partial")
    sound = made.schedule
    Kueue(made)
    made.schedule = sound
    verdict = await judged(made, all=True)
    assert verdict.outcome is Outcome.PASS, verdict
    steps = {step.name: (step.outcome, step.mandatory) for step in verdict.steps}
    assert steps["native-refused"] == (Outcome.FAIL, False)
    assert steps["kueue-refused"] == (Outcome.PASS, True)
    first = await judged(made)
    assert (first.outcome, first.reason) == (Outcome.FAIL, "PartialPlacement")
