"""What a study says of components, links and pairs, with the tests that say so."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from aiconform.fabric.digest import LowTest, Switch, UnitPair
from aiconform.fabric.evidence import Accused
from aiconform.fabric.links import Links, is_low, path_rate, typical
from aiconform.fabric.localisation import Blamed, Localisation
from aiconform.fabric.rounds import (
    Direction,
    Pair,
    PairTest,
    RoundResult,
    Sample,
    planned_pairs,
    samples_of,
)
from aiconform.fabric.study import Study

PROOFS = 2  # tests to show for each partner that it does well with others


def located(study: Study, done: Sequence[RoundResult]) -> Localisation:
    """
    Everything that follows from a study.

    Args:
        done: The rounds that the study took in.
    """
    tests = tuple(test for result in done for test in result.tests if test.ran)
    proofs = _Proofs(study, tests)
    blamed = (
        *_switches(study, tests),
        *(_node(study, accused, proofs) for accused in study.doubts.blamed.values()),
        *(_path(study, pair, lows, proofs) for pair, lows in study.doubts.blamed_paths()),
        *_slow_paths(study, tests),
    )
    links = Links(study, tests, blamed)
    doubted = set(study.doubts.doubted)
    proven = {
        node
        for node in study.nodes
        if study.evidence.did_well(node) and node not in study.doubts.blamed
    } - doubted
    tested = frozenset(test.pair for test in tests)
    missing = frozenset(planned_pairs(study.nodes, done)) - tested
    covered = frozenset(pair for pair in missing if proven.issuperset(pair))
    return Localisation(
        blamed=blamed,
        links=links,
        suspects=tuple(sorted(doubted)),
        suspect_pairs=_suspect_pairs(study, blamed),
        proven=tuple(sorted(proven)),
        low=tuple(s for lows in study.evidence.low_pairs.values() for s in _lows(study, lows)),
        tested=tested,
        covered=covered,
        untested=missing - covered,
        leaves_met=_leaves_met(study),
    )


class _Proofs:
    """Tests in which the partners of blamed nodes did well with others."""

    def __init__(self, study: Study, tests: Iterable[PairTest]) -> None:
        blamed, low = study.doubts.blamed, study.evidence.low_pairs
        wanted = {
            partner
            for accused in blamed.values()
            for test in accused.lows
            for partner in test.test.pair
        } | {node for pair in study.doubts.low_paths() for node in pair}
        self._tests: dict[str, list[PairTest]] = defaultdict(list)
        for test in tests:
            good = test.outcome == "ok" and test.pair not in low
            if good and not blamed.keys() & {*test.pair}:
                for node in wanted.intersection(test.pair):
                    if len(self._tests[node]) < PROOFS:
                        self._tests[node].append(test)

    def of(self, nodes: Iterable[str]) -> tuple[Sample, ...]:
        tests = {id(test): test for node in sorted(set(nodes)) for test in self._tests[node]}
        return tuple(sample for test in tests.values() for sample in samples_of(test))


def _node(study: Study, accused: Accused, proofs: _Proofs) -> Blamed:
    rails = {rail for rail, _ in accused.ports}
    ways = {sends for _, sends in accused.ports}
    rail = next(iter(rails)) if len(rails) == 1 and study.rails > 1 else None
    direction: Direction | None = None
    if len(ways) == 1:
        direction = "send" if next(iter(ways)) else "receive"
    lows = tuple(
        sample
        for sample in _lows(study, accused.lows)
        if not accused.ports
        or ((sample.sender == accused.node) in ways and (rail is None or sample.rail == rail))
    )
    return Blamed(
        kind="node" if direction is None and rail is None else "port",
        node=accused.node,
        direction=direction,
        rail=rail,
        low=lows,
        clean=proofs.of(low.partner(accused.node) for low in accused.lows),
        test_count=study.evidence.tests_of(accused.node),
        typical_gbit_per_s=_typical_of(study, lows),
    )


def _path(study: Study, pair: Pair, tests: Sequence[LowTest], proofs: _Proofs) -> Blamed:
    lows = _lows(study, tests)
    ways = {(sample.sender, sample.receiver) for sample in lows}
    torus = study.topology.torus
    sender, receiver = next(iter(ways)) if len(ways) == 1 else pair
    return Blamed(
        kind="pair",
        node=sender,
        peer=receiver,
        direction="send" if len(ways) == 1 else None,
        low=lows,
        clean=proofs.of(pair),
        axis=torus.axis_of(*pair) if torus else None,
        typical_gbit_per_s=_typical_of(study, lows),
    )


def _lows(study: Study, tests: Iterable[LowTest]) -> tuple[Sample, ...]:
    """The samples that make tests low; of those across leaves, the whole low direction."""
    return tuple(
        sample
        for low in tests
        for sample in samples_of(low.test)
        for forward in (sample.sender == low.test.a,)
        if {(sample.rail, forward), (None, forward)} & low.low
    )


def _typical_of(study: Study, lows: Iterable[Sample]) -> float | None:
    values = [value for s in lows if (value := typical(study, s)) is not None]
    return median(values) if values else None


def _switches(study: Study, tests: Sequence[PairTest]) -> Iterator[Blamed]:
    """Leaf switches; a rail that is ill in more than half of the leaves is one component."""
    by_rail: dict[int | None, list[str]] = defaultdict(list)
    for unit, rail in sorted(study.evidence.switches, key=str):
        by_rail[rail].append(unit)
    count = len(study.topology.units)
    for rail, units in by_rail.items():
        low = _inside_lows(study, tests, frozenset((unit, rail) for unit in units))
        if count > 1 and 2 * len(units) > count:
            samples = tuple(s for own in low.values() for s in own)
            yield Blamed(
                kind="rail", rail=rail, low=samples, typical_gbit_per_s=_typical_of(study, samples)
            )
            continue
        for unit in units:
            yield Blamed(
                kind="switch",
                rail=rail,
                leaf=study.topology.leaf(unit, rail),
                members=frozenset(study.topology.units[unit]),
                low=tuple(low[unit, rail]),
                typical_gbit_per_s=_typical_of(study, low[unit, rail]),
                instead=f"rail {rail} itself" if count == 1 and rail is not None else "",
            )


def _inside_lows(
    study: Study, tests: Iterable[PairTest], switches: frozenset[Switch]
) -> dict[Switch, list[Sample]]:
    found: dict[Switch, list[Sample]] = defaultdict(list)
    units = {unit for unit, _ in switches}
    for test in tests:
        unit = study.topology.unit_of.get(test.a)
        if unit in units and study.topology.is_inside(*test.pair):
            for sample in samples_of(test):
                for switch in {(unit, sample.rail), (unit, None)} & switches:
                    if is_low(study, sample):
                        found[switch].append(sample)
    return found


def _slow_paths(study: Study, tests: Iterable[PairTest]) -> Iterator[Blamed]:
    found, topology = study.confirmed_paths, study.topology
    if not found.uplinks and not found.pairs:
        return
    uplinks: dict[tuple[str, int], list[Sample]] = {key: [] for key in found.uplinks}
    pairs: dict[UnitPair, list[Sample]] = {pair: [] for pair in found.pairs}
    for test in tests:
        one, other = (topology.unit_of.get(node, "") for node in test.pair)
        pair = (one, other) if one < other else (other, one)
        if one == other or test.outcome != "ok":
            continue
        for sample in samples_of(test):
            if path_rate(sample) < study.slow_below:
                for unit in pair:
                    if (unit, sample.rail) in uplinks:
                        uplinks[unit, sample.rail].append(sample)
                if pair in pairs:
                    pairs[pair].append(sample)
    for (unit, rail), low in uplinks.items():
        yield Blamed(
            kind="uplink",
            rail=rail if study.rails > 1 else None,
            leaf=topology.leaf(unit, rail),
            members=frozenset(topology.units[unit]),
            low=tuple(low),
            typical_gbit_per_s=_typical_of(study, low),
        )
    for (one, other), low in pairs.items():
        yield Blamed(
            kind="leaf_pair",
            leaf=one,
            peer_leaf=other,
            members=frozenset(topology.units[one]),
            peer_members=frozenset(topology.units[other]),
            low=tuple(low),
            typical_gbit_per_s=_typical_of(study, low),
        )


def _suspect_pairs(study: Study, blamed: Sequence[Blamed]) -> tuple[Pair, ...]:
    return tuple(
        pair
        for pair, lows in sorted(study.doubts.low_paths().items())
        if len(lows) == study.evidence.ran[pair]
        and not any(b.explains(*pair) or b.explains(*pair[::-1]) for b in blamed)
    )


def _leaves_met(study: Study) -> dict[str, int]:
    met: dict[str, set[str]] = {unit: set() for unit in study.topology.units}
    everywhere = [*study.evidence.crossings, study.evidence.again]
    for one, other in {crossing.units for crossings in everywhere for crossing in crossings}:
        met[one].add(other)
        met[other].add(one)
    return {unit: len(others) for unit, others in met.items()}
