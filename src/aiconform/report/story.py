"""A journal sorted by what a reader asks for: this node, this round. Nothing is judged."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiconform.model.plan import NodeFacts, Plan
from aiconform.model.records import (
    Delivered,
    Entry,
    NodeChanged,
    Planned,
    Refused,
    RoundClosed,
    RoundOpened,
    RunClosed,
    RunOpened,
    Surveyed,
    Trouble,
)
from aiconform.model.wire import (
    AgentRecord,
    Counters,
    Evidence,
    Hello,
    Inventory,
    KnownAnswer,
    Measurement,
    Pair,
    Telemetry,
)


@dataclass
class NodeStory:
    """All that is known of one node, in the order of the journal."""

    name: str
    facts: NodeFacts | None = None
    changes: list[NodeChanged] = field(default_factory=list)
    records: list[AgentRecord] = field(default_factory=list)

    @property
    def inventory(self) -> Inventory | None:
        return next((r for r in reversed(self.records) if isinstance(r, Inventory)), None)

    @property
    def hello(self) -> Hello | None:
        return next((r for r in reversed(self.records) if isinstance(r, Hello)), None)

    @property
    def measurements(self) -> list[Measurement]:
        return [r for r in self.records if isinstance(r, Measurement)]

    @property
    def known_answers(self) -> list[KnownAnswer]:
        return [r for r in self.records if isinstance(r, KnownAnswer)]

    @property
    def pairs(self) -> list[Pair]:
        return [r for r in self.records if isinstance(r, Pair)]

    @property
    def counters(self) -> list[Counters]:
        return [r for r in self.records if isinstance(r, Counters)]

    @property
    def telemetry(self) -> list[Telemetry]:
        return [r for r in self.records if isinstance(r, Telemetry)]

    @property
    def evidence(self) -> list[Evidence]:
        return [r for r in self.records if isinstance(r, Evidence)]


@dataclass
class Story:
    """One run as its journal tells it."""

    entries: tuple[Entry, ...]
    nodes: dict[str, NodeStory] = field(default_factory=dict)
    opened: RunOpened | None = None
    surveyed: Surveyed | None = None
    plan: Plan | None = None
    closed: RunClosed | None = None
    rounds_opened: list[RoundOpened] = field(default_factory=list)
    rounds_closed: dict[int, RoundClosed] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    @property
    def started_at(self) -> float | None:
        return self.entries[0].at if self.entries else None

    @property
    def finished_at(self) -> float | None:
        return self.entries[-1].at if self.entries else None


def tell(entries: Sequence[Entry]) -> Story:
    """Sort a journal. Nodes come in the order of their names."""
    story = Story(entries=tuple(entries))
    nodes: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        _take(story, entry, nodes)
    for name in sorted({*nodes, *(facts.name for facts in _surveyed(story))}):
        story.nodes[name] = _node(name, nodes[name])
    for facts in _surveyed(story):
        story.nodes[facts.name].facts = facts
    return story


def _take(story: Story, entry: Entry, nodes: defaultdict[str, list[Entry]]) -> None:
    match entry.record:
        case RunOpened() as opened:
            story.opened = opened
        case Surveyed() as surveyed:
            story.surveyed = surveyed
        case Planned(plan=plan):
            story.plan = plan
        case RunClosed() as closed:
            story.closed = closed
        case RoundOpened() as opened_round:
            story.rounds_opened.append(opened_round)
        case RoundClosed() as closed_round:
            story.rounds_closed[closed_round.round] = closed_round
        case Trouble() as trouble:
            story.troubles.append(trouble)
        case Refused() as refused:
            story.refused.append(refused)
        case NodeChanged(node=node):
            nodes[node].append(entry)
        case Delivered(record=record):
            nodes[record.node].append(entry)


def _surveyed(story: Story) -> tuple[NodeFacts, ...]:
    return story.surveyed.nodes if story.surveyed else ()


def _node(name: str, entries: list[Entry]) -> NodeStory:
    return NodeStory(
        name=name,
        changes=[e.record for e in entries if isinstance(e.record, NodeChanged)],
        records=[e.record.record for e in entries if isinstance(e.record, Delivered)],
    )
