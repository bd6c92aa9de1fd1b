"""
The journal, sorted by what it speaks of.

Entries count by their number, so their order in memory does not matter. Where a later record
replaces an earlier one (a node's state, a plan made again), the later one is the fact.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Generic, TypeVar

from aiconform.fabric import pair_of
from aiconform.judge.streams import Stream, streams_of
from aiconform.model.plan import Group, Plan, RunConfig
from aiconform.model.records import (
    CheckBegan,
    CheckEnded,
    Delivered,
    Entry,
    EvidenceFile,
    NodeChanged,
    Planned,
    RoundClosed,
    RoundOpened,
    RoundsStopped,
    RunClosed,
    RunOpened,
    Sighted,
    Surveyed,
    Trouble,
)
from aiconform.model.wire import KnownAnswer

R = TypeVar("R")


@dataclass(frozen=True)
class Fact(Generic[R]):
    """A record with the id that a verdict names it by."""

    id: str
    record: R
    at: float = 0.0


@dataclass(frozen=True)
class CheckFacts:
    """What one check said since it last began; of two steps or files of one name the later."""

    began: Fact[CheckBegan] | None = None
    steps: Mapping[str, Fact[Sighted]] = field(default_factory=dict)
    files: Mapping[str, Fact[EvidenceFile]] = field(default_factory=dict)
    ended: Fact[CheckEnded] | None = None


@dataclass(frozen=True)
class Met:
    """A pair test of a node. `called_off`: the coordinator says that it did not run."""

    round: int
    peer: str
    called_off: bool


@dataclass(frozen=True)
class Facts:
    """Everything that one journal says; what it does not say is None or empty."""

    opened: Fact[RunOpened] | None = None
    surveyed: Fact[Surveyed] | None = None
    planned: Fact[Planned] | None = None
    closed: Fact[RunClosed] | None = None
    states: Mapping[str, Fact[NodeChanged]] = field(default_factory=dict)
    streams: Mapping[tuple[str, str], Stream] = field(default_factory=dict)
    rounds_opened: Mapping[int, Fact[RoundOpened]] = field(default_factory=dict)
    rounds_closed: Mapping[int, Fact[RoundClosed]] = field(default_factory=dict)
    stopped: Fact[RoundsStopped] | None = None
    troubles: tuple[Fact[Trouble], ...] = ()
    delivered: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)  # by node
    checks: Mapping[str, CheckFacts] = field(default_factory=dict)

    @property
    def plan(self) -> Plan | None:
        return self.planned.record.plan if self.planned else None

    @property
    def config(self) -> RunConfig | None:
        return self.opened.record.config if self.opened else None

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """Nodes that the plan has agents for."""
        return self.plan.nodes if self.plan else ()

    @cached_property
    def node_set(self) -> frozenset[str]:
        """`nodes`, for a look-up: there may be thousands."""
        return frozenset(self.nodes)

    @cached_property
    def group_of(self) -> Mapping[str, Group]:
        """The first group of the plan that each node is in."""
        groups = self.plan.groups if self.plan else ()
        return {node: group for group in reversed(groups) for node in group.nodes}

    @cached_property
    def wrong_answers(self) -> Mapping[str, Sequence[tuple[str, KnownAnswer]]]:
        """Each node's, with their journal ids: in any start of its agent, finished or not."""
        return {node: found for node, all_ in self.delivered.items() if (found := _wrong(all_))}

    @cached_property
    def labels(self) -> Mapping[str, Mapping[str, str]]:
        """Each surveyed node's."""
        surveyed = self.surveyed.record.nodes if self.surveyed else ()
        return {node.name: node.labels for node in surveyed}

    @cached_property
    def meetings(self) -> Mapping[str, Sequence["Met"]]:
        """The pair tests that each node had part in, by round."""
        found: dict[str, list[Met]] = defaultdict(list)
        for number, opened in sorted(self.rounds_opened.items()):
            closed = self.rounds_closed.get(number)
            called_off = {pair_of(*each.pair) for each in closed.record.not_run} if closed else ()
            for pair in opened.record.pairs:
                for node, peer in {pair[0]: pair[1], pair[1]: pair[0]}.items():
                    found[node].append(Met(number, peer, pair_of(*pair) in called_off))
        return found

    @cached_property
    def streams_by_node(self) -> Mapping[str, Sequence[Stream]]:
        """Each node's, by name."""
        found: dict[str, list[Stream]] = defaultdict(list)
        for (node, _), stream in sorted(self.streams.items()):
            found[node].append(stream)
        return found

    @property
    def is_dry_run(self) -> bool:
        return self.closed is not None and self.closed.record.how == "dry_run"

    @property
    def checks_only(self) -> bool:
        """Was the run to check requirements and to probe nothing?"""
        probes = self.config is not None and self.config.probes.any
        return bool(self.config and self.plan and self.plan.checks) and not probes

    def stream(self, node: str, name: str) -> Stream:
        return self.streams.get((node, name)) or Stream(node=node, name=name)

    def is_gone(self, node: str) -> bool:
        """Lost, or never there: its silence is its own matter, not its peers'."""
        state = self.states.get(node)
        return state is not None and state.record.state in {"lost", "failed"}


