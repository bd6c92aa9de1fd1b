"""
Where accelerators are, how many an exporter has to tell of, and which nodes are alike (pure).

A place is the accelerators of one maker on one node. The same hardware may be offered by a device
plugin and by DRA, so their counts are never added.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from aiconform import catalogue
from aiconform.catalogue.figures import product_labels
from aiconform.checks.framework import DraDevice, Inventory, PluginOffer
from aiconform.cluster.trouble import mapping

Json = Mapping[str, Any]
# GPU Feature Discovery: how many devices there are when each is offered several times.
_REPLICAS, _COUNT = "nvidia.com/gpu.replicas", "nvidia.com/gpu.count"
_CORES = "aws.amazon.com/neuroncore"


@dataclass(frozen=True)
class Place:
    """
    Attributes:
        maker: Id of catalogue.vendors; empty: the site named the resource or driver.
        least, most: Devices that have to be told of, and that may be.
        free: Granted to nobody now; None: that could not be counted.
        group: Places of one group are alike: one of them stands for all under load.
        driver, device_class: Set when devices are claimed by DRA; else `resource` is asked for.
    """

    node: str
    what: str
    maker: str
    least: int
    most: int
    free: int | None
    group: str
    schedulable: bool
    resource: str = ""
    driver: str = ""
    device_class: str = ""
    counts: str = "devices"  # devices, instances (MIG), shared (several grants of one), cores

    def as_facts(self) -> dict[str, Any]:
        return asdict(self)


def places(found: Inventory, nodes: Sequence[Json]) -> tuple[Place, ...]:
    """
    Args:
        nodes: As the API server has them: capacities and labels.
    """
    by_name = {str(mapping(n.get("metadata")).get("name")): n for n in nodes}
    told: list[Place] = []
    claimable = {node for device in found.devices for node in device.nodes}
    for node in sorted({offer.node for offer in found.plugin} | claimable):
        offers = [offer for offer in found.plugin if offer.node == node]
        devices = [d for d in found.devices if d.accelerator and node in d.nodes]
        makers = [_maker(offer.resource) or offer.resource for offer in offers]
        makers += [_maker_of(device.driver) or device.driver for device in devices]
        for maker in dict.fromkeys(makers):
            mine = [o for o in offers if (_maker(o.resource) or o.resource) == maker]
            claimed = [d for d in devices if (_maker_of(d.driver) or d.driver) == maker]
            told.append(_place(found, by_name.get(node, {}), node, mine, claimed))
    return tuple(told)


def groups(all_of: Iterable[Place]) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = {}
    for place in all_of:
        found.setdefault(place.group, []).append(place)
    return found


def loaded(group: Sequence[Place]) -> Place | None:
    """The place of a group where one device is put under load: one that nobody else uses, best."""
    free = [p for p in group if p.schedulable and p.free]
    return min(free, key=lambda p: (p.most - (p.free or 0), p.node), default=None)


def _place(
    found: Inventory,
    node: Json,
    name: str,
    offers: Sequence[PluginOffer],
    devices: Sequence[DraDevice],
) -> Place:
    labels = mapping(mapping(node.get("metadata")).get("labels"))
    # A pod that is given a load asks for the resource of which most are free.
    best = max(offers, key=lambda o: (o.free or 0, o.total), default=None)
    what = best.resource if best else devices[0].driver
    least, most, counts = _plugin(offers, node, labels) if offers else _dra(devices)
    if offers and devices:
        _, others, _ = _dra(devices)
        most = max(most, others)
    product = next((str(labels[p.key]) for p in product_labels() if labels.get(p.key)), "")
    free = _free(offers, devices)
    return Place(
        node=name,
        what=what,
        maker=_maker(what) if best else _maker_of(what),
        least=least,
        most=most,
        free=free,
        group="/".join(filter(None, (what, product, f"{most}x"))),
        schedulable=name in found.nodes,
        resource=best.resource if best else "",
        driver="" if best else what,
        device_class="" if best else found.class_for(what) or "",
        counts=counts,
    )


def _plugin(offers: Sequence[PluginOffer], node: Json, labels: Json) -> tuple[int, int, str]:
    """Least, most, and what is counted."""
    cores = [offer for offer in offers if offer.resource == _CORES]
    if cores:
        return cores[0].total, _capacity(cores, node), "cores"
    if any(_is_shared(offer, labels) for offer in offers):
        told = str(labels.get(_COUNT) or "")
        count = int(told) if told.isdecimal() else 0
        return max(1, count), count or _capacity(offers, node), "shared"
    if any(offer.resource.startswith("nvidia.com/mig-") for offer in offers):
        return sum(o.total for o in offers), _capacity(offers, node), "instances"
    if any(offer.resource.startswith("aws.amazon.com/") for offer in offers):
        # Devices; the exporter tells of their cores, of which each has several.
        return max(o.total for o in offers), 64 * max(o.total for o in offers), "cores"
    return sum(o.total for o in offers), _capacity(offers, node), "devices"


def _dra(devices: Sequence[DraDevice]) -> tuple[int, int, str]:
    if any(device.shared for device in devices):
        return 1, len(devices), "shared"
    return sum(1 for device in devices if not device.tainted), len(devices), "devices"


def _is_shared(offer: PluginOffer, labels: Json) -> bool:
    replicas = str(labels.get(_REPLICAS) or "")
    sliced = offer.resource == "nvidia.com/gpu" and replicas.isdecimal() and int(replicas) > 1
    return sliced or any(vendor.shares(offer.resource) for vendor in catalogue.vendors())


def _capacity(offers: Sequence[PluginOffer], node: Json) -> int:
    """A device that is not healthy leaves `allocatable`, stays in `capacity`, and has metrics."""
    capacity = mapping(mapping(node.get("status")).get("capacity"))
    told = [str(capacity.get(offer.resource) or "") for offer in offers]
    return sum(
        max(offer.total, int(count) if count.isdecimal() else 0)
        for offer, count in zip(offers, told, strict=True)
    )


def _free(offers: Sequence[PluginOffer], devices: Sequence[DraDevice]) -> int | None:
    counts = [o.free for o in offers] if offers else [
        None if d.free is None else int(d.free) for d in devices
    ]  # fmt: skip
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _maker(resource: str) -> str:
    return next((v.id for v in catalogue.vendors() if v.owns(resource)), "")


def _maker_of(driver: str) -> str:
    return next((v.id for v in catalogue.vendors() if driver in v.dra_drivers), "")
