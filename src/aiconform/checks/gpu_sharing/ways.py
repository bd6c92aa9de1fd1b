"""By which ways devices of this platform can be shared, and on which node each is tried (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal

from aiconform import catalogue
from aiconform.checks.framework import DraDevice, Inventory, PluginOffer
from aiconform.cluster.trouble import mapping, mappings

Json = Mapping[str, Any]
Kind = Literal["partition", "slices", "capacity", "claim"]

MOST_WAYS = 3
# Schedulers and plugins that hand out fractions by rules of their own. Found and told, not tried.
_FRACTIONS = ("nvidia.com/gpumem", "nvidia.com/gpucores", "volcano.sh/vgpu")
_NVIDIA = "nvidia.com/gpu"


@dataclass(frozen=True)
class Way:
    """
    One way of sharing on one node.

    Attributes:
        kind: partition: parts that the hardware keeps apart; slices: parts in time; capacity: a
            device that may be allocated several times; claim: two pods with one claim.
        resource: Extended resource; empty where parts are claimed.
        cel: What picks the devices of this kind among the class's; empty: all of them are.
        free: Units that are free on the node: parts, or whole devices for `claim`.
        capacity: The capacity that is asked for, and all of it; for `capacity` only.
    """

    kind: Kind
    node: str
    free: int
    resource: str = ""
    driver: str = ""
    device_class: str = ""
    cel: str = ""
    capacity: tuple[str, str] = ("", "")

    @property
    def advertised(self) -> bool:
        """The platform says so. That claims may be shared is the API's word, not the driver's."""
        return self.kind != "claim"

    @property
    def told(self) -> str:
        return f"{self.kind} of {self.resource or self.driver} on {self.node}"

    def facts(self) -> dict[str, Any]:
        return {**asdict(self), "capacity": list(self.capacity), "advertised": self.advertised}


def ways_of(
    found: Inventory, slices: Sequence[Json], classes: Mapping[str, str]
) -> tuple[list[Way], list[str]]:
    """
    One for each kind and resource or driver, the strictest first.

    Args:
        classes: DRA driver → the DeviceClass that the site names for it.

    Returns:
        Ways, and what was found and is not tried, with why.
    """
    best: dict[tuple[str, str], Way] = {}
    told: list[str] = []
    for offer in found.free_offers():
        labels = found.nodes[offer.node].labels
        kind = _plugin_kind(offer, labels)
        if kind and (offer.free or 0) >= 2:
            way = Way(kind, offer.node, offer.free or 0, resource=offer.resource)
            best.setdefault((kind, offer.resource), way)
        elif kind:
            told.append(f"{kind} of {offer.resource} on {offer.node}: fewer than two are free")
    parts = _parts(slices)
    for way in _claimed(found, parts, classes, told):
        best.setdefault((way.kind, way.driver), way)
    told += _fractions(found)
    order = ("partition", "slices", "capacity", "claim")
    ways = sorted(best.values(), key=lambda way: order.index(way.kind))
    told += [f"{way.told}: no time for more" for way in ways[MOST_WAYS:]]
    return ways[:MOST_WAYS], list(dict.fromkeys(told))


def usage(found: Inventory, way: Way) -> dict[str, int | bool | None]:
    """Which of the way's devices on its node are in use; others elsewhere are of no account."""
    if way.resource:
        return {
            offer.resource: offer.free
            for offer in found.plugin
            if (offer.resource, offer.node) == (way.resource, way.node)
        }
    return {
        f"{device.pool}/{device.name}": device.in_use
        for device in found.devices
        if device.driver == way.driver and way.node in device.nodes
    }


def _plugin_kind(offer: PluginOffer, labels: Mapping[str, str]) -> Kind | None:
    """Source: NVIDIA/k8s-device-plugin, gpu-feature-discovery; ROCm/gpu-operator, partitions."""
    resource = offer.resource
    if resource.startswith("nvidia.com/mig-") or (
        resource == _NVIDIA
        and labels.get("nvidia.com/mig.strategy") == "single"
        and "-MIG-" in labels.get("nvidia.com/gpu.product", "")
    ):
        return "partition"
    if resource.startswith("amd.com/") and resource != "amd.com/gpu":
        return "partition"
    if resource == "aws.amazon.com/neuroncore":
        return "partition"
    if any(vendor.shares(resource) for vendor in catalogue.vendors()):
        return "slices"
    replicas = labels.get("nvidia.com/gpu.replicas", "1")
    strategy = labels.get("nvidia.com/gpu.sharing-strategy", "none")
    shares = strategy in {"time-slicing", "mps"} or (replicas.isdigit() and int(replicas) > 1)
    return "slices" if resource == _NVIDIA and shares else None


