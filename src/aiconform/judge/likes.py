"""
What a node has less of than its like: devices, lanes, links, ports, and which versions differ.

Its like are nodes with the same product (and instance type, where that is known). A majority says
what is usual; where there is none, what differs is told as a warning.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from aiconform.catalogue.accelerators import identify
from aiconform.judge.defects import Defect, called, width_now, width_possible
from aiconform.judge.products import generation
from aiconform.judge.words import listed
from aiconform.model.plan import NodeFacts
from aiconform.model.verdict import Outcome
from aiconform.model.wire import Accelerator, Inventory, RdmaPort

INSTANCE_TYPE = "node.kubernetes.io/instance-type"
# Labels that say how many accelerators a node must have.
COUNT_LABELS = (
    "karpenter.k8s.aws/instance-gpu-count",
    "karpenter.k8s.aws/instance-accelerator-count",
    "cloud.google.com/gke-accelerator-count",
    "nvidia.com/gpu.count",
)
FEW = 3  # devices of one kind, below which they are no yardstick
# Software whose versions must not differ among nodes that work together.
NOT_A_VERSION = frozenset({"libc", "python"})

T = TypeVar("T")
_Running = tuple[str | None, str | None]  # a port's state and rate
Weight = Literal[Outcome.FAIL, Outcome.WARN]


@dataclass(frozen=True)
class Seen:
    """A node as the API server and as itself show it."""

    node: str
    facts: NodeFacts | None
    inventory: Inventory


def likeness_defects(seen: Sequence[Seen]) -> Iterator[Defect]:
    """All that shows by comparison."""
    yield from _fewer_devices(seen)
    yield from _links(seen)
    yield from _ports(seen)
    yield from _versions(seen)


def usual(values: Iterable[T]) -> T | None:
    """What more than half of them are; None when no value is. They may be counted already."""
    counted = Counter(values)
    if not counted:
        return None
    value, count = counted.most_common(1)[0]
    return value if count * 2 > counted.total() else None


def _fewer_devices(seen: Sequence[Seen]) -> Iterator[Defect]:
    counts: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for each in seen:
        if (product := _product(each)) and each.inventory.accelerators_on_host_count is not None:
            counts[_type(each), product][each.node] = _count(each.inventory, product)
    by_node = {each.node: each for each in seen}
    for alike in counts.values():
        norm = usual(alike.values())
        for node, count in sorted(alike.items()):
            labelled = _labelled_count(by_node[node].facts)
            if labelled is not None and count < labelled:
                said = f"{node}: {count} of its {labelled} accelerators are on its bus"
                yield _missing(node, Outcome.FAIL, said)
            elif norm is not None and count < norm:
                like = sorted(n for n, c in alike.items() if c == norm)
                said = f"{node}: {count} accelerators on its bus; {listed(like)} have {norm}"
                yield _missing(node, Outcome.FAIL, said)
            elif norm is None and count < max(alike.values()):
                like = sorted(n for n, c in alike.items() if c > count)
                said = f"{node}: {count} accelerators on its bus; {listed(like)} have more"
                yield _missing(node, Outcome.WARN, said)


def _missing(node: str, outcome: Weight, said: str) -> Defect:
    return Defect(node, outcome, "AIC-NODE-007", "DevicesFewer", said)


def _links(seen: Sequence[Seen]) -> Iterator[Defect]:
    """Lanes, slots and links to other accelerators, against all devices of the same kind."""
    kinds: dict[str, list[tuple[str, Accelerator]]] = defaultdict(list)
    for each in seen:
        for device in each.inventory.accelerators:
            if device.pci_id:
                kinds[device.pci_id].append((each.node, device))
    for alike in kinds.values():
        if len(alike) < FEW:
            yield from _lonely_links(alike)
            continue
        lanes = usual(width_now(device) for _, device in alike)
        slot = usual(_slot(device) for _, device in alike)
        links = usual(device.links_up_count for _, device in alike)
        for node, device in alike:
            yield from _behind(node, device, lanes=lanes, slot=slot, links=links)


def _lonely_links(alike: Sequence[tuple[str, Accelerator]]) -> Iterator[Defect]:
    for node, device in alike:
        up, all_links = device.links_up_count, device.links_count
        if up is not None and all_links is not None and up < all_links:
            yield _links_down(node, device, Outcome.WARN, f"{up} of {all_links} links are up")


def _behind(
    node: str, device: Accelerator, *, lanes: int | None, slot: int | None, links: int | None
) -> Iterator[Defect]:
    name, now, possible = called(device), width_now(device), width_possible(device)
    trained_down = now is not None and possible is not None and now < possible  # told by itself
    if now is not None and lanes is not None and now < lanes and not trained_down:
        said = f"{node} {name}: its PCIe link has {now} lanes; most of its like have {lanes}"
        yield Defect(node, Outcome.FAIL, "AIC-DEV-005", "LinkNarrow", said, device=name)
    speed = _slot(device)
    if speed is not None and slot is not None and speed < slot:
        said = f"{node} {name}: its slot is PCIe {speed}; most of its like have PCIe {slot}"
        yield Defect(node, Outcome.WARN, "AIC-DEV-005", "SlotSlow", said, device=name)
    up = device.links_up_count
    if up is not None and links is not None and up < links:
        yield _links_down(
            node, device, Outcome.FAIL, f"{up} links to others; its like have {links}"
        )


def _links_down(node: str, device: Accelerator, outcome: Weight, said: str) -> Defect:
    name = called(device)
    sentence = f"{node} {name}: {said}"
    return Defect(node, outcome, "AIC-DEV-009", "LinksDown", sentence, device=name)


def _slot(device: Accelerator) -> int | None:
    return generation(device.path_max_link_speed or device.max_link_speed)


def _ports(seen: Sequence[Seen]) -> Iterator[Defect]:
    """A port that is down, or slower, where the same one is up on most other nodes."""
    everywhere: dict[tuple[str, str | None], Counter[_Running]] = defaultdict(Counter)
    for each in seen:
        for port in each.inventory.rdma_ports:
            everywhere[port.name, port.link_layer][port.state, port.rate] += 1
    for each in seen:
        siblings = each.inventory.rdma_ports
        for port in siblings:
            own = Counter(
                (p.state, p.rate)
                for p in siblings
                if (p.name, p.link_layer) == (port.name, port.link_layer)
            )
            others = everywhere[port.name, port.link_layer] - own
            like = others or Counter(
                (p.state, p.rate)
                for p in siblings
                if p is not port and p.link_layer == port.link_layer
            )
            if others or like.total() >= FEW:
                yield from _port(each.node, port, like)


def _port(node: str, port: RdmaPort, like: "Counter[_Running]") -> Iterator[Defect]:
    states, rates = Counter[str | None](), Counter[str | None]()
    for (each_state, each_rate), count in like.items():
        states[each_state] += count
        rates[each_rate] += count
    state, rate = usual(states), usual(rates)
    if state == "ACTIVE" and port.state not in {"ACTIVE", None}:
        said = f"{node} {port.name}: the port is {port.state}; it is ACTIVE on its like"
        if port.phys_state:
            said += f" ({port.phys_state})"
        yield Defect(node, Outcome.FAIL, "AIC-PORT-001", "PortDown", said, device=port.name)
    elif port.state == "ACTIVE" and _gbit(port.rate) < _gbit(rate):
        said = f"{node} {port.name}: the port runs at {port.rate}; its like at {rate}"
        yield Defect(node, Outcome.FAIL, "AIC-PORT-002", "PortSlow", said, device=port.name)


def _gbit(rate: str | None) -> float:
    """400 of `400 Gb/sec (4X NDR)`; 0 when it does not say."""
    try:
        return float((rate or "").split(" ", 1)[0])
    except ValueError:
        return 0.0


def _versions(seen: Sequence[Seen]) -> Iterator[Defect]:
    """One warning for each node that has another version of anything than most of its like."""
    classes: dict[tuple[str, ...], list[Seen]] = defaultdict(list)
    for each in seen:
        vendors = sorted({d.vendor or "" for d in each.inventory.accelerators})
        classes[(str(each.inventory.host.get("architecture")), *vendors)].append(each)
    for alike in classes.values():
        differing: dict[str, list[str]] = defaultdict(list)
        for name, versions in sorted(_by_software(alike).items()):
            norm = usual(versions.values())
            if norm is None:
                yield _undecided(name, versions)
            for node, version in versions.items():
                if norm is not None and version != norm:
                    differing[node].append(f"{name} {version}, not {norm}")
        for node, said in sorted(differing.items()):
            sentence = f"{node}: other versions than its like: {listed(said)}"
            yield Defect(node, Outcome.WARN, "AIC-NODE-009", "StackMixed", sentence)


def _by_software(alike: Sequence[Seen]) -> dict[str, dict[str, str]]:
    """Name → node → version, of what is not everywhere the same; absent counts as a version."""
    told = {each.node: _stack(each.inventory) for each in alike}
    names = {name for stack in told.values() for name in stack}
    table = {
        name: {node: stack.get(name, "absent") for node, stack in told.items()} for name in names
    }
    return {name: row for name, row in table.items() if len(set(row.values())) > 1}


def _stack(inventory: Inventory) -> dict[str, str]:
    software = {k: str(v) for k, v in inventory.software.items() if k not in NOT_A_VERSION and v}
    kernel = inventory.host.get("kernel")
    return {**software, "kernel": str(kernel)} if kernel else software


def _undecided(name: str, versions: Mapping[str, str]) -> Defect:
    by_version: dict[str, list[str]] = defaultdict(list)
    for node, version in sorted(versions.items()):
        by_version[version].append(node)
    table = "; ".join(f"{version} on {listed(nodes)}" for version, nodes in by_version.items())
    sentence = f"{name} differs among like nodes: {table}"
    return Defect(None, Outcome.WARN, "AIC-NODE-009", "StackMixed", sentence)


def _product(seen: Seen) -> str | None:
    """What this node has, or must have: a PCI id; None when nothing says that it has any."""
    ids = Counter(d.pci_id for d in seen.inventory.accelerators if d.pci_id)
    if ids:
        return str(ids.most_common(1)[0][0])
    kind = identify(labels=seen.facts.labels) if seen.facts else None
    return kind.pci.ids[0] if kind else None


def _count(inventory: Inventory, pci_id: str) -> int:
    return sum(device.pci_id == pci_id for device in inventory.accelerators)


def _type(seen: Seen) -> str:
    return seen.facts.labels.get(INSTANCE_TYPE, "") if seen.facts else ""


def _labelled_count(facts: NodeFacts | None) -> int | None:
    for key in COUNT_LABELS:
        value = facts.labels.get(key, "") if facts else ""
        if value.isdecimal() and value.isascii():
            return int(value)
    return None