def gather(entries: Iterable[Entry]) -> Facts:
    """Sort a journal; each kind by number, later records over earlier ones."""
    opened: Fact[RunOpened] | None = None
    surveyed: Fact[Surveyed] | None = None
    planned: Fact[Planned] | None = None
    closed: Fact[RunClosed] | None = None
    states: dict[str, Fact[NodeChanged]] = {}
    rounds_opened: dict[int, Fact[RoundOpened]] = {}
    rounds_closed: dict[int, Fact[RoundClosed]] = {}
    stopped: Fact[RoundsStopped] | None = None
    troubles: list[Fact[Trouble]] = []
    delivered: dict[str, list[Entry]] = defaultdict(list)
    ordered = sorted(entries, key=lambda entry: entry.n)
    for entry in ordered:
        match entry.record:
            case RunOpened() as record:
                opened = Fact(entry.id, record)
            case Surveyed() as record:
                surveyed = Fact(entry.id, record)
            case Planned() as record:
                planned = Fact(entry.id, record)
            case RunClosed() as record:
                closed = Fact(entry.id, record)
            case NodeChanged() as record:
                states[record.node] = Fact(entry.id, record)
            case RoundOpened() as record:
                rounds_opened[record.round] = Fact(entry.id, record)
            case RoundClosed() as record:
                rounds_closed[record.round] = Fact(entry.id, record)
            case RoundsStopped() as record:
                stopped = Fact(entry.id, record)
            case Trouble() as record:
                troubles.append(Fact(entry.id, record))
            case Delivered() as record:
                delivered[record.record.node].append(entry)
            case _:
                pass
    by_node = {node: tuple(found) for node, found in delivered.items()}
    return Facts(
        opened=opened,
        surveyed=surveyed,
        planned=planned,
        closed=closed,
        states=states,
        streams=streams_of(by_node),
        rounds_opened=rounds_opened,
        rounds_closed=rounds_closed,
        stopped=stopped,
        troubles=tuple(troubles),
        delivered=by_node,
        checks=checks_of(ordered),
    )


def _wrong(entries: Iterable[Entry]) -> list[tuple[str, KnownAnswer]]:
    return [
        (entry.id, entry.record.record)
        for entry in entries
        if isinstance(entry.record, Delivered)
        and isinstance(entry.record.record, KnownAnswer)
        and entry.record.record.wrong_count
        and not entry.record.record.ok
    ]


def checks_of(entries: Iterable[Entry]) -> dict[str, CheckFacts]:
    """By requirement; the entries in the order of their numbers."""
    found: dict[str, CheckFacts] = {}
    for entry in entries:
        match entry.record:
            case CheckBegan() as began:
                found[began.check] = CheckFacts(began=Fact(entry.id, began, entry.at))
            case Sighted() as sighted:
                told = found.get(sighted.check, CheckFacts())
                steps = {**told.steps, sighted.step: Fact(entry.id, sighted, entry.at)}
                found[sighted.check] = replace(told, steps=steps)
            case EvidenceFile() as file:
                told = found.get(file.check, CheckFacts())
                files = {**told.files, file.path: Fact(entry.id, file, entry.at)}
                found[file.check] = replace(told, files=files)
            case CheckEnded() as ended:
                told = found.get(ended.check, CheckFacts())
                found[ended.check] = replace(told, ended=Fact(entry.id, ended, entry.at))
            case _:
                pass
    return found
