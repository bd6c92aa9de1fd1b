"""
Slots: places of which each holds one pod of a gang, and of which there are exactly so many (pure).

The number of slots must be known and small, since a gang of one more has to be refused. So the
scarce thing is an accelerator, or a processor request of which one fits on each node.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from aiconform.checks.framework import Inventory
from aiconform.checks.gang_scheduling.capacity import amount, fits

Mode = Literal["plugin", "dra", "plugin-cpu", "cpu"]
Free = Mapping[str, Mapping[str, float]]  # node → resource → free

# What a pod asks for beside its slot; the framework asks the same for pods that say nothing.
PLAIN = {"cpu": "200m", "memory": "96Mi"}
MOST = 4
_MOST_NODES_LOOKED_AT = 16
_LEAST_CORES = 0.3
# Of a node's free cores: one pod of the first fits, two of the second.
_OVER_HALF, _OVER_THIRD = 0.55, 0.36


@dataclass(frozen=True)
class Slots:
    """
    Attributes:
        nodes: By name; pods are pinned to them by `hostnames`.
        count: How many pods of this shape fit there together.
        request: Resource → quantity, for each pod.
        resource: The extended resource that is asked for; "" with DRA and processors.
        device_class: Of the claim, in mode dra.
        driver: Whose devices count, in mode dra.
        accelerators_there: Devices in the whole cluster, free or not.
    """

    mode: Mode
    nodes: tuple[str, ...]
    hostnames: tuple[str, ...]
    count: int
    request: Mapping[str, str]
    resource: str = ""
    device_class: str = ""
    driver: str = ""
    accelerators_there: int = 0

    @property
    def amounts(self) -> dict[str, float]:
        return {resource: amount(quantity) for resource, quantity in self.request.items()}

    def told(self) -> dict[str, Any]:
        """As facts of a step."""
        return asdict(self)


@dataclass(frozen=True)
class Lack:
    """There are no slots, and why."""

    reason: str
    sentence: str


@dataclass(frozen=True)
class Wish:
    """What the site allows: so many accelerators at a time, processors instead of them."""

    most: int = MOST
    cpu_instead: bool = True
    extra: Mapping[str, str] = field(default_factory=lambda: dict(PLAIN))


def choose_slots(inventory: Inventory, free: Free, wish: Wish) -> Slots | Lack:
    """Accelerators of a plugin, of DRA, one on each node, or none: the first that gives two."""
    there = sum(offer.total for offer in inventory.plugin) + sum(
        device.accelerator for device in inventory.devices
    )
    for find in (_plugin, _dra, _plugin_cpu, _cpu):
        if find is _cpu and not wish.cpu_instead:
            continue
        found = find(inventory, free, wish)
        if found is not None:
            return replace(found, accelerators_there=there)
    if not wish.cpu_instead:
        return Lack("NoFreeDevice", f"fewer than two of {there} accelerators are free together")
    return Lack("NoSlots", "no two places for pods are free, neither accelerators nor processors")


def count_slots(slots: Slots, inventory: Inventory, free: Free) -> int:
    """How many of these slots are free now."""
    return sum(
        min(fits(free.get(node, {}), slots.amounts), _devices(inventory, slots, node))
        for node in slots.nodes
        if node in inventory.nodes
    )


def _plugin(inventory: Inventory, free: Free, wish: Wish) -> Slots | None:
    for resource in dict.fromkeys(offer.resource for offer in inventory.free_offers()):
        request = {**wish.extra, resource: "1"}
        amounts = {key: amount(value) for key, value in request.items()}
        places = {
            offer.node: fits(free.get(offer.node, {}), amounts)
            for offer in inventory.free_offers()
            if offer.resource == resource
        }
        if nodes := _pick(places, wish.most):
            count = sum(places[node] for node in nodes)
            return _slots("plugin", inventory, nodes, count, request, resource=resource)
    return None


def _dra(inventory: Inventory, free: Free, wish: Wish) -> Slots | None:
    """Devices that are bound to one node, whole, and of a driver that has a class of its own."""
    amounts = {key: amount(value) for key, value in wish.extra.items()}
    for driver in dict.fromkeys(d.driver for d in inventory.free_devices() if d.accelerator):
        device_class = inventory.class_for(driver)
        if device_class is None:
            continue
        shape = Slots("dra", (), (), 0, wish.extra, device_class=device_class, driver=driver)
        places = {
            node: min(fits(free.get(node, {}), amounts), _devices(inventory, shape, node))
            for node in inventory.nodes
        }
        if nodes := _pick(places, wish.most):
            count = sum(places[node] for node in nodes)
            return _slots(
                "dra", inventory, nodes, count, wish.extra,
                device_class=device_class, driver=driver,
            )  # fmt: skip
    return None


def _plugin_cpu(inventory: Inventory, free: Free, wish: Wish) -> Slots | None:
    """Nodes with more free devices than we may hold: one pod on each, by its processors."""
    for resource in dict.fromkeys(offer.resource for offer in inventory.free_offers()):
        nodes = [o.node for o in inventory.free_offers() if o.resource == resource]
        cores = {node: free.get(node, {}).get("cpu", 0.0) for node in nodes}
        if (found := _alike(cores, min(wish.most, MOST))) is not None:
            chosen, asked = found
            request = {**wish.extra, resource: "1", "cpu": asked}
            return _checked(
                _slots("plugin-cpu", inventory, chosen, len(chosen), request, resource=resource),
                inventory,
                free,
            )
    return None


def _cpu(inventory: Inventory, free: Free, wish: Wish) -> Slots | None:
    cores = {node: free.get(node, {}).get("cpu", 0.0) for node in inventory.nodes}
    if (found := _alike(cores, MOST)) is not None:
        chosen, asked = found
        request = {**wish.extra, "cpu": asked}
        return _checked(_slots("cpu", inventory, chosen, len(chosen), request), inventory, free)
    if not cores:
        return None
    node, most = max(cores.items(), key=lambda item: item[1])
    request = {**wish.extra, "cpu": f"{int(most * 1000 * _OVER_THIRD)}m"}
    return _checked(_slots("cpu", inventory, (node,), 2, request), inventory, free)


def _checked(slots: Slots, inventory: Inventory, free: Free) -> Slots | None:
    """Only when there are exactly as many as meant: memory or pods may be tighter."""
    if amount(slots.request["cpu"]) < _LEAST_CORES / 3:
        return None
    return slots if count_slots(slots, inventory, free) == slots.count else None


def _alike(cores: Mapping[str, float], most: int) -> tuple[tuple[str, ...], str] | None:
    """
    Two to `most` nodes on each of which just one pod of a common processor request fits.

    The request is over half of the largest and no more than the smallest of what is free.
    """
    ordered = sorted((n for n in cores if cores[n] >= _LEAST_CORES), key=lambda n: (-cores[n], n))
    for width in range(min(most, len(ordered)), 1, -1):
        for start in range(len(ordered) - width + 1):
            group = ordered[start : start + width]
            largest, smallest = cores[group[0]], cores[group[-1]]
            asked = min(largest * _OVER_HALF, (largest / 2 + smallest) / 2)
            milli = int(asked * 1000)
            if largest * 500 < milli <= smallest * 1000:
                return tuple(group), f"{milli}m"
    return None


def _pick(places: Mapping[str, int], most: int) -> tuple[str, ...]:
    """Nodes whose places add up to two to `most`: as many places, then as many nodes, as can be."""
    usable = sorted((n for n in places if 0 < places[n] <= most), key=lambda n: (places[n], n))
    groups = (
        group
        for size in range(1, most + 1)
        for group in itertools.combinations(usable[:_MOST_NODES_LOOKED_AT], size)
        if 2 <= sum(places[node] for node in group) <= most
    )
    return max(groups, key=lambda group: (sum(places[n] for n in group), len(group)), default=())


def _devices(inventory: Inventory, slots: Slots, node: str) -> int:
    """Free devices of the node, in mode dra; in other modes they limit nothing further."""
    if slots.mode != "dra":
        return 1_000_000
    return sum(
        device.driver == slots.driver and device.node == node and not device.shared
        for device in inventory.free_devices()
    )


def _slots(
    mode: Mode,
    inventory: Inventory,
    nodes: Sequence[str],
    count: int,
    request: Mapping[str, str],
    *,
    resource: str = "",
    device_class: str = "",
    driver: str = "",
) -> Slots:
    labels = [inventory.nodes[node].labels for node in nodes]
    return Slots(
        mode=mode,
        nodes=tuple(nodes),
        hostnames=tuple(
            of.get("kubernetes.io/hostname", node) for node, of in zip(nodes, labels, strict=True)
        ),
        count=count,
        request=dict(request),
        resource=resource,
        device_class=device_class,
        driver=driver,
    )
