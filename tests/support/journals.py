"""
Journals of runs as a coordinator would write them: sound ones, and ones with faults.

`run_journal()` is a sound run of four nodes; each fault is named by an argument. For anything else,
`JournalWriter` writes record by record.
"""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from aiconform.fabric import next_round
from aiconform.fabric.sources import topology_of
from aiconform.judge import round_results
from aiconform.model.fabric import PlannedTopology
from aiconform.model.plan import Cost, Excluded, Group, Plan
from aiconform.model.records import (
    Delivered,
    Entry,
    NodeChanged,
    PairNotRun,
    Planned,
    RoundClosed,
    RoundOpened,
    RoundsStopped,
    RunClosed,
    RunOpened,
    StageEntered,
    Surveyed,
    Trouble,
)
from aiconform.model.wire import (
    AGENT_RECORD,
    AgentRecord,
    End,
    NotRun,
)
from tests.support.records import (
    EXERCISES,
    RUN,
    JournalWriter,
    answer,
    counted,
    end,
    hello,
    inventory,
    measurement,
    names,
    node_facts,
    pair_report,
    run_config,
    wrong_answer,
)

__all__ = [
    "EXERCISES",
    "RUN",
    "Faults",
    "JournalWriter",
    "RunShape",
    "answer",
    "changed",
    "end",
    "hello",
    "inventory",
    "measurement",
    "names",
    "node_facts",
    "pair_report",
    "run_config",
    "run_journal",
    "sound_journal",
    "with_waivers",
    "without",
    "wrong_answer",
]


@dataclass(frozen=True)
class Faults:
    """What is wrong with a run; everything else in it is sound."""

    # (node, "send" | "receive") → Gbit/s of that direction, with every partner
    slow: Mapping[tuple[str, str], float] = field(default_factory=dict)
    slow_links: Mapping[tuple[str, str], float] = field(default_factory=dict)  # sender, receiver
    # sender, receiver → share of the segments that are sent again
    lossy: Mapping[tuple[str, str], float] = field(default_factory=dict)
    counts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # node → its counters
    cut_pairs: frozenset[tuple[str, str]] = frozenset()  # a < b: no data comes through
    lost: Mapping[str, int] = field(default_factory=dict)  # node → round in which it vanishes
    failed: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # → reason, sentence
    excluded: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    corrupt: Mapping[str, bool | None] = field(default_factory=dict)  # node → repeated
    not_run: Mapping[str, NotRun] = field(default_factory=dict)  # node → exercise that did not end
    trouble: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunShape:
    """What a run is asked to do, and how its cluster behaves."""

    nodes: int = 4
    exercises: tuple[str, ...] = EXERCISES
    tcp: bool = True
    profile: Literal["quick", "standard", "thorough"] = "standard"
    gbit_per_s: float = 7.0
    sigma: float = 0.03  # log-normal noise of the rates
    seed: int = 1
    resources: Mapping[str, int] = field(default_factory=dict)  # what each agent asked for
    devices: tuple[str, ...] = ("cpu",)
    counted: bool = True  # do agents tell their counters; those of older releases did not
    leaf_size: int = 0  # nodes that share a switch, as the plan knows it; 0: unknown
    stopped: RoundsStopped | None = None
    how: Literal["complete", "deadline", "interrupted", "dry_run", "broken"] = "complete"


def run_journal(faults: Faults = Faults(), /, **shape: Any) -> tuple[Entry, ...]:
    """The journal of a whole run. Keyword arguments are those of `RunShape`."""
    return _Run(RunShape(**shape), faults).write()


