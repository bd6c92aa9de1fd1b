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


@dataclass(frozen=True)
class PairTest:
    """
    One pair in one round, a < b.

    `failed` is evidence: the two tried and the path did not carry it. `not_run` is none.
    A direction without a value in a test that ran counts as low.
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


@dataclass(frozen=True)
class RoundResult:
    """A finished round: one test for each of its pairs."""

    round: Round
    tests: tuple[PairTest, ...]


@dataclass(frozen=True)
class Sample:
    """One direction of one test that ran; `gbit_per_s` is None when nothing came through."""

    sender: str
    receiver: str
    gbit_per_s: float | None
    test: PairTest


def samples(done: Iterable[RoundResult]) -> Iterator[Sample]:
    """Both directions of every test that ran."""
    for result in done:
        for test in result.tests:
            if test.ran:
                yield Sample(test.a, test.b, test.gbit_per_s(test.a), test)
                yield Sample(test.b, test.a, test.gbit_per_s(test.b), test)


def planned_pairs(nodes: Iterable[str], done: Iterable[RoundResult]) -> tuple[Pair, ...]:
    """Pairs that a run means to test: all of a small cluster, else those that rounds held."""
    named, results = sorted(set(nodes)), tuple(done)
    pairs = {pair for result in results for pair in result.round.pairs}
    if len(named) <= SMALL and not any(r.round.purpose == "matching" for r in results):
        pairs |= set(combinations(named, 2))
    return tuple(sorted(pairs))
