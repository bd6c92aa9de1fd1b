"""Quantities, ways and names as the APIs tell them."""

from typing import Any

import pytest

from aiconform.checks.pod_autoscaling.discovery import Api, choose, metrics_apis
from aiconform.checks.pod_autoscaling.kinds import CUSTOM_GROUP, EXTERNAL_GROUP, quantity
from aiconform.checks.pod_autoscaling.relevance import accelerator_metrics
from aiconform.checks.pod_autoscaling.samples import average

CUSTOM, OLD = Api(CUSTOM_GROUP, "v1beta2", True), Api(CUSTOM_GROUP, "v1beta1", True)
DOWN = Api(CUSTOM_GROUP, "v1beta2", False, "no endpoints")
EXTERNAL = Api(EXTERNAL_GROUP, "v1beta1", True)


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0.0), ("7", 7.0), ("10400m", 10.4), ("1k", 1000.0), ("500", 500.0), ("7.5", 7.5),
     ("1e3", 1000.0), ("", None), ("NaN", None), ("many", None), (None, None)],
)  # fmt: skip
def test_quantities_are_read_or_none(text: Any, value: float | None) -> None:
    assert quantity(text) == value


@pytest.mark.parametrize(
    ("apis", "keda", "settings", "way"),
    [
        ((CUSTOM, EXTERNAL), True, {}, ("custom", "v1beta2")),
        ((OLD,), False, {}, ("custom", "v1beta1")),
        ((DOWN, EXTERNAL), True, {}, ("keda", "v1beta1")),
        ((DOWN, EXTERNAL), False, {}, (None, "")),
        ((EXTERNAL,), False, {"external": {"metric": "queue"}}, ("external", "v1beta1")),
        ((CUSTOM, EXTERNAL), True, {"adapter": "keda"}, ("keda", "v1beta1")),
        ((CUSTOM,), True, {"adapter": "keda"}, (None, "")),
        ((), True, {}, (None, "")),
    ],
)
def test_first_way_that_is_there_is_taken(
    apis: tuple[Api, ...], keda: bool, settings: Any, way: Any
) -> None:
    assert choose(apis, keda=keda, settings=settings) == way


def test_newer_version_of_a_metrics_api_comes_first() -> None:
    def service(version: str) -> dict[str, Any]:
        condition = {"type": "Available", "status": "True"}
        spec = {"group": CUSTOM_GROUP, "version": version}
        return {"spec": spec, "status": {"conditions": [condition]}}

    processor = {"spec": {"group": "metrics.k8s.io", "version": "v1beta1"}}

    found = metrics_apis([service("v1beta1"), processor, service("v1beta2")])

    assert [api.version for api in found] == ["v1beta2", "v1beta1"]


def test_api_that_says_nothing_of_itself_is_not_available() -> None:
    (found,) = metrics_apis([{"spec": {"group": CUSTOM_GROUP, "version": "v1beta2"}}])

    assert not found.available


def test_only_metrics_of_accelerators_told_of_pods_are_relevant() -> None:
    told = ["pods/DCGM_FI_DEV_GPU_UTIL", "pods/amd_gpu_gfx_activity", "pods/memory_usage",
            "namespaces/DCGM_FI_DEV_GPU_UTIL", "pods/DCGM_FI_DEV_MEM_CLOCK"]  # fmt: skip

    assert accelerator_metrics(told) == ["DCGM_FI_DEV_GPU_UTIL", "amd_gpu_gfx_activity"]


def test_autoscaler_that_has_no_metric_reckons_with_none() -> None:
    assert average({"currentMetrics": [{"type": "Resource", "resource": {}}]}) is None
    assert average({}) is None
