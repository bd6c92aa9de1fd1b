"""
Is a figure low among its peers? Low: below median - 5 MAD and below 0.92 of the median.

From 3 MAD and 0.95 it is a warning. Fewer than 8 peers allow no statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

MIN_PEERS = 8
FAIL_MADS, FAIL_FRACTION = 5.0, 0.92
WARN_MADS, WARN_FRACTION = 3.0, 0.95
SIGMA_OF_MAD = 1.4826
TOO_FAST = 5.0  # so many times the median is a wrong timing, not a fast device


@dataclass(frozen=True)
class Peers:
    """The samples of one class: how many, their median and their spread (1.4826 MAD)."""

    n: int
    median: float
    mad: float

    @property
    def fail_below(self) -> float:
        return min(self.median - FAIL_MADS * self.mad, FAIL_FRACTION * self.median)

    @property
    def warn_below(self) -> float:
        return min(self.median - WARN_MADS * self.mad, WARN_FRACTION * self.median)


def peers_of(values: Sequence[float]) -> Peers | None:
    """None when there are too few to compare with."""
    if len(values) < MIN_PEERS:
        return None
    centre = median(values)
    spread = SIGMA_OF_MAD * median(abs(value - centre) for value in values)
    return Peers(n=len(values), median=centre, mad=spread)
