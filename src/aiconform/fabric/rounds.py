"""What happens between nodes: rounds of disjoint pairs, and what came of each pair."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

SMALL = 8  # up to so many nodes, all pairs are tested

Pair = tuple[str, str]
Direction = Literal["send", "receive"]


def pair_of(one: str, other: str) -> Pair:
    """An unordered pair as it is written everywhere: the smaller name first."""
    return (one, other) if one < other else (other, one)


@dataclass(frozen=True)
class Round:
    """Disjoint pairs that are tested at the same time."""

    number: int
    purpose: str
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Rates:
    """
    One direction of one test, rail by rail, in Gbit/s; 0: nothing came through.

    `slowest`: the slowest of the rail's flows times their number, when flows are told apart. A
    collective goes at that rate, and one bad path among many shows in it.
    """

    by_rail: tuple[float, ...]
    slowest: tuple[float, ...] = ()


@dataclass(frozen=True)
class PairTest:
    """
    One pair in one round, a < b.

    `failed` is evidence: the two tried and the path did not carry it. `not_run` is none.
    A direction without a value in a test that ran counts as low. Rails are told apart in `forward`
    and `backward`; a test without them has one rail, whose rate is that of the direction.
    """

    round: int
    a: str
    b: str
    outcome: Literal["ok", "failed", "not_run"]
    reason: str = ""
    forward_gbit_per_s: float | None = None  # a → b
    backward_gbit_per_s: float | None = None  # b → a
    latency_us: float | None = None
    record_ids: tuple[str, ...] = ()
    forward: Rates | None = None
    backward: Rates | None = None

    @property
    def pair(self) -> Pair:
        return (self.a, self.b)

    @property
    def ran(self) -> bool:
        return self.outcome != "not_run"

    def gbit_per_s(self, sender: str) -> float | None:
        """The rate of the direction in which `sender` sends; None when it has no value."""
        if self.outcome != "ok":
            return None
        value = self.forward_gbit_per_s if sender == self.a else self.backward_gbit_per_s
        return value if value is not None and value > 0 else None

    def rates(self, sender: str) -> Rates:
        """By rail, of the direction in which `sender` sends; all zero when the test failed."""
        told = self.forward if sender == self.a else self.backward
        if told is None:
            return Rates((self.gbit_per_s(sender) or 0.0,))
        return told if self.outcome == "ok" else Rates((0.0,) * len(told.by_rail))


@dataclass(frozen=True)
class RoundResult:
    """A finished round: one test for each of its pairs."""

    round: Round
    tests: tuple[PairTest, ...]


@dataclass(frozen=True)
class Sample:
    """One direction of a test that ran, on one rail; None: nothing came through."""

    sender: str
    receiver: str
    gbit_per_s: float | None
    test: PairTest
    rail: int = 0


def samples(done: Iterable[RoundResult]) -> Iterator[Sample]:
    """Both directions of every test that ran, rail by rail."""
    for result in done:
        for test in result.tests:
            if test.ran:
                yield from samples_of(test)


def samples_of(test: PairTest) -> Iterator[Sample]:
    """Both directions of one test."""
    for sender, receiver in (test.pair, test.pair[::-1]):
        for rail, value in enumerate(test.rates(sender).by_rail):
            yield Sample(sender, receiver, value or None, test, rail)


def is_large(done: Iterable[RoundResult]) -> bool:
    """Did these rounds begin as those of a large network do, with a matching?"""
    return any(result.round.purpose == "matching" for result in done)


def planned_pairs(nodes: Iterable[str], done: Iterable[RoundResult]) -> tuple[Pair, ...]:
    """Pairs that a run means to test: all of a small cluster, else those that rounds held."""
    named, results = sorted(set(nodes)), tuple(done)
    pairs = {pair for result in results for pair in result.round.pairs}
    if len(named) <= SMALL and not is_large(results):
        pairs |= set(combinations(named, 2))
    return tuple(sorted(pairs))
