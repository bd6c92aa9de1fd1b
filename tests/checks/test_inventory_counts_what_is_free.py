"""Which devices are free: by plugins and by claims, on nodes that a pod of ours may use."""

from typing import Any

import pytest

from aiconform.checks.framework import moved
from aiconform.checks.framework.inventory import Inventory, take_inventory

Json = dict[str, Any]
GPU = "nvidia.com/gpu"
DRIVER = "gpu.nvidia.com"


def node(name: str, *, gpus: int = 0, taint: str = "", ready: bool = True, **labels: str) -> Json:
    allocatable = {"cpu": "4", **({GPU: str(gpus)} if gpus else {})}
    spec: Json = {"taints": [{"key": taint, "effect": "NoSchedule"}]} if taint else {}
    conditions = [{"type": "Ready", "status": str(ready)}]
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": {"allocatable": allocatable, "conditions": conditions},
    }


def user(node_name: str, gpus: int, *, phase: str = "Running") -> Json:
    container = {"resources": {"limits": {GPU: str(gpus)}}}
    return {
        "metadata": {"name": "user"},
        "spec": {"nodeName": node_name, "containers": [container]},
        "status": {"phase": phase},
    }


def pool(
    name: str = "node1", *, count: int = 2, of: int = 1, generation: int = 1, **where: Any
) -> Json:
    devices = [{"name": f"gpu-{number}"} for number in range(count)]
    told = {"name": name, "generation": generation, "resourceSliceCount": of}
    spec = {"driver": DRIVER, "pool": told, "devices": devices, **(where or {"nodeName": name})}
    return {"metadata": {"name": f"{name}-{generation}"}, "spec": spec}


def claim(device: str, **result: Any) -> Json:
    found = {"driver": DRIVER, "pool": "node1", "device": device, **result}
    return {"status": {"allocation": {"devices": {"results": [found]}}}}


def take(**parts: Any) -> Inventory:
    return take_inventory(**{"nodes": [node("node1"), node("node2")], "pods": [], **parts})


def free_names(found: Inventory) -> list[str]:
    return [device.name for device in found.free_devices()]


@pytest.mark.parametrize(
    ("pods", "free"),
    [([], 4), ([user("node1", 3)], 1), ([user("node1", 9)], 0),
     ([user("node1", 3, phase="Succeeded")], 4), (None, None)],
)  # fmt: skip
def test_plugin_devices_are_free_that_no_pod_has(pods: list[Json] | None, free: int | None) -> None:
    found = take(nodes=[node("node1", gpus=4)], pods=pods)

    assert [offer.free for offer in found.plugin] == [free]
    assert bool(found.free_offers()) is bool(free)


def test_claimed_devices_are_not_free() -> None:
    assert free_names(take(slices=[pool()], claims=[claim("gpu-0")])) == ["gpu-1"]


def test_administrative_access_takes_no_device() -> None:
    found = take(slices=[pool()], claims=[claim("gpu-0", adminAccess=True)])

    assert free_names(found) == ["gpu-0", "gpu-1"]


def test_claims_that_may_not_be_listed_leave_nothing_free() -> None:
    found = take(slices=[pool()], claims=None, not_permitted=["not permitted to list claims"])

    assert free_names(found) == []
    assert found.devices[0].free is None
    assert found.told()["not_permitted"]


def test_incomplete_pool_is_named_and_not_taken_for_empty() -> None:
    found = take(slices=[pool(of=2)])

    assert found.devices == ()
    assert found.incomplete == (f"{DRIVER}/node1",)


def test_only_the_newest_generation_counts() -> None:
    found = take(slices=[pool(count=5, generation=1), pool(count=1, generation=2)])

    assert free_names(found) == ["gpu-0"]


def test_tainted_device_is_not_free() -> None:
    tainted = pool()
    tainted["spec"]["devices"][0]["taints"] = [{"key": "sick", "effect": "NoExecute"}]
    tainted["spec"]["devices"][1]["taints"] = [{"key": "watched", "effect": "None"}]

    assert free_names(take(slices=[tainted])) == ["gpu-1"]


@pytest.mark.parametrize(
    ("where", "nodes"),
    [
        ({"nodeName": "node2"}, ("node2",)),
        ({"allNodes": True}, ("node1", "node2")),
        ({"nodeSelector": {"nodeSelectorTerms": [{"matchExpressions": [
            {"key": "zone", "operator": "In", "values": ["a"]}]}]}}, ("node1",)),
        ({"nodeSelector": {"nodeSelectorTerms": [{"matchFields": [
            {"key": "metadata.name", "operator": "In", "values": ["node2"]}]}]}}, ("node2",)),
        ({"nodeSelector": {"nodeSelectorTerms": [{}]}}, ()),
    ],
)  # fmt: skip
def test_pool_says_from_which_nodes_it_is_used(where: Json, nodes: tuple[str, ...]) -> None:
    found = take(nodes=[node("node1", zone="a"), node("node2")], slices=[pool(**where)])

    assert {device.nodes for device in found.devices} == {nodes}


def test_device_can_say_its_own_nodes() -> None:
    of_device = pool(perDeviceNodeSelection=True)
    of_device["spec"]["devices"][0]["nodeName"] = "node2"
    of_device["spec"]["devices"][1]["allNodes"] = True

    found = take(slices=[of_device])

    assert [device.nodes for device in found.devices] == [("node2",), ("node1", "node2")]


def test_slices_without_a_node_harm_nobody() -> None:
    """A suite that is known to panic on them is the reason for this test."""
    odd = {"metadata": {"name": "odd"}, "spec": {"driver": "x", "pool": None, "devices": None}}

    assert take(slices=[odd, {}, {"spec": []}]).devices == ()


@pytest.mark.parametrize(
    ("made", "usable"),
    [
        (node("node1", gpus=1), True),
        (node("node1", gpus=1, ready=False), False),
        (node("node1", gpus=1, taint="team"), False),
        (node("node1", gpus=1, taint=GPU), True),
    ],
)
def test_only_nodes_count_that_take_our_pods(made: Json, usable: bool) -> None:
    found = take(nodes=[made], slices=[pool()])

    assert bool(found.free_offers()) is usable
    assert bool(found.free_devices()) is usable


def test_tolerated_taint_keeps_nobody_away() -> None:
    tolerated = [{"key": "team", "operator": "Exists"}]

    found = take(nodes=[node("node1", gpus=1, taint="team")], tolerated=tolerated)

    assert found.free_offers()


def test_class_is_the_one_that_names_the_driver() -> None:
    def device_class(name: str, *expressions: str, **spec: Any) -> Json:
        selectors = [{"cel": {"expression": e}} for e in expressions]
        return {"metadata": {"name": name}, "spec": {"selectors": selectors, **spec}}

    classes = [
        device_class("all"),
        device_class("gpu", f'device.driver == "{DRIVER}"', extendedResourceName=GPU),
        device_class("either", "device.driver == 'a' || device.driver == 'b'"),
    ]

    found = take(classes=classes)

    assert found.class_for(DRIVER) == "gpu"
    assert found.class_for("a") is None
    assert found.extended == {GPU: "gpu"}


def test_shared_devices_are_marked() -> None:
    shared = pool(count=1)
    shared["spec"]["devices"][0]["allowMultipleAllocations"] = True

    assert [device.shared for device in take(slices=[shared]).devices] == [True]


def test_what_others_take_meanwhile_is_noticed() -> None:
    before = take(slices=[pool()], claims=[])
    after = take(slices=[pool()], claims=[claim("gpu-0")])

    assert moved(before, after)
    assert not moved(before, take(slices=[pool()], claims=[]))
