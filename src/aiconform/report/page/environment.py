"""What the run took place on: nodes of one make together, and each node's own particulars."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiconform.model.wire import Inventory
from aiconform.report.page.tables import Column, Table
from aiconform.report.story import NodeStory, Story

Facts = list[tuple[str, str]]

_MAKE = (
    "Architecture", "System", "Kernel", "Kubelet", "Runtime", "Accelerators", "Agent", "Engine",
)  # fmt: skip
_MOST = 12  # of one kind of part, in a node's details


@dataclass(frozen=True)
class Environment:
    facts: Facts
    not_permitted: tuple[str, ...]
    makes: Table


def environment(story: Story) -> Environment:
    return Environment(
        facts=_run_facts(story),
        not_permitted=story.surveyed.not_permitted if story.surveyed else (),
        makes=_makes(story),
    )


def node_facts(node: NodeStory) -> Facts:
    """What a reader wants to know of one node, short."""
    make = zip(_MAKE, _make(node), strict=True)
    last = node.changes[-1] if node.changes else None
    state = f"{last.state} ({last.reason}) {last.sentence}".strip() if last else ""
    taints = ", ".join(str(taint) for taint in node.facts.taints) if node.facts else ""
    told = [("State", state), ("Taints", taints), *make, *_parts(node.inventory)]
    return [(name, value) for name, value in told if value]


def _run_facts(story: Story) -> Facts:
    facts: Facts = []
    if story.surveyed:
        facts += [("Kubernetes", story.surveyed.server_version)]
        facts += [("Nodes surveyed", str(len(story.surveyed.nodes)))]
    if story.plan:
        facts += [("Nodes planned", str(len(story.plan.nodes)))]
        facts += [("Exercises", ", ".join(story.plan.exercises))]
    if story.opened:
        config = story.opened.config
        facts += [("Profile", config.profile), ("aiconform", story.opened.version)]
        facts += [("Agent image", config.images.agent), ("Engine image", config.images.engine)]
    facts += [("Records", str(len(story.entries))), ("Refused", str(len(story.refused)))]
    return facts


def _makes(story: Story) -> Table:
    """Nodes that differ in nothing of this share a row; an odd one has its own and comes first."""
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for node in story.nodes.values():
        found[_make(node)].append(node.name)
    ordered = sorted(found.items(), key=lambda item: (len(item[1]), item[1][0]))
    rows = [(str(len(nodes)), _some(nodes), *make) for make, nodes in ordered]
    columns = (Column("Nodes"), Column("Which"), *(Column(title) for title in _MAKE))
    return Table("makes", "Nodes of one make together, the rarest first", columns, rows)


def _make(node: NodeStory) -> tuple[str, ...]:
    facts, hello = node.facts, node.hello
    found = node.inventory.accelerators if node.inventory else ()
    engines = {m.engine.name for m in node.measurements if m.engine}
    engines |= {answer.engine.name for answer in node.known_answers if answer.engine}
    return (
        facts.architecture if facts else "",
        facts.os_image if facts else "",
        facts.kernel if facts else "",
        facts.kubelet if facts else "",
        facts.runtime if facts else "",
        _tally(part.product or part.vendor or "unnamed" for part in found),
        f"{hello.agent_version}, Python {hello.python}" if hello else "",
        ", ".join(sorted(engines)),
    )


def _parts(inventory: Inventory | None) -> Iterable[tuple[str, str]]:
    """How the node is put together: what hangs where, and how wide its links are."""
    if inventory is None:
        return
    for part in inventory.accelerators[:_MOST]:
        numa = "" if part.numa_node is None else f"NUMA {part.numa_node}"
        link = ""
        if part.link_width is not None:
            best = f" of ×{part.max_link_width}" if part.max_link_width else ""
            link = f"{part.link_speed or ''} ×{part.link_width}{best}".strip()
        yield part.name, ", ".join(w for w in (part.product, part.pci_address, numa, link) if w)
    for port in inventory.rdma_ports[:_MOST]:
        numa = "" if port.numa_node is None else f"NUMA {port.numa_node}"
        told = (port.link_layer, port.rate, port.state, numa)
        yield port.name, ", ".join(word for word in told if word)
    for interface in inventory.interfaces[:_MOST]:
        speed = interface.speed_megabit_per_s
        words = (
            interface.state,
            f"{speed} Mb/s" if speed and speed > 0 else "",
            f"MTU {interface.mtu_bytes}" if interface.mtu_bytes else "",
        )
        yield interface.name, ", ".join(word for word in words if word)
    if inventory.unknown:
        yield "Could not be read", f"{len(inventory.unknown)} paths"


def _tally(names: Iterable[str]) -> str:
    counts: dict[str, int] = defaultdict(int)
    for name in names:
        counts[name] += 1
    return ", ".join(f"{count} × {name}" for name, count in sorted(counts.items()))


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
