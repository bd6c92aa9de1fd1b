"""What the journal says of a run so far, kept up to date record by record."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from aiconform.campaign.so_far import RoundsSoFar
from aiconform.model.records import (
    CheckBegan,
    CheckEnded,
    Delivered,
    Entry,
    NodeChanged,
    NodeState,
    Planned,
    RoundClosed,
    RoundOpened,
    RunClosed,
    Stage,
    StageEntered,
    Surveyed,
)
from aiconform.model.wire import End, Hello, Inventory

SETTLED: frozenset[NodeState] = frozenset({"finished", "failed", "lost"})


@dataclass
class RunState:
    """A fold over journal entries: `apply` each entry once, in order."""

    stage: Stage = "survey"
    stage_since: float = 0.0
    surveyed: Surveyed | None = None
    planned: Planned | None = None
    closed: RunClosed | None = None
    nodes: dict[str, NodeChanged] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)  # node → its agent's pod IP
    cores: dict[str, int] = field(default_factory=dict)
    ended: set[tuple[str, str]] = field(default_factory=set)  # (node, stream) closed by an End
    open_round: RoundOpened | None = None
    rounds_done: int = 0
    so_far: RoundsSoFar = field(default_factory=RoundsSoFar)
    checks_open: dict[str, tuple[float, float]] = field(default_factory=dict)  # began, time box
    checks_ended: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "RunState":
        state = cls()
        for entry in entries:
            state.apply(entry)
        return state

    def apply(self, entry: Entry) -> None:
        self.so_far.apply(entry)
        match entry.record:
            case StageEntered(stage=stage):
                self.stage, self.stage_since = stage, entry.at
            case Surveyed() as surveyed:
                self.surveyed = surveyed
            case Planned() as planned:
                self.planned = planned
            case NodeChanged() as changed:
                self.nodes[changed.node] = changed
            case Delivered(record=Hello() as hello):
                self.addresses[hello.node] = hello.address
            case Delivered(record=Inventory(host={"cpu_count": int(count)}) as found):
                self.cores[found.node] = count
            case Delivered(record=End() as end):
                self.ended.add((end.node, end.stream))
            case RoundOpened() as opened:
                self.open_round = opened
            case RoundClosed():
                self.open_round = None
                self.rounds_done += 1
            case CheckBegan(check=check, time_box_s=time_box_s):
                self.checks_open[check] = (entry.at, time_box_s)
            case CheckEnded(check=check):
                self.checks_open.pop(check, None)
                self.checks_ended.add(check)
            case RunClosed() as closed:
                self.closed = closed
            case _:
                pass

    def node_state(self, node: str) -> NodeState:
        changed = self.nodes.get(node)
        return changed.state if changed else "waiting"

    def at_work(self) -> tuple[str, ...]:
        """The nodes whose agents have reported and are neither failed nor lost, by name."""
        return tuple(
            sorted(n for n, c in self.nodes.items() if c.state in {"reporting", "finished"})
        )
