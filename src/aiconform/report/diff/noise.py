"""
When is a figure of one run another than that of the run before?

Two runs of a sound cluster differ: everything moves a little, and all of one kind may move together
(another kernel, another load). So each figure's ratio is compared with the ratios of its kind.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from aiconform.model.verdict import Figure

MADS = 5.0  # as a low rate among its peers is judged
MANY = 16  # with fewer of a kind their spread says little, and only large steps count
SOME = 6  # with fewer than that it says nothing
FLOOR, FEW_FLOOR = 0.15, 0.25
SHIFT_FLOOR = 0.15
LATENCY_FLOOR = 0.5  # medians of round trips move that much between idle runs
_MAD_TO_SIGMA = 1.4826
_UNCOUNTED = frozenset({"count"})  # their outcome says it


@dataclass(frozen=True)
class Pairing:
    """One figure in both runs."""

    item: str
    before: Figure
    after: Figure

    @property
    def kind(self) -> tuple[str, str, str]:
        return self.item, self.after.metric, self.after.unit

    @property
    def log_ratio(self) -> float:
        return math.log(self.after.value / self.before.value)

    @property
    def is_comparable(self) -> bool:
        units = self.before.unit == self.after.unit
        return units and self.after.unit not in _UNCOUNTED and min(
            self.before.value, self.after.value
        ) > 0  # fmt: skip


@dataclass(frozen=True)
class Bounds:
    """What ratios of one kind are usual between these two runs, in logarithms."""

    middle: float
    beyond: float  # how far from the middle is more than noise
    count: int

    def is_outside(self, pairing: Pairing) -> bool:
        return abs(pairing.log_ratio - self.middle) > self.beyond

    @property
    def is_shift(self) -> bool:
        floor = SHIFT_FLOOR if self.count >= MANY else FEW_FLOOR
        return self.count > 1 and abs(self.middle) > _log(floor)


def bounds(pairings: Iterable[Pairing]) -> Mapping[tuple[str, str, str], Bounds]:
    """The bounds of each kind."""
    kinds: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for pairing in pairings:
        if pairing.is_comparable:
            kinds[pairing.kind].append(pairing.log_ratio)
    return {kind: _bounds(kind[2], ratios) for kind, ratios in kinds.items()}


def is_lower_better(unit: str) -> bool:
    return unit in {"microseconds", "milliseconds", "seconds"}


def _bounds(unit: str, ratios: list[float]) -> Bounds:
    # One alone has no peers: it is held against no change at all.
    middle = median(ratios) if len(ratios) > 1 else 0.0
    sigma = _MAD_TO_SIGMA * median(abs(ratio - middle) for ratio in ratios)
    floor = FLOOR if len(ratios) >= MANY else FEW_FLOOR
    if is_lower_better(unit):
        floor = LATENCY_FLOOR
    noise = MADS * sigma if len(ratios) >= SOME else 0.0
    return Bounds(middle, max(noise, _log(floor)), len(ratios))


def _log(share: float) -> float:
    return -math.log(1 - share)
