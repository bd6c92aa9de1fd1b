"""Directed links of a large network with switches known, each judged by its tier in its round."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from statistics import median

from aiconform.fabric.localisation import Blamed, Link, LinkState
from aiconform.fabric.rounds import Pair, PairTest, Sample, samples_of
from aiconform.fabric.study import Study


class Links(Mapping[Pair, Link]):
    """Every directed link that was tested; made when it is first asked for."""

    def __init__(self, study: Study, tests: Sequence[PairTest], blamed: Sequence[Blamed]) -> None:
        self._study, self._tests, self._blamed = study, tests, blamed

    def __getitem__(self, link: Pair) -> Link:
        return self._links[link]

    def __iter__(self) -> Iterator[Pair]:
        return iter(self._links)

    def __len__(self) -> int:
        return len(self._links)

    @cached_property
    def _links(self) -> Mapping[Pair, Link]:
        found: dict[Pair, list[Sample]] = defaultdict(list)
        for test in self._tests:
            for sample in samples_of(test):
                found[sample.sender, sample.receiver].append(sample)
        return {link: self._link(link, own) for link, own in sorted(found.items())}

    def _link(self, link: Pair, own: Sequence[Sample]) -> Link:
        values = [s.gbit_per_s for s in own if s.gbit_per_s is not None]
        usual = [value for s in own if (value := typical(self._study, s)) is not None]
        return Link(
            *link,
            state=self._state(link, own, judged=len(usual) == len(own)),
            gbit_per_s=median(values) if values else None,
            typical_gbit_per_s=median(usual) if usual else None,
            samples=tuple(own),
        )

    def _state(self, link: Pair, own: Sequence[Sample], *, judged: bool) -> LinkState:
        lows = [is_low(self._study, sample) for sample in own]
        if not any(lows):
            return LinkState.CLEAN if judged else LinkState.UNJUDGED
        if any(blamed.explains(*link) for blamed in self._blamed):
            return LinkState.LOW
        if all(sample.gbit_per_s is None for sample in own):
            return LinkState.LOW
        if not self._study.topology.is_inside(*link):
            return LinkState.UNJUDGED  # flows collide across leaves; that is nobody's fault
        return LinkState.LOW if all(lows) else LinkState.UNSTABLE


def is_low(study: Study, sample: Sample) -> bool:
    """Is it far below its round, as its tier is judged?"""
    if sample.gbit_per_s is None:
        return True
    judged = study.judged[sample.test.round]
    if study.topology.is_inside(*sample.test.pair):
        return judged.measure.inside is not None and judged.measure.inside.is_low(sample.gbit_per_s)
    return sample.test.pair in judged.low or path_rate(sample) < study.slow_below


def path_rate(sample: Sample) -> float:
    """What speaks for the path: the slowest flow, where flows are told apart."""
    rates = sample.test.rates(sample.sender)
    return (rates.slowest or rates.by_rail)[sample.rail]


def typical(study: Study, sample: Sample) -> float | None:
    """Gbit/s of its tier in its round; None when there were too few to say."""
    judged = study.judged[sample.test.round]
    if study.topology.is_inside(*sample.test.pair):
        return judged.measure.inside.gbit_per_s if judged.measure.inside else None
    return judged.measure.across.gbit_per_s / study.rails if judged.measure.across else None
