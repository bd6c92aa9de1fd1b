"""
Which switch's uplinks, or which pair of leaves, is slow? From slow samples across leaves.

One slow sample says nothing where flows are hashed: they collide. A faulty uplink makes more of its
leaf's samples slow than other leaves have, a faulty path between two leaves most of theirs.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from aiconform.fabric.chance import binomial_tail
from aiconform.fabric.digest import UnitPair

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
    usual = counts.usual()
    found: list[Uplinks] = []
    while (worst := counts.worst(usual, known=found)) is not None:
        found.append(worst)
        counts.explain_by(worst)
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
        for (pair, rail), count in slow.items():
            self._slow[pair][rail] += count
        self.units = sorted({unit for pair in self._paths for unit in pair})
        self._dropped: set[tuple[UnitPair, int, str]] = set()
        self._tests: Counter[Uplinks] = Counter()
        self._hits: Counter[Uplinks] = Counter()
        for pair, count in self._paths.items():
            for rail in range(rails):
                for unit in pair:
                    self._tests[unit, rail] += count
                    self._hits[unit, rail] += self._slow[pair][rail]

    def bad_pairs(self) -> Iterable[UnitPair]:
        """Pairs that are mostly slow while both leaves are fine elsewhere."""
        for pair, count in self._paths.items():
            samples, hits = count * self._rails, sum(self._slow[pair].values())
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

    def usual(self) -> float:
        parts = [self._hits[key] / count for key, count in self._tests.items() if count]
        if len(self.units) == 2:
            # Both leaves have the same samples, so only rails can be compared.
            parts = [min(parts, default=0.0) if self._rails > 1 else NOTHING_KNOWN]
        return max(USUAL, median(parts)) if parts else USUAL

    def worst(self, usual: float, *, known: Iterable[Uplinks]) -> Uplinks | None:
        """The leaf and rail with the most slow samples beyond what is usual, if it is no chance."""
        left = {key: n for key, n in self._tests.items() if n and key not in set(known)}
        if not left:
            return None
        worst = max(left, key=lambda key: (self._hits[key] - usual * left[key], key))
        chance = SUSPECT / len(left)
        ill = _is_excess(
            self._hits[worst], of=left[worst], usual=usual, least=self.least, chance=chance
        )
        return worst if ill else None

    def explain_by(self, found: Uplinks) -> None:
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
                self._hits[unit, rail] -= self._slow[pair][rail]