class _Run:
    def __init__(self, shape: RunShape, faults: Faults) -> None:
        self._shape, self._faults = shape, faults
        self._writer = JournalWriter()
        self._random = random.Random(shape.seed)
        self._all = names(shape.nodes)
        self._planned = tuple(n for n in self._all if n not in faults.excluded)

    def write(self) -> tuple[Entry, ...]:
        self._open()
        alive = [node for node in self._planned if node not in self._faults.failed]
        for node in self._planned:
            if node in self._faults.failed:
                reason, sentence = self._faults.failed[node]
                self._change(node, "failed", reason, sentence)
        for node in alive:
            self._alone(node)
        if self._shape.tcp:
            alive = self._rounds(alive)
        self._writer.add(*(NodeChanged(node=node, state="finished") for node in alive))
        self._writer.add(
            *(Trouble(where="rounds", sentence=said) for said in self._faults.trouble),
            *([self._shape.stopped] if self._shape.stopped else []),
            RunClosed(how=self._shape.how),
        )
        return tuple(self._writer.entries)

    def _open(self) -> None:
        shape = self._shape
        excluded = tuple(
            Excluded(node=node, reason=reason, sentence=sentence)
            for node, (reason, sentence) in self._faults.excluded.items()
        )
        group = Group(
            name="cpu-amd64-0",
            nodes=self._planned,
            architecture="amd64",
            resources=dict(shape.resources),
        )
        plan = Plan(
            groups=(group,) if self._planned else (),
            excluded=excluded,
            exercises=shape.exercises,
            pair_probe=shape.tcp and len(self._planned) > 1,
            topology=self._topology(),
            cost=Cost(seconds=60.0, bytes=10**9),
        )
        surveyed = tuple(node_facts(node, accelerators=dict(shape.resources)) for node in self._all)
        self._writer.add(
            RunOpened(run=RUN, version="0.1.0", config=run_config(profile=shape.profile)),
            StageEntered(stage="survey"),
            Surveyed(server_version="v1.37.2", nodes=surveyed),
            StageEntered(stage="plan"),
            Planned(plan=plan),
            StageEntered(stage="deploy"),
        )

    def _topology(self) -> PlannedTopology | None:
        size = self._shape.leaf_size
        if not size:
            return None
        leaves = {n: (f"leaf{i // size}",) for i, n in enumerate(self._planned)}
        return PlannedTopology(source="test", leaves=leaves, unit_count=len({*leaves.values()}))

    def _change(self, node: str, state: Any, reason: str = "Ok", sentence: str = "") -> None:
        self._writer.add(NodeChanged(node=node, state=state, reason=reason, sentence=sentence))

    def _alone(self, node: str) -> None:
        self._change(node, "starting")
        self._change(node, "reporting")
        self._writer.say(node, "inventory", hello(), inventory(), End)
        said: list[AgentRecord] = []
        missing = [self._faults.not_run[node]] if node in self._faults.not_run else []
        for exercise in self._shape.exercises:
            if not any(each.exercise == exercise for each in missing):
                said += self._exercise(node, exercise)
        if self._shape.exercises:
            self._writer.say(node, "self", *said, end(len(said), *missing))

    def _exercise(self, node: str, exercise: str) -> Iterable[AgentRecord]:
        corrupt = self._faults.corrupt
        if exercise == "memory.copy":
            return [measurement(exercise, 10.0 * self._noise())]
        if exercise == "gemm.rate":
            return [
                measurement(exercise, 2.0 * self._noise(), device=d) for d in self._shape.devices
            ]
        if node in corrupt:
            return [wrong_answer(d, repeated=corrupt[node]) for d in self._shape.devices]
        return [answer(device) for device in self._shape.devices]

    def _rounds(self, alive: Sequence[str]) -> list[str]:
        shape, left = self._shape, list(alive)
        while upcoming := next_round(
            left,
            round_results(self._writer.entries),
            seed=shape.seed,
            profile=shape.profile,
            topology=topology_of(self._topology()),
        ):
            number = upcoming.number
            self._writer.add(
                RoundOpened(round=number, purpose=upcoming.purpose, pairs=upcoming.pairs)
            )
            vanished = {n for n in left if self._faults.lost.get(n, math.inf) <= number}
            for pair in upcoming.pairs:
                self._test(number, *pair, vanished=vanished)
            for node in sorted(vanished):
                self._change(node, "lost", "AgentSilent", "not heard of for 60 s")
            left = [node for node in left if node not in vanished]
            self._writer.add(
                RoundClosed(round=number, not_run=_called_off(upcoming.pairs, vanished))
            )
        return left

    def _test(self, number: int, a: str, b: str, *, vanished: set[str]) -> None:
        forward, backward = self._rate(a, b), self._rate(b, a)
        for node, peer, sent, received in ((a, b, forward, backward), (b, a, backward, forward)):
            report = pair_report(
                number,
                peer,
                sent_gbit_per_s=sent,
                received_gbit_per_s=received,
                again=self._faults.lossy.get((node, peer), 0.0001) if self._shape.counted else None,
            )
            if (a, b) in self._faults.cut_pairs or peer in vanished:
                report = pair_report(number, peer, outcome="failed", reason="connection timed out")
            if node not in vanished:
                told = counted(report, **self._faults.counts.get(node, {}))
                self._writer.say(
                    node, f"round-{number}", *([told] if self._shape.counted else []), report, End
                )

    def _rate(self, sender: str, receiver: str) -> float:
        slow = self._faults.slow
        limits = [slow[end] for end in ((sender, "send"), (receiver, "receive")) if end in slow]
        limits += [self._faults.slow_links.get((sender, receiver), math.inf)]
        return min([self._shape.gbit_per_s * self._noise(), *limits])

    def _noise(self) -> float:
        return math.exp(self._random.gauss(0, self._shape.sigma))


def _called_off(pairs: Iterable[tuple[str, str]], vanished: set[str]) -> tuple[PairNotRun, ...]:
    return tuple(
        PairNotRun(pair=pair, reason="AgentLost", sentence=f"{vanished & set(pair)} was lost")
        for pair in pairs
        if vanished & set(pair)
    )


def without(entries: Iterable[Entry], *ids: str) -> tuple[Entry, ...]:
    """The journal with some of its records taken away; the others keep their numbers."""
    return tuple(entry for entry in entries if entry.id not in ids)


def changed(entries: Iterable[Entry], entry_id: str, **changes: Any) -> tuple[Entry, ...]:
    """The journal with one agent record told differently."""
    return tuple(_told(entry, changes) if entry.id == entry_id else entry for entry in entries)


def _told(entry: Entry, changes: Mapping[str, Any]) -> Entry:
    assert isinstance(entry.record, Delivered)
    record = AGENT_RECORD.validate_python(entry.record.record.model_dump() | dict(changes))
    return Entry(n=entry.n, at=entry.at, record=Delivered(pod=entry.record.pod, record=record))


def sound_journal(nodes: int = 4) -> tuple[Entry, ...]:
    """A run in which everything is well."""
    return run_journal(nodes=nodes)


def with_waivers(entries: tuple[Entry, ...], text: str) -> tuple[Entry, ...]:
    """The journal of a run that was given these waivers, as YAML."""
    opened = entries[0].record
    assert isinstance(opened, RunOpened)
    config = opened.config.model_copy(update={"waivers": text})
    first = entries[0].model_copy(update={"record": opened.model_copy(update={"config": config})})
    return (first, *entries[1:])