@dataclass(frozen=True)
class Part:
    """What a slice says of one device beyond the inventory."""

    counters: tuple[str, ...]  # counter sets that it consumes
    several: bool
    capacity: Mapping[str, str]


def _parts(slices: Iterable[Json]) -> dict[tuple[str, str, str], Part]:
    """By driver, pool and device."""
    found = {}
    for each in slices:
        spec = mapping(each.get("spec"))
        pool = str(mapping(spec.get("pool")).get("name"))
        for device in mappings(spec.get("devices")):
            key = (str(spec.get("driver")), pool, str(device.get("name")))
            found[key] = Part(
                tuple(str(c.get("counterSet")) for c in mappings(device.get("consumesCounters"))),
                device.get("allowMultipleAllocations") is True,
                {
                    k: str(mapping(v).get("value"))
                    for k, v in mapping(device.get("capacity")).items()
                },
            )
    return found


def counter_sets(slices: Iterable[Json]) -> dict[str, list[str]]:
    """ "driver/pool/device" → the counter sets that it consumes: parts of one device share them."""
    return {"/".join(key): list(part.counters) for key, part in _parts(slices).items()}


def _claimed(
    found: Inventory, parts: Mapping[tuple[str, str, str], Part], classes: Mapping[str, str],
    told: list[str],
) -> Iterable[Way]:  # fmt: skip
    groups: dict[tuple[str, str], list[DraDevice]] = {}
    for device in found.free_devices():
        if (device.accelerator or device.driver in classes) and device.node in found.nodes:
            groups.setdefault((device.driver, str(device.node)), []).append(device)
    for (driver, node), free in sorted(groups.items()):
        device_class = classes.get(driver) or found.class_for(driver)
        if not device_class:
            told.append(f"{driver}: no DeviceClass selects its devices alone")
            continue

        def part(device: DraDevice) -> Part:
            return parts.get((device.driver, device.pool, device.name), Part((), False, {}))

        way = partial(Way, node=node, driver=driver, device_class=device_class)
        split = [d for d in free if part(d).counters]
        several = [d for d in free if part(d).several]
        whole = [d for d in free if not part(d).counters and not part(d).several]
        if len(split) >= 2 and (cel := _cel(split, free)) is not None:
            yield way("partition", free=len(split), cel=cel)
        elif split:
            told.append(f"partition of {driver} on {node}: they cannot be told apart or are few")
        for device in several[:1]:
            capacity = next(iter(sorted(part(device).capacity.items())), ("", ""))
            if capacity[0] and (cel := _cel(several, free)) is not None:
                yield way("capacity", free=len(several), cel=cel, capacity=capacity)
        if whole and (cel := _cel(whole, free)) is not None:
            yield way("claim", free=len(whole), cel=cel)


def _cel(wanted: Sequence[DraDevice], free: Sequence[DraDevice]) -> str | None:
    """What picks these; empty: there are no others; None: nothing tells them apart."""
    others = [device for device in free if device not in wanted]
    if not others:
        return ""
    for key in ("profile", "type"):
        values = {_string(d, key) for d in wanted}
        if len(values) == 1 and "" not in values and not values & {_string(d, key) for d in others}:
            domain = wanted[0].driver
            attributes = f'device.attributes["{domain}"]'
            return f'"{key}" in {attributes} && {attributes}.{key} == "{values.pop()}"'
    return None


def _string(device: DraDevice, key: str) -> str:
    value = device.attributes.get(key) or device.attributes.get(f"{device.driver}/{key}") or {}
    return str(value.get("string") or "") if isinstance(value, Mapping) else ""


def _fractions(found: Inventory) -> list[str]:
    named = {
        name
        for node in found.nodes.values()
        for name in node.allocatable
        if name.startswith(_FRACTIONS)
    }
    return [f"{name}: fractions by a scheduler's own rules are not tried" for name in sorted(named)]
