"""By which way pods get network devices beside their first interface (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from aiconform.checks.framework import DraDevice, Inventory, Resource
from aiconform.model.plan import NodeFacts

Json = Mapping[str, Any]
Kind = Literal["claim", "resource", "attachment"]

ATTACHMENT = Resource(
    "k8s.cni.cncf.io", "v1", "network-attachment-definitions", "NetworkAttachmentDefinition"
)
NETWORKS = "k8s.v1.cni.cncf.io/networks"
DRANET = "dra.net"
# Attributes that only network devices have; graphics processors have a PCI address as well.
# Source: google/dranet, pkg/inventory; k8snetworkplumbingwg/dra-driver-sriov.
_OWN = frozenset({"ifName", "interfaceName", "rdma", "rdmaDevice", "linkType", "sriov"})
_RESOURCES = (
    "rdma/*", "nvidia.com/*hostdev*", "vpc.amazonaws.com/efa", "networking.gke.io.networks/*",
    "openshift.io/*", "intel.com/*sriov*", "nvidia.com/mlnxnics", "nvidia.com/roce_*",
)  # fmt: skip
# What kind of link it is, first; then what else a scheduler may be asked for.
KINDS = frozenset({"type", "linkType", "encapsulation", "kind"})
PROPERTIES: Mapping[str, frozenset[str]] = {
    "bandwidth": frozenset({"bandwidth", "speed", "linkSpeed"}),
    "rdma": frozenset({"rdma", "rdmaDevice"}),
    "pci": frozenset({"pciAddress", "pciBusID", "pciVendor", "pciDevice"}),
    "numa": frozenset({"numaNode"}),
    "mtu": frozenset({"mtu"}),
}
_ASKED_BY = ("rdma", "linkType", "type", "encapsulation", "kind", "mtu")


@dataclass(frozen=True)
class Network:
    """
    One way to get a network device.

    Attributes:
        what: DRA driver, extended resource, or "namespace/name" of an attachment.
        nodes: Where a free one is, those with the most first; empty for attachments: any node.
        free: Node → how many. Attachments: none.
        exclusive: A device is one pod's alone.
        cel, having: A property that can be asked for, and the nodes of free devices that have it.
        described: Properties that are published, by the words of `PROPERTIES` and "kind".
    """

    kind: Kind
    what: str
    nodes: tuple[str, ...]
    free: Mapping[str, int]
    device_class: str = ""
    exclusive: bool = True
    cel: str = ""
    having: tuple[str, ...] = ()
    described: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}


def networks_of(found: Inventory, settings: Json) -> list[Network]:
    """The best first: claimed devices, then resources, then the attachment that the site names."""
    classes = settings.get("deviceClasses") or {}
    claimed = [
        network
        for driver in sorted({d.driver for d in found.devices if is_network(d, classes)})
        if (network := _claimed(found, driver, classes)) is not None
    ]
    plugged = _plugged(found.nodes.values())
    named = settings.get("attachment")
    attached = [Network("attachment", str(named), (), {}, exclusive=False)] if named else []
    return [*claimed, *plugged, *attached]


def is_network(device: DraDevice, classes: Json) -> bool:
    own = {key.rpartition("/")[2] for key in device.attributes}
    return device.driver == DRANET or device.driver in classes or bool(own & _OWN)


def _claimed(found: Inventory, driver: str, classes: Json) -> Network | None:
    """None: nothing of it can be had now."""
    device_class = classes.get(driver) or found.class_for(driver)
    free = [d for d in found.free_devices() if d.driver == driver and d.node in found.nodes]
    if not device_class or not free:
        return None
    counts: dict[str, int] = {}
    for device in free:
        counts[str(device.node)] = counts.get(str(device.node), 0) + 1
    order = tuple(sorted(counts, key=lambda node: (-counts[node], node)))
    cel, having = _property(free)
    names = {frozenset(key.rpartition("/")[2] for key in d.attributes) for d in free}
    common = frozenset.intersection(*names)
    told = [word for word, keys in PROPERTIES.items() if common & keys]
    return Network(
        "claim", driver, order, counts, device_class=device_class,
        exclusive=not any(d.shared for d in free), cel=cel, having=having,
        described=(*(["kind"] if common & KINDS else []), *told),
    )  # fmt: skip


def _property(free: Sequence[DraDevice]) -> tuple[str, tuple[str, ...]]:
    """(CEL for a property of the first device that tells one, nodes with such a free device)."""
    for name in _ASKED_BY:
        for device in free:
            for key, value in sorted(device.attributes.items()):
                if key.rpartition("/")[2] != name or (literal := _literal(value)) is None:
                    continue
                domain = key.rpartition("/")[0] or device.driver
                where = f'device.attributes["{domain}"]'
                cel = f'"{name}" in {where} && {where}.{name} == {literal}'
                having = {str(d.node) for d in free if d.attributes.get(key) == value}
                return cel, tuple(sorted(having))
    return "", ()


def _literal(value: Any) -> str | None:
    """As CEL writes it; None: nothing to ask for."""
    if not isinstance(value, Mapping):
        return None
    if isinstance(value.get("bool"), bool):
        return "true" if value["bool"] else None  # nobody asks for what is not there
    if isinstance(value.get("int"), int):
        return str(value["int"])
    text = value.get("string")
    if isinstance(text, str) and text and not set(text) & set('"\\\n'):
        return f'"{text}"'
    return None


def _plugged(nodes: Iterable[NodeFacts]) -> list[Network]:
    """How many are free is not counted: the inventory knows accelerators, the scheduler decides."""
    counts: dict[str, dict[str, int]] = {}
    for node in nodes:
        for resource, quantity in node.allocatable.items():
            if is_resource(resource) and quantity.isdigit() and int(quantity):
                counts.setdefault(resource, {})[node.name] = int(quantity)
    return [Network("resource", resource, tuple(sorted(of)), of) for resource, of in counts.items()]


def is_resource(name: str) -> bool:
    return "/" in name and any(fnmatchcase(name, pattern) for pattern in _RESOURCES)
