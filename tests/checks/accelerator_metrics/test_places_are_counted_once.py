"""How many devices an exporter has to tell of, however they are offered."""

from typing import Any

import pytest

from aiconform.checks.accelerator_metrics import CHECK
from aiconform.checks.accelerator_metrics.places import places
from aiconform.checks.framework import DraDevice, Inventory, PluginOffer
from aiconform.cluster.resources import (
    DEVICE_CLASS,
    NODE,
    POD,
    RESOURCE_CLAIM,
    RESOURCE_SLICE,
    Resource,
)
from aiconform.model.outcome import Outcome
from tests.checks.accelerator_metrics.exported import LOADED, ExportedPlatform
from tests.checks.rights_used import unused

Json = dict[str, Any]


def _node(labels: Json | None = None, capacity: Json | None = None) -> Json:
    return {"metadata": {"name": "n", "labels": labels or {}},
            "status": {"capacity": capacity or {}}}  # fmt: skip


def _offer(resource: str, total: int) -> PluginOffer:
    return PluginOffer(resource, "n", total, total)


def _device(name: str, **how: Any) -> DraDevice:
    return DraDevice("gpu.nvidia.com", "n", name, "n", ("n",), False, accelerator=True, **how)


@pytest.mark.parametrize(
    ("offers", "devices", "node", "counted"),
    [
        ([_offer("nvidia.com/gpu", 8)], (), _node(), (8, 8, "devices")),
        # One is not healthy: it may still be told of.
        ([_offer("nvidia.com/gpu", 7)], (), _node(capacity={"nvidia.com/gpu": "8"}),
         (7, 8, "devices")),
        # Each of two is offered four times.
        ([_offer("nvidia.com/gpu", 8)], (),
         _node({"nvidia.com/gpu.replicas": "4", "nvidia.com/gpu.count": "2"}), (2, 2, "shared")),
        ([_offer("nvidia.com/gpu.shared", 8)], (), _node(), (1, 8, "shared")),
        ([_offer("nvidia.com/mig-1g.10gb", 3), _offer("nvidia.com/mig-2g.20gb", 1)], (), _node(),
         (4, 4, "instances")),
        # The same hardware three times over.
        ([_offer("aws.amazon.com/neuron", 2), _offer("aws.amazon.com/neuroncore", 4)], (),
         _node(), (4, 4, "cores")),
        # The same hardware by plugin and by DRA.
        ([_offer("nvidia.com/gpu", 2)], (_device("a"), _device("b")), _node(), (2, 2, "devices")),
        ([], (_device("a"), _device("b", tainted=True)), _node(), (1, 2, "devices")),
        ([], (_device("a", shared=True), _device("b", shared=True)), _node(), (1, 2, "shared")),
    ],
)  # fmt: skip
def test_the_same_hardware_is_counted_once(
    offers: list[PluginOffer], devices: tuple[DraDevice, ...], node: Json, counted: Any
) -> None:
    found = Inventory(nodes={}, plugin=tuple(offers), devices=devices)

    (place,) = places(found, [node])

    assert (place.least, place.most, place.counts) == counted


def test_two_makers_on_one_node_are_two_places() -> None:
    offers = (_offer("nvidia.com/gpu", 2), _offer("gpu.intel.com/xe", 1))

    told = places(Inventory(nodes={}, plugin=offers), [_node()])

    assert [(place.maker, place.least) for place in told] == [("nvidia", 2), ("intel-gpu", 1)]


class ClaimedPlatform(ExportedPlatform):
    """Devices by DRA only; a claim is given the first one once a pod uses it."""

    def __init__(self) -> None:
        super().__init__(nodes=("node1",))
        for node in self.objects.all(NODE):
            node["status"]["allocatable"].pop(self.resource)
        self.objects.put(DEVICE_CLASS, {"metadata": {"name": "gpu"}, "spec": {"selectors": [
            {"cel": {"expression": 'device.driver == "gpu.nvidia.com"'}}]}})  # fmt: skip
        devices = [
            {"name": f"gpu-{n}", "attributes": {"uuid": {"string": f"GPU-node1-{n}"}}}
            for n in range(2)
        ]
        self.objects.put(RESOURCE_SLICE, {"metadata": {"name": "s"}, "spec": {
            "driver": "gpu.nvidia.com", "nodeName": "node1", "devices": devices,
            "pool": {"name": "node1", "generation": 1, "resourceSliceCount": 1}}})  # fmt: skip
        self.granted = "gpu-0"
        self.objects.reactions.append(self._allocate)

    def _held(self, node: str) -> list[Any]:
        return [
            {"namespace": pod["metadata"]["namespace"], "pod": pod["metadata"]["name"]}
            for pod in self.objects.all(POD)
            if pod["spec"].get("resourceClaims")
        ]

    def _allocate(self, verb: str, resource: Resource, pod: Json) -> None:
        if resource != POD or verb != "create" or not pod["spec"].get("resourceClaims"):
            return
        for claim in self.objects.all(RESOURCE_CLAIM):
            result = {"driver": "gpu.nvidia.com", "pool": "node1", "device": self.granted}
            status = {"allocation": {"devices": {"results": [result]}}}
            self.objects.change(RESOURCE_CLAIM, claim, status=status)


async def test_claimed_device_is_loaded_and_every_right_is_used() -> None:
    platform = ClaimedPlatform()

    verdict = platform.verdict(CHECK, await platform.run(CHECK, settings=LOADED))

    assert verdict.outcome is Outcome.PASS, verdict.sentence
    assert unused(CHECK, platform.objects.calls) == []
    assert platform.objects.all(RESOURCE_CLAIM) == []


async def test_mutant_that_tells_the_load_of_another_claimed_device_fails() -> None:
    platform = ClaimedPlatform()
    platform.granted = "gpu-1"

    verdict = platform.verdict(CHECK, await platform.run(CHECK, settings=LOADED))

    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, "WrongDevice"), verdict.sentence


async def test_incomplete_pool_is_unknown() -> None:
    platform = ClaimedPlatform()
    (part,) = platform.objects.all(RESOURCE_SLICE)
    part["spec"]["pool"]["resourceSliceCount"] = 2

    verdict = platform.verdict(CHECK, await platform.run(CHECK, settings=LOADED))

    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "PoolIncomplete")
