"""
Which accelerators there are and which are free, by device plugins and by DRA (pure).

Free is a fact of the moment: the scheduler decides. Where devices are shared or partitioned the
number of free ones is only an upper bound. Source: spec of the requirement checks, 0.3.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiconform import catalogue
from aiconform.checks.framework.nodeset import term_fits
from aiconform.checks.framework.status import results_of
from aiconform.cluster.accelerators import accelerators_in_use
from aiconform.cluster.facts import node_facts
from aiconform.cluster.trouble import mapping, mappings
from aiconform.model.plan import NodeFacts

Json = Mapping[str, Any]


@dataclass(frozen=True)
class PluginOffer:
    """Devices of one extended resource on one node. `free` None: pods could not be counted."""

    resource: str
    node: str
    total: int
    free: int | None


@dataclass(frozen=True)
class DraDevice:
    """One device of a ResourceSlice. `node` None: not bound to one node."""

    driver: str
    pool: str
    name: str
    node: str | None
    nodes: tuple[str, ...]  # from which it can be used
    in_use: bool | None  # None: claims could not be listed
    tainted: bool = False
    shared: bool = False  # partitions or several allocations: being free is an upper bound
    accelerator: bool = False  # its driver is a known vendor's, or one that the site named
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def free(self) -> bool | None:
        return False if self.tainted else None if self.in_use is None else not self.in_use


@dataclass(frozen=True)
class Inventory:
    """
    Attributes:
        nodes: Schedulable nodes by name: Ready, not cordoned, no taint that keeps pods away but
            those of their accelerators.
        incomplete: "driver/pool" of pools whose slices were not all there.
        classes: DeviceClass → the drivers that its selectors name; empty: it names none.
        extended: Extended resource → the DeviceClass that serves it.
    """

    nodes: Mapping[str, NodeFacts]
    plugin: tuple[PluginOffer, ...] = ()
    devices: tuple[DraDevice, ...] = ()
    incomplete: tuple[str, ...] = ()
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    extended: Mapping[str, str] = field(default_factory=dict)
    not_permitted: tuple[str, ...] = ()

    def class_for(self, driver: str) -> str | None:
        """A DeviceClass whose selectors name the driver and no other."""
        return next((name for name, of in sorted(self.classes.items()) if of == (driver,)), None)

    def free_devices(self) -> tuple[DraDevice, ...]:
        """Free ones of complete pools on schedulable nodes, accelerators first."""
        free = [d for d in self.devices if d.free and any(node in self.nodes for node in d.nodes)]
        return tuple(sorted(free, key=lambda d: (not d.accelerator, d.driver, d.pool, d.name)))

    def free_offers(self) -> tuple[PluginOffer, ...]:
        """On schedulable nodes, those with the most free devices first."""
        free = [o for o in self.plugin if o.free and o.node in self.nodes]
        return tuple(sorted(free, key=lambda o: (-(o.free or 0), o.resource, o.node)))

    def told(self) -> dict[str, Any]:
        """As facts of a step: counts, no attributes."""
        return {
            "plugin": [vars(offer) for offer in self.plugin],
            "devices": [
                {"driver": d.driver, "pool": d.pool, "name": d.name, "nodes": list(d.nodes)[:20],
                 "free": d.free, "shared": d.shared}
                for d in self.devices[:200]
            ],
            "device_count": len(self.devices),
            "incomplete": list(self.incomplete),
            "classes": {name: list(of) for name, of in self.classes.items()},
            "not_permitted": list(self.not_permitted),
        }  # fmt: skip


def take_inventory(
    *,
    nodes: Sequence[Json],
    pods: Sequence[Json] | None,
    slices: Sequence[Json] = (),
    claims: Sequence[Json] | None = (),
    classes: Sequence[Json] = (),
    extra: Collection[str] = (),
    tolerated: Sequence[Json] = (),
    not_permitted: Sequence[str] = (),
) -> Inventory:
    """
    From plain JSON objects.

    Args:
        pods: Every pod; None: they may not be listed, and no plugin's device counts as free.
        claims: Every ResourceClaim; None: as above, for DRA's devices.
        extra: Resources and DRA drivers that the site counts as accelerators.
        tolerated: Tolerations that pods of checks have.
    """
    known = {
        resource
        for node in nodes
        for resource in catalogue.accelerator_resources(
            mapping(mapping(node.get("status")).get("allocatable")), extra
        )
    }
    facts = [node_facts(node, accelerator_resources=known) for node in nodes]
    used = accelerators_in_use(pods, accelerator_resources=known) if pods is not None else None
    devices, incomplete = _devices(slices, facts, claims, extra)
    return Inventory(
        nodes={node.name: node for node in facts if _schedulable(node, tolerated)},
        plugin=tuple(
            PluginOffer(resource, node.name, count,
                        None if used is None
                        else max(0, count - used.get(node.name, {}).get(resource, 0)))
            for node in facts
            for resource, count in node.accelerators.items()
        ),
        devices=devices,
        incomplete=incomplete,
        classes={_name(c): _drivers_of(c) for c in classes},
        extended={
            str(mapping(c.get("spec")).get("extendedResourceName")): _name(c)
            for c in classes
            if mapping(c.get("spec")).get("extendedResourceName")
        },
        not_permitted=tuple(not_permitted),
    )  # fmt: skip


def moved(before: Inventory, after: Inventory) -> bool:
    """Did others take or free devices between two inventories?"""
    return before.plugin != after.plugin or _in_use(before) != _in_use(after)


def _in_use(found: Inventory) -> set[tuple[str, str, str, bool | None]]:
    return {(d.driver, d.pool, d.name, d.in_use) for d in found.devices}


def _schedulable(node: NodeFacts, tolerated: Sequence[Json]) -> bool:
    if not node.ready or node.unschedulable:
        return False
    return all(
        not taint.keeps_pods_away
        or catalogue.is_accelerator_taint(taint.key, node.accelerators)
        or any(taint.is_tolerated_by(each) for each in tolerated)
        for taint in node.taints
    )


def _devices(
    slices: Sequence[Json],
    nodes: Sequence[NodeFacts],
    claims: Sequence[Json] | None,
    extra: Collection[str],
) -> tuple[tuple[DraDevice, ...], tuple[str, ...]]:
    """Devices of complete pools, and the pools that are not."""
    newest = _newest(slices)
    taken = _taken(claims) if claims is not None else None
    accelerators = {d for vendor in catalogue.vendors() for d in vendor.dra_drivers} | set(extra)
    found: list[DraDevice] = []
    incomplete: list[str] = []
    for (driver, pool), parts in sorted(newest.items()):
        wanted = mapping(mapping(parts[0].get("spec")).get("pool")).get("resourceSliceCount")
        if wanted != len(parts):
            incomplete.append(f"{driver}/{pool}")
            continue
        for spec in (mapping(part.get("spec")) for part in parts):
            for device in mappings(spec.get("devices")):
                found.append(
                    _device(driver, pool, spec, device, nodes, taken, driver in accelerators)
                )
    return tuple(found), tuple(incomplete)


def _newest(slices: Sequence[Json]) -> dict[tuple[str, str], list[Json]]:
    """By driver and pool, only the slices of the highest generation."""
    pools: dict[tuple[str, str], list[tuple[int, Json]]] = {}
    for each in slices:
        spec = mapping(each.get("spec"))
        pool = mapping(spec.get("pool"))
        generation = pool.get("generation")
        key = (str(spec.get("driver", "")), str(pool.get("name", "")))
        pools.setdefault(key, []).append((generation if isinstance(generation, int) else 0, each))
    return {
        key: [each for generation, each in parts if generation == max(g for g, _ in parts)]
        for key, parts in pools.items()
    }


def _device(
    driver: str,
    pool: str,
    spec: Json,
    device: Json,
    nodes: Sequence[NodeFacts],
    taken: Collection[tuple[str, str, str]] | None,
    accelerator: bool,
) -> DraDevice:
    name = str(device.get("name", ""))
    where = device if spec.get("perDeviceNodeSelection") else spec
    device = mapping(device.get("basic")) or device  # v1beta1 has one level more
    effects = {taint.get("effect") for taint in mappings(device.get("taints"))}
    return DraDevice(
        driver=driver,
        pool=pool,
        name=name,
        node=str(where["nodeName"]) if where.get("nodeName") else None,
        nodes=_nodes_of(where, nodes),
        in_use=None if taken is None else (driver, pool, name) in taken,
        tainted=bool(effects & {"NoSchedule", "NoExecute"}),
        shared=bool(device.get("consumesCounters") or device.get("allowMultipleAllocations")),
        accelerator=accelerator,
        attributes=dict(mapping(device.get("attributes"))),
    )


def _nodes_of(where: Json, nodes: Sequence[NodeFacts]) -> tuple[str, ...]:
    if where.get("nodeName"):
        return (str(where["nodeName"]),)
    if where.get("allNodes") is True:
        return tuple(node.name for node in nodes)
    terms = mappings(mapping(where.get("nodeSelector")).get("nodeSelectorTerms"))
    return tuple(node.name for node in nodes if any(term_fits(term, node) for term in terms))


def _taken(claims: Sequence[Json]) -> frozenset[tuple[str, str, str]]:
    """Devices in any claim; administrative access takes none."""
    return frozenset(
        (str(result.get("driver")), str(result.get("pool")), str(result.get("device")))
        for claim in claims
        for result in results_of(claim)
        if not result.get("adminAccess")
    )


_DRIVER = re.compile(r"""device\.driver\s*==\s*(?:"([^"]+)"|'([^']+)')""")


def _drivers_of(device_class: Json) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for selector in mappings(mapping(device_class.get("spec")).get("selectors")):
        for match in _DRIVER.finditer(str(mapping(selector.get("cel")).get("expression", ""))):
            found[match.group(1) or match.group(2)] = None
    return tuple(found)


def _name(found: Json) -> str:
    return str(mapping(found.get("metadata")).get("name", ""))
