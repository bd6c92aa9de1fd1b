"""ScaledObjects as KEDA's API has them: keda.sh/v1alpha1, triggers metrics-api and prometheus."""

from typing import Any

from aiconform.checks.framework import Resource
from aiconform.checks.pod_autoscaling import CHECK
from aiconform.checks.pod_autoscaling.kinds import SCALED_OBJECT
from aiconform.cluster.resources import HORIZONTAL_POD_AUTOSCALER
from aiconform.model.outcome import Outcome
from tests.checks.pod_autoscaling.scaled import ScaledPlatform


async def _scaled_object(settings: dict[str, Any]) -> dict[str, Any]:
    platform, made = ScaledPlatform("keda"), list[dict[str, Any]]()

    def look(verb: str, resource: Resource, found: dict[str, Any]) -> None:
        if resource == SCALED_OBJECT and verb == "create":
            made.append(found)

    platform.objects.reactions.append(look)
    entries = await platform.run(CHECK, settings=settings)
    assert platform.verdict(CHECK, entries).outcome is Outcome.PASS
    (found,) = made
    return found


async def test_keda_asks_the_source_itself() -> None:
    spec = (await _scaled_object({}))["spec"]

    (trigger,) = spec["triggers"]
    assert trigger["type"] == "metrics-api"
    url = trigger["metadata"].pop("url")
    assert url.startswith("http://10.0.0.")
    assert url.endswith(":8080/value/aiconform_queue_depth")
    assert trigger["metadata"] == {"valueLocation": "value", "targetValue": "10"}
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (1, 2)
    behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior["scaleDown"] == {"stabilizationWindowSeconds": 30}


async def test_keda_asks_prometheus_and_takes_no_series_for_an_error() -> None:
    """By default it would take it for zero, and scale down on missing data."""
    server = "http://prometheus.monitoring:9090"

    spec = (await _scaled_object({"keda": {"serverAddress": server}}))["spec"]

    (trigger,) = spec["triggers"]
    assert trigger == {
        "type": "prometheus",
        "metadata": {
            "serverAddress": server,
            "query": 'sum(aiconform_queue_depth{run="n0nce"})',
            "threshold": "10",
            "ignoreNullValues": "false",
        },
    }


async def test_autoscaler_that_keda_makes_goes_with_its_object() -> None:
    platform = ScaledPlatform("keda")

    await platform.run(CHECK)

    assert not platform.objects.all(SCALED_OBJECT)
    assert not platform.objects.all(HORIZONTAL_POD_AUTOSCALER)
