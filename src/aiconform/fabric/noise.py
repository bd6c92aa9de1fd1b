"""
When is a rate low? Rates scatter log-normally, so logs are compared: median, and MAD for spread.

A sample is low when it is more than 5 MAD below its peers and below 0.90 of them, or below 0.30
of them whatever the noise: on very noisy machines single tests lose half their rate, so nothing
between counts there. Blame needs several low tests, so that one spoilt test accuses nobody.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from aiconform.fabric.rounds import SMALL, Sample

LOW_MADS = 5.0
LOW_FRACTION = 0.90
GROSS_FRACTION = 0.30
MIN_PEERS = 8  # fewer samples allow no statement about peers
MIN_ROUND = 16  # a round with fewer samples is judged by all rounds together
SIGMA_OF_MAD = 1.4826  # makes the MAD of normal noise its standard deviation


@dataclass(frozen=True)
class Yardstick:
    """Typical rate and its spread: `centre` is a natural log of Gbit/s."""

    centre: float
    spread: float

    @property
    def gbit_per_s(self) -> float:
        return math.exp(self.centre)

    def is_low(self, gbit_per_s: float | None) -> bool:
        """Nothing measured counts as low: the test ran and its rate did not come out."""
        if gbit_per_s is None:
            return True
        distance = math.log(gbit_per_s) - self.centre
        beyond_noise = distance < -LOW_MADS * self.spread and distance < math.log(LOW_FRACTION)
        return beyond_noise or self.is_gross(gbit_per_s)

    def is_gross(self, gbit_per_s: float | None) -> bool:
        """Too far below to be noise, even on very noisy machines."""
        if gbit_per_s is None:
            return True
        return math.log(gbit_per_s) - self.centre < math.log(GROSS_FRACTION)

    @property
    def low_below(self) -> float:
        """Gbit/s below which a rate is low."""
        noise = min(math.exp(-LOW_MADS * self.spread), LOW_FRACTION)
        return math.exp(self.centre) * max(noise, GROSS_FRACTION)


def yardstick_of(gbit_per_s: Sequence[float]) -> Yardstick | None:
    """What to judge rates of one tier of one round by; None when there are too few to say."""
    logs = [math.log(value) for value in gbit_per_s if value > 0]
    return Yardstick(*_centre_and_spread(logs)) if len(logs) >= MIN_ROUND else None


def yardstick_of_few(gbit_per_s: Sequence[float]) -> Yardstick | None:
    """The same where few rates are all there is, and half of them must not be ill; at least 4."""
    logs = [math.log(value) for value in gbit_per_s if value > 0]
    return Yardstick(*_centre_and_spread(logs)) if len(logs) >= 4 else None


def yardsticks(samples: Sequence[Sample]) -> Mapping[int, Yardstick | None]:
    """What to judge the samples of each round by; None where there are too few to say."""
    valued = [sample for sample in samples if sample.gbit_per_s is not None]
    nodes = {node for sample in valued for node in (sample.sender, sample.receiver)}
    rounds: dict[int, list[Sample]] = defaultdict(list)
    for sample in valued:
        rounds[sample.test.round].append(sample)
    numbers = {sample.test.round for sample in samples}
    if len(valued) < MIN_PEERS or len(nodes) < 3:
        return dict.fromkeys(numbers)
    together = _small(valued, nodes) if len(nodes) <= SMALL else _of(valued)
    return {n: _of(rounds[n]) if len(rounds[n]) >= MIN_ROUND else together for n in numbers}


def _of(samples: Sequence[Sample]) -> Yardstick:
    return Yardstick(*_centre_and_spread(_logs(samples)))


def _small(samples: Sequence[Sample], nodes: Iterable[str]) -> Yardstick:
    """
    In a small cluster one ill node spoils half of all links (2 of N), and with them the median.

    So each node is left out in turn, and the rest that does best is what the rates should be. The
    spread comes from it, or from how the same link differs between repeats, which no fault widens.
    """
    rests = [
        [s for s in samples if node not in (s.sender, s.receiver)]
        for node in (None, *sorted(nodes))
    ]
    centre, spread = max(_centre_and_spread(_logs(rest)) for rest in rests if len(rest) >= 4)
    return Yardstick(centre, max(spread, _repeat_spread(samples)))


def _repeat_spread(samples: Sequence[Sample]) -> float:
    links: dict[tuple[str, str], list[float]] = defaultdict(list)
    for sample, value in zip(samples, _logs(samples), strict=True):
        links[sample.sender, sample.receiver].append(value)
    steps = [abs(values[0] - values[1]) for values in links.values() if len(values) > 1]
    return SIGMA_OF_MAD * median(steps) / math.sqrt(2) if len(steps) >= 4 else 0.0


def _centre_and_spread(logs: Sequence[float]) -> tuple[float, float]:
    centre = median(logs)
    return centre, SIGMA_OF_MAD * median(abs(value - centre) for value in logs)


def _logs(samples: Iterable[Sample]) -> list[float]:
    return [math.log(s.gbit_per_s) for s in samples if s.gbit_per_s is not None]
