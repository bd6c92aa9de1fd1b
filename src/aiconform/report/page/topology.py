"""Where nodes stand: by the leaves that the plan knows, else by zone; and what carries between."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from aiconform.fabric.topology import Topology as LeafTopology
from aiconform.model.verdict import Judgement, Outcome, worst
from aiconform.report.story import Story

# For clusters of which nothing finer is known. Kubernetes itself names these.
ZONES = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")
MATRIX_DOMAINS = 12
UNNAMED = "not named"


@dataclass(frozen=True)
class Domain:
    """Nodes of one place, in the order of their names."""

    name: str
    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Flow:
    """All measured directions from one domain to another."""

    median_gbit_per_s: float
    links: int
    outcome: str


@dataclass(frozen=True)
class Topology:
    """`source` empty: nothing is known of where nodes stand, and they form one domain."""

    source: str
    domains: tuple[Domain, ...]
    flows: Mapping[tuple[str, str], Flow]

    @property
    def has_matrix(self) -> bool:
        return 1 < len(self.domains) <= MATRIX_DOMAINS and bool(self.flows)


def topology(story: Story, judgement: Judgement) -> Topology:
    source, home = _places(story)
    found: dict[str, list[str]] = defaultdict(list)
    for node in story.nodes:
        found[home.get(node, UNNAMED if source else "")].append(node)
    domains = tuple(Domain(name, tuple(found[name])) for name in sorted(found))
    return Topology(source, domains, _flows(judgement, home))


def _places(story: Story) -> tuple[str, Mapping[str, str]]:
    """Where it is known from, and node → place."""
    planned = story.plan.topology if story.plan else None
    if planned is not None:
        return planned.source, LeafTopology(planned.leaves).unit_of
    for label in ZONES:
        found = {
            name: node.facts.labels[label]
            for name, node in story.nodes.items()
            if node.facts and label in node.facts.labels
        }
        if len(set(found.values())) > 1:
            return f"label {label}", found
    return "", {}


def _flows(judgement: Judgement, home: Mapping[str, str]) -> dict[tuple[str, str], Flow]:
    found: dict[tuple[str, str], list[tuple[float, Outcome]]] = defaultdict(list)
    for verdict in judgement.verdicts:
        sender, receiver = verdict.subject.node, verdict.subject.peer
        if verdict.item == "tcp.rate" and verdict.figures and sender and receiver:
            pair = home.get(sender, UNNAMED), home.get(receiver, UNNAMED)
            found[pair].append((verdict.figures[0].value, verdict.outcome))
    return {pair: _flow(links) for pair, links in found.items()}


def _flow(links: Sequence[tuple[float, Outcome]]) -> Flow:
    rate = median(rate for rate, _ in links)
    return Flow(rate, len(links), worst(outcome for _, outcome in links).value)
