"""What cannot be tried is told with its reason, and every right that is asked for is used."""

from typing import Any

import pytest

from aiconform.checks.pod_autoscaling import CHECK
from aiconform.checks.pod_autoscaling.kinds import (
    CUSTOM_GROUP,
    EXTERNAL_GROUP,
    METRIC,
    POD_MONITOR,
)
from aiconform.model.outcome import Outcome
from aiconform.model.requirement import RequirementVerdict
from tests.checks.pod_autoscaling.scaled import ScaledPlatform, with_dra
from tests.checks.rights_used import unused


async def _verdict(platform: ScaledPlatform, **settings: Any) -> RequirementVerdict:
    entries = await platform.run(CHECK, settings=settings)
    return platform.verdict(CHECK, entries)


async def test_no_metrics_api_is_not_provided() -> None:
    verdict = await _verdict(ScaledPlatform("none"))

    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, "NotProvided")
    assert "processor" in verdict.sentence


async def test_mutant_metrics_api_that_nobody_serves_fails_by_its_words() -> None:
    verdict = await _verdict(ScaledPlatform(available=False))

    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, "MetricsApiDown")
    assert "MissingEndpoints" in verdict.sentence


async def test_external_metric_that_nobody_named_is_unknown() -> None:
    verdict = await _verdict(ScaledPlatform("external"))

    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "NoMetricNamed")


async def test_autoscaler_that_the_site_has_switched_off_is_skipped() -> None:
    verdict = await _verdict(ScaledPlatform("none"), horizontalPodAutoscaler=False)

    assert (verdict.outcome, verdict.reason) == (Outcome.SKIP, "NoHPA")


async def test_second_pod_without_a_node_is_no_capacity() -> None:
    """Somebody took the last device after it was counted."""
    platform = ScaledPlatform()
    fitting = platform.fitting_node
    platform.schedule = lambda pod: None if len(platform.values) else fitting(pod)

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "NoCapacity"), verdict.sentence


@pytest.mark.parametrize(
    ("devices", "nodes", "reason"),
    [(0, ("node1",), "NoAccelerator"), (1, ("node1",), "NoCapacity")],
)
async def test_without_two_free_devices_it_is_unknown(
    devices: int, nodes: tuple[str, ...], reason: str
) -> None:
    verdict = await _verdict(ScaledPlatform(devices=devices, nodes=nodes))

    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, reason)


async def test_devices_that_may_not_be_counted_are_unknown() -> None:
    verdict = await _verdict(ScaledPlatform(forbidden=("list pods everywhere",)))

    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "CannotCount")
    assert "list pods" in verdict.sentence


@pytest.mark.parametrize(
    "verb",
    [
        "list apiservices.apiregistration.k8s.io",
        "create deployments.apps",
        "create horizontalpodautoscalers.autoscaling",
        "watch horizontalpodautoscalers.autoscaling",
        "get pods.custom.metrics.k8s.io/aiconform_queue_depth",
    ],
)
async def test_missing_right_is_unknown_and_named(verb: str) -> None:
    verdict = await _verdict(ScaledPlatform(forbidden=(verb,)))

    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "NotPermitted")
    assert f"not permitted to {verb}" in verdict.sentence


@pytest.mark.parametrize(
    ("settings", "told"),
    [({}, (Outcome.UNKNOWN, "NoAccelerator")), ({"deviceClass": "gpu"}, (Outcome.PASS, "Ok"))],
)
async def test_devices_of_an_unknown_driver_count_when_the_site_says_so(
    settings: dict[str, Any], told: tuple[Outcome, str]
) -> None:
    platform = with_dra(ScaledPlatform(devices=0), driver="accel.example.com")

    verdict = await _verdict(platform, **settings)

    assert (verdict.outcome, verdict.reason) == told, verdict.sentence


async def test_every_right_is_used() -> None:
    calls: list[str] = []
    for platform in (with_dra(ScaledPlatform(devices=0)), ScaledPlatform("keda")):
        platform.objects.serve(POD_MONITOR)
        platform.relevant = ["pods/DCGM_FI_DEV_GPU_UTIL"]
        platform.orphans = platform.kind == "custom"
        await platform.run(CHECK)
        calls += platform.objects.calls

    assert unused(CHECK, map(_as_declared, calls)) == []


def _as_declared(call: str) -> str:
    """Rights are for any metric, calls for one."""
    for one, any_metric in (
        (f"pods.{CUSTOM_GROUP}/{METRIC}", f"*.{CUSTOM_GROUP}"),
        (f"s0-metric-api-value.{EXTERNAL_GROUP}", f"*.{EXTERNAL_GROUP}"),
    ):
        call = call.replace(one, any_metric)
    return call
