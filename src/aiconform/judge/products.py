"""Which product is a measured device, and how does it hang on its host? From what its node said."""

import re
from collections.abc import Iterable
from functools import lru_cache

from aiconform.catalogue.accelerators import identify, is_partition
from aiconform.catalogue.figures import AcceleratorKind
from aiconform.judge.facts import Facts
from aiconform.model.wire import Accelerator, Inventory, Measurement

# Transfer rate of one lane as sysfs writes it → PCIe generation.
GENERATIONS = {2.5: 1, 5.0: 2, 8.0: 3, 16.0: 4, 32.0: 5, 64.0: 6}
FULL_WIDTH = 16


def inventory_of(node: str, facts: Facts) -> Inventory | None:
    """The node's inventory when its report is complete, and there is exactly one."""
    stream = facts.stream(node, "inventory")
    found = [record for _, record in stream.of(Inventory)]
    return found[0] if stream.complete and len(found) == 1 else None


def product_of(measured: Measurement, node: str, facts: Facts) -> AcceleratorKind | None:
    """By the name that the framework has for it, else by what the node's devices all are."""
    if measured.device is None:
        return None
    named = measured.params.get("product")
    if isinstance(named, str) and named:
        if is_partition(named):
            return None
        if found := identify(product=named):
            return found
    return node_product(node, facts)


def node_product(node: str, facts: Facts) -> AcceleratorKind | None:
    """What all accelerators of a node are; None when they differ, are parts, or are not known."""
    inventory = inventory_of(node, facts)
    if inventory is None or any(each.partition for each in inventory.accelerators):
        return None
    kinds = {
        kind.id if kind else None: kind
        for each in inventory.accelerators
        for kind in [identify(pci_id=each.pci_id, product=each.product)]
    }
    if len(kinds) == 1:
        return next(iter(kinds.values()))
    return identify(labels=facts.labels.get(node, {})) if not kinds else None


def host_transport(kind: AcceleratorKind, node: str, facts: Facts) -> str | None:
    """
    The class of link between host and device: pcie5, nvlink-c2c.

    What the node's slots can do decides where it is known: a fifth generation card in a fourth
    generation slot is sound at half the rate. None for a slot of fewer than 16 lanes.
    """
    if kind.host_link.kind != "pcie":
        return kind.host_link.transport
    inventory = inventory_of(node, facts)
    devices = inventory.accelerators if inventory else ()
    widths = {d.path_max_link_width or d.max_link_width for d in devices} - {None}
    if widths and min(w for w in widths if w) < FULL_WIDTH:
        return None
    generation = slowest_generation(devices)
    return f"pcie{generation}" if generation else kind.host_link.transport


def slowest_generation(devices: Iterable[Accelerator]) -> int | None:
    speeds = [generation(d.path_max_link_speed or d.max_link_speed) for d in devices]
    known = [speed for speed in speeds if speed]
    return min(known) if known else None


@lru_cache(maxsize=64)
def generation(speed: str | None) -> int | None:
    """5 of `32.0 GT/s PCIe`."""
    found = re.match(r"([0-9]{1,3}(?:\.[0-9])?) GT/s", speed or "")
    return GENERATIONS.get(float(found.group(1))) if found else None
