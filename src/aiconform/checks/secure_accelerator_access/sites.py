"""On which nodes, and of which devices, access is tried (pure)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from aiconform import catalogue
from aiconform.checks.framework import DraDevice, Inventory
from aiconform.checks.secure_accelerator_access.files import Files, files_of, vendor_of

MOST_SITES = 3  # what the time box has room for


@dataclass(frozen=True)
class Site:
    """
    One kind of device on one node.

    Attributes:
        resource: Extended resource; empty where devices are claimed.
        free: On this node now; at most so many.
        shared: Several pods may share a device, and the platform says so.
        taints: Keys of the node's taints, which its accelerators or the site's settings explain.
        known: Whether it is known which files are its devices.
    """

    mode: Literal["plugin", "dra"]
    node: str
    hostname: str
    total: int
    free: int
    taints: tuple[str, ...] = ()
    resource: str = ""
    driver: str = ""
    device_class: str = ""
    vendor: str = ""
    shared: bool = False
    known: bool = True
    files: Files = field(default_factory=Files)

    @property
    def what(self) -> str:
        return self.resource or self.driver

    def as_facts(self) -> dict[str, Any]:
        return {**asdict(self), "files": self.files.as_facts()}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "Site":
        return cls(
            **{**facts, "files": Files.from_facts(facts["files"]), "taints": tuple(facts["taints"])}
        )


@dataclass(frozen=True)
class Choice:
    """The sites that are tried, and the kinds of devices that are not, with why."""

    sites: tuple[Site, ...]
    left_out: tuple[str, ...] = ()


def choose(found: Inventory, settings: Mapping[str, Any]) -> Choice:
    """Of each kind of device (and count on a node) the node with the most free ones."""
    groups: dict[tuple[str, int], list[Site]] = defaultdict(list)
    left_out: list[str] = []
    for site in (*_plugin_sites(found, settings), *_claimed_sites(found, settings, left_out)):
        groups[site.what, site.total].append(site)
    best = [min(sites, key=lambda site: (-site.free, site.node)) for sites in groups.values()]
    # Two free devices show more than one.
    best.sort(key=lambda site: (site.free < 2, site.what, site.node))
    left_out += [f"{s.what} on {s.node}: no time for more kinds" for s in best[MOST_SITES:]]
    return Choice(tuple(best[:MOST_SITES]), tuple(dict.fromkeys(left_out)))


def taints_of(found: Inventory, node: str) -> tuple[str, ...]:
    """Of a schedulable node: those that keep pods away, and that ours have to tolerate."""
    keeping = {t.key for t in found.nodes[node].taints if t.keeps_pods_away}
    return tuple(sorted(keeping))


def accelerator_nodes(found: Inventory, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Schedulable nodes that have accelerators of any kind."""
    plugin = {offer.node for offer in found.plugin if offer.total}
    claimed = {
        node for device in found.devices if _counts(device, settings) for node in device.nodes
    }
    return tuple(sorted((plugin | claimed) & found.nodes.keys()))


def _plugin_sites(found: Inventory, settings: Mapping[str, Any]) -> list[Site]:
    drivers = {device.driver for device in found.devices}
    sites = []
    for offer in found.free_offers():
        served = found.classes.get(found.extended.get(offer.resource, ""), ())
        if drivers & set(served):
            continue  # the same devices, which are claimed below
        labels = found.nodes[offer.node].labels
        files = files_of(offer.resource, "", settings)
        sites.append(
            Site(
                mode="plugin", node=offer.node, hostname=_hostname(found, offer.node),
                total=offer.total, free=offer.free or 0, taints=taints_of(found, offer.node),
                resource=offer.resource,
                vendor=vendor_of(offer.resource, ""),
                shared=_declares_sharing(offer.resource, labels),
                known=files is not None, files=files or Files(),
            )
        )  # fmt: skip
    return sites


def _claimed_sites(
    found: Inventory, settings: Mapping[str, Any], left_out: list[str]
) -> list[Site]:
    on_node: dict[tuple[str, str], list[bool]] = defaultdict(list)  # shared or not, of free ones
    totals: dict[tuple[str, str], int] = defaultdict(int)
    for device in found.devices:
        if _counts(device, settings) and device.node in found.nodes:
            totals[device.driver, str(device.node)] += 1
    for device in found.free_devices():
        if _counts(device, settings) and device.node in found.nodes:
            on_node[device.driver, str(device.node)].append(device.shared)
    named = settings.get("deviceClasses") or {}
    sites = []
    for (driver, node), shared in sorted(on_node.items()):
        device_class = named.get(driver) or found.class_for(driver)
        if not device_class:
            left_out.append(f"{driver}: no DeviceClass selects its devices alone")
            continue
        files = files_of("", driver, settings)
        sites.append(
            Site(
                mode="dra", node=node, hostname=_hostname(found, node),
                total=totals[driver, node], free=len(shared), taints=taints_of(found, node),
                driver=driver,
                device_class=device_class, vendor=vendor_of("", driver), shared=any(shared),
                known=files is not None, files=files or Files(),
            )
        )  # fmt: skip
    return sites


def _counts(device: DraDevice, settings: Mapping[str, Any]) -> bool:
    """A known vendor's, or of a driver whose files the site names: others may be anything."""
    return device.accelerator or device.driver in (settings.get("files") or {})


def _declares_sharing(resource: str, labels: Mapping[str, str]) -> bool:
    """By the resource's name, or by the labels of NVIDIA's feature discovery."""
    if any(vendor.shares(resource) for vendor in catalogue.vendors()):
        return True
    if not resource.startswith("nvidia.com/"):
        return False
    strategy = labels.get("nvidia.com/gpu.sharing-strategy", "none")
    replicas = labels.get("nvidia.com/gpu.replicas", "1")
    return strategy not in {"none", ""} or (replicas.isdigit() and int(replicas) > 1)


def _hostname(found: Inventory, node: str) -> str:
    return found.nodes[node].labels.get("kubernetes.io/hostname", node)


def step_name(step: str, number: int) -> str:
    """The first site's steps have no number."""
    return step if number == 1 else f"{step}-{number}"


def names(sites: Sequence[Site]) -> str:
    return ", ".join(f"{site.what} on {site.node}" for site in sites)
