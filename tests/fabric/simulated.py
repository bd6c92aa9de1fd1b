"""A fabric made of numbers: nodes with rates, noise and faults, driven by the real schedule."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiconform.fabric import PairTest, Round, RoundResult, next_round

NEVER_ENDS = 200


@dataclass(frozen=True)
class SimulatedFabric:
    """
    Rates of a direction are log-normal around `gbit_per_s`; a slow direction has its own.

    `spoilt`: the part of tests that lose 15 to 50 % once. `dead`: nodes over whose paths nothing
    comes. `cut`: pairs likewise. `silent`: nodes whose tests do not run at all.
    """

    nodes: Sequence[str]
    gbit_per_s: float = 7.0
    sigma: float = 0.03
    spoilt: float = 0.0
    slow: Mapping[tuple[str, str], float] = field(default_factory=dict)
    slow_pairs: Mapping[tuple[str, str], float] = field(default_factory=dict)
    dead: frozenset[str] = frozenset()
    cut: frozenset[tuple[str, str]] = frozenset()
    silent: frozenset[str] = frozenset()
    seed: int = 1

    def run(self, *, profile: str = "standard") -> tuple[RoundResult, ...]:
        """Every round that the schedule asks for."""
        rng = random.Random(self.seed)
        done: list[RoundResult] = []
        while upcoming := next_round(self.nodes, done, seed=self.seed, profile=profile):
            done.append(self.result(upcoming, rng))
            assert len(done) < NEVER_ENDS
        return tuple(done)

    def result(self, asked: Round, rng: random.Random) -> RoundResult:
        """One round, run."""
        return RoundResult(asked, tuple(self._test(asked, *pair, rng) for pair in asked.pairs))

    def _test(self, asked: Round, a: str, b: str, rng: random.Random) -> PairTest:
        if self.silent & {a, b}:
            return PairTest(asked.number, a, b, "not_run", "PeerLate")
        if self.dead & {a, b} or (a, b) in self.cut:
            return PairTest(asked.number, a, b, "failed", "no route to host")
        return PairTest(
            asked.number,
            a,
            b,
            "ok",
            forward_gbit_per_s=self._rate(a, b, rng),
            backward_gbit_per_s=self._rate(b, a, rng),
        )

    def _rate(self, sender: str, receiver: str, rng: random.Random) -> float:
        rate = self.gbit_per_s * math.exp(rng.gauss(0, self.sigma))
        ends = ((sender, "send"), (receiver, "receive"))
        limits = [self.slow[end] for end in ends if end in self.slow]
        if (sender, receiver) in self.slow_pairs:
            limits.append(self.slow_pairs[sender, receiver])
        if rng.random() < self.spoilt:
            rate *= rng.uniform(0.5, 0.85)
        return min([rate, *limits])
