"""
Timed samples and how they are summarised: warm up, take R samples, judge the median.

A sample is long enough that the clock does not matter. Where samples scatter, twice as many are
taken once more; where they still do, the figure is kept and marked as noisy.
"""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

WARM_UP_LEAST, WARM_UP_MOST = 3, 20
WARM_UP_AGREEMENT = 0.02
NOISY_ABOVE = 0.05  # median absolute deviation over median
MAX_CALLS = 64


@dataclass(frozen=True)
class Statistic:
    n: int
    median: float
    mad: float  # scaled by 1.4826: a standard deviation, if the samples were normal
    min: float
    max: float


@dataclass(frozen=True)
class Sampled:
    statistic: Statistic
    noisy: bool
    cut_short: bool  # time ran out before all samples were taken

    def fields(self, *, reduced: bool = False) -> "dict[str, Any]":
        """The part of a Measurement that comes from sampling."""
        return {
            "value": self.statistic.median,
            "statistic": asdict(self.statistic),
            "noisy": self.noisy,
            "reduced": reduced or self.cut_short,
        }


def summarise(samples: Sequence[float]) -> Statistic:
    """
    Args:
        samples: Shape (n,), n >= 1, any unit.
    """
    median = statistics.median(samples)
    deviations = (abs(sample - median) for sample in samples)
    return Statistic(
        n=len(samples),
        median=median,
        mad=1.4826 * statistics.median(deviations),
        min=min(samples),
        max=max(samples),
    )


def calls_to_fill(call: Callable[[], object], *, seconds: float) -> int:
    """How many calls make a sample of `seconds`; the first call, which compiles, is left out."""
    call()
    began = time.perf_counter()
    call()
    once_s = max(time.perf_counter() - began, 1e-7)
    return max(1, min(MAX_CALLS, math.ceil(seconds / once_s)))


def take_samples(
    sample: Callable[[], float], *, repeats: int, has_time: Callable[[], bool]
) -> Sampled:
    """
    Args:
        sample: Takes one sample and returns its figure, greater is better.
        has_time: False ends sampling; the first sample is taken in any case.
    """
    _warm_up(sample, has_time)
    taken = _take(sample, repeats, has_time)
    if _is_noisy(taken) and has_time():
        taken += _take(sample, 2 * repeats, has_time)
    return Sampled(
        statistic=summarise(taken), noisy=_is_noisy(taken), cut_short=len(taken) < repeats
    )


def _warm_up(sample: Callable[[], float], has_time: Callable[[], bool]) -> None:
    """Until two samples in a row agree."""
    before = math.inf
    for count in range(WARM_UP_MOST):
        if not has_time():
            return
        now = sample()
        if count + 1 >= WARM_UP_LEAST and abs(now - before) <= WARM_UP_AGREEMENT * now:
            return
        before = now


def _take(sample: Callable[[], float], count: int, has_time: Callable[[], bool]) -> "list[float]":
    taken = [sample()]
    while len(taken) < count and has_time():
        taken.append(sample())
    return taken


def _is_noisy(samples: Sequence[float]) -> bool:
    found = summarise(samples)
    return found.mad > NOISY_ABOVE * found.median
