"""
Could it be chance? Some tests are spoilt by passing trouble, and more of them on busy machines.

How often that happens is read from the tests that no suspected component explains. A component is
blamed only when so many low tests would hardly ever come together by chance.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from aiconform.fabric.noise import Yardstick
from aiconform.fabric.rounds import Sample

RARE = 0.005  # never take tests for more reliable than one spoilt of 200
SURE = 1e-4  # the chance, over all components of a run, that one is blamed wrongly

Sticks = Mapping[int, Yardstick | None]


@dataclass(frozen=True)
class Chance:
    """How often a test is low, or grossly low, without a component's fault."""

    low: float
    gross: float
    sticks: Sticks

    def excludes(self, tests: Iterable[Sample], *, components: int) -> bool:
        """
        Is it no chance that these tests are as low as they are?

        Args:
            tests: All tests of one component, the good ones too.
            components: How many components could have had such luck.
        """
        judged = tuple(tests)
        lows = sum(is_low(sample, self.sticks) for sample in judged)
        grosses = sum(is_gross(sample, self.sticks) for sample in judged)
        limit = SURE / max(components, 1)
        return (
            binomial_tail(lows, of=len(judged), p=self.low) < limit
            or binomial_tail(grosses, of=len(judged), p=self.gross) < limit
        )


def chance_of(unexplained: Iterable[Sample], sticks: Sticks) -> Chance:
    """Read the rates from tests that no suspected component explains."""
    tests = tuple(unexplained)

    def part(counts: Callable[[Sample, Sticks], bool]) -> float:
        return max(RARE, sum(counts(s, sticks) for s in tests) / max(len(tests), 1))

    return Chance(low=part(is_low), gross=part(is_gross), sticks=sticks)


def is_low(sample: Sample, sticks: Sticks) -> bool:
    """Without peers only silence is low: a value has nothing to be compared with."""
    stick = sticks[sample.test.round]
    return stick.is_low(sample.gbit_per_s) if stick else sample.gbit_per_s is None


def is_gross(sample: Sample, sticks: Sticks) -> bool:
    """Far below its peers, whatever the noise, or silent."""
    stick = sticks[sample.test.round]
    return stick.is_gross(sample.gbit_per_s) if stick else sample.gbit_per_s is None


def binomial_tail(at_least: int, *, of: int, p: float) -> float:
    """The chance of so many or more hits among `of` tries, each with chance `p`."""
    if at_least <= 0 or p >= 1:
        return 1.0
    if p <= 0 or at_least > of:
        return 0.0
    log_p, log_rest, log_all = math.log(p), math.log1p(-p), math.lgamma(of + 1)
    return math.fsum(
        math.exp(
            log_all
            - math.lgamma(hits + 1)
            - math.lgamma(of - hits + 1)
            + hits * log_p
            + (of - hits) * log_rest
        )
        for hits in range(at_least, of + 1)
    )
