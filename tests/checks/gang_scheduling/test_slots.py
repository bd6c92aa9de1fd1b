"""How many places there are, and which are chosen."""

from typing import Any

import pytest

from aiconform.checks.framework import DraDevice, Inventory, PluginOffer
from aiconform.checks.gang_scheduling.capacity import (
    amount,
    effective_requests,
    fits,
    free_by_node,
)
from aiconform.checks.gang_scheduling.slots import (
    Lack,
    Slots,
    Wish,
    choose_slots,
    count_slots,
)
from aiconform.model.plan import NodeFacts

GPU = "nvidia.com/gpu"


def inventory(free: dict[str, int], **more: Any) -> Inventory:
    nodes = {n: NodeFacts(name=n, ready=True) for n in free}
    return Inventory(
        nodes=nodes, plugin=tuple(PluginOffer(GPU, n, 8, c) for n, c in free.items() if c), **more
    )


def room(free: dict[str, int], cpu: float = 8.0) -> dict[str, dict[str, float]]:
    return {n: {"cpu": cpu, "memory": 2e10, "pods": 50, GPU: c} for n, c in free.items()}


def chosen(free: dict[str, int], cpu: float = 8.0, wish: Wish | None = None) -> Slots:
    found = choose_slots(inventory(free), room(free, cpu), wish or Wish())
    assert isinstance(found, Slots), found
    return found


@pytest.mark.parametrize(
    ("free", "count", "nodes"),
    [
        ({"a": 2, "b": 2, "c": 2}, 4, {"a", "b"}),
        ({"a": 1, "b": 1, "c": 1, "d": 1, "e": 1}, 4, {"a", "b", "c", "d"}),
        ({"a": 4, "b": 8}, 4, {"a"}),
        ({"a": 3, "b": 1}, 4, {"a", "b"}),
        ({"a": 2, "b": 8}, 2, {"a"}),
    ],
)
def test_devices_that_are_free_together(free: dict[str, int], count: int, nodes: set[str]) -> None:
    found = chosen(free)
    assert (found.mode, found.count, set(found.nodes)) == ("plugin", count, nodes)
    assert found.request[GPU] == "1"


def test_full_nodes_give_one_slot_each() -> None:
    found = chosen({"a": 8, "b": 8, "c": 8})
    assert (found.mode, found.count) == ("plugin-cpu", 3)
    assert found.request == {"cpu": "4400m", "memory": "96Mi", GPU: "1"}


def test_no_devices_go_by_processors() -> None:
    found = chosen({"a": 0, "b": 0})
    assert (found.mode, found.count, found.request["cpu"]) == ("cpu", 2, "4400m")


def test_one_node_has_two_slots_of_processors() -> None:
    found = chosen({"a": 0})
    assert (found.mode, found.count, found.request["cpu"]) == ("cpu", 2, "2880m")


def test_unlike_nodes_are_not_mixed() -> None:
    free = {"a": 0, "b": 0, "c": 0}
    rooms = room(free)
    rooms["a"]["cpu"] = 100.0
    found = choose_slots(inventory(free), rooms, Wish())
    assert isinstance(found, Slots)
    assert set(found.nodes) == {"b", "c"}


def test_nothing_free_is_a_lack() -> None:
    free = {"a": 1}
    found = choose_slots(inventory(free), room(free, cpu=0.1), Wish())
    assert found == Lack("NoSlots", found.sentence) if isinstance(found, Lack) else False
    found = choose_slots(inventory(free), room(free), Wish(cpu_instead=False))
    assert isinstance(found, Lack)
    assert found.reason == "NoFreeDevice"


def test_devices_of_dra() -> None:
    devices = tuple(
        DraDevice("gpu.nvidia.com", node, f"d{n}", node, (node,), False, accelerator=True)
        for node in ("a", "b")
        for n in range(2)
    )
    found = inventory(
        {"a": 0, "b": 0}, devices=devices, classes={"gpu.nvidia.com": ("gpu.nvidia.com",)}
    )
    slots = choose_slots(found, room({"a": 0, "b": 0}), Wish())
    assert isinstance(slots, Slots)
    assert (slots.mode, slots.count, slots.device_class) == ("dra", 4, "gpu.nvidia.com")
    assert slots.accelerators_there == 4
    assert count_slots(slots, found, room({"a": 0, "b": 0})) == 4


def test_quantities() -> None:
    assert amount("1100m") == pytest.approx(1.1)
    assert amount("96Mi") == 96 * 2**20
    assert amount("2") == 2
    assert amount("1e3") == 1000
    assert amount("?") == 0


def test_effective_requests_follow_the_scheduler() -> None:
    def c(cpu: str, **more: Any) -> dict[str, Any]:
        return {"resources": {"requests": {"cpu": cpu}}, **more}

    spec = {
        "initContainers": [c("1", restartPolicy="Always"), c("3")],
        "containers": [c("500m"), {"resources": {"limits": {"cpu": "500m"}}}],
        "overhead": {"cpu": "100m"},
    }
    assert effective_requests(spec)["cpu"] == pytest.approx(4.1)
    assert effective_requests({**spec, "resources": {"requests": {"cpu": "2"}}})[
        "cpu"
    ] == pytest.approx(2.1)


def test_free_and_fitting() -> None:
    node = {"metadata": {"name": "a"}, "status": {"allocatable": {"cpu": "2", "pods": "3"}}}
    container = {"resources": {"requests": {"cpu": "900m"}}}
    bound = {"spec": {"nodeName": "a", "containers": [container]}, "status": {"phase": "Running"}}
    ended = {**bound, "status": {"phase": "Succeeded"}}
    free = free_by_node([node], [bound, ended])
    assert free["a"]["cpu"] == pytest.approx(1.1)
    assert free["a"]["pods"] == 2
    assert fits(free["a"], {"cpu": 1.1}) == 1
    assert fits(free["a"], {"cpu": 0.1}) == 2
    assert fits({}, {"cpu": 0.1}) == 0
