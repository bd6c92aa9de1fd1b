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
from aiconform.judge import round_results
from aiconform.model.plan import Cost, Excluded, Group, NodeFacts, Plan, RunConfig
from aiconform.model.records import (
    Delivered,
    Entry,
    JournalRecord,
    NodeChanged,
    PairNotRun,
    Planned,
    RoundClosed,
    RoundOpened,
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
    Engine,
    Hello,
    Inventory,
    KnownAnswer,
    Measurement,
    NotRun,
    Pair,
    PairSample,
    Statistic,
)

RUN = "test-run"
START = 1_795_430_000.0
EXERCISES = ("gemm.known_answer", "gemm.rate", "memory.copy")
ENGINE = Engine(name="python", version="3.11", backend="cpu")


def names(count: int) -> tuple[str, ...]:
    """node1, node2, …; padded so that they sort by number."""
    width = len(str(count))
    return tuple(f"node{number:0{width}d}" for number in range(1, count + 1))


@dataclass(frozen=True)
class Faults:
    """What is wrong with a run; everything else in it is sound."""

    # (node, "send" | "receive") → Gbit/s of that direction, with every partner
    slow: Mapping[tuple[str, str], float] = field(default_factory=dict)
    cut_pairs: frozenset[tuple[str, str]] = frozenset()  # a < b: no data comes through
    lost: Mapping[str, int] = field(default_factory=dict)  # node → round in which it vanishes
    failed: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # → reason, sentence
    excluded: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    corrupt: Mapping[str, bool | None] = field(default_factory=dict)  # node → repeated
    not_run: Mapping[str, NotRun] = field(default_factory=dict)  # node → exercise that did not end
    trouble: tuple[str, ...] = ()


class JournalWriter:
    """Appends records as the coordinator does: numbered, and stamped by a clock that ticks."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._seqs: dict[tuple[str, str, str], int] = {}

    def add(self, *records: JournalRecord) -> None:
        for record in records:
            n = len(self.entries)
            self.entries.append(Entry(n=n, at=START + n, record=record))

    def say(
        self, node: str, stream: str, *records: AgentRecord | type[End], boot: str = "b007b007"
    ) -> None:
        """Deliver records of a node, numbered within their stream; `End` closes it."""
        for record in records:
            seq = self._seqs.get((node, boot, stream), 0)
            said = end(seq) if isinstance(record, type) else record
            whole = said.model_dump() | {
                "run": RUN,
                "node": node,
                "boot": boot,
                "stream": stream,
                "seq": seq,
                "t": START + len(self.entries),
            }
            self._seqs[node, boot, stream] = seq + 1
            self.add(Delivered(pod=f"agent-{node}", record=AGENT_RECORD.validate_python(whole)))


def _base() -> dict[str, Any]:
    """Identity that `JournalWriter.say` replaces."""
    return {"run": RUN, "node": "x", "boot": "b007b007", "stream": "self", "seq": 0, "t": START}


def hello(**changes: Any) -> Hello:
    words = {"agent_version": "0.1.0", "python": "3.11", "address": "10.0.0.1"}
    return Hello(**_base(), **words | {"clock_offset_s": 0.01} | changes)


def inventory(**changes: Any) -> Inventory:
    words: dict[str, Any] = {"host": {"cpu_count": 2}, "accelerators_given_count": 0}
    return Inventory(**_base(), **words | changes)


def answer(device: str = "cpu", **changes: Any) -> KnownAnswer:
    words: dict[str, Any] = {
        "exercise": "gemm.known_answer",
        "device": device,
        "ok": True,
        "wrong_count": 0,
        "total_count": 16384,
        "seed": 7,
        "repeats": 2,
        "engine": ENGINE,
    }
    return KnownAnswer(**_base(), **words | changes)


def wrong_answer(device: str = "cpu", *, repeated: bool | None = True) -> KnownAnswer:
    detail = "element (3, 5) is 7 and must be 9"
    return answer(device, ok=False, wrong_count=1, repeated=repeated, detail=detail)


def measurement(
    exercise: str, value: float | None, *, device: str | None = None, **changes: Any
) -> Measurement:
    words: dict[str, Any] = {
        "exercise": exercise,
        "device": device,
        "metric": exercise,
        "unit": "gigabytes_per_second",
        "value": value,
        "engine": ENGINE,
        "reason": "" if value is not None else "no clock",
    }
    if value is not None and value > 0:
        words["statistic"] = Statistic(
            n=5, median=value, mad=value * 0.01, min=value * 0.98, max=value * 1.02
        )
    return Measurement(**_base(), **words | changes)


def end(records: int, *not_run: NotRun) -> End:
    return End(**_base(), records=records, not_run=not_run)


def pair_report(
    number: int,
    peer: str,
    *,
    sent_gbit_per_s: float | None = 7.0,
    received_gbit_per_s: float | None = 7.0,
    latency_us: float | None = 90.0,
    outcome: Literal["ok", "failed", "peer_late", "timeout"] = "ok",
    reason: str = "",
    seconds: float = 2.0,
) -> Pair:
    """One side's report; what one sends and the other receives must be the same rate."""
    samples = [
        PairSample(
            metric="tcp_throughput",
            direction=direction,
            bytes=int(rate * 1e9 / 8 * seconds),
            seconds=seconds,
            value=rate,
            unit="gigabits_per_second",
        )
        for direction, rate in (("send", sent_gbit_per_s), ("receive", received_gbit_per_s))
        if rate is not None
    ]
    if latency_us is not None:
        samples.append(
            PairSample(
                metric="tcp_latency",
                direction="round_trip",
                bytes=64,
                seconds=0.5,
                value=latency_us,
                unit="microseconds",
            )
        )
    return Pair(
        **_base(),
        round=number,
        peer=peer,
        outcome=outcome,
        reason=reason,
        samples=tuple(samples) if outcome == "ok" else (),
    )


def node_facts(name: str, **changes: Any) -> NodeFacts:
    words: dict[str, Any] = {"ready": True, "architecture": "amd64", "os_image": "Debian 13"}
    return NodeFacts(name=name, **words | changes)


def run_config(**changes: Any) -> RunConfig:
    return RunConfig(name=RUN, **changes)


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
            report = pair_report(number, peer, sent_gbit_per_s=sent, received_gbit_per_s=received)
            if (a, b) in self._faults.cut_pairs or peer in vanished:
                report = pair_report(number, peer, outcome="failed", reason="connection timed out")
            if node not in vanished:
                self._writer.say(node, f"round-{number}", report, End)

    def _rate(self, sender: str, receiver: str) -> float:
        slow = self._faults.slow
        limits = [slow[end] for end in ((sender, "send"), (receiver, "receive")) if end in slow]
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
