"""PASS is earned by replicas that follow a metric of the workload, up and down and no further."""

from collections.abc import Callable
from typing import Any

import pytest

from aiconform.checks.pod_autoscaling import CHECK
from aiconform.cluster.resources import POD
from aiconform.model.outcome import Outcome
from aiconform.model.records import Entry, EvidenceFile
from aiconform.model.requirement import RequirementVerdict
from tests.checks.interrupted import assert_nothing_is_left_when_stopped_anywhere, ours
from tests.checks.pod_autoscaling.scaled import ScaledPlatform, as_kubernetes, with_dra
from tests.checks.rests_on import assert_falls_without_any


async def _verdict(platform: ScaledPlatform, **settings: Any) -> RequirementVerdict:
    entries = await platform.run(CHECK, settings=settings)
    return platform.verdict(CHECK, entries)


async def test_sound_platform_passes_and_nothing_stays() -> None:
    platform = ScaledPlatform()

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.PASS, "Ok"), verdict.sentence
    assert {step.outcome for step in verdict.steps if step.mandatory} == {Outcome.PASS}
    assert ours(platform) == []


@pytest.mark.parametrize(
    ("kind", "settings"), [("keda", {}), ("external", {"external": {"metric": "queue"}})]
)
async def test_each_way_to_the_autoscaler_is_gone(kind: Any, settings: Any) -> None:
    platform = ScaledPlatform(kind)

    verdict = await _verdict(platform, **settings)

    assert (verdict.outcome, verdict.reason) == (Outcome.PASS, "Ok"), verdict.sentence
    assert ours(platform) == []


async def test_pass_is_lost_without_any_record_that_it_rests_on() -> None:
    platform = ScaledPlatform()

    entries = await platform.run(CHECK)

    assert_falls_without_any(platform, CHECK, entries, version="1.37")


def _constant(platform: ScaledPlatform) -> None:
    platform.told = lambda _pod, _value: 0.0


def _frozen_after_first(platform: ScaledPlatform) -> None:
    platform.told = lambda _pod, value: 7.0 if value else None


def _deaf(platform: ScaledPlatform) -> None:
    platform.told = lambda _pod, _value: None


def _never_up(platform: ScaledPlatform) -> None:
    platform.desire = lambda *_: 1


def _never_down(platform: ScaledPlatform) -> None:
    platform.desire = lambda value, now, most: max(now, as_kubernetes(value, now, most))


def _without_tolerance(platform: ScaledPlatform) -> None:
    platform.desire = lambda value, now, most: min(2, now + 1) if value >= 10 else 1


def _without_limit(platform: ScaledPlatform) -> None:
    platform.desire = lambda value, now, _most: as_kubernetes(value, now, 3)


def _eager(platform: ScaledPlatform) -> None:
    platform.desire = lambda *_: 2


@pytest.mark.parametrize(
    ("mutant", "reason", "step"),
    [
        (_deaf, "PipelineSilent", "p1"),
        (_constant, "PipelineStuck", "p1"),
        (_frozen_after_first, "PipelineSilent", "p0"),
        (_eager, "ReplicasMoved", "p0"),
        (_without_tolerance, "ReplicasMoved", "q1"),
        (_never_up, "NoScaleUp", "p2"),
        (_without_limit, "AboveMax", "q3"),
        (_never_down, "NoScaleDown", "p3"),
    ],
)
async def test_mutant_autoscaling_fails(
    mutant: Callable[[ScaledPlatform], None], reason: str, step: str
) -> None:
    platform = ScaledPlatform(devices=4)
    mutant(platform)

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, reason), verdict.sentence
    assert verdict.sentence.startswith(f"{step}: ")
    assert ours(platform) == []


async def test_mutant_that_scales_when_the_metric_is_gone_is_a_warning() -> None:
    platform = ScaledPlatform(devices=4)
    platform.missing = lambda _: 2

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.WARN, "ScaledOnMissing"), verdict.sentence


async def test_mutant_that_tells_a_metric_of_nobody_is_a_warning() -> None:
    platform = ScaledPlatform()
    platform._values = lambda: [  # type: ignore[method-assign]
        (pod, platform.values[pod["metadata"]["uid"]])
        for pod in platform.objects.all(POD)
        if pod["metadata"]["uid"] in platform.values
    ]

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.WARN, "StaleMetric"), verdict.sentence


async def test_mutant_keda_that_is_stopped_fails() -> None:
    platform = ScaledPlatform("keda")
    platform.keda_works = False

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, "KedaSilent")


async def test_two_replicas_with_one_device_are_a_warning() -> None:
    platform = ScaledPlatform()
    serve = platform._serve

    def same(pod: dict[str, Any]) -> None:
        serve(pod)
        for key, text in platform.objects.logs.items():
            assert isinstance(text, str)
            platform.objects.logs[key] = text.replace('"minor": 2', '"minor": 1')

    platform._serve = same  # type: ignore[method-assign]

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.WARN, "SharedDevice"), verdict.sentence


async def test_evidence_has_every_look_and_the_time_that_the_platform_took() -> None:
    platform = ScaledPlatform()

    entries = await platform.run(CHECK)

    rows = _file(entries, "hpa.csv").splitlines()
    assert rows[0] == "t_s,set,seen,average,current,desired,pods,ready,active,why"
    assert len(rows) > 100
    (note,) = platform.verdict(CHECK, entries).notes
    assert "286 s were looking whether replicas stay" in note


def _file(entries: tuple[Entry, ...], path: str) -> str:
    return next(
        e.record.text
        for e in entries
        if isinstance(e.record, EvidenceFile) and e.record.path == path
    )


async def test_stopped_anywhere_it_leaves_nothing() -> None:
    await assert_nothing_is_left_when_stopped_anywhere(ScaledPlatform, CHECK)


async def test_devices_of_dra_are_claimed_and_released() -> None:
    platform = with_dra(ScaledPlatform(devices=0))

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.PASS, "Ok"), verdict.sentence
    assert ours(platform) == []


async def test_mutant_that_keeps_the_claim_of_a_pod_that_is_gone_fails() -> None:
    platform = with_dra(ScaledPlatform(devices=0))
    platform.orphans = True

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, "DeviceNotReleased")
