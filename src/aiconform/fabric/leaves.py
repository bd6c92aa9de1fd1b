"""
Which switch's uplinks, or which pair of leaves, is slow? From slow samples across leaves.

One slow sample says nothing where flows are hashed: they collide. A faulty uplink makes more of its
leaf's samples slow than other leaves have, a faulty path between two leaves most of theirs.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from aiconform.fabric.chance import binomial_tail
from aiconform.fabric.digest import Crossing, UnitPair

SLOW = 0.5  # of the usual rate
FEW_CROSSINGS = 8  # tests in a round that are too few for a median
USUAL = 0.002  # slow samples that any network has
SUSPECT = 1e-4  # chance, over all leaves and rails, to suspect a sound one
CONFIRM = 1e-3  # chance that a sound suspect is slow again
MANY, FEW = 0.5, 0.25  # slow part of a bad pair of leaves, and of its leaves elsewhere
MIN_SAMPLES = 4
FLOWS = 4  # that a rail of one node has at least; each meets one uplink
NOTHING_KNOWN = 0.02  # slow samples that two leaves of one rail may have: nothing to compare with

Uplinks = tuple[str, int]  # unit, rail


@dataclass(frozen=True)
class SlowPaths:
    """
    Suspects, most slow first.

    `usual`: the slow part that the network has anyway. `least`: what must come on top of it.
    """

    uplinks: tuple[Uplinks, ...]
    pairs: tuple[UnitPair, ...]
    usual: float
    least: float = 0.0


@dataclass(frozen=True)
class Crossed:
    """Tests between units, and how many of their samples on each rail are slow."""

    paths: Mapping[UnitPair, int]
    slow: Mapping[tuple[UnitPair, int], int]


def slow_line(rounds: Iterable[Sequence[Crossing]]) -> float:
    """
    Gbit/s below which a sample is slow: half of the usual one; 0 when nothing is usual.

    Not so many MAD below it: a faulty pair of leaves may be half of a round and shift its median,
    so the median of the rounds' medians counts. Sound samples that stay below are allowed for.
    """
    medians = [
        median(v for crossing in crossings for v in crossing.gbit_per_s)
        for crossings in rounds
        if len(crossings) >= FEW_CROSSINGS
    ]
    return SLOW * median(medians) if medians else 0.0


def crossed(crossings: Iterable[Crossing], *, below: float, rails: int) -> Crossed:
    """Count slow samples; arguments as `slow_line` and `explain` have them."""
    paths: Counter[UnitPair] = Counter()
    slow: Counter[tuple[UnitPair, int]] = Counter()
    for crossing in crossings:
        paths[crossing.units] += 1
        if min(crossing.gbit_per_s) < below:
            for place, value in enumerate(crossing.gbit_per_s):
                if value < below:
                    slow[crossing.units, place % rails] += 1
    return Crossed(paths, slow)


def explain(
    paths: Mapping[UnitPair, int],
    slow: Mapping[tuple[UnitPair, int], int],
    *,
    rails: int,
    leaf_size: int,
) -> SlowPaths:
    """
    The fewest parts that explain the slow samples.

    Args:
        paths: Tests between two units; each has two samples on each rail.
        slow: Slow samples of two units on a rail.
        leaf_size: Nodes of a leaf, which has as many uplinks at most.
    """
    counts = _Counts(paths, slow, rails, _least_excess(leaf_size))
    pairs = tuple(sorted(counts.bad_pairs()))
    counts.leave_out(pairs)
    found: list[Uplinks] = []
    while (worst := counts.worst(known=found)) is not None:
        found.append(worst)
    usual = counts.usual(known=found)
    if len(counts.units) == 2 and found:
        # Both ends see the same samples: only the pair can be named.
        return SlowPaths((), tuple(sorted({*pairs, *paths})), usual, counts.least)
    return SlowPaths(tuple(found), pairs, usual, counts.least)


def confirmed(
    suspects: SlowPaths,
    paths: Mapping[UnitPair, int],
    slow: Mapping[tuple[UnitPair, int], int],
    *,
    rails: int,
) -> SlowPaths:
    """Those suspects that were slow again in rounds of their own; same arguments as `explain`."""
    # With partners that are suspected themselves an uplink proves nothing.
    ill = {unit for unit, _ in suspects.uplinks}
    fair = {
        pair: n for pair, n in paths.items() if pair not in suspects.pairs and not ill >= {*pair}
    }
    uplinks = [
        (unit, rail)
        for unit, rail in suspects.uplinks
        if _is_excess(
            sum(slow.get((pair, rail), 0) for pair in fair if unit in pair),
            of=2 * sum(n for pair, n in fair.items() if unit in pair),
            usual=suspects.usual,
            least=suspects.least,
            chance=CONFIRM,
        )
    ]
    pairs = [
        pair
        for pair in suspects.pairs
        if paths.get(pair)
        and sum(slow.get((pair, rail), 0) for rail in range(rails)) > MANY * 2 * rails * paths[pair]
    ]
    return SlowPaths(tuple(uplinks), tuple(pairs), suspects.usual, suspects.least)


def _least_excess(leaf_size: int) -> float:
    """
    Half of the slow samples that one bad uplink makes.

    Collisions come in clusters, so their number varies more than that of independent samples, and
    its binomial tail alone would suspect sound leaves.
    """
    return (1 - (1 - 1 / max(leaf_size, 2)) ** FLOWS) / 2


def _is_excess(hits: int, *, of: int, usual: float, least: float, chance: float) -> bool:
    """More slow samples than usual, by enough to matter, and no chance."""
    if hits < (usual + least) * of or not of:
        return False
    return binomial_tail(hits, of=of, p=usual) < chance


class _Counts:
    def __init__(
        self,
        paths: Mapping[UnitPair, int],
        slow: Mapping[tuple[UnitPair, int], int],
        rails: int,
        least: float,
    ) -> None:
        self._rails, self.least = rails, least
        self._paths = {pair: 2 * count for pair, count in paths.items() if count}
        self._slow: dict[UnitPair, Counter[int]] = defaultdict(Counter)
        self._hits: Counter[Uplinks] = Counter()
        for (pair, rail), count in slow.items():
            self._slow[pair][rail] += count
            for unit in pair:
                self._hits[unit, rail] += count
        tests: Counter[str] = Counter()
        for (one, other), count in self._paths.items():
            tests[one] += count
            tests[other] += count
        self.units = sorted(tests)
        self._tests = Counter({(u, rail): tests[u] for u in self.units for rail in range(rails)})
        self._dropped: set[tuple[UnitPair, int, str]] = set()

    def bad_pairs(self) -> Iterable[UnitPair]:
        """Pairs that are mostly slow while both leaves are fine elsewhere."""
        for pair, slow in self._slow.items():
            samples, hits = self._paths.get(pair, 0) * self._rails, sum(slow.values())
            if samples < MIN_SAMPLES or hits <= MANY * samples:
                continue
            if all(self._elsewhere(unit, samples, hits) < FEW for unit in pair):
                yield pair

    def _elsewhere(self, unit: str, samples: int, hits: int) -> float:
        rails = range(self._rails)
        others = sum(self._tests[unit, rail] for rail in rails) - samples
        return (sum(self._hits[unit, rail] for rail in rails) - hits) / others if others else 0.0

    def leave_out(self, pairs: Iterable[UnitPair]) -> None:
        for pair in pairs:
            for rail in range(self._rails):
                self._drop(pair, rail, pair)

    def usual(self, *, known: Iterable[Uplinks]) -> float:
        """The slow part that leaves and rails have which are not known to be ill."""
        ill = set(known)
        parts = [
            self._hits[key] / count
            for key, count in self._tests.items()
            if count and key not in ill
        ]
        if len(self.units) == 2:
            # Both leaves have the same samples, so only rails can be compared.
            parts = [min(parts, default=0.0) if self._rails > 1 else NOTHING_KNOWN]
        return max(USUAL, median(parts)) if parts else USUAL

    def worst(self, *, known: Sequence[Uplinks]) -> Uplinks | None:
        """
        The leaf and rail with the largest slow part, if it is no chance and matters.

        What it explains of its partners is taken out of their counts, also to see what is usual:
        of few leaves each meets the ill one often.
        """
        left = {key: n for key, n in self._tests.items() if n and key not in set(known)}
        if not left:
            return None
        worst = max(left, key=lambda key: (self._hits[key] / left[key], key))
        before = Counter(self._tests), Counter(self._hits), set(self._dropped)
        self._explain_by(worst)
        usual = self.usual(known=[*known, worst])
        if _is_excess(
            self._hits[worst],
            of=left[worst],
            usual=usual,
            least=self.least,
            chance=SUSPECT / len(left),
        ):
            return worst
        self._tests, self._hits, self._dropped = before
        return None

    def _explain_by(self, found: Uplinks) -> None:
        """Take its samples out of its partners' counts."""
        unit, rail = found
        for pair in self._paths:
            if unit in pair:
                self._drop(pair, rail, (pair[1] if pair[0] == unit else pair[0],))

    def _drop(self, pair: UnitPair, rail: int, units: Iterable[str]) -> None:
        for unit in units:
            if (pair, rail, unit) not in self._dropped:
                self._dropped.add((pair, rail, unit))
                self._tests[unit, rail] -= self._paths[pair]
                if pair in self._slow:
                    self._hits[unit, rail] -= self._slow[pair][rail]
