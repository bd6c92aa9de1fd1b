"""The same question many times with other seeds, and how often the answer was right."""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from statistics import median

from aiconform.fabric.simulation.faults import KINDS, Fault, Key, make_faults
from aiconform.fabric.simulation.network import Noise, SimulatedNetwork, make_network
from aiconform.fabric.simulation.outcome import Outcome
from aiconform.fabric.simulation.schedules import SCHEDULES


@dataclass(frozen=True)
class Metrics:
    """
    Over all trials together.

    `precision`: of the components blamed, how many were at fault; None when none was blamed.
    `recall`: of those at fault, how many were blamed; None when nothing was planted. The others are
    medians: `rounds` and `minutes_to_name` until all that was blamed in the end was named (where
    nothing was, to the end); `rounds_in_all`, `pair_tests`, `minutes` and `gigabytes` to the end.
    """

    precision: float | None
    recall: float | None
    innocents_per_run: float
    rounds: float
    rounds_in_all: float
    pair_tests: float
    minutes_to_name: float
    minutes: float
    gigabytes: float
    trials: int

    def as_dict(self) -> dict[str, float | None]:
        return asdict(self)


@dataclass(frozen=True)
class Question:
    """What is simulated; `kind` None plants nothing."""

    nodes: int
    schedule: str = "ours"
    topology: str = "leaf-spine"
    kind: str | None = None
    faults: int = 1
    noise: Noise = field(default_factory=Noise)
    rails: int | None = None
    unit: int | None = None
    oversubscription: float = 1.0
    adaptive: bool = False

    @property
    def problem(self) -> str:
        """Why it cannot be asked; empty when it can."""
        if not self.kind or self.kind == "mixed":
            return ""
        kind, sound = KINDS[self.kind], self.network(0, planted=False)
        units = sound.topology.units
        if len(units) < kind.needs_units:
            return f"{self.kind} needs {kind.needs_units} leaves or more; there are {len(units)}"
        if sound.rails < kind.needs_rails:
            return f"{self.kind} needs {kind.needs_rails} rails or more; there is {sound.rails}"
        if self.kind == "lossy-link" and all(len(nodes) < 2 for nodes in units.values()):
            return "lossy-link needs a leaf of two nodes or more"
        return ""

    def network(self, seed: int, *, planted: bool = True) -> SimulatedNetwork:
        """One network, with its faults if they are to be planted."""
        sound = make_network(self.topology, self.nodes, rails=self.rails, unit=self.unit)
        faults: tuple[Fault, ...] = ()
        if planted and self.kind and self.faults:
            rng = random.Random(f"{seed}/faults")
            faults = make_faults(self.kind, self.faults, sound.topology, sound.rails, rng)
        return replace(
            sound,
            faults=faults,
            noise=self.noise,
            oversubscription=self.oversubscription,
            adaptive=self.adaptive,
        )


def run_trials(
    question: Question,
    *,
    trials: int,
    seed: int,
    on_trial: Callable[[int], None] = lambda number: None,
) -> Metrics:
    """
    Ask with so many seeds.

    Args:
        on_trial: Called after each trial with how many are done.
    """
    run = SCHEDULES[question.schedule].run
    found: list[tuple[frozenset[Key], Outcome]] = []
    for number in range(trials):
        own_seed = seed * 1_000_003 + number
        network = question.network(own_seed)
        outcome = run(network, own_seed)
        found.append((frozenset(fault.name for fault in network.faults), outcome))
        on_trial(number + 1)
    return _metrics(found)


def _metrics(found: Iterable[tuple[frozenset[Key], Outcome]]) -> Metrics:
    told = list(found)
    counts: Counter[str] = Counter()
    for planted, outcome in told:
        counts["right"] += len(planted & outcome.blamed)
        counts["blamed"] += len(outcome.blamed)
        counts["planted"] += len(planted)
    outcomes = [outcome for _, outcome in told]
    return Metrics(
        precision=counts["right"] / counts["blamed"] if counts["blamed"] else None,
        recall=counts["right"] / counts["planted"] if counts["planted"] else None,
        innocents_per_run=(counts["blamed"] - counts["right"]) / max(len(told), 1),
        rounds=median(o.named_round or o.rounds for o in outcomes),
        rounds_in_all=median(o.rounds for o in outcomes),
        pair_tests=median(o.pair_tests for o in outcomes),
        minutes_to_name=round(median(o.named_seconds or o.seconds for o in outcomes) / 60, 2),
        minutes=round(median(o.seconds for o in outcomes) / 60, 2),
        gigabytes=round(median(o.gigabytes for o in outcomes), 1),
        trials=len(told),
    )
